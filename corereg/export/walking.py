"""Walks through a model: from its layers to a `Network`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels, activations
from corereg.autograd import Tensor, no_grad
from corereg.export import einsum
from corereg.export.converters import Converters
from corereg.export.ends import inputs_of, output_names
from corereg.export.inert import draws, passes_on
from corereg.export.masks import any_mask, in_functions, masks_of, told_of_masks, without_unused
from corereg.export.network import Array, Call, Network, Value
from corereg.graph.graph import Graph
from corereg.graph.nest import flatten, map_nest
from corereg.graph.node import Node, Spec
from corereg.graph.operations import Operation
from corereg.graph.order import Key, key_of, order_of
from corereg.graph.tensor import STRING, SymbolicTensor
from corereg.layers.activation import Activation
from corereg.layers.augmentation.cropping import CropLayer
from corereg.layers.augmentation.pipeline import Pipeline
from corereg.layers.base import Layer
from corereg.layers.batch_normalization import BatchNormalization
from corereg.layers.dense import Dense
from corereg.layers.einsum_dense import EinsumDense
from corereg.layers.input_layer import InputLayer
from corereg.layers.lambda_layer import Lambda
from corereg.layers.spectral_normalization import SpectralNormalization
from corereg.models.inputs import arranged
from corereg.models.model import Model
from corereg.models.sequential import Sequential
from corereg.models.structure import ModelStructure
from corereg.naming import unused_name


def network_of(model: Any, table: Converters) -> Network:
    """The network of a model, for a format's converters. Its weights are copies of those of one
    finished step, whoever trains; training waits meanwhile.

    TypeError for what is no model; ValueError for a model that is not built, and for a layer that
    has no converter in the table and whose `call` cannot be expanded.
    """
    checked_model(model)
    with model._trainer.shared_lock(model).reading, no_grad(), _kernels.recording_paused():
        return _Walk(table).network(model)


def checked_model(model: Any) -> None:
    """TypeError for what is no model; ValueError for one that is not built."""
    if not isinstance(model, Model):
        raise TypeError(
            f"export: expected a model, received {type(model).__name__}; of an estimator, give its "
            "model_"
        )
    if not model.built:
        raise ValueError(
            f"export: expected a model that is built, received {model.who}; give it an Input, or "
            "call it on data"
        )


class _Walk:
    """One walk: the calls so far, and the arrays of the weights."""

    def __init__(self, table: Converters) -> None:
        self.table = table
        self.calls: list[Call] = []
        self._arrays: dict[int, tuple[Any, Array]] = {}
        self._names: set[str] = set()
        self._training = False
        self._inside: list[Layer] = []

    def network(self, model: Any) -> Network:
        inputs, given = inputs_of(model, self._names)
        found = self._layer(model, (given,), {})
        outputs = list(zip(output_names(model, found), flatten(found), strict=True))
        network = Network(str(model.name), inputs, outputs, self.calls)
        network.drop_unused()
        return network

    # ---- values ----------------------------------------------------------------------------------

    def _value(self, name: str, shape: Any, dtype: Any) -> Value:
        return Value(unused_name(name, self._names), shape, dtype)

    def _array(self, parameter: Any) -> Array:
        """A copy of a parameter, one for all that use it."""
        known = self._arrays.get(id(parameter))
        if known is None:
            known = self._arrays[id(parameter)] = (parameter, np.array(parameter.data))
        return known[1]

    def _add(
        self,
        kind: str,
        operation: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        specs: Any,
        weights: dict[str, Array] | None = None,
    ) -> Any:
        """Makes a call, and returns what comes out, nested as the specs."""
        outputs = map_nest(lambda spec: self._value(operation.name, spec.shape, spec.dtype), specs)
        made = list(flatten(outputs))
        self.calls.append(Call(kind, operation, args, kwargs, made, weights or {}))
        return outputs

    def _operation(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """The result of an operation on values, whose shape is found by trying it."""
        return self._trace(Operation(key).on_symbolic, args, kwargs)

    # ---- layers ----------------------------------------------------------------------------------

    def _layer(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a call of a layer gives."""
        kwargs = dict(kwargs)
        said = kwargs.pop("training", None)
        outer = self._training
        self._training = outer if said is None else bool(said)
        self._inside.append(layer)
        try:
            return self._layer_inside(layer, args, kwargs)
        finally:
            self._inside.pop()
            self._training = outer

    def _layer_inside(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(layer, ModelStructure) and not layer._has_own_call and not kwargs:
            if isinstance(layer, Sequential):
                return self._stack(layer._stack, *args)
            if layer._graph is not None:
                return self._graph(layer, layer._graph, *args)
        if type(layer).call is Pipeline.call and not self._training:
            return self._stack(layer.layers, *args)
        if type(layer).call is SpectralNormalization.call and not self._training:
            return self._layer(layer.layer, args, kwargs)
        first = map_nest(lambda one: self._taken(one, layer._cast), args[0])
        args = (first, *map_nest(lambda one: self._other(one, layer), args[1:]))
        kwargs = map_nest(lambda one: self._other(one, layer), kwargs)
        if passes_on(layer):
            if self._training and draws(layer):
                raise self._refusal(layer, "it is called with training=True and draws numbers")
            return first
        if isinstance(layer, Activation) and type(layer).call is Activation.call:
            return self._masked(layer, args, kwargs, self._function(layer.activation, first))
        if isinstance(layer, BatchNormalization) and self._training and layer.trainable:
            raise self._refusal(layer, "it is called with training=True and takes the batch's mean")
        kwargs = told_of_masks(layer, first, kwargs)
        return self._masked(layer, args, kwargs, self._called(layer, args, kwargs))

    def _called(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What comes out of a layer that computes something."""
        kwargs = without_unused(layer, kwargs)
        written = in_functions(layer, args, kwargs)
        if written is not None:
            return self._trace(*written, {})
        if isinstance(layer, EinsumDense) and type(layer).call is EinsumDense.call:
            return self._einsum(layer, args[0])
        kind = self.table.kind_of(layer)
        if kind is None:
            return self._expanded(layer, args, kwargs)
        return self._known(layer, kind, args, kwargs)

    def _masked(self, layer: Any, args: Any, kwargs: dict[str, Any], out: Any) -> Any:
        """What came out of a layer, with the masks that it leaves."""
        said = kwargs.get("mask")
        previous = masks_of(args[0]) if said is None else said
        if not layer.supports_masking or not (layer._makes_masks or any_mask(previous)):
            return out
        masks = previous
        if type(layer).compute_mask is not Layer.compute_mask:
            try:
                masks = self._trace(layer.compute_mask, (args[0], previous), {}, or_none=True)
            except Exception as error:
                what = f"its compute_mask cannot be followed ({type(error).__name__}: {error})"
                raise self._refusal(layer, what) from error
        for value, mask in zip(flatten(out), flatten(masks), strict=False):
            value.mask = mask if value.mask is None else value.mask
        return out

    def _known(self, layer: Any, kind: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """The call of a layer that has a converter."""
        specs = self._specs(layer, args, kwargs)
        out = self._add(kind, layer, args, kwargs, specs, self._weights(layer))
        return self._function(layer.activation, out) if isinstance(layer, Dense) else out

    def _weights(self, layer: Any) -> dict[str, Array]:
        """Copies of a layer's weights, by the attributes that hold them."""
        found = {id(value) for value in layer._own_weights()}
        return {name: self._array(one) for name, one in vars(layer).items() if id(one) in found}

    def _einsum(self, layer: Any, x: Value) -> Any:
        """An EinsumDense: a dense product, or an einsum."""
        weights = self._weights(layer)
        dense = layer._equation.dense is not None and self.table.find("Dense") is not None
        product = (einsum.as_dense if dense else einsum.as_operation)(self, layer, x, weights)
        return self._function(layer.activation, product)

    def _specs(self, layer: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """What is known of a layer's outputs."""
        symbolic: dict[int, SymbolicTensor] = {}
        args, kwargs = (map_nest(lambda one: _symbol(one, symbolic), x) for x in (args, kwargs))
        found = layer(*args, **kwargs)
        return map_nest(lambda one: Spec(one.shape, one.dtype), found)

    def _taken(self, value: Any, cast: Callable[..., Tensor]) -> Any:
        """What a layer makes of its first argument, by its `_cast`."""
        if not isinstance(value, Value) or value.dtype == STRING:
            return value
        sample = Tensor(np.zeros((1,) * len(value.shape), value.dtype))
        return self._cast(value, cast(sample).dtype)

    def _other(self, value: Any, layer: Any) -> Any:
        """What a layer makes of another argument: floats are cast."""
        floats = isinstance(value, Value) and value.dtype.startswith("float")
        return self._taken(value, layer._cast_other) if floats else value

    def _cast(self, value: Value, dtype: Any) -> Value:
        if value.dtype == str(dtype):
            return value
        cast = Operation("keras.cast")
        spec = Spec(value.shape, dtype)
        found: Value = self._add(cast.key, cast, (value, str(dtype)), {}, spec)
        found.mask = value.mask
        return found

    def _function(self, function: Any, value: Value) -> Any:
        """What an activation makes of a value: a function, or a layer."""
        if function is activations.linear:
            return value
        if isinstance(function, Layer):
            return self._layer(function, (value,), {})
        return self._trace(function, (value,), {})

    # ---- layers in layers ------------------------------------------------------------------------

    def _stack(self, layers: Any, value: Any) -> Any:
        for layer in layers:
            value = self._layer(layer, (value,), {})
        return value

    def _graph(self, model: Any, graph: Graph, given: Any) -> Any:
        """The outputs of a graph of layers, for a nest of values."""
        values = arranged(model.who, graph, given)
        pairs = zip(graph.expected, values, strict=True)
        known = {
            key_of(tensor): self._fitted(expected, value)
            for tensor, (expected, value) in zip(graph._replaced, pairs, strict=True)
        }
        for node, tensor in zip(graph.sources, graph._replaced, strict=True):
            known[(id(node), 0)] = known[key_of(tensor)]
        self._nodes(graph.nodes, known)
        return map_nest(lambda tensor: known[key_of(tensor)], graph.outputs)

    def _fitted(self, expected: tuple[Any, ...], value: Value) -> Value:
        """An input as a graph takes it: see `corereg.models.inputs.checked`."""
        shape, dtype, _ = expected
        if len(value.shape) == len(shape) - 1:
            value = self._operation("keras.expand_dims", value, -1)
        elif len(value.shape) == len(shape) + 1:
            value = self._operation("keras.squeeze", value, -1)
        return value if value.dtype == STRING else self._cast(value, dtype)

    def _nodes(self, nodes: list[Node], known: dict[Key, Any]) -> None:
        """Makes the calls of nodes in order; known: the value of each tensor, which grows."""

        def value(one: Any) -> Any:
            if isinstance(one, SymbolicTensor):
                return known[key_of(one)]
            return self._array(one) if isinstance(one, Tensor) else one

        for node in nodes:
            args, kwargs = map_nest(value, node.args), map_nest(value, node.kwargs)
            if isinstance(node.operation, Layer):
                found = self._layer(node.operation, args, kwargs)
            else:
                key = node.operation.key
                if key == "graph.mask_of":
                    found = args[0].mask
                else:
                    found = self._add(key, node.operation, args, kwargs, node.specs)
            for place, one in enumerate(flatten(found)):
                known[(id(node), place)] = one

    # ---- what is written in Python ---------------------------------------------------------------

    def _expanded(self, layer: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """What a layer gives whose `call` is followed, as far as it is made of layers and of
        functions of `corereg.ops`."""
        own = type(layer).__module__.startswith("corereg.layers")
        if own and not isinstance(layer, Lambda | CropLayer):
            raise self._refusal(layer, f"{self.table.format} has no form of it")
        if layer._takes_training:
            kwargs = {**kwargs, "training": self._training}
        try:
            return self._trace(layer.call, args, kwargs)
        except _Refused:
            raise
        except Exception as error:
            what = f"its call cannot be followed ({type(error).__name__}: {error})"
            raise self._refusal(layer, what) from error

    def _trace(
        self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any], or_none: bool = False
    ) -> Any:
        """What a function of tensors gives for values, by what it does with symbolic tensors.
        or_none: whether it may give None."""
        symbolic: dict[int, SymbolicTensor] = {}
        given: list[tuple[SymbolicTensor, Value]] = []

        def symbol(one: Any) -> Any:
            found = _symbol(one, symbolic)
            if isinstance(one, Value):
                given.append((found, one))
            return found

        args, kwargs = map_nest(symbol, args), map_nest(symbol, kwargs)
        with _kernels.CallContext(training=self._training):
            found = function(*args, **kwargs)
        if found is None and or_none:
            return None
        ends = list(flatten(found))
        wrong = [one for one in ends if not isinstance(one, SymbolicTensor)]
        if wrong:
            raise TypeError(f"it gives {type(wrong[0]).__name__}, which depends on no input")
        known: dict[Key, Any] = {key_of(tensor): value for tensor, value in given}
        sources = {key_of(tensor): tensor.node for tensor, _ in given}
        inputs = [tensor for tensor, _ in given]
        order = order_of(ends, inputs, sources, lambda _: TypeError("it uses other inputs"))
        self._nodes([node for node in order.nodes if (id(node), 0) not in sources], known)
        return map_nest(lambda tensor: known[key_of(tensor)], found)

    def _refusal(self, layer: Any, why: str) -> ValueError:
        path = " in ".join(one.who for one in reversed(self._inside[1:-1]))
        return _Refused(
            f"export to {self.table.format}: cannot export {layer.who}"
            f"{' in ' + path if path else ''}: {why}; write its call with layers and functions of "
            "corereg.ops, enter a converter for its class, or leave it out of the model that you "
            "export"
        )


class _Refused(ValueError):
    """A refusal that is complete."""


def _symbol(one: Any, known: dict[int, SymbolicTensor]) -> Any:
    """The symbolic tensor in place of a value."""
    if not isinstance(one, Value):
        return one
    if id(one) not in known:
        source = InputLayer(batch_shape=one.shape, dtype=one.dtype, name=one.name)
        mask = None if one.mask is None else Spec(one.mask.shape, one.mask.dtype)
        known[id(one)] = Node(source, (), {}, Spec(one.shape, one.dtype, one.name, mask)).outputs
    return known[id(one)]
