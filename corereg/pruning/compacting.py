"""compact: an equal, smaller model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, overload

import numpy as np

from corereg import layers
from corereg.graph.nest import map_nest
from corereg.graph.node import Node
from corereg.graph.operations import Operation
from corereg.graph.tensor import SymbolicTensor
from corereg.initializers import Constant
from corereg.layers.base import Layer
from corereg.models.ensemble import Ensemble
from corereg.models.model import Model
from corereg.models.sequential import Sequential
from corereg.naming import unused_name
from corereg.pruning.features import Analysis, Call, Features

Array = np.ndarray[Any, Any]


@overload
def compact(model: Model, keep_inputs: Literal[True] = True) -> Model: ...


@overload
def compact(
    model: Model, keep_inputs: Literal[False]
) -> tuple[Model, Array] | tuple[Model, list[Array]]: ...


def compact(model: Model, keep_inputs: bool = True) -> Any:
    """An equal, smaller model: without the inputs of which all weights are zero, and without the
    neurons that lead to nothing or to which nothing leads. Of these the constant output,
    activation(bias), goes into the biases behind them. It is a new model with layers and weights of
    its own, and is not compiled.

    keep_inputs: True gives a model that takes the old inputs, and begins with a layer that selects
    those that matter (`layers.SelectColumns`). False gives a pair: a model that takes the selected
    inputs only, and their numbers, an int64 array (for several inputs a list of them): what
    `x.reshape(len(x), -1)[:, selected]` gives.

    Sequential models and graphs are understood that are made of Dense, of activations that compute
    each element by itself, of Dropout and other noise (which stay, for further training), Flatten,
    Rescaling, and Concatenate, Normalization and BatchNormalization along the last axis. Any other
    layer, models inside, layers that are called twice and weights that two layers share stay as
    they are, and so do their inputs and outputs, and a model with a `call` of its own. Of an
    `Ensemble` every model is compacted. Initializers, regularizers, constraints and masks are
    carried over.

    For finite inputs, `predict` gives the same outputs: to the bit, except for the sign of a zero,
    where no constant goes into a bias and no layer is left with one unit that had several; there,
    within the rounding of sums in another order. TypeError for what is no Model, ValueError for a
    model that is not built, and for keep_inputs=False where the model is no graph or an ensemble.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])
    >>> kernel = np.ones((4, 3))
    >>> kernel[:, 1] = 0  # a neuron that looks at nothing
    >>> model.layers[0].set_weights([kernel, np.zeros(3)])
    >>> pruning.compact(model).layers
    [Dense(2, activation='relu'), Dense(1)]
    """
    if not isinstance(model, Model):
        raise TypeError(f"compact: expected a Model, received {type(model).__name__}")
    if not model.built:
        raise ValueError(
            f"compact: expected a model that is built, received {model.who}; call "
            "build(input_shape), or fit"
        )
    if isinstance(model, Ensemble):
        if not keep_inputs:
            raise ValueError(
                "compact: expected one network, received an Ensemble, whose models need different "
                "inputs; leave out keep_inputs=False"
            )
        smaller = [compact(one) for one in model.models]
        return Ensemble(smaller, model.member_weights, model.average, name=model.name)
    found = _Graph.of(model)
    if found is None:
        if not keep_inputs:
            raise ValueError(
                f"compact: expected a graph of layers, received {model.who}, which has a call of "
                "its own, so that all its inputs count; leave out keep_inputs=False"
            )
        return copy.deepcopy(model)
    with model._trainer.shared_lock(model).reading:
        return found.compacted(keep_inputs)


class _Graph:
    """A model as nodes, to be made anew."""

    def __init__(self, model: Any, sources: list[Node], nodes: list[Node]) -> None:
        self.model, self.sources = model, sources
        self.analysis = Analysis(sources, nodes, model.outputs)
        self._calls = {id(call.node): call for call in self.analysis.calls}
        self._memo: dict[int, Any] = {}  # of deep copies: what layers share stays shared
        self._names = {layer.name for layer in model.layers}

    @classmethod
    def of(cls, model: Any) -> _Graph | None:
        """The nodes of a model, or None if it is no graph."""
        if model._has_own_call:
            return None
        if isinstance(model, Sequential):
            if model._source is None:
                return None
            first = model._source.node
            return cls(model, [first], [t.node for t in model._tensors if t.node is not first])
        return (
            None if model._graph is None else cls(model, model._graph.sources, model._graph.nodes)
        )

    def compacted(self, keep_inputs: bool) -> Any:
        """What `compact` gives."""
        inputs, begins = [], []
        for node, features in zip(self.sources, self.analysis.sources, strict=True):
            if keep_inputs or features.kept.all():
                inputs.append(_same(node.operation).output)
                begins.append(self._selected(inputs[-1], features))
            else:
                config = {**node.operation.get_config(), "batch_shape": None, "shape": None}
                shape = (node.operation.batch_shape[0], int(features.kept.sum()))
                inputs.append(
                    layers.InputLayer.from_config({**config, "batch_shape": shape}).output
                )
                begins.append(inputs[-1])
        model = self._sequential(inputs, begins) or self._functional(inputs, begins)
        columns = self.model._trainer.columns
        if keep_inputs:
            model._trainer.columns = columns
            return model
        selected = [np.flatnonzero(one.kept) for one in self.analysis.sources]
        if columns is not None:
            model._trainer.columns = tuple(
                (names and tuple(names[i] for i in places)) or None
                for names, places in zip(columns, selected, strict=False)
            )
        return model, selected[0] if len(selected) == 1 else selected

    def _sequential(self, inputs: list[Any], begins: list[Any]) -> Model | None:
        """The Sequential in the place of one; None for other models."""
        if not isinstance(self.model, Sequential):
            return None
        out = begins[0]
        for call in self.analysis.calls:
            out = self._new_call(call)(out)
        chain: list[Layer] = []
        node = out.node
        while node.args:
            chain.append(node.operation)
            node = node.args[0].node
        return Sequential([inputs[0], *chain[::-1]], name=self.model.name)

    def _functional(self, inputs: list[Any], begins: list[Any]) -> Model:
        graph = self.model._graph
        outputs = graph.rerun(begins, lambda node: self._new_call(self._calls[id(node)]))
        given = iter(inputs)
        return Model(graph.like_inputs(lambda: next(given)), outputs, name=self.model.name)

    # ---- layers --------------------------------------------------------------------------------

    def _new_call(self, call: Call) -> Callable[..., Any]:
        """What makes a node of the new model in the place of a call."""
        if isinstance(call.layer, Operation):
            made: Any = Operation(call.layer.key, call.layer.name).on_symbolic
        elif call.kind == "other":
            made = copy.deepcopy(call.layer, self._memo)
        elif call.kind in ("dense", "scale"):
            return self._smaller(call)
        else:
            made = _same(call.layer)
        if call.kind != "other":
            return made  # type: ignore[no-any-return]

        def selecting(*args: Any, **kwargs: Any) -> Any:
            features = iter(call.outputs)
            return map_nest(lambda one: self._selected(one, next(features)), made(*args, **kwargs))

        return selecting

    def _selected(self, tensor: SymbolicTensor, features: Features) -> SymbolicTensor:
        """The features that are kept, of a tensor that has all."""
        if features.kept.all():
            return tensor
        if len(features.shape) > 2:
            tensor = layers.Flatten(name=unused_name("flatten", self._names))(tensor)
        name = unused_name("select_columns", self._names)
        made = layers.SelectColumns(np.flatnonzero(features.kept).tolist(), name=name)(tensor)
        assert isinstance(made, SymbolicTensor)
        return made

    def _smaller(self, call: Call) -> Callable[..., Any]:
        """A layer with the weights that are left, built for the features that are."""
        (x,), (out,) = call.inputs, call.outputs
        old = call.layer
        config = old.get_config()
        cut: Callable[[Any, Array], Array]
        if call.kind == "dense":
            folded = x.constant & ~x.kept
            moved = x.value[folded] @ old.kernel.data[folded].astype(float)
            config["units"] = int(out.kept.sum())
            config["use_bias"] = old.use_bias or bool(moved[out.kept].any())

            def cut(name: str, value: Array) -> Array:
                return value[x.kept][:, out.kept] if name == "kernel" else value[out.kept]

        else:

            def cut(name: str, value: Array) -> Array:
                return value[x.kept]

        new = type(old).from_config(config)
        for name, one in list(vars(new).items()):  # initial values that are given as arrays
            if isinstance(one, Constant) and np.ndim(one.value):
                role = name.removesuffix("_initializer")
                weight = getattr(old, role, None)
                if weight is not None:
                    setattr(
                        new, name, Constant(cut(role, np.broadcast_to(one.value, weight.shape)))
                    )
        new.build((x.shape[0], int(x.kept.sum())))
        for role in _roles(old):
            _carry_over(getattr(old, role), getattr(new, role), partial(cut, role))
        if call.kind == "dense" and new.bias is not None:
            bias = np.zeros(len(moved)) if old.bias is None else old.bias.data.astype(float)
            new.bias.assign((bias + moved)[out.kept])
        return new  # type: ignore[no-any-return]


def _roles(layer: Any) -> Iterator[str]:
    """The attributes that hold a layer's own weights."""
    weights = {id(w) for w in layer.weights}
    return (name for name, one in vars(layer).items() if id(one) in weights)


def _carry_over(old: Any, new: Any, cut: Callable[[Array], Array]) -> None:
    """Gives a weight the values of another one that are left, and what else it has of its own."""
    new.assign(cut(old.data))
    new.trainable = old.trainable
    new.regularizer, new.constraint = old.regularizer, old.constraint
    mask = getattr(old, "mask", None)
    if mask is not None:
        new.mask = np.ascontiguousarray(cut(mask))


def _same(layer: Layer) -> Any:
    """A new layer of the same config."""
    return type(layer).from_config(layer.get_config())
