"""Layers, as in `keras.layers`."""

from corereg.layers.base import Layer
from corereg.layers.core import Activation, Flatten, Input, InputLayer
from corereg.layers.dense import Dense
from corereg.layers.dropout import Dropout

__all__ = ["Activation", "Dense", "Dropout", "Flatten", "Input", "InputLayer", "Layer"]
