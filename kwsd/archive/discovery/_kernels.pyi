import numpy as np
from numpy.typing import NDArray

def density(vectors: NDArray[np.int8], sample: NDArray[np.int8], count: int) -> NDArray[np.int32]: ...
def project(
    vectors: NDArray[np.int8],
    windows: NDArray[np.int32],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    width: int,
) -> NDArray[np.int32]: ...
def compare(
    vectors: NDArray[np.int8],
    level: NDArray[np.int32],
    leaves: NDArray[np.int32],
    width: int,
    least: int,
    near: NDArray[np.int32],
    score: NDArray[np.int32],
) -> None: ...
def align_locally(
    vectors: NDArray[np.int8],
    level: NDArray[np.int32],
    places: NDArray[np.int32],
    limits: NDArray[np.int32],
    reach: int,
    band: int,
    gap: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]: ...
