"""exp, log, tanh, sigmoid, erf, softmax: errors in units in the last place, ends, denormals.

Rules (src/vmath.h): a result below the smallest normal number is 0, and a denormal argument counts
as 0, except for log. float32 is compared with float64 at every COREREG_SWEEP_STRIDE-th of the 2**32
bit patterns (1: all of them, some minutes a function), float64 with the wider long double.
"""

from __future__ import annotations

import os
import platform

import numpy as np
import pytest

from corereg import _kernels

STRIDE = int(os.environ.get("COREREG_SWEEP_STRIDE", "1021"))  # odd: every exponent, both signs
CHUNK = 1 << 20
ULPS = {  # the largest errors, as vmath.h states them
    "float32": {"exp": 1.01, "log": 0.87, "tanh": 1.34, "sigmoid": 2.49, "erf": 1.32},
    "float64": {"exp": 1.0, "log": 0.85, "tanh": 1.4, "sigmoid": 2.5, "erf": 1.5},
}
FUNCTIONS = list(ULPS["float32"])
pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"),
    reason="denormals are flushed on x86-64 and ARM64 only",
)


def apply(name, x):
    if name in _kernels.ACTIVATIONS:
        return _kernels.activation_forward(x, _kernels.ACTIVATIONS[name])
    return getattr(_kernels, name)(x)


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def erf(x):
    """2/sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!! between 2**-13 and 7, in x's precision;
    below that two terms of the power series, above it 1."""
    a = np.abs(x)
    root_pi = np.sqrt(np.arccos(a.dtype.type(-1)))
    y = np.where(a > 1, 1, (a - a**3 / 3 + a**5 / 10) * 2 / root_pi)
    between = (a >= 2**-13) & (a < 7)
    z = a[between]
    term, total = z, z.copy()
    for n in range(1, 250):
        term = term * (2 * z * z / (2 * n + 1))
        total += term
    y[between] = 2 / root_pi * np.exp(-z * z) * total
    return np.copysign(y, x)


EXACT = {"exp": np.exp, "log": np.log, "tanh": np.tanh, "sigmoid": sigmoid, "erf": erf}


@np.errstate(all="ignore")
def error(name, x):
    """The kernel's largest error for x in units in the last place. Where the right result is 0,
    infinite, NaN or too small for a normal number, the kernel's must be it, or 0."""
    tiny = np.finfo(x.dtype).tiny
    wide = x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)
    if name != "log":
        wide[np.abs(x) < tiny] = 0
    exact = EXACT[name](wide)
    right = exact.astype(x.dtype)
    y = apply(name, x)
    ends = ~np.isfinite(right) | (np.abs(right) < tiny)
    right[np.abs(right) < tiny] = 0
    wrong = ends & (y != right) & ~(np.isnan(y) & np.isnan(right))
    assert not wrong.any(), (name, x[wrong][0], y[wrong][0], right[wrong][0])
    within = ~ends
    units = np.abs(y[within] - exact[within]) / np.spacing(np.abs(right[within]))
    return float(units.max(initial=0))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_over_its_range(name):
    worst = 0.0
    for first in range(0, 1 << 32, CHUNK * STRIDE):
        bits = np.arange(first, min(first + CHUNK * STRIDE, 1 << 32), STRIDE, np.int64)
        worst = max(worst, error(name, bits.astype(np.uint32).view(np.float32)))
    assert 0.4 < worst <= ULPS["float32"][name]


needs_long_double = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 60, reason="long double is no wider than float64"
)


@needs_long_double
@pytest.mark.parametrize("name", FUNCTIONS)
def test_float64_of_every_exponent(name, rng):
    bits = rng.integers(0, 1 << 64, 100_000, np.uint64).view(np.float64)
    spread = rng.uniform(-750, 750, 50_000)
    ordinary = rng.choice([-1, 1], 50_000) * np.exp(rng.uniform(-5, 2, 50_000))
    near_1 = rng.uniform(0.5, 2, 20_000)
    assert (
        0.4
        < error(name, np.concatenate([bits, spread, ordinary, near_1]))
        <= (ULPS["float64"][name])
    )


# ---- smooth activations: src/curves.h ------------------------------------------------------------

CURVES = {  # the largest errors of the value, and what is added for each x^2
    "float32": {"softplus": 2.0, "elu": 1.1, "selu": 2.2, "gelu": 6.5, "silu": 3.3, "mish": 3.6},
    "float64": {"softplus": 2.0, "elu": 1.2, "selu": 3.0, "gelu": 7.5, "silu": 3.3, "mish": 3.6},
}
for of_dtype in CURVES.values():
    of_dtype["gelu_tanh"] = 4.0
SLOPE_ERROR = 2.5


def normal_share(x):
    """The normal distribution function in x's precision: by erf near 0, by Laplace's continued
    fraction beyond."""
    a = np.abs(x)
    root = np.sqrt(2 * np.arccos(a.dtype.type(-1)))
    far = a.copy()
    for n in range(400, 0, -1):
        far = a + n / np.maximum(far, 1e-3)
    tail = np.where(a < 2.5, (1 - erf(a / np.sqrt(a.dtype.type(2)))) / 2, 0)
    tail = np.where(a < 2.5, tail, np.exp(-a * a / 2) / (root * far))
    return np.where(x > 0, 1 - tail, tail)


def exact_curve(name, x):
    """act(x) and act'(x) in x's precision."""
    s, below = sigmoid(x), np.minimum(x, 0)
    wide = x.dtype.type
    if name == "softplus":
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), s
    if name in ("elu", "selu"):
        alpha = wide("1.6732632423543772848170429916717") if name == "selu" else 1
        scale = wide("1.0507009873554804934193349852946") if name == "selu" else 1
        return scale * np.where(x > 0, x, alpha * np.expm1(below)), None
    if name == "gelu":
        share = normal_share(x)
        root = np.sqrt(2 * np.arccos(wide(-1)))
        return x * share, share + x * np.exp(-x * x / 2) / root
    if name == "silu":
        return x * s, s + x * s * sigmoid(-x)
    if name == "mish":
        e = np.exp(-np.abs(x))
        p = np.where(x < 0, e * e, 1) + 2 * e
        q = p + 2 * np.where(x < 0, 1, e * e)
        return x * (p / q), p / q + 4 * x * (1 + e) * np.where(x < 0, e, e * e) / (q * q)
    factor = np.sqrt(8 / np.arccos(wide(-1)))
    cube = wide(0.044715)
    s = sigmoid(factor * (x + cube * x**3))
    other = sigmoid(-factor * (x + cube * x**3))
    return x * s, s + x * s * other * factor * (1 + 3 * cube * x * x)


@needs_long_double
@pytest.mark.parametrize("name", CURVES["float32"])
@np.errstate(all="ignore")
def test_smooth_activations(name, dtype, rng):
    most = 12 if dtype == "float32" else 36
    x = np.concatenate(
        [
            rng.uniform(-most, most, 8000),
            rng.uniform(-3, 0.5, 8000),
            rng.choice([-1, 1], 4000) * np.exp(rng.uniform(-30, 3, 4000)),
            rng.uniform(-80, 80, 2000) if name != "gelu" else rng.uniform(-9, 9, 2000),
        ]
    ).astype(dtype)
    x = np.ascontiguousarray(x[:: 6 if name == "gelu" else 1])  # its exact value takes long
    slope = np.empty_like(x) if name in _kernels.KEEPS_SLOPE else None
    y = _kernels.activation_forward(x, _kernels.ACTIVATIONS[name], slope=slope)
    exact, derivative = exact_curve(name, x.astype(np.longdouble))
    right = np.abs(exact).astype(dtype)
    compared = right > 1000 * np.finfo(dtype).tiny
    units = (np.abs(y - exact) / np.spacing(right))[compared]
    allowed = CURVES[dtype][name] * (1 + (x[compared] ** 2 if name == "gelu_tanh" else 0))
    assert 0.2 < (units / allowed).max() <= 1
    if slope is not None:
        largest = float(np.abs(slope - derivative).max()) / np.finfo(dtype).eps
        assert 0.2 < largest <= SLOPE_ERROR


@np.errstate(all="ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_ends(name, dtype):
    """NaN, infinities, zeros, denormals, and where results begin to be flushed or infinite."""
    info = np.finfo(dtype)
    least, most = float(np.log(info.tiny)), float(np.log(info.max))
    x = [0, info.smallest_subnormal, info.tiny, 1, -least, most, info.max, np.inf, np.nan]
    around = [np.array([*x, *np.negative(x)], dtype)]
    for way in (-np.inf, np.inf):
        here = around[0]
        for _ in range(20):
            here = np.nextafter(here, np.array(way, dtype))
            around.append(here)
    assert error(name, np.concatenate(around)) <= ULPS[dtype][name]
    for a in around[0]:  # alone, as a tail
        assert error(name, a[None]) <= ULPS[dtype][name], a


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_odd_functions(name, dtype, rng):
    x = np.append(rng.standard_normal(1001) * 2, 0).astype(dtype)
    assert apply(name, -x).tobytes() == (-apply(name, x)).tobytes()


@needs_long_double
@pytest.mark.parametrize("columns", [2, 10, 100, 1000])
def test_softmax_and_its_logarithm(columns, dtype, rng):
    rows = 100_000 // columns
    x = rng.standard_normal((rows, columns)) * rng.choice([1, 5, 20], (rows, 1))
    x = x.astype(dtype)
    wide = x.astype(np.longdouble)
    below = wide - wide.max(axis=1, keepdims=True)
    sums = np.exp(below).sum(axis=1, keepdims=True)
    exact = np.exp(below) / sums
    error = np.abs(apply("softmax", x) - exact) / np.spacing(exact.astype(dtype))
    normal = exact > np.finfo(dtype).tiny
    assert (error[normal] <= (5 + columns / 10 - below)[normal]).all()
    exact = below - np.log(sums)
    unit = np.spacing(np.maximum(1, np.abs(exact)).astype(dtype))
    assert (np.abs(_kernels.log_softmax_forward(x) - exact) <= (3 + columns / 20) * unit).all()
