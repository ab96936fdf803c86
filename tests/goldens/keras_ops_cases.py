"""Calls of functions of `keras.ops`, for make_keras_ops.py, which runs Keras, and for
test_keras_ops.py, which runs `corereg.ops`.

CASES: by label (name, positional arguments, arguments by name). Arrays of floats among the
arguments, also in lists, are inputs: they are cast to float32 and float64, and differentiated by
unless the name is in CONSTANT.
"""

from __future__ import annotations

import numpy as np

random = np.random.default_rng(11)


def numbers(*shape, low=0.15, high=0.95):
    """Numbers of either sign, away from 0 and 1, that float32 holds."""
    made = random.uniform(low, high, shape) * random.choice([-1, 1], shape)
    return made.astype("f4").astype("f8")


def shuffled(*shape):
    """Numbers of which no two are nearer than 0.1."""
    made = (random.permutation(int(np.prod(shape))) * 0.125 - 0.7).reshape(shape)
    return made.astype("f4").astype("f8")


X, Y, V, W = numbers(2, 3), numbers(2, 3), numbers(3), numbers(4)
P, Q = np.abs(numbers(2, 3)) + 0.5, np.abs(numbers(2, 3)) + 0.25
CUBE, BIG = numbers(2, 3, 4), numbers(3, 4, low=0.5, high=6)
S = shuffled(3, 4)
SQUARE = numbers(3, 3) + 2 * np.eye(3)
STACK = numbers(2, 3, 3) + 2 * np.eye(3)
TALL, WIDE = numbers(4, 3) + 2 * np.eye(4, 3), numbers(3, 4) + 2 * np.eye(3, 4)
SYMMETRIC = np.diag([1.0, 2.0, 3.5]) + 0.25 * np.array([[0, 1, 0.5], [1, 0, -1], [0.5, -1, 0]])
NAN = np.array([[0.5, np.nan, -0.25, 1.5], [np.nan] * 4, [2.0, -1.0, 0.75, 3.0]])
ENDS = np.array([np.nan, np.inf, -np.inf, 0.5, -2.0])
N, J = np.array([[3, 1, 2], [0, 5, 7]], "i4"), np.array([2, 3, 1], "i4")
MASK = np.array([[True, False, True], [False, True, True]])
SHARES = np.array([[0.2, 0.5, 0.3], [0.1, 0.6, 0.3]])
PROBS, LABELS = np.abs(X), np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
EDGES = np.array([-2.0, -0.5, 0.5, 2.0])

CASES: dict[str, tuple[str, tuple, dict]] = {}


def case(name, *args, **kwargs):
    label = name
    count = 1
    while label in CASES:
        count += 1
        label = f"{name} {count}"
    CASES[label] = (name, args, kwargs)


def each(names, *args, **kwargs):
    for name in names.split():
        case(name, *args, **kwargs)


# ---- one element ---------------------------------------------------------------------------------
each("abs absolute fabs negative sign square exp exp2 expm1 sin cos tan sinh cosh tanh", X)
each("arcsin arccos arctan arctanh arcsinh erf erfinv sinc deg2rad rad2deg cbrt reciprocal", X)
each("sqrt rsqrt log log10 log1p log2", P)
case("erfc", 4 * X)
case("i0", 3 * X)
each("bartlett blackman hamming hanning", 7)
case("kaiser", 7, 2.5)
for mode in ("valid", "same", "full"):
    case("correlate", BIG[0], V, mode)
    case("correlate", V, BIG[1], mode)
    case("correlate", W, BIG[1, :2], mode)
    case("correlate", BIG[1, :2], W, mode)
case("arccosh", P + 1)
each("relu sigmoid leaky_relu elu selu gelu silu swish softplus softsign", 3 * X)
each("hard_sigmoid hard_tanh", 3 * X)
each("relu6 celu hard_silu hard_swish hard_shrink soft_shrink tanh_shrink log_sigmoid", 3 * X)
each("squareplus sparse_plus sparse_sigmoid", 3 * X)
each("sparsemax glu", BIG)
case("glu", CUBE, axis=0)
case("celu", X, alpha=0.7)
each("hard_shrink soft_shrink", X, 0.2)
case("threshold", X, 0.3, -1.0)
case("leaky_relu", X, 0.4)
case("elu", X, alpha=0.7)
case("gelu", X, approximate=False)
each("softmax log_softmax", BIG)
each("softmax log_softmax", CUBE, axis=1)
each("softmax log_softmax", CUBE, axis=(0, 2))
each("floor ceil trunc round", BIG)
case("round", BIG, decimals=1)
each("isfinite isinf isnan isneginf isposinf signbit", ENDS)
case("nan_to_num", ENDS, 2.0, posinf=9.0, neginf=-9.0)
each("exp sqrt sin mean std var median floor round trunc square abs nan_to_num", N)
each("square abs sum prod cumsum mean exp", MASK)
case("clip", BIG, -1.5, 2.0)
case("clip", N, 1, 3)
case("clip", BIG, -np.abs(W), 2.0)

# ---- two operands --------------------------------------------------------------------------------
each("add subtract multiply divide true_divide maximum minimum fmax fmin", X, Y)
each("add subtract multiply divide maximum power", X, 2)
each("add subtract multiply divide minimum", N, 2.5)
each("add subtract multiply divide floor_divide mod", N, J)
each("add multiply", MASK, MASK[::-1])
each("add multiply maximum", X, V)
each("add divide", N, X)
each("floor_divide mod fmod", BIG, 1.3)
each("arctan2 hypot logaddexp logaddexp2 divide_no_nan", X, Y)
case("divide_no_nan", X, np.array([2.0, 0.0, -1.0]))
case("power", P, X)
case("power", N, 2)
case("ldexp", X, J)
case("heaviside", X, 0.5)
each("gcd lcm", N, J)
case("nextafter", X, 2.0)
each("equal not_equal less less_equal greater greater_equal", N, J)
each("less greater_equal", X, V)
each("isclose allclose", X, X + 1e-7)
case("isclose", ENDS, ENDS, equal_nan=True)
case("isclose", X, Y, rtol=0.5, atol=0.1)
case("isin", N, [3, 5])
case("isin", N, J, invert=True)
each("logical_and logical_or logical_xor", MASK, MASK[::-1])
case("logical_not", N)
each("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift", N, J)
each("left_shift right_shift", N, 1)
each("bitwise_not bitwise_invert", N)

# ---- reductions ----------------------------------------------------------------------------------
each("sum mean prod var std logsumexp max min amax amin ptp median", S)
each("sum mean prod var std logsumexp max min amax amin ptp median", S, axis=1, keepdims=True)
each("sum mean max var median", CUBE, axis=(0, 2))
each("sum prod cumsum", N.astype("i1"))
each("sum prod max min argmax count_nonzero cumsum cumprod sort argsort", N, axis=1)
case("prod", N, dtype="float32")
each("max min", S, axis=0, initial=0.1)
each("argmax argmin", S)
each("argmax argmin", S, axis=1, keepdims=True)
each("all any", MASK, axis=0)
each("all any", X)
each("count_nonzero", N)
each("cumsum cumprod", X)
each("cumsum cumprod", X, axis=1)
case("cumsum", N, axis=1, dtype="float32")
case("average", X)
case("average", X, axis=1, weights=np.abs(V))
case("average", X, weights=np.abs(Y))
case("average", N, axis=0)
case("moments", X, [0])
case("moments", CUBE, (0, 1), keepdims=True)
each("nansum nanprod nanmax nanmin nanmean nanvar nanstd nanmedian", NAN[::2], axis=1)
each("nansum nanmean nanmax nanargmax nanargmin nanmedian", NAN, axis=1)
each("nancumsum nancumprod", NAN, axis=1)
case("segment_sum", BIG, J - 1, num_segments=3)
case("segment_max", S, J - 1, num_segments=4)
case("segment_min", S, J - 1, num_segments=4)
case("segment_prod", S, J - 1, num_segments=4)

# ---- order and counts ----------------------------------------------------------------------------
case("sort", S)
case("sort", S, axis=0)
case("argsort", S)
case("argsort", np.array([2, 1, 2, 1], "i4"))
case("top_k", S, 2)
case("in_top_k", np.array([0, 2, 3], "i4"), S, 2)
case("quantile", S, 0.3)
case("quantile", S, np.array([0.25, 0.6]), axis=1, keepdims=True)
for _method in ("lower", "higher", "nearest", "midpoint"):
    case("quantile", S, 0.31, axis=0, method=_method)
case("percentile", S, 35.0, axis=1)
case("nanquantile", NAN, 0.4, axis=1)
case("nanpercentile", NAN, 40.0)
case("searchsorted", EDGES, BIG[0])
case("searchsorted", EDGES, EDGES, side="right")
case("digitize", BIG, EDGES)
case("digitize", N, np.array([1, 3, 5], "i4"))
case("histogram", S.ravel(), 4)
case("histogram", S.ravel(), bins=3, range=(-0.5, 0.5))
case("bincount", np.array([1, 1, 3], "i4"), minlength=5)
case("bincount", np.array([1, 1, 3], "i4"), weights=V)
case("unique", N)
case("unique", N, return_index=True, return_inverse=True, return_counts=True)

# ---- new ones ------------------------------------------------------------------------------------
case("zeros", (2, 3))
case("ones", (2,), "int32")
case("full", (2, 2), 3)
case("full", (2,), 3, dtype="int32")
each("zeros_like ones_like", X)
case("ones_like", N, "float32")
case("full_like", N, 2.5)
case("full_like", X, 2)
case("arange", 4)
case("arange", 1, 8, 3)
case("arange", 0.5, 2.0, 0.5)
case("arange", 3, dtype="float32")
case("eye", 2, 3, k=1)
case("identity", 3)
case("tri", 3, 4, -1)
case("linspace", 0, 1, 5)
case("linspace", X, Y, 3, endpoint=False, axis=1)
case("linspace", 0, 10, 3, dtype="int32")
case("logspace", 0.0, 2.0, 3)
case("geomspace", 1.0, 100.0, 3)
case("array", X)
case("copy", X)
case("meshgrid", V, W)
case("meshgrid", V, W, indexing="ij")
case("vander", V)
case("vander", V, 2, increasing=True)

# ---- shapes --------------------------------------------------------------------------------------
case("reshape", CUBE, (4, -1))
case("ravel", X)
case("transpose", CUBE)
case("transpose", CUBE, (1, 0, 2))
case("swapaxes", CUBE, 0, -1)
case("moveaxis", CUBE, 0, -1)
case("moveaxis", CUBE, (0, 1), (2, 0))
case("squeeze", X[:, None])
case("squeeze", X[:, None], 1)
case("expand_dims", X, 1)
case("expand_dims", X, (0, -1))
case("broadcast_to", V, (2, 3))
case("flip", X)
case("flip", X, axis=1)
each("fliplr flipud rot90", X)
case("rot90", CUBE, 3, (0, 2))
case("rot90", X, 2)
case("roll", X, 2)
case("roll", X, 1, axis=1)
case("roll", CUBE, (1, -2), axis=(0, 2))
case("concatenate", [X, Y], axis=1)
case("concatenate", [N, X])
case("stack", [X, Y], axis=-1)
each("hstack vstack dstack", [X, Y])
each("hstack vstack dstack", [V, V])
case("append", X, Y)
case("append", X, Y, axis=0)
case("split", X, 3, axis=1)
case("split", BIG, [1, 3], axis=1)
case("array_split", BIG, 3, axis=1)
case("hsplit", BIG, 2)
case("vsplit", BIG, [1])
case("dsplit", CUBE, 2)
case("unstack", X, axis=1)
case("tile", X, (2, 1))
case("tile", V, (2, 2))
case("repeat", X, 2)
case("repeat", X, 2, axis=1)
case("pad", X, 1)
case("pad", X, ((1, 0), (0, 2)), constant_values=7)
for _mode in ("reflect", "symmetric", "edge", "wrap"):
    case("pad", BIG, ((1, 1), (2, 0)), mode=_mode)

# ---- places --------------------------------------------------------------------------------------
case("take", X, [0, 2, 2], axis=1)
case("take", X, J)
case("take_along_axis", X, N[:, :2] % 3, axis=1)
case("take_along_axis", X, J)
case("get_item", X, 1)
case("where", MASK, X, Y)
case("where", MASK, X, 0.0)
case("where", MASK)
case("nonzero", N)
case("select", [X > 0.5, X > 0], [X, Y], 0.25)
case("unravel_index", np.array([3, 5, 0], "i4"), (2, 3))
case("scatter", np.array([[0], [2], [0]], "i4"), V, (4,))
case("scatter", np.array([[0, 1], [1, 2]], "i4"), np.array([0.5, 1.5]), (2, 3))
for _how in (None, "add"):
    case("scatter_update", X, np.array([[0, 1], [1, 2]], "i4"), np.array([0.5, 1.5]), _how)
for _how in ("max", "min", "mul"):
    case("scatter_update", X, np.array([[0, 1], [1, 2]], "i4"), np.array([0.5, 1.5]), _how)
case("slice", CUBE, (0, 1, 2), (2, 2, 1))
case("slice", CUBE, (1, 2, 2), (2, 2, 1))
case("slice_update", X, (0, 1), Y[:, :2])
case("diag", V)
case("diag", BIG, 1)
case("diagflat", X, -1)
each("diagonal trace", BIG)
case("diagonal", CUBE, 1, 0, 2)
case("trace", CUBE, offset=-1, axis1=1, axis2=2)
each("tril triu", BIG)
each("tril triu", CUBE, 1)
case("one_hot", np.array([0, 2, -1, 7], "i4"), 3)
case("one_hot", N, 8, axis=0, dtype="int32")
case("multi_hot", np.array([[0, 2], [1, 1]], "i4"), 4)
case("multi_hot", np.array([0, 2], "i4"), num_classes=4)

# ---- products and matrices -----------------------------------------------------------------------
case("matmul", X, BIG)
case("matmul", STACK, V)
case("matmul", N, N.T)
case("dot", X, BIG)
case("dot", CUBE, TALL)
case("dot", V, V + 1)
case("dot", X, 2.0)
case("inner", X, Y)
case("inner", CUBE, W)
case("vdot", X, Y)
case("outer", X, W)
case("tensordot", CUBE, BIG)
case("tensordot", CUBE, X, axes=([0, 1], [0, 1]))
case("kron", X, V)
case("cross", X, Y)
case("cross", X[:, :2], Y[:, :2])
case("cross", SQUARE, STACK[0], axis=0)
case("einsum", "ij,jk->ik", X, BIG)
case("einsum", "ij,jk,k->i", X, BIG, W)
case("diff", BIG)
case("diff", BIG, n=2, axis=0)
case("trapezoid", BIG)
case("trapezoid", BIG, x=np.array([0.0, 0.5, 2.0, 2.5]), axis=1)
case("corrcoef", BIG)
case("det", STACK)
case("slogdet", STACK)
case("logdet", STACK)
case("inv", STACK)
case("solve", STACK, CUBE)
case("solve", SQUARE, BIG)
case("solve_triangular", SQUARE, BIG)
case("solve_triangular", SQUARE, BIG, lower=True)
case("cholesky", SYMMETRIC)
case("cholesky", SYMMETRIC, upper=True)
case("cholesky_inverse", np.tril(SQUARE))
case("qr", TALL)
case("qr", TALL, mode="complete")
case("eigh", SYMMETRIC)
case("svd", SQUARE)
case("svd", TALL, full_matrices=False)
case("svd", WIDE, full_matrices=False)
case("svd", TALL, compute_uv=False)
case("pinv", TALL)
case("lstsq", TALL, W)
case("matrix_rank", TALL)
case("norm", X)
case("norm", V, 3)
case("norm", X, axis=1, keepdims=True)
for _ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    case("norm", TALL, ord=_ord)
case("norm", STACK, ord="nuc", axis=(1, 2))
case("norm", X, ord=1, axis=1)
case("cdist", X, TALL)

# ---- networks ------------------------------------------------------------------------------------
case("normalize", X)
case("normalize", X, axis=0, order=3)
case("normalize", X * 1e-9)
case("batch_normalization", X, V, np.abs(V), -1, offset=V + 1, scale=V + 2)
case("batch_normalization", CUBE, V, np.abs(V), 1)
case("layer_normalization", X)
case("layer_normalization", CUBE, gamma=W, beta=W + 1, axis=-1, epsilon=1e-3)
case("layer_normalization", CUBE, axis=(1, 2))
case("rms_normalization", X)
case("rms_normalization", X, scale=V, axis=-1, epsilon=1e-2)
case("binary_crossentropy", LABELS, PROBS)
case("binary_crossentropy", LABELS, X, from_logits=True)
case("binary_crossentropy", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
case("categorical_crossentropy", SHARES, PROBS)
case("categorical_crossentropy", SHARES, X, from_logits=True)
case("categorical_crossentropy", LABELS, PROBS, axis=0)
case("sparse_categorical_crossentropy", np.array([0, 2], "i4"), PROBS)
case("sparse_categorical_crossentropy", np.array([[0], [2]], "i4"), X, from_logits=True)
case("psnr", X, Y, 2.0)

# ---- tensors as such -----------------------------------------------------------------------------
case("cast", X, "int32")
case("cast", N, "bool")
case("cast", X, "float32")
case("saturate_cast", np.array([300, -5, 7], "i4"), "uint8")
case("saturate_cast", BIG * 100, "int8")
case("convert_to_tensor", [1, 2])
case("convert_to_tensor", [1.5, 2])
case("convert_to_tensor", N, "float32")
case("stop_gradient", X)

CONSTANT = {
    *("scatter_update 3", "scatter_update 4", "scatter_update 5", "qr 2", "nextafter"),
    *("nanstd 2", "saturate_cast 2", "cast", "binary_crossentropy 3", "percentile", "quantile 3"),
    *("nanpercentile", "nanquantile", "nanmedian 2", "matrix_rank", "nanmean 2", "nanmax 2"),
    *("nanargmax", "nanargmin", "nanmax", "nanmin", "nanprod", "nancumprod", "nan_to_num"),
    *("segment_max", "segment_min", "segment_prod", "histogram", "histogram 2"),
    *("arange 3", "digitize", "searchsorted", "searchsorted 2"),
}
"""Calls that are not differentiated here: outside the graph, or at a kink."""


def inputs_of(args, kwargs):
    """The arrays of floats among arguments, also in lists, in order."""
    given = [*args, *kwargs.values()]
    flat = [one for a in given for one in (a if isinstance(a, list | tuple) else [a])]
    return [a for a in flat if isinstance(a, np.ndarray) and a.dtype.kind == "f"]


def with_inputs(args, kwargs, inputs):
    """Arguments with others in the place of the arrays of floats."""
    left = iter(inputs)

    def swap(a):
        if isinstance(a, list | tuple):
            return type(a)(swap(one) for one in a)
        return next(left) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a

    return tuple(map(swap, args)), {k: swap(v) for k, v in kwargs.items()}


def flat(result):
    """What came out as a list."""
    return list(result) if isinstance(result, list | tuple) else [result]


def weights_for(shape):
    """What outputs are multiplied with before they are summed up to one number."""
    return np.cos(np.arange(int(np.prod(shape)))).reshape(shape)
