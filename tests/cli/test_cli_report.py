"""`classicseg report`: files beside the results, or one on stdout; the same bytes each time."""

from __future__ import annotations

import pytest
from made_results import dataset, entry, made, metric

from classicseg.bench.results import write_results

small = pytest.mark.small

FORMATS = {"markdown": "report.md", "latex": "report.tex"}
QUICK = ("--resamples", 20)


@pytest.fixture
def folder(tmp_path):
    entries = [entry("one"), entry("two")]
    along = {
        ("val", "one", "covering"): {"a": [0.5], "b": [0.75], "c": [0.25]},
        ("val", "two", "covering"): {"a": [0.75], "b": [1.0], "c": [0.5]},
    }
    write_results(made([dataset()], [metric("covering")], entries, along), tmp_path / "results")
    return tmp_path / "results"


@small
def test_tables_are_written_beside_the_results_and_their_paths_printed(call, folder):
    code, stdout, stderr = call("report", folder, "-f", "markdown", "--format", "latex", *QUICK)
    assert (code, stderr) == (0, "")
    assert stdout.splitlines() == [str(folder / name) for name in FORMATS.values()]
    assert "| two | **.750** [" in (folder / "report.md").read_text(encoding="utf-8")
    assert r"two & fixed & $\mathbf{.750}_{[" in (folder / "report.tex").read_text(encoding="utf-8")
    before = (folder / "report.md").read_bytes()
    call("report", folder, "-f", "markdown", *QUICK)
    assert (folder / "report.md").read_bytes() == before
    call("report", folder, "-f", "markdown", *QUICK, "--seed", 4)
    assert (folder / "report.md").read_bytes() != before


@small
def test_all_three_are_made_by_default_into_the_folder_that_is_named(call, folder, tmp_path):
    code, stdout, _ = call("report", folder, "-o", tmp_path / "elsewhere", *QUICK)
    assert code == 0
    names = [*FORMATS.values(), "report.html"]
    assert stdout.splitlines() == [str(tmp_path / "elsewhere" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == sorted(names)
    assert b"<html" in (tmp_path / "elsewhere" / "report.html").read_bytes()


@small
def test_one_goes_to_stdout(call, folder):
    code, stdout, _ = call("report", folder, "-f", "latex", "-o", "-", *QUICK)
    assert code == 0
    assert not (folder / "report.tex").exists()
    call("report", folder, "-f", "latex", *QUICK)
    assert stdout == (folder / "report.tex").read_text(encoding="utf-8")
    code, stdout, stderr = call("report", folder, "-o", "-", *QUICK)
    assert (code, stdout) == (2, "")
    assert "one --format" in stderr


@small
def test_comparisons_are_against_the_entry_that_is_named(call, folder):
    call("report", folder, "-f", "markdown", "--against", "one", *QUICK)
    assert "| covering | two | one | +.250 [+.250, +.250] | .25 | .25 | 3 |" in (folder / "report.md").read_text(
        encoding="utf-8"
    )
    code, _, stderr = call("report", folder, "--against", "three", *QUICK)
    assert code == 2
    assert "these results have no entry 'three' to compare with; they have one, two." in stderr


@small
def test_a_folder_without_results_is_an_error(call, tmp_path):
    code, stdout, stderr = call("report", tmp_path)
    assert (code, stdout) == (1, "")
    assert "holds no results: manifest.json is missing" in stderr
