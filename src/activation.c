/* Activations on their own, and small elementwise sweeps. */
#include "small_rows.h"

KERNEL(activation_forward)
{
    const cr_activation_forward_args *g = arguments;
    T *y = g->y;
    const T *x = g->x;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (g->act == CR_SOFTMAX) {
        softmax_rows(y + begin * g->N, x + begin * g->N, end - begin, g->N);
        return;
    }
    activate_span(y + begin * g->N, x + begin * g->N, (end - begin) * g->N, g->act);
}

static void softmax_backward_row(T *dx, const T *dy, const T *y, ptrdiff_t n)
{
    V sum = {0};
    SPAN(sum += GET(dy) * GET(y););
    const T dot = lane_sum(sum);
    SPAN(PUT(dx, GET(y) * (GET(dy) - dot)););
}

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
    const ptrdiff_t from = begin * g->N;
    activation_backward_span(dx + from, dy + from, y + from, (end - begin) * g->N, g->act, 1);
}

static void log_softmax_row(T *y, const T *x, ptrdiff_t n)
{
    const T max = row_max(x, n);
    V exps = {0};
    SPAN(const V e = vexp(GET(x) - max); exps += lanes < VL ? first_n(e, lanes, (V){0}) : e;);
    const T log_sum = vlog(splat(lane_sum(exps)))[0];
    SPAN(PUT(y, GET(x) - max - log_sum););
}

KERNEL(log_softmax_forward)
{
    const cr_activation_forward_args *g = arguments;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++)
        log_softmax_row((T *)g->y + m * g->N, (const T *)g->x + m * g->N, g->N);
}

static void log_softmax_backward_row(T *dx, const T *dy, const T *y, ptrdiff_t n)
{
    V sums = {0};
    SPAN(sums += GET(dy););
    const T sum = lane_sum(sums);
    SPAN(PUT(dx, GET(dy) - vexp(GET(y)) * sum););
}

KERNEL(log_softmax_backward)
{
    const cr_activation_backward_args *g = arguments;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const ptrdiff_t at = m * g->N;
        log_softmax_backward_row((T *)g->dx + at, (const T *)g->dy + at, (const T *)g->y + at,
                                 g->N);
    }
}

/* y = f(x) over this rank's part of n elements; x0, y0 are the arrays' beginnings */
#define MAP(expression)                            \
    const cr_map_args *g = arguments;              \
    ptrdiff_t begin, end;                          \
    share(g->n, VL, rank, size, &begin, &end);     \
    T *y = (T *)g->y + begin;                      \
    const T *x = (const T *)g->x + begin;          \
    const ptrdiff_t n = end - begin;               \
    SPAN(PUT(y, expression););

KERNEL(scale)
{
    const T factor = *(const T *)((const cr_map_args *)arguments)->factor;
    MAP(GET(x) * factor)
}
KERNEL(add) { MAP(GET(y) + GET(x)) }
KERNEL(exp) { MAP(vexp(GET(x))) }
KERNEL(log) { MAP(vlog(GET(x))) }
KERNEL(erf) { MAP(verf(GET(x))) }
