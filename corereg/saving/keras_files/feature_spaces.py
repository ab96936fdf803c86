"""FeatureSpace as Keras writes it: each feature with its layer, the crosses, and what is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corereg.layers.lookup import serialize
from corereg.saving.keras_files.lacking import Lacking
from corereg.saving.keras_files.parts_out import form, layer, policy

Config = dict[str, Any]

NAME = "FeatureSpace"
_MODULE = "keras.src.layers.preprocessing.feature_space"
_IDENTITY = "TFDIdentity"
_BUILT = ("StringLookup", "IntegerLookup")  # of which Keras notes no shape
_OPTIONS = ("output_mode", "crossing_dim", "hashing_dim", "num_discretization_bins")


def is_space(of: Any) -> bool:
    """Whether a model is a FeatureSpace, or a class that derives from it."""
    return any(kind.__name__ == NAME for kind in type(of).__mro__)


def written(space: Any, lacking: Lacking) -> Config:
    """The description of a space."""
    features, built = {}, {}
    for key, one in space.features.items():
        config = {
            "dtype": one.dtype,
            "preprocessor": _layer(serialize(one.preprocessor), lacking),
            "output_mode": one.output_mode,
        }
        features[key] = form(_MODULE, "Feature", config, "Feature")
        looks_up = type(one.preprocessor).__name__ in _BUILT
        built[key] = {} if looks_up else {"input_shape": [None, 1]}
    own = space.get_config()
    crosses = [form(_MODULE, "Cross", one["config"], "Cross") for one in own["crosses"]]
    config = {"features": features, "crosses": crosses, **{key: own[key] for key in _OPTIONS}}
    return form("keras.utils", NAME, config) | {"build_config": built}


def _layer(described: Config, lacking: Lacking) -> Config:
    if described["class_name"] != "Identity":
        return layer(described, lacking)
    config = described["config"] | {"dtype": policy(described["config"]["dtype"])}
    return form(_MODULE, _IDENTITY, config, _IDENTITY)


def read(described: Mapping[str, Any], read_layer: Callable[[Config], Config]) -> Config:
    """A space's description in corereg's form; ValueError for what is none."""
    config = described.get("config")
    if not isinstance(config, Mapping) or not isinstance(config.get("features"), Mapping):
        raise ValueError(f"{NAME}: expected a config with features, received {config!r:.200}")
    features = {}
    for key, one in config["features"].items():
        own = dict(one["config"])
        inner = dict(own["preprocessor"])
        if inner.get("class_name") == _IDENTITY:
            inner |= {"class_name": "Identity", "module": "keras.layers", "registered_name": None}
            own["preprocessor"] = inner
            features[key] = {"config": own | {"preprocessor": read_layer(inner)}}
        else:
            features[key] = {"config": own | {"preprocessor": read_layer(own["preprocessor"])}}
    crosses = [{"config": dict(one["config"])} for one in config.get("crosses") or ()]
    options = {key: config[key] for key in _OPTIONS if key in config}
    return {"class_name": NAME, "config": {"features": features, "crosses": crosses, **options}}
