"""Layers that make one step of many: GlobalAveragePooling1D, GlobalMaxPooling1D."""

from corereg.layers.pooling import global1d

__all__ = ["global1d"]
