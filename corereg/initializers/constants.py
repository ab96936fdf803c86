"""Initializers that draw nothing: Constant, Zeros, Ones, Identity, and arrays as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from corereg import config
from corereg.autograd import Tensor
from corereg.initializers.base import Array, Initializer
from corereg.registry import register
from corereg.tables.masked import without_mask


def as_values(who: str, value: Any) -> Array:
    """value as an array of numbers, or TypeError."""
    try:
        array = np.asarray(value.data if isinstance(value, Tensor) else without_mask(value))
    except ValueError:  # lists of several lengths
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who}: expected numbers of one shape, received {value!r}")
    return array


def from_file(value: Any) -> Any:
    """What a file has in the place of a value: Keras describes arrays as dicts."""
    if isinstance(value, Mapping) and value.get("class_name") in ("__numpy__", "__tensor__"):
        return np.asarray(value["config"]["value"], value["config"].get("dtype"))
    return value


@register("initializer", "constant")
class Constant(Initializer):
    """All elements `value`, a number; or an array or list, which is broadcast to the shape.
    ValueError where that is not possible.

    >>> initializers.Constant(0.5)((2,))
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        array = as_values("Constant", value)
        self.value: Any = array if array.ndim else float(array)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        values = np.asarray(self.value, dtype or config.floatx())
        if not values.ndim:
            return np.full(shape, values, values.dtype)
        try:
            return np.broadcast_to(values, shape).copy()
        except ValueError:
            raise ValueError(
                f"Constant: expected a shape that a value of shape {values.shape} broadcasts to, "
                f"received {shape}"
            ) from None

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, np.ndarray) else self.value}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**{name: from_file(value) for name, value in config.items()})


@register("initializer", "zeros", "zero")
class Zeros(Constant):
    """All elements 0.

    >>> initializers.Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__(0.0)

    def get_config(self) -> dict[str, Any]:
        return {}


@register("initializer", "ones", "one")
class Ones(Constant):
    """All elements 1.

    >>> initializers.Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__(1.0)

    def get_config(self) -> dict[str, Any]:
        return {}


@register("initializer", "identity", "IdentityInitializer")
class Identity(Initializer):
    """gain on the diagonal, 0 elsewhere, for shapes (rows, columns); ValueError for others.

    >>> initializers.Identity(gain=2.0)((2, 2))
    array([[2., 0.],
           [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = float(gain)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        shape = tuple(shape)
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape (rows, columns), received {shape}")
        dtype = dtype or config.floatx()
        values: Array = np.eye(*shape, dtype=dtype) * np.asarray(self.gain).astype(dtype)
        return values

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


@register("initializer", "from_array")
class FromArray(Initializer):
    """These values, for their own shape alone: what `get` makes of arrays, lists and tensors.
    ValueError for other shapes.

    >>> initializers.get([1.0, 2.0])((2,))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, value: Any) -> None:
        self.value = as_values("initializer", value).copy()

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        if tuple(shape) != self.value.shape:
            raise ValueError(
                f"initializer: expected the shape {self.value.shape} of the array that it was made "
                f"of, received {tuple(shape)}"
            )
        return self.value.astype(dtype or config.floatx())

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**{name: from_file(value) for name, value in config.items()})


constant, zeros, ones = Constant, Zeros, Ones
identity = IdentityInitializer = Identity
