/* The matrix product behind the three dense kernels.
 *
 *     c[m,n] = epilogue( sum_k a(m,k) b(k,n) )        m0 <= m < m1,  n0 <= n < n1
 *
 * a(m,k) = a[m*a_row + k*a_col] is read one element at a time and broadcast, so it may be a
 * matrix or its transpose; b(k,n) is read in vectors along n. A tile of MR x NV vectors of c
 * stays in registers over the whole of k (or over KC of it, when b is packed). Every element of
 * c is one sum in order of k: it is the same number whichever tile or share it falls in.
 *
 * b is read in place when its rows are whole vectors; otherwise (an edge of less than a vector,
 * b given transposed, or a stride that collides in the cache) a panel of KC x NR is first packed
 * on the stack, padded with zeros.
 */
#ifndef COREREG_GEMM_H
#define COREREG_GEMM_H

#include "activate.h"

#if VB == 64
#define MR 8
#define NV 3
#elif VB == 32
#define MR 6
#define NV 2
#else
#define MR 4
#define NV 2
#endif
#define NR (NV * VL)
#define KC 256

typedef struct {
    T *c;
    const T *a, *b, *bias; /* bias[n] or NULL */
    const T *through;      /* y[m,n] (as c) of the activation to go back through, or NULL */
    ptrdiff_t m, n, k, a_row, a_col, b_row; /* b(k,n) = b[k*b_row + n] ... */
    int b_transposed;                       /* ... or, if set, b[n*b_row + k] */
    int act;                                /* forward: of the result; with `through`: of y */
} product;

/* One register tile. b points at its first column, rows b_row apart; `edge` is the number of
 * columns of the last vector that exist in c (VL: all). */
INLINE void tile(const int mr, const int nv, const product *g, ptrdiff_t m, ptrdiff_t n,
                 ptrdiff_t k0, ptrdiff_t k1, const T *b, ptrdiff_t b_row, ptrdiff_t edge)
{
    V acc[MR][8];
    const ptrdiff_t a_row = g->a_row, a_col = g->a_col, ldc = g->n;
    const T *a = g->a + m * a_row + k0 * a_col;
    T *c = g->c + m * ldc + n;
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++)
            acc[i][j] = k0 == 0         ? (V){0}
                        : j == nv - 1   ? load_n(c + i * ldc + j * VL, edge)
                                        : load(c + i * ldc + j * VL);
    for (ptrdiff_t k = k0; k < k1; k++) {
        V row[8];
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++)
            row[j] = load(b + j * VL);
#pragma GCC unroll 8
        for (int i = 0; i < mr; i++) {
            V x = splat(a[i * a_row]);
#pragma GCC unroll 8
            for (int j = 0; j < nv; j++)
                acc[i][j] += x * row[j];
        }
        a += a_col;
        b += b_row;
    }
    const int last = k1 == g->k, relu = last && !g->through && g->act == CR_RELU;
    const V floor = splat(relu ? 0 : -(T)INFINITY);
#pragma GCC unroll 8
    for (int j = 0; j < nv; j++) {
        const ptrdiff_t width = j == nv - 1 ? edge : VL;
        V bias = {0};
        if (last && g->bias)
            bias = width == VL ? load(g->bias + n + j * VL) : load_n(g->bias + n + j * VL, width);
#pragma GCC unroll 8
        for (int i = 0; i < mr; i++) {
            V v = vmax(floor, acc[i][j] + bias); /* a NaN passes */
            if (width == VL)
                store(c + i * ldc + j * VL, v);
            else
                store_n(c + i * ldc + j * VL, v, width);
        }
    }
    if (last && (g->through || (g->act != CR_LINEAR && g->act != CR_RELU && g->act != CR_SOFTMAX)))
        for (int i = 0; i < mr; i++) {
            T *row = c + i * ldc;
            const ptrdiff_t width = (nv - 1) * VL + edge;
            if (g->through)
                through_span(row, row, g->through + (m + i) * ldc + n, width, g->act);
            else
                activate_span(row, row, width, g->act);
        }
}

#define TILE_FUNCTION(mr, nv)                                                                     \
    static __attribute__((noinline)) void tile_##mr##x##nv(                                       \
        const product *g, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k0, ptrdiff_t k1, const T *b,       \
        ptrdiff_t b_row, ptrdiff_t edge)                                                          \
    {                                                                                             \
        tile(mr, nv, g, m, n, k0, k1, b, b_row, edge);                                            \
    }

typedef void (*tile_function)(const product *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                              const T *, ptrdiff_t, ptrdiff_t);

#define TILE_ROWS(mr) TILE_FUNCTION(mr, 1) TILE_FUNCTION(mr, 2) TILE_FUNCTION(mr, 3)
TILE_ROWS(1)
TILE_ROWS(2)
TILE_ROWS(4)
#if MR == 6
TILE_ROWS(6)
#elif MR == 8
TILE_ROWS(8)
#endif
TILE_FUNCTION(1, 8)

/* tiles[rows: 1, 2, 4, MR][vectors - 1] */
#define TILE_LINE(mr) {tile_##mr##x1, tile_##mr##x2, tile_##mr##x3}
static const tile_function tiles[4][3] = {
    TILE_LINE(1),
    TILE_LINE(2),
    TILE_LINE(4),
#if MR == 6
    TILE_LINE(6),
#elif MR == 8
    TILE_LINE(8),
#else
    TILE_LINE(4),
#endif
};

/* All rows m0..m1 of one panel of nv vectors. */
INLINE void tile_column(const product *g, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n, int nv,
                        ptrdiff_t k0, ptrdiff_t k1, const T *b, ptrdiff_t b_row, ptrdiff_t edge)
{
    ptrdiff_t m = m0;
    for (; m + MR <= m1; m += MR)
        tiles[3][nv - 1](g, m, n, k0, k1, b, b_row, edge);
    for (; m + 4 <= m1; m += 4)
        tiles[2][nv - 1](g, m, n, k0, k1, b, b_row, edge);
    for (; m + 2 <= m1; m += 2)
        tiles[1][nv - 1](g, m, n, k0, k1, b, b_row, edge);
    for (; m < m1; m++)
        tiles[0][nv - 1](g, m, n, k0, k1, b, b_row, edge);
}

/* Interleaves the lower (upper) halves of a and b: log2(VL) rounds of it transpose VL vectors. */
#if VL == 2
#define LOW 0, 2
#define HIGH 1, 3
#elif VL == 4
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#elif VL == 8
#define LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (VI){__VA_ARGS__})
#endif

/* to[k*NR + j] = from[j*from_row + k], j, k < VL */
INLINE void transpose_block(T *to, const T *from, ptrdiff_t from_row)
{
    V r[VL], t[VL];
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++)
        r[i] = load(from + i * from_row);
#pragma GCC unroll 4
    for (int round = 1; round < VL; round *= 2) {
#pragma GCC unroll 16
        for (int i = 0; i < VL / 2; i++) {
            t[2 * i] = SHUFFLE(r[i], r[i + VL / 2], LOW);
            t[2 * i + 1] = SHUFFLE(r[i], r[i + VL / 2], HIGH);
        }
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++)
            r[i] = t[i];
    }
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++)
        store(to + i * NR, r[i]);
}

/* panel[k][j] = b(k0+k, n+j) for j < columns, zero up to the next whole vector */
static void pack(T *panel, const product *g, ptrdiff_t n, ptrdiff_t columns, ptrdiff_t k0,
                 ptrdiff_t k1)
{
    const ptrdiff_t depth = k1 - k0, whole = (columns + VL - 1) / VL * VL;
    if (!g->b_transposed) {
        const T *b = g->b + k0 * g->b_row + n;
        for (ptrdiff_t k = 0; k < depth; k++, b += g->b_row, panel += NR) {
            ptrdiff_t j = 0;
            for (; j + VL <= columns; j += VL)
                store(panel + j, load(b + j));
            if (j < columns)
                store(panel + j, load_n(b + j, columns - j));
        }
        return;
    }
    for (ptrdiff_t j = 0; j < whole; j += VL) {
        const T *b = g->b + (n + j) * g->b_row + k0;
        ptrdiff_t k = 0;
        if (j + VL <= columns)
            for (; k + VL <= depth; k += VL)
                transpose_block(panel + k * NR + j, b + k, g->b_row);
        for (; k < depth; k++)
            for (ptrdiff_t i = 0; i < VL; i++)
                panel[k * NR + j + i] = j + i < columns ? b[i * g->b_row + k] : 0;
    }
}

/* The block of c that is rows m0..m1, columns n0..n1. */
static void multiply(const product *g, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1)
{
    T panel[KC * NR] __attribute__((aligned(64)));
    ptrdiff_t n = n0;
    if (m0 >= m1)
        return;
    if (m1 - m0 == 1 && !g->b_transposed) /* one row: eight sums side by side hide the latency */
        for (; n + 8 * VL <= n1; n += 8 * VL)
            tile_1x8(g, m0, n, 0, g->k, g->b + n, g->b_row, VL);
    const int collides = g->b_row * sizeof(T) % 2048 == 0 && g->k > 64 && m1 - m0 > 4 * MR;
    while (n < n1) {
        const ptrdiff_t columns = n1 - n < NR ? n1 - n : NR;
        const int nv = (int)((columns + VL - 1) / VL);
        const ptrdiff_t edge = columns - (nv - 1) * VL;
        if (!g->b_transposed && edge == VL && !collides) {
            tile_column(g, m0, m1, n, nv, 0, g->k, g->b + n, g->b_row, VL);
        } else {
            ptrdiff_t k0 = 0;
            do { /* once even for k = 0: the epilogue is due */
                const ptrdiff_t k1 = g->k - k0 < KC ? g->k : k0 + KC;
                pack(panel, g, n, columns, k0, k1);
                tile_column(g, m0, m1, n, nv, k0, k1, panel, NR, edge);
                k0 = k1;
            } while (k0 < g->k);
        }
        n += columns;
    }
}

/* The rank-th share of the whole product: rows where they are many, else columns. */
static void multiply_share(const product *g, ptrdiff_t rank, ptrdiff_t size, int whole_rows)
{
    ptrdiff_t begin, end;
    if (whole_rows || g->m >= 2 * size * MR) {
        share(g->m, MR, rank, size, &begin, &end);
        multiply(g, begin, end, 0, g->n);
    } else {
        share(g->n, NR, rank, size, &begin, &end);
        multiply(g, 0, g->m, begin, end);
    }
}

#endif
