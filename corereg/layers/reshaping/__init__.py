"""Layers that put the elements of a tensor elsewhere: Reshape, Permute, RepeatVector."""

from corereg.layers.reshaping import permute, repeat_vector, reshape

__all__ = ["permute", "repeat_vector", "reshape"]
