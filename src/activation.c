/* Activations on their own, forward and backward; those of a dense layer are made in dense.c, which
 * calls what is rare, and softmax, from here. */
#include "activate.h"
#include "small_rows.h"

/* The loop of activate_loop for longer code, of which there is one copy. */
INLINE void small_loop(T *y, const T *x, ptrdiff_t n, const int act)
{
    EACH_VECTOR_SMALL (i, lanes, n)
        store_lanes(y + i, activate(load_lanes(x + i, lanes), act), lanes);
}

/* The same with slope = act'(x), for an activation that keeps its slope. */
INLINE void curve_loop(T *y, T *slope, const T *x, ptrdiff_t n, const int act)
{
    if (!slope) {
        small_loop(y, x, n, act);
        return;
    }
    EACH_VECTOR_SMALL (i, lanes, n) {
        const curve found = curve_of(load_lanes(x + i, lanes), act);
        store_lanes(y + i, found.y, lanes);
        store_lanes(slope + i, found.slope, lanes);
    }
}

/* Computes y = act(x), and maybe slope = act'(x), by one of the activations behind softmax. */
void activate_span_more(T *y, T *slope, const T *x, ptrdiff_t n, int act)
{
    switch (act) {
    case CR_LEAKY_RELU: activate_loop(y, x, n, CR_LEAKY_RELU); break;
    case CR_ELU: small_loop(y, x, n, CR_ELU); break;
    case CR_SELU: small_loop(y, x, n, CR_SELU); break;
    case CR_SOFTPLUS: small_loop(y, x, n, CR_SOFTPLUS); break;
    case CR_GELU: curve_loop(y, slope, x, n, CR_GELU); break;
    case CR_GELU_TANH: curve_loop(y, slope, x, n, CR_GELU_TANH); break;
    case CR_SILU: curve_loop(y, slope, x, n, CR_SILU); break;
    default: curve_loop(y, slope, x, n, CR_MISH);
    }
}

/* Computes dx = scale * dy * act'(x) by one of the activations behind softmax. */
void activation_backward_span_more(T *dx, const T *dy, const T *y, ptrdiff_t n, int act, T scale)
{
    switch (act) {
    case CR_LEAKY_RELU: activation_backward_loop(dx, dy, y, n, CR_LEAKY_RELU, scale); break;
    case CR_ELU: activation_backward_loop(dx, dy, y, n, CR_ELU, scale); break;
    case CR_SELU: activation_backward_loop(dx, dy, y, n, CR_SELU, scale); break;
    case CR_SOFTPLUS: activation_backward_loop(dx, dy, y, n, CR_SOFTPLUS, scale); break;
    default: activation_backward_loop(dx, dy, y, n, CR_GELU, scale); /* all that keep slopes */
    }
}

/* Computes softmax for `rows` rows of n elements. */
void softmax_rows(T *y, const T *x, ptrdiff_t rows, ptrdiff_t n)
{
    if (n > MAX_SMALL_ROW) {
        for (ptrdiff_t m = 0; m < rows; m++)
            softmax_row(y + m * n, x + m * n, n);
        return;
    }
    for (ptrdiff_t m = 0; m < rows; m += VL) {
        const ptrdiff_t block = rows - m < VL ? rows - m : VL;
        V e[MAX_SMALL_ROW], sum = {0};
        load_columns(e, x + m * n, n, block);
        const V max = columns_max(e, n);
        for (ptrdiff_t k = 0; k < n; k++) {
            e[k] = vexp(e[k] - max);
            sum += e[k];
        }
        const V scale = 1 / sum;
        for (ptrdiff_t k = 0; k < n; k++)
            e[k] *= scale;
        store_columns(y + m * n, e, n, block);
    }
}

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
