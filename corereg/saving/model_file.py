"""Models to files and back: what of a model goes into which section of an archive.

config        structure, compile's arguments, the optimizer's step
weights       every weight, by the layer's position and the weight's name
masks         which weights are kept at zero, of those that have a mask
optimizer     the optimizer's state arrays
training      where random numbers and the order of rows are, see training_state.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from corereg import registry
from corereg._lazy import later
from corereg.layers.base import Layer
from corereg.layers.lookup import preparing
from corereg.registry import custom_object_scope
from corereg.saving import archive
from corereg.saving.archive_format import FEATURE_NAMES, Sections
from corereg.saving.foreign import WEIGHTS, WHOLE, is_keras_path, is_older_path, name_of
from corereg.saving.limits import FileFormatError, Limits, over_limit
from corereg.saving.training_state import put_random_states, put_training_state, training_state
from corereg.saving.weight_sections import (
    masks_of,
    places_of,
    put_masks,
    put_optimizer_state,
    put_weights,
    shared_places,
    weights_of,
)
from corereg.training.trainer import TrainableModel

if TYPE_CHECKING:
    from corereg import losses, metrics, optimizers
    from corereg.saving import feature_names
else:  # of what is not compiled there are none, and few files have names of columns
    feature_names = later("corereg.saving.feature_names")
    losses = later("corereg.losses")
    metrics = later("corereg.metrics")
    optimizers = later("corereg.optimizers")

_KNOWN_SECTIONS = ("weights", "masks", "optimizer", "training")  # all of them hold arrays only


class SavableModel(TrainableModel, Protocol):
    """What saving asks of a model, besides what training does."""

    @property
    def optimizer(self) -> optimizers.Optimizer | None: ...
    @property
    def loss(self) -> Any: ...
    def get_config(self) -> dict[str, Any]: ...
    def compile(
        self,
        optimizer: Any = ...,
        loss: Any = ...,
        loss_weights: Any = ...,
        metrics: Any = ...,
        weighted_metrics: Any = ...,
        *,
        steps_per_execution: int = ...,
        log_penalties: bool = ...,
        matmul_precision: str | None = ...,
    ) -> None: ...


def save_model(
    model: SavableModel, path: Any, *, portable: bool = False, include_optimizer: bool = True
) -> None:
    """Writes structure, weights, compile arguments and optimizer state; see `Model.save`.

    >>> import io
    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
    >>> file = io.BytesIO()  # or a path
    >>> saving.save_model(model, file)
    """
    if is_keras_path("save", path, WHOLE):
        from corereg.saving.keras_files import model_files

        model_files.save_model(model, path, portable, include_optimizer)
        return
    config: dict[str, Any] = {
        "kind": "model",
        "class_name": _class_name(model),
        "model": model.get_config(),
        "compile": None,
    }
    if (names := model._trainer.columns) is not None:
        config[FEATURE_NAMES] = names
    if shared := shared_places(model):
        config["shared"] = shared
    if model.built and "layers" not in config["model"]:
        config["build_shape"] = model.input_shape
    try:
        _check_layers(config["model"], archive.default_limits)
    except FileFormatError as error:
        raise ValueError(f"save: {error}") from None
    with model._trainer.shared_lock(model).reading:  # copies, all of one finished step
        sections: Sections = {"weights": weights_of("save", model)}
        if masks := masks_of(model):
            sections["masks"] = masks
        sections["training"] = training_state(model, places_of(model))
        if model.optimizer is not None and include_optimizer:
            config["compile"] = _compile_config(model, model.optimizer)
            if model.optimizer.parameters:
                config["iterations"] = model.optimizer.steps
                sections["optimizer"] = _optimizer_state(model.optimizer)
    from corereg.saving.loadable import check_loadable

    check_loadable(model, config, sections, _restored)
    archive.write(path, config, sections, required=["weights"])


def _compile_config(model: SavableModel, optimizer: optimizers.Optimizer) -> dict[str, Any]:
    """The arguments of compile."""
    compilation = model._trainer.compilation
    more: dict[str, Any] = {"log_penalties": True} if compilation.log_penalties else {}
    if compilation.steps_per_execution != 1:
        more["steps_per_execution"] = compilation.steps_per_execution
    if compilation.matmul_precision is not None:
        more["matmul_precision"] = compilation.matmul_precision
    return {
        "optimizer": optimizers.serialize(optimizer),
        "loss": _each(model.loss, losses.serialize),
        "loss_weights": compilation.loss_weights,
        "metrics": _each(compilation.requested_metrics, _metric),
        "weighted_metrics": _each(compilation.requested_weighted_metrics, _metric),
        **more,
    }


def _optimizer_state(optimizer: optimizers.Optimizer) -> dict[str, Any]:
    """The section "optimizer", or a ValueError for state that no optimizer could take back."""
    for v in optimizer._saved_variables():
        if v._made_as != (v.shape, v.data.dtype):
            shape, dtype = v._made_as
            raise ValueError(
                f"save: expected the optimizer's {v.name!r} as it was built, {dtype} of shape "
                f"{shape}, but its data are {v.data.dtype} of shape {v.shape}; set it with assign()"
            )
    return {str(i): a for i, a in enumerate(optimizer.state)}


def load_model(
    path: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    limits: Limits | None = None,
) -> Any:
    """The model that `save` wrote, with its weights and, if it was compiled and `compile` is left
    True, its optimizer's state, so that training goes on where it stopped.

    path: a path, a file object opened for reading in binary mode, or a file itself: bytes, a
    bytearray or a memoryview. A path that ends in .keras, or in .h5 as in Keras 2, is a file of
    Keras's (extra `corereg[keras]`).
    compile: False gives a model that is not compiled, and leaves the optimizer's state unread.
    custom_objects: {class name: class} for layers, regularizers, losses, metrics and so on of
    one's own. safe_mode: False runs the Python code of a Lambda in a file of Keras's; files of
    corereg have none. limits: how large a file may be, by default `corereg.saving.Limits()`.

    A file that is truncated, damaged, hostile or no model raises `corereg.saving.FileFormatError`,
    before its sizes are believed.

    >>> import io
    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
    >>> file = io.BytesIO()  # or a path
    >>> model.save(file)
    >>> position = file.seek(0)
    >>> saving.load_model(file)
    <Sequential 'm', 1 layer>
    """
    limits = limits or archive.default_limits
    if is_older_path(path):
        from corereg.saving.keras_files import older_files

        return older_files.load_model(path, custom_objects, compile, safe_mode, limits)
    if is_keras_path("load_model", path, WHOLE):
        from corereg.saving.keras_files import model_files

        return model_files.load_model(path, custom_objects, compile, safe_mode, limits)
    who = f"load_model: {name_of(path)}"
    config, sections = _read(who, path, limits, () if compile else ("optimizer",))
    if config.get("kind") != "model":
        raise FileFormatError(
            f"{who} holds weights without a model; build the model and use load_weights"
        )
    with custom_object_scope(custom_objects):
        return _restored(who, config, sections, compile, limits)


def _restored(
    who: str, config: dict[str, Any], sections: Sections, compile: bool, limits: Limits
) -> Any:
    """The model that config and sections describe, or a FileFormatError."""
    try:
        _check_layers(config["model"], limits)
        model = _make_model(config, sections)
        if compile and config["compile"] is not None:
            given = config["compile"]
            model.compile(
                optimizer=given["optimizer"],
                loss=given["loss"],
                loss_weights=given.get("loss_weights"),
                metrics=given["metrics"],
                weighted_metrics=given["weighted_metrics"],
                log_penalties=given.get("log_penalties") is True,
                matmul_precision=given.get("matmul_precision"),
                steps_per_execution=given.get("steps_per_execution", 1),
            )
    except (
        *(KeyError, TypeError, ValueError, AttributeError, IndexError),
        *(OverflowError, RecursionError),
    ) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"{who} does not make a model: {what}") from error
    if config.get(FEATURE_NAMES) is not None:
        model._trainer.columns = feature_names.columns_of_file(who, config[FEATURE_NAMES])
    put_weights(who, model, sections)
    put_masks(who, model, sections.get("masks", {}))
    put_training_state(who, model, places_of(model), sections.get("training", {}))
    if "iterations" in config and model.optimizer is not None:
        put_optimizer_state(who, model, config["iterations"], sections.get("optimizer", {}))
    return model


def save_weights(model: TrainableModel, path: Any) -> None:
    """Writes the weights alone; see `Model.save_weights`.

    >>> import io
    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
    >>> file = io.BytesIO()  # or a path
    >>> saving.save_weights(model, file)
    """
    if is_keras_path("save_weights", path, WEIGHTS):
        from corereg.saving.keras_files import model_files

        model_files.save_weights(model, path)
        return
    if not model.built:
        raise ValueError("save_weights: the model is not built; call build(input_shape)")
    with model._trainer.shared_lock(model).reading:
        sections: Sections = {"weights": weights_of("save_weights", model)}
    archive.write(path, {"kind": "weights"}, sections, required=["weights"])


def load_weights(
    model: TrainableModel,
    path: Any,
    limits: Limits | None = None,
    *,
    skip_mismatch: bool = False,
    by_name: bool = False,
) -> None:
    """Reads weights into a built model; changes nothing if they do not fit.

    by_name, skip_mismatch: for Keras's older .h5 files; see `Model.load_weights`.

    >>> import io
    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
    >>> file = io.BytesIO()  # or a path
    >>> model.save_weights(file)
    >>> position = file.seek(0)
    >>> saving.load_weights(model, file)
    """
    if is_older_path(path):
        from corereg.saving.keras_files import older_files

        older_files.load_weights(model, path, by_name, skip_mismatch)
        return
    if by_name or skip_mismatch:
        raise ValueError(
            "load_weights: by_name and skip_mismatch are for Keras's older files, .h5, received "
            f"{name_of(path)}; take the layers' weights by get_layer(name).set_weights"
        )
    if is_keras_path("load_weights", path, WEIGHTS, WHOLE):
        from corereg.saving.keras_files import model_files

        model_files.load_weights(model, path, limits or archive.default_limits)
        return
    if not model.built:
        raise ValueError("load_weights: the model is not built; call build(input_shape)")
    who = f"load_weights: {name_of(path)}"
    _, sections = _read(who, path, limits, ("optimizer", "training"))
    put_weights(who, model, sections)


def _read(
    who: str, path: Any, limits: Limits | None, unread: tuple[str, ...]
) -> tuple[dict[str, Any], Sections]:
    """Config and sections of a file, which has arrays where arrays belong."""
    config, sections = archive.read(path, known=_KNOWN_SECTIONS, limits=limits, unread=unread)
    for section in _KNOWN_SECTIONS:
        for name, value in sections.get(section, {}).items():
            if not isinstance(value, np.ndarray):
                raise FileFormatError(f"{who} has texts for {section + '/' + name!r}, not an array")
    return config, sections


def _make_model(config: Mapping[str, Any], sections: Sections) -> Any:
    """The model of a file, whose layers take their weights from the file as they are built."""
    name = config.get("class_name", "Sequential")  # files of version 1 do not say it
    kind = registry.find("model", name)
    if kind is None:
        raise registry.unknown("model", name)
    weights = _by_layer(sections.get("weights", {}))

    shared = config.get("shared") or {}
    made: dict[str, Layer] = {}

    def prepare(place: str, layer: Layer) -> Layer:
        if (first := _first_place(shared, place)) is not None:
            return made[first]
        given = weights
        for part in place.split("/"):
            given = given.get((part,), {})
        layer._give(given)
        made[place] = layer
        return layer

    with preparing(prepare):
        model = kind.from_config(config["model"])  # type: ignore[attr-defined]
    if "build_shape" in config and not model.built:
        model._give(weights)
        model.build(_as_shapes(config["build_shape"]))
        model._stop_giving()
    places = places_of(model)
    for _, layer in places:
        layer._given = None
    put_random_states(places, sections.get("training", {}))
    return model


def _first_place(shared: Mapping[str, str], place: str) -> str | None:
    """Where the layer of a place stood first, if it, or a model around it, is a shared one."""
    if place in shared:
        return shared[place]
    around, _, own = place.rpartition("/")
    first = _first_place(shared, around) if around else None
    return None if first is None else f"{first}/{own}"


def _class_name(model: Any) -> str:
    """The name of the model's class, under which it is registered."""
    registered = registry.get_registered_name(type(model))
    return "Functional" if registered == "Model" else registered


def _as_shapes(given: Any) -> Any:
    """Shapes as a file has them: lists, nested."""
    if isinstance(given, dict):
        return {key: _as_shapes(one) for key, one in given.items()}
    if all(isinstance(one, list | dict) for one in given) and given:
        return [_as_shapes(one) for one in given]
    return tuple(given)


def _check_layers(config: Any, limits: Limits) -> None:
    """Refuses more layers than a limit allows, in models inside the model, too."""
    count, waiting = 0, [config]
    while waiting:
        one = waiting.pop()
        entries = one.get("layers", ()) if isinstance(one, dict) else ()
        count += len(entries)
        if count > limits.layers:
            raise over_limit(count, "layers", limits, "layers")
        waiting += [entry.get("config") for entry in entries if isinstance(entry, dict)]


def _by_layer(weights: Mapping[str, Any]) -> dict[Any, Any]:
    """{"0/kernel": a, "0/2/bias": b} as {("0",): {"kernel": a, ("2",): {"bias": b}}}, in one
    pass."""
    whole: dict[Any, Any] = {}
    for name, array in weights.items():
        *places, own = name.split("/")
        layer = whole
        for place in places:
            layer = layer.setdefault((place,), {})
        layer[own] = array
    return whole


def _each(structure: Any, serialize: Callable[[Any], Any]) -> Any:
    """One, a list or a dict with every entry serialized; None stays."""
    if isinstance(structure, dict):
        return {name: _each(one, serialize) for name, one in structure.items()}
    if isinstance(structure, list):
        return [_each(one, serialize) for one in structure]
    return None if structure is None else serialize(structure)


def _metric(wanted: Any) -> Any:
    return wanted if isinstance(wanted, str) else metrics.serialize(wanted)
