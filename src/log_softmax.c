/* The logarithm of softmax, forward and backward, row by row. */
#include "softmax.h"

/* Computes y = x - max - log sum e^(x - max) for one row of n elements. */
static void log_softmax_row(T *y, const T *x, ptrdiff_t n)
{
    const T max = row_max(x, n);
    V sum = {0};
    EACH_VECTOR (i, lanes, n)
        sum += first_lanes(vexp(load_lanes(x + i, lanes) - max), lanes, (V){0});
    const T log_sum = vlog(splat(lane_sum(sum)))[0];
    EACH_VECTOR (i, lanes, n)
        store_lanes(y + i, load_lanes(x + i, lanes) - max - log_sum, lanes);
}

/* Computes the logarithm of softmax along the rows. */
KERNEL(log_softmax_forward)
{
    const cr_activation_forward_args *g = arguments;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++)
        log_softmax_row((T *)g->y + m * g->N, (const T *)g->x + m * g->N, g->N);
}

/* Computes dx = dy - e^y sum dy for one row of n elements. */
static void log_softmax_backward_row(T *dx, const T *dy, const T *y, ptrdiff_t n)
{
    V sums = {0};
    EACH_VECTOR (i, lanes, n)
        sums += load_lanes(dy + i, lanes);
    const T sum = lane_sum(sums);
    EACH_VECTOR (i, lanes, n)
        store_lanes(dx + i, load_lanes(dy + i, lanes) - vexp(load_lanes(y + i, lanes)) * sum,
                    lanes);
}

/* Takes a gradient back through the logarithm of softmax, from its output. */
KERNEL(log_softmax_backward)
{
    const cr_activation_backward_args *g = arguments;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const ptrdiff_t first = m * g->N;
        log_softmax_backward_row((T *)g->dx + first, (const T *)g->dy + first,
                                 (const T *)g->y + first, g->N);
    }
}
