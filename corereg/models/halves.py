"""Models cut in two at their first layers of dropout: what comes before them is the same in every
sample of `predict_mc`, so that it is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg import _kernels
from corereg.graph.graph import Graph
from corereg.graph.halves import GraphHalves, Halves
from corereg.layers.base import Layer
from corereg.layers.random_layer import RandomLayer
from corereg.models.inputs import arranged, checked


def draws(operation: Any) -> bool:
    """Whether a layer, or one inside it, is dropout that drops something."""
    return isinstance(operation, Layer) and any(
        isinstance(layer, RandomLayer) and layer._is_dropout and not layer._is_silent
        for layer in operation._flatten_layers()
    )


def halves_of(operation: Any) -> Halves | None:
    """The halves of a model inside a model; None for what is cut nowhere inside."""
    cut = getattr(operation, "_halves", None)
    return None if cut is None else cut()


def call_of(model: Any) -> _kernels.CallContext:
    """What is entered where layers of a model run without it: its products have its precision."""
    model._track_call()
    return _kernels.CallContext(parts=model._matmul_parts())


class GraphModelHalves(GraphHalves):
    """A model that is a graph of layers, cut in two."""

    def __init__(self, model: Any, graph: Graph) -> None:
        super().__init__(graph, draws, halves_of)
        self._model = model

    def first(self, inputs: Sequence[Any]) -> list[Any]:
        model, graph = self._model, self._graph
        with call_of(model):
            values = arranged(model.who, graph, inputs[0] if len(inputs) == 1 else list(inputs))
            pairs = zip(graph.expected, values, strict=True)
            return super().first([checked(model, expected, one) for expected, one in pairs])

    def rest(self, kept: Sequence[Any]) -> Any:
        with call_of(self._model):
            return super().rest(kept)


class StackHalves:
    """A stack of layers, cut in two at the first one that draws, or inside it."""

    def __init__(self, model: Any, layers: Sequence[Layer]) -> None:
        self._model = model
        place = next((i for i, layer in enumerate(layers) if draws(layer)), len(layers))
        self._before, self._behind = layers[:place], layers[place:]
        self._inner = halves_of(layers[place]) if place < len(layers) else None

    def first(self, inputs: Sequence[Any]) -> list[Any]:
        """What comes out of the layers before the cut."""
        (x,) = inputs
        with call_of(self._model):
            for layer in self._before:
                x = layer(x, training=False)
            return [x] if self._inner is None else self._inner.first([x])

    def rest(self, kept: Sequence[Any]) -> Any:
        """What comes out of the last layer."""
        layers = self._behind
        with call_of(self._model):
            if self._inner is None:
                (x,) = kept
            else:
                x, layers = self._inner.rest(kept), layers[1:]
            for layer in layers:
                x = layer(x, training=False)
            return x
