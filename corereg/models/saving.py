"""Models to files and back, by way of `corereg.saving.archive`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import layers, lookup, losses, metrics, optimizers
from corereg.layers.base import Layer, assign_all
from corereg.saving.limits import FileFormatError, Limits, over_limit

if TYPE_CHECKING:
    from corereg.autograd import Parameter
    from corereg.models.sequential import Sequential
    from corereg.saving.archive import Sections

_LAYERS: dict[str, type[Layer]] = {
    c.__name__: c
    for c in (layers.Activation, layers.Dense, layers.Dropout, layers.Flatten, layers.InputLayer)
}


_KNOWN_SECTIONS = ("weights", "optimizer", "training")  # all of them hold arrays only


def save_model(model: Sequential, path: Any) -> None:
    """Writes structure, weights, compile arguments and optimizer state; see Sequential.save."""
    from corereg.saving import archive

    config: dict[str, Any] = {"kind": "model", "model": model.get_config(), "compile": None}
    sections: Sections = {"weights": _weights("save", model)}
    random = {f"random/{i}": layer.random_state for i, layer in enumerate(model.layers)}
    sections["training"] = {name: state for name, state in random.items() if state is not None}
    if model.optimizer is not None:
        own = [_metric(m) for m in model._wanted[0]], [_metric(m) for m in model._wanted[1]]
        config["compile"] = {
            "optimizer": optimizers.serialize(model.optimizer),
            "loss": losses.serialize(model.loss),
            "metrics": own[0],
            "weighted_metrics": own[1],
        }
        if model.optimizer.parameters:
            config["iterations"] = model.optimizer.iterations
            sections["optimizer"] = {str(i): a for i, a in enumerate(model.optimizer.state)}
    try:
        _check_layers(config["model"]["layers"], archive.default_limits)
    except FileFormatError as error:
        raise ValueError(f"save: {error}") from None
    archive.write(path, config, sections, required=["weights"])


def load_model(
    path: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    limits: Limits | None = None,
) -> Sequential:
    """The model that `save` wrote, with its weights and, if it was compiled and `compile` is left
    True, its optimizer's state, so that training goes on where it stopped.

    path: a path, or a file object opened for reading in binary mode.
    custom_objects: {class name: class} for layers, regularizers, losses, metrics and so on of
    one's own. limits: how large a file may be, by default `corereg.saving.Limits()`. A file that
    is truncated, damaged, hostile or no model of corereg raises `corereg.saving.FileFormatError`,
    before its sizes are believed.
    """
    from corereg.saving import archive

    who = f"load_model: {str(path)!r}"
    limits = limits or archive.default_limits
    config, sections = _read(who, path, limits)
    if config.get("kind") != "model":
        raise FileFormatError(
            f"{who} holds weights without a model; build the model and use load_weights"
        )
    try:
        _check_layers(config["model"]["layers"], limits)
        model = from_config(config["model"], custom_objects, sections)
        if compile and config["compile"] is not None:
            given = config["compile"]
            with lookup.custom_objects(custom_objects or {}):
                model.compile(
                    given["optimizer"], given["loss"], given["metrics"], given["weighted_metrics"]
                )
    except (
        *(KeyError, TypeError, ValueError, AttributeError, IndexError),
        *(OverflowError, RecursionError),
    ) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"{who} does not make a model: {what}") from error
    _put_weights(who, model, sections)
    if "iterations" in config and model.optimizer is not None:
        _put_state(who, model, config["iterations"], sections.get("optimizer", {}))
    return model


def _put_state(who: str, model: Sequential, iterations: Any, arrays: Mapping[str, Any]) -> None:
    """The optimizer's state, as the file has it."""
    try:
        optimizer = model._ready_optimizer()
        state = [arrays.get(str(i)) for i in range(len(optimizer.state))]
        if any(a is None for a in state) or type(iterations) is not int:
            raise FileFormatError(f"{who} lacks some of the optimizer's state")
        optimizer.restore(iterations, [a for a in state if a is not None])
    except FileFormatError:
        raise
    except (ValueError, OverflowError) as error:
        raise FileFormatError(f"{who}: {error}") from error


def save_weights(model: Sequential, path: Any) -> None:
    """Writes the weights alone; see Sequential.save_weights."""
    from corereg.saving import archive

    if not model.built:
        raise ValueError("save_weights: the model is not built; call build(input_shape)")
    sections = {"weights": _weights("save_weights", model)}
    archive.write(path, {"kind": "weights"}, sections, required=["weights"])


def load_weights(model: Sequential, path: Any, limits: Limits | None = None) -> None:
    """Reads weights into a built model; changes nothing if they do not fit."""
    if not model.built:
        raise ValueError("load_weights: the model is not built; call build(input_shape)")
    who = f"load_weights: {str(path)!r}"
    _, sections = _read(who, path, limits)
    _put_weights(who, model, sections)


def _read(who: str, path: Any, limits: Limits | None) -> tuple[dict[str, Any], Sections]:
    """Config and sections of a file, which has arrays where arrays belong."""
    from corereg.saving import archive

    config, sections = archive.read(path, known=_KNOWN_SECTIONS, limits=limits)
    for section in _KNOWN_SECTIONS:
        for name, value in sections.get(section, {}).items():
            if not isinstance(value, np.ndarray):
                raise FileFormatError(f"{who} has texts for {section + '/' + name!r}, not an array")
    return config, sections


def from_config(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    sections: Sections | None = None,
) -> Sequential:
    """A Sequential from what its get_config gave, with fresh weights or with those of a file."""
    from corereg.models.sequential import Sequential

    known = {**_LAYERS, **(custom_objects or {})}
    given = None if sections is None else _by_layer(sections.get("weights", {}))
    model = Sequential(name=config["name"])
    i = 0  # counts the layers that a model shows, which an Input is not
    for entry in config["layers"]:
        name = entry["class_name"]
        if name not in known:
            raise ValueError(
                f"unknown layer {name!r}; known are {', '.join(sorted(known))}; pass "
                "custom_objects={name: class} for layers of your own"
            )
        with lookup.custom_objects(custom_objects or {}):
            made = known[name].from_config(entry["config"])
        if not isinstance(made, Layer):
            raise TypeError(f"layer {name!r}: expected a Layer, received {type(made).__name__}")
        if given is not None and sections is not None:
            made._given = given.get(str(i), {})
            if made.random_state is not None:
                made.random_state = sections.get("training", {})[f"random/{i}"]
        model.add(made)
        i += not isinstance(made, layers.InputLayer)
    shape = config["input_shape"]
    if shape is not None and not model.built and model.layers:
        model.build(tuple(shape))
    for layer in model.layers:
        layer._given = None
    return model


def _check_layers(entries: Any, limits: Limits) -> None:
    if len(entries) > limits.layers:
        raise over_limit(len(entries), "layers", limits, "layers")


def _by_layer(weights: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """{"0/kernel": array} as {"0": {"kernel": array}}, in one pass."""
    found: dict[str, dict[str, Any]] = {}
    for name, array in weights.items():
        layer, _, own = name.partition("/")
        found.setdefault(layer, {})[own] = array
    return found


def _weights(who: str, model: Sequential) -> dict[str, np.ndarray[Any, Any]]:
    """All weights by name, or a ValueError for those that no model could load."""
    named = _named(model)
    if len(named) < len(model.weights):
        raise ValueError(f"{who}: expected the weights of a layer to have different names")
    for p in named.values():
        built, now = p.buffer, p.data
        if built is not None and (built.shape, built.dtype) != (now.shape, now.dtype):
            raise ValueError(
                f"{who}: expected {p.name!r} as it was built, {built.dtype} of shape "
                f"{built.shape}, but its data are {now.dtype} of shape {now.shape}; set weights "
                "with assign() or set_weights()"
            )
    return {name: p.data for name, p in named.items()}


def _named(model: Sequential) -> dict[str, Parameter]:
    """Parameters by position and name: layers may be renamed, their order may not change."""
    return {
        f"{i}/{p.name.rsplit('/', 1)[-1]}": p
        for i, layer in enumerate(model.layers)
        for p in layer.weights
    }


def _put_weights(who: str, model: Sequential, sections: Sections) -> None:
    named, arrays = _named(model), sections.get("weights", {})
    missing = [name for name in named if name not in arrays]
    extra = [name for name in arrays if name not in named]
    if missing or extra:
        raise FileFormatError(
            f"{who} does not fit the model: it lacks {missing or 'nothing'}, and has "
            f"{extra or 'nothing'} besides"
        )
    try:
        with model._assigning():
            assign_all(who, list(named.values()), [arrays[name] for name in named])
    except (ValueError, TypeError) as error:
        raise FileFormatError(str(error)) from error


def _metric(wanted: Any) -> Any:
    if isinstance(wanted, str):
        return wanted
    assert isinstance(wanted, metrics.Metric)
    return {"class_name": type(wanted).__name__, "config": wanted.get_config()}
