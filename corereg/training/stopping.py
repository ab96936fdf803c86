"""What callbacks ask of a run of `evaluate` or `predict`: to end it."""

from __future__ import annotations

from typing import Literal

from corereg.training.trainer import Trainer

Run = Literal["evaluating", "predicting"]


def set_stop(trainer: Trainer, run: Run, value: bool) -> None:
    """Asks a run to end after its present batch, or takes that back."""
    setattr(trainer, f"stop_{run}", bool(value))


def stops(trainer: Trainer, run: Run) -> bool:
    """Whether a run was asked to end."""
    return bool(getattr(trainer, f"stop_{run}", False))
