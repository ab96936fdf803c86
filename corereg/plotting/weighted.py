"""Pictures of weights: how they are spread, where they are, and how many are exactly zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.plotting.style import (
    BLUE,
    axes_of,
    diverging,
    ink,
    line_style,
    on,
    readable_on,
    shades,
    tidy,
)
from corereg.pruning.kernels import Kernel, all_kernels

_BINS = 61
_OUTLIERS = 0.002  # this share of weights may lie beyond the ends of the axis


def weights_histogram(model: Any, layers: Any = None, ax: Any = None) -> Any:
    """How the weights of each kernel are spread: a ridge for each layer, all on one axis of values,
    each as high as its fullest bin. Exact zeros are left out of the ridge, and their share is
    written beside it.

    model: a built Model. layers: layers, or their names; None: all that have kernels. ax: the axes
    to draw on; None: new ones. Returns the axes. ValueError for a model that is not built, and for
    no kernels.

    >>> model = corereg.Sequential([corereg.Input((3,)), corereg.layers.Dense(2)])
    >>> corereg.plotting.weights_histogram(model).get_xlabel()
    'weight'
    """
    who = "plotting.weights_histogram"
    kernels = _kernels_of(who, model, layers)
    ax = axes_of(who, ax, height=1.6 + 0.75 * len(kernels))
    values = [_nonzero(kernel) for kernel in kernels]
    ends = np.linspace(-1, 1, _BINS + 1) * (_widest(values) or 1.0)
    middle = (ends[:-1] + ends[1:]) / 2
    for place, (kernel, own) in enumerate(zip(kernels, values, strict=True)):
        base = len(kernels) - 1 - place
        counts = np.histogram(np.clip(own, ends[0], ends[-1]), ends)[0]
        heights = base + 0.85 * counts / max(counts.max(), 1)
        color = line_style(ax, place)["color"]
        ax.fill_between(middle, base, heights, color=color, alpha=0.45, lw=0, step="mid")
        ax.step(middle, heights, color=color, lw=1.3, where="mid")
        zeros = 1 - own.size / max(kernel.weight.data.size, 1)
        if zeros > 0:
            told = f"{100 * zeros:.1f} % zeros"
            ax.text(ends[-1], base + 0.3, told, ha="right", fontsize="small", color=ink())
    ax.set_yticks(range(len(kernels)), [_title(kernel) for kernel in reversed(kernels)])
    ax.set(xlabel="weight", xlim=(ends[0], ends[-1]), ylim=(-0.08, len(kernels) - 0.05))
    tidy(ax, grid="x")
    return ax


def weights_image(model: Any, layer: Any = None, ax: Any = None, colorbar: bool = True) -> Any:
    """A kernel as an image: a row for each input, a column for each unit, blue below zero and
    vermilion above it. Exact zeros have the colour of the background; the smallest other weights
    are a quarter as strong as the largest, so that they stand out.

    model: a built Model, or a matrix of weights itself. layer: a layer or its name; None: the first
    that has a kernel. Of a kernel of more than two axes the last one makes the columns. ax: the
    axes to draw on; None: new ones. colorbar: whether to draw one beside them. Returns the axes.
    ValueError for a model that is not built, and for no kernel.

    >>> model = corereg.Sequential([corereg.Input((3,)), corereg.layers.Dense(2)])
    >>> ax = corereg.plotting.weights_image(model)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('unit', 'input')
    """
    who = "plotting.weights_image"
    if hasattr(model, "_flatten_layers"):
        kernel = _kernels_of(who, model, None if layer is None else [layer])[0]
        weights, title = kernel.weight.data, _title(kernel)
    else:
        weights, title = np.asarray(getattr(model, "data", model), float), "weights"
        if weights.ndim < 2:
            raise ValueError(
                f"{who}: expected a model, or weights of two axes, received {weights.ndim} axes"
            )
    ax = axes_of(who, ax, width=5.6, height=4.8)
    matrix = weights.reshape(-1, weights.shape[-1])
    ax.grid(visible=False)
    image = ax.imshow(
        shades(matrix),
        cmap=diverging(ax),
        vmin=-1,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
    )
    ax.set(xlabel="unit", ylabel="input")
    zeros = float(np.mean(matrix == 0)) if matrix.size else 0.0
    ax.set_title(f"{title} ({100 * zeros:.1f} % zeros)" if zeros else title)
    if colorbar:
        largest = np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0)
        bar = ax.figure.colorbar(image, ax=ax, ticks=[-1, 0, 1])
        bar.ax.set_yticklabels([f"-{largest:.2g}", "0", f"{largest:.2g}"])
        bar.outline.set_visible(False)
    return ax


def sparsity(model: Any, ax: Any = None) -> Any:
    """The share of weights that are not zero in each kernel, as bars, with their numbers.

    model: a built Model, or what `model.sparsity()` gave. ax: the axes to draw on; None: new ones.
    Returns the axes. ValueError for a model that is not built, or without kernels.

    >>> model = corereg.Sequential([corereg.Input((3,)), corereg.layers.Dense(2)])
    >>> [text.get_text() for text in corereg.plotting.sparsity(model).texts]
    ['6 of 6']
    """
    who = "plotting.sparsity"
    table = model.sparsity() if hasattr(model, "sparsity") else model
    rows = list(table)
    if not rows:
        raise ValueError(f"{who}: expected a model with kernels, found none")
    ax = axes_of(who, ax, height=1.4 + 0.5 * len(rows))
    places = np.arange(len(rows))[::-1]
    left = np.array([100 * (1 - row.share) for row in rows])
    ax.barh(places, 100, color=ink(), alpha=0.08, height=0.62)
    ax.barh(places, left, color=on(ax, BLUE), height=0.62, label="not zero")
    for place, row, share in zip(places, rows, left, strict=True):
        told = f"{row.nonzeros:,} of {row.nonzeros + row.zeros:,}"
        inside = share > 50
        color = readable_on(on(ax, BLUE)) if inside else ink()
        at = share - 1 if inside else share + 1
        side = "right" if inside else "left"
        ax.text(at, place, told, va="center", ha=side, fontsize="small", color=color)
    ax.set_yticks(places, [f"{row.layer} {row.shape}".replace(" ", "\n", 1) for row in rows])
    ax.set(xlabel="weights that are not zero (%)", xlim=(0, 100), ylim=(-0.6, len(rows) - 0.4))
    tidy(ax, grid="x")
    return ax


def _kernels_of(who: str, model: Any, layers: Any) -> list[Kernel]:
    kernels = all_kernels(who, model)
    if layers is not None:
        given = [layers] if isinstance(layers, str) or hasattr(layers, "weights") else list(layers)
        names = [getattr(one, "name", one) for one in given]
        known = dict.fromkeys(kernel.layer.name for kernel in kernels)
        for name in names:
            if name not in known:
                raise ValueError(
                    f"{who}: expected layers that have a kernel, out of {', '.join(known)}, "
                    f"received {name!r}"
                )
        kernels = [kernel for kernel in kernels if kernel.layer.name in names]
    if not kernels:
        raise ValueError(f"{who}: expected a model with kernels, found none")
    return kernels


def _title(kernel: Kernel) -> str:
    shape = " x ".join(map(str, kernel.weight.shape))
    return (
        f"{kernel.layer.name}\n{shape}"
        if kernel.name == "kernel"
        else (f"{kernel.layer.name}/{kernel.name}\n{shape}")
    )


def _nonzero(kernel: Kernel) -> Any:
    """The finite weights that are not zero."""
    values = kernel.weight.data.ravel()
    return values[np.isfinite(values) & (values != 0)].astype(float)


def _widest(values: list[Any]) -> float:
    """How far from 0 the axis goes: so that all but a few outliers of each kernel are within."""
    sizes = [np.quantile(np.abs(own), 1 - _OUTLIERS) for own in values if own.size]
    return float(max(sizes, default=0.0))
