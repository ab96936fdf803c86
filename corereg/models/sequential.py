"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from corereg import _kernels
from corereg.autograd import Tensor, tensor
from corereg.layers.base import Layer, Shape, dims
from corereg.layers.input_layer import InputLayer
from corereg.layers.lookup import deserialize, serialize
from corereg.models.model import Model
from corereg.registry import register


@register("model")
class Sequential(Model):
    """A stack of layers.

    layers: Layer objects, an `Input` first if you like; name: for the summary. The model is built
    when its input shape is known: from an Input, from input_dim or input_shape of the first layer,
    from `build(input_shape)`, or from the first batch.
    """

    def __init__(self, layers: Sequence[Layer] | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self._input_shape: Shape | None = None
        for layer in layers or ():
            self.add(layer)

    # ---- structure ------------------------------------------------------------------------------

    def add(self, layer: Layer) -> None:
        """Adds a layer on top."""
        self._trainer.lock.check_idle("Sequential.add")
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Sequential.add: expected a Layer, received {type(layer).__name__} {layer!r}"
            )
        if any(layer is other for other in self._layers):
            raise ValueError(f"Sequential.add: {layer.who} is already in the model")
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(f"Sequential.add: there is a layer named {layer.name!r} already")
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError("Sequential.add: an Input can only come first")
        shape = self._input_shape
        if not self._layers and layer.input_shape_arg is not None:
            shape = (None, *layer.input_shape_arg)
        if shape is not None:
            layer.ensure_built(self.output_shape if self._layers else shape)
        self._input_shape = shape
        self._layers.append(layer)
        self._layers_changed()

    def pop(self) -> Layer:
        """Removes the top layer and returns it."""
        self._trainer.lock.check_idle("Sequential.pop")
        if not self._layers:
            raise IndexError("Sequential.pop: the model has no layers")
        layer = self._layers.pop()
        if not self._layers:
            self._input_shape = None
        self._layers_changed()
        return layer

    def _layers_changed(self) -> None:
        self.built = self._input_shape is not None and len(self.layers) > 0
        self._trainer.layers_changed()

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights for inputs of this shape, batch included: (None, 10)."""
        if not self.layers:
            raise ValueError("Sequential.build: the model has no layers; add() some first")
        who = f"Sequential {self.name!r}"
        if not isinstance(input_shape, list | tuple) or len(input_shape) < 2:
            raise ValueError(
                f"{who}: expected an input_shape with the batch first, such as (None, 10), "
                f"received {input_shape!r}"
            )
        whole: Shape = (None, *dims(who, input_shape[1:]))
        if self._input_shape is not None and whole != self._input_shape:
            raise ValueError(
                f"{who}: expected inputs of shape {self._input_shape}, received {whole}"
            )
        shape = whole
        for layer in self._layers:
            layer.ensure_built(shape)
            shape = layer.compute_output_shape(shape)
        self._input_shape = whole
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    @property
    def input_shape(self) -> Shape:
        """(None, ...); raises AttributeError while unknown."""
        if self._input_shape is None:
            raise AttributeError(f"Sequential {self.name!r} is not built: its input shape is open")
        return self._input_shape

    @property
    def output_shape(self) -> Shape:
        """(None, ...); raises AttributeError while unknown."""
        shape = self.input_shape
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape

    @property
    def input_names(self) -> list[str]:
        """The name of the only input."""
        return ["input"]

    @property
    def output_names(self) -> list[str]:
        """The name of the only output, that of the last layer."""
        return [self._layers[-1].name if self._layers else "output"]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the output for inputs of this shape, (None, ...)."""
        shape = input_shape
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    # ---- computing ------------------------------------------------------------------------------

    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """The model's output for a tensor or array x (batch, ...), as a Tensor with its graph."""
        _kernels.track_dependency(self._layers)
        out = tensor(x)
        if not self.built:
            self.build(out.shape)
        if _kernels.current_call() is None:
            for layer in self._layers:
                layer._activity.clear()
        for layer in self._layers:
            out = layer(out, training=training)
        return out

    # ---- description and files -------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The layers and the input shape, JSON-able."""
        layers = [serialize(layer) for layer in self._layers]
        shape = None if self._input_shape is None else list(self._input_shape)
        return {"name": self.name, "layers": layers, "input_shape": shape}

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
        *,
        prepare: Callable[[int, Layer], None] | None = None,
    ) -> Sequential:
        """A model of the same structure, with fresh weights.

        custom_objects: {name: class} for layers and so on of the user's own. prepare: called with
        each layer's position and the layer before it is built, for files that bring weights.
        """
        model = cls(name=config["name"])
        position = 0  # counts the layers that a model shows, which an Input is not
        for entry in config["layers"]:
            layer = deserialize(entry, custom_objects)
            if not isinstance(layer, InputLayer):
                if prepare is not None:
                    prepare(position, layer)
                position += 1
            model.add(layer)
        shape = config["input_shape"]
        if shape is not None and not model.built and model.layers:
            model.build(tuple(shape))
        return model
