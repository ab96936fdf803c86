/* The sweep over one block of a variable's weights: all stages of a step (cr_update_args), the rule
 * among them, in one pass over the memory. */
#ifndef COREREG_SWEEP_H
#define COREREG_SWEEP_H

#include "blocks.h"
#include "rule_frame.h"
#include "simd_lanes.h"

/* Gives the gradient of the L1 and L2 penalties. */
INLINE V penalty_gradient(V w, T l1, T l2) { return l1 * vsign(w) + 2 * l2 * w; }

/* Gives both penalties from the sums of absolute values and of squares: one that does not count may
 * be infinite. */
static __attribute__((noinline)) double penalty_of(const cr_segment *segment, V absolute, V square)
{
    const double l1 = segment->l1 + segment->proximal_l1, l2 = segment->l2 + segment->proximal_l2;
    return (l1 != 0 ? l1 * (double)lane_sum(absolute) : 0) +
           (l2 != 0 ? l2 * (double)lane_sum(square) : 0);
}

/* Gives the point nearest to w in the metric, the penalty counted: what is left of w beyond the
 * threshold, which is exactly 0 (never -0) within it, and shrunk. */
INLINE V proximal_point(V w, const V *state, sweep_kind kind)
{
    const V threshold = THRESHOLD(state);
    const V left = w - vmin(threshold, vmax(-threshold, w));
    return kind.shrinks && kind.shrinkage != 0 ? left / (1 + SHRINKAGE(state)) : left;
}

/* One block on its way through the stages, and the sums for its penalty. */
typedef struct {
    T *w, *slot[CR_MAX_SLOTS];
    gradient_block gradients;
    const void *constants; /* of the rule */
    T l1, l2, grad_scale, limit, shrink;
    V absolute, square;
} block_sweep;

/* Reads those of a step's state arrays that exist. */
INLINE void load_state(V *state, const block_sweep *b, ptrdiff_t i, ptrdiff_t lanes, int slots)
{
#pragma GCC unroll 3
    for (int k = 0; k < CR_MAX_SLOTS; k++)
        if (slots >> k & 1)
            state[k] = load_lanes(b->slot[k] + i, lanes);
}

/* Writes them. */
INLINE void store_state(const V *state, const block_sweep *b, ptrdiff_t i, ptrdiff_t lanes,
                        int slots)
{
#pragma GCC unroll 3
    for (int k = 0; k < CR_MAX_SLOTS; k++)
        if (slots >> k & 1)
            store_lanes(b->slot[k] + i, state[k], lanes);
}

/* Adds weights to the sums of their block's penalty (stage 1), as they are before the step. */
INLINE void add_to_penalty(block_sweep *b, V weights, sweep_kind kind)
{
    if (kind.penalized || kind.proximal) {
        b->absolute += vabs(weights);
        if (kind.penalized || kind.shrinks)
            b->square += weights * weights;
    }
}

/* One vector of weights through all stages. A stage that is not wanted costs nothing, for `kind` is
 * known at compile time. */
INLINE void sweep_vector(block_sweep *b, ptrdiff_t i, ptrdiff_t lanes, step_function step,
                         sweep_kind kind)
{
    V state[CR_STEP_VECTORS] = {{0}};
    V weights = load_lanes(b->w + i, lanes);
    V gradient = load_gradient(b->gradients, i, lanes);
    load_state(state, b, i, lanes, kind.slots);
    add_to_penalty(b, weights, kind); /* stage 1 */
    if (kind.penalized)
        gradient += penalty_gradient(weights, b->l1, b->l2);
    if (kind.clipped) { /* stages 2 and 3 */
        gradient = vmin(splat(b->limit), vmax(splat(-b->limit), gradient * b->grad_scale));
        weights -= weights * b->shrink;
    }
    scale_proximal(state, splat(1), 1, kind);
    weights = step(b->constants, state, weights, gradient, kind); /* stage 4 */
    if (kind.proximal)                                            /* stage 5 */
        weights = proximal_point(weights, state, kind);
    store_lanes(b->w + i, weights, lanes);
    store_state(state, b, i, lanes, kind.slots);
}

/* How many vectors are in flight. */
enum { CR_FLYING = 5 };

/* What a part of a vector's step leaves for the next one; of the first part only kept[0] counts. */
typedef struct {
    V kept[CR_KEPT];
} flight;

/* Takes the vector at i through the next part of its step; the last one stores its new weights,
 * the proximal stage done. */
INLINE flight fly(block_sweep *b, ptrdiff_t i, flight from, int part, step_function step,
                  sweep_kind kind)
{
    V state[CR_STEP_VECTORS], weights = {0}, gradient = {0};
    kind.parts = part;
    load_state(state, b, i, VL, kind.slots);
    for (int k = 0; k < CR_KEPT && part != CR_TO_ROOT; k++)
        KEPT(state)[k] = from.kept[k];
    if (part == CR_TO_ROOT)
        gradient = load_gradient(b->gradients, i, VL);
    if (part == CR_TO_WEIGHT) {
        scale_proximal(state, splat(1), 1, kind);
        weights = load(b->w + i);
        add_to_penalty(b, weights, kind);
    }
    weights = step(b->constants, state, weights, gradient, kind);
    if (part == CR_TO_ROOT)
        store_state(state, b, i, VL, kind.slots);
    if (part == CR_TO_WEIGHT)
        store(b->w + i, proximal_point(weights, state, kind));
    else
        for (int k = 0; k < (part == CR_TO_QUOTIENT && kind.scaled ? CR_KEPT : 1); k++)
            from.kept[k] = KEPT(state)[k];
    return from;
}

/* Takes most of the block's whole vectors through the stages 1, 4 and 5, CR_FLYING at a time: while
 * one gets its weights and the next one waits for its quotient, three wait for their roots, and the
 * moments of a fifth are worked out. (What a vector has to do is longer than processors look
 * ahead.) Roots stay in registers, for the rounds are unrolled. Returns how many elements are done.
 */
INLINE ptrdiff_t sweep_in_flight(block_sweep *b, ptrdiff_t n, step_function step, sweep_kind kind)
{
#define FLY(k, from, part) fly(b, i + (k) * VL, from, part, step, kind)
    flight roots[CR_FLYING] = {{{{0}}}}, next; /* roots[k]: of the vector i + k */
    ptrdiff_t i = 0;
    if (n < CR_FLYING * VL)
        return 0;
#pragma GCC unroll 5
    for (int k = 0; k < CR_FLYING; k++)
        roots[k] = FLY(k, roots[k], CR_TO_ROOT);
    next = FLY(0, roots[0], CR_TO_QUOTIENT);
    for (; i + 2 * CR_FLYING * VL <= n; i += CR_FLYING * VL) {
#pragma GCC unroll 5
        for (int k = 0; k < CR_FLYING; k++) {
            const int after = (k + 1) % CR_FLYING;
            roots[k] = FLY(k + CR_FLYING, roots[k], CR_TO_ROOT);
            FLY(k, next, CR_TO_WEIGHT);
            next = FLY(k + 1, roots[after], CR_TO_QUOTIENT);
        }
    }
    FLY(0, next, CR_TO_WEIGHT);
#pragma GCC unroll 4
    for (int k = 1; k < CR_FLYING; k++)
        FLY(k, FLY(k, roots[k], CR_TO_QUOTIENT), CR_TO_WEIGHT);
#undef FLY
    return i + CR_FLYING * VL;
}

/* One block of one segment through all stages; returns the penalty of the weights as they were. */
INLINE double sweep_block(const cr_update_args *g, const block_walk *at, const void *constants,
                          step_function step, sweep_kind kind)
{
    const cr_segment *segment = at->segment;
    const double rate = g->hyper->learning_rate * segment->rate;
    const V zeros = {0};
    block_sweep b = {
        .w = (T *)segment->w + at->from,
        .gradients = gradient_of(at, g->gradients, &zeros),
        .constants = constants,
        .l1 = (T)segment->l1,
        .l2 = (T)segment->l2,
        .grad_scale = (T)(g->scales ? g->scales[at->s] : 1),
        .limit = (T)g->hyper->clipvalue,
        .shrink = (T)segment->decay * (T)rate,
    };
#pragma GCC unroll 3
    for (int k = 0; k < CR_MAX_SLOTS; k++)
        b.slot[k] = kind.slots >> k & 1 ? (T *)segment->slot[k] + at->from : NULL;
    kind.threshold = (T)(rate * segment->proximal_l1);
    kind.shrinkage = (T)(rate * 2 * segment->proximal_l2);
    kind.least = segment->scaling == CR_CAPPED ? (T)segment->proximal_l1 : 0;
    if (kind.in_flight) {
        for (ptrdiff_t i = sweep_in_flight(&b, at->n, step, kind); i < at->n; i += VL)
            sweep_vector(&b, i, at->n - i < VL ? at->n - i : VL, step, kind);
    } else if (kind.small)
        EACH_VECTOR_SMALL (i, lanes, at->n)
            sweep_vector(&b, i, lanes, step, kind);
    else
        EACH_VECTOR (i, lanes, at->n)
            sweep_vector(&b, i, lanes, step, kind);
    return kind.penalized || kind.proximal ? penalty_of(segment, b.absolute, b.square) : 0;
}

#endif
