"""load_model and save_model, where Keras has them; see corereg.saving."""

from corereg.saving.model_file import load_model, save_model

__all__ = ["load_model", "save_model"]
