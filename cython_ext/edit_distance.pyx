"""Edit distance over token sequences: with unit costs in bit vectors, with a substitution matrix as a dynamic program.

Levenshtein 1966. With unit costs, Myers 1999 as restated by Hyyrö 2003, "A bit-vector algorithm for computing
Levenshtein and Damerau edit distances": neighbouring cells of the dynamic program differ by -1, 0 or 1, so that 64 of
them in a column are two words of bits. The names of that paper: vertical_plus is VP, vertical_minus VN, horizontal_plus
HP, horizontal_minus HN, diagonal_zero D0, matches PM.
"""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport INFINITY, NAN, floor, isnan
from libc.stdlib cimport free, malloc
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memset

import numpy as np

from kwsd.scorers import checks


cdef extern from "costs.h":
    float lesser "kwsd_lesser"(float a, float b) noexcept nogil
    float not_below_zero "kwsd_not_below_zero"(float cost) noexcept nogil
    bint usable "kwsd_usable"(const float *costs, Py_ssize_t count, float least) noexcept nogil


cdef enum:
    BITS = 64
    # Any codebook in use has fewer tokens; a power of 2.
    TABLE = 4096
    # Of a hash table, at least.
    SLOTS = 128
    # More tokens than fit in memory.
    LONGEST = 1 << 30

cdef uint64_t ONE = 1
cdef uint64_t ALL = ~<uint64_t>0
cdef float LARGEST_COST = checks.LARGEST_SUBSTITUTION
cdef float LEAST_COST = checks.LEAST_COST


def edit_distance(a, b, substitution=None, *, score_cutoff=None):
    """How much it costs to make one sequence from the other by inserting, deleting and substituting tokens.

    Args:
        a: int32 [n] tokens.
        b: int32 [m] tokens.
        substitution: float32 [K, K] cost of one token for another, in [0, 2] and 0 on the diagonal, see
            `substitution_costs`; None for 1.
        score_cutoff: a distance above it is told as `inf`, and found out early where possible.

    Raises:
        ValueError: tokens are not int32 vectors or have no row in the matrix, or a cost is out of range.

    Inserting and deleting cost 1. Wav2Tok, eq. 19, on compressed tokens.
    """
    cdef Py_buffer first, second
    cdef double cutoff = INFINITY if score_cutoff is None else checks.cutoff(score_cutoff)
    open_tokens(a, &first)
    try:
        open_tokens(b, &second)
        try:
            if substitution is None:
                return unit_distance(<const int32_t *>first.buf, first.shape[0], <const int32_t *>second.buf,
                                     second.shape[0], cutoff)
            return weighted_distance(<const int32_t *>first.buf, first.shape[0], <const int32_t *>second.buf,
                                     second.shape[0], substitution, cutoff)
        finally:
            PyBuffer_Release(&second)
    finally:
        PyBuffer_Release(&first)


def edit_distances(a, tokens, lengths, substitution=None, *, score_cutoff=None):
    """The `edit_distance` of one sequence to each of many.

    Args:
        a: int32 [n] tokens.
        tokens: int32 [sum(lengths)] the other sequences, one after the other.
        lengths: int32 [k] the tokens of each.
        substitution: as for `edit_distance`.
        score_cutoff: as for `edit_distance`.

    Returns:
        float32 [k].

    Raises:
        ValueError: as for `edit_distance`, or the lengths are negative or do not add up to the tokens.
    """
    cdef const int32_t[::1] query = checks.token_vector(a), others = checks.token_vector(tokens)
    cdef const int32_t[::1] counts = checks.token_counts(lengths, len(others))
    cdef double cutoff = checks.cutoff(score_cutoff)
    distance = np.empty(len(counts), dtype=np.float32)
    if substitution is not None:
        weighted_to_each(query, others, counts, substitution, cutoff, distance)
    elif len(query) <= BITS and in_table(start(query), len(query)) and in_table(start(others), len(others)):
        short_to_each(query, others, counts, cutoff, distance)
    else:
        long_to_each(query, others, counts, cutoff, distance)
    return distance


cdef int open_tokens(tokens, Py_buffer *view) except -1:
    """Opens a token sequence as a plain buffer; as a typed memoryview it would take as long as the distance itself."""
    try:
        PyObject_GetBuffer(tokens, view, PyBUF_ND | PyBUF_FORMAT)
    except (TypeError, ValueError, BufferError):
        PyObject_GetBuffer(checks.token_vector(tokens), view, PyBUF_ND | PyBUF_FORMAT)
    if view.ndim != 1 or view.itemsize != sizeof(int32_t) or (view.format[0] != b"i" and view.format[0] != b"l"):
        PyBuffer_Release(view)
        checks.refuse_tokens()
    return 0


# --- Unit costs, a sequence in one word -------------------------------------------------------------------------------

cdef struct ShortPattern:
    Py_ssize_t length
    uint64_t[TABLE] matches


cdef struct Column:
    uint64_t vertical_plus
    uint64_t vertical_minus
    Py_ssize_t distance


cdef double unit_distance(const int32_t *a, Py_ssize_t n, const int32_t *b, Py_ssize_t m, double cutoff) except -1:
    """The longer sequence is the pattern if it fits in a word, for the fewer columns there are the better."""
    cdef ShortPattern pattern
    if (n < m) == (max(n, m) <= BITS):
        a, n, b, m = b, m, a, n
    if n > BITS or not (in_table(a, n) and in_table(b, m)):
        return LongPattern.of(a, n).distance(b, m, whole(cutoff))
    forget(&pattern, b, m)
    learn(&pattern, a, n)
    return short_distance(&pattern, b, m, whole(cutoff))


cdef inline Py_ssize_t whole(double cutoff) noexcept nogil:
    """The largest whole distance that is not above the cutoff; -1 where there is none."""
    if cutoff >= LONGEST:
        return LONGEST
    return <Py_ssize_t>floor(cutoff) if cutoff >= 0 else -1


cdef void short_to_each(const int32_t[::1] query, const int32_t[::1] others, const int32_t[::1] counts, double cutoff,
                        float[::1] distances):
    cdef ShortPattern pattern
    cdef Py_ssize_t k = counts.shape[0], limit = whole(cutoff), i
    cdef const int32_t *text = start(others)
    memset(pattern.matches, 0, sizeof(pattern.matches))
    learn(&pattern, start(query), query.shape[0])
    with nogil:
        for i in range(0, k - 1, 2):
            two_distances(&pattern, text, counts[i], counts[i + 1], limit, &distances[i])
            text += counts[i] + counts[i + 1]
        if k % 2:
            distances[k - 1] = short_distance(&pattern, text, counts[k - 1], limit)


cdef inline bint in_table(const int32_t *tokens, Py_ssize_t length) noexcept nogil:
    """Whether all tokens are from 0 to TABLE - 1."""
    cdef uint32_t bits = 0
    cdef Py_ssize_t i
    for i in range(length):
        bits |= <uint32_t>tokens[i]
    return bits < TABLE


cdef inline void forget(ShortPattern *pattern, const int32_t *tokens, Py_ssize_t length) noexcept nogil:
    """Clears the table for these tokens, which is sooner done than clearing all of it."""
    cdef Py_ssize_t i
    for i in range(length):
        pattern.matches[tokens[i]] = 0


cdef inline void learn(ShortPattern *pattern, const int32_t *tokens, Py_ssize_t length) noexcept nogil:
    """Where in the pattern each of its tokens stands, as bits."""
    cdef Py_ssize_t i
    forget(pattern, tokens, length)
    pattern.length = length
    for i in range(length):
        pattern.matches[tokens[i]] |= ONE << i


cdef double short_distance(const ShortPattern *pattern, const int32_t *text, Py_ssize_t m,
                           Py_ssize_t limit) noexcept nogil:
    cdef Column column
    if m - pattern.length > limit:
        return INFINITY
    if not pattern.length:
        return m
    begin(&column, pattern)
    return rest(&column, pattern, text, m, limit)


cdef void two_distances(const ShortPattern *pattern, const int32_t *text, Py_ssize_t m, Py_ssize_t next_m,
                        Py_ssize_t limit, float *distances) noexcept nogil:
    """Two texts that lie one after the other, in step: each column waits for the one before it, not for the other's."""
    cdef Column first, second
    cdef const int32_t *next_text = text + m
    cdef Py_ssize_t both = min(m, next_m), i
    if not pattern.length:
        distances[0] = short_distance(pattern, text, m, limit)
        distances[1] = short_distance(pattern, next_text, next_m, limit)
        return
    begin(&first, pattern)
    begin(&second, pattern)
    for i in range(both):
        advance(&first, pattern, text[i])
        advance(&second, pattern, next_text[i])
        if first.distance - (m - 1 - i) > limit and second.distance - (next_m - 1 - i) > limit:
            distances[0] = distances[1] = INFINITY
            return
    distances[0] = rest(&first, pattern, text + both, m - both, limit)
    distances[1] = rest(&second, pattern, next_text + both, next_m - both, limit)


cdef inline void begin(Column *column, const ShortPattern *pattern) noexcept nogil:
    column.vertical_plus = ALL
    column.vertical_minus = 0
    column.distance = pattern.length


cdef inline double rest(Column *column, const ShortPattern *pattern, const int32_t *text, Py_ssize_t m,
                        Py_ssize_t limit) noexcept nogil:
    cdef Py_ssize_t i
    # Each token still to come can take away one at most.
    if column.distance - m > limit:
        return INFINITY
    for i in range(m):
        advance(column, pattern, text[i])
        if column.distance - (m - 1 - i) > limit:
            return INFINITY
    return column.distance


cdef inline void advance(Column *column, const ShortPattern *pattern, int32_t token) noexcept nogil:
    cdef uint64_t plus = column.vertical_plus, minus = column.vertical_minus, matches, diagonal_zero
    cdef uint64_t horizontal_plus, horizontal_minus
    cdef int last = <int>pattern.length - 1
    matches = pattern.matches[token]
    diagonal_zero = (((matches & plus) + plus) ^ plus) | matches | minus
    horizontal_plus = minus | ~(diagonal_zero | plus)
    horizontal_minus = plus & diagonal_zero
    column.distance += <Py_ssize_t>((horizontal_plus >> last) & 1) - <Py_ssize_t>((horizontal_minus >> last) & 1)
    horizontal_plus = (horizontal_plus << 1) | 1
    column.vertical_plus = (horizontal_minus << 1) | ~(diagonal_zero | horizontal_plus)
    column.vertical_minus = horizontal_plus & diagonal_zero


# --- Unit costs, sequences of any length and any tokens ---------------------------------------------------------------

@cython.final
cdef class LongPattern:
    """A pattern cut into words, its tokens in a hash table, and the column of the dynamic program being worked on."""

    cdef Py_ssize_t length, words, last_slot
    cdef int32_t different
    cdef uint64_t *matches
    cdef uint64_t *vertical_plus
    cdef uint64_t *vertical_minus
    cdef int32_t *tokens
    cdef int32_t *rows

    @staticmethod
    cdef LongPattern of(const int32_t *tokens, Py_ssize_t length):
        cdef LongPattern pattern = LongPattern()
        cdef Py_ssize_t i
        pattern.allocate(length)
        for i in range(length):
            pattern.row(tokens[i], True)[i // BITS] |= ONE << (i % BITS)
        return pattern

    cdef int allocate(self, Py_ssize_t length) except -1:
        """One block of memory: the bits of no token and of each different token, the column, and the table of tokens."""
        cdef Py_ssize_t slots = SLOTS, slot
        while slots < 4 * length:
            slots *= 2
        self.length = length
        self.words = (length + BITS - 1) // BITS
        self.last_slot = slots - 1
        self.matches = <uint64_t *>malloc((length + 3) * self.words * sizeof(uint64_t) + 2 * slots * sizeof(int32_t))
        if self.matches == NULL:
            raise MemoryError
        self.vertical_plus = self.matches + (length + 1) * self.words
        self.vertical_minus = self.vertical_plus + self.words
        self.tokens = <int32_t *>(self.vertical_minus + self.words)
        self.rows = self.tokens + slots
        memset(self.matches, 0, self.words * sizeof(uint64_t))
        memset(self.rows, 0, slots * sizeof(int32_t))
        for slot in range(slots):
            self.tokens[slot] = <int32_t>slot
        return 0

    def __dealloc__(self):
        free(self.matches)

    cdef uint64_t *row(self, int32_t token, bint insert) noexcept nogil:
        """Where in the pattern a token stands, as bits; a token that it lacks has the empty row 0, or gets a new one."""
        cdef Py_ssize_t slot = token & self.last_slot
        while self.tokens[slot] != token and self.rows[slot]:
            slot = (slot + 1) & self.last_slot
        if insert and not self.rows[slot]:
            self.different += 1
            self.rows[slot] = self.different
            self.tokens[slot] = token
            memset(self.matches + self.different * self.words, 0, self.words * sizeof(uint64_t))
        return self.matches + self.rows[slot] * self.words

    cdef double distance(self, const int32_t *text, Py_ssize_t m, Py_ssize_t limit) noexcept nogil:
        cdef Py_ssize_t distance = self.length, words = self.words, i
        cdef uint64_t *plus = self.vertical_plus
        cdef uint64_t *minus = self.vertical_minus
        cdef int last = <int>((self.length - 1) % BITS)
        if m - self.length > limit or self.length - m > limit:
            return INFINITY
        if not self.length:
            return m
        memset(plus, 0xff, words * sizeof(uint64_t))
        memset(minus, 0, words * sizeof(uint64_t))
        for i in range(m):
            distance += advance_words(self.row(text[i], False), plus, minus, words, last)
            if distance - (m - 1 - i) > limit:
                return INFINITY
        return distance


cdef inline int advance_words(const uint64_t *row, uint64_t *vertical_plus, uint64_t *vertical_minus, Py_ssize_t words,
                              int last) noexcept nogil:
    """`advance` word by word, each handing the difference at its lower edge to the next; returns the last one."""
    cdef uint64_t plus_in = 1, minus_in = 0, plus_out = 0, minus_out = 0, plus, minus, matches, diagonal_zero
    cdef uint64_t horizontal_plus, horizontal_minus
    cdef Py_ssize_t word
    cdef int edge
    for word in range(words):
        edge = BITS - 1 if word < words - 1 else last
        plus = vertical_plus[word]
        minus = vertical_minus[word]
        matches = row[word] | minus_in
        diagonal_zero = (((matches & plus) + plus) ^ plus) | matches | minus
        horizontal_plus = minus | ~(diagonal_zero | plus)
        horizontal_minus = plus & diagonal_zero
        plus_out = (horizontal_plus >> edge) & 1
        minus_out = (horizontal_minus >> edge) & 1
        horizontal_plus = (horizontal_plus << 1) | plus_in
        horizontal_minus = (horizontal_minus << 1) | minus_in
        vertical_plus[word] = horizontal_minus | ~(diagonal_zero | horizontal_plus)
        vertical_minus[word] = horizontal_plus & diagonal_zero
        plus_in = plus_out
        minus_in = minus_out
    return <int>plus_out - <int>minus_out


cdef void long_to_each(const int32_t[::1] query, const int32_t[::1] others, const int32_t[::1] counts, double cutoff,
                       float[::1] distances):
    cdef LongPattern pattern = LongPattern.of(start(query), query.shape[0])
    cdef Py_ssize_t i, first = 0
    with nogil:
        for i in range(counts.shape[0]):
            distances[i] = pattern.distance(start(others) + first, counts[i], whole(cutoff))
            first += counts[i]


# --- Substitution costs -----------------------------------------------------------------------------------------------

cdef double weighted_distance(const int32_t *a, Py_ssize_t n, const int32_t *b, Py_ssize_t m, substitution,
                              double cutoff) except -1:
    cdef const float[:, ::1] costs = checks.substitution_matrix(substitution)
    cdef float[::1] row = np.empty(m + 1, dtype=np.float32)
    cdef double distance
    if not (all_below(a, n, costs.shape[0]) and all_below(b, m, costs.shape[0])):
        checks.refuse_token_range(costs.shape[0])
    with nogil:
        distance = weighted(a, n, b, m, costs, cutoff, row)
    if isnan(distance):
        checks.refuse_substitution()
    return distance


cdef int weighted_to_each(const int32_t[::1] query, const int32_t[::1] others, const int32_t[::1] counts, substitution,
                          double cutoff, float[::1] distances) except -1:
    cdef const float[:, ::1] costs = checks.substitution_matrix(substitution)
    cdef float[::1] row = np.empty(np.max(counts, initial=0) + 1, dtype=np.float32)
    cdef Py_ssize_t n = query.shape[0], i, first = 0
    cdef bint refused = False
    if not (all_below(start(query), n, costs.shape[0]) and all_below(start(others), len(others), costs.shape[0])):
        checks.refuse_token_range(costs.shape[0])
    with nogil:
        for i in range(counts.shape[0]):
            distances[i] = weighted(start(query), n, start(others) + first, counts[i], costs, cutoff, row)
            refused |= isnan(distances[i])
            first += counts[i]
    if refused:
        checks.refuse_substitution()
    return 0


cdef double weighted(const int32_t *a, Py_ssize_t n, const int32_t *b, Py_ssize_t m, const float[:, ::1] costs,
                     double cutoff, float[::1] row) noexcept nogil:
    """NaN where a cost that the sequences ask for is out of range."""
    cdef Py_ssize_t i, j
    cdef float diagonal, above, here, cost, cheapest
    cdef bint refused = False
    if m - n > cutoff or n - m > cutoff:
        return INFINITY
    for j in range(m + 1):
        row[j] = j
    for i in range(n):
        diagonal = row[0]
        here = cheapest = row[0] = i + 1
        for j in range(m):
            above = row[j + 1]
            cost = costs[a[i], b[j]]
            refused |= not ((cost >= 0) & (cost <= LARGEST_COST))
            here = lesser(here + 1, lesser(diagonal + cost, above + 1))
            cheapest = lesser(here, cheapest)
            row[j + 1] = here
            diagonal = above
        if refused:
            return NAN
        # Every way to the end leads through this row, and costs only grow.
        if cheapest > cutoff:
            return INFINITY
    return row[m] if row[m] <= cutoff else INFINITY


cdef bint all_below(const int32_t *tokens, Py_ssize_t length, Py_ssize_t bound) noexcept nogil:
    cdef Py_ssize_t i
    cdef bint below = True
    for i in range(length):
        below &= (tokens[i] >= 0) & (tokens[i] < bound)
    return below


cdef inline const int32_t *start(const int32_t[::1] tokens) noexcept nogil:
    return &tokens[0] if tokens.shape[0] else NULL


cdef class SubsequenceEditDistance:
    """Edit distance of each template to the stretch of a stream that ends now and is nearest, for many templates.

    Args:
        lengths: int32 [k] the tokens T of each template, at least 1.
        deletion: what a template token costs that no token of the stream stands for.

    Attributes:
        columns: tokens of all templates together, which is how many costs a stream token has.

    Raises:
        ValueError: lengths are not a vector of positive integers, or the deletion's cost is not finite or below zero.

    A token of the stream that stands for no template token costs as much as substituting the template token before it:
    little where a sound lasts longer than in the template. Sellers 1980, "The theory and computation of evolutionary
    distances". T cells of work per stream token and template, in chunks of any size. One thread at a time may use it.
    """

    cdef const int32_t[::1] lengths
    cdef float[::1] cost
    cdef int32_t[::1] span
    cdef readonly Py_ssize_t columns
    cdef float _deletion
    cdef bint _heard

    def __init__(self, lengths, deletion=1.0):
        self.lengths = checks.template_lengths(lengths)
        self.columns = np.sum(self.lengths, dtype=np.int64)
        self._deletion = checks.deletion_cost(deletion)
        self.reset()

    def reset(self):
        """Forgets the stream, as if new."""
        cdef Py_ssize_t first = 0, template, j
        cdef float deleted
        self._heard = False
        self.cost = np.empty(self.columns, dtype=np.float32)
        self.span = np.zeros(self.columns, dtype=np.int32)
        for template in range(self.lengths.shape[0]):
            deleted = 0
            for j in range(first, first + self.lengths[template]):
                deleted += self._deletion
                self.cost[j] = deleted
            first += self.lengths[template]

    def push(self, costs):
        """The scores at n new stream tokens.

        Args:
            costs: float32 [n, columns] of substituting each template token for each stream token, the templates side by
                side in the order of `lengths`.

        Returns:
            distance: float32 [n, k], the edit distance divided by the template's tokens.
            span: int32 [n, k], how many stream tokens the stretch has, of equally near stretches the shortest.

        Raises:
            ValueError: costs have another shape, are not finite or below zero; the stream is then as it was before.
        """
        cdef const float[:, ::1] local = checks.cost_rows(costs, self.columns)
        cdef Py_ssize_t n = local.shape[0], k = self.lengths.shape[0], first = 0, last, i, template
        distance = np.empty((n, k), dtype=np.float32)
        span = np.empty((n, k), dtype=np.int32)
        cdef float[:, ::1] distances = distance
        cdef int32_t[:, ::1] spans = span
        if n and not usable(&local[0, 0], n * self.columns, LEAST_COST):
            checks.refuse_costs()
        with nogil:
            for template in range(k):
                last = first + self.lengths[template] - 1
                for i in range(n):
                    open_edits(&local[i, first], self.lengths[template], self._deletion, &self.cost[first],
                               &self.span[first])
                    distances[i, template] = self.cost[last] / <float>self.lengths[template]
                    spans[i, template] = self.span[last]
                first = last + 1
        self._heard = self._heard or n > 0
        return distance, span

    def beginnings(self, lacking):
        """How near each template is at the latest stream token if it may lack its last tokens.

        Args:
            lacking: how many tokens at most; the first token is never left out.

        Returns:
            float32 [k], the lowest of the scores of such beginnings; infinite before the first stream token.

        Raises:
            ValueError: lacking is below zero.
        """
        cdef Py_ssize_t most = checks.frame_count(lacking, "lacking"), k = self.lengths.shape[0]
        cdef Py_ssize_t first = 0, last, template, j
        lowest = np.full(k, np.inf, dtype=np.float32)
        cdef float[::1] out = lowest
        for template in range(k if self._heard else 0):
            last = first + self.lengths[template] - 1
            for j in range(max(first, last - most), last + 1):
                out[template] = lesser(self.cost[j] / <float>(j - first + 1), out[template])
            first = last + 1
        return lowest


cdef void open_edits(const float *local, Py_ssize_t rows, float deletion, float *cost, int32_t *span) noexcept nogil:
    """Adds one stream token; before the first template token nothing costs anything, wherever the stretch begins."""
    cdef float substituted, inserted, deleted, both = 0, above = 0
    cdef int32_t span_both = 0, span_above = 0, span_beside
    cdef Py_ssize_t j
    for j in range(rows):
        substituted = not_below_zero(local[j])
        inserted = cost[j] + substituted
        span_beside = span[j] + 1
        substituted = both + substituted
        span_both += 1
        deleted = above + deletion
        both = cost[j]
        above, span_above = cheaper(deleted, span_above, substituted, span_both)
        above, span_above = cheaper(inserted, span_beside, above, span_above)
        span_both = span[j]
        cost[j] = above
        span[j] = span_above


cdef inline (float, int32_t) cheaper(float a, int32_t span_a, float b, int32_t span_b) noexcept nogil:
    """The cheaper of two stretches, of equally cheap ones the shorter."""
    if (a < b) | ((a == b) & (span_a < span_b)):
        return a, span_a
    return b, span_b
