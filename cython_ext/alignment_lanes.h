/* Included by alignment.h for each type of cell; the inner loops run over lanes, so the compiler makes them vectors.

   Adds `columns` tokens of every lane to its alignment with the query of n tokens. `tokens` has a row of lanes for each
   column, `cells` a row for each query token. `best` holds a lane's highest cell, `end` the column after it, counted
   from 1 with `first` before this call's. */

KWSD_FOR_EACH_PROCESSOR
static void KWSD_ALIGN(const KWSD_CELL *KWSD_ALONE query, ptrdiff_t n, const KWSD_CELL *KWSD_ALONE tokens,
                       ptrdiff_t columns, ptrdiff_t first, const kwsd_moves *moves, KWSD_CELL *KWSD_ALONE cells,
                       KWSD_CELL *KWSD_ALONE best, KWSD_CELL *KWSD_ALONE end)
{
    const KWSD_CELL match = (KWSD_CELL)moves->match, mismatch = (KWSD_CELL)moves->mismatch;
    const KWSD_CELL skip_token = (KWSD_CELL)moves->skip_token, skip_query = (KWSD_CELL)moves->skip_query;
    const KWSD_CELL unit = (KWSD_CELL)moves->unit;
    for (ptrdiff_t j = 0; j < columns; j++) {
        const KWSD_CELL *token = tokens + j * KWSD_LANES;
        const KWSD_CELL column = (KWSD_CELL)(first + j + 1);
        KWSD_CELL diagonal[KWSD_LANES] = {0}, above[KWSD_LANES] = {0}, most[KWSD_LANES] = {0};
        for (ptrdiff_t i = 0; i < n; i++) {
            KWSD_CELL *cell = cells + i * KWSD_LANES;
            const KWSD_CELL wanted = query[i];
            for (int s = 0; s < KWSD_LANES; s++) {
                KWSD_CELL both = (KWSD_CELL)(diagonal[s] + (token[s] == wanted ? match : mismatch));
                KWSD_CELL beside = (KWSD_CELL)(cell[s] + skip_token);
                KWSD_CELL below = (KWSD_CELL)(above[s] + skip_query);
                KWSD_CELL here = both > beside ? both : beside;
                here = here > 0 ? here : 0;
                /* The last to join, for only it waits for the row before. */
                here = here > below ? here : below;
                diagonal[s] = cell[s];
                above[s] = cell[s] = here;
                most[s] = most[s] > here ? most[s] : here;
            }
        }
        for (int s = 0; s < KWSD_LANES; s++) {
            /* The least cell with the next higher score is one above the score's own units. */
            KWSD_CELL score_units = (KWSD_CELL)((best[s] + unit - 1) & -unit);
            KWSD_CELL better = most[s] > score_units;
            best[s] = better ? most[s] : best[s];
            end[s] = better ? column : end[s];
        }
    }
}
