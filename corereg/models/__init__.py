"""Models, as in `keras.models`."""

from corereg.models.saving import load_model, save_model
from corereg.models.sequential import Sequential

__all__ = ["Sequential", "load_model", "save_model"]
