"""Graphs of symbolic tensors: what a functional model is made of.

A call of a layer, or of an op, on a `SymbolicTensor` computes nothing. It makes a `Node`, which
remembers the call, and gives symbolic tensors for what will come out. A `Graph` arranges the nodes
between inputs and outputs so that they can be run on real tensors.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package
from corereg.graph import operators as operators
from corereg.graph.node import Node
from corereg.graph.operations import symbolic_op
from corereg.graph.tensor import SymbolicTensor

if TYPE_CHECKING:
    from corereg.graph.graph import Graph as Graph

_MODULES = {"Graph": "graph"}

KerasTensor = SymbolicTensor

__getattr__, __dir__, _ = lazy_package(__name__, _MODULES)
__all__ = ["Graph", "KerasTensor", "Node", "SymbolicTensor", "symbolic_op"]
