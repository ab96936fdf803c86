"""What runs how: whether fit, evaluate, predict and recorded functions are replayed, on how many
threads, and if not, which part is to blame and what cures it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from corereg.runtime.dependencies import Obstacle
from corereg.warn import warn_user


class PerformanceWarning(UserWarning):
    """Something runs much slower than it could; the message says what cures it.

    >>> import warnings
    >>> warnings.simplefilter("ignore", corereg.PerformanceWarning)
    """


class Execution(NamedTuple):
    """How one thing runs.

    what: "fit", "evaluate", "predict", or a recorded function with its arguments; mode: "replayed",
    "eager" (through Python), or "not run yet"; threads: of replays, else None; reason and cure: why
    it is eager and what to do about it, else None; sparse: the layers that predict computes by the
    weights alone that are not zero, because that is faster; precision: of products of float32, see
    `corereg.set_float32_matmul_precision`, several where layers differ.
    """

    what: str
    mode: str
    threads: int | None = None
    reason: str | None = None
    cure: str | None = None
    sparse: tuple[str, ...] = ()
    precision: tuple[str, ...] = ("highest",)

    def __str__(self) -> str:
        text = f"{self.what}: {self.mode}"
        if self.threads is not None:
            text += f", {self.threads} thread{'' if self.threads == 1 else 's'}"
        if self.sparse:
            text += f", sparse kernels for {', '.join(map(repr, self.sparse))}"
        if self.precision != ("highest",):
            text += f", matmul precision {' and '.join(self.precision)}"
        if self.reason is not None:
            text += f", because {self.reason}"
        if self.cure is not None:
            text += f". Cure: {self.cure}"
        return text


class ExecutionReport:
    """How the parts of a model or the calls of a recorded function run; printed, a line each.
    `report["fit"]` is the `Execution` of that name."""

    def __init__(self, entries: list[Execution]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[Execution]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, what: str) -> Execution:
        for entry in self._entries:
            if entry.what == what:
                return entry
        known = [entry.what for entry in self._entries]
        raise KeyError(f"execution_report: no entry {what!r}; has {known}")

    def __str__(self) -> str:
        return "\n".join(map(str, self._entries)) or "nothing has run yet"

    __repr__ = __str__


def eager(what: str, obstacle: Obstacle) -> Execution:
    """The entry of something that runs through Python."""
    return Execution(what, "eager", None, obstacle.reason, obstacle.cure)


TWO_RUNS = "its first two runs go through Python"
RUN_EAGERLY = Obstacle(
    "the model was compiled with run_eagerly=True", "compile it without run_eagerly", True
)


def warn_eager(who: str, obstacle: Obstacle) -> None:
    """Warns that something is slow, for another reason than the user's own wish."""
    warn_user(
        f"{who} runs every step through Python, which is slow: {obstacle.reason}. {obstacle.cure}. "
        "The results are the same.",
        PerformanceWarning,
    )
