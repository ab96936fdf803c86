"""Files of models, and the names under which they hold classes of the user's own, as in
`keras.saving`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.registry import (
        CustomObjectScope as CustomObjectScope,
        custom_object_scope as custom_object_scope,
        get_custom_objects as get_custom_objects,
        get_registered_name as get_registered_name,
        get_registered_object as get_registered_object,
        register_keras_serializable as register_keras_serializable,
    )
    from corereg.saving.keras_files.object_form import (
        deserialize_keras_object as deserialize_keras_object,
        serialize_keras_object as serialize_keras_object,
    )
    from corereg.saving.limits import FileFormatError as FileFormatError, Limits as Limits
    from corereg.saving.model_file import (
        load_model as load_model,
        load_weights as load_weights,
        save_model as save_model,
        save_weights as save_weights,
    )

_MODULES = {
    "CustomObjectScope": "corereg.registry",
    "FileFormatError": "limits",
    "Limits": "limits",
    "custom_object_scope": "corereg.registry",
    "deserialize_keras_object": "keras_files.object_form",
    "get_custom_objects": "corereg.registry",
    "get_registered_name": "corereg.registry",
    "get_registered_object": "corereg.registry",
    "load_model": "model_file",
    "load_weights": "model_file",
    "register_keras_serializable": "corereg.registry",
    "save_model": "model_file",
    "save_weights": "model_file",
    "serialize_keras_object": "keras_files.object_form",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
