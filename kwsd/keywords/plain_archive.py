"""A reader of .npz archives that strangers may have made: no size and no type is believed before it is checked.

Only what `numpy.savez` writes is read: entries that are neither compressed nor encrypted, so that an archive never
takes more memory than its file, and arrays of numbers or text.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_ENTRIES = 5000

_DIRECTORY_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 1
_HEADER = re.compile(
    rb"\x93NUMPY\x01\0..{'descr': '([<|][fiuU]\d{1,9})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,9}(?:, \d{1,9})*)?),?\), } *\n",
    re.DOTALL,
)


def arrays_in(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an archive by their names.

    Raises:
        ValueError: the archive has too many entries, one that is compressed or encrypted, or one that is no array.
        Exception: it is damaged; `zipfile` raises many types.
    """
    if content.count(_DIRECTORY_ENTRY) > MOST_ENTRIES:  # counted first: zipfile keeps each of them
        raise ValueError(f"it has more than {MOST_ENTRIES} entries")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED for entry in entries):
            raise ValueError("it is compressed or encrypted")
        if sum(entry.file_size for entry in entries) > len(content):
            raise ValueError("its entries are larger than the file")
        found = {entry.filename.removesuffix(".npy"): _array(archive.read(entry)) for entry in entries}
    if len(found) < len(entries):
        raise ValueError("two entries have one name")
    return found


def _array(content: bytes) -> NDArray[Any]:
    header = _HEADER.match(content)
    if header is None:
        raise ValueError("an entry is not an array of numbers or text")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(length) for length in header[2].split(b", ") if length)
    if math.prod(shape) * dtype.itemsize != len(content) - header.end():
        raise ValueError("an array is of another size than its header says")
    return np.frombuffer(content, dtype, offset=header.end()).reshape(shape)
