/* The bodies of the rules (rules.h has names and formulas): for each rule <name>
 *
 *   <name>_constants  what a step computes with, in T
 *   <name>_prepare    works the constants out, once a call
 *   <name>_step       takes one vector of weights, its gradient and its state one step further:
 *                     returns the new weights and leaves the new state in `state`
 *
 * The sweep of update.c is compiled once for each rule, with its step inlined; the step takes void
 * pointers so that all have one type. `kind` is known at compile time: asking it costs nothing.
 */
#ifndef COREREG_RULE_STEPS_H
#define COREREG_RULE_STEPS_H

#include "simd.h"

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

/* a as it is, rounded: the product that made it cannot be fused with what it is used for. */
INLINE V rounded(V a)
{
#if defined(__x86_64__)
    __asm__("" : "+v"(a));
#elif defined(__aarch64__)
    __asm__("" : "+w"(a));
#endif
    return a;
}

/* What a sweep is compiled for. */
typedef struct {
    int slots;     /* which state arrays exist, a bit each: ask HAS(rule, slot) */
    int penalized; /* whether the L1/L2 penalty's gradient and value are wanted */
    int clipped;   /* whether the gradient is scaled or clipped, or the weights decay */
} sweep_kind;
#define HAS(rule, slot) (kind.slots >> (offsetof(rule##_state, slot) / sizeof(V)) & 1)

typedef V (*step_function)(const void *constants, void *state, V w, V g, sweep_kind kind);

/* ---- sgd ----------------------------------------------------------------------------------- */

typedef struct {
    T learning_rate;
} sgd_constants;

INLINE sgd_constants sgd_prepare(const cr_hyper *hyper)
{
    return (sgd_constants){(T)hyper->learning_rate};
}

INLINE V sgd_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const sgd_constants *c = constants;
    (void)state, (void)kind;
    return w - c->learning_rate * g;
}

/* ---- momentum, nesterov -------------------------------------------------------------------- */

typedef struct {
    T learning_rate, momentum;
} momentum_constants;

INLINE momentum_constants momentum_prepare(const cr_hyper *hyper)
{
    return (momentum_constants){(T)hyper->learning_rate, (T)OWN(momentum, hyper)->momentum};
}

INLINE V momentum_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const momentum_constants *c = constants;
    momentum_state *s = state;
    (void)kind;
    s->momentum = c->momentum * s->momentum - c->learning_rate * g;
    return w + s->momentum;
}

typedef momentum_constants nesterov_constants;

INLINE nesterov_constants nesterov_prepare(const cr_hyper *hyper)
{
    return (nesterov_constants){(T)hyper->learning_rate, (T)OWN(nesterov, hyper)->momentum};
}

INLINE V nesterov_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const nesterov_constants *c = constants;
    nesterov_state *s = state;
    (void)kind;
    s->momentum = c->momentum * s->momentum - c->learning_rate * g;
    return w + (c->momentum * s->momentum - c->learning_rate * g);
}

/* ---- rmsprop ------------------------------------------------------------------------------- */

typedef struct {
    T learning_rate, rho, one_minus_rho, momentum, epsilon;
} rmsprop_constants;

INLINE rmsprop_constants rmsprop_prepare(const cr_hyper *hyper)
{
    const rmsprop_hyper *own = OWN(rmsprop, hyper);
    return (rmsprop_constants){
        .learning_rate = (T)hyper->learning_rate,
        .rho = (T)own->rho,
        .one_minus_rho = (T)(1 - own->rho), /* rounded once: in float 1 - .999f is off by 1e-5 */
        .momentum = (T)own->momentum,
        .epsilon = (T)own->epsilon,
    };
}

INLINE V rmsprop_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const rmsprop_constants *c = constants;
    rmsprop_state *s = state;
    V scale = s->velocity = c->rho * s->velocity + c->one_minus_rho * g * g;
    if (HAS(rmsprop, average_gradient)) {
        s->average_gradient = c->rho * s->average_gradient + c->one_minus_rho * g;
        scale -= s->average_gradient * s->average_gradient;
    }
    const V step = over_root(c->learning_rate * g, scale + c->epsilon, (V){0});
    if (!HAS(rmsprop, momentum))
        return w - step;
    s->momentum = c->momentum * s->momentum + step;
    return w - s->momentum;
}

/* ---- adam ---------------------------------------------------------------------------------- */

typedef struct {
    T alpha; /* lr sqrt(1-beta_2^t) / (1-beta_1^t) */
    T one_minus_beta_1, one_minus_beta_2, epsilon;
} adam_constants;

INLINE adam_constants adam_prepare(const cr_hyper *hyper)
{
    const adam_hyper *own = OWN(adam, hyper);
    const double t = (double)hyper->step + 1;
    return (adam_constants){
        .alpha =
            (T)(hyper->learning_rate * sqrt(1 - pow(own->beta_2, t)) / (1 - pow(own->beta_1, t))),
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .one_minus_beta_2 = (T)(1 - own->beta_2),
        .epsilon = (T)own->epsilon,
    };
}

INLINE V adam_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const adam_constants *c = constants;
    adam_state *s = state;
    /* Where no stage comes before, the square is rounded by itself, elsewhere it may be fused with
     * the subtraction: both are right, and this is what these loops have always computed. */
    const V square = kind.penalized || kind.clipped ? g * g : rounded(g * g);
    s->momentum += c->one_minus_beta_1 * (g - s->momentum);
    s->velocity += c->one_minus_beta_2 * (square - s->velocity);
    V second = s->velocity;
    if (HAS(adam, velocity_hat))
        second = s->velocity_hat = vmax(s->velocity_hat, second);
    return w - over_root(c->alpha * s->momentum, second, splat(c->epsilon));
}

#endif
