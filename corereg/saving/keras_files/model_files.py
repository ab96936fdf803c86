"""Models and weights to Keras's files, and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from corereg import losses, metrics, optimizers, registry
from corereg.autograd import Parameter
from corereg.layers import Normalization, TextVectorization
from corereg.layers.base import Layer, assign_all
from corereg.layers.lookup import deserialize, preparing
from corereg.layers.preprocessing.lookup import Lookup
from corereg.metrics.base import Metric
from corereg.registry import custom_object_scope
from corereg.saving.archive_format import FEATURE_NAMES
from corereg.saving.feature_names import columns_of_file
from corereg.saving.foreign import WHOLE
from corereg.saving.json_text import JsonReader, dump
from corereg.saving.keras_files import (
    container,
    feature_spaces,
    graph_in,
    graph_out,
    optimizer_state,
)
from corereg.saving.keras_files.hdf5 import IDF, VariableFile, import_h5py, written
from corereg.saving.keras_files.lacking import Lacking
from corereg.saving.keras_files.parts_in import Reading
from corereg.saving.keras_files.parts_out import part
from corereg.saving.keras_files.weight_paths import config_places, layer_entries, places
from corereg.saving.limits import FileFormatError, Limits, over_limit
from corereg.saving.replacing import replace_file

Array = np.ndarray[Any, Any]

ERRORS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


# ---- writing ------------------------------------------------------------------------------------


def save_model(
    model: Any, path: Any, portable: bool = False, include_optimizer: bool = True
) -> None:
    """Writes a .keras file: structure, weights, what compile was told, and the optimizer's state.

    portable: leave out what Keras does not have, with a warning that names it. ValueError for that
    otherwise, before anything is written.
    """
    import_h5py()
    who = f"save: {os.fsdecode(path)!r}"
    lacking = Lacking(who, portable)
    config = graph_out.model(model, lacking)
    compiled = _compile_config(model, lacking) if include_optimizer else None
    if compiled is not None:
        config["compile_config"] = compiled
    if any(p.mask is not None for p in model.weights):
        lacking.note("masks, which keep weights at zero (corereg.pruning)")
    text = dump(config, "the model's config", JsonReader(Limits()))
    weights = _weights(who, model, include_optimizer)
    columns = model._trainer.columns
    more = {} if columns is None else {FEATURE_NAMES: columns}
    replace_file(os.fsdecode(path), lambda file: container.write(file, text, weights, more))
    lacking.warn()


def save_weights(model: Any, path: Any) -> None:
    """Writes a .weights.h5 file: the weights, and the optimizer's state if there is one."""
    if not model.built:
        raise ValueError("save_weights: the model is not built; call build(input_shape)")
    weights = _weights(f"save_weights: {os.fsdecode(path)!r}", model)
    replace_file(os.fsdecode(path), lambda file: _write_all(file, weights))


def _write_all(file: Any, data: bytes) -> None:
    file.write(data)


def _compile_config(model: Any, lacking: Lacking) -> dict[str, Any] | None:
    if model.optimizer is None:
        return None
    compilation = model._trainer.compilation
    return {
        "optimizer": part("optimizer", optimizers.serialize(model.optimizer), lacking),
        "loss": _each("loss", model.loss, losses.serialize, lacking),
        "loss_weights": compilation.loss_weights,
        "metrics": _each("metric", compilation.requested_metrics, _metric, lacking),
        "weighted_metrics": _each(
            "metric", compilation.requested_weighted_metrics, _metric, lacking
        ),
        "run_eagerly": bool(compilation.run_eagerly),
        "steps_per_execution": compilation.steps_per_execution,
        "jit_compile": "auto",
    }


def _metric(wanted: Any) -> Any:
    return wanted if isinstance(wanted, str) else metrics.serialize(wanted)


def _each(kind: str, structure: Any, describe: Callable[[Any], Any], lacking: Lacking) -> Any:
    """One, a list or a dict with every part described as Keras does; None stays."""
    if isinstance(structure, dict):
        return {name: _each(kind, one, describe, lacking) for name, one in structure.items()}
    if isinstance(structure, list | tuple):
        return [_each(kind, one, describe, lacking) for one in structure]
    return None if structure is None else part(kind, describe(structure), lacking)


def _weights(who: str, model: Any, include_optimizer: bool = True) -> bytes:
    """The HDF5 file of a model's weights and its optimizer's state."""
    entries: list[tuple[str, str, Any]] = []
    for path, one in places(model):
        if path.endswith("activation") and isinstance(one, Layer) and one._own_weights():
            raise ValueError(
                f"{who}: Keras keeps no weights of a layer that is used as an activation, "
                f"{one.who}; put it behind the other layer"
            )
        entries.append((path, one.name, _arrays(one)))
        if isinstance(one, Lookup) and one.output_mode == "tf_idf":
            own = {IDF: one.idf_row(one.dtype)}
            entries[-1] = (path, one.name, own)
            if isinstance(one, TextVectorization):  # in which Keras has a StringLookup
                entries.append((f"{path}/_lookup_layer", one.name, own))
    if model.optimizer is not None and include_optimizer:
        state = optimizer_state.variables_of(model.optimizer)
        entries.append(("optimizer", model.optimizer.name, state))
        inner = getattr(model.optimizer, "inner_optimizer", None)
        if inner is not None:  # once more, as Keras has them
            state = optimizer_state.variables_of(inner)
            entries.append(("optimizer/inner_optimizer", inner.name, state))
    return written(entries)


def _arrays(one: Any) -> list[Array]:
    """The variables of a layer or metric in Keras's order."""
    if isinstance(one, Metric):
        return [np.asarray(variable) for variable in one.variables]
    found = [parameter.data for parameter in one._own_weights()]
    if isinstance(one, Normalization) and found:
        found.append(np.zeros((), np.int32))  # how many rows adapt has seen, which nothing needs
    return found


# ---- reading ------------------------------------------------------------------------------------


def load_model(
    path: Any,
    custom_objects: Mapping[str, Any] | None,
    compile: bool,
    safe_mode: bool,
    limits: Limits,
) -> Any:
    """The model of a .keras file."""
    import_h5py()
    who = f"load_model: {os.fsdecode(path)!r}"
    contents = container.read(who, read_bytes(path), limits)
    config = contents.config
    with VariableFile(who, contents.weights) as file, custom_object_scope(custom_objects):
        try:
            model = _make(config, contents, file, safe_mode, limits)
            given = config.get("compile_config") if compile else None
            arguments = graph_in.compile_arguments(given, Reading(safe_mode))
            if arguments is not None:
                model.compile(**arguments)
        except (*ERRORS, RecursionError) as error:
            what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise FileFormatError(f"{who} does not make a model: {what}") from error
        _put_weights(who, model, file)
        _put_state(who, model, file)
    model._trainer.columns = columns_of_file(who, contents.metadata.get(FEATURE_NAMES))
    return model


def load_weights(model: Any, path: Any, limits: Limits) -> None:
    """Reads the weights of a .weights.h5 or .keras file into a built model, and its optimizer's
    state if the model has begun to train; changes nothing if they do not fit."""
    if not model.built:
        raise ValueError("load_weights: the model is not built; call build(input_shape)")
    import_h5py()
    who = f"load_weights: {os.fsdecode(path)!r}"
    data = read_bytes(path)
    if os.fsdecode(path).lower().endswith(WHOLE):
        data = container.read_weights(who, data, limits)
    with VariableFile(who, data) as file:
        _put_weights(who, model, file)
        if model.optimizer is not None and model.optimizer.parameters:
            _put_state(who, model, file)


def read_bytes(path: Any) -> bytes:
    with open(os.fsdecode(path), "rb") as file:
        return file.read()


def _make(
    config: dict[str, Any],
    contents: container.Contents,
    file: VariableFile,
    safe_mode: bool,
    limits: Limits,
) -> Any:
    """The model of a config. Its layers take their weights from the file as they are built, so that
    none is larger than the file."""
    found = list(all_places(config, limits))
    vocabularies, weights = {}, {}
    entries = [*((path, entry) for _, path, entry in found), *layer_entries(config)]
    for path, entry in entries:
        text = contents.assets.get(f"{path}/vocabulary.txt")
        if text is not None:
            vocabularies[id(entry)] = text.decode().rstrip("\n").split("\n")
            if entry["config"].get("output_mode") == "tf_idf":
                weights[id(entry)] = file.read_named(f"{path}/vars", [IDF], entry["class_name"])[0]
    described = graph_in.model(config, Reading(safe_mode, vocabularies, weights))
    paths = {place: path for place, path, _ in found}
    builtin = set(map(id, registry.parts("layer").values()))

    def prepare(place: str, layer: Layer) -> Layer:
        if id(type(layer)) in builtin and place in paths and not layer._sublayers:
            layer._give(InOrder(file.read(paths[place], layer.who)))
        return layer

    with preparing(prepare):
        model = deserialize(described, prepare=prepare)
    shape = config.get("build_config") or {}
    if feature_spaces.is_space(model):
        model.build(None)
    elif not model.built and isinstance(shape.get("input_shape"), list):
        model.build(_as_shape(shape["input_shape"]))
    model._stop_giving()
    return model


class InOrder(Mapping[Any, Any]):
    """The weights of a layer, which are given one after the other: a built-in layer makes them in
    the order in which the file has them."""

    def __init__(self, arrays: list[Array]) -> None:
        self._arrays = arrays
        self._taken: dict[Any, Array] = {}

    def __getitem__(self, name: Any) -> Array:
        if name not in self._taken:
            if len(self._taken) == len(self._arrays):
                raise KeyError(name)
            self._taken[name] = self._arrays[len(self._taken)]
        return self._taken[name]

    def __iter__(self) -> Any:
        return iter(self._taken)

    def __len__(self) -> int:
        return len(self._arrays)


def all_places(config: Any, limits: Limits) -> Any:
    """The places of a model's layers, unless they are too many."""
    inner = config.get("config")
    if not isinstance(inner, Mapping) or not isinstance(inner.get("layers"), list):
        return
    for count, one in enumerate(config_places(inner), 1):
        if count > limits.layers:
            raise over_limit(count, "layers", limits, "layers")
        yield one


def _as_shape(given: Any) -> Any:
    if given and all(isinstance(one, list) for one in given):
        return [_as_shape(one) for one in given]
    return tuple(given)


def _put_weights(who: str, model: Any, file: VariableFile) -> None:
    """Every weight, once all have been found to fit."""
    parameters: list[Parameter] = []
    arrays: list[Array] = []
    for path, one in places(model):
        if not isinstance(one, Layer):
            continue
        own = one._own_weights()
        found = file.read(path, one.who)
        if isinstance(one, Normalization) and len(found) == 3:
            found = found[:2]  # without the count of rows
        expected = [parameter.shape for parameter in own]
        shapes = [array.shape for array in found]
        if shapes != expected:
            missing = "lacks the weights of" if not file.has(path) else "does not fit"
            raise FileFormatError(
                f"{who} {missing} {one.who} (at {path!r}): expected shapes {expected}, received "
                f"{shapes}"
            )
        parameters += own
        arrays += found
    if len({id(one) for one in parameters}) < len(model.weights):
        raise FileFormatError(f"{who} does not fit: the model has weights that Keras does not keep")
    with model._trainer.shared_lock(model).writing:
        assign_all(who, parameters, arrays)


def _put_state(who: str, model: Any, file: VariableFile) -> None:
    if model.optimizer is None or not file.has("optimizer"):
        return
    arrays = file.read("optimizer", f"the optimizer {model.optimizer.name!r}")
    optimizer_state.restore(who, model._trainer.ready_optimizer(model), arrays)
