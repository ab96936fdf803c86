/* The products of dense layers by matrix units, of operands that are rounded to bfloat16. What is
 * not rounded goes to the kernels of the instruction set below this one.
 *
 * An operand is packed in tiles (see matrix_units.h), those of one panel of 16 rows of a, or of 16
 * columns of b, one after the other along the sum, so that they are read in order:
 *
 *      a    k    k+32                      b      n    n+16
 *         + - - - - -                         + - - - - -
 *       m |0   |1   |2                      k |0   |n   |         tile of a: [row][pair of k]
 *    m+16 |n   |n+1 |                    k+32 |1   |n+1 |         tile of b: [pair of k][column]
 *         |                                   |2   |
 *
 * Beyond the last row, the last column and the last step there are zeros. Parts (bfloat16.h) lie
 * one after the other in a panel, each of whole tiles. */
#include "bfloat16.h"
#include "dense_share.h"
#include "gemm_tile.h"
#include "matrix_units.h"
#include "simd_lanes.h"

_Static_assert(VL == TILE, "a vector is a row of a tile");

/* The kernel of the instruction set below. */
#define OTHER(op) CR_PASTE(op, CR_DTYPE, CR_REST)
void OTHER(dense_forward)(const void *arguments, ptrdiff_t rank, ptrdiff_t size);
void OTHER(dense_backward_input)(const void *arguments, ptrdiff_t rank, ptrdiff_t size);
void OTHER(dense_backward_weights)(const void *arguments, ptrdiff_t rank, ptrdiff_t size);

/* Counts the tiles along a sum of `depth` steps. */
INLINE ptrdiff_t tiles_along(ptrdiff_t depth) { return (depth + TILE_DEPTH - 1) / TILE_DEPTH; }

/* Reads the first n elements at p, as many as a vector has at most; 0 for the others, also if n is
 * less than 0. */
INLINE V load_some(const T *p, ptrdiff_t n)
{
    return n >= VL ? load(p) : n > 0 ? load_n(p, n) : (V){0};
}

/* Gives pairs of a part of two vectors: the first in the lower bits. */
INLINE V pairs_of(const cr_round_operand_args *g, V first, V second, int part)
{
    const V low = part_of(first, part, g->parts, g->second);
    const V high = part_of(second, part, g->parts, g->second);
    return as_float(((as_int(low) >> 16) & 0xffff) | as_int(high));
}

#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

/* Packs the tile at row r and step d of one part. */
static void pack_tile(char *to, const cr_round_operand_args *g, ptrdiff_t r, ptrdiff_t d, int part)
{
    const ptrdiff_t rows = g->rows - r, depth = g->depth - d;
    V t[VL];
    for (int i = 0; i < VL; i++)
        if (g->along) {
            const T *p = (const T *)g->from + (r + i) * g->depth + d;
            const V v = load_some(p, i < rows ? depth : 0);
            const V w = load_some(p + VL, i < rows ? depth - VL : 0);
            t[i] = pairs_of(g, SHUFFLE(v, w, EVEN), SHUFFLE(v, w, ODD), part);
        } else {
            const T *p = (const T *)g->from + (d + 2 * i) * g->rows + r;
            const V v = load_some(p, 2 * i < depth ? rows : 0);
            const V w = load_some(p + g->rows, 2 * i + 1 < depth ? rows : 0);
            t[i] = pairs_of(g, v, w, part);
        }
    if (g->along == g->second)
        transpose(t);
    for (int i = 0; i < VL; i++)
        store((T *)to + i * VL, t[i]);
}

/* Packs an operand; shares are panels. */
KERNEL(round_operand)
{
    const cr_round_operand_args *g = arguments;
    const ptrdiff_t along = tiles_along(g->depth);
    ptrdiff_t begin, end;
    share(g->rows, TILE, rank, size, &begin, &end);
    char *to = (char *)g->to + begin / TILE * g->parts * along * TILE_BYTES;
    for (ptrdiff_t r = begin; r < end; r += TILE)
        for (int part = 0; part < g->parts; part++)
            for (ptrdiff_t d = 0; d < along; d++, to += TILE_BYTES)
                pack_tile(to, g, r, d * TILE_DEPTH, part);
}

/* Finishes `rows` rows and `columns` columns of sums at row m, column n of c. */
static void finish_sums(const product *g, const T *sums, ptrdiff_t m, ptrdiff_t n, ptrdiff_t rows,
                        ptrdiff_t columns)
{
    for (ptrdiff_t at = m * g->n + n; rows > 0; rows--, at += g->n, sums += SUMS_ROW) {
        T *c = g->c + at;
        EACH_VECTOR (j, lanes, columns) {
            const V bias = g->bias ? load_lanes(g->bias + n + j, lanes) : (V){0};
            store_lanes(c + j, load_lanes(sums + j, lanes) + bias, lanes);
        }
        if (g->activation_y)
            activation_backward_any(c, c, g->activation_y + at, columns, g->act, g->scale);
        else if (g->act != CR_SOFTMAX)
            activate_any(c, g->slope ? g->slope + at : NULL, c, columns, g->act);
    }
}

/* Computes the block of c that is rows m0..m1, columns n0..n1. Tiles that lie only in part in it
 * are computed as a whole. g->k counts tiles, a and b are packed. */
static void multiply_tiles(const product *g, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1)
{
    T sums[SUMS_ROW * SUMS_ROW] __attribute__((aligned(64)));
    const ptrdiff_t panel = g->k * TILE_BYTES;
    if (m0 >= m1 || n0 >= n1)
        return;
    tiles_begin();
    for (ptrdiff_t n = n0 / TILE * TILE; n < n1; n += 2 * TILE)
        for (ptrdiff_t m = m0 / TILE * TILE; m < m1; m += 2 * TILE) {
            const ptrdiff_t top = m > m0 ? m : m0, left = n > n0 ? n : n0;
            const ptrdiff_t rows = m1 - top, columns = n1 - left;
            const ptrdiff_t tall = m + 2 * TILE - top, wide = n + 2 * TILE - left;
            sum_tiles(sums, (const char *)g->a + m / TILE * panel,
                      (const char *)g->b + n / TILE * panel, g->k, panel, panel, m + TILE < m1,
                      n + TILE < n1);
            finish_sums(g, sums + (top - m) * SUMS_ROW + (left - n), top, left,
                        rows < tall ? rows : tall, columns < wide ? columns : wide);
        }
    tiles_end();
}

/* Multiplies, adds the bias and applies the activation. */
KERNEL(dense_forward)
{
    const cr_dense_forward_args *g = arguments;
    ptrdiff_t m0 = 0, m1 = g->M, n0 = 0, n1 = g->N;
    if (!g->parts) {
        OTHER(dense_forward)(arguments, rank, size);
        return;
    }
    const product p = {.c = g->y,
                       .slope = g->slope,
                       .a = g->x,
                       .b = g->w,
                       .bias = g->b,
                       .n = g->N,
                       .k = g->parts * tiles_along(g->K / g->parts),
                       .act = g->act};
    share_outputs(g, rank, size, &m0, &m1, &n0, &n1);
    multiply_tiles(&p, m0, m1, n0, n1);
    finish_share(g, rank, size);
}

/* Multiplies a gradient with the transposed weights, and takes it through the activation before. */
KERNEL(dense_backward_input)
{
    const cr_dense_backward_input_args *g = arguments;
    ptrdiff_t m0 = 0, m1 = g->M, n0 = 0, n1 = g->K;
    if (!g->parts) {
        OTHER(dense_backward_input)(arguments, rank, size);
        return;
    }
    const product p = {.c = g->dx,
                       .a = g->dz,
                       .b = g->w,
                       .activation_y = g->y,
                       .n = g->K,
                       .k = g->parts * tiles_along(g->N / g->parts),
                       .act = g->y ? g->act : CR_LINEAR,
                       .scale = (T)g->scale};
    if (g->by_columns)
        share(g->K, 2 * TILE, rank, size, &n0, &n1);
    else
        share_rows(g->M, rank, size, &m0, &m1);
    multiply_tiles(&p, m0, m1, n0, n1);
}

/* Multiplies the transposed input with a gradient. The gradient of the bias is no product. */
KERNEL(dense_backward_weights)
{
    const cr_dense_backward_weights_args *g = arguments;
    ptrdiff_t m0 = 0, m1 = g->K, n0 = 0, n1 = g->N;
    if (!g->parts) {
        OTHER(dense_backward_weights)(arguments, rank, size);
        return;
    }
    const product p = {.c = g->dw,
                       .a = g->x,
                       .b = g->dz,
                       .n = g->N,
                       .k = g->parts * tiles_along(g->M / g->parts),
                       .act = CR_LINEAR};
    if (g->K >= g->N)
        share(g->K, 2 * TILE, rank, size, &m0, &m1);
    else
        share(g->N, 2 * TILE, rank, size, &n0, &n1);
    multiply_tiles(&p, m0, m1, n0, n1);
}
