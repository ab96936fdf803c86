/* What the bodies of the rules (rule_steps.h, rule_adam.h) have in common: how they see their
 * hyperparameters and their state, what a sweep is compiled for, and roots and quotients. */
#ifndef COREREG_RULE_FRAME_H
#define COREREG_RULE_FRAME_H

#include "rounded.h"

#include <float.h>

/* <name>_hyper: the rule's hyperparameters by name, in the memory of cr_hyper.own;
 * <name>_state: one vector of each of its state arrays by name. */
#define CR_NUMBER(name) double name;
#define CR_VECTOR(name) V name;
#define CR_STRUCTS(unused, rule)                                               \
    typedef struct __attribute__((may_alias)) {                                \
        CR_RULE_##rule(CR_NUMBER, CR_NOTHING, CR_NOTHING)                      \
    } rule##_hyper;                                                            \
    typedef struct __attribute__((may_alias)) {                                \
        CR_RULE_##rule(CR_NOTHING, CR_VECTOR, CR_VECTOR)                       \
    } rule##_state;
CR_RULES(CR_STRUCTS, )

#define OWN(rule, hyper) ((const rule##_hyper *)(hyper)->own)

/* The parts of a step that is taken in three: see adam_step, and sweep_in_flight in sweep.h. Other
 * steps are taken whole and do not ask. */
enum { CR_TO_ROOT = 1, CR_TO_QUOTIENT = 2, CR_TO_WEIGHT = 4, CR_WHOLE = 7 };

/* What a sweep is compiled for. */
typedef struct {
    int slots;     /* which state arrays exist, a bit each: ask HAS(rule, slot) */
    int penalized; /* whether the L1/L2 penalty's gradient and value are wanted */
    int clipped;   /* whether the gradient is scaled or clipped, or the weights decay */
    int proximal;  /* whether the step ends with the proximal stage, */
    int shrinks;   /* which may have a part of L2, */
    int scaled;    /* and which the step scales (maybe known only when the sweep runs); */
    T threshold, shrinkage, least; /* its numbers (likewise): see scale_proximal */
    int in_flight;                 /* whether steps overlap: see sweep_in_flight in sweep.h */
    int small;                     /* whether the loop shall be small rather than fast */
    int parts;                     /* which parts of the step are wanted, a bit each */
} sweep_kind;
#define HAS(rule, slot) (kind.slots >> (offsetof(rule##_state, slot) / sizeof(V)) & 1)

typedef void (*prepare_function)(const cr_hyper *hyper, void *constants);
typedef V (*step_function)(const void *constants, void *state, V w, V g, sweep_kind kind);

/* The vectors of a step: its state arrays; behind them what a part of a step leaves for the next
 * one, KEPT; and the numbers of the proximal stage, which scale_proximal may change. */
enum { CR_KEPT = 3, CR_STEP_VECTORS = CR_MAX_SLOTS + CR_KEPT + 2 };
#define KEPT(state) ((V *)(state) + CR_MAX_SLOTS)
#define THRESHOLD(state) (((V *)(state))[CR_MAX_SLOTS + CR_KEPT])
#define SHRINKAGE(state) (((V *)(state))[CR_MAX_SLOTS + CR_KEPT + 1])

/* Sets the numbers of the proximal stage: lr l1 d and 2 lr l2 d, d = metric * unit. Without scaling
 * d is 1; a step that divides by the size of gradients sets it if kind.proximal and kind.scaled are
 * set: 1 / what it divides by, with at least kind.least in place of its epsilon. */
INLINE void scale_proximal(void *state, V metric, T unit, sweep_kind kind)
{
    THRESHOLD(state) = kind.threshold * unit * metric;
    if (kind.shrinks)
        SHRINKAGE(state) = kind.shrinkage * unit * metric;
}

/* Gives epsilon, or what counts in its place if it is less: two roots of which one may be 0 are
 * then divided by through their product, 1 / (a b), without a division by 0. */
INLINE T at_least(T least, T epsilon) { return epsilon > least ? epsilon : least; }

/* Gives g for the rules that divide by the size of past gradients: what is beyond a power of two
 * whose square is far below the largest number counts as that, so that no average of squares
 * overflows and no step is larger than the learning rate allows. Infinity counts so too, NaN stays.
 */
INLINE V bounded(V g)
{
    const T most = CR_F64 ? (T)0x1p511 : (T)0x1p63;
    return vmin(splat(most), vmax(splat(-most), g));
}

/* Gives a sum of squares that stays at the largest number where it would overflow. */
INLINE V sum_of_squares(V sum, V g)
{
    return vmin(splat(CR_F64 ? (T)DBL_MAX : (T)FLT_MAX), sum + g * g);
}

/* root and quotient give sqrt(a) and a / b, for a >= 0 in `root`; by estimates as in `inverse`
 * where there are some. */
#if defined(__AVX512F__) && !CR_F64
INLINE V root(V a)
{
    const V estimate = _mm512_rsqrt14_ps(vmax(splat(1e-37f), a)); /* finite; NaN passes */
    const V product = a * estimate;
    return product * ((T)1.5 - (T)0.5 * (product * estimate));
}
INLINE V quotient(V a, V b) { return a * inverse(b); }
#else
INLINE V root(V a) { return vsqrt(a); }
INLINE V quotient(V a, V b) { return a / b; }
#endif

/* Gives a / (sqrt(b) + c) for b >= 0, c >= 0. */
INLINE V over_root(V a, V b, V c) { return quotient(a, root(b) + c); }

/* Whether this step makes an update: each does, or the last of `accumulation`. */
INLINE int makes_update(const cr_hyper *hyper)
{
    return hyper->accumulation == 1 || (hyper->step + 1) % hyper->accumulation == 0;
}

/* Whether the last step, which has been counted, made an update. */
INLINE int made_update(const cr_hyper *hyper) { return hyper->step % hyper->accumulation == 0; }

/* Gives t: which update this is, from 1. */
INLINE double update_number(const cr_hyper *hyper)
{
    const int64_t done = hyper->accumulation == 1 ? hyper->step : hyper->step / hyper->accumulation;
    return (double)done + 1;
}

#endif
