"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corereg._lazy import later
from corereg.graph.node import Node, Spec
from corereg.graph.tensor import STRING, SymbolicTensor
from corereg.layers.base import Layer, Shape, dims
from corereg.layers.building import builds_itself
from corereg.layers.input_layer import InputLayer
from corereg.layers.lookup import deserialize, inside, serialize, take_prepare
from corereg.models.inputs import InputKind, passes_values_on
from corereg.models.model import Model
from corereg.models.structure import noting
from corereg.registry import register

if TYPE_CHECKING:
    from corereg import masks
    from corereg.graph.halves import Halves
else:  # few tensors have masks
    masks = later("corereg.masks")


@register("model")
class Sequential(Model):
    """A stack of layers.

    layers: Layer objects and models, an `Input` first if you like; name: for the summary. The model
    is built when its input shape is known: from an Input, from input_dim or input_shape of the
    first layer, from `build(input_shape)`, or from the first batch.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])
    >>> model.layers
    [Dense(8, activation='relu'), Dense(1)]
    >>> model.count_params()
    49
    """

    recordable = True
    _has_own_call = False
    _takes_layers = True
    _takes_one_tensor = True

    def __init__(self, layers: Sequence[Any] | None = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self._stack: list[Layer] = []
        self._names: set[str] = set()
        # what comes out of the layers, once the first one's input is known; and that input
        self._tensors: list[SymbolicTensor] = []
        self._source: SymbolicTensor | None = None
        for layer in layers or ():
            self.add(layer)

    def __getstate__(self) -> dict[str, Any]:
        """Flat, for a chain of symbolic tensors is too deep for pickle."""
        source = None if self._source is None else self._source.node
        state = {"_source": source and (source.operation, source.specs)}
        state["_specs"] = [one.node.specs for one in self._tensors]
        return super().__getstate__() | {"_tensors": []} | state

    def __setstate__(self, state: dict[str, Any]) -> None:
        source, specs = state["_source"], state.pop("_specs")
        super().__setstate__(state | {"_source": None})
        if source is None:
            return
        self._source = tensor = Node(source[0], (), {}, source[1]).outputs
        for layer, spec in zip(self._stack, specs, strict=True):
            if layer is not source[0]:
                tensor = Node(layer, (tensor,), {}, spec).outputs
            self._tensors.append(tensor)

    # ---- structure ------------------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Adds a layer on top: a Layer, a model, or first what Input gives. TypeError for anything
        else, ValueError for a layer or a name that is there already.

        >>> model = corereg.Sequential([corereg.Input((4,))])
        >>> model.add(layers.Dense(3))
        >>> model.output_shape
        (None, 3)
        """
        self._trainer.lock.check_idle("Sequential.add")
        if isinstance(layer, SymbolicTensor) and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Sequential.add: expected a Layer, received {type(layer).__name__} {layer!r}"
            )
        if layer.name in self._names:
            if any(layer is other for other in self._stack):
                raise ValueError(f"Sequential.add: {layer.who} is already in the model")
            raise ValueError(f"Sequential.add: there is a layer named {layer.name!r} already")
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError("Sequential.add: an Input can only come first")
        source = self._source if self._stack else _source_before(layer)
        if source is not None:
            self._tensors.append(self._put(layer, self._tensors[-1] if self._stack else source))
        self._source = source
        self._stack.append(layer)
        self._names.add(layer.name)
        self._layers_changed()

    def _put(self, layer: Layer, tensor: SymbolicTensor) -> SymbolicTensor:
        """What comes out of a layer behind a tensor; it is built by that."""
        if isinstance(layer, InputLayer):
            return tensor
        found = layer(tensor)
        if not isinstance(found, SymbolicTensor):
            raise ValueError(
                f"{self.who}: expected layers with one output, received {layer.who}, which gives "
                f"{found!r}; use Model(inputs, outputs)"
            )
        return found

    def pop(self) -> Layer:
        """Removes the top layer and returns it.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3), layers.ReLU()])
        >>> model.pop()
        ReLU()
        >>> model.layers
        [Dense(3)]
        """
        self._trainer.lock.check_idle("Sequential.pop")
        if not self._stack:
            raise IndexError("Sequential.pop: the model has no layers")
        layer = self._stack.pop()
        self._names.discard(layer.name)
        if self._tensors:
            self._tensors.pop()
        if not self._stack:
            self._source = None
        self._layers_changed()
        return layer

    def _layers_changed(self) -> None:
        first = 0
        if self._stack and isinstance(self._stack[0], InputLayer):
            first = 1
            taker = self._stack[1] if len(self._stack) > 1 else None
            self._stack[0]._gives_int64 = taker is not None and taker._input_dtype == "int64"
        self.built = self._source is not None and len(self._stack) > first
        self._built_shapes = None if self._source is None else (self._source.shape,)
        self._trainer.layers_changed()

    @builds_itself
    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights for inputs of this shape, batch included: (None, 10).

        >>> model = corereg.Sequential([layers.Dense(3)])
        >>> model.build((None, 4))
        >>> model.count_params()
        15
        """
        if not self.layers:
            raise ValueError("Sequential.build: the model has no layers; add() some first")
        who = f"Sequential {self.name!r}"
        if not isinstance(input_shape, list | tuple) or (
            len(input_shape) < 2 and tuple(input_shape) != (None,)
        ):
            raise ValueError(
                f"{who}: expected an input_shape with the batch first, such as (None, 10), "
                f"received {input_shape!r}"
            )
        first = self._stack[0]
        texts = getattr(first, "_text_shape", None)  # their numbers have another shape
        whole: Shape = (None, *dims(who, input_shape[1:])) if texts is None else texts
        if self._source is not None:
            if whole[1:] != self._source.shape[1:]:
                raise ValueError(
                    f"{who}: expected inputs of shape {self._source.shape}, received {whole}"
                )
            return
        dtype = first._input_dtype or first.dtype
        source = tensor = InputLayer(batch_shape=whole, dtype=dtype).output
        tensors = []
        for layer in self._stack:
            tensor = self._put(layer, tensor)
            tensors.append(tensor)
        self._tensors[:] = tensors
        self._source = source
        self._layers_changed()

    @property
    def _layers(self) -> list[Any]:
        return self._stack

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def _need_source(self, what: str) -> SymbolicTensor:
        if self._source is None:
            raise AttributeError(f"{self.who} is not built: its {what} is open")
        return self._source

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic input, in a list; AttributeError while its shape is unknown."""
        return [self._need_source("input")]

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic output, in a list; AttributeError while the input's shape is unknown."""
        source = self._need_source("input")
        return [self._tensors[-1] if self._tensors else source]

    @property
    def input(self) -> SymbolicTensor:
        """The symbolic input; AttributeError while its shape is unknown."""
        return self.inputs[0]

    @property
    def output(self) -> SymbolicTensor:
        """The symbolic output; AttributeError while the input's shape is unknown."""
        return self.outputs[0]

    @property
    def _input_keys(self) -> list[str]:
        return ["input"]

    @property
    def _input_kinds(self) -> list[InputKind]:
        layers = self.layers
        first = self._stack[0] if self._stack else self
        dtype = first._input_dtype or first.dtype if self._source is None else self._source.dtype
        looking = (one for one in layers if not passes_values_on(one))
        taker = next(looking, None)
        if dtype == STRING and isinstance(taker, Model):  # a model that takes texts
            return list(taker._input_kinds or ())
        lookup = taker if dtype == STRING and hasattr(taker, "codes_of") else None
        ready = dtype != STRING and getattr(taker, "_takes_missing", False)
        return [InputKind(dtype, getattr(taker, "_index_limit", None), lookup, ready)]

    def _numbers_shape(self, shape: Any, place: int = 0) -> Any:
        lookup = self._input_kinds[0].lookup
        return shape if lookup is None else lookup._numbers_shape(shape)

    @property
    def _output_keys(self) -> list[str]:
        return [self._stack[-1].name if self._stack else "output"]

    @property  # type: ignore[misc]  # of a layer it can be set
    def input_shape(self) -> Shape:
        """(None, ...); raises AttributeError while unknown."""
        return self._need_source("input shape").shape

    @property
    def output_shape(self) -> Shape:
        """(None, ...); raises AttributeError while unknown."""
        self._need_source("input shape")
        return self.outputs[0].shape

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What comes out for inputs of this shape.

        >>> model = corereg.Sequential([layers.Dense(3), layers.Dense(2)])
        >>> model.compute_output_shape((None, 4))
        (None, 2)
        """
        shape = input_shape
        for layer in self._stack:
            shape = layer.compute_output_shape(shape)
        return shape

    def _shape_behind(self, layer: Layer) -> Any:
        return layer.output.shape if self._tensors else None

    # ---- computing ------------------------------------------------------------------------------

    def call(self, x: Any, training: Any = None, mask: Any = None) -> Any:
        """Runs the layers, one after the other. mask: of x.

        >>> model = corereg.Sequential([layers.Rescaling(2.0), layers.Rescaling(1.0, offset=1.0)])
        >>> model(np.array([[1.0, 2.0]]))
        Tensor([[3., 5.]])
        """
        if mask is not None:
            (x,) = masks.put_masks([x], mask)
        for layer in self._stack:
            x = layer(x, training=training)
        return x

    def _run_noting(self, x: Any, note: Callable[[Any, Any], None]) -> Any:
        if self._has_own_call:
            return super()._run_noting(x, note)
        for layer in self._stack:
            x = noting(layer, note)(x)
        return x

    def _halves(self) -> Halves | None:
        if self._has_own_call:
            return None
        from corereg.models.halves import StackHalves

        return StackHalves(self, self._stack)

    def _output_specs(self, x: Any) -> Any:
        mask = self._tensors[-1]._mask_spec if self._tensors else None
        return Spec(self.compute_output_shape(x.shape), self._stack[-1].dtype, mask=mask)

    # ---- description and files -------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The layers and the input shape, JSON-able.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
        >>> [one["class_name"] for one in model.get_config()["layers"]]
        ['InputLayer', 'Dense']
        """
        layers = [serialize(layer) for layer in self._stack]
        shape = None if self._source is None else list(self._source.shape)
        return {"name": self.name, "layers": layers, "input_shape": shape}

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
    ) -> Sequential:
        """A model of the same structure, with fresh weights.

        custom_objects: {name: class} for layers and so on of the user's own.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
        >>> corereg.Sequential.from_config(model.get_config()).layers
        [Dense(3)]
        """
        prepare = take_prepare()
        model = cls(name=config["name"])
        position = 0  # counts the layers that a model shows, which an Input is not
        for entry in config["layers"]:
            layer = deserialize(entry, custom_objects, prepare=inside(prepare, position))
            if not isinstance(layer, InputLayer):
                if prepare is not None:
                    layer = prepare(str(position), layer)
                position += 1
            model.add(layer)
        shape = config["input_shape"]
        if shape is not None and not model.built and model.layers:
            model.build(tuple(shape))
        return model


def _source_before(layer: Layer) -> SymbolicTensor | None:
    """The symbolic input of a stack that begins with this layer, if its shape is known."""
    if isinstance(layer, InputLayer):
        return layer.output
    if layer.input_shape_arg is not None:
        return InputLayer(layer.input_shape_arg, dtype=layer._input_dtype or layer.dtype).output
    if isinstance(layer, Model) and layer.built and isinstance(layer.input_shape, tuple):
        kinds = layer._input_kinds
        dtype = kinds[0].dtype if kinds and kinds[0].dtype == STRING else layer.dtype
        return InputLayer(batch_shape=layer.input_shape, dtype=dtype).output
    return None
