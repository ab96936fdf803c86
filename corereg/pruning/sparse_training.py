"""sparsify: a sparse network in one call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import numpy as np

from corereg.callbacks.learning_rate_scheduler import LearningRateScheduler
from corereg.optimizers.base import Optimizer
from corereg.pruning.freezing import cut
from corereg.pruning.judging import Judge
from corereg.pruning.kernels import Kernel, check_model, kernels_of
from corereg.pruning.magnitude import check_share, kept
from corereg.pruning.report import SparsifyReport, Trial
from corereg.regularizers.l1l2 import L2
from corereg.regularizers.penalties import fused
from corereg.regularizers.proximal import ProximalL1, ProximalL1L2
from corereg.training.data.structures import is_iterable_of_batches
from corereg.warn import warn_user

Array = np.ndarray[Any, Any]
THRESHOLDS = (1e-3, 3e-3, 1e-2, 1.5e-2, 2e-2, 3e-2)
FIRST_STRENGTH = 1e-4  # of the search for a target
STEPS = 10  # of that search, each twice as strong as the one before
_WHO = "sparsify"


def sparsify(
    model: Any,
    x: Any,
    y: Any = None,
    validation_data: Any = None,
    strength: float | None = None,
    target: float | None = None,
    epochs: int = 60,
    debias_epochs: int = 20,
    batch_size: int | None = None,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    tolerance: float = 0.003,
    loss_tolerance: float = 0.01,
    learning_rate: float | None = None,
    debias_learning_rate: float | None = None,
    scaling: str = "capped",
    layers: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    shuffle: bool = True,
    callbacks: Any = None,
    verbose: int | str = 0,
    augment: Any = None,
) -> SparsifyReport:
    """Trains a compiled model so that most weights of its kernels are exactly 0.0 and stay so;
    returns a report. Three steps:

    1. `epochs` with a `ProximalL1` penalty of each kernel, never of a bias, while the learning rate
       falls to 0 by a cosine.
    2. The smallest weights are cut: all below the largest of `thresholds` that costs at most
       `tolerance` in validation error, 0.003 for 0.3 points; or, if the model was compiled without
       an accuracy, at most `loss_tolerance` of the validation loss, 0.01 for a hundredth of it.
       Nothing is cut if every threshold costs more. Zeros are frozen (`freeze_zeros`).
    3. `debias_epochs` without the penalty, which had made all other weights smaller, too; again by
       a cosine, from `debias_learning_rate`, by default half of the other. Where that costs more
       than the tolerance, as it may with few rows, the weights of step 2 are put back.

    Give either strength, the penalty's, or target, the share of zeros wanted, such as 0.95. For a
    target the strength is searched from weak to strong (a network that has collapsed to zero never
    comes back): 1e-4, then twice as much, each a third of the epochs that go on from the weights of
    the one before, until all but the largest weights can be cut within the tolerance, so that just
    `target` of them are zero, or more are by themselves. If none of 10 strengths will do, or the
    network collapses, the last good one is cut to the target and a warning says what that costs.

    validation_data: (x, y), (x, y, weights) or batches, as `fit` takes it. It chooses the threshold
    and the strength: what the network is worth has to be found out on other rows, a test set.
    learning_rate: to begin each training with; None: what the model's optimizer has now. scaling:
    as of `ProximalL1`. layers: the layers, or their names, whose kernels count; None: all.
    batch_size, sample_weight, class_weight, shuffle, callbacks, verbose, augment: of every `fit`.

    Kernels have the penalty in place of their own, of which the L2 part is kept, in step 3 as well.
    Afterwards the model is compiled as before: regularizers and optimizer are put back, the latter
    without state, as after `compile`. Zeros stay zero until `unfreeze_zeros`.

    ValueError or TypeError, before anything is changed, without validation data, for both or
    neither of strength and target, for numbers that cannot be, for a model that is not built or has
    no kernel, and for an optimizer without a proximal stage; RuntimeError if the model is not
    compiled. ValueError, and no cut, if the training ends with weights that are not finite.

    >>> corereg.set_random_seed(0)
    >>> x = np.random.default_rng(0).standard_normal((200, 20))
    >>> y = x[:, 0] - 2 * x[:, 1]
    >>> model = corereg.Sequential([corereg.Input((20,)), layers.Dense(1)])
    >>> model.compile(optimizers.Adam(0.01), "mse")
    >>> report = pruning.sparsify(model, x, y, validation_data=(x, y), strength=0.1)
    >>> report.zeros > 0.5
    True
    """
    _check_data(x, validation_data)
    _check_numbers(strength, target, epochs, debias_epochs, thresholds)
    for name, value in (("tolerance", tolerance), ("loss_tolerance", loss_tolerance)):
        if not isinstance(value, int | float | np.number) or math.isnan(value):
            raise ValueError(f"{_WHO}: expected {name} as a number, received {value!r}")
    check_model(_WHO, model)
    model._trainer.lock.check_idle(_WHO)
    own = model._trainer.compilation.need_optimizer(_WHO)
    kernels = kernels_of(_WHO, model, layers)
    penalty = ProximalL1(FIRST_STRENGTH if strength is None else strength, scaling)
    for kernel in kernels:
        own.check_regularizer(penalty, kernel.weight.name)
    rate = float(own.learning_rate if learning_rate is None else learning_rate)
    slower = rate / 2 if debias_learning_rate is None else float(debias_learning_rate)
    for one in (rate, slower):
        _fresh(own, one)  # says what it does not like
    judge = Judge(model, validation_data, tolerance, loss_tolerance)
    fit_options = {
        "x": x,
        "y": y,
        "batch_size": batch_size,
        "validation_data": validation_data,
        "sample_weight": sample_weight,
        "class_weight": class_weight,
        "shuffle": shuffle,
        "callbacks": [] if callbacks is None else callbacks,
        "verbose": verbose,
        "augment": augment,
    }
    with _put_back(model, own, kernels):
        training = _Training(model, own, kernels, judge, scaling, fit_options)
        start = judge()
        if target is None:
            assert strength is not None
            before, threshold = training.with_strength(strength, rate, epochs, thresholds)
        else:
            before, threshold = training.with_target(target, rate, epochs)
        at_cut = end = judge()
        debiased = bool(debias_epochs)
        if debiased:
            kept_weights = model.get_weights()
            training.fit(None, slower, debias_epochs)
            end = judge()
            if not judge.allows(at_cut, end):
                model.set_weights(kept_weights)
                debiased, end = False, at_cut
    return SparsifyReport(
        training.trials[training.chosen].strength,
        threshold,
        model.sparsity(),
        judge.measure,
        *(start, before, at_cut, end),
        debiased,
        sum(len(one.get("loss", ())) for one in training.history),
        tuple(training.trials),
        tuple(training.history),
    )


class _Training:
    """The trainings of one `sparsify`, and its cuts."""

    def __init__(
        self,
        model: Any,
        own: Optimizer,
        kernels: Sequence[Kernel],
        judge: Judge,
        scaling: str,
        fit_options: dict[str, Any],
    ) -> None:
        self._model, self._own, self._judge = model, own, judge
        self._weights = [kernel.weight for kernel in kernels]
        self._l2 = [0.0 if (r := fused(w.regularizer)) is None else r.l2 for w in self._weights]
        self._scaling, self._fit_options = scaling, fit_options
        self.trials: list[Trial] = []
        self.chosen = 0  # of them
        self.history: list[dict[str, list[Any]]] = []

    def fit(self, strength: float | None, rate: float, epochs: int) -> None:
        """Trains with the penalty, or with None without it, by a fresh optimizer."""
        for w, l2 in zip(self._weights, self._l2, strict=True):
            if strength is not None:
                w.regularizer = ProximalL1L2(strength, l2, self._scaling)
            else:
                w.regularizer = L2(l2) if l2 else None
        self._model.optimizer = _fresh(self._own, rate)
        cosine = LearningRateScheduler(
            lambda epoch: rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
        )
        options = dict(self._fit_options)
        options["callbacks"] = [cosine, options["callbacks"]]
        history = self._model.fit(**options, epochs=epochs)
        self.history.append(history.history)

    def with_strength(
        self, strength: float, rate: float, epochs: int, thresholds: Sequence[float]
    ) -> tuple[float, float]:
        """One strength, and the largest threshold that does not cost too much. Returns the judge's
        number before the cut, and the threshold."""
        self.fit(strength, rate, epochs)
        arrays, before, zeros = self._arrays(), self._judge(), self._zeros()
        if not _finite(arrays):
            raise _diverged(strength)
        cost = None
        for threshold in sorted(thresholds, reverse=True):
            keeps = [np.abs(a) >= threshold for a in arrays]
            cost = self._try(arrays, keeps)
            if self._judge.allows(before, cost):
                break
        else:
            threshold, keeps = 0.0, [a != 0 for a in arrays]
        self.trials.append(Trial(strength, zeros, before, cost))
        self._cut(arrays, keeps)
        return before, threshold

    def with_target(self, target: float, rate: float, epochs: int) -> tuple[float, float]:
        """The weakest strength with which the target costs not too much. Returns as
        `with_strength`."""
        last: tuple[list[Array], float] | None = None  # the last that had not collapsed
        strength = FIRST_STRENGTH
        for step in range(STEPS):
            self.fit(strength, rate, max(epochs // 3, 1) if step else epochs)
            arrays, before, zeros = self._arrays(), self._judge(), self._zeros()
            if any(not a.any() for a in arrays) or not _finite(arrays):
                self.trials.append(Trial(strength, zeros, before, None))
                break
            self.chosen = step
            keeps = kept(arrays, target, "global")
            cost = None if zeros >= target else self._try(arrays, keeps)
            self.trials.append(Trial(strength, zeros, before, cost))
            if cost is None or self._judge.allows(before, cost):
                return before, self._cut(arrays, keeps)
            last = arrays, before
            strength *= 2
        if last is None:
            if not _finite(arrays):
                raise _diverged(strength)
            raise ValueError(
                f"{_WHO}: expected a network that does not collapse to zero at the strength "
                f"{FIRST_STRENGTH:g}; lower the learning rate, or give scaling='capped'"
            )
        arrays, before = last
        keeps = kept(arrays, target, "global")
        threshold = self._cut(arrays, keeps)
        warn_user(
            f"{_WHO}: no strength gave {100 * target:g} % zeros within the tolerance; the "
            f"validation {self._judge.measure} went from {before:.6g} to {self._judge():.6g}"
        )
        return before, threshold

    def _arrays(self) -> list[Array]:
        return [w._copied() for w in self._weights]

    def _zeros(self) -> float:
        """The share of exact zeros now."""
        count = sum(w.data.size for w in self._weights)
        return 1 - sum(int(np.count_nonzero(w.data)) for w in self._weights) / count

    def _try(self, arrays: Sequence[Array], keeps: Sequence[Array]) -> float:
        """What the judge says of these weights if only some are kept; then they are back."""
        self._assign([np.where(keep, a, 0) for a, keep in zip(arrays, keeps, strict=True)])
        try:
            return self._judge()
        finally:
            self._assign(arrays)

    def _cut(self, arrays: Sequence[Array], keeps: Sequence[Array]) -> float:
        """Cuts for good; returns the size of the largest weight that was cut."""
        gone = [np.abs(a[~keep]).max(initial=0.0) for a, keep in zip(arrays, keeps, strict=True)]
        self._assign(arrays)
        keeps = [keep & (a != 0) for a, keep in zip(arrays, keeps, strict=True)]
        with self._model._trainer.shared_lock(self._model).writing:
            cut(self._model.optimizer, self._weights, keeps)
        return float(max(gone, default=0.0))

    def _assign(self, arrays: Sequence[Array]) -> None:
        with self._model._trainer.shared_lock(self._model).writing:
            for w, a in zip(self._weights, arrays, strict=True):
                w.assign(a)


def _finite(arrays: Sequence[Array]) -> bool:
    return all(bool(np.isfinite(a).all()) for a in arrays)


def _diverged(strength: float) -> ValueError:
    return ValueError(
        f"{_WHO}: expected a training that converges, received weights that are not finite after "
        f"that with the strength {strength:g}; nothing was cut; lower the learning rate, and build "
        "the model anew"
    )


def _fresh(optimizer: Optimizer, rate: float) -> Optimizer:
    """An optimizer like this one, without state, with another learning rate: where one is around
    another, that of the inner one."""
    kind, config, inner = type(optimizer), optimizer.get_config(), optimizer.stepping
    if inner is not optimizer:
        return kind(**{**config, "base": _fresh(inner, rate)})
    return kind.from_config({**config, "learning_rate": rate})


@contextmanager
def _put_back(model: Any, own: Optimizer, kernels: Sequence[Kernel]) -> Iterator[None]:
    """Puts regularizers and optimizer back at the end, however it comes; the optimizer's state is
    forgotten if it was that of other weights."""
    regularizers = [kernel.weight.regularizer for kernel in kernels]
    before = model.get_weights()
    try:
        yield
    finally:
        for kernel, regularizer in zip(kernels, regularizers, strict=True):
            kernel.weight.regularizer = regularizer
        model.optimizer = own
        same = map(np.array_equal, before, model.get_weights(), repeat(True))
        if own.built and not all(same):
            own.build(own.parameters)


def _check_data(x: Any, validation_data: Any) -> None:
    """ValueError for data that cannot be read as often as they are needed."""
    if validation_data is None:
        raise ValueError(
            f"{_WHO}: expected validation_data, such as (x_val, y_val), received None; it decides "
            "what is cut"
        )
    arrays = isinstance(validation_data, tuple | list) and len(validation_data) in (2, 3)
    if not arrays and not is_iterable_of_batches(validation_data):
        raise ValueError(
            f"{_WHO}: expected validation_data as (x, y), (x, y, sample_weight) or an iterable of "
            f"batches, received {type(validation_data).__name__}"
        )
    for name, data in (("x", x), ("validation_data", validation_data)):
        if isinstance(data, Iterator):
            raise ValueError(
                f"{_WHO}: expected {name} that can be read more than once, such as arrays or a "
                f"list of batches, received {type(data).__name__}"
            )


def _check_numbers(
    strength: float | None,
    target: float | None,
    epochs: int,
    debias_epochs: int,
    thresholds: Sequence[float],
) -> None:
    """ValueError or TypeError for numbers that cannot be."""
    if (strength is None) == (target is None):
        raise ValueError(
            f"{_WHO}: expected either strength, such as 1e-4, or target, such as 0.9, received "
            f"strength={strength!r} and target={target!r}"
        )
    if target is not None:
        check_share(_WHO, "target", target)
    for name, value, least in (("epochs", epochs, 1), ("debias_epochs", debias_epochs, 0)):
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
            raise ValueError(
                f"{_WHO}: expected {name} as a whole number >= {least}, received {value!r}"
            )
    if not isinstance(thresholds, Sequence | np.ndarray) or not all(
        isinstance(t, int | float | np.number) and t >= 0 for t in thresholds
    ):
        raise ValueError(f"{_WHO}: expected thresholds as numbers >= 0, received {thresholds!r}")
