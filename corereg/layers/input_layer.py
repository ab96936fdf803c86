"""InputLayer and Input: where a graph, or a stack of layers, begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor
from corereg.graph.node import Node, Spec
from corereg.graph.tensor import STRING, SymbolicTensor, number_dtype
from corereg.layers.base import Layer, Shape, dims
from corereg.registry import register


@register("layer")
class InputLayer(Layer):
    """Says the shape and dtype of a model's input; passes it on unchanged.

    shape: without the batch; batch_size: if it is fixed; batch_shape: both in one, (None, ...);
    dtype: also an integer type, bool or "string"; name. `output` is the symbolic tensor.

    >>> model = corereg.Sequential([layers.InputLayer((3,)), layers.Dense(1)])
    >>> model.count_params()
    4
    """

    recordable = True
    supports_masking = True
    _takes_one_tensor = True
    sparse, ragged = False, False  # what Keras's programs ask for
    _gives_int64 = False  # for an integer dtype, because the layer behind it wants that

    def __init__(
        self,
        shape: Sequence[int | None] | int | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        *,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if shape is None and batch_shape is None:
            shape = options.pop("input_shape", None)  # of older Keras
        super().__init__(name=name, **options)
        for word, said in (("sparse", sparse), ("ragged", ragged)):
            if said:
                raise ValueError(
                    f"{self.who}: {word} inputs are not supported, received {word}={said!r}; "
                    "leave it out, and pass matrices of SciPy's to fit and predict as they are"
                )
        if batch_size is not None and batch_shape is not None:
            raise ValueError(
                f"{self.who}: expected batch_size or batch_shape, received both: {batch_size!r} "
                f"and {batch_shape!r}"
            )
        if (shape is None) == (batch_shape is None):
            raise ValueError(
                f"{self.who}: expected shape or batch_shape, received "
                f"{'neither' if shape is None else 'both'}"
            )
        if batch_shape is not None:
            if not isinstance(batch_shape, list | tuple) or not batch_shape:
                raise ValueError(
                    f"{self.who}: expected batch_shape with the batch first, such as (None, 10), "
                    f"received {batch_shape!r}"
                )
            batch_size, shape = batch_shape[0], batch_shape[1:]
        self.shape = dims(self.who, shape)
        self.batch_shape: Shape = (*dims(self.who, (batch_size,)), *self.shape)
        self.input_shape_arg = self.shape
        self._is_text = isinstance(dtype, str) and dtype == STRING
        if isinstance(dtype, str) and dtype.startswith("mixed_"):
            from corereg.dtype_policies import get

            dtype = get(dtype)
        self._dtype = number_dtype(config.floatx() if dtype is None else dtype)
        if self._dtype.kind not in "iub" and self.dtype not in ("float32", "float64"):
            raise ValueError(
                f"{self.who}: expected dtype 'float32', 'float64', an integer type, 'bool' or "
                f"'string', received {dtype!r}"
            )
        self.built = True

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        if self._gives_int64 and x.data.dtype == np.int64:
            return x
        return super()._cast(x, dtype)

    @property
    def dtype(self) -> str:
        """What the input is of: a float or integer type, "bool" or "string"."""
        return STRING if self._is_text else super().dtype

    @property
    def output(self) -> SymbolicTensor:
        """The symbolic tensor that stands for the input."""
        node = next((node for known in self._nodes if (node := known()) is not None), None)
        if node is None:
            node = Node(self, (), {}, Spec(self.batch_shape, self.dtype, self.name))
        found: SymbolicTensor = node.outputs
        return found

    def call(self, x: Any = None, training: bool = False) -> Any:
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        found: dict[str, Any] = {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}
        if self.batch_shape[0] is not None:
            found["batch_size"] = self.batch_shape[0]
        return found


def Input(
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
) -> SymbolicTensor:
    """A symbolic tensor that stands for an input: ``x = Input((10,)); model = Model(x,
    Dense(1)(x))``, or first in a stack, ``Sequential([Input((10,)), Dense(1)])``.

    shape: without the batch; batch_size: if it is fixed; batch_shape: both in one; dtype: by
    default `corereg.config.floatx()`; name: of the input, for dicts of data. ValueError for sizes
    below 1 and for other dtypes than numbers, bool and "string", for texts that a StringLookup
    takes.

    >>> x = layers.Input((3,), name="x")
    >>> x
    <SymbolicTensor 'x', shape=(None, 3), dtype=float32>
    >>> corereg.Model(x, layers.Dense(1)(x)).predict(np.ones((5, 3)), verbose=0).shape
    (5, 1)
    """
    made = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, name=name)
    return made.output
