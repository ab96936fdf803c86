"""The graph of an Ensemble: its inputs, the calls of its models, and an average of each output."""

from __future__ import annotations

from typing import Any

from corereg.graph.nest import flatten, form_of, map_nest, pack_like
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.input_layer import InputLayer
from corereg.layers.lookup import deserialize
from corereg.layers.merging.ensemble_average import EnsembleAverage
from corereg.layers.shapes import is_shape
from corereg.models.model import Model
from corereg.naming import unused_name


def _said_inputs(model: Model) -> Any:
    """The symbolic inputs of a model, nested, or None if it does not say them."""
    if model._has_own_call and model._graph is None:
        return None
    try:
        return model.input
    except AttributeError:  # a Sequential that is not built
        return None


def inputs_of(models: list[Model]) -> Any:
    """New symbolic inputs like those of the first model that says them."""
    for model in models:
        said = _said_inputs(model)
        if said is not None:
            return map_nest(_input_like, said)
    for model in models:
        if model.built:
            shapes = model.input_shape
            shapes = [shapes] if is_shape(shapes) else shapes
            made = [InputLayer(batch_shape=one, dtype=model.dtype).output for one in shapes]
            return made[0] if len(made) == 1 else made
    raise ValueError(
        "Ensemble: expected models whose inputs are known, received models that are not built; "
        "build them, call them on data, or pass inputs=Input(...)"
    )


def _input_like(tensor: SymbolicTensor) -> SymbolicTensor:
    name = tensor.node.operation.name
    made: SymbolicTensor = InputLayer(
        batch_shape=tensor.shape, dtype=tensor.dtype, name=name
    ).output
    return made


def inputs_again(config: Any) -> Any:
    """The symbolic inputs that `get_config` described."""
    if isinstance(config, list):
        return [inputs_again(one) for one in config]
    if "class_name" not in config:
        return {key: inputs_again(one) for key, one in config.items()}
    layer = deserialize(config)
    if not isinstance(layer, InputLayer):
        raise ValueError(f"Ensemble: expected inputs, received {layer!r}")
    return layer.output


def nest_of_inputs(model: Model, count: int) -> Any:
    """How a model nests what it is called with."""
    said = _said_inputs(model)
    if said is None:
        return None if count == 1 else [None] * count
    return said


def outputs_of(
    models: list[Model], inputs: Any, shares: list[float] | None, probabilities: bool
) -> Any:
    """The symbolic outputs: each the average of those of all models."""
    flat = list(flatten(inputs))
    found = [_called(model, flat) for model in models]
    first = found[0]
    for model, one in zip(models, found, strict=True):
        said, wanted = (
            (form_of(nest), [t.shape[1:] for t in flatten(nest)]) for nest in (one, first)
        )
        if said != wanted:
            raise ValueError(
                f"Ensemble: expected outputs as those of {models[0].name!r}, of shapes "
                f"{_shapes(first)}, received those of {model.name!r}, of shapes {_shapes(one)}"
            )
    ends = [list(flatten(one)) for one in found]
    used = {one.node.operation.name for one in flat}
    names = _names_of_outputs(models[0], len(ends[0]), used)
    used |= set(names)
    for i, model in enumerate(models):
        if model.name in used:
            ends[i] = list(flatten(_renamed(model, flat, used)))
        used.add(model.name)
    averages = [
        EnsembleAverage(shares, probabilities, name=name, dtype=models[0].dtype)(list(own))
        for name, own in zip(names, zip(*ends, strict=True), strict=True)
    ]
    return pack_like(first, averages)


def _shapes(nest: Any) -> Any:
    return map_nest(lambda one: one.shape, nest)


def _called(model: Model, flat: list[SymbolicTensor]) -> Any:
    """What a model gives for the inputs; ValueError if it takes others."""
    nest = nest_of_inputs(model, len(flat))
    wanted = [one.shape[1:] for one in flatten(nest) if one is not None]
    received = [one.shape[1:] for one in flat]
    if wanted and wanted != received:
        raise ValueError(
            f"Ensemble: expected models that take inputs of shapes {received}, received "
            f"{model.name!r}, which takes {wanted}"
        )
    return model(pack_like(nest, flat))


def _names_of_outputs(model: Model, count: int, used: set[str]) -> list[str]:
    """What the outputs are called: as those of the first model, where there are several."""
    said = ["average"]
    if count > 1:
        own = model.output_names if model._graph is not None else []
        said = own if len(set(own)) == count else [f"average_{i}" for i in range(count)]
    return [_unused(name, used) for name in said]


def _unused(name: str, used: set[str]) -> str:
    while name in used:
        name += "_average"
    return name


def _renamed(model: Model, flat: list[SymbolicTensor], used: set[str]) -> Any:
    """The same as `_called`, by a model of another name around this one: a graph tells its layers
    apart by their names."""
    name = unused_name(model.name, used)
    inner = [_input_like(one) for one in flat]
    return Model(inner, _called(model, inner), name=name)(list(flat))
