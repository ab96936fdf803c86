"""The C functions that a file may need, as texts.

In them `$name` stands for what belongs to the file: the type `$real`, the function's own name
`$self`, another function of this list, which is then written, too, and a function of libm with the
suffix of the type. `$0.5` is a number of the type.
"""

from __future__ import annotations

KERNELS: dict[str, str] = {}
"""By name. "name:float" is for float alone; double then takes libm's function of that name."""

MACROS: dict[str, str] = {}
"""As KERNELS: what begins with #."""

MACROS["multiply_add"] = """\
/* a * b + c, in one instruction where the machine has it. */
#ifdef __FP_FAST_FMA$SHORT
#define $multiply_add(a, b, c) $fma(a, b, c)
#else
#define $multiply_add(a, b, c) ((a) * (b) + (c))
#endif
"""


def dense(width: int, inputs: int, bias: bool) -> str:
    """y[width] = b + x w, where w is [n][width]: `inputs` inputs a pass over y."""
    halves = [range(inputs // 2), range(inputs // 2, inputs)] if inputs > 4 else [range(inputs)]
    sums, pad = [], " " * 20
    for place, half in enumerate(halves):
        inner = "y[j]" if not place else ""
        for k in half:
            weight = f"w[{k * width} + j]" if k else "w[j]"
            inner = f"$multiply_add(x{k}, {weight},\n{pad}{inner})" if inner else f"x{k} * {weight}"
        sums.append(inner)
    names = ", ".join(f"x{k} = x[{k}]" for k in range(inputs))
    start = "b[j]" if bias else "$0"
    given = "const $real *restrict b, " if bias else ""
    return f"""\
/* y[{width}] = {"b + " if bias else ""}x w for x[n], w[n][{width}]. */
static void $self(const $real *restrict w, {given}const $real *restrict x, size_t n,
                  $real *restrict y)
{{
    size_t i, j;
    for (j = 0; j < {width}; j++)
        y[j] = {start};
    for (i = n / {inputs}; i > 0; i--, x += {inputs}, w += {inputs * width}) {{
        const $real {names};
        for (j = 0; j < {width}; j++)
            y[j] = {f" +{chr(10)}{' ' * 19}".join(sums)};
    }}
    for (i = n % {inputs}; i > 0; i--, x++, w += {width})
        for (j = 0; j < {width}; j++)
            y[j] = $multiply_add(x[0], w[j], y[j]);
}}
"""


KERNELS["dot"] = """\
/* b + sum of w[i] x[i] for i < n, in eight sums side by side. */
static $real $dot(const $real *restrict w, $real b, const $real *restrict x, size_t n)
{
    $real s[8] = {$0, $0, $0, $0, $0, $0, $0, $0};
    size_t i, j;
    for (i = n / 8; i > 0; i--, w += 8, x += 8)
        for (j = 0; j < 8; j++)
            s[j] = $multiply_add(w[j], x[j], s[j]);
    for (i = n % 8; i > 0; i--, w++, x++)
        b = $multiply_add(w[0], x[0], b);
    return (((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]))) + b;
}
"""


def sparse(index: str, place: str, length: str) -> str:
    """A product with lists of the weights that are not zero, for eight outputs at once."""
    return f"""\
/* y[order[j]] = b[j] + sum of w[k] x[index[k]], for groups of eight outputs j, of which each has a
 * list of length[group] weights and places of inputs; the eight lists are interleaved. */
static void $self(const $real *restrict w, const $real *restrict b, const {index} *restrict index,
                  const {length} *restrict length, const {place} *restrict order, size_t groups,
                  const $real *restrict x, $real *restrict y)
{{
    size_t g, k, j;
    for (g = 0; g < groups; g++, b += 8, order += 8) {{
        $real s[8];
        for (j = 0; j < 8; j++)
            s[j] = b[j];
        for (k = length[g]; k > 0; k--, w += 8, index += 8)
            for (j = 0; j < 8; j++)
                s[j] = $multiply_add(w[j], x[index[j]], s[j]);
        for (j = 0; j < 8; j++)
            y[order[j]] = s[j];
    }}
}}
"""


# ---- functions of one number, of which compilers make vectors, as of libm's they do not ----------

KERNELS["from_bits:float"] = """\
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
KERNELS["to_bits:float"] = """\
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
KERNELS["exp:float"] = """\
/* e^x within 1.1 units in the last place: x = n ln2 + r, e^r by a polynomial, times 2^n in two
 * steps, so that very small and very large results are right, too. NaN stays NaN. */
static inline float $exp(float x)
{
#if FLT_EVAL_METHOD == 0 && !defined(__FAST_MATH__)
    const float low = x < $-104 ? $-104 : x, a = low > $89 ? $89 : low;
    const float t = a * $1.4426950408889634 + $12582912, n = t - $12582912;
    const float r = (a - n * $0.693359375) + n * $2.12194440e-4;
    const float p = ((($1.381454414e-3 * r + $8.368745387e-3) * r + $4.166839073e-2) * r +
                     $1.66665204e-1) * r + $4.999999343e-1;
    const uint32_t whole = $to_bits(t) - 0x4B400000u + 1024u, half = whole >> 1;
    const float first = $from_bits((half - 385u) << 23);
    const float second = $from_bits((whole - half - 385u) << 23);
    return ((p * (r * r) + r + $1) * first) * second;
#else
    return expf(x);
#endif
}
"""
KERNELS["expm1:float"] = """\
/* e^x - 1 within 2 units in the last place, by the same polynomial. */
static inline float $expm1(float x)
{
#if FLT_EVAL_METHOD == 0 && !defined(__FAST_MATH__)
    const float low = x < $-30 ? $-30 : x, a = low > $88 ? $88 : low;
    const float t = a * $1.4426950408889634 + $12582912, n = t - $12582912;
    const float r = (a - n * $0.693359375) + n * $2.12194440e-4;
    const float p = ((($1.381454414e-3 * r + $8.368745387e-3) * r + $4.166839073e-2) * r +
                     $1.66665204e-1) * r + $4.999999343e-1;
    const float scale = $from_bits(($to_bits(t) - 0x4B400000u + 127u) << 23);
    return x > $88 ? $exp(x) : scale * (p * (r * r) + r) + (scale - $1);
#else
    return expm1f(x);
#endif
}
"""
KERNELS["tanh:float"] = """\
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
KERNELS["sigmoid"] = """\
/* 1 / (1 + e^-x) */
static inline $real $sigmoid($real x)
{
    return $1 / ($1 + $exp(-x));
}
"""
KERNELS["erf:float"] = """\
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
KERNELS["gelu:float"] = """\
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
KERNELS["gelu:double"] = """\
/* x Phi(x), Phi the normal distribution function. */
static inline double $gelu(double x)
{
    return $0.5 * x * erfc(x * $-0.7071067811865476);
}
"""
KERNELS["gelu_tanh"] = """\
/* x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
static inline $real $gelu_tanh($real x)
{
    return x * $sigmoid($1.5957691216057308 * x * ($1 + $0.044715 * x * x));
}
"""
KERNELS["softplus"] = """\
/* log(1 + e^x) */
static inline $real $softplus($real x)
{
    return (x < $0 ? $0 : x) + $log1p($exp(-$fabs(x)));
}
"""
KERNELS["maximum"] = """\
/* The larger of two numbers; NaN if one is. */
static inline $real $maximum($real a, $real b)
{
    return a > b || a != a ? a : b;
}
"""
KERNELS["minimum"] = """\
/* The smaller of two numbers; NaN if one is. */
static inline $real $minimum($real a, $real b)
{
    return a < b || a != a ? a : b;
}
"""
KERNELS["modulo"] = """\
/* The remainder of a / b with the sign of b. */
static inline $real $modulo($real a, $real b)
{
    const $real rest = $fmod(a, b);
    return rest != $0 && (rest < $0) != (b < $0) ? rest + b : rest;
}
"""
KERNELS["floor_divide"] = """\
/* The whole number at or below a / b. */
static inline $real $floor_divide($real a, $real b)
{
    const $real exact = (a - $modulo(a, b)) / b, whole = $floor(exact);
    return b == $0 ? a / b : exact - whole > $0.5 ? whole + $1 : whole;
}
"""
KERNELS["logaddexp"] = """\
/* log(e^a + e^b) */
static inline $real $logaddexp($real a, $real b)
{
    const $real most = $maximum(a, b), least = a > b ? b : a;
    return most > $MAX || most < -$MAX ? most : most + $log1p($exp(least - most));
}
"""
KERNELS["sign"] = """\
/* -1, 0 or 1; NaN of NaN. */
static inline $real $sign($real x)
{
    return x > $0 ? $1 : x < $0 ? $-1 : x;
}
"""
KERNELS["to_int64"] = """\
/* x without what is behind the point, or the least number if it does not fit. */
static inline int64_t $to_int64($real x)
{
    return x > $-9.2e18 && x < $9.2e18 ? (int64_t)x : INT64_MIN;
}
"""
KERNELS["to_int32"] = """\
/* x without what is behind the point, or the least number if it does not fit. */
static inline int32_t $to_int32($real x)
{
    return x > $-2147483000 && x < $2147483000 ? (int32_t)x : INT32_MIN;
}
"""

# ---- functions of a row --------------------------------------------------------------------------


def _row(name: str, what: str, start: str, step: str, result: str, before: str = "") -> None:
    """Enters a number of a row x[n]: after `before` and with `found` at its start, a step for each
    element, and the result."""
    KERNELS[name] = f"""\
/* {what} */
static $real ${name}(const $real *x, size_t n)
{{
    size_t i;
{before}    $real found = {start};
    for (i = 0; i < n; i++)
        {step};
    return {result};
}}
"""


_row("sum", "The sum of x[n].", "$0", "found += x[i]", "found")
_row("mean", "The mean of x[n].", "$0", "found += x[i]", "found / ($real)n")
_row("prod", "The product of x[n].", "$1", "found *= x[i]", "found")
_row("max", "The maximum of x[n]; NaN if one is.", "x[0]", "found = $maximum(found, x[i])", "found")
_row("min", "The minimum of x[n]; NaN if one is.", "x[0]", "found = $minimum(found, x[i])", "found")
_row(
    "var",
    "The variance of x[n].",
    "$0",
    "found += (x[i] - mean) * (x[i] - mean)",
    "found / ($real)n",
    "    const $real mean = $mean(x, n);\n",
)
_row("square_sum", "The sum of squares of x[n].", "$0", "found += x[i] * x[i]", "found")
_row("abs_sum", "The sum of |x[n]|.", "$0", "found += $fabs(x[i])", "found")
_row("abs_max", "The largest |x[n]|.", "$0", "found = $maximum(found, $fabs(x[i]))", "found")
_row(
    "norm",
    "The root of the sum of squares of x[n], without overflow.",
    "$0",
    "found += (x[i] / most) * (x[i] / most)",
    "most * $sqrt(found)",
    "    const $real most = $abs_max(x, n);\n    if (!(most > $0) || most > $MAX)\n"
    "        return most;\n",
)
_row(
    "logsumexp",
    "log of the sum of e^x[n].",
    "$0",
    "found += $exp(x[i] - most)",
    "most + $log(found)",
    "    const $real most = $max(x, n);\n    if (most > $MAX || most < -$MAX)\n"
    "        return most;\n",
)
_row("any", "Whether one of x[n] is not 0.", "$0", "found = x[i] != $0 ? $1 : found", "found")
_row("all", "Whether none of x[n] is 0.", "$1", "found = x[i] != $0 ? found : $0", "found")
_row("count_nonzero", "How many of x[n] are not 0.", "$0", "found += x[i] != $0 ? $1 : $0", "found")
KERNELS["ptp"] = """\
/* The maximum less the minimum of x[n]. */
static $real $ptp(const $real *x, size_t n)
{
    return $max(x, n) - $min(x, n);
}
"""
KERNELS["std"] = """\
/* The standard deviation of x[n]. */
static $real $std(const $real *x, size_t n)
{
    return $sqrt($var(x, n));
}
"""
for _name, _sign in (("argmax", ">"), ("argmin", "<")):
    KERNELS[_name] = f"""\
/* The place of the {_name[3:]}imum of x[n], the first of equal ones; of NaN if there is one. */
static size_t ${_name}(const $real *x, size_t n)
{{
    size_t i, found = 0;
    for (i = 1; i < n; i++)
        if (x[found] == x[found] && (x[i] {_sign} x[found] || x[i] != x[i]))
            found = i;
    return found;
}}
"""

# ---- rows to rows, in place ----------------------------------------------------------------------

KERNELS["softmax"] = """\
/* y = e^y / sum of e^y, in place. */
static void $softmax($real *y, size_t n)
{
    const $real most = $max(y, n);
    $real over;
    size_t i;
    for (i = 0; i < n; i++)
        y[i] = $exp(y[i] - most);
    over = $1 / $sum(y, n);
    for (i = 0; i < n; i++)
        y[i] *= over;
}
"""
KERNELS["log_softmax"] = """\
/* y = y - log of the sum of e^y, in place. */
static void $log_softmax($real *y, size_t n)
{
    const $real most = $max(y, n);
    $real sum = $0;
    size_t i;
    for (i = 0; i < n; i++)
        sum += $exp(y[i] - most);
    sum = $log(sum);
    for (i = 0; i < n; i++)
        y[i] = (y[i] - most) - sum;
}
"""
KERNELS["standardize"] = """\
/* y = (y - mean) / sqrt(variance + epsilon), in place. */
static void $standardize($real *y, size_t n, $real epsilon)
{
    const $real mean = $mean(y, n);
    $real over;
    size_t i;
    for (i = 0; i < n; i++)
        y[i] -= mean;
    over = $1 / $sqrt($square_sum(y, n) / ($real)n + epsilon);
    for (i = 0; i < n; i++)
        y[i] *= over;
}
"""
KERNELS["divide_by_root_mean_square"] = """\
/* y = y / sqrt(mean of y^2 + epsilon), in place. */
static void $divide_by_root_mean_square($real *y, size_t n, $real epsilon)
{
    const $real over = $1 / $sqrt($square_sum(y, n) / ($real)n + epsilon);
    size_t i;
    for (i = 0; i < n; i++)
        y[i] *= over;
}
"""
KERNELS["divide_by_norm"] = """\
/* y = y / root of the sum of squares, or by `least` if that is larger, in place. */
static void $divide_by_norm($real *y, size_t n, $real least)
{
    const $real norm = $norm(y, n), over = norm < least ? least : norm;
    size_t i;
    for (i = 0; i < n; i++)
        y[i] /= over;
}
"""
KERNELS["cumsum"] = """\
/* y[i] = the sum of y[0..i], in place. */
static void $cumsum($real *y, size_t n)
{
    size_t i;
    for (i = 1; i < n; i++)
        y[i] += y[i - 1];
}
"""
KERNELS["cumprod"] = """\
/* y[i] = the product of y[0..i], in place. */
static void $cumprod($real *y, size_t n)
{
    size_t i;
    for (i = 1; i < n; i++)
        y[i] *= y[i - 1];
}
"""
KERNELS["sparsemax"] = """\
/* The point nearest to y whose elements are 0 or above and sum up to 1, in place: y less a
 * threshold, which grows until what is above it is used up. */
static void $sparsemax($real *y, size_t n)
{
    const $real most = $max(y, n);
    $real least = $-1, sum;
    size_t i, count, before = 0;
    for (i = 0; i < n; i++)
        y[i] -= most;
    for (;;) {
        sum = $-1;
        count = 0;
        for (i = 0; i < n; i++)
            if (y[i] > least) {
                sum += y[i];
                count++;
            }
        if (count == before || count == 0)
            break;
        before = count;
        least = sum / ($real)count;
    }
    for (i = 0; i < n; i++)
        y[i] = y[i] > least ? y[i] - least : y[i] != y[i] ? y[i] : $0;
}
"""
KERNELS["bucket"] = """\
/* How many of the rising bounds[n] are not above x; n of NaN. */
static size_t $bucket(const $real *bounds, size_t n, $real x)
{
    size_t low = 0;
    while (n > low) {
        const size_t middle = low + (n - low) / 2;
        if (bounds[middle] > x)
            n = middle;
        else
            low = middle + 1;
    }
    return low;
}
"""
KERNELS["find"] = """\
/* The place of x among the rising values[n]; n if it is not there. */
static size_t $find(const int64_t *values, size_t n, int64_t x)
{
    size_t low = 0, high = n;
    while (high > low) {
        const size_t middle = low + (high - low) / 2;
        if (values[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && values[low] == x ? low : n;
}
"""
