"""A file of named arrays that is written once and then memory-mapped.

Format: magic bytes, the length of a JSON header, the header, and the arrays, each aligned to 64 bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ArchiveError

MAGIC = b"kwsdseg1"
ALIGNMENT = 64
LENGTH_BYTES = 8  # bytes of the header's length

Arrays = Mapping[str, NDArray[Any]]


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
        ArchiveError: the content is not an array file, or is truncated.
    """
    try:
        if content[: len(MAGIC)] != MAGIC:
            raise ValueError("magic")
        start = len(MAGIC) + LENGTH_BYTES
        first = start + int.from_bytes(content[len(MAGIC) : start], "little")
        described = json.loads(bytes(content[start:first]))
        return {key: _array(content, first, facts) for key, facts in described.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"{name} is damaged or not a segment of an index: run `kwsd index verify`") from error


def _array(content: memoryview, first: int, facts: Any) -> NDArray[Any]:
    count = int(np.prod(facts["shape"], dtype=np.int64))
    dtype = np.dtype(facts["dtype"])
    return np.frombuffer(content, dtype, count, first + facts["offset"]).reshape(facts["shape"])
