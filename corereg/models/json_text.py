"""model_from_json: a model of the text that `Model.to_json` gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from corereg.layers.base import Layer
from corereg.layers.lookup import deserialize
from corereg.models.model import Model


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """A model of the structure that `Model.to_json` wrote down, with fresh weights, not compiled.
    The text may also be one that Keras 2 or Keras 3 wrote.

    custom_objects: {name: class} for layers and so on of the user's own. ValueError for a text that
    is no JSON or of a class that is not known, TypeError for what describes no model.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
    >>> models.model_from_json(model.to_json())
    <Sequential 'm', 1 layer>
    """
    try:
        described = json.loads(json_string)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"model_from_json: expected the text that to_json gave, received {json_string!r:.80}: "
            f"{error}"
        ) from error
    if not isinstance(described, dict) or "class_name" not in described:
        raise TypeError(
            "model_from_json: expected the text that to_json gave, which has a class_name, "
            f"received {json_string!r:.80}"
        )
    if "module" in described or "keras_version" in described:
        from corereg.saving.keras_files.older_files import model_of_json

        model: Layer = model_of_json(described, custom_objects)
    else:
        model = deserialize(described, custom_objects)
    if not isinstance(model, Model):
        raise TypeError(f"model_from_json: expected a model, received {type(model).__name__}")
    return model
