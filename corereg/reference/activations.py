"""Activations, their slopes and their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


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


_CURVES: dict[str, Callable[[Array], Array]] = {
    "leaky_relu": lambda x: np.where(x >= 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
}
_WITH_SLOPES: dict[str, Callable[[Array], Pair]] = {
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "mish": _mish,
}
"""The value and the derivative of those whose output does not tell it."""


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
        y[...] = _CURVES[act](x)
    elif act in _WITH_SLOPES:
        y[...] = _WITH_SLOPES[act](x)[0]
    elif y is not x:
        y[...] = x
    return y


def activation_slope(x: Array, act: str) -> Array:
    """act'(x), for the activations whose output does not tell it."""
    return _WITH_SLOPES[act](x)[1]


def activation_backward(dy: Array, y: Array, act: str) -> Array:
    """dy through act, from its output y, or from its slope y where `activation_slope` gives it."""
    dx: Array = dy
    if act in _WITH_SLOPES:
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
