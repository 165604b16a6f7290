/* The inner loops of the archive's search: counting votes, choosing the best windows, and warping along a stream.

   In C because only C can ask the compiler for a second version for processors with AVX2. Nothing is fused or
   reordered, so both versions give the same bits. */

#ifndef KWSD_ARCHIVE_H
#define KWSD_ARCHIVE_H

#include <stdint.h>
#include <string.h>
#include "costs.h"

#if defined(__GNUC__)
#define KWSD_FETCH(address) __builtin_prefetch(address)
#else
#define KWSD_FETCH(address) ((void)(address))
#endif

enum {
    KWSD_BLOCK = 4,            /* frames that share one sum of votes */
    KWSD_SCAN = 64,            /* windows that are compared with the threshold at a time */
    KWSD_SCAN_AGAIN = 16,      /* and where one of them exceeds it */
    KWSD_CLEAR = 2048,         /* windows that are considered before their blocks are cleared */
    KWSD_WIDTH = 8,            /* template frames in one vector */
    KWSD_LANES = 16,           /* regions that are aligned side by side */
    KWSD_PIECE = 16,           /* frames of them that are prepared at a time */
    KWSD_STEPS = 128,          /* stream frames that are prepared at a time, and stay in the fastest cache */
    KWSD_ONE_FRAME = 1 << 10,  /* what a cell adds to a path, see kwsd_steps */
    KWSD_ENDLESS = 1 << 30,    /* a path of a million cells or more */
};

/* Asks for memory that is soon read; the processor itself foresees where long stretches go on. */
static inline void kwsd_fetch(const void *start, ptrdiff_t bytes)
{
    for (ptrdiff_t i = 0; i < bytes + 63 && i < 1024; i += 64)
        KWSD_FETCH((const char *)start + i);
}

/* --- Votes ------------------------------------------------------------------------------------------------------- */

/* Adds the weight to the block of each place, and returns the first place that is not in the chunk of `size` blocks.

   `size` is a power of 2: indices are all less than it if what they have together is. Places that are out of order may
   be counted wrongly, but never outside the chunk. */
KWSD_FOR_EACH_PROCESSOR
static ptrdiff_t kwsd_add_places(const int32_t *places, ptrdiff_t cursor, ptrdiff_t last, uint32_t offset,
                                 uint32_t weight, uint32_t *blocks, uint32_t size)
{
    for (; cursor + 8 <= last; cursor += 8) {
        uint32_t index[8], together = 0;
        for (int k = 0; k < 8; k++) {
            index[k] = ((uint32_t)places[cursor + k] + offset) / KWSD_BLOCK;
            together |= index[k];
        }
        if (together >= size)
            break;
        for (int k = 0; k < 8; k++)
            blocks[index[k]] += weight;
    }
    for (; cursor < last; cursor++) {
        uint32_t index = ((uint32_t)places[cursor] + offset) / KWSD_BLOCK;
        if (index >= size)
            break;
        blocks[index] += weight;
    }
    return cursor;
}

/* The windows with the highest scores so far: a key is larger if the score is higher, or the same and earlier. */
typedef struct {
    uint64_t *keys;
    ptrdiff_t held, room, wanted;
    int32_t threshold; /* what the score of a later window must exceed */
} kwsd_best;

/* The keys' wanted-th largest, or a lesser number with no other key above it: byte by byte from where they differ. */
static uint64_t kwsd_least_wanted(const kwsd_best *best)
{
    uint64_t differing = 0, known = best->keys[0];
    ptrdiff_t left = best->wanted;
    int shift = 0;
    for (ptrdiff_t i = 0; i < best->held; i++)
        differing |= best->keys[i] ^ known;
    while (differing >> shift > 255)
        shift += 8;
    known = known >> shift >> 8 << 8 << shift;
    for (;; shift -= 8) {
        ptrdiff_t having[256] = {0};
        for (ptrdiff_t i = 0; i < best->held; i++)
            having[best->keys[i] >> shift & 255] += (best->keys[i] ^ known) >> shift < 256;
        uint64_t digit = 255;
        for (; having[digit] < left; digit--)
            left -= having[digit];
        known |= digit << shift;
        if (having[digit] == left)
            return known;
    }
}

/* Keeps only as many windows as are wanted. */
static void kwsd_keep_wanted(kwsd_best *best)
{
    if (best->held < best->wanted)
        return;
    const uint64_t bound = kwsd_least_wanted(best);
    uint64_t least = UINT64_MAX;
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < best->held; i++) {
        const uint64_t key = best->keys[i];
        best->keys[kept] = key;
        kept += key >= bound;
        least = key >= bound && key < least ? key : least;
    }
    best->held = kept;
    best->threshold = (int32_t)(least >> 32);
}

static inline int32_t kwsd_highest(const uint32_t *blocks, ptrdiff_t count)
{
    int32_t highest = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        int32_t score = (int32_t)(blocks[i] + blocks[i + 1]);
        highest = score > highest ? score : highest;
    }
    return highest;
}

/* Considers `count` windows, each a block and the next; there must be room for all. None begins before the archive. */
static inline void kwsd_consider(kwsd_best *best, const uint32_t *blocks, ptrdiff_t count, int64_t window)
{
    ptrdiff_t held = best->held;
    for (ptrdiff_t i = 0; i < count; i++) {
        int32_t score = (int32_t)(blocks[i] + blocks[i + 1]);
        best->keys[held] = (uint64_t)score << 32 | (UINT32_MAX - (uint32_t)(window + i));
        held += (score > best->threshold) & (window + i >= 0);
    }
    best->held = held;
    if (best->held > best->room - KWSD_SCAN)
        kwsd_keep_wanted(best);
}

static inline void kwsd_consider_some(kwsd_best *best, const uint32_t *blocks, ptrdiff_t count, int64_t window)
{
    for (ptrdiff_t i = 0; i < count; i += KWSD_SCAN) {
        if (kwsd_highest(blocks + i, KWSD_SCAN) <= best->threshold)
            continue;
        for (ptrdiff_t j = i; j < i + KWSD_SCAN; j += KWSD_SCAN_AGAIN)
            if (kwsd_highest(blocks + j, KWSD_SCAN_AGAIN) > best->threshold)
                kwsd_consider(best, blocks + j, KWSD_SCAN_AGAIN, window + j);
    }
}

/* Considers `count` windows, a multiple of KWSD_CLEAR, in their order: of equal scores the earlier counts. Their blocks
   are 0 afterwards, all but the last window's second one; they are cleared while they are in the fastest cache. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_consider_all(kwsd_best *best, uint32_t *blocks, ptrdiff_t count, int64_t window)
{
    for (ptrdiff_t i = 0; i < count; i += KWSD_CLEAR) {
        kwsd_consider_some(best, blocks + i, KWSD_CLEAR, window + i);
        memset(blocks + i, 0, KWSD_CLEAR * sizeof(uint32_t));
    }
}

/* --- Warping ----------------------------------------------------------------------------------------------------- */

/* One vector of template frames; macros, because functions would pass so much in memory. */
#if defined(__GNUC__)
/* Left to itself the compiler takes such short loops apart before it looks for vectors. */
typedef float kwsd_floats __attribute__((vector_size(KWSD_WIDTH * 4), aligned(4)));
#define KWSD_LOADED(from) (*(const kwsd_floats *)(from))
#define KWSD_STORE(to, value) (*(kwsd_floats *)(to) = (value))
#define KWSD_PLUS(one, other) ((one) + (other))
#define KWSD_TIMES(factor, value) ((factor) * (value))
#define KWSD_ONE_LESS(value) (1.0f - (value))
#define KWSD_NOTHING ((kwsd_floats){0})
#else
typedef struct {
    float at[KWSD_WIDTH];
} kwsd_floats;
#define KWSD_EACH(value)                                                                                      \
    kwsd_floats made;                                                                                         \
    for (int k = 0; k < KWSD_WIDTH; k++)                                                                      \
        made.at[k] = (value);                                                                                 \
    return made
static inline kwsd_floats KWSD_LOADED(const float *from) { KWSD_EACH(from[k]); }
static inline kwsd_floats KWSD_PLUS(kwsd_floats one, kwsd_floats other) { KWSD_EACH(one.at[k] + other.at[k]); }
static inline kwsd_floats KWSD_TIMES(float factor, kwsd_floats value) { KWSD_EACH(factor * value.at[k]); }
static inline kwsd_floats KWSD_ONE_LESS(kwsd_floats value) { KWSD_EACH(1.0f - value.at[k]); }
#define KWSD_STORE(to, value) memcpy(to, (value).at, KWSD_WIDTH * sizeof(float))
static const kwsd_floats KWSD_NOTHING = {{0}};
#endif

/* The codes of an archive: `stages` bytes for each frame; or, where `between` is not 0, so many for each even frame and
   `between` for each odd one. An odd frame's sum is `own` times its first word, its other words, and `beside` times the
   sums of the frames before and after it; see kwsd/archive/segments/alternation.py. */
typedef struct {
    const uint8_t *bytes;
    int64_t frames;
    ptrdiff_t stages, between;
    float own, beside;
} kwsd_codes;

/* The bytes of a frame's code, or those of the even frame before it. */
static inline const uint8_t *kwsd_bytes_of(const kwsd_codes *codes, int64_t frame)
{
    if (codes->between)
        return codes->bytes + frame / 2 * (codes->stages + codes->between);
    return codes->bytes + frame * codes->stages;
}

/* Adds the products of a code's words, from its second word on, to `sum`. */
#define KWSD_ADD_WORDS(sum, words, tables, stages, rows)                                                      \
    for (ptrdiff_t stage = 1; stage < (stages); stage++)                                                      \
    (sum) = KWSD_PLUS(sum, KWSD_LOADED((tables) + (stage * 256 + (words)[stage]) * (rows)))

/* Which gain each frame has: `norms` has a byte for each, or half a byte where `halved`, the lower half first. */
typedef struct {
    const uint8_t *norms;
    const float *gains;
    int halved;
} kwsd_lengths;

static inline float kwsd_gain(const kwsd_lengths *lengths, ptrdiff_t frame)
{
    if (lengths->halved)
        return lengths->gains[lengths->norms[frame / 2] >> frame % 2 * 4 & 15];
    return lengths->gains[lengths->norms[frame]];
}

/* The costs of a frame: 1 less the gain times the sum of the products. */
#define KWSD_STORE_COSTS(costs, lengths, frame, sum)                                                          \
    KWSD_STORE(costs, KWSD_ONE_LESS(KWSD_TIMES(kwsd_gain(lengths, frame), sum)))

/* Local costs of frames that have `stages` bytes each, see kwsd_look_up. */
static inline void kwsd_look_up_plain(const kwsd_codes *codes, const kwsd_lengths *lengths, const float *tables,
                                      ptrdiff_t rows, int64_t frame, ptrdiff_t count, float *costs)
{
    const uint8_t *words = kwsd_bytes_of(codes, frame);
    for (ptrdiff_t i = 0; i < count; i++, words += codes->stages)
        for (ptrdiff_t first = 0; first < rows; first += KWSD_WIDTH) {
            kwsd_floats sum = KWSD_LOADED(tables + first + words[0] * rows);
            KWSD_ADD_WORDS(sum, words, tables + first, codes->stages, rows);
            KWSD_STORE_COSTS(costs + i * rows + first, lengths, frame + i, sum);
        }
}

/* Local costs of frames every other of which is coded between its neighbours, of one vector of template frames.

   The archive's last frame, if it is odd, has a neighbour on one side only. */
static inline void kwsd_look_up_between(const kwsd_codes *codes, const kwsd_lengths *lengths, const float *tables,
                                        ptrdiff_t rows, int64_t frame, ptrdiff_t count, float *costs)
{
    const int64_t end = frame + count;
    const ptrdiff_t width = codes->stages + codes->between;
    const uint8_t *words = kwsd_bytes_of(codes, frame);
    int64_t even = frame - frame % 2;
    costs -= (frame - even) * rows;
    kwsd_floats before = KWSD_LOADED(tables + words[0] * rows);
    KWSD_ADD_WORDS(before, words, tables, codes->stages, rows);
    for (; even < end; even += 2, words += width, costs += 2 * rows) {
        if (even >= frame)
            KWSD_STORE_COSTS(costs, lengths, even, before);
        if (even + 1 == end)
            return;
        kwsd_floats after = KWSD_NOTHING;
        if (even + 2 < codes->frames) {
            after = KWSD_LOADED(tables + words[width] * rows);
            KWSD_ADD_WORDS(after, words + width, tables, codes->stages, rows);
        }
        kwsd_floats sum = KWSD_TIMES(codes->own, KWSD_LOADED(tables + words[codes->stages] * rows));
        KWSD_ADD_WORDS(sum, words + codes->stages, tables, codes->between, rows);
        sum = KWSD_PLUS(sum, KWSD_TIMES(codes->beside, KWSD_PLUS(before, after)));
        KWSD_STORE_COSTS(costs + rows, lengths, even + 1, sum);
        before = after;
    }
}

static inline void kwsd_look_up_rows(const kwsd_codes *codes, const kwsd_lengths *lengths, const float *tables,
                                     ptrdiff_t rows, int64_t frame, ptrdiff_t count, float *costs)
{
    if (!codes->between)
        kwsd_look_up_plain(codes, lengths, tables, rows, frame, count, costs);
    else
        for (ptrdiff_t first = 0; count && first < rows; first += KWSD_WIDTH)
            kwsd_look_up_between(codes, lengths, tables + first, rows, frame, count, costs + first);
}

/* Local costs of `count` frames, from `frame` on, to a template of `vectors` vectors of rows; some may be below zero. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_look_up(const kwsd_codes *codes, const kwsd_lengths *lengths, const float *tables, ptrdiff_t vectors,
                         int64_t frame, ptrdiff_t count, float *costs)
{
    if (vectors == 1)
        kwsd_look_up_rows(codes, lengths, tables, KWSD_WIDTH, frame, count, costs);
    else if (vectors == 2)
        kwsd_look_up_rows(codes, lengths, tables, 2 * KWSD_WIDTH, frame, count, costs);
    else
        kwsd_look_up_rows(codes, lengths, tables, vectors * KWSD_WIDTH, frame, count, costs);
}

/* Moves 32-bit words one lane up, and the last word of `below` into the first lane. */
static inline void kwsd_shift(void *up, const void *row, const void *below)
{
#if defined(__GNUC__)
    typedef int32_t words __attribute__((vector_size(KWSD_WIDTH * 4)));
    words first, second;
    memcpy(&first, below, sizeof(first));
    memcpy(&second, row, sizeof(second));
#if defined(__clang__)
    first = __builtin_shufflevector(first, second, 7, 8, 9, 10, 11, 12, 13, 14);
#else
    first = __builtin_shuffle(first, second, (words){7, 8, 9, 10, 11, 12, 13, 14});
#endif
    memcpy(up, &first, sizeof(first));
#else
    memcpy(up, (const char *)below + (KWSD_WIDTH - 1) * 4, 4);
    memcpy((char *)up + 4, row, (KWSD_WIDTH - 1) * 4);
#endif
}

/* The cells of a template's frames that lie on one diagonal: row j at stream frame t - j. None waits for another.

   `path` counts KWSD_ONE_FRAME for each cell, less 1 for each move along the template: of equally cheap paths the least
   is the shortest, then the one that begins latest. `cost_before` and `path_before` are those of the row above and the
   frame before. */
typedef struct {
    float *cost, *cost_before;
    uint32_t *path, *path_before;
} kwsd_diagonal;

/* Adds the cells of one more diagonal: the cheapest of three moves, and of equally cheap ones the least path. */
static inline void kwsd_add_cells(const kwsd_diagonal *last, const float *local, const float *above,
                                  const uint32_t *path_above, ptrdiff_t first)
{
    float *cost = last->cost + first, *cost_before = last->cost_before + first;
    uint32_t *path = last->path + first, *path_before = last->path_before + first;
    for (int k = 0; k < KWSD_WIDTH; k++) {
        float beside = cost[k], both = cost_before[k];
        float cheapest = kwsd_lesser(kwsd_lesser(beside, both), above[k]);
        uint32_t from_beside = beside == cheapest ? path[k] + KWSD_ONE_FRAME : UINT32_MAX;
        uint32_t from_both = both == cheapest ? path_before[k] + KWSD_ONE_FRAME : UINT32_MAX;
        uint32_t from_above = above[k] == cheapest ? path_above[k] + (KWSD_ONE_FRAME - 1) : UINT32_MAX;
        uint32_t least = from_beside < from_both ? from_beside : from_both;
        cost[k] = cheapest + kwsd_not_below_zero(local[k]);
        path[k] = from_above < least ? from_above : least;
        cost_before[k] = above[k];
        path_before[k] = path_above[k];
    }
}

/* The local costs on a diagonal, for the rows from `first` on; `costs` is the newest frame's, earlier ones before. */
static inline void kwsd_diagonal_costs(const float *costs, ptrdiff_t rows, ptrdiff_t first, float *local)
{
    costs += first - first * rows;
    for (int k = 0; k < KWSD_WIDTH; k++)
        local[k] = costs[k];
    for (int row = 1; row < KWSD_WIDTH; row++) {
        costs -= rows;
        for (int k = 0; k < KWSD_WIDTH; k++) {
            float earlier = costs[k];
            local[k] = k == row ? earlier : local[k];
        }
    }
}

/* Adds `count` diagonals; the rows' last vector after each goes to `ends`. */
static inline void kwsd_step(const kwsd_diagonal *last, const float *costs, ptrdiff_t vectors, ptrdiff_t count,
                             float *end_costs, uint32_t *end_paths)
{
    /* At the template's first frame every path begins, as if it came from a row above at no cost. */
    const float nothing[KWSD_WIDTH] = {0};
    const uint32_t begin[KWSD_WIDTH] = {1, 1, 1, 1, 1, 1, 1, 1};
    const ptrdiff_t rows = vectors * KWSD_WIDTH, end = rows - KWSD_WIDTH;
    for (ptrdiff_t t = 0; t < count; t++, costs += rows) {
        for (ptrdiff_t first = end; first >= 0; first -= KWSD_WIDTH) {
            float local[KWSD_WIDTH], above[KWSD_WIDTH];
            uint32_t path_above[KWSD_WIDTH];
            kwsd_diagonal_costs(costs, rows, first, local);
            kwsd_shift(above, last->cost + first, first ? last->cost + first - KWSD_WIDTH : nothing);
            kwsd_shift(path_above, last->path + first, first ? last->path + first - KWSD_WIDTH : begin);
            kwsd_add_cells(last, local, above, path_above, first);
        }
        memcpy(end_costs + t * KWSD_WIDTH, last->cost + end, KWSD_WIDTH * sizeof(float));
        memcpy(end_paths + t * KWSD_WIDTH, last->path + end, KWSD_WIDTH * sizeof(uint32_t));
    }
}

/* For templates of a known few vectors: the compiler keeps the diagonal in registers. */
#define KWSD_STEP_FEW(vectors)                                                                                \
    do {                                                                                                      \
        float cost[(vectors) * KWSD_WIDTH], cost_before[(vectors) * KWSD_WIDTH];                              \
        uint32_t path[(vectors) * KWSD_WIDTH], path_before[(vectors) * KWSD_WIDTH];                           \
        const kwsd_diagonal few = {cost, cost_before, path, path_before};                                     \
        kwsd_copy(&few, last, (vectors) * KWSD_WIDTH);                                                        \
        kwsd_step(&few, costs, vectors, count, end_costs, end_paths);                                         \
        kwsd_copy(last, &few, (vectors) * KWSD_WIDTH);                                                        \
    } while (0)

static inline void kwsd_copy(const kwsd_diagonal *to, const kwsd_diagonal *from, ptrdiff_t rows)
{
    memcpy(to->cost, from->cost, rows * sizeof(float));
    memcpy(to->cost_before, from->cost_before, rows * sizeof(float));
    memcpy(to->path, from->path, rows * sizeof(uint32_t));
    memcpy(to->path_before, from->path_before, rows * sizeof(uint32_t));
}

KWSD_FOR_EACH_PROCESSOR
static void kwsd_steps(const kwsd_diagonal *last, const float *costs, ptrdiff_t vectors, ptrdiff_t count,
                       float *end_costs, uint32_t *end_paths)
{
    /* Paths grow by a million cells before they reach twice as much; none so long counts. */
    for (ptrdiff_t k = 0; k < vectors * KWSD_WIDTH; k++)
        if (last->path[k] > KWSD_ENDLESS)
            last->path[k] = KWSD_ENDLESS;
    if (vectors == 1)
        KWSD_STEP_FEW(1);
    else if (vectors == 2)
        KWSD_STEP_FEW(2);
    else
        kwsd_step(last, costs, vectors, count, end_costs, end_paths);
}

/* Scores of `count` frames from the template's last row, which begins at `cost` and `path`. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_scores(const float *cost, const uint32_t *path, ptrdiff_t count, int32_t length, float *distance,
                        int32_t *span)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        uint32_t cells = (path[i * KWSD_WIDTH] + KWSD_ONE_FRAME - 1) / KWSD_ONE_FRAME;
        int32_t frames = (int32_t)(path[i * KWSD_WIDTH] - cells * (KWSD_ONE_FRAME - 1));
        int fits = (2 * frames >= length) & (frames <= 2 * length);
        distance[i] = fits ? cost[i * KWSD_WIDTH] / (float)(int32_t)cells : INFINITY;
        span[i] = fits ? frames : 0;
    }
}

/* --- Many short regions ------------------------------------------------------------------------------------------ */

/* The cells of a template's frames in KWSD_LANES regions, one region to a lane: row j has `cost + j * KWSD_LANES` and
   the path likewise, see kwsd_diagonal. Of each region the lowest distance so far, its span and the frame it ends at. */
typedef struct {
    float *cost;
    uint32_t *path;
    float distance[KWSD_LANES];
    int32_t span[KWSD_LANES], end[KWSD_LANES];
} kwsd_bundle;

/* Takes the local costs of one lane, rows of `rows` floats for each frame, to a row of lanes for each template frame. */
static inline void kwsd_to_lane(const float *costs, ptrdiff_t count, ptrdiff_t rows, ptrdiff_t length, float *lane)
{
    for (ptrdiff_t t = 0; t < count; t++)
        for (ptrdiff_t j = 0; j < length; j++)
            lane[(t * length + j) * KWSD_LANES] = costs[t * rows + j];
}

static inline void kwsd_add_first_row(const kwsd_bundle *bundle, const float *local, float *cost_before,
                                      uint32_t *path_before)
{
    for (int k = 0; k < KWSD_LANES; k++) {
        cost_before[k] = bundle->cost[k];
        path_before[k] = bundle->path[k];
        bundle->cost[k] = kwsd_not_below_zero(local[k]);
        bundle->path[k] = KWSD_ONE_FRAME;
    }
}

/* As kwsd_add_cells; the `before` are those of the row above and the frame before. */
static inline void kwsd_add_row(float *KWSD_ALONE cost, uint32_t *KWSD_ALONE path, const float *KWSD_ALONE local,
                                float *KWSD_ALONE cost_before, uint32_t *KWSD_ALONE path_before)
{
    const float *above = cost - KWSD_LANES;
    const uint32_t *path_above = path - KWSD_LANES;
    for (int k = 0; k < KWSD_LANES; k++) {
        float beside = cost[k], both = cost_before[k];
        uint32_t beside_path = path[k];
        float cheapest = kwsd_lesser(kwsd_lesser(beside, both), above[k]);
        uint32_t from_beside = beside == cheapest ? beside_path + KWSD_ONE_FRAME : UINT32_MAX;
        uint32_t from_both = both == cheapest ? path_before[k] + KWSD_ONE_FRAME : UINT32_MAX;
        uint32_t from_above = above[k] == cheapest ? path_above[k] + (KWSD_ONE_FRAME - 1) : UINT32_MAX;
        uint32_t least = from_beside < from_both ? from_beside : from_both;
        cost_before[k] = beside;
        path_before[k] = beside_path;
        cost[k] = cheapest + kwsd_not_below_zero(local[k]);
        path[k] = from_above < least ? from_above : least;
    }
}

/* Keeps the scores of the frame `at` where they are lower; as kwsd_scores. */
static inline void kwsd_keep_lowest(kwsd_bundle *KWSD_ALONE bundle, const float *KWSD_ALONE cost,
                                    const uint32_t *KWSD_ALONE path, int32_t length, int32_t at)
{
    for (int k = 0; k < KWSD_LANES; k++) {
        uint32_t cells = (path[k] + KWSD_ONE_FRAME - 1) / KWSD_ONE_FRAME;
        int32_t frames = (int32_t)(path[k] - cells * (KWSD_ONE_FRAME - 1));
        float distance = cost[k] / (float)(int32_t)cells;
        int lower = (2 * frames >= length) & (frames <= 2 * length) & (distance < bundle->distance[k]);
        bundle->distance[k] = lower ? distance : bundle->distance[k];
        bundle->span[k] = lower ? frames : bundle->span[k];
        bundle->end[k] = lower ? at : bundle->end[k];
    }
}

/* Adds `count` frames, from the regions' frame `at` on, whose local costs have a row of lanes for each template frame. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_add_frames(kwsd_bundle *bundle, const float *local, ptrdiff_t count, ptrdiff_t length, ptrdiff_t at)
{
    float cost_before[KWSD_LANES];
    uint32_t path_before[KWSD_LANES];
    const ptrdiff_t last = (length - 1) * KWSD_LANES;
    for (ptrdiff_t k = 0; k < length * KWSD_LANES; k++)
        bundle->path[k] = bundle->path[k] < KWSD_ENDLESS ? bundle->path[k] : KWSD_ENDLESS;
    for (ptrdiff_t t = 0; t < count; t++, local += length * KWSD_LANES) {
        kwsd_add_first_row(bundle, local, cost_before, path_before);
        for (ptrdiff_t row = KWSD_LANES; row <= last; row += KWSD_LANES)
            kwsd_add_row(bundle->cost + row, bundle->path + row, local + row, cost_before, path_before);
        kwsd_keep_lowest(bundle, bundle->cost + last, bundle->path + last, (int32_t)length, (int32_t)(at + t));
    }
}

#endif
