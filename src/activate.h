/* Activations of vectors and spans, forward and backward, shared by the dense, activation and
 * dropout kernels. Softmax is not elementwise: softmax.h. */
#ifndef COREREG_ACTIVATE_H
#define COREREG_ACTIVATE_H

#include "vmath.h"

/* Gives act(x) for one vector. */
INLINE V activate(V x, int act)
{
    switch (act) {
    case CR_RELU: return vmax((V){0}, x);
    case CR_SIGMOID: return vsigmoid(x);
    case CR_TANH: return vtanh(x);
    default: return x;
    }
}

/* Gives dy * act'(x) for one vector, in terms of y = act(x). */
INLINE V activation_backward_vec(V dy, V y, int act)
{
    switch (act) {
    case CR_RELU: return keep(y > 0, dy);
    case CR_SIGMOID: return dy * y * (1 - y);
    case CR_TANH: return dy * (1 - y * y);
    default: return dy;
    }
}

/* The loop of activate_span, for an activation that is known at compile time. */
INLINE void activate_loop(T *y, const T *x, ptrdiff_t n, const int act)
{
    EACH_VECTOR (i, lanes, n)
        store_lanes(y + i, activate(load_lanes(x + i, lanes), act), lanes);
}

/* Computes y = act(x) for n elements; y may alias x. */
static inline void activate_span(T *y, const T *x, ptrdiff_t n, int act)
{
    switch (act) { /* outside of the loop: each activation has a loop of its own */
    case CR_RELU: activate_loop(y, x, n, CR_RELU); break;
    case CR_SIGMOID: activate_loop(y, x, n, CR_SIGMOID); break;
    case CR_TANH: activate_loop(y, x, n, CR_TANH); break;
    default:
        if (y != x)
            activate_loop(y, x, n, CR_LINEAR);
    }
}

/* The loop of activation_backward_span, for an activation that is known at compile time. */
INLINE void activation_backward_loop(T *dx, const T *dy, const T *y, ptrdiff_t n, const int act,
                                     T scale)
{
    EACH_VECTOR (i, lanes, n) {
        const V d = load_lanes(dy + i, lanes) * scale;
        store_lanes(dx + i, activation_backward_vec(d, load_lanes(y + i, lanes), act), lanes);
    }
}

/* Computes dx = scale * dy * act'(x) for n elements, from y = act(x); dx may alias dy. */
static inline void activation_backward_span(T *dx, const T *dy, const T *y, ptrdiff_t n, int act,
                                            T scale)
{
    switch (act) {
    case CR_RELU: activation_backward_loop(dx, dy, y, n, CR_RELU, scale); break;
    case CR_SIGMOID: activation_backward_loop(dx, dy, y, n, CR_SIGMOID, scale); break;
    case CR_TANH: activation_backward_loop(dx, dy, y, n, CR_TANH, scale); break;
    default:
        if (dx != dy || scale != 1)
            activation_backward_loop(dx, dy, y, n, CR_LINEAR, scale);
    }
}

#endif
