"""Tables in Markdown and LaTeX: what is bold, what is marked, that names stay text, and that LaTeX is whole."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from made_results import FAILED, dataset, entry, made, metric

from classicseg.bench.analysis.comparisons import compare_all
from classicseg.bench.analysis.rows import rows_of
from classicseg.bench.reports.latex import latex
from classicseg.bench.reports.markdown import markdown
from classicseg.bench.reports.tables import number, p_value, sections
from classicseg.errors import ParameterError
from classicseg.metrics.fractions import Fractions

small = pytest.mark.small

TUNED = {
    "dataset": "some train",
    "pictures": {"p": "0a", "q": "1b"},
    "metric": "covering",
    "averaging": "mean",
    "search": "tpe",
    "budget": 40,
    "tried": 38,
    "seconds": 12.34,
    "seed": 5,
    "value": 0.625,
    "same_split": False,
}
NASTY = "50%_{of} a&b|*c*\\#~^$<i>"


@pytest.fixture(scope="module")
def results():
    """Two scores, on one of which lower is better; a family without a train set, a tuned entry, one that fails."""
    entries = [
        entry("family", members=[2, 4]),
        entry("plain"),
        entry(NASTY, chosen="train", tuned=TUNED),
    ]
    along = {
        ("val", "family", "covering"): {"a": [0.9, 0.99], "b": [0.95, 0.99], "c": [0.95, 0.99]},
        ("val", "plain", "covering"): {"a": [0.5], "b": [0.25], "c": [0.75]},
        ("val", NASTY, "covering"): {"a": [0.75], "b": [0.5], "c": [FAILED]},
        ("val", "family", "vi"): {"a": [1.0, 0.5], "b": [1.0, 0.5], "c": [1.0, 0.5]},
        ("val", "plain", "vi"): {"a": [1.0], "b": [1.5], "c": [2.0]},
        ("val", NASTY, "vi"): {"a": [2.5], "b": [2.0], "c": [FAILED]},
    }
    metrics = [metric("covering"), metric("vi", best="lower", range=[0.0, None])]
    return made([dataset()], metrics, entries, along)


@pytest.fixture(scope="module")
def rows(results):
    return rows_of(results, resamples=50)


@pytest.fixture(scope="module")
def comparisons(results):
    return compare_all(results, resamples=50)


def floats(text):
    return re.findall(r"\\begin\{(table\*?)\}", text)


def cells_of(text, start):
    """The cells of the Markdown line that starts so; a pipe behind a backslash is text."""
    line = next(line for line in text.splitlines() if line.startswith(start))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@small
def test_markdown_has_a_line_for_each_choice_and_oracles_last(results, rows, comparisons):
    text = markdown(results, rows, comparisons)
    table = text.split("\n\n")[1].splitlines()
    assert table[0] == "| method | covering ↑ | vi ↓ | chosen | images | seconds |"
    names = [cells_of("\n".join(table), line)[0] for line in table[2:]]
    assert names == ["plain", r"50%\_{of} a&b\|\*c\*\\#\~^$\<i\>", "family †", "family †"]
    plain, nasty, ods, ois = (cells_of("\n".join(table), line) for line in table[2:])
    assert [plain[1][:4], plain[2][:9]] == [".500", "**1.500**"]
    assert nasty[1].startswith("**.625** [")
    assert nasty[3:5] == ["train, 38 tried", "2 of 3 (1 failed)"]
    assert ods[1] == ".990 [.990, .990]"
    assert [ods[3], ois[3]] == ["ODS, of 2", "OIS, of 2"]
    assert plain[5] == "0.5"  # 0.25, 0.5, 0.75


@small
def test_markdown_says_what_everything_is(results, rows, comparisons):
    text = markdown(results, rows, comparisons)
    for words in (
        "95 % intervals by BCa bootstrap over images",
        "fixed: parameters as given",
        "train: parameters chosen on other images",
        "ODS: the one result of the family",
        "† oracle: ",
        "- vi: what it is (Someone 1999); lower is better.",
        "Mean ranks (1 is best) are over the 2 images for which all rows",
        "Made by classicseg 0.1.0, numpy 2.0 on 2026-01-02T03:04:05Z.",
        "```sh\nclassicseg bench 'my folder'\n```",
        "Holm",
    ):
        assert words in text
    tuning = text[text.index("# Tuning") :]
    facts = ["some train", "2", "covering", "tpe", "5", "40", "38", "12.3", ".625"]
    assert cells_of(tuning, r"| 50%\_{of}")[1:] == facts
    ranks = text[text.index("## Mean ranks") :]
    assert cells_of(ranks, "| plain") == ["plain", "fixed", "2.00", "1.00"]
    pair = cells_of(text, "| covering | plain")
    assert pair[3].startswith("-.250 [")
    assert pair[4:] == [".5", ".5", "2", ""]
    assert cells_of(text, "| family | ODS, of 2 | all scores")[3] == "k=4, space=lab"


@small
def test_of_one_score_ranks_stand_beside_it_and_nothing_of_comparisons_where_there_are_none(results):
    one = made(
        [dataset()], [metric("covering", averaging="pooled", oracle=True)], [entry("one")], {}
    )  # no pictures: nothing is scored
    text = markdown(one, rows_of(one))
    assert text.splitlines()[2] == "| method | covering, pooled ↑ † | mean rank | chosen | images | seconds |"
    assert cells_of(text, "| one") == ["one", "", "", "fixed", "0 of 0", ""]
    assert "Paired" not in text and "Mean ranks" not in text


@small
def test_what_holds_for_all_data_sets_is_said_once():
    names = ("val", "other")
    along = {(name, entry, "x"): {"a": [0.5], "b": [0.25]} for name in names for entry in ("one", "two")}
    metrics = [metric("x", "val", foreground="bright"), metric("x", "other", foreground="dark")]
    entries = [entry(each, name) for name in names for each in ("one", "two")]
    some = made([dataset(name) for name in names], metrics, entries, along)
    text = markdown(some, rows_of(some, resamples=20), compare_all(some, resamples=20))
    told = "- x: what it is, foreground: bright (val), dark (other) (Someone 1999); higher is better."
    for words in ("Values are means", "fixed: parameters as given", "Holm's correction", told):
        assert text.count(words) == 1
    heads = [line for line in text.splitlines() if line.startswith("#")]
    parts = ["## val", "## other"]
    common = ["# What the tables say", "# Paired comparisons", *parts, "# Parameters", *parts, "# How it was made"]
    assert heads == ["# val", "# other", *common]


@small
def test_nothing_is_bold_alone_and_all_that_print_the_same_are():
    along = {("val", name, "x"): {"a": [value]} for name, value in (("one", 0.50001), ("two", 0.5), ("three", 0.4))}
    some = made([dataset()], [metric("x")], [entry(name) for _, name, _ in along], along)
    (section,) = sections(some, rows_of(some))
    assert section.best_entries(("x", "mean")) == ["one", "two"]
    alone = [row for row in rows_of(some) if row.entry == "one"]
    (section,) = sections(some, alone)
    assert section.best_entries(("x", "mean")) == []


@small
def test_latex_is_whole_and_names_are_text(results, rows, comparisons):
    text = latex(results, rows, comparisons)
    body = [line for line in text.splitlines() if not line.startswith("%")]
    nested = []
    for command, name in re.findall(r"\\(begin|end)\{([\w*]+)\}", "\n".join(body)):
        if command == "begin":
            nested.append(name)
        else:
            assert nested.pop() == name
    assert nested == []
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", "\n".join(body)):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    columns = 0
    for line in body:
        assert len(re.findall(r"(?<!\\)\$", line)) % 2 == 0
        outside = re.sub(r"(?<!\\)\$.*?(?<!\\)\$", "", line)
        assert not re.search(r"(?<!\\)[%#_^~]|[<>†↑]", outside)
        if line.startswith(r"\begin{tabular}"):
            columns = len(re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", line)[1])
        elif line.endswith(r"\\"):
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == text.count(r"\end{tabular}") == 4
    escaped = r"50\%\_\{of\} a\&b\textbar{}{*}c{*}\textbackslash{}\#\textasciitilde{}\textasciicircum{}\$\textless{}i"
    assert escaped + r"\textgreater{} & train, 38 tried & $\mathbf{.625}_{[" in text
    assert r"\label{tab:val-scores}" in text
    assert floats(text) == ["table*", "table*", "table", "table*"]  # that of ranks is narrow
    assert text.count(r"\setlength{\tabcolsep}{4pt}") == 3  # wide ones stand closer
    assert r"family$^\dagger$ & ODS, of 2 & $.990_{[.990,\,.990]}$" in text
    assert "% plain | fixed | all scores | space=lab" in text


@small
def test_no_line_of_latex_begins_with_what_the_end_of_the_line_before_would_take():
    along = {("val", name, "x"): {"a": [0.5]} for name in ("[one]", "*two")}
    some = made([dataset()], [metric("x")], [entry(name) for _, name, _ in along], along)
    text = latex(some, rows_of(some))
    assert "\n{[}one] & fixed & " in text and "\n{*}two & fixed & " in text


@small
def test_a_pooled_score_is_called_so_wherever_it_stands(results):
    entries = [entry("one"), entry("two", chosen="train", tuned=TUNED | {"averaging": "pooled"})]
    along = {("val", each["name"], "covering"): {"a": [0.5], "b": [0.25 * at]} for at, each in enumerate(entries)}
    sums = {key: {name: [Fractions.of(value, 1)] for name, value in row.items()} for key, row in along.items()}
    metrics = [metric("covering", averaging="pooled")]
    some = made([dataset()], metrics, entries, along, sums=sums)
    rows, found = rows_of(some, resamples=20), compare_all(some, resamples=20)
    for text in (markdown(some, rows, found), latex(some, rows, found).replace(" & ", " | ")):
        assert re.search(r"^(\| )?covering \(pooled\) \| one \| two \| ", text, flags=re.MULTILINE)
        assert "two | some train | 2 | covering (pooled) | tpe |" in text


@small
def test_rows_that_were_tuned_on_what_is_reported_do_not_claim_other_images():
    entries = [entry("one"), entry("seen", chosen="train", tuned=TUNED | {"same_split": True, "pictures": {}})]
    along = {("val", each["name"], "x"): {"a": [0.5], "b": [0.25]} for each in entries}
    some = made([dataset()], [metric("x")], entries, along)
    for text, dagger in ((markdown(some, rows_of(some)), "†"), (latex(some, rows_of(some)), r"$^\dagger$")):
        assert f"train: parameters chosen on other images, by their truth (but of rows with {dagger}, which" in text
        assert "seen (train, 38 tried): tuned on the pictures that are reported." in text


@small
def test_values_of_other_images_are_told(results, rows, comparisons):
    told = "The values of covering, vi are not all of the same images"
    assert told in markdown(results, rows, comparisons) and told in latex(results, rows, comparisons)
    same = [replace(row, scored=2, ranked=2) for row in rows]
    assert "not all of the same images" not in markdown(results, same)


@small
def test_latex_has_the_comparisons_of_the_best_row_or_those_asked_for(comparisons, results, rows):
    best = [
        line for line in latex(results, rows, comparisons).splitlines() if line.startswith(("covering & ", "vi & "))
    ]
    assert len(best) == len(comparisons) == 2
    entries = [entry(name) for name in ("low", "mid", "top")]
    along = {("val", each["name"], "x"): {"a": [at / 4], "b": [at / 3]} for at, each in enumerate(entries, start=1)}
    three = made([dataset()], [metric("x")], entries, along)
    found = compare_all(three, resamples=20)

    def compared(text):
        return re.findall(r"^x & (\w+) & (\w+) &", text, flags=re.MULTILINE)

    assert compared(latex(three, rows_of(three), found)) == [("low", "top"), ("mid", "top")]
    against = compare_all(three, against="low", resamples=20)
    text = latex(three, rows_of(three), against, against="low")
    assert compared(text) == [("mid", "low"), ("top", "low")]
    assert floats(text) == ["table", "table"]  # they fit into one of two columns


@small
def test_tables_of_nothing_are_refused(results):
    with pytest.raises(ParameterError, match="no rows to make a table of"):
        markdown(results, [])


@small
@pytest.mark.parametrize(
    ("value", "words"),
    [(0.6034, ".603"), (1.0, "1.000"), (-0.0121, "-.012"), (12.5, "12.500"), (math.nan, ""), (-0.0004, ".000")],
)
def test_numbers(value, words):
    assert number(value) == words
    assert number(value, signed=True) == ("+" + words if value > 0 else words)
    assert number(0.0004, signed=True) == ".000"  # no sign where there is nothing


@small
@pytest.mark.parametrize(("p", "words"), [(0.0421, ".042"), (1.0, "1"), (3e-9, "< .0001"), (0.00042, ".00042")])
def test_p_values(p, words):
    assert p_value(p) == words


@small
def test_latex_says_in_the_caption_what_is_the_same_in_every_line():
    alike = {("val", name, "x"): {"a": [0.5], "b": [0.25]} for name in ("one", "two")}
    text = latex(some := made([dataset()], [metric("x")], [entry("one"), entry("two")], alike), rows_of(some))
    assert "All lines: images 2 of 2.}" in text
    assert "Method & Chosen & x $\\uparrow$ & Rank & Seconds" in text
    uneven = alike | {("val", "two", "x"): {"a": [0.5]}}
    text = latex(some := made([dataset()], [metric("x")], [entry("one"), entry("two")], uneven), rows_of(some))
    assert "All lines" not in text
    assert "Method & Chosen & x $\\uparrow$ & Rank & Images & Seconds" in text
