"""Keras's older files, .h5: whole models and weights, as Keras 2 wrote them and Keras 3 still does.

Attributes hold the config and what compile was told, as JSON, and the names of layers and weights;
`model_weights/<layer>/<weight>` are the weights. Layers have them in the order of `layer_names`,
and in a layer those that train come first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from corereg import registry
from corereg.autograd import Parameter
from corereg.layers.base import Layer, assign_all
from corereg.layers.lookup import deserialize, preparing
from corereg.registry import custom_object_scope
from corereg.saving.json_text import JsonReader
from corereg.saving.keras_files import graph_in, optimizer_state
from corereg.saving.keras_files.hdf5 import VariableFile, import_h5py
from corereg.saving.keras_files.model_files import ERRORS, InOrder, all_places, read_bytes
from corereg.saving.keras_files.older_configs import is_older, modern, modern_compile
from corereg.saving.keras_files.parts_in import Reading
from corereg.saving.limits import FileFormatError, Limits
from corereg.warn import warn_user

Array = np.ndarray[Any, Any]
Weights = list[tuple[str, list[tuple[str, Array]]]]
"""Of each layer that has weights its name, and the weights by name."""

_SLOTS = {
    "m": "momentum",
    "v": "velocity",
    "vhat": "velocity_hat",
    "u": "norm",
    "rms": "velocity",
    "mg": "average_gradient",
    "accum_grad": "accumulated_grad",
    "accum_var": "accumulated_delta_var",
    **{
        name: name
        for name in (
            *("momentum", "velocity", "average_gradient", "accumulator", "linear"),
            *("accumulated_grad", "accumulated_delta_var"),
        )
    },
}
"""What Keras 2 called the variables of optimizers, and what they are called here."""

_BY_ORDER = {
    "SGD": ("momentum",),
    "Adam": ("momentum", "velocity"),
    "RMSprop": ("velocity",),
    "Adagrad": ("accumulator",),
}
"""The variables of optimizers in the order of the oldest files, which do not name them."""


def load_model(
    path: Any,
    custom_objects: Mapping[str, Any] | None,
    compile: bool,
    safe_mode: bool,
    limits: Limits,
) -> Any:
    """The model of an .h5 file."""
    import_h5py()
    who = f"load_model: {os.fsdecode(path)!r}"
    with VariableFile(who, read_bytes(path)) as file, custom_object_scope(custom_objects):
        config = _json(who, file, "model_config", limits)
        if config is None:
            raise FileFormatError(
                f"{who} has no model_config: it holds weights alone; build the model and use "
                "load_weights"
            )
        weights = _weights(who, file)
        try:
            model = _make(config, dict(weights), Reading(safe_mode), limits)
            given = _json(who, file, "training_config", limits) if compile else None
            arguments = modern_compile(given, [str(name) for name in model.output_names])
            arguments = graph_in.compile_arguments(arguments, Reading(safe_mode))
            if arguments is not None:
                model.compile(**arguments)
        except (*ERRORS, RecursionError) as error:
            what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise FileFormatError(f"{who} does not make a model: {what}") from error
        _put(who, model, weights)
        if arguments is not None:
            _put_state(who, model, file)
    return model


def model_of_json(described: Any, custom_objects: Mapping[str, Any] | None) -> Any:
    """A model of the JSON that Keras's `to_json` gave, of version 2 or 3."""
    with custom_object_scope(custom_objects):
        found = modern(described) if is_older(described) else described
        return deserialize(graph_in.model(found, Reading(safe_mode=True)))


def load_weights(model: Any, path: Any, by_name: bool, skip_mismatch: bool) -> None:
    """Reads the weights of an .h5 file, which may hold a whole model, into a built model."""
    if not model.built:
        raise ValueError("load_weights: the model is not built; call build(input_shape)")
    import_h5py()
    who = f"load_weights: {os.fsdecode(path)!r}"
    with VariableFile(who, read_bytes(path)) as file:
        weights = _weights(who, file)
    _put(who, model, weights, by_name, skip_mismatch)


def _json(who: str, file: VariableFile, name: str, limits: Limits) -> Any:
    """A dict out of an attribute, or None."""
    found = file.texts("", name)
    if found is None:
        return None
    data = "".join(found).encode()
    try:
        texts = JsonReader(limits)
        texts.claim(len(data))
        config = texts.parse(data)
    except FileFormatError as error:
        raise FileFormatError(f"{who}: {name}: {error}") from None
    if not isinstance(config, dict):
        raise FileFormatError(f"{who}: {name}: the JSON is no object")
    return config


def _weights(who: str, file: VariableFile) -> Weights:
    root = "" if file.texts("", "layer_names") is not None else "model_weights"
    layers = file.texts(root, "layer_names")
    if layers is None and not file.is_group(root):  # an empty list is no attribute
        raise FileFormatError(f"{who} has no layer_names: it is no file of Keras's older format")
    found = []
    for layer in layers or ():
        place = f"{root}/{layer}".lstrip("/")
        names = [n for n in file.texts(place, "weight_names") or () if not _is_counter(n)]
        if names:
            arrays = file.read_named(place, names, f"layer {layer!r}")
            found.append((layer, list(zip(names, arrays, strict=True))))
    return found


def _is_counter(name: str) -> bool:
    """How many rows a Normalization has seen, and the state of seeds, which nothing needs."""
    return name.rpartition("/")[2].partition(":")[0] in ("count", "seed_generator_state")


def _make(
    described: Any, weights: Mapping[str, list[tuple[str, Array]]], reading: Reading, limits: Limits
) -> Any:
    """The model of a config. Its layers take their weights from the file as they are built, so that
    none is larger than the file."""
    config = modern(described)
    entries = {place: entry for place, _, entry in all_places(config, limits)}
    builtin = set(map(id, registry.parts("layer").values()))

    def prepare(place: str, layer: Layer) -> Layer:
        if id(type(layer)) in builtin and place in entries and not layer._sublayers:
            first = entries[place.partition("/")[0]]
            around = first.get("name") or first["config"].get("name")
            own = weights.get(str(around), [])
            if "/" in place:  # of a nested model: those whose names have that of the layer
                own = [one for one in own if one[0].split("/")[-2:-1] == [layer.name]]
            layer._give(InOrder([array for _, array in own]))
        return layer

    with preparing(prepare):
        model = deserialize(graph_in.model(config, reading), prepare=prepare)
    model._stop_giving()
    return model


def _put(
    who: str, model: Any, weights: Weights, by_name: bool = False, skip_mismatch: bool = False
) -> None:
    """Every weight, once all have been found to fit."""
    layers = [(layer.name, _in_order(layer)) for layer in model.layers]
    layers = [(name, parameters) for name, parameters in layers if parameters]
    if by_name:
        own = dict(layers)
        pairs = [(own[name], name, arrays) for name, arrays in weights if name in own]
        skipped = [name for name, _ in weights if name not in own]
    else:
        if len(layers) != len(weights):
            raise FileFormatError(
                f"{who} does not fit: it has weights of {len(weights)} layers "
                f"{[name for name, _ in weights]}, the model of {len(layers)} "
                f"{[name for name, _ in layers]}; by_name=True takes those that both have"
            )
        pairs = [
            (parameters, name, arrays)
            for (name, parameters), (_, arrays) in zip(layers, weights, strict=True)
        ]
        skipped = []
    parameters: list[Parameter] = []
    values: list[Array] = []
    for own_weights, name, arrays in pairs:
        expected = [parameter.shape for parameter in own_weights]
        shapes = [array.shape for _, array in arrays]
        if shapes == expected:
            parameters += own_weights
            values += [array for _, array in arrays]
        elif skip_mismatch:
            warn_user(f"{who}: layer {name!r} is left as it is: {expected} are no {shapes}")
        else:
            raise FileFormatError(
                f"{who} does not fit layer {name!r}: expected shapes {expected}, received {shapes}"
            )
    if skipped and not parameters:
        raise FileFormatError(f"{who}: no layer of the model has one of the names {skipped}")
    with model._trainer.shared_lock(model).writing:
        assign_all(who, parameters, values)


def _in_order(layer: Layer) -> list[Parameter]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _put_state(who: str, model: Any, file: VariableFile) -> None:
    """The optimizer's state, from what its variables are called; Keras 3 has them in order."""
    names = file.texts("optimizer_weights", "weight_names")
    if not names:
        return
    optimizer = model._trainer.ready_optimizer(model)
    arrays = file.read_named("optimizer_weights", names, f"the optimizer {optimizer.name!r}")
    if not any(":" in name for name in names):
        optimizer_state.restore(who, optimizer, arrays)
        return
    steps = arrays[0]
    if steps.shape != () or steps.dtype.kind not in "iu" or steps < 0:
        raise FileFormatError(f"{who}: the optimizer {optimizer.name!r} has no valid iteration")
    named: dict[str, list[Array]] = {}
    for name, array in zip(names[1:], arrays[1:], strict=True):
        if (word := _slot(type(optimizer).__name__, name)) is not None:
            named.setdefault(word, []).append(array)
    if not named:
        count = len(model.trainable_weights)
        for i, word in enumerate(_BY_ORDER.get(type(optimizer).__name__, ())):
            named[word] = arrays[1 + i * count : 1 + (i + 1) * count]
    optimizer_state.restore_named(who, optimizer, int(steps), named)


def _slot(optimizer: str, name: str) -> str | None:
    """What a variable is: "Adam/m/dense/kernel:0", or before Keras 2.11 "Adam/dense/kernel/m:0"."""
    words = name.partition(":")[0].split("/")
    found = next((_SLOTS[w] for w in (*words[-1:], *words[1:2]) if w in _SLOTS), None)
    return "norm" if (optimizer, found) == ("Adamax", "velocity") else found
