/* What metrics count: the argument structs of counts.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_METRIC_H
#define COREREG_CONTRACT_METRIC_H

#include <stddef.h>
#include <stdint.h>

/* How a prediction finds the number of thresholds that are below it. */
enum cr_threshold_spacing {
    CR_ANY_THRESHOLDS,  /* a search in thresholds[K]; NaN is above none */
    CR_EVEN_THRESHOLDS, /* thresholds k/(K-1): ceil(p (K-1)), p clipped to [0, 1]; NaN: above one */
    CR_WIDENED_THRESHOLDS /* the same with a first threshold below 0 and a last one above 1 */
};

/* threshold_counts: of predictions p[M,N] against sorted thresholds[K], by targets y[M,N].
 *   positives[l,k] += the weights of all elements of label l with y != 0 that are above exactly k
 * of the thresholds, in order, in double; negatives[l,k] likewise with y == 0; k = 0..K. Label l is
 * column l if labels == N, and all columns if labels == 1. weights: NULL, [M] if weight_columns ==
 * 1, else [M,N]; column_weights[N] or NULL multiply them. Shares are labels. */
typedef struct {
    double *positives, *negatives;
    const void *p, *y, *weights, *column_weights, *thresholds;
    ptrdiff_t M, N, K, labels, weight_columns;
    int spacing;
} cr_threshold_counts_args;

/* filter_top_k: out[m,n] = x[m,n] where it is among the k largest of its row (the first of equals;
 * NaN is none of them), else -1e10. Shares are rows; out is not x. */
typedef struct {
    void *out;
    const void *x;
    ptrdiff_t M, N, k;
} cr_filter_top_k_args;

/* top_k_accuracy: hits[M] = whether fewer than k elements of the row z[m,:] are above z[m,label];
 * the label is labels[m], or the place of the first largest y[m,:]. NaN there counts as -infinity,
 * and a label outside [0, N) is no hit. Shares are rows. */
typedef struct {
    void *hits;
    const void *z, *y;
    const int64_t *labels;
    ptrdiff_t M, N, k;
} cr_top_k_accuracy_args;

#endif
