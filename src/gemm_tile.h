/* The register tile of the matrix product: MR x NV vectors of c, summed over k and finished by the
 * epilogue (bias and activation, or the way back through one) before they are stored. */
#ifndef COREREG_GEMM_TILE_H
#define COREREG_GEMM_TILE_H

#include "activate.h"

/* The sizes of a tile, and of the parts that are packed for it:
 *
 *               registers  MR x NV  sums, b, a     loads a      KC   panel
 *                                                  multiply-add      KC rows of NV vectors
 *   AVX-512         32      8 x 3   24 + 3 + 1     11/24        192  36 of 48 KB of L1
 *   AVX2            16      6 x 2   12 + 2 + 1      8/12       1024  64 of 256 KB of L2, or more
 *   NEON            32      6 x 3   18 + 3 + 2      9/18        256  12 of 32 KB of L1, or more
 *   SSE2            16      4 x 2    8 + 2 + 1      6/8         256   8 of 32 KB of L1
 *
 * A core begins two vector multiply-adds a cycle and takes four cycles for each, so that 8 sums at
 * least must be under way. It begins two loads a cycle: a step of k loads NV vectors of b and
 * broadcasts MR elements of a, which must be fewer than its MR*NV multiply-adds. Within the
 * registers, the tile with the fewest loads a multiply-add is the one that is nearly square in
 * loads. (SSE2 has no fused multiply-add and needs a register for each product.)
 *
 * Some of ARM64's cores begin three or four multiply-adds a cycle and need 16 sums: by llvm-mca, a
 * cycle of Apple's M1 has 2.0 of them with 4 x 2, 2.4 with 8 x 2 and 2.8 with 6 x 3. A57 and A72
 * are bound by their pipe for multiply-adds with any of these. With 8 x 3 the compiler runs out of
 * registers. NEON multiplies by a lane of a register: an element of a needs no broadcast.
 *
 * The longer KC, the more rarely the tile of c is loaded and stored again, and its rows may collide
 * in the cache as those of b do. A panel stays in L1 beside the lines of a and c that pass; but a
 * tile of AVX2, which takes 64 bytes of it in six cycles, has them in time from L2 as well. In
 * bytes this is the same for float and double, which have half the lanes. */
#if VB == 64
#define MR 8
#define NV 3
#define KC 192
#elif VB == 32
#define MR 6
#define NV 2
#define KC 1024
#elif defined(__aarch64__)
#define MR 6
#define NV 3
#define KC 256
#else
#define MR 4
#define NV 2
#define KC 256
#endif
#define NR (NV * VL)

/* The elements of the memory for what is packed: a panel of b, and behind it, if a is packed, a
 * block of a that every panel reads again. It stays in L2 (256 KB at least) beside what passes.
 * Then parts of k are so short (PART) that the panel leaves room for 8 tiles or more that read it;
 * and so they are where b is read in place but for its last columns. All of it is on the stack, of
 * which a thread may have 128 KB. */
#define PACKED (84 * 1024 / (ptrdiff_t)sizeof(T))
#define PART (KC < 256 ? KC : 256)

/* The vectors of the tile for a single row of c: 8 sums are under way, as above; there is nothing
 * to keep of b, which is read once. */
#define ONE_ROW_NV 8

/* A tile whose sums are at least so long prefetches its part of c, to be stored to when they are
 * done: a line from memory takes about as long as 64 steps of 12 cycles take. */
#define PREFETCH_C_DEPTH 64

typedef struct {
    T *c, *slope;          /* slope: as c, of act'(sum + bias), or NULL */
    const T *a, *b, *bias; /* bias[n] or NULL */
    /* y[m,n] (as c) of the activation whose backward the result goes through, or NULL ... */
    const T *activation_y;
    T scale;                                /* ... and a factor that goes with it */
    ptrdiff_t m, n, k, a_row, a_col, b_row; /* b(k,n) = b[k*b_row + n] ... */
    int b_transposed;                       /* ... or, if set, b[n*b_row + k] */
    int act;                                /* of the result, or with activation_y: of y */
} product;

/* The operands of one register tile, in place or packed: a(m,k) = a[m*a_row + k*a_col] from the
 * tile's first row, b(k,n) = b[k*b_row + n] from its first column, both from k0 on. */
typedef struct {
    const T *a, *b;
    ptrdiff_t a_row, a_col, b_row;
    ptrdiff_t k0, k1;
    ptrdiff_t edge; /* columns of the last vector that exist in c; VL: all */
    /* memory of the next panel, prefetched a line a step while this one is worked on */
    const T *prefetch, *prefetch_end;
    ptrdiff_t prefetch_step;
} operands;

/* Starts the sums of a tile: from zero, or from what earlier parts of k left in c. */
INLINE void tile_start(const int mr, const int nv, V acc[MR][ONE_ROW_NV], const operands *o,
                       const T *c, ptrdiff_t ldc)
{
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++)
            acc[i][j] = o->k0 == 0    ? (V){0}
                        : j == nv - 1 ? load_lanes(c + i * ldc + j * VL, o->edge)
                                      : load(c + i * ldc + j * VL);
    if (o->k0 == 0 && o->k1 >= PREFETCH_C_DEPTH)
#pragma GCC unroll 8
        for (int i = 0; i < mr; i++)
#pragma GCC unroll 8
            for (int j = 0; j < nv; j++)
                __builtin_prefetch(c + i * ldc + j * VL, 1, 3);
}

/* Where a tile is in its sums over k, and its strides: a copy that stays in registers. */
typedef struct {
    const T *a, *b, *prefetch;
    ptrdiff_t a_row, a_col, b_row;
} tile_cursor;

/* Adds a column of a times a row of b to the sums and moves on to the next k; prefetches a line of
 * the next panel into L2, for L1 holds the panel that is worked on. (Tiles of fewer rows, which are
 * few or alone, prefetch nothing: their loop is bound by its loads.) */
INLINE void tile_step(const int mr, const int nv, V acc[MR][ONE_ROW_NV], const operands *o,
                      tile_cursor *at)
{
    V row[ONE_ROW_NV];
    if (mr == MR) {
        __builtin_prefetch(at->prefetch, 0, 2);
        at->prefetch += at->prefetch + o->prefetch_step < o->prefetch_end ? o->prefetch_step : 0;
    }
#pragma GCC unroll 8
    for (int j = 0; j < nv; j++)
        row[j] = load(at->b + j * VL);
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++) {
        T one = at->a[i * at->a_row];
#if defined(__aarch64__) /* in a register: loads that broadcast use the multiply-adds' pipes */
        __asm__("" : "+w"(one));
#endif
        const V x = splat(one);
#pragma GCC unroll 8
        for (int j = 0; j < nv; j++)
            acc[i][j] += x * row[j];
    }
    at->a += at->a_col;
    at->b += at->b_row;
}

/* Takes a stored tile through an activation behind softmax, or back through one: `rows` rows and
 * `columns` columns from row m, column n on. */
static __attribute__((noinline, unused)) void finish_more(const product *g, ptrdiff_t m, int rows,
                                                          ptrdiff_t n, ptrdiff_t columns)
{
    for (ptrdiff_t at = m * g->n + n; rows > 0; rows--, at += g->n)
        if (g->activation_y)
            activation_backward_span_more(g->c + at, g->c + at, g->activation_y + at, columns,
                                          g->act, g->scale);
        else
            activate_span_more(g->c + at, g->slope ? g->slope + at : NULL, g->c + at, columns,
                               g->act);
}

/* Finishes the sums of a tile at c and stores them. The epilogue is done with the last part of k:
 * bias and relu, or relu backward, in registers; the others on the stored rows. (The store is
 * written out: through store_lanes, GCC keeps an address for each of the vectors in a register, and
 * small products take 3 % longer.) */
INLINE void tile_finish(const int mr, const int nv, V acc[MR][ONE_ROW_NV], const product *g,
                        const operands *o, ptrdiff_t m, ptrdiff_t n)
{
    const ptrdiff_t edge = o->edge, ldc = g->n;
    T *c = g->c + m * ldc + n;
    const int last = o->k1 == g->k;
    const int relu_backward = last && g->activation_y && g->act == CR_RELU;
    const int forward = last && !g->activation_y && (g->bias || g->act == CR_RELU);
    const V least = splat(g->act == CR_RELU ? 0 : -(T)INFINITY);
    const T *y = relu_backward ? g->activation_y + m * ldc + n : NULL;
#pragma GCC unroll 8
    for (int j = 0; j < nv; j++) {
        const ptrdiff_t lanes = j == nv - 1 ? edge : VL;
        V bias = {0};
        if (forward && g->bias)
            bias = lanes == VL ? load(g->bias + n + j * VL) : load_n(g->bias + n + j * VL, lanes);
#pragma GCC unroll 8
        for (int i = 0; i < mr; i++) {
            V v = acc[i][j];
            if (forward)
                v = vmax(least, v + bias); /* a NaN passes */
            else if (relu_backward)
                v = activation_backward_vec(v * g->scale, load_lanes(y + i * ldc + j * VL, lanes),
                                            CR_RELU);
            if (lanes == VL)
                store(c + i * ldc + j * VL, v);
            else
                store_n(c + i * ldc + j * VL, v, lanes);
        }
    }
    if (last && (g->act == CR_SIGMOID || g->act == CR_TANH))
        for (int i = 0; i < mr; i++) {
            T *row = c + i * ldc;
            const ptrdiff_t columns = (nv - 1) * VL + edge;
            if (g->activation_y)
                activation_backward_span(row, row, g->activation_y + (m + i) * ldc + n, columns,
                                         g->act, g->scale);
            else
                activate_span(row, row, columns, g->act);
        }
    if (last && g->act > CR_SOFTMAX)
        finish_more(g, m, mr, n, (nv - 1) * VL + edge);
}

/* Computes the tile of c at row m, column n, over the part of k that o says; a is the tile's. */
INLINE void tile(const int mr, const int nv, const product *g, const operands *o, const T *a,
                 ptrdiff_t m, ptrdiff_t n)
{
    V acc[MR][ONE_ROW_NV];
    tile_cursor at = {a, o->b, o->prefetch, o->a_row, o->a_col, o->b_row};
    tile_start(mr, nv, acc, o, g->c + m * g->n + n, g->n);
    if (VB > 16 && mr == MR && nv > 1) /* four steps a round where the work is done: fewer jumps */
#pragma GCC unroll 4
        for (ptrdiff_t k = o->k1 - o->k0; k > 0; k--)
            tile_step(mr, nv, acc, o, &at);
    else
        for (ptrdiff_t k = o->k1 - o->k0; k > 0; k--)
            tile_step(mr, nv, acc, o, &at);
    tile_finish(mr, nv, acc, g, o, m, n);
}

#endif
