/* Packing for the matrix product: operands are copied to where a tile reads them one after the
 * other. A tile of MR x NR elements of c reads, for each k, a row of a panel of b and a column of a
 * tile of a:
 *
 *   b                 n     n+NR                packed panel: KC rows of NR elements, no gaps
 *        + - - - - - - - - - - - - - +
 *     k0 |            |r0.....|      |          | r0 . . . . . | r1 . . . . . | r2 . .
 *        |            |r1.....|      |    =>    |<-- NV vec -->|<-- NV vec -->|
 *   k1-1 |            |r2.....|      |            k0             k0+1           ...
 *        + - - - - - - - - - - - - - +
 *          b_row elements a row
 *
 *   a                k0    k1                   packed block: tiles of MR rows, each column by
 *        + - - - - - - - - - - - - - +          column
 *      m |            |c0|c1|c2|     |
 *        |  tile 0    |. |. |. |     |          | c0 . . | c1 . . | c2 . . | d0 . . | d1 . .
 *   m+MR |            |d0|d1|d2|     |    =>    |<- MR ->|<- MR ->|        |<- MR ->|
 *        |  tile 1    |. |. |. |     |            tile 0                     tile 1
 *        + - - - - - - - - - - - - - +
 *
 * Both are read from beginning to end, in order: the hardware's prefetchers keep up, no two lines
 * collide, and a page serves 4 KB.
 */
#ifndef COREREG_GEMM_PACK_H
#define COREREG_GEMM_PACK_H

#include "gemm_tile.h"
#include "simd_lanes.h"

/* Packs a square of a transposed b: to[k*NR + j] = from[j*from_row + k] for k < depth, j < rows,
 * both <= VL; 0 for j >= rows. */
INLINE void pack_transposed(T *to, const T *from, ptrdiff_t from_row, ptrdiff_t depth,
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

/* Packs a panel: panel[k*NR + j] = b(k0+k, n+j) for j < columns, zero up to the next whole
 * vector. */
static void pack_b(T *panel, const product *g, ptrdiff_t n, ptrdiff_t columns, ptrdiff_t k0,
                   ptrdiff_t k1)
{
    const ptrdiff_t depth = k1 - k0;
    if (!g->b_transposed) {
        const T *b = g->b + k0 * g->b_row + n;
        for (ptrdiff_t k = 0; k < depth; k++, b += g->b_row, panel += NR)
            EACH_VECTOR (j, lanes, columns)
                store(panel + j, load_lanes(b + j, lanes));
        return;
    }
    for (ptrdiff_t j = 0; j < columns; j += VL) {
        const T *b = g->b + (n + j) * g->b_row + k0;
        const ptrdiff_t rows = columns - j;
        ptrdiff_t k = 0;
        for (; k + VL <= depth && rows >= VL; k += VL)
            pack_transposed(panel + k * NR + j, b + k, g->b_row, VL, VL);
        for (; k < depth; k += VL)
            pack_transposed(panel + k * NR + j, b + k, g->b_row, depth - k, rows);
    }
}

/* Packs the rows m0..m1 of a, which lie side by side for each k, into tiles of MR rows: element i
 * of column k of a tile is block[(tile*(k1-k0) + k)*MR + i] = a(m0 + tile*MR + i, k0 + k). */
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

#endif
