/* Dense layers: the argument structs of dense.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_DENSE_H
#define COREREG_CONTRACT_DENSE_H

#include <stddef.h>
#include <stdint.h>

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
} cr_dense_forward_args;

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
} cr_dense_backward_input_args;

/* dw[K,N] = x[M,K]' dz[M,N];  db[N] = column sums of dz. dw or db may be NULL. */
typedef struct {
    void *dw, *db;
    const void *x, *dz;
    ptrdiff_t M, N, K;
} cr_dense_backward_weights_args;

#endif
