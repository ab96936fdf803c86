/* Losses of regression with their gradients: squared and absolute error. Shares are rows. */
#include "loss_row.h"
#include "simd_lanes.h"

/* Stores each row's mean squared error, and the gradient of their mean. */
KERNEL(squared_error)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const loss_row r = loss_row_of(g, m);
        const T per_output = n ? 2 * r.scale / (T)n : 0;
        V sum = {0};
        EACH_VECTOR (i, lanes, n) {
            const V d = load_lanes(r.z + i, lanes) - load_lanes(r.y + i, lanes);
            sum += d * d;
            if (r.dz)
                store_lanes(r.dz + i, d * per_output, lanes);
        }
        *r.loss = n ? r.weight * lane_sum(sum) / (T)n : 0;
    }
}

/* Stores each row's mean absolute error, and the gradient of their mean. */
KERNEL(absolute_error)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const loss_row r = loss_row_of(g, m);
        const T per_output = n ? r.scale / (T)n : 0;
        V sum = {0};
        EACH_VECTOR (i, lanes, n) {
            const V d = load_lanes(r.z + i, lanes) - load_lanes(r.y + i, lanes);
            sum += vabs(d);
            if (r.dz)
                store_lanes(r.dz + i, vsign(d) * per_output, lanes);
        }
        *r.loss = n ? r.weight * lane_sum(sum) / (T)n : 0;
    }
}
