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


RULES: dict[str, Callable[[Array, Array, Slots, Hyper], None]] = {
    "sgd": update_sgd,
    "momentum": update_momentum,
    "nesterov": update_nesterov,
    "rmsprop": update_rmsprop,
    "adam": update_adam,
}


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
