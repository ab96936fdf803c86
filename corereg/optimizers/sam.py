"""SAM: steps by the gradient at the worst point near by (Foret et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, NoReturn, Self, TypeVar

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor
from corereg.autograd.draws import Draws, noted_draws
from corereg.autograd.parameter import aligned
from corereg.graph.inference import states_kept
from corereg.optimizers.around import OptimizerAround
from corereg.optimizers.base import Optimizer
from corereg.optimizers.hyperparameters import check_number
from corereg.optimizers.lookup import deserialize, get, serialize
from corereg.registry import register

Array = np.ndarray[Any, Any]
Loss = TypeVar("Loss")


class Ascent(NamedTuple):
    """The parameters that are moved, as kernels see them, with the memory that keeps what they
    were, and the masks of those that have one; and what tells whether they are still these."""

    parameters: list[Parameter]
    saved: list[Array]
    masks: list[tuple[Array, Array] | None]  # each with memory for a masked gradient
    segments: _kernels.Segments
    sums: Array
    snapshot: _kernels.Snapshot


@register("optimizer", "sam")
class SAM(OptimizerAround):
    """Sharpness-aware minimization (Foret et al. 2021) around another optimizer: a step moves the
    weights w to where the loss is worst near by, takes the gradient there, moves them back, and
    leaves the rest to `base`:

        e = rho g / norm(g)              g: the gradient at w, of all weights together
        w = step of base from w, with the gradient at w + e

    adaptive: e = rho s^2 g / norm(s g) with s = |w| + eta for each weight, so that the
    neighbourhood does not depend on the scale of the weights (ASAM, Kwon et al. 2021), whose rho is
    some ten times as large. A step costs two forward and two backward passes. Weights that a mask
    keeps at 0.0 (`corereg.pruning.freeze_zeros`) are not moved, nor do they count in the norm.

    base: an Optimizer, or its name. Its numbers (learning rate and schedule, clipping, weight
    decay, `use_ema`, gradient_accumulation_steps, whose every step has a move of its own) act on
    the second gradient, and are attributes of this one, too: what SAM has not itself, it reads and
    sets in `base`. So do penalties of weights that sweeps compute, L1, L2 and proximal ones: they
    are no part of the move, and their gradient is that at w. Penalties in the graph are a part of
    the loss. Both passes draw the same dropout masks and other random numbers, for the move is
    towards the worst point of that very function. BatchNormalization's moving averages and the
    metrics see the first pass alone.

    `fit` does all that, recorded and replayed. A loop of one's own gives `step` a function:

        def closure():
            loss = loss_function(y, model(x, training=True))
            loss.backward()
            return loss

        loss = optimizer.step(closure)

    or writes both halves: backward, `first_step(zero_grad=True)`, forward and backward once more,
    `second_step(zero_grad=True)`; then each pass draws masks of its own, and both move averages.

    TypeError if base is no optimizer; ValueError if it is another SAM or lazy, and for a rho or eta
    that is negative or not finite.

    >>> optimizers.SAM(optimizers.SGD(0.1, momentum=0.9), rho=0.1)
    SAM(base=SGD(learning_rate=0.1, momentum=0.9), rho=0.1)
    """

    recordable = True
    passes: ClassVar[int] = 2
    _own = frozenset(("base", "rho", "adaptive", "eta", "name", "_ascent", "_moved"))
    _inner_name = "base"
    base: Optimizer
    rho: float
    adaptive: bool
    eta: float
    _ascent: Ascent | None
    _moved: bool

    def __init__(
        self,
        base: Any = "adam",
        rho: float = 0.05,
        adaptive: bool = False,
        eta: float = 0.01,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if options:
            raise ValueError(
                f"SAM: expected {', '.join(options)} as arguments of base, such as "
                "SAM(Adam(learning_rate=0.01)), received them itself"
            )
        found = get(base)
        if found is None:
            raise TypeError("SAM: expected base as an optimizer or its name, received None")
        if isinstance(found, OptimizerAround):
            raise ValueError(
                "SAM: expected a base that takes one gradient a step, received a "
                f"{type(found).__name__}"
            )
        if getattr(found, "lazy", False):
            raise ValueError(
                "SAM: expected a base that takes whole gradients, received a lazy one; make it "
                "with lazy=False"
            )
        check_number("SAM", "rho", rho)
        check_number("SAM", "eta", eta)
        self.base = found
        self.rho, self.eta, self.adaptive = float(rho), float(eta), bool(adaptive)
        self.name = "sam" if name is None else name
        self._ascent, self._moved = None, False

    def build(self, variables: Sequence[Parameter]) -> None:
        super().build(variables)
        self._ascent, self._moved = None, False

    # ---- steps -----------------------------------------------------------------------------------

    def first_step(self, zero_grad: bool = False) -> None:
        """Moves the weights to where the loss is worst near by, as their gradients tell.
        RuntimeError if there are none, or if the weights have been moved already."""
        if self._moved:
            raise RuntimeError(
                "SAM.first_step: the weights have been moved already; call second_step() first"
            )
        if all(p._grad is None for p in self.parameters):
            raise RuntimeError(
                "SAM.first_step: expected gradients, received None for every variable; call "
                "build(parameters) once, and loss.backward() before each step"
            )
        _kernels.track_dependency(self)
        ascent = self._known_ascent()
        for i, p in enumerate(ascent.parameters):
            gradient = p._grad.data if isinstance(p._grad, Tensor) else p._grad
            mask = ascent.masks[i]
            if gradient is not None and mask is not None:
                gradient = _kernels.mask_values(gradient, *mask)
            ascent.segments.set_gradient(i, gradient)
            ascent.saved[i][...] = p.data  # an interrupt may come before the kernels
        self._moved = True
        _kernels.ascend_weights(ascent.segments, self.rho, ascent.sums, self.adaptive, self.eta)
        self._note_change(ascent)
        if zero_grad:
            self.zero_grad()

    def second_step(self, zero_grad: bool = False, penalties: bool = False) -> float:
        """Moves the weights back and lets base take its step with the gradients that there are now;
        penalties, and what is returned: as for `Optimizer.step`. RuntimeError without a
        `first_step`."""
        if not self._moved:
            raise RuntimeError(
                "SAM.second_step: expected weights that first_step() has moved; call it first"
            )
        self.restore_weights()
        parts = self.update(penalties)
        if zero_grad:
            self.zero_grad()
        return float(parts.sum()) if penalties else 0.0

    def step(  # type: ignore[override]  # one step needs two gradients
        self, closure: Callable[[], Loss] | None = None, penalties: bool = False
    ) -> Loss:
        """One step. closure: computes the loss, calls its backward and returns it; it is called
        twice, the second time with the same random numbers, and gradients are forgotten before each
        call and at the end. Returns what the first call gave. penalties: as for `Optimizer.step`.
        TypeError without a closure."""
        if not callable(closure):
            raise TypeError(
                "SAM.step: expected a function that computes the loss, calls its backward() and "
                f"returns it, received {closure!r}; or use first_step() and second_step()"
            )
        self.zero_grad()
        with noted_draws() as draws:
            loss = closure()
        with self.second_pass(draws):
            closure()
        self.update(penalties)
        self.zero_grad()
        return loss

    @contextmanager
    def second_pass(self, draws: Draws) -> Iterator[None]:
        """Inside, the weights are where the loss is worst near by, what was drawn before is drawn
        again, and layers keep their states; the gradients made there are what `update` takes."""
        try:
            self.first_step(zero_grad=True)
            draws.undo()
            with states_kept():
                yield
        finally:
            self.restore_weights()

    def restore_weights(self) -> None:
        """Puts the weights back from where `first_step` has moved them, to the bit; without a move
        it does nothing."""
        if self._moved:
            assert self._ascent is not None
            _kernels.restore_weights(self._ascent.segments)
            self._note_change(self._ascent)
            self._moved = False

    def abandon_step(self) -> None:
        self.restore_weights()
        self.zero_grad()

    def update(self, penalties: bool = False) -> Array:
        """The step of base, with gradients of the second pass."""
        _kernels.track_dependency(self)
        _kernels.track_part(self.base)
        return self.base.update(penalties)

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Parameter] | None = None
    ) -> NoReturn:
        """Raises RuntimeError: a step needs two gradients."""
        raise RuntimeError(
            "SAM.apply: expected two gradients a step, received one; give step() a function that "
            "computes the loss, or use first_step() and second_step()"
        )

    def _known_ascent(self) -> Ascent:
        """The plan of the move, made anew only when something changed."""
        found = self._ascent
        if found is None or not found.snapshot.unchanged():
            moved = [p for p in self.parameters if p.trainable]
            saved = [aligned(p.data) for p in moved]
            masks = [None if p.mask is None else (p.mask, np.zeros_like(p.data)) for p in moved]
            segments = _kernels.Segments([p.data for p in moved], [(one,) for one in saved])
            snapshot = _kernels.Snapshot([], [self.parameters], self.parameters)
            found = Ascent(moved, saved, masks, segments, np.zeros(segments.blocks), snapshot)
            self._ascent = found
        return found

    @staticmethod
    def _note_change(ascent: Ascent) -> None:
        for p in ascent.parameters:
            p.changed()

    # ---- files -----------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_ascent": None, "_moved": False}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "base": serialize(self.base),
            "rho": self.rho,
            "adaptive": self.adaptive,
            "eta": self.eta,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """A SAM from what `get_config` gave, without state. custom_objects: {name: class} for a
        base of one's own."""
        return cls(**{**config, "base": deserialize(config["base"], custom_objects)})
