"""What a tensor is, without its values: how many elements and axes, which dtype, where it lies."""

from __future__ import annotations

from typing import Any

from corereg import _kernels


class Size(int):
    """How many elements a tensor has, NumPy's `size`. Called, as PyTorch's method of that name, it
    gives the shape, or the length of one axis: ``t.size()``, ``t.size(0)``."""

    shape: tuple[int, ...]

    def __call__(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]


class Extents(_kernels.TensorCore):
    """The part of Tensor that describes it."""

    __slots__ = ()

    @property
    def size(self) -> Size:
        """The number of elements; ``t.size()`` is the shape, ``t.size(0)`` one length.

        >>> x = Tensor(np.ones((2, 3)))
        >>> x.size, x.size(), x.size(0)
        (6, (2, 3), 2)
        """
        made = Size(self.data.size)
        made.shape = self.shape
        return made

    def numel(self) -> int:
        """The number of elements.

        >>> Tensor(np.ones((2, 3))).numel()
        6
        """
        return self.data.size

    def nelement(self) -> int:
        """The number of elements, as `numel`.

        >>> Tensor(np.ones((2, 3))).nelement()
        6
        """
        return self.data.size

    def dim(self) -> int:
        """The number of axes, as `ndim`.

        >>> Tensor(np.ones((2, 3))).dim()
        2
        """
        return self.ndim

    def ndimension(self) -> int:
        """The number of axes, as `ndim`.

        >>> Tensor(np.ones((2, 3))).ndimension()
        2
        """
        return self.ndim

    def element_size(self) -> int:
        """The bytes of one element.

        >>> Tensor([1.0]).element_size()
        4
        """
        return self.data.itemsize

    @property
    def itemsize(self) -> int:
        """The bytes of one element.

        >>> Tensor([1.0]).itemsize
        4
        """
        return self.data.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all elements.

        >>> Tensor([1.0, 2.0]).nbytes
        8
        """
        return self.data.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """How many elements lie from one place to the next, along each axis or along dim.

        >>> x = Tensor(np.ones((2, 3)))
        >>> x.stride(), x.T.stride(), x.stride(0)
        ((3, 1), (1, 3), 3)
        """
        steps = tuple(n // self.data.itemsize for n in self.data.strides)
        return steps if dim is None else steps[dim]

    def is_contiguous(self) -> bool:
        """Whether the elements lie one behind the other, the last axis running fastest.

        >>> x = Tensor(np.ones((2, 3)))
        >>> x.is_contiguous(), x.T.is_contiguous()
        (True, False)
        """
        return self.data.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Whether the dtype is float32 or float64.

        >>> Tensor([1.0]).is_floating_point(), Tensor([1]).is_floating_point()
        (True, False)
        """
        return self.dtype.kind == "f"

    @property
    def device(self) -> str:
        """Always "cpu".

        >>> Tensor([1.0]).device
        'cpu'
        """
        return "cpu"

    @property
    def is_cuda(self) -> bool:
        """Always False.

        >>> Tensor([1.0]).is_cuda
        False
        """
        return False

    @property
    def grad_fn(self) -> Any:
        """The op that made the tensor, None of a leaf; `node` under PyTorch's name.

        >>> x = Tensor([1.0], requires_grad=True)
        >>> x.grad_fn, type((2 * x).grad_fn).__name__
        (None, 'Multiply')
        """
        return self.node
