"""A model's weights, their masks and its optimizer's state by name, as the sections of a file have
them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from corereg.autograd import Parameter
from corereg.layers.base import Layer, assign_all
from corereg.saving.archive_format import Sections
from corereg.saving.limits import FileFormatError
from corereg.training.trainer import TrainableModel


def places_of(model: TrainableModel) -> list[tuple[str, Layer]]:
    """Every layer once, and its place: "0" is the model's first layer, "0/2" the third one inside
    that. Layers may be renamed, their order may not change."""
    return [(place, layer) for place, layer, first in _all_places(model) if place == first]


def shared_places(model: TrainableModel) -> dict[str, str]:
    """The further places of layers that several models inside the model have, and the first one of
    each."""
    return {place: first for place, _, first in _all_places(model) if place != first}


def _all_places(model: TrainableModel) -> Iterator[tuple[str, Layer, str]]:
    """Each place, the layer there, and the first place of that layer; inside a layer only once."""
    found: dict[int, str] = {}
    waiting = [(str(i), layer) for i, layer in enumerate(model.layers)][::-1]
    while waiting:
        place, layer = waiting.pop()
        first = found.setdefault(id(layer), place)
        yield place, layer, first
        if place == first:
            inner = [(f"{place}/{own}", one) for own, one in layer._inner_places()]
            waiting += reversed(inner)


def weights_of(who: str, model: TrainableModel) -> dict[str, np.ndarray[Any, Any]]:
    """Copies of all weights by name, or a ValueError for those that no model could load."""
    named = named_weights(model)
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
    return {name: p._copied() for name, p in named.items()}


def named_weights(model: TrainableModel) -> dict[str, Parameter]:
    """Parameters by the place of their layer and their name, each once."""
    named = {p.name.rsplit("/", 1)[-1]: p for p in model._parameters}  # its own
    known = {id(p) for p in named.values()}
    for place, layer in places_of(model):
        for p in layer._own_weights():
            if id(p) not in known:
                known.add(id(p))
                named[f"{place}/{p.name.rsplit('/', 1)[-1]}"] = p
    return named


def put_weights(who: str, model: TrainableModel, sections: Sections) -> None:
    """Puts all weights back; FileFormatError, and nothing changed, if they do not fit."""
    named, arrays = named_weights(model), sections.get("weights", {})
    missing = [name for name in named if name not in arrays]
    extra = [name for name in arrays if name not in named]
    if missing or extra:
        raise FileFormatError(
            f"{who} does not fit the model: it lacks {missing or 'nothing'}, and has "
            f"{extra or 'nothing'} besides"
        )
    try:
        with model._trainer.shared_lock(model).writing:
            assign_all(who, list(named.values()), [arrays[name] for name in named])
    except (ValueError, TypeError) as error:
        raise FileFormatError(str(error)) from error


def masks_of(model: TrainableModel) -> dict[str, np.ndarray[Any, Any]]:
    """The section "masks": those of weights that have one, by the names of the weights."""
    named = named_weights(model)
    return {name: p.mask for name, p in named.items() if p.mask is not None}


def check_masks(who: str, model: TrainableModel, arrays: Mapping[str, Any]) -> None:
    """FileFormatError for masks of a file that the model's weights cannot have."""
    named = named_weights(model)
    for name, mask in arrays.items():
        if name not in named:
            raise FileFormatError(f"{who} has a mask for {name!r}, which the model does not have")
        shape = named[name].shape
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != shape:
            raise FileFormatError(
                f"{who}: expected the mask of {name!r} as bool of shape {shape}, received "
                f"{getattr(mask, 'dtype', 'texts')} of shape {np.shape(mask)}"
            )


def put_masks(who: str, model: TrainableModel, arrays: Mapping[str, Any]) -> None:
    """Gives every weight the mask that a file has for it, None if it has none; FileFormatError, and
    nothing changed, if they do not fit."""
    check_masks(who, model, arrays)
    for name, p in named_weights(model).items():
        p.mask = arrays.get(name)


def put_optimizer_state(
    who: str, model: TrainableModel, iterations: Any, arrays: Mapping[str, Any]
) -> None:
    """The optimizer's state, as the file has it."""
    try:
        optimizer = model._trainer.ready_optimizer(model)
        state = [arrays.get(str(i)) for i in range(len(optimizer.state))]
        if any(a is None for a in state) or type(iterations) is not int:
            raise FileFormatError(f"{who} lacks some of the optimizer's state")
        optimizer.restore(iterations, [a for a in state if a is not None])
    except FileFormatError:
        raise
    except (ValueError, OverflowError) as error:
        raise FileFormatError(f"{who}: {error}") from error
