"""The activations that are kernels, and log_softmax.

The way back goes from the output alone, or for gelu, silu and mish, which are not monotone, from
the derivative, which the kernel works out with the output and the op keeps.

x is float32 or float64, of any shape; the result is like it. TypeError otherwise. The errors, in
units in the last place, are the largest among all of float32, and in a sample of float64; those of
the smooth activations stand in src/curves.h.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd.mode import state
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, as_floats, normalize_axis
from corereg.autograd.tensor import Tensor, apply

if TYPE_CHECKING:
    from corereg.autograd.ops import elementwise, selection, shaping
else:  # for second derivatives and other axes than the last
    elementwise = later("corereg.autograd.ops.elementwise")
    selection = later("corereg.autograd.ops.selection")
    shaping = later("corereg.autograd.ops.shaping")

CODES: dict[str, int] = _kernels.ACTIVATIONS
LINEAR, RELU, SIGMOID, TANH, SOFTMAX = (
    CODES[name] for name in ("linear", "relu", "sigmoid", "tanh", "softmax")
)
LEAKY_RELU, ELU, SELU, SOFTPLUS = (
    CODES[name] for name in ("leaky_relu", "elu", "selu", "softplus")
)
GELU, GELU_TANH, SILU, MISH = (CODES[name] for name in ("gelu", "gelu_tanh", "silu", "mish"))
SLOPED = frozenset(CODES[name] for name in _kernels.KEEPS_SLOPE)
"""Those whose derivative is kept, for the output does not tell it."""

LEAKY_SLOPE = 0.2
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
ROOT_HALF, ROOT_TWO_BY_PI = math.sqrt(0.5), math.sqrt(2 / math.pi)
CUBE = 0.044715


class Activation(Op):
    """act(x); `code` is one of CODES. Softmax is along the last axis."""

    __slots__ = ("code", "kept")
    returns_new_arrays = recordable = True

    def __init__(self, code: int) -> None:
        self.code = code
        self.kept: Any = None

    def forward(self, x: Any) -> Any:
        if self.code in SLOPED and state.enabled:
            self.kept = np.empty(x.shape, x.dtype)
            return _kernels.activation_forward(x, self.code, None, self.kept)
        return _kernels.activation_forward(x, self.code)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        known = out if self.kept is None else self.kept
        return (_kernels.activation_backward(grad, known, self.code),)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (slope(grad, out, x, self.code),)


class Elu(Op):
    """x above 0, alpha * (e**x - 1) elsewhere; the derivative at 0 is alpha."""

    __slots__ = ("alpha",)
    returns_new_arrays = True

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return np.maximum(x, 0) + self.alpha * np.expm1(np.minimum(x, 0))

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        a = array_of(x)
        low = self.alpha * np.exp(np.where(a < 0, x, 0))
        return (grad * np.where(a <= 0, low, 1.0),)


class LogSoftmax(Op):
    """x - log(sum of e**x), along the last axis."""

    __slots__ = ()
    returns_new_arrays = recordable = True

    def forward(self, x: Any) -> Any:
        return _kernels.log_softmax_forward(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (_kernels.log_softmax_backward(grad, out),)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad - np.exp(out) * grad.sum(axis=-1, keepdims=True),)


def slope(grad: Any, out: Any, x: Any, code: int) -> Any:
    """What `_kernels.activation_backward` gives, in Tensors, from the output or the input x."""
    if code == RELU:
        return selection.where(out.data > 0, grad, 0)
    if code == SIGMOID:
        return grad * out * (1 - out)
    if code == TANH:
        return grad * (1 - out * out)
    if code == SOFTMAX:
        return out * (grad - (grad * out).sum(axis=-1, keepdims=True))
    if code == LEAKY_RELU:
        return selection.where(out.data >= 0, grad, LEAKY_SLOPE * grad)
    if code == ELU:
        return selection.where(
            out.data > 0, grad, grad * (selection.where(out.data < 0, out, 0) + 1)
        )
    if code == SELU:
        low = selection.where(out.data < 0, out, 0) + SELU_SCALE * SELU_ALPHA
        return selection.where(out.data > 0, SELU_SCALE * grad, grad * low)
    if code == SOFTPLUS:
        return grad * sigmoid(x)
    if code == GELU:
        density = (0.5 * ROOT_TWO_BY_PI) * np.exp(-0.5 * x * x)
        return grad * (0.5 * (1 + elementwise.erf(x * ROOT_HALF)) + x * density)
    if code == GELU_TANH:
        s = sigmoid((2 * ROOT_TWO_BY_PI) * (x + CUBE * x * x * x))
        return grad * (s + x * s * (1 - s) * ((2 * ROOT_TWO_BY_PI) * (1 + 3 * CUBE * x * x)))
    if code == SILU:
        s = sigmoid(x)
        return grad * (s * (1 + x * (1 - s)))
    if code == MISH:
        t = tanh(softplus(x))
        return grad * (t + x * sigmoid(x) * (1 - t * t))
    return grad


def activation(x: Any, name: str) -> Tensor:
    """One of the activations that are kernels by name, such as linear, relu, softmax, gelu_tanh;
    leaky_relu has the slope 0.2 below 0, and the derivative 1 at 0, as in Keras.

    >>> ops.activation([-2.0, 3.0], "leaky_relu")
    Tensor([-0.4,  3. ])
    """
    if name not in CODES:
        raise ValueError(f"activation: expected one of {sorted(CODES)}, received {name!r}")
    x = as_floats(x, name)
    return x if name == "linear" else apply(Activation(CODES[name]), x)


def relu(x: Any) -> Tensor:
    """max(x, 0); the derivative at 0 is 0.

    >>> x = Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> x.relu().sum().backward()
    >>> x.grad
    Tensor([0., 0., 1.])
    """
    return apply(Activation(RELU), as_floats(x, "relu"))


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e**-x), within 2.49 units in the last place (float64: 2.5).

    >>> Tensor([-200.0, 0.0, 1.0]).sigmoid().round(4)
    Tensor([0.    , 0.5   , 0.7311])
    """
    return apply(Activation(SIGMOID), as_floats(x, "sigmoid"))


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent, within 1.34 units in the last place (float64: 1.4).

    >>> Tensor([-20.0, 0.0, 1.0]).tanh().round(4)
    Tensor([-1.    ,  0.    ,  0.7616])
    """
    return apply(Activation(TANH), as_floats(x, "tanh"))


def softplus(x: Any) -> Tensor:
    """log(1 + e**x), for every x (PyTorch's gives x above 20, which is 2e-9 less).

    >>> ops.softplus([-1.0, 0.0, 100.0]).round(4)
    Tensor([  0.3133,   0.6931, 100.    ])
    """
    return apply(Activation(SOFTPLUS), as_floats(x, "softplus"))


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha * (e**x - 1) elsewhere; the derivative at 0 is alpha (Clevert et al.
    2015).

    >>> ops.elu([-1.0, 2.0]).round(4)
    Tensor([-0.6321,  2.    ])
    """
    op = Activation(ELU) if alpha == 1 else Elu(alpha)
    return apply(op, as_floats(x, "elu"))


def selu(x: Any) -> Tensor:
    """1.0507 elu(x, alpha=1.6733) (Klambauer et al. 2017, with all digits).

    >>> ops.selu([-1.0, 2.0]).round(4)
    Tensor([-1.1113,  2.1014])
    """
    return apply(Activation(SELU), as_floats(x, "selu"))


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """x Phi(x), Phi the normal distribution function (Hendrycks, Gimpel 2016).

    approximate: x (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))) / 2 in its place, which is off by
    0.0005 at most (PyTorch's approximate="tanh").

    >>> ops.gelu([-1.0, 1.0]).round(4)
    Tensor([-0.1587,  0.8413])
    >>> ops.gelu([-1.0, 1.0], approximate=True).round(4)
    Tensor([-0.1588,  0.8412])
    """
    return apply(Activation(GELU_TANH if approximate else GELU), as_floats(x, "gelu"))


def silu(x: Any) -> Tensor:
    """x sigmoid(x), also called swish (Ramachandran et al. 2017).

    >>> ops.silu([-1.0, 1.0]).round(4)
    Tensor([-0.2689,  0.7311])
    """
    return apply(Activation(SILU), as_floats(x, "silu"))


def mish(x: Any) -> Tensor:
    """x tanh(softplus(x)) (Misra 2019).

    >>> ops.mish([-1.0, 1.0]).round(4)
    Tensor([-0.3034,  0.8651])
    """
    return apply(Activation(MISH), as_floats(x, "mish"))


def softmax(x: Any, axis: int = -1) -> Tensor:
    """e**x / sum(e**x) along axis. ValueError if x has no such axis.

    >>> ops.softmax([[0.0, 0.0], [0.0, 1.0]]).round(4)
    Tensor([[0.5   , 0.5   ],
            [0.2689, 0.7311]])
    """
    x = as_floats(x, "softmax")
    if normalize_axis(axis, x.ndim, "softmax") == x.ndim - 1:
        return apply(Activation(SOFTMAX), x)
    return shaping.swapaxes(apply(Activation(SOFTMAX), shaping.swapaxes(x, axis, -1)), axis, -1)


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """log(softmax(x)) along axis, without overflow. ValueError if x has no such axis.

    >>> ops.log_softmax([0.0, 1000.0])
    Tensor([-1000.,     0.])
    """
    x = as_floats(x, "log_softmax")
    if normalize_axis(axis, x.ndim, "log_softmax") == x.ndim - 1:
        return apply(LogSoftmax(), x)
    return shaping.swapaxes(apply(LogSoftmax(), shaping.swapaxes(x, axis, -1)), axis, -1)
