/* Penalties, clipping and the optimizers' updates: one sweep over a variable's weights, gradient
 * and state does all stages of a step. The rules themselves are in rules.h and rule_steps.h. */
#include "rule_steps.h"
#include "sweep.h"

/* ---- penalties ----------------------------------------------------------------------------- */

/* Stores the penalty of each block in the rank's share. */
static __attribute__((noinline)) void block_penalties(double *sums, const cr_segment *segments,
                                                      ptrdiff_t blocks, ptrdiff_t rank,
                                                      ptrdiff_t size)
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

/* What a block needs: the gradient of its penalty, a proximal stage, with a part of L2, scaled by
 * the step; and `all`, the loop that has every stage, for what is rare. */
typedef struct {
    int penalized, proximal, shrinks, scaled, all;
} block_needs;

/* Looks up what the blocks of a segment need. */
INLINE block_needs needs_of(const cr_update_args *g, const cr_segment *segment, const int uses,
                            const int all_stages)
{
    block_needs n;
    n.penalized = segment->l1 != 0 || segment->l2 != 0;
    n.shrinks = uses != CR_SELDOM && segment->proximal_l2 != 0;
    n.proximal = uses != CR_SELDOM && (segment->proximal_l1 != 0 || n.shrinks);
    n.scaled = segment->scaling != CR_PLAIN;
    n.all = all_stages || g->scales || isfinite(g->hyper->clipvalue) || segment->decay != 0 ||
            segment->rate != 1 || (uses == CR_SELDOM && n.penalized) ||
            (uses == CR_OFTEN && n.proximal);
    return n;
}

/* Gives the constants of a rule for a segment: its own, which are worked out here, if its learning
 * rate is another one. */
INLINE const void *constants_of(const cr_update_args *g, const cr_segment *segment,
                                const void *constants, prepare_function prepare,
                                void *own_constants)
{
    if (segment->rate == 1)
        return constants;
    cr_hyper own = *g->hyper;
    own.learning_rate *= segment->rate;
    prepare(&own, own_constants);
    return own_constants;
}

/* Sweeps over the rank's blocks, each by the loop that has the stages which the block needs. uses:
 * of cr_uses, how many loops there are. all_stages: there is but one, which does everything. */
INLINE void sweep(const cr_update_args *g, ptrdiff_t rank, ptrdiff_t size, const void *constants,
                  prepare_function prepare, void *own_constants, step_function step, const int uses,
                  const int slots, const int all_stages)
{
#define SWEEP(constants, ...) \
    sweep_block(g, &at, constants, step, (sweep_kind){.slots = slots, .parts = CR_WHOLE, __VA_ARGS__})
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        const block_needs n = needs_of(g, at.segment, uses, all_stages);
        double *sum = g->penalty + at.block;
        if (n.all) {
            const void *chosen = constants_of(g, at.segment, constants, prepare, own_constants);
            if (n.proximal)
                *sum = SWEEP(chosen, .clipped = 1, .proximal = 1, .shrinks = 1, .scaled = n.scaled,
                             .small = 1);
            else
                *sum = SWEEP(chosen, .penalized = 1, .clipped = 1, .small = !all_stages);
        } else if (uses == CR_MOSTLY && n.shrinks && CR_F64) /* few programs: less code */
            *sum = SWEEP(constants, .proximal = 1, .shrinks = 1, .scaled = n.scaled, .small = 1);
        else if (uses == CR_MOSTLY && n.shrinks && n.scaled)
            *sum = SWEEP(constants, .in_flight = 1, .proximal = 1, .shrinks = 1, .scaled = 1);
        else if (uses == CR_MOSTLY && n.shrinks)
            *sum = SWEEP(constants, .in_flight = 1, .proximal = 1, .shrinks = 1);
        else if (uses == CR_MOSTLY && n.proximal && n.scaled)
            *sum = SWEEP(constants, .in_flight = 1, .proximal = 1, .scaled = 1);
        else if (uses == CR_MOSTLY && n.proximal)
            *sum = SWEEP(constants, .in_flight = 1, .proximal = 1);
        else if (uses != CR_SELDOM && n.penalized)
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
        const block_needs n = needs_of(g, at.segment, uses, all_stages);
        g->penalty[at.block] = sweep_block(
            g, &at, constants_of(g, at.segment, constants, prepare, own_constants), step,
            (sweep_kind){.slots = slots,
                         .parts = CR_WHOLE,
                         .penalized = n.all ? !n.proximal : n.penalized,
                         .clipped = n.all,
                         .proximal = n.proximal,
                         .shrinks = n.all || n.shrinks,
                         .scaled = n.scaled,
                         .small = 1});
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
    const int small = 1;
#else
    const int small = CR_F64 && (uses == CR_SELDOM || chosen != 0); /* few programs: less code */
#endif
    if (small)
        small_sweep(g, rank, size, constants, prepare, own_constants, step, uses,
                    slots | chosen << required, chosen != 0);
    else if (chosen == 0)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots, 0);
    else if (!CR_F64 && chosen == 1 && optional >= 1)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots | 1 << required,
              1);
    else if (!CR_F64 && chosen == 2 && optional >= 2)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots | 2 << required,
              1);
    else if (!CR_F64 && chosen == 3 && optional >= 2)
        sweep(g, rank, size, constants, prepare, own_constants, step, uses, slots | 3 << required,
              1);
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
