"""The compiled kernels of discovery, each with a readable twin in `kwsd.archive.discovery.reference`.

- `density`: how like the nearest of a sample each vector is.
- `project`, `compare`: random projection trees (Dasgupta & Freund 2008), one level and the leaves.
- `align_locally`: segmental DTW around a pair of places (Park & Glass 2008), as local alignment.
"""

from kwsd.scorers import KernelsMissingError

try:
    from kwsd.archive.discovery._kernels import align_locally, compare, density, project
except ImportError as error:
    raise KernelsMissingError("the compiled kernels of discovery", error) from error

__all__ = ["align_locally", "compare", "density", "project"]
