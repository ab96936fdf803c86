"""corereg: regularized dense neural networks on the CPU.

`corereg.models`, `corereg.layers`, `corereg.regularizers` and the rest follow Keras;
`corereg.Tensor` is an autograd tensor in PyTorch's words. NumPy is the only dependency.
"""

try:
    import corereg._kernels

    del corereg  # the name, which the import bound here
except ModuleNotFoundError as error:
    raise ImportError(
        "corereg: its compiled part is not here. In a source tree, build it with "
        "`pip install -e .`, or start Python in another folder to use the installed package."
    ) from error

from corereg import (
    activations,
    autograd,
    callbacks,
    config,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    random,
    regularizers,
    utils,
)
from corereg._kernels import get_num_threads, set_num_threads
from corereg.autograd import (
    Parameter,
    Tensor,
    enable_grad,
    from_dlpack,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from corereg.autograd.creation import (
    arange,
    eye,
    full,
    normal,
    ones,
    ones_like,
    rand,
    randn,
    uniform,
    zeros,
    zeros_like,
)
from corereg.layers import Input
from corereg.models import Sequential
from corereg.random import set_random_seed
from corereg.runtime.function import RecordedFunction, record
from corereg.runtime.report import PerformanceWarning
from corereg.version import __version__, show_config

__all__ = [
    "Input",
    "Parameter",
    "PerformanceWarning",
    "RecordedFunction",
    "Sequential",
    "Tensor",
    "__version__",
    "activations",
    "arange",
    "autograd",
    "callbacks",
    "config",
    "datasets",
    "enable_grad",
    "eye",
    "from_dlpack",
    "full",
    "get_num_threads",
    "grad",
    "hessian",
    "hvp",
    "initializers",
    "jacobian",
    "jvp",
    "layers",
    "losses",
    "metrics",
    "models",
    "no_grad",
    "normal",
    "ones",
    "ones_like",
    "ops",
    "optimizers",
    "rand",
    "randn",
    "random",
    "record",
    "regularizers",
    "set_num_threads",
    "set_random_seed",
    "show_config",
    "uniform",
    "utils",
    "value_and_grad",
    "vjp",
    "zeros",
    "zeros_like",
]
