"""The third part of the table: rounding, functions of two numbers, orders, running products,
diagonals. See torch_cases.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .torch_parts import at, case, named, positive, x

inf, nan = np.inf, np.nan


def squared(op: str, *args: Any, **kwargs: Any) -> Any:
    """f.op(t, *args) squared, times 1, 2, 3, ...: where an element is, and how large, matters."""

    def function(f: Any, *tensors: Any) -> Any:
        out = getattr(f, op)(*tensors, *args, **kwargs)
        return out * out * (f.cumsum(out * 0 + 1, 0) if out.ndim else 1)

    return function


for op in ("floor", "ceil", "trunc", "round"):
    case(f"{op}", named(op), x(3, 4), order=1)
    case(f"{op} corners", named(op), at(0.5, 1.5, 2.5, -0.5, -1.5, 1.0, inf, -inf, nan), order=1)
case("round 2", named("round", 2), x(7), order=1)
for op in ("remainder", "fmod", "floor_divide"):
    for signs in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        case(
            f"{op} {signs}",
            lambda f, a, b, op=op, s=signs: getattr(f, op)(s[0] * a, s[1] * b),
            positive(3, 4),
            positive(4),
            order=1,
        )
for op in ("arctan2", "hypot", "logaddexp"):
    for a, b in [((3, 4), (3, 4)), ((3, 1), (4,)), ((), (2, 3)), ((2, 0), (2, 1))]:
        case(f"{op} {a} {b}", squared(op), x(*a), x(*b))
case("arctan2 at zero", named("arctan2"), at(0.0, 0.0, 0.0, 1.0), at(0.0, 1.0, -1.0, 0.0), order=1)
case("hypot at zero", named("hypot"), at(0.0, 0.0, 2.0), at(0.0, -1.0, 0.0), order=1)
case(
    "logaddexp far apart",
    named("logaddexp"),
    at(900.0, -900.0, 3.0),
    at(-900.0, -800.0, -inf),
    order=1,
)
for op in ("cumprod", "sort"):
    for shape, axis in [((3, 4), 0), ((3, 4), 1), ((2, 3, 4), -2), ((7,), 0), ((0, 3), 0)]:
        case(f"{op} {shape} {axis}", squared(op, axis), x(*shape))
case("cumprod of zeros", squared("cumprod", 0), at(2.0, 0.0, 3.0, 0.0, 0.5))
case("cumprod of one zero", squared("cumprod", -1), at([[0.0, 2.0, 3.0], [0.5, 2.0, 0.0]]))
case("sort down", squared("sort", -1, True), x(3, 5))
TIES = at(3.0, 1.0, 3.0, 1.0, 2.0, 3.0)
for down in (False, True):
    case(f"sort ties {down}", squared("sort", -1, down), TIES)
    case(f"argsort ties {down}", named("argsort", -1, down), TIES, order=0)
    case(f"argsort of nan {down}", named("argsort", 0, down), at(3.0, nan, inf, -inf, nan), order=0)
case("top_k", lambda f, t: f.top_k(t, 3)[0] ** 3, x(4, 7))
case("top_k places", lambda f, t: f.top_k(t, 7)[1], x(4, 7), order=0)
for n in (1, 4, 5):
    case(f"median of {n}", squared("median", 0), x(n, 3))
    case(f"median of {n} keepdims", squared("median", -1, True), x(3, n))
case("median of nan", named("median", 0), at(1.0, nan, 2.0), order=0)
case("copy", squared("copy"), x(3, 4))
case("roll", squared("roll", 2), x(3, 4))
case("roll 0", squared("roll", -1, 0), x(3, 4))
case("roll both", squared("roll", (1, 2), (0, 1)), x(3, 4))
for n in (0, 1, -1, 3, -2):
    case(f"diagonal {n}", squared("diagonal", n), x(3, 4))
    case(f"trace {n}", squared("trace", n), x(3, 4))
    case(f"triu {n}", squared("triu", n), x(3, 4))
    case(f"tril {n}", squared("tril", n), x(2, 3, 3))
case("diagonal of stacks", squared("diagonal", 1, -2, -1), x(2, 3, 4))
case("triu of nan", named("triu"), at([[1.0, 2.0], [nan, 3.0]]), order=1)
TRUTH = at([[0.0, 1.0, nan], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
for op in ("any", "all"):
    case(f"{op} 0", named(op, 0), TRUTH, order=0)
    case(f"{op} 1 keepdims", named(op, 1, True), TRUTH, order=0)
case("logical_xor", named("logical_xor"), at(0.0, 1.0, 0.0, 2.0), at(0.0, 0.0, 3.0, 4.0), order=0)
