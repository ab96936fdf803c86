/* The matrix product behind the three dense kernels.
 *
 *     c[m,n] = epilogue( sum_k a(m,k) b(k,n) )        m0 <= m < m1,  n0 <= n < n1
 *
 * a(m,k) = a[m*a_row + k*a_col] is read one element at a time and broadcast, so it may be a
 * matrix or its transpose; b(k,n) is read in vectors along n. A tile of MR x NV vectors of c
 * stays in registers over the whole of k (or over even parts of it, KC at most, when b is packed).
 * Every element of c is one sum in order of k: it is the same number whichever tile or share it
 * falls in.
 *
 * b is read in place when its rows are whole vectors; otherwise (an edge of less than a vector,
 * b given transposed, or a stride that collides in the cache) a panel of KC x NR is first packed
 * on the stack, padded with zeros. A long strided a is packed likewise, some rows at a time: read
 * in place it would touch a page an element.
 */
#ifndef COREREG_GEMM_H
#define COREREG_GEMM_H

#include "activate.h"

#if VB == 64
#define MR 8
#define NV 3
#define KC 192 /* a panel takes 36 KB */
#elif VB == 32
#define MR 6
#define NV 2
#define KC 256
#else
#define MR 4
#define NV 2
#define KC 256
#endif
#define NR (NV * VL)
#define BLOCK (48 * 1024 / (ptrdiff_t)sizeof(T)) /* elements of a packed part of a */

typedef struct {
    T *c;
    const T *a, *b, *bias; /* bias[n] or NULL */
    const T *through;      /* y[m,n] (as c) of the activation to go back through, or NULL ... */
    T scale;               /* ... and a factor on the way */
    ptrdiff_t m, n, k, a_row, a_col, b_row; /* b(k,n) = b[k*b_row + n] ... */
    int b_transposed;                       /* ... or, if set, b[n*b_row + k] */
    int act;                                /* forward: of the result; with `through`: of y */
} product;

/* The operands of one register tile, in place or packed: a(m,k) = a[m*a_row + k*a_col] from the
 * tile's first row, b(k,n) = b[k*b_row + n] from its first column, both from k0 on. */
typedef struct {
    const T *a, *b;
    ptrdiff_t a_row, a_col, b_row;
    ptrdiff_t k0, k1;
    ptrdiff_t edge; /* columns of the last vector that exist in c; VL: all */
    /* memory of the next panel, fetched a line a step while this one is worked on */
    const T *ahead, *ahead_end;
    ptrdiff_t ahead_step;
} operands;

/* In `tile`: a column of a times a row of b, added to the sums. */
#define TILE_STEP                                                                         \
    do {                                                                                  \
        V row[8];                                                                         \
        __builtin_prefetch(ahead, 0, 2);                                                  \
        ahead = ahead + o->ahead_step < o->ahead_end ? ahead + o->ahead_step : ahead;     \
        _Pragma("GCC unroll 8") for (int j = 0; j < nv; j++) row[j] = load(b + j * VL);   \
        _Pragma("GCC unroll 8") for (int i = 0; i < mr; i++)                              \
        {                                                                                 \
            V x = splat(a[i * a_row]);                                                    \
            _Pragma("GCC unroll 8") for (int j = 0; j < nv; j++) acc[i][j] += x * row[j]; \
        }                                                                                 \
        a += a_col;                                                                       \
        b += b_row;                                                                       \
    } while (0)

INLINE void tile(const int mr, const int nv, const product *g, const operands *o, const T *a,
                 ptrdiff_t m, ptrdiff_t n)
{
    V acc[MR][8];
    const ptrdiff_t a_row = o->a_row, a_col = o->a_col, b_row = o->b_row, ldc = g->n;
    const ptrdiff_t edge = o->edge;
    const T *b = o->b, *ahead = o->ahead;
    T *c = g->c + m * ldc + n;
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++)
            acc[i][j] = o->k0 == 0    ? (V){0}
                        : j == nv - 1 ? load_n(c + i * ldc + j * VL, edge)
                                      : load(c + i * ldc + j * VL);
    if (o->k0 == 0 && o->k1 >= 64) /* lines of c arrive while the sums are made */
#pragma GCC unroll 8
        for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
            for (int j = 0; j < nv; j++)
                __builtin_prefetch(c + i * ldc + j * VL, 1, 3);
    if (VB > 16 && mr == MR && nv > 1) /* more code for the tiles that do the work */
#pragma GCC unroll 4
        for (ptrdiff_t k = o->k1 - o->k0; k > 0; k--)
            TILE_STEP;
    else
        for (ptrdiff_t k = o->k1 - o->k0; k > 0; k--)
            TILE_STEP;
    const int last = o->k1 == g->k, behind_relu = last && g->through && g->act == CR_RELU;
    const int forward = last && !g->through && (g->bias || g->act == CR_RELU);
    const V floor = splat(g->act == CR_RELU ? 0 : -(T)INFINITY);
    const T *y = behind_relu ? g->through + m * ldc + n : NULL;
#pragma GCC unroll 8
    for (int j = 0; j < nv; j++) {
        const ptrdiff_t width = j == nv - 1 ? edge : VL;
        V bias = {0};
        if (forward && g->bias)
            bias = width == VL ? load(g->bias + n + j * VL) : load_n(g->bias + n + j * VL, width);
#pragma GCC unroll 8
        for (int i = 0; i < mr; i++) {
            V v = acc[i][j];
            if (forward)
                v = vmax(floor, v + bias); /* a NaN passes */
            else if (behind_relu)
                v = activation_backward_vec(v * g->scale, load_n(y + i * ldc + j * VL, width),
                                            CR_RELU);
            if (width == VL)
                store(c + i * ldc + j * VL, v);
            else
                store_n(c + i * ldc + j * VL, v, width);
        }
    }
    if (last && (g->act == CR_SIGMOID || g->act == CR_TANH))
        for (int i = 0; i < mr; i++) {
            T *row = c + i * ldc;
            const ptrdiff_t width = (nv - 1) * VL + edge;
            if (g->through)
                activation_backward_span(row, row, g->through + (m + i) * ldc + n, width, g->act,
                                         g->scale);
            else
                activate_span(row, row, width, g->act);
        }
}

typedef void (*tile_function)(const product *, const operands *, const T *a, ptrdiff_t m,
                              ptrdiff_t n);

#define TILE_FUNCTION(mr, nv)                                                                     \
    static __attribute__((noinline)) void tile_##mr##x##nv(const product *g, const operands *o,   \
                                                           const T *a, ptrdiff_t m, ptrdiff_t n)  \
    {                                                                                             \
        tile(mr, nv, g, o, a, m, n);                                                              \
    }

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

/* Sets what the t-th tile of a panel fetches of the `columns` of b from n on, if anything. */
INLINE void look_ahead(const product *g, operands *o, ptrdiff_t t, ptrdiff_t n, ptrdiff_t columns)
{
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(T), depth = o->k1 - o->k0;
    o->ahead = o->ahead_end = o->b;
    o->ahead_step = g->b_row;
    if (!g->b_transposed && t * line < columns) { /* line t of every row */
        o->ahead = g->b + o->k0 * g->b_row + n + t * line;
        o->ahead_end = o->ahead + depth * g->b_row;
    } else if (g->b_transposed && t * line < depth) {
        o->ahead = g->b + n * g->b_row + o->k0 + t * line;
        o->ahead_end = o->ahead + columns * g->b_row;
    }
}

/* All rows m0..m1 of one panel of nv vectors at column n; o->a begins at row m0. The next panel
 * is `next` columns wide. */
INLINE void tile_column(const product *g, operands *o, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n,
                        int nv, ptrdiff_t next)
{
    ptrdiff_t m = m0, t = 0;
    const T *a = o->a;
    const ptrdiff_t step = o->a_row == 1 && o->a_col == MR ? MR * (o->k1 - o->k0) : MR * o->a_row;
    for (; m + MR <= m1; m += MR, a += step) {
        look_ahead(g, o, t++, n + nv * VL, next);
        tiles[3][nv - 1](g, o, a, m, n);
    }
    look_ahead(g, o, 0, n, 0);
    for (; m + 4 <= m1; m += 4, a += 4 * o->a_row)
        tiles[2][nv - 1](g, o, a, m, n);
    for (; m + 2 <= m1; m += 2, a += 2 * o->a_row)
        tiles[1][nv - 1](g, o, a, m, n);
    for (; m < m1; m++, a += o->a_row)
        tiles[0][nv - 1](g, o, a, m, n);
}

/* to[k*NR + j] = from[j*from_row + k] for k < depth, j < rows, both <= VL; 0 for j >= rows */
INLINE void transpose_block(T *to, const T *from, ptrdiff_t from_row, ptrdiff_t depth,
                            ptrdiff_t rows)
{
    V r[VL];
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++)
        r[i] = i >= rows    ? (V){0}
               : depth < VL ? load_n(from + i * from_row, depth)
                            : load(from + i * from_row);
    transpose(r);
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++)
        if (i < depth)
            store(to + i * NR, r[i]);
}

/* panel[k][j] = b(k0+k, n+j) for j < columns, zero up to the next whole vector */
static void pack_b(T *panel, const product *g, ptrdiff_t n, ptrdiff_t columns, ptrdiff_t k0,
                   ptrdiff_t k1)
{
    const ptrdiff_t depth = k1 - k0;
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
    for (ptrdiff_t j = 0; j < columns; j += VL) {
        const T *b = g->b + (n + j) * g->b_row + k0;
        const ptrdiff_t rows = columns - j;
        ptrdiff_t k = 0;
        for (; k + VL <= depth && rows >= VL; k += VL)
            transpose_block(panel + k * NR + j, b + k, g->b_row, VL, VL);
        for (; k < depth; k += VL)
            transpose_block(panel + k * NR + j, b + k, g->b_row, depth - k, rows);
    }
}

/* Tiles of MR rows, block[tile][k][i] = a(m0 + tile*MR + i, k0+k); a's rows are contiguous in m */
static void pack_a(T *block, const product *g, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t k0,
                   ptrdiff_t k1)
{
    for (ptrdiff_t m = m0; m < m1; m += MR) {
        const T *a = g->a + m + k0 * g->a_col;
        const ptrdiff_t rows = m1 - m < MR ? m1 - m : MR;
        for (ptrdiff_t k = k0; k < k1; k++, a += g->a_col, block += MR)
            if (rows == MR)
                memcpy(block, a, MR * sizeof(T));
            else
                memcpy(block, a, (size_t)rows * sizeof(T));
    }
}

/* Rows m0..m1 of the columns n0..n1, k0 <= k < k1, panel by panel. o holds a. */
static void panels(const product *g, operands *o, T *panel, ptrdiff_t m0, ptrdiff_t m1,
                   ptrdiff_t n0, ptrdiff_t n1, int pack)
{
    ptrdiff_t vectors = (n1 - n0 + VL - 1) / VL;
    for (ptrdiff_t n = n0; n < n1;) {
        const ptrdiff_t left = (vectors + NV - 1) / NV; /* panels; as even as can be */
        const int nv = (int)((vectors + left - 1) / left);
        const ptrdiff_t columns = n1 - n < nv * VL ? n1 - n : nv * VL;
        o->edge = columns - (nv - 1) * VL;
        if (pack || o->edge != VL) {
            pack_b(panel, g, n, columns, o->k0, o->k1);
            o->b = panel;
            o->b_row = NR;
        } else {
            o->b = g->b + o->k0 * g->b_row + n;
            o->b_row = g->b_row;
        }
        const ptrdiff_t left_columns = n1 - n - columns;
        tile_column(g, o, m0, m1, n, nv, left_columns < columns ? left_columns : columns);
        vectors -= nv;
        n += columns;
    }
}

/* The block of c that is rows m0..m1, columns n0..n1. */
static void multiply(const product *g, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1)
{
    T panel[KC * NR] __attribute__((aligned(64)));
    T block[BLOCK] __attribute__((aligned(64)));
    operands o = {.a_row = g->a_row, .a_col = g->a_col, .edge = VL};
    if (m0 >= m1 || n0 >= n1)
        return;
    if (m1 - m0 == 1 && !g->b_transposed) { /* one row: eight sums at once hide the latency */
        o.a = g->a + m0 * g->a_row;
        o.k1 = g->k;
        o.b_row = g->b_row;
        for (; n0 + 8 * VL <= n1; n0 += 8 * VL) {
            o.b = o.ahead = o.ahead_end = g->b + n0;
            tile_1x8(g, &o, o.a, m0, n0);
        }
    }
    const int many = m1 - m0 > 4 * MR && g->k > 64;
    const int pack = g->b_transposed || (many && g->b_row * sizeof(T) % 2048 == 0);
    const int strided = g->a_row == 1 && g->a_col * sizeof(T) > 1024 && n1 - n0 > NR && many;
    const ptrdiff_t parts = pack || strided || (n1 - n0) % VL ? (g->k - 1) / KC + 1 : 1;
    const ptrdiff_t depth = (g->k + parts * VL - 1) / (parts * VL) * VL; /* of each: even */
    do { /* once even for k = 0: the epilogue is due */
        o.k1 = g->k - o.k0 < depth ? g->k : o.k0 + depth;
        if (!strided) {
            o.a = g->a + m0 * g->a_row + o.k0 * g->a_col;
            panels(g, &o, panel, m0, m1, n0, n1, pack);
        } else {
            const ptrdiff_t rows = BLOCK / (o.k1 - o.k0) / MR * MR;
            for (ptrdiff_t m = m0; m < m1; m += rows) {
                const ptrdiff_t end = m1 - m < rows ? m1 : m + rows;
                pack_a(block, g, m, end, o.k0, o.k1);
                o.a = block;
                o.a_row = 1;
                o.a_col = MR;
                panels(g, &o, panel, m, end, n0, n1, pack);
            }
        }
        o.k0 = o.k1;
    } while (o.k0 < g->k);
}

/* The rank-th share of the whole product, of its rows or of its columns. */
static void multiply_rows(const product *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin, end;
    share_rows(g->m, rank, size, &begin, &end);
    multiply(g, begin, end, 0, g->n);
}

static void multiply_columns(const product *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin, end;
    share(g->n, VL, rank, size, &begin, &end);
    multiply(g, 0, g->m, begin, end);
}

#endif
