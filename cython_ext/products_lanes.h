/* Included by products.h for each width of register, with what it defines. */

#define KWSD_OWN(name) KWSD_JOINED(name, KWSD_BYTES)
#define KWSD_FLOATS KWSD_OWN(kwsd_floats)
#define KWSD_WIDE (KWSD_BYTES / 4)

#if defined(__GNUC__)
typedef float KWSD_FLOATS __attribute__((vector_size(KWSD_BYTES), aligned(4)));
#else
typedef float KWSD_FLOATS;
#endif

/* The sums of `frames` vectors with `count` whole panels; rows of `out` are `stride` apart. Both numbers are constants
   where this is called, so that the loops over them are unrolled and the sums stay in registers. */
KWSD_TARGET KWSD_WITHIN void KWSD_OWN(kwsd_tile)(const float *KWSD_ALONE vectors, const int frames,
                                                 const float *KWSD_ALONE panels, const int count, ptrdiff_t dims,
                                                 int cosine, float *KWSD_ALONE out, ptrdiff_t stride)
{
    KWSD_FLOATS sums[32];
    const int parts = KWSD_PANEL / KWSD_WIDE, registers = count * parts;
    KWSD_UNROLL
    for (int k = 0; k < frames * registers; k++)
        sums[k] = (KWSD_FLOATS){0};
    for (ptrdiff_t m = 0; m < dims; m++) {
        KWSD_UNROLL
        for (int i = 0; i < frames; i++) {
            KWSD_UNROLL
            for (int p = 0; p < registers; p++)
                sums[i * registers + p] += vectors[i * dims + m] * *(const KWSD_FLOATS *)(
                    panels + (p / parts * dims + m) * KWSD_PANEL + p % parts * KWSD_WIDE);
        }
    }
    KWSD_UNROLL
    for (int i = 0; i < frames; i++) {
        KWSD_UNROLL
        for (int p = 0; p < registers; p++)
            *(KWSD_FLOATS *)(out + i * stride + p * KWSD_WIDE) =
                cosine ? 1.0f - sums[i * registers + p] : sums[i * registers + p];
    }
}

/* A tile whose last panel may have fewer columns than the others. */
KWSD_TARGET KWSD_WITHIN void KWSD_OWN(kwsd_part)(const float *vectors, const int frames, const float *panels,
                                                 const int count, ptrdiff_t columns, ptrdiff_t dims, int cosine,
                                                 float *out, ptrdiff_t stride)
{
    if (columns >= count * KWSD_PANEL) {
        KWSD_OWN(kwsd_tile)(vectors, frames, panels, count, dims, cosine, out, stride);
        return;
    }
    float whole[KWSD_FRAMES * KWSD_BOTH > KWSD_MOST ? KWSD_FRAMES * KWSD_BOTH * KWSD_PANEL : KWSD_MOST * KWSD_PANEL];
    KWSD_OWN(kwsd_tile)(vectors, frames, panels, count, dims, cosine, whole, count * KWSD_PANEL);
    for (int i = 0; i < frames; i++)
        memcpy(out + i * stride, whole + i * count * KWSD_PANEL, columns * sizeof(float));
}

/* The sums of `frames` vectors with all of a few panels. */
KWSD_TARGET KWSD_WITHIN void KWSD_OWN(kwsd_row)(const float *vectors, const int frames, const float *panels,
                                                ptrdiff_t columns, ptrdiff_t dims, int cosine, float *out,
                                                ptrdiff_t stride)
{
    const int most = frames > 1 ? KWSD_BOTH : KWSD_MOST;
    while (columns > 0) {
        const ptrdiff_t left = (columns + KWSD_PANEL - 1) / KWSD_PANEL;
        int count = 1;
        if (most >= 8 && left >= 8)
            KWSD_OWN(kwsd_part)(vectors, frames, panels, count = 8, columns, dims, cosine, out, stride);
        else if (most >= 4 && left >= 4)
            KWSD_OWN(kwsd_part)(vectors, frames, panels, count = 4, columns, dims, cosine, out, stride);
        else if (most >= 2 && left >= 2)
            KWSD_OWN(kwsd_part)(vectors, frames, panels, count = 2, columns, dims, cosine, out, stride);
        else
            KWSD_OWN(kwsd_part)(vectors, frames, panels, 1, columns, dims, cosine, out, stride);
        panels += count * KWSD_PANEL * dims;
        columns -= count * KWSD_PANEL;
        out += count * KWSD_PANEL;
    }
}

/* A few panels at a time, which stay in the fastest cache while all vectors pass. */
KWSD_TARGET static void KWSD_OWN(kwsd_products)(const float *vectors, ptrdiff_t n, const float *panels,
                                                ptrdiff_t columns, ptrdiff_t dims, int cosine, float *out)
{
    for (ptrdiff_t first = 0; first < columns; first += KWSD_MOST * KWSD_PANEL) {
        const ptrdiff_t left = columns - first, few = left < KWSD_MOST * KWSD_PANEL ? left : KWSD_MOST * KWSD_PANEL;
        ptrdiff_t i = 0;
        for (; i + KWSD_FRAMES <= n; i += KWSD_FRAMES)
            KWSD_OWN(kwsd_row)(vectors + i * dims, KWSD_FRAMES, panels + first * dims, few, dims, cosine,
                               out + i * columns + first, columns);
        for (; i < n; i++)
            KWSD_OWN(kwsd_row)(vectors + i * dims, 1, panels + first * dims, few, dims, cosine,
                               out + i * columns + first, columns);
    }
}

#undef KWSD_OWN
#undef KWSD_FLOATS
#undef KWSD_WIDE
#undef KWSD_BYTES
#undef KWSD_TARGET
#undef KWSD_FRAMES
#undef KWSD_BOTH
#undef KWSD_MOST
