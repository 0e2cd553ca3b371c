"""Hierarchies in files: the same back, or one clear error."""

import numpy as np
import pytest
from hypothesis import given
from reference import hierarchy as plain

import classicseg
from classicseg.errors import ImageError
from classicseg.hierarchy import Hierarchy
from classicseg.io.hierarchy import encode_hierarchy, read_hierarchy, write_hierarchy

pytestmark = pytest.mark.small

MADE = Hierarchy.from_merges([[1, 1, 0, 2, 3]], [(0, 1), (3, 2)], [0.7, 0.2])
NAMES = ("leaves", "parents", "altitudes", "raw_altitudes")


def assert_same(one, other):
    for name in NAMES:
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        if first is not None:
            assert first.dtype == second.dtype
            assert np.array_equal(first, second)
            assert not second.flags.writeable


@given(tree=plain.forests())
def test_a_hierarchy_comes_back_as_it_was(tmp_path_factory, tree):
    path = tmp_path_factory.getbasetemp() / "forest.npz"
    for made in (Hierarchy.from_parents(*tree), Hierarchy.from_parents(*tree).reweight("volume")):
        write_hierarchy(path, made)
        assert_same(made, read_hierarchy(path))


def test_the_file_is_plain_arrays_by_name(tmp_path):
    classicseg.write_hierarchy(str(tmp_path / "deep" / "made.npz"), MADE)
    with np.load(tmp_path / "deep" / "made.npz") as file:
        assert set(file.files) == {"version", *NAMES}
        assert file["version"] == 1
    assert_same(MADE, classicseg.read_hierarchy(str(tmp_path / "deep" / "made.npz")))
    assert encode_hierarchy(MADE) == encode_hierarchy(read_hierarchy(tmp_path / "deep" / "made.npz"))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["made.npz"]


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"lost\.npz does not exist\. Check the path"):
        read_hierarchy(tmp_path / "lost.npz")
    with pytest.raises(ImageError, match=r"is no file"):
        read_hierarchy(tmp_path)


def test_damaged_files_are_refused(tmp_path):
    path, whole = tmp_path / "damaged.npz", encode_hierarchy(MADE)
    middle = len(whole) // 2
    for content in (b"", b"no zip at all", whole[:-30], whole[:40] + b"x" * 60 + whole[100:], whole[middle:]):
        path.write_bytes(content)
        with pytest.raises(ImageError, match=r"damaged\.npz cannot be read as a hierarchy|holds .* it is no hierarchy"):
            read_hierarchy(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, r"hierarchy of version 2; version 1 is read"),
        ({"version": [1, 1]}, r"hierarchy of version \[1 1\]"),
        ({"version": "1"}, r"hierarchy of version 1; "),
        ({"leaves": [[1, 4]]}, r"file\.npz: leaves with 2 labels from 1 to 4 came"),
        ({"parents": [3, 3, 4, 4, 3]}, r"file\.npz: node 4 has the parent 3"),
        ({"altitudes": [0, 0, 0, 2, 1]}, r"file\.npz: the altitude falls"),
        ({"altitudes": np.array([None] * 5)}, r"file\.npz cannot be read as a hierarchy: Object arrays"),
        ({"altitudes": None}, r"and no altitudes; it is no hierarchy"),
    ],
)
def test_files_that_hold_no_hierarchy_are_refused(tmp_path, change, message):
    arrays = {"version": 1} | {name: getattr(MADE, name) for name in NAMES} | change
    np.savez(tmp_path / "file.npz", **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ImageError, match=message):
        read_hierarchy(tmp_path / "file.npz")


def test_a_single_array_is_no_hierarchy(tmp_path):
    np.save(tmp_path / "one.npy", np.eye(3))
    with pytest.raises(ImageError, match=r"one\.npy cannot be read as a hierarchy"):
        read_hierarchy(tmp_path / "one.npy")
