"""Ascending numbers in few bits: the quasi-succinct lists of Elias (1974) and Fano (1971), as Vigna (2013) uses them.

Of each number the lower bits are stored as they are, and the upper part in unary: bit (upper part + index) is set.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

import numpy as np

from kwsd.archive.segments import bits
from kwsd.scorers import exact


cdef extern from "elias_fano.h":
    int low_bits "kwsd_low_bits"(int64_t count, int64_t universe) noexcept nogil
    bint read_list "kwsd_read_list"(const uint8_t *stream, int64_t begin, int64_t count, int low, int64_t universe,
                                    int32_t *out) noexcept nogil


cdef int64_t LARGEST = bits.LARGEST, SPARE = bits.SPARE


def encode(values, counts, universe):
    """The bits of ascending lists, one list after another.

    Args:
        values: int32 [v], the lists one after another, each strictly ascending, from 0 and less than `universe`.
        counts: int64 [l] how many numbers each list has.
        universe: 1 to 2^31 - 1.

    Returns:
        stream: uint8, `bits.sizes(counts, universe)` in all, rounded up, and `bits.SPARE` bytes.

    Raises:
        ValueError: an array has another type, the counts do not add up to the values, or a value does not fit.
    """
    cdef const int32_t[::1] given
    cdef const int64_t[::1] many
    cdef int64_t[::1] begin
    cdef int32_t[::1] low
    given, many = bits.values(values, counts, universe)
    begin, low = bits.begins(counts, universe), bits.low_bits(counts, universe)
    stream = np.zeros(bits.room(counts, universe), dtype=np.uint8)
    cdef uint8_t[::1] out = stream
    cdef Py_ssize_t i, first = 0
    with nogil:
        for i in range(many.shape[0]):
            if many[i]:
                write_list(&given[first], many[i], low[i], begin[i], &out[0])
                first += many[i]
    return stream


def decode(stream, begin, counts, universe):
    """Some lists of a stream that `encode` made.

    Args:
        stream: uint8, with all its lists.
        begin: int64 [l] the bit at which each list begins, see `bits.begins`.
        counts: int64 [l] how many numbers each has.
        universe: as it was encoded.

    Returns:
        values: int32, the lists one after another.

    Raises:
        ValueError: an array has another type, a list reaches beyond the stream, or is not one of such a universe.
    """
    cdef const uint8_t[::1] given = exact.vector(stream, "stream", np.uint8)
    cdef const int64_t[::1] starts = exact.vector(begin, "begin", np.int64)
    cdef const int64_t[::1] many = exact.vector(counts, "counts", np.int64)
    cdef int64_t most = universe, room = 8 * (given.shape[0] - SPARE), first = 0
    cdef Py_ssize_t i
    cdef bint right = 1 <= most <= LARGEST and starts.shape[0] == many.shape[0]
    if right:
        for i in range(many.shape[0]):
            right &= 0 <= many[i] <= most and starts[i] >= 0 and starts[i] <= room - list_bits(many[i], most)
            first += many[i]
    if not right:
        bits.lists(stream, begin, counts, universe)
    found = np.empty(first, dtype=np.int32)
    cdef int32_t[::1] out = found
    first = 0
    with nogil:
        for i in range(many.shape[0]):
            if many[i]:
                right &= read_list(&given[0], starts[i], many[i], low_bits(many[i], most), most, &out[first])
                first += many[i]
    if not right:
        raise ValueError("the stream holds no such lists")
    return found


cdef inline int64_t list_bits(int64_t count, int64_t universe) noexcept nogil:
    """As `bits.sizes`."""
    cdef int low = low_bits(count, universe)
    return count * (low + 1) + (universe >> low) + 1 if count else 0


cdef void write_list(const int32_t *values, int64_t count, int low, int64_t begin, uint8_t *stream) noexcept nogil:
    cdef int64_t i, upper = begin + count * low
    for i in range(count):
        write_bits(stream, begin + i * low, values[i] & ((<uint64_t>1 << low) - 1))
        write_bits(stream, upper + (values[i] >> low) + i, 1)


cdef inline void write_bits(uint8_t *stream, int64_t at, uint64_t value) noexcept nogil:
    """Sets the bits of a value, at most 32, where there were none."""
    value <<= at & 7
    at >>= 3
    while value:
        stream[at] |= value & 255
        value >>= 8
        at += 1
