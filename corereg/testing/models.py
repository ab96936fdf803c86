"""check_model: a model trains alike replayed and through Python, and goes on alike once it was
saved and loaded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from corereg.models import load_model
from corereg.random import set_random_seed
from corereg.runtime.report import PerformanceWarning

Array = np.ndarray[Any, Any]
BATCH = 5  # rows of a step: the last batch of most data is short


def require(condition: Any, message: str) -> None:
    """Raises AssertionError with this message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def numbers(*shape: int) -> Array:
    """float32 numbers of order 1 of this shape that are the same at each call.

    >>> testing.numbers(2, 3).shape, bool((testing.numbers(3) == testing.numbers(3)).all())
    ((2, 3), True)
    """
    return np.random.default_rng(1).standard_normal(shape).astype("float32")


def check_model(
    make: Callable[[], Any],
    x: Any,
    y: Any,
    replayed: bool | None = True,
    **options: Any,
) -> None:
    """Raises AssertionError unless a compiled model that `make` gives trains alike replayed and
    through Python, to the bit, and goes on alike once it was saved and loaded.

    x, y: some rows of data, as `fit` takes them, more than 5. replayed: whether its steps have to
    be replayed; None: that may be or not. options: for `fit`.

    >>> def make():
    ...     model = corereg.Sequential([layers.Input((3,)), layers.Dense(1)])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> testing.check_model(make, testing.numbers(6, 3), testing.numbers(6, 1))
    """
    results = []
    for eagerly in (True, False):
        model = _trained(make, eagerly, x, y, **options)
        file = io.BytesIO()
        model.save(file)
        file.seek(0)
        again = load_model(file)
        again.run_eagerly = eagerly
        require(_outcome(again, x) == _outcome(model, x), "a loaded model is not the one saved")
        for each in (model, again):
            _train(each, x, y, epochs=1, **options)
        require(
            _outcome(again, x) == _outcome(model, x),
            "a loaded model does not go on as the one that was saved",
        )
        results.append((model.history.history, _outcome(model, x)))
    require(np.isfinite([*results[0][0].values()]).all(), "the history has NaN or infinity")
    require(
        results[0] == results[1], "training replayed is not training through Python, to the bit"
    )
    found = model.execution_report()["fit"]
    wanted = found.mode if replayed is None else "replayed" if replayed else "eager"
    require(found.mode == wanted, f"expected steps to be {wanted}; {found}")


def _trained(make: Callable[[], Any], eagerly: bool, x: Any, y: Any, **options: Any) -> Any:
    """The model after a fit from a seed that is always one."""
    set_random_seed(3)
    model = make()
    model.run_eagerly = eagerly
    _train(model, x, y, epochs=3, **options)
    return model


def _train(model: Any, x: Any, y: Any, **options: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        model.fit(x, y, batch_size=BATCH, verbose=0, **options)


def _outcome(model: Any, x: Any) -> list[bytes]:
    """Weights, the optimizer's state and predictions, to the bit."""
    arrays = [*model.get_weights(), *model.optimizer.state, model.predict(x, verbose=0)]
    return [a.tobytes() for a in arrays]
