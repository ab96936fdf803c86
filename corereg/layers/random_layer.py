"""RandomLayer: what layers share that draw random numbers in training."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from corereg.autograd import Tensor
from corereg.autograd.draws import count_draw
from corereg.layers.base import Layer, Shape
from corereg.layers.sampling import Sampling
from corereg.random import mix, next_seed

Array = np.ndarray[Any, Any]


class RandomLayer(Layer):
    """Base of layers whose random numbers come from counters: they depend on the seed and on how
    often the layer drew before, not on threads or machine. A subclass writes `_draw`, and says in
    `_is_silent` when it passes its input on in training, too.

    seed: an integer fixes the sequence; None draws one from the global seed.
    """

    _takes_one_tensor = True
    _is_dropout: ClassVar[bool] = False  # whether predict_mc has it draw
    _is_silent: bool = False  # whether it changes nothing, as dropout of a rate of 0
    _shares_rows: bool = False  # whether all rows get the same numbers

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise ValueError(f"{self.who}: expected an integer seed or None, received {seed!r}")
        self.seed = seed
        self._key = next_seed() if seed is None else mix(int(seed))
        self._drawn = np.zeros((), np.int64)  # draws so far; the kernels read it

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if self._is_silent:
            return x
        if self._is_dropout:
            sampling = Sampling.current()
            if sampling is not None:
                return sampling.draw(self, x)
        if not training:
            return x
        drawn = self._draw(x, self._key, self._drawn)
        count_draw(self._drawn)
        return drawn

    def _draw(self, x: Tensor, key: int, counter: Array) -> Tensor:
        """What comes out for x, by the numbers of this key and counter, which stays as it is."""
        raise NotImplementedError(f"{self.who}: _draw is not written")

    def _checked_share(self, value: Any, what: str) -> float:
        """A number in [0, 1], else ValueError."""
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1:
            raise ValueError(f"{self.who}: expected a {what} in [0, 1], received {value!r}")
        return float(value)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    @property
    def random_state(self) -> Array:
        """The key of the numbers and how often they were drawn: two uint64."""
        return np.array([self._key, int(self._drawn)], np.uint64)

    @random_state.setter
    def random_state(self, value: Array) -> None:
        if value.shape != (2,) or value.dtype != np.uint64 or value[1] >= 2**63:
            raise ValueError(f"{self.who}: expected a key and a count, received {value!r}")
        self._key = int(value[0])
        self._drawn[...] = value[1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
