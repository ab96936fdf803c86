"""The autograd engine: `Tensor`, gradient modes, gradient checks, and the registry of ops.

An op is one class with `forward` and `backward` side by side (see `corereg.autograd.ops`). How ops
run (src/tensor.pxi) and how gradients go back (src/backward.pxi) is compiled. Modules import
downwards only:

    functional, gradcheck                       derivatives as values, checks of them
    numpy_functions, methods                    give Tensor what it cannot name itself: the ops
    ops/                                        the ops, one family a module
    op, parameter, creation                     what ops derive from, weights, new tensors
    tensor                                      Tensor: data, gradient, hooks, backward
    conversions, inplace, unbroadcast, mode     parts of it, and the switch of gradients
    aliases                                     names of types
"""

from corereg.autograd import (
    methods as _methods,  # noqa: F401  (gives Tensor its methods)
    traced_functions as _traced,  # noqa: F401  (for recordings)
)
from corereg.autograd.creation import from_dlpack
from corereg.autograd.functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from corereg.autograd.gradcheck import check_grads
from corereg.autograd.mode import enable_grad, is_grad_enabled, no_grad
from corereg.autograd.op import Op, registry
from corereg.autograd.parameter import Parameter
from corereg.autograd.tensor import Tensor, apply, tensor

__all__ = [
    "Op",
    "Parameter",
    "Tensor",
    "apply",
    "check_grads",
    "enable_grad",
    "from_dlpack",
    "grad",
    "hessian",
    "hvp",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "no_grad",
    "registry",
    "tensor",
    "value_and_grad",
    "vjp",
]
