"""The classes that Keras makes of calls of `keras.ops` in a graph, and what of a call they keep.

A class keeps some arguments of the function in its config; the others, tensors first of all, are
the arguments of each call. Where a class is not named like its function, `_OTHER_NAMES` says so.
"""

from __future__ import annotations

from typing import NamedTuple

from corereg.naming import snake_case


class OpClass(NamedTuple):
    """A class of Keras's, and the arguments that its config has."""

    module: str
    name: str
    kept: tuple[str, ...]


_OTHER_NAMES = {"AllClose": "allclose", "CDist": "cdist", "IsIn": "isin"}
_OTHER_NAMES |= {"SearchSorted": "searchsorted"}

_PLAIN = {
    "numpy": (
        "Abs Absolute Add Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh BitwiseAnd "
        "BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor "
        "Cbrt Ceil Copy Corrcoef Cos Cosh Deg2rad Digitize Divide DivideNoNan Dot Dstack "
        "Equal Exp Exp2 Expm1 Fabs Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Gcd GetItem "
        "Greater GreaterEqual Heaviside Hstack Hypot Inner Isfinite Isinf Isnan Isneginf "
        "Isposinf Kron Lcm Ldexp LeftShift Less LessEqual Log Log10 Log1p Log2 Logaddexp "
        "Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Matmul Maximum Minimum Mod "
        "Multiply Ndim Negative Nextafter NotEqual Outer Power Rad2deg Ravel Reciprocal "
        "RightShift Select Sign Signbit Sin Sinc Sinh Size Slogdet Sqrt Square Subtract Tan "
        "Tanh TrueDivide Trunc Vdot Vstack Where "
    ),
    "nn": (
        "HardSigmoid HardSilu HardTanh LogSigmoid Relu Relu6 Selu Sigmoid Silu Softplus "
        "Softsign SparsePlus SparseSigmoid TanhShrink "
    ),
    "math": ("CDist Erf Erfinv Logdet Rsqrt "),
    "core": ("SliceUpdate StopGradient "),
    "linalg": ("Det Eigh Inv Solve "),
}
"""By the module in `keras.src.ops` the classes that keep nothing."""

_KEEPING = {
    "numpy": {
        "All": "axis keepdims",
        "AllClose": "rtol atol equal_nan",
        "Amax": "axis keepdims",
        "Amin": "axis keepdims",
        "Any": "axis keepdims",
        "Append": "axis",
        "Argmax": "axis keepdims",
        "Argmin": "axis keepdims",
        "Argpartition": "kth axis",
        "Argsort": "axis",
        "ArraySplit": "indices_or_sections axis",
        "Average": "axis",
        "Bincount": "weights minlength sparse",
        "BroadcastTo": "shape",
        "Clip": "x_min x_max",
        "Concatenate": "axis",
        "CountNonzero": "axis",
        "Cross": "axisa axisb axisc axis",
        "Cumprod": "axis dtype",
        "Cumsum": "axis dtype",
        "Diag": "k",
        "Diagflat": "k",
        "Diagonal": "offset axis1 axis2",
        "Diff": "n axis",
        "Dsplit": "indices_or_sections",
        "Einsum": "subscripts",
        "EmptyLike": "dtype",
        "ExpandDims": "axis",
        "Flip": "axis",
        "Full": "shape dtype",
        "FullLike": "dtype",
        "Geomspace": "num endpoint dtype axis",
        "Histogram": "bins range",
        "Hsplit": "indices_or_sections",
        "IsIn": "assume_unique invert",
        "Isclose": "equal_nan",
        "Linspace": "num endpoint retstep dtype axis",
        "Logspace": "num endpoint base dtype axis",
        "Max": "axis keepdims initial",
        "Mean": "axis keepdims",
        "Median": "axis keepdims",
        "Meshgrid": "indexing",
        "Min": "axis keepdims initial",
        "Moveaxis": "source destination",
        "NanToNum": "nan posinf neginf",
        "Nanargmax": "axis keepdims",
        "Nanargmin": "axis keepdims",
        "Nancumprod": "axis dtype",
        "Nancumsum": "axis dtype",
        "Nanmax": "axis keepdims",
        "Nanmean": "axis keepdims",
        "Nanmedian": "axis keepdims",
        "Nanmin": "axis keepdims",
        "Nanpercentile": "axis method keepdims",
        "Nanprod": "axis keepdims",
        "Nanquantile": "axis method keepdims",
        "Nanstd": "axis keepdims",
        "Nansum": "axis keepdims",
        "Nanvar": "axis keepdims",
        "OnesLike": "dtype",
        "Pad": "pad_width mode",
        "Percentile": "axis method keepdims",
        "Prod": "axis keepdims dtype",
        "Ptp": "axis keepdims",
        "Quantile": "axis method keepdims",
        "Repeat": "repeats axis",
        "Reshape": "newshape",
        "Roll": "shift axis",
        "Rot90": "k axes",
        "Round": "decimals",
        "SearchSorted": "side",
        "Sort": "axis",
        "Split": "indices_or_sections axis",
        "Squeeze": "axis",
        "Stack": "axis",
        "Std": "axis keepdims",
        "Sum": "axis keepdims",
        "Swapaxes": "axis1 axis2",
        "Take": "axis",
        "TakeAlongAxis": "axis",
        "Tensordot": "axes",
        "Tile": "repeats",
        "Trace": "offset axis1 axis2",
        "Transpose": "axes",
        "Trapezoid": "x dx axis",
        "Tril": "k",
        "Triu": "k",
        "Unique": "sorted return_index return_inverse return_counts axis size fill_value",
        "UnravelIndex": "shape",
        "Vander": "N increasing",
        "Var": "axis keepdims",
        "Vsplit": "indices_or_sections",
        "ZerosLike": "dtype",
    },
    "nn": {
        "BinaryCrossentropy": "from_logits",
        "CategoricalCrossentropy": "from_logits axis",
        "Celu": "alpha",
        "Elu": "alpha",
        "Gelu": "approximate",
        "Glu": "axis",
        "HardShrink": "threshold",
        "LeakyRelu": "negative_slope",
        "LogSoftmax": "axis",
        "Moments": "axes keepdims synchronized",
        "MultiHot": "num_classes axis dtype sparse",
        "Normalize": "axis order epsilon",
        "OneHot": "num_classes axis dtype sparse",
        "PSNR": "max_val",
        "SoftShrink": "threshold",
        "Softmax": "axis",
        "SparseCategoricalCrossentropy": "from_logits axis",
        "Sparsemax": "axis",
        "Squareplus": "b",
        "Threshold": "threshold default_value",
    },
    "math": {
        "InTopK": "k",
        "Logsumexp": "axis keepdims",
        "SegmentMax": "num_segments sorted",
        "SegmentSum": "num_segments sorted",
        "TopK": "k sorted",
    },
    "core": {
        "Cast": "dtype",
        "SaturateCast": "dtype",
        "Scatter": "shape",
        "ScatterUpdate": "reduction",
        "Slice": "shape",
        "Unstack": "num axis",
    },
    "linalg": {
        "Cholesky": "upper",
        "CholeskyInverse": "upper",
        "Lstsq": "rcond",
        "MatrixRank": "tol",
        "Norm": "ord axis keepdims",
        "Pinv": "rcond",
        "Qr": "mode",
        "SVD": "full_matrices compute_uv",
        "SolveTriangular": "lower",
    },
}
"""By the module the others, and what they keep."""

CLASSES: dict[str, OpClass] = {}
"""By the name of each function of `corereg.ops`."""

FUNCTIONS: dict[tuple[str, str], str] = {}
"""By module and class the name of the function."""

for _module, _names in _PLAIN.items():
    for _name in _names.split():
        CLASSES[_OTHER_NAMES.get(_name) or snake_case(_name)] = OpClass(_module, _name, ())
for _module, _kept in _KEEPING.items():
    for _name, _arguments in _kept.items():
        _function = _OTHER_NAMES.get(_name) or snake_case(_name)
        CLASSES[_function] = OpClass(_module, _name, tuple(_arguments.split()))
FUNCTIONS.update({(known.module, known.name): name for name, known in CLASSES.items()})
