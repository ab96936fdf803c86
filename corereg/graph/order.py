"""The order of a graph's operations and nodes.

The depth of a node is the length of the longest way from it to an output; an operation that is
called several times lies as deep as its deepest node. Deep operations come first, and among those
of one depth the one that is met first on the way from the outputs back to the inputs. Nodes of one
depth run in the order in which their depths are found, which begins at the outputs: a layer that is
called twice, and changes its own state, ends with the same as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from corereg.graph.node import Node
from corereg.graph.tensor import SymbolicTensor

Key = tuple[int, int]


def key_of(tensor: SymbolicTensor) -> Key:
    """What tells a symbolic tensor from all others that live."""
    return id(tensor.node), tensor.place


class Order(NamedTuple):
    """operations: each once; nodes: all calls, in the order in which they run; calls: the same,
    those of an operation in the order in which they are numbered."""

    operations: list[Any]
    nodes: list[Node]
    calls: list[Node]


def order_of(
    outputs: list[SymbolicTensor],
    inputs: list[SymbolicTensor],
    sources: dict[Key, Node],
    unconnected: Callable[[SymbolicTensor], Exception],
) -> Order:
    """The order of what lies between inputs and outputs.

    sources: by an input's key, the node that stands for it. unconnected: gives the error for a
    tensor that no input leads to.
    """
    ends = {id(node) for node in sources.values()}
    seen_at: dict[int, int] = {}  # operations by id: when they were met
    done: list[Node] = []
    finished: set[int] = set()

    def source(tensor: SymbolicTensor) -> Node:
        found: Node = sources.get(key_of(tensor), tensor.node)
        return found

    waiting: list[tuple[Node, bool]] = []
    for output in outputs:
        waiting.append((source(output), False))
        while waiting:
            node, is_left = waiting.pop()
            if is_left:
                done.append(node)
                continue
            if id(node) in finished:
                continue
            finished.add(id(node))
            seen_at.setdefault(id(node.operation), len(seen_at))
            waiting.append((node, True))
            if id(node) in ends:
                continue
            if not node.inputs:
                raise unconnected(output)
            waiting += [(source(tensor), False) for tensor in reversed(node.inputs)]
    node_depth: dict[int, int] = {}
    depth: dict[int, int] = {}  # of operations
    by_id: dict[int, Any] = {}
    for node in reversed(done):
        own = max(node_depth.get(id(node), 0), depth.get(id(node.operation), 0))
        node_depth[id(node)] = depth[id(node.operation)] = own
        by_id[id(node.operation)] = node.operation
        if id(node) not in ends:
            for tensor in node.inputs:
                parent = id(source(tensor))
                node_depth[parent] = max(node_depth.get(parent, 0), own + 1)
    for tensor in inputs:  # those that nothing is computed from
        operation = source(tensor).operation
        if id(operation) not in depth:
            depth[id(operation)], seen_at[id(operation)] = 0, -1
            by_id[id(operation)] = operation
    operations = sorted(by_id.values(), key=lambda op: (-depth[id(op)], seen_at[id(op)]))
    met = {key: i for i, key in enumerate(node_depth)}
    nodes = sorted(done, key=lambda node: (-node_depth[id(node)], met[id(node)]))
    calls = sorted(done, key=lambda node: (-node_depth[id(node)], seen_at[id(node.operation)]))
    return Order(operations, nodes, calls)
