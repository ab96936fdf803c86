/* Rows mixed with other rows of their batch: the argument structs of mixing.c. Everything there is
 * rounded step by step: the numbers are the same on every machine. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_MIXING_H
#define COREREG_CONTRACT_MIXING_H

#include <stddef.h>
#include <stdint.h>

/* symmetric_beta: y[n] from the distribution Beta(a, a), with neither a loop nor a rejection: of a
 * uniform u and an angle v, with w = u^(1/a) and p = (1 - w) cos(v)^2,
 *   d = w/2 / (p + w + sqrt(p (p + w))),   y = d, or 1 - d by another bit
 * (Devroye: Random variate generation in one line of code, 1996; by Bailey's Student t, 1994).
 * a = low + (high - low) (k + 1/2)/2^32, one for the whole call, k the first word of the counter
 * (0, stream+1, step lo, step hi); where low = high that is a.
 * float: elements come in groups of 16: element i of group q reads the counter
 * (16q + i, stream, step lo, step hi), u = (word/2 + 1/2)/2^31 of word 0 and the angle of word 1.
 * double: element i reads the counter (i, ...), u = 1 - k/2^52 of the upper 52 bits k of words 0
 * and 1, the lower first, the angle of words 2 and 3. The angle is t of [-pi/4, pi/4) by all bits
 * but the upper two; if the lower of those is set, |sin t| is the cosine of it; if the upper is
 * set, y is 1 - d. Shares are groups. */
typedef struct {
    void *y;
    ptrdiff_t n;
    const int64_t *step;
    uint64_t seed;
    uint32_t stream;
    double low, high;
} cr_symmetric_beta_args;

/* mix_rows: y[r,c] = share[r] x[r,c] + (1 - share[r]) x[order[r],c], computed from the larger part:
 *   a + (1-s)(b-a) for s >= 1/2, else b + s(a-b): where both are equal, so is y.
 * An order[r] outside of the rows counts as r. Shares are rows. */
typedef struct {
    void *y;
    const void *x;
    const int64_t *order;
    const void *share;
    ptrdiff_t rows, cols;
} cr_mix_rows_args;

/* paste_boxes: y[r] = x[r], but within a box x[order[r]]; images x[rows, outer, height, width,
 * inner]. The box has the share 1 - share[r] of the area and the image's proportions:
 *   sides s = sqrt(1 - share[r]) times height and width, from u (1 - s) times height and width on;
 * a pixel is in it if its place i has begin <= i < begin + side, for both. u = (k + 1/2)/2^32 of
 * words 0 (width) and 1 (height) of the counter (r, stream, step lo, step hi). An order[r] outside
 * of the rows counts as r. Shares are rows. */
typedef struct {
    void *y;
    const void *x;
    const int64_t *order;
    const void *share;
    ptrdiff_t rows, outer, height, width, inner;
    const int64_t *step;
    uint64_t seed;
    uint32_t stream;
} cr_paste_boxes_args;

/* larger_rows: picked[r] = share[r] >= 1/2 ? r : order[r]. Shares are rows. */
typedef struct {
    int64_t *picked;
    const int64_t *order;
    const void *share;
    ptrdiff_t n;
} cr_larger_rows_args;

#endif
