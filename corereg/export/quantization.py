"""quantization_report: what int8 costs and saves, before a file is written."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from corereg.export.c.writing import quantized
from corereg.export.ends import inputs_of
from corereg.export.network import Array
from corereg.export.rows import given
from corereg.export.walking import checked_model
from corereg.graph.nest import flatten, pack_like
from corereg.tables.given import given_array


class QuantizedLayer(NamedTuple):
    """One Dense in int8. shape: (inputs, outputs); step: of what comes out, a number is its code
    times step, plus a constant; nbytes: of its tables.

    >>> corereg.export.QuantizedLayer("hidden", (4, 8), 0.02, 96).nbytes
    96
    """

    name: str
    shape: tuple[int, int]
    step: float
    nbytes: int


class QuantizationReport(NamedTuple):
    """What `quantization_report` found.

    agreement: the share of rows with the same decision as `predict`: the class of the largest
    output, or with a sigmoid whether it is 0.5 or more; None where there is nothing to decide.
    accuracy_before, accuracy_after: the share of decisions that are those of y; None without y.
    largest: the largest difference from `predict`. nbytes_before: of the weights in float32;
    nbytes: of the tables in int8.

    >>> corereg.export.QuantizationReport(9, 1.0, None, None, 0.02, [], 40, 10)
    <QuantizationReport 9 rows, largest difference 0.02, same decision for 100.00%; 40 -> 10 bytes>
    """

    rows: int
    agreement: float | None
    accuracy_before: float | None
    accuracy_after: float | None
    largest: float
    layers: list[QuantizedLayer]
    nbytes_before: int
    nbytes: int

    def __repr__(self) -> str:
        head = f"{self.rows} rows, largest difference {self.largest:.2g}"
        if self.agreement is not None:
            head += f", same decision for {self.agreement:.2%}"
        if self.accuracy_before is not None:
            head += f", right {self.accuracy_before:.2%} -> {self.accuracy_after:.2%}"
        lines = [f"<QuantizationReport {head}; {self.nbytes_before:,} -> {self.nbytes:,} bytes"]
        lines += [
            f"  {one.name}: {one.shape[0]} -> {one.shape[1]}, step {one.step:.3g}, "
            f"{one.nbytes:,} bytes"
            for one in self.layers
        ]
        return "\n".join(lines) + ">"


def quantization_report(
    model: Any, x: Any, y: Any = None, *, calibration: Any = None, percentile: float = 100.0
) -> QuantizationReport:
    """What a model gives in int8, as `export("m.c", precision="int8")` writes it, beside `predict`,
    computed by NumPy to the bit as the file does. No file is written.

    x: rows of the inputs, as for `predict`; y: their classes, as numbers or one-hot, or 0 and 1 for
    a sigmoid; calibration, percentile: as for the export, calibration being x by default, which
    flatters the result: give rows of the training. ValueError for models that have no form in int8
    or several outputs, and for y of another length.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(8, "relu"), layers.Dense(2)])
    >>> x = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
    >>> report = corereg.export.quantization_report(model, x)
    >>> report.nbytes_before, report.nbytes
    (232, 128)
    """
    checked_model(model)
    values, nest = inputs_of(model)
    rows = given(values, x, "quantization_report")
    before = list(flatten(model.predict(pack_like(nest, rows), verbose=0)))
    if len(before) != 1:
        raise ValueError(
            f"quantization_report: expected a model with one output, received {len(before)}; make "
            "a Model of each"
        )
    found = quantized(model, x if calibration is None else calibration, percentile)
    (after,), (output,) = found.predict(rows), found.outputs
    chosen = [_decided(one, output.end) for one in (before[0], after)]
    right = [None if y is None else _right(one, y, after.shape) for one in chosen]
    return QuantizationReport(
        len(after),
        None if chosen[0] is None else _share(chosen[0] == chosen[1]),
        right[0],
        right[1],
        float(np.abs(before[0] - after).max(initial=0.0)),
        [
            QuantizedLayer(one.name, one.kernel.shape, one.step, one.nbytes)
            for one in found.products
        ],
        sum(4 * one.data.size for one in model.weights),
        sum(one.nbytes for one in found.products),
    )


def _decided(outputs: Array, end: str) -> Any:
    if end == "sigmoid":
        return outputs >= 0.5
    return outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else None


def _right(decided: Any, y: Any, shape: tuple[int, ...]) -> float:
    classes = given_array("quantization_report", "y", y)
    if decided is None:
        raise ValueError(
            "quantization_report: expected y for a model that decides, with a sigmoid or several "
            "outputs; received it for one of real numbers: leave it out"
        )
    if decided.shape != shape and classes.shape == shape:
        classes = classes.argmax(axis=-1)
    if classes.size != decided.size:
        raise ValueError(
            f"quantization_report: expected y for {shape[0]} rows of outputs {shape[1:]}, received "
            f"the shape {classes.shape}"
        )
    return _share(classes.reshape(decided.shape) == decided)


def _share(same: Array) -> float:
    return float(np.mean(same))
