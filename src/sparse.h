/* The product with weights of which most are zero, for many rows of x.
 *
 * SPARSE_ROWS rows of x are transposed into vectors of which each holds one column of x, a row a
 * lane, and a column of y is a sum of some of them:
 *
 *     y[:,n] = sum over k, w[k,n] != 0, of x[:,k] * w[k,n]
 *
 * in order of k, as the sums of gemm_tile.h are, so that terms with a weight of zero alone make the
 * difference between the two. A part of K at a time is transposed, so that it stays in L1; between
 * parts, sums wait in y. Two columns at once keep four sums under way.
 */
#ifndef COREREG_SPARSE_H
#define COREREG_SPARSE_H

#include "activate.h"
#include "simd_lanes.h"

#define SPARSE_ROWS (2 * VL)
/* The rows of a part: 32 KB of the transposed x. */
#define SPARSE_DEPTH (32768 / (2 * VB))
_Static_assert(SPARSE_DEPTH >= CR_LEAST_SPARSE_DEPTH, "the wrapper makes room for all parts");

/* Counts the parts of K; one at least, for the epilogue is due. */
INLINE ptrdiff_t sparse_parts(ptrdiff_t K) { return K ? (K - 1) / SPARSE_DEPTH + 1 : 1; }

/* Gives the first k of a part; that of the part behind the last one is K. */
INLINE ptrdiff_t sparse_part(ptrdiff_t K, ptrdiff_t part) { return K * part / sparse_parts(K); }

/* Counts the weights of each column n of the rows k0..k1 that are not zero, in counts[n]. */
static void count_weights(const cr_pack_weights_args *g, int32_t *counts, ptrdiff_t k0,
                          ptrdiff_t k1)
{
    EACH_VECTOR (n, lanes, g->N) {
        VI found = {0};
        for (const T *w = (const T *)g->w + k0 * g->N + n, *end = w + (k1 - k0) * g->N; w < end;
             w += g->N)
            found -= (VI)(load_lanes(w, lanes) != 0);
        for (ptrdiff_t i = 0; i < lanes; i++)
            counts[n + i] = (int32_t)found[i];
    }
}

/* Puts the weights of the rows k0..k1 that are not zero into the lists of their columns, of which
 * places[n] is the next place. */
static void list_weights(const cr_pack_weights_args *g, int32_t *places, ptrdiff_t k0, ptrdiff_t k1)
{
    const T *w = (const T *)g->w + k0 * g->N;
    T *values = g->values;
    for (ptrdiff_t k = k0; k < k1; k++, w += g->N)
        EACH_VECTOR (n, lanes, g->N)
            for (unsigned bits = lane_bits(load_lanes(w + n, lanes) != 0); bits; bits &= bits - 1) {
                const ptrdiff_t column = n + __builtin_ctz(bits);
                const int32_t place = places[column]++;
                g->index[place] = (int32_t)((k - k0) * 2 * VB);
                values[place] = w[column];
            }
}

/* Packs all parts, the lists of each behind those of the one before. */
static void pack_parts(const cr_pack_weights_args *g)
{
    int32_t *starts = g->starts, end = 0;
    for (ptrdiff_t part = 0; part < sparse_parts(g->K); part++, starts += g->N + 1) {
        const ptrdiff_t k0 = sparse_part(g->K, part), k1 = sparse_part(g->K, part + 1);
        const int32_t begin = end;
        starts[0] = begin;
        count_weights(g, starts + 1, k0, k1);
        for (ptrdiff_t n = 0; n < g->N; n++)
            starts[n + 1] += starts[n];
        end = starts[g->N];
        list_weights(g, starts, k0, k1); /* now starts[n] is where list n ends */
        memmove(starts + 1, starts, (size_t)g->N * sizeof(int32_t));
        starts[0] = begin;
    }
}

/* Transposes `rows` rows of `depth` elements of x, K apart: to[2k] and to[2k+1] hold column k. The
 * bits of x*0 go into the rows' lanes of `zeros`: NaN there for a row that is not finite. */
static void transpose_part(V *to, const T *x, ptrdiff_t K, ptrdiff_t depth, ptrdiff_t rows,
                           VI zeros[2])
{
    for (int v = 0; v < 2; v++, x += VL * K, rows -= VL)
        EACH_VECTOR (k, lanes, depth) {
            V r[VL];
#pragma GCC unroll 16
            for (int i = 0; i < VL; i++)
                r[i] = i < rows ? load_lanes(x + i * K + k, lanes) : (V){0};
            transpose(r);
#pragma GCC unroll 16
            for (int i = 0; i < VL; i++) {
                zeros[v] |= as_int(r[i] * 0);
                if (i < lanes)
                    to[2 * (k + i) + v] = r[i];
            }
        }
}

/* Reads a tile of y, `rows` rows of `lanes` columns N apart, as `store_tile` has written it. */
INLINE void load_tile(V tile[2][VL], const T *y, ptrdiff_t N, ptrdiff_t rows, ptrdiff_t lanes)
{
    for (int v = 0; v < 2; v++, y += VL * N, rows -= VL) {
        for (int i = 0; i < VL; i++)
            tile[v][i] = i < rows ? load_lanes(y + i * N, lanes) : (V){0};
        transpose(tile[v]);
    }
}

/* Writes a tile to y, each element as max(least, element + bias) if there is a bias or a relu. */
INLINE void store_tile(V tile[2][VL], T *y, ptrdiff_t N, ptrdiff_t rows, ptrdiff_t lanes,
                       int finish, V bias, V least)
{
    for (int v = 0; v < 2; v++, y += VL * N, rows -= VL) {
        transpose(tile[v]);
        for (int i = 0; i < VL && i < rows; i++)
            store_lanes(y + i * N, finish ? vmax(least, tile[v][i] + bias) : tile[v][i], lanes);
    }
}

/* Adds the products of the columns n to n+lanes of a part to a tile; x is transposed. */
INLINE void add_products(V tile[2][VL], const cr_sparse_forward_args *g, const int32_t *starts,
                         const V *x, ptrdiff_t lanes)
{
    const T *w = g->values;
#define TERM(place, sum)                                                                do {                                                                                    const V *column = (const V *)((const char *)x + g->index[place]);                   const V factor = splat(w[place]);                                                   sum[0] += column[0] * factor;                                                       sum[1] += column[1] * factor;                                                   } while (0)
    for (ptrdiff_t c = 0; c < lanes; c += 2) {
        V a[2] = {tile[0][c], tile[1][c]}, b[2] = {tile[0][c + 1], tile[1][c + 1]};
        ptrdiff_t i = starts[c], j = starts[c + 1];
        const ptrdiff_t end = j, last = c + 1 < lanes ? starts[c + 2] : end;
        for (; i < end && j < last; i++, j++) {
            TERM(i, a);
            TERM(j, b);
        }
        for (; i < end; i++)
            TERM(i, a);
        for (; j < last; j++)
            TERM(j, b);
        tile[0][c] = a[0];
        tile[1][c] = a[1];
        tile[0][c + 1] = b[0];
        tile[1][c + 1] = b[1];
    }
#undef TERM
}

/* Computes `rows` <= SPARSE_ROWS rows of y from row m on, with bias and relu; other activations are
 * left to do. Returns a bit for each row of x that is not finite. */
static uint64_t multiply_sparse(const cr_sparse_forward_args *g, ptrdiff_t m, ptrdiff_t rows)
{
    V x[2 * SPARSE_DEPTH];
    VI zeros[2] = {{0}, {0}};
    const cr_dense_forward_args *d = &g->dense;
    const ptrdiff_t N = d->N, parts = sparse_parts(d->K);
    const V least = splat(d->act == CR_RELU ? 0 : -(T)INFINITY);
    for (ptrdiff_t part = 0; part < parts; part++) {
        const ptrdiff_t k0 = sparse_part(d->K, part), k1 = sparse_part(d->K, part + 1);
        const int finish = part == parts - 1 && (d->b || d->act == CR_RELU);
        transpose_part(x, (const T *)d->x + m * d->K + k0, d->K, k1 - k0, rows, zeros);
        EACH_VECTOR_SMALL (n, lanes, N) {
            V tile[2][VL] = {{{0}}};
            T *y = (T *)d->y + m * N + n;
            const V bias = d->b ? load_lanes((const T *)d->b + n, lanes) : (V){0};
            if (part)
                load_tile(tile, y, N, rows, lanes);
            add_products(tile, g, g->starts + part * (N + 1) + n, x, lanes);
            store_tile(tile, y, N, rows, lanes, finish, bias, least);
        }
    }
    const V first = as_float(zeros[0]), second = as_float(zeros[1]);
    return lane_bits(first != first) | (uint64_t)lane_bits(second != second) << VL;
}

#endif
