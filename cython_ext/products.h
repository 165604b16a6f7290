/* Inner products of vectors, each summed from the first component to the last.

   In C because only C can name the registers of several processors. Every sum has a lane of a register for itself, so
   that its order depends on neither the width of the registers nor how many sums are made at once, and nothing is
   fused: all versions give the same bits. */

#ifndef KWSD_PRODUCTS_H
#define KWSD_PRODUCTS_H

#include <stddef.h>
#include <string.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#include "costs.h"

/* So many vectors lie side by side, component by component: one AVX-512 register, or two of AVX2. */
#define KWSD_PANEL 16

/* Writes the sums of n vectors with `columns` others, or 1 less each where `cosine` is set, to out [n, columns]. */
typedef void kwsd_products(const float *vectors, ptrdiff_t n, const float *panels, ptrdiff_t columns, ptrdiff_t dims,
                           int cosine, float *out);

#if defined(__GNUC__)
#define KWSD_WITHIN static inline __attribute__((always_inline))
#define KWSD_UNROLL _Pragma("GCC unroll 32")
#else
#define KWSD_WITHIN static inline
#define KWSD_UNROLL
#endif

#define KWSD_JOIN(name, bytes) name##_##bytes
#define KWSD_JOINED(name, bytes) KWSD_JOIN(name, bytes)

/* KWSD_BYTES of a register. KWSD_FRAMES by KWSD_BOTH panels are summed at once, and KWSD_MOST panels for a lone frame:
   as many registers as there are, and enough that no addition waits for the one before. */
#if defined(__GNUC__) && defined(__x86_64__)
#define KWSD_BYTES 64
#define KWSD_TARGET __attribute__((target("avx512f")))
#define KWSD_FRAMES 8
#define KWSD_BOTH 2
#define KWSD_MOST 8
#include "products_lanes.h"
#define KWSD_BYTES 32
#define KWSD_TARGET __attribute__((target("avx2")))
#define KWSD_FRAMES 4
#define KWSD_BOTH 1
#define KWSD_MOST 4
#include "products_lanes.h"
#endif

#if defined(__GNUC__)
#define KWSD_BYTES 16
#define KWSD_TARGET
#define KWSD_FRAMES 2
#define KWSD_BOTH 1
#define KWSD_MOST 2
#include "products_lanes.h"
#else
#define KWSD_BYTES 4
#define KWSD_TARGET
#define KWSD_FRAMES 1
#define KWSD_BOTH 1
#define KWSD_MOST 1
#include "products_lanes.h"
#endif

/* The version for registers of so many bytes; NULL if there is none, or the processor has no such registers. */
static kwsd_products *kwsd_products_for(int bytes)
{
#if defined(__GNUC__) && defined(__x86_64__)
    __builtin_cpu_init();
    if (bytes == 64 && __builtin_cpu_supports("avx512f"))
        return kwsd_products_64;
    if (bytes == 32 && __builtin_cpu_supports("avx2"))
        return kwsd_products_32;
#endif
#if defined(__GNUC__)
    return bytes == 16 ? kwsd_products_16 : NULL;
#else
    return bytes == 4 ? kwsd_products_4 : NULL;
#endif
}

/* Floats that `columns` vectors take in panels. */
static inline ptrdiff_t kwsd_packed(ptrdiff_t columns, ptrdiff_t dims)
{
    return (columns + KWSD_PANEL - 1) / KWSD_PANEL * KWSD_PANEL * dims;
}

/* The first four components of four vectors that are `dims` apart, to four rows of a panel. */
static inline void kwsd_turn(const float *vectors, ptrdiff_t dims, float *panel)
{
#if defined(__SSE__)
    __m128 first = _mm_loadu_ps(vectors), second = _mm_loadu_ps(vectors + dims);
    __m128 third = _mm_loadu_ps(vectors + 2 * dims), fourth = _mm_loadu_ps(vectors + 3 * dims);
    _MM_TRANSPOSE4_PS(first, second, third, fourth);
    _mm_storeu_ps(panel, first);
    _mm_storeu_ps(panel + KWSD_PANEL, second);
    _mm_storeu_ps(panel + 2 * KWSD_PANEL, third);
    _mm_storeu_ps(panel + 3 * KWSD_PANEL, fourth);
#else
    for (int m = 0; m < 4; m++)
        for (int k = 0; k < 4; k++)
            panel[m * KWSD_PANEL + k] = vectors[k * dims + m];
#endif
}

/* Lays vectors [columns, dims] out in panels; what fills up the last is 0. */
static void kwsd_pack(const float *vectors, ptrdiff_t columns, ptrdiff_t dims, float *panels)
{
    for (; columns > 0; columns -= KWSD_PANEL, vectors += KWSD_PANEL * dims, panels += KWSD_PANEL * dims) {
        const ptrdiff_t count = columns < KWSD_PANEL ? columns : KWSD_PANEL;
        const ptrdiff_t fours = count / 4 * 4, turned = dims / 4 * 4;
        if (count < KWSD_PANEL)
            memset(panels, 0, dims * KWSD_PANEL * sizeof(float));
        for (ptrdiff_t m = 0; m < turned; m += 4)
            for (ptrdiff_t k = 0; k < fours; k += 4)
                kwsd_turn(vectors + k * dims + m, dims, panels + m * KWSD_PANEL + k);
        for (ptrdiff_t k = 0; k < count; k++)
            for (ptrdiff_t m = k < fours ? turned : 0; m < dims; m++)
                panels[m * KWSD_PANEL + k] = vectors[k * dims + m];
    }
}

#endif
