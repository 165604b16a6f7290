"""Lists of ascending numbers in few bits, compiled; the readable twins are in `kwsd.archive.segments.reference`.

- `encode`: lists to a stream of bits (Elias 1974; Fano 1971; Vigna 2013).
- `decode`: some of the lists of a stream.
- `begins`, `room`: where each list begins, and how many bytes all take, from the numbers that they have.
"""

from kwsd.archive.segments.bits import SPARE, begins, room
from kwsd.scorers import KernelsMissingError

try:
    from kwsd.archive.segments._elias_fano import decode, encode
except ImportError as error:
    raise KernelsMissingError("the archive's compiled kernels", error) from error

__all__ = ["SPARE", "begins", "decode", "encode", "room"]
