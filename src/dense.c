/* The three products of a dense layer. */
#include "drop.h"
#include "gemm.h"
#include "narrow.h"

/* n = 1: y[m] = x[m,:] . w, summed in vectors along k */
static void matrix_vector(const cr_dense_forward_args *g, ptrdiff_t m0, ptrdiff_t m1)
{
    const T *w = g->w, *b = g->b;
    T *y = g->y;
    const ptrdiff_t n = g->K;
    for (ptrdiff_t m = m0; m < m1; m++) {
        const T *x = (const T *)g->x + m * n;
        V sum = {0};
        SPAN(sum += GET(x) * GET(w););
        y[m] = lane_sum(sum) + (b ? *b : 0);
    }
    if (g->act != CR_SOFTMAX)
        activate_span(y + m0, y + m0, m1 - m0, g->act);
}

/* Dropout over the share of y that this rank has made */
static void drop(const cr_dense_forward_args *g, ptrdiff_t rank, ptrdiff_t size)
{
    const dropper d = dropper_of(g->seed, g->step, g->stream, g->threshold, g->scale);
    ptrdiff_t begin, end;
    if (!g->by_columns || g->N == 1) {
        share_rows(g->M, rank, size, &begin, &end);
        drop_range(g->y, NULL, g->y, begin * g->N, end * g->N, &d);
        return;
    }
    share(g->N, VL, rank, size, &begin, &end);
    for (ptrdiff_t row = 0; row < g->M * g->N; row += g->N)
        drop_range(g->y, NULL, g->y, row + begin, row + end, &d);
}

KERNEL(dense_forward)
{
    const cr_dense_forward_args *g = arguments;
    const int softmax = g->act == CR_SOFTMAX;
    T *y = g->y;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (g->N == 1) {
        matrix_vector(g, begin, end);
    } else {
        product p = {.c = y,
                     .a = g->x,
                     .b = g->w,
                     .bias = g->b,
                     .m = g->M,
                     .n = g->N,
                     .k = g->K,
                     .a_row = g->K,
                     .a_col = 1,
                     .b_row = g->N,
                     .act = g->act};
        if (g->by_columns && !softmax)
            multiply_columns(&p, rank, size);
        else
            multiply_rows(&p, rank, size);
    }
    if (softmax)
        softmax_rows(y + begin * g->N, y + begin * g->N, end - begin, g->N);
    else if (g->step)
        drop(g, rank, size);
}

KERNEL(dense_backward_input)
{
    const cr_dense_backward_input_args *g = arguments;
    product p = {.c = g->dx,
                 .a = g->dz,
                 .b = g->w,
                 .through = g->y,
                 .m = g->M,
                 .n = g->K,
                 .k = g->N,
                 .a_row = g->N,
                 .a_col = 1,
                 .b_row = g->N,
                 .b_transposed = 1,
                 .act = g->y ? g->act : CR_LINEAR,
                 .scale = (T)g->scale};
    if (g->N == 1) { /* w[K,1] is already its transpose */
        p.b_transposed = 0;
        p.b_row = g->K;
    }
    if (g->by_columns)
        multiply_columns(&p, rank, size);
    else
        multiply_rows(&p, rank, size);
}

/* db[n] for n0 <= n < n1, each a sum in order of m */
static void column_sums(T *db, const T *dz, ptrdiff_t M, ptrdiff_t N, ptrdiff_t n0, ptrdiff_t n1)
{
    const ptrdiff_t n = n1 - n0;
    db += n0;
    dz += n0;
    SPAN(V sum = {0}; for (ptrdiff_t m = 0; m < M; m++) sum += GET(dz + m * N); PUT(db, sum););
}

KERNEL(dense_backward_weights)
{
    const cr_dense_backward_weights_args *g = arguments;
    product p = {.c = g->dw,
                 .a = g->x,
                 .b = g->dz,
                 .m = g->K,
                 .n = g->N,
                 .k = g->M,
                 .a_row = 1,
                 .a_col = g->K,
                 .b_row = g->N,
                 .act = CR_LINEAR};
    if (g->N == 1) /* the transposed product: a row dz' times x */
        p = (product){.c = g->dw,
                      .a = g->dz,
                      .b = g->x,
                      .m = 1,
                      .n = g->K,
                      .k = g->M,
                      .a_row = 1,
                      .a_col = 1,
                      .b_row = g->K,
                      .act = CR_LINEAR};
    if (g->dw && p.m >= 2 * size * MR)
        multiply_rows(&p, rank, size);
    else if (g->dw)
        multiply_columns(&p, rank, size);
    if (g->db) {
        ptrdiff_t begin, end;
        share(g->N, VL, rank, size, &begin, &end);
        column_sums(g->db, g->dz, g->M, g->N, begin, end);
    }
}
