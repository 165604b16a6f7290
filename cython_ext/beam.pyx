"""Codes of vectors by beam search: one word of each stage, so that the sum of the words is near to the vector."""

from libc.stdint cimport uint8_t
from libc.string cimport memmove

import numpy as np

from kwsd.archive.segments import beam_checks as checks

cdef enum:
    WORDS = 256
    MOST_STAGES = 16
    MOST_WIDTH = 64  # as in kwsd.archive.segments.beam_checks


cdef struct Beam:
    # Sums of words, the nearest first: half the squared distance, but for a part that all have, and the words.
    Py_ssize_t held
    float cost[MOST_WIDTH]
    uint8_t words[MOST_WIDTH][MOST_STAGES]


def nearest_sums(products, halves, crosses, width, first=1):
    """The codes of vectors: of the sums that a beam search finds, the one nearest to each vector.

    Args:
        products: float32 [n, s, 256] inner products of the vectors with the words of each stage.
        halves: float32 [s, 256] half the squared lengths of the words.
        crosses: float32 [t, t, 256, 256], t at least s, inner products of the words of each stage with those of each
            other; the first s stages are used.
        width: 1 to 64, the sums that are kept after each stage but the first; with 1, each stage takes the nearest word.
        first: 1 to 64, those that are kept after the first. With 1 the first word is the one nearest to the vector,
            which is the vector's token in the archive.

    Returns:
        codes: uint8 [n, s].

    Raises:
        ValueError: an array has another type or shape, or there are more than 16 stages or 64 sums.
    """
    cdef const float[:, :, ::1] given
    cdef const float[:, ::1] half
    cdef const float[:, :, :, ::1] cross
    given, half, cross = checks.tables(products, halves, crosses)
    cdef Py_ssize_t i, most = checks.width(width), begun = checks.width(first), stages = given.shape[1], known = cross.shape[0]
    found = np.empty((given.shape[0], stages), dtype=np.uint8)
    cdef uint8_t[:, ::1] out = found
    cdef Beam one, other
    with nogil:
        for i in range(given.shape[0]):
            search(&given[i, 0, 0], &half[0, 0], &cross[0, 0, 0, 0], stages, known, begun, most, &one, &other,
                   &out[i, 0])
    return found


cdef void search(const float *products, const float *halves, const float *crosses, Py_ssize_t stages, Py_ssize_t known,
                 Py_ssize_t begun, Py_ssize_t most, Beam *beam, Beam *longer, uint8_t *out) noexcept nogil:
    cdef Py_ssize_t stage, b, word, before, kept
    cdef const float *row
    cdef float cost[WORDS]
    cdef float alone[WORDS]
    cdef Beam *swapped
    beam.held = 1
    beam.cost[0] = 0
    for stage in range(stages):
        longer.held = 0
        kept = most if stage else begun
        for word in range(WORDS):
            alone[word] = halves[stage * WORDS + word] - products[stage * WORDS + word]
        for b in range(beam.held):
            for word in range(WORDS):
                cost[word] = beam.cost[b] + alone[word]
            for before in range(stage):
                row = crosses + ((before * known + stage) * WORDS + beam.words[b][before]) * WORDS
                for word in range(WORDS):
                    cost[word] += row[word]
            for word in range(WORDS):
                if longer.held < kept or cost[word] < longer.cost[longer.held - 1]:
                    insert(longer, kept, cost[word], beam.words[b], stage, <uint8_t>word)
        swapped, beam, longer = beam, longer, beam
    for stage in range(stages):
        out[stage] = beam.words[0][stage]


cdef inline void insert(Beam *beam, Py_ssize_t width, float cost, const uint8_t *words, Py_ssize_t stage,
                        uint8_t word) noexcept nogil:
    """Keeps a sum behind those that are nearer or as near; the last one may fall out."""
    cdef Py_ssize_t at = beam.held if beam.held < width else width - 1, i
    if beam.held < width:
        beam.held += 1
    while at and beam.cost[at - 1] > cost:
        beam.cost[at] = beam.cost[at - 1]
        memmove(beam.words[at], beam.words[at - 1], stage + 1)
        at -= 1
    beam.cost[at] = cost
    for i in range(stage):
        beam.words[at][i] = words[i]
    beam.words[at][stage] = word
