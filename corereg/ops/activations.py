"""Activation functions in Keras's words: some of their defaults differ from PyTorch's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.ops.operands import as_float, as_tensor, counted, keras_op, promoted
from corereg.warn import warn_of_one_class


@keras_op
def relu(x: Any) -> Tensor:
    """max(x, 0); the derivative at 0 is 0.

    >>> ops.relu([-1.5, 0.0, 2.0])
    Tensor([0., 0., 2.])
    """
    x = as_tensor(x)
    return ops.relu(x) if x.dtype.kind == "f" else ops.maximum(*promoted(x, 0))


@keras_op
def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e**-x), between 0 and 1.

    >>> ops.sigmoid([-200.0, 0.0, 1.0]).round(4)
    Tensor([0.    , 0.5   , 0.7311])
    """
    return ops.sigmoid(as_float(x))


@keras_op
def softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """e**x / sum(e**x) over an axis, several or all (None): positive, and of sum 1.

    >>> ops.softmax([[0.0, 0.0], [0.0, 1.0]]).round(4)
    Tensor([[0.5   , 0.5   ],
            [0.2689, 0.7311]])
    """
    out = _over(ops.softmax, as_float(x), axis, "softmax")
    if isinstance(axis, int):
        warn_of_one_class(out.shape, axis)
    return out


@keras_op
def log_softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """log(softmax(x)) over an axis, several or all (None), without overflow.

    >>> ops.log_softmax([0.0, 1000.0])
    Tensor([-1000.,     0.])
    """
    return _over(ops.log_softmax, as_float(x), axis, "log_softmax")


def _over(function: Any, x: Tensor, axis: Any, who: str) -> Tensor:
    """An activation along one axis, applied to several, or for None to all, as if they were one."""
    if axis is None:
        axis = tuple(range(x.ndim))
    if not isinstance(axis, Sequence):
        found: Tensor = function(x, axis)
        return found
    axes = [counted(a, x.ndim, who) for a in axis]
    order = [*(i for i in range(x.ndim) if i not in axes), *axes]
    turned = ops.transpose(x, order)
    flat = ops.reshape(turned, (*turned.shape[: x.ndim - len(axes)], -1))
    made = ops.reshape(function(flat, -1), turned.shape)
    return ops.transpose(made, sorted(range(x.ndim), key=order.__getitem__))


@keras_op
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """x above 0, negative_slope * x elsewhere. (PyTorch's default is 0.01.)

    >>> ops.leaky_relu([-2.0, 3.0])
    Tensor([-0.4,  3. ])
    """
    return ops.leaky_relu(as_float(x), negative_slope)


@keras_op
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha * (e**x - 1) elsewhere.

    >>> ops.elu([-1.0, 2.0]).round(4)
    Tensor([-0.6321,  2.    ])
    """
    return ops.elu(as_float(x), alpha)


@keras_op
def selu(x: Any) -> Tensor:
    """1.0507 elu(x, alpha=1.6733) (Klambauer et al. 2017, with all digits).

    >>> ops.selu([-1.0, 2.0]).round(4)
    Tensor([-1.1113,  2.1014])
    """
    return ops.selu(as_float(x))


@keras_op
def gelu(x: Any, approximate: bool = True) -> Tensor:
    """x Phi(x), where Phi is the normal distribution function. approximate: by a tanh, off by
    0.0005 at most. (The activation of this name, and PyTorch's function, are exact by default.)

    >>> ops.gelu([-1.0, 1.0]).round(4)
    Tensor([-0.1588,  0.8412])
    >>> ops.gelu([-1.0, 1.0], approximate=False).round(4)
    Tensor([-0.1587,  0.8413])
    """
    return ops.gelu(as_float(x), approximate)


@keras_op
def silu(x: Any) -> Tensor:
    """x sigmoid(x), also called `swish`.

    >>> ops.silu([-1.0, 0.0, 1.0]).round(4)
    Tensor([-0.2689,  0.    ,  0.7311])
    """
    return ops.silu(as_float(x))


@keras_op
def swish(x: Any) -> Tensor:
    """x sigmoid(x): see `silu`.

    >>> ops.swish([-1.0, 1.0]).round(4)
    Tensor([-0.2689,  0.7311])
    """
    return ops.silu(as_float(x))


@keras_op
def softplus(x: Any) -> Tensor:
    """log(1 + e**x): above 0, and near x where x is large.

    >>> ops.softplus([-1.0, 0.0, 100.0]).round(4)
    Tensor([  0.3133,   0.6931, 100.    ])
    """
    return ops.softplus(as_float(x))


@keras_op
def softsign(x: Any) -> Tensor:
    """x / (1 + |x|), between -1 and 1.

    >>> ops.softsign([-3.0, 1.0])
    Tensor([-0.75,  0.5 ])
    """
    return ops.softsign(as_float(x))


@keras_op
def hard_sigmoid(x: Any) -> Tensor:
    """x/6 + 1/2, limited to [0, 1].

    >>> ops.hard_sigmoid([-4.0, 0.0, 4.0])
    Tensor([0. , 0.5, 1. ])
    """
    return ops.hard_sigmoid(as_float(x))


@keras_op
def hard_tanh(x: Any) -> Tensor:
    """x, limited to [-1, 1].

    >>> ops.hard_tanh([-4.0, 0.5, 4.0])
    Tensor([-1. ,  0.5,  1. ])
    """
    return ops.hard_tanh(as_float(x))


@keras_op
def relu6(x: Any) -> Tensor:
    """x, limited to [0, 6].

    >>> ops.relu6([-1.0, 3.0, 9.0])
    Tensor([0., 3., 6.])
    """
    return ops.relu6(as_float(x))


@keras_op
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha * (e**(x/alpha) - 1) elsewhere.

    >>> ops.celu([-1.0, 2.0]).round(4)
    Tensor([-0.6321,  2.    ])
    """
    return ops.celu(as_float(x), alpha)


@keras_op
def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of x along an axis times the sigmoid of the second one.

    >>> ops.glu([[3.0, 4.0, 0.0, 0.0]])
    Tensor([[1.5, 2. ]])
    """
    return ops.glu(as_float(x), axis)


@keras_op
def hard_silu(x: Any) -> Tensor:
    """x hard_sigmoid(x), also called `hard_swish`.

    >>> ops.hard_silu([-1.5, 1.5, 4.0])
    Tensor([-0.375,  1.125,  4.   ])
    """
    return ops.hard_silu(as_float(x))


@keras_op
def hard_swish(x: Any) -> Tensor:
    """x hard_sigmoid(x): see `hard_silu`.

    >>> ops.hard_swish([-1.5, 1.5, 4.0])
    Tensor([-0.375,  1.125,  4.   ])
    """
    return ops.hard_silu(as_float(x))


@keras_op
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x where |x| is above the threshold, 0 elsewhere.

    >>> ops.hard_shrink([-1.5, 0.25, 2.0])
    Tensor([-1.5,  0. ,  2. ])
    """
    return ops.hard_shrink(as_float(x), threshold)


@keras_op
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by the threshold, and 0 where |x| is not above it.

    >>> ops.soft_shrink([-1.5, 0.25, 2.0])
    Tensor([-1. ,  0. ,  1.5])
    """
    return ops.soft_shrink(as_float(x), threshold)


@keras_op
def tanh_shrink(x: Any) -> Tensor:
    """x - tanh(x): near 0 where x is, and x - 1 or x + 1 far from it.

    >>> ops.tanh_shrink([0.0, 3.0]).round(4)
    Tensor([0.    , 2.0049])
    """
    return ops.tanh_shrink(as_float(x))


@keras_op
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, default_value elsewhere.

    >>> ops.threshold([-1.0, 0.5, 2.0], 1.0, default_value=-9.0)
    Tensor([-9., -9.,  2.])
    """
    return ops.threshold(as_float(x), threshold, default_value)


@keras_op
def log_sigmoid(x: Any) -> Tensor:
    """log(sigmoid(x)), without overflow.

    >>> ops.log_sigmoid([-200.0, 0.0]).round(4)
    Tensor([-200.    ,   -0.6931])
    """
    return ops.log_sigmoid(as_float(x))


@keras_op
def squareplus(x: Any, b: float = 4) -> Tensor:
    """(x + sqrt(x**2 + b)) / 2, a softplus without exponentials.

    >>> ops.squareplus([-1.5, 0.0, 1.5])
    Tensor([0.5, 1. , 2. ])
    """
    return ops.squareplus(as_float(x), b)


@keras_op
def sparse_plus(x: Any) -> Tensor:
    """0 up to -1, (x + 1)**2 / 4 from there to 1, and x above: a softplus that is 0 exactly.

    >>> ops.sparse_plus([-2.0, 0.0, 3.0])
    Tensor([0.  , 0.25, 3.  ])
    """
    return ops.sparse_plus(as_float(x))


@keras_op
def sparse_sigmoid(x: Any) -> Tensor:
    """0 up to -1, (x + 1) / 2 from there to 1, and 1 above: the derivative of `sparse_plus`.

    >>> ops.sparse_sigmoid([-2.0, 0.0, 3.0])
    Tensor([0. , 0.5, 1. ])
    """
    return ops.sparse_sigmoid(as_float(x))


@keras_op
def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """The point nearest to x, along an axis, whose elements are 0 or above and sum up to 1:
    probabilities of which many are 0 exactly (Martins, Astudillo 2016).

    >>> ops.sparsemax([1.0, 1.5, -1.0])
    Tensor([0.25, 0.75, 0.  ])
    """
    return ops.sparsemax(as_float(x), axis)
