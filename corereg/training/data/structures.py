"""What a user gives for x, y and sample_weight, one, a list or a dict, as flat tuples in the order
of the model's inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.graph.nest import flatten, pack_like
from corereg.warn import warn_user

Array = np.ndarray[Any, Any]


def is_array(x: Any) -> bool:
    """Whether x is an array of some kind with an axis at least, not a list of numbers."""
    return bool(getattr(x, "ndim", 0)) and hasattr(x, "__array__")


def holds_arrays(x: Any) -> bool:
    """Whether x is a list, a tuple or a dict with arrays in it, rather than a nested list of
    numbers."""
    if isinstance(x, dict):
        return True
    return isinstance(x, list | tuple) and any(
        is_array(part) or (isinstance(part, list | tuple | dict) and holds_arrays(part))
        for part in x
    )


def nest_given(x: Any, names: Sequence[str] | None) -> Any:
    """x, if it is a nest of arrays and the model takes what it is given (names None): what it is
    called with nests alike. Else None."""
    return x if names is None and holds_arrays(x) else None


def model_input(like: Any, values: Sequence[Any]) -> Any:
    """What a model is called with: flat values nested like `like`; if that is None the only one, or
    a list of them."""
    if like is not None:
        return pack_like(like, values)
    return values[0] if len(values) == 1 else list(values)


def flat_inputs(who: str, x: Any, names: Sequence[str] | None) -> tuple[Any, ...]:
    """x for inputs of these names, in their order. names None: the model takes what it is given,
    and so its leaves are counted as they come."""
    if names is None:
        return tuple(flatten(x)) if holds_arrays(x) else (x,)
    if isinstance(x, dict):
        missing = [name for name in names if name not in x]
        if missing:
            raise ValueError(
                f"{who}: expected x as a dict with the model's inputs {list(names)} as keys, "
                f"received {list(x)}"
            )
        if len(x) > len(names):
            more = [name for name in x if name not in names]
            warn_user(f"{who}: x has {more} besides the model's inputs {list(names)}; left out")
        return tuple(x[name] for name in names)
    if isinstance(x, list | tuple) and (len(names) > 1 or (len(x) == 1 and _is_batch(x[0]))):
        parts = list(flatten(x)) if holds_arrays(x) else list(x)
        if len(parts) != len(names):
            raise ValueError(
                f"{who}: expected x as a list of {len(names)} arrays for the inputs {list(names)}, "
                f"received {len(parts)}"
            )
        return tuple(parts)
    if len(names) > 1:
        raise ValueError(
            f"{who}: expected x as a list or a dict of {len(names)} arrays for the inputs "
            f"{list(names)}, received {_what(x)}"
        )
    return (x,)


def _is_batch(x: Any) -> bool:
    return is_array(x) and x.ndim > 1


def flat_targets(
    who: str, argument: str, y: Any, names: Sequence[str | None]
) -> tuple[Any | None, ...]:
    """y, or what else is given for each output, for outputs of these names, in their order."""
    if isinstance(y, dict):
        known = [name for name in names if name is not None]
        unknown = [name for name in y if name not in known]
        missing = [name for name in known if name not in y]
        if unknown or missing or len(known) < len(names):
            raise ValueError(
                f"{who}: expected {argument} as a dict with the model's outputs {list(names)} as "
                f"keys, received {list(y)}"
            )
        return tuple(y[name] for name in names)
    if len(names) == 1:
        single = isinstance(y, list | tuple) and len(y) == 1 and is_array(y[0])
        return (y[0] if single and y[0].ndim > 1 else y,)
    if not isinstance(y, list | tuple) or not any(v is None or is_array(v) for v in flatten(y)):
        raise ValueError(
            f"{who}: expected {argument} as a list or a dict of {len(names)} arrays for the "
            f"outputs {list(names)}, received {_what(y)}"
        )
    parts = list(flatten(y))
    if len(parts) != len(names):
        raise ValueError(
            f"{who}: expected {argument} as a list of {len(names)} arrays for the outputs "
            f"{list(names)}, received {len(parts)}"
        )
    return tuple(parts)


def flat_weights(who: str, weight: Any, names: Sequence[str | None]) -> tuple[Any | None, ...]:
    """sample_weight for each output: one for all, or a list or dict with one for each."""
    if weight is None:
        return (None,) * len(names)
    if len(names) == 1 or isinstance(weight, dict) or holds_arrays(weight):
        return flat_targets(who, "sample_weight", weight, names)
    if isinstance(weight, list | tuple) and len(weight) == len(names) and None in weight:
        return tuple(weight)
    return (weight,) * len(names)


def _what(x: Any) -> str:
    """What was received, in a few words: never the numbers themselves."""
    if isinstance(x, np.ndarray | Tensor):
        return f"one array of shape {x.shape}"
    if isinstance(x, list | tuple):
        return f"a {type(x).__name__} of {len(x)}"
    return "None" if x is None else type(x).__name__


# ---- what steps of the user's own get ---------------------------------------------------------


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of what `train_step` gets, None for what is not there.

    >>> utils.unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            "unpack_x_y_sample_weight: expected data as x, (x,), (x, y) or (x, y, sample_weight), "
            f"received a tuple of {len(data)}"
        )
    return (*data, None, None)[:3]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The shortest of x, (x,), (x, y) and (x, y, sample_weight) that holds what is not None.

    >>> utils.pack_x_y_sample_weight(1, 2)
    (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
