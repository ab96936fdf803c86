"""Layers that make one tensor of several: Add, Concatenate and their like."""

from corereg.layers.merging import concatenate, dot, elementwise

__all__ = ["concatenate", "dot", "elementwise"]
