/* Dense layers: the argument structs of dense.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_DENSE_H
#define COREREG_CONTRACT_DENSE_H

#include <stddef.h>
#include <stdint.h>

/* round_operand: an operand a[rows,depth] or b[depth,rows] of a product, a(m,k) b(k,n) summed over
 * `depth`, is rounded to bfloat16 in `parts` parts: 1, or 3 of two roundings (see bfloat16.h).
 * along: whether `from` lies as [rows][depth], else as [depth][rows]. `to` has room for parts *
 * (rows up to a multiple of 16) * (depth up to a multiple of 32) floats; what is written is the
 * instruction set's own: the parts as float32, one after the other along the sum, as
 * [rows][parts][depth] or [parts][depth][rows], or tiles (packed.c). float64 is not rounded:
 * nothing is done.
 *
 * parts, in the structs of the three products: 0, or both operands are what round_operand has
 * written in so many parts, and the length of the sum is given times parts (that is K of
 * dense_forward, N of dense_backward_input, M of dense_backward_weights). */
typedef struct {
    void *to;
    const void *from;
    ptrdiff_t rows, depth;
    int along, second; /* second: whether it is b */
    int parts;
} cr_round_operand_args;

/* y[M,N] = act(x[M,K] w[K,N] + b[N]); b may be NULL. Softmax is taken over each row. With step not
 * NULL, y then goes through dropout_forward (see there; no mask is stored); not with softmax. With
 * slope not NULL, slope[M,N] = act'(x w + b), as in cr_activation_forward_args. */
typedef struct {
    void *y, *slope;
    const void *x, *w, *b;
    const int64_t *step;
    ptrdiff_t M, N, K;
    int act;
    int by_columns; /* shares are columns of y instead of rows; not with softmax */
    uint64_t seed, threshold;
    uint32_t stream;
    double scale;
    int parts;
} cr_dense_forward_args;

/* Parts of K that sparse_forward takes at a time have so many rows at least, but for the last. */
#define CR_LEAST_SPARSE_DEPTH 256

/* pack_weights: what is not zero of w[K,N], as sparse_forward wants it. K is cut into equal parts.
 * Of part p and column n, the elements starts[p*(N+1) + n] to starts[p*(N+1) + n+1] of `index` and
 * `values` (room for K*N each) say which weights are not zero, in order of k: where in a part of
 * the transposed input, in bytes, and the weight. K*N is less than 2^31. One share. */
typedef struct {
    int32_t *starts, *index;
    void *values;
    const void *w;
    ptrdiff_t K, N;
} cr_pack_weights_args;

/* sparse_forward: as dense_forward, by weights that pack_weights has packed from the same w for the
 * same instruction set; N > 1, step and slope NULL. Every sum has the terms of dense_forward in the
 * same order, but for those whose weight is zero. So results are the same to the bit, except for
 * the sign of a zero; a row of x that is not finite is computed with all weights. Shares are rows.
 */
typedef struct {
    cr_dense_forward_args dense;
    const int32_t *starts, *index;
    const void *values;
} cr_sparse_forward_args;

/* dx[M,K] = dz[M,N] w[K,N]'. With y not NULL, y[M,K] is the output of the activation `act` that
 * produced the layer's input, or the slope that it kept, and dx is taken back through it:
 * dx[m,k] *= scale * act'(y[m,k]).
 * (scale is 1, or that of a dropout after a relu: then y > 0 says active and kept.) */
typedef struct {
    void *dx;
    const void *dz, *w, *y;
    ptrdiff_t M, N, K;
    int act;
    int by_columns; /* shares are columns of dx instead of rows */
    double scale;
    int parts;
} cr_dense_backward_input_args;

/* dw[K,N] = x[M,K]' dz[M,N];  db[N] = column sums of dz. dw or db may be NULL; db is
 * NULL where parts are given. */
typedef struct {
    void *dw, *db;
    const void *x, *dz;
    ptrdiff_t M, N, K;
    int parts;
} cr_dense_backward_weights_args;

#endif
