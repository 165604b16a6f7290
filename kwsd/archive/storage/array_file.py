"""A file of named arrays that is written once and then memory-mapped.

Format: magic bytes, the length of a JSON header, the header, and the arrays, each aligned to 64 bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
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

Arrays = Mapping[str, NDArray[Any]]


class _Described(msgspec.Struct, frozen=True):
    """An array in the header: its numbers' type, its shape, and bytes from the end of the header to it."""

    dtype: Annotated[str, Meta(pattern=r"^([|][iu]1|<[iuf][248])\Z")]
    shape: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(min_length=1, max_length=2)]
    offset: Annotated[int, Meta(ge=0, multiple_of=ALIGNMENT)]


def pack(arrays: Arrays) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a file that holds the arrays."""
    described, offset = {}, 0
    for name, array in arrays.items():
        described[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        offset += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    header = json.dumps(described).encode()
    header += b" " * (-(len(MAGIC) + LENGTH_BYTES + len(header)) % ALIGNMENT)
    yield MAGIC + len(header).to_bytes(LENGTH_BYTES, "little") + header
    for array in arrays.values():
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        yield bytes(-array.nbytes % ALIGNMENT)


def unpack(content: memoryview, name: str) -> Arrays:
    """The arrays in a file's content; they share its memory.

    Raises:
        ArchiveError: the content is not an array file, or an array in it is of another type or reaches beyond its end.
    """
    try:
        if content[: len(MAGIC)] != MAGIC:
            raise ValueError("magic")
        start = len(MAGIC) + LENGTH_BYTES
        first = start + int.from_bytes(content[len(MAGIC) : start], "little")
        if first > min(len(content), LONGEST_HEADER):
            raise ValueError("header")
        described = msgspec.json.decode(content[start:first], type=dict[str, _Described])
        return {name: _array(content, first, facts) for name, facts in described.items()}
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise ArchiveError(f"{name} is damaged or not a segment of an index: run `kwsd index verify`") from error


def _array(content: memoryview, first: int, facts: _Described) -> NDArray[Any]:
    count, dtype, begin = math.prod(facts.shape), np.dtype(facts.dtype), first + facts.offset
    if begin + count * dtype.itemsize > len(content):
        raise ValueError("size")
    return np.frombuffer(content[begin : begin + count * dtype.itemsize], dtype).reshape(facts.shape)
