"""What is known of a model's inputs and outputs before data come: shapes, names, dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from corereg import _kernels
from corereg.graph.nest import flatten_shapes
from corereg.layers.base import Layer, Shape
from corereg.named_tuple import NamedTuple
from corereg.runtime.dependencies import snapshot_of
from corereg.training.data.checks import check_below, prefix_errors
from corereg.training.data.structures import model_input, nest_given

Array = np.ndarray[Any, Any]


class ShapedModel(Protocol):
    """What the checks of data ask of a model."""

    @property
    def layers(self) -> list[Layer]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def input_shape(self) -> Any: ...
    @property
    def output_shape(self) -> Any: ...
    @property
    def _layers(self) -> list[Any]: ...
    @property
    def _input_keys(self) -> list[str] | None: ...
    @property
    def _output_keys(self) -> list[str] | None: ...
    @property
    def _has_own_call(self) -> bool: ...
    @property
    def _input_kinds(self) -> Sequence[InputKind] | None: ...
    def compute_output_shape(self, input_shape: Any) -> Any: ...


class InputKind(Protocol):
    """What an input of a model takes."""

    @property
    def dtype(self) -> str: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def lookup(self) -> Any: ...
    @property
    def takes_missing(self) -> bool: ...


class ModelShapes(NamedTuple):
    """What is known of a model's inputs and outputs, each in flat order.

    input_names: None if the model takes what it is given; output_names: None for an output without
    a name; kinds: what each input takes, None if all take numbers of the model's dtype.
    """

    dtype: str
    input_names: list[str] | None
    inputs: list[Shape] | None
    output_names: list[str | None]
    outputs: list[Shape]
    kinds: Sequence[InputKind] | None = None

    @property
    def input_dtypes(self) -> tuple[str, ...] | None:
        """Of the memory for batches of each input, int64 where its Input is of integers or texts;
        None if all are the model's."""
        if self.kinds is None:
            return None
        whole = [one.dtype.startswith(("int", "uint", "string")) for one in self.kinds]
        if not any(whole):
            return None
        return tuple("int64" if one else self.dtype for one in whole)

    def takes_one_feature(self, i: int) -> bool:
        """Whether the input of this place takes (rows, 1)."""
        return self.inputs is not None and tuple(self.inputs[i]) == (None, 1)

    def takes_missing(self, i: int) -> bool:
        """Whether NaN may stand in the input of this place."""
        return self.kinds is not None and self.kinds[i].takes_missing

    def looked_up(self, who: str, parts: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values of all inputs, with numbers in the place of texts."""
        kinds = self.kinds
        if kinds is None or not any(kind.lookup is not None for kind in kinds):
            return parts
        with prefix_errors(who):
            return tuple(
                part if kind.lookup is None else kind.lookup.codes_of(part)
                for part, kind in zip(parts, kinds, strict=True)
            )

    def check_indices(self, who: str, arrays: Sequence[Array]) -> None:
        """Raises ValueError for whole numbers that a table of the model does not have."""
        for kind, array in zip(self.kinds or (), arrays, strict=True):
            if kind.limit is not None:
                check_below(who, array, kind.limit)

    def check_shapes(self, who: str, arrays: Sequence[Array]) -> None:
        """Raises ValueError for checked inputs that do not fit a built model."""
        if self.inputs is None:
            return
        if len(arrays) == 1 and arrays[0].shape[1:] == self.inputs[0][1:]:
            return
        for i, (x, expected) in enumerate(zip(arrays, self.inputs, strict=True)):
            lookup = None if self.kinds is None else self.kinds[i].lookup
            if lookup is not None:
                expected = lookup._numbers_shape(expected)
            if x.shape[1:] == expected[1:]:
                continue
            if len(x.shape) != len(expected) or any(
                e not in (None, s) for e, s in zip(expected[1:], x.shape[1:], strict=True)
            ):
                text = ["rows", *("any" if n is None else str(n) for n in expected[1:])]
                name = f" {self.input_names[i]!r}" if self.input_names and i else ""
                raise ValueError(
                    f"{who}: expected X{name} of shape ({', '.join(text)}), received {x.shape}"
                )


class KnownShapes:
    """The shapes of a built model, kept from the second time on that they are asked for: a model
    that is trained by one `fit` asks once."""

    def __init__(self) -> None:
        self._kept: tuple[_kernels.Snapshot, ModelShapes] | None = None
        self._asked = False

    def of(self, model: ShapedModel) -> ModelShapes:
        """dtype and shapes of the model, found anew when a layer's attribute was set."""
        if self._kept is not None and self._kept[0].unchanged():
            return self._kept[1]
        inputs = flatten_shapes(model.input_shape)
        found = _shapes_of(model, model._input_keys, inputs, model.output_shape)
        if self._asked:
            self._kept = snapshot_of([model._layers, *model._layers]), found
        self._asked = True
        return found


def shapes_to_be(who: str, model: ShapedModel, x: Any, arrays: Sequence[Array]) -> ModelShapes:
    """The shapes of a model that is not built yet, for inputs like these."""
    names = model._input_keys
    if names is not None and not model.layers:
        raise ValueError(f"{who}: the model has no layers; add() some first")
    outputs = model.compute_output_shape(input_shapes(x, arrays, names))
    return _shapes_of(model, names, None, outputs)


def _shapes_of(
    model: ShapedModel, names: list[str] | None, inputs: list[Shape] | None, outputs: Any
) -> ModelShapes:
    flat = flatten_shapes(outputs)
    if isinstance(outputs, dict):
        output_names: list[str | None] = sorted(outputs, key=str)
    else:
        output_names = [None] * len(flat)
        if model._output_keys is not None:
            output_names = [*model._output_keys]
    kinds, dtype = model._input_kinds, model.dtype
    if kinds is not None and not any(
        one.lookup is not None or one.limit is not None or one.dtype != dtype or one.takes_missing
        for one in kinds
    ):
        kinds = None
    return ModelShapes(dtype, names, inputs, output_names, flat, kinds)


def input_shapes(x: Any, arrays: Sequence[Array], names: list[str] | None) -> Any:
    """The shapes of inputs, nested as x is where the model takes what it is given."""
    found: list[Shape] = [(None, *a.shape[1:]) for a in arrays]
    return model_input(nest_given(x, names), found)
