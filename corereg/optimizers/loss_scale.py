"""LossScaleOptimizer: steps with gradients of a scaled loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor
from corereg.autograd.parameter import Variable
from corereg.optimizers.around import OptimizerAround
from corereg.optimizers.base import Optimizer
from corereg.optimizers.hyperparameters import check_number
from corereg.optimizers.lookup import deserialize, get, serialize
from corereg.registry import register

Array = np.ndarray[Any, Any]
OF_INNER = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
"""Arguments of the inner optimizer that Keras's files of earlier years give this one, too."""


class Unscaled(NamedTuple):
    """Memory for the unscaled gradients of some parameters, as kernels see it."""

    parameters: list[Parameter]
    gradients: list[Array]
    segments: _kernels.Segments
    sums: Array


@register("optimizer", "lossscaleoptimizer")
class LossScaleOptimizer(OptimizerAround):
    """Multiplies the loss by a scale, and divides the gradients by it, for another optimizer:
    gradients that would be too small for their dtype then are not. A step of which a gradient is
    not finite is left out and halves the scale; dynamic_growth_steps steps without one double it.

    corereg computes in float32 and float64, whose gradients seldom need that: the steps are those
    of the inner optimizer, for scales are powers of two unless initial_scale is none. It is here
    for programs written with mixed_float16.

    inner_optimizer: an Optimizer, or its name. What this one has not itself, it reads and sets
    there. Penalties that the sweep computes are not scaled.

    TypeError if inner_optimizer is no optimizer; ValueError if it takes two gradients a step, is
    lazy or around another one, for an initial_scale that is not a number > 0, for
    dynamic_growth_steps below 1, and for the inner optimizer's own arguments.

    >>> optimizers.LossScaleOptimizer(optimizers.SGD(0.1), initial_scale=1024.0)
    LossScaleOptimizer(SGD(learning_rate=0.1), initial_scale=1024.0)
    """

    recordable = True
    _own = frozenset(
        (
            *("inner_optimizer", "initial_scale", "dynamic_growth_steps", "name", "dynamic_scale"),
            *("step_counter", "_skip", "_unscaled"),
        )
    )
    _inner_name = "inner_optimizer"
    inner_optimizer: Optimizer
    dynamic_scale: Variable
    step_counter: Variable
    _unscaled: Unscaled | None

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **options: Any,
    ) -> None:
        who = "LossScaleOptimizer"
        if not options.pop("dynamic", True):
            raise ValueError(
                f"{who}: expected dynamic=True, received False; set loss_scale_factor= of the "
                "inner optimizer instead"
            )
        given = {k: v for k, v in options.items() if k not in OF_INNER or v != OF_INNER[k]}
        if given:
            raise ValueError(
                f"{who}: expected {', '.join(given)} as arguments of inner_optimizer, such as "
                "LossScaleOptimizer(Adam(clipnorm=1.0)), received them itself"
            )
        found = get(inner_optimizer)
        if found is None:
            raise TypeError(
                f"{who}: expected inner_optimizer as an optimizer or its name, received None"
            )
        if isinstance(found, OptimizerAround) or getattr(found, "lazy", False):
            raise ValueError(
                f"{who}: expected an inner optimizer that takes whole gradients, one a step, "
                f"received {found!r}"
            )
        check_number(who, "initial_scale", initial_scale)
        check_number(who, "dynamic_growth_steps", dynamic_growth_steps)
        if not initial_scale or dynamic_growth_steps < 1:
            raise ValueError(
                f"{who}: expected initial_scale > 0 and dynamic_growth_steps >= 1, received "
                f"{initial_scale!r} and {dynamic_growth_steps!r}"
            )
        self.inner_optimizer = found
        found.loss_scale_factor = None  # else gradients would be scaled twice, as Keras says
        self.initial_scale = float(initial_scale)
        self.dynamic_growth_steps = int(dynamic_growth_steps)
        self.name = "loss_scale_optimizer" if name is None else name
        self._begin()

    def _begin(self) -> None:
        """As before the first step."""
        self.step_counter = Variable(np.zeros((), np.int64), "step_counter")
        self.dynamic_scale = Variable(np.float32(self.initial_scale), "dynamic_scale")
        self._skip, self._unscaled = np.zeros(1, np.int64), None

    def build(self, variables: Sequence[Parameter]) -> None:
        super().build(variables)
        self._begin()

    @property
    def variables(self) -> list[Any]:
        """The counter and the scale, then those of the inner optimizer."""
        return [self.step_counter, self.dynamic_scale, *self.inner_optimizer.variables]

    def _saved_variables(self) -> list[Variable]:
        return [self.step_counter, self.dynamic_scale, *super()._saved_variables()]

    # ---- steps ----------------------------------------------------------------------------------

    def scale_loss(self, loss: Any) -> Any:
        """loss * dynamic_scale."""
        with np.errstate(over="ignore"):  # then the scale becomes smaller
            if isinstance(loss, Tensor) and loss.dtype != self.dynamic_scale.dtype:
                return loss * self.dynamic_scale.astype(loss.dtype)
            return loss * self.dynamic_scale

    def update(self, penalties: bool = False) -> Array:
        """The step of the inner optimizer, with unscaled gradients, unless one of these is not
        finite."""
        inner = self.inner_optimizer
        if not inner.parameters:
            raise RuntimeError(
                "LossScaleOptimizer.step: no parameters; call build(parameters) first"
            )
        _kernels.track_dependency(self)
        _kernels.track_part(inner)
        plan = inner._plan(penalties)
        grads = [g.data if isinstance(g := p._grad, Tensor) else g for p in plan.parameters]
        self._take_step(plan, grads)
        return plan.penalty

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Parameter] | None = None
    ) -> None:
        """As of other optimizers, with gradients of the scaled loss."""
        inner = self.inner_optimizer
        given = inner._by_places("LossScaleOptimizer.apply", self.build, grads, trainable_variables)
        if not given:
            return
        _kernels.track_dependency(self)
        _kernels.track_part(inner)
        plan = inner._plan(False, tuple(sorted(i for i, g in given.items() if g is not None)))
        self._take_step(plan, [given[i] for i in plan.places])

    def _take_step(self, plan: Any, gradients: Sequence[Array | None]) -> None:
        unscaled = self._memory_for(plan.parameters)
        for i, gradient in enumerate(gradients):
            unscaled.segments.set_gradient(i, gradient)
        _kernels.unscale_gradients(
            unscaled.segments,
            self.dynamic_scale.data,
            self.step_counter.data,
            self._skip,
            unscaled.sums,
            self.dynamic_growth_steps,
        )
        _kernels.penalty(plan.segments, plan.penalty)  # also of a step that is left out
        # of a step that is left out, arrays hold anything
        with np.errstate(all="ignore"), _kernels.skipping(self._skip):
            self.inner_optimizer._run(plan, unscaled.gradients)

    def _memory_for(self, parameters: list[Parameter]) -> Unscaled:
        found = self._unscaled
        if found is None or [*map(id, found.parameters)] != [*map(id, parameters)]:
            with _kernels.recording_paused():  # memory alone is made here
                gradients = [np.zeros_like(p.data) for p in parameters]
                segments = _kernels.Segments(gradients)
            found = Unscaled(list(parameters), gradients, segments, np.zeros(segments.blocks))
            self._unscaled = found
        return found

    # ---- files ----------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_unscaled": None}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "inner_optimizer": serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """One from what `get_config` gave, without state. custom_objects: {name: class} for an
        inner optimizer of one's own."""
        inner = deserialize(config["inner_optimizer"], custom_objects)
        return cls(**{**config, "inner_optimizer": inner})
