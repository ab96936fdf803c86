"""Lambda: a function of tensors as a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from corereg import _kernels
from corereg.graph.nest import flatten
from corereg.graph.node import Spec
from corereg.layers.as_given import KeepsIntegers
from corereg.layers.saved_functions import function_named, name_of_function
from corereg.layers.shapes import is_shape
from corereg.registry import register


@register("layer")
class Lambda(KeepsIntegers):
    """function(x, **arguments) as a layer, for what ops of `corereg.ops` say in a line.

    function: from a tensor, or a nest of them, to a tensor; it is told `training` if it has an
    argument of that name. output_shape: without the batch, or a function of the input's shape;
    left out, the function is tried on zeros. arguments: further ones, by name. mask is Keras's
    and not supported: ValueError.

    Weights that the function uses are not the layer's: write a `Layer` for those. A file can hold
    functions of `corereg.ops` and those that `register_keras_serializable` decorates; saving
    another one raises TypeError.

    >>> layers.Lambda(lambda x: x**2)(np.array([[1.0, -3.0]]))
    Tensor([[1., 9.]])
    """

    recordable = True
    passes_values_on = False
    _takes_one_tensor = False

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Sequence[int | None] | Callable[[Any], Any] | None = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not callable(function):
            raise TypeError(f"{self.who}: expected a function of tensors, received {function!r}")
        if mask is not None:
            raise ValueError(f"{self.who}: mask is not supported, received {mask!r}; leave it out")
        if output_shape is not None and not callable(output_shape):
            if not isinstance(output_shape, list | tuple):
                raise TypeError(
                    f"{self.who}: expected output_shape as a tuple without the batch, or a "
                    f"function of shapes, received {output_shape!r}"
                )
            output_shape = tuple(output_shape)
        self.function = function
        self.arguments = dict(arguments or {})
        self._says_shape = output_shape

    def call(self, x: Any, training: bool = False) -> Any:
        _kernels.track_part(self.function)
        if "training" not in self.arguments and _takes_training(self.function):
            return self.function(x, training=training, **self.arguments)
        return self.function(x, **self.arguments)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """output_shape if that was given, else what comes out for zeros."""
        said = self._says_shape
        if callable(said):
            return said(input_shape)
        if said is None:
            return super().compute_output_shape(input_shape)
        first: Any = input_shape
        while not is_shape(first):
            first = next(iter(first.values() if isinstance(first, dict) else first))
        return (first[0], *said)

    def _output_specs(self, x: Any) -> Any:
        if self._says_shape is None:
            return None
        shapes = [one.shape for one in flatten(x)]
        return Spec(
            self.compute_output_shape(shapes[0] if len(shapes) == 1 else shapes), self.dtype
        )

    def get_config(self) -> dict[str, Any]:
        said = self._says_shape
        return {
            **super().get_config(),
            "function": name_of_function(self.who, self.function),
            "output_shape": name_of_function(self.who, said)
            if callable(said)
            else said and list(said),
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Lambda:
        """A layer from what get_config gave; ValueError for functions that are not known."""
        own = dict(config)
        for name in ("function", "output_shape"):
            if isinstance(own.get(name), str):
                own[name] = function_named("Lambda", own[name])
        return cls(**own)


def _takes_training(function: Any) -> bool:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    count = 0 if code is None else code.co_argcount + code.co_kwonlyargcount
    return code is not None and "training" in code.co_varnames[:count]
