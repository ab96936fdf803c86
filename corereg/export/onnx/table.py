"""The converters to ONNX."""

from __future__ import annotations

from corereg.export.converters import Converters

_HOME = "corereg.export.onnx."

converts = Converters(
    "ONNX",
    tuple(
        _HOME + module
        for module in (
            *("dense", "activations", "curves", "normalizations", "merging", "rearranging"),
            *("pooling", "categories", "elementwise", "binary", "reductions", "indexing"),
            *("shaping", "joining"),
        )
    ),
)
"""Converters of layers and operations to ONNX, and the decorator that enters one:
``converts(MyLayer)``. It is given an `OnnxGraph`, the call, and the layer's arguments with a `Term`
in the place of each tensor, or the operation's in the order of its signature."""
