/* Sums over rows, and the accumulators and counters that a replay keeps from step to step. Each is
 * one share: rank 0 does it all. */
#include "simd.h"

/* Gives sum values[i] weights[i], in order, in double; weights NULL: ones. */
INLINE double weighted_sum(const T *values, const T *weights, ptrdiff_t n)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += weights ? (double)values[i] * (double)weights[i] : (double)values[i];
    return sum;
}

/* Stores the weighted mean of the rows' numbers, summed in double. */
KERNEL(row_mean)
{
    const cr_row_mean_args *g = arguments;
    (void)size;
    if (rank)
        return;
    const double sum = weighted_sum(g->rows, g->weight, g->M);
    *(T *)g->out = (T)(g->M ? sum / (double)g->M : 0);
}

/* Adds the values of a batch, weighted and times a factor, to a running sum. */
KERNEL(accumulate_weighted_sum)
{
    const cr_accumulate_weighted_sum_args *g = arguments;
    (void)size;
    if (!rank)
        *g->total += g->factor * weighted_sum(g->values, g->weights, g->n);
}

/* Counts a counter on. */
KERNEL(increment)
{
    const cr_increment_args *g = arguments;
    (void)size;
    if (!rank)
        *g->counter += g->by;
}

/* Writes a running sum into the log, and begins it anew. */
KERNEL(store_and_reset)
{
    const cr_store_and_reset_args *g = arguments;
    (void)size;
    if (rank)
        return;
    if (g->log && *g->place >= 0 && *g->place < g->room)
        memcpy((char *)g->log + *g->place * 8, g->total, 8);
    memset(g->total, 0, 8);
}
