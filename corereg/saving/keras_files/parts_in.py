"""Descriptions of parts as Keras wrote them, in corereg's form: {"class_name", "config"}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg import activations, registry
from corereg.config import MIXED
from corereg.saving.keras_files.parts_out import MODULES, kind_at

Config = dict[str, Any]

_KINDS = {module: kind for kind, module in MODULES.items()} | {"keras.models": "model"}
_SOURCES = {
    **dict.fromkeys(("layers", "legacy"), "layer"),
    **dict.fromkeys(("models",), "model"),
    **{f"{kind}s": kind for kind in ("constraint", "initializer", "optimizer", "regularizer")},
    "losses": "loss",
    "metrics": "metric",
}
"""By the package in keras.src the kinds of what Keras does not show elsewhere."""

_NEUTRAL = {
    **dict.fromkeys(("sparse", "ragged", "optional"), False),
    **dict.fromkeys(("quantization_config", "input_axes", "output_axes"), None),
}
"""Arguments that corereg's parts do not have, and the value that changes nothing."""

HASHING = ("Hashing", "HashedCrossing")
_LOOKUP = ("vocabulary_dtype", "vocabulary_size", "oov_method", "salt", "encoding")
_FLOATS = ("float32", "float64")


class Reading:
    """What is known of a file while its config is read.

    safe_mode: refuse Python code. vocabularies: of lookup layers, by the id of their entry;
    idf_weights: those of their tokens, padded.
    """

    def __init__(
        self,
        safe_mode: bool,
        vocabularies: Mapping[int, list[str]] | None = None,
        idf_weights: Mapping[int, Any] | None = None,
    ) -> None:
        self.safe_mode = safe_mode
        self.vocabularies = vocabularies or {}
        self.idf_weights = idf_weights or {}


def kind_of(described: Mapping[str, Any]) -> str | None:
    """The kind of a part of Keras's own; None for parts of the user's."""
    module = described.get("module")
    if not isinstance(module, str) or module.partition(".")[0] != "keras":
        return None
    if module in _KINDS:
        return _KINDS[module]
    if module.startswith("keras.src.optimizers.schedules"):
        return "schedule"
    packages = module.split(".")
    return _SOURCES.get(packages[2], "layer") if len(packages) > 2 else "layer"


def is_function(described: Any) -> bool:
    """Whether a description is of a function, by its name."""
    return (
        isinstance(described, Mapping)
        and described.get("class_name") == "function"
        and isinstance(described.get("config"), str)
    )


def part(kind: str, described: Any, reading: Reading) -> Any:
    """A part that is no layer; names, numbers and None stay."""
    if is_function(described):
        return described["config"]
    if not isinstance(described, Mapping) or "class_name" not in described:
        return described
    name = described["class_name"]
    found = kind_of(described)
    if found is None and described.get("module") != "builtins":
        return own_part(described, reading)
    if registry.find(kind, name) is None:
        raise registry.unknown(kind, name, "")
    config = _options(described.get("config"), f"{kind} {name}", reading)
    return {"class_name": name, "config": config}


def layer(described: Mapping[str, Any], reading: Reading) -> Config:
    """A layer that is no model."""
    if kind_of(described) is None:
        return own_part(described, reading)
    name, config = described["class_name"], described.get("config")
    if not isinstance(config, Mapping):
        raise ValueError(f"layer {name!r}: expected a config of named values, received {config!r}")
    who = f"{name} {config.get('name')!r}"
    if registry.find("layer", name) is None:
        raise ValueError(f"{who}: {registry.unknown('layer', name, '')}")
    if name in HASHING:  # whose dtype says only that bins are integers
        config = {key: one for key, one in config.items() if key != "dtype"}
    own = _options(config, who, reading)
    if name in ("IntegerLookup", "StringLookup", "TextVectorization"):
        vocabulary = reading.vocabularies.get(id(described))
        own = _lookup(who, name, own, vocabulary, reading.idf_weights.get(id(described)))
    if name == "Lambda":
        own = _lambda(who, own, reading)
    return {"class_name": name, "config": own}


def own_part(described: Mapping[str, Any], reading: Reading) -> Config:
    """A part of the user's own: what is registered under its name, or given in custom_objects."""
    name = described.get("class_name")
    registered = described.get("registered_name") or name
    config = described.get("config")
    given = {} if config is None else config
    if not isinstance(name, str) or not isinstance(given, Mapping):
        raise ValueError(f"expected a class_name and a config, received {described!r:.200}")
    found = {key: value(key, one, reading) for key, one in given.items()}
    return {"class_name": name, "config": found, "registered_name": registered}


def value(key: str, given: Any, reading: Reading) -> Any:
    """A value in a config, whatever it is."""
    if isinstance(given, list):
        return [value(key, one, reading) for one in given]
    if not isinstance(given, Mapping):
        return given
    if is_function(given):
        return given["config"]
    name = given.get("class_name")
    if name == "DTypePolicy":
        return _dtype(given)
    if name == "__lambda__":
        _refuse_code(key, reading)
        return given
    if name in ("__numpy__", "__tensor__"):
        return given["config"]["value"]
    if name == "__tuple__":
        return tuple(value(key, one, reading) for one in given.get("items", ()))
    if isinstance(name, str) and "config" in given and "module" in given:
        kind = kind_of(given) or kind_at(key)
        if kind == "layer" or kind is None:
            return layer(dict(given), reading)
        return given if kind == "model" else part(kind, given, reading)
    return {own: value(own, one, reading) for own, one in given.items()}


def _options(config: Any, who: str, reading: Reading) -> Config:
    """The arguments of a part, without those that change nothing."""
    if not isinstance(config, Mapping):
        raise ValueError(f"{who}: expected a config of named values, received {config!r:.200}")
    found = {}
    for key, given in config.items():
        if key in _NEUTRAL and (given is None or given is False):
            continue
        if key in _NEUTRAL:
            raise ValueError(f"{who}: {key}={given!r:.100} is not here; corereg has no {key}")
        try:
            found[key] = value(key, given, reading)
        except ValueError as error:
            text = str(error)
            raise ValueError(text if text.startswith(who) else f"{who}: {text}") from None
    return found


def _dtype(described: Mapping[str, Any]) -> str:
    name = described.get("config", {}).get("name")
    if name not in (*_FLOATS, MIXED):
        raise ValueError(
            f"dtype {name!r} is not here; corereg computes in float32 and float64, with products "
            f"as {MIXED!r} has them: save the model in one of these"
        )
    return str(name)


def _lookup(
    who: str, name: str, config: Config, vocabulary: list[str] | None, weights: Any
) -> Config:
    """A lookup layer with its vocabulary, which may stand in a file of its own."""
    salt, method = config.get("salt"), config.get("oov_method")
    if salt is not None or method not in (None, "floormod", "farmhash"):
        raise ValueError(f"{who}: oov_method={method!r} and salt={salt!r} are not here")
    own = {key: one for key, one in config.items() if key not in _LOOKUP}
    if own.get("vocabulary") is None and vocabulary is not None:
        of_texts = {"mask_token": "", "oov_token": "[UNK]"} if name == "TextVectorization" else own
        mask = [of_texts["mask_token"]] if of_texts.get("mask_token") is not None else []
        oov = [of_texts.get("oov_token")] * own.get("num_oov_indices", 1)
        for special in (mask + oov, oov):  # the mask's token stands in front for output_mode="int"
            if special and vocabulary[: len(special)] == [str(one) for one in special]:
                if weights is None:
                    vocabulary = vocabulary[len(special) :]
                break
        own["vocabulary"] = list(map(int, vocabulary)) if name == "IntegerLookup" else vocabulary
        if weights is not None:
            own["idf_weights"] = weights[: len(vocabulary)].tolist()
    return own


def _lambda(who: str, config: Config, reading: Reading) -> Config:
    """A Lambda of a function by its name, or, if the file is trusted, of code in it."""
    own = dict(config)
    for key in ("function", "output_shape", "mask"):
        given = own.get(key)
        if isinstance(given, Mapping) and given.get("class_name") == "__lambda__":
            own[key] = _code(who, given)
        elif isinstance(given, str) and given in activations.__all__:
            own[key] = f"activations.{given}"
    return own


def _refuse_code(key: str, reading: Reading) -> None:
    if reading.safe_mode:
        raise ValueError(
            f"its {key} is a lambda, whose Python code stands in the file and would be run; load "
            "it with safe_mode=False if you trust whoever made the file"
        )


def _code(who: str, described: Mapping[str, Any]) -> Any:
    """The function of Python code in a file. Only ever reached with safe_mode=False."""
    import base64
    import importlib
    import marshal
    import types

    import numpy as np

    package = importlib.import_module("corereg")

    try:
        text, defaults, closure = described["config"]["value"]
        code = marshal.loads(base64.b64decode(text))
        names = {"keras": package, "ops": package.ops, "np": np, "numpy": np}
        defaults = None if defaults is None else tuple(defaults)
        if not isinstance(code, types.CodeType) or closure:
            raise ValueError("it is no code, or has a closure")
    except (KeyError, TypeError, ValueError, EOFError) as error:
        raise ValueError(f"{who}: the code of its lambda cannot be read: {error}") from error
    return types.FunctionType(code, names | {"__builtins__": __builtins__}, "lambda", defaults)
