"""Images changed at random: affine maps, displacements and erased rectangles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.reference.philox import WORD, philox4x32

Array = np.ndarray[Any, Any]
Image = tuple[int, int, int, bool]  # height, width, channels, whether channels are first
Stage = tuple[int, int, Any, Sequence[tuple[float, float]], int]
KINDS = ("translate", "rotate", "zoom", "shear", "flip", "bend")


def _words(counters: Array, stream: int, step: int, seed: int) -> Array:
    """The four words of each counter, (..., 4), as integers."""
    whole = np.empty((*counters.shape, 4), np.uint64)
    whole[..., 0] = counters & WORD
    whole[..., 1:] = stream, step & WORD, step >> 32 & WORD
    return philox4x32(whole, (seed & WORD, seed >> 32)).astype(np.int64)


def _stage_map(kind: str, flags: int, v: Array, height: int, width: int) -> Array:
    """The affine map (3, 3) of one image by a stage's numbers."""
    m = np.eye(3)
    about = np.array([(width - 1) / 2, (height - 1) / 2])
    if kind == "translate":
        m[:2, 2] = -v[1] * width, -v[0] * height
    elif kind == "shear":
        sign = -1 if v[2] > 0.5 else 1
        m[0, 1], m[1, 0] = sign * v[1], sign * v[0]
    elif kind != "bend":
        if kind == "rotate":
            c, s = math.cos(2 * math.pi * v[0]), math.sin(2 * math.pi * v[0])
            m[:2, :2] = [[c, -s], [s, c]]
        elif kind == "zoom":
            m[0, 0], m[1, 1] = 1 + v[0 if flags else 1], 1 + v[0]
        elif v[0] < 0.5:
            m[0, 0], m[1, 1] = -1 if flags & 1 else 1, -1 if flags & 2 else 1
        m[:2, 2] = about - m[:2, :2] @ about
    return m


def _knots(row: int, rows: int, columns: int, seed: int, step: int) -> Array:
    """The displacements (2, rows, columns) of a grid, x first, of mean 0 and variance 1."""
    n = rows * columns
    groups = -(-n // 32)
    words = _words(np.arange(16 * groups) + 16 * groups * row, 1, step, seed)
    sums = sum(words >> shift & 0xFF for shift in (0, 8, 16, 24))
    by_knot = np.asarray(sums).reshape(groups, 16, 2, 2).swapaxes(1, 2).reshape(-1, 2)[:n]
    both: Array = (by_knot.T - 510) / math.sqrt((2.0**16 - 1) / 3)
    return both.reshape(2, rows, columns)


def _places(
    row: int, image: Image, stages: Sequence[Stage], down: Array | None, across: Array | None
) -> tuple[Array, Array]:
    """Where each pixel of an image comes from: x and y, (height, width)."""
    height, width = image[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    whole, bent = np.eye(3), np.zeros((2, height, width))
    for kind, seed, step, ranges, flags in stages:
        counter = int(np.asarray(step).reshape(-1)[0])
        u = _words(np.array(row), 0, counter, seed) / 2.0**32
        given = [*ranges, *[(0.0, 1.0)] * (3 - len(ranges))]
        v = np.array([low + (high - low) * one for (low, high), one in zip(given, u, strict=False)])
        if KINDS[kind] == "bend" and v[2] < v[0]:
            assert down is not None
            assert across is not None
            grid = _knots(row, down.shape[1], len(across), seed, counter)
            scale = v[1] * max(height, width) / (20 * math.sqrt(math.pi))
            bent = np.einsum("ij,jyx->iyx", whole[:2, :2] * scale, down @ grid @ across)
        whole = whole @ _stage_map(KINDS[kind], flags, v, height, width)
    return (
        whole[0, 0] * x + whole[0, 1] * y + whole[0, 2] + bent[0],
        whole[1, 0] * x + whole[1, 1] * y + whole[1, 2] + bent[1],
    )


def _inside(i: Array, n: int, fill: str) -> Array:
    """The pixels of n that stand for pixels i."""
    if fill == "wrap":
        i = i % n
    elif fill in ("reflect", "mirror"):
        period = 2 * n if fill == "reflect" else 2 * n - 2
        i = i % period if period else np.zeros_like(i)
        i = np.minimum(i, (period - 1 if fill == "reflect" else period) - i)
    return np.clip(i, 0, n - 1)


def warp(
    x: Array,
    image: Image,
    stages: Sequence[Stage],
    fill: str = "reflect",
    value: float = 0.0,
    nearest: bool = False,
    limits: tuple[float, float] | None = None,
    down: Array | None = None,
    across: Array | None = None,
) -> Array:
    """Images changed at random by all stages, as `_kernels.warp` says, computed in float64."""
    height, width, channels, first = image
    shape = (len(x), channels, height, width) if first else (len(x), height, width, channels)
    images = x.reshape(shape).astype(np.float64)
    images = images if first else images.transpose(0, 3, 1, 2)
    out = np.empty_like(images)
    for row in range(len(x)):
        places = _places(row, image, stages, down, across)
        low, share = [], []
        for p in places:
            if nearest:
                low.append((np.sign(p) * np.floor(np.abs(p) + 0.5)).astype(int))
                share.append(np.zeros_like(p))
            else:
                low.append(np.floor(p).astype(int))
                share.append(p - low[-1])
        total = np.zeros((channels, height, width))
        for i in range(2):
            for j in range(2):
                a, b = low[1] + i, low[0] + j
                pixels = images[row][:, _inside(a, height, fill), _inside(b, width, fill)]
                if fill == "constant":
                    there = (a >= 0) & (a < height) & (b >= 0) & (b < width)
                    pixels = np.where(there, pixels, value)
                weight = (share[1] if i else 1 - share[1]) * (share[0] if j else 1 - share[0])
                total += pixels * weight
        out[row] = total if limits is None else np.clip(total, *limits)
    back = out if first else out.transpose(0, 2, 3, 1)
    return back.reshape(x.shape).astype(x.dtype)


def erase(
    x: Array,
    image: Image,
    fill: Array,
    seed: int,
    step: int,
    factor: tuple[float, float],
    scale: tuple[float, float],
    limits: tuple[float, float] | None = None,
) -> Array:
    """Images with a rectangle of `fill` in some of them, as `_kernels.erase` says."""
    height, width, channels, first = image
    shape = (len(x), channels, height, width) if first else (len(x), height, width, channels)
    across = (channels, 1, 1) if first else (channels,)
    wanted = np.broadcast_to(fill.reshape(across if fill.ndim == 1 else shape), shape)
    wanted = wanted if limits is None else np.clip(wanted, *limits)
    y = x.reshape(shape).copy()
    rows = np.arange(len(x))
    u, chance = (_words(rows, stream, step, seed) / 2.0**32 for stream in (0, 1))
    for row in np.flatnonzero(chance[:, 1] < factor[0] + (factor[1] - factor[0]) * chance[:, 0]):
        where = []
        for axis, n in ((1, height), (0, width)):
            length = math.sqrt(scale[0] + (scale[1] - scale[0]) * u[row, axis]) * n
            start = u[row, 2 + axis] * (n - length)
            where.append(slice(math.ceil(start), min(math.ceil(start + length), n)))
        box: Any = (row, slice(None), *where) if first else (row, *where)
        y[box] = wanted[box]
    return y.reshape(x.shape)
