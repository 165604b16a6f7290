"""Inner products of vectors, component by component."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import checks


def cosine_costs(vectors: NDArray[np.float32], template: NDArray[np.float32]) -> NDArray[np.float32]:
    """`kwsd.scorers.cosine_costs`, step by step."""
    return np.float32(1) - inner_products(vectors, template)


def inner_products(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """`kwsd.scorers.inner_products`: the products of the first components, plus those of the second, and so on."""
    columns = checks.vectors(others, "template")
    rows = checks.vector_rows(vectors, columns.shape[1])
    sums = np.zeros((len(rows), len(columns)), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):  # whoever aligns the costs refuses NaN and infinity
        for component, others_component in zip(rows.T, columns.T, strict=True):
            sums += component[:, None] * others_component
    return sums


def paired_products(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """`kwsd.scorers.paired_products`, component by component as `inner_products`."""
    rows = checks.vectors(vectors, "vectors", may_be_empty=True)
    beside = checks.vector_rows(others, rows.shape[1])
    if len(rows) != len(beside):
        raise ValueError(f"{len(rows)} vectors and {len(beside)} others are not pairs")
    sums = np.zeros(len(rows), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        for component, others_component in zip(rows.T, beside.T, strict=True):
            sums += component * others_component
    return sums
