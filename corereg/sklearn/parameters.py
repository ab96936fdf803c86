"""The parameters of dense estimators: their ranges, and what they mean for the layers.

Each `check` raises ValueError that names the estimator, the parameter, what was expected and what
was received. scikit-learn asks for these checks in `fit`, not in the constructor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from corereg import activations, optimizers
from corereg.optimizers.schedules import CosineDecay, LearningRateSchedule, PolynomialDecay

SCHEDULES = ("constant", "cosine", "linear")
DTYPES = ("float32", "float64")
_ANY_STRENGTH = ("l1", "l2", "group_lasso", "noise", "min_delta")
_COUNTS = ("batch_size", "epochs", "patience")
_SWITCHES = ("batch_norm", "shuffle", "early_stopping", "warm_start", "densify")


class Settings(NamedTuple):
    """What the layers are made of: units and dropout of each hidden layer, and the rest as the
    parameters of the same names. optimizer: of this training alone, with its own learning rate."""

    hidden: tuple[int, ...]
    dropout: tuple[float, ...]
    activation: Any
    l1: float
    l2: float
    group_lasso: float
    max_norm: float | None
    batch_norm: bool
    noise: float
    optimizer: Any


def check_parameters(who: str, given: Mapping[str, Any]) -> Settings:
    """Checks all parameters that the estimators share; returns what a network is made of."""
    for name in _ANY_STRENGTH:
        _need(who, name, given[name], "a finite number >= 0", _is_number(given[name], 0))
    for name in _COUNTS:
        _need(who, name, given[name], "an integer >= 1", _is_count(given[name]))
    for name in _SWITCHES:
        switch = isinstance(given[name], bool | np.bool_)
        _need(who, name, given[name], "True or False", switch)
    fraction = given["validation_fraction"]
    inside = _is_number(fraction, 0) and 0 < fraction < 1
    _need(who, "validation_fraction", fraction, "a number between 0 and 1", inside)
    _need(who, "verbose", given["verbose"], "0, 1 or 2", given["verbose"] in (0, 1, 2))
    dtype = given["dtype"]
    known = dtype is None or (isinstance(dtype, str) and dtype in DTYPES)
    _need(who, "dtype", dtype, "None (that of X), 'float32' or 'float64'", known)
    max_norm = given["max_norm"]
    positive = max_norm is None or (_is_number(max_norm, 0) and max_norm > 0)
    _need(who, "max_norm", max_norm, "None or a finite number > 0", positive)
    optimizer = _as_optimizer(who, given)
    hidden = _as_sizes(who, given["hidden_layer_sizes"])
    return Settings(
        hidden=hidden,
        dropout=_as_rates(who, given["dropout"], len(hidden)),
        activation=_as_activation(who, given["activation"]),
        l1=float(given["l1"]),
        l2=float(given["l2"]),
        group_lasso=float(given["group_lasso"]),
        max_norm=None if max_norm is None else float(max_norm),
        batch_norm=bool(given["batch_norm"]),
        noise=float(given["noise"]),
        optimizer=optimizer,
    )


def check_smoothing(who: str, value: Any) -> None:
    """Checks label_smoothing."""
    inside = _is_number(value, 0) and value < 1
    _need(who, "label_smoothing", value, "a number in [0, 1)", inside)


def set_rate(optimizer: Any, given: Mapping[str, Any], steps: int) -> None:
    """Gives an optimizer learning_rate and schedule. steps: how many updates a training takes at
    most."""
    holder = getattr(optimizer, "base", optimizer)  # SAM's rate is that of its base
    rate = given["learning_rate"]
    if given["schedule"] != "constant":
        rate = float(holder.learning_rate if rate is None else rate)
        falling = given["schedule"] == "cosine"
        rate = CosineDecay(rate, steps) if falling else PolynomialDecay(rate, steps, 0.0)
    if rate is not None:
        holder.learning_rate = rate


def _as_optimizer(who: str, given: Mapping[str, Any]) -> Any:
    """The optimizer of a name, or a copy of the user's, whose state stays with the user."""
    wanted, rate, schedule = (given[name] for name in ("optimizer", "learning_rate", "schedule"))
    made = None
    if isinstance(wanted, optimizers.Optimizer):
        made = type(wanted).from_config(wanted.get_config())
    elif isinstance(wanted, str):
        try:
            made = optimizers.get(wanted)
        except ValueError:
            made = None  # the name is not known
    if made is None:
        raise _refused(who, "optimizer", wanted, "a name such as 'adam' or an Optimizer")
    scheduled = isinstance(rate, LearningRateSchedule)
    fits = rate is None or scheduled or (_is_number(rate, 0) and rate > 0)
    expected = "None (the optimizer's own), a finite number > 0 or a schedule"
    _need(who, "learning_rate", rate, expected, fits)
    known = isinstance(schedule, str) and schedule in SCHEDULES
    _need(who, "schedule", schedule, f"one of {', '.join(map(repr, SCHEDULES))}", known)
    if schedule != "constant" and scheduled:
        raise ValueError(
            f"{who}: expected a number as learning_rate, which schedule={schedule!r} lets fall to "
            f"0, received {type(rate).__name__}; set schedule='constant' to use that"
        )
    proximal = next((name for name in ("l1", "group_lasso") if given[name]), None)
    if proximal and not made.has_proximal_stage:
        raise ValueError(
            f"{who}: expected an optimizer that makes weights exactly zero ('sgd', 'adam', 'adamw' "
            f"or 'rmsprop') for {proximal}={given[proximal]!r}, received {wanted!r}; take one of "
            "these, or l2"
        )
    return made


def _as_sizes(who: str, value: Any) -> tuple[int, ...]:
    """The units of the hidden layers."""
    sizes = [value] if _is_count(value) else value
    listed = isinstance(sizes, list | tuple) or (isinstance(sizes, np.ndarray) and sizes.ndim == 1)
    expected = "an integer >= 1, or a sequence of them"
    _need(who, "hidden_layer_sizes", value, expected, listed and all(map(_is_count, sizes)))
    return tuple(int(size) for size in sizes)


def _as_rates(who: str, value: Any, layers: int) -> tuple[float, ...]:
    """The dropout of each hidden layer."""
    alone = isinstance(value, Real)
    rates = [value] * layers if alone else value
    listed = isinstance(rates, list | tuple | np.ndarray) and len(rates) == layers
    listed = listed and all(_is_number(rate, 0) and rate < 1 for rate in rates)
    listed = listed and (not alone or (_is_number(value, 0) and value < 1))
    expected = f"a number in [0, 1), or one for each of the {layers} hidden layers"
    _need(who, "dropout", value, expected, listed)
    return tuple(float(rate) for rate in rates)


def _as_activation(who: str, value: Any) -> Any:
    try:
        return activations.get(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{who}: expected activation as a name such as 'relu', or a function of Tensors, "
            f"received {value!r}"
        ) from error


def _is_number(value: Any, least: float) -> bool:
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    return number and math.isfinite(value) and float(value) >= least


def _is_count(value: Any) -> bool:
    whole = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    return whole and int(value) >= 1


def _need(who: str, name: str, value: Any, expected: str, fits: Any) -> None:
    if not fits:
        raise _refused(who, name, value, expected)


def _refused(who: str, name: str, value: Any, expected: str) -> ValueError:
    return ValueError(f"{who}: expected {name} as {expected}, received {value!r}")
