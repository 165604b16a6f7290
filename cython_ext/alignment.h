/* Smith & Waterman 1981 for many sequences at once, one to a lane: see smith_waterman.pyx for what a cell holds.

   Once with 16 bits to a cell, for as many lanes to an instruction as may be, and once with 32 where 16 do not hold the
   scores, the tokens or the columns. */

#ifndef KWSD_ALIGNMENT_H
#define KWSD_ALIGNMENT_H

#include <stdint.h>
#include "costs.h"

/* Two AVX2 registers of 16 bits: one's moves wait for each other, and the other's fill the time. */
#define KWSD_LANES 32

/* What a move adds to a cell: both a score and a length. */
typedef struct {
    int64_t match, mismatch, skip_token, skip_query, unit;
} kwsd_moves;

#define KWSD_CELL int16_t
#define KWSD_ALIGN kwsd_align_16
#include "alignment_lanes.h"
#undef KWSD_CELL
#undef KWSD_ALIGN

#define KWSD_CELL int32_t
#define KWSD_ALIGN kwsd_align_32
#include "alignment_lanes.h"
#undef KWSD_CELL
#undef KWSD_ALIGN

#endif
