"""What stands in the page of results; that it works in a browser is tested beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_results import COVERING, EVIL, OF_FAMILY, PICTURES, made_results

from classicseg.bench.reports.page import write_page
from classicseg.bench.reports.page.charts import mark, scale_of
from classicseg.bench.reports.page.curves import _iso_f
from classicseg.bench.reports.page.labels import Box, place_labels
from classicseg.bench.reports.page.markup import DASH, MINUS, json_in_script, text
from classicseg.bench.results import OVERLAYS, Results, read_results, write_results

small = pytest.mark.small

_VOID = {"meta", "img", "input", "link", "br"}


class Element(NamedTuple):
    """An element with its attributes, its text, and the elements within."""

    tag: str
    attributes: dict[str, str | None]
    words: list[str]
    inner: list[Element]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()

    def all(self, tag: str, kind: str = "") -> list[Element]:
        found = [each for each in self.inner if each.tag == tag and (not kind or kind in each.classes)]
        return found + [deeper for each in self.inner for deeper in each.all(tag, kind)]


class Tree(HTMLParser):
    """The page as a browser reads it, with every element closed where it says so."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, [], [])
        self.open = [self.root]
        self.feed(page)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        element = Element(tag, dict(attrs), [], [])
        self.open[-1].inner.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].inner.append(Element(tag, dict(attrs), [], []))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.words.append(data)


class Made(NamedTuple):
    results: Results
    rows: list
    comparisons: list
    folder: Path
    page: bytes
    tree: Element


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("page") / "results"
    results, rows, comparisons = made_results(folder)
    page = write_page(results, rows, comparisons, folder)
    return Made(results, rows, comparisons, folder, page, Tree(page.decode()).root)


def elements(root: Element) -> list[Element]:
    return [root, *(deeper for each in root.inner for deeper in elements(each))]


def section(made: Made, name: str) -> Element:
    (found,) = [each for each in made.tree.all("section") if each.attributes["id"] == name]
    return found


def figure(made: Made, name: str, caption: str) -> Element:
    (found,) = [
        each for each in section(made, name).all("figure") if each.all("figcaption")[0].text.startswith(caption)
    ]
    return found


@small
def test_the_page_is_the_same_from_files(made):
    write_results(made.results, made.folder)
    again = read_results(made.folder)
    assert write_page(again, made.rows, made.comparisons, made.folder) == made.page


@small
def test_nothing_is_fetched_from_anywhere(made):
    for element in elements(made.tree):
        for name in ("src", "href", "action", "poster", "srcset", "data", "xlink:href"):
            assert re.match(r"data:image/|#", element.attributes.get(name) or "#"), element
        assert not any(name.startswith("on") or name == "style" for name in element.attributes)
    assert b"@import" not in made.page and b"url(" not in made.page and b"http:" not in made.page
    assert not made.tree.all("link") and not made.tree.all("base") and not made.tree.all("iframe")


@small
def test_the_policy_allows_the_pages_own_style_and_script_alone(made):
    (policy,) = [each for each in made.tree.all("meta") if "http-equiv" in each.attributes]
    said = dict(each.strip().split(" ", 1) for each in policy.attributes["content"].split(";"))
    script = next(each for each in made.tree.all("script") if not each.attributes)
    (style,) = made.tree.all("style")
    for name, element in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256("".join(element.words).encode()).digest()).decode()
        assert said[name] == f"'sha256-{digest}'"
    assert said["default-src"] == "'none'" and said["img-src"] == "data:"


def brightness(color: str) -> float:
    """WCAG's relative luminance."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@small
def test_letters_stand_out_from_the_paper_by_day_and_night(made):
    style = "".join(made.tree.all("style")[0].words)
    themes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", each)) for each in re.findall(r":root \{(.*?)\}", style, re.S)
    ]
    for theme in themes[:2]:
        paper = brightness(theme["paper"])
        for name, least in {"ink": 7, "soft": 4.5, "faint": 4.5, "link": 4.5, "bad": 4.5, "c2": 4.5}.items():
            low, high = sorted((paper, brightness(theme[name])))
            assert (high + 0.05) / (low + 0.05) >= least, name
        for number in range(7):  # marks
            low, high = sorted((paper, brightness(theme[f"c{number}"])))
            assert (high + 0.05) / (low + 0.05) >= 3


@small
def test_names_are_text_and_never_markup(made):
    assert [each.attributes.get("id") for each in made.tree.all("script")] == ["data", None]
    assert not [each for each in made.tree.all("img") if "onerror" in each.attributes]
    (data,) = [each for each in made.tree.all("script") if each.attributes.get("id") == "data"]
    assert EVIL in json.loads("".join(data.words))["entries"]
    assert sum(each.text == EVIL for each in made.tree.all("span", "name")) >= 6
    assert "p3<b>" in [each.text for each in made.tree.all("span", "what")]


@small
def test_names_within_the_page_are_there_once(made):
    names = Counter(each.attributes["id"] for each in elements(made.tree) if "id" in each.attributes)
    assert max(names.values()) == 1
    for element in elements(made.tree):
        if (element.attributes.get("href") or "").startswith("#"):
            assert element.attributes["href"][1:] in names
        assert set((element.attributes.get("aria-labelledby") or "").split()) <= set(names)


NASTY = st.text("<>&'\"/\\ -!aé\x00\x0b\u2028\u2029\ud800\uffff")  # all of Unicode takes seconds to draw from


@small
@given(NASTY)
def test_json_in_a_script_means_nothing_in_html(name):
    said = json_in_script({"name": name + EVIL, "value": math.nan})
    assert json.loads(said) == {"name": name + EVIL, "value": None}
    assert not set(said) & set("<>&\u2028\u2029")


@small
@given(NASTY)
def test_any_text_is_read_back(name):
    kept = re.sub(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", "\N{REPLACEMENT CHARACTER}", name
    )
    (element,) = Tree(f'<p title="{text(name)}">x</p>').root.all("p")
    assert element.attributes["title"] == kept
    text(name).encode()


def table_rows(made: Made) -> list[Element]:
    (table,) = [each for each in made.tree.all("table") if each.attributes.get("id") == "table"]
    return table.all("tbody")[0].all("tr")


@small
def test_each_row_stands_in_the_table_with_its_numbers(made):
    heads = [each.text for each in section(made, "rows").all("table")[0].all("thead")[0].all("th")]
    assert heads[:5] == ["Entry", "Data set", "Score", "Value", "95 % interval"]
    found = []
    for line in table_rows(made):
        cells = [each.text for each in line.all("th") + line.all("td")]
        found.append((cells[0].rstrip("†"), cells[1], cells[2].split()[0], cells[3], cells[4], cells[9]))
    wanted = []
    for row in made.rows:
        interval = f"[{row.low:.3f}, {row.high:.3f}]"
        wanted.append((row.entry, row.dataset, row.metric, f"{row.value:.3f}", interval, row.chosen))
    assert Counter(found) == Counter(wanted)


@small
def test_the_best_that_is_no_oracle_is_bold_and_oracles_have_a_dagger(made):
    seen = 0
    for line in table_rows(made):
        name, board = line.all("th")[0], line.attributes["data-board"]
        bold = bool(line.all("b"))
        oracle = line.all("td")[8].text in ("ODS", "OIS")
        assert ("†" in name.text) == oracle == ("oracle" in line.classes)
        assert bold == ("best" in line.classes)
        if bold:
            seen += 1
            # of the four honest rows of each board, the family's train row is best under all three scores
            assert name.text == "family" and line.all("td")[8].text == "train" and not oracle, board
    assert seen == 6


@small
def test_all_that_print_as_the_best_are_bold_and_nothing_alone(made):
    values = {"plain": 0.50001, "unet": 0.5, EVIL: 0.4}
    board = [row for row in made.rows if row.dataset == "one" and row.metric == "covering"]
    some = [replace(row, value=values[row.entry]) for row in board if row.entry in values]
    for rows, bold in ((some, ["plain", "unet"]), (some[:1], [])):
        root = Tree(write_page(made.results, rows, [], made.folder).decode()).root
        assert [each.all("th")[0].text for each in root.all("tr", "best")] == bold


@small
def test_every_head_of_the_table_is_a_button(made):
    for place, head in enumerate(section(made, "rows").all("table")[0].all("thead")[0].all("th")):
        (button,) = head.all("button")
        assert head.attributes["aria-sort"] == "none" and button.attributes["data-column"] == str(place)


@small
def test_the_head_says_what_was_run_and_tuned(made):
    said = made.tree.all("header")[0].text
    for words in ("4 entries on 8 pictures", "classicseg bench 'a b' --metric covering", "2026-01-02", "numpy 1.26.4"):
        assert words in said.replace("\xa0", " ")
    assert "family: cut, one of 3 chosen on train" in said
    assert "plain: tuned before, as Tuning tells" in said
    assert f"{EVIL} and unet: parameters as given, not tuned" in said


@small
def test_the_head_says_on_which_data_sets_an_entry_was_tuned_where_it_was_not_on_all(made):
    entries = [
        {**each, "tuned": None, "chosen": "fixed"} if (each["name"], each["dataset"]) == ("plain", "two") else each
        for each in made.results.manifest["entries"]
    ]
    results = replace(made.results, manifest={**made.results.manifest, "entries": entries})
    said = Tree(write_page(results, made.rows, [], made.folder).decode()).root.all("header")[0].text
    assert "plain on one: tuned before" in said and "plain on two: parameters as given" in said


@small
def test_many_data_sets_are_counted_in_the_title(made):
    names = ["one", "two", "three", "four"]
    (row,) = [row for row in made.rows if (row.entry, row.dataset, row.metric) == ("plain", "one", "vi")]
    root = Tree(write_page(made.results, [replace(row, dataset=name) for name in names], [], made.folder).decode()).root
    assert root.all("title")[0].text == root.all("h1")[0].text == "Benchmark on 4 data sets"


@small
def test_each_search_stands_in_a_table_with_the_number_of_its_pictures(made):
    (table,) = section(made, "tuning").all("table")
    heads = [each.text for each in table.all("thead")[0].all("th")]
    lines = [[each.text for each in line.all("th") + line.all("td")] for line in table.all("tbody")[0].all("tr")]
    cells = ["elsewhere", "2", "vi", "random", "5", "40", "38", "12.3", ".625"]
    assert lines == [["plain", "one", *cells], ["plain", "two", *cells]]
    assert len(heads) == len(lines[0]) and heads[2:5] == ["Tuned on", "Images", "For"]
    assert b"0a1b" not in made.page


@small
def test_drawings_of_a_data_set_stand_together_under_its_name(made):
    groups = section(made, "distributions").all("div", "group")
    assert [each.all("h3")[0].text for each in groups] == ["one", "two"]
    for group, name in zip(groups, ("one", "two"), strict=True):
        captions = [each.text for each in group.all("figcaption")]
        assert len(captions) == 3 and all(f" on {name}, " in each for each in captions)


@small
def test_parameters_say_for_what_they_are(made):
    found = {
        (each.all("b")[0].text, each.all("span", "used")[0].text) for each in section(made, "parameters").all("details")
    }
    assert ("plain", "train: all scores on one and two") in found


@small
def test_marks_stand_at_their_scores_and_seconds(made):
    chart = figure(made, "seconds", "covering (mean) on one")
    marks = {}
    for each in chart.all("use"):
        name = each.all("title")[0].text.split(":")[0] if EVIL not in each.all("title")[0].text else EVIL
        marks[name] = float(each.attributes["x"]), float(each.attributes["y"])
    rows = {row.entry: row for row in made.rows if (row.dataset, row.metric) == ("one", "covering") and not row.oracle}
    family, plain, evil = (rows[name] for name in ("family", "plain", EVIL))
    at = {"family": marks["family, train"], "plain": marks["plain, train"], EVIL: marks[EVIL], "unet": marks["unet"]}

    def share(of: float, low: float, high: float) -> float:
        return (of - low) / (high - low)

    # A third mark lies where the two others say that it must.
    y = share(at[EVIL][1], at["plain"][1], at["family"][1])
    assert y == pytest.approx(share(evil.value, plain.value, family.value), abs=0.01)
    x = share(at[EVIL][0], at["plain"][0], at["family"][0])
    assert x == pytest.approx(share(*(math.log(each.seconds) for each in (evil, plain, family))), abs=0.01)
    assert at["unet"][0] > max(at[name][0] for name in ("family", "plain", EVIL))
    assert "time not known" in chart.text
    ods, ois = (marks[f"family, {way}"] for way in ("ODS", "OIS"))
    assert ods[0] == pytest.approx(at["family"][0], abs=0.2) == ois[0]  # as quick, though another choice
    hollow = [each for each in chart.all("use") if "hollow" in each.classes]
    assert sorted(each.all("title")[0].text.split(":")[0] for each in hollow) == ["family, ODS", "family, OIS"]


@small
def test_an_oracle_that_takes_longer_than_all_stands_within_the_axis(made):
    rows = [replace(row, seconds=row.seconds * 100) if row.chosen == "OIS" else row for row in made.rows]
    chart = figure(
        made._replace(tree=Tree(write_page(made.results, rows, [], made.folder).decode()).root),
        "seconds",
        "vi (mean) on one",
    )
    at = {each.all("title")[0].text.split(":")[0]: float(each.attributes["x"]) for each in chart.all("use")}
    longest = {name: x for name, x in at.items() if name != "unet"}
    assert max(longest, key=longest.get) == "family, OIS"
    others = sorted(x for name, x in longest.items() if name != "family, OIS")
    assert longest["family, OIS"] - others[0] > 2 * (others[-1] - others[0]) > 0  # two decades beside less than one


@small
def test_a_logarithmic_axis_of_less_than_a_decade_has_ticks():
    assert scale_of([0.42, 0.58], 0, 100, log=True).ticks() == [0.45, 0.5, 0.55]


@small
def test_each_picture_is_a_dot_among_its_entrys(made):
    chart = figure(made, "distributions", "vi (mean) on two")
    dots = {tuple(each.classes): each.attributes["d"].count("M") for each in chart.all("path", "dots")}
    assert sorted(dots.values()) == [3, 4, 4, 4]
    assert len(chart.all("rect", "box")) == len(chart.all("path", "median")) == 4


@small
def test_a_sweep_has_a_point_for_each_member_and_says_what_was_chosen(made):
    chart = figure(made, "sweeps", "family: covering (mean). Solid: one; dashed: train.")
    solid, dashed = chart.all("path", "curve")[1], chart.all("path", "train")[0]
    assert solid.attributes["d"].count("L") == dashed.attributes["d"].count("L") == 2
    means = [np.mean(values) for values in OF_FAMILY.values()]
    heights = [float(each.split(" ")[1]) for each in solid.attributes["d"][1:].split("L")]
    shares = (heights[0] - heights[1]) / (heights[2] - heights[1])
    assert shares == pytest.approx((means[0] - means[1]) / (means[2] - means[1]), abs=0.01)
    assert "Chosen on train: cut = 0.2 gives 0.650." in chart.text and "ODS†: cut = 0.2 gives 0.650." in chart.text


@small
def test_precision_and_recall_are_of_added_counts(made):
    chart = figure(made, "boundaries", "boundary.f on one")
    said = [each.text for each in chart.all("title")]
    # plain hits 90 + 20 + 50 + 70 of 4 x 100 true and of 100 + 110 + 120 + 130 predicted pixels
    assert "plain: precision 0.500, recall 0.575" in said
    (curve,) = chart.all("path", "curve")
    assert curve.attributes["d"].count("L") == 2 and len(chart.all("path", "iso")) == 9


@small
def test_lines_of_equal_f_have_that_f():
    across, up = scale_of([0, 1], 0, 10_000), scale_of([0, 1], 10_000, 0)
    for f in (0.1, 0.5, 0.9):
        (path,) = Tree(_iso_f(f, across, up).replace("/>", "></path>")).root.all("path")
        for point in path.attributes["d"][1:].split("L"):
            x, y = (float(each) for each in point.split(" "))
            recall = across.low + x / 10_000 * (across.high - across.low)
            precision = up.low + (10_000 - y) / 10_000 * (up.high - up.low)
            assert 2 * precision * recall / (precision + recall) == pytest.approx(f, abs=1e-3)


@small
def test_comparisons_are_turned_round_across_the_diagonal(made):
    square = section(made, "comparisons").all("table", "square")[0]
    cells = [[cell.text for cell in line.all("td")] for line in square.all("tbody")[0].all("tr")]
    assert len(cells) == 4 and all(cells[i][i] == "" for i in range(4))
    turn = str.maketrans(f"+{MINUS}▲▼", f"{MINUS}+▼▲")
    assert all(cells[i][j] == cells[j][i].translate(turn) for i in range(4) for j in range(4))
    named = [each.text for each in square.all("tbody")[0].all("th")]
    best, other = named.index("family"), named.index("plain")
    assert cells[best][other] == "+0.075"  # 0.650 - 0.575


@small
def test_a_claimed_difference_points_at_the_better_one(made):
    claimed = [replace(each, better=each.one, corrected=0.01) for each in made.comparisons]
    tree = Tree(write_page(made.results, made.rows, claimed, made.folder).decode()).root
    (found,) = [each for each in tree.all("section") if each.attributes["id"] == "comparisons"]
    for square in found.all("table", "square"):
        assert len(square.all("td", "better")) == len(square.all("td", "worse")) == 6
        assert all("▲" in each.text for each in square.all("td", "better"))


def means_of_pictures() -> dict[str, float]:
    values = [*COVERING.values(), OF_FAMILY[0.2]]
    return {name: float(np.nanmean([each[place] for each in values])) for place, name in enumerate(PICTURES)}


@small
def test_the_worst_picture_is_first_and_its_images_are_in_the_page_once(made):
    strips = section(made, "pictures").all("details")
    means = means_of_pictures()
    names = [each.all("span", "what")[0].text for each in strips]
    assert names == sorted(PICTURES, key=means.get) * 2
    said = [float(each.all("output")[0].text) for each in strips[:4]]
    assert said == pytest.approx([means[name] for name in names[:4]], abs=6e-4)
    sources = Counter(each.attributes["src"] for each in section(made, "pictures").all("img"))
    assert max(sources.values()) == 1
    files = {base64.b64encode(path.read_bytes()).decode(): path for path in (made.folder / OVERLAYS).iterdir()}
    for source in sources:
        kind, _, inner = source.removeprefix("data:image/").partition(";base64,")
        assert files[inner].suffix in {"png": ".png", "webp": ".webp", "jpeg": ".jpg"}[kind]


@small
def test_a_strip_shows_picture_truth_and_the_chosen_member_of_each_entry(made):
    strip = next(
        each for each in section(made, "pictures").all("details") if each.all("span", "what")[0].text == "p3<b>"
    )
    tiles = [(each.all("figcaption")[0].text, "hidden" in each.attributes) for each in strip.all("figure")]
    shown = [words for words, hidden in tiles if not hidden]
    assert shown == ["picture", "truth 1 of 2", "plain 0.700", f"{EVIL} {DASH}", "unet 0.200", "family 0.800"]
    (failed,) = strip.all("div", "none")
    assert failed.text == "failed" and failed.attributes["title"] == "no memory for p3<b>"


@small
def test_a_score_that_is_an_oracle_makes_no_oracle_of_the_label_map(made):
    rows = [replace(row, oracle=row.oracle or row.metric == "vi") for row in made.rows]
    root = Tree(write_page(made.results, rows, [], made.folder).decode()).root
    assert root.all("figure", "tile") and not root.all("figure", "oracle")
    rows = [replace(row, oracle=True) for row in made.rows if row.chosen == "ODS"]
    root = Tree(write_page(made.results, rows, [], made.folder).decode()).root
    assert len(root.all("figure", "oracle")) == 2 * len(PICTURES)


@small
def test_a_page_that_shows_fewer_pictures_says_so(made):
    page = Tree(write_page(made.results, made.rows, [], made.folder, most=2).decode()).root
    strips = [each.all("span", "what")[0].text for each in page.all("details", "strip")]
    order = sorted(PICTURES, key=means_of_pictures().get)
    assert strips == [order[0], order[-1]] * 2
    assert sum("2 of 4 pictures are shown" in each.text for each in page.all("p", "note")) == 2


@small
def test_failures_and_parameters_stand_in_full(made):
    lines = [
        [each.text for each in line.all("th") + line.all("td")] for line in section(made, "failures").all("tr")[1:]
    ]
    assert lines == [["p3<b>", name, EVIL, "1", "no memory for p3<b>"] for name in ("one", "two")]
    found = {each.all("b")[0].text: each for each in section(made, "parameters").all("details")}
    assert [each.text for each in found[EVIL].all("div")] == ["n_clusters5", "space<lab>"]


@small
def test_a_picture_that_is_missing_or_outside_the_folder_is_not_shown(made, tmp_path):
    outside = tmp_path / "outside.png"
    outside.write_bytes((made.folder / OVERLAYS / "one-0-0.png").read_bytes())
    pictures = [replace(each, sight=str(outside), truth_overlay="gone.png") for each in made.results.pictures]
    runs = [replace(each, overlay="../manifest.json") for each in made.results.runs]
    page = write_page(replace(made.results, pictures=pictures, runs=runs), made.rows, [], made.folder)
    root = Tree(page.decode()).root
    assert not [each for each in root.all("img") if "src" in each.attributes]
    assert {each.text for each in root.all("div", "none")} == {"no picture kept", "failed"}


@small
def test_results_without_scores_or_seconds_or_pictures_make_a_page(made):
    bare = Results({**made.results.manifest, "entries": [], "metrics": [], "datasets": []}, [], [], [])
    assert b"Benchmark" in write_page(bare, [], [], made.folder)
    nothing = [replace(row, value=math.nan, low=math.nan, high=math.nan, seconds=math.nan) for row in made.rows]
    root = Tree(write_page(replace(made.results, scores=[], pictures=[]), nothing, [], made.folder).decode()).root
    assert {each.all("td")[2].text for each in root.all("table")[0].all("tbody")[0].all("tr")} == {DASH}


@small
def test_marks_of_77_entries_differ_and_eleven_in_shape():
    marks = [re.search(r'href="(#m\d+)".* class="mark (c\d)"', mark(look, 0, 0)).groups() for look in range(77)]
    assert len(set(marks)) == 77 and len({shape for shape, _ in marks[:11]}) == 11


@small
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5),
    st.booleans(),
)
def test_ticks_lie_within_their_scale_which_holds_all_values(values, log):
    values = [abs(value) + 1e-3 for value in values] if log else values
    scale = scale_of(values, 0, 100, log=log)
    assert scale.low <= min(values) and max(values) <= scale.high
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 12 and ticks == sorted(ticks)
    assert all(-1e-6 <= scale.at(tick) <= 100 + 1e-6 for tick in ticks)


@small
def test_a_scale_does_not_go_beyond_what_a_score_can_be():
    scale = scale_of([0.0, 0.98], 0, 100, within=(0, 1))
    assert (scale.low, scale.high) == (0, 1)


@small
@pytest.mark.parametrize("seed", range(5))
def test_names_of_eleven_marks_do_not_cover_each_other(seed):
    rng = np.random.default_rng(seed)
    points = [(float(x), float(y)) for x, y in rng.normal((220, 160), (90, 50), (11, 2)).clip(60, 380)]
    marks = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    inside = Box(50, 0, 440, 300)
    labels = place_labels([f"method {place}" for place in range(11)], points, marks, inside)
    for place, label in enumerate(labels):
        assert label.box.outside(inside) == pytest.approx(0)
        assert not any(label.box.shared(other.box) for other in labels[:place])
        assert not any(label.box.shared(other) for other in marks)
