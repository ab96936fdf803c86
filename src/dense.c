/* The three products of a dense layer: its output, and the gradients of its input and weights. */
#include "dense_share.h"
#include "dropout.h"
#include "gemm.h"
#include "softmax.h"
#include "sparse.h"

/* Computes the dot products y[m] = x[m,:] . v for m0 <= m < m1, x of rows of n elements, with sums
 * in vectors along n. Four rows at once hide the latency of the additions. */
static void row_dots(T *y, const T *x, const T *v, ptrdiff_t n, ptrdiff_t m0, ptrdiff_t m1)
{
    ptrdiff_t m = m0;
    for (; m + 4 <= m1; m += 4) {
        const T *x0 = x + m * n, *x1 = x0 + n, *x2 = x1 + n, *x3 = x2 + n;
        V s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        EACH_VECTOR (i, lanes, n) {
            const V factor = load_lanes(v + i, lanes);
            s0 += load_lanes(x0 + i, lanes) * factor;
            s1 += load_lanes(x1 + i, lanes) * factor;
            s2 += load_lanes(x2 + i, lanes) * factor;
            s3 += load_lanes(x3 + i, lanes) * factor;
        }
        y[m] = lane_sum(s0);
        y[m + 1] = lane_sum(s1);
        y[m + 2] = lane_sum(s2);
        y[m + 3] = lane_sum(s3);
    }
    for (; m < m1; m++) {
        const T *x0 = x + m * n;
        V sum = {0};
        EACH_VECTOR (i, lanes, n)
            sum += load_lanes(x0 + i, lanes) * load_lanes(v + i, lanes);
        y[m] = lane_sum(sum);
    }
}

/* Takes the share of y that this rank has computed through softmax or dropout. */
void finish_share(const cr_dense_forward_args *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t m0, m1, n0, n1;
    share_outputs(g, rank, size, &m0, &m1, &n0, &n1);
    if (g->act == CR_SOFTMAX) {
        T *y = (T *)g->y + m0 * g->N;
        softmax_rows(y, y, m1 - m0, g->N);
    } else if (g->step) {
        const dropout_params d =
            dropout_params_of(g->seed, g->step, g->stream, g->threshold, g->scale);
        if (n1 - n0 == g->N)
            dropout_range(g->y, NULL, g->y, m0 * g->N, m1 * g->N, &d, NULL);
        else
            for (ptrdiff_t row = 0; row < g->M * g->N; row += g->N)
                dropout_range(g->y, NULL, g->y, row + n0, row + n1, &d, NULL);
    }
}

/* The product of a dense layer, with its bias and activation. */
static product product_of(const cr_dense_forward_args *g)
{
    return (product){.c = g->y,
                     .slope = g->slope,
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
}

/* Multiplies, adds the bias and applies the activation, tile by tile. */
KERNEL(dense_forward)
{
    const cr_dense_forward_args *g = arguments;
    const int softmax = g->act == CR_SOFTMAX;
    T *y = g->y;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (g->N == 1) {
        row_dots(y, g->x, g->w, g->K, begin, end);
        for (ptrdiff_t m = begin; g->b && m < end; m++)
            y[m] += *(const T *)g->b;
        if (!softmax)
            activate_any(y + begin, g->slope ? (T *)g->slope + begin : NULL, y + begin, end - begin,
                         g->act);
    } else {
        const product p = product_of(g);
        if (g->by_columns && !softmax)
            multiply_columns(&p, rank, size);
        else
            multiply_rows(&p, rank, size);
    }
    finish_share(g, rank, size);
}

/* Lists the weights that are not zero, part by part and column by column. */
KERNEL(pack_weights)
{
    (void)size;
    if (rank == 0)
        pack_parts(arguments);
}

/* Multiplies with the weights that are not zero, some rows of x at a time. */
KERNEL(sparse_forward)
{
    const cr_sparse_forward_args *g = arguments;
    const cr_dense_forward_args *d = &g->dense;
    ptrdiff_t begin, end;
    share_rows(d->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m += SPARSE_ROWS) {
        const ptrdiff_t rows = end - m < SPARSE_ROWS ? end - m : SPARSE_ROWS;
        T *y = (T *)d->y + m * d->N;
        uint64_t whole = multiply_sparse(g, m, rows);
        if (d->act != CR_RELU && d->act != CR_SOFTMAX)
            activate_any(y, NULL, y, rows * d->N, d->act);
        for (; whole; whole &= whole - 1) { /* rows that are not finite */
            const product p = product_of(d);
            const ptrdiff_t row = m + __builtin_ctzll(whole);
            multiply(&p, row, row + 1, 0, d->N);
        }
        if (d->act == CR_SOFTMAX)
            softmax_rows(y, y, rows, d->N);
    }
}

/* Multiplies a gradient with the transposed weights, and takes it through the activation before. */
KERNEL(dense_backward_input)
{
    const cr_dense_backward_input_args *g = arguments;
    product p = {.c = g->dx,
                 .a = g->dz,
                 .b = g->w,
                 .activation_y = g->y,
                 .m = g->M,
                 .n = g->K,
                 .k = g->N,
                 .a_row = g->N,
                 .a_col = 1,
                 .b_row = g->N,
                 .b_transposed = 1,
                 .act = g->y ? g->act : CR_LINEAR,
                 .scale = (T)g->scale};
    if (g->M == 1) { /* one row: a sum over each row of w, which need not be transposed */
        ptrdiff_t begin, end;
        share(g->K, VL, rank, size, &begin, &end);
        row_dots(g->dx, g->w, g->dz, g->N, begin, end);
        if (g->y)
            activation_backward_any((T *)g->dx + begin, (T *)g->dx + begin, (const T *)g->y + begin,
                                    end - begin, g->act, (T)g->scale);
        return;
    }
    if (g->N == 1) { /* w[K,1] is already its transpose */
        p.b_transposed = 0;
        p.b_row = g->K;
    }
    if (g->by_columns)
        multiply_columns(&p, rank, size);
    else
        multiply_rows(&p, rank, size);
}

/* Computes db[n] for n0 <= n < n1, each a sum in order of m. */
static void column_sums(T *db, const T *dz, ptrdiff_t M, ptrdiff_t N, ptrdiff_t n0, ptrdiff_t n1)
{
    EACH_VECTOR (i, lanes, n1 - n0) {
        V sum = {0};
        for (ptrdiff_t m = 0; m < M; m++)
            sum += load_lanes(dz + m * N + n0 + i, lanes);
        store_lanes(db + n0 + i, sum, lanes);
    }
}

/* Multiplies the transposed input with a gradient, and sums the gradient's columns. */
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
