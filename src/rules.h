/* The optimizers' rules: one table, from which everything else is made.
 *
 * A rule is a name, its hyperparameters, the state arrays that it keeps for every variable, and the
 * formula of one step (rule_steps.h has the bodies). The table below says the names once. From it
 * come the kernels `update_<rule>` and their ids (kernels.h), the structs through which a body
 * reads its hyperparameters and its state by name (rule_steps.h), and `cr_rules`, which Cython
 * reads (rules.c): Python never repeats a name that stands here.
 *
 * A new rule is a line in CR_RULES, a row CR_RULE_<name> with its formula above it, a line
 * CR_USES_<name>, and a body.
 *
 * Notation: g the gradient as the earlier stages of the sweep leave it (cr_update_args), lr the
 * learning rate, t the number of this update, from 1 (step + 1 unless several steps make one
 * update); every operation is elementwise. The formulas are those of Keras 3. The rules that divide
 * by the size of past gradients (rmsprop to ftrl, and schedule_free to adafactor) take g beyond
 * 2^63 in size, in float64 2^511, as that, and sums of squares end at the largest number: Keras's
 * overflow there.
 */
#ifndef COREREG_RULES_H
#define COREREG_RULES_H

#include <stdint.h>

/* The rules, in table order; `with` is handed on to R. */
#define CR_RULES(R, with) \
    R(with, sgd)          \
    R(with, momentum)     \
    R(with, nesterov)     \
    R(with, rmsprop)      \
    R(with, adam)         \
    R(with, adagrad)      \
    R(with, adadelta)     \
    R(with, adamax)       \
    R(with, nadam)        \
    R(with, ftrl)         \
    R(with, lion)         \
    R(with, schedule_free) \
    R(with, lamb)         \
    R(with, adafactor)    \
    R(with, muon)

/* Each row: the hyperparameters H, the state arrays S that every variable has, and behind them
 * those that it has only if an option of the rule is chosen, O. */

/* w -= lr g */
#define CR_RULE_sgd(H, S, O)

/* momentum = mu momentum - lr g;  w += momentum                       (mu: H(momentum)) */
#define CR_RULE_momentum(H, S, O) H(momentum) S(momentum)

/* momentum = mu momentum - lr g;  w += mu momentum - lr g             (mu: H(momentum)) */
#define CR_RULE_nesterov(H, S, O) H(momentum) S(momentum)

/* velocity = rho velocity + (1-rho) g^2
 * d = velocity + epsilon, and where the option average_gradient is chosen ("centered"):
 *     average_gradient = rho average_gradient + (1-rho) g
 *     d = max(velocity - average_gradient^2, 0) + epsilon
 * u = lr g / sqrt(d)
 * w -= u, and where the option momentum is chosen:
 *     momentum = mu momentum + u;  w -= momentum                      (mu: H(momentum)) */
#define CR_RULE_rmsprop(H, S, O) \
    H(rho) H(momentum) H(epsilon) S(velocity) O(momentum) O(average_gradient)

/* momentum = beta_1 momentum + (1-beta_1) g;  velocity = beta_2 velocity + (1-beta_2) g^2
 * v = velocity, or where the option velocity_hat is chosen ("amsgrad"):
 *     v = velocity_hat = max(velocity_hat, velocity)
 * w -= lr sqrt(1-beta_2^t)/(1-beta_1^t) momentum / (sqrt(v) + epsilon) */
#define CR_RULE_adam(H, S, O) \
    H(beta_1) H(beta_2) H(epsilon) S(momentum) S(velocity) O(velocity_hat)

/* accumulator += g^2;  w -= lr g / sqrt(accumulator + epsilon) */
#define CR_RULE_adagrad(H, S, O) H(epsilon) S(accumulator)

/* accumulated_grad = rho accumulated_grad + (1-rho) g^2
 * d = -g sqrt(accumulated_delta_var + epsilon) / sqrt(accumulated_grad + epsilon)
 * accumulated_delta_var = rho accumulated_delta_var + (1-rho) d^2;  w += lr d */
#define CR_RULE_adadelta(H, S, O) H(rho) H(epsilon) S(accumulated_grad) S(accumulated_delta_var)

/* momentum = beta_1 momentum + (1-beta_1) g;  norm = max(beta_2 norm, |g|)
 * w -= lr/(1-beta_1^t) momentum / (norm + epsilon) */
#define CR_RULE_adamax(H, S, O) H(beta_1) H(beta_2) H(epsilon) S(momentum) S(norm)

/* momentum and velocity as adam;  u(t) = beta_1 (1 - .96^t / 2), p(t) = u(1) u(2) ... u(t)
 * m = u(t+1)/(1-p(t+1)) momentum + (1-u(t))/(1-p(t)) g
 * w -= lr m / (sqrt(velocity/(1-beta_2^t)) + epsilon) */
#define CR_RULE_nadam(H, S, O) H(beta_1) H(beta_2) H(epsilon) S(momentum) S(velocity)

/* a = accumulator, b = accumulator += g^2, p = -learning_rate_power, c = l2 + beta/(2 lr)
 * linear += g + 2 l2_shrinkage w - (b^p - a^p)/lr w
 * w = (min(max(linear, -l1), l1) - linear) / (b^p/lr + 2 c)
 * A rate of 0 changes nothing. (l1, l2, l2_shrinkage: H(l1_regularization_strength) and so on) */
#define CR_RULE_ftrl(H, S, O)                                                      \
    H(learning_rate_power) H(l1_regularization_strength) H(l2_regularization_strength) \
    H(l2_shrinkage_regularization_strength) H(beta) S(accumulator) S(linear)

/* w -= lr sign(beta_1 momentum + (1-beta_1) g);  momentum = beta_2 momentum + (1-beta_2) g */
#define CR_RULE_lion(H, S, O) H(beta_1) H(beta_2) S(momentum)

/* lr' = lr min(t/warmup_steps, 1), or lr where warmup_steps is 0;  velocity as adam
 * momentum is z, from w on:  x = (w - (1-beta_1) z) / beta_1
 * z -= lr' g / (sqrt(velocity/(1-beta_2^t)) + epsilon)
 * x = (1-1/t) x + 1/t z;  w = (1-beta_1) z + beta_1 x */
#define CR_RULE_schedule_free(H, S, O) \
    H(beta_1) H(beta_2) H(epsilon) H(warmup_steps) S(momentum) S(velocity)

/* The rules that follow leave w where it is, and in `update` the direction of the step, whose
 * length follows from all of a variable: directions.c takes it, behind the sweep.
 *
 * momentum and velocity as adam
 * update = momentum/(1-beta_1^t) / (sqrt(velocity/(1-beta_2^t)) + epsilon) */
#define CR_RULE_lamb(H, S, O) \
    H(beta_1) H(beta_2) H(epsilon) S(momentum) S(velocity) S(update)

/* update = g; what becomes of it, and of velocity, is the kernels' of directions.c. */
#define CR_RULE_adafactor(H, S, O) \
    H(beta_2_decay) H(epsilon_1) H(epsilon_2) H(clip_threshold) S(velocity) S(update)

/* momentum = mu momentum + g                                        (mu: H(momentum))
 * update = g + mu momentum if nesterov is not 0, else momentum
 * The first hyperparameters are those of adam, by which Muon's other variables step. */
#define CR_RULE_muon(H, S, O) \
    H(adam_beta_1) H(adam_beta_2) H(epsilon) H(momentum) H(nesterov) S(momentum) S(update)

/* How often a rule is used, and so how many loops it is worth. CR_SELDOM: one for the plain step
 * and one with all stages but the proximal one, which it does not have; CR_OFTEN: also one for
 * steps with a penalty alone, and one with all stages and the proximal one, which its step scales
 * (scale_proximal in rule_frame.h); CR_MOSTLY: also four for steps with a proximal penalty alone,
 * of L1 or with L2, scaled or not, in which vectors overlap, so that its step has parts. In
 * float64, what is seldom used has one loop, which asks for each stage. */
enum cr_uses { CR_SELDOM, CR_OFTEN, CR_MOSTLY };
#define CR_USES_sgd CR_OFTEN
#define CR_USES_momentum CR_OFTEN
#define CR_USES_nesterov CR_OFTEN
#define CR_USES_rmsprop CR_OFTEN
#define CR_USES_adam CR_MOSTLY
#define CR_USES_adagrad CR_SELDOM
#define CR_USES_adadelta CR_SELDOM
#define CR_USES_adamax CR_SELDOM
#define CR_USES_nadam CR_SELDOM
#define CR_USES_ftrl CR_SELDOM
#define CR_USES_lion CR_SELDOM
#define CR_USES_schedule_free CR_SELDOM
#define CR_USES_lamb CR_SELDOM
#define CR_USES_adafactor CR_SELDOM
#define CR_USES_muon CR_SELDOM

enum { CR_MAX_HYPER = 8, CR_MAX_SLOTS = 3 }; /* of one rule */

/* What a row is unfolded with. */
#define CR_NOTHING(name)
#define CR_ONE_MORE(name) +1
#define CR_QUOTED(name) #name,
#define CR_HYPER_COUNT(rule) (0 CR_RULE_##rule(CR_ONE_MORE, CR_NOTHING, CR_NOTHING))
#define CR_REQUIRED_SLOTS(rule) (0 CR_RULE_##rule(CR_NOTHING, CR_ONE_MORE, CR_NOTHING))
#define CR_OPTIONAL_SLOTS(rule) (0 CR_RULE_##rule(CR_NOTHING, CR_NOTHING, CR_ONE_MORE))

/* What may change between two steps; kernels read it at every call. */
typedef struct {
    double learning_rate;
    double clipvalue;         /* infinity: none */
    int64_t step;             /* steps done before this one */
    int64_t accumulation;     /* how many steps make one update: 1, or gradients are accumulated */
    double own[CR_MAX_HYPER]; /* the rule's hyperparameters, in the order of its row */
} cr_hyper;

/* A rule, for those who do not know the table at compile time. */
typedef struct {
    const char *name;
    int kernel;                      /* CR_update_<name> */
    int hypers, slots;               /* how many names follow */
    int required_slots;              /* the first of the slots, which every variable has */
    int proximal;                    /* whether it has the proximal stage */
    const char *hyper[CR_MAX_HYPER]; /* names, in the order of cr_hyper.own */
    const char *slot[CR_MAX_SLOTS];  /* names, in the order of cr_segment.slot */
} cr_rule;

/* The table; returns how many rules it has. */
int cr_rules(const cr_rule **out);

#endif
