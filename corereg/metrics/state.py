"""What a metric has added up, as arrays and numbers, for a training that is to go on elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.metrics.base import Metric

_PLAIN = (bool, int, float)


def state_of(metric: Metric) -> dict[str, Any]:
    """Copies of all arrays, variables and numbers that a metric and those inside it hold, by the
    names of their attributes, and its lists of numbers."""
    return {
        name: found
        for name, value in vars(metric).items()
        if (found := _state_of_value(value)) is not None
    }


def _state_of_value(value: Any) -> Any:
    if isinstance(value, Metric):
        return state_of(value)
    if isinstance(value, Tensor):
        return value.data.copy()
    if isinstance(value, np.ndarray):
        return None if value.dtype.hasobject else value.copy()
    if isinstance(value, list):
        found = [one if isinstance(one, _PLAIN) else _state_of_value(one) for one in value]
        return None if any(one is None for one in found) else found
    return value if isinstance(value, _PLAIN) else None


def put_state(metric: Metric, state: dict[str, Any]) -> None:
    """Puts back what `state_of` gave, arrays in place; what the metric has no attribute for is left
    out. ValueError for a metric that makes its state only with its first batch."""
    own = vars(metric)
    for name, given in state.items():
        if name in own:
            if (own[name] is None) != (given is None) or _lengths_differ(own[name], given):
                raise ValueError(
                    f"{metric.name}: expected the metric to have {name!r} from its beginning, as "
                    "its saved state does; make it in __init__"
                )
            found = _put_value(own[name], given)
            if found is not own[name]:
                setattr(metric, name, found)


def _lengths_differ(own: Any, given: Any) -> bool:
    """Whether a list of arrays or metrics has other entries than its saved state."""
    return (
        isinstance(own, list)
        and len(own) != len(given)
        and not all(isinstance(one, _PLAIN) for one in [*own, *given])
    )


def _put_value(own: Any, given: Any) -> Any:
    """What an attribute is to hold: the same object wherever that can be changed."""
    if isinstance(own, Metric):
        put_state(own, given)
        return own
    if isinstance(own, Tensor | np.ndarray):
        array = own.data if isinstance(own, Tensor) else own
        if array.shape == given.shape and array.dtype == given.dtype:
            array[...] = given
            return own
        return Tensor(given) if isinstance(own, Tensor) else given
    if isinstance(own, list):
        if all(isinstance(one, _PLAIN) for one in given):
            own[:] = given
        else:
            own[:] = [_put_value(old, new) for old, new in zip(own, given, strict=True)]
        return own
    return own if own == given and type(own) is type(given) else given
