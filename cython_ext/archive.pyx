"""What a search does with every code of an archive that it reads: counting votes, and aligning a template.

Sums and path costs are float32 and added in the order of the readable twins in `kwsd/archive/search/reference.py`, so that
both give the same bits.
"""

from libc.math cimport INFINITY
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memmove

import numpy as np

from kwsd.archive.search import checks
from kwsd.archive.segments import alternation
from kwsd.scorers import checks as scorer_checks, exact


cdef extern from "costs.h":
    bint usable "kwsd_usable"(const float *costs, Py_ssize_t count, float least) noexcept nogil


cdef extern from "archive.h":
    enum:
        FRAMES "KWSD_BLOCK"
        SCAN "KWSD_SCAN"
        WIDTH "KWSD_WIDTH"
        STEPS "KWSD_STEPS"
        LANES "KWSD_LANES"
        PIECE "KWSD_PIECE"
        ONE_FRAME "KWSD_ONE_FRAME"

    ctypedef struct Best "kwsd_best":
        uint64_t *keys
        Py_ssize_t held, room, wanted
        int32_t threshold

    ctypedef struct Diagonal "kwsd_diagonal":
        float *cost
        float *cost_before
        uint32_t *path
        uint32_t *path_before

    ctypedef struct Bundle "kwsd_bundle":
        float *cost
        uint32_t *path
        float *distance
        int32_t *span
        int32_t *end

    void fetch "kwsd_fetch"(const void *start, Py_ssize_t count) noexcept nogil
    Py_ssize_t add_places "kwsd_add_places"(const int32_t *places, Py_ssize_t cursor, Py_ssize_t last, uint32_t offset,
                                            uint32_t weight, uint32_t *blocks, uint32_t size) noexcept nogil
    void consider "kwsd_consider"(Best *best, const uint32_t *blocks, Py_ssize_t count, int64_t window) noexcept nogil
    void consider_all "kwsd_consider_all"(Best *best, uint32_t *blocks, Py_ssize_t count, int64_t window) noexcept nogil
    void keep_wanted "kwsd_keep_wanted"(Best *best) noexcept nogil
    ctypedef struct Lengths "kwsd_lengths":
        const uint8_t *norms
        const float *gains
        int halved

    ctypedef struct Codes "kwsd_codes":
        const uint8_t *bytes
        int64_t frames
        Py_ssize_t stages, between
        float own, beside

    const uint8_t *bytes_of "kwsd_bytes_of"(const Codes *codes, int64_t frame) noexcept nogil
    void look_up "kwsd_look_up"(const Codes *codes, const Lengths *lengths, const float *tables, Py_ssize_t vectors,
                                int64_t frame, Py_ssize_t count, float *costs) noexcept nogil
    void steps "kwsd_steps"(const Diagonal *last, const float *costs, Py_ssize_t vectors, Py_ssize_t count,
                            float *end_costs, uint32_t *end_paths) noexcept nogil
    void scores "kwsd_scores"(const float *cost, const uint32_t *path, Py_ssize_t count, int32_t length,
                              float *distance, int32_t *span) noexcept nogil
    void to_lane "kwsd_to_lane"(const float *costs, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t length,
                                float *lane) noexcept nogil
    void add_frames "kwsd_add_frames"(Bundle *bundle, const float *local, Py_ssize_t count, Py_ssize_t length,
                                      Py_ssize_t at) noexcept nogil


cdef float LEAST_COST = scorer_checks.LEAST_COST
cdef float OWN = alternation.OWN, BESIDE = alternation.BESIDE
BLOCK = FRAMES


# --- Votes ------------------------------------------------------------------------------------------------------------

cdef enum:
    # How many lists ahead places are asked for: in all of them together no processor foresees what is read next.
    AHEAD = 6
    LEAST_CHUNK = 1 << 13
    MOST_CHUNK = 1 << 17
    # Places that each list should have in a chunk: the more, the less often a loop ends where no processor foresees it.
    PLACES_A_CHUNK = 24


cdef struct Lists:
    const int32_t *places
    const int32_t *shift
    const int32_t *weight
    # Where each list is read next, where it ends, and the frame that stands there.
    int64_t *cursor
    int64_t *last
    int64_t *upcoming
    Py_ssize_t count


cdef struct Archive:
    int64_t frames, blocks, size, bytes_a_list
    # The sum of the block before the chunk, then of those in it.
    uint32_t *sums
    # What places beyond either end of the archive add to its first and its last block.
    int64_t before, after


def vote(places, first, last, shift, weight, frames, count, above=0):
    """The stretches of an archive that the most posting lists name, best first.

    Args:
        places: int32 [p] frames, posting lists one after another, each of them ascending.
        first, last: int64 [l] where the lists to read begin and end in `places`.
        shift: int32 [l] frames, added to each place of a list; a sum outside the archive counts at its end.
        weight: int32 [l] what each place of a list adds, 1 to 65535.
        frames: of the archive.
        count: the most windows to return.
        above: the score that a window must exceed.

    Returns:
        window: int32 [<= count]; window w is the frames from 4 w up to, not with, 4 w + 8, in two blocks of 4.
        score: int32 [<= count] the sum over its places, above `above`; of equal scores the earlier window comes first.

    Raises:
        ValueError: an array has another type or shape, a list lies outside `places`, a number makes no sense, or the
            weights are so large that a score could exceed 32 bits.
    """
    cdef const int32_t[::1] given = exact.vector(places, "places", np.int32)
    cdef int64_t[::1] cursors, lasts, upcoming = np.empty(len(first), dtype=np.int64)
    cdef const int32_t[::1] shifts, weights
    cdef Lists lists
    bounds = checks.lists(first, last, shift, weight, given.shape[0])
    blocks, wanted = (checks.frames(frames) + FRAMES - 1) // FRAMES, checks.windows(count)
    # These move while the lists are read.
    cursors, lasts, shifts, weights = bounds[0].copy(), bounds[1].copy(), bounds[2], bounds[3]
    if not given.shape[0] or not cursors.shape[0]:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    lists = Lists(&given[0], &shifts[0], &weights[0], &cursors[0], &lasts[0], &upcoming[0], cursors.shape[0])
    found = best_keys(&lists, frames, blocks, int((bounds[1] - bounds[0]).sum()), min(wanted, blocks),
                      checks.floor(above))
    return (0xFFFFFFFF - (found & 0xFFFFFFFF)).astype(np.int32), (found >> 32).astype(np.int32)


cdef best_keys(Lists *lists, int64_t frames, int64_t blocks, int64_t places, Py_ssize_t wanted, int32_t above):
    """The keys of the best windows, the best first."""
    cdef Archive archive = Archive(frames, blocks, chunk_size(blocks, lists.count, places), 0, NULL, 0, 0)
    cdef Best best = Best(NULL, 0, 4 * wanted + SCAN, wanted, above)
    cdef uint32_t[::1] sums = np.zeros(archive.size + 1, dtype=np.uint32)
    cdef uint64_t[::1] keys = np.empty(best.room, dtype=np.uint64)
    cdef bint fits
    archive.sums, best.keys = &sums[0], &keys[0]
    archive.bytes_a_list = 4 * places * archive.size // (blocks * lists.count)
    with nogil:
        trim(lists, &archive)
        fits = archive.before + archive.after + most_in_window(lists) <= INT32_MAX
        if fits:
            count_votes(lists, &archive, &best)
            keep_wanted(&best)
    if not fits:
        checks.refuse_weights()
    return np.sort(keys[:best.held])[::-1]


cdef int64_t chunk_size(int64_t blocks, Py_ssize_t lists, int64_t places) noexcept:
    """How many blocks to count at a time, a power of 2: few enough for the second cache."""
    cdef int64_t size = LEAST_CHUNK
    while size < MOST_CHUNK and size < blocks and size * places < PLACES_A_CHUNK * blocks * lists:
        size *= 2
    return size


cdef void trim(Lists *lists, Archive *archive) noexcept nogil:
    """Counts the places that fall outside the archive, and leaves the lists with the others."""
    cdef Py_ssize_t i
    cdef int64_t first, last
    for i in range(lists.count):
        first, last = lists.cursor[i], lists.last[i]
        while first < last and <int64_t>lists.places[first] + lists.shift[i] < 0:
            first += 1
        while first < last and <int64_t>lists.places[last - 1] + lists.shift[i] >= archive.frames:
            last -= 1
        archive.before += (first - lists.cursor[i]) * lists.weight[i]
        archive.after += (lists.last[i] - last) * lists.weight[i]
        lists.cursor[i], lists.last[i] = first, last
        look_ahead(lists, i)


cdef inline void look_ahead(Lists *lists, Py_ssize_t i) noexcept nogil:
    """Notes the frame that a list names next; a list that has ended names none in any archive."""
    if lists.cursor[i] < lists.last[i]:
        lists.upcoming[i] = <int64_t>lists.places[lists.cursor[i]] + lists.shift[i]
    else:
        lists.upcoming[i] = <int64_t>1 << 62


cdef int64_t most_in_window(const Lists *lists) noexcept nogil:
    """The highest score that a window can have: no list names one of its frames twice."""
    cdef int64_t most = 0
    cdef Py_ssize_t i
    for i in range(lists.count):
        most += lists.weight[i] * min(lists.last[i] - lists.cursor[i], <int64_t>(2 * FRAMES))
    return most


cdef void count_votes(Lists *lists, Archive *archive, Best *best) noexcept nogil:
    """Works through the archive in chunks, the first and the last and all between that a list has places in."""
    cdef int64_t start = 0, end, following, final = (archive.blocks - 1) // archive.size * archive.size
    archive.sums[1] = <uint32_t>archive.before
    while start < archive.blocks:
        end = start + archive.size
        following = count_chunk(lists, archive, start) // FRAMES // archive.size * archive.size
        if start == final:
            archive.sums[archive.blocks - start] += <uint32_t>archive.after
        consider_all(best, archive.sums, archive.size, start - 1)
        archive.sums[0] = archive.sums[archive.size]
        archive.sums[archive.size] = 0
        start = max(end, min(following, final))
        if start > end or start > final:
            consider(best, archive.sums, 1, end - 1)
            archive.sums[0] = 0


cdef int64_t count_chunk(Lists *lists, Archive *archive, int64_t start) noexcept nogil:
    """Adds all places in the chunk of blocks that begins with `start`; returns the first frame named after it."""
    cdef int64_t end = (start + archive.size) * FRAMES, nearest = <int64_t>1 << 62
    cdef uint32_t offset
    cdef Py_ssize_t i
    for i in range(lists.count):
        if i + AHEAD < lists.count:
            fetch(lists.places + lists.cursor[i + AHEAD], archive.bytes_a_list)
        if lists.upcoming[i] < end:
            offset = <uint32_t>(lists.shift[i] - start * FRAMES)
            lists.cursor[i] = add_places(lists.places, lists.cursor[i], lists.last[i], offset, lists.weight[i],
                                         archive.sums + 1, <uint32_t>archive.size)
            look_ahead(lists, i)
        nearest = min(nearest, lists.upcoming[i])
    return nearest


# --- Regions ----------------------------------------------------------------------------------------------------------

def around(window, score, reach, bounds, alive):
    """The regions of an archive around windows that have more votes than the windows beside them.

    Args:
        window: int32 [w] numbers of windows, ascending, see `vote`.
        score: int32 [w] their votes; of two neighbours with the same votes the earlier counts.
        reach: frames that a region has before its window, and after it.
        bounds: int64 [d + 1] ascending; document i has the frames from bounds[i] up to, not with, bounds[i + 1].
        alive: bool [d] whether each document is searched.

    Returns:
        begin, end: int64 [r] the regions, each within one document that is searched. Where a window reaches into several
            documents, there are several.

    Raises:
        ValueError: an array has another type or length, windows do not ascend, or one is not within the documents.
    """
    cdef const int32_t[::1] windows, scores
    cdef const int64_t[::1] limits
    cdef const uint8_t[::1] searched
    windows, scores, limits, searched = checks.windows_of_documents(window, score, bounds, alive, FRAMES)
    cdef int64_t wide = checks.reach(reach)
    cdef Py_ssize_t count = windows.shape[0], room = 2 * count, found
    cdef int64_t[::1] begins, ends
    while True:
        first, last = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        begins, ends = first, last
        with nogil:
            found = regions_around(windows, scores, wide, limits, searched, begins, ends)
        if found <= room:
            return first[:found], last[:found]
        room = found


cdef Py_ssize_t regions_around(const int32_t[::1] windows, const int32_t[::1] scores, int64_t wide,
                               const int64_t[::1] limits, const uint8_t[::1] searched, int64_t[::1] begins,
                               int64_t[::1] ends) noexcept nogil:
    """Writes the first regions, as many as there is room for; returns how many there are."""
    cdef Py_ssize_t i, at = 0, count = windows.shape[0], found = 0, document
    cdef int64_t begin, end
    for i in range(count):
        if i + 1 < count and windows[i + 1] == windows[i] + 1 and scores[i] < scores[i + 1]:
            continue
        if i and windows[i - 1] == windows[i] - 1 and scores[i] <= scores[i - 1]:
            continue
        begin = max(<int64_t>0, <int64_t>windows[i] * FRAMES - wide)
        end = min(limits[limits.shape[0] - 1], (<int64_t>windows[i] + 2) * FRAMES + wide)
        document = at = document_at(limits, begin, at)
        while begin < end:
            if limits[document + 1] > begin and searched[document]:
                if found < begins.shape[0]:
                    begins[found], ends[found] = begin, min(end, limits[document + 1])
                found += 1
            document += 1
            begin = max(begin, limits[document])
    return found


cdef inline Py_ssize_t document_at(const int64_t[::1] bounds, int64_t frame, Py_ssize_t low) noexcept nogil:
    """The last document that begins with a frame or before it, as `low` does: it is looked for near that first."""
    cdef Py_ssize_t step = 1, last = bounds.shape[0] - 2
    while low + step <= last and bounds[low + step] <= frame:
        low += step
        step *= 2
    while step:
        if low + step <= last and bounds[low + step] <= frame:
            low += step
        step //= 2
    return low


# --- Warping ----------------------------------------------------------------------------------------------------------

cdef struct Template:
    # `tables` has its rows filled up to whole vectors.
    const float *tables
    Py_ssize_t rows, vectors


cdef struct Source:
    # Either codes and norms of an archive, or ready costs.
    Codes codes
    Lengths lengths
    const float *costs


cdef struct Regions:
    const int64_t *begin
    const int64_t *end
    Py_ssize_t count


cdef struct Walk:
    # A place in the regions, one after another with a frame between them that no path crosses.
    Py_ssize_t region
    int64_t done


def align(codes, norms, gains, tables, begin, end):
    """At each frame of some regions of an archive, how well a template ends there.

    Args:
        codes: uint8 [N, s] of the archive's frames; or, where every other one is coded between its neighbours,
            [N / 2, w], see `kwsd.archive.segments.alternation`.
        norms: uint8 [N] which of the gains belongs to each frame; with 16 gains [(N + 1) // 2], two frames to a byte,
            the first in its lower half.
        gains: float32 [256] or [16] what inner products with a frame's sum of code words are multiplied by, see
            `kwsd.archive.segments.gains`.
        tables: float32 [s, 256, L] inner products of every code word with the template's L vectors.
        begin, end: int64 [r] the regions, frames from `begin` up to, not with, `end`; each is a stream of its own.

    Returns:
        distance: float32 [n], for the regions' n frames one after another: of the cheapest alignment that ends there,
            the cost divided by its cells; infinite where it spans less than L / 2 or more than 2 L frames.
        span: int32 [n] the frames that it spans, 0 where the distance is infinite.

    Raises:
        ValueError: an array has another type or shape, its values make no sense, or a region lies outside the archive.

    The local cost is 1 - gains[norm] * (the sum over stages of tables[stage, code]), 0 where that is negative; of a code
    between its neighbours the sum has a share of theirs. The alignment is that of `kwsd.scorers.subsequence_dtw`;
    distances to codes as in Jégou et al. 2011, section 3.2.
    """
    cdef const uint8_t[:, ::1] given = checks.code_matrix(codes)
    cdef const float[::1] factors = checks.gains(gains)
    cdef const float[:, :, ::1] products = filled(checks.tables(tables, given.shape[1], gains))
    cdef Py_ssize_t between = given.shape[1] - products.shape[0], frames = len(given) * (2 if between else 1)
    cdef const uint8_t[::1] lengths = checks.norms(norms, frames, len(factors))
    cdef const int64_t[::1] begins, ends
    cdef Source source
    cdef Template template
    begins, ends = checks.regions(begin, end, frames)
    if not len(begins):
        return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int32)
    source = Source(
        Codes(&given[0, 0], frames, products.shape[0], between, OWN, BESIDE),
        Lengths(&lengths[0], &factors[0], factors.shape[0] == 16),
        NULL,
    )
    template = Template(&products[0, 0, 0], tables.shape[2], products.shape[2] // WIDTH)
    return aligned(source, template, Regions(&begins[0], &ends[0], len(begins)), np.subtract(ends, begins).sum())


def align_costs(costs, lengths):
    """`align` on ready local costs.

    Args:
        costs: float32 [n, L] local costs of the regions' frames, one region after another.
        lengths: int64 [r] the frames of each region, at least 1.

    Returns:
        distance: float32 [n].
        span: int32 [n].

    Raises:
        ValueError: costs are no matrix, not finite or below zero, or the lengths do not add up to their rows.
    """
    cdef const float[:, ::1] local = checks.cost_rows(costs)
    cdef const int64_t[::1] begins, ends
    cdef Source source
    cdef Template template
    ends = np.cumsum(checks.region_lengths(lengths, len(local)))
    begins = np.subtract(ends, lengths)
    if not len(begins):
        return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int32)
    if not usable(&local[0, 0], local.shape[0] * local.shape[1], LEAST_COST):
        scorer_checks.refuse_costs()
    source = Source(Codes(NULL, 0, 0, 0, 0, 0), Lengths(NULL, NULL, 0), &local[0, 0])
    template = Template(NULL, local.shape[1], (local.shape[1] + WIDTH - 1) // WIDTH)
    return aligned(source, template, Regions(&begins[0], &ends[0], len(begins)), len(local))


def lowest(distance, lengths):
    """Where in each region the distance is lowest.

    Args:
        distance: float32 [n] distances at the regions' frames, one region after another.
        lengths: int64 [r] the frames of each region, at least 1.

    Returns:
        int64 [r] indices into `distance`, the first where several are equally low.

    Raises:
        ValueError: the lengths do not add up to the distances.
    """
    cdef const float[::1] distances = exact.vector(distance, "distance", np.float32)
    cdef const int64_t[::1] counts = checks.region_lengths(lengths, len(distances))
    index = np.empty(len(counts), dtype=np.int64)
    cdef int64_t[::1] indices = index
    cdef int64_t frame = 0, end = 0
    cdef Py_ssize_t region
    with nogil:
        for region in range(counts.shape[0]):
            indices[region] = frame
            end += counts[region]
            while frame < end:
                if distances[frame] < distances[indices[region]]:
                    indices[region] = frame
                frame += 1
    return index


def nearest(codes, norms, gains, tables, begin, end):
    """Of each region of an archive the place that is nearest to a template: `align`, and its lowest distance.

    Args:
        codes, norms, gains, tables, begin, end: as for `align`.

    Returns:
        distance: float32 [r] the lowest in each region; infinite if there is none.
        last: int64 [r] the frame at which that alignment ends, the first if there are several; the region's first frame
            if there is none.
        span: int32 [r] the frames that it spans, 0 if there is none.

    Raises:
        ValueError: as `align`.
    """
    cdef const uint8_t[:, ::1] given = checks.code_matrix(codes)
    cdef const float[::1] factors = checks.gains(gains)
    cdef const float[:, :, ::1] products = filled(checks.tables(tables, given.shape[1], gains))
    cdef Py_ssize_t between = given.shape[1] - products.shape[0], frames = len(given) * (2 if between else 1)
    cdef const uint8_t[::1] lengths = checks.norms(norms, frames, len(factors))
    cdef const int64_t[::1] begins, ends
    begins, ends = checks.regions(begin, end, frames)
    distance, last, span = (np.empty(len(begins), dtype=kind) for kind in (np.float32, np.int64, np.int32))
    if not len(begins):
        return distance, last, span
    cdef float[::1] distances = distance
    cdef int64_t[::1] lasts = last
    cdef int32_t[::1] spans = span
    cdef Source source = Source(
        Codes(&given[0, 0], frames, products.shape[0], between, OWN, BESIDE),
        Lengths(&lengths[0], &factors[0], factors.shape[0] == 16),
        NULL,
    )
    cdef Template template = Template(&products[0, 0, 0], tables.shape[2], products.shape[2] // WIDTH)
    cdef Regions regions = Regions(&begins[0], &ends[0], len(begins))
    cdef Regions some
    cdef float[::1] costs = np.empty(PIECE * template.vectors * WIDTH, dtype=np.float32)
    cdef float[::1] lanes = np.empty(PIECE * template.rows * LANES, dtype=np.float32)
    cdef float[::1] cost = np.empty(template.rows * LANES, dtype=np.float32)
    cdef uint32_t[::1] path = np.empty(template.rows * LANES, dtype=np.uint32)
    cdef Bundle bundle
    cdef Py_ssize_t first = 0, k
    bundle.cost, bundle.path = &cost[0], &path[0]
    with nogil:
        while first < regions.count:
            some = Regions(regions.begin + first, regions.end + first, min(regions.count - first, <Py_ssize_t>LANES))
            for k in range(first + LANES, min(regions.count, first + 2 * LANES)):
                look_forward(&source, &template, &regions, k)
            align_side_by_side(&source, &template, &some, &costs[0], &lanes[0], &bundle)
            for k in range(some.count):
                distances[first + k] = bundle.distance[k]
                lasts[first + k] = some.begin[k] + bundle.end[k]
                spans[first + k] = bundle.span[k]
            first += LANES
    return distance, last, span


cdef void align_side_by_side(const Source *source, const Template *template, const Regions *regions, float *costs,
                             float *lanes, Bundle *bundle) noexcept nogil:
    """Aligns a template in LANES regions or fewer. The costs of a region that has ended, or is none, are infinite."""
    cdef Py_ssize_t k, t, rows = template.vectors * WIDTH
    cdef int64_t at = 0, frames = 0, taken
    for k in range(regions.count):
        frames = max(frames, regions.end[k] - regions.begin[k])
    for k in range(LANES):
        bundle.distance[k] = INFINITY
        bundle.span[k] = bundle.end[k] = 0
    for t in range(template.rows * LANES):
        bundle.cost[t] = INFINITY
        bundle.path[t] = 0
    for t in range(PIECE * template.rows * LANES):
        lanes[t] = INFINITY
    while at < frames:
        for k in range(regions.count):
            taken = max(<int64_t>0, min(<int64_t>PIECE, regions.end[k] - regions.begin[k] - at))
            local_costs(source, template, regions.begin[k] + at, taken, costs)
            to_lane(costs, taken, rows, template.rows, lanes + k)
            for t in range(taken * template.rows, PIECE * template.rows):
                lanes[t * LANES + k] = INFINITY
        add_frames(bundle, lanes, min(<int64_t>PIECE, frames - at), template.rows, at)
        at += PIECE


cdef filled(tables):
    """Tables with columns of zeros up to whole vectors."""
    cdef Py_ssize_t rows = tables.shape[2]
    wide = np.zeros((*tables.shape[:2], (rows + WIDTH - 1) // WIDTH * WIDTH), dtype=np.float32)
    wide[:, :, :rows] = tables
    return wide


cdef aligned(Source source, Template template, Regions regions, frames):
    """Distances and spans of all frames."""
    cdef Py_ssize_t rows = template.vectors * WIDTH
    distance, span = np.empty(frames, dtype=np.float32), np.empty(frames, dtype=np.int32)
    cdef float[::1] distances = distance
    cdef int32_t[::1] spans = span
    # The costs of frames that are still on the diagonal, then of the new ones; the last row's results; the diagonal.
    cdef float[::1] costs = np.full((rows + STEPS) * rows, np.inf, dtype=np.float32)
    cdef float[::1] end_costs = np.empty(STEPS * WIDTH, dtype=np.float32)
    cdef uint32_t[::1] end_paths = np.empty(STEPS * WIDTH, dtype=np.uint32)
    cdef float[:, ::1] cost = np.full((2, rows), np.inf, dtype=np.float32)
    cdef uint32_t[:, ::1] path = np.zeros((2, rows), dtype=np.uint32)
    cdef Diagonal diagonal = Diagonal(&cost[0, 0], &cost[1, 0], &path[0, 0], &path[1, 0])
    with nogil:
        follow(&source, &template, &regions, &diagonal, &costs[0], &end_costs[0], &end_paths[0], &distances[0],
               &spans[0])
    return distance, span


cdef void follow(const Source *source, const Template *template, const Regions *regions, const Diagonal *diagonal,
                 float *costs, float *end_costs, uint32_t *end_paths, float *distance, int32_t *span) noexcept nogil:
    """Aligns the template; its last row is heard as many frames after the first as it has others."""
    cdef Py_ssize_t rows = template.vectors * WIDTH, late = template.rows - 1, skipped, first
    cdef Py_ssize_t last = late % WIDTH
    cdef Walk heard = Walk(0, 0), told = Walk(0, 0)
    cdef int64_t written = 0
    while told.region < regions.count:
        hear(source, template, regions, &heard, costs + rows * rows)
        steps(diagonal, costs + rows * rows, template.vectors, STEPS, end_costs, end_paths)
        memmove(costs, costs + STEPS * rows, rows * rows * sizeof(float))
        skipped = min(late, <Py_ssize_t>STEPS)
        late -= skipped
        first = skipped * WIDTH + last
        written += tell(template, regions, &told, end_costs + first, end_paths + first, STEPS - skipped,
                        distance + written, span + written)


cdef void hear(const Source *source, const Template *template, const Regions *regions, Walk *walk,
               float *costs) noexcept nogil:
    """The local costs of the walk's next STEPS frames: infinite between regions, and after the last."""
    cdef Py_ssize_t rows = template.vectors * WIDTH, room = STEPS, taken, k
    while room:
        taken = stretch(regions, walk, room)
        if taken:
            local_costs(source, template, regions.begin[walk.region] + walk.done, taken, costs)
            walk.done += taken
        else:
            for k in range(rows):
                costs[k] = INFINITY
            taken = 1
            step_over(regions, walk)
            look_forward(source, template, regions, walk.region + 8)
        costs += taken * rows
        room -= taken


cdef int64_t tell(const Template *template, const Regions *regions, Walk *walk, const float *cost,
                  const uint32_t *path, Py_ssize_t room, float *distance, int32_t *span) noexcept nogil:
    """Writes the scores of the walk's next frames; returns how many, as there are none between regions."""
    cdef int64_t written = 0, taken
    while room and walk.region < regions.count:
        taken = stretch(regions, walk, room)
        if taken:
            scores(cost, path, taken, template.rows, distance + written, span + written)
            written += taken
            walk.done += taken
        else:
            taken = 1
            step_over(regions, walk)
        cost += taken * WIDTH
        path += taken * WIDTH
        room -= taken
    return written


cdef inline int64_t stretch(const Regions *regions, const Walk *walk, int64_t room) noexcept nogil:
    """How many frames of a region come next, `room` at the most; 0 between regions."""
    if walk.region >= regions.count:
        return 0
    return min(room, regions.end[walk.region] - regions.begin[walk.region] - walk.done)


cdef inline void step_over(const Regions *regions, Walk *walk) noexcept nogil:
    walk.region += 1
    walk.done = 0


cdef void local_costs(const Source *source, const Template *template, int64_t first, Py_ssize_t count,
                      float *costs) noexcept nogil:
    """The costs of frames from `first` on, in rows of whole vectors."""
    cdef Py_ssize_t i, k, rows = template.vectors * WIDTH
    if source.costs is NULL:
        look_up(&source.codes, &source.lengths, template.tables, template.vectors, first, count, costs)
        return
    for i in range(count):
        for k in range(template.rows):
            costs[i * rows + k] = source.costs[(first + i) * template.rows + k]
        for k in range(template.rows, rows):
            costs[i * rows + k] = 0


cdef inline void look_forward(const Source *source, const Template *template, const Regions *regions,
                              Py_ssize_t region) noexcept nogil:
    """Asks for a region's codes before they are needed: regions lie anywhere in the archive."""
    cdef int64_t first, count
    if region < regions.count and source.costs is NULL:
        first, count = regions.begin[region], regions.end[region] - regions.begin[region]
        fetch(bytes_of(&source.codes, first), bytes_of(&source.codes, first + count) - bytes_of(&source.codes, first))
        fetch(source.lengths.norms + (first // 2 if source.lengths.halved else first), count)
