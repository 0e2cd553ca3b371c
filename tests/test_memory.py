"""A request for more memory than there is."""

import sys

import numpy as np
import pytest

from classicseg import MemoryLimitError, memory, run, segment
from classicseg.image import as_image
from classicseg.memory import machine_memory, require_memory
from classicseg.merging import contours_of, hierarchy_of

pytestmark = pytest.mark.small


@pytest.fixture
def machine(monkeypatch):
    """Give the machine a size of its own for one test."""
    return lambda size: monkeypatch.setattr(memory, "machine_memory", lambda: size)


def test_less_than_there_is_goes_through(machine):
    machine(2**30)
    require_memory(2**30, "This", "Do that.")


def test_more_than_there_is_is_refused_with_estimate_and_cure(machine):
    machine(2**30)
    expected = r"This would take about 3 GiB, and this machine has 1 GiB\. Do that\."
    with pytest.raises(MemoryLimitError, match=expected) as caught:
        require_memory(3 * 2**30, "This", "Do that.")
    assert isinstance(caught.value, MemoryError)


def test_where_the_system_does_not_tell_nothing_is_refused(machine):
    machine(None)
    require_memory(2**60, "This", "Do that.")


def test_a_method_refuses_before_it_starts(machine, small_picture):
    machine(100)
    with pytest.raises(MemoryLimitError, match=r"kmeans on a picture of 12 x 14 pixels would take about .* GiB"):
        segment(small_picture, "kmeans")


def test_a_hierarchy_is_refused_before_regions_merge(machine, small_picture):
    result = run(small_picture, "kmeans")
    machine(100)
    with pytest.raises(MemoryLimitError, match=r"merging \d+ segments of a picture of 12 x 14 pixels would take about"):
        _ = result.hierarchy


def test_each_segment_takes_memory_of_its_own(machine, small_picture):
    image = as_image(small_picture)
    contours = contours_of(image, "sobel")
    each = np.arange(1, 12 * 14 + 1, dtype=np.int32).reshape(12, 14)
    machine(12 * 14 * 700)
    assert hierarchy_of(np.ones_like(each), image, contours=contours).n_leaves == 1
    with pytest.raises(MemoryLimitError, match=r"merging 168 segments.*take fewer segments"):
        hierarchy_of(each, image, contours=contours)


@pytest.mark.skipif(sys.platform not in ("linux", "darwin", "win32"), reason="what other systems tell is not known")
def test_this_machine_has_memory():
    assert 2**26 < machine_memory() < 2**50


@pytest.mark.parametrize(
    ("physical", "texts", "expected"),
    [
        (1000, [], 1000),
        (1000, ["400\n"], 400),
        (1000, ["max\n", "700"], 700),
        (1000, ["9223372036854771712"], 1000),
        (None, ["400"], 400),
        (None, [], None),
        (1000, [""], 1000),
    ],
)
def test_a_container_may_have_less(monkeypatch, tmp_path, physical, texts, expected):
    files = [tmp_path / f"limit{number}" for number in range(2)]
    for path, text in zip(files, texts, strict=False):
        path.write_text(text)
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", tuple(files))
    monkeypatch.setattr(memory, "_physical_memory", lambda: physical)
    assert machine_memory() == expected
