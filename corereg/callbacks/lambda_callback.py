"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.base import HOOKS, Callback


class LambdaCallback(Callback):
    """A callback made of functions, one for each hook named: `LambdaCallback(on_epoch_end=f)`.

    The functions are called like the hooks without `self`: `f(epoch, logs)` for epochs,
    `f(batch, logs=logs)` for batches, `f(logs)` for the rest.

    Raises TypeError for a name that is no hook.
    """

    def __init__(self, **hooks: Any) -> None:
        for name, function in hooks.items():
            if name not in HOOKS:
                raise TypeError(
                    f"LambdaCallback: {name!r} is no hook; known are {', '.join(HOOKS)}"
                )
            if function is not None:
                setattr(self, name, function)
