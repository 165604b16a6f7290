import numpy as np
from numpy.typing import ArrayLike, NDArray

def edit_distance(
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    substitution: ArrayLike | None = None,
    *,
    score_cutoff: float | None = None,
) -> float: ...
def edit_distances(
    a: NDArray[np.int32],
    tokens: NDArray[np.int32],
    lengths: ArrayLike,
    substitution: ArrayLike | None = None,
    *,
    score_cutoff: float | None = None,
) -> NDArray[np.float32]: ...

class SubsequenceEditDistance:
    def __init__(self, lengths: ArrayLike, deletion: float = 1.0) -> None: ...
    @property
    def columns(self) -> int: ...
    def push(self, costs: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.int32]]: ...
    def beginnings(self, lacking: int) -> NDArray[np.float32]: ...
    def reset(self) -> None: ...
