"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.base import HOOKS, Callback


class LambdaCallback(Callback):
    """A callback made of functions, one for each hook named: `LambdaCallback(on_epoch_end=f)`.

    The functions are called like the hooks without `self`: `f(epoch, logs)` for epochs,
    `f(batch, logs=logs)` for batches, `f(logs)` for the rest. All hooks of `Callback` can be named,
    those of tests and predictions, too. What has a name that does not begin with "on_" becomes an
    attribute.

    Raises TypeError for another name with "on_", which is no hook.

    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> tell = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print("epoch", epoch))
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=2, verbose=0, callbacks=tell)
    epoch 0
    epoch 1
    """

    def __init__(
        self,
        on_epoch_begin: Any = None,
        on_epoch_end: Any = None,
        on_train_begin: Any = None,
        on_train_end: Any = None,
        on_train_batch_begin: Any = None,
        on_train_batch_end: Any = None,
        **kwargs: Any,
    ) -> None:
        named = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in {**named, **kwargs}.items():
            if name not in HOOKS and name.startswith("on_"):
                raise TypeError(
                    f"LambdaCallback: {name!r} is no hook; known are {', '.join(HOOKS)}"
                )
            if function is not None:
                setattr(self, name, function)
