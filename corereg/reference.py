"""Every kernel in plain NumPy, under the kernel's own name (formulas and shapes: src/kernels.h).

The oracle of the tests and the baseline of the benches; corereg itself never uses it. Functions
keep the dtype of their arrays (float64 gives reference values), check nothing and warn as NumPy
does. Prefix d: a gradient; suffixes: b batch rows, i inputs, o outputs, n classes or columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from corereg.reference_norms import (
    batch_norm_backward as batch_norm_backward,
    batch_norm_forward as batch_norm_forward,
    batch_norm_inference as batch_norm_inference,
    row_norm_backward as row_norm_backward,
    row_norm_backward_weights as row_norm_backward_weights,
    row_norm_forward as row_norm_forward,
)

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]

# ---- dense -------------------------------------------------------------------------------------


def dense_forward(x_bi: Array, w_io: Array, b_o: Array | None = None, act: str = "linear") -> Array:
    """act(x w + b)."""
    y_bo = x_bi @ w_io
    if b_o is not None:
        y_bo += b_o
    return activation_forward(y_bo, act, out=y_bo)


def dense_backward_input(
    dz_bo: Array, w_io: Array, y_bi: Array | None = None, act: str = "linear"
) -> Array:
    """dz w', taken through the activation that made the layer's input y, if y is given."""
    dx_bi = dz_bo @ w_io.T
    return dx_bi if y_bi is None else activation_backward(dx_bi, y_bi, act)


def dense_backward_weights(x_bi: Array, dz_bo: Array) -> Pair:
    """(x' dz, column sums of dz)."""
    return x_bi.T @ dz_bo, dz_bo.sum(axis=0)


# ---- activations -------------------------------------------------------------------------------


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _elu(x: Array) -> Pair:
    low = np.expm1(np.minimum(x, 0))
    return np.where(x > 0, x, low), np.where(x > 0, 1, low + 1)


def _selu(x: Array) -> Pair:
    low = _SELU_ALPHA * np.expm1(np.minimum(x, 0))
    y = _SELU_SCALE * np.where(x > 0, x, low)
    return y, _SELU_SCALE * np.where(x > 0, 1, low + _SELU_ALPHA)


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    s: Array = np.where(x < 0, e, 1) / (1 + e)
    return s


def _gelu(x: Array) -> Pair:
    share = np.vectorize(lambda t: math.erfc(-t / math.sqrt(2)) / 2, otypes=[float])(x)
    near = np.clip(x, -100, 100)
    return x * share, share + near * np.exp(-near * near / 2) / math.sqrt(2 * math.pi)


def _gelu_tanh(x: Array) -> Pair:
    near = np.clip(x, -100, 100)
    u = math.sqrt(8 / math.pi) * (near + 0.044715 * near**3)
    s = _sigmoid(u)
    du = math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * near * near)
    return x * s, s + near * s * _sigmoid(-u) * du


def _silu(x: Array) -> Pair:
    s, near = _sigmoid(x), np.clip(x, -1000, 1000)
    return x * s, s + near * s * _sigmoid(-x)


def _mish(x: Array) -> Pair:
    e, near = np.exp(-np.abs(x)), np.clip(x, -1000, 1000)
    p = np.where(x < 0, e * e, 1) + 2 * e
    q = p + 2 * np.where(x < 0, 1, e * e)
    return x * (p / q), p / q + 4 * near * (1 + e) * np.where(x < 0, e, e * e) / (q * q)


_CURVES: dict[str, Callable[[Array], Pair]] = {
    "leaky_relu": lambda x: (np.where(x >= 0, x, 0.2 * x), np.where(x >= 0, 1, 0.2)),
    "elu": _elu,
    "selu": _selu,
    "softplus": lambda x: (np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), _sigmoid(x)),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "mish": _mish,
}
"""The value and the derivative of each."""


def activation_forward(x: Array, act: str, out: Array | None = None) -> Array:
    """act(x); softmax along the last axis. out may be x."""
    y: Array = np.empty_like(x) if out is None else out
    if act == "relu":
        np.maximum(x, 0, out=y)
    elif act == "sigmoid":
        np.negative(x, out=y)
        with np.errstate(over="ignore"):  # e^-x = inf gives the right 0
            np.exp(y, out=y)
        y += 1
        np.reciprocal(y, out=y)
    elif act == "tanh":
        np.tanh(x, out=y)
    elif act == "softmax":
        np.subtract(x, x.max(axis=-1, keepdims=True, initial=-np.inf), out=y)
        np.exp(y, out=y)
        y /= y.sum(axis=-1, keepdims=True)
    elif act in _CURVES:
        y[...] = _CURVES[act](x)[0]
    elif y is not x:
        y[...] = x
    return y


def activation_slope(x: Array, act: str) -> Array:
    """act'(x), for the activations whose output does not tell it."""
    slope: Array = _CURVES[act](x)[1]
    return slope


def activation_backward(dy: Array, y: Array, act: str) -> Array:
    """dy through act, from its output y, or from its slope y where `activation_slope` gives it."""
    dx: Array = dy
    if act in ("gelu", "gelu_tanh", "silu", "mish"):
        dx = dy * y
    elif act == "leaky_relu":
        dx = np.where(y >= 0, dy, 0.2 * dy)
    elif act == "elu":
        dx = np.where(y > 0, dy, dy * (y + 1))
    elif act == "selu":
        dx = np.where(y > 0, _SELU_SCALE * dy, dy * (y + _SELU_SCALE * _SELU_ALPHA))
    elif act == "softplus":
        dx = -dy * np.expm1(-y)
    if act == "relu":
        dx = np.where(y > 0, dy, 0)
    elif act == "sigmoid":
        dx = dy * y * (1 - y)
    elif act == "tanh":
        dx = dy * (1 - y * y)
    elif act == "softmax":
        dx = y * (dy - (dy * y).sum(axis=-1, keepdims=True))
    return dx


def log_softmax_forward(x: Array) -> Array:
    """log(softmax(x)) along the last axis."""
    z: Array = x - x.max(axis=-1, keepdims=True, initial=-np.inf)
    y: Array = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return y


def log_softmax_backward(dy: Array, y: Array) -> Array:
    """dy through log-softmax, from its output y."""
    dx: Array = dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)
    return dx


# ---- dropout -----------------------------------------------------------------------------------

_WORD = 0xFFFFFFFF


def philox4x32(counter: Array, key: Sequence[int]) -> Array:
    """Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, 2011).

    counter: (..., 4) words below 2**32; key: two such words; returns (..., 4) uint32.
    """
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counter, dtype=np.uint64), -1, 0)
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _WORD, (p0 >> 32) ^ c3 ^ k1, p0 & _WORD
        k0, k1 = (k0 + 0x9E3779B9) & _WORD, (k1 + 0xBB67AE85) & _WORD
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def _bytes(groups: int, seed: int, step: int, stream: int) -> Array:
    """8 random bits for each of 256 * groups elements, as uint64."""
    counter_gcw = np.empty((groups, 16, 4), np.uint64)
    counter_gcw[..., 0] = np.arange(16 * groups).reshape(groups, 16) & _WORD
    counter_gcw[..., 1:] = stream, step & _WORD, step >> 32 & _WORD
    words_gcw = philox4x32(counter_gcw, (seed & _WORD, seed >> 32))
    bytes_gcwb = words_gcw[..., None] >> np.array([0, 8, 16, 24], np.uint32) & np.uint32(0xFF)
    return bytes_gcwb.transpose(0, 2, 1, 3).reshape(-1).astype(np.uint64)


def dropout_mask(n: int, rate: float, seed: int, step: int, stream: int = 0) -> Array:
    """Which of n elements dropout keeps: bool (n,). seed below 2**64, stream below 2**30."""
    u: Array = np.zeros((n + 255) // 256 * 256, np.uint64)
    for level in range(4):
        u = u << np.uint64(8) | _bytes((n + 255) // 256, seed, step, stream + (level << 30))
    kept: Array = u < int((1 - rate) * 2**32 + 0.5)
    return kept[:n]


def dropout_forward(x: Array, rate: float, seed: int, step: int, stream: int = 0) -> Pair:
    """x where kept, scaled by 1/(1-rate), and the mask (bool, of x's shape)."""
    kept = dropout_mask(x.size, rate, seed, step, stream).reshape(x.shape)
    return dropout_backward(x, rate, kept), kept


def dropout_backward(dy: Array, rate: float, kept: Array) -> Array:
    """dy where kept, scaled by 1/(1-rate). Behind a relu, kept is y > 0."""
    return np.where(kept, dy * (0.0 if rate == 1 else 1 / (1 - rate)), 0)


def dropout_by_generator(x: Array, rate: float, generator: np.random.Generator) -> Pair:
    """Dropout as one writes it in NumPy, rate below 1: (y, mask). The benches' baseline."""
    kept: Array = np.less(generator.random(x.shape, dtype=np.float32), 1 - rate)
    y = x * kept
    y *= 1 / (1 - rate)
    return y, kept


def alpha_dropout_forward(
    x: Array,
    rate: float,
    scale: float,
    shift: float,
    dropped: float,
    seed: int,
    step: int,
    stream: int = 0,
) -> Pair:
    """x*scale + shift where kept, else `dropped`, and the mask (bool, of x's shape)."""
    kept = dropout_mask(x.size, rate, seed, step, stream).reshape(x.shape)
    return np.where(kept, x * scale + shift, dropped).astype(x.dtype), kept


def normal(
    out: Array, seed: int, step: int, mean: float = 0.0, stddev: float = 1.0, stream: int = 0
) -> Array:
    """Normal random numbers of out's shape, by the numbers of its dtype, computed in float64."""
    single = out.dtype == np.float32
    groups = -(-out.size // (64 if single else 32))
    counters_gcw = np.empty((groups, 16, 4), np.uint64)
    counters_gcw[..., 0] = np.arange(16 * groups).reshape(groups, 16) & _WORD
    counters_gcw[..., 1:] = stream, step & _WORD, step >> 32 & _WORD
    w = philox4x32(counters_gcw, (seed & _WORD, seed >> 32)).astype(np.uint64)
    if single:
        u = ((w[..., ::2] >> np.uint64(1)) + 0.5) * 2.0**-31
        turn = w[..., 1::2] / 2.0**32
    else:
        u = 1 - (w[..., :1] | w[..., 1:2] << np.uint64(32)) // 2**12 * 2.0**-52
        turn = (w[..., 2:3] | w[..., 3:] << np.uint64(32)) // 2**10 * 2.0**-54
    angle = 2 * np.pi * (turn - 0.125)  # of the first element of a pair
    both_gcph = np.stack([np.cos(angle), np.sin(angle)], -1) * np.sqrt(-2 * np.log(u))[..., None]
    z = both_gcph.transpose(0, 2, 3, 1).reshape(-1)[: out.size]
    found: Array = mean + stddev * z.reshape(out.shape)
    return found


# ---- losses and accuracies ---------------------------------------------------------------------


def _per_row(loss_b: Array, dz_bn: Array, weight_b: Array | None) -> Pair:
    """Weights the rows, and turns the gradient of each row's loss into that of their mean."""
    if weight_b is not None:
        loss_b = loss_b * weight_b
        dz_bn = dz_bn * weight_b[:, None]
    return loss_b, dz_bn / max(len(loss_b), 1)


def softmax_cross_entropy(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, smoothing: float = 0.0
) -> Pair:
    """(-sum y log softmax(z) of each row, gradient of their mean)."""
    t_bn = y_bn * (1 - smoothing) + smoothing / max(z_bn.shape[1], 1)
    total_b = t_bn.sum(axis=1)
    z_bn = z_bn - z_bn.max(axis=1, keepdims=True, initial=-np.inf)
    e_bn = np.exp(z_bn)
    sum_b = e_bn.sum(axis=1)
    loss_b = total_b * np.log(sum_b) - (t_bn * z_bn).sum(axis=1)
    return _per_row(loss_b, e_bn * (total_b / sum_b)[:, None] - t_bn, weight_b)


def sparse_cross_entropy(z_bn: Array, labels_b: Array, weight_b: Array | None = None) -> Pair:
    """The same for integer labels."""
    rows = np.arange(len(labels_b))
    z_bn = z_bn - z_bn.max(axis=1, keepdims=True, initial=-np.inf)
    dz_bn = np.exp(z_bn)
    sum_b = dz_bn.sum(axis=1)
    loss_b = np.log(sum_b) - z_bn[rows, labels_b]
    dz_bn /= sum_b[:, None]
    dz_bn[rows, labels_b] -= 1
    return _per_row(loss_b, dz_bn, weight_b)


def sigmoid_cross_entropy(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, smoothing: float = 0.0
) -> Pair:
    """(mean of softplus(z) - y z over each row, gradient of their mean)."""
    columns = max(z_bn.shape[1], 1)
    t_bn = y_bn * (1 - smoothing) + smoothing / 2
    each_bn = np.maximum(z_bn, 0) - t_bn * z_bn + np.log1p(np.exp(-np.abs(z_bn)))
    dz_bn = (activation_forward(z_bn, "sigmoid") - t_bn) / columns
    return _per_row(each_bn.sum(axis=1) / columns, dz_bn, weight_b)


def squared_error(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """(mean of (z-y)^2 over each row, gradient of their mean)."""
    columns = max(z_bn.shape[1], 1)
    d_bn = z_bn - y_bn
    return _per_row((d_bn * d_bn).sum(axis=1) / columns, d_bn * (2 / columns), weight_b)


def absolute_error(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """(mean of |z-y| over each row, gradient of their mean)."""
    columns = max(z_bn.shape[1], 1)
    d_bn = z_bn - y_bn
    return _per_row(np.abs(d_bn).sum(axis=1) / columns, np.sign(d_bn) / columns, weight_b)


def _terms(terms_bn: Array, slopes_bn: Array, weight_b: Array | None, sums: bool = False) -> Pair:
    """(mean of the terms over each row, gradient of their mean), or their sum."""
    count = 1 if sums else max(terms_bn.shape[1], 1)
    return _per_row(terms_bn.sum(axis=1) / count, slopes_bn / count, weight_b)


def huber(z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1.0) -> Pair:
    """Of d = z-y: d^2/2 where |d| <= option, else option (|d| - option/2)."""
    d_bn, far_bn = z_bn - y_bn, np.abs(z_bn - y_bn)
    near_bn = far_bn <= option
    terms_bn = np.where(near_bn, d_bn * d_bn / 2, option * far_bn - option * option / 2)
    return _terms(terms_bn, np.clip(d_bn, -option, option), weight_b)


def log_cosh(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """log cosh (z-y)."""
    d_bn = z_bn - y_bn
    far_bn = np.abs(d_bn)
    near_bn = np.log1p(2 * np.sinh(np.minimum(far_bn, 1) / 2) ** 2)
    terms_bn = np.where(far_bn <= 1, near_bn, far_bn + np.log1p(np.exp(-2 * far_bn)) - np.log(2))
    return _terms(terms_bn, np.tanh(d_bn), weight_b)


def signed_targets(y_bn: Array) -> Array:
    """Targets of hinges: those of 0 and 1 become -1 and 1, if there are no others."""
    binary = bool(((y_bn == 0) | (y_bn == 1)).all())
    return 2 * y_bn - 1 if binary else y_bn


def hinge(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """max(0, 1 - yz); the slope at the kink is the middle of those beside it."""
    t_bn = signed_targets(y_bn)
    margin_bn = 1 - t_bn * z_bn
    sides_bn = (margin_bn > 0) + 0.5 * (margin_bn == 0)
    return _terms(np.maximum(margin_bn, 0), -t_bn * sides_bn, weight_b)


def squared_hinge(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """max(0, 1 - yz)^2."""
    t_bn = signed_targets(y_bn)
    margin_bn = np.maximum(1 - t_bn * z_bn, 0)
    return _terms(margin_bn * margin_bn, -2 * t_bn * margin_bn, weight_b)


def poisson(z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7) -> Pair:
    """z - y log(z + option)."""
    rate_bn = z_bn + option
    return _terms(z_bn - y_bn * np.log(rate_bn), 1 - y_bn / rate_bn, weight_b)


def kl_divergence(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7
) -> Pair:
    """sum of y log(y/z), both clipped to [option, 1]."""
    p_bn, t_bn = np.clip(z_bn, option, 1), np.clip(y_bn, option, 1)
    inside_bn = (z_bn >= option) & (z_bn <= 1)
    return _terms(t_bn * np.log(t_bn / p_bn), np.where(inside_bn, -t_bn / p_bn, 0), weight_b, True)


def absolute_percentage_error(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7
) -> Pair:
    """100 |z-y| / max(|y|, option)."""
    d_bn, whole_bn = z_bn - y_bn, np.maximum(np.abs(y_bn), option)
    return _terms(100 * np.abs(d_bn / whole_bn), 100 * np.sign(d_bn) / whole_bn, weight_b)


def squared_logarithmic_error(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7
) -> Pair:
    """The squared difference of log(1 + z) and log(1 + y), both at least option."""
    rate_bn = np.maximum(z_bn, option) + 1
    d_bn = np.log(rate_bn) - np.log(np.maximum(y_bn, option) + 1)
    return _terms(d_bn * d_bn, np.where(z_bn >= option, 2 * d_bn / rate_bn, 0), weight_b)


def quantile(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, levels_n: Array | float = 0.5
) -> Pair:
    """max(q (y-z), (q-1) (y-z)) for the level q of each output."""
    d_bn = y_bn - z_bn
    slopes_bn = np.where(d_bn > 0, -levels_n, np.where(d_bn < 0, 1 - levels_n, 0.0 * d_bn))
    return _terms(np.maximum(levels_n * d_bn, (levels_n - 1) * d_bn), slopes_bn, weight_b)


def categorical_accuracy(z_bn: Array, y_bn: Array) -> Array:
    """1 where the largest z is at the largest y (the first of equals), else 0."""
    right_b: Array = z_bn.argmax(axis=1) == y_bn.argmax(axis=1)
    return right_b.astype(z_bn.dtype)


def sparse_accuracy(z_bn: Array, labels_b: Array) -> Array:
    """1 where the largest z is at the label, else 0."""
    right_b: Array = z_bn.argmax(axis=1) == labels_b
    return right_b.astype(z_bn.dtype)


def binary_accuracy(z_bn: Array, y_bn: Array, threshold: float = 0.5) -> Array:
    """The share of each row where (z > threshold) is y."""
    right_bn: Array = (z_bn > threshold) == y_bn
    share_b: Array = right_bn.astype(z_bn.dtype).sum(axis=1) / max(z_bn.shape[1], 1)
    return share_b


def threshold_counts(
    positives: Array,
    negatives: Array,
    p_bn: Array,
    y_bn: Array,
    thresholds: Array,
    weights: Array | None = None,
    column_weights_n: Array | None = None,
    spacing: str = "any",
) -> None:
    """positives[l, k] += the weights of elements of label l with y != 0 that are above exactly k
    thresholds, negatives those with y == 0; one label for all columns, or one for each."""
    if spacing == "any":
        below_bn = (p_bn[..., None] > thresholds).sum(axis=-1)
    else:
        steps = p_bn.dtype.type(len(thresholds) - 1)
        places_bn = np.where(np.isnan(p_bn), 1, np.ceil(p_bn.clip(0, 1) * steps))
        below_bn = np.maximum(places_bn, spacing == "widened").astype(np.int64)
    weights_bn = np.ones(p_bn.shape)
    if weights is not None:
        weights_bn = weights_bn * (weights[:, None] if weights.ndim == 1 else weights)
    if column_weights_n is not None:
        weights_bn = weights_bn * column_weights_n
    label_bn = np.zeros(p_bn.shape, np.int64) + np.arange(p_bn.shape[1]) % len(positives)
    for counts, chosen_bn in ((positives, y_bn != 0), (negatives, y_bn == 0)):
        np.add.at(counts, (label_bn[chosen_bn], below_bn[chosen_bn]), weights_bn[chosen_bn])


def filter_top_k(x_bn: Array, k: int) -> Array:
    """x where it is among the k largest of its row (the first of equals), elsewhere -1e10."""
    order_bn = np.argsort(-x_bn, axis=1, kind="stable")[:, :k]
    out_bn = np.full_like(x_bn, -1e10)
    kept_bk = np.take_along_axis(x_bn, order_bn, axis=1)
    np.put_along_axis(out_bn, order_bn, np.where(np.isnan(kept_bk), -1e10, kept_bk), axis=1)
    return out_bn


def top_k_accuracy(z_bn: Array, y: Array, k: int) -> Array:
    """1 where fewer than k elements are above the one at the label, or at the largest y; else 0."""
    labels_b = y.argmax(axis=1) if y.ndim == 2 else y
    at_b = z_bn[np.arange(len(z_bn)), labels_b]
    at_b = np.where(np.isnan(at_b), -np.inf, at_b)
    hits_b: Array = ((z_bn > at_b[:, None]).sum(axis=1) < k).astype(z_bn.dtype)
    return hits_b


def accumulate_weighted_sum(
    total: Array, values: Array, factor: float = 1.0, weights: Array | None = None
) -> None:
    """total[0] += factor * sum(values * weights), in float64."""
    weighted = values if weights is None else values * weights.astype(np.float64)
    total.reshape(-1)[0] += factor * weighted.sum(dtype=np.float64)


def increment(counter: Array, by: int = 1) -> None:
    """counter[0] += by."""
    counter.reshape(-1)[0] += by


def store_and_reset(total: Array, log: Array | None = None, place: Array | None = None) -> None:
    """log[place] = total, total = 0."""
    if log is not None and place is not None and 0 <= place.reshape(-1)[0] < log.size:
        log.reshape(-1)[place.reshape(-1)[0]] = total.reshape(-1)[0]
    total.reshape(-1)[0] = 0


def row_mean(rows_b: Array, weight_b: Array | None = None) -> Array:
    """sum(rows * weight) / M as a 0-d array, summed in float64; 0 for no rows."""
    weighted_b = rows_b.astype(np.float64) if weight_b is None else rows_b * np.float64(weight_b)
    return np.asarray(weighted_b.sum() / max(len(rows_b), 1), rows_b.dtype)


# ---- data movement and small sweeps ------------------------------------------------------------


def gather_rows(src: Array, out: Array, order: Array | None = None, start: int = 0) -> Array:
    """out[r] = src[order[start + r]] for every row of out, cast to its dtype; order None: as is."""
    rows = slice(start, start + len(out))
    out[...] = src[rows] if order is None else src[order[rows]]
    return out


def embedding_forward(index: Array, w: Array) -> Array:
    """w[index]."""
    return np.asarray(w[index])


def embedding_backward(index: Array, dy: Array, dw: Array) -> Array:
    """dw[k] = the sum of the rows of dy whose index is k."""
    dw[...] = 0
    np.add.at(dw, index, dy)
    return dw


def unique_rows(index: Array, rows: Array, place: Array, where: Array) -> None:
    """rows = the different numbers in index, those of 0..len(where) - 1, by their first places."""
    inside = (index >= 0) & (index < len(where))
    found = list(dict.fromkeys(index[inside].tolist()))
    rows[...] = -1
    rows[: len(found)] = found
    place[...] = [found.index(k) if k in found else -1 for k in index.reshape(-1).tolist()]


def scatter_rows(w: Array, x: Array, rows: Array) -> Array:
    """w[rows[u]] = x[u] for the rows that w has."""
    inside = (rows >= 0) & (rows < len(w))
    w[rows[inside]] = x[inside]
    return w


def integer_lookup(x: Array, keys: Array, codes: Array, oov: int, oov_count: int) -> Array:
    """codes[i] where keys[i] = x, else oov + x mod oov_count."""
    known = dict(zip(keys.tolist(), codes.tolist(), strict=True))
    flat = [known[v] if v in known else oov + v % oov_count for v in x.reshape(-1).tolist()]
    return np.array(flat, np.int64).reshape(x.shape)


def _splitmix64(state: int) -> tuple[int, int]:
    """The next state of SplitMix64 and the 64 random bits that it gives."""
    mask = (1 << 64) - 1
    state = (state + 0x9E3779B97F4A7C15) & mask
    x = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return state, x ^ (x >> 31)


def shuffle(order: Array, seed: Array, epoch: Array) -> None:
    """order = the permutation of (seed[0], epoch[0]): of 0..n-1, where each place, the last one
    first, changes with one of those up to it; then epoch[0] += 1."""
    _, mixed = _splitmix64(int(seed[0]))
    _, state = _splitmix64((mixed + int(epoch[0])) % (1 << 64))
    order[:] = np.arange(len(order))
    for i in range(len(order) - 1, 0, -1):
        state, bits = _splitmix64(state)
        j = (bits * (i + 1)) >> 64
        order[i], order[j] = order[j], order[i]
    epoch[0] += 1


def scale(x: Array, factor: Array) -> Array:
    """x times the 0-d array factor."""
    return x * factor


def add(y: Array, x: Array) -> Array:
    """y += x."""
    y += x
    return y


def exp(x: Array) -> Array:
    """e**x."""
    return np.exp(x)


def log(x: Array) -> Array:
    """log(x)."""
    return np.log(x)


def erf(x: Array) -> Array:
    """The error function, in float64 within."""
    y: Array = np.vectorize(math.erf, otypes=[float])(x)
    return y.astype(x.dtype)


# ---- arrays of any layout ------------------------------------------------------------------------


def numpy_loop(ufunc: np.ufunc, *inputs: Array) -> Array:
    """What a ufunc gives."""
    return np.asarray(ufunc(*inputs))


def strided_copy(x: Array, dtype: Any) -> Array:
    """x cast as C casts."""
    return x.astype(dtype)


def strided_select(condition: Array, a: Array, b: Array) -> Array:
    """a where the condition holds, b elsewhere."""
    return np.where(condition, a, b)


def arg_extreme(x: Array, least: bool) -> Array:
    """The places of extremes along the last axis."""
    return np.asarray(np.argmin(x, -1) if least else np.argmax(x, -1))


def arg_sort(x: Array) -> Array:
    """The places of the elements along the last axis in their order, equal ones as they stand."""
    return np.argsort(x, -1, kind="stable")


def indexed_copy(x: Array, places: Array) -> Array:
    """The elements of a vector at these places."""
    return x[places]


# ---- penalties and clipping --------------------------------------------------------------------


def penalty(w: Array, l1: float, l2: float) -> float:
    """l1*sum|w| + l2*sum(w*w)."""
    from_l1 = l1 * float(np.abs(w).sum()) if l1 else 0.0
    from_l2 = l2 * float(np.vdot(w, w)) if l2 else 0.0
    return from_l1 + from_l2


def penalty_backward(w: Array, l1: float, l2: float, factor: float | Array = 1.0) -> Array:
    """factor * (l1*sign(w) + 2*l2*w)."""
    return factor * (l1 * np.sign(w) + 2 * l2 * w)


def gradient_norms(gradients: Sequence[Array]) -> Array:
    """The Euclidean norm of each gradient, float64."""
    return np.array([np.sqrt(np.square(g, dtype=np.float64).sum()) for g in gradients])


def clip_scales(norms: Array, limit: float, by_global_norm: bool = False) -> Array:
    """The factors that bring each norm, or the norm of all together, under limit."""
    if by_global_norm:
        norms = np.full_like(norms, np.sqrt((norms * norms).sum()))
    return limit / np.maximum(limit, norms)


# ---- probes ------------------------------------------------------------------------------------


def probe_arithmetic(y: Array, rounds: int, factor: float, addend: float) -> Array:
    """`rounds` times y = y*factor + addend; y itself is kept."""
    for _ in range(rounds):
        y = y * factor + addend
    return y


def probe_triad(x: Array, z: Array, factor: float) -> Array:
    """x + factor*z."""
    return x + factor * z


def probe_read(x: Array, block: int = 4096) -> Array:
    """The sum of each block."""
    return np.array([x[i : i + block].sum() for i in range(0, x.size, block)], x.dtype)


# ---- updates -----------------------------------------------------------------------------------


class Hyper(NamedTuple):
    """The numbers of one step; own: the rule's hyperparameters by the names of rules.h."""

    learning_rate: float = 0.0
    clipvalue: float | None = None  # None: no clipping
    step: int = 0  # updates done before this one
    own: Mapping[str, float] = MappingProxyType({})


Slots = Sequence[Any]  # a variable's state arrays, in the order of rules.h, or None


def update_sgd(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """w -= lr g."""
    w -= h.learning_rate * g


def update_momentum(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m = mu m - lr g;  w += m."""
    m = slots[0]
    m *= h.own["momentum"]
    m -= h.learning_rate * g
    w += m


def update_nesterov(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m = mu m - lr g;  w += mu m - lr g."""
    m = slots[0]
    step = h.learning_rate * g
    m *= h.own["momentum"]
    m -= step
    w += h.own["momentum"] * m - step


def update_rmsprop(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """v = rho v + (1-rho) g^2;  w -= lr g / sqrt(v + eps); see rules.h on the options."""
    v, momentum, average = slots
    rho = h.own["rho"]
    v *= rho
    v += (1 - rho) * (g * g)
    d = v + h.own["epsilon"]
    if average is not None:
        average *= rho
        average += (1 - rho) * g
        d -= average * average
    step = h.learning_rate * g / np.sqrt(d, out=d)
    if momentum is not None:
        momentum *= h.own["momentum"]
        momentum += step
        step = momentum
    w -= step


def update_adam(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m, v = moments of g; w -= alpha m / (sqrt(v) + eps), v's maximum if its array is there."""
    m, v, largest = slots
    t, beta_1, beta_2 = h.step + 1, h.own["beta_1"], h.own["beta_2"]
    alpha = h.learning_rate * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    m *= beta_1
    m += (1 - beta_1) * g
    v *= beta_2
    v += (1 - beta_2) * (g * g)
    if largest is not None:
        v = np.maximum(largest, v, out=largest)
    d = np.sqrt(v)
    d += h.own["epsilon"]
    w -= alpha * m / d


def update_adagrad(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """a += g^2;  w -= lr g / sqrt(a + eps)."""
    a = slots[0]
    a += g * g
    w -= h.learning_rate * g / np.sqrt(a + h.own["epsilon"])


def update_adadelta(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """a = rho a + (1-rho) g^2;  d = g sqrt(b + eps) / sqrt(a + eps);  b as a, of d;  w -= lr d."""
    a, b = slots[:2]
    rho, epsilon = h.own["rho"], h.own["epsilon"]
    a *= rho
    a += (1 - rho) * (g * g)
    d = g * np.sqrt(b + epsilon) / np.sqrt(a + epsilon)
    b *= rho
    b += (1 - rho) * (d * d)
    w -= h.learning_rate * d


def update_adamax(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m as Adam;  u = max(beta_2 u, |g|);  w -= lr/(1-beta_1^t) m / (u + eps)."""
    m, u = slots[:2]
    beta_1 = h.own["beta_1"]
    m *= beta_1
    m += (1 - beta_1) * g
    np.maximum(h.own["beta_2"] * u, np.abs(g), out=u)
    w -= h.learning_rate / (1 - beta_1 ** (h.step + 1)) * m / (u + h.own["epsilon"])


def update_nadam(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """Adam with Nesterov's momentum, whose schedule is u; see rules.h."""
    m, v = slots[:2]
    t, beta_1, beta_2 = h.step + 1, h.own["beta_1"], h.own["beta_2"]
    u = [beta_1 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
    product = math.prod(u[:t])
    m *= beta_1
    m += (1 - beta_1) * g
    v *= beta_2
    v += (1 - beta_2) * (g * g)
    mean = u[t] / (1 - product * u[t]) * m + (1 - u[t - 1]) / (1 - product) * g
    w -= h.learning_rate * mean / (np.sqrt(v / (1 - beta_2**t)) + h.own["epsilon"])


def update_ftrl(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """The leader of all gradients so far, with L1 and L2; see rules.h."""
    accumulator, linear = slots[:2]
    lr, power = h.learning_rate, -h.own["learning_rate_power"]
    l1, l2 = h.own["l1_regularization_strength"], h.own["l2_regularization_strength"]
    before = accumulator**power
    accumulator += g * g
    scale = accumulator**power
    linear += g + 2 * h.own["l2_shrinkage_regularization_strength"] * w
    linear -= (scale - before) / lr * w
    w[...] = np.clip(linear, -l1, l1) - linear
    w /= scale / lr + 2 * (l2 + h.own["beta"] / (2 * lr))


def update_lion(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """w -= lr sign(beta_1 m + (1-beta_1) g);  m = beta_2 m + (1-beta_2) g."""
    m, beta_1, beta_2 = slots[0], h.own["beta_1"], h.own["beta_2"]
    w -= h.learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g)
    m *= beta_2
    m += (1 - beta_2) * g


RULES: dict[str, Callable[[Array, Array, Slots, Hyper], None]] = {
    "sgd": update_sgd,
    "momentum": update_momentum,
    "nesterov": update_nesterov,
    "rmsprop": update_rmsprop,
    "adam": update_adam,
    "adagrad": update_adagrad,
    "adadelta": update_adadelta,
    "adamax": update_adamax,
    "nadam": update_nadam,
    "ftrl": update_ftrl,
    "lion": update_lion,
}


def scheduled_rate(kind: str, numbers: Sequence[float], step: int) -> float:
    """The learning rate of a schedule after so many steps; see cr_schedule_kind for the numbers."""
    p = list(map(float, numbers))
    if kind in ("exponential_decay", "inverse_time_decay"):
        passed = step / p[1]
        passed = math.floor(passed) if p[3] else passed
        if kind == "exponential_decay":
            return p[0] * math.pow(p[2], passed)
        return p[0] / (1 + p[2] * passed)
    if kind == "polynomial_decay":
        length = p[1] * max(1, math.ceil(step / p[1])) if p[4] else p[1]
        return (p[0] - p[2]) * math.pow(1 - min(step, length) / length, p[3]) + p[2]
    if kind == "cosine_decay":
        length, alpha, warm_up, end = p[1:]
        if end >= 0 and step < warm_up:
            return (end - p[0]) * step / warm_up + p[0]
        passed = min(step - (warm_up if end >= 0 else 0), length) / length
        top = end if end >= 0 else p[0]
        return top * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * passed)) + alpha)
    if kind == "cosine_restarts":
        length, t_mul, m_mul, alpha = p[1:]
        number, begin = 0, 0.0
        while step >= begin + length:
            number, begin, length = number + 1, begin + length, length * t_mul
        wave = 0.5 * math.pow(m_mul, number) * (1 + math.cos(math.pi * (step - begin) / length))
        return p[0] * ((1 - alpha) * wave + alpha)
    if kind == "piecewise_constant":
        half = len(p) // 2
        return p[half + sum(step > boundary for boundary in p[:half])]
    return p[1 + min(max(step - int(p[0]), 0), len(p) - 2)]


def accumulate_gradients(total: Array, g: Array, h: Hyper, accumulation: int, scale: float) -> None:
    """total += g / scale, divided by accumulation at the step that makes an update."""
    total *= accumulation > 1
    total += g / scale
    if (h.step + 1) % accumulation == 0:
        total /= accumulation


def reset_gradients(total: Array, h: Hyper, accumulation: int) -> None:
    """total = 0 if the step before made an update."""
    if h.step % accumulation == 0:
        total[...] = 0


def average_weights(
    average: Array, w: Array, h: Hyper, accumulation: int, momentum: float, overwrite_every: int = 0
) -> None:
    """average = momentum average + (1-momentum) w, from the first w on;  w = average at times."""
    t = (h.step - 1) // accumulation
    kept = momentum if t else 0.0
    average *= kept
    average += (1 - kept) * w
    if overwrite_every and (t + 1) % overwrite_every == 0:
        w[...] = average


def constrain_norms(
    w: Array, first: int, last: int, least: float, most: float, rate: float = 1.0
) -> None:
    """The norms over the axes from first to last brought between least and most."""
    norm = np.sqrt((w * w).sum(axis=tuple(range(first, last + 1)), keepdims=True))
    w *= (rate * np.clip(norm, least, most) + (1 - rate) * norm) / (1e-7 + norm)


def constrain_signs(w: Array) -> None:
    """max(w, 0)."""
    np.maximum(w, 0, out=w)


def update(
    rule: str,
    w: Array,
    g: Array,
    slots: Slots,
    h: Hyper,
    l1: float = 0.0,
    l2: float = 0.0,
    decay: float = 0.0,
    factor: float = 1.0,
) -> float:
    """One step of one variable, in place: penalty's gradient, scaling by factor, clipping, weight
    decay, rule. Returns the penalty of the weights before the step."""
    before = penalty(w, l1, l2)
    if l1:
        g = g + l1 * np.sign(w)
    if l2:
        g = g + (2 * l2) * w
    if factor != 1:
        g = factor * g
    if h.clipvalue is not None:
        g = np.clip(g, -h.clipvalue, h.clipvalue)
    if decay:
        w *= 1 - decay * h.learning_rate
    RULES[rule](w, g, slots, h)
    return before
