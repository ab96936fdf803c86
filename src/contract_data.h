/* Data on their way in, and what is counted over them: the argument structs of gather.c, shuffle.c
 * and accumulators.c, and the checks of validate.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_DATA_H
#define COREREG_CONTRACT_DATA_H

#include <stddef.h>
#include <stdint.h>

enum cr_source {
    CR_FROM_F32,
    CR_FROM_F64,
    CR_FROM_U8,
    CR_FROM_I8,
    CR_FROM_U16,
    CR_FROM_I16,
    CR_FROM_U32,
    CR_FROM_I32,
    CR_FROM_U64,
    CR_FROM_I64
};

/* gather_rows: y[r,:] = (T) src[order[start+r], :] for r < rows, or, with labels not NULL, the same
 * into int64 labels. order NULL: row start+r. `stride` is the distance of two source rows in bytes;
 * elements of a row are contiguous. A row outside `src_rows` or outside the `places` of order is
 * read as zeros: a replay that runs past the end of its data reads no foreign memory. */
typedef struct {
    void *y;
    int64_t *labels;
    const void *src;
    const int64_t *order, *start;
    ptrdiff_t rows, cols, stride, src_rows, places;
    int source;
} cr_gather_rows_args;

/* select_columns: y[m,n] = x[m,index[n]], x[M,K], y[M,N]. With back, the other way: x[M,N], y[M,K]
 * is zero but for y[m,index[n]] = x[m,n]. The caller has checked that 0 <= index[n] < K. Shares are
 * rows. */
typedef struct {
    void *y;
    const void *x;
    const int64_t *index;
    ptrdiff_t M, N, K;
    int back;
} cr_select_columns_args;

/* shuffle: order[n] = the permutation of 0..n-1 that (seed[0], epoch[0]) determines; then epoch[0]
 * += 1. It is the Fisher-Yates shuffle (1938; Durstenfeld 1964): beginning at the last place, each
 * place changes with one of those up to it, drawn from SplitMix64. The state that this starts from
 * is mix(mix(seed) + epoch), mix one step of SplitMix64. One share. */
typedef struct {
    int64_t *order;
    ptrdiff_t n;
    const uint64_t *seed;
    int64_t *epoch;
} cr_shuffle_args;

/* ---- accumulators and counters ------------------------------------------------------------- */

/* accumulate_weighted_sum: total[0] += factor * sum values[n] weights[n] (weights NULL: 1), in
 * order, in double. One share. */
typedef struct {
    double *total;
    const void *values, *weights;
    ptrdiff_t n;
    double factor;
} cr_accumulate_weighted_sum_args;

/* increment: counter[0] += by. One share. */
typedef struct {
    int64_t *counter;
    int64_t by;
} cr_increment_args;

/* store_and_reset: log[*place] = *total and then *total = 0, words of 8 bytes of whatever type.
 * With log NULL, *total = 0 alone. Nothing is written outside of log's `room` words. One share. */
typedef struct {
    void *total, *log;
    const int64_t *place;
    ptrdiff_t room;
} cr_store_and_reset_args;

/* ---- checks (validate.c) --------------------------------------------------------------------- */

/* Returns the index of the first label outside [0, limit), or n. */
ptrdiff_t cr_first_outside(const int64_t *labels, ptrdiff_t n, int64_t limit);

/* Returns whether low <= x[i] <= high, finite and compared in x's type, for all n; f64: doubles. */
int cr_all_between(const void *x, ptrdiff_t n, int f64, double low, double high);

#endif
