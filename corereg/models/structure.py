"""ModelStructure: a layer made of layers, as a graph or by a `call` of the user's own.

What a model is apart from its training: `Model` adds that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor
from corereg.autograd.tensor import new_tensor
from corereg.graph.nest import flatten, map_nest
from corereg.graph.node import Node, Spec, is_symbolic
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.base import Layer
from corereg.layers.calling import UNSAID, call_with, is_of_floats
from corereg.layers.input_layer import InputLayer
from corereg.models.inputs import InputKind, arranged, checked, input_kind
from corereg.naming import snake_case, unique_name

if TYPE_CHECKING:
    from corereg import masks, tracebacks
    from corereg.graph.graph import Graph
    from corereg.graph.halves import Halves
else:  # few tensors have masks
    masks = later("corereg.masks")
    tracebacks = later("corereg.tracebacks")

FLOATS = ("float32", "float64")


class ModelStructure(Layer):
    """A layer that is made of layers.

    inputs, outputs: symbolic tensors, or lists or dicts of them, between which the layers lie. A
    subclass may leave them out and write `call(self, x, training=None)` instead; then the layers
    that it holds are built at the first call, or by `build(input_shape)`.
    """

    recordable = True
    supports_masking = True
    _has_own_call: ClassVar[bool] = False  # whether `call` is a user's
    _graph: Graph | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "call" in cls.__dict__ and "_has_own_call" not in cls.__dict__:
            cls._has_own_call = True
            cls.supports_masking = "compute_mask" in cls.__dict__

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **options: Any
    ) -> None:
        given = inputs is not None or outputs is not None
        if name is None:
            kind = snake_case(type(self).__name__)
            name = unique_name("functional" if given and kind == "model" else kind)
        super().__init__(name=name, **options)
        if given:
            self._lay_out(inputs, outputs)

    def _lay_out(self, inputs: Any, outputs: Any) -> None:
        """Makes the graph between inputs and outputs."""
        who = self.who
        flat = list(flatten(inputs))
        for what, nest in (("inputs", inputs), ("outputs", outputs)):
            wrong = [one for one in flatten(nest) if not isinstance(one, SymbolicTensor)]
            if wrong or not is_symbolic(nest):
                raise ValueError(
                    f"{who}: expected {what} as symbolic tensors, such as Input((4,)) and what "
                    f"layers make of it, received {wrong[0] if wrong else nest!r}"
                )
        if len({(id(one.node), one.place) for one in flat}) < len(flat):
            raise ValueError(f"{who}: expected each input once, received {flat}")
        sources = [_source(tensor) for tensor in flat]
        from corereg.graph.graph import Graph

        graph = Graph(who, _only(inputs), _only(outputs), sources)
        for operation in graph.operations:
            if isinstance(operation, Layer):
                self._track(operation)
        self._graph = graph
        self._takes_layers = self.built = True
        self._built_shapes = (map_nest(lambda one: one.shape, graph.inputs),)

    # ---- calls ---------------------------------------------------------------------------------

    def __call__(
        self, x: Any = UNSAID, *more: Any, training: bool | None = None, **named: Any
    ) -> Any:
        """The output for a tensor or array x (batch, ...), as a Tensor with its graph. Several
        inputs are given as a list, in order, or as a dict by their names; outputs come nested as
        they were given to the model. training: as for `Layer`."""
        try:
            if self._has_own_call:
                return super().__call__(x, *more, training=training, **named)
            if more or named or self.input_spec is not None or type(x) is not Tensor:
                if more or named or self.input_spec is not None or not is_of_floats(x):
                    return call_with(self, x, more, training, named)
                x = new_tensor(x)
            self._track_call()
            if not self.built:
                self.ensure_built((None, *x.shape[1:]))
            if training is None:
                training = self._training_around()
            return self._call_inside(x, (), training, {})
        except Exception as error:
            tracebacks.shorten(error)
            raise

    @property
    def _passes_masks_inside(self) -> bool:  # type: ignore[override]
        return not self._has_own_call

    def call(self, x: Any, training: Any = None, mask: Any = None) -> Any:
        """Runs the graph; a subclass without one writes what it computes here. mask: of the inputs,
        in order.

        >>> class Twice(corereg.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.dense = layers.Dense(2)
        ...
        ...     def call(self, x):
        ...         return self.dense(x) * 2
        >>> Twice()(np.ones((3, 4))).shape
        (3, 2)
        """
        graph = self._graph
        if graph is None:
            raise NotImplementedError(
                f"{self.who}: expected inputs and outputs, or a subclass that writes "
                "call(self, x, training=None)"
            )
        values = [x] if type(x) is Tensor and len(graph.expected) == 1 else None
        if values is None:
            values = arranged(self.who, graph, x)
        pairs = zip(graph.expected, values, strict=True)
        inputs = [checked(self, expected, one) for expected, one in pairs]
        if mask is not None:
            inputs = masks.put_masks(inputs, mask)
        return graph.run(inputs, training)

    def _run_noting(self, x: Any, note: Callable[[Any, Any], None]) -> Any:
        """The outputs for x; `note` is told each layer and what came out of it, in order. A model
        with a `call` of the user's own counts as one layer."""
        if self._has_own_call or self._graph is None:
            out = self(x)
            note(self, out)
            return out
        pairs = zip(self._graph.expected, arranged(self.who, self._graph, x), strict=True)
        inputs = [checked(self, expected, one) for expected, one in pairs]
        return self._graph.rerun(inputs, lambda node: noting(node.operation, note))

    def _halves(self) -> Halves | None:
        """The model cut in two at its layers of dropout; None if its `call` is a user's, which is
        cut nowhere."""
        graph = self._graph
        if graph is None or self._has_own_call:
            return None
        from corereg.models.halves import GraphModelHalves

        return GraphModelHalves(self, graph)

    def _track_call(self) -> None:
        if self._has_own_call:
            _kernels.track_part(self)
        else:  # its attributes do not count, its layers do
            _kernels.track_dependency(self._layers)

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        return super()._cast(x, dtype) if self._has_own_call or dtype is not None else x

    def _output_specs(self, x: Any) -> Any:
        graph = self._graph
        if graph is None or self._has_own_call:
            return super()._output_specs(x)
        values = arranged(self.who, graph, x)
        if [one.shape for one in values] == [one.shape for one in flatten(graph.inputs)]:
            return map_nest(
                lambda one: Spec(one.shape, one.dtype, mask=one._mask_spec), graph.outputs
            )
        return None  # another batch size, or other open sizes

    # ---- layers --------------------------------------------------------------------------------

    @property
    def _layers(self) -> list[Any]:
        """All layers, those that only say an input's shape included."""
        return self._sublayers

    @property
    def layers(self) -> list[Layer]:
        """The layers: of a graph in its order, inputs first, else in the order of their making.

        >>> x = corereg.Input((4,))
        >>> corereg.Model(x, layers.Dense(3)(x)).layers
        [InputLayer(shape=(4,)), Dense(3)]
        """
        return list(self._layers)

    def _inner_places(self) -> Iterator[tuple[str, Any]]:
        return ((str(i), layer) for i, layer in enumerate(self.layers))

    @property
    def dtype(self) -> str:
        """The dtype the model computes in: that of its layers."""
        layers = [one for one in self.layers if not isinstance(one, InputLayer)]
        found = {layer.dtype for layer in layers if layer.dtype in FLOATS}
        if len(found) > 1:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: expected layers of one dtype, received "
                f"{sorted(found)}"
            )
        return found.pop() if found else str(self._dtype)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or by index; ValueError if there is none.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3, name="out")])
        >>> model.get_layer("out")
        Dense(3, name='out')
        >>> model.get_layer(index=0)
        Dense(3, name='out')
        """
        if index is not None and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise ValueError(f"get_layer: no layer {name if index is None else index!r}; has {names}")

    # ---- inputs and outputs --------------------------------------------------------------------

    def _need_graph(self, what: str) -> Any:
        if self._graph is None:
            raise AttributeError(
                f"{self.who}: it has no {what}, for it is no graph of layers; call it on an "
                "Input, or build it with Model(inputs, outputs)"
            )
        return self._graph

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs, in order; AttributeError if the model is no graph."""
        return list(flatten(self._need_graph("inputs").inputs))

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs, in order; AttributeError if the model is no graph."""
        return list(flatten(self._need_graph("outputs").outputs))

    @property
    def input(self) -> Any:
        """The symbolic inputs as they were given: one, a list or a dict."""
        return super().input if self._graph is None else self._graph.inputs

    @property
    def output(self) -> Any:
        """The symbolic outputs as they were given: one, a list or a dict."""
        return super().output if self._graph is None else self._graph.outputs

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs, in order: by them a dict of data is told apart."""
        return [tensor.node.operation.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that give the outputs, in order.

        >>> x = corereg.Input((4,))
        >>> corereg.Model(x, [layers.Dense(3, name=name)(x) for name in "ab"]).output_names
        ['a', 'b']
        """
        return [tensor.node.operation.name for tensor in self.outputs]

    @property
    def _input_keys(self) -> list[str] | None:
        """By what the inputs in a dict of data are told apart, in order; None if the model takes
        whatever it is given."""
        if self._graph is None or self._has_own_call:
            return None
        inputs = self._graph.inputs
        return sorted(inputs, key=str) if isinstance(inputs, dict) else self.input_names

    @property
    def _input_kinds(self) -> list[InputKind] | None:
        """What each input takes; None if the model takes whatever it is given."""
        graph = self._graph
        if graph is None or self._has_own_call:
            return None
        return [input_kind(self.who, node.outputs, graph.nodes) for node in graph.sources]

    def _as_numbers(self, x: Any) -> Any:
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            return x
        kinds = self._input_kinds or ()
        if not any(kind.lookup is not None for kind in kinds):
            return x
        values = [x] if self._graph is None else arranged(self.who, self._graph, x)
        found = [
            one if kind.lookup is None else kind.lookup._as_numbers(one)
            for one, kind in zip(values, kinds, strict=True)
        ]
        return found[0] if len(found) == 1 else found

    def _numbers_shape(self, shape: Any, place: int = 0) -> Any:
        return shape if self._graph is None else self._graph.expected[place][0]

    @property
    def _output_keys(self) -> list[str] | None:
        """By what outputs are told apart, in order; None where they have no names."""
        return None if self._graph is None or self._has_own_call else self.output_names

    @property  # type: ignore[misc]  # of a layer it can be set
    def input_shape(self) -> Any:
        """(None, ...), nested as the inputs are; raises AttributeError while unknown."""
        shapes = self._built_shapes
        if not shapes:
            raise AttributeError(f"{self.who} is not built: its input shape is open")
        return shapes[0] if len(shapes) == 1 else list(shapes)

    @property
    def output_shape(self) -> Any:
        """(None, ...), nested as the outputs are; raises AttributeError while unknown."""
        if self._graph is not None and not self._has_own_call:
            return map_nest(lambda one: one.shape, self._graph.outputs)
        return self.compute_output_shape(self.input_shape)

    def _shape_behind(self, layer: Layer) -> Any:
        """What comes out of a layer of this model, or None where that is not known."""
        if self._graph is None:
            return None
        for node in (*self._graph.sources, *self._graph.nodes):
            if node.operation is layer:
                return map_nest(lambda spec: spec.shape, node.specs)
        return None

    @property
    def _has_own_steps(self) -> bool:
        """Whether a step of training or evaluation is the user's."""
        return False

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What comes out for inputs of these shapes.

        >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
        >>> model.compute_output_shape((None, 4))
        (None, 3)
        """
        known = self._built_shapes[0] if self._built_shapes else None
        if self._graph is not None and not self._has_own_call and input_shape == known:
            return map_nest(lambda one: one.shape, self._graph.outputs)
        if type(self).call is ModelStructure.call and self._graph is None and self._has_own_steps:
            return input_shape  # nobody calls it: its train_step calls the models inside
        return super().compute_output_shape(input_shape)


def noting(operation: Any, note: Callable[[Any, Any], None]) -> Callable[..., Any]:
    """A function that calls a layer and tells `note` of it, and of the layers in a model."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if isinstance(operation, ModelStructure) and len(args) == 1 and not kwargs:
            return operation._run_noting(args[0], note)
        out = operation(*args, **kwargs)
        note(operation, out)
        return out

    return call


def _source(tensor: SymbolicTensor) -> Node:
    """The node that stands for an input of a model: a model may begin behind a layer of another
    graph."""
    if isinstance(tensor.node.operation, InputLayer):
        known: Node = tensor.node
        return known
    made = InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
    node: Node = made.output.node
    return node


def _only(nest: Any) -> Any:
    """A list of one symbolic tensor stands for that tensor, as in Keras."""
    if isinstance(nest, list | tuple) and len(nest) == 1:
        return nest[0]
    return nest
