/* Activations of vectors and spans, forward and backward, shared by the dense, activation and
 * dropout kernels. Softmax is not elementwise: softmax.h. */
#ifndef COREREG_ACTIVATE_H
#define COREREG_ACTIVATE_H

#include "curves.h"

/* Gives act(x) for one vector. */
INLINE V activate(V x, int act)
{
    switch (act) {
    case CR_RELU: return vmax((V){0}, x);
    case CR_SIGMOID: return vsigmoid(x);
    case CR_TANH: return vtanh(x);
    case CR_LEAKY_RELU: return vmax(x * LEAKY_SLOPE, x);
    case CR_ELU: return velu(x);
    case CR_SELU: return blend(x > 0, x * SELU_SCALE, vexpm1(vmin((V){0}, x)) * SELU_LOW);
    case CR_SOFTPLUS: return vsoftplus(x);
    case CR_GELU:
    case CR_GELU_TANH:
    case CR_SILU:
    case CR_MISH: return curve_of(x, act).y;
    default: return x;
    }
}

/* Gives dy * act'(x) for one vector, in terms of y = act(x), or of y = act'(x) for an activation
 * that keeps its slope. */
INLINE V activation_backward_vec(V dy, V y, int act)
{
    switch (act) {
    case CR_RELU: return keep(y > 0, dy);
    case CR_SIGMOID: return dy * y * (1 - y);
    case CR_TANH: return dy * (1 - y * y);
    case CR_LEAKY_RELU: return blend(y >= 0, dy, dy * LEAKY_SLOPE);
    case CR_ELU: return blend(y > 0, dy, dy * (y + 1));
    case CR_SELU: return dy * blend(y > 0, splat(SELU_SCALE), y + SELU_LOW);
    case CR_SOFTPLUS: return -dy * vexpm1(-y);
    case CR_GELU:
    case CR_GELU_TANH:
    case CR_SILU:
    case CR_MISH: return dy * y;
    default: return dy;
    }
}

/* The loop of activate_span, for an activation that is known at compile time. */
INLINE void activate_loop(T *y, const T *x, ptrdiff_t n, const int act)
{
    EACH_VECTOR (i, lanes, n)
        store_lanes(y + i, activate(load_lanes(x + i, lanes), act), lanes);
}

/* activate_any for the activations behind softmax: in activation.c, for all kernels. */
#define activate_span_more CR_PASTE(activate_span_more, CR_DTYPE, CR_REST)
void activate_span_more(T *y, T *slope, const T *x, ptrdiff_t n, int act);

/* Computes y = act(x) for n elements, by an activation before softmax; y may alias x. */
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

/* The same by any activation but softmax. slope: NULL, or where act'(x) goes. */
static inline void activate_any(T *y, T *slope, const T *x, ptrdiff_t n, int act)
{
    if (act > CR_SOFTMAX)
        activate_span_more(y, slope, x, n, act);
    else
        activate_span(y, x, n, act);
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

/* activation_backward_any for the activations behind softmax: in activation.c, for all kernels. */
#define activation_backward_span_more CR_PASTE(activation_backward_span_more, CR_DTYPE, CR_REST)
void activation_backward_span_more(T *dx, const T *dy, const T *y, ptrdiff_t n, int act, T scale);

/* Computes dx = scale * dy * act'(x) for n elements, from y = act(x) of an activation before
 * softmax; dx may alias dy. */
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

/* The same by any activation but softmax, from y = act'(x) where it keeps its slope. */
static inline void activation_backward_any(T *dx, const T *dy, const T *y, ptrdiff_t n, int act,
                                           T scale)
{
    if (act > CR_SOFTMAX)
        activation_backward_span_more(dx, dy, y, n, act, scale);
    else
        activation_backward_span(dx, dy, y, n, act, scale);
}

#endif
