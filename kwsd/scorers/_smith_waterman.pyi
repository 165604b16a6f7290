import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwsd.scorers.alignment import Alignment

def smith_waterman(
    query: NDArray[np.int32], other: NDArray[np.int32], *, match: int = 2, mismatch: int = -1, gap: int = -2
) -> Alignment: ...
def smith_waterman_each(
    query: NDArray[np.int32],
    others: NDArray[np.int32],
    lengths: ArrayLike,
    *,
    match: int = 2,
    mismatch: int = -1,
    gap: int = -2,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]: ...
