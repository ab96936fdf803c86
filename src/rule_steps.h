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
    int proximal;  /* whether the step ends with the proximal stage, */
    int shrinks;   /* which may have a part of L2, */
    int scaled;    /* and which METRIC scales (maybe known only when the sweep runs); */
    T least;       /* for it, the least that a number may be divided by (likewise) */
} sweep_kind;
#define HAS(rule, slot) (kind.slots >> (offsetof(rule##_state, slot) / sizeof(V)) & 1)

typedef void (*prepare_function)(const cr_hyper *hyper, void *constants);
typedef V (*step_function)(const void *constants, void *state, V w, V g, sweep_kind kind);

/* What thresholds are scaled by in the proximal stage: 1, unless a step that divides by the size of
 * gradients leaves something else here, as it does if kind.proximal and kind.scaled are set. */
#define METRIC(state) (((V *)(state))[CR_MAX_SLOTS])

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

/* Whether this step makes an update: each does, or the last of `accumulation`. */
INLINE int makes_update(const cr_hyper *hyper)
{
    return hyper->accumulation == 1 || (hyper->step + 1) % hyper->accumulation == 0;
}

/* Gives t: which update this is, from 1. */
INLINE double update_number(const cr_hyper *hyper)
{
    const int64_t done = hyper->accumulation == 1 ? hyper->step : hyper->step / hyper->accumulation;
    return (double)done + 1;
}

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
        const V root = vsqrt(scale + at_least((T)1e-36, c->epsilon));
        const V other = root + kind.least, both = inverse(root * other);
        METRIC(state) = root * both;
        step = c->learning_rate * g * (other * both);
    } else
        step = over_root(c->learning_rate * g, scale + c->epsilon, (V){0});
    if (!HAS(rmsprop, momentum))
        return w - step;
    s->momentum = c->momentum * s->momentum + step;
    return w - s->momentum;
}

/* ---- adam ---------------------------------------------------------------------------------- */

typedef struct {
    T alpha; /* lr sqrt(1-beta_2^t) / (1-beta_1^t) */
    T bias;  /* sqrt(1-beta_2^t): what sqrt(v) is too small by */
    T one_minus_beta_1, one_minus_beta_2, epsilon;
} adam_constants;

/* Works out the constants of adam. */
INLINE adam_constants adam_prepare(const cr_hyper *hyper)
{
    const adam_hyper *own = OWN(adam, hyper);
    const double t = update_number(hyper), bias = sqrt(1 - pow(own->beta_2, t));
    return (adam_constants){
        .alpha = (T)(hyper->learning_rate * bias / (1 - pow(own->beta_1, t))),
        .bias = (T)bias,
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .one_minus_beta_2 = (T)(1 - own->beta_2),
        .epsilon = (T)own->epsilon,
    };
}

/* Takes a step: m of g, v of g^2; w - alpha m / (sqrt(v) + eps), by v's maximum if asked. */
INLINE V adam_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const adam_constants *c = constants;
    adam_state *s = state;
    g = bounded(g);
    /* Where no stage comes before, the square is rounded by itself, elsewhere it may be fused with
     * the subtraction: both are right, and this is what these loops have always computed. */
    const V square = kind.penalized || kind.clipped ? g * g : rounded(g * g);
    s->momentum += c->one_minus_beta_1 * (g - s->momentum);
    s->velocity += c->one_minus_beta_2 * (square - s->velocity);
    V second = s->velocity;
    if (HAS(adam, velocity_hat))
        second = s->velocity_hat = vmax(s->velocity_hat, second);
    if (kind.proximal && kind.scaled) { /* 1 / (sqrt(v / (1-beta_2^t)) + max(eps, least)), too */
        const T least = c->bias * at_least(kind.least, c->epsilon);
        const V root = vsqrt(second), divisor = root + at_least((T)1e-18, c->epsilon);
        const V other = root + at_least((T)1e-18, least), both = inverse(divisor * other);
        METRIC(state) = c->bias * divisor * both;
        return w - c->alpha * s->momentum * (other * both);
    }
    return w - over_root(c->alpha * s->momentum, second, splat(c->epsilon));
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

/* ---- adamax, nadam ------------------------------------------------------------------------- */

typedef struct {
    T alpha; /* lr / (1-beta_1^t) */
    T one_minus_beta_1, beta_2, epsilon;
} adamax_constants;

/* Works out the constants of adamax. */
INLINE adamax_constants adamax_prepare(const cr_hyper *hyper)
{
    const adamax_hyper *own = OWN(adamax, hyper);
    return (adamax_constants){
        .alpha = (T)(hyper->learning_rate / (1 - pow(own->beta_1, update_number(hyper)))),
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .beta_2 = (T)own->beta_2,
        .epsilon = (T)own->epsilon,
    };
}

/* Takes a step: m of g; u = max(beta_2 u, |g|); w - alpha m / (u + eps). */
INLINE V adamax_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const adamax_constants *c = constants;
    adamax_state *s = state;
    (void)kind;
    g = bounded(g);
    s->momentum += c->one_minus_beta_1 * (g - s->momentum);
    s->norm = vmax(c->beta_2 * s->norm, vabs(g));
    return w - c->alpha * s->momentum / (s->norm + c->epsilon);
}

typedef struct {
    T of_momentum, of_gradient; /* with the learning rate */
    T over_velocity;            /* 1 / (1-beta_2^t) */
    T one_minus_beta_1, one_minus_beta_2, epsilon;
} nadam_constants;

/* Gives p(t), see rules.h. It is worked out anew at each step, so that no state has to be kept:
 * from some hundred factors on it is less than what 1 - p can show. */
INLINE double nadam_product(double beta_1, double t)
{
    double product = 1, power = 1;
    for (double i = 1; i <= t && product > 1e-20; i++) {
        power *= 0.96;
        product *= beta_1 * (1 - 0.5 * power);
        if (power < 1e-18) /* all further factors are beta_1 */
            return product * pow(beta_1, t - i);
    }
    return product;
}

/* Works out the constants of nadam. */
INLINE nadam_constants nadam_prepare(const cr_hyper *hyper)
{
    const nadam_hyper *own = OWN(nadam, hyper);
    const double t = update_number(hyper), lr = hyper->learning_rate;
    const double now = own->beta_1 * (1 - 0.5 * pow(0.96, t));
    const double next = own->beta_1 * (1 - 0.5 * pow(0.96, t + 1));
    const double product = nadam_product(own->beta_1, t);
    return (nadam_constants){
        .of_momentum = (T)(lr * next / (1 - product * next)),
        .of_gradient = (T)(lr * (1 - now) / (1 - product)),
        .over_velocity = (T)(1 / (1 - pow(own->beta_2, t))),
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .one_minus_beta_2 = (T)(1 - own->beta_2),
        .epsilon = (T)own->epsilon,
    };
}

/* Takes a step: Adam with Nesterov's momentum. */
INLINE V nadam_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const nadam_constants *c = constants;
    nadam_state *s = state;
    (void)kind;
    g = bounded(g);
    s->momentum += c->one_minus_beta_1 * (g - s->momentum);
    s->velocity += c->one_minus_beta_2 * (g * g - s->velocity);
    return w - over_root(c->of_momentum * s->momentum + c->of_gradient * g,
                         c->over_velocity * s->velocity, splat(c->epsilon));
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

#endif
