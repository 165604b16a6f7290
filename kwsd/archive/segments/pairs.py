"""Pairs of codes, read from all codes in turn, compiled; the readable twin is in `kwsd.archive.segments.reference`.

- `find`: the places of pairs of codes, as their posting lists would have them.
"""

from kwsd.scorers import KernelsMissingError

try:
    from kwsd.archive.segments._pairs import find
except ImportError as error:
    raise KernelsMissingError("the archive's compiled kernels", error) from error

__all__ = ["find"]
