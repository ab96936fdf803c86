/* exp, log, log1p, tanh and sigmoid of vectors.
 *
 * exp:   x = n ln2 + r, |r| <= ln2/2; e^r = 1 + r + r^2 P(r); the result is scaled by 2^n in two
 *        steps so that it reaches infinity and the denormals in the right places.
 * log:   x = 2^k (1+f), sqrt(1/2) <= 1+f < sqrt(2), s = f/(2+f); log(1+f) = f - f^2/2 + s(f^2/2 +
 *        s^2 R(s^2)), the series of 2 artanh(s) with fdlibm's minimax coefficients.
 * tanh:  below 0.625 Cephes's polynomial (float) or rational function (double) in x^2, above it
 *        1 - 2/(e^2x + 1).
 * NaN stays NaN; log of a negative number is NaN, of 0 is -inf.
 */
#ifndef COREREG_VMATH_H
#define COREREG_VMATH_H

#include "simd.h"

#define LN2_HI ((T)(CR_F64 ? 6.93147180369123816490e-01 : 0.693359375))
#define LN2_LO ((T)(CR_F64 ? 1.90821492927058770002e-10 : -2.12194440e-4))
#define LOG2_E ((T)1.4426950408889634)
#define ROUNDER ((T)(CR_F64 ? 6755399441055744.0 : 12582912.0)) /* 1.5 * 2^MANTISSA */
#define EXP_MIN ((T)(CR_F64 ? -746.0 : -104.0))                 /* below: e^x is 0 */
#define EXP_MAX ((T)(CR_F64 ? 710.0 : 89.0))                    /* above: e^x is inf */

INLINE V power_of_two(VI n) { return as_float((n + EXPONENT_BIAS) << MANTISSA); }

INLINE V vexp(V x)
{
    V clamped = vmin(splat(EXP_MAX), vmax(splat(EXP_MIN), x)); /* NaN passes */
    V t = clamped * LOG2_E + ROUNDER;
    VI n = as_int(t) - as_int(splat(ROUNDER));
    t -= ROUNDER;
    V r = clamped - t * LN2_HI;
    r -= t * LN2_LO;
#if CR_F64 /* Taylor's series: |r|^14/14! < 5e-18 */
    V p = splat(1.0 / 6227020800.0);
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
#else
    V p = splat(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
#endif
    p = p * (r * r) + r + 1;
    VI half = n >> 1;
    V y = p * power_of_two(half) * power_of_two(n - half);
    return blend(x != x, x, y);
}

INLINE V vlog(V x)
{
#define TINY ((T)(CR_F64 ? 2.2250738585072014e-308 : 1.17549435e-38f))
    VI small = x < TINY; /* denormal, zero or negative */
    V scaled = blend(small, x * power_of_two((VI){0} + MANTISSA), x);
    /* shift the exponent so that the mantissa falls in [sqrt(1/2), sqrt(2)) */
    VI bits = as_int(scaled), root = as_int(splat((T)0.70710678118654752));
    VI k = (bits - root) >> MANTISSA;
    V f = as_float(bits - (k << MANTISSA)) - 1;
    k -= small & MANTISSA;
    V dk = __builtin_convertvector(k, V);
    V s = f / (f + 2), z = s * s, half = f * f * (T)0.5;
#if CR_F64
    V p = splat(1.479819860511658591e-01);
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
#else
    V p = splat(0.24279078841f);
    p = p * z + 0.28498786688f;
    p = p * z + 0.40000972152f;
    p = p * z + 0.66666662693f;
#endif
    p = p * z;
    V y = s * (half + p) + dk * LN2_LO - half + f + dk * LN2_HI;
    V huge = splat((T)INFINITY);
    y = blend(x == huge, huge, y);
    y = blend(x == 0, -huge, y);
    return blend((x < 0) | (x != x), splat((T)NAN), y);
}

/* log(1+x), x >= 0: the rounding of 1+x is made good to first order. */
INLINE V vlog1p(V x)
{
    V w = x + 1;
    return vlog(w) + (x - (w - 1)) / w;
}

INLINE V vsigmoid(V x) { return 1 / (1 + vexp(-x)); }

INLINE V vtanh(V x)
{
    V a = vabs(x), z = x * x;
#if CR_F64
    V p = splat(-9.64399179425052238628e-1);
    p = p * z + -9.92877231001918586564e1;
    p = p * z + -1.61468768441708447952e3;
    V q = z + 1.12811678491632931402e2;
    q = q * z + 2.23548839060100448583e3;
    q = q * z + 4.84406305325125486048e3;
    V near = x + x * (z * p / q);
#else
    V p = splat(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z + -5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z + -3.33332819422e-1f;
    V near = x + x * (z * p);
#endif
    V far = 1 - 2 / (vexp(a + a) + 1);
    far = blend(x < 0, -far, far);
    return blend(a < (T)0.625, near, blend(x != x, x, far));
}

#endif
