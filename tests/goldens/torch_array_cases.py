"""The second half of the table: linear algebra, shapes, indexing and the fused ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from .torch_parts import at, case, named, positive, uniform, x

# ---- linear algebra ------------------------------------------------------------------------------

MATMUL = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((3,), (2, 2, 3, 4)),
    ((2, 2, 4, 3), (3,)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((2, 3, 0), (0,)),
    ((1, 1), (1, 1)),
]
for a, b in MATMUL:
    case(f"matmul {a} {b}", named("matmul"), x(*a), x(*b))
case("t @ t", lambda f, t: t @ t, x(3, 3))
case("t @ t.T", lambda f, t: t @ t.T, x(2, 3))
for n, m in [(3, 4), (1, 1), (0, 2)]:
    case(f"outer {n} {m}", named("outer"), x(n), x(m))
EINSUM: list[tuple[str, tuple[tuple[int, ...], ...]]] = [
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (3, 4))),
    ("ij,kj->ik", ((2, 3), (4, 3))),
    ("ij,kj->ki", ((2, 3), (4, 3))),
    ("bij,bjk->bik", ((2, 3, 4), (2, 4, 2))),
    ("bi,bj->bij", ((2, 3), (2, 4))),
    ("i,j->ij", ((3,), (4,))),
    ("i,i->", ((3,), (3,))),
    ("ij,ij->", ((2, 3), (2, 3))),
    ("ij,ij->ij", ((2, 3), (2, 3))),
    ("ij,j->i", ((2, 3), (3,))),
    ("ij,k->i", ((2, 3), (4,))),  # sums of j and k each alone
    ("ii,i->i", ((3, 3), (3,))),
    ("ii,ij->j", ((3, 3), (3, 2))),
    ("...ij,jk->...ik", ((2, 2, 3), (3, 4))),
    ("...i,...i->...", ((2, 3), (4, 1, 3))),
    (",ij->ji", ((), (2, 3))),
    ("ij,jk->ik", ((2, 0), (0, 4))),
    ("ij->ji", ((2, 3),)),
    ("ij->i", ((2, 3),)),
    ("ij->", ((2, 3),)),
    ("ii->i", ((3, 3),)),
    ("ii", ((3, 3),)),
    ("...ij->...ji", ((2, 3, 4),)),
]
for subscripts, shapes in EINSUM:
    case(
        f"einsum {subscripts} {shapes}",
        lambda f, *tensors, s=subscripts: f.einsum(s, *tensors),
        *(x(*shape) for shape in shapes),
    )
case("einsum of one twice", lambda f, t: f.einsum("ij,kj->ik", t, t), x(2, 3))

# ---- shapes: squared, so that second derivatives are not all 0 -----------------------------------


def shaped(op: str, *args: Any, **kwargs: Any) -> Any:
    """f.op(t, *args) squared"""

    def function(f: Any, t: Any) -> Any:
        out = getattr(f, op)(t, *args, **kwargs)
        return out * out

    return function


SHAPING: list[tuple[str, tuple[int, ...], tuple[Any, ...]]] = [
    ("reshape", (3, 4), ((4, 3),)),
    ("reshape", (3, 4), ((2, -1, 2),)),
    ("reshape", (3, 4), ((-1,),)),
    ("reshape", (1, 1), ((),)),
    ("reshape", (), ((1, 1),)),
    ("reshape", (3, 0), ((0, 5),)),
    ("flatten", (2, 3, 4), ()),
    ("flatten", (), ()),
    ("flatten", (2, 0), ()),
    ("transpose", (3, 4), ()),
    ("transpose", (2, 3, 4), ()),
    ("transpose", (2, 3, 4), ((2, 0, 1),)),
    ("transpose", (2, 3, 4), ((-1, 0, -2),)),
    ("transpose", (), ()),
    ("transpose", (3, 0), ((1, 0),)),
    ("swapaxes", (2, 3, 4), (0, -1)),
    ("swapaxes", (2, 3, 4), (1, 1)),
    ("squeeze", (1, 3, 1), ()),
    ("squeeze", (1, 3, 1), (0,)),
    ("squeeze", (1, 3, 1), (-1,)),
    ("squeeze", (1, 3, 1), ((0, 2),)),
    ("squeeze", (), ()),
    ("expand_dims", (3, 4), (0,)),
    ("expand_dims", (3, 4), (-1,)),
    ("expand_dims", (3, 4), ((0, 2),)),
    ("expand_dims", (), (0,)),
    ("broadcast_to", (3, 1), ((3, 4),)),
    ("broadcast_to", (4,), ((2, 3, 4),)),
    ("broadcast_to", (), ((2, 3),)),
    ("broadcast_to", (), ((),)),
    ("broadcast_to", (1, 3), ((0, 3),)),
    ("flip", (3, 4), ()),
    ("flip", (3, 4), (1,)),
    ("flip", (2, 3, 4), ((0, -1),)),
    ("flip", (0,), ()),
    ("pad", (3, 4), (1,)),
    ("pad", (3, 4), (((1, 0), (2, 3)),)),
    ("pad", (3,), (((0, 2),),)),
    ("pad", (0, 2), (1,)),
    ("tile", (3,), ((2,),)),
    ("tile", (2, 3), ((2, 1),)),
    ("tile", (3,), ((2, 2),)),
    ("tile", (2, 3), ((2,),)),
    ("tile", (2, 3), ((2, 0),)),
    ("tile", (), ((3,),)),
    ("repeat", (2, 3), (2, 0)),
    ("repeat", (2, 3), (3, -1)),
    ("repeat", (2, 3), (2,)),
    ("repeat", (2, 3), ([1, 0, 2], 1)),
    ("repeat", (2, 3), (0, 1)),
]
for op, shape, args in SHAPING:
    case(f"{op} {shape} {args}", shaped(op, *args), x(*shape))
case("pad with a value", shaped("pad", 1, value=2.5), x(2, 3))
for axis in (0, 1, -1):
    case(
        f"concatenate {axis}",
        lambda f, a, b, axis=axis: f.concatenate([a, b, a * b], axis) ** 2,
        *(x(2, 3), x(2, 3)),
    )
    case(
        f"stack {axis}",
        lambda f, a, b, axis=axis: f.stack([a, b, a * b], axis) ** 2,
        *(x(2, 3), x(2, 3)),
    )
case("concatenate of lengths", lambda f, *t: f.concatenate(t, 1) ** 2, x(2, 3), x(2, 0), x(2, 1))
case("concatenate of one", lambda f, t: f.concatenate([t]) ** 2, x(2, 3))
case("concatenate with itself", lambda f, t: f.concatenate([t, t]) ** 2, x(2, 3))
case("concatenate with an array", lambda f, t: f.concatenate([t, np.ones(2)]) ** 2, x(3))
case("stack of numbers", lambda f, a, b: f.stack([a, b]) ** 2, x(), x())
for sections, axis in [(3, 0), (2, 1), (1, 0), ([1, 2], 0), ([3, 0, 1], 1), ([2, 2], -1)]:

    def product(f: Any, t: Any, sections: Any = sections, axis: int = axis) -> Any:
        """Of the parts' sums of squares, and the first part again."""
        parts = f.split(t, sections, axis)
        out = parts[0] * parts[0]
        for k, part in enumerate(parts):
            out = out * (part * part * (k + 1)).sum()
        return out

    case(f"split {sections} {axis}", product, x(3, 4))
case("split, one part used", lambda f, t: f.split(t, 2, 1)[1] ** 2, x(3, 4))

# ---- indexing ------------------------------------------------------------------------------------

MASK = np.array([[True, False, True, False], [False, False, True, True], [True] * 4])
INDICES: dict[str, tuple[tuple[int, ...], Any]] = {
    "integer": ((3, 4), 1),
    "negative integer": ((3, 4), -1),
    "both integers": ((3, 4), (2, 0)),
    "0-d": ((), ()),
    "0-d None": ((), None),
    "0-d Ellipsis": ((), ...),
    "slice": ((3, 4), slice(1, None)),
    "step": ((5,), slice(None, None, 2)),
    "negative step": ((5,), slice(None, None, -2)),
    "slices": ((3, 4), (slice(None, 2), slice(1, 3))),
    "no elements": ((3, 4), slice(0, 0)),
    "None": ((3, 4), (None, slice(None), None)),
    "Ellipsis": ((2, 3, 4), (..., 1)),
    "integer and None": ((3, 4), (1, None, slice(1, 4, 2))),
    "array": ((4, 2), np.array([2, 0, 3])),
    "array with repeats": ((4,), np.array([1, 1, 0, 1, -1])),
    "array of two axes": ((4,), np.array([[1, 1], [0, 3]])),
    "empty array": ((4,), np.zeros(0, np.int64)),
    "list": ((4, 2), [2, 0, 2]),
    "arrays": ((3, 4), (np.array([0, 2, 2]), np.array([1, 3, 3]))),
    "arrays that broadcast": ((3, 4), (np.array([[0], [2]]), np.array([1, 3, 3]))),
    "slice and array": ((3, 4), (slice(None), np.array([1, 1, 0]))),
    "array and slice": ((3, 4), (np.array([1, 1, 0]), slice(1, 3))),
    "arrays apart": ((2, 3, 4), (np.array([0, 1, 1]), slice(None), np.array([3, 0, 0]))),
    "integer, slice and array": ((2, 3, 4), (1, slice(None), np.array([3, 0, 3]))),
    "array and None": ((3, 4), (np.array([1, 1]), None, slice(None))),
    "mask": ((3, 4), MASK),
    "mask of rows": ((3, 4), np.array([True, False, True])),
    "mask of columns": ((3, 4), (slice(None), np.array([True, False, True, True]))),
    "mask of nothing": ((3, 4), np.zeros((3, 4), bool)),
    "mask and integer": ((3, 4), (np.array([True, False, True]), 1)),
}


def values_of(shape: tuple[int, ...], index: Any) -> tuple[int, ...]:
    return np.zeros(shape)[index].shape


for name, (shape, index) in INDICES.items():
    kept = values_of(shape, index)
    case(f"getitem {name}", lambda f, t, i=index: f.getitem(t, i) ** 2, x(*shape))
    case(
        f"add_at {name}",
        lambda f, t, v, i=index: f.add_at(t, i, v) ** 2,
        *(x(*shape), x(*kept)),
    )
    case(
        f"set_at {name}",
        lambda f, t, v, i=index: f.set_at(t, i, v) ** 2,
        *(x(*shape), x(*kept)),
    )
for op in ("set_at", "add_at"):
    case(f"{op} broadcast", lambda f, t, v, op=op: getattr(f, op)(t, 1, v) ** 2, x(3, 4), x())
    case(
        f"{op} broadcast in rows",
        lambda f, t, v, op=op: getattr(f, op)(t, slice(1, 3), v) ** 2,
        *(x(3, 4), x(2, 1)),
    )
    case(f"{op} number", lambda f, t, op=op: getattr(f, op)(t, 1, 2.5) ** 2, x(3, 4))
    case(f"{op} of itself", lambda f, t, op=op: getattr(f, op)(t, 1, t[0]) ** 2, x(3, 4))
TAKE: dict[str, tuple[tuple[int, ...], Any, int | None]] = {
    "flat": ((3, 4), np.array([[0, 11], [5, 5]]), None),
    "rows": ((3, 4), np.array([2, 0, 2]), 0),
    "columns": ((3, 4), np.array([1, 3, 3, 0, 1]), 1),
    "last": ((2, 3, 4), np.array([[1, 3], [3, 0]]), -1),
    "none": ((3, 4), np.zeros(0, np.int64), 0),
}
for name, (shape, indices, axis) in TAKE.items():
    case(f"take {name}", shaped("take", indices, axis), x(*shape))
ALONG: dict[str, tuple[tuple[int, ...], Any, int]] = {
    "rows": ((3, 4), np.array([[2, 0, 1, 1], [2, 1, 0, 0]]), 0),
    "columns": ((3, 4), np.array([[3], [0], [1]]), 1),
    "repeats": ((2, 3), np.array([[1, 1, 1, 0], [2, 2, 0, 2]]), -1),
    "middle": ((2, 3, 2), np.array([[[0, 2]], [[1, 1]]]), 1),
}
for name, (shape, indices, axis) in ALONG.items():
    case(f"take_along_axis {name}", shaped("take_along_axis", indices, axis), x(*shape))

# ---- fused ops -----------------------------------------------------------------------------------

for name in ("linear", "relu", "sigmoid", "tanh", "softmax"):
    for bias in (True, False):
        case(
            f"dense {name}{' bias' * bias}",
            named("dense", activation=name)
            if bias
            else lambda f, *t, name=name: f.dense(*t, None, name),
            *(x(5, 3), x(3, 4), x(4))[: 2 + bias],
        )
for m, k, n in [(0, 3, 4), (5, 0, 4), (5, 3, 0), (1, 1, 1)]:
    case(f"dense {m} {k} {n}", named("dense", activation="tanh"), x(m, k), x(k, n), x(n))
case("dense at 0", named("dense", activation="relu"), at([[1.0, -1.0]]), at([[1.0], [1.0]]))
case("dense of itself", lambda f, t: f.dense(t, t, None, "sigmoid"), x(3, 3))
case(
    "dense on dense",
    lambda f, t, w, b: f.dense(f.dense(t, w, b, "relu"), w, b, "tanh"),
    *(x(5, 3), x(3, 3), x(3)),
)

KINDS = {
    "softmax_cross_entropy": (0.0, 0.1, 1.0),
    "sparse_cross_entropy": (0.0,),
    "sigmoid_cross_entropy": (0.0, 0.1, 1.0),
    "squared_error": (0.0,),
    "absolute_error": (0.0,),
}
ROWS, COLUMNS = 4, 3
LABELS = np.array([2, 0, 1, 1])
TARGETS = uniform(7, (ROWS, COLUMNS)) + 0.1
TARGETS /= TARGETS.sum(1, keepdims=True)
WEIGHT = uniform(8, (ROWS,)) + 0.5


def lost(op: str, kind: str, smoothing: float, weight: Any, rows: int = ROWS) -> Any:
    y = (LABELS if kind == "sparse_cross_entropy" else TARGETS)[:rows]
    return lambda f, z: getattr(f, op)(kind, z, y, weight, smoothing)


for op in ("loss_rows", "mean_loss"):
    for kind, smoothings in KINDS.items():
        for smoothing in smoothings:
            for weight in (None, WEIGHT):
                words = f"{kind} {smoothing}{'' if weight is None else ' weighted'}"
                case(f"{op} {words}", lost(op, kind, smoothing, weight), x(ROWS, COLUMNS))
        large = at([[800.0, -800.0, 0.0], [0.0, 0.0, 0.0], [-30.0, 30.0, 31.0]])
        case(f"{op} {kind} of large", lost(op, kind, 0.0, None, 3), large)
case("loss_rows of no rows", lost("loss_rows", "squared_error", 0.0, None, 0), x(0, 3))
case(
    "mean_loss scaled",
    lambda f, z: f.mean_loss("softmax_cross_entropy", z, TARGETS) ** 2,
    x(ROWS, COLUMNS),
)
case(
    "absolute error of 0",
    lambda f, z: f.loss_rows("absolute_error", z, np.array([[1.0, 2.0], [0.0, 0.0]])),
    at([[1.0, 3.0], [0.0, -1.0]]),
)
for l1, l2 in [(0.1, 0.0), (0.0, 0.2), (0.1, 0.2), (0.0, 0.0)]:
    case(f"l1_l2_penalty {l1} {l2}", named("l1_l2_penalty", l1, l2), x(3, 4))
for shape in [(), (0,), (5,)]:
    case(f"l1_l2_penalty {shape}", named("l1_l2_penalty", 0.3, 0.4), x(*shape))
case("l1_l2_penalty of 0", named("l1_l2_penalty", 0.3, 0.4), at(0.0, -0.0, 1.0))

# ---- compositions --------------------------------------------------------------------------------

case(
    "layer norm",
    lambda f, t, g, b: (t - f.mean(t, 1, True)) / f.sqrt(f.var(t, 1, True) + 1e-3) * g + b,
    *(x(4, 5), x(5), x(5)),
)
case(
    "attention",
    lambda f, q, k, v: f.softmax(q @ f.swapaxes(k, -1, -2) / 2.0) @ v,
    *(x(2, 3, 4), x(2, 3, 4), x(2, 3, 4)),
)
case("diamond", lambda f, t: (f.sin(t) + f.exp(t)) * f.sin(t) / f.exp(t), x(3, 4))
case("norm of residuals", lambda f, a, t, b: f.norm(a @ t - b), x(4, 3), x(3), positive(4))
case(
    "mixture",
    lambda f, t, m: -f.logsumexp(f.log_softmax(m) - f.square(f.expand_dims(t, 1) - m) / 2, 1),
    *(x(6), x(3)),
)
