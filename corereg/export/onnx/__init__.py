"""ONNX: how models become .onnx files, and the converters of layers and operations.

A converter of a layer of your own is a function that `converts` enters:

    from corereg.export.onnx import converts

    @converts(MyLayer)
    def my_layer(graph, call, x):
        return x * graph.term(call.weights["factor"]) + 1.0

It is given the graph that is written, the call, and a `Term` in the place of each tensor, and
returns the term of what comes out. docs/exporting.md has more.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.export.onnx.graph import OnnxGraph as OnnxGraph, Term as Term
    from corereg.export.onnx.running import run as run
    from corereg.export.onnx.table import converts as converts
    from corereg.export.onnx.writing import write as write

_MODULES = {
    "OnnxGraph": "graph",
    "Term": "graph",
    "converts": "table",
    "run": "running",
    "write": "writing",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
