/* Penalties, clipping and the optimizers: one sweep over a variable's weights, gradient and
 * state does the penalty's gradient and value, clipping, weight decay and the rule. */
#include "activate.h"

typedef struct { /* cr_hyper in T, worked out once a call */
    T rate, beta1, beta2, epsilon, clip;
    T one_minus_beta1,
        one_minus_beta2; /* 1 - beta, rounded once: in float 1 - .999f is off by 1e-5 */
    T alpha;             /* adam: rate * sqrt(1-b2^t) / (1-b1^t) */
} constants;

typedef struct { /* one vector of a variable's state */
    V w, s[3];
} state;

typedef V (*rule)(const constants *c, state *v, V g, const int slots);

INLINE V rule_sgd(const constants *c, state *v, V g, const int slots)
{
    (void)slots;
    return v->w - c->rate * g;
}

INLINE V rule_momentum(const constants *c, state *v, V g, const int slots)
{
    (void)slots;
    v->s[0] = c->beta1 * v->s[0] - c->rate * g;
    return v->w + v->s[0];
}

INLINE V rule_nesterov(const constants *c, state *v, V g, const int slots)
{
    (void)slots;
    v->s[0] = c->beta1 * v->s[0] - c->rate * g;
    return v->w + (c->beta1 * v->s[0] - c->rate * g);
}

INLINE V rule_rmsprop(const constants *c, state *v, V g, const int slots)
{
    V scale = v->s[0] = c->beta1 * v->s[0] + c->one_minus_beta1 * g * g;
    if (slots & 4) {
        v->s[2] = c->beta1 * v->s[2] + c->one_minus_beta1 * g;
        scale -= v->s[2] * v->s[2];
    }
    const V step = over_root(c->rate * g, scale + c->epsilon, (V){0});
    if (!(slots & 2))
        return v->w - step;
    v->s[1] = c->beta2 * v->s[1] + step;
    return v->w - v->s[1];
}

INLINE V rule_adam(const constants *c, state *v, V g, const int slots)
{
    v->s[0] += c->one_minus_beta1 * (g - v->s[0]);
    v->s[1] += c->one_minus_beta2 * (g * g - v->s[1]);
    V second = v->s[1];
    if (slots & 4)
        second = v->s[2] = vmax(v->s[2], second);
    return v->w - over_root(c->alpha * v->s[0], second, splat(c->epsilon));
}

INLINE V penalty_gradient(V w, T l1, T l2) { return l1 * vsign(w) + 2 * l2 * w; }

/* of the sums of absolute values and of squares: one that does not count may be infinite */
INLINE double penalty_of(const cr_segment *segment, V absolute, V square)
{
    return (segment->l1 != 0 ? segment->l1 * (double)lane_sum(absolute) : 0) +
           (segment->l2 != 0 ? segment->l2 * (double)lane_sum(square) : 0);
}

/* One block of one segment. `slots` says which state arrays exist (a bit each). */
INLINE double sweep_block(const cr_segment *segment, const void *gradients, const constants *c,
                          double scale, ptrdiff_t from, ptrdiff_t n, rule update, const int slots,
                          const int penalized, const int clipped)
{
    T *w = (T *)segment->w + from;
    const T *g = gradients ? (const T *)gradients + from : NULL;
    T *s0 = slots & 1 ? (T *)segment->slot[0] + from : NULL;
    T *s1 = slots & 2 ? (T *)segment->slot[1] + from : NULL;
    T *s2 = slots & 4 ? (T *)segment->slot[2] + from : NULL;
    const T l1 = (T)segment->l1, l2 = (T)segment->l2, by = (T)scale;
    const T shrink = (T)segment->decay * c->rate;
    V absolute = {0}, square = {0};
    SPAN(state v; v.w = GET(w); V gradient = g ? GET(g) : (V){0};
         if (slots & 1) v.s[0] = GET(s0);
         if (slots & 2) v.s[1] = GET(s1);
         if (slots & 4) v.s[2] = GET(s2);
         if (penalized) {
             absolute += vabs(v.w);
             square += v.w * v.w;
             gradient += penalty_gradient(v.w, l1, l2);
         }
         if (clipped) gradient = vmin(splat(c->clip), vmax(splat(-c->clip), gradient * by));
         if (clipped) v.w -= v.w * shrink;
         PUT(w, update(c, &v, gradient, slots));
         if (slots & 1) PUT(s0, v.s[0]);
         if (slots & 2) PUT(s1, v.s[1]);
         if (slots & 4) PUT(s2, v.s[2]););
    return penalized ? penalty_of(segment, absolute, square) : 0;
}

/* Walks this rank's blocks; body sees `segment`, its index `s`, the block's number `block`, its
 * first element `from` and its length `n`. */
#define EACH_BLOCK(args)                                                                   \
    ptrdiff_t begin, end, first = 0;                                                       \
    share((args)->blocks, 1, rank, size, &begin, &end);                                    \
    for (ptrdiff_t s = 0; s < (args)->count && first < end; s++) {                         \
        const cr_segment *segment = (args)->segments + s;                                  \
        const ptrdiff_t blocks = segment->n ? (segment->n + CR_BLOCK - 1) / CR_BLOCK : 1;  \
        const ptrdiff_t last = first + blocks < end ? first + blocks : end;                \
        for (ptrdiff_t block = begin > first ? begin : first; block < last; block++) {     \
            const ptrdiff_t from = (block - first) * CR_BLOCK;                             \
            const ptrdiff_t n = segment->n - from < CR_BLOCK ? segment->n - from : CR_BLOCK;

#define END_EACH_BLOCK \
    }                  \
    first += blocks;   \
    }

INLINE void sweep(const cr_update_args *g, ptrdiff_t rank, ptrdiff_t size, rule update,
                  const int slots)
{
    const cr_hyper *h = g->hyper;
    const constants c = {
        .rate = (T)h->learning_rate,
        .beta1 = (T)h->beta1,
        .beta2 = (T)h->beta2,
        .epsilon = (T)h->epsilon,
        .clip = (T)h->clipvalue,
        .one_minus_beta1 = (T)(1 - h->beta1),
        .one_minus_beta2 = (T)(1 - h->beta2),
        .alpha = (T)(update == rule_adam
                         ? h->learning_rate * sqrt(1 - pow(h->beta2, (double)h->step + 1)) /
                               (1 - pow(h->beta1, (double)h->step + 1))
                         : 0)};
    /* rules with more state than most have one loop that does it all: less code */
    const int rare = (slots & 4) || (slots == 3 && update == rule_rmsprop);
    EACH_BLOCK(g)
    const double scale = g->scales ? g->scales[s] : 1;
    double *sum = g->penalty + block;
    if (rare || g->scales || isfinite(h->clipvalue) || segment->decay != 0)
        *sum = sweep_block(segment, g->gradients[s], &c, scale, from, n, update, slots, 1, 1);
    else if (segment->l1 != 0 || segment->l2 != 0)
        *sum = sweep_block(segment, g->gradients[s], &c, scale, from, n, update, slots, 1, 0);
    else
        *sum = sweep_block(segment, g->gradients[s], &c, scale, from, n, update, slots, 0, 0);
    END_EACH_BLOCK
}

/* which state arrays the segments have; all segments have the same */
static int slots_of(const cr_update_args *g)
{
    int slots = 0;
    for (int i = 0; g->count && i < 3; i++)
        slots |= (g->segments[0].slot[i] != NULL) << i;
    return slots;
}

KERNEL(update_sgd) { sweep(arguments, rank, size, rule_sgd, 0); }
KERNEL(update_momentum) { sweep(arguments, rank, size, rule_momentum, 1); }
KERNEL(update_nesterov) { sweep(arguments, rank, size, rule_nesterov, 1); }

KERNEL(update_rmsprop)
{
    switch (slots_of(arguments)) {
    case 1: sweep(arguments, rank, size, rule_rmsprop, 1); break;
    case 3: sweep(arguments, rank, size, rule_rmsprop, 3); break;
    case 5: sweep(arguments, rank, size, rule_rmsprop, 5); break;
    case 7: sweep(arguments, rank, size, rule_rmsprop, 7); break;
    }
}

KERNEL(update_adam)
{
    if (slots_of(arguments) == 7)
        sweep(arguments, rank, size, rule_adam, 7);
    else
        sweep(arguments, rank, size, rule_adam, 3);
}

KERNEL(penalty)
{
    const cr_sums_args *g = arguments;
    EACH_BLOCK(g)
    const T *w = (const T *)segment->w + from;
    V absolute = {0}, square = {0};
    SPAN(const V v = GET(w); absolute += vabs(v); square += v * v;);
    g->sums[block] = penalty_of(segment, absolute, square);
    END_EACH_BLOCK
}

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
    SPAN(PUT(dw, penalty_gradient(GET(w), l1, l2)););
}

KERNEL(gradient_norms)
{
    const cr_sums_args *g = arguments;
    EACH_BLOCK(g)
    const T *w = (const T *)segment->w + from;
    const T *gradient = g->gradients[s] ? (const T *)g->gradients[s] + from : NULL;
    const T l1 = (T)segment->l1, l2 = (T)segment->l2;
    V sum = {0};
    SPAN(const V d = (gradient ? GET(gradient) : (V){0}) + penalty_gradient(GET(w), l1, l2);
         sum += d * d;);
    g->sums[block] = (double)lane_sum(sum);
    END_EACH_BLOCK
}

KERNEL(clip_scales)
{
    const cr_clip_scales_args *g = arguments;
    double all = 0;
    ptrdiff_t block = 0;
    (void)size;
    if (rank)
        return;
    for (ptrdiff_t s = 0; s < g->count; s++) {
        const ptrdiff_t n = g->segments[s].n, blocks = n ? (n + CR_BLOCK - 1) / CR_BLOCK : 1;
        double sum = 0;
        for (ptrdiff_t i = 0; i < blocks; i++)
            sum += g->sums[block++];
        all += sum;
        g->scales[s] = g->limit / fmax(g->limit, sqrt(sum));
    }
    for (ptrdiff_t s = 0; g->global && s < g->count; s++)
        g->scales[s] = g->limit / fmax(g->limit, sqrt(all));
}
