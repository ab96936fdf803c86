"""The arguments that all optimizers share, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from corereg.optimizers.hyperparameters import check_number

OLD_WORDS = {
    "lr": "learning_rate",
    "decay": "weight_decay for weights that shrink, or learning_rate=corereg.optimizers.schedules."
    "InverseTimeDecay(rate, 1, decay) for a rate that goes down",
}
"""Arguments of earlier years, and what they are called today."""


def refuse_arguments(who: str, unknown: Mapping[str, Any]) -> NoReturn:
    """Raises ValueError that names the arguments that an optimizer does not have."""
    for name in unknown:
        if name in OLD_WORDS:
            raise ValueError(f"{who}: there is no argument {name!r}; today it is {OLD_WORDS[name]}")
    raise ValueError(f"{who}: unexpected arguments {', '.join(unknown)}")


def check_limits(who: str, **limits: float | None) -> None:
    """Raises unless at most one of the limits of gradients is given, and is a number >= 0."""
    for name, value in limits.items():
        if value is not None:
            check_number(who, name, value)
    if sum(value is not None for value in limits.values()) > 1:
        raise ValueError(
            f"{who}: expected at most one of clipnorm, clipvalue and global_clipnorm, received "
            f"{limits}"
        )


def check_average(who: str, momentum: Any, overwrite_frequency: Any) -> None:
    """Raises unless momentum is in [0, 1] and the frequency is None or an integer >= 1."""
    check_number(who, "ema_momentum", momentum)
    if momentum > 1:
        raise ValueError(f"{who}: expected ema_momentum in [0, 1], received {momentum!r}")
    _check_count(who, "ema_overwrite_frequency", overwrite_frequency, 1)


def check_accumulation(who: str, steps: Any, scale: Any) -> None:
    """Raises unless gradient_accumulation_steps is None or an integer >= 2, and loss_scale_factor
    None or a number > 0. As in Keras, 0 steps are none."""
    if steps != 0 or isinstance(steps, bool):
        _check_count(who, "gradient_accumulation_steps", steps, 2)
    if scale is not None:
        check_number(who, "loss_scale_factor", scale)
        if scale == 0:
            raise ValueError(f"{who}: expected loss_scale_factor > 0, received {scale!r}")


def _check_count(who: str, name: str, value: Any, least: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(
            f"{who}: expected {name} as an integer >= {least} or None, received {value!r}"
        )
