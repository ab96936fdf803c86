"""The activations made of straight lines, and their kin: ops of `corereg.autograd` under Keras's
names, with Keras's arguments and defaults, and with Keras's derivatives at the corners."""

from __future__ import annotations

from typing import Any

from corereg.activations.entering import activation
from corereg.autograd import Tensor, ops, tensor
from corereg.autograd.ops.activations import LEAKY_SLOPE
from corereg.autograd.ops.arguments import as_floats
from corereg.autograd.tensor import apply


@activation()
def linear(x: Any) -> Tensor:
    """x itself.

    >>> activations.linear(np.array([-2.0, 2.0]))
    Tensor([-2.,  2.], dtype=float64)
    """
    return tensor(x)


@activation()
def relu(
    x: Any,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """x where it is above threshold, at most max_value, and negative_slope * (x - threshold)
    elsewhere.

    The derivative at 0 is 0, as at any threshold; with negative_slope alone it is 1. At max_value
    it is 1/2 (for relu6, max_value 6, it is 0).

    >>> activations.relu(np.array([-2.0, 2.0, 9.0]), max_value=6.0)
    Tensor([0., 2., 6.], dtype=float64)
    """
    if max_value is None and threshold == 0:
        return leaky_relu(x, negative_slope) if negative_slope else ops.relu(x)
    return ops.bounded_relu(x, negative_slope, max_value, threshold)


@activation()
def relu6(x: Any) -> Tensor:
    """x limited to [0, 6]; the derivative at both ends is 0.

    >>> activations.relu6(np.array([-2.0, 2.0, 9.0]))
    Tensor([0., 2., 6.], dtype=float64)
    """
    return ops.relu6(x)


@activation()
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """x above 0, negative_slope * x elsewhere (Maas et al. 2013); the derivative at 0 is 1. (That
    of `corereg.autograd.ops.leaky_relu` is the slope, as in PyTorch.)

    >>> activations.leaky_relu(np.array([-2.0, 2.0]), negative_slope=0.5)
    Tensor([-1.,  2.], dtype=float64)
    """
    if negative_slope == LEAKY_SLOPE:
        return ops.activation(x, "leaky_relu")
    from corereg.autograd.ops.piecewise_activations import LeakyRelu

    return apply(LeakyRelu(negative_slope, at_zero=1.0), as_floats(x, "leaky_relu"))


@activation()
def hard_sigmoid(x: Any) -> Tensor:
    """x/6 + 1/2 limited to [0, 1]; the derivative at -3 and 3 is 0.

    >>> activations.hard_sigmoid(np.array([-3.0, 0.0, 5.0]))
    Tensor([0. , 0.5, 1. ], dtype=float64)
    """
    return ops.hard_sigmoid(x)


@activation("hard_swish")
def hard_silu(x: Any) -> Tensor:
    """x hard_sigmoid(x), also called hard_swish (Howard et al. 2019).

    >>> activations.hard_silu(np.array([0.0, 5.0]))
    Tensor([0., 5.], dtype=float64)
    """
    return ops.hard_silu(x)


@activation()
def hard_tanh(x: Any) -> Tensor:
    """x limited to [-1, 1]; the derivative at both ends is 1. (That of `corereg.autograd.ops` is 0
    there, as in PyTorch.)

    >>> activations.hard_tanh(np.array([-3.0, 0.5]))
    Tensor([-1. ,  0.5], dtype=float64)
    """
    return ops.clip(as_floats(x, "hard_tanh"), -1, 1)


@activation()
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x where |x| > threshold, else 0.

    >>> activations.hard_shrink(np.array([-1.0, 0.25, 2.0]))
    Tensor([-1.,  0.,  2.], dtype=float64)
    """
    return ops.hard_shrink(x, threshold)


@activation()
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x - threshold above threshold, x + threshold below -threshold, 0 between.

    >>> activations.soft_shrink(np.array([-1.0, 0.25, 2.0]))
    Tensor([-0.5,  0. ,  1.5], dtype=float64)
    """
    return ops.soft_shrink(x, threshold)


@activation()
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x above threshold, default_value elsewhere.

    >>> activations.threshold(np.array([1.0, 3.0]), threshold=2.0, default_value=-1.0)
    Tensor([-1.,  3.], dtype=float64)
    """
    return ops.threshold(x, threshold, default_value)


@activation()
def sparse_plus(x: Any) -> Tensor:
    """0 up to -1, ((x + 1)/2)**2 between, x from 1.

    >>> activations.sparse_plus(np.array([-2.0, 0.0, 3.0]))
    Tensor([0.  , 0.25, 3.  ], dtype=float64)
    """
    return ops.sparse_plus(x)


@activation()
def sparse_sigmoid(x: Any) -> Tensor:
    """(x + 1)/2 limited to [0, 1]; the derivative at both ends is 1/4.

    >>> activations.sparse_sigmoid(np.array([-2.0, 0.0, 0.5]))
    Tensor([0.  , 0.5 , 0.75], dtype=float64)
    """
    return ops.sparse_sigmoid(x)


@activation()
def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """max(x - tau, 0) along axis, tau such that the sum is 1 (Martins, Astudillo 2016).

    >>> activations.sparsemax(np.array([[3.0, 0.0, 1.0]]))
    Tensor([[1., 0., 0.]], dtype=float64)
    """
    return ops.sparsemax(x, axis)


hard_swish = hard_silu
