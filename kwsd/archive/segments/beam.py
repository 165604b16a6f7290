"""Codes by beam search, compiled; the readable twin is in `kwsd.archive.segments.reference`.

- `nearest_sums`: vectors to one word of each stage, whose sum is near (Babenko & Lempitsky 2014, section 3.2).
"""

from kwsd.scorers import KernelsMissingError

try:
    from kwsd.archive.segments._beam import nearest_sums
except ImportError as error:
    raise KernelsMissingError("the archive's compiled kernels", error) from error

__all__ = ["nearest_sums"]
