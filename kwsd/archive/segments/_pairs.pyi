import numpy as np
from numpy.typing import NDArray

def find(
    rows: NDArray[np.uint8], stages: int, bounds: NDArray[np.int64], terms: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]: ...
