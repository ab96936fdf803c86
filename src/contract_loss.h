/* Losses and accuracies: the argument structs of cross_entropy.c, regression_loss.c, output_loss.c
 * and accuracy.c, and of row_mean (accumulators.c). Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_LOSS_H
#define COREREG_CONTRACT_LOSS_H

#include <stddef.h>
#include <stdint.h>

/* loss[M] is the loss of each row times weight[m] (NULL: 1); dz[M,N] (NULL: not wanted) is the
 * gradient of sum_m loss[m] / M with respect to z. smoothing s: y becomes y(1-s) + s/N
 * (sigmoid: + s/2).
 *   softmax_cross_entropy  -sum_n y log softmax(z)            y[M,N]
 *   sparse_cross_entropy   the same for one-hot rows          labels[M] in [0, N)
 *   sigmoid_cross_entropy  mean_n softplus(z) - y z           y[M,N]
 *   squared_error          mean_n (z-y)^2                     y[M,N]
 *   absolute_error         mean_n |z-y|                       y[M,N]
 * and with d = z-y and e = option:
 *   huber                  mean_n d^2/2 where |d| <= e, else e|d| - e^2/2
 *   log_cosh               mean_n log cosh d
 *   hinge                  mean_n max(0, 1 - yz)              y[M,N] of -1 and 1; if all of y are 0
 *   squared_hinge          mean_n max(0, 1 - yz)^2            or 1, then 2y-1 takes its place
 *   poisson                mean_n z - y log(z+e)
 *   kl_divergence          sum_n y log(y/z)                   y and z clipped to [e, 1]
 *   absolute_percentage_error  mean_n 100 |d| / max(|y|, e)
 *   squared_logarithmic_error  mean_n (log(1 + max(z, e)) - log(1 + max(y, e)))^2
 *   quantile               mean_n max(q (y-z), (q-1) (y-z))   q = levels[N]                      */
typedef struct {
    void *loss, *dz;
    const void *z, *y;
    const int64_t *labels;
    const void *weight;
    const void *levels; /* of quantile, else NULL */
    ptrdiff_t M, N;
    double smoothing, option;
} cr_loss_args;

/* hits[M] = the share of right answers in each row.
 *   categorical  argmax z == argmax y (the first of equals)
 *   sparse       argmax z == label
 *   binary       mean_n ((z > threshold) == y)                                              */
typedef struct {
    void *hits;
    const void *z, *y;
    const int64_t *labels;
    ptrdiff_t M, N;
    double threshold;
} cr_accuracy_args;

/* out[0] = sum_m rows[m] weight[m] / M (weight NULL: 1), summed in double. M = 0 gives 0. */
typedef struct {
    void *out;
    const void *rows, *weight;
    ptrdiff_t M;
} cr_row_mean_args;

#endif
