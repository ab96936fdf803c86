"""The C functions that a file may need, as texts.

In them `$name` stands for what belongs to the file: the type `$real`, the function's own name
`$self`, another function of this list, which is then written, too, and a function of libm with the
suffix of the type. `$0.5` is a number of the type.
"""

from __future__ import annotations

from corereg.export.c.functions import FUNCTIONS

KERNELS: dict[str, str] = dict(FUNCTIONS)
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
