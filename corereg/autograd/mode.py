"""Whether ops are being recorded in the graph: one flag a thread."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from corereg import _kernels

F = TypeVar("F", bound=Callable[..., Any])

state = _kernels.GradMode()


def is_grad_enabled() -> bool:
    """True where ops build the graph (the default), False inside `no_grad`."""
    return state.enabled


class _Switch:
    """A context manager and decorator that sets the flag and puts it back."""

    value: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(state.enabled)
        state.enabled = self.value

    def __exit__(self, *error: object) -> None:
        state.enabled = self._before.pop()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return switched  # type: ignore[return-value]


class no_grad(_Switch):
    """Ops inside build no graph: ``with no_grad(): ...`` or ``@no_grad()``."""

    value = False


class enable_grad(_Switch):
    """Ops inside build the graph again, within a `no_grad`."""

    value = True
