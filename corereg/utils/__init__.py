"""Helpers, as in `keras.utils`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.models.features.space import FeatureSpace as FeatureSpace
    from corereg.random import set_random_seed as set_random_seed
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
    from corereg.training.data.structures import (
        pack_x_y_sample_weight as pack_x_y_sample_weight,
        unpack_x_y_sample_weight as unpack_x_y_sample_weight,
    )
    from corereg.utils.config import Config as Config
    from corereg.utils.diagram import (
        ModelDiagram as ModelDiagram,
        model_to_dot as model_to_dot,
        plot_model as plot_model,
    )
    from corereg.utils.downloading import get_file as get_file
    from corereg.utils.labels import normalize as normalize, to_categorical as to_categorical
    from corereg.utils.progbar import Progbar as Progbar
    from corereg.utils.sequences import (
        PyDataset as PyDataset,
        Sequence as Sequence,
        pad_sequences as pad_sequences,
        split_dataset as split_dataset,
    )
    from corereg.utils.session import (
        clear_session as clear_session,
        disable_interactive_logging as disable_interactive_logging,
        enable_interactive_logging as enable_interactive_logging,
        get_source_inputs as get_source_inputs,
        is_interactive_logging_enabled as is_interactive_logging_enabled,
        is_keras_tensor as is_keras_tensor,
        standardize_dtype as standardize_dtype,
    )

_MODULES = {
    "Config": "config",
    "CustomObjectScope": "corereg.registry",
    "FeatureSpace": "corereg.models.features.space",
    "ModelDiagram": "diagram",
    "Progbar": "progbar",
    "PyDataset": "sequences",
    "Sequence": "sequences",
    "clear_session": "session",
    "custom_object_scope": "corereg.registry",
    "deserialize_keras_object": "corereg.saving.keras_files.object_form",
    "disable_interactive_logging": "session",
    "enable_interactive_logging": "session",
    "get_custom_objects": "corereg.registry",
    "get_file": "downloading",
    "get_registered_name": "corereg.registry",
    "get_registered_object": "corereg.registry",
    "get_source_inputs": "session",
    "is_interactive_logging_enabled": "session",
    "is_keras_tensor": "session",
    "model_to_dot": "diagram",
    "normalize": "labels",
    "pack_x_y_sample_weight": "corereg.training.data.structures",
    "pad_sequences": "sequences",
    "plot_model": "diagram",
    "register_keras_serializable": "corereg.registry",
    "serialize_keras_object": "corereg.saving.keras_files.object_form",
    "set_random_seed": "corereg.random",
    "split_dataset": "sequences",
    "standardize_dtype": "session",
    "to_categorical": "labels",
    "unpack_x_y_sample_weight": "corereg.training.data.structures",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
