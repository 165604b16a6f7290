"""Checks of a segment's arrays, whose file may be damaged or made by a stranger.

What a search reads of the posting lists is checked there: they are large, and all of them would have to be read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kwsd.archive.segments.documents import COLUMNS, DIGEST
from kwsd.archive.segments.manifest import Entry
from kwsd.archive.storage.array_file import Arrays

LATEST = 1e11  # s; a time of day that a calendar has
LONGEST = 1e9  # s of a recording

_KINDS: dict[str, tuple[DTypeLike, int]] = {
    **{f"document_{name}": (kind, 1) for name, kind in COLUMNS.items()},
    "document_digest": (np.uint8, 2),
    "document_path": (np.uint8, 1),
    "document_path_end": (np.int64, 1),
    "codes": (np.uint8, 2),
    "norms": (np.uint8, 1),
    "vectors": (np.int8, 2),
    "pair_keys": (np.uint16, 1),
    "pair_ends": (np.uint32, 1),
    "pair_places": (np.int32, 1),
}


def check_arrays(arrays: Arrays, entry: Entry) -> None:
    """Check that arrays are those of the segment that the manifest describes.

    Raises:
        ValueError: one is missing or of another type, or they do not fit each other; the message says which.
    """
    for name, (kind, dimensions) in _KINDS.items():
        array = arrays.get(name)
        _require(array is not None and array.dtype == kind and array.ndim == dimensions, name)
    _check_documents(arrays, entry.documents)
    _check_codes(arrays, entry.frames)
    _check_pairs(arrays["pair_keys"], arrays["pair_ends"], len(arrays["pair_places"]))


def _check_documents(arrays: Arrays, documents: int) -> None:
    digest, path, end = arrays["document_digest"], arrays["document_path"], arrays["document_path_end"]
    for name in (*COLUMNS, "path_end"):
        _require(len(arrays[f"document_{name}"]) == documents, f"document_{name}")
    _require(digest.shape == (documents, DIGEST), "document_digest")
    _require(_rise_to(end, len(path)), "document_path_end")
    _require(bool(path.all()), "document_path")
    for name in ("seconds", "origin"):
        _require(bool((np.abs(arrays[f"document_{name}"]) <= LONGEST).all()), f"document_{name}")
    began = arrays["document_began"]
    _require(bool((np.isnan(began) | ((began >= 0) & (began <= LATEST))).all()), "document_began")


def _check_codes(arrays: Arrays, frames: int) -> None:
    counts = arrays["document_frames"]
    _require(not len(counts) or counts.min() >= 0, "document_frames")
    _require(int(counts.sum(dtype=np.int64)) == frames, "document_frames")
    for name in ("codes", "norms", "vectors"):
        _require(len(arrays[name]) == frames, name)
    _require(arrays["codes"].shape[1] > 0, "codes")


def _check_pairs(keys: NDArray[np.uint16], ends: NDArray[np.uint32], places: int) -> None:
    _require(bool((keys[1:] > keys[:-1]).all()), "pair_keys")
    _require(len(ends) == len(keys) and _rise_to(ends, places), "pair_ends")


def _rise_to(ends: NDArray[Any], last: int) -> bool:
    """Whether ends of lists do not fall, and the last one is the end of all."""
    if not len(ends):
        return last == 0
    return bool(ends[0] >= 0 and (ends[1:] >= ends[:-1]).all() and ends[-1] == last)


def _require(right: bool, name: str) -> None:
    if not right:
        raise ValueError(f"its array {name} is missing or wrong")
