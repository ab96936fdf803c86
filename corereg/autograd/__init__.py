"""The autograd engine: `Tensor`, gradient modes, gradient checks, and the registry of ops.

An op is one class with `forward` and `backward` side by side (see `corereg.autograd.ops`). How ops
run (src/tensor.pxi) and how gradients go back (src/backward.pxi) is compiled. Modules import
downwards only:

    functional, gradcheck                       derivatives as values, checks of them
    whole_copies                                pickles and copies of what another thread trains
    torch_functions, sampling                   what PyTorch has at its top: cat, stack, randint
    all_ops                                     the registry, with all ops in it
    numpy_functions, methods/                   give Tensor what it cannot name itself: the ops
    ops/                                        the ops, one family a module
    op, parameter, creation                     what ops derive from, weights, new tensors
    tensor                                      Tensor: data, gradient, hooks, backward
    conversions, extents, inplace, signatures   parts of it
    unbroadcast, mode, elsewhere                what it uses; words of PyTorch that are not here
    aliases                                     names of types
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package
from corereg.autograd import deferred as _deferred  # noqa: F401  (gives Tensor its methods)
from corereg.autograd.mode import (
    enable_grad as enable_grad,
    is_grad_enabled as is_grad_enabled,
    no_grad as no_grad,
)
from corereg.autograd.parameter import Parameter as Parameter
from corereg.autograd.tensor import Tensor as Tensor, apply as apply, tensor as tensor

if TYPE_CHECKING:
    from corereg.autograd.all_ops import (
        registry as registry,
    )
    from corereg.autograd.creation import (
        arange as arange,
        empty as empty,
        empty_like as empty_like,
        eye as eye,
        from_dlpack as from_dlpack,
        full as full,
        full_like as full_like,
        linspace as linspace,
        normal as normal,
        ones as ones,
        ones_like as ones_like,
        rand as rand,
        randn as randn,
        uniform as uniform,
        zeros as zeros,
        zeros_like as zeros_like,
    )
    from corereg.autograd.functional import (
        grad as grad,
        hessian as hessian,
        hvp as hvp,
        jacobian as jacobian,
        jvp as jvp,
        value_and_grad as value_and_grad,
        vjp as vjp,
    )
    from corereg.autograd.gradcheck import (
        check_grads as check_grads,
    )
    from corereg.autograd.op import (
        Op as Op,
    )
    from corereg.autograd.sampling import (
        manual_seed as manual_seed,
        rand_like as rand_like,
        randint as randint,
        randn_like as randn_like,
        randperm as randperm,
    )
    from corereg.autograd.torch_functions import (
        allclose as allclose,
        as_tensor as as_tensor,
        cat as cat,
        from_numpy as from_numpy,
        is_tensor as is_tensor,
        set_grad_enabled as set_grad_enabled,
        stack as stack,
        where as where,
    )

_MODULES = {
    "Op": "op",
    "allclose": "torch_functions",
    "arange": "creation",
    "as_tensor": "torch_functions",
    "cat": "torch_functions",
    "check_grads": "gradcheck",
    "empty": "creation",
    "empty_like": "creation",
    "eye": "creation",
    "from_dlpack": "creation",
    "from_numpy": "torch_functions",
    "full": "creation",
    "full_like": "creation",
    "grad": "functional",
    "hessian": "functional",
    "hvp": "functional",
    "is_tensor": "torch_functions",
    "jacobian": "functional",
    "jvp": "functional",
    "linspace": "creation",
    "manual_seed": "sampling",
    "normal": "creation",
    "ones": "creation",
    "ones_like": "creation",
    "rand": "creation",
    "rand_like": "sampling",
    "randint": "sampling",
    "randn": "creation",
    "randn_like": "sampling",
    "randperm": "sampling",
    "registry": "all_ops",
    "set_grad_enabled": "torch_functions",
    "stack": "torch_functions",
    "uniform": "creation",
    "value_and_grad": "functional",
    "vjp": "functional",
    "where": "torch_functions",
    "zeros": "creation",
    "zeros_like": "creation",
}

__getattr__, __dir__, _lazy_names = lazy_package(
    __name__, _MODULES, remedies="corereg.autograd.elsewhere"
)
__all__ = sorted(
    [
        *_lazy_names,
        "Parameter",
        "Tensor",
        "apply",
        "enable_grad",
        "is_grad_enabled",
        "no_grad",
        "tensor",
    ]
)
