"""The compiled kernels of the archive's search, each with a readable twin in `kwsd.archive.search.reference`.

- `vote`: the windows of the archive with the highest sums of posting lists' weights.
- `around`: the regions of the archive around windows that have more votes than their neighbours.
- `align`, `align_costs`: subsequence DTW of a template in regions of the archive (Müller 2007, section 4.4).
- `nearest`: the same, and of each region only the place that is nearest.
- `lowest`: the position of the lowest distance in each region.
"""

from kwsd.scorers import KernelsMissingError

try:
    from kwsd.archive.search._kernels import BLOCK, align, align_costs, around, lowest, nearest, vote
except ImportError as error:
    raise KernelsMissingError("the archive's compiled kernels", error) from error

__all__ = ["BLOCK", "align", "align_costs", "around", "lowest", "nearest", "vote"]
