"""Named arrays in one file that is written once and then mapped into memory.

A magic word, the length of a JSON header, the header, and the arrays, each at a multiple of 64 bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ArchiveError

MAGIC = b"kwsdseg1"
ALIGNED = 64
LENGTH = 8  # bytes of the header's length

Arrays = Mapping[str, NDArray[Any]]


def pack(arrays: Arrays) -> Iterator[bytes | memoryview]:
    """The content of a file that holds the arrays, piece by piece."""
    described, offset = {}, 0
    for name, array in arrays.items():
        described[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        offset += -(-array.nbytes // ALIGNED) * ALIGNED
    header = json.dumps(described).encode()
    header += b" " * (-(len(MAGIC) + LENGTH + len(header)) % ALIGNED)
    yield MAGIC + len(header).to_bytes(LENGTH, "little") + header
    for array in arrays.values():
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        yield bytes(-array.nbytes % ALIGNED)


def unpack(content: memoryview, name: str) -> Arrays:
    """The arrays in a file's content, which they share.

    Raises:
        ArchiveError: the content is not such a file, or ends before its arrays do.
    """
    try:
        if content[: len(MAGIC)] != MAGIC:
            raise ValueError("magic")
        start = len(MAGIC) + LENGTH
        first = start + int.from_bytes(content[len(MAGIC) : start], "little")
        described = json.loads(bytes(content[start:first]))
        return {key: _array(content, first, facts) for key, facts in described.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"{name} is damaged or not a segment of an index: run `kwsd index verify`") from error


def _array(content: memoryview, first: int, facts: Any) -> NDArray[Any]:
    count = int(np.prod(facts["shape"], dtype=np.int64))
    dtype = np.dtype(facts["dtype"])
    return np.frombuffer(content, dtype, count, first + facts["offset"]).reshape(facts["shape"])
