/* The matrix product behind the three dense kernels.
 *
 *     c[m,n] = epilogue( sum_k a(m,k) b(k,n) )        m0 <= m < m1,  n0 <= n < n1
 *
 * a(m,k) = a[m*a_row + k*a_col] is read one element at a time and broadcast, so that it may be a
 * matrix or its transpose; b(k,n) is read in vectors along n. A tile of MR x NV vectors of c stays
 * in registers over the whole of k (or over equal parts of it, KC at most, when something is
 * packed). Every element of c is one sum in order of k: it is the same number whichever tile or
 * share it falls in.
 *
 *     for parts of k                           multiply()
 *         for blocks of rows, if a is packed   multiply()
 *             for panels of NR columns         multiply_panels()
 *                 for tiles of MR rows         multiply_tiles()
 *                     for k of the part        tile() in gemm_tile.h
 *
 * b is read in place when its rows are whole vectors; otherwise (columns that do not fill a vector,
 * b transposed, or a stride that collides in the cache) each panel is first packed on the stack,
 * padded with zeros. A long strided a is packed likewise, some rows at a time: read in place it
 * would touch a page an element. gemm_pack.h does both and draws the packed memory.
 */
#ifndef COREREG_GEMM_H
#define COREREG_GEMM_H

#include "gemm_pack.h"
#include "gemm_tile.h"

/* Packing pays if each panel is read by more than MANY_TILES tiles, for it costs about as much as
 * one or two tiles that read it, and if sums are longer than SHORT_SUM: below, loading and storing
 * the tile of c takes the time. */
#define MANY_TILES 4
#define SHORT_SUM 64

/* Rows of b whose distance is a multiple of this many bytes fall into one or two of the 64 sets of
 * an L1 cache (64 sets of 64-byte lines: addresses 4 KB apart share a set, which holds 8 to 12
 * lines). The KC rows of a panel would evict each other before the next tile reads them. */
#define COLLIDING_STRIDE 2048

/* Where rows of b are so many bytes apart, a page or more, and a panel is read in place, the
 * prefetchers see no order in its lines, and a panel of long sums ousts its own lines. So k is cut
 * into short parts, of which each goes through all panels: every row of a part is read from its
 * beginning to its end. Fewer rows of c than MR, which are loaded and stored again soon, get
 * NEAR_DEPTH rows of b at a time; more, if rows of b collide, as many as L2 holds of one column of
 * lines at the worst stride (DEEPER). */
#define FAR_ROWS 4096
#define NEAR_DEPTH 16
#define DEEPER 64

/* A column of a tile of a, MR elements side by side, is worth packing if the next column is farther
 * away than this many bytes: then every few steps begin a page, and no cache line serves two. */
#define LONG_STRIDE 1024

typedef void (*tile_function)(const product *, const operands *, const T *a, ptrdiff_t m,
                              ptrdiff_t n);

/* Compiles `tile` for a tile of mr rows and nv vectors. */
#define TILE_FUNCTION(mr, nv)                                                                     \
    static __attribute__((noinline)) void tile_##mr##x##nv(const product *g, const operands *o,   \
                                                           const T *a, ptrdiff_t m, ptrdiff_t n)  \
    {                                                                                             \
        tile(mr, nv, g, o, a, m, n);                                                              \
    }

/* All widths of a tile of mr rows: more than NV vectors only one row has. */
#if NV == 3
#define TILE_ROWS(mr) TILE_FUNCTION(mr, 1) TILE_FUNCTION(mr, 2) TILE_FUNCTION(mr, 3)
#define TILE_LINE(mr) {tile_##mr##x1, tile_##mr##x2, tile_##mr##x3}
#else
#define TILE_ROWS(mr) TILE_FUNCTION(mr, 1) TILE_FUNCTION(mr, 2)
#define TILE_LINE(mr) {tile_##mr##x1, tile_##mr##x2}
TILE_FUNCTION(1, 3)
#endif
TILE_ROWS(1)
TILE_ROWS(2)
TILE_ROWS(4)
#if MR == 6
TILE_ROWS(6)
#elif MR == 8
TILE_ROWS(8)
#endif
TILE_FUNCTION(1, 4)
TILE_FUNCTION(1, 8)
_Static_assert(ONE_ROW_NV == 8, "tile_1x8 is the widest tile of one row");

/* tiles[rows: 1, 2, 4, MR][vectors - 1] */
static const tile_function tiles[4][3] = {
    {tile_1x1, tile_1x2, tile_1x3},
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

/* Chooses what the t-th tile of a panel prefetches of the next panel, the `columns` of b from n on:
 * line t of each of its rows, so that the first few tiles together fetch the next panel. */
INLINE void choose_prefetch(const product *g, operands *o, ptrdiff_t t, ptrdiff_t n,
                            ptrdiff_t columns)
{
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(T), depth = o->k1 - o->k0;
    o->prefetch = o->prefetch_end = o->b;
    o->prefetch_step = g->b_row;
    if (!g->b_transposed && t * line < columns) {
        o->prefetch = g->b + o->k0 * g->b_row + n + t * line;
        o->prefetch_end = o->prefetch + depth * g->b_row;
    } else if (g->b_transposed && t * line < depth) {
        o->prefetch = g->b + n * g->b_row + o->k0 + t * line;
        o->prefetch_end = o->prefetch + columns * g->b_row;
    }
}

/* Computes all rows m0..m1 of one panel of nv vectors at column n; o->a begins at row m0. The next
 * panel is `next` columns wide. */
INLINE void multiply_tiles(const product *g, operands *o, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n,
                           int nv, ptrdiff_t next)
{
    ptrdiff_t m = m0, t = 0;
    const T *a = o->a;
    const ptrdiff_t step = o->a_row == 1 && o->a_col == MR ? MR * (o->k1 - o->k0) : MR * o->a_row;
    for (; m + MR <= m1; m += MR, a += step) {
        choose_prefetch(g, o, t++, n + nv * VL, next);
        tiles[3][nv - 1](g, o, a, m, n);
    }
    for (; m + 4 <= m1; m += 4, a += 4 * o->a_row)
        tiles[2][nv - 1](g, o, a, m, n);
    for (; m + 2 <= m1; m += 2, a += 2 * o->a_row)
        tiles[1][nv - 1](g, o, a, m, n);
    for (; m < m1; m++, a += o->a_row)
        tiles[0][nv - 1](g, o, a, m, n);
}

/* Computes rows m0..m1 of the columns n0..n1 over the part of k that o says, panel by panel; o->a
 * is set, and panels of b are packed into `panel` if asked for or if they need padding. */
static void multiply_panels(const product *g, operands *o, T *panel, ptrdiff_t m0, ptrdiff_t m1,
                            ptrdiff_t n0, ptrdiff_t n1, int pack)
{
    ptrdiff_t vectors = (n1 - n0 + VL - 1) / VL;
    for (ptrdiff_t n = n0; n < n1;) {
        const ptrdiff_t panels = (vectors + NV - 1) / NV; /* that are left; widths differ by one */
        const int nv = (int)((vectors + panels - 1) / panels);
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
        const ptrdiff_t left = n1 - n - columns;
        multiply_tiles(g, o, m0, m1, n, nv, left < columns ? left : columns);
        vectors -= nv;
        n += columns;
    }
}

/* Gives the depth of parts of k for so many rows of c: equal parts where something is packed, which
 * has room for `most`, short ones where rows of b are far apart, else the whole. */
INLINE ptrdiff_t depth_of_parts(const product *g, ptrdiff_t rows, int packed, ptrdiff_t most)
{
    const size_t stride = (size_t)g->b_row * sizeof(T);
    const int far = !g->b_transposed && stride >= FAR_ROWS && g->k > SHORT_SUM;
    if (far && rows < MR)
        return NEAR_DEPTH;
    if (far && rows <= MANY_TILES * MR && stride % COLLIDING_STRIDE == 0)
        return DEEPER;
    const ptrdiff_t parts = packed ? (g->k - 1) / most + 1 : 1;
    return (g->k + parts * VL - 1) / (parts * VL) * VL;
}

/* Computes the block of c that is rows m0..m1, columns n0..n1. */
static void multiply(const product *g, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1)
{
    T panel[PACKED] __attribute__((aligned(64)));
    operands o = {.a_row = g->a_row, .a_col = g->a_col, .edge = VL};
    if (m0 >= m1 || n0 >= n1)
        return;
    if (m1 - m0 == 1 && !g->b_transposed) { /* one row: wide tiles as far as they go */
        const ptrdiff_t least = n0;
        o.a = g->a + m0 * g->a_row;
        o.k1 = g->k;
        o.b_row = g->b_row;
        for (; n0 + ONE_ROW_NV * VL <= n1; n0 += ONE_ROW_NV * VL) {
            o.b = g->b + n0;
            tile_1x8(g, &o, o.a, m0, n0);
        }
        while (n0 < n1 && n1 - least >= VL) { /* the last one does columns again: none is packed */
            ptrdiff_t nv = n1 - n0 > 3 * VL ? 4 : (n1 - n0 + VL - 1) / VL;
            nv -= n0 + nv * VL > n1 && n1 - nv * VL < least;
            n0 = n0 + nv * VL > n1 ? n1 - nv * VL : n0;
            o.b = g->b + n0;
            (nv == 4 ? tile_1x4 : tiles[0][nv - 1])(g, &o, o.a, m0, n0);
            n0 += nv * VL;
        }
        if (n0 >= n1)
            return;
    }
    const int many = m1 - m0 > MANY_TILES * MR && g->k > SHORT_SUM;
    const int collides = g->b_row * sizeof(T) % COLLIDING_STRIDE == 0;
    const int strided = g->a_row == 1 && g->a_col * sizeof(T) > LONG_STRIDE;
    const int pack_bs = g->b_transposed || (many && collides);
    const int pack_as = many && strided && n1 - n0 > NR; /* more than one panel reads it */
    const ptrdiff_t depth = depth_of_parts(g, m1 - m0, pack_bs || pack_as || (n1 - n0) % VL,
                                           pack_bs && !pack_as ? KC : PART);
    do { /* once even for k = 0: the epilogue is due */
        o.k1 = g->k - o.k0 < depth ? g->k : o.k0 + depth;
        if (!pack_as) {
            o.a = g->a + m0 * g->a_row + o.k0 * g->a_col;
            multiply_panels(g, &o, panel, m0, m1, n0, n1, pack_bs);
        } else {
            T *block = panel + depth * NR;
            const ptrdiff_t rows = (PACKED - depth * NR) / depth / MR * MR;
            for (ptrdiff_t m = m0; m < m1; m += rows) {
                const ptrdiff_t end = m1 - m < rows ? m1 : m + rows;
                pack_a(block, g, m, end, o.k0, o.k1);
                o.a = block;
                o.a_row = 1;
                o.a_col = MR;
                multiply_panels(g, &o, panel, m, end, n0, n1, pack_bs);
            }
        }
        o.k0 = o.k1;
    } while (o.k0 < g->k);
}

/* Computes the rank-th share of the rows of the product. */
static void multiply_rows(const product *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin, end;
    share_rows(g->m, rank, size, &begin, &end);
    multiply(g, begin, end, 0, g->n);
}

/* Computes the rank-th share of the columns of the product. */
static void multiply_columns(const product *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin, end;
    share(g->n, VL, rank, size, &begin, &end);
    multiply(g, 0, g->m, begin, end);
}

#endif
