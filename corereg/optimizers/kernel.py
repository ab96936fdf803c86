"""KernelOptimizer: the optimizers whose rule is a row of the table in src/rules.h."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor
from corereg.autograd.parameter import Variable, aligned
from corereg.optimizers.base import Optimizer
from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.plan import StepPlan
from corereg.optimizers.row_updates import forget_rows, update_rows

Array = np.ndarray[Any, Any]
DIRECTION = "update"  # the slot in which rules leave the direction of a step, see src/rules.h


class KernelOptimizer(Optimizer):
    """Base class of the optimizers whose step is a sweep in C.

    A subclass names its rule by `use_rule` when it is made, has a `Hyperparameter` for each of the
    rule's, says in `optional_slots` which of the optional state arrays it wants, and says
    ``recordable = True``. Names of hyperparameters and state arrays are the table's.

    A step is a sequence of stages: norms of the gradients, if clipping asks for them; then all that
    one sweep over the memory can do (see cr_update_args in src/contract_update.h). What else may be
    asked for is done by the `Stages` before and behind that.

    The rules that divide by the size of past gradients, all but SGD and Lion, take a gradient
    beyond 2^63 in size (float64: 2^511) as that, infinity too, so that its square does not
    overflow: each step stays as small as the learning rate makes it, where Keras's weights become
    NaN or stop. NaN stays NaN.

    lazy: True changes of a table that an Embedding looks up only the rows that the batch names:
    weights and state of the others stay as they are, where else they go on moving by what the state
    remembers. That costs time by the batch, not by the table. The table's `grad` stays None then. A
    table with an L1 or L2 penalty, a constraint or a mask is updated whole, and so are all where
    gradients are accumulated or scaled, or weights averaged.
    """

    lazy: bool = False
    takes_rows: ClassVar[bool] = True  # whether rows of a table may step without the others

    def __init__(
        self, learning_rate: float = 0.001, *args: Any, lazy: bool = False, **options: Any
    ) -> None:
        super().__init__(learning_rate, *args, **options)
        if lazy and not self.takes_rows:
            raise ValueError(
                f"{type(self).__name__}: expected lazy=False, for its steps follow from whole "
                "variables, received True; take Adam or another optimizer for tables"
            )
        self.lazy = bool(lazy)

    def use_rule(self, rule: str, **hyperparameters: float) -> None:
        """Chooses a rule of the table and gives its hyperparameters, each checked."""
        own = _hyperparameters(type(self))
        for name, value in hyperparameters.items():
            own[name].check(self, value)
        numbers = {name: float(value) for name, value in hyperparameters.items()}
        before = self._hyper
        self._hyper = _kernels.Hyper(rule, before.learning_rate, self.clipvalue, 0, **numbers)
        self._hyper.accumulation = before.accumulation

    @property
    def rule(self) -> str:
        """The rule's name in the table of src/rules.h."""
        assert self._hyper.rule is not None
        return self._hyper.rule.name

    def _forget(self) -> None:
        super()._forget()
        self._slots: list[tuple[Variable | None, ...]] = []
        self._directions: list[Any] = []  # arrays of the parameters, in the rule's slot `update`

    def optional_slots(self) -> set[str]:
        """Which of the rule's optional state arrays are wanted."""
        return set()

    def initial_values(self) -> dict[str, Any]:
        """The initializers of those state arrays that do not begin with zeros, by name."""
        return {}

    @property
    def slots(self) -> list[tuple[Array | None, ...]]:
        """The state arrays of each parameter in the order of the rule's slots, None where an
        optional one is not wanted."""
        found = [tuple([None if v is None else v.data for v in own]) for own in self._slots]
        if not self._directions:
            return found
        return [
            own if u is None else (*own, u) for own, u in zip(found, self._directions, strict=True)
        ]

    def _variables_by_parameter(self) -> list[tuple[Variable | None, ...]]:
        """The variables of the rule that belong to each parameter."""
        return self._slots

    def _saved_variables(self) -> list[Variable]:
        slots = [v for own in self._slots for v in own if v is not None]
        known = {id(v) for v in slots}
        return [*slots, *(v for v in self._state if id(v) not in known)]

    def build(self, variables: Sequence[Parameter]) -> None:
        super().build(variables)
        self._ask_for_rows()
        rule = self._hyper.rule
        assert rule is not None
        always, chosen = rule.slots[: rule.required], self.optional_slots()
        if always[-1:] == (DIRECTION,):  # no state, for each step makes it anew
            always = always[:-1]
            self._directions = [aligned(np.zeros_like(p.data)) for p in self.parameters]
        initial = [self.initial_values().get(name, "zeros") for name in always]
        made: dict[str, Sequence[Variable]] = dict(
            zip(always, self.add_optimizer_variables(self.parameters, always, initial), strict=True)
        )
        for name in rule.slots[rule.required :]:
            if name in chosen:
                made[name] = self.add_optimizer_variables(self.parameters, name)
        count = len(self.parameters)
        columns = [made.get(name, [None] * count) for name in rule.slots if name != DIRECTION]
        self._slots = [*zip(*columns, strict=True)] if columns else [()] * count

    def _ask_for_rows(self) -> None:
        for p in self.parameters:
            p.row_gradients = [] if self.lazy else None

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._ask_for_rows()

    def zero_grad(self) -> None:
        super().zero_grad()
        if self.lazy:
            forget_rows(self.parameters)

    def update(self, penalties: bool = False) -> Array:
        if self.lazy and any(p.row_gradients for p in self.parameters):
            return update_rows(self, penalties)
        return super().update(penalties)

    @property
    def has_proximal_stage(self) -> bool:
        rule = self._hyper.rule
        own = type(self).update_step is not KernelOptimizer.update_step
        return rule is not None and rule.proximal and not own

    def take_step(self, plan: StepPlan, gradients: Sequence[Array | None]) -> None:
        if type(self).update_step is not KernelOptimizer.update_step:
            super().take_step(plan, gradients)  # a subclass has a rule of its own, in Python
            return
        plan.set_gradients(gradients)
        scales = plan.clip_scales(self.clipnorm, self.global_clipnorm)
        self.run_rule(plan, scales)
        for p in plan.parameters:
            p.changed()

    def run_rule(self, plan: StepPlan, scales: Array | None) -> None:
        """The sweep of a step, and what is left to do behind it. scales: of clipping by norms."""
        _kernels.update(plan.segments, self._hyper, plan.penalty, scales)
        self.follow(plan.segments, plan.parameters, self._hyper)

    def follow(
        self, segments: _kernels.Segments, parameters: Sequence[Parameter], hyper: _kernels.Hyper
    ) -> None:
        """What a rule that leaves the directions of steps has to do behind the sweep."""

    def update_step(self, gradient: Tensor, variable: Parameter, learning_rate: float) -> None:
        """The rule alone, for one variable: what a subclass that changes the gradient calls by
        ``super().update_step(...)``."""
        import copy

        own = self._slots[self._get_variable_index(variable)]
        slots = [None if v is None else v.data for v in own]
        direction = (
            self._directions[self._get_variable_index(variable)] if self._directions else None
        )
        if direction is not None:
            slots.append(direction)
        segments = _kernels.Segments([variable.data], [slots])
        segments.set_gradient(0, gradient.data)
        hyper = copy.copy(self._hyper)  # for it counts the step, and others have theirs to come
        hyper.learning_rate, hyper.clipvalue = float(learning_rate), math.inf
        hyper.step, hyper.accumulation = int(self.iterations), 1
        self.run_one(segments, variable, hyper)
        variable.changed()

    def run_one(
        self, segments: _kernels.Segments, variable: Parameter, hyper: _kernels.Hyper
    ) -> None:
        """As `run_rule`, for one variable."""
        _kernels.update(segments, hyper, np.empty(segments.blocks))
        self.follow(segments, [variable], hyper)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in _hyperparameters(type(self))}
        found = {**super().get_config(), **own}
        return {**found, "lazy": True} if self.lazy else found  # Keras's have no such word


def _hyperparameters(kind: type) -> dict[str, Hyperparameter]:
    """The hyperparameters that a class has, by name, its bases' first."""
    found: dict[str, Hyperparameter] | None = vars(kind).get("_found_hyperparameters")
    if found is None:  # once for each class
        parts = (item for base in reversed(kind.__mro__) for item in vars(base).items())
        found = {name: part for name, part in parts if isinstance(part, Hyperparameter)}
        kind._found_hyperparameters = found  # type: ignore[attr-defined]
    return found
