/* Local costs in the loops of all scorers. */

#ifndef KWSD_COSTS_H
#define KWSD_COSTS_H

#include <float.h>
#include <math.h>
#include <stddef.h>

/* Asks for a second version for processors with AVX2, chosen when the extension is loaded. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define KWSD_FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define KWSD_FOR_EACH_PROCESSOR
#endif

/* Says of a pointer that nothing else points there. */
#if defined(_MSC_VER)
#define KWSD_ALONE __restrict
#else
#define KWSD_ALONE __restrict__
#endif

static inline float kwsd_lesser(float a, float b) { return a < b ? a : b; }

static inline float kwsd_not_below_zero(float cost) { return cost > 0.0f ? cost : 0.0f; }

/* Whether every cost is finite and at least `least`. */
KWSD_FOR_EACH_PROCESSOR
static inline int kwsd_usable(const float *costs, ptrdiff_t count, float least)
{
    int refused = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        refused |= !((costs[i] >= least) & (costs[i] <= FLT_MAX));
    return !refused;
}

#endif
