"""The autograd engine: `Tensor`, gradient modes, gradient checks, and the registry of ops.

An op is one class with `forward` and `backward` side by side (see `corereg.autograd.ops`). How ops
run (src/tensor.pxi) and how gradients go back (src/backward.pxi) is compiled. Modules import
downwards only:

    functional, gradcheck                       derivatives as values, checks of them
    whole_copies                                pickles and copies of what another thread trains
    torch_functions, sampling                   what PyTorch has at its top: cat, stack, randint
    numpy_functions, methods/                   give Tensor what it cannot name itself: the ops
    ops/                                        the ops, one family a module
    op, parameter, creation                     what ops derive from, weights, new tensors
    tensor                                      Tensor: data, gradient, hooks, backward
    conversions, extents, inplace, signatures   parts of it
    unbroadcast, mode, elsewhere                what it uses; words of PyTorch that are not here
    aliases                                     names of types
"""

from corereg.autograd import (
    methods as _methods,  # noqa: F401  (gives Tensor its methods)
    traced_functions as _traced,  # noqa: F401  (for recordings)
)
from corereg.autograd.creation import (
    arange,
    empty,
    empty_like,
    eye,
    from_dlpack,
    full,
    full_like,
    linspace,
    normal,
    ones,
    ones_like,
    rand,
    randn,
    uniform,
    zeros,
    zeros_like,
)
from corereg.autograd.elsewhere import AUTOGRAD
from corereg.autograd.functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from corereg.autograd.gradcheck import check_grads
from corereg.autograd.mode import enable_grad, is_grad_enabled, no_grad
from corereg.autograd.op import Op, registry
from corereg.autograd.parameter import Parameter
from corereg.autograd.sampling import manual_seed, rand_like, randint, randn_like, randperm
from corereg.autograd.tensor import Tensor, apply, tensor
from corereg.autograd.torch_functions import (
    allclose,
    as_tensor,
    cat,
    from_numpy,
    is_tensor,
    set_grad_enabled,
    stack,
    where,
)

__all__ = [
    "Op",
    "Parameter",
    "Tensor",
    "allclose",
    "apply",
    "arange",
    "as_tensor",
    "cat",
    "check_grads",
    "empty",
    "empty_like",
    "enable_grad",
    "eye",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "grad",
    "hessian",
    "hvp",
    "is_grad_enabled",
    "is_tensor",
    "jacobian",
    "jvp",
    "linspace",
    "manual_seed",
    "no_grad",
    "normal",
    "ones",
    "ones_like",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "registry",
    "set_grad_enabled",
    "stack",
    "tensor",
    "uniform",
    "value_and_grad",
    "vjp",
    "where",
    "zeros",
    "zeros_like",
]


def __getattr__(name: str) -> object:
    """The error for a name of PyTorch's that is not here says what to use."""
    use = f"; use {AUTOGRAD[name]}" if name in AUTOGRAD else ""
    raise AttributeError(f"module 'corereg.autograd' has no attribute {name!r}{use}")
