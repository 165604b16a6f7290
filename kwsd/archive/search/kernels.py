"""The compiled loops of the archive's search, each with a readable twin in `kwsd.archive.search.reference`.

- `vote`: where in the archive many posting lists agree.
- `align`, `align_costs`: a template anywhere in some regions of the archive (Müller 2007).
- `lowest`: where in each region that comes out best.
"""

from kwsd.scorers import KernelsMissingError

try:
    from kwsd.archive.search._kernels import BLOCK, align, align_costs, lowest, vote
except ImportError as error:
    raise KernelsMissingError(
        f"the archive's compiled kernels do not load ({error}): install kwsd with `pip install .`, "
        "or run `python setup.py build_ext --inplace` in its source folder"
    ) from error

__all__ = ["BLOCK", "align", "align_costs", "lowest", "vote"]
