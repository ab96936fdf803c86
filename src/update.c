/* Penalties, clipping and the optimizers' updates: one sweep over a variable's weights, gradient
 * and state does all stages of a step. The rules themselves are in rules.h and rule_steps.h. */
#include "blocks.h"
#include "rule_steps.h"
#include "simd_lanes.h"

/* ---- penalties ----------------------------------------------------------------------------- */

/* Gives the gradient of the L1 and L2 penalties. */
INLINE V penalty_gradient(V w, T l1, T l2) { return l1 * vsign(w) + 2 * l2 * w; }

/* Gives both penalties from the sums of absolute values and of squares: one that does not count may
 * be infinite. */
INLINE double penalty_of(const cr_segment *segment, V absolute, V square)
{
    const double l1 = segment->l1 + segment->proximal_l1, l2 = segment->l2 + segment->proximal_l2;
    return (l1 != 0 ? l1 * (double)lane_sum(absolute) : 0) +
           (l2 != 0 ? l2 * (double)lane_sum(square) : 0);
}

/* Stores the penalty of each block in the rank's share. */
INLINE void block_penalties(double *sums, const cr_segment *segments, ptrdiff_t blocks,
                            ptrdiff_t rank, ptrdiff_t size)
{
    for (block_walk at = first_block(segments, blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        const T *w = (const T *)at.segment->w + at.from;
        V absolute = {0}, square = {0};
        EACH_VECTOR (i, lanes, at.n) {
            const V v = load_lanes(w + i, lanes);
            absolute += vabs(v);
            square += v * v;
        }
        sums[at.block] = penalty_of(at.segment, absolute, square);
    }
}

/* Sums the L1 and L2 penalties, block by block. */
KERNEL(penalty)
{
    const cr_sums_args *g = arguments;
    block_penalties(g->sums, g->segments, g->blocks, rank, size);
}

/* Computes the gradient of one array's penalty. */
KERNEL(penalty_backward)
{
    const cr_penalty_backward_args *g = arguments;
    const T factor = *(const T *)g->factor;
    const T l1 = (T)g->l1 * factor, l2 = (T)g->l2 * factor;
    ptrdiff_t begin, end;
    share(g->n, VL, rank, size, &begin, &end);
    const ptrdiff_t n = end - begin;
    T *dw = (T *)g->dw + begin;
    const T *w = (const T *)g->w + begin;
    EACH_VECTOR (i, lanes, n)
        store_lanes(dw + i, penalty_gradient(load_lanes(w + i, lanes), l1, l2), lanes);
}

/* ---- the stage before the sweep: norms, where they are asked for ----------------------------- */

/* Sums the squares of gradients, the penalties' with them, block by block. */
KERNEL(gradient_norms)
{
    const cr_sums_args *g = arguments;
    const V zeros = {0};
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        const T *w = (const T *)at.segment->w + at.from;
        const gradient_block gradient = gradient_of(&at, g->gradients, &zeros);
        const T l1 = (T)at.segment->l1, l2 = (T)at.segment->l2;
        V sum = {0};
        EACH_VECTOR (i, lanes, at.n) {
            const V d = load_gradient(gradient, i, lanes) +
                        penalty_gradient(load_lanes(w + i, lanes), l1, l2);
            sum += d * d;
        }
        g->sums[at.block] = (double)lane_sum(sum);
    }
}

/* Finds what gradients are multiplied with so that their norms are under the limit. */
KERNEL(clip_scales)
{
    const cr_clip_scales_args *g = arguments;
    double all = 0;
    ptrdiff_t block = 0;
    (void)size;
    if (rank)
        return;
    for (ptrdiff_t s = 0; s < g->count; s++) {
        double sum = 0;
        for (ptrdiff_t left = blocks_of(g->segments + s); left > 0; left--)
            sum += g->sums[block++];
        all += sum;
        g->scales[s] = g->limit / fmax(g->limit, sqrt(sum));
    }
    for (ptrdiff_t s = 0; g->by_global_norm && s < g->count; s++)
        g->scales[s] = g->limit / fmax(g->limit, sqrt(all));
}

/* ---- the sweep ------------------------------------------------------------------------------ */

/* What the proximal stage of a block computes with. */
typedef struct {
    T l1, twice_l2; /* times the learning rate */
} proximal_stage;

/* Works out the numbers of a segment's proximal stage. */
INLINE proximal_stage proximal_of(const cr_segment *segment, double learning_rate)
{
    const double rate = learning_rate * segment->rate;
    return (proximal_stage){
        .l1 = (T)(rate * segment->proximal_l1),
        .twice_l2 = (T)(rate * 2 * segment->proximal_l2),
    };
}

/* Gives the point nearest to w in the metric, the penalty counted: what is left of w beyond the
 * threshold, which is exactly 0 (never -0) within it, and shrunk. */
INLINE V proximal_point(V w, V metric, proximal_stage stage, int shrinks)
{
    const V threshold = stage.l1 * metric;
    const V left = w - vmin(threshold, vmax(-threshold, w));
    return shrinks && stage.twice_l2 != 0 ? left / (1 + stage.twice_l2 * metric) : left;
}

/* One block of one segment through all stages, in their order (cr_update_args); returns the penalty
 * of the weights as they were. A stage that is not wanted costs nothing, for `kind` is known at
 * compile time. */
INLINE double sweep_block(const cr_update_args *g, const block_walk *at, const void *constants,
                          step_function step, sweep_kind kind)
{
    const cr_segment *segment = at->segment;
    T *w = (T *)segment->w + at->from;
    const V zeros = {0};
    const gradient_block gradients = gradient_of(at, g->gradients, &zeros);
    T *slot0 = kind.slots & 1 ? (T *)segment->slot[0] + at->from : NULL;
    T *slot1 = kind.slots & 2 ? (T *)segment->slot[1] + at->from : NULL;
    T *slot2 = kind.slots & 4 ? (T *)segment->slot[2] + at->from : NULL;
    const T l1 = (T)segment->l1, l2 = (T)segment->l2;
    const T grad_scale = (T)(g->scales ? g->scales[at->s] : 1), limit = (T)g->hyper->clipvalue;
    const T shrink = (T)segment->decay * (T)(g->hyper->learning_rate * segment->rate);
    const proximal_stage proximal = proximal_of(segment, g->hyper->learning_rate);
    V absolute = {0}, square = {0};
    kind.least = segment->scaling == CR_CAPPED ? (T)segment->proximal_l1 : 0;
    EACH_VECTOR (i, lanes, at->n) {
        V state[CR_MAX_SLOTS + 1] = {{0}};
        V weights = load_lanes(w + i, lanes);
        V gradient = load_gradient(gradients, i, lanes);
        if (kind.slots & 1)
            state[0] = load_lanes(slot0 + i, lanes);
        if (kind.slots & 2)
            state[1] = load_lanes(slot1 + i, lanes);
        if (kind.slots & 4)
            state[2] = load_lanes(slot2 + i, lanes);
        if (kind.penalized || kind.proximal) { /* stage 1 */
            absolute += vabs(weights);
            if (kind.penalized || kind.shrinks)
                square += weights * weights;
        }
        if (kind.penalized)
            gradient += penalty_gradient(weights, l1, l2);
        if (kind.clipped) { /* stages 2 and 3 */
            gradient = vmin(splat(limit), vmax(splat(-limit), gradient * grad_scale));
            weights -= weights * shrink;
        }
        METRIC(state) = splat(1);
        weights = step(constants, state, weights, gradient, kind); /* stage 4 */
        if (kind.proximal)                                         /* stage 5 */
            weights = proximal_point(weights, METRIC(state), proximal, kind.shrinks);
        store_lanes(w + i, weights, lanes);
        if (kind.slots & 1)
            store_lanes(slot0 + i, state[0], lanes);
        if (kind.slots & 2)
            store_lanes(slot1 + i, state[1], lanes);
        if (kind.slots & 4)
            store_lanes(slot2 + i, state[2], lanes);
    }
    return kind.penalized || kind.proximal ? penalty_of(segment, absolute, square) : 0;
}

/* Sweeps over the rank's blocks, each by the loop that has the stages which the block needs.
 * all_stages: one loop does everything, for what is rare: less code. uses: likewise, of cr_uses. */
INLINE void sweep(const cr_update_args *g, ptrdiff_t rank, ptrdiff_t size, const void *constants,
                  prepare_function prepare, void *own_constants, step_function step, const int uses,
                  const int slots, const int all_stages)
{
#define SWEEP(constants, ...) \
    sweep_block(g, &at, constants, step, (sweep_kind){.slots = slots, __VA_ARGS__})
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        const cr_segment *segment = at.segment;
        const int penalized = segment->l1 != 0 || segment->l2 != 0;
        const int shrinks = uses != CR_SELDOM && segment->proximal_l2 != 0;
        const int proximal = uses != CR_SELDOM && (segment->proximal_l1 != 0 || shrinks);
        const int scaled = segment->scaling != CR_PLAIN;
        double *sum = g->penalty + at.block;
        if (all_stages || g->scales || isfinite(g->hyper->clipvalue) || segment->decay != 0 ||
            segment->rate != 1 || (uses == CR_SELDOM && penalized) ||
            (uses == CR_OFTEN && proximal)) {
            const void *chosen = constants;
            if (segment->rate != 1) {
                cr_hyper own = *g->hyper;
                own.learning_rate *= segment->rate;
                prepare(&own, own_constants);
                chosen = own_constants;
            }
            if (proximal)
                *sum = SWEEP(chosen, .clipped = 1, .proximal = 1, .shrinks = 1, .scaled = scaled);
            else
                *sum = SWEEP(chosen, .penalized = 1, .clipped = 1);
        } else if (uses == CR_MOSTLY && shrinks)
            *sum = SWEEP(constants, .proximal = 1, .shrinks = 1, .scaled = scaled);
        else if (uses == CR_MOSTLY && proximal && scaled)
            *sum = SWEEP(constants, .proximal = 1, .scaled = 1);
        else if (uses == CR_MOSTLY && proximal)
            *sum = SWEEP(constants, .proximal = 1);
        else if (uses != CR_SELDOM && penalized)
            *sum = SWEEP(constants, .penalized = 1);
        else
            *sum = SWEEP(constants, .penalized = 0);
    }
#undef SWEEP
}

/* The same where code shall be small, on all variables and options of a rule alike: by one loop,
 * which asks at every vector for what is known at compile time elsewhere. */
INLINE void small_sweep(const cr_update_args *g, ptrdiff_t rank, ptrdiff_t size,
                        const void *constants, prepare_function prepare, void *own_constants,
                        step_function step, const int uses, int slots, int all_stages)
{
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        const cr_segment *segment = at.segment;
        const int penalized = segment->l1 != 0 || segment->l2 != 0;
        const int shrinks = uses != CR_SELDOM && segment->proximal_l2 != 0;
        const int proximal = uses != CR_SELDOM && (segment->proximal_l1 != 0 || shrinks);
        const int all = all_stages || g->scales || isfinite(g->hyper->clipvalue) ||
                        segment->decay != 0 || segment->rate != 1 ||
                        (uses == CR_SELDOM && penalized) || (uses == CR_OFTEN && proximal);
        const void *chosen = constants;
        if (segment->rate != 1) {
            cr_hyper own = *g->hyper;
            own.learning_rate *= segment->rate;
            prepare(&own, own_constants);
            chosen = own_constants;
        }
        g->penalty[at.block] = sweep_block(g, &at, chosen, step,
                                           (sweep_kind){.slots = slots,
                                                        .penalized = all ? !proximal : penalized,
                                                        .clipped = all,
                                                        .proximal = proximal,
                                                        .shrinks = all || shrinks,
                                                        .scaled = segment->scaling != CR_PLAIN});
    }
}

/* Runs the sweep of a rule whose variables all have the first `required` state arrays, and any of
 * `optional` further ones (at most two): all segments have the same. */
INLINE void run_rule(const cr_update_args *g, ptrdiff_t rank, ptrdiff_t size, const void *constants,
                     prepare_function prepare, void *own_constants, step_function step,
                     const int uses, const int required, const int optional)
{
    const int slots = (1 << required) - 1;
    int chosen = 0; /* of the optional ones, a bit each */
    for (int i = 0; g->count && i < optional; i++)
        chosen |= (g->segments[0].slot[required + i] != NULL) << i;
#if defined(__OPTIMIZE_SIZE__)
    small_sweep(g, rank, size, constants, prepare, own_constants, step, uses,
                slots | chosen << required, chosen != 0);
#else
    if (chosen == 0)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots, 0);
    else if (chosen == 1 && optional >= 1)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots | 1 << required,
              1);
    else if (chosen == 2 && optional >= 2)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots | 2 << required,
              1);
    else if (chosen == 3 && optional >= 2)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots | 3 << required,
              1);
#endif
}

/* The kernel of a rule: its constants, then its sweep; penalties alone in a step without update. */
#define UPDATE_KERNEL(unused, rule)                                                               \
    _Static_assert(CR_OPTIONAL_SLOTS(rule) <= 2, #rule ": run_rule knows two optional slots");    \
    INLINE void rule##_prepare_into(const cr_hyper *hyper, void *constants)                       \
    {                                                                                             \
        *(rule##_constants *)constants = rule##_prepare(hyper);                                   \
    }                                                                                             \
    KERNEL(update_##rule)                                                                         \
    {                                                                                             \
        const cr_update_args *g = arguments;                                                      \
        if (!makes_update(g->hyper)) {                                                            \
            block_penalties(g->penalty, g->segments, g->blocks, rank, size);                      \
            return;                                                                               \
        }                                                                                         \
        const rule##_constants constants = rule##_prepare(g->hyper);                              \
        rule##_constants own_constants; /* of a variable with a rate of its own */                \
        run_rule(g, rank, size, &constants, rule##_prepare_into, &own_constants, rule##_step,     \
                 CR_USES_##rule, CR_REQUIRED_SLOTS(rule), CR_OPTIONAL_SLOTS(rule));              \
    }
CR_RULES(UPDATE_KERNEL, )
