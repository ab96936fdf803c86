/* Samples of a random forward pass, summed up: the argument struct of samples.c.
 * Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_SAMPLES_H
#define COREREG_CONTRACT_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* Of what the rows of samples are probabilities, and hence what their entropy is. */
enum cr_entropy {
    CR_NO_ENTROPY,          /* none is asked for */
    CR_CATEGORICAL_ENTROPY, /* of one class of N: -sum_n x log x */
    CR_BERNOULLI_ENTROPY    /* of N labels, each by itself: -sum_n (x log x + (1-x) log(1-x)) */
};

/* sample_moments: S more samples x[S,M,N] of M rows, in order (Welford 1962): for s = 0..S-1
 *   t = *count + s + 1, d = x - mean, mean += d/t, squares += d*(x - mean)
 *   entropy[m] += (h - entropy[m])/t, h the entropy of the row m of the sample, 0 log 0 = 0
 * mean[M,N], squares[M,N]: running mean and sum of squared deviations; entropy[M]: running mean, or
 * NULL with CR_NO_ENTROPY. Shares are rows of M. */
typedef struct {
    void *mean, *squares, *entropy;
    const void *x;
    const int64_t *count;
    ptrdiff_t S, M, N;
    int kind;
} cr_sample_moments_args;

#endif
