import numpy as np
from numpy.typing import ArrayLike, NDArray

BLOCK: int

def vote(
    places: NDArray[np.int32],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    shift: NDArray[np.int32],
    weight: NDArray[np.int32],
    frames: int,
    count: int,
    above: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]: ...
def around(
    window: NDArray[np.int32],
    score: NDArray[np.int32],
    reach: int,
    bounds: NDArray[np.int64],
    alive: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def align(
    codes: NDArray[np.uint8],
    norms: NDArray[np.uint8],
    gains: NDArray[np.float32],
    tables: NDArray[np.float32],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]: ...
def nearest(
    codes: NDArray[np.uint8],
    norms: NDArray[np.uint8],
    gains: NDArray[np.float32],
    tables: NDArray[np.float32],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]: ...
def lowest(distance: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.int64]: ...
def align_costs(costs: ArrayLike, lengths: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int32]]: ...
