"""What the ops refuse, and how they say it."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import Tensor
from corereg.autograd import ops

a = Tensor(np.ones((2, 3)), requires_grad=True)
v = Tensor(np.ones(3))
FLOATS_ONLY = (
    *("cos", "erf", "exp", "expm1", "log", "log1p", "reciprocal", "rsqrt", "sin", "sqrt"),
    *("elu", "gelu", "hard_sigmoid", "hard_tanh", "leaky_relu", "log_softmax", "relu", "selu"),
    *("sigmoid", "silu", "softmax", "softplus", "softsign", "tanh", "logsumexp", "norm"),
)


@pytest.mark.parametrize("name", FLOATS_ONLY)
@pytest.mark.parametrize("given", [[1, 2], [True], 3])
def test_functions_of_floats_refuse_integers(name, given, fails):
    message = rf"^{name}: expected a float32 or float64 tensor, received (int64|bool); convert with"
    fails(lambda: getattr(ops, name)(given), TypeError, message)


ERRORS = {
    "squeeze": (
        lambda: ops.squeeze(a, 0),
        ValueError,
        r"squeeze: expected axes of length 1, received 0 of shape \(2, 3\)",
    ),
    "squeeze axis": (lambda: ops.squeeze(a, 2), ValueError, "squeeze: .*2 axes, received 2"),
    "squeeze twice": (
        lambda: ops.squeeze(ops.ones_like([[1]]), (0, -2)),
        ValueError,
        r"squeeze: expected each axis once, received \(0, -2\)",
    ),
    "expand_dims": (lambda: ops.expand_dims(a, 3), ValueError, "expand_dims: .*3 axes, received 3"),
    "swapaxes": (lambda: ops.swapaxes(a, 0, 2), ValueError, "swapaxes: .*2 axes, received 2"),
    "reshape": (lambda: ops.reshape(a, (4, 2)), ValueError, "cannot reshape"),
    "broadcast_to": (lambda: ops.broadcast_to(a, (2, 2)), ValueError, "could not be broadcast"),
    "concatenate nothing": (
        lambda: ops.concatenate([]),
        ValueError,
        "concatenate: expected at least one tensor",
    ),
    "concatenate axis": (lambda: ops.concatenate([a], 2), ValueError, "concatenate: .*received 2"),
    "concatenate shapes": (lambda: ops.concatenate([a, v]), ValueError, "dimension"),
    "stack nothing": (lambda: ops.stack([]), ValueError, "stack: expected at least one tensor"),
    "stack axis": (lambda: ops.stack([a], 3), ValueError, "stack: .*3 axes, received 3"),
    "stack shapes": (lambda: ops.stack([a, v]), ValueError, "same shape"),
    "split": (lambda: ops.split(a, 0), ValueError, "split: expected one part or more, received 0"),
    "split lengths": (
        lambda: ops.split(a, [1, 2], axis=0),
        ValueError,
        r"split: expected lengths that sum up to 2, received \[1, 2\]",
    ),
    "split below 0": (lambda: ops.split(v, [4, -1]), ValueError, r"received \[4, -1\]"),
    "split axis": (lambda: ops.split(v, 2, 1), ValueError, "split: .*1 axes, received 1"),
    "pad": (
        lambda: ops.pad(a, (1, -1)),
        ValueError,
        r"pad: expected pad_width .*integers >= 0, for 2 axes, received \(1, -1\)",
    ),
    "pad parts": (lambda: ops.pad(a, 0.5), ValueError, "pad: .*received 0.5"),
    "pad form": (lambda: ops.pad(a, (1, 2, 3)), ValueError, r"received \(1, 2, 3\)"),
    "tile": (lambda: ops.tile(a, (1, -2)), ValueError, r"tile: expected .*received \(1, -2\)"),
    "repeat": (
        lambda: ops.repeat(v, [1, 2]),
        ValueError,
        r"repeat: expected an integer >= 0, or 3 of them, received \[1, 2\]",
    ),
    "repeat below 0": (lambda: ops.repeat(v, -1), ValueError, "repeat: .*received -1"),
    "repeat parts": (lambda: ops.repeat(v, 1.5), ValueError, "repeat: .*received 1.5"),
    "getitem": (lambda: a[2], IndexError, "out of bounds"),
    "getitem floats": (lambda: a[Tensor([0.5])], IndexError, "integer"),
    "getitem axes": (lambda: a[0, 0, 0], IndexError, "too many indices"),
    "set_at": (
        lambda: ops.set_at(a, 0, np.ones(2)),
        ValueError,
        r"set_at: expected a value that broadcasts to shape \(3,\), received \(2,\)",
    ),
    "set_at more": (lambda: ops.set_at(v, 0, [1.0]), ValueError, r"shape \(\), received \(1,\)"),
    "add_at": (lambda: ops.add_at(v, [0], [1, 2]), ValueError, r"add_at: .*received \(2,\)"),
    "set_at index": (lambda: ops.set_at(v, 3, 1), IndexError, "out of bounds"),
    "take": (lambda: ops.take(a, 6), IndexError, "out of bounds"),
    "take floats": (
        lambda: ops.take(a, [0.5]),
        TypeError,
        "take: expected integers as indices, received float64",
    ),
    "take axis": (lambda: ops.take(v, 0, 1), ValueError, "take: .*1 axes, received 1"),
    "take_along_axis": (
        lambda: ops.take_along_axis(a, [0], 0),
        ValueError,
        "take_along_axis: expected indices of 2 axes as x, received 1",
    ),
    "take_along_axis floats": (lambda: ops.take_along_axis(v, [0.5], 0), TypeError, "integers"),
    "cumsum": (lambda: ops.cumsum(a, 2), ValueError, "cumsum: .*2 axes, received 2"),
    "sum": (lambda: ops.sum(a, 2), np.exceptions.AxisError, "axis 2 is out of bounds"),
    "max of nothing": (lambda: ops.max(np.ones((0, 2))), ValueError, "zero-size"),
    "argmax of nothing": (lambda: ops.argmax(np.ones(0)), ValueError, "empty"),
    "log_softmax": (lambda: ops.log_softmax(a, 2), ValueError, "log_softmax: .*received 2"),
    "outer": (
        lambda: ops.outer(a, v),
        ValueError,
        r"outer: expected two vectors, received shapes \(2, 3\) and \(3,\)",
    ),
    "einsum operands": (
        lambda: ops.einsum("ij,jk", a),
        ValueError,
        "einsum: expected one or two operands, as many as in 'ij,jk', received 1",
    ),
    "einsum of three": (lambda: ops.einsum("i,i,i", v, v, v), ValueError, "one or two operands"),
    "einsum labels": (
        lambda: ops.einsum("ijk->i", a),
        ValueError,
        "einsum: expected 'ijk' to label 2 axes in 'ijk->i', as its operand has",
    ),
    "einsum fewer labels": (lambda: ops.einsum("i->i", a), ValueError, "'i' to label 2 axes"),
    "einsum lengths": (
        lambda: ops.einsum("ij,ij", a, a.T),
        ValueError,
        "einsum: expected axes of one length under a label, received 2 and 3",
    ),
    "einsum diagonal": (
        lambda: ops.einsum("ii->i", a[:, :1]),
        ValueError,
        "einsum: expected axes of one length under a label, received 2 and 1",
    ),
    "einsum new label": (
        lambda: ops.einsum("ij->ik", a),
        ValueError,
        "einsum: expected letters, and in the result each once and from an operand, .*'ij->ik'",
    ),
    "einsum twice": (lambda: ops.einsum("ij->ii", a), ValueError, "each once"),
    "einsum digits": (lambda: ops.einsum("i1->i", a), ValueError, "expected letters"),
    "maximum": (lambda: ops.maximum(a, np.ones(2)), ValueError, "could not be broadcast"),
    "where": (lambda: ops.where([True, False], a, 0), ValueError, "could not be broadcast"),
    "matmul": (lambda: ops.matmul(a, 2.0), ValueError, "matmul"),
    "astype": (lambda: ops.astype(a, "float16"), TypeError, "received float16"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error(name, fails):
    fails(*ERRORS[name], a.data, v.data)
