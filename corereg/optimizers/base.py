"""Optimizer: the base class, with Keras's surface. A subclass may write its rule in Python."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np

from corereg import _kernels, config, initializers
from corereg.autograd import Parameter, Tensor, no_grad
from corereg.autograd.parameter import Variable
from corereg.optimizers.gradients import checked_gradients
from corereg.optimizers.hyperparameters import AssignableFloat, AssignableInt, check_number
from corereg.optimizers.plan import StepPlan, strengths_of
from corereg.recordable import Recordable

Array = np.ndarray[Any, Any]
PLANS = 8  # of different choices of parameters, that are kept


class Optimizer(Recordable):
    """Base class of all optimizers.

    learning_rate: a number >= 0. weight_decay: None or >= 0; every step begins with
    `w -= w * weight_decay * learning_rate`. At most one of clipnorm (of each variable's gradient),
    global_clipnorm (of all together) and clipvalue (of each element).

    A rule in Python is a subclass with an `update_step`; state is made in `build`:

        class Momentum(Optimizer):
            def build(self, variables):
                super().build(variables)
                self.momentums = self.add_optimizer_variables(variables, "momentum")

            def update_step(self, gradient, variable, learning_rate):
                m = self.momentums[self._get_variable_index(variable)]
                m.assign(0.9 * m - learning_rate * gradient)
                variable.assign_add(m)

    `fit` then runs every step through Python. The built-in optimizers are `KernelOptimizer`s.
    """

    def __init__(
        self,
        learning_rate: float,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        who = type(self).__name__
        self.name = name or who.lower()
        if hasattr(learning_rate, "__iter__") and not isinstance(learning_rate, str):
            raise TypeError(
                f"{who}: expected learning_rate as a number, received a "
                f"{type(learning_rate).__name__}; make the optimizer by {who}(learning_rate), then "
                "call its build(parameters)"
            )
        if unknown:
            raise TypeError(f"{who}: unexpected arguments {', '.join(unknown)}")
        check_number(who, "learning_rate", learning_rate)
        limits = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        for key, value in {"weight_decay": weight_decay, **limits}.items():
            if value is not None:
                check_number(who, key, value)
        if sum(value is not None for value in limits.values()) > 1:
            raise ValueError(
                f"{who}: expected at most one of clipnorm, clipvalue and global_clipnorm, received "
                f"{limits}"
            )
        self.weight_decay = weight_decay
        self.clipnorm, self.global_clipnorm = clipnorm, global_clipnorm
        self._hyper = _kernels.Hyper(None, float(learning_rate), clipvalue)
        self._forget()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in vars(cls):
            cls.build = _beginning_anew(cls.build)  # type: ignore[method-assign]

    def _forget(self) -> None:
        """As before `build`."""
        self.built = False
        self.parameters: list[Parameter] = []
        self._state: list[Variable] = []
        self._places: dict[int, int] = {}
        self._plans: dict[Any, tuple[Any, StepPlan]] = {}
        self._hyper.step = 0

    # ---- state ----------------------------------------------------------------------------------

    def build(self, variables: Sequence[Parameter]) -> None:
        """Takes the parameters to train; a subclass then makes their state. Begins anew, from
        zeros, whenever it is called."""
        parameters, who = list(variables), f"{type(self).__name__}.build"
        for p in parameters:
            if not isinstance(p, Parameter):
                raise TypeError(
                    f"{who}: expected Parameters, received {type(p).__name__}; wrap it with "
                    "corereg.Parameter"
                )
        if len({p.dtype for p in parameters}) > 1:
            raise ValueError(
                f"{who}: expected parameters of one dtype, received "
                f"{sorted({str(p.dtype) for p in parameters})}"
            )
        self._forget()
        self.parameters = parameters
        self._places = {id(p): i for i, p in enumerate(parameters)}
        self.built = True

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """State that files keep, for a subclass's `build`; dtype None: that of Python's floats."""
        kind = str(np.dtype(dtype or config.floatx()))
        values = initializers.get(initializer)(tuple(shape), kind)
        made = Variable(values, name or f"variable_{len(self._state)}")
        self._state.append(made)
        return made

    def add_variable_from_reference(
        self, reference_variable: Tensor, name: str = "var", initializer: Any = "zeros"
    ) -> Variable:
        """State of the shape and dtype of a variable, named after it."""
        own = str(getattr(reference_variable, "name", "variable")).replace("/", "_")
        shape, dtype = reference_variable.shape, reference_variable.dtype
        return self.add_variable(shape, initializer, dtype, f"{own}_{name}")

    def add_optimizer_variables(
        self,
        trainable_variables: Iterable[Tensor],
        name: str | Sequence[str],
        initializer: Any = "zeros",
    ) -> Any:
        """A list of `add_variable_from_reference` for every variable; several names give a list
        each, made variable by variable."""
        names = [name] if isinstance(name, str) else list(name)
        made: tuple[list[Variable], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for own, one in zip(made, names, strict=True):
                own.append(self.add_variable_from_reference(variable, one, initializer))
        return made[0] if isinstance(name, str) else made

    def _get_variable_index(self, variable: Tensor) -> int:
        """Where a variable stands in the list that `build` was given (Keras's name)."""
        if id(variable) not in self._places:
            raise ValueError(
                f"{type(self).__name__}: expected a variable that build() was given, received "
                f"{getattr(variable, 'name', variable)!r}; call build(variables) with it"
            )
        return self._places[id(variable)]

    @property
    def variables(self) -> list[Any]:
        """All state as variables: iterations, the learning rate, then what `build` made."""
        return [self.iterations, self.learning_rate, *self._state]

    @property
    def state(self) -> list[Array]:
        """The state arrays, parameter by parameter: what a file keeps."""
        return [v.data for v in self._state]

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

    # ---- numbers --------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> AssignableFloat:
        """A float, with Keras's `assign` and `value`. Setting it counts from the next step."""
        return AssignableFloat(self._hyper.learning_rate, self, "learning_rate")

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        check_number(type(self).__name__, "learning_rate", value)
        self._hyper.learning_rate = float(value)

    @property
    def iterations(self) -> AssignableInt:
        """Steps done: an int, with Keras's `assign` and `value`."""
        return AssignableInt(self._hyper.step, self, "iterations")

    @iterations.setter
    def iterations(self, value: int) -> None:
        check_number(type(self).__name__, "iterations", value)
        self._hyper.step = int(value)

    @property
    def clipvalue(self) -> float | None:
        found = self._hyper.clipvalue
        return None if found == math.inf else found

    @clipvalue.setter
    def clipvalue(self, value: float | None) -> None:
        if value is not None:
            check_number(type(self).__name__, "clipvalue", value)
        self._hyper.clipvalue = math.inf if value is None else float(value)

    # ---- steps ----------------------------------------------------------------------------------

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
        plan = self._plan(penalties)
        self.take_step(
            plan,
            [g.data if isinstance(g := p._grad, Tensor) else g for p in plan.parameters],
        )
        return plan.penalty

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Parameter]]) -> AssignableInt:
        """A step from pairs of gradient and variable, as Keras's; returns `iterations`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self.iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Parameter] | None = None
    ) -> None:
        """A step from gradients, one for each of the variables; None: those of `build`.

        Variables that are not among them stay as they are, and so do those whose gradient is None:
        a warning names them. The first call builds the optimizer if that has not been done.
        """
        who = f"{type(self).__name__}.apply"
        grads = list(grads)
        if not grads:
            return
        if trainable_variables is None:
            if not self.built:
                raise ValueError(f"{who}: no variables; pass them, or call build(variables) first")
            trainable_variables = self.parameters
        variables = list(trainable_variables)
        checked = checked_gradients(who, grads, variables)
        if not self.built:
            self.build(variables)
        given = dict(zip(map(self._get_variable_index, variables), checked, strict=True))
        _kernels.track_dependency(self)
        plan = self._plan(False, tuple(sorted(i for i, g in given.items() if g is not None)))
        self.take_step(plan, [given[i] for i in plan.places])

    def take_step(self, plan: StepPlan, gradients: Sequence[Array | None]) -> None:
        """All stages of a step, and leaves the penalty of before it in `plan.penalty`. Here each is
        Python, in Keras's order: penalty, clipping, weight decay, `update_step`."""
        who, rate = type(self).__name__, float(self._hyper.learning_rate)
        _kernels.fail_recording(f"{who} computes its steps in Python")
        plan.set_gradients(gradients)
        scales = plan.clip_scales(self.clipnorm, self.global_clipnorm)
        _kernels.penalty(plan.segments, plan.penalty)
        with no_grad():
            for i, (p, gradient) in enumerate(zip(plan.parameters, gradients, strict=True)):
                whole = plan.whole_gradient(i, gradient, scales, self.clipvalue)
                if plan.decay:
                    p.assign_sub(p.data * (plan.decay * rate))
                self.update_step(Tensor(whole), p, rate)
        self._hyper.step += 1

    def update_step(self, gradient: Tensor, variable: Parameter, learning_rate: float) -> None:
        """One variable's step from its gradient: Keras's hook for a rule of one's own, written with
        Tensor ops and `variable.assign`, `assign_add` or `assign_sub`."""
        raise NotImplementedError(
            f"{type(self).__name__}: update_step(gradient, variable, learning_rate) is not written"
        )

    def assign(self, variable: Variable, value: Any) -> None:
        """variable.assign(value), as Keras's optimizers write it."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """variable.assign_add(value)."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """variable.assign_sub(value)."""
        variable.assign_sub(value)

    def _plan(self, penalties: bool, chosen: tuple[int, ...] | None = None) -> StepPlan:
        """How to step over the chosen parameters (by place; None: all), as far as they are
        trainable; made anew only when something changed."""
        parameters = self.parameters
        strengths = strengths_of(parameters, penalties)
        decay = float(self.weight_decay or 0.0)
        now = decay, strengths, [(p.requires_grad, id(p.data)) for p in parameters]
        known = self._plans.get((penalties, chosen))
        if known is not None and known[0] == now:
            return known[1]
        some = range(len(parameters)) if chosen is None else chosen
        places = [i for i in some if parameters[i].trainable]
        slots = self.slots
        plan = StepPlan(
            [parameters[i] for i in places],
            places,
            [slots[i] for i in places],
            [strengths[i] for i in places],
            decay,
        )
        if len(self._plans) >= PLANS:
            self._plans.clear()
        self._plans[penalties, chosen] = now, plan
        return plan

    @property
    def slots(self) -> list[tuple[Array | None, ...]]:
        """The state arrays of each parameter that kernels work on: none for a rule in Python."""
        return [()] * len(self.parameters)

    # ---- files ----------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_plans": {}, "_places": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._places = {id(p): i for i, p in enumerate(self.parameters)}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "learning_rate": float(self.learning_rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An optimizer from what `get_config` gave, without state."""
        return cls(**config)


def _beginning_anew(build: Callable[..., None]) -> Callable[..., None]:
    """A subclass's `build` that also begins anew for other variables when it is written as Keras's
    are: ``if self.built: return``."""

    @functools.wraps(build)
    def wrapped(
        self: Optimizer, variables: Sequence[Parameter], *args: Any, **options: Any
    ) -> None:
        variables = list(variables)
        own = self.parameters
        if len(own) != len(variables) or any(
            a is not b for a, b in zip(own, variables, strict=True)
        ):
            self.built = False
        build(self, variables, *args, **options)

    return wrapped
