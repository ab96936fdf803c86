"""What a metric has added up, as arrays and numbers, for a training that is to go on elsewhere."""

from __future__ import annotations

from operator import is_
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.metrics.base import Metric

_PLAIN = (bool, int, float)


def state_of(metric: Metric) -> dict[str, Any]:
    """Copies of all that a metric and those inside it hold: its variables, the attributes that
    these are, and its other arrays, numbers and lists of numbers."""
    places = {id(variable): i for i, variable in enumerate(metric._variables)}
    attributes: dict[str, Any] = {}
    for name, value in vars(metric).items():
        if name != "_variables" and (found := _entry(value, places)) is not None:
            attributes[name] = found
    variables = [[v.name, v.data.copy()] for v in metric._variables]
    return {"variables": variables, "attributes": attributes}


def _entry(value: Any, places: dict[int, int]) -> dict[str, Any] | None:
    """A value with its kind; None for what is not state."""
    if id(value) in places:
        return {"variable": places[id(value)]}
    if isinstance(value, Metric):
        return {"metric": state_of(value)}
    if isinstance(value, Tensor):
        return {"array": value.data.copy()}
    if isinstance(value, np.ndarray):
        return None if value.dtype.hasobject else {"array": value.copy()}
    if isinstance(value, _PLAIN):
        return {"number": value}
    if isinstance(value, list | tuple):
        found = [_entry(one, places) for one in value]
        if all(one is not None for one in found):
            return {"list" if isinstance(value, list) else "tuple": found}
    return None


def put_state(metric: Metric, state: dict[str, Any]) -> None:
    """Puts back what `state_of` gave, arrays in place. Variables that the metric makes with its
    first batch are made now. ValueError for another metric's state."""
    own = metric._variables
    for name, array in state["variables"][len(own) :]:
        metric.add_variable(array.shape, "zeros", array.dtype.name, name=name)
    for variable, (_, array) in zip(own, state["variables"], strict=True):
        if variable.shape != array.shape:
            raise ValueError(
                f"{metric.name}: expected its saved {variable.name!r} of shape {variable.shape}, "
                f"received {array.shape}"
            )
        variable.data[...] = array
    for name, entry in state["attributes"].items():
        now = vars(metric).get(name)
        found = _value(metric, now, entry)
        if found is not now:
            setattr(metric, name, found)


def _value(metric: Metric, now: Any, entry: dict[str, Any]) -> Any:
    """What an attribute is to hold: the object that it holds now, wherever that can be changed."""
    ((kind, given),) = entry.items()
    if kind == "variable":
        return metric._variables[given]
    if kind == "metric":
        put_state(now, given)
        return now
    if kind == "array":
        array = now.data if isinstance(now, Tensor) else now
        if isinstance(array, np.ndarray) and (array.shape, array.dtype) == (
            given.shape,
            given.dtype,
        ):
            array[...] = given
            return now
        return Tensor(given) if isinstance(now, Tensor) else given
    if kind == "number":
        return now if now == given and type(now) is type(given) else given
    olds = now if isinstance(now, list | tuple) and len(now) == len(given) else [None] * len(given)
    found = [_value(metric, old, one) for old, one in zip(olds, given, strict=True)]
    if isinstance(now, list):
        now[:] = found
        return now
    if isinstance(now, tuple) and len(now) == len(found) and all(map(is_, now, found)):
        return now
    return found if kind == "list" else tuple(found)
