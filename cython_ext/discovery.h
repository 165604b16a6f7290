/* The loops of discovery: products of vectors of 8-bit integers. Integers, so that every processor gives the same bits. */

#ifndef KWSD_DISCOVERY_H
#define KWSD_DISCOVERY_H

#include <stddef.h>
#include <stdint.h>
#include "costs.h"

/* The inner product of two vectors of bytes; the compiler makes vector code of it where it is inlined. */
static inline int32_t kwsd_product(const int8_t *one, const int8_t *other, ptrdiff_t size)
{
    int32_t sum = 0;
    for (ptrdiff_t i = 0; i < size; i++)
        sum += (int32_t)one[i] * other[i];
    return sum;
}

/* The products of one vector with `count` others that follow each other. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_products_with(const int8_t *one, const int8_t *others, ptrdiff_t count, ptrdiff_t size, int32_t *out)
{
    for (ptrdiff_t k = 0; k < count; k++)
        out[k] = kwsd_product(one, others + k * size, size);
}

/* The products of one window with the windows of a leaf that begin at `starts`, which are numbers of vectors. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_products_in_leaf(const int8_t *vectors, ptrdiff_t dims, ptrdiff_t size, int32_t window,
                                  const int32_t *starts, ptrdiff_t count, int32_t *out)
{
    const int8_t *one = vectors + (ptrdiff_t)window * dims;
    for (ptrdiff_t k = 0; k < count; k++)
        out[k] = starts[k] < 0 ? 0 : kwsd_product(one, vectors + (ptrdiff_t)starts[k] * dims, size);
}

/* The products of the windows of a node with the difference of two windows, in 16 bits. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_project_node(const int8_t *vectors, ptrdiff_t dims, ptrdiff_t size, const int16_t *direction,
                              const int32_t *starts, ptrdiff_t count, int32_t *out)
{
    for (ptrdiff_t k = 0; k < count; k++) {
        int32_t sum = 0;
        if (starts[k] >= 0) {
            const int8_t *one = vectors + (ptrdiff_t)starts[k] * dims;
            for (ptrdiff_t i = 0; i < size; i++)
                sum += (int32_t)direction[i] * one[i];
        }
        out[k] = sum;
    }
}

/* Half of the levels of two vectors or windows, rounded down. */
static inline int32_t kwsd_mean(int32_t one, int32_t other)
{
    const int32_t sum = one + other;
    return sum >= 0 ? sum / 2 : -((1 - sum) / 2);
}

/* The score of the best alignment that ends in a cell, 0 if there is none, and where that begins. */
typedef struct {
    int32_t score, one, other;
} kwsd_cell;

/* The better of an alignment and a longer one, if there is an alignment to make longer. */
static inline kwsd_cell kwsd_after(const kwsd_cell *before, int32_t added, kwsd_cell best)
{
    kwsd_cell longer = *before;
    longer.score += added;
    return before->score > 0 && longer.score > best.score ? longer : best;
}

/* The best local alignment around a pair of places: its score, and to `bounds` where it lies. `cells` has room for the
   2 band + 3 cells of a row, of which the first and the last are never reached. */
KWSD_FOR_EACH_PROCESSOR
static int32_t kwsd_align_pair(const int8_t *vectors, const int32_t *level, ptrdiff_t dims, const int32_t *place,
                               const int32_t *limit, int32_t reach, int32_t band, int32_t gap, kwsd_cell *cells,
                               int32_t *bounds)
{
    const kwsd_cell none = {0, 0, 0};
    const int32_t first = place[0] - limit[0] > reach ? place[0] - reach : limit[0];
    const int32_t last = limit[1] - place[0] > reach ? place[0] + reach + 1 : limit[1];
    int32_t best = 0;
    for (int32_t column = 0; column < 2 * band + 3; column++)
        cells[column] = none;
    for (int i = 0; i < 4; i++)
        bounds[i] = 0;
    for (int32_t one = first; one < last; one++)
        for (int32_t column = 1; column < 2 * band + 2; column++) {
            const int32_t other = place[1] + (one - place[0]) + column - 1 - band;
            if (other < limit[2] || other >= limit[3]) {
                cells[column] = none;
                continue;
            }
            const int32_t like = kwsd_product(vectors + one * dims, vectors + other * dims, dims) -
                                 kwsd_mean(level[one], level[other]);
            const int32_t alone = (like < 0 ? like : 0) - gap;
            kwsd_cell cell = {like, one, other};
            cell = kwsd_after(&cells[column], like, cell);      /* both go on */
            cell = kwsd_after(&cells[column + 1], alone, cell); /* only the one */
            cell = kwsd_after(&cells[column - 1], alone, cell); /* only the other */
            cells[column] = cell.score > 0 ? cell : none;
            if (cell.score > best) {
                best = cell.score;
                bounds[0] = cell.one;
                bounds[1] = one + 1;
                bounds[2] = cell.other;
                bounds[3] = other + 1;
            }
        }
    return best;
}

#endif
