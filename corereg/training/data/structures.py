"""What a user gives for x, y and sample_weight, one, a list or a dict, as flat tuples in the order
of the model's inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg._lazy import later
from corereg.autograd import Tensor
from corereg.graph.nest import flatten, pack_like

if TYPE_CHECKING:
    from corereg import warn as warning
    from corereg.tables import given as tables, libraries
else:  # few inputs are tables
    libraries = later("corereg.tables.libraries")
    warning = later("corereg.warn")
    tables = later("corereg.tables.given")

Array = np.ndarray[Any, Any]


def is_array(x: Any) -> bool:
    """Whether x is an array or a table of some kind with an axis at least, not a list of
    numbers."""
    return bool(rank_of(x))


def rank_of(x: Any) -> int:
    """How many axes an array or a table has, 0 for what is neither."""
    if isinstance(x, np.ndarray | np.generic | int | float | str):
        return getattr(x, "ndim", 0)
    if hasattr(x, "__array__") and (rank := getattr(x, "ndim", 0)):
        return int(rank)
    if libraries.frame_library(x) is not None or libraries.is_sparse(x):
        return 2
    return int(libraries.series_library(x) is not None)


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


def flat_inputs(
    who: str, x: Any, names: Sequence[str] | None, one_column: bool = False
) -> tuple[Any, ...]:
    """x for inputs of these names, in their order; of a table for several inputs, or (one_column)
    for one that is a column, the columns of these names. names None: the model takes what it is
    given, and so its leaves are counted as they come."""
    if names is None:
        return tuple(flatten(x)) if holds_arrays(x) else (x,)
    if (len(names) > 1 or one_column) and (columns := tables.columns_by_name(x, names)) is not None:
        missing = [name for name in names if name not in columns]
        if missing:
            raise ValueError(
                f"{who}: expected a table with the model's inputs {list(names)} as columns, "
                f"received {tables.table_names(x)}; {missing} are missing"
            )
        return tuple(columns[name] for name in names)
    if isinstance(x, dict):
        missing = [name for name in names if name not in x]
        if missing:
            raise ValueError(
                f"{who}: expected x as a dict with the model's inputs {list(names)} as keys, "
                f"received {list(x)}"
            )
        if len(x) > len(names):
            more = [name for name in x if name not in names]
            warning.warn_user(
                f"{who}: x has {more} besides the model's inputs {list(names)}; left out"
            )
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
    return rank_of(x) > 1


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
        return (y[0] if isinstance(y, list | tuple) and len(y) == 1 and rank_of(y[0]) else y,)
    columns = tables.columns_by_name(y, [name for name in names if name is not None])
    if columns is not None and len(columns) == len(names):
        return tuple(columns[name] for name in names if name is not None)
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
    if libraries.frame_library(x) is not None:
        return f"a {type(x).__name__} with the columns {tables.table_names(x)}"
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


def is_iterable_of_batches(x: Any) -> bool:
    """Whether x gives batches: an iterator, an object with `__getitem__` and `__len__` (such as
    Keras's PyDataset) or another iterable that is no array; of lists only those of tuples that
    begin with a matrix, and no dicts or strings."""
    if x is None or type(x) is np.ndarray:
        return False
    if isinstance(x, list):
        return bool(x) and all(
            isinstance(b, tuple)
            and 1 <= len(b) <= 3
            and (getattr(b[0], "ndim", 0) >= 2 or holds_arrays(b[0]))
            for b in x
        )
    if isinstance(x, np.ndarray | Tensor | tuple | dict | str | bytes) or libraries.is_data(x):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))
