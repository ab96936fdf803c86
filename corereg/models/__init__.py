"""Models, as in `keras.models`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.models.cloning import clone_model as clone_model
    from corereg.models.ensemble import Ensemble as Ensemble
    from corereg.models.files import (
        load_model as load_model,
        save_model as save_model,
    )
    from corereg.models.json_text import model_from_json as model_from_json
    from corereg.models.model import Model as Model
    from corereg.models.sequential import Sequential as Sequential

_MODULES = {
    "Ensemble": "ensemble",
    "Model": "model",
    "Sequential": "sequential",
    "clone_model": "cloning",
    "load_model": "files",
    "model_from_json": "json_text",
    "save_model": "files",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="model")
