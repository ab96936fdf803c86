"""The layers of a model as TensorBoard draws them."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.tensorboard_events import events
from corereg.graph.connections import connections


def graph_definition(model: Any) -> bytes | None:
    """The layers of a model and what they are connected to, as a serialized GraphDef; None for a
    model whose layers do not say so, as those of a `call` of one's own."""
    graph = getattr(model, "_graph", None)
    found: list[tuple[Any, list[str]]] = []
    if graph is not None:
        for part, sources in connections(graph):
            names = [f"{one.name}:{one.output}" if one.output else one.name for one in sources]
            found.append((part, names))
    elif hasattr(model, "_stack"):
        before: list[str] = []
        for layer in model.layers:
            found.append((layer, before))
            before = [layer.name]
    if not found:
        return None
    definition = events().graph()
    for part, names in found:
        definition.node.add(name=part.name, op=type(part).__name__, input=dict.fromkeys(names))
    content: bytes = definition.SerializeToString()
    return content
