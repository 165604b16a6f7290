"""Ascending numbers in few bits: the quasi-succinct lists of Elias (1974) and Fano (1971), as Vigna (2013) uses them.

Of each number the lower bits are stored as they are, and the upper part in unary: bit (upper part + index) is set.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

import numpy as np

from kwsd.archive.segments import bits


cdef extern from *:
    """
    #if defined(__GNUC__)
    #define KWSD_LOWEST_BIT(word) __builtin_ctzll(word)
    #else
    static inline int KWSD_LOWEST_BIT(unsigned long long word)
    {
        int bit = 0;
        while (!(word >> bit & 1))
            bit++;
        return bit;
    }
    #endif
    """
    int lowest_bit "KWSD_LOWEST_BIT"(uint64_t word) noexcept nogil


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
    cdef const uint8_t[::1] given
    cdef const int64_t[::1] starts, many
    cdef int32_t[::1] low
    given, starts, many = bits.lists(stream, begin, counts, universe)
    low = bits.low_bits(counts, universe)
    found = np.empty(int(np.sum(counts)), dtype=np.int32)
    cdef int32_t[::1] out = found
    cdef int64_t most = universe
    cdef Py_ssize_t i, first = 0
    cdef bint right = True
    with nogil:
        for i in range(many.shape[0]):
            if many[i]:
                right &= read_list(&given[0], starts[i], many[i], low[i], most, &out[first])
                first += many[i]
    if not right:
        raise ValueError("the stream holds no such lists")
    return found


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


cdef inline uint64_t word_at(const uint8_t *stream, int64_t at) noexcept nogil:
    """At least 57 bits from a bit on; the stream has spare bytes after its last list."""
    cdef uint64_t word
    memcpy(&word, stream + (at >> 3), 8)
    return word >> (at & 7)


cdef bint read_list(const uint8_t *stream, int64_t begin, int64_t count, int low, int64_t universe,
                    int32_t *out) noexcept nogil:
    """Reads a list; whether it is ascending and within the universe. It never reads beyond the list's bits and a word."""
    cdef int64_t i = 0, bit = 0, value, before = -1, upper = begin + count * low, length = count + (universe >> low) + 1
    cdef uint64_t word, mask = (<uint64_t>1 << low) - 1
    cdef bint right = True
    while i < count and bit < length:
        word = word_at(stream, upper + bit) & ((<uint64_t>1 << 56) - 1)
        while word and i < count:
            value = ((bit + lowest_bit(word) - i) << low) | <int64_t>(word_at(stream, begin + i * low) & mask)
            right &= before < value < universe
            out[i] = <int32_t>value
            before = value
            word &= word - 1
            i += 1
        bit += 56
    return right and i == count
