"""Op, the base of all ops, and their registry. How ops run is in src/tensor.pxi, how gradients go
back in src/backward.pxi."""

from __future__ import annotations

from typing import Any, ClassVar

from corereg import _kernels
from corereg.autograd.tensor import Tensor
from corereg.recordable import Recordable
from corereg.shown import as_call

registry: dict[str, type[Op]] = {}
"""Every op by its class's name; the test suite walks it."""


class Op(_kernels.Node, Recordable):
    """One operation: subclass it, write `forward` and `backward`, and `apply(TheOp(), *tensors)`.
    An instance is one node of the graph: make a new one for every call.

    forward(*arrays) -> array
        The value, from the inputs' arrays. It may keep on `self` what backward will want.
    backward(grad, out, *arrays) -> tuple
        The gradient of each input (None where there is none), from the gradient of the output,
        the output and the inputs. The engine sums gradients of inputs that were broadcast back to
        the input's shape, and casts them to its dtype. `self.needs_gradient(i)` says whether that
        of input i is needed at all. The arrays given must not be written to.
    derivative(grad, out, *tensors) -> tuple
        The same with Tensors, for derivatives of higher order. By default it is `backward`: what
        is written with operators, methods and functions of NumPy runs on Tensors too. Write it
        where backward runs kernels or writes into arrays. What is kept on `self` is constant to it.

    `returns_new_arrays = True` promises that nobody else holds the arrays that backward returns,
    nor one of them twice: the engine then adds to them in place and gives them to leaves without
    a copy.
    `linear = True` says that backward looks at the shapes and dtypes of inputs and output, not at
    their values: they may be changed in place before it runs.
    Recordings need no word. While a function is recorded, forward and backward get
    `corereg.autograd.traced.TracedArray` in the place of arrays: NumPy's functions, operators and
    methods work on them, and are kept as kernel calls of the same bits. So write plain NumPy,
    without `np.asarray` or `np.array` of what is given, and without looking at values in Python.
    `np.zeros_like(x)`, not `np.zeros(x.shape)`, makes an array for `out[index] = x`. What cannot be
    recorded fails the recording with the op's name.
    `recordable = True` says that forward and backward launch kernels (`corereg._kernels`)
    themselves, and nothing else: they get plain arrays then. A subclass does not inherit it.
    `recordable = False` opts out: what uses the op runs through Python.
    A class whose name begins with an underscore is a base of ops, not an op.

    >>> class Cube(corereg.autograd.Op):
    ...     def forward(self, x):
    ...         return x**3
    ...     def backward(self, grad, out, x):
    ...         return (grad * 3 * x**2,)
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> corereg.autograd.apply(Cube(), x).sum().backward()
    >>> x.grad
    Tensor([ 3., 12.])
    """

    __slots__ = ()
    inputs: tuple[Tensor, ...] | None
    returns_new_arrays: ClassVar[bool] = False
    linear: ClassVar[bool] = False

    __repr__ = as_call

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__name__.startswith("_"):
            registry[cls.__name__] = cls

    def forward(self, *arrays: Any) -> Any:
        """The value, an array, from the inputs' arrays: see the class."""
        raise NotImplementedError(f"{type(self).__name__}: forward is not written")

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        """The gradients of the inputs, in a tuple, from that of the output: see the class."""
        raise NotImplementedError(f"{type(self).__name__}: backward is not written")

    def derivative(self, grad: Any, out: Any, *tensors: Any) -> tuple[Any, ...]:
        """The same as `backward`, with Tensors: see the class."""
        return self.backward(grad, out, *tensors)
