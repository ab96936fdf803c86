"""Optimizers, with Keras 3's rules, names and defaults; each step is one sweep in C.

A step clips, decays weights (`w -= w * weight_decay * learning_rate`, biases too) and then moves,
as in Keras. In `fit` the same sweep adds the gradient of L1/L2 penalties and sums their value.

In a loop of one's own:

    optimizer.build(model.trainable_weights)
    loss = loss_function(y, model(x, training=True)) + sum(model.losses)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from corereg import _kernels, registry
from corereg.autograd import Parameter, Tensor
from corereg.autograd.parameter import aligned
from corereg.recordable import Recordable
from corereg.registry import register
from corereg.regularizers.penalties import fused

Array = np.ndarray[Any, Any]


class HyperNumber:
    """A number that the kernels read from memory at every step: setting it takes effect at the
    next one. stateful: whether there is state for it unless it is 0."""

    def __init__(self, field: str, below: float = math.inf, stateful: bool = False) -> None:
        self._field, self._below, self._stateful = field, below, stateful

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, optimizer: Optimizer, owner: type | None = None) -> float:
        return float(getattr(optimizer._hyper, self._field))

    def __set__(self, optimizer: Optimizer, value: float) -> None:
        optimizer._check(self._name, value, self._below)
        if self._stateful and (value > 0) != (self.__get__(optimizer) > 0):
            raise ValueError(
                f"{type(optimizer).__name__}: {self._name} cannot change between 0 and more, for "
                f"its state is made or not; make an optimizer with {self._name}={value!r}"
            )
        setattr(optimizer._hyper, self._field, float(value))


class Optimizer(Recordable):
    """Base class. learning_rate > 0 or = 0; weight_decay: None or >= 0; at most one of clipnorm
    (of each variable's gradient), global_clipnorm (of all) and clipvalue (of each element)."""

    rule: ClassVar[str]
    learning_rate = HyperNumber("learning_rate")

    def __init__(
        self,
        learning_rate: float,
        *,
        beta1: float = 0.0,
        beta2: float = 0.0,
        epsilon: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or type(self).__name__.lower()
        self._check("learning_rate", learning_rate)
        limits = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        for key, value in {"weight_decay": weight_decay, **limits}.items():
            if value is not None:
                self._check(key, value)
        if sum(value is not None for value in limits.values()) > 1:
            raise ValueError(
                f"{type(self).__name__}: expected at most one of clipnorm, clipvalue and "
                f"global_clipnorm, received {limits}"
            )
        self.weight_decay = weight_decay
        self.clipnorm, self.global_clipnorm = clipnorm, global_clipnorm
        self._hyper = _kernels.Hyper(float(learning_rate), beta1, beta2, epsilon, clipvalue)
        self.parameters: list[Parameter] = []
        self.slots: list[tuple[Array | None, ...]] = []
        self._tables: dict[bool, tuple[list[Any], Any, list[Parameter], Array]] = {}

    def _check(self, name: str, value: Any, below: float = math.inf) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(
                f"{type(self).__name__}: expected {name} as a number, received {value!r}"
            )
        if not 0 <= value < below or not math.isfinite(value):
            bound = "" if below == math.inf else f" and < {below}"
            raise ValueError(
                f"{type(self).__name__}: expected {name} >= 0{bound}, received {value!r}"
            )

    def slot_count(self) -> tuple[bool, bool, bool]:
        """Which of the rule's state arrays are wanted, see kernels.h."""
        return (False, False, False)

    def build(self, parameters: Sequence[Parameter]) -> None:
        """Takes the parameters to train and makes their state, zeros. Begins anew if called
        with other parameters."""
        parameters = list(parameters)
        for p in parameters:
            if not isinstance(p, Parameter):
                raise TypeError(
                    f"{type(self).__name__}.build: expected Parameters, received "
                    f"{type(p).__name__}; wrap it with corereg.Parameter"
                )
        if len({p.dtype for p in parameters}) > 1:
            raise ValueError(
                f"{type(self).__name__}.build: expected parameters of one dtype, received "
                f"{sorted({str(p.dtype) for p in parameters})}"
            )
        # An interrupt in here leaves an optimizer that is not built, and is built again when used.
        self.parameters = []
        self.slots = [
            tuple(aligned(np.zeros_like(p.data)) if want else None for want in self.slot_count())
            for p in parameters
        ]
        self._tables = {}
        self._hyper.step = 0
        self.parameters = parameters

    @property
    def clipvalue(self) -> float | None:
        found = self._hyper.clipvalue
        return None if found == math.inf else found

    @clipvalue.setter
    def clipvalue(self, value: float | None) -> None:
        if value is not None:
            self._check("clipvalue", value)
        self._hyper.clipvalue = math.inf if value is None else float(value)

    @property
    def iterations(self) -> int:
        """Steps done."""
        return int(self._hyper.step)

    @property
    def state(self) -> list[Array]:
        """The state arrays, parameter by parameter: what a file keeps."""
        return [a for slots in self.slots for a in slots if a is not None]

    def restore(self, iterations: int, state: Sequence[Array]) -> None:
        """Puts back what `iterations` and `state` gave."""
        if iterations < 0:
            raise ValueError(
                f"{type(self).__name__}.restore: expected iterations >= 0, received {iterations}"
            )
        own = self.state
        if [a.shape for a in own] != [a.shape for a in state]:
            raise ValueError(
                f"{type(self).__name__}.restore: expected state of shapes "
                f"{[a.shape for a in own]}, received {[a.shape for a in state]}"
            )
        for mine, saved in zip(own, state, strict=True):
            np.copyto(mine, saved)
        self._hyper.step = int(iterations)

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for p in self.parameters:
            p._grad = None

    def step(self, penalties: bool = False) -> float:
        """Updates every trainable parameter from its gradient (None counts as zero).

        penalties: True adds the gradient of each parameter's own L1/L2 regularizer in the same
        sweep and returns their value before the step; use it when the loss does not contain them
        already. False returns 0.
        """
        return float(self.update(penalties).sum())

    def update(self, penalties: bool = False) -> Array:
        """As `step`; returns the penalty in parts, float64, that the next step overwrites."""
        if not self.parameters:
            raise RuntimeError(
                f"{type(self).__name__}.step: no parameters; call build(parameters) first"
            )
        _kernels.track_dependency(self)
        _, segments, trained, sums = self._table(penalties)
        for i, p in enumerate(trained):
            grad = p._grad
            segments.set_gradient(i, grad.data if isinstance(grad, Tensor) else grad)
        limit = self.clipnorm if self.global_clipnorm is None else self.global_clipnorm
        scales = None
        if limit is not None:
            scales = np.empty(len(trained))
            every = self.global_clipnorm is not None
            _kernels.clip_scales(segments, float(limit), every, scales, sums)
        _kernels.update(self.rule, segments, self._hyper, sums, scales)
        for p in trained:
            p.changed()
        return sums

    def _table(self, penalties: bool) -> tuple[list[Any], Any, list[Parameter], Array]:
        """The trainable parameters as the kernels see them; made anew only when they change."""
        own = [fused(p.regularizer) for p in self.parameters]
        strengths = [(r.l1, r.l2) if r and penalties else (0.0, 0.0) for r in own]
        decay = float(self.weight_decay or 0.0)
        now = [
            (p.requires_grad, id(p.data), s, decay)
            for p, s in zip(self.parameters, strengths, strict=True)
        ]
        cached = self._tables.get(penalties)
        if cached is not None and cached[0] == now:
            return cached
        picked = [i for i, p in enumerate(self.parameters) if p.trainable]
        trained = [self.parameters[i] for i in picked]
        segments = _kernels.Segments(
            [p.data for p in trained],
            [self.slots[i] for i in picked],
            [strengths[i][0] for i in picked],
            [strengths[i][1] for i in picked],
            [decay] * len(trained),
        )
        table = (now, segments, trained, np.zeros(segments.blocks))
        self._tables[penalties] = table
        return table

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_tables": {}}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
        }


@register("optimizer", "sgd")
class SGD(Optimizer):
    """w -= lr g; with momentum mu: m = mu m - lr g, w += m; Nesterov: w += mu m - lr g."""

    recordable = True
    momentum = HyperNumber("beta1", stateful=True)

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Any,
    ) -> None:
        self._check("momentum", momentum)
        if momentum > 1:
            raise ValueError(f"SGD: expected momentum in [0, 1], received {momentum!r}")
        super().__init__(learning_rate, beta1=momentum, **options)
        self.nesterov = bool(nesterov)
        self.rule = ("nesterov" if nesterov else "momentum") if momentum else "sgd"  # type: ignore[misc]

    def slot_count(self) -> tuple[bool, bool, bool]:
        return (self.momentum > 0, False, False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@register("optimizer", "rmsprop")
class RMSprop(Optimizer):
    """v = rho v + (1-rho) g^2; w -= lr g / sqrt(v + eps) (Hinton 2012; centered: Graves 2013)."""

    recordable = True
    rule = "rmsprop"
    rho, momentum = HyperNumber("beta1", 1), HyperNumber("beta2", stateful=True)
    epsilon = HyperNumber("epsilon")

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Any,
    ) -> None:
        self._check("rho", rho, 1)
        self._check("momentum", momentum)
        self._check("epsilon", epsilon)
        super().__init__(learning_rate, beta1=rho, beta2=momentum, epsilon=epsilon, **options)
        self.centered = bool(centered)

    def slot_count(self) -> tuple[bool, bool, bool]:
        return (True, self.momentum > 0, self.centered)

    def get_config(self) -> dict[str, Any]:
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own, "centered": self.centered}


@register("optimizer", "adam")
class Adam(Optimizer):
    """m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(v)+eps)
    (Kingma, Ba 2015, with Keras's place for epsilon; amsgrad: Reddi, Kale, Kumar 2018)."""

    recordable = True
    rule = "adam"
    beta_1, beta_2 = HyperNumber("beta1", 1), HyperNumber("beta2", 1)
    epsilon = HyperNumber("epsilon")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        self._check("beta_1", beta_1, 1)
        self._check("beta_2", beta_2, 1)
        self._check("epsilon", epsilon)
        super().__init__(learning_rate, beta1=beta_1, beta2=beta_2, epsilon=epsilon, **options)
        self.amsgrad = bool(amsgrad)

    def slot_count(self) -> tuple[bool, bool, bool]:
        return (True, True, self.amsgrad)

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own, "amsgrad": self.amsgrad}


@register("optimizer", "adamw")
class AdamW(Adam):
    """Adam with decoupled weight decay, .004 by default (Loshchilov, Hutter 2019)."""

    recordable = True

    def __init__(
        self, learning_rate: float = 0.001, weight_decay: float | None = 0.004, **options: Any
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)


def get(identifier: Any) -> Optimizer:
    """An Optimizer from a name (any case), an object or a serialized dict."""
    if isinstance(identifier, str) and registry.find("optimizer", identifier.lower()):
        identifier = identifier.lower()
    found = registry.resolve("optimizer", identifier)
    if not isinstance(found, Optimizer):
        raise TypeError(f"optimizer: expected a name or an Optimizer, received {found!r}")
    return found


def serialize(optimizer: Optimizer) -> registry.Config | str | None:
    """As {"class_name", "config"}."""
    return registry.serialize("optimizer", optimizer)
