/* The smooth activations of vectors, each with its derivative from the same exponential: softplus,
 * elu, gelu, silu, mish.
 *
 * Largest errors in units in the last place of the exact result, where that is 1000 times the
 * smallest normal number or more (below, it may be taken for 0); those of derivatives are in units
 * of 1. (tests/test_kernels_accuracy.py)
 *
 *            softplus  elu   selu  gelu  gelu_tanh    silu  mish   derivatives
 *   float    2.0       1.1   2.2   6.5   4 + 4 x^2    3.3   3.6    2.5
 *   double   2.0       1.2   3.0   7.5   4 + 4 x^2    3.3   3.6    2.5
 *
 * (gelu_tanh: the argument of its exponential is rounded.) NaN stays NaN. Of -infinity gelu, silu
 * and mish are NaN, as -infinity times 0 is; derivatives at infinities are their limits.
 */
#ifndef COREREG_CURVES_H
#define COREREG_CURVES_H

#include "vmath.h"

#define SELU_SCALE ((T)1.0507009873554805)
#define SELU_LOW ((T)1.7580993408473766) /* scale * alpha */
#define LEAKY_SLOPE ((T)0.2)

/* Where e^-x is 0, so that larger arguments can be cut off before they meet a 0. */
#define VANISHED ((T)(CR_F64 ? 800 : 128))

/* act(x) and act'(x) of one vector. */
typedef struct {
    V y, slope;
} curve;

/* log(1 + e^x) */
INLINE V vsoftplus(V x) { return vmax((V){0}, x) + vlog1p(vexp(-vabs(x))); }

/* e^x - 1 below 0, x above */
INLINE V velu(V x) { return blend(x > 0, x, vexpm1(vmin((V){0}, x))); }

/* Gives x where it is finite, and a large number with its sign where it is not. */
INLINE V cut_off(V x, T most) { return with_sign(vmin(splat(most), vabs(x)), x); }

/* e^(-a^2/2). The square is rounded; what is lost is found by splitting a into halves, whose
 * products are exact, and is made good to first order. */
INLINE V vgauss(V a)
{
    const V high = as_float(as_int(a) & ~(((TI)1 << (CR_F64 ? 27 : 12)) - 1)), low = a - high;
    const V square = a * a;
    const V lost = ((high * high - square) + 2 * (high * low)) + low * low;
    return vexp(square * (T)-0.5) * (1 - lost * (T)0.5);
}

/* x Phi(x), Phi the normal distribution function. For a = |x|, Phi(-a) = e^(-a^2/2) P(t)/(a+k),
 * t = (a-k)/(a+k), P a fit of this project. */
INLINE curve vgelu(V x)
{
#if CR_F64
    static const T P[] = {
        -1.54245961938930878e-10, 1.76639099673274505e-9,  7.66271025006022432e-9,
        -9.34827402672737493e-9,  -6.59625138455556769e-8, 4.23118182870828245e-8,
        4.3317428420543432e-7,    -3.36635458258646889e-7, -2.7692923314313877e-6,
        3.98090780124708407e-6,   1.66812247045618277e-5,  -4.97628148230744365e-5,
        -5.93757308913681596e-5,  5.44899064667844609e-4,  -7.97869398009583067e-4,
        -2.99337677047360908e-3,  2.07950667998417823e-2,  -6.91186387063137213e-2,
        1.65020366170386626e-1,   -3.13533156671304405e-1, 4.95305615969976379e-1,
        -6.65382502890056702e-1,  7.69193049750062959e-1};
    const T k = 5, end = 38.8;
#else
    static const T P[] = {5.528925198e-5f, 1.330192047e-4f,  -2.445390409e-4f, -1.03409926e-3f,
                          1.024138674e-3f, 6.969765604e-3f,  -1.046229909e-2f, -4.726273833e-2f,
                          2.300176784e-1f, -5.093319898e-1f, 7.290836907e-1f};
    const T k = 3, end = 14.3f;
#endif
    const V a = vmin(splat(end), vabs(x)); /* NaN passes */
    const V e = vgauss(a), over = inverse(a + k);
    const V tail = e * (POLYNOMIAL((a - k) * over, P) * over);
    const V share = blend(x > 0, 1 - tail, tail);
    const T root = (T)0.3989422804014327; /* 1/sqrt(2 pi) */
    return (curve){x * share, share + with_sign(a, x) * (e * root)};
}

/* x sigmoid(2 u) with u = sqrt(2/pi) (x + 0.044715 x^3), which is x (1 + tanh u)/2 */
INLINE curve vgelu_tanh(V x)
{
    const T factor = (T)1.5957691216057308, cube = (T)0.044715; /* 2 sqrt(2/pi) */
    const V c = cut_off(x, 60), square = c * c;
    const V e = vexp(-vabs(factor * c * (1 + cube * square)));
    const V r = inverse(1 + e), share = blend(x < 0, e * r, r);
    return (curve){x * share, share + c * (factor * (1 + 3 * cube * square)) * (e * r * r)};
}

/* x sigmoid(x) */
INLINE curve vsilu(V x)
{
    const V c = cut_off(x, VANISHED), e = vexp(-vabs(c));
    const V r = inverse(1 + e), share = blend(x < 0, e * r, r);
    return (curve){x * share, share + c * (e * r * r)};
}

/* x tanh(log(1 + e^x)). With e = e^-|x|, the tanh is (e^2 + 2e)/(e^2 + 2e + 2) below 0 and
 * (1 + 2e)/(1 + 2e + 2e^2) above. */
INLINE curve vmish(V x)
{
    const V c = cut_off(x, VANISHED), e = vexp(-vabs(c)), square = e * e;
    const VI below = x < 0;
    const V p = 2 * e + blend(below, square, splat(1));
    const V r = inverse(p + 2 * blend(below, splat(1), square)), share = p * r;
    return (curve){x * share, share + 4 * c * ((1 + e) * blend(below, e, square)) * (r * r)};
}

/* Gives act(x) and act'(x) of an activation that keeps its slope. */
INLINE curve curve_of(V x, const int act)
{
    switch (act) {
    case CR_GELU: return vgelu(x);
    case CR_GELU_TANH: return vgelu_tanh(x);
    case CR_SILU: return vsilu(x);
    default: return vmish(x);
    }
}

#endif
