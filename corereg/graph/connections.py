"""What the layers of a graph are connected to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from corereg.graph.graph import Graph


class Source(NamedTuple):
    """Where an input of a layer comes from: which output of which call of which layer."""

    name: str
    call: int
    output: int

    def __str__(self) -> str:
        return f"{self.name}[{self.call}][{self.output}]"


def connections(graph: Graph) -> Iterator[tuple[Any, list[Source]]]:
    """Each layer or op of a graph, inputs first, with what its calls in this graph take."""
    nodes = [*graph.sources, *graph.calls]
    calls: dict[int, int] = {}  # of each node: how many of its layer come before
    counts: dict[int, int] = {}
    for node in nodes:
        calls[id(node)] = counts.get(id(node.operation), 0)
        counts[id(node.operation)] = calls[id(node)] + 1
    for operation in graph.operations:
        yield (
            operation,
            [
                Source(tensor.node.operation.name, calls.get(id(tensor.node), 0), tensor.place)
                for node in graph.calls
                if node.operation is operation
                for tensor in node.inputs
            ],
        )


def is_line(graph: Graph) -> bool:
    """Whether each layer takes what the one before gives, and is called once."""
    if len(graph.sources) != 1 or len(graph.nodes) + 1 != len(graph.operations):
        return False
    before = graph.sources[0]
    for node in graph.nodes:
        if [tensor.node for tensor in node.inputs] != [before]:
            return False
        before = node
    return True
