"""Dynamic time warping over matrices of local costs: closed at both ends, and with an open begin along a stream.

Path costs are float32 and added in the order of the readable twins in `kwsd/scorers/reference/`, so that both give the
same bits.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t

import numpy as np

from kwsd.scorers import checks
from kwsd.scorers._costs import cosine_costs


cdef extern from "costs.h":
    float lesser "kwsd_lesser"(float a, float b) noexcept nogil
    float not_below_zero "kwsd_not_below_zero"(float cost) noexcept nogil
    bint usable "kwsd_usable"(const float *costs, Py_ssize_t count, float least) noexcept nogil


cdef float LEAST_COST = checks.LEAST_COST
# The cells of a path (upper half) and the stream frames it spans (lower half) are compared and chosen as one integer.
cdef int64_t ONE_CELL = <int64_t>1 << 32
cdef int64_t ONE_FRAME = 1


def dtw(a, b, *, band=None, score_cutoff=None):
    """The cost of the cheapest warping path between two sequences of unit vectors, divided by the cells it visits.

    Args:
        a: float32 [n, m] unit vectors.
        b: float32 [k, m] unit vectors.
        band: how far, in frames, a path may stray from the way from corner to corner; None for any distance.
        score_cutoff: a score above it is told as `inf`, and found out early where possible.

    Raises:
        ValueError: shapes, band or cutoff make no sense, or a vector is not finite or longer than 1.

    Closed at both ends, moves (1, 1), (1, 0) and (0, 1), local cost 1 - a.b; of equally cheap paths the shortest
    counts. Sakoe & Chiba 1978, without slope weights; as a distance between templates, Wav2Tok, eq. 19.
    """
    return dtw_costs(cosine_costs(a, b), band=band, score_cutoff=score_cutoff)


def dtw_costs(costs, *, band=None, score_cutoff=None):
    """`dtw` on a ready matrix of local costs, float32 [n, k], finite and not below zero."""
    cdef const float[:, ::1] local = checks.cost_matrix(costs)
    cdef double cutoff = checks.cutoff(score_cutoff)
    cdef Py_ssize_t n = local.shape[0], k = local.shape[1], least, greatest
    cdef float[::1] cost = np.empty(k, dtype=np.float32)
    cdef int64_t[::1] cells = np.empty(k, dtype=np.int64)
    cdef float score
    least, greatest = checks.band_offsets(n, k, band)
    if not usable(&local[0, 0], n * k, LEAST_COST):
        checks.refuse_costs()
    with nogil:
        score = closed(local, least, greatest, cutoff, cost, cells)
    return score if score <= cutoff else INFINITY


def subsequence_dtw(costs):
    """At each stream frame, the score of the cheapest alignment of the whole template with a stretch that ends there.

    Args:
        costs: float32 [n, T] local costs of n stream frames to T template frames.

    Returns:
        distance: float32 [n], the path's cost divided by the cells it visits.
        span: int32 [n], how many stream frames the path covers.

    Raises:
        ValueError: costs are empty, not a matrix, not finite or below zero.

    Of equally cheap paths the shortest counts, then the one that begins latest. Müller 2007, Information Retrieval for
    Music and Motion, section 4.4.
    """
    local = checks.cost_matrix(costs)
    distance, span = SubsequenceDTW([local.shape[1]]).push(local)
    return distance[:, 0], span[:, 0]


cdef class SubsequenceDTW:
    """`subsequence_dtw` of many templates along one stream: T cells of work per frame and template of T frames.

    Args:
        lengths: int32 [k] the frames of each template, at least 1.

    Attributes:
        columns: frames of all templates together, which is how many costs a stream frame has.

    Raises:
        ValueError: lengths are not a vector of positive integers.

    One thread at a time may use it.
    """

    cdef const int32_t[::1] lengths
    cdef float[::1] cost
    cdef int64_t[::1] path
    cdef readonly Py_ssize_t columns

    def __init__(self, lengths):
        self.lengths = checks.template_lengths(lengths)
        self.columns = np.sum(self.lengths, dtype=np.int64)
        self.reset()

    def reset(self):
        """Forgets the stream, as if new."""
        self.cost = np.full(self.columns, np.inf, dtype=np.float32)
        self.path = np.zeros(self.columns, dtype=np.int64)

    def push(self, costs):
        """The scores at n new stream frames.

        Args:
            costs: float32 [n, columns] local costs, the templates side by side in the order of `lengths`.

        Returns:
            distance: float32 [n, k], the path's cost divided by the cells it visits.
            span: int32 [n, k], how many stream frames the path covers.

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
                    open_begin(&local[i, first], self.lengths[template], &self.cost[first], &self.path[first])
                    distances[i, template] = self.cost[last] / <float>(self.path[last] >> 32)
                    spans[i, template] = <int32_t>self.path[last]
                first = last + 1
        return distance, span

    def beginnings(self, lacking):
        """How well each template ends at the latest stream frame if it may lack its last frames.

        Args:
            lacking: how many frames at most; the first frame is never left out.

        Returns:
            float32 [k], the lowest of the scores of such beginnings; infinite before the first stream frame.

        Raises:
            ValueError: lacking is below zero.
        """
        cdef Py_ssize_t most = checks.frame_count(lacking, "lacking"), k = self.lengths.shape[0]
        cdef Py_ssize_t first = 0, last, template, j
        cdef float best
        lowest = np.full(k, np.inf, dtype=np.float32)
        cdef float[::1] out = lowest
        for template in range(k):
            last = first + self.lengths[template] - 1
            best = INFINITY
            for j in range(max(first, last - most), last + 1):
                if self.path[j]:
                    best = lesser(self.cost[j] / <float>(self.path[j] >> 32), best)
            out[template] = best
            first = last + 1
        return lowest


cdef float closed(const float[:, ::1] local, Py_ssize_t least, Py_ssize_t greatest, double cutoff,
                  float[::1] cost, int64_t[::1] cells) noexcept nogil:
    """Score of the cheapest path whose cells have least <= column - row <= greatest; `cost` and `cells` are scratch."""
    cdef Py_ssize_t n = local.shape[0], k = local.shape[1], first, i, j
    cdef float longest = n + k - 1, cheapest_in_row, beside, both, above, cheapest
    cdef int64_t cells_beside, cells_both, cells_above, shortest
    for j in range(k):
        cost[j] = INFINITY
        cells[j] = 0
    for i in range(n):
        first = max(0, i + least)
        both = cost[first - 1] if first else (INFINITY if i else 0)
        cells_both = cells[first - 1] if first else 0
        above = cheapest_in_row = INFINITY
        cells_above = 0
        for j in range(first, min(k, i + greatest + 1)):
            beside = cost[j]
            cells_beside = cells[j]
            shortest = chosen(precedes(beside, cells_beside, both, cells_both), cells_beside, cells_both)
            cheapest = lesser(beside, both)
            cells_above = chosen(precedes(above, cells_above, cheapest, shortest), cells_above, shortest) + 1
            above = lesser(above, cheapest) + not_below_zero(local[i, j])
            cost[j] = above
            cells[j] = cells_above
            both = beside
            cells_both = cells_beside
            cheapest_in_row = lesser(above, cheapest_in_row)
        # Every path crosses this row, costs only grow, none is longer than `longest`, and adding and dividing round
        # monotonically: the score cannot come out below this.
        if cheapest_in_row / longest > cutoff:
            return INFINITY
    return cost[k - 1] / <float>cells[k - 1]


cdef void open_begin(const float *local, Py_ssize_t rows, float *cost, int64_t *path) noexcept nogil:
    """Adds one stream frame; at the template's first frame nothing is cheaper than to begin here, as no cost is < 0."""
    cdef float above = not_below_zero(local[0]), beside, both = cost[0], cheapest
    cdef int64_t path_above = ONE_CELL + ONE_FRAME, path_beside, path_both = path[0], shortest
    cdef Py_ssize_t j
    cost[0] = above
    path[0] = path_above
    for j in range(1, rows):
        beside = cost[j]
        path_beside = path[j]
        shortest = chosen(precedes(beside, path_beside, both, path_both), path_beside, path_both) + ONE_FRAME
        cheapest = lesser(beside, both)
        path_above = chosen(precedes(above, path_above, cheapest, shortest), path_above, shortest) + ONE_CELL
        above = lesser(above, cheapest) + not_below_zero(local[j])
        cost[j] = above
        path[j] = path_above
        both = beside
        path_both = path_beside


cdef inline bint precedes(float cost, int64_t path, float other_cost, int64_t other_path) noexcept nogil:
    """Whether a path is cheaper than another, or as cheap and shorter."""
    return (cost < other_cost) | ((cost == other_cost) & (path < other_path))


cdef inline int64_t chosen(bint first, int64_t a, int64_t b) noexcept nogil:
    """`a if first else b`, in arithmetic: which it is cannot be foreseen, and a branch would stall."""
    return b ^ ((a ^ b) & -<int64_t>first)
