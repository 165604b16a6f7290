"""Wav2Tok, eq. 19 along a stream: the best of the windows of T/2, T and 2T frames that end now, for many templates.

Recomputing a window costs T x l cells a frame, and there are three of them. Here every stretch that began in the last
2T frames keeps its column of the dynamic program, and a frame extends them all at once: 2T x T cells, side by side, so
that the processor extends several with one instruction. Each is the very dynamic program of the window alone: the
scores are the same bits.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t

import numpy as np

from kwsd.scorers import checks


cdef extern from "columns.h":
    bint usable "kwsd_usable"(const float *costs, Py_ssize_t count, float least) noexcept nogil
    void dtw_column "kwsd_dtw_column"(float *cost, float *length, float *diagonal_cost, float *diagonal_length,
                                      const float *costs, Py_ssize_t rows, Py_ssize_t stride,
                                      Py_ssize_t start) noexcept nogil
    void edit_column "kwsd_edit_column"(float *cost, float *diagonal, const float *costs, Py_ssize_t rows,
                                        Py_ssize_t stride, Py_ssize_t start) noexcept nogil


cdef float LEAST_COST = checks.LEAST_COST
cdef enum:
    # Rows are padded to whole vectors of floats, the widest that columns.h is compiled for.
    LANES = 8


cdef class _Windows:
    """What both windowed scorers share: the ring of window starts, and which of them eq. 19 asks for."""

    cdef int32_t[::1] lengths
    cdef int32_t[::1] newest
    cdef int32_t[::1] seen
    cdef int64_t[::1] states
    cdef int64_t[::1] strides
    cdef float[::1] cost
    cdef float[:, ::1] scratch
    cdef readonly Py_ssize_t columns
    cdef Py_ssize_t _size

    def __init__(self, lengths):
        self.lengths = checks.template_lengths(lengths)
        frames = np.asarray(self.lengths, dtype=np.int64)
        strides = (2 * frames + LANES - 1) // LANES * LANES
        self.columns = frames.sum()
        self.strides = strides
        sizes = (frames + 1) * strides
        self._size = sizes.sum()
        self.states = np.cumsum(sizes) - sizes
        self.scratch = np.empty((2, strides.max()), dtype=np.float32)
        self.reset()

    def reset(self):
        """Forgets the stream, as if new."""
        self.cost = np.full(self._size, np.inf, dtype=np.float32)
        self.newest = np.full(len(self.lengths), -1, dtype=np.int32)
        self.seen = np.zeros(len(self.lengths), dtype=np.int32)

    def push(self, costs):
        """The scores at n new stream frames (or tokens).

        Args:
            costs: float32 [n, columns] local costs, the templates side by side in the order of `lengths`.

        Returns:
            distance: float32 [n, k], the best window's score; inf until the first window fits in the stream.
            span: int32 [n, k], that window's stream frames, the shortest of equally good windows; 0 where there is none.

        Raises:
            ValueError: costs have another shape, are not finite or below zero; the stream is then as it was before.
        """
        cdef const float[:, ::1] local = checks.cost_rows(costs, self.columns)
        cdef Py_ssize_t n = local.shape[0], k = self.lengths.shape[0], first = 0, i, template
        distance = np.full((n, k), np.inf, dtype=np.float32)
        span = np.zeros((n, k), dtype=np.int32)
        cdef float[:, ::1] distances = distance
        cdef int32_t[:, ::1] spans = span
        if n and not usable(&local[0, 0], n * self.columns, LEAST_COST):
            checks.refuse_costs()
        with nogil:
            for template in range(k):
                for i in range(n):
                    self._extend(template, &local[i, first])
                    self._best(template, &distances[i, template], &spans[i, template])
                first += self.lengths[template]
        return distance, span

    cdef void _extend(self, Py_ssize_t template, const float *local) noexcept nogil:
        """Adds one frame to every window of a template, and begins a window with it."""
        cdef int32_t starts = 2 * self.lengths[template]
        self.newest[template] = self.newest[template] + 1 if self.newest[template] + 1 < starts else 0
        self.seen[template] = min(self.seen[template] + 1, starts)
        self._column(&self.cost[self.states[template]], local, template)

    cdef void _best(self, Py_ssize_t template, float *distance, int32_t *span) noexcept nogil:
        """The best score of eq. 19's windows, of those that do not begin before the stream does."""
        cdef int32_t frames = self.lengths[template], window
        cdef int32_t[3] windows = [(frames + 1) // 2, frames, 2 * frames]
        cdef float score
        for window in windows:
            if window <= self.seen[template]:
                score = self._score(template, window)
                if score < distance[0]:
                    distance[0] = score
                    span[0] = window

    cdef Py_ssize_t _place(self, Py_ssize_t template, int32_t window) noexcept nogil:
        """Where in a row the window of so many frames is kept."""
        cdef Py_ssize_t place = self.newest[template] - window + 1
        return place if place >= 0 else place + 2 * self.lengths[template]

    cdef void _column(self, float *cost, const float *local, Py_ssize_t template) noexcept nogil:
        pass

    cdef float _score(self, Py_ssize_t template, int32_t window) noexcept nogil:
        return INFINITY


cdef class WindowedDTW(_Windows):
    """`dtw_costs` of each template with the windows of T/2, T and 2T frames that end at each stream frame: the best.

    Args:
        lengths: int32 [k] the frames T of each template, at least 1.

    Attributes:
        columns: frames of all templates together, which is how many costs a stream frame has.

    Raises:
        ValueError: lengths are not a vector of positive integers.

    Wav2Tok, eq. 19, with T/2 rounded up. 2T x T cells of work per frame and template, in chunks of any size. One thread
    at a time may use it.
    """

    cdef float[::1] cells

    def reset(self):
        """Forgets the stream, as if new."""
        super().reset()
        self.cells = np.zeros(self._size, dtype=np.float32)

    cdef void _column(self, float *cost, const float *local, Py_ssize_t template) noexcept nogil:
        dtw_column(cost, &self.cells[self.states[template]], &self.scratch[0, 0], &self.scratch[1, 0], local,
                   self.lengths[template], self.strides[template], self.newest[template])

    cdef float _score(self, Py_ssize_t template, int32_t window) noexcept nogil:
        cdef Py_ssize_t last_row = self.states[template] + (self.lengths[template] - 1) * self.strides[template]
        cdef Py_ssize_t end = last_row + self._place(template, window)
        return self.cost[end] / self.cells[end]


cdef class WindowedEditDistance(_Windows):
    """Edit distance of each template to the windows of T/2, T and 2T compressed tokens that end at each stream token.

    Args:
        lengths: int32 [k] the compressed tokens T of each template, at least 1.

    Attributes:
        columns: frames of all templates together, which is how many costs a stream frame has.

    Raises:
        ValueError: lengths are not a vector of positive integers.

    The costs pushed are those of substituting template tokens for the new stream token; a token too many or too few
    costs 1. A window's score is its edit distance divided by the tokens of the longer side. Wav2Tok, eq. 19, with T/2
    rounded up. 2T x T cells of work per token and template, in chunks of any size. One thread at a time may use it.
    """

    cdef void _column(self, float *cost, const float *local, Py_ssize_t template) noexcept nogil:
        edit_column(cost, &self.scratch[0, 0], local, self.lengths[template], self.strides[template],
                    self.newest[template])

    cdef float _score(self, Py_ssize_t template, int32_t window) noexcept nogil:
        cdef Py_ssize_t last_row = self.states[template] + self.lengths[template] * self.strides[template]
        return self.cost[last_row + self._place(template, window)] / <float>max(self.lengths[template], window)
