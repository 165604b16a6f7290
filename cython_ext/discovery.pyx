"""What discovery does with every window of an archive: density, projections, comparison in leaves, and alignment.

All sums are of integers: the readable twins in `kwsd/archive/discovery/reference.py` give the same numbers, and so does
every processor.
"""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t

import numpy as np

from kwsd.archive.discovery import checks


cdef extern from "discovery.h":
    int32_t mean "kwsd_mean"(int32_t one, int32_t other) noexcept nogil
    void products_with "kwsd_products_with"(const int8_t *one, const int8_t *others, Py_ssize_t count, Py_ssize_t size,
                                            int32_t *out) noexcept nogil
    void products_in_leaf "kwsd_products_in_leaf"(const int8_t *vectors, Py_ssize_t dims, Py_ssize_t size,
                                                  int32_t window, const int32_t *starts, Py_ssize_t count,
                                                  int32_t *out) noexcept nogil
    ctypedef struct Cell "kwsd_cell":
        int32_t score, one, other

    int32_t align_pair "kwsd_align_pair"(const int8_t *vectors, const int32_t *level, Py_ssize_t dims,
                                         const int32_t *place, const int32_t *limit, int32_t reach, int32_t band,
                                         int32_t gap, Cell *cells, int32_t *bounds) noexcept nogil
    void project_node "kwsd_project_node"(const int8_t *vectors, Py_ssize_t dims, Py_ssize_t size,
                                          const int16_t *direction, const int32_t *starts, Py_ssize_t count,
                                          int32_t *out) noexcept nogil


# --- Density ----------------------------------------------------------------------------------------------------------

def density(vectors, sample, count):
    """How like the nearest of a sample each vector is.

    Args:
        vectors: int8 [n, m].
        sample: int8 [k, m].
        count: how many of the sample's highest inner products are averaged, from 1 to k.

    Returns:
        int32 [n]: the mean of the highest inner products, rounded towards zero.

    Raises:
        ValueError: an array has another type or shape, or there are fewer than `count` in the sample.
    """
    cdef const int8_t[:, ::1] given = checks.vectors(vectors)
    cdef const int8_t[:, ::1] others = checks.sample(sample, given.shape[1], count)
    cdef Py_ssize_t n = given.shape[0], k = others.shape[0], highest = count, i
    cdef int32_t[::1] products = np.empty(k, dtype=np.int32), kept = np.empty(highest, dtype=np.int32)
    out = np.empty(n, dtype=np.int32)
    cdef int32_t[::1] means = out
    with nogil:
        for i in range(n):
            products_with(&given[i, 0], &others[0, 0], k, given.shape[1], &products[0])
            means[i] = mean_of_highest(&products[0], k, &kept[0], highest)
    return out


cdef int32_t mean_of_highest(const int32_t *products, Py_ssize_t count, int32_t *kept, Py_ssize_t wanted) noexcept nogil:
    """The mean of the highest `wanted` products, which are kept in falling order."""
    cdef Py_ssize_t held = 0, i, at
    cdef int64_t total = 0
    for i in range(count):
        if held == wanted and products[i] <= kept[held - 1]:
            continue
        at = held if held < wanted else held - 1
        held = min(held + 1, wanted)
        while at and kept[at - 1] < products[i]:
            kept[at] = kept[at - 1]
            at -= 1
        kept[at] = products[i]
    for i in range(wanted):
        total += kept[i]
    return <int32_t>(total / wanted)


# --- Trees ------------------------------------------------------------------------------------------------------------

def project(vectors, windows, first, second, width):
    """The windows of each node along the line from one of its windows to another.

    Args:
        vectors: int8 [n, m].
        windows: int32 [nodes, size] the numbers of the vectors with which the windows begin; -1 for none.
        first, second: int32 [nodes] the windows through which the lines go.
        width: vectors in a window.

    Returns:
        int32 [nodes, size]: the inner product with the first window less that with the second; 0 for none.

    Raises:
        ValueError: an array has another type or shape, or a window lies outside the vectors.
    """
    cdef const int8_t[:, ::1] given = checks.vectors(vectors)
    cdef const int32_t[:, ::1] nodes = checks.windows(windows, len(given), width)
    cdef const int32_t[::1] ones = checks.starts(first, len(nodes), len(given), width)
    cdef const int32_t[::1] others = checks.starts(second, len(nodes), len(given), width)
    cdef Py_ssize_t dims = given.shape[1], size = width * given.shape[1], node, i
    cdef int16_t[::1] direction = np.empty(size, dtype=np.int16)
    cdef const int8_t *one
    cdef const int8_t *other
    out = np.empty((nodes.shape[0], nodes.shape[1]), dtype=np.int32)
    cdef int32_t[:, ::1] along = out
    with nogil:
        for node in range(nodes.shape[0]):
            one, other = &given[ones[node], 0], &given[others[node], 0]
            for i in range(size):
                direction[i] = <int16_t>(one[i] - other[i])
            project_node(&given[0, 0], dims, size, &direction[0], &nodes[node, 0], nodes.shape[1], &along[node, 0])
    return out


def compare(vectors, level, leaves, width, least, near, score):
    """Compare all windows of each leaf with each other, and note for each window those that are most like it.

    Args:
        vectors: int8 [n, m].
        level: int32 [n] of the window that begins with each vector; half of the two windows' levels is taken from their
            inner product.
        leaves: int32 [leaves, size] windows; -1 for none.
        width: vectors in a window. Windows that overlap are not compared.
        least: what a score must exceed.
        near: int32 [n, k] the windows that are most like each, best first, -1 for none; changed in place.
        score: int32 [n, k] their scores; changed in place.

    Raises:
        ValueError: an array has another type or shape, or a window lies outside the vectors.
    """
    cdef const int8_t[:, ::1] given = checks.vectors(vectors)
    cdef const int32_t[::1] levels = checks.levels(level, len(given))
    cdef const int32_t[:, ::1] rows = checks.windows(leaves, len(given), width)
    cdef int32_t[:, ::1] nearest = checks.lists(near, len(given))
    cdef int32_t[:, ::1] scores = checks.lists(score, len(given))
    cdef Py_ssize_t size = rows.shape[1], span = width * given.shape[1], leaf, i, j, kept = nearest.shape[1]
    cdef int32_t one, other, value, bound = least, apart = width
    cdef int32_t[::1] products = np.empty(size, dtype=np.int32)
    with nogil:
        for leaf in range(rows.shape[0]):
            for i in range(size - 1):
                one = rows[leaf, i]
                if one < 0:
                    continue
                products_in_leaf(&given[0, 0], given.shape[1], span, one, &rows[leaf, i + 1], size - i - 1, &products[0])
                for j in range(i + 1, size):
                    other = rows[leaf, j]
                    if other < 0 or -apart < one - other < apart:
                        continue
                    value = products[j - i - 1] - mean(levels[one], levels[other])
                    if value <= bound:
                        continue
                    note(&nearest[one, 0], &scores[one, 0], kept, other, value)
                    note(&nearest[other, 0], &scores[other, 0], kept, one, value)


cdef inline void note(int32_t *near, int32_t *scores, Py_ssize_t kept, int32_t window, int32_t value) noexcept nogil:
    """Puts a window into a list that is in falling order, unless it is there or is no better than the last."""
    cdef Py_ssize_t at = kept - 1, i = 0
    if near[at] >= 0 and value <= scores[at]:
        return
    for i in range(kept):
        if near[i] == window:
            return
    while at and (near[at - 1] < 0 or scores[at - 1] < value):
        near[at], scores[at] = near[at - 1], scores[at - 1]
        at -= 1
    near[at], scores[at] = window, value


# --- Alignment --------------------------------------------------------------------------------------------------------

def align_locally(vectors, level, places, limits, reach, band, gap):
    """The best local alignment around each pair of places.

    Args:
        vectors: int8 [n, m].
        level: int32 [n] of each vector; half of two vectors' levels is taken from their inner product.
        places: int32 [p, 2] vectors that are taken to be of the same sound.
        limits: int32 [p, 4] begin and end of the stretch that the alignment may cover around the one place and around the
            other.
        reach: the vectors before and after the first place that are looked at.
        band: how far an alignment may go from the diagonal through the two places.
        gap: what a vector costs that has no partner of its own.

    Returns:
        score: int32 [p] the sum of the inner products of the aligned vectors, each less its levels, and of the gaps.
        bounds: int32 [p, 4] begin and end of the alignment around the one place and around the other; all 0 where the
            score is 0.

    Raises:
        ValueError: an array has another type or shape, or a place lies outside its stretch or a stretch outside the
            vectors.

    Smith & Waterman 1981 over inner products instead of letters, in a band along a diagonal as in segmental DTW (Park &
    Glass 2008). A vector that has no partner of its own adds the gap, and its inner product where that is negative.
    """
    cdef const int8_t[:, ::1] given = checks.vectors(vectors)
    cdef const int32_t[::1] levels = checks.levels(level, len(given))
    cdef const int32_t[:, ::1] place, limit
    place, limit = checks.places(places, limits, len(given))
    cdef Py_ssize_t pairs = place.shape[0], i
    cdef int32_t far, wide, cost
    far, wide, cost = checks.band(reach, band, gap)
    scores, bounds = np.zeros(pairs, dtype=np.int32), np.zeros((pairs, 4), dtype=np.int32)
    if not pairs:
        return scores, bounds
    cdef int32_t[::1] score = scores
    cdef int32_t[:, ::1] bound = bounds
    cdef int32_t[::1] cells = np.empty(3 * (2 * wide + 3), dtype=np.int32)
    with nogil:
        for i in range(pairs):
            score[i] = align_pair(&given[0, 0], &levels[0], given.shape[1], &place[i, 0], &limit[i, 0], far, wide, cost,
                                  <Cell *>&cells[0], &bound[i, 0])
    return scores, bounds
