"""Functions of one number or two, as texts: see corereg/export/c/kernels.py for what they may hold.

Those of float are polynomials, of which compilers make vectors, as they do not of libm's functions.
"""

from __future__ import annotations

FUNCTIONS: dict[str, str] = {}
"""As `KERNELS`."""

FUNCTIONS["from_bits:float"] = """\
/* The float of these bits. */
static inline float $from_bits(uint32_t bits)
{
    union {
        uint32_t bits;
        float value;
    } both;
    both.bits = bits;
    return both.value;
}
"""
FUNCTIONS["to_bits:float"] = """\
/* The bits of a float. */
static inline uint32_t $to_bits(float value)
{
    union {
        uint32_t bits;
        float value;
    } both;
    both.value = value;
    return both.bits;
}
"""
_POWER = """\
    const float t = a * $1.4426950408889634 + $12582912, n = t - $12582912;
    const float r = (a - n * $0.693359375) + n * $2.12194440e-4;
    const float p = ((($1.381454414e-3 * r + $8.368745387e-3) * r + $4.166839073e-2) * r +
                     $1.66665204e-1) * r + $4.999999343e-1;
"""
"""Of a = n ln2 + r: t, which has n in its last bits, r, and p, with e^r = p r^2 + r + 1."""

FUNCTIONS["exp:float"] = (
    """\
/* e^x within 1.1 units in the last place: x = n ln2 + r, e^r by a polynomial, times 2^n in two
 * steps, so that very small and very large results are right, too. NaN stays NaN. */
static inline float $exp(float x)
{
#if FLT_EVAL_METHOD == 0 && !defined(__FAST_MATH__)
    const float low = x < $-104 ? $-104 : x, a = low > $89 ? $89 : low;
"""
    + _POWER
    + """\
    const uint32_t whole = $to_bits(t) - 0x4B400000u + 1024u, half = whole >> 1;
    const float first = $from_bits((half - 385u) << 23);
    const float second = $from_bits((whole - half - 385u) << 23);
    return ((p * (r * r) + r + $1) * first) * second;
#else
    return expf(x);
#endif
}
"""
)
FUNCTIONS["expm1:float"] = (
    """\
/* e^x - 1 within 2 units in the last place, by the same polynomial. */
static inline float $expm1(float x)
{
#if FLT_EVAL_METHOD == 0 && !defined(__FAST_MATH__)
    const float low = x < $-30 ? $-30 : x, a = low > $88 ? $88 : low;
"""
    + _POWER
    + """\
    const float scale = $from_bits(($to_bits(t) - 0x4B400000u + 127u) << 23);
    return x > $88 ? $exp(x) : scale * (p * (r * r) + r) + (scale - $1);
#else
    return expm1f(x);
#endif
}
"""
)
FUNCTIONS["tanh:float"] = """\
/* tanh x within 1.4 units in the last place: a polynomial near 0, by e^2x elsewhere. */
static inline float $tanh(float x)
{
    const float a = fabsf(x), z = x * x, most = a > $11 ? $11 : a;
    const float far = $1 - $2 / ($exp($2 * most) + $1);
    const float p = ((($-5.70498872745e-3 * z + $2.06390887954e-2) * z + $-5.37397155531e-2) * z +
                     $1.33314422036e-1) * z + $-3.33332819422e-1;
    const float near = a + a * (z * p);
    return copysignf(a < $0.625 ? near : far, x);
}
"""
FUNCTIONS["sigmoid"] = """\
/* 1 / (1 + e^-x) */
static inline $real $sigmoid($real x)
{
    return $1 / ($1 + $exp(-x));
}
"""
FUNCTIONS["erf:float"] = """\
/* The error function within 1.4 units in the last place: a polynomial near 0, by an exponential of
 * one elsewhere. */
static inline float $erf(float x)
{
    const float a = fabsf(x) > $3.95 ? $3.95 : fabsf(x), z = a * a;
    const float p = ((((($7.853849828e-5 * z + $-8.010202699e-4) * z + $5.188330483e-3) * z +
                       $-2.685381458e-2) * z + $1.128358525e-1) * z + $-3.761262584e-1) * z +
                    $1.283791657e-1;
    const float q = ((((($1.863743719e-4 * a + $-2.947610879e-3) * a + $2.183787511e-2) * a +
                       $-1.031063644e-1) * a + $-6.381452742e-1) * a + $-1.127088931) * a +
                    $-3.415850753e-4;
    const float far = $1 - $exp(q);
    return copysignf(a < $1 ? a + a * p : far, x);
}
"""
FUNCTIONS["gelu:float"] = """\
/* x Phi(x), Phi the normal distribution function: Phi(-a) = e^(-a^2/2) P(t) / (a + 3) for
 * a = |x| and t = (a - 3) / (a + 3). */
static inline float $gelu(float x)
{
    const float a = fabsf(x) > $14.3 ? $14.3 : fabsf(x), over = $1 / (a + $3), t = (a - $3) * over;
    const float p = ((((((((($5.528925198e-5 * t + $1.330192047e-4) * t + $-2.445390409e-4) * t +
                           $-1.03409926e-3) * t + $1.024138674e-3) * t + $6.969765604e-3) * t +
                        $-1.046229909e-2) * t + $-4.726273833e-2) * t + $2.300176784e-1) * t +
                     $-5.093319898e-1) * t + $7.290836907e-1;
    const float tail = $exp($-0.5 * (a * a)) * (p * over);
    return x * (x > $0 ? $1 - tail : tail);
}
"""
FUNCTIONS["gelu:double"] = """\
/* x Phi(x), Phi the normal distribution function. */
static inline double $gelu(double x)
{
    return $0.5 * x * erfc(x * $-0.7071067811865476);
}
"""
FUNCTIONS["gelu_tanh"] = """\
/* x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
static inline $real $gelu_tanh($real x)
{
    return x * $sigmoid($1.5957691216057308 * x * ($1 + $0.044715 * x * x));
}
"""
FUNCTIONS["softplus"] = """\
/* log(1 + e^x) */
static inline $real $softplus($real x)
{
    return (x < $0 ? $0 : x) + $log1p($exp(-$fabs(x)));
}
"""
FUNCTIONS["maximum"] = """\
/* The larger of two numbers; NaN if one is. */
static inline $real $maximum($real a, $real b)
{
    return a > b || a != a ? a : b;
}
"""
FUNCTIONS["minimum"] = """\
/* The smaller of two numbers; NaN if one is. */
static inline $real $minimum($real a, $real b)
{
    return a < b || a != a ? a : b;
}
"""
FUNCTIONS["modulo"] = """\
/* The remainder of a / b with the sign of b. */
static inline $real $modulo($real a, $real b)
{
    const $real rest = $fmod(a, b);
    return rest != $0 && (rest < $0) != (b < $0) ? rest + b : rest;
}
"""
FUNCTIONS["floor_divide"] = """\
/* The whole number at or below a / b. */
static inline $real $floor_divide($real a, $real b)
{
    const $real exact = (a - $modulo(a, b)) / b, whole = $floor(exact);
    return b == $0 ? a / b : exact - whole > $0.5 ? whole + $1 : whole;
}
"""
FUNCTIONS["logaddexp"] = """\
/* log(e^a + e^b) */
static inline $real $logaddexp($real a, $real b)
{
    const $real most = $maximum(a, b), least = a > b ? b : a;
    return most > $MAX || most < -$MAX ? most : most + $log1p($exp(least - most));
}
"""
FUNCTIONS["sign"] = """\
/* -1, 0 or 1; NaN of NaN. */
static inline $real $sign($real x)
{
    return x > $0 ? $1 : x < $0 ? $-1 : x;
}
"""
FUNCTIONS["to_int64"] = """\
/* x without what is behind the point, or the least number if it does not fit. */
static inline int64_t $to_int64($real x)
{
    return x > $-9.2e18 && x < $9.2e18 ? (int64_t)x : INT64_MIN;
}
"""
FUNCTIONS["to_int32"] = """\
/* x without what is behind the point, or the least number if it does not fit. */
static inline int32_t $to_int32($real x)
{
    return x > $-2147483000 && x < $2147483000 ? (int32_t)x : INT32_MIN;
}
"""
