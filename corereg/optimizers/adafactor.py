"""Adafactor: steps divided by a mean square of gradients that is kept by rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from corereg import _kernels
from corereg.autograd import Parameter
from corereg.autograd.parameter import Variable
from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "adafactor")
class Adafactor(KernelOptimizer):
    """b = 1 - t^beta_2_decay; with s = g^2 + epsilon_1 and means over columns and rows of a
    variable's last two axes:

        r = b r + (1-b) mean(s of a row); c = b c + (1-b) mean(s of a column); v = r/mean(r) c
        u = g / sqrt(v)
        w -= max(epsilon_2, rms(w)) min(lr, 1/sqrt(t)) u / max(1, rms(u) / clip_threshold)

    (Shazeer, Stern 2018). Vectors keep v = b v + (1-b) s itself. As in Keras, whose state this is,
    v is kept beside r and c, and relative_step, which bounds the rate by 1/sqrt(t), changes
    nothing, for that bound stands in the formula. A positive beta_2_decay, a clip_threshold of 0
    and lazy=True raise ValueError.

    >>> optimizers.Adafactor(0.01, clip_threshold=2.0)
    Adafactor(learning_rate=0.01, clip_threshold=2.0)
    """

    recordable = True
    takes_rows: ClassVar[bool] = False
    beta_2_decay = Hyperparameter(negative=True)
    epsilon_1 = Hyperparameter()
    epsilon_2 = Hyperparameter()
    clip_threshold = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule(
            "adafactor",
            beta_2_decay=beta_2_decay,
            epsilon_1=epsilon_1,
            epsilon_2=epsilon_2,
            clip_threshold=clip_threshold,
        )
        if not clip_threshold:
            raise ValueError(
                f"{type(self).__name__}: expected clip_threshold > 0, received {clip_threshold!r}"
            )
        self.relative_step = bool(relative_step)

    def _forget(self) -> None:
        super()._forget()
        self._factors: list[tuple[Variable, Variable]] = []  # r and c of each parameter

    def build(self, variables: Sequence[Parameter]) -> None:
        super().build(variables)
        velocities = {id(own[0]): p for own, p in zip(self._slots, self.parameters, strict=True)}
        state, self._state = self._state, []
        for variable in state:  # in Keras's order: r, c and v of each
            p = velocities.get(id(variable))
            if p is not None:
                self._factors.append(self._new_factors(p))
            self._state.append(variable)

    def _new_factors(self, p: Parameter) -> tuple[Variable, Variable]:
        """r and c, which vectors have as well, as in Keras: a number each that nobody reads."""
        shapes: tuple[tuple[int, ...], tuple[int, ...]] = (), ()
        if len(p.shape) > 1:
            shapes = p.shape[:-1], p.shape[:-2] + p.shape[-1:]
        dtype = p.dtype if len(p.shape) > 1 else "int64"
        names = (p.name.replace("/", "_") + end for end in ("_rows", "_columns"))
        rows, columns = (
            self.add_variable(shape, dtype=dtype, name=name)
            for shape, name in zip(shapes, names, strict=True)
        )
        return rows, columns

    def _variables_by_parameter(self) -> list[tuple[Variable | None, ...]]:
        return [(*own, *two) for own, two in zip(self._slots, self._factors, strict=True)]

    def follow(
        self, segments: _kernels.Segments, parameters: Sequence[Parameter], hyper: _kernels.Hyper
    ) -> None:
        for p in parameters:
            i = self._get_variable_index(p)
            velocity, factors = self._slots[i][0], self._factors[i]
            assert velocity is not None
            rows, columns = (f.data if len(p.shape) > 1 else None for f in factors)
            direction = self._directions[i]
            _kernels.factored_direction(hyper, direction, velocity.data, rows, columns)
        _kernels.follow_directions(segments, hyper, "size")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "relative_step": self.relative_step}
