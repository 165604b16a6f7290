"""Checks of a segment's arrays, whose file may be damaged or made by a stranger.

What a search reads of the posting lists is checked there: they are large, and all of them would have to be read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kwsd.archive.segments import elias_fano
from kwsd.archive.segments.alternation import stages_of
from kwsd.archive.segments.documents import COLUMNS, DIGEST
from kwsd.archive.segments.manifest import Entry
from kwsd.archive.segments.posting_lists import MANY, TERMS, counts_of
from kwsd.archive.storage.array_file import Arrays

LATEST = 1e11  # s; a time of day that a calendar has
LONGEST = 1e9  # s of a recording

_KINDS: dict[str, tuple[DTypeLike, int]] = {
    **{f"document_{name}": (kind, 1) for name, kind in COLUMNS.items()},
    "document_digest": (np.uint8, 2),
    "document_path": (np.uint8, 1),
    "document_path_end": (np.int64, 1),
    "vectors": (np.int8, 2),
}
_PAIRS: dict[str, tuple[DTypeLike, int]] = {
    "pair_known": (np.uint8, 1),
    "pair_counts": (np.uint8, 1),
    "pair_many": (np.uint32, 1),
    "pair_places": (np.uint8, 1),
}


def has_lists(arrays: Arrays) -> bool:
    """Whether a segment has posting lists as they are written today; before, they were arrays of other names."""
    return "pair_known" in arrays


def has_lengths(arrays: Arrays) -> bool:
    """Whether norms take half a byte, as they do today; before, they took a byte and had another name."""
    return "lengths" in arrays


def has_rows(arrays: Arrays) -> bool:
    """Whether every other code is coded between its neighbours; before, codes were an array of another name."""
    return "rows" in arrays


def check_arrays(arrays: Arrays, entry: Entry) -> None:
    """Check that arrays are those of the segment that the manifest describes.

    Raises:
        ValueError: one is missing or of another type, or they do not fit each other; the message says which.
    """
    norms, codes = "lengths" if has_lengths(arrays) else "norms", "rows" if has_rows(arrays) else "codes"
    kinds = _KINDS | {norms: (np.uint8, 1), codes: (np.uint8, 2)} | (_PAIRS if has_lists(arrays) else {})
    for name, (kind, dimensions) in kinds.items():
        array = arrays.get(name)
        _require(array is not None and array.dtype == kind and array.ndim == dimensions, name)
    _check_documents(arrays, entry.documents)
    _check_codes(arrays, entry.frames)
    if has_lists(arrays):
        _check_pairs(arrays, entry.frames)


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
    _require(len(arrays["vectors"]) == frames, "vectors")
    halved = has_lengths(arrays)
    _require(len(arrays["lengths" if halved else "norms"]) == ((frames + 1) // 2 if halved else frames), "norms")
    if has_rows(arrays):
        _require(halved and not (counts % 2).any(), "document_frames")
        _require(2 * len(arrays["rows"]) == frames and _is_width(arrays["rows"].shape[1]), "rows")
    else:
        _require(len(arrays["codes"]) == frames and arrays["codes"].shape[1] > 0, "codes")


def _is_width(width: int) -> bool:
    try:
        return stages_of(width) > 0
    except ValueError:
        return False


def _check_pairs(arrays: Arrays, frames: int) -> None:
    known, few, many = arrays["pair_known"], arrays["pair_counts"], arrays["pair_many"]
    _require(known.shape == (TERMS // 8,) and np.unpackbits(known).sum() == len(few), "pair_known")
    _require(bool(few.all()), "pair_counts")
    _require(np.count_nonzero(few == MANY) == len(many) and bool((many >= MANY).all()), "pair_many")
    counts = counts_of(few, many)
    _require(counts.sum() <= frames, "pair_many")
    _require(len(arrays["pair_places"]) == elias_fano.room(counts, max(frames, 1)), "pair_places")


def _rise_to(ends: NDArray[Any], last: int) -> bool:
    """Whether ends of lists do not fall, and the last one is the end of all."""
    if not len(ends):
        return last == 0
    return bool(ends[0] >= 0 and (ends[1:] >= ends[:-1]).all() and ends[-1] == last)


def _require(right: bool, name: str) -> None:
    if not right:
        raise ValueError(f"its array {name} is missing or wrong")
