"""From an estimator's parameters to a compiled model, and to the arguments of its training."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import numpy as np

from corereg import registry
from corereg.callbacks.base import Callback
from corereg.graph.tensor import STRING
from corereg.losses.base import Loss, get as get_loss
from corereg.metrics.base import Metric
from corereg.models.model import Model
from corereg.optimizers.base import Optimizer
from corereg.random import OwnStreams, mix
from corereg.sklearn.routing import as_classes, build, route, takes
from corereg.warn import warn_user

PREDICT_ARGUMENTS = frozenset({"batch_size", "verbose", "steps"})
COMPILE_ARGUMENTS = frozenset(
    {"optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly"}
)


# ---- seeds ---------------------------------------------------------------------------------------


def seed_of(random_state: Any) -> int | None:
    """A seed from what scikit-learn calls random_state. A RandomState gives the same seed at every
    call, as long as nobody draws from it. ValueError for what is none."""
    if random_state is None:
        return None
    if isinstance(random_state, np.random.RandomState):
        return int(copy.deepcopy(random_state).randint(2**31 - 1))
    if isinstance(random_state, bool) or not hasattr(random_state, "__index__"):
        raise ValueError(
            "expected random_state as an integer, a RandomState of NumPy or None, received "
            f"{random_state!r}"
        )
    return int(random_state)


def seeded(seed: int | None, training: bool = False) -> contextlib.AbstractContextManager[None]:
    """``with seeded(seed):`` all that is drawn in this thread follows from the seed; None changes
    nothing. training: other numbers than those of the model's making."""
    if seed is None:
        return contextlib.nullcontext()
    return OwnStreams(mix(seed) if training else seed)


# ---- models --------------------------------------------------------------------------------------


def build_model(estimator: Any, seed: int | None) -> Model:
    """The model of an estimator: a Model that it was given, or what the function gives that it was
    given, called with the parameters addressed to it, and with `meta`, `compile_kwargs` and
    `params` if it takes them."""
    who, function = type(estimator).__name__, _function_of(estimator)
    if isinstance(function, Model):
        return function
    params = estimator._own_params()
    mine = route(params, "model", [n for n in estimator._addressed if "__" not in n])
    arguments = {name: value for name, value in mine.items() if "__" not in name}
    if takes(function, "meta"):
        arguments["meta"] = estimator._get_metadata()
    if takes(function, "compile_kwargs"):
        arguments["compile_kwargs"] = compile_arguments(estimator)
    if takes(function, "params"):
        arguments["params"] = params
    with seeded(seed):
        model = function(**arguments)
    if not isinstance(model, Model):
        raise TypeError(f"{who}: expected a Model from the function for it, received {model!r}")
    return model


def _function_of(estimator: Any) -> Any:
    who, given = type(estimator).__name__, estimator.model
    own = getattr(estimator, "_keras_build_fn", None)
    if given is None and estimator.build_fn is not None:
        warn_user(f"{who}: build_fn is an older name of model; write {who}(model=...)")
        given = estimator.build_fn
    if given is None:
        if own is None:
            raise ValueError(
                f"{who}: expected model as a Model or a function that gives one, received None; a "
                "subclass may have a method _keras_build_fn in its place"
            )
        return own
    if not isinstance(given, Model) and (isinstance(given, type) or not callable(given)):
        raise TypeError(
            f"{who}: expected model as a Model or a function that gives one, received {given!r}"
        )
    if own is not None and not isinstance(given, Model):
        raise ValueError(
            f"{who}: expected either model or the method _keras_build_fn, received both"
        )
    return given


# ---- compile -------------------------------------------------------------------------------------


def compile_arguments(estimator: Any) -> dict[str, Any]:
    """The arguments of `compile`: classes and names made objects with the parameters addressed to
    them. Objects that training changes are copied, so that the estimator's parameters stay."""
    params = estimator._own_params()
    found = route(params, "compile", COMPILE_ARGUMENTS)
    for name, kind in (("optimizer", "optimizer"), ("loss", "loss"), ("metrics", "metric")):
        given = as_classes(kind, found[name])
        found[name] = build(name, _copied(given), route(params, name))
    if found["metrics"] is not None and not isinstance(found["metrics"], dict | list | tuple):
        found["metrics"] = [found["metrics"]]
    return found


def _copied(items: Any) -> Any:
    if isinstance(items, dict):
        return {name: _copied(one) for name, one in items.items()}
    if isinstance(items, list | tuple):
        return [_copied(one) for one in items]
    return copy.deepcopy(items) if isinstance(items, Optimizer | Metric) else items


def compile_if_needed(estimator: Any, model: Model) -> None:
    """Compiles an estimator's model with its parameters, unless it is compiled. ValueError if it
    has no loss or no optimizer then."""
    who = type(estimator).__name__
    if not model.compiled:
        model.compile(**compile_arguments(estimator))
    for name in ("loss", "optimizer"):
        if not getattr(model, name):
            raise ValueError(
                f"{who}: expected a compiled model or {name}=..., received neither; the model was "
                f"compiled without, or {who} was not given any"
            )


def check_model(estimator: Any, model: Model) -> None:
    """ValueError if a model's outputs or its loss are not those that the estimator expects."""
    who = type(estimator).__name__
    expected = getattr(estimator, "n_outputs_expected_", None)
    outputs = getattr(model, "outputs", None)  # None: they are not known before the first batch
    if expected is not None and outputs is not None and len(outputs) != expected:
        raise ValueError(
            f"{who}: expected a model with {expected} output(s) for these targets, received "
            f"{model.name!r} with {len(outputs)}; a target_encoder of your own says otherwise by "
            "n_outputs_expected_"
        )
    wanted, got = _loss_class(estimator.loss), _loss_class(model.loss)
    if wanted is not None and got is not None and wanted is not got:
        raise ValueError(
            f"{who}: expected a model with loss={estimator.loss!r}, as the estimator has it, "
            f"received one that is compiled with {model.loss!r}"
        )


def takes_texts(model: Model) -> bool:
    """Whether one of the model's inputs is of texts."""
    return any(kind.dtype == STRING for kind in model._input_kinds or ())


def _loss_class(loss: Any) -> type | None:
    """The class of one loss; None for none, for several and for functions."""
    if isinstance(loss, type):
        return loss if issubclass(loss, Loss) else None
    if isinstance(loss, str | Loss):
        return type(get_loss(loss))
    return None


# ---- training ------------------------------------------------------------------------------------


def fit_arguments(estimator: Any, x: Any) -> dict[str, Any]:
    """The arguments of `model.fit` among the parameters, and the callbacks."""
    found = route(estimator._own_params(), "fit", estimator._fit_kwargs)
    found = {n: v for n, v in found.items() if not n.startswith("callbacks")}
    for name in ("batch_size", "validation_batch_size"):
        if found.get(name) == -1:
            found[name] = len(x)
    found["callbacks"] = callbacks_of(estimator, "fit")
    return found


def callbacks_of(estimator: Any, run: str) -> list[Any]:
    """The callbacks of "fit" or "predict": those of `callbacks`, and of `fit__callbacks` or
    `predict__callbacks`. TypeError for what is none."""
    params = estimator._own_params()
    found: list[Any] = []
    for name in ("callbacks", f"{run}__callbacks"):
        given = params.get(name)
        if given is None:
            continue
        built = build(name, given, route(params, name))
        entries = list(built.values()) if isinstance(built, dict) else built
        entries = [entries] if isinstance(entries, Callback) else entries
        if not isinstance(entries, list | tuple) or not all(map(_is_callback, entries)):
            raise TypeError(
                f"{type(estimator).__name__}: expected {name} as a callback, or a list or dict of "
                f"callbacks, of their classes, or of lists of them; received {given!r}"
            )
        for entry in entries:
            found += entry if isinstance(entry, list) else [entry]
    return found


def _is_callback(entry: Any) -> bool:
    inner = entry if isinstance(entry, list) else [entry]
    return all(isinstance(one, Callback) for one in inner)


def full_name(logged: str) -> str:
    """The name in `history_` for one in the logs: of metrics that are known by several names the
    longest, "mean_squared_error" for "mse"; "acc", names of one's own and "val_mse" stay."""
    if logged in ("loss", "penalty") or logged.startswith("val_"):
        return logged
    found = registry.find("metric", logged)
    return found().name if isinstance(found, type) and issubclass(found, Metric) else logged
