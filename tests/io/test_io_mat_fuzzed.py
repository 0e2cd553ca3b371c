"""MATLAB files and hierarchies that the fuzzer found to break something."""

import struct
import subprocess
import sys
import zipfile
from io import BytesIO

import numpy as np
import pytest
import scipy.io

from classicseg.errors import ImageError, MemoryLimitError
from classicseg.hierarchy import Hierarchy
from classicseg.io.hierarchy import encode_hierarchy, read_hierarchy
from classicseg.io.mat import read_mat, variables_in
from classicseg.io.mat_elements import require_sound
from classicseg.io.ucm import read_ucm2

pytestmark = pytest.mark.small

VARIABLES = {
    "numbers": np.array([[0, 0.5], [1, 2]]),
    "complex": np.array([[1 + 2j]]),
    "words": "some text",
    "cells": np.array([["a", np.arange(3)]], dtype=object),
    "structure": {"field": 1.0, "other": {"inner": [1, 2, 3]}},
    "sparse": scipy.sparse.csc_matrix(np.eye(3)),
    "flags": np.array([[True, False]]),
    "nothing": np.zeros((0, 3)),
}


def mat(variables: dict = VARIABLES, *, packed: bool = False) -> bytes:
    buffer = BytesIO()
    scipy.io.savemat(buffer, variables, do_compression=packed)
    return buffer.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", VARIABLES)
def test_what_scipy_writes_is_sound(tmp_path, name, packed):
    path = tmp_path / "made.mat"
    path.write_bytes(mat({name: VARIABLES[name]}, packed=packed))
    assert list(variables_in(path)) == [name]
    found = read_mat(path, name)
    if name == "numbers":
        assert np.array_equal(found, VARIABLES[name])


def test_a_type_that_does_not_exist_ends_in_an_error_and_not_the_process(tmp_path):
    """SciPy looks the type up beyond the end of its table: the process would end by a signal."""
    data = bytearray(mat({"ucm2": np.array([[0, 0, 0.5, 0, 0]] * 3)}))
    place = data.index(struct.pack("<II", 9, 15 * 8))  # the tag of the numbers: doubles
    struct.pack_into("<I", data, place, 0x3100)
    path = tmp_path / "damaged.mat"
    path.write_bytes(data)
    code = f"from classicseg.io.ucm import read_ucm2; read_ucm2({str(path)!r})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "ImageError" in ended.stderr
    with pytest.raises(ImageError, match=r"damaged\.mat cannot be read as a MATLAB file: a variable has parts of"):
        read_ucm2(path)


def cut(data: bytes, at: int, other: bytes) -> bytes:
    return data[:at] + other + data[at + len(other) :]


CELLS = mat({"c": np.array([[np.zeros(2), "b"]], dtype=object)})
NUMBERS = mat({"a": np.array([[0.5, 1, 2]])})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (NUMBERS[:-3], "it ends before an element"),
        (NUMBERS + b"abc", "it ends within a tag"),
        (cut(NUMBERS, 128, struct.pack("<I", 9)), "type 9 stands where a variable should"),
        (cut(NUMBERS, 136, struct.pack("<I", 5)), "a variable has no flags"),
        (cut(NUMBERS, 144, struct.pack("<I", 99)), "class 99 is none that is read"),
        (cut(NUMBERS, 144, struct.pack("<I", 1)), "a variable of 3 cells has 1"),
        (cut(NUMBERS, 144, struct.pack("<I", 2)), "a structure has no fields"),
        (cut(NUMBERS, 144, struct.pack("<I", 6 | 0x800)), "a variable has parts of the types"),
        (cut(NUMBERS, 152, struct.pack("<I", 9)), "a variable has no dimensions"),
        (cut(NUMBERS, 160, struct.pack("<i", -1)), r"a variable has the dimensions \(-1, 3\)"),
        (cut(NUMBERS, 168, struct.pack("<I", 9 | 1 << 16)), "a variable has no name"),
        (cut(NUMBERS, 168, struct.pack("<I", 1 | 5 << 16)), "a small element declares 5 bytes"),
        (cut(mat({"a": np.zeros(9)}, packed=True), 140, b"\xff\xff\xff"), "its compressed data are damaged"),
        (cut(CELLS, CELLS.index(struct.pack("<I", 14), 136), b"\x09"), "type 9 stands where a cell should"),
    ],
)
def test_files_that_do_not_hold_together(data, words):
    with pytest.raises(ValueError, match=words):
        require_sound(bytes(data))


@pytest.mark.parametrize("data", [b"", b"no MATLAB file", b"\0" * 200])
def test_other_versions_are_left_to_scipy(data):
    require_sound(data)


def test_names_of_variables_are_told_in_one_line(tmp_path):
    data = mat({"other": np.zeros((2, 2))}).replace(b"other", b"o\nh\x85r")
    path = tmp_path / "made.mat"
    path.write_bytes(data)
    with pytest.raises(ImageError) as refused:
        read_mat(path, "ucm2")
    assert len(str(refused.value).splitlines()) == 1


HIERARCHY = encode_hierarchy(Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.5]))


def with_member(name: str, content: bytes) -> bytes:
    """The hierarchy's archive with another content of one member."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(HIERARCHY)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["version", "leaves", "parents", "altitudes"])
def test_a_member_that_is_no_array(tmp_path, name):
    path = tmp_path / "made.npz"
    path.write_bytes(with_member(f"{name}.npy", b"no array at all"))
    with pytest.raises(ImageError, match=rf"and no {name}; it is no hierarchy"):
        read_hierarchy(path)


def test_a_message_of_numpy_becomes_one_short_line(tmp_path):
    """NumPy tells the whole header that it cannot read."""
    path = tmp_path / "made.npz"
    path.write_bytes(with_member("parents.npy", b"\x93NUMPY\x01\x00\xff\x0f" + b"{'\n" + b"x" * 4092))
    with pytest.raises(ImageError) as refused:
        read_hierarchy(path)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400 + len(str(path))


def test_an_archive_that_declares_more_than_the_machine_has(tmp_path, monkeypatch):
    monkeypatch.setattr("classicseg.memory.machine_memory", lambda: 2**20)
    path = tmp_path / "made.npz"
    path.write_bytes(with_member("parents.npy", bytes(2**20)))
    assert path.stat().st_size < 2**14
    with pytest.raises(MemoryLimitError, match="reading the hierarchy"):
        read_hierarchy(path)


def test_scipy_does_not_warn(tmp_path):
    """Of a file of version 4 that says it is of a VAX; a warning, an error in the tests, would end as `ImageError`."""
    buffer = BytesIO()
    scipy.io.savemat(buffer, {"a": np.eye(2)}, format="4")
    data = bytearray(buffer.getvalue())
    struct.pack_into("<I", data, 0, 2000)  # the thousands say the order of bytes
    path = tmp_path / "vax.mat"
    path.write_bytes(data)
    assert variables_in(path) == {"a": (2, 2)}
