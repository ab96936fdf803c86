/* The bodies of the rules (rules.h has names and formulas): for each rule <name>
 *
 *   <name>_constants  what a step computes with, in T
 *   <name>_prepare    works the constants out, once a call
 *   <name>_step       takes one vector of weights, its gradient and its state one step further:
 *                     returns the new weights and leaves the new state in `state`
 *
 * Those of Adam and its like are in rule_adam.h, what all see in rule_frame.h.
 *
 * The sweep of update.c is compiled once for each rule, with its step inlined; the step takes void
 * pointers so that all have one type. `kind` is known at compile time: asking it costs nothing.
 */
#ifndef COREREG_RULE_STEPS_H
#define COREREG_RULE_STEPS_H

#include "rule_adam.h"

/* ---- sgd ----------------------------------------------------------------------------------- */

typedef struct {
    T learning_rate;
} sgd_constants;

/* Works out the constants of sgd. */
INLINE sgd_constants sgd_prepare(const cr_hyper *hyper)
{
    return (sgd_constants){(T)hyper->learning_rate};
}

/* Takes a step: w - lr g. */
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

/* Works out the constants of momentum. */
INLINE momentum_constants momentum_prepare(const cr_hyper *hyper)
{
    return (momentum_constants){(T)hyper->learning_rate, (T)OWN(momentum, hyper)->momentum};
}

/* Takes a step: m = mu m - lr g; w + m. */
INLINE V momentum_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const momentum_constants *c = constants;
    momentum_state *s = state;
    (void)kind;
    s->momentum = c->momentum * s->momentum - c->learning_rate * g;
    return w + s->momentum;
}

typedef momentum_constants nesterov_constants;

/* Works out the constants of nesterov. */
INLINE nesterov_constants nesterov_prepare(const cr_hyper *hyper)
{
    return (nesterov_constants){(T)hyper->learning_rate, (T)OWN(nesterov, hyper)->momentum};
}

/* Takes a step: m = mu m - lr g; w + mu m - lr g. */
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

/* Works out the constants of rmsprop. */
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

/* Takes a step: v of g^2; w - lr g / sqrt(v + eps), centered or with momentum if asked. */
INLINE V rmsprop_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const rmsprop_constants *c = constants;
    rmsprop_state *s = state;
    g = bounded(g);
    V scale = s->velocity = c->rho * s->velocity + c->one_minus_rho * g * g;
    if (HAS(rmsprop, average_gradient)) {
        s->average_gradient = c->rho * s->average_gradient + c->one_minus_rho * g;
        scale = vmax((V){0}, scale - s->average_gradient * s->average_gradient);
    }
    V step;
    if (kind.proximal && kind.scaled) { /* 1 / (sqrt(v + eps) + least), too */
        const V divisor = root(scale + at_least((T)1e-36, c->epsilon));
        const V other = divisor + kind.least, both = inverse(divisor * other);
        scale_proximal(state, divisor * both, 1, kind);
        step = c->learning_rate * g * (other * both);
    } else
        step = over_root(c->learning_rate * g, scale + c->epsilon, (V){0});
    if (!HAS(rmsprop, momentum))
        return w - step;
    s->momentum = c->momentum * s->momentum + step;
    return w - s->momentum;
}

/* ---- adagrad, adadelta ---------------------------------------------------------------------- */

typedef struct {
    T learning_rate, epsilon;
} adagrad_constants;

/* Works out the constants of adagrad. */
INLINE adagrad_constants adagrad_prepare(const cr_hyper *hyper)
{
    return (adagrad_constants){(T)hyper->learning_rate, (T)OWN(adagrad, hyper)->epsilon};
}

/* Takes a step: a = a + g^2; w - lr g / sqrt(a + eps). */
INLINE V adagrad_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const adagrad_constants *c = constants;
    adagrad_state *s = state;
    (void)kind;
    g = bounded(g);
    s->accumulator = sum_of_squares(s->accumulator, g);
    return w - over_root(c->learning_rate * g, s->accumulator + c->epsilon, (V){0});
}

typedef struct {
    T learning_rate, rho, one_minus_rho, epsilon;
} adadelta_constants;

/* Works out the constants of adadelta. */
INLINE adadelta_constants adadelta_prepare(const cr_hyper *hyper)
{
    const adadelta_hyper *own = OWN(adadelta, hyper);
    return (adadelta_constants){
        .learning_rate = (T)hyper->learning_rate,
        .rho = (T)own->rho,
        .one_minus_rho = (T)(1 - own->rho),
        .epsilon = (T)own->epsilon,
    };
}

/* Takes a step: a of g^2; d = g sqrt(b + eps) / sqrt(a + eps); b of d^2; w - lr d. */
INLINE V adadelta_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const adadelta_constants *c = constants;
    adadelta_state *s = state;
    (void)kind;
    g = bounded(g);
    s->accumulated_grad = c->rho * s->accumulated_grad + c->one_minus_rho * g * g;
    const V change = over_root(g * vsqrt(s->accumulated_delta_var + c->epsilon),
                               s->accumulated_grad + c->epsilon, (V){0});
    s->accumulated_delta_var =
        c->rho * s->accumulated_delta_var + c->one_minus_rho * change * change;
    return w - c->learning_rate * change;
}

/* ---- ftrl, lion ---------------------------------------------------------------------------- */

typedef struct {
    T over_rate; /* 1 / lr; 0 for a rate of 0 */
    T l1, twice_l2, twice_shrinkage, power;
} ftrl_constants;

/* Works out the constants of ftrl. */
INLINE ftrl_constants ftrl_prepare(const cr_hyper *hyper)
{
    const ftrl_hyper *own = OWN(ftrl, hyper);
    const double over_rate = hyper->learning_rate > 0 ? 1 / hyper->learning_rate : 0;
    return (ftrl_constants){
        .over_rate = (T)over_rate,
        .l1 = (T)own->l1_regularization_strength,
        .twice_l2 = (T)(2 * own->l2_regularization_strength + own->beta * over_rate),
        .twice_shrinkage = (T)(2 * own->l2_shrinkage_regularization_strength),
        .power = (T)-own->learning_rate_power,
    };
}

/* Gives a^power for a >= 0: nearly always a root. */
INLINE V power_of(V a, T power)
{
    if (power == (T)0.5)
        return vsqrt(a);
    for (int i = 0; i < VL; i++)
        a[i] = (T)pow((double)a[i], (double)power);
    return a;
}

/* Takes a step: the leader of all gradients so far, with L1 and L2. */
INLINE V ftrl_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const ftrl_constants *c = constants;
    ftrl_state *s = state;
    (void)kind;
    g = bounded(g);
    if (c->over_rate == 0)
        return w;
    const V before = power_of(s->accumulator, c->power);
    s->accumulator = sum_of_squares(s->accumulator, g);
    const V scale = power_of(s->accumulator, c->power);
    s->linear += g + c->twice_shrinkage * w - (scale - before) * c->over_rate * w;
    const V kept = vmin(splat(c->l1), vmax(splat(-c->l1), s->linear));
    return (kept - s->linear) / (scale * c->over_rate + c->twice_l2);
}

typedef struct {
    T learning_rate, beta_1, one_minus_beta_1, beta_2, one_minus_beta_2;
} lion_constants;

/* Works out the constants of lion. */
INLINE lion_constants lion_prepare(const cr_hyper *hyper)
{
    const lion_hyper *own = OWN(lion, hyper);
    return (lion_constants){
        .learning_rate = (T)hyper->learning_rate,
        .beta_1 = (T)own->beta_1,
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .beta_2 = (T)own->beta_2,
        .one_minus_beta_2 = (T)(1 - own->beta_2),
    };
}

/* Takes a step: w - lr sign(beta_1 m + (1-beta_1) g); m of g. */
INLINE V lion_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const lion_constants *c = constants;
    lion_state *s = state;
    (void)kind;
    const V direction = vsign(c->beta_1 * s->momentum + c->one_minus_beta_1 * g);
    s->momentum = c->beta_2 * s->momentum + c->one_minus_beta_2 * g;
    return w - c->learning_rate * direction;
}

/* ---- adafactor, muon ------------------------------------------------------------------------ */

typedef struct {
    T unused;
} adafactor_constants;

/* Has nothing to work out. */
INLINE adafactor_constants adafactor_prepare(const cr_hyper *hyper)
{
    (void)hyper;
    return (adafactor_constants){0};
}

/* Leaves the gradient, as the stages before have made it. */
INLINE V adafactor_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    adafactor_state *s = state;
    (void)constants, (void)kind;
    s->velocity = s->velocity + 0;
    s->update = bounded(g);
    return w + 0; /* flushes denormals */
}

typedef struct {
    T momentum, nesterov;
} muon_constants;

/* Works out the constants of muon. */
INLINE muon_constants muon_prepare(const cr_hyper *hyper)
{
    const muon_hyper *own = OWN(muon, hyper);
    return (muon_constants){(T)own->momentum, (T)own->nesterov};
}

/* Leaves the momentum, or Nesterov's form of it. */
INLINE V muon_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const muon_constants *c = constants;
    muon_state *s = state;
    (void)kind;
    s->momentum = c->momentum * s->momentum + g;
    s->update = c->nesterov != 0 ? g + c->momentum * s->momentum : s->momentum;
    return w + 0; /* flushes denormals */
}

#endif
