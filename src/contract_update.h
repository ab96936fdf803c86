/* Penalties and updates: the argument structs of update.c. Shares are blocks of the segments, but
 * for clip_scales, which is one share, and penalty_backward, whose shares are tiles. */
#ifndef COREREG_CONTRACT_UPDATE_H
#define COREREG_CONTRACT_UPDATE_H

#include <stddef.h>

#include "rules.h"

/* One variable of a model, as the sweeps see it. */
typedef struct {
    void *w;
    void *slot[CR_MAX_SLOTS]; /* the rule's state arrays, in the order of its row; see rules.h */
    ptrdiff_t n;
    double l1, l2; /* strengths of the fused penalty */
    double decay;  /* decoupled weight decay */
} cr_segment;

/* Sweeps walk blocks of CR_BLOCK elements; a segment of n elements has ceil(n/CR_BLOCK) blocks
 * (at least one), numbered through all segments. Sums are kept one a block, so that their total
 * does not depend on the shares. */
#define CR_BLOCK 4096

/* One step of a rule over all segments, which all have the same of its state arrays. The stages:
 *   1. penalty   penalty[block] = l1*sum|w| + l2*sum(w*w);  g' = g + l1*sign(w) + 2*l2*w
 *   2. clipping  g' = g' * scales[s], then cut to [-clipvalue, clipvalue]
 *   3. decay     w -= w * decay * learning_rate
 *   4. rule      what rules.h says, with g' as the gradient
 * All are done in one pass over the memory. What needs a whole gradient or the whole new weights
 * is a kernel of its own before it (gradient_norms and clip_scales give the scales) or behind it.
 * gradients: one g a segment, NULL for zero. scales may be NULL (ones). */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients;
    ptrdiff_t count, blocks;
    const cr_hyper *hyper;
    double *penalty;
    const double *scales;
} cr_update_args;

/* penalty:        sums[block] = l1*sum|w| + l2*sum(w*w)
 * gradient_norms: sums[block] = sum (g + l1*sign(w) + 2*l2*w)^2                              */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients; /* as above; not for `penalty` */
    ptrdiff_t count, blocks;
    double *sums;
} cr_sums_args;

/* scales[segment] = limit / max(limit, norm), norm the root of the segment's block sums, or of
 * all sums when `by_global_norm` is set. One share only: rank 0 does it all. */
typedef struct {
    double *scales;
    const cr_segment *segments;
    ptrdiff_t count;
    const double *sums;
    double limit;
    int by_global_norm;
} cr_clip_scales_args;

/* dw[n] = factor[0] * (l1*sign(w) + 2*l2*w) */
typedef struct {
    void *dw;
    const void *w, *factor;
    ptrdiff_t n;
    double l1, l2;
} cr_penalty_backward_args;

#endif
