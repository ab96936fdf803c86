/* Activations and elementwise maps: the argument structs of activation.c, log_softmax.c and
 * elementwise.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_ACTIVATION_H
#define COREREG_CONTRACT_ACTIVATION_H

#include <stddef.h>

enum cr_activation {
    CR_LINEAR,
    CR_RELU,
    CR_SIGMOID,
    CR_TANH,
    CR_SOFTMAX,
    CR_LEAKY_RELU, /* of slope 0.2 below 0 */
    CR_ELU,        /* of alpha 1 */
    CR_SELU,
    CR_SOFTPLUS,
    CR_GELU,
    CR_GELU_TANH,
    CR_SILU,
    CR_MISH,
    CR_ACTIVATION_COUNT
};

/* Whether the way back through an activation needs act'(x), which its output does not tell: these
 * are not monotone. */
#define CR_KEEPS_SLOPE(act) ((act) >= CR_GELU)

/* y[M,N] = act(x[M,N]); y may alias x. With slope not NULL, which is for activations that keep
 * their slope, slope[M,N] = act'(x[M,N]). */
typedef struct {
    void *y, *slope;
    const void *x;
    ptrdiff_t M, N;
    int act;
} cr_activation_forward_args;

/* dx[M,N] = dy taken back through act, in terms of its output y:
 *   relu dy*(y>0), sigmoid dy*y*(1-y), tanh dy*(1-y*y), softmax y*(dy - sum_n dy*y).
 *   leaky_relu dy*(y>=0 ? 1 : 0.2), elu dy*(y>0 ? 1 : y+1), softplus dy*(1 - e^-y),
 *   selu dy*(y>0 ? scale : y + scale*alpha),
 *   those that keep their slope dy*y, where y is the slope in place of the output.
 * dx may alias dy. */
typedef struct {
    void *dx;
    const void *dy, *y;
    ptrdiff_t M, N;
    int act;
} cr_activation_backward_args;

/* log_softmax takes the same structs, whatever `act` is, without slope:
 *   forward   y = x - max_n x - log sum_n e^(x - max_n x)
 *   backward  dx = dy - e^y sum_n dy
 * y may alias x, dx may alias dy. */

/* scale: y[n] = x[n]*factor[0] (factor is T); add: y[n] += x[n]; exp, log, erf:
 * elementwise, as exact as vmath.h says.
 * y may alias x. */
typedef struct {
    void *y;
    const void *x, *factor;
    ptrdiff_t n;
} cr_map_args;

#endif
