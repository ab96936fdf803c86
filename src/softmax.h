/* Softmax of rows of any length, one row at a time, and its parts, which cross entropies and
 * log-softmax share. (Rows of few elements: small_rows.h.) */
#ifndef COREREG_SOFTMAX_H
#define COREREG_SOFTMAX_H

#include "vmath.h"

/* Gives the maximum of a row. NaNs are passed over: what is built on it turns NaN by its sums. */
static inline T row_max(const T *x, ptrdiff_t n)
{
    V best = splat(-(T)INFINITY);
    EACH_VECTOR (i, lanes, n)
        best = vmax(first_lanes(load_lanes(x + i, lanes), lanes, best), best);
    return n ? lane_max(best) : 0;
}

/* Computes y = e^(x - max) for a row and gives the sum of y; y may alias x. */
static inline T row_exp(T *y, const T *x, ptrdiff_t n, T max)
{
    V sum = {0};
    EACH_VECTOR (i, lanes, n) {
        const V e = vexp(load_lanes(x + i, lanes) - max);
        store_lanes(y + i, e, lanes);
        sum += first_lanes(e, lanes, (V){0});
    }
    return lane_sum(sum);
}

/* Computes y = softmax(x) for one row; y may alias x. */
static inline void softmax_row(T *y, const T *x, ptrdiff_t n)
{
    const T max = row_max(x, n);
    const T scale = 1 / row_exp(y, x, n, max);
    EACH_VECTOR (i, lanes, n)
        store_lanes(y + i, load_lanes(y + i, lanes) * scale, lanes);
}

/* Computes softmax for `rows` rows of n elements, whatever n is; y may alias x: in activation.c. */
#define softmax_rows CR_NAME(softmax_rows)
void softmax_rows(T *y, const T *x, ptrdiff_t rows, ptrdiff_t n);

#endif
