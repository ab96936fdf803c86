"""verify: whether an exported file gives what its model gives."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, no_grad
from corereg.export.doubled import doubled, without_probabilities
from corereg.export.ends import inputs_of, output_names
from corereg.export.formats import format_of
from corereg.export.network import Array
from corereg.export.rows import drawn, given
from corereg.export.walking import checked_model
from corereg.graph.nest import flatten, pack_like

_PIECE = 1024  # rows that the float64 model is called with at a time


class OutputDifference(NamedTuple):
    """How far one output of a file is from the model's.

    largest: the largest difference of two numbers, infinite where shapes differ, or one is NaN;
    relative: the same divided by the largest number of the model's output; of_file, of_predict:
    how far the file and `predict` are from a float64 run of the model, in the same measure.

    >>> corereg.export.OutputDifference("y", 1e-7, 2e-7, 1e-7, 1e-7).relative
    2e-07
    """

    name: str
    largest: float
    relative: float
    of_file: float
    of_predict: float


class Verification(NamedTuple):
    """What `verify` found: `outputs`, one OutputDifference for each; how many `rows` were tried;
    `by` what the file was run; `tolerance`; and `ok`.

    >>> found = corereg.export.OutputDifference("y", 1e-7, 2e-7, 1e-7, 1e-7)
    >>> corereg.export.Verification([found], 256, "gcc", 1e-5).ok
    True
    """

    outputs: list[OutputDifference]
    rows: int
    by: str
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every output is within the tolerance."""
        return all(one.relative <= self.tolerance for one in self.outputs)

    def __repr__(self) -> str:
        head = f"{'ok' if self.ok else 'NOT ok'}: {self.rows} rows by {self.by}"
        lines = [
            f"{one.name}: differs by {one.largest:.2g}, relative {one.relative:.2g}; from float64 "
            f"{one.of_file:.2g}, predict {one.of_predict:.2g}"
            for one in self.outputs
        ]
        return "\n".join([f"<Verification {head}", *(f"  {line}" for line in lines)]) + ">"


def verify(
    model: Any,
    path: Any,
    x: Any = None,
    *,
    format: str | None = None,
    rows: int = 256,
    logits: bool = False,
    tolerance: float = 1e-5,
    calibration: Any = None,
) -> Verification:
    """Runs an exported file and compares it with `predict`, and both with the model in float64.

    x: arrays for the inputs as `predict` takes them; left out, `rows` rows are drawn. format: as
    for `export`; logits: whether the file was made with logits=True. The report's `ok` says whether
    every output differs by at most `tolerance` times the largest number in it; a difference raises
    nothing. calibration: what a C file in int8 was made with; it is compared with the same
    arithmetic in NumPy in the place of `predict`, and its whole numbers have to be equal, else the
    difference is infinite. ".onnx" files are run by ONNX Runtime (extra `corereg[onnx]`), ".c"
    files are compiled.

    ImportError or OSError if there is nothing to run the file; ValueError for a file with another
    number of inputs or outputs, and for a file in int8 without calibration, or the other way round.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
    >>> corereg.export.verify(model, "missing.xyz")
    Traceback (most recent call last):
    ValueError: export: expected a path whose suffix says the format, or format=: 'onnx' (path \
ending in .onnx) or 'c' (path ending in .c); received 'missing.xyz'
    """
    where = os.fsdecode(path)
    chosen = format_of(where, format)
    checked_model(model)
    if logits:
        model = without_probabilities(model)
    values, nest = inputs_of(model)
    arrays = drawn(model, values, rows) if x is None else given(values, x)
    packed = pack_like(nest, arrays)
    found = model.predict(packed, verbose=0)
    names = output_names(model, found)
    exact = _called(doubled(model), packed, len(arrays[0]))
    expected = list(flatten(found))
    if (run_beside := chosen.function("run_beside")) is not None:
        ran, other = run_beside(where, model, arrays, calibration)
        expected = other or expected
    else:
        ran = chosen.function("run")(where, arrays)
    if len(ran.outputs) != len(names):
        raise ValueError(
            f"verify: expected a file of the outputs {names}, received {where!r}, which gives "
            f"{len(ran.outputs)}; export the model once more"
        )
    outputs = [_difference(*one) for one in zip(names, expected, exact, ran.outputs, strict=True)]
    return Verification(outputs, len(arrays[0]), ran.by, tolerance)


def _called(model: Any, packed: Any, rows: int) -> list[Array]:
    """What a model gives for rows, without a recording."""
    parts: list[list[Array]] = []
    with no_grad(), _kernels.recording_paused(), _kernels.ignore_float_errors():
        for begin in range(0, max(rows, 1), _PIECE):
            piece = [one[begin : begin + _PIECE] for one in flatten(packed)]
            called = flatten(model(pack_like(packed, piece), training=False))
            parts.append([np.array(_data(one)) for one in called])
    return [np.concatenate(one) for one in zip(*parts, strict=True)]


def _data(one: Any) -> Any:
    return one.data if isinstance(one, Tensor) else one


def _difference(name: str, expected: Array, exact: Array, found: Array) -> OutputDifference:
    scale = np.abs(np.where(np.isfinite(expected), expected, 0)).max(initial=0.0) or 1.0
    largest = _apart(expected, found)
    return OutputDifference(
        name,
        largest,
        float(largest / scale),
        float(_apart(exact, found) / scale),
        float(_apart(exact, expected) / scale),
    )


def _apart(one: Array, other: Array) -> float:
    """The largest difference of two arrays; infinite where they cannot be compared."""
    if np.shape(one) != np.shape(other) or one.dtype.kind != other.dtype.kind:
        return float("inf")
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(one - other))
    return float(np.where(np.isnan(apart), np.inf, apart).max())
