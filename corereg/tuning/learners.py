"""What a search trains: models that a function builds, or estimators in scikit-learn's form.

A training is a function of its settings, its rows and its seed alone, so that it is the same in
whichever thread or process it runs, and whatever ran before.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from corereg.models.model import Model
from corereg.random import OwnStreams, mix
from corereg.training.likelihood import (
    BERNOULLI,
    CATEGORICAL,
    TINY,
    OutputKind,
    figure_of_merit,
    kind_by_activation,
    output_kind,
    sigmoid,
    softmax,
)
from corereg.tuning.folds import Rows, rows_of
from corereg.tuning.scoring import SCORES, check_scoring
from corereg.tuning.space import WHO, Settings, short

Array = np.ndarray[Any, Any]
OF_FIT = ("epochs", "batch_size")  # settings that go to fit where build does not take them


class Learner(Protocol):
    """Trains and scores. scoring: a name or a function, once `prepare` has been called."""

    scoring: Any
    classifies: bool
    epochs: int | None  # of a training; None: not known
    goes_on: bool  # whether `train` heeds start

    def prepare(self, settings: Settings, rows: Rows) -> None:
        """Looks at what is to be trained; ValueError or TypeError for what cannot be."""

    def parameters(self) -> list[str]:
        """The names that settings may have, as far as they are known."""

    def train(
        self, settings: Settings, rows: Rows, seed: int, epochs: int | None, start: Any = None
    ) -> Any:
        """What has been trained; start: what `state` gave of a weaker training to go on from."""

    def score(self, trained: Any, rows: Rows) -> float: ...

    def state(self, trained: Any) -> Any:
        """What `restore` needs, small, to be kept and sent."""

    def restore(self, settings: Settings, state: Any, rows: Rows, seed: int) -> Any:
        """What had been trained."""

    def norms(self, trained: Any) -> dict[str, float]:
        """The Euclidean norm of each kernel, see `kernel_norms`."""


class ModelLearner:
    """Models: `build(**settings)` gives each compiled.

    epochs, batch_size: as for `fit`; fit_options: more arguments of `fit`.
    """

    goes_on = True

    def __init__(
        self,
        build: Callable[..., Any],
        scoring: Any,
        epochs: int,
        batch_size: int | None,
        fit_options: Mapping[str, Any],
    ) -> None:
        self.build, self.scoring = build, scoring
        self.epochs: int | None = epochs
        self.batch_size, self.fit_options = batch_size, dict(fit_options)
        self.classifies = False
        parameters = inspect.signature(build).parameters.values()
        self._named = [
            p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        self._takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)

    def parameters(self) -> list[str]:
        return self._named

    def prepare(self, settings: Settings, rows: Rows) -> None:
        model = self._built(settings, seed=0)
        if model._trainer.compilation.optimizer is None:
            raise ValueError(f"{WHO}: expected build to give a compiled model, received {model!r}")
        kind = kind_of(model).kind
        self.classifies = kind is not None
        self.scoring = check_scoring(self.scoring, kind)

    def _built(self, settings: Settings, seed: int) -> Model:
        given = {name: value for name, value in settings.items() if self._for_build(name)}
        with OwnStreams(seed):
            model = self.build(**given)
        if not isinstance(model, Model):
            raise TypeError(
                f"{WHO}: expected build to give a corereg Model, received {type(model).__name__}"
            )
        return model

    def _for_build(self, name: str) -> bool:
        return name in self._named or (self._takes_all and name not in OF_FIT)

    def _check_names(self, settings: Settings) -> None:
        unknown = [n for n in settings if not self._for_build(n) and n not in OF_FIT]
        if unknown:
            raise ValueError(
                f"{WHO}: expected settings that build takes ({', '.join(self._named)}), or "
                f"{' and '.join(OF_FIT)}; received {', '.join(map(repr, unknown))}"
            )

    def train(
        self, settings: Settings, rows: Rows, seed: int, epochs: int | None, start: Any = None
    ) -> Model:
        self._check_names(settings)
        model = self._built(settings, seed)
        of_fit = {n: v for n, v in settings.items() if n in OF_FIT and not self._for_build(n)}
        options = {"batch_size": self.batch_size, **self.fit_options, "verbose": 0, **of_fit}
        if epochs is not None or "epochs" not in options:
            options["epochs"] = self.epochs if epochs is None else epochs
        callbacks = options.get("callbacks")
        if callable(callbacks):
            options["callbacks"] = callbacks()
        if start is not None:
            self._build_for(model, rows)
            model.set_weights(start)
        with OwnStreams(mix(seed)):
            model.fit(rows.x, rows.y, sample_weight=rows.weight, **options)
        return model

    def _build_for(self, model: Model, rows: Rows) -> None:
        """Gives a model its weights that does not know its inputs."""
        if not model.built:
            model.predict(rows_of(rows.x, np.arange(1)), verbose=0)

    def score(self, trained: Model, rows: Rows) -> float:
        if callable(self.scoring):
            return float(self.scoring(trained, rows.x, rows.y))
        found = np.asarray(trained.predict(rows.x, verbose=0), float)
        kind = kind_of(trained)
        if kind.from_logits:
            found = softmax(found) if kind.kind == CATEGORICAL else sigmoid(found)
        if not np.isfinite(found).all():
            return float("nan")
        weight = None if rows.weight is None else np.asarray(rows.weight, float)
        return SCORES[self.scoring][0](kind.kind, found, np.asarray(rows.y), weight)

    def state(self, trained: Model) -> list[Array]:
        return trained.get_weights()

    def restore(self, settings: Settings, state: list[Array], rows: Rows, seed: int) -> Model:
        model = self._built(settings, seed)
        self._build_for(model, rows)
        model.set_weights(state)
        one_row = rows_of(rows.x, np.arange(1))
        model._trainer.remember_columns(model, WHO, one_row)
        return model

    def norms(self, trained: Model) -> dict[str, float]:
        return kernel_norms(trained)


def kind_of(model: Model) -> OutputKind:
    """What a model with one output gives, by its loss and its last layer."""
    activated = None
    if not model._has_own_call and model.built and len(model.outputs) == 1:
        activated = kind_by_activation(model.outputs[0])
    return output_kind(model._trainer.compilation.loss, activated)


def kernel_norms(model: Any) -> dict[str, float]:
    """The Euclidean norm of each matrix of weights, by its number in the order of the layers."""
    kernels = [p.data for p in model.trainable_weights if p.data.ndim > 1]
    return {f"kernel_{i}": float(np.linalg.norm(w.ravel())) for i, w in enumerate(kernels, 1)}


class EstimatorLearner:
    """Estimators in scikit-learn's form: each training is of a clone."""

    epochs: int | None = None
    goes_on = False

    def __init__(self, estimator: Any, scoring: Any, fit_options: Mapping[str, Any]) -> None:
        self.estimator, self.scoring, self.fit_options = estimator, scoring, dict(fit_options)
        self.classifies = False

    def parameters(self) -> list[str]:
        return sorted(self.estimator.get_params(deep=True))

    def prepare(self, settings: Settings, rows: Rows) -> None:
        from sklearn.base import is_classifier, is_regressor
        from sklearn.metrics import check_scoring as scorer_of

        own = self.estimator.get_params(deep=True)
        lengths = {own[name] for name in epoch_parameters(own)}
        self.epochs = lengths.pop() if len(lengths) == 1 else None
        self.goes_on = self.epochs is not None and any(_is(n, "warm_start") for n in own)
        self.classifies = is_classifier(self.estimator)
        if self.scoring is None and self.classifies:
            likely = hasattr(self.estimator, "predict_proba")
            self.scoring = "neg_log_loss" if likely else "accuracy"
        elif self.scoring is None and is_regressor(self.estimator):
            self.scoring = "r2"
        likely = self.scoring == "neg_log_loss"
        self.scorer = log_likelihood if likely else scorer_of(self.estimator, self.scoring)

    def _clone(self, settings: Settings, seed: int, start: Any) -> Any:
        """An estimator with these settings; start: whose weights it is to go on from, if any."""
        from sklearn.base import clone

        estimator = clone(self.estimator) if start is None else copy.deepcopy(start)
        estimator.set_params(**{n: clone(v, safe=False) for n, v in settings.items()})
        own = estimator.get_params(deep=True)
        seeds = {
            n: mix(seed) % 2**31 for n, v in own.items() if v is None and _is(n, "random_state")
        }
        if seeds:
            estimator.set_params(**seeds)
        return estimator

    def train(
        self, settings: Settings, rows: Rows, seed: int, epochs: int | None, start: Any = None
    ) -> Any:
        estimator = self._clone(settings, seed, start)
        own = estimator.get_params(deep=True)
        warm = {n: v for n, v in own.items() if start is not None and _is(n, "warm_start")}
        estimator.set_params(**dict.fromkeys(warm, True))
        if epochs is not None:
            estimator.set_params(**dict.fromkeys(epoch_parameters(own), epochs))
        options = dict(self.fit_options)
        if rows.weight is not None:
            options["sample_weight"] = rows.weight
        with OwnStreams(seed):
            if rows.y is None:
                estimator.fit(rows.x, **options)
            else:
                estimator.fit(rows.x, rows.y, **options)
        return estimator.set_params(**warm)

    def score(self, trained: Any, rows: Rows) -> float:
        weight = {} if rows.weight is None else {"sample_weight": rows.weight}
        return float(self.scorer(trained, rows.x, rows.y, **weight))

    def state(self, trained: Any) -> Any:
        return trained

    def restore(self, settings: Settings, state: Any, rows: Rows, seed: int) -> Any:
        return state

    def norms(self, trained: Any) -> dict[str, float]:
        model = model_of(trained)
        return {} if model is None else kernel_norms(model)


def log_likelihood(estimator: Any, x: Any, y: Any, sample_weight: Any = None) -> float:
    """The mean over the rows of log p(y) by an estimator's `predict_proba`; of several outputs
    their mean. As scikit-learn's "neg_log_loss", for rows that lack some of the classes, too."""
    p, classes = estimator.predict_proba(x), estimator.classes_
    weight = None if sample_weight is None else np.asarray(sample_weight, float)
    y = np.asarray(y)
    if not isinstance(p, list):
        if y.ndim == 2 and y.shape == np.shape(p):  # labels, each by itself
            return -figure_of_merit(BERNOULLI, p, y, weight)
        p, classes, y = [p], [classes], y.reshape(-1, 1)
    found = [
        _log_likelihood(np.asarray(own, float), np.asarray(labels), y[:, i], weight)
        for i, (own, labels) in enumerate(zip(p, classes, strict=True))
    ]
    return float(np.mean(found))


def _log_likelihood(p: Array, labels: Array, y: Array, weight: Array | None) -> float:
    places = np.clip(np.searchsorted(labels, y), 0, len(labels) - 1)
    right = np.where(labels[places] == y, np.take_along_axis(p, places[:, None], 1)[:, 0], 0)
    return float(np.average(np.log(np.clip(right, TINY, 1)), weights=weight))


def _is(name: str, parameter: str) -> bool:
    return short(name) == parameter


def epoch_parameters(names: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """Of an estimator's parameters those that say how long it trains."""
    return [name for name in names if short(name) in ("epochs", "max_iter")]


def model_of(estimator: Any) -> Model | None:
    """The corereg model of a fitted estimator, or of the last step of a pipeline; None: none."""
    steps = getattr(estimator, "steps", None)
    if steps:
        estimator = steps[-1][1]
    found = getattr(estimator, "model_", None)
    return found if isinstance(found, Model) else None
