"""Sequential: layers one after the other, with Keras's way of training and using them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor, tensor
from corereg.layers.base import Layer, Shape, assign_all, dims
from corereg.layers.input_layer import InputLayer
from corereg.models import saving
from corereg.models.training import Trainer
from corereg.naming import unique_name

Array = np.ndarray[Any, Any]


class Sequential(Trainer):
    """A stack of layers.

    layers: Layer objects, an `Input` first if you like; name: for the summary. The model is built
    when its input shape is known: from an Input, from input_dim or input_shape of the first layer,
    from `build(input_shape)`, or from the first batch.
    """

    def __init__(self, layers: Sequence[Layer] | None = None, name: str | None = None) -> None:
        super().__init__()
        self.name = name or unique_name("sequential")
        self._layers: list[Layer] = []
        self._input_shape: Shape | None = None
        self.built = False
        for layer in layers or ():
            self.add(layer)

    # ---- structure ------------------------------------------------------------------------------

    def add(self, layer: Layer) -> None:
        """Adds a layer on top."""
        self._check_idle("Sequential.add")
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
        self._check_idle("Sequential.pop")
        if not self._layers:
            raise IndexError("Sequential.pop: the model has no layers")
        layer = self._layers.pop()
        if not self._layers:
            self._input_shape = None
        self._layers_changed()
        return layer

    def _layers_changed(self) -> None:
        self.built = self._input_shape is not None and len(self.layers) > 0
        self._metrics = None  # what "accuracy" means depends on the output
        self._forget()
        self._predictor = None

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
    def dtype(self) -> str:
        """The dtype the model computes in: that of its layers."""
        found = {layer.dtype for layer in self.layers}
        if len(found) > 1:
            raise ValueError(
                f"Sequential {self.name!r}: expected layers of one dtype, got {sorted(found)}"
            )
        return found.pop() if found else "float32"

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or by index; ValueError if there is none."""
        if index is not None and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise ValueError(f"get_layer: no layer {name if index is None else index!r}; has {names}")

    # ---- computing ------------------------------------------------------------------------------

    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """The model's output for a tensor or array x (batch, ...), as a Tensor with its graph."""
        _kernels.track_dependency(self._layers)
        out = tensor(x)
        if not self.built:
            self.build(out.shape)
        for layer in self._layers:
            layer._activity.clear()
        for layer in self._layers:
            out = layer(out, training)
        return out

    # ---- weights --------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        return [p for layer in self._layers for p in layer.weights]

    @property
    def trainable_weights(self) -> list[Parameter]:
        return [p for layer in self._layers for p in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        return [p for layer in self._layers for p in layer.non_trainable_weights]

    variables = weights
    trainable_variables = trainable_weights

    @property
    def losses(self) -> list[Tensor]:
        """The penalties as differentiable scalars: of every trainable weight that has a
        regularizer, and of the activities in the last call."""
        return [loss for layer in self._layers for loss in layer.losses]

    @property
    def trainable(self) -> bool:
        """False freezes every layer."""
        return all(layer.trainable for layer in self._layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    def get_weights(self) -> list[Array]:
        """Copies of all weights, in layer order."""
        return [p.data.copy() for p in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrites all weights; checks every shape before it changes any."""
        with self._assigning():  # others predict with all of the old or all of the new ones
            assign_all(f"Sequential {self.name!r}", self.weights, weights)

    def count_params(self) -> int:
        """How many numbers the weights hold; the model must be built."""
        if not self.built:
            raise ValueError(f"Sequential {self.name!r} is not built; call build(input_shape)")
        return sum(p.size for p in self.weights)

    # ---- description and files -------------------------------------------------------------------

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Prints the layers with their output shapes, parameters and regularizers."""
        from corereg.models.summary import summary_lines

        for line in summary_lines(self):
            (print_fn or print)(line)

    def save(self, path: Any) -> None:
        """Writes structure, weights, compile arguments and optimizer state to one file.

        The file is replaced whole or not at all, and holds no pickles. Any name will do, but
        the format is corereg's own (.corereg), whatever the name says.
        """
        saving.save_model(self, path)

    def save_weights(self, path: Any) -> None:
        """Writes the weights alone."""
        saving.save_weights(self, path)

    def load_weights(self, path: Any) -> None:
        """Reads weights that `save` or `save_weights` wrote; changes nothing if they do not fit."""
        saving.load_weights(self, path)

    def get_config(self) -> dict[str, Any]:
        """The layers and the input shape, JSON-able."""
        from corereg.layers.lookup import serialize

        layers = [serialize(layer) for layer in self._layers]
        shape = None if self._input_shape is None else list(self._input_shape)
        return {"name": self.name, "layers": layers, "input_shape": shape}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Sequential:
        """A model of the same structure, with fresh weights."""
        return saving.from_config(config, custom_objects)

    def __repr__(self) -> str:
        return f"<Sequential {self.name!r}, {len(self.layers)} layers>"
