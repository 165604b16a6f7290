"""Where pairs of codes are, read from all codes in turn: what posting lists say, without posting lists."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

import numpy as np

from kwsd.archive.segments import pair_checks as checks

cdef enum:
    TERMS = 1 << 16
    GAP = 2  # as in kwsd.archive.segments.posting_lists; so a pair's second byte is two codes after its first
    LEAST_ROOM = 1 << 12
    FIRST_ROOM = 1 << 16


cdef struct Codes:
    # The first bytes of two codes are `step` bytes from each other, then `width - step`.
    const uint8_t *bytes
    Py_ssize_t width, step


cdef struct Walk:
    # The next document, and the place in it from which on it was not yet read.
    Py_ssize_t document
    int64_t place


def find(rows, stages, bounds, terms):
    """The places of pairs of codes, as their posting lists would have them.

    Args:
        rows: uint8 [r, w] codes, see `kwsd.archive.segments.alternation`: a row has two codes, the second of which
            begins at byte `stages`; or one code of `stages` bytes.
        stages: bytes of a whole code.
        bounds: int64 [d + 1] document i has the codes from bounds[i] up to, not with, bounds[i + 1].
        terms: int64 [l] pairs, ascending: 256 times the first byte of a code, and the first byte of the second code
            after it, which is of the same document.

    Returns:
        counts: int64 [l] how often each pair occurs.
        places: int32 the codes at which they begin, list after list, each ascending.

    Raises:
        ValueError: an array has another type or shape, the bounds reach beyond the rows, or the terms do not ascend.
    """
    cdef const uint8_t[:, ::1] given
    cdef const int64_t[::1] limits, asked
    given, limits, asked = checks.scan(rows, stages, bounds, terms)
    counts = np.zeros(len(terms), dtype=np.int64)
    if not given.shape[0] or not asked.shape[0]:
        return counts, np.empty(0, dtype=np.int32)
    cdef uint8_t[::1] flags = np.zeros(TERMS // 8, dtype=np.uint8)
    cdef uint16_t[::1] rank = np.zeros(TERMS, dtype=np.uint16)
    cdef Codes codes = Codes(&given[0, 0], given.shape[1] if given.shape[1] > stages else 2 * given.shape[1], stages)
    cdef Walk walk = Walk(0, 0)
    cdef uint64_t[::1] found = np.empty(FIRST_ROOM, dtype=np.uint64)
    cdef Py_ssize_t i, held = 0, documents = limits.shape[0] - 1
    for i in range(asked.shape[0]):
        flags[asked[i] >> 3] |= <uint8_t>(1 << (asked[i] & 7))
        rank[asked[i]] = <uint16_t>i
    while True:
        with nogil:
            held = read_on(&codes, limits, &walk, &flags[0], &found[0], held, found.shape[0])
        if walk.document == documents:
            break
        found = np.concatenate([found, np.empty(found.shape[0], dtype=np.uint64)])
    places = np.empty(held, dtype=np.int32)
    cdef int64_t[::1] many = counts, ends = np.empty(asked.shape[0], dtype=np.int64)
    cdef int32_t[::1] out = places
    with nogil:
        sort(&found[0], held, &rank[0], many, ends, out)
    return counts, places


cdef Py_ssize_t read_on(const Codes *codes, const int64_t[::1] limits, Walk *walk, const uint8_t *flags,
                        uint64_t *found, Py_ssize_t held, Py_ssize_t room) noexcept nogil:
    """Adds pairs and their places, until the documents or the room end; returns how many there are."""
    cdef int64_t first, last
    while walk.document < limits.shape[0] - 1:
        first, last = max(walk.place, limits[walk.document]), limits[walk.document + 1] - GAP
        if first >= last:
            walk.document += 1
            continue
        if room - held < LEAST_ROOM:
            return held
        last = min(last, first + room - held)
        held = read(codes, first, last, flags, found, held)
        walk.place = last
    return held


cdef inline Py_ssize_t read(const Codes *codes, int64_t first, int64_t last, const uint8_t *flags, uint64_t *found,
                            Py_ssize_t held) noexcept nogil:
    """Adds the pairs that begin from `first` on, up to, not with, `last`: two at a time, as each byte begins one and ends
    one."""
    cdef const uint8_t *word = codes.bytes + first // 2 * codes.width + first % 2 * codes.step
    cdef Py_ssize_t step = codes.width - codes.step if first % 2 else codes.step
    cdef uint32_t one = word[0], other = word[step], pair, next_pair
    cdef uint64_t place
    cdef bint is_asked, is_next_asked
    for place in range(first, last - 1, 2):
        word += codes.width
        pair, next_pair = one << 8 | word[0], other << 8 | word[step]
        is_asked, is_next_asked = flags[pair >> 3] >> (pair & 7) & 1, flags[next_pair >> 3] >> (next_pair & 7) & 1
        if is_asked | is_next_asked:
            found[held] = <uint64_t>pair << 32 | place
            held += is_asked
            found[held] = <uint64_t>next_pair << 32 | (place + 1)
            held += is_next_asked
        one, other = word[0], word[step]
    if (last - first) % 2:
        pair = one << 8 | word[codes.width]
        found[held] = <uint64_t>pair << 32 | <uint64_t>(last - 1)
        held += flags[pair >> 3] >> (pair & 7) & 1
    return held


cdef void sort(const uint64_t *found, Py_ssize_t held, const uint16_t *rank, int64_t[::1] counts, int64_t[::1] ends,
               int32_t[::1] places) noexcept nogil:
    """Puts each place into its pair's list; the lists follow one another."""
    cdef Py_ssize_t i
    cdef int64_t before = 0
    for i in range(held):
        counts[rank[found[i] >> 32]] += 1
    for i in range(counts.shape[0]):
        ends[i] = before
        before += counts[i]
    for i in range(held):
        places[ends[rank[found[i] >> 32]]] = <int32_t><uint32_t>found[i]
        ends[rank[found[i] >> 32]] += 1
