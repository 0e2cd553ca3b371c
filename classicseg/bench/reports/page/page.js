"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const data = JSON.parse(one("#data").textContent);
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const written = (value) => {
    if (value === null) return "\u2013";
    const size = Math.abs(value);
    return value.toFixed(size < 100 ? 3 : size < 1000 ? 1 : 0).replace("-", "\u2212");
  };
  document.documentElement.classList.add("js");

  /* The table: what has no value stays at the end, whichever way it is sorted. */
  const table = one("#table");
  const key = (row, column) => row.cells[column].dataset.key;
  const compare = (numbers, sign) => (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (numbers ? Number(a) - Number(b) : words.compare(a, b));
  };
  const sortTable = (button) => {
    const head = button.closest("th");
    const column = Number(button.dataset.column);
    const before = head.getAttribute("aria-sort");
    const turned = before === "ascending" ? "descending" : "ascending";
    const way = before === "none" ? button.dataset.first : turned;
    for (const each of all("thead th", table)) each.setAttribute("aria-sort", each === head ? way : "none");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const numbers = rows.every((row) => row.cells[column].classList.contains("number"));
    const order = compare(numbers, way === "ascending" ? 1 : -1);
    rows.sort((a, b) => order(key(a, column), key(b, column)));
    for (const row of rows) row.classList.remove("first");
    body.append(...rows);
  };
  for (const button of all(".sort", table)) button.addEventListener("click", () => sortTable(button));

  /* What is shown: the table's rows, the drawings and the pictures follow the same choice. */
  const find = one("#find");
  const dataset = one("#dataset");
  const metric = one("#metric");
  const oracles = one("#oracles");
  const fits = (board) =>
    (dataset.value === "" || dataset.value === board.dataset) && (metric.value === "" || metric.value === board.score);
  const boardsOf = (set) => data.boards.filter((board) => board.dataset === data.sets[set.dataset.set].dataset);
  const filter = () => {
    const sought = find.value.trim().toLowerCase().split(/\s+/);
    document.body.classList.toggle("no-oracles", oracles.checked);
    let shown = 0;
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      const said = row.textContent.toLowerCase();
      row.hidden = !fits(data.boards[row.dataset.board]) || !sought.every((word) => said.includes(word));
      shown += !row.hidden && !(oracles.checked && row.classList.contains("oracle"));
    }
    one("#shown").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows are shown.`;
    for (const figure of all("[data-board]:not(tr)")) figure.hidden = !fits(data.boards[figure.dataset.board]);
    for (const drawn of all(".plots, .pairs")) {
      for (const part of [drawn.parentElement, drawn.closest("section")]) {
        part.hidden = all("[data-board]:not([hidden])", part).length === 0;
      }
    }
    for (const set of all(".set")) set.hidden = !boardsOf(set).some(fits);
  };
  find.addEventListener("input", filter);
  for (const control of [dataset, metric, oracles]) control.addEventListener("change", filter);

  /* The pictures: sorted by the score of an entry, or by the mean over entries. */
  const order = one("#order");
  const judge = one("#judge");
  const score = one("#score");
  const OPEN = 4;
  const judged = (picture, place) => {
    if (judge.value === "") return picture.means[place];
    const tile = picture.tiles.find((each) => each.entry === Number(judge.value) && each.leads[place]);
    return tile === undefined ? null : tile.scores[place];
  };
  const arrangeSet = (set) => {
    const about = data.sets[set.dataset.set];
    const boards = boardsOf(set);
    const place = Math.max(0, boards.findIndex((board) => board.score === score.value)); // its first where it has not that one
    const lower = boards[place].lower;
    for (const under of all(".under", set)) under.textContent = boards[place].score;
    const value = (strip) => judged(about.pictures[strip.dataset.place], place);
    const name = (strip) => about.pictures[strip.dataset.place].name;
    const sign = (order.value === "worst" ? 1 : -1) * (lower ? -1 : 1);
    const strips = all(".strip", set).map((strip) => [value(strip), strip]);
    strips.sort(([a, first], [b, second]) => {
      if (order.value !== "name" && (a === null) !== (b === null)) return (a === null) - (b === null);
      const by = order.value === "name" || a === b ? 0 : sign * (a - b);
      return by || words.compare(name(first), name(second));
    });
    for (const [at, strip] of strips) label(strip, about.pictures[strip.dataset.place], place, at);
    one(".strips", set).append(...strips.map(([, strip]) => strip));
    strips.forEach(([, strip], index) => { strip.open = index < OPEN; });
  };
  const label = (strip, picture, place, value) => {
    const entry = judge.value === "" ? "mean" : data.entries[Number(judge.value)];
    one(".mean", strip).firstChild.textContent = `${entry} `;
    one(".mean output", strip).textContent = written(value);
    for (const tile of all("[data-tile]", strip)) {
      const about = picture.tiles[tile.dataset.tile];
      tile.hidden = !about.leads[place];
      tile.classList.toggle("judge", String(about.entry) === judge.value);
      one(".score", tile).textContent = written(about.scores[place]);
    }
  };
  const arrange = () => all(".set").forEach(arrangeSet);
  const follow = () => {
    const boards = data.boards.filter(fits);
    if (boards.length === 0 || boards.some((board) => board.score === score.value)) return;
    score.value = boards[0].score;
    arrange();
  };
  if (order) {
    for (const control of [order, judge, score]) control.addEventListener("change", arrange);
    for (const control of [dataset, metric]) control.addEventListener("change", follow);
    one("#open").addEventListener("click", () => all(".strip").forEach((strip) => { strip.open = true; }));
    one("#close").addEventListener("click", () => all(".strip").forEach((strip) => { strip.open = false; }));
  }

  /* A picture enlarged; arrow keys go through its strip. */
  const lens = one("#lens");
  let looked = null;
  const enlarge = (button) => {
    looked = button;
    const strip = button.closest(".strip");
    one("img", lens).src = one("img", button).src;
    one("img", lens).alt = one("img", button).alt;
    const said = one("figcaption", button.closest(".tile")).textContent.trim().replace(/\s+/g, " ");
    one("figcaption", lens).textContent = `${one(".what", strip).textContent}: ${said}`;
    if (!lens.open) lens.showModal();
  };
  const turn = (step) => {
    const shown = all(".look", looked.closest(".tiles")).filter((each) => each.offsetParent !== null);
    enlarge(shown[(shown.indexOf(looked) + step + shown.length) % shown.length]);
  };
  for (const button of all(".look")) button.addEventListener("click", () => enlarge(button));
  for (const button of all("button", lens)) {
    const step = Number(button.dataset.step);
    button.addEventListener("click", () => (step === 0 ? lens.close() : turn(step)));
  }
  lens.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) turn(step);
  });
  lens.addEventListener("click", (event) => { if (event.target === lens) lens.close(); });
  lens.addEventListener("close", () => { if (looked) looked.focus(); });

  window.addEventListener("beforeprint", () => all("details").forEach((each) => { each.open = true; }));
  filter();
})();
