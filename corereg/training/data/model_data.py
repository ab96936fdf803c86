"""Checks of the data that a model is given: its inputs, the targets of its outputs, and the weights
of their rows, before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from corereg.autograd import Tensor
from corereg.tables.given import given
from corereg.targets import as_sample_weight
from corereg.training.compilation import OutputLoss
from corereg.training.data.checks import (
    check_inputs,
    check_rows,
    check_targets,
    weights_by_class,
)
from corereg.training.data.feature_names import InputColumns, check_columns
from corereg.training.data.model_shapes import ModelShapes, ShapedModel, shapes_to_be
from corereg.training.data.structures import flat_inputs, flat_targets, flat_weights

if TYPE_CHECKING:
    from corereg.tables.columns import Column

Array = np.ndarray[Any, Any]


class CheckedInputs(NamedTuple):
    """Checked arrays, one for each input, the shapes that they mean, and the names of the columns
    of each, None for what had no names; columns None: none of them had."""

    arrays: tuple[Array, ...]
    shapes: ModelShapes
    columns: InputColumns | None


def check_model_inputs(
    who: str,
    model: ShapedModel,
    known: ModelShapes | None,
    x: Any,
    finite: bool = False,
    columns: InputColumns | None = None,
) -> CheckedInputs:
    """x as checked arrays, one for each input, and what they mean.

    known: the shapes of a built model, None for one that is not built yet. Finite numbers that
    become infinite in the model's dtype raise ValueError; finite: NaN and infinity do, too.
    columns: the names that tables have to have, if the model knows some.
    """
    names = model._input_keys if known is None else known.input_names
    dtype = model.dtype if known is None else known.dtype
    named: InputColumns | None = None
    tables: Sequence[Sequence[Column] | None] = ()
    if names is not None and len(names) == 1 and type(x) is np.ndarray:
        parts: tuple[Any, ...] = (x,)
    else:
        one_column = known is not None and len(known.inputs or ()) == 1 == known.takes_one_feature(
            0
        )
        parts = flat_inputs(who, x, names, one_column)
    if known is not None:
        parts = known.looked_up(who, parts)
    elif model._input_kinds is not None:
        parts = ModelShapes(dtype, names, None, [], [], model._input_kinds).looked_up(who, parts)
    if type(x) is not np.ndarray and not all(type(part) is np.ndarray for part in parts):
        parts, named, tables = _from_tables(who, parts, names, known, dtype)
        if named is not None and columns is not None:
            check_columns(who, names, columns, named)
    if len(parts) == 1:
        single = known is not None and known.takes_one_feature(0)
        table = tables[0] if tables else None
        finite = finite and not (known is not None and known.takes_missing(0))
        arrays: tuple[Array, ...] = (
            check_inputs(who, parts[0], dtype, finite, single, table, _scalars(model, known, 0)),
        )
    else:
        labels = _labels(names, len(parts))
        arrays = tuple(
            check_inputs(
                f"{who}: input {label}",
                *(part, dtype, finite and not (known is not None and known.takes_missing(i))),
                known is not None and known.takes_one_feature(i),
                tables[i] if tables else None,
                _scalars(model, known, i),
            )
            for i, (label, part) in enumerate(zip(labels, parts, strict=True))
        )
        check_rows(who, names or [None] * len(parts), arrays)
    if known is None:
        known = shapes_to_be(who, model, x, arrays)
    else:
        known.check_shapes(who, arrays)
    if known.kinds is not None:
        known.check_indices(who, arrays)
    return CheckedInputs(arrays, known, named)


def _scalars(model: ShapedModel, known: ModelShapes | None, i: int) -> bool:
    """Whether an input takes a single number a row: of a built model, as of Input(shape=()); of one
    that is not built yet, if it computes by a `call` of its own."""
    if known is None:
        return model._has_own_call
    return known.inputs is not None and known.inputs[i] == (None,)


def _labels(names: Sequence[str] | None, count: int) -> list[str]:
    """How errors call the inputs."""
    return [repr(n) for n in names] if names else [f"x[{i}]" for i in range(count)]


def _from_tables(
    who: str,
    parts: Sequence[Any],
    names: Sequence[str] | None,
    known: ModelShapes | None,
    dtype: str,
) -> tuple[tuple[Any, ...], InputColumns | None, list[Sequence[Column] | None]]:
    """Inputs of which some are no arrays of NumPy's, as arrays; the names of their columns, and the
    columns of tables."""
    labels = _labels(names, len(parts))
    found = []
    for i, part in enumerate(parts):
        own = who if len(parts) == 1 else f"{who}: input {labels[i]}"
        kind = None if known is None or known.kinds is None else known.kinds[i]
        whole = known is None or (kind is not None and not kind.dtype.startswith("float"))
        whole = whole or (kind is not None and kind.limit is not None)
        found.append(given(own, "X", part.data if isinstance(part, Tensor) else part, dtype, whole))
    columns = tuple(one.names for one in found)
    named = columns if any(one is not None for one in columns) else None
    return tuple(one.array for one in found), named, [one.table for one in found]


def check_model_targets(
    who: str, y: Any, rows: int, losses: Sequence[OutputLoss], shapes: ModelShapes
) -> tuple[Array | None, ...]:
    """The targets of each output, None where there are none and nobody looks at them."""
    if y is None and not losses:
        return ()
    names = shapes.output_names
    if len(names) == 1 and len(losses) == 1 and type(y) is np.ndarray:
        return (check_targets(who, y, rows, losses[0].loss, shapes.outputs[0], shapes.dtype),)
    parts = (None,) if y is None else flat_targets(who, "y", y, names)
    if len(parts) < len(names):
        raise ValueError(f"{who}: expected y for the outputs {names}, received None")
    by_output = {one.output: one.loss for one in losses}
    return tuple(
        None
        if part is None and i not in by_output
        else check_targets(
            who if len(parts) == 1 else f"{who}: output {names[i]!r}",
            *(part, rows, by_output.get(i), shapes.outputs[i], shapes.dtype),
        )
        for i, part in enumerate(parts)
    )


def flat_outputs(
    who: str, y: Any, targets: tuple[Array | None, ...], names: Sequence[str | None]
) -> tuple[int, ...]:
    """The outputs whose checked targets are (rows, 1) where y has (rows,)."""
    columns = [i for i, one in enumerate(targets) if one is not None and one.shape[1:] == (1,)]
    if not columns:
        return ()
    parts = (y,) if len(targets) == 1 and hasattr(y, "ndim") else flat_targets(who, "y", y, names)
    return tuple(i for i in columns if np.ndim(parts[i]) == 1)  # type: ignore[arg-type]


def check_model_weights(
    who: str,
    targets: tuple[Array | None, ...],
    weight: Any,
    class_weight: Any,
    rows: int,
    shapes: ModelShapes,
) -> tuple[Array | None, ...]:
    """The weights of the rows for each output, from sample_weight or class_weight."""
    names, dtype = shapes.output_names, shapes.dtype
    if class_weight is None:
        return tuple(
            None if one is None else as_sample_weight(who, one, rows, dtype, tuple(shape[1:-1]))
            for one, shape in zip(flat_weights(who, weight, names), shapes.outputs, strict=False)
        )
    if weight is not None:
        raise ValueError(f"{who}: give class_weight or sample_weight, not both")
    if len(targets) != 1 or targets[0] is None:
        raise ValueError(
            f"{who}: expected class_weight for a model with one output and its y; the outputs "
            f"are {names}: use sample_weight"
        )
    return (weights_by_class(who, class_weight, targets[0]).astype(dtype),)
