/* One column of the dynamic program, for every window start of one template at once.

   A state has one row per template frame (or token) and `stride` places along a row, one for each window start: the
   inner loops run over neighbours in memory that do not depend on each other, so the compiler turns them into vector
   instructions. `diagonal` is scratch for the row above as it was before this column.

   In C because only C can ask the compiler for a second version for processors with AVX2. Both versions add in the
   same order and multiply nothing, so both give the same bits. */

#ifndef KWSD_COLUMNS_H
#define KWSD_COLUMNS_H

#include "costs.h"

/* The first row of a warping path: it can only come from the frame before. */
static inline void kwsd_dtw_first_row(float *KWSD_ALONE cost, float *KWSD_ALONE length,
                                      float *KWSD_ALONE diagonal_cost, float *KWSD_ALONE diagonal_length,
                                      float local, ptrdiff_t stride)
{
    for (ptrdiff_t s = 0; s < stride; s++) {
        diagonal_cost[s] = cost[s];
        diagonal_length[s] = length[s];
        cost[s] += local;
        length[s] += 1.0f;
    }
}

/* Any other row: the cheapest of three moves, and of equally cheap ones the shortest path. */
static inline void kwsd_dtw_next_row(float *KWSD_ALONE cost, float *KWSD_ALONE length,
                                     float *KWSD_ALONE diagonal_cost, float *KWSD_ALONE diagonal_length,
                                     const float *KWSD_ALONE above_cost, const float *KWSD_ALONE above_length,
                                     float local, ptrdiff_t stride)
{
    for (ptrdiff_t s = 0; s < stride; s++) {
        float beside = cost[s], both = diagonal_cost[s], above = above_cost[s];
        float length_beside = length[s], length_both = diagonal_length[s], length_above = above_length[s];
        float cheapest = kwsd_lesser(kwsd_lesser(beside, both), above);
        length_both = both == cheapest ? length_both : INFINITY;
        length_above = above == cheapest ? length_above : INFINITY;
        float shortest = kwsd_lesser(beside == cheapest ? length_beside : INFINITY, length_both);
        diagonal_cost[s] = beside;
        diagonal_length[s] = length_beside;
        cost[s] = cheapest + local;
        length[s] = kwsd_lesser(length_above, shortest) + 1.0f;
    }
}

/* Adds one stream frame to every window of one template; the window that begins with it has the place `start`. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_dtw_column(float *cost, float *length, float *diagonal_cost, float *diagonal_length,
                            const float *costs, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t start)
{
    for (ptrdiff_t j = 0; j < rows; j++)
        cost[j * stride + start] = INFINITY;
    float local = kwsd_not_below_zero(costs[0]);
    kwsd_dtw_first_row(cost, length, diagonal_cost, diagonal_length, local, stride);
    cost[start] = local;
    length[start] = 1.0f;
    for (ptrdiff_t j = 1; j < rows; j++) {
        ptrdiff_t row = j * stride;
        kwsd_dtw_next_row(cost + row, length + row, diagonal_cost, diagonal_length, cost + row - stride,
                          length + row - stride, kwsd_not_below_zero(costs[j]), stride);
    }
}

/* One row of an edit distance: a token more in the stream, a token more in the template, or one for the other. */
static inline void kwsd_edit_row(float *KWSD_ALONE cost, float *KWSD_ALONE diagonal, const float *KWSD_ALONE above,
                                 float substitution, ptrdiff_t stride)
{
    for (ptrdiff_t s = 0; s < stride; s++) {
        float beside = cost[s];
        float unmatched = kwsd_lesser(beside, above[s]) + 1.0f;
        cost[s] = kwsd_lesser(diagonal[s] + substitution, unmatched);
        diagonal[s] = beside;
    }
}

/* Adds one stream token to every window of one template; row 0 of the state is the empty template. */
KWSD_FOR_EACH_PROCESSOR
static void kwsd_edit_column(float *cost, float *diagonal, const float *costs, ptrdiff_t rows, ptrdiff_t stride,
                             ptrdiff_t start)
{
    for (ptrdiff_t j = 0; j <= rows; j++)
        cost[j * stride + start] = (float)j;
    for (ptrdiff_t s = 0; s < stride; s++) {
        diagonal[s] = cost[s];
        cost[s] += 1.0f;
    }
    for (ptrdiff_t j = 1; j <= rows; j++)
        kwsd_edit_row(cost + j * stride, diagonal, cost + (j - 1) * stride, kwsd_not_below_zero(costs[j - 1]), stride);
}

#endif
