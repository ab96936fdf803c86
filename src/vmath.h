/* exp, expm1, log, log1p, tanh, sigmoid and erf of vectors. Activations built on them: curves.h.
 *
 * Largest errors, in units in the last place of the exact result. float: found among all 2^32
 * arguments on every instruction set; double: bounds with some room over six million arguments of
 * all exponents. (tests/test_kernels_accuracy.py)
 *
 *            exp    log    tanh   sigmoid  erf
 *   float    1.01   0.87   1.34   2.49     1.32
 *   double   1.0    0.85   1.4    2.5      1.5
 *
 * softmax of rows of n: 5 + n/10 + |x - max|; log-softmax: 3 + n/20, in those of max(1, |y|). (Most
 * of it is the rounding of x - max, and of the sum.)
 *
 * Kernels run with denormals flushed (dispatch.c), here as everywhere: a result below the smallest
 * normal number is 0, and a denormal argument counts as 0. log alone takes denormal arguments as
 * they are, for its results are normal.
 * NaN stays NaN; log of a negative number is NaN, of 0 (and -0) is -inf.
 *
 * exp:   x = n ln2 + r, |r| <= ln2/2; e^r = 1 + r + r^2 P(r), then times 2^n.
 * log:   x = 2^k (1+f), sqrt(1/2) <= 1+f < sqrt(2). float: log(1+f) = f + f^2 (f Q(f) - 1/2).
 *        double: s = f/(2+f), log(1+f) = f - f^2/2 + s (f^2/2 + s^2 R(s^2)), the series of
 *        2 artanh(s) with fdlibm's minimax coefficients.
 * tanh:  below 0.625 Cephes's polynomial (float) or rational function (double) in x^2, above it
 *        1 - 2/(e^2x + 1).
 * erf:   below 1 x + x P(x^2), above it 1 - e^Q(x), Q near log(1 - erf(x)).
 * Coefficients without a source named are minimax fits of this project (Remez's algorithm, of the
 * relative error of the result; of erf above 1 the absolute).
 */
#ifndef COREREG_VMATH_H
#define COREREG_VMATH_H

#include "simd_lanes.h"

#define LN2_HI ((T)(CR_F64 ? 6.93147180369123816490e-01 : 0.693359375))
#define LN2_LO ((T)(CR_F64 ? 1.90821492927058770002e-10 : -2.12194440e-4))
#define LOG2_E ((T)1.4426950408889634)
#define ROUNDER ((T)(CR_F64 ? 6755399441055744.0 : 12582912.0)) /* 1.5 * 2^MANTISSA */

#if CR_F64
typedef uint64_t VN __attribute__((vector_size(VB)));
#else
typedef uint32_t VN __attribute__((vector_size(VB)));
#endif

/* c[0] x^(n-1) + ... + c[n-1] */
#define POLYNOMIAL(x, c) polynomial(x, c, sizeof(c) / sizeof((c)[0]))
INLINE V polynomial(V x, const T *c, size_t n)
{
    V p = splat(c[0]);
#pragma GCC unroll 24
    for (size_t i = 1; i < n; i++)
        p = p * x + c[i];
    return p;
}

/* (e^r - 1 - r) / r^2, |r| <= ln2/2 */
INLINE V exp_tail(V r)
{
#if CR_F64
    static const T P[] = {2.08265937340992558e-9, 2.51120846880576815e-8, 2.75575822527192924e-7,
                          2.75572347276150876e-6, 2.48015869257431284e-5, 1.98412698965149327e-4,
                          1.38888888891163518e-3, 8.33333333331698279e-3, 4.16666666666660920e-2,
                          1.66666666666666835e-1, 5.00000000000000004e-1};
#else
    static const T P[] = {1.381454414e-3f, 8.368745387e-3f, 4.166839073e-2f, 1.66665204e-1f,
                          4.999999343e-1f};
#endif
    return POLYNOMIAL(r, P);
}

/* Computes e^x. */
INLINE V vexp(V x)
{
    const T least = (T)(CR_F64 ? -708.3964185322641 : -87.33654); /* with normal results */
    const T most = (T)(CR_F64 ? 709.782712893384 : 88.72283);
#if defined(__AVX512F__) /* its scaling by 2^n overflows and flushes by itself */
    x = vmin(splat(most + 1), vmax(splat(least - 1), x)); /* NaN passes */
#endif
    const V t = x * LOG2_E + ROUNDER, n = t - ROUNDER;
    V r = x - n * LN2_HI;
    r -= n * LN2_LO;
    const V y = exp_tail(r) * (r * r) + r + 1;
#if defined(__AVX512F__) && CR_F64
    return _mm512_scalef_pd(y, n);
#elif defined(__AVX512F__)
    return _mm512_scalef_ps(y, n);
#else
    const V scaled = as_float(as_int(y) + (as_int(t) << MANTISSA));
    return blend(x <= most, keep(x >= least, scaled), x + (T)INFINITY); /* NaN stays NaN */
#endif
}

/* e^x - 1, x <= 0 */
INLINE V vexpm1(V x)
{
    x = vmax(splat(CR_F64 ? -60 : -30), x); /* from here down -1; NaN passes */
    const V t = x * LOG2_E + ROUNDER, n = t - ROUNDER;
    V r = x - n * LN2_HI;
    r -= n * LN2_LO;
    const V scale = as_float(as_int(splat(1)) + (as_int(t) << MANTISSA)); /* 2^n */
    return scale * (exp_tail(r) * (r * r) + r) + (scale - 1);
}

/* Tells numbers apart by their bits: comparisons of floats take denormals for zeros here. */
INLINE V vlog(V x)
{
    const TI normal = (TI)1 << MANTISSA, infinite = as_int(splat((T)INFINITY))[0];
    const T two_to_mantissa = (T)normal;
    VI bits = as_int(x);
    const VI small = bits < normal; /* denormal, 0, or with a sign */
    const int special = first_lane(small | (bits >= infinite)) < VL;
    if (special) { /* the bits of a denormal are x 2^149 or x 2^1074, a normal number */
        const V whole = as_float(bits | as_int(splat(two_to_mantissa))) - two_to_mantissa;
        bits = as_int(blend(small, whole, x));
    }
    /* the exponent is cut off so that the mantissa falls in [sqrt(1/2), sqrt(2)) */
    const TI root = as_int(splat((T)0.70710678118654752))[0], one = as_int(splat(1))[0];
    const VI biased = (VI)((VN)(bits - root + one) >> MANTISSA);
    const V f = as_float(((bits - root) & (normal - 1)) + root) - 1;
    V k = as_float(biased | as_int(splat(two_to_mantissa))) - (two_to_mantissa + EXPONENT_BIAS);
    if (special)
        k -= keep(small, splat(MANTISSA + EXPONENT_BIAS - 1));
#if CR_F64
    static const T R[] = {1.479819860511658591e-01, 1.531383769920937332e-01,
                          1.818357216161805012e-01, 2.222219843214978396e-01,
                          2.857142874366239149e-01, 3.999999999940941908e-01,
                          6.666666666666735130e-01};
    const V s = f * inverse(f + 2), z = s * s, half = f * f * (T)0.5;
    V y = s * (half + z * POLYNOMIAL(z, R)) + k * LN2_LO - half + f + k * LN2_HI;
#else
    static const T Q[] = {0.06746637159f, -0.1167561745f, 0.1188815233f,
                          -0.1240560721f, 0.1421955874f,  -0.1666799389f,
                          0.2000211798f,  -0.2500000966f, 0.3333331262f};
    V y = (f * POLYNOMIAL(f, Q) - (T)0.5) * (f * f) + k * LN2_LO + f + k * LN2_HI;
#endif
    if (special) {
        y = blend(as_int(x) >= infinite, x, y);
        y = blend(as_int(x) < 0, splat((T)NAN), y);
        y = blend(as_int(vabs(x)) == 0, splat(-(T)INFINITY), y);
    }
    return y;
}

/* log(1+x), 0 <= x <= 1: the rounding of 1+x is made good to first order. */
INLINE V vlog1p(V x)
{
    const V w = x + 1;
    return vlog(w) + (x - (w - 1)) * inverse(w);
}

/* Computes 1 / (1 + e^-x). */
INLINE V vsigmoid(V x)
{
    const V e = vexp(vmin(splat(CR_F64 ? 709 : 88), -x)); /* finite; NaN passes */
    return inverse(e * (T)0.5 + (T)0.5) * (T)0.5;
}

/* a with x's sign, for a that is not of the other sign */
INLINE V with_sign(V a, V x) { return as_float(as_int(a) | (as_int(x) & as_int(splat(-(T)0.0)))); }

/* Computes tanh x: a fraction of polynomials near 0, by e^2x elsewhere. */
INLINE V vtanh(V x)
{
    const V a = vabs(x), z = x * x;
    const VI near = a < (T)0.625;
    V below = vexp(2 * vmin(splat(CR_F64 ? 22 : 11), a)) * (T)0.5 + (T)0.5;
#if CR_F64
    static const T P[] = {-9.64399179425052238628e-1, -9.92877231001918586564e1,
                          -1.61468768441708447952e3};
    static const T Q[] = {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3,
                          4.84406305325125486048e3};
    below = inverse(blend(near, POLYNOMIAL(z, Q), below));
    const V p = POLYNOMIAL(z, P) * below;
#else
    static const T P[] = {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                          1.33314422036e-1f, -3.33332819422e-1f};
    below = inverse(below);
    const V p = POLYNOMIAL(z, P);
#endif
    return with_sign(blend(near, x + x * (z * p), 1 - below), x);
}

/* Computes the error function. */
INLINE V verf(V x)
{
#if CR_F64
    static const T P[] = {
        -7.77946297176159689e-10, 1.37109887041905231e-8,  -1.6206318752969209e-7,
        1.6447132699786621e-6,    -1.49247124395348141e-5, 1.205529358693695e-4,
        -8.5483259297662443e-4,   5.22397760613084217e-3,  -2.68661706431134137e-2,
        1.12837916709442003e-1,   -3.761263890318352e-1,   1.28379167095512566e-1};
    static const T Q[] = {-4.92610983960645356e-12, 2.044021304100045e-10,  -3.93262462313121608e-9,
                          4.64054006937064592e-8,   -3.7317385933293884e-7, 2.13497997544562808e-6,
                          -8.66430348566658149e-6,  2.28134130085702146e-5, -2.02440146343410716e-5,
                          -1.35094867750582513e-4,  7.70712207871038769e-4, -1.91602733238435668e-3,
                          4.1070722023447624e-4,    1.89901219692986428e-2, -1.02703409604491877e-1,
                          -6.36643638954873752e-1,  -1.12837408704120661,   -5.0310320203186433e-7};
    const T end = 5.95; /* from here on 1 */
#else
    static const T P[] = {7.853849828e-5f, -8.010202699e-4f, 5.188330483e-3f, -2.685381458e-2f,
                          1.128358525e-1f, -3.761262584e-1f, 1.283791657e-1f};
    static const T Q[] = {1.863743719e-4f,  -2.947610879e-3f, 2.183787511e-2f, -1.031063644e-1f,
                          -6.381452742e-1f, -1.127088931f,    -3.415850753e-4f};
    const T end = 3.95f;
#endif
    const V a = vmin(splat(end), vabs(x)); /* NaN passes */
    const V larger = x * 0x1p24f;          /* so that its product with P is normal, too */
    const V near = (larger + larger * POLYNOMIAL(a * a, P)) * 0x1p-24f;
    const V far = 1 - vexp(POLYNOMIAL(a, Q));
    return with_sign(blend(a < 1, near, far), x);
}

#endif
