import numpy as np
from numpy.typing import NDArray

def nearest_sums(
    products: NDArray[np.float32], halves: NDArray[np.float32], crosses: NDArray[np.float32], width: int, first: int = 1
) -> NDArray[np.uint8]: ...
