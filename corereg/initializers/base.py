"""Initializer: the base class of starting values, and of those that are drawn; how they come from
names and files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from corereg import _kernels, config, registry
from corereg.autograd import Tensor
from corereg.random import generator, mix, next_seed
from corereg.shown import as_call

Array = np.ndarray[Any, Any]
_VALUES = (Tensor, np.ndarray, np.generic, list, tuple)


class Initializer:
    """Base class: subclass it and write `__call__(shape, dtype)`.

    >>> class Tenth(initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.full(shape, 0.1, dtype)
    >>> layers.Dense(1, kernel_initializer=Tenth())
    Dense(1, kernel_initializer=Tenth())
    """

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        raise NotImplementedError(f"{type(self).__name__}: __call__ is not written")

    __repr__ = as_call

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """An initializer of what `get_config` gave."""
        return cls(**config)

    def clone(self) -> Self:
        """Another one with the same arguments."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Base class of those that draw: subclass it and write `draw(rng, shape)`."""

    def __init__(self, seed: int | None = None) -> None:
        if isinstance(seed, Mapping):  # of Keras's SeedGenerator, in a file
            seed = seed.get("config", {}).get("seed")
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise ValueError(
                f"{type(self).__name__}: expected seed as an integer or None, received {seed!r}"
            )
        self.seed = None if seed is None else int(seed)
        self._key = next_seed() if seed is None else int(seed)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        return self._values(tuple(shape)).astype(dtype or config.floatx())

    def _values(self, shape: tuple[int, ...]) -> Array:
        """What is drawn, in float64."""
        return self.draw(generator(self._key), shape)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def _uniform(self, low: float, high: float, shape: tuple[int, ...]) -> Array:
        """What ``rng.uniform(low, high, shape)`` gives for the generator of `draw`, by a kernel: a
        program's first model does not wait until `numpy.random` is imported."""
        n = math.prod(shape)
        return _kernels.uniform(mix(self._key), low, high - low, n).reshape(shape)


def truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Standard normals within [-2, 2]."""
    x = rng.standard_normal(shape)
    while (far := np.abs(x) > 2).any():
        x[far] = rng.standard_normal(int(far.sum()))
    return x


def get(identifier: Any) -> Any:
    """An initializer from a name, an object, a class, a callable (shape, dtype) or a serialized
    dict; None from None, which stands for a layer's own choice.

    An array, a list or a tensor is made an initializer that gives these values, for their own shape
    alone. ValueError for names that are not known, TypeError for what is no initializer.

    >>> initializers.get("he_normal")
    HeNormal()
    """
    if identifier is None:
        return None
    if isinstance(identifier, _VALUES):
        identifier = {"class_name": "FromArray", "config": {"value": identifier}}
    found = registry.resolve("initializer", identifier)
    if not callable(found):
        raise TypeError(f"initializer: expected a name or a callable, received {found!r}")
    return found


def serialize(initializer: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name.

    >>> initializers.serialize(initializers.Constant(0.5))
    {'class_name': 'Constant', 'config': {'value': 0.5}}
    """
    return registry.serialize("initializer", initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """What `serialize` gave, or Keras's, as an initializer again.

    >>> initializers.deserialize({"class_name": "Constant", "config": {"value": 0.5}})
    Constant(0.5)
    """
    with registry.custom_object_scope(custom_objects):
        return get(config)
