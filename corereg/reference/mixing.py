"""Rows mixed with other rows of their batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.philox import WORD, philox4x32

Array = np.ndarray[Any, Any]


def _words(n: int, seed: int, step: int, stream: int) -> Array:
    """The four words of counters 0 to n - 1, (n, 4) uint64."""
    counters = np.empty((n, 4), np.uint64)
    counters[:, 0] = np.arange(n)
    counters[:, 1:] = stream, step & WORD, step >> 32 & WORD
    return philox4x32(counters, (seed & WORD, seed >> 32)).astype(np.uint64)


def symmetric_beta(
    out: Array, low: float, high: float, seed: int, step: int, stream: int = 0
) -> Array:
    """Numbers of Beta(a, a) of out's shape, by the numbers of its dtype, computed in float64."""
    a = low + (high - low) * (_words(1, seed, step, stream + 1)[0, 0] + 0.5) / 2.0**32
    w = _words(out.size, seed, step, stream)
    if out.dtype == np.float32:
        u = ((w[:, 0] >> np.uint64(1)) + 0.5) * 2.0**-31
        turn, top = (w[:, 1] & np.uint64(2**30 - 1)) / 2.0**30, w[:, 1] >> np.uint64(30)
    else:
        u = 1 - (w[:, 0] | w[:, 1] << np.uint64(32)) // 2**12 * 2.0**-52
        bits = w[:, 2] | w[:, 3] << np.uint64(32)
        turn, top = (bits & np.uint64(2**62 - 1)) // 2**10 * 2.0**-52, bits >> np.uint64(62)
    t = (turn - 0.5) * np.pi / 2
    c = np.where(top & np.uint64(1), np.sin(t), np.cos(t))
    log_w = np.log(u) / a
    w, p = np.exp(log_w), -np.expm1(log_w) * c * c
    d = w / 2 / np.maximum(p + w + np.sqrt(p * (p + w)), 1e-300)
    found: Array = np.where(top >> np.uint64(1), 1 - d, d).reshape(out.shape)
    return found


def mix_rows(x: Array, order: Array, share: Array) -> Array:
    """share x + (1 - share) x[order], rows with rows."""
    s = share.reshape(-1, *(1,) * (x.ndim - 1))
    mixed: Array = s * x + (1 - s) * x[order]
    return mixed


def paste_boxes(
    x: Array,
    order: Array,
    share: Array,
    image_shape: tuple[int, int, int, int],
    seed: int,
    step: int,
    stream: int = 0,
) -> Array:
    """x with a box of 1 - share of the area of each image from another row."""
    _, height, width, _ = image_shape
    images, out = x.reshape(-1, *image_shape), x.reshape(-1, *image_shape).copy()
    side = np.sqrt(1 - share.astype(np.float64))
    u = (_words(len(x), seed, step, stream)[:, :2] + 0.5) / 2.0**32
    for r in range(len(x)):
        inside = []
        for n, place in ((height, u[r, 1]), (width, u[r, 0])):
            begin = place * (n - side[r] * n)
            inside.append((np.arange(n) >= begin) & (np.arange(n) < begin + side[r] * n))
        box = inside[0][:, None] & inside[1]
        out[r][:, box] = images[order[r]][:, box]
    return out.reshape(x.shape)


def larger_rows(order: Array, share: Array) -> Array:
    """The row of which the larger part comes."""
    return np.where(share >= 0.5, np.arange(len(order)), order)
