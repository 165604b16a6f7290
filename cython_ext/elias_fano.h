/* Reading a list of Elias (1974) and Fano (1971): see elias_fano.pyx for what its bits are.

   In C because only C can ask the compiler for a second version, for processors that shift and count bits faster. */

#ifndef KWSD_ELIAS_FANO_H
#define KWSD_ELIAS_FANO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define KWSD_FOR_EACH_BIT_UNIT __attribute__((target_clones("arch=haswell", "default")))
#else
#define KWSD_FOR_EACH_BIT_UNIT
#endif

#if defined(__GNUC__)
#define KWSD_LOWEST_BIT(word) __builtin_ctzll(word)
#define KWSD_HIGHEST_BIT(word) (63 - __builtin_clzll(word))
#else
static inline int KWSD_LOWEST_BIT(unsigned long long word)
{
    int bit = 0;
    while (!(word >> bit & 1))
        bit++;
    return bit;
}

static inline int KWSD_HIGHEST_BIT(unsigned long long word)
{
    int bit = 0;
    while (word >> bit >> 1)
        bit++;
    return bit;
}
#endif

/* How many lower bits each of `count` numbers below `universe` has; at most so many. */
static inline int kwsd_low_bits(int64_t count, int64_t universe)
{
    return KWSD_HIGHEST_BIT((uint64_t)(universe / (count > 1 ? count : 1)) | 1);
}

/* At least 57 bits from a bit on; the stream has spare bytes after its last list. */
static inline uint64_t kwsd_word_at(const uint8_t *stream, int64_t at)
{
    uint64_t word;
    memcpy(&word, stream + (at >> 3), 8);
    return word >> (at & 7);
}

/* Reads a list; whether it is ascending and within the universe. It never reads beyond the list's bits and a word. */
KWSD_FOR_EACH_BIT_UNIT
static int kwsd_read_list(const uint8_t *stream, int64_t begin, int64_t count, int low, int64_t universe, int32_t *out)
{
    const int64_t upper = begin + count * low, length = count + (universe >> low) + 1;
    const uint64_t mask = ((uint64_t)1 << low) - 1;
    const uint64_t highest = (uint64_t)(universe >> low);
    int64_t i = 0, lower = begin;
    int wrong = 0;
    for (int64_t bit = 0; i < count && bit < length; bit += 56) {
        uint64_t word = kwsd_word_at(stream, upper + bit) & (((uint64_t)1 << 56) - 1);
        for (; word && i < count; word &= word - 1, i++, lower += low) {
            const uint64_t above = (uint64_t)(bit + KWSD_LOWEST_BIT(word) - i);
            wrong |= above > highest;
            out[i] = (int32_t)(above << low | (kwsd_word_at(stream, lower) & mask));
        }
    }
    if (i < count)
        return 0;
    wrong |= out[0] < 0 || out[count - 1] >= universe;
    for (i = 1; i < count; i++)
        wrong |= out[i] <= out[i - 1];
    return !wrong;
}

#endif
