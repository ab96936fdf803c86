/* Penalties and updates: the argument structs of update.c, stages.c and sharpness.c. Shares are
 * blocks of the segments, but for clip_scales, which is one share, and penalty_backward, whose
 * shares are tiles. */
#ifndef COREREG_CONTRACT_UPDATE_H
#define COREREG_CONTRACT_UPDATE_H

#include <stddef.h>

#include "rules.h"

/* By what the thresholds of the proximal stage are scaled. */
enum cr_scaling { CR_PLAIN, CR_CAPPED, CR_ADAPTIVE, CR_SCALINGS };

/* One variable of a model, as the sweeps see it. */
typedef struct {
    void *w;
    void *slot[CR_MAX_SLOTS]; /* the rule's state arrays, in the order of its row; see rules.h */
    ptrdiff_t n;
    double l1, l2; /* strengths of the fused penalty, whose gradient the rule sees */
    double proximal_l1, proximal_l2; /* of the penalty that the step's last stage minimises */
    int scaling;                     /* of that stage, see cr_scaling */
    double decay;                    /* decoupled weight decay */
    double rate; /* the learning rate is multiplied by it; 1 where nobody asks for another */
} cr_segment;

/* Sweeps walk blocks of CR_BLOCK elements; a segment of n elements has ceil(n/CR_BLOCK) blocks
 * (at least one), numbered through all segments. Sums are kept one a block, so that their total
 * does not depend on the shares. */
#define CR_BLOCK 4096

/* One step of a rule over all segments, which all have the same of its state arrays. The stages:
 *   1. penalty   penalty[block] = l1*sum|w| + l2*sum(w*w), with the strengths of both penalties
 *                g' = g + l1*sign(w) + 2*l2*w, with those of the fused one
 *   2. clipping  g' = g' * scales[s], then cut to [-clipvalue, clipvalue]
 *   3. decay     w -= w * decay * learning_rate * rate
 *   4. rule      what rules.h says, with g' as the gradient and learning_rate * rate as lr
 *   5. proximal  w = S(w, lr l1 d) / (1 + 2 lr l2 d),  S(w, t) = sign(w) max(|w| - t, 0)
 *                with the proximal strengths, whose value is in the penalty, too. d, by scaling:
 *                CR_PLAIN 1; CR_ADAPTIVE what the rule divides its step by; CR_CAPPED the same,
 *                with at least l1 in place of epsilon, so that lr l1 d <= lr. For rules that say so
 *                in rules.h.
 * All are done in one pass over the memory. What needs a whole gradient or the whole new weights
 * is a kernel of its own before it (gradient_norms and clip_scales give the scales) or behind it.
 * gradients: one g a segment, NULL for zero. scales may be NULL (ones). Where several steps make
 * one update (cr_hyper.accumulation), the others do the first half of stage 1 alone: the penalty.
 */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients;
    ptrdiff_t count, blocks;
    const cr_hyper *hyper;
    double *penalty;
    const double *scales;
} cr_update_args;

/* penalty:        sums[block] = l1*sum|w| + l2*sum(w*w), with the strengths of both penalties
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

/* The stages around the sweep, each a kernel that is launched only where it is asked for.
 *
 * accumulate_gradients, before it: total = total + g / scale, and at the step that makes an update
 *     (cr_hyper.accumulation) total /= accumulation. With an accumulation of 1, total = g / scale.
 *     The totals are the segments' w; the sweep takes them for its gradients.
 * reset_gradients, behind it: total = 0 if the last step made an update. */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients; /* NULL for zero; not for reset_gradients */
    ptrdiff_t count, blocks;
    const cr_hyper *hyper;
    double scale;
} cr_accumulate_args;

/* average_weights, behind the sweep, when the step has been counted; t = (step - 1) / accumulation:
 *     average = momentum * average + (1 - momentum) * w, and average = w while t = 0
 *     w = average if `overwrite_every` is > 0 and divides t + 1
 * The averages are the segments' slot 0. */
typedef struct {
    const cr_segment *segments;
    ptrdiff_t count, blocks;
    const cr_hyper *hyper;
    double momentum;
    int64_t overwrite_every;
} cr_average_args;

/* The move of sharpness-aware steps (sharpness.c), between the two gradients of a step; s is 1, or
 * |w| + eta if `adaptive`:
 *
 * ascent_norms:    sums[block] = sum (s g)^2
 * ascend_weights:  saved = w, then w += rho / (norm + 1e-12) * s^2 * g, norm the root of all sums
 * restore_weights: w = saved
 *
 * What is saved is the segments' slot 0. */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients; /* NULL for zero; not for restore_weights */
    ptrdiff_t count, blocks;
    double *sums; /* not for restore_weights */
    double rho, eta;
    int adaptive;
} cr_ascent_args;

/* constrain_norms, in place: of w[outer, n, inner], the norms over n, and
 *     w *= (rate * min(max(norm, least), most) + (1 - rate) * norm) / (1e-7 + norm)
 * constrain_signs, in place: w = max(w, 0), by n alone. Shares are vectors of the outputs.
 * shrink_norms, in place, behind a step that made an update and has been counted:
 *     w *= max(1 - learning_rate * rate / norm, 0) */
typedef struct {
    void *w;
    ptrdiff_t outer, n, inner;
    double least, most, rate;
    const cr_hyper *hyper; /* of shrink_norms alone */
} cr_constrain_args;

/* shrink_groups: as shrink_norms, the norms over the weights with the same label, from 0 to
 * groups - 1, each with a strength in place of `rate`. norms: scratch. One share. */
typedef struct {
    void *w;
    const int64_t *labels;
    ptrdiff_t n, groups;
    const double *strengths;
    double *norms;
    const cr_hyper *hyper;
} cr_shrink_groups_args;

/* mask_values: y[n] = x[n] where keep[n] is not 0, else 0, whatever x[n] is; y may be x. keep: a
 * byte an element. Shares are vectors of the output. */
typedef struct {
    void *y;
    const void *x;
    const uint8_t *keep;
    ptrdiff_t n;
} cr_mask_values_args;

/* The learning rate as a function of the steps done; numbers of each kind, in order. Formulas are
 * in schedules.c. */
enum cr_schedule_kind {
    CR_EXPONENTIAL_DECAY,  /* initial rate, decay steps, decay rate, staircase */
    CR_INVERSE_TIME_DECAY, /* the same */
    CR_POLYNOMIAL_DECAY,   /* initial rate, decay steps, end rate, power, cycle */
    CR_COSINE_DECAY,       /* initial rate, decay steps, alpha, warm-up steps, its end; < 0: none */
    CR_COSINE_RESTARTS,    /* initial rate, first decay steps, t_mul, m_mul, alpha */
    CR_PIECEWISE_CONSTANT, /* n boundaries, n + 1 values */
    CR_RATE_TABLE,         /* the first step, a rate for it and for each that follows */
    CR_SCHEDULES
};

/* scheduled_rate: hyper's learning_rate from its step. One share. */
typedef struct {
    cr_hyper *hyper;
    const double *numbers;
    ptrdiff_t count;
    int kind;
} cr_scheduled_rate_args;

/* Behind the sweep of a rule that leaves the direction of a step, u, in the slot `update` (see
 * rules.h); u is read from there. Nothing is done behind a step that made no update.
 *
 * direction_norms:   sums[block] = sum w^2, and sums[blocks + block] = sum u^2
 * follow_directions: w -= length * u. The length of a segment, by kind, with its lr and t:
 *   CR_BY_TRUST     lr |w| / |u|, norms of the whole; lr if one of them is 0      (lamb)
 *   CR_BY_SIZE      max(epsilon_2, rms w) min(lr, 1/sqrt(t)) / max(1, rms u / clip_threshold),
 *                   with adafactor's hyperparameters
 *   CR_BY_FACTORS   lr factors[segment]; sums is not read                          (muon) */
enum cr_length { CR_BY_TRUST, CR_BY_SIZE, CR_BY_FACTORS, CR_LENGTHS };

typedef struct {
    const cr_segment *segments;
    ptrdiff_t count, blocks;
    const cr_hyper *hyper;
    double *sums;
    const double *factors; /* of CR_BY_FACTORS alone */
    int update;            /* which slot it is */
    int kind;
} cr_directions_args;

/* Adafactor's direction from its gradient, for one array w[outer, R, C], in the order of these
 * kernels; b = 1 - t^beta_2_decay. Nothing is done behind a step that made no update.
 *
 * factor_rows:        rows[outer, R] = b rows + (1-b) mean over C of (g^2 + epsilon_1)
 * factor_columns:     columns[outer, C] = b columns + (1-b) mean over R of (g^2 + epsilon_1)
 * factored_direction: velocity = rows / mean(rows over R) * columns, or without rows and columns
 *                     velocity = b velocity + (1-b) (g^2 + epsilon_1);  update = g / sqrt(velocity)
 *
 * g is in `update`. Shares are rows of w, or vectors of columns. */
typedef struct {
    void *velocity, *update, *rows, *columns;
    ptrdiff_t outer, R, C;
    const cr_hyper *hyper;
} cr_factored_args;

/* unscale_gradients: y = g / scale[0], the segments' w; sums[block]: how many g are not finite
 * adapt_loss_scale:  skip[0] = whether any sum is > 0; then scale /= 2, counter = 0, else after
 *                    `growth_steps` such steps scale *= 2, counter = 0. A scale ends at 2^127. One
 *                    share. */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients; /* NULL for zero */
    ptrdiff_t count, blocks;
    float *scale;
    double *sums;
    int64_t *counter, *skip;
    int64_t growth_steps;
} cr_loss_scale_args;

/* The rate after so many steps. */
double cr_rate_at(int kind, const double *numbers, ptrdiff_t count, int64_t step);

#endif
