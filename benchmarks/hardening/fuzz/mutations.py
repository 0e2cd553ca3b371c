"""Mutations that get past checksums and grammars: inside the chunks of a PNG, the arrays of an NPZ, a value of JSON."""

from __future__ import annotations

import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

Mutate = Callable[[bytes, int], bytes]

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST = 1 << 20  # of what a compressed part may become
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, -0.0, 1e308, 1e999, float("nan"), 2**31, 2**63, -(2**63), 10**30, "", "a", "..",
    "../../a", "/", "\0", "nan", [], [[]], [[0]], {}, {"a": 1}, [1, 2, 3, 4, 5, 6],
)  # fmt: skip


def mutate_picture(data: bytes, size: int, seed: int, mutate: Mutate) -> bytes:
    """A PNG's chunks with checksums that fit, half of the time; else any bytes."""
    draw = random.Random(seed)
    if data.startswith(_PNG) and draw.random() < 0.5:
        chunks = _chunks(data)
        if chunks:
            place = draw.randrange(len(chunks))
            kind, content = chunks[place]
            chunks[place] = (kind, _mutated_chunk(kind, content, size, draw, mutate))
            return (_PNG + b"".join(map(_chunk, chunks)))[:size]
    return mutate(data, size)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, position = [], len(_PNG)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        chunks.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    return chunks


def _mutated_chunk(kind: bytes, content: bytes, size: int, draw: random.Random, mutate: Mutate) -> bytes:
    if kind != b"IDAT" or draw.random() < 0.3:
        return mutate(content, max(len(content), 64))
    try:
        rows = zlib.decompressobj().decompress(content, _LARGEST)
    except zlib.error:
        return mutate(content, size)
    return zlib.compress(mutate(rows, max(len(rows), 64)))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, content = chunk
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def mutate_archive(data: bytes, size: int, seed: int, mutate: Mutate) -> bytes:
    """The content of one file in a zip archive, most of the time; else any bytes."""
    draw = random.Random(seed)
    if draw.random() < 0.2:
        return mutate(data, size)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = {each.filename: archive.open(each).read(_LARGEST) for each in archive.infolist()}
    except Exception:  # any damage
        return mutate(data, size)
    if not members:
        return mutate(data, size)
    chosen = draw.choice(sorted(members))
    members[chosen] = mutate(members[chosen], len(members[chosen]) + 64)
    if draw.random() < 0.05:
        members.pop(draw.choice(sorted(members)))
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()[:size]


def mutate_json(data: bytes, size: int, seed: int, mutate: Mutate) -> bytes:
    """A value anywhere in a JSON text, most of the time; else any bytes."""
    draw = random.Random(seed)
    if draw.random() < 0.2:
        return mutate(data, size)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return mutate(data, size)
    for _ in range(draw.randint(1, 3)):
        content = _changed(content, draw)
    try:
        return json.dumps(content).encode("utf-8", "replace")[:size]
    except (ValueError, RecursionError):
        return mutate(data, size)


def _changed(value: Any, draw: random.Random) -> Any:
    """The same value with one part of it another one, gone, or twice."""
    if not isinstance(value, dict | list) or not value or draw.random() < 0.1:
        if isinstance(value, int | float) and not isinstance(value, bool) and draw.random() < 0.5:
            return value + draw.choice((-1, 1, 0.5, 255))
        return draw.choice(_VALUES)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = draw.choice(keys)
    other = value.copy()
    what = draw.random()
    if what < 0.1:
        other.pop(key)
    elif what < 0.2 and isinstance(other, list):
        other.append(other[key])
    elif what < 0.2:
        other[str(draw.choice(list(value)))] = other[key]
    else:
        other[key] = _changed(value[key], draw)
    return other
