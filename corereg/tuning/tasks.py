"""Tasks: what one worker does in one go, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from corereg._kernels import limited_threads
from corereg.random import mix
from corereg.tuning.folds import Fold, Rows
from corereg.tuning.learners import Learner
from corereg.tuning.space import Settings


class Task(NamedTuple):
    """Trainings one after the other on one fold; of more than one each goes on from the weights of
    the one before: a path.

    settings: their places in the list of settings; epochs: of each, None: as the learner has it;
    rung: of successive halving, 0 for the first.
    """

    settings: tuple[int, ...]
    fold: int
    epochs: tuple[int | None, ...]
    rung: int = 0


class Chain(NamedTuple):
    """The trainings that lead to a setting, itself the last: of a path those before it, too."""

    settings: tuple[int, ...]
    epochs: tuple[int | None, ...]


class Outcome(NamedTuple):
    """What one training came to.

    score: on the rows held out, NaN if it failed; seconds: of training; norms: of its kernels;
    state: what `Learner.restore` needs, None: not kept; error: of a training that raised, or "".
    """

    score: float
    seconds: float
    norms: dict[str, float]
    state: Any = None
    error: str = ""


class Job(NamedTuple):
    """What all tasks of a search have in common; sent to processes as it is.

    error_score: "raise", or the score of a training that raises.
    """

    learner: Learner
    settings: Sequence[Settings]
    folds: Sequence[Fold]
    seed: int
    error_score: Any = "raise"

    def seed_of(self, fold: int) -> int:
        """The seed of trainings on a fold: the same for all settings, so that they are compared by
        the same initial weights, masks and orders of rows."""
        return mix(self.seed ^ mix(fold + 1))

    def train(self, chain: Chain, rows: Rows, seed: int) -> Any:
        """What the last training of a chain gives on these rows, with one thread for kernels."""
        trained = None
        with limited_threads(1):
            for place, epochs in zip(chain.settings, chain.epochs, strict=True):
                start = None if trained is None else self.learner.state(trained)
                trained = self.learner.train(self.settings[place], rows, seed, epochs, start)
        return trained

    def run(self, task: Task) -> list[Outcome]:
        """Runs a task, with one thread for kernels."""
        with limited_threads(1):
            return self._run(task)

    def _run(self, task: Task) -> list[Outcome]:
        fold, seed = self.folds[task.fold], self.seed_of(task.fold)
        found: list[Outcome] = []
        start = None
        for place, epochs in zip(task.settings, task.epochs, strict=True):
            settings = self.settings[place]
            began = time.perf_counter()
            try:
                trained = self.learner.train(settings, fold.train, seed, epochs, start)
                seconds = time.perf_counter() - began
                score = self.learner.score(trained, fold.test)
            except Exception as error:
                if self.error_score == "raise":
                    error.add_note(f"This happened with the settings {settings}.")
                    raise
                seconds = time.perf_counter() - began
                told = f"{type(error).__name__}: {error}"
                found.append(Outcome(float(self.error_score), seconds, {}, None, told))
                continue
            state = self.learner.state(trained)
            if len(task.settings) > 1 and np.isfinite(score):
                start = state
            found.append(Outcome(score, seconds, self.learner.norms(trained), state))
        return found
