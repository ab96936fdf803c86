"""Tensors as values of Python and NumPy: numbers, arrays, text, files, other libraries' tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg.autograd.mode import state

if TYPE_CHECKING:
    from corereg.autograd.aliases import Array


class Conversions(_kernels.TensorCore):
    """The part of Tensor that turns it into something else."""

    __slots__ = ()

    def numpy(self) -> Array:
        """The array itself, not a copy. Changes of it are not counted: call `changed` after them.
        In code that is recorded a TracedArray.

        >>> x = Tensor([1.0, 2.0])
        >>> x.numpy()[0] = 9.0
        >>> x
        Tensor([9., 2.])
        """
        return _kernels.array_in_op(self)  # type: ignore[no-any-return]

    def item(self) -> float:
        """The only element, as a Python number. ValueError unless there is exactly one.

        >>> Tensor([[1.5]]).item()
        1.5
        """
        if self.data.size != 1:
            raise self._not_one_element("Tensor.item")
        _kernels.fail_recording("a value is read into Python")
        return self.data.item()  # type: ignore[no-any-return]

    def _not_one_element(self, who: str, remedy: str = "") -> ValueError:
        return ValueError(f"{who}: expected one element, received shape {self.shape}{remedy}")

    def tolist(self) -> Any:
        """The elements as Python numbers in nested lists.

        >>> Tensor([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
        """
        _kernels.fail_recording("a value is read into Python")
        return self.data.tolist()

    def __len__(self) -> int:
        if not self.data.ndim:
            raise TypeError("Tensor: len() of a 0-d tensor")
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))  # type: ignore[index]

    def __float__(self) -> float:
        if self.data.size != 1:
            raise self._not_one_element("float(Tensor)")
        return float(self.item())

    def __int__(self) -> int:
        if self.data.size != 1:
            raise self._not_one_element("int(Tensor)")
        return int(self.item())

    def __bool__(self) -> bool:
        if self.data.size != 1:
            remedy = "; use t.numpy().all() or .any(), or np.array_equal to compare two tensors"
            raise self._not_one_element("bool(Tensor)", remedy)
        return bool(self.item())

    def __index__(self) -> int:
        if self.data.dtype.kind not in "iu" or self.data.size != 1:
            raise TypeError(
                f"Tensor: expected one integer as an index, received shape {self.shape} of "
                f"{self.dtype}"
            )
        return int(self.item())

    def __repr__(self) -> str:
        _kernels.fail_recording("a value is read into Python")
        text = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=100)
        shape = "" if self.data.size else f", shape={self.shape}"
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        op = f", op={type(self.node).__name__}" if self.node else ""
        grad = ", requires_grad=True" if self.requires_grad and not self.node else ""
        return f"{type(self).__name__}({text}{shape}{dtype}{op}{grad})"

    def __format__(self, spec: str) -> str:
        """One element is formatted as a number: ``f"{loss:.3f}"``."""
        if not spec:
            return str(self)
        if self.data.size != 1:
            raise self._not_one_element("format(Tensor)")
        return format(self.item(), spec)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad and state.enabled:
            raise RuntimeError(
                "Tensor: a tensor that requires grad does not turn into an array by itself, as "
                "its gradient would be lost; use .detach() or .numpy()"
            )
        _kernels.fail_recording("a value is read into Python")
        return np.array(self.data, dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        """The memory for another library, by DLPack, without a copy. BufferError if the tensor
        requires grad."""
        if self.requires_grad:
            raise BufferError(
                "Tensor: a tensor that requires grad is not handed out by DLPack, as its gradient "
                "would be lost; use .detach()"
            )
        _kernels.fail_recording("values are handed to another library")
        return self.data.__dlpack__(**{k: v for k, v in options.items() if v is not None})

    def __dlpack_device__(self) -> tuple[Any, int]:
        return self.data.__dlpack_device__()

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle and copy: the values and whether they require grad, without gradient, hooks
        and graph. RuntimeError for what an op made."""
        if self.node is not None:
            raise RuntimeError(
                f"{type(self).__name__}: expected a leaf to copy or pickle, received a result of "
                f"{type(self.node).__name__}, whose graph would be lost; use .detach()"
            )
        return type(self), (self.data, self.requires_grad)
