"""Muon: momentum whose matrices are made orthogonal, and Adam for all other variables."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor, no_grad
from corereg.autograd.parameter import Variable
from corereg.optimizers.hyperparameters import Hyperparameter, check_number
from corereg.optimizers.kernel import KernelOptimizer
from corereg.optimizers.plan import StepPlan
from corereg.registry import register

Array = np.ndarray[Any, Any]


class Part(NamedTuple):
    """Those parameters of a plan that step by one rule: from where to where they stand, as kernels
    see them, and what they share with the plan."""

    first: int
    end: int
    segments: _kernels.Segments
    penalty: Array


@register("optimizer", "muon")
class Muon(KernelOptimizer):
    """For matrices: m = momentum m + g; u = g + momentum m, or m without nesterov; then ns_steps
    steps of Newton and Schulz, which bring the singular values of u near 1:

        x = u / |u|; x = a x + (b x x' + c (x x')^2) x, again and again;
        w -= lr sqrt(max(rows, columns)) rms_rate x

    with a, b, c = muon_a, muon_b, muon_c, and without the factor of rms_rate where that is None
    (Jordan et al. 2024; Liu et al. 2025). All other variables take Adam's steps, with adam_beta_1,
    adam_beta_2, epsilon, adam_weight_decay and the learning rate times adam_lr_ratio: those that
    are no matrices, tables of embeddings (their names say "embedding") unless exclude_embeddings is
    False, and variables in whose name ("dense/kernel") a regular expression of exclude_layers is
    found. The last layer is best among these.

    ValueError for numbers that these cannot be, an adam_lr_ratio of 0, and lazy=True.

    >>> optimizers.Muon(0.01, exclude_layers=["output"])
    Muon(learning_rate=0.01, exclude_layers=['output'])
    """

    recordable = True
    takes_rows: ClassVar[bool] = False
    adam_beta_1 = Hyperparameter(below=1)
    adam_beta_2 = Hyperparameter(below=1)
    epsilon = Hyperparameter()
    momentum = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *shared: Any,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, *shared, **options)
        self.use_rule(
            "muon",
            adam_beta_1=adam_beta_1,
            adam_beta_2=adam_beta_2,
            epsilon=epsilon,
            momentum=momentum,
        )
        self._hyper["nesterov"] = float(bool(nesterov))
        who = type(self).__name__
        for name, value in {"adam_weight_decay": adam_weight_decay, "rms_rate": rms_rate}.items():
            if value is not None:
                check_number(who, name, value)
        check_number(who, "adam_lr_ratio", adam_lr_ratio)
        if not adam_lr_ratio:
            raise ValueError(f"{who}: expected adam_lr_ratio > 0, received {adam_lr_ratio!r}")
        if isinstance(ns_steps, bool) or not hasattr(ns_steps, "__index__") or ns_steps < 0:
            raise ValueError(f"{who}: expected ns_steps as an integer >= 0, received {ns_steps!r}")
        if isinstance(exclude_layers, str):
            raise TypeError(
                f"{who}: expected exclude_layers as a list, received {exclude_layers!r}"
            )
        self.exclude_layers = list(exclude_layers or [])
        for pattern in self.exclude_layers:
            re.compile(pattern)
        self.exclude_embeddings = bool(exclude_embeddings)
        self.muon_a, self.muon_b, self.muon_c = float(muon_a), float(muon_b), float(muon_c)
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.ns_steps, self.rms_rate = int(ns_steps), rms_rate

    @property
    def nesterov(self) -> bool:
        """Whether directions have Nesterov's form."""
        return bool(self._hyper["nesterov"])

    def takes_adam(self, variable: Parameter) -> bool:
        """Whether a variable takes steps of Adam."""
        name = variable.name
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in name.lower()):
            return True
        return any(re.search(pattern, name) for pattern in self.exclude_layers)

    # ---- state ----------------------------------------------------------------------------------

    def _forget(self) -> None:
        super()._forget()
        self._adam: list[bool] = []  # of each parameter

    def build(self, variables: Sequence[Parameter]) -> None:
        super().build(variables)
        self._adam = [self.takes_adam(p) for p in self.parameters]
        momenta = {id(own[0]): i for i, own in enumerate(self._slots)}
        state, self._state = self._state, []
        slots: list[tuple[Variable | None, ...]] = []
        for variable in state:  # in Keras's order: the state of one variable together
            self._state.append(variable)
            i = momenta.get(id(variable))
            if i is not None:
                more = []
                if self._adam[i]:
                    more = [self.add_variable_from_reference(self.parameters[i], "velocity")]
                slots.append((variable, *more))
        self._slots = slots
        self._directions = [
            None if adam else u for u, adam in zip(self._directions, self._adam, strict=True)
        ]

    # ---- steps ----------------------------------------------------------------------------------

    def _in_order(self, places: list[int]) -> list[int]:
        return sorted(places, key=lambda i: (not self._adam[i], i))

    def _choices_made(self) -> tuple[Any, ...]:
        return *super()._choices_made(), self.adam_weight_decay, self.adam_lr_ratio

    def _decays_of(self, parameters: Sequence[Parameter]) -> list[float]:
        return [self._decay_of(p) for p in parameters]

    def _wanted_decay(self, parameter: Parameter) -> float:
        if not self._steps_by_adam(parameter):
            return float(self.weight_decay or 0.0)
        # of the whole learning rate, whatever its ratio
        return float(self.adam_weight_decay or 0.0) / self.adam_lr_ratio

    def _multipliers_of(self, parameters: Sequence[Parameter]) -> list[float]:
        found = super()._multipliers_of(parameters)
        return [
            rate * self.adam_lr_ratio if self._steps_by_adam(p) else rate
            for rate, p in zip(found, parameters, strict=True)
        ]

    def _steps_by_adam(self, parameter: Parameter) -> bool:
        return self._adam[self._get_variable_index(parameter)]

    def run_rule(self, plan: StepPlan, scales: Array | None) -> None:
        adam, matrices = self._parts_of(plan)
        for part in (adam, matrices):
            for i in range(part.first, part.end):
                part.segments.set_gradient(i - part.first, plan.gradients[i])
        none = matrices.first == matrices.end
        if adam.first < adam.end:
            own = None if scales is None else scales[adam.first : adam.end]
            _kernels.update(adam.segments, self._hyper, adam.penalty, own, "adam", none)
        if not none:
            own = None if scales is None else scales[matrices.first : matrices.end]
            _kernels.update(matrices.segments, self._hyper, matrices.penalty, own)
            self.follow(matrices.segments, plan.parameters[matrices.first :], self._hyper)

    def _parts_of(self, plan: StepPlan) -> tuple[Part, Part]:
        """The parameters of a plan that take Adam's steps, and the matrices behind them."""
        known: tuple[Part, Part] | None = plan.of_rule
        if known is None:
            count = sum(self._adam[i] for i in plan.places)
            known = plan.of_rule = (
                self._part(plan, 0, count),
                self._part(plan, count, len(plan.places)),
            )
        return known

    def _part(self, plan: StepPlan, first: int, end: int) -> Part:
        at, slots = slice(first, end), self.slots
        segments = _kernels.Segments(
            [p.data for p in plan.parameters[at]],
            [slots[i] for i in plan.places[at]],
            [l1 for l1, _ in plan.strengths[at]],
            [l2 for _, l2 in plan.strengths[at]],
            plan.decays[at],
            plan.rates[at],
        )
        begin = plan.segments.blocks_of(first)[0] if first < end else 0
        return Part(first, end, segments, plan.penalty[begin : begin + segments.blocks])

    def run_one(
        self, segments: _kernels.Segments, variable: Parameter, hyper: _kernels.Hyper
    ) -> None:
        if self._steps_by_adam(variable):
            _kernels.update(segments, hyper, np.empty(segments.blocks), None, "adam")
        else:
            super().run_one(segments, variable, hyper)

    def follow(
        self, segments: _kernels.Segments, parameters: Sequence[Parameter], hyper: _kernels.Hyper
    ) -> None:
        for p in parameters:
            self._orthogonalize(self._directions[self._get_variable_index(p)])
        factors = [
            1.0 if self.rms_rate is None else math.sqrt(max(p.shape)) * self.rms_rate
            for p in parameters
        ]
        _kernels.follow_directions(segments, hyper, "factors", np.array(factors))

    def _orthogonalize(self, direction: Array) -> None:
        """Brings the singular values of a direction near 1, in place. What is multiplied is the
        smaller of x x' and x' x."""
        if not direction.size:
            return
        tall = direction.shape[0] > direction.shape[1]
        unit = self.muon_a * np.eye(min(direction.shape), dtype=direction.dtype)
        with no_grad():
            whole = Tensor(direction)
            norm = (whole * whole).sum() ** 0.5
            last = direction if not self.ns_steps else None
            x = _kernels.scale(direction, (1.0 / (norm + 1e-7)).data, last)
            for step in range(1, self.ns_steps + 1):
                if tall:
                    square = np.empty_like(unit)
                    _kernels.dense_backward_weights(x, x, square)
                else:
                    square = _kernels.dense_backward_input(x, x)
                fourth = Tensor(_kernels.dense_forward(square, square))
                factor = (self.muon_b * Tensor(square) + self.muon_c * fourth + unit).data
                last = direction if step == self.ns_steps else None
                x = (
                    _kernels.dense_forward(x, factor, out=last)
                    if tall
                    else _kernels.dense_forward(factor, x, out=last)
                )

    def get_config(self) -> dict[str, Any]:
        own = (
            *("exclude_layers", "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "ns_steps"),
            *("nesterov", "exclude_embeddings", "adam_weight_decay", "rms_rate"),
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
