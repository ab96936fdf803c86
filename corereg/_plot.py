"""The pictures of the demo: learning curves, and weights. matplotlib is imported only when they are
asked for."""

from __future__ import annotations

import os
from typing import Any

from corereg.demo import Result, Task
from corereg.demo_sparse import Stage
from corereg.plotting.style import TRAIN, VALIDATION, diverging, shades, tidy


def check(path: str) -> None:
    """Find out before training whether `draw` will be able to write `path`.

    Raises:
        ImportError: matplotlib is missing.
        ValueError: matplotlib has no format for the ending of `path`.
        OSError: the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'the plot needs matplotlib; install it with: pip install "corereg[plot]"'
        ) from error
    ending = os.path.splitext(path)[1][1:].lower()
    known = Figure().canvas.get_supported_filetypes()
    if ending not in known:
        raise ValueError(
            f"expected a file name ending in .png, .svg, .pdf or another format of matplotlib "
            f"({', '.join(sorted(known))}), received {path!r}"
        )
    existed = os.path.exists(path)
    with open(path, "ab"):
        pass
    if not existed:
        os.remove(path)


def draw(path: str, task: Task, results: list[Result]) -> None:
    """Write the learning curves to `path`: accuracy above, loss below, one column a network.

    The loss is the cross-entropy without the penalty, so that the networks compare. Both are drawn
    as they are after each epoch, Dropout off, so that the last gap is that of the title. Needs
    results of `train(..., curves=True)`. Raises OSError if the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(results), 6.4), layout="constrained")
    figure.suptitle(
        f"The same network {len(results)} ways on {len(task.y_train)} rows of {task.name}, "
        f"{task.wrong} labels wrong: the gap between training and test"
    )
    axes = figure.subplots(2, len(results), sharex=True, sharey="row", squeeze=False)
    for column, result in enumerate(results):
        above, below = axes[:, column]
        curves = result.history
        _pair(above, _percent(curves["train_accuracy"]), _percent(curves["val_accuracy"]))
        _pair(
            below,
            _difference(curves["train_loss"], curves.get("train_penalty")),
            _difference(curves["val_loss"], curves.get("val_penalty")),
        )
        above.set_title(
            f"{result.method.name} {result.method.setting}\n"
            f"final gap {100 * result.gap:z.1f} points",
            fontsize=10,
        )
        below.set_xlabel("epoch")
    axes[0, 0].set_ylabel("accuracy (%)")
    axes[1, 0].set_ylabel("cross-entropy, without penalty")
    axes[1, 0].set_ylim(bottom=0)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(path, dpi=120)


def draw_weights(path: str, task: Task, stages: list[Stage]) -> None:
    """Write the kernels at each stage of the sparse tour to `path`, one column a stage, one row a
    layer: a weight is a dot, white where it is exactly zero. Raises OSError as `draw` does."""
    from matplotlib.figure import Figure

    layers = len(stages[0].kernels)
    figure = Figure(figsize=(2.6 * len(stages), 2.6 * layers), layout="constrained")
    figure.suptitle(
        f"Weights of one network on {len(task.y_train)} rows of {task.name}: "
        "a row for each unit, a column for each of its inputs, exact zeros white"
    )
    axes = figure.subplots(layers, len(stages), squeeze=False)
    for column, stage in enumerate(stages):
        for row, kernel in enumerate(stage.kernels):
            place = axes[row, column]
            place.imshow(
                shades(kernel.T),
                cmap=diverging(place),
                vmin=-1,
                vmax=1,
                aspect="auto",
                interpolation="nearest",
            )
            place.set(xticks=[], yticks=[])
            place.set_xlabel(f"{100 * stage.zeros[row]:.1f} % zeros")
        axes[0, column].set_title(
            f"{stage.name.strip()}\ntest {100 * stage.test_accuracy:.1f} %", fontsize=10
        )
    for row in range(layers):
        axes[row, 0].set_ylabel(f"layer {row + 1}")
    figure.savefig(path, dpi=120)


def _pair(axes: Any, train: list[float], test: list[float]) -> None:
    epochs = range(1, len(train) + 1)
    mark = "o" if len(train) == 1 else None
    axes.fill_between(epochs, train, test, color="#999999", alpha=0.25, lw=0, label="gap")
    axes.plot(epochs, train, color=TRAIN, marker=mark, label="training rows")
    axes.plot(epochs, test, color=VALIDATION, marker=mark, label="test rows")
    tidy(axes)


def _percent(values: list[float]) -> list[float]:
    return [100 * value for value in values]


def _difference(values: list[float], parts: list[float] | None) -> list[float]:
    if parts is None:  # the model has no penalties
        return values
    return [value - part for value, part in zip(values, parts, strict=True)]
