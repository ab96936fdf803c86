"""corereg: regularized dense neural networks on the CPU.

>>> import corereg
>>> from corereg import layers
>>> corereg.set_random_seed(1)
>>> x, y = corereg.datasets.load_breast_cancer()
>>> x = (x - x.mean(axis=0)) / x.std(axis=0)
>>> model = corereg.Sequential([
...     corereg.Input((30,)),
...     layers.Dense(32, "relu", kernel_regularizer="l2"),
...     layers.Dropout(0.5),
...     layers.Dense(1, "sigmoid"),
... ])
>>> model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
>>> history = model.fit(x[:400], y[:400], epochs=30, verbose=0)
>>> loss, accuracy = model.evaluate(x[400:], y[400:], verbose=0)
>>> accuracy > 0.95
True

`layers`, `losses`, `metrics`, `optimizers`, `regularizers`, `callbacks` and the rest speak Keras's
words; `corereg.Tensor` is an autograd tensor in PyTorch's. `corereg.record` replays a training step
of your own in C. NumPy is the only dependency, and everything is imported when it is first used.

Docstrings show examples, `help(corereg.layers.Dense)`. They suppose `import numpy as np`,
`import corereg` and `from corereg import Tensor, layers, losses, ops, ...`.
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

if TYPE_CHECKING:
    from corereg import (
        activations as activations,
        autograd as autograd,
        backend as backend,
        calibration as calibration,
        callbacks as callbacks,
        config as config,
        constraints as constraints,
        datasets as datasets,
        dtype_policies as dtype_policies,
        export as export,
        initializers as initializers,
        layers as layers,
        losses as losses,
        metrics as metrics,
        models as models,
        ops as ops,
        optimizers as optimizers,
        plotting as plotting,
        preprocessing as preprocessing,
        pruning as pruning,
        random as random,
        regularizers as regularizers,
        saving as saving,
        sklearn as sklearn,
        testing as testing,
        tuning as tuning,
        utils as utils,
        wrappers as wrappers,
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
        is_grad_enabled as is_grad_enabled,
        jacobian as jacobian,
        jvp as jvp,
        no_grad as no_grad,
        value_and_grad as value_and_grad,
        vjp as vjp,
    )
    from corereg.autograd.creation import (
        arange as arange,
        empty as empty,
        empty_like as empty_like,
        eye as eye,
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
        matmul as matmul,
        set_grad_enabled as set_grad_enabled,
        stack as stack,
        tensor as tensor,
        where as where,
    )
    from corereg.dtype_policies import (
        DTypePolicy as DTypePolicy,
        FloatDTypePolicy as FloatDTypePolicy,
    )
    from corereg.environment import bug_report as bug_report, show_config as show_config
    from corereg.graph import KerasTensor as KerasTensor, SymbolicTensor as SymbolicTensor
    from corereg.initializers import Initializer as Initializer
    from corereg.layers import Input as Input, InputSpec as InputSpec, Layer as Layer
    from corereg.losses import Loss as Loss
    from corereg.matmul_precision import (
        get_float32_matmul_precision as get_float32_matmul_precision,
        set_float32_matmul_precision as set_float32_matmul_precision,
    )
    from corereg.metrics import Metric as Metric
    from corereg.models import Model as Model, Sequential as Sequential
    from corereg.optimizers import Optimizer as Optimizer
    from corereg.random import set_random_seed as set_random_seed
    from corereg.regularizers import Regularizer as Regularizer
    from corereg.runtime.function import (
        RecordedFunction as RecordedFunction,
        record as record,
    )
    from corereg.runtime.report import PerformanceWarning as PerformanceWarning
    from corereg.version import __version__ as __version__

_MODULES = {
    "__version__": "version",
    "DTypePolicy": "dtype_policies",
    "FloatDTypePolicy": "dtype_policies",
    "Initializer": "initializers",
    "Input": "layers.input_layer",
    "InputSpec": "layers",
    "KerasTensor": "graph",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models.model",
    "Optimizer": "optimizers",
    "Parameter": "autograd",
    "PerformanceWarning": "runtime.report",
    "RecordedFunction": "runtime.function",
    "Regularizer": "regularizers",
    "Sequential": "models.sequential",
    "SymbolicTensor": "graph",
    "Tensor": "autograd",
    "allclose": "autograd.torch_functions",
    "arange": "autograd.creation",
    "as_tensor": "autograd.torch_functions",
    "bug_report": "environment",
    "cat": "autograd.torch_functions",
    "empty": "autograd.creation",
    "empty_like": "autograd.creation",
    "enable_grad": "autograd",
    "eye": "autograd.creation",
    "from_dlpack": "autograd",
    "from_numpy": "autograd.torch_functions",
    "full": "autograd.creation",
    "full_like": "autograd.creation",
    "get_float32_matmul_precision": "matmul_precision",
    "get_num_threads": "_kernels",
    "grad": "autograd",
    "hessian": "autograd",
    "hvp": "autograd",
    "is_grad_enabled": "autograd",
    "is_tensor": "autograd.torch_functions",
    "jacobian": "autograd",
    "jvp": "autograd",
    "linspace": "autograd.creation",
    "manual_seed": "autograd.sampling",
    "matmul": "autograd.torch_functions",
    "no_grad": "autograd",
    "normal": "autograd.creation",
    "ones": "autograd.creation",
    "ones_like": "autograd.creation",
    "rand": "autograd.creation",
    "rand_like": "autograd.sampling",
    "randint": "autograd.sampling",
    "randn": "autograd.creation",
    "randn_like": "autograd.sampling",
    "randperm": "autograd.sampling",
    "record": "runtime.function",
    "set_float32_matmul_precision": "matmul_precision",
    "set_grad_enabled": "autograd.torch_functions",
    "set_num_threads": "_kernels",
    "set_random_seed": "random",
    "show_config": "environment",
    "stack": "autograd.torch_functions",
    "tensor": "autograd.torch_functions",
    "uniform": "autograd.creation",
    "value_and_grad": "autograd",
    "vjp": "autograd",
    "where": "autograd.torch_functions",
    "zeros": "autograd.creation",
    "zeros_like": "autograd.creation",
}
_SUBMODULES = (
    "activations",
    "autograd",
    "backend",
    "calibration",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "dtype_policies",
    "export",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "plotting",
    "preprocessing",
    "pruning",
    "random",
    "regularizers",
    "saving",
    "sklearn",
    "testing",
    "tuning",
    "utils",
    "wrappers",
)

__getattr__, __dir__, __all__ = lazy_package(
    __name__, _MODULES, submodules=_SUBMODULES, remedies="corereg.autograd.missing"
)
