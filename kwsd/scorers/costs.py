"""Local costs: how unlike one frame of the stream is one frame of a template."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import checks


def cosine_costs(vectors: NDArray[np.float32], template: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine distances 1 - z.w of every vector [n, m] to every template vector [k, m], both of unit length: [n, k].

    Raises:
        ValueError: the shapes do not fit each other, or the template is empty.
    """
    rows, columns = checks.vectors(vectors, "vectors", may_be_empty=True), checks.vectors(template, "template")
    if rows.shape[1] != columns.shape[1]:
        raise ValueError(f"vectors have {rows.shape[1]} dimensions, but the template's have {columns.shape[1]}")
    with np.errstate(invalid="ignore", over="ignore"):  # whoever aligns the costs refuses NaN and infinity
        return np.float32(1) - rows @ columns.T
