/* The bodies of Adam and of the rules that are like it (see rule_steps.h). */
#ifndef COREREG_RULE_ADAM_H
#define COREREG_RULE_ADAM_H

#include "rule_frame.h"

/* ---- adam ---------------------------------------------------------------------------------- */

typedef struct {
    T alpha; /* lr sqrt(1-beta_2^t) / (1-beta_1^t) */
    T bias;  /* sqrt(1-beta_2^t): what sqrt(v) is too small by */
    T unit;  /* bias / alpha: (1-beta_1^t) / lr; 0 where lr is */
    T one_minus_beta_1, one_minus_beta_2, epsilon;
} adam_constants;

/* Works out the constants of adam. */
INLINE adam_constants adam_prepare(const cr_hyper *hyper)
{
    const adam_hyper *own = OWN(adam, hyper);
    const double t = update_number(hyper), bias = sqrt(1 - pow(own->beta_2, t));
    const double rate = hyper->learning_rate, bias_1 = 1 - pow(own->beta_1, t);
    return (adam_constants){
        .alpha = (T)(rate * bias / bias_1),
        .bias = (T)bias,
        .unit = rate > 1e-30 ? (T)(bias_1 / rate) : 0,
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .one_minus_beta_2 = (T)(1 - own->beta_2),
        .epsilon = (T)own->epsilon,
    };
}

/* Takes a step: m of g, v of g^2; w - alpha m / (sqrt(v) + eps), by v's maximum if asked. Its
 * parts: the moments and the root; the quotient, which waits for the root; the weight, which waits
 * for the quotient. Where thresholds are scaled, one division makes alpha / (sqrt(v) + eps) and
 * their alpha / (sqrt(v) + bias max(eps, least)): the quotient of alpha by both divisors,
 * multiplied by the other one. (No divisor is so small that this quotient overflows.) */
INLINE V adam_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const adam_constants *c = constants;
    adam_state *s = state;
    V *kept = KEPT(state);
    const int scaled = kind.proximal && kind.scaled;
    if (kind.parts & CR_TO_ROOT) {
        g = bounded(g);
        /* Where no stage comes before, the square is rounded by itself, elsewhere it may be fused
         * with the subtraction: both are right, and this is what these loops have always computed.
         */
        const V square = kind.penalized || kind.clipped ? g * g : rounded(g * g);
        s->momentum += c->one_minus_beta_1 * (g - s->momentum);
        s->velocity += c->one_minus_beta_2 * (square - s->velocity);
        V second = s->velocity;
        if (HAS(adam, velocity_hat))
            second = s->velocity_hat = vmax(s->velocity_hat, second);
        kept[0] = root(second);
    }
    if (kind.parts & CR_TO_QUOTIENT) {
        if (scaled) {
            const T least = c->bias * at_least(kind.least, c->epsilon);
            const V divisor = kept[0] + at_least((T)1e-17, c->epsilon);
            const V other = kept[0] + at_least((T)1e-17, least);
            kept[0] = quotient(splat(c->alpha), divisor * other);
            kept[1] = divisor;
            kept[2] = s->momentum * other;
        } else
            kept[0] = quotient(c->alpha * s->momentum, kept[0] + c->epsilon);
    }
    if (kind.parts & CR_TO_WEIGHT) {
        if (!scaled)
            return w - kept[0];
        scale_proximal(state, kept[1] * kept[0], c->unit, kind);
        return w - kept[2] * kept[0];
    }
    return w;
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

/* ---- schedule_free, lamb ------------------------------------------------------------------- */

typedef struct {
    T learning_rate, kept, added; /* 1 - 1/t and 1/t */
    T beta_1, one_minus_beta_1, one_minus_beta_2, epsilon;
    T over_velocity; /* 1 / (1-beta_2^t) */
} schedule_free_constants;

/* Works out the constants of schedule_free. */
INLINE schedule_free_constants schedule_free_prepare(const cr_hyper *hyper)
{
    const schedule_free_hyper *own = OWN(schedule_free, hyper);
    const double t = update_number(hyper);
    const double warm = t < own->warmup_steps ? t / own->warmup_steps : 1;
    return (schedule_free_constants){
        .learning_rate = (T)(hyper->learning_rate * warm),
        .kept = (T)(1 - 1 / t),
        .added = (T)(1 / t),
        .beta_1 = (T)own->beta_1,
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .one_minus_beta_2 = (T)(1 - own->beta_2),
        .epsilon = (T)own->epsilon,
        .over_velocity = (T)(1 / (1 - pow(own->beta_2, t))),
    };
}

/* Takes a step: z by the gradient, their mean x towards z, and w between both. */
INLINE V schedule_free_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const schedule_free_constants *c = constants;
    schedule_free_state *s = state;
    (void)kind;
    g = bounded(g);
    V mean = (w - c->one_minus_beta_1 * s->momentum) / c->beta_1;
    s->velocity += c->one_minus_beta_2 * (g * g - s->velocity);
    s->momentum -=
        over_root(c->learning_rate * g, c->over_velocity * s->velocity, splat(c->epsilon));
    mean = c->kept * mean + c->added * s->momentum;
    return c->one_minus_beta_1 * s->momentum + c->beta_1 * mean;
}

typedef struct {
    T over_momentum, over_velocity; /* 1 / (1-beta_1^t), 1 / (1-beta_2^t) */
    T one_minus_beta_1, one_minus_beta_2, epsilon;
} lamb_constants;

/* Works out the constants of lamb. */
INLINE lamb_constants lamb_prepare(const cr_hyper *hyper)
{
    const lamb_hyper *own = OWN(lamb, hyper);
    const double t = update_number(hyper);
    return (lamb_constants){
        .over_momentum = (T)(1 / (1 - pow(own->beta_1, t))),
        .over_velocity = (T)(1 / (1 - pow(own->beta_2, t))),
        .one_minus_beta_1 = (T)(1 - own->beta_1),
        .one_minus_beta_2 = (T)(1 - own->beta_2),
        .epsilon = (T)own->epsilon,
    };
}

/* Leaves the direction of a step: that of Adam. */
INLINE V lamb_step(const void *constants, void *state, V w, V g, const sweep_kind kind)
{
    const lamb_constants *c = constants;
    lamb_state *s = state;
    (void)kind;
    g = bounded(g);
    s->momentum += c->one_minus_beta_1 * (g - s->momentum);
    s->velocity += c->one_minus_beta_2 * (g * g - s->velocity);
    s->update = over_root(c->over_momentum * s->momentum, c->over_velocity * s->velocity,
                          splat(c->epsilon));
    return w + 0; /* flushes denormals */
}

#endif
