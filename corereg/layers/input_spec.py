"""InputSpec: what a layer takes, checked at each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from corereg.graph.nest import flatten
from corereg.shown import as_call

FLOATS = ("float32", "float64")


class InputSpec:
    """What an input of a layer has to be. A layer whose `input_spec` is one, or a list or dict of
    them with one for each tensor, raises ValueError at each call for inputs that are not.

    dtype: by name, for floats that of the layer, to which they are cast; shape: with the batch,
    None for any size; ndim: how many axes, max_ndim, min_ndim: at most, at least; axes: sizes by
    the number of the axis. allow_last_axis_squeeze: inputs may have a last axis of 1 that the shape
    lacks, or lack one that it has. name: the key of the input in a dict; optional: whether None may
    be given in its place. TypeError for axes that are not numbered by integers, ValueError for one
    that the rank does not have.

    >>> class Rows(layers.Layer):
    ...     def __init__(self):
    ...         super().__init__(name="rows")
    ...         self.input_spec = layers.InputSpec(ndim=2, axes={-1: 3})
    ...
    ...     def call(self, x):
    ...         return x * 2
    >>> Rows()(np.ones((1, 3)))
    Tensor([[2., 2., 2.]])
    >>> Rows()(np.ones(3))
    Traceback (most recent call last):
    ValueError: Rows 'rows': expected an input of 2 axes, received shape (3,)
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else str(np.dtype(dtype))
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name, self.optional = name, optional
        try:
            self.axes = {int(axis): size for axis, size in dict(axes or {}).items()}
        except (TypeError, ValueError):
            raise TypeError(
                f"InputSpec: expected axes as a dict with integers as keys, received {axes!r}"
            ) from None
        most = self.ndim or self.max_ndim
        if self.axes and most is not None and max(self.axes) >= most:
            raise ValueError(
                f"InputSpec: expected axes below {most}, the number of axes, received "
                f"{max(self.axes)}"
            )

    __repr__ = as_call

    def get_config(self) -> dict[str, Any]:
        """The arguments, but for name and allow_last_axis_squeeze, as in Keras.

        >>> layers.InputSpec(ndim=2).get_config()["ndim"]
        2
        """
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputSpec:
        """What `get_config` was asked of.

        >>> layers.InputSpec.from_config({"ndim": 2, "axes": {1: 3}})
        InputSpec(ndim=2, axes={1: 3})
        """
        return cls(**config)

    def _fault(self, x: Any, floats: str) -> str | None:
        """What is expected in the place of a tensor, or None if it is as it should be. floats: the
        dtype that floats are cast to."""
        shape, squeezes = tuple(x.shape), self.allow_last_axis_squeeze
        if self.ndim is not None and len(shape) != self.ndim and not squeezes:
            return f"of {self.ndim} axes"
        if self.max_ndim is not None and len(shape) > self.max_ndim:
            return f"of at most {self.max_ndim} axes"
        if self.min_ndim is not None and len(shape) < self.min_ndim:
            return f"of at least {self.min_ndim} axes"
        dtype = str(x.dtype)
        if self.dtype is not None and (floats if dtype in FLOATS else dtype) != self.dtype:
            return f"of dtype {self.dtype}"
        for axis, size in self.axes.items():
            if not -len(shape) <= axis < len(shape):
                return f"with an axis {axis}"
            if size is not None and shape[axis] not in (size, None):
                return f"with {size} along axis {axis}"
        if self.shape is not None:
            own = self.shape
            if squeezes:
                shape, own = (s[:-1] if s and s[-1] == 1 else s for s in (shape, own))
            pairs = zip(own, shape, strict=False)
            if len(own) != len(shape) or any(n != m for n, m in pairs if None not in (n, m)):
                return f"of shape {self.shape}"
        return None


def check_input(layer: Any, x: Any) -> None:
    """Raises ValueError unless the inputs x, symbolic or not, are what a layer's `input_spec`
    says."""
    who, specs = layer.who, list(flatten(layer.input_spec))
    if isinstance(x, dict) and specs and all(one is not None and one.name for one in specs):
        missing = [one.name for one in specs if one.name not in x]
        if missing:
            raise ValueError(
                f"{who}: expected a dict with the keys {[one.name for one in specs]}, received "
                f"{list(x)}"
            )
        inputs = [x[one.name] for one in specs]
    else:
        inputs = list(flatten(x))
    if len(inputs) != len(specs):
        raise ValueError(f"{who}: expected {len(specs)} inputs, received {len(inputs)}")
    for i, (one, wanted) in enumerate(zip(inputs, specs, strict=True)):
        if wanted is None or (one is None and wanted.optional):
            continue
        fault = "of numbers" if not hasattr(one, "shape") else wanted._fault(one, layer.dtype)
        if fault is None:
            continue
        what = "an input" if len(specs) == 1 else f"input {wanted.name or i}"
        found = f"dtype {one.dtype}" if fault.startswith("of dtype") else None
        found = found or (f"shape {tuple(one.shape)}" if hasattr(one, "shape") else repr(one))
        raise ValueError(f"{who}: expected {what} {fault}, received {found}")
