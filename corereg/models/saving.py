"""Models to files and back, by way of `corereg.models.archive`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import layers, losses, metrics, optimizers
from corereg.layers.base import assign_all
from corereg.models import archive
from corereg.models.archive import FileFormatError
from corereg.registry import custom_object_scope

if TYPE_CHECKING:
    from corereg.autograd import Parameter
    from corereg.models.sequential import Sequential


def save_model(model: Sequential, path: Any) -> None:
    """Writes structure, weights, compile arguments and optimizer state; see Sequential.save."""
    config: dict[str, Any] = {"kind": "model", "model": model.get_config(), "compile": None}
    arrays = _weights(model)
    for i, layer in enumerate(model.layers):
        if layer.random_state is not None:
            arrays[f"random/{i}"] = layer.random_state
    if model.optimizer is not None:
        own = (
            [_metric(m) for m in model._trainer.compilation.requested_metrics],
            [_metric(m) for m in model._trainer.compilation.requested_weighted_metrics],
        )
        config["compile"] = {
            "optimizer": optimizers.serialize(model.optimizer),
            "loss": losses.serialize(model.loss),
            "metrics": own[0],
            "weighted_metrics": own[1],
        }
        if model.optimizer.parameters:
            config["iterations"] = model.optimizer.iterations
            arrays |= {f"optimizer/{i}": a for i, a in enumerate(model.optimizer.state)}
    archive.write(path, config, arrays)


def load_model(
    path: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Sequential:
    """The model that `save` wrote, with its weights and, if it was compiled and `compile` is left
    True, its optimizer's state, so that training goes on where it stopped.

    custom_objects: {class name: class} for layers, regularizers, losses, metrics and so on of
    one's own. A file that is truncated, damaged, hostile or no model of corereg raises
    `corereg.models.archive.FileFormatError`, before its sizes are believed.
    """
    config, arrays = archive.read(path)
    if config.get("kind") != "model":
        raise FileFormatError(
            f"load_model: {str(path)!r} holds weights without a model; build the model and use "
            "load_weights"
        )
    try:
        model = from_config(config["model"], custom_objects, arrays)
        if compile and config["compile"] is not None:
            given = config["compile"]
            with custom_object_scope(custom_objects):
                model.compile(
                    given["optimizer"], given["loss"], given["metrics"], given["weighted_metrics"]
                )
    except (
        *(KeyError, TypeError, ValueError, AttributeError, IndexError),
        *(OverflowError, RecursionError),
    ) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"load_model: {str(path)!r} does not make a model: {what}") from error
    _put_weights(f"load_model: {str(path)!r}", model, arrays)
    if "iterations" in config and model.optimizer is not None:
        optimizer = model._trainer.ready_optimizer(model)
        state = [arrays.get(f"optimizer/{i}") for i in range(len(optimizer.state))]
        if any(a is None for a in state) or type(config["iterations"]) is not int:
            raise FileFormatError(f"load_model: {str(path)!r} lacks some of the optimizer's state")
        try:
            optimizer.restore(config["iterations"], [a for a in state if a is not None])
        except (ValueError, OverflowError) as error:
            raise FileFormatError(f"load_model: {str(path)!r}: {error}") from error
    return model


def save_weights(model: Sequential, path: Any) -> None:
    """Writes the weights alone; see Sequential.save_weights."""
    if not model.built:
        raise ValueError("save_weights: the model is not built; call build(input_shape)")
    archive.write(path, {"kind": "weights"}, _weights(model))


def load_weights(model: Sequential, path: Any) -> None:
    """Reads weights into a built model; changes nothing if they do not fit."""
    if not model.built:
        raise ValueError("load_weights: the model is not built; call build(input_shape)")
    _, arrays = archive.read(path)
    _put_weights(f"load_weights: {str(path)!r}", model, arrays)


def from_config(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Any] | None = None,
) -> Sequential:
    """A Sequential from what its get_config gave, with fresh weights or with those of a file."""
    from corereg.models.sequential import Sequential

    model = Sequential(name=config["name"])
    for entry in config["layers"]:
        made = layers.deserialize(entry, custom_objects)
        if arrays is not None:
            i = len(model.layers)
            made._given = _beneath(f"weights/{i}/", arrays)
            if made.random_state is not None:
                made.random_state = arrays[f"random/{i}"]
        model.add(made)
    shape = config["input_shape"]
    if shape is not None and not model.built and model.layers:
        model.build(tuple(shape))
    for layer in model.layers:
        layer._given = None
    return model


def _beneath(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}


def _weights(model: Sequential) -> dict[str, np.ndarray[Any, Any]]:
    return {name: p.data for name, p in _named(model).items()}


def _named(model: Sequential) -> dict[str, Parameter]:
    """Parameters by position and name: layers may be renamed, their order may not change."""
    return {
        f"weights/{i}/{p.name.rsplit('/', 1)[-1]}": p
        for i, layer in enumerate(model.layers)
        for p in layer.weights
    }


def _put_weights(who: str, model: Sequential, arrays: Mapping[str, Any]) -> None:
    named = _named(model)
    missing = [name for name in named if name not in arrays]
    extra = [name for name in arrays if name.startswith("weights/") and name not in named]
    if missing or extra:
        raise FileFormatError(
            f"{who} does not fit the model: it lacks {missing or 'nothing'}, and has "
            f"{extra or 'nothing'} besides"
        )
    try:
        with model._trainer.setting_weights():
            assign_all(who, list(named.values()), [arrays[name] for name in named])
    except (ValueError, TypeError) as error:
        raise FileFormatError(str(error)) from error


def _metric(wanted: Any) -> Any:
    if isinstance(wanted, str):
        return wanted
    return metrics.serialize(wanted)
