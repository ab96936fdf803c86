"""The smooth activations, softmax and its kin: ops of `corereg.autograd` under Keras's names, and
with Keras's arguments and defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.activations.entering import activation
from corereg.autograd import Tensor, ops
from corereg.warn import warn_of_one_class


@activation()
def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e**-x)

    >>> activations.sigmoid(np.array([0.0, 100.0]))
    Tensor([0.5, 1. ], dtype=float64)
    """
    return ops.sigmoid(x)


@activation()
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent.

    >>> activations.tanh(np.array([0.0, 100.0]))
    Tensor([0., 1.], dtype=float64)
    """
    return ops.tanh(x)


@activation()
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha * (e**x - 1) elsewhere; the derivative at 0 is alpha (Clevert et al.
    2015).

    >>> activations.elu(np.array([-100.0, 2.0]))
    Tensor([-1.,  2.], dtype=float64)
    """
    return ops.elu(x, alpha)


@activation()
def selu(x: Any) -> Tensor:
    """1.0507 elu(x, alpha=1.6733) (Klambauer et al. 2017); made for `lecun_normal` weights.

    >>> activations.selu(np.array([0.0, 1.0])).numpy().round(4)
    array([0.    , 1.0507])
    """
    return ops.selu(x)


@activation()
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """max(x, 0) + alpha * (e**(min(x, 0)/alpha) - 1) (Barron 2017).

    >>> activations.celu(np.array([-100.0, 2.0]))
    Tensor([-1.,  2.], dtype=float64)
    """
    return ops.celu(x, alpha)


@activation()
def gelu(x: Any, approximate: bool = False) -> Tensor:
    """x Phi(x), Phi the normal distribution function (Hendrycks, Gimpel 2016).

    approximate: x (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))) / 2 in its place.

    >>> activations.gelu(np.array([0.0, 1.0])).numpy().round(4)
    array([0.    , 0.8413])
    """
    return ops.gelu(x, approximate)


@activation("swish")
def silu(x: Any) -> Tensor:
    """x sigmoid(x), also called swish (Ramachandran et al. 2017).

    >>> activations.silu(np.array([0.0, 1.0])).numpy().round(4)
    array([0.    , 0.7311])
    """
    return ops.silu(x)


@activation()
def mish(x: Any) -> Tensor:
    """x tanh(softplus(x)) (Misra 2019).

    >>> activations.mish(np.array([0.0, 1.0])).numpy().round(4)
    array([0.    , 0.8651])
    """
    return ops.mish(x)


@activation()
def softplus(x: Any) -> Tensor:
    """log(1 + e**x)

    >>> activations.softplus(np.array([0.0])).numpy().round(4)
    array([0.6931])
    """
    return ops.softplus(x)


@activation()
def softsign(x: Any) -> Tensor:
    """x / (1 + |x|)

    >>> activations.softsign(np.array([-1.0, 3.0]))
    Tensor([-0.5 ,  0.75], dtype=float64)
    """
    return ops.softsign(x)


@activation()
def squareplus(x: Any, b: float = 4) -> Tensor:
    """(x + sqrt(x**2 + b)) / 2 (Barron 2021).

    >>> activations.squareplus(np.array([0.0, 1.5]))
    Tensor([1., 2.], dtype=float64)
    """
    return ops.squareplus(x, b)


@activation()
def tanh_shrink(x: Any) -> Tensor:
    """x - tanh(x)

    >>> activations.tanh_shrink(np.array([0.0, 1.0])).numpy().round(4)
    array([0.    , 0.2384])
    """
    return ops.tanh_shrink(x)


@activation()
def exponential(x: Any) -> Tensor:
    """e**x

    >>> activations.exponential(np.array([0.0]))
    Tensor([1.], dtype=float64)
    """
    return ops.exp(x)


@activation()
def log_sigmoid(x: Any) -> Tensor:
    """log(sigmoid(x)), without overflow.

    >>> activations.log_sigmoid(np.array([0.0])).numpy().round(4)
    array([-0.6931])
    """
    return ops.log_sigmoid(x)


@activation()
def glu(x: Any, axis: int = -1) -> Tensor:
    """a sigmoid(b), a and b the halves of x along axis (Dauphin et al. 2016). ValueError if the
    axis cannot be halved.

    >>> activations.glu(np.array([3.0, 0.0]))
    Tensor([1.5], dtype=float64)
    """
    return ops.glu(x, axis)


@activation()
def softmax(x: Any, axis: int | Sequence[int] = -1) -> Tensor:
    """e**x / sum(e**x) along an axis or several. ValueError if x has no such axis; a warning where
    it has one element, for the result is 1 then.

    >>> activations.softmax(np.array([[1.0, 1.0]]))
    Tensor([[0.5, 0.5]], dtype=float64)
    """
    if isinstance(axis, Sequence):
        from corereg.ops.activations import softmax as over_axes

        return over_axes(x, axis)
    out = ops.softmax(x, axis)
    warn_of_one_class(out.shape, axis)
    return out


@activation()
def log_softmax(x: Any, axis: int | Sequence[int] = -1) -> Tensor:
    """log(softmax(x)) along an axis or several, without overflow. ValueError if x has no such axis.

    >>> activations.log_softmax(np.array([0.0, 0.0])).numpy().round(4)
    array([-0.6931, -0.6931])
    """
    if isinstance(axis, Sequence):
        from corereg.ops.activations import log_softmax as over_axes

        return over_axes(x, axis)
    return ops.log_softmax(x, axis)


swish = silu
