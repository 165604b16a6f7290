"""A file of named arrays that is written once and then memory-mapped.

Format: magic bytes, the length of a JSON header, the header, and the arrays, each aligned to 64 bytes. An array may be
compressed by zlib; it is then read into memory.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Container, Iterator, Mapping
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kwsd.errors import ArchiveError

MAGIC = b"kwsdseg1"
ALIGNMENT = 64
LENGTH_BYTES = 8  # bytes of the header's length
LONGEST_HEADER = 1 << 20  # bytes
LARGEST_COMPRESSED = 1 << 28  # bytes of an array that was compressed: a few that a stranger wrote could fill the memory

Arrays = Mapping[str, NDArray[Any]]


class _Described(msgspec.Struct, frozen=True):
    """An array in the header.

    Attributes:
        dtype, shape: its numbers' type, and its shape.
        offset: bytes from the end of the header to it.
        compressed: bytes that it takes if it was compressed, else 0.
    """

    dtype: Annotated[str, Meta(pattern=r"^([|][iu]1|<[iuf][248])\Z")]
    shape: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(min_length=1, max_length=2)]
    offset: Annotated[int, Meta(ge=0, multiple_of=ALIGNMENT)]
    compressed: Annotated[int, Meta(ge=0)] = 0

    @property
    def size(self) -> int:
        """The bytes of the array."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def pack(arrays: Arrays, compressed: Container[str] = ()) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a file that holds the arrays, those of some names compressed."""
    described: dict[str, dict[str, object]] = {}
    contents: list[memoryview] = []
    offset = 0
    for name, array in arrays.items():
        described[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        contents.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        if name in compressed:
            contents[-1] = memoryview(zlib.compress(contents[-1]))
            described[name]["compressed"] = len(contents[-1])
        offset += -(-len(contents[-1]) // ALIGNMENT) * ALIGNMENT
    header = json.dumps(described).encode()
    header += b" " * (-(len(MAGIC) + LENGTH_BYTES + len(header)) % ALIGNMENT)
    yield MAGIC + len(header).to_bytes(LENGTH_BYTES, "little") + header
    for content in contents:
        yield content
        yield bytes(-len(content) % ALIGNMENT)


def unpack(content: memoryview, name: str) -> Arrays:
    """The arrays in a file's content; they share its memory, but for those that were compressed.

    Raises:
        ArchiveError: the content is not an array file, or an array in it is of another type or reaches beyond its end.
    """
    try:
        described, first = _header(content)
        return {name: _array(content, first, facts) for name, facts in described.items()}
    except (ValueError, TypeError, RecursionError, zlib.error, msgspec.MsgspecError) as error:
        raise ArchiveError(f"{name} is damaged or not a segment of an index: run `kwsd index verify`") from error


def stored_bytes(content: memoryview) -> dict[str, int]:
    """How many bytes each array takes in a file's content, from which it was unpacked."""
    return {name: facts.compressed or facts.size for name, facts in _header(content)[0].items()}


def _header(content: memoryview) -> tuple[dict[str, _Described], int]:
    """What the header says of each array, and where the header ends."""
    if content[: len(MAGIC)] != MAGIC:
        raise ValueError("magic")
    start = len(MAGIC) + LENGTH_BYTES
    first = start + int.from_bytes(content[len(MAGIC) : start], "little")
    if first > min(len(content), LONGEST_HEADER):
        raise ValueError("header")
    return msgspec.json.decode(content[start:first], type=dict[str, _Described]), first


def _array(content: memoryview, first: int, facts: _Described) -> NDArray[Any]:
    size, begin = facts.size, first + facts.offset
    stored = content[begin : begin + (facts.compressed or size)]
    if len(stored) < (facts.compressed or size) or (facts.compressed and size > LARGEST_COMPRESSED):
        raise ValueError("size")
    read = zlib.decompressobj().decompress(stored, max(size, 1)) if facts.compressed else stored
    if len(read) < size:
        raise ValueError("size")
    return np.frombuffer(read, facts.dtype).reshape(facts.shape)
