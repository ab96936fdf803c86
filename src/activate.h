/* Activations of whole rows and spans, shared by the dense and the activation kernels. */
#ifndef COREREG_ACTIVATE_H
#define COREREG_ACTIVATE_H

#include "vmath.h"

/* y = act(x) for one vector; softmax is not elementwise and has its own function below */
INLINE V activate(V x, int act)
{
    switch (act) {
    case CR_RELU: return vmax((V){0}, x);
    case CR_SIGMOID: return vsigmoid(x);
    case CR_TANH: return vtanh(x);
    default: return x;
    }
}

/* act'(x) in terms of y = act(x), times dy */
INLINE V activation_backward_vec(V dy, V y, int act)
{
    switch (act) {
    case CR_RELU: return keep(y > 0, dy);
    case CR_SIGMOID: return dy * y * (1 - y);
    case CR_TANH: return dy * (1 - y * y);
    default: return dy;
    }
}

#define SPAN(body)                              \
    do {                                        \
        ptrdiff_t i = 0;                        \
        for (; i + VL <= n; i += VL) {          \
            const ptrdiff_t lanes = VL;         \
            body                                \
        }                                       \
        if (i < n) {                            \
            const ptrdiff_t lanes = n - i;      \
            body                                \
        }                                       \
    } while (0)
/* inside SPAN's body: the vector of array p at i, and its store */
#define GET(p) (lanes == VL ? load((p) + i) : load_n((p) + i, lanes))
#define PUT(p, v) (lanes == VL ? store((p) + i, v) : store_n((p) + i, v, lanes))

static inline void activate_span(T *y, const T *x, ptrdiff_t n, int act)
{
    switch (act) { /* the switch is outside the loops: each case is a loop of its own */
    case CR_RELU: SPAN(PUT(y, activate(GET(x), CR_RELU));); break;
    case CR_SIGMOID: SPAN(PUT(y, activate(GET(x), CR_SIGMOID));); break;
    case CR_TANH: SPAN(PUT(y, activate(GET(x), CR_TANH));); break;
    default:
        if (y != x)
            SPAN(PUT(y, GET(x)););
    }
}

/* dx = dy*scale through act, from its output y; dx may alias dy */
static inline void activation_backward_span(T *dx, const T *dy, const T *y, ptrdiff_t n, int act,
                                            T scale)
{
    switch (act) {
    case CR_RELU: SPAN(PUT(dx, activation_backward_vec(GET(dy) * scale, GET(y), CR_RELU));); break;
    case CR_SIGMOID: SPAN(PUT(dx, activation_backward_vec(GET(dy) * scale, GET(y), CR_SIGMOID));); break;
    case CR_TANH: SPAN(PUT(dx, activation_backward_vec(GET(dy) * scale, GET(y), CR_TANH));); break;
    default:
        if (dx != dy || scale != 1)
            SPAN(PUT(dx, GET(dy) * scale););
    }
}

/* max over a row, NaNs passed over: what is built on it turns NaN by its sums */
static inline T row_max(const T *x, ptrdiff_t n)
{
    V best = splat(-(T)INFINITY);
    SPAN(const V v = lanes < VL ? first_n(GET(x), lanes, best) : GET(x); best = vmax(v, best););
    return n ? lane_max(best) : 0;
}

/* y = e^(x - max), and the sum of y; y may alias x */
static inline T row_exp(T *y, const T *x, ptrdiff_t n, T max)
{
    V sum = {0};
    SPAN(V e = vexp(GET(x) - max); PUT(y, e);
         sum += lanes < VL ? first_n(e, lanes, (V){0}) : e;);
    return lane_sum(sum);
}

/* softmax of one row; y may alias x */
static inline void softmax_row(T *y, const T *x, ptrdiff_t n)
{
    const T max = row_max(x, n);
    const T scale = 1 / row_exp(y, x, n, max);
    SPAN(PUT(y, GET(y) * scale););
}

#endif
