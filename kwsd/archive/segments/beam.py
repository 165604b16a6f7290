"""Codes by beam search, compiled; the readable twin is in `kwsd.archive.segments.reference`.

- `nearest_sums`: vectors to one word of each stage, whose sum is near (Babenko & Lempitsky 2014, section 3.2).
"""

from kwsd.scorers import KernelsMissingError

try:
    from kwsd.archive.segments._beam import nearest_sums
except ImportError as error:
    raise KernelsMissingError(
        f"the archive's compiled kernels do not load ({error}): install kwsd with `pip install .`, "
        "or run `python setup.py build_ext --inplace` in its source folder"
    ) from error

__all__ = ["nearest_sums"]
