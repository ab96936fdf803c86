"""TerminateOnNaN: ends a training whose loss is not finite."""

from __future__ import annotations

import math

from corereg.callbacks.base import Callback, Logs


class TerminateOnNaN(Callback):
    """Stops `fit` when a batch's loss is NaN or infinite; raises RuntimeError if `raise_error`.

    >>> callbacks.TerminateOnNaN(raise_error=True)
    TerminateOnNaN(raise_error=True)
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"TerminateOnNaN: the loss is {loss} at batch {batch}; try a lower learning rate, "
                "or look for NaN in the data"
            )
        print(f"TerminateOnNaN: the loss is {loss} at batch {batch}, training stops")
        self.model.stop_training = True
