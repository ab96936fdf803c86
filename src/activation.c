/* Activations on their own, forward and backward; those of a dense layer are made in dense.c. */
#include "activate.h"
#include "small_rows.h"

/* Applies an activation, softmax along the rows. */
KERNEL(activation_forward)
{
    const cr_activation_forward_args *g = arguments;
    T *y = g->y, *slope = g->slope;
    const T *x = g->x;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (g->act == CR_SOFTMAX)
        softmax_rows(y + begin * g->N, x + begin * g->N, end - begin, g->N);
    else
        activate_any(y + begin * g->N, slope ? slope + begin * g->N : NULL, x + begin * g->N,
                     (end - begin) * g->N, g->act);
}

/* Computes dx = y (dy - sum dy y) for one row of n elements. */
static void softmax_backward_row(T *dx, const T *dy, const T *y, ptrdiff_t n)
{
    V sum = {0};
    EACH_VECTOR (i, lanes, n)
        sum += load_lanes(dy + i, lanes) * load_lanes(y + i, lanes);
    const T dot = lane_sum(sum);
    EACH_VECTOR (i, lanes, n)
        store_lanes(dx + i, load_lanes(y + i, lanes) * (load_lanes(dy + i, lanes) - dot), lanes);
}

/* Takes a gradient back through an activation. */
KERNEL(activation_backward)
{
    const cr_activation_backward_args *g = arguments;
    T *dx = g->dx;
    const T *dy = g->dy, *y = g->y;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (g->act == CR_SOFTMAX) {
        for (ptrdiff_t m = begin; m < end; m++)
            softmax_backward_row(dx + m * g->N, dy + m * g->N, y + m * g->N, g->N);
        return;
    }
    const ptrdiff_t first = begin * g->N, n = (end - begin) * g->N;
    activation_backward_any(dx + first, dy + first, y + first, n, g->act, 1);
}
