"""Local alignment of token sequences, with linear gaps and with where the alignment lies: H-QuEST, eq. 6.

Smith & Waterman 1981. A cell of the dynamic program is one integer, `score * unit - length`, with a unit above any
length that an alignment may have: the largest cell has the highest score and, of equal scores, the shortest stretch.
Each token of the stretch takes one away, so this is the plain dynamic program with other scores, and the positions
come for nothing. The length of the query's stretch, where it is asked for, is packed below in the same way.
"""

from libc.stdint cimport INT16_MAX, INT32_MAX, int16_t, int32_t, int64_t, uint32_t
from libc.string cimport memset

import numpy as np

from kwsd.scorers import checks
from kwsd.scorers.alignment import Alignment


cdef extern from "alignment.h":
    enum:
        LANES "KWSD_LANES"

    ctypedef struct Moves "kwsd_moves":
        int64_t match, mismatch, skip_token, skip_query, unit

    void align_16 "kwsd_align_16"(const int16_t *query, Py_ssize_t n, const int16_t *tokens, Py_ssize_t columns,
                                  Py_ssize_t first, const Moves *moves, int16_t *cells, int16_t *best,
                                  int16_t *end) noexcept nogil
    void align_32 "kwsd_align_32"(const int32_t *query, Py_ssize_t n, const int32_t *tokens, Py_ssize_t columns,
                                  Py_ssize_t first, const Moves *moves, int32_t *cells, int32_t *best,
                                  int32_t *end) noexcept nogil


cdef enum:
    # Columns that are dealt to the lanes at a time: they stay in the fastest cache.
    BLOCK = 256

ctypedef fused lane_t:
    int16_t
    int32_t


cdef struct Best:
    int64_t cell, score, query_length, query_end, length, end


def smith_waterman(query, other, *, match=2, mismatch=-1, gap=-2):
    """The best local alignment of two token sequences: its score, and where it lies in both.

    Args:
        query: int32 [n] tokens.
        other: int32 [m] tokens.
        match: what a pair of equal tokens adds to the score, above 0.
        mismatch: what a pair of unequal tokens adds, 0 or less.
        gap: what a token of either sequence adds that has no partner in the other, below 0.

    Returns:
        Alignment: the score, and the stretches [query_start, query_end) and [start, end) in tokens. Of alignments with
        the highest score it is one that ends first in `other`; of those one that is shortest there; of those one that
        is shortest in the query, and the first such. All are 0 where nothing matches.

    Raises:
        ValueError: tokens are not int32 vectors, a score has the wrong sign or is no integer, or match is so large
            that alignments of such sequences could overflow.

    H-QuEST, eq. 6, and its scores by default. n x m cells of work.
    """
    cdef const int32_t[::1] wanted = checks.token_vector(query), given = checks.token_vector(other)
    cdef Py_ssize_t n = wanted.shape[0], m = given.shape[0]
    cdef Best best
    best = align_one(start_of(wanted), n, start_of(given), m, checks.alignment_scores(match, mismatch, gap))
    return Alignment(best.score, best.query_end - best.query_length, best.query_end, best.end - best.length, best.end)


def smith_waterman_each(query, others, lengths, *, match=2, mismatch=-1, gap=-2):
    """The `smith_waterman` of one sequence with each of many: scores, and where the alignments lie in the others.

    Args:
        query: int32 [n] tokens.
        others: int32 [sum(lengths)] the other sequences, one after the other.
        lengths: int32 [k] the tokens of each.
        match, mismatch, gap: as for `smith_waterman`.

    Returns:
        score: int32 [k].
        start: int32 [k], counted in tokens from the beginning of each sequence.
        end: int32 [k], the token after the last; like start and score 0 where nothing matches.

    Raises:
        ValueError: as for `smith_waterman`, or the lengths are negative or do not add up to the tokens.
    """
    cdef const int32_t[::1] wanted = checks.token_vector(query), given = checks.token_vector(others)
    cdef const int32_t[::1] counts = checks.token_counts(lengths, len(given))
    cdef Py_ssize_t n = wanted.shape[0], m = most_of(counts), room = n + (n + 2 + BLOCK) * LANES
    scores = checks.alignment_scores(match, mismatch, gap)
    most, longest = checks.alignment_room(n, m, scores)
    unit = 1 << longest.bit_length()
    found = np.zeros((3, len(counts)), dtype=np.int32)
    if (most + 1) * unit > INT32_MAX:
        one_by_one(wanted, given, counts, scores, found)
    elif most and (most + 1) * unit <= INT16_MAX and m <= INT16_MAX and narrow(wanted) and narrow(given):
        in_lanes[int16_t](wanted, given, counts, packed(scores, most, unit), np.empty(room, dtype=np.int16), found)
    elif most:
        in_lanes[int32_t](wanted, given, counts, packed(scores, most, unit), np.empty(room, dtype=np.int32), found)
    return found[0], found[1], found[2]


# --- What a cell holds ------------------------------------------------------------------------------------------------

cdef Moves packed(scores, most, unit, query_unit=1):
    """What each move adds to a cell; the length of the query's stretch counts only with a unit of its own.

    A penalty as high as the highest score ends every alignment, so a higher one is not needed.
    """
    match, mismatch, gap = scores[0], max(scores[1], -most), max(scores[2], -most)
    query_token = 1 if query_unit > 1 else 0
    return Moves(
        match=(match * unit - 1) * query_unit - query_token,
        mismatch=(mismatch * unit - 1) * query_unit - query_token,
        skip_token=(gap * unit - 1) * query_unit,
        skip_query=gap * unit * query_unit - query_token,
        unit=unit * query_unit,
    )


cdef inline int64_t score_of(int64_t cell, int64_t unit) noexcept nogil:
    return (cell + unit - 1) // unit


cdef inline const int32_t *start_of(const int32_t[::1] tokens) noexcept nogil:
    return &tokens[0] if tokens.shape[0] else NULL


# --- One sequence -----------------------------------------------------------------------------------------------------

cdef Best align_one(const int32_t *query, Py_ssize_t n, const int32_t *other, Py_ssize_t m, scores) except *:
    cdef Best best
    cdef Moves moves
    cdef int64_t[::1] cells
    cdef int64_t query_unit, lengths
    memset(&best, 0, sizeof(best))
    most, longest = checks.alignment_room(n, m, scores)
    if not most:
        return best
    query_unit = 1 << (<object>n).bit_length()
    moves = packed(scores, most, 1 << longest.bit_length(), query_unit)
    cells = np.zeros(n, dtype=np.int64)
    with nogil:
        follow(query, n, other, m, &moves, &cells[0], &best)
        best.score = score_of(best.cell, moves.unit)
        lengths = best.score * moves.unit - best.cell
        best.length = lengths // query_unit
        best.query_length = lengths % query_unit
    return best


cdef void follow(const int32_t *query, Py_ssize_t n, const int32_t *other, Py_ssize_t m, const Moves *moves,
                 int64_t *cells, Best *best) noexcept nogil:
    """Finds the best cell and where it is; cells are those of one column, 0 before the first."""
    cdef int64_t match = moves.match, mismatch = moves.mismatch
    cdef int64_t skip_token = moves.skip_token, skip_query = moves.skip_query
    cdef int64_t diagonal, above, here, most, beaten = 0
    cdef Py_ssize_t i, j, row = 0
    for j in range(m):
        diagonal = above = most = 0
        for i in range(n):
            here = max(diagonal + (match if query[i] == other[j] else mismatch), 0)
            here = max(here, cells[i] + skip_token)
            # The last to join, for only it waits for the row before.
            here = max(here, above + skip_query)
            diagonal = cells[i]
            cells[i] = above = here
            if here > most:
                most = here
                row = i
        if most > beaten:
            best.cell = most
            best.end = j + 1
            best.query_end = row + 1
            # Only a higher score is better, not the same score in a shorter stretch.
            beaten = score_of(most, moves.unit) * moves.unit


cdef int one_by_one(const int32_t[::1] query, const int32_t[::1] others, const int32_t[::1] counts, scores,
                    int32_t[:, ::1] found) except -1:
    """For scores that no lane holds."""
    cdef Py_ssize_t i, first = 0
    cdef Best best
    for i in range(counts.shape[0]):
        best = align_one(start_of(query), query.shape[0], start_of(others) + first, counts[i], scores)
        found[0, i] = <int32_t>best.score
        found[1, i] = <int32_t>(best.end - best.length)
        found[2, i] = <int32_t>best.end
        first += counts[i]
    return 0


# --- Many sequences, side by side -------------------------------------------------------------------------------------

cdef struct Lane:
    const int32_t *tokens
    Py_ssize_t length


cdef int in_lanes(const int32_t[::1] query, const int32_t[::1] others, const int32_t[::1] counts, Moves moves,
                  lane_t[::1] room, int32_t[:, ::1] found) except -1:
    """Aligns sequences of like length together, so that few lanes wait for a longer one.

    There must be room for the query, and for lanes of its cells, of two rows of results, and of a block of tokens.
    """
    cdef Py_ssize_t k = counts.shape[0], n = query.shape[0], groups = (k + LANES - 1) // LANES, group, i, first = 0
    cdef const Py_ssize_t[::1] order = np.argsort(counts)
    cdef Py_ssize_t[::1] firsts = np.empty(k, dtype=np.intp)
    cdef lane_t pad = <lane_t>absent(query)
    with nogil:
        for i in range(k):
            firsts[i] = first
            first += counts[i]
        for i in range(n):
            room[i] = <lane_t>query[i]
        for group in range(groups):
            # From the longest down: where a group is not full, it is that of the shortest.
            first = max(k - (group + 1) * LANES, 0)
            align_group(&room[0], n, &others[0], counts, firsts, &order[first], k - group * LANES - first, pad, &moves,
                        &room[n], found)
    return 0


cdef void align_group(const lane_t *query, Py_ssize_t n, const int32_t *others, const int32_t[::1] counts,
                      const Py_ssize_t[::1] firsts, const Py_ssize_t *group, Py_ssize_t used, lane_t pad,
                      const Moves *moves, lane_t *cells, int32_t[:, ::1] found) noexcept nogil:
    """The last of the group is the longest; lanes beyond those used have no tokens."""
    cdef Lane[LANES] lanes
    cdef Py_ssize_t m = counts[group[used - 1]], lane, first = 0, columns, place
    cdef lane_t *best = cells + n * LANES
    cdef lane_t *end = best + LANES
    cdef lane_t *tokens = end + LANES
    memset(cells, 0, (n + 2) * LANES * sizeof(lane_t))
    for lane in range(LANES):
        lanes[lane].tokens = others + (firsts[group[lane]] if lane < used else 0)
        lanes[lane].length = counts[group[lane]] if lane < used else 0
    while first < m:
        columns = min(m - first, BLOCK)
        deal(lanes, first, columns, pad, tokens)
        if lane_t is int16_t:
            align_16(query, n, tokens, columns, first, moves, cells, best, end)
        else:
            align_32(query, n, tokens, columns, first, moves, cells, best, end)
        first += columns
    for lane in range(used):
        place = group[lane]
        tell(best[lane], end[lane], moves.unit, &found[0, place], &found[1, place], &found[2, place])


cdef void deal(const Lane *lanes, Py_ssize_t first, Py_ssize_t columns, lane_t pad, lane_t *tokens) noexcept nogil:
    """Lays the next columns of each sequence into its lane, and what matches nothing where it has ended."""
    cdef Py_ssize_t lane, column, own
    cdef const int32_t *given
    for lane in range(LANES):
        own = max(min(lanes[lane].length - first, columns), 0)
        given = lanes[lane].tokens + first
        for column in range(own):
            tokens[column * LANES + lane] = <lane_t>given[column]
        for column in range(own, columns):
            tokens[column * LANES + lane] = pad


cdef inline void tell(int64_t cell, int32_t last, int64_t unit, int32_t *score, int32_t *start,
                      int32_t *end) noexcept nogil:
    cdef int64_t highest = score_of(cell, unit)
    score[0] = <int32_t>highest
    start[0] = <int32_t>(last - (highest * unit - cell))
    end[0] = last


cdef int32_t most_of(const int32_t[::1] counts) noexcept nogil:
    cdef int32_t most = 0
    cdef Py_ssize_t i
    for i in range(counts.shape[0]):
        most = max(most, counts[i])
    return most


cdef int32_t absent(const int32_t[::1] query) noexcept nogil:
    """The least token, from 0 on, that the query lacks; of n + 1 tokens one is."""
    cdef int32_t token = 0
    cdef Py_ssize_t i = 0
    while i < query.shape[0]:
        i += 1
        if query[i - 1] == token:
            token += 1
            i = 0
    return token


cdef bint narrow(const int32_t[::1] tokens) noexcept nogil:
    """Whether all tokens are from 0 to 32767."""
    cdef uint32_t bits = 0
    cdef Py_ssize_t i
    for i in range(tokens.shape[0]):
        bits |= <uint32_t>tokens[i]
    return bits <= INT16_MAX
