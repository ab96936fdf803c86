"""Tensor: a NumPy array that remembers how it was made.

Dtypes: Python's floats become `corereg.config.floatx()`, float32 unless set otherwise; float64
arrays stay float64; integers and bools are tensors too, and cannot require grad. Ops promote as
NumPy does: Python numbers and lists take the other operand's float dtype; arrays and NumPy scalars
keep theirs, so float32 with float64 gives float64. A gradient always has the dtype of its tensor.
The kernels (exp, log, activations, dense, dropout, losses) take float32 or
float64, all operands alike, and raise TypeError otherwise.

Division by zero, overflow and the like follow IEEE 754: infinity and NaN. Going forward, NumPy's
arithmetic warns or raises as `np.errstate` says there, and the kernels never do; `backward` is
silent.

Tensors on the same memory through `detach` or through ops that give views (reshape, slices) count
their changes in place together; arrays that share memory behind Tensor's back do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from corereg import _kernels, config
from corereg._lazy import later
from corereg.autograd.conversions import Conversions
from corereg.autograd.extents import Extents
from corereg.autograd.inplace import InPlace
from corereg.autograd.unbroadcast import unbroadcast, unbroadcast_tensor
from corereg.tables.masked import without_mask

if TYPE_CHECKING:
    from corereg.autograd.aliases import Array
    from corereg.autograd.signatures import Signatures
    from corereg.tables import given as tables

    # What the extension makes is a Tensor, bound to it at the end of this file; its stub stands
    # below and says TensorCore.
    def apply(op: _kernels.Node, *inputs: _kernels.TensorCore) -> Tensor: ...
    def pair(op: _kernels.Node, a: Any, b: Any) -> Tensor: ...
    def tensor(value: Any, like: _kernels.TensorCore | None = None) -> Tensor: ...
    def new_tensor(data: Array) -> Tensor: ...
else:
    tables = later("corereg.tables.given")

    class Signatures:  # for type checkers alone
        __slots__ = ()

        def __class_getitem__(cls, made):
            return cls

    apply, pair = _kernels.apply, _kernels.pair
    tensor, new_tensor = _kernels.tensor, _kernels.new_tensor

FLOATS = (np.dtype("float32"), np.dtype("float64"))
ONES = {d: np.ones((), d) for d in FLOATS}
"""The gradient of a scalar with respect to itself; ops may test for it with `is`."""
for _one in ONES.values():
    _one.flags.writeable = False


class Tensor(Signatures["Tensor"], InPlace, Conversions, Extents):
    """An n-dimensional array with automatic differentiation.

    data: array_like. Arrays of float32, float64, integers or bool are wrapped without a copy and
        keep their dtype; Python floats and lists of them become `corereg.config.floatx()`.
        Other dtypes raise TypeError.
    requires_grad: whether `backward` should leave a gradient in `.grad`. Only float tensors can.

    Attributes: `data` (the array), `shape`, `dtype`, `ndim`, `requires_grad`, `grad` (None until a
    `backward`), `node` (the op that made the tensor, None of a leaf).

    Its methods have the names of NumPy's and of PyTorch's. In NumPy's words, `axis` and `keepdims`
    or arguments by position, they mean what NumPy means; with `dim` and `keepdim` what PyTorch
    means: `t.max(dim=1)` gives values and indices, `t.var(dim=1)` divides by n - 1. Both words at
    once raise TypeError. `sort`, `median`, `split` and `view`, and `transpose` of two numbers are
    PyTorch's; `repeat` is NumPy's, and `tile` what PyTorch calls repeat.

    NumPy's functions of the ops' names work on tensors and give tensors (see
    `corereg.autograd.numpy_functions`); `==` compares elements, and a tensor is hashed by identity.

    >>> w = Tensor([[1.0, -2.0]], requires_grad=True)
    >>> loss = (w * w).sum()
    >>> loss.backward()
    >>> loss, w.grad
    (Tensor(5., op=Sum), Tensor([[ 2., -4.]]))
    """

    __slots__ = ()
    __array_priority__ = 1000  # for those who ask; NumPy asks __array_ufunc__
    __hash__ = object.__hash__

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        array = data if type(data) is np.ndarray else _array(data)
        if array.dtype not in FLOATS and array.dtype.kind not in "iub":
            raise TypeError(
                f"Tensor: expected numbers of dtype float32, float64, integer or bool, received "
                f"{array.dtype}; convert with .astype('float32')"
            )
        self.data = array
        if requires_grad:
            self.requires_grad_()
        if isinstance(data, Tensor):
            self.shares_version(data)

    @property
    def is_leaf(self) -> bool:
        """True for tensors that no op made.

        >>> x = Tensor([1.0], requires_grad=True)
        >>> x.is_leaf, (2 * x).is_leaf
        (True, False)
        """
        return self.node is None

    def detach(self) -> Tensor:
        """The same data, outside the graph: no gradient goes through it. Not a copy.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> (x * x.detach()).backward()
        >>> x.grad
        Tensor(3.)
        """
        made = new_tensor(self.data)
        made.shares_version(self)
        return made

    # ---- gradients --------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Says whether this leaf requires grad; returns it. TypeError if it is not of floats,
        RuntimeError if an op made it and it should no longer.

        >>> Tensor([1.0, 2.0]).requires_grad_()
        Tensor([1., 2.], requires_grad=True)
        """
        if requires_grad and self.dtype not in FLOATS:
            raise TypeError(
                f"Tensor: expected a float32 or float64 array for requires_grad=True, received "
                f"{self.dtype}; convert with .astype('float32')"
            )
        if self.node is not None and not requires_grad:
            raise RuntimeError(
                f"Tensor.requires_grad_: expected a leaf, received a result of "
                f"{type(self.node).__name__}; use .detach()"
            )
        self.requires_grad = bool(requires_grad)
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` left here, as a Tensor on the same memory, or None.

        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        Tensor([2., 4.])
        """
        held = self._grad
        return held if held is None or isinstance(held, Tensor) else Tensor(held)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is None:
            self._grad = None
            return
        array = np.asarray(value.data if isinstance(value, Tensor) else value, self.dtype)
        if array.shape != self.shape:
            raise ValueError(
                f"Tensor.grad: expected shape {self.shape} as the tensor's, received {array.shape}"
            )
        self._grad = array

    def _repr_html_(self) -> str:
        from corereg.autograd.page import tensor_page

        return tensor_page(self)

    def zero_grad(self) -> None:
        """Forgets the gradient, so that the next `backward` does not add to it.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> (x * x).backward()
        >>> x.zero_grad()
        >>> x.grad is None
        True
        """
        self._grad = None

    def retain_grad(self) -> None:
        """Lets `backward` leave the gradient in `.grad` although an op made this tensor.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> y = x * x
        >>> y.retain_grad()
        >>> (2 * y).backward()
        >>> y.grad
        Tensor(2.)
        """
        self._differentiable("retain_grad")
        if self.node is not None:
            import weakref

            self.node.retainer = weakref.ref(self)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Hook:
        """Has `hook(gradient)` called whenever a backward pass has this tensor's whole gradient.

        If it returns a Tensor or array of the same shape, that goes on instead. Hooks run in the
        order of their registration, before `.grad` is added to. `.remove()` of what is returned
        takes the hook away.

        >>> x = Tensor([1.0, -2.0], requires_grad=True)
        >>> hook = x.register_hook(lambda gradient: gradient.clamp(-1, 1))
        >>> (x**3).sum().backward()
        >>> x.grad
        Tensor([1., 1.])
        """
        self._differentiable("register_hook")
        place = self if self.node is None else self.node
        if place.hooks is None:
            place.hooks = {}
        return Hook(place.hooks, hook)

    def _differentiable(self, who: str) -> None:
        if not self.requires_grad:
            raise RuntimeError(f"Tensor.{who}: expected a tensor that requires grad")

    def backward(
        self, grad: Any = None, retain_graph: bool | None = None, create_graph: bool = False
    ) -> None:
        """Adds the gradient of this tensor to `.grad` of every leaf that requires one.

        grad: the gradient of this tensor, of its shape; may be left out for one element (then 1).
        retain_graph: keep the graph for another backward; otherwise it is freed (None: keep it
        if create_graph). create_graph: the gradients are themselves part of a graph, to be
        differentiated again; a leaf and its gradient then hold each other until `zero_grad`, so
        that `corereg.grad` is the better choice.
        Raises RuntimeError when nothing here requires grad, the graph was freed, a value that it
        needs was changed in place, or grad is left out for more than one element; ValueError for
        a grad of another shape.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> (x**2 + x).backward()
        >>> x.grad
        Tensor(7.)
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward: this tensor does not depend on any tensor that requires grad"
            )
        retain = create_graph if retain_graph is None else retain_graph
        _kernels.run_backward([(self, self.seed(grad, create_graph))], None, retain, create_graph)

    def seed(self, grad: Any, create_graph: bool) -> Any:
        """The gradient that a backward pass from here begins with: an array, or with create_graph a
        Tensor. Errors as those of `backward`.

        >>> Tensor([3.0], requires_grad=True).seed(None, create_graph=False)
        array([1.], dtype=float32)
        """
        if grad is None:
            if self.data.size != 1:
                raise RuntimeError(
                    f"backward: expected one element or an explicit grad, received shape "
                    f"{self.shape}; use .sum().backward() or pass grad"
                )
            if self.dtype not in FLOATS:
                raise TypeError(f"backward: expected a tensor of floats, received {self.dtype}")
            one = ONES[self.dtype]
            grad = one if not self.ndim else one.reshape(self.shape)
        elif not create_graph or not isinstance(grad, Tensor):
            grad = np.asarray(grad.data if isinstance(grad, Tensor) else grad, self.dtype)
        if grad.shape != self.shape:
            raise ValueError(
                f"backward: expected grad of shape {self.shape}, received {grad.shape}"
            )
        return unbroadcast_tensor(None, grad, self.data) if create_graph else grad


class Hook:
    """A registered hook; `.remove()` ends it.

    >>> x = Tensor(1.0, requires_grad=True)
    >>> x.register_hook(print).remove()
    >>> (2 * x).backward()
    """

    def __init__(self, hooks: dict[Any, Any], function: Callable[[Tensor], Any]) -> None:
        self._hooks, self._key = hooks, object()
        hooks[self._key] = function

    def remove(self) -> None:
        """Takes the hook away; a second time does nothing."""
        self._hooks.pop(self._key, None)


def _array(value: Any, like: Tensor | None = None) -> Array:
    """value as an array; Python numbers and lists take like's dtype, or floatx."""
    if isinstance(value, _kernels.TensorCore):
        return value.data
    value = _kernels.plain_array(value)
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(without_mask(value))
    array = tables.given_array("tensor", "values", value)
    if like is not None and like.dtype in FLOATS and array.dtype.kind in "fiub":
        return array.astype(like.dtype)
    return array.astype(config.floatx()) if array.dtype == np.float64 else array


def _converted(value: Any, like: Tensor | None) -> Tensor:
    """What is not a Tensor as one, see `tensor`."""
    return Tensor(_array(value, like))


_kernels.bind_graph(Tensor, _converted, unbroadcast, unbroadcast_tensor)
