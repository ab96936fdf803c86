/* Normalizations: the argument structs of batch_norm.c and row_norm.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_NORM_H
#define COREREG_CONTRACT_NORM_H

#include <stddef.h>

/* Batch normalization (Ioffe, Szegedy 2015) of x[M,N], each column by itself; shares are columns.
 *   mean[n] = sum_m x / M,  var[n] = sum_m (x - mean)^2 / M,  inv[n] = 1/sqrt(var + epsilon)
 *   y = (x - mean) * (inv*gamma) + beta, and of that max(y, 0) if `relu` is set
 *   moving_mean = moving_mean*momentum + mean*(1-momentum), moving_variance likewise from var
 * gamma NULL counts as 1, beta NULL as 0; moving_mean and moving_variance are both NULL or neither.
 * Without rows the moving averages stay. y may alias x. */
typedef struct {
    void *y, *mean, *inv, *moving_mean, *moving_variance;
    const void *x, *gamma, *beta;
    ptrdiff_t M, N;
    double epsilon, momentum;
    int relu;
} cr_batch_norm_forward_args;

/* The same y by a mean and a variance that are given. inv may be NULL: it is not wanted. */
typedef struct {
    void *y, *inv;
    const void *x, *gamma, *beta, *mean, *variance;
    ptrdiff_t M, N;
    double epsilon;
    int relu;
} cr_batch_norm_inference_args;

/* Backward, with xhat = (x - mean)*inv:
 *   dbeta[n] = sum_m dy,  dgamma[n] = sum_m dy*xhat
 *   dx = gamma*inv * (dy - dbeta/M - xhat*dgamma/M), or gamma*inv*dy if `given` is set: then mean
 *   and inv did not come from x.
 * dx, dgamma and dbeta may be NULL. dx may alias dy. Shares are columns. */
typedef struct {
    void *dx, *dgamma, *dbeta;
    const void *dy, *x, *gamma, *mean, *inv;
    ptrdiff_t M, N;
    int given;
} cr_batch_norm_backward_args;

/* Normalization of each row of x[M,N]; shares are rows.
 *   mean[m] = sum_n x / N,  var = sum_n (x - mean)^2 / N,  inv[m] = 1/sqrt(var + epsilon)
 *   y = (x - mean)*inv * gamma + beta
 * mean NULL: nothing is subtracted (root mean square). gamma NULL counts as 1, beta NULL as 0. y
 * may alias x. */
typedef struct {
    void *y, *mean, *inv;
    const void *x, *gamma, *beta;
    ptrdiff_t M, N;
    double epsilon;
} cr_row_norm_forward_args;

/* With xhat = (x - mean)*inv and g = dy*gamma:
 *   dx = inv * (g - sum_n g / N - xhat * sum_n g*xhat / N), without its middle if mean is NULL.
 * dx may alias dy. Shares are rows. */
typedef struct {
    void *dx;
    const void *dy, *x, *gamma, *mean, *inv;
    ptrdiff_t M, N;
} cr_row_norm_backward_args;

/* dgamma[n] = sum_m dy*xhat, dbeta[n] = sum_m dy; either may be NULL. Shares are columns. */
typedef struct {
    void *dgamma, *dbeta;
    const void *dy, *x, *mean, *inv;
    ptrdiff_t M, N;
} cr_row_norm_backward_weights_args;

#endif
