"""How the codes of an index lie: of each two one is whole, and the other is coded between its neighbours.

The codes at even places of a recording are whole: one byte for each stage of the quantizer, and the sum of the words is
nearly the vector. A code between has two bytes less, but one at least. What they say is what is left of the vector when
BESIDE times the sums of the two codes beside it, and OWN times its own first word, are taken away; words of the stages
after the first stand for that. A whole code and the code after it are one row of bytes. Indexes before format 5 have
whole codes only: there a row is one code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.tokenizer.codebook import gathered

BESIDE, OWN = np.float32(0.35), np.float32(0.46)
SHORTER = 2  # bytes


def bytes_between(stages: int) -> int:
    """The bytes of a code between its neighbours, where a whole one has so many."""
    return max(1, stages - SHORTER)


def width_of(stages: int) -> int:
    """The bytes of a row."""
    return stages + bytes_between(stages)


def stages_of(width: int) -> int:
    """The bytes of a whole code in rows of so many bytes.

    Raises:
        ValueError: no row has so many.
    """
    stages = 1 if width == width_of(1) else width // 2 + 1
    if width < 1 or width_of(stages) != width:
        raise ValueError(f"no row has {width} bytes")
    return stages


def first_words(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[2 r] the first byte of each code in rows [r, w]."""
    return rows[:, [0, stages_of(rows.shape[1])]].reshape(-1)


def sums(rows: NDArray[np.uint8], tables: NDArray[np.float32], first: int, last: int) -> NDArray[np.float32]:
    """What codes stand for: the sums of the rows of tables that their words name.

    Args:
        rows: [r, w] of a recording, or of an archive, from its first code on.
        tables: [s, 256, k] code words, or their products with k vectors.
        first, last: the codes in [first, last), at least one.

    Returns:
        [last - first, k]. The last code of all rows has no neighbour after it; there the sum after it counts as 0.
    """
    begin, end = first // 2, (last + 1) // 2
    some, stages = rows[begin : end + 1], len(tables)
    whole = gathered(tables, some[:, :stages])
    some, after = some[: end - begin], whole[1:]
    if end == len(rows):
        after = np.concatenate([after, np.zeros_like(whole[:1])])
    words: NDArray[Any] = some[:, stages:]
    between = OWN * tables[0][words[:, 0]]
    for stage in range(1, words.shape[1]):
        between += tables[stage][words[:, stage]]
    between += BESIDE * (whole[: end - begin] + after)
    every = np.stack([whole[: end - begin], between], axis=1).reshape(-1, tables.shape[2])
    return every[first % 2 : first % 2 + last - first]
