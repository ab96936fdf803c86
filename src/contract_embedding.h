/* Look-ups of rows in a table: the argument structs of embedding.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_EMBEDDING_H
#define COREREG_CONTRACT_EMBEDDING_H

#include <stddef.h>
#include <stdint.h>

/* embedding_forward: y[m,l,:] = w[index[m,l],:]; y[M,L,N], index[M,L], w[K,N]. A row outside the
 * table is read as zeros, and *out_of_range becomes 1. Shares are rows of y and index. */
typedef struct {
    void *y;
    const void *w;
    const int64_t *index;
    int64_t *out_of_range;
    ptrdiff_t M, L, N, K;
} cr_embedding_forward_args;

/* embedding_backward: dw[k,:] = the sum of dy[m,:] over the m with index[m] = k, in the order of m;
 * dw[K,N], dy[M,N]. Indices outside the table are left out. Shares are rows of dw. */
typedef struct {
    void *dw;
    const void *dy;
    const int64_t *index;
    ptrdiff_t M, N, K;
} cr_embedding_backward_args;

/* unique_rows: rows[u] are the different numbers in index[M] that name rows of a table of K, in the
 * order of their first places, and place[m] is where index[m] is among them: rows[place[m]] =
 * index[m]. rows[u] = -1 behind the last, place[m] = -1 for numbers outside the table. where[K] is
 * scratch, whatever is in it. rows[M], place[M]. One share. */
typedef struct {
    int64_t *rows, *place, *where;
    const int64_t *index;
    ptrdiff_t M, K;
} cr_unique_rows_args;

/* scatter_rows: w[rows[u],:] = x[u,:] for u < M; rows[u] outside the table w[K,N] are left out. No
 * row is named twice. Shares are rows of x. */
typedef struct {
    void *w;
    const void *x;
    const int64_t *rows;
    ptrdiff_t M, N, K;
} cr_scatter_rows_args;

/* integer_lookup: y[n] = codes[i] where keys[i] = x[n], keys[count] in ascending order; for others
 * oov + x[n] mod oov_count, which is not negative, or with oov_count 0: y[n] = 0 and
 * *out_of_range = 1. Shares are rows of `cols` elements, rows * cols = n. */
typedef struct {
    int64_t *y, *out_of_range;
    const int64_t *x, *keys, *codes;
    ptrdiff_t rows, cols, count;
    int64_t oov, oov_count;
} cr_integer_lookup_args;

/* count_codes: y[m,k] = how many of codes[m,:] are k, or with `once` 1 where any is; y[M,K],
 * codes[M,L]. Codes outside of 0..K-1 count nowhere. Shares are rows. */
typedef struct {
    void *y;
    const int64_t *codes;
    ptrdiff_t M, L, K;
    int once;
} cr_count_codes_args;

#endif
