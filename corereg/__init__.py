"""corereg: regularized dense neural networks on the CPU.

`corereg.models`, `corereg.layers`, `corereg.regularizers` and the rest follow Keras;
`corereg.Tensor` is an autograd tensor in PyTorch's words. NumPy is the only dependency.
Everything is imported when it is first used.
"""

from typing import TYPE_CHECKING

try:
    import corereg._kernels

    del corereg  # the name, which the import bound here
except ModuleNotFoundError as error:
    raise ImportError(
        "corereg: its compiled part is not here. In a source tree, build it with "
        "`pip install -e .`, or start Python in another folder to use the installed package."
    ) from error

from corereg._lazy import lazy_package
from corereg.version import __version__

if TYPE_CHECKING:
    from corereg import (
        activations as activations,
        autograd as autograd,
        callbacks as callbacks,
        config as config,
        constraints as constraints,
        datasets as datasets,
        initializers as initializers,
        layers as layers,
        losses as losses,
        metrics as metrics,
        models as models,
        ops as ops,
        optimizers as optimizers,
        random as random,
        regularizers as regularizers,
        saving as saving,
        testing as testing,
        utils as utils,
    )
    from corereg._kernels import (
        get_num_threads as get_num_threads,
        set_num_threads as set_num_threads,
    )
    from corereg.autograd import (
        Parameter as Parameter,
        Tensor as Tensor,
        enable_grad as enable_grad,
        from_dlpack as from_dlpack,
        grad as grad,
        hessian as hessian,
        hvp as hvp,
        jacobian as jacobian,
        jvp as jvp,
        no_grad as no_grad,
        value_and_grad as value_and_grad,
        vjp as vjp,
    )
    from corereg.autograd.creation import (
        arange as arange,
        eye as eye,
        full as full,
        normal as normal,
        ones as ones,
        ones_like as ones_like,
        rand as rand,
        randn as randn,
        uniform as uniform,
        zeros as zeros,
        zeros_like as zeros_like,
    )
    from corereg.environment import show_config as show_config
    from corereg.graph import KerasTensor as KerasTensor, SymbolicTensor as SymbolicTensor
    from corereg.layers import Input as Input
    from corereg.models import Model as Model, Sequential as Sequential
    from corereg.random import set_random_seed as set_random_seed
    from corereg.runtime.function import (
        RecordedFunction as RecordedFunction,
        record as record,
    )
    from corereg.runtime.report import PerformanceWarning as PerformanceWarning

_MODULES = {
    "Input": "layers.input_layer",
    "KerasTensor": "graph",
    "Model": "models.model",
    "Parameter": "autograd",
    "PerformanceWarning": "runtime.report",
    "RecordedFunction": "runtime.function",
    "Sequential": "models.sequential",
    "SymbolicTensor": "graph",
    "Tensor": "autograd",
    "arange": "autograd.creation",
    "enable_grad": "autograd",
    "eye": "autograd.creation",
    "from_dlpack": "autograd",
    "full": "autograd.creation",
    "get_num_threads": "_kernels",
    "grad": "autograd",
    "hessian": "autograd",
    "hvp": "autograd",
    "jacobian": "autograd",
    "jvp": "autograd",
    "no_grad": "autograd",
    "normal": "autograd.creation",
    "ones": "autograd.creation",
    "ones_like": "autograd.creation",
    "rand": "autograd.creation",
    "randn": "autograd.creation",
    "record": "runtime.function",
    "set_num_threads": "_kernels",
    "set_random_seed": "random",
    "show_config": "environment",
    "uniform": "autograd.creation",
    "value_and_grad": "autograd",
    "vjp": "autograd",
    "zeros": "autograd.creation",
    "zeros_like": "autograd.creation",
}
_SUBMODULES = (
    "activations",
    "autograd",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "testing",
    "utils",
)

__getattr__, __dir__, _names = lazy_package(__name__, _MODULES, submodules=_SUBMODULES)
__all__ = ["__version__", *_names]
