"""Checks of small arguments that fit, evaluate and predict share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from corereg import _kernels


def check_count(who: str, name: str, value: Any, least: int = 1) -> int:
    """value as an integer >= least, else a clear error."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise ValueError(f"{who}: expected {name} as an integer >= {least}, received {value!r}")
    return int(value)


def check_optional_count(who: str, name: str, value: Any) -> int | None:
    """value as an integer >= 1, or None."""
    return None if value is None else check_count(who, name, value)


def limited_threads(who: str, num_threads: Any) -> AbstractContextManager[None]:
    """``with limited_threads(who, 1):`` what this thread runs inside uses at most so many threads;
    None: as many as outside."""
    if num_threads is None:
        return nullcontext()
    return _kernels.limited_threads(check_count(who, "num_threads", num_threads))


def check_frequency(given: int | Sequence[int]) -> Callable[[int], bool]:
    """Whether an epoch, counted from 1, validates: every n-th, or those listed."""
    if isinstance(given, list | tuple):
        listed = {check_count("fit", "validation_freq", n) for n in given}
        return lambda epoch: epoch in listed
    period = check_count("fit", "validation_freq", given)
    return lambda epoch: epoch % period == 0


def smallest_known(one: int | None, other: int | None) -> int | None:
    """The smaller of two counts, of which either may be unknown."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def as_keras_returns(
    logs: dict[str, float], return_dict: bool, penalties: Sequence[str] = ()
) -> Any:
    """What Keras returns of these logs: a dict, or [loss, losses of outputs, metrics...], or the
    loss alone. penalties: names of those that only the dict has, besides "penalty"."""
    if return_dict:
        return logs
    values = [value for name, value in logs.items() if name != "penalty" and name not in penalties]
    return values if len(values) > 1 else values[0]


def check_shuffle(shuffle: Any, size: int) -> int:
    """How many rows `fit` shuffles together: 0 for all, or where it is told not to. ValueError for
    what is no shuffle. size: of a batch."""
    if isinstance(shuffle, str):
        if shuffle == "batch":
            return size
    elif isinstance(shuffle, bool | np.bool_) or shuffle is None:
        return 0
    elif isinstance(shuffle, int | np.integer) and shuffle >= 0:
        return int(shuffle) if shuffle > 1 else 0
    raise ValueError(
        "fit: expected shuffle as True, False, 'batch' or a number of rows that are shuffled "
        f"together, received {shuffle!r}"
    )


def refuse_array_arguments(who: str, **given: Any) -> None:
    """Raises ValueError for arguments that say how to cut arrays into batches."""
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise ValueError(
            f"{who}: expected no {wrong[0]} beside an iterable of batches, each of which is a "
            "tuple (x, y) or (x, y, sample_weight)"
        )
