"""Whether a MATLAB 5 file holds together, looked at before SciPy reads it.

SciPy takes the type of an element from the file as a place in a table, without a look at how long the table is: a
damaged file ends the process. Here every element's type, length and number is checked; what it holds is SciPy's.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from classicseg.memory import require_memory

_HEADER = 128  # bytes of text, then the version and the order of bytes
_NUMBERS = (1, 2, 3, 4, 5, 6, 7, 9, 12, 13)
_TEXTS = (16, 17, 18)
_TEXTS_TOO = (1, 2, *_TEXTS)
_MATRIX, _COMPRESSED = 14, 15
_INT32, _UINT32 = 5, 6
_CELL, _STRUCT, _OBJECT, _SPARSE = 1, 2, 3, 5  # classes of a matrix
_LAST_PLAIN, _FUNCTION, _OPAQUE = 15, 16, 17
_COMPLEX = 0x0800  # a flag of a matrix
_DEEPEST = 100
_MOST_INFLATED = 1 << 31


@dataclass(frozen=True)
class _Element:
    kind: int
    content: memoryview


def require_sound(data: bytes) -> None:
    """Raise ValueError where a MATLAB 5 file does not hold together; other versions are left to SciPy.

    Raises
    ------
    ValueError
        In a few words; the caller knows the file's name.
    MemoryLimitError
        Compressed data declare more than the machine has.
    """
    mark = data[_HEADER - 2 : _HEADER]
    if len(data) < _HEADER or mark not in (b"IM", b"MI") or 0 in data[:4]:  # SciPy takes a zero there for version 4
        return
    order = "<" if mark == b"IM" else ">"
    for element in _elements(memoryview(data)[_HEADER:], order, padded=False):
        if element.kind == _COMPRESSED:
            _require_all_matrices(_inflated(element.content), order)
        elif element.kind == _MATRIX:
            _require_matrix(element.content, order, 0)
        else:
            raise ValueError(f"an element of type {element.kind} stands where a variable should")


def _require_all_matrices(content: memoryview, order: str) -> None:
    for element in _elements(content, order):
        if element.kind != _MATRIX:
            raise ValueError(f"an element of type {element.kind} stands where a variable should")
        _require_matrix(element.content, order, 0)


def _elements(content: memoryview, order: str, *, padded: bool = True) -> Iterator[_Element]:
    """The elements that follow each other, each a tag and what it holds, up to a multiple of eight bytes."""
    position = 0
    while position < len(content):
        if position + 8 > len(content):
            raise ValueError("it ends within a tag")
        first, length = struct.unpack_from(order + "II", content, position)
        if first >> 16:  # a small element: its length and type, and up to four bytes
            kind, length, start = first & 0xFFFF, first >> 16, position + 4
            if length > 4:
                raise ValueError(f"a small element declares {length} bytes")
            position += 8
        else:
            kind, start = first, position + 8
            position = start + length
            if padded or kind != _COMPRESSED:
                position += -length % 8
        if start + length > len(content):
            raise ValueError(f"it ends before an element of {length} bytes does")
        yield _Element(kind, content[start : start + length])


def _inflated(content: memoryview) -> memoryview:
    packer = zlib.decompressobj()
    try:
        inflated = packer.decompress(content, _MOST_INFLATED)
    except zlib.error as error:
        raise ValueError(f"its compressed data are damaged ({error})") from error
    require_memory(3 * len(inflated), "reading this file", "Get it anew.")
    if not packer.eof:
        raise ValueError("its compressed data do not end")
    return memoryview(inflated)


def _require_matrix(content: memoryview, order: str, depth: int) -> None:
    """A matrix: flags, dimensions, a name, and the parts that its class has."""
    if not len(content):  # an empty cell
        return
    if depth > _DEEPEST:
        raise ValueError("its cells stand in each other without an end")
    parts = list(_elements(content, order))
    if len(parts) < 3 or parts[0].kind != _UINT32 or len(parts[0].content) != 8:
        raise ValueError("a variable has no flags")
    flags, _ = struct.unpack(order + "II", parts[0].content)
    if flags & 0xFF == _OPAQUE:  # three words and a matrix, without dimensions
        _require_kinds(parts[1:], [_TEXTS_TOO, _TEXTS_TOO, _TEXTS_TOO, (_MATRIX,)])
        _require_matrix(parts[4].content, order, depth + 1)
        return
    shape = parts[1]
    if shape.kind not in (_INT32, _UINT32) or len(shape.content) % 4 or len(shape.content) < 8:
        raise ValueError("a variable has no dimensions")
    sides = struct.unpack(f"{order}{len(shape.content) // 4}i", shape.content)
    if min(sides) < 0:
        raise ValueError(f"a variable has the dimensions {sides}")
    if parts[2].kind not in _TEXTS_TOO:
        raise ValueError("a variable has no name")
    _require_parts(flags & 0xFF, bool(flags & _COMPLEX), math.prod(sides), parts[3:], order, depth)


def _require_parts(kind: int, complex_: bool, count: int, parts: list[_Element], order: str, depth: int) -> None:
    if kind in (_CELL, _STRUCT, _OBJECT):
        before = {_CELL: 0, _STRUCT: 2, _OBJECT: 3}[kind]
        fields = 1 if kind == _CELL else _count_fields(parts[before - 2 : before], order)
        inner = parts[before:]
        if len(inner) != count * fields:
            raise ValueError(f"a variable of {count} cells has {len(inner)}")
        for part in inner:
            if part.kind != _MATRIX:
                raise ValueError(f"an element of type {part.kind} stands where a cell should")
            _require_matrix(part.content, order, depth + 1)
    elif 4 <= kind <= _LAST_PLAIN:
        wanted = (3 if kind == _SPARSE else 1) + complex_
        _require_kinds(parts, [(*_NUMBERS, *_TEXTS)] * wanted)
    elif kind == _FUNCTION:
        _require_kinds(parts, [(_MATRIX,)])
        _require_matrix(parts[0].content, order, depth + 1)
    else:
        raise ValueError(f"a variable of class {kind} is none that is read")


def _require_kinds(parts: list[_Element], wanted: list[tuple[int, ...]]) -> None:
    if len(parts) != len(wanted) or any(part.kind not in kinds for part, kinds in zip(parts, wanted, strict=True)):
        raise ValueError(f"a variable has parts of the types {[part.kind for part in parts]}, which cannot be")


def _count_fields(parts: list[_Element], order: str) -> int:
    """From the two elements that tell how long a field's name is, and the names."""
    if len(parts) != 2 or parts[0].kind != _INT32 or len(parts[0].content) != 4 or parts[1].kind not in (1, 2):
        raise ValueError("a structure has no fields")
    (length,) = struct.unpack(order + "i", parts[0].content)
    if length < 1 or len(parts[1].content) % length:
        raise ValueError(f"the names of a structure's fields are {length} bytes long, and its list of them is not")
    return len(parts[1].content) // length
