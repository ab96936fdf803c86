"""Files of models, and the names under which they hold classes of the user's own, as in
`keras.saving`."""

from corereg.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from corereg.saving.limits import FileFormatError, Limits

__all__ = [
    "CustomObjectScope",
    "FileFormatError",
    "Limits",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
]
