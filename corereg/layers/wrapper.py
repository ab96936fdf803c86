"""Wrapper: layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg.autograd import Tensor
from corereg.layers.base import Layer
from corereg.layers.lookup import deserialize, serialize


class Wrapper(Layer):
    """Base of layers that hold another one, `layer`, and change what it does. A subclass writes
    `call`. The layer inside is built for the wrapper's inputs, it is part of the wrapper with its
    weights and penalties, and configs and files hold it. ValueError for what is no layer.

    >>> class Twice(layers.Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> twice = Twice(layers.Rescaling(3.0))
    >>> twice(np.array([[1.0]]))
    Tensor([[9.]])
    """

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(layer, Layer):
            raise ValueError(f"{self.who}: expected a layer to wrap, received {layer!r}")
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        self.layer.ensure_built(input_shape)

    @property
    def _input_dtype(self) -> str | None:  # type: ignore[override]
        return self.layer._input_dtype

    @property
    def _index_limit(self) -> Any:
        return self.layer._index_limit

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        return self.layer._cast(x, dtype)

    def _output_dtype(self, x: Any) -> str:
        return self.layer._output_dtype(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Wrapper:
        """A wrapper of the same layer, with fresh weights."""
        return cls(**{**config, "layer": deserialize(config["layer"], custom_objects)})
