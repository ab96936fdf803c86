"""The table of cases that corereg must do as PyTorch does: value, first and second derivatives.

A case is written once, in terms of a namespace `f` of ops, which is torch_ops.py in
make_torch_goldens.py and corereg.ops in ../test_torch_goldens.py. See Case in torch_parts.py.
"""

from __future__ import annotations

import operator

import numpy as np

from .torch_parts import at, case, named, positive, x

inf, nan = np.inf, np.nan

# ---- elementwise functions -----------------------------------------------------------------------

SHAPES = [(3, 4), (5,), (), (2, 0)]
ANY = ["abs", "cos", "erf", "exp", "expm1", "gelu", "negative", "reciprocal", "sigmoid", "sign"]
ANY += ["silu", "sin", "softplus", "softsign", "square", "tanh", "elu", "selu", "leaky_relu"]
ANY += ["relu", "hard_sigmoid", "hard_tanh"]
ABOVE_ZERO = ["sqrt", "rsqrt", "log", "log1p"]
LARGE = at(-800, -300, -40, -20, -6, -5, -1e-9, 1e-9, 5, 6, 20, 40, 300, 800)
KINKS = {  # where the derivative jumps or is infinite
    "abs": at(0.0, -0.0),
    "sign": at(0.0, -0.0),
    "relu": at(0.0, -0.0),
    "leaky_relu": at(0.0, -0.0),
    "elu": at(0.0, -0.0),
    "selu": at(0.0, -0.0),
    "softsign": at(0.0, -0.0),
    "sqrt": at(0.0, -0.0, -1.0),
    "rsqrt": at(0.0, -1.0),
    "log": at(0.0, -1.0),
    "log1p": at(-1.0, -2.0),
    "reciprocal": at(0.0, -0.0),
    "hard_sigmoid": at(-3.0, 3.0, 0.0),
    "hard_tanh": at(-1.0, 1.0, 0.0),
}

for op in [*ANY, *ABOVE_ZERO]:
    for shape in SHAPES:
        case(f"{op} {shape}", named(op), (positive if op in ABOVE_ZERO else x)(*shape))
    if op in KINKS:
        case(f"{op} at kinks", named(op), KINKS[op])
    if op != "sign":  # of NaN: 0 in PyTorch, NaN in NumPy and here
        case(f"{op} of infinity and NaN", named(op), at(inf, -inf, nan), order=0)
for op in ANY:
    case(f"{op} of large and small", named(op), LARGE)
for op in ABOVE_ZERO:
    case(f"{op} of large and small", named(op), at(1e-12, 1e-6, 1e6, 1e12))
for slope in (0.0, 0.3, -0.5, 1.5):
    case(f"leaky_relu slope {slope}", named("leaky_relu", slope), x(6))
case("elu alpha", named("elu", 0.7), x(6))
case("elu alpha at 0", named("elu", 0.7), at(0.0, -0.0))
case("gelu tanh", named("gelu", True), x(3, 4))
case("gelu tanh of large and small", named("gelu", True), LARGE)
for name in ("linear", "relu", "sigmoid", "tanh", "softmax"):
    case(f"activation {name}", named("activation", name), x(3, 4))
case(
    "astype there and back",
    lambda f, t: f.astype(f.astype(t * t, "float32"), "float64") * t,
    x(3, 4),
)
case("-t", lambda f, t: -t, x(3, 4))
case("abs(t)", lambda f, t: abs(t), x(3, 4))

# ---- arithmetic and selection: two operands ------------------------------------------------------

BROADCAST = [
    ((3, 4), (3, 4)),
    ((4,), (3, 4)),
    ((3, 4), (3, 1)),
    ((2, 3, 1), (1, 4)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((), ()),
    ((1, 1), (3,)),
    ((2, 0), (2, 1)),
    ((), (0, 3)),
]
BINARY = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"]
for op in BINARY:
    for a, b in BROADCAST:
        case(f"{op} {a} {b}", named(op), (positive if op == "power" else x)(*a), x(*b))
for symbol, do in {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}.items():
    case(f"t {symbol} t", lambda f, t, do=do: do(t, t), positive(3, 4))
    case(f"t {symbol} 3", lambda f, t, do=do: do(t, 3), positive(3, 4))
    case(f"2.5 {symbol} t", lambda f, t, do=do: do(2.5, t), positive(3, 4))
case("divide by 0", named("divide"), at(1.0, -1.0, 0.0, 2.0), at(0.0, -0.0, 0.0, inf), corner=True)
for n in (-2, -1, 0, 1, 2, 3, 0.0, 1.0, 2.0, 0.5, -1.5):
    made = x if n == int(n) else positive
    case(f"t ** constant {n!r}", lambda f, t, n=n: t**n, made(3, 4))
    case(f"t ** constant {n!r} at 0", lambda f, t, n=n: t**n, at(0.0, 2.0))
case("0 ** t", lambda f, t: 0**t, at(0.0, 0.5, 1.0, 2.0, 3.0, -1.0), corner=True)
case("power of 0", named("power"), at([0.0] * 6), at(0.0, 1.0, 2.0, 3.0, 0.5, -1.0), corner=True)
case("power of -0", named("power"), at([-0.0] * 4), at(0.0, 1.0, 2.0, 3.0), corner=True)
case(
    "power of negatives", named("power"), at([-2.0] * 5), at(0.0, 1.0, 2.0, -1.0, 0.5), corner=True
)
# PyTorch's mixed second derivative at b = 0 is 0 for 1/a: op_tables/arithmetic.py has such a case
case("power to 0", named("power"), at(2.0, 1.0, -1.0, inf), at(0.0, 0.0, -0.0, 0.0), order=1)
for op in ("maximum", "minimum"):
    case(f"{op} of equals", named(op), at(1.0, 2.0, 0.0, -0.0), at(1.0, 2.0, -0.0, 0.0))
    case(f"{op} with itself", lambda f, t, op=op: getattr(f, op)(t, t), x(4))
    case(f"{op} with a number", named(op, 0.5), at(0.5, 1.0, -1.0))
    case(f"{op} with NaN", named(op), at(nan, 1.0, nan), at(1.0, nan, nan))
    case(f"{op} with infinity", named(op), at(inf, -inf, inf), at(1.0, 1.0, inf))
case("clip", named("clip", -1, 1), x(3, 4))
case("clip at the ends", named("clip", -1, 1), at(-1.0, 1.0, 0.0, -2.0, 2.0))
case("clip to one value", named("clip", 1, 1), at(0.0, 1.0, 2.0))
case("clip of infinity and NaN", named("clip", -1, 1), at(inf, -inf, nan))
case("clip ()", named("clip", -1, 1), x())
case("clip (2, 0)", named("clip", -1, 1), x(2, 0))
case("clip below", named("clip", -0.5, None), x(3, 4))
case("clip above", named("clip", None, 0.5), x(3, 4))

MASK = np.array([[True, False, True, False], [False, False, True, True], [True] * 4])
for a, b in [((3, 4), (3, 4)), ((4,), (3, 1)), ((), (3, 4)), ((2, 3, 4), ())]:
    case(f"where {a} {b}", lambda f, a, b: f.where(MASK, a, b), x(*a), x(*b))
case("where wider than both", lambda f, a, b: f.where(MASK, a, b), x(), x())
case("where (0,)", lambda f, a, b: f.where(np.zeros(0, bool), a, b), x(0), x(0))
case("where t > 0", lambda f, a, b: f.where(a > 0, a, b), x(3, 4), x(3, 4))
case(
    "where not taken is NaN",
    lambda f, a, b: f.where(np.array([True, False, True]), a, b),
    at(1.0, nan, 2.0),
    at(nan, 1.0, inf),
)
case("where behind log", lambda f, t: f.where(t > 0, f.log(t), t), at(1.0, 2.0, 3.0, -1.0))
case(  # the gradient 0 of the branch not taken meets an infinite derivative: NaN, as in PyTorch
    "where behind sqrt", lambda f, t: f.where(t > 0, f.sqrt(t), t), at(1.0, 0.0, 2.0), corner=True
)
COMPARISONS = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}
LEFT, RIGHT = at([[1.0, 2.0, nan], [inf, -0.0, 5.0]]), at(1.0, 0.0, nan)
for op, do in COMPARISONS.items():
    case(f"operator {op}", lambda f, a, b, do=do: do(a, b), LEFT, RIGHT, order=0)
    case(f"operator {op} 1", lambda f, t, do=do: do(t, 1), RIGHT, order=0)
    case(op, named(op), LEFT, RIGHT, order=0)
for op in ("logical_and", "logical_or"):
    case(op, named(op), LEFT, RIGHT, order=0)
for op in ("logical_not", "isnan", "isinf", "isfinite"):
    case(op, named(op), LEFT, order=0)
case("& | ~", lambda f, a, b: ~(a > 0) & (b > 0) | (a > 1), x(12), x(12), order=0)

# ---- reductions ----------------------------------------------------------------------------------

REDUCTIONS = [
    ((3, 4), None, False),
    ((3, 4), None, True),
    ((3, 4), 0, False),
    ((3, 4), -1, True),
    ((2, 3, 4), (0, 2), False),
    ((2, 3, 4), (-1, 1), True),
    ((2, 1, 4), 1, False),
    ((), None, False),
    ((2, 0), 0, True),
]
EMPTY = [((0, 3), None, False), ((0, 3), 0, False), ((2, 0), 1, True)]
OPTIONS: dict[str, list[dict[str, float]]] = {
    "sum": [{}],
    "mean": [{}],
    "prod": [{}],
    "var": [{}, {"correction": 1}],
    "std": [{}, {"correction": 1}],
    "max": [{}],
    "min": [{}],
    "logsumexp": [{}],
    "norm": [{}, {"ord": 1}, {"ord": 3}, {"ord": 1.5}, {"ord": inf}, {"ord": -inf}, {"ord": 0}],
}
for op, all_options in OPTIONS.items():
    for options in all_options:
        words = "".join(f" {key}={value}" for key, value in options.items())
        for shape, axis, keepdims in REDUCTIONS:
            one = shape in [(2, 1, 4), ()]
            if not (one and options.get("correction")):
                case(
                    f"{op} {shape} {axis} {keepdims}{words}",
                    named(op, axis=axis, keepdims=keepdims, **options),
                    x(*shape),
                    corner=one and op == "std",
                )
# of nothing: to first order, as J v is 0 for PyTorch's mean and NaN for its var
for op in ("sum", "mean", "prod", "var", "std", "norm", "logsumexp"):
    for shape, axis, keepdims in EMPTY:
        function = named(op, axis=axis, keepdims=keepdims)
        case(f"{op} {shape} {axis} {keepdims}", function, x(*shape), order=1)

TIES = at([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [3.0, -1.0, 3.0]])
for op in ("max", "min"):
    for axis in (None, 0, 1, (0, 1)):
        case(f"{op} of equals {axis}", named(op, axis=axis), TIES)
    case(f"{op} with NaN", named(op, axis=1), at([[1.0, nan, 2.0], [1.0, 2.0, 3.0]]), order=0)
    case(f"{op} with infinity", named(op, axis=1), at([[1.0, inf, inf], [-inf, -inf, 3.0]]))
for op in ("argmax", "argmin"):
    for axis in (None, 0, -1):
        case(f"{op} {axis}", named(op, axis=axis), x(3, 4), order=0)
        case(f"{op} of equals {axis}", named(op, axis=axis), TIES, order=0)
    case(f"{op} ()", named(op), x(), order=0)
    case(f"{op} with NaN", named(op), at(1.0, nan, 2.0, nan), order=0)
for zeros in ([1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]):
    case(f"prod of {zeros}", named("prod"), at(zeros))
case("prod with zeros in rows", named("prod", axis=1), at([[0.0, 2.0, 3.0], [0, 0, 1], [1, 2, 4]]))
case("prod of 0-d zero", named("prod"), at(0.0))
for correction in (0, 1, 2, 0.5):
    case(f"var correction {correction}", named("var", correction=correction), x(5))
    case(f"std correction {correction}", named("std", correction=correction), x(5))
case("var of one element", named("var"), at([2.0]))
case("var of equals", named("var", axis=1), at([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]]))
case("std of one element", named("std"), at([2.0]), corner=True)
case("std of equals", named("std", axis=1), at([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]]), corner=True)
for shape, axis in [((5,), 0), ((3, 4), 0), ((3, 4), -1), ((2, 3, 4), 1), ((2, 0), 1), ((2, 0), 0)]:
    case(f"cumsum {shape} {axis}", named("cumsum", axis=axis), x(*shape))
case("logsumexp of large", named("logsumexp", axis=1), at([[1000.0, 1001.0], [-1000.0, -1001.0]]))
case("logsumexp with -inf", named("logsumexp", axis=1), at([[-inf, 1.0, 2.0], [0.0, -inf, -inf]]))
case("logsumexp of -inf", named("logsumexp", axis=0), at([-inf, -inf]), corner=True)
case("logsumexp with inf", named("logsumexp", axis=0), at([inf, 1.0]), order=0)
for ord in (2, 1, 3, 1.5, inf, 0):
    case(f"norm of zeros ord={ord}", named("norm", ord=ord), at(0.0, 0.0, 0.0), corner=True)
    case(
        f"norm of a row of zeros ord={ord}",
        named("norm", ord=ord, axis=1),
        at([[0.0, 0.0], [3.0, -4.0]]),
        corner=True,
    )
    case(f"norm with a zero ord={ord}", named("norm", ord=ord), at(0.0, 3.0, -4.0), corner=True)
case("norm of equals ord=inf", named("norm", ord=inf), at(3.0, -3.0, 1.0, 3.0))

for op in ("softmax", "log_softmax"):
    for shape, axis in [((3, 4), -1), ((3, 4), 0), ((2, 3, 4), 1), ((5,), 0), ((0, 3), 1)]:
        case(f"{op} {shape} {axis}", named(op, axis=axis), x(*shape))
    case(f"{op} along nothing", named(op, axis=1), x(2, 0))
    case(f"{op} of large", named(op), at([[1000.0, 1001.0, 999.0], [-1e4, 0.0, 1e4]]))
    case(f"{op} of one", named(op), x(3, 1))
    case(f"{op} with -inf", named(op), at([[-inf, 1.0, 2.0], [0.0, -inf, -inf]]), corner=True)
