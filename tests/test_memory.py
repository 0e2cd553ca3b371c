"""A request for more memory than there is."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest

from classicseg import MemoryLimitError, memory, run, segment
from classicseg.image import as_image
from classicseg.memory import forced, is_forced, machine_memory, require_memory
from classicseg.merging import contours_of, hierarchy_of
from classicseg.registry import make

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


def test_a_picture_to_learn_from_is_refused_before_it_is_counted(machine, small_picture):
    machine(100)
    for name in ("threshold", "kmeans"):
        with pytest.raises(MemoryLimitError, match=r"Learning from a picture of 12 x 14 pixels would take"):
            make(name).fit([small_picture])


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
    monkeypatch.setattr(memory, "_limit_files", lambda: tuple(files))
    monkeypatch.setattr(memory, "_physical_memory", lambda: physical)
    assert machine_memory() == expected


@pytest.mark.parametrize(
    ("own", "limits", "expected"),
    [
        ("0::/\n", {"memory.max": "500"}, 500),
        ("0::/jobs/seven\n", {"memory.max": "max", "jobs/memory.max": "300", "jobs/seven/memory.max": "400"}, 300),
        ("0::/jobs/seven\n", {"jobs/seven/memory.max": "400"}, 400),
        ("4:cpu,memory:/box\n0::/\n", {"memory/box/memory.limit_in_bytes": "600"}, 600),
        ("4:memory:/elsewhere\n", {"memory/memory.limit_in_bytes": "700"}, 700),  # a container that sees its own root
        ("4:memory2:/box\n", {"memory/box/memory.limit_in_bytes": "600"}, 1000),
        (None, {"memory.max": "500"}, 1000),
    ],
)
def test_the_limit_of_each_group_around_this_process_counts(monkeypatch, tmp_path, own, limits, expected):
    for name, text in limits.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if own is not None:
        (tmp_path / "own").write_text(own)
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_OWN_CGROUPS", tmp_path / "own")
    monkeypatch.setattr(memory, "_physical_memory", lambda: 1000)
    memory._limit_files.cache_clear()
    try:
        assert machine_memory() == expected
    finally:
        memory._limit_files.cache_clear()


def test_a_limit_set_by_ulimit_counts():
    resource = pytest.importorskip("resource", reason="Windows has no such limits")
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = 2**45 if before[0] == resource.RLIM_INFINITY else before[0] - 4096
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        assert memory._own_limit() == limit
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


# --- by force --------------------------------------------------------------------------------------------------------


def test_force_lets_pass_what_is_too_much(machine, small_picture):
    machine(100)
    with forced():
        assert is_forced()
        labels = segment(small_picture, "kmeans")
    assert labels.max() == 3
    assert not is_forced()
    with pytest.raises(MemoryLimitError):
        segment(small_picture, "kmeans")


def test_force_ends_with_its_block_even_where_that_fails(machine):
    machine(100)
    with pytest.raises(ZeroDivisionError), forced(), forced():
        raise ZeroDivisionError
    with pytest.raises(MemoryLimitError):
        require_memory(101, "This", "Do that.")


def test_force_inside_force_leaves_the_outer_one():
    with forced():
        with forced():
            pass
        assert is_forced()


def test_force_holds_in_its_thread_and_in_copies_of_its_context():
    with forced(), ThreadPoolExecutor(1) as pool:
        assert not pool.submit(is_forced).result()
        assert pool.submit(copy_context().run, is_forced).result()


def test_force_holds_whatever_the_number_of_threads(machine, small_picture):
    machine(100)
    picture = np.tile(small_picture, (12, 12, 1))  # several chunks
    with forced():
        assert np.array_equal(segment(picture, "kmeans", threads=1), segment(picture, "kmeans", threads=4))


def test_the_refusal_names_force(machine):
    machine(100)
    with pytest.raises(MemoryLimitError, match=r"--force \(from Python: with classicseg\.memory\.forced\(\)\)"):
        require_memory(101, "This", "Do that.")
