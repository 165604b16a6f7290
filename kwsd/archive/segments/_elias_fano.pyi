import numpy as np
from numpy.typing import NDArray

def encode(values: NDArray[np.int32], counts: NDArray[np.int64], universe: int) -> NDArray[np.uint8]: ...
def decode(
    stream: NDArray[np.uint8], begin: NDArray[np.int64], counts: NDArray[np.int64], universe: int
) -> NDArray[np.int32]: ...
