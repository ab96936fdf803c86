"""NumPy behind `tensor.data` in a recorded function: what is recorded, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import corereg
from corereg import Tensor

W = np.arange(24.0).reshape(6, 4) / 7


def filled_by(change):
    """A function that changes an array of zeros by the argument."""

    def function(a):
        made = np.zeros_like(a)
        change(made, a)
        return made

    return function


def in_own_array(function):
    """A function that writes into an array that Python made."""

    def call(a):
        made = np.ones((4, 6))
        function(made, a)
        return np.add(a, made)

    return call


def apart(a):
    """A view of more than eight axes, none of which lies beside another."""
    return np.repeat(a.reshape(-1)[:1], 4**9).reshape((4,) * 9)[(slice(None, 2),) * 9]


RECORDED = {
    "transposed": lambda a: a.T @ a,
    "matrix transposed": lambda a: a.mT * 2.0,
    "moved axes": lambda a: np.moveaxis(a, 0, 1) + 0.0,
    "diagonal": lambda a: a.diagonal() * 3.0,
    "raveled": lambda a: a.ravel() + 1.0,
    "raveled transposed": lambda a: a.T.ravel() + 1.0,
    "flattened": lambda a: a.flatten() * 2.0,
    "squeezed": lambda a: np.expand_dims(a, 1).squeeze(1) * 2.0,
    "sizes": lambda a: a * a.nbytes + a.itemsize + a.size + len(a) + a.strides[0],
    "flags": lambda a: a * (2.0 if a.flags.c_contiguous else 3.0),
    "rows one by one": lambda a: sum(list(a)),
    "powers": lambda a: a**2 + a**1 + abs(a) ** 0.5 + (abs(a) + 1.0) ** -1 + a**3.0,
    "power of an array": lambda a: abs(a) ** abs(a),
    "power in place": filled_by(lambda made, a: made.__iadd__(a).__ipow__(3)),
    "product over an axis": lambda a: a.prod(0),
    "any and all": lambda a: (a > 0).any(0) * 1.0 + (a > -9).all(0),
    "least and most": lambda a: np.amax(a, 0) - np.amin(a, axis=0),
    "mean of integers": lambda a: (a > 0).astype("int64").mean(0),
    "whole mean": lambda a: a.mean() + a.sum(),
    "running sum": lambda a: a.cumsum(1) + np.add.accumulate(a, 0) + a.cumsum().reshape(a.shape),
    "dot": lambda a: a.dot(W) + np.dot(2.0, a.dot(W)),
    "outer": lambda a: np.outer(a[0], a[1]),
    "clip below": lambda a: np.clip(a, -0.5, None),
    "clip above": lambda a: np.clip(a, None, 0.5) + a.clip(-1, 1),
    "clip nothing": lambda a: np.clip(a, None, None) + 1.0,
    "filled alike": lambda a: np.full_like(a, 3.0) + np.ones_like(a) * a,
    "filled by a value": lambda a: np.full_like(a, a.max()) - a,
    "copied to": filled_by(lambda made, a: np.copyto(made, a)),
    "copied to one's own": in_own_array(lambda made, a: np.copyto(made, a)),
    "added at": filled_by(lambda made, a: np.add.at(made, (np.array([0, 0, 3]),), a[:3])),
    "set": filled_by(lambda made, a: made.__setitem__((slice(None), 2), a[:, 1])),
    "set to a number": filled_by(lambda made, a: made.__setitem__(1, 4.0)),
    "set where": filled_by(lambda made, a: made.__setitem__(a > 0, 5.0)),
    "set by places": filled_by(lambda made, a: made.__setitem__(np.array([1, 3]), a[:2])),
    "added in place": in_own_array(lambda made, a: made.__iadd__(a)),
    "written to out": filled_by(lambda made, a: np.add(a, 1.0, out=made)),
    "product to out": lambda a: np.matmul(a, W, out=np.zeros_like(a[:, :4])),
    "stacked": lambda a: np.stack([a, 2.0 * a], 1),
    "joined": lambda a: np.concatenate([a, a[:1]], 0),
    "tiled": lambda a: np.tile(a, (2, 1)) + np.repeat(a, 2, axis=0),
    "rolled": lambda a: np.roll(a, 1, 0) + np.flip(a, 1) + np.flipud(a),
    "taken": lambda a: np.take(a, np.array([1, 5])) + np.take(a, np.array([1, 2]), axis=1)[0],
    "taken along": lambda a: np.take_along_axis(a, np.argmax(a, 1, keepdims=True), 1),
    "argmin": lambda a: np.argmin(a, 0) * 1.0 + a.argmax(0),
    "sorted": lambda a: np.sort(a) + np.sort(a, axis=None).reshape(a.shape) * 2.0,
    "places in order": lambda a: np.argsort(a, 0, kind="stable") * 1.0 + a.argsort(),
    "chosen": lambda a: np.where(a > 0, a, 0.1),
    "cast to itself": lambda a: a.astype(a.dtype, copy=False) * 2.0,
    "cast": lambda a: a.astype("float32").astype("float64"),
    "power of integers": lambda a: (a > 0).astype("int64") ** 2 + a,
    "set from further axes": filled_by(lambda made, a: made.__setitem__(slice(1, 3), a[None, 1:3])),
    "set by places from further axes": filled_by(
        lambda made, a: made.__setitem__(np.array([1, 3]), a[None, :2])
    ),
    "set from itself": filled_by(
        lambda made, a: made.__iadd__(a).__setitem__(slice(1, None), made[:-1])
    ),
    "set by places from itself": filled_by(
        lambda made, a: made.__iadd__(a).__setitem__(np.array([3, 0]), made[:2])
    ),
    "in place with itself transposed": lambda a: np.add(b := a[:, :4] + 0.0, b.T, out=b),
    "indices broadcast": lambda a: a[(a[:, :1] > 0).astype("int64"), np.array([[0, 2, 5]])],
    "nothing chosen": lambda a: np.concatenate([np.where(a[:0] > 0, a[:0], 1.0), a]),
    "nothing looked up": lambda a: np.concatenate([a[a[:0, 0].astype("int64")], a]),
    "nothing set": filled_by(
        lambda made, a: made.__iadd__(a).__setitem__(np.zeros(0, "int64"), a[:0])
    ),
    "nothing sorted": lambda a: np.concatenate([np.argsort(a[:0]) * 1.0, a]),
    "no extremes": lambda a: np.concatenate([np.argmax(a[:, :0].T, 1) * 1.0, a[0]]),
    "places in order of all": lambda a: np.argsort(a, None)[:3] * 1.0,
    "own array of an own array": in_own_array(lambda made, a: made[1:][:, 2:].__iadd__(a[1:, 2:])),
    "twice into one's own": in_own_array(lambda made, a: made.__iadd__(a).__iadd__(a)),
    "shape of it": lambda a: a * float(np.ndim(a) + np.size(a) + np.shape(a)[0]),
}


@pytest.mark.parametrize("name", RECORDED)
def test_is_replayed_to_the_bit(name, rng):
    function = RECORDED[name]
    recorded = corereg.record(lambda x: Tensor(function(x.data)))
    for _ in range(4):
        a = rng.standard_normal((4, 6))
        assert recorded(a).data.tobytes() == np.asarray(function(a.copy())).tobytes()
    assert recorded.python_calls == 2


REFUSED = {
    "halves": lambda a: a.astype("float16") * 2,
    "complex numbers": lambda a: (a.astype("complex128") * 1j).imag,
    "another byte order": lambda a: a.astype(">f8") + 1.0,
    "not aligned": lambda a: a + np.zeros(8 * a.size + 1, "i1")[1:].view("f8").reshape(a.shape),
    "remainder of parts": lambda a: np.modf(a)[0],
    "power of integers by an array": lambda a: (a > 0).astype("int64") ** np.array(2) + a,
    "another reduction": lambda a: np.subtract.reduce(a, 0),
    "an index of a bool": lambda a: a[True],
    "many axes that lie apart": lambda a: apart(a) + 1.0,
    "a sum over many axes that lie apart": lambda a: apart(a).sum((0, 2, 4)),
    "a running sum of many axes": lambda a: a.reshape(*(1,) * 7, 4, 6).cumsum(-1),
    "values where of more": filled_by(lambda made, a: made.__setitem__((a[:, 0] > 0, 0), 1.0)),
    "view": lambda a: a.view("int64") + 0.0,
    "another order": lambda a: a.reshape(-1, order="F"),
    "mask": lambda a: a[a > 0],
    "median": lambda a: np.median(a, 0),
    "method": lambda a: a.std(),
    "places of": lambda a: np.where(a > 0)[0],
    "joined flat": lambda a: np.concatenate([a, a], axis=None),
    "computed counts": lambda a: np.repeat(a, (a[:, 0] > 0).astype("int64"), axis=0),
    "copied where": filled_by(lambda made, a: np.copyto(made, a, where=np.ones((4, 6), bool))),
    "values where": filled_by(lambda made, a: made.__setitem__(a > 0, a[a > 0])),
    "reduceat": lambda a: np.add.reduceat(a, [0, 2], 0),
    "two results": lambda a: np.divmod(a, 2.0)[0],
    "dtype of a ufunc": lambda a: np.add(a, a, dtype="float32") + 0.0,
    "sum to out": filled_by(lambda made, a: np.add.reduce(a, 0, out=made[0])),
    "more axes": lambda a: np.dot(a[None], W),
    "minimum at": filled_by(lambda made, a: np.minimum.at(made, (np.array([0, 0]),), a[:2])),
    "item": lambda a: a * a.sum().item(),
    "list": lambda a: a * a.tolist()[0][0],
    "bytes": lambda a: a * len(a.tobytes()),
    "float": lambda a: a * float(a.sum()),
    "int": lambda a: a * int(a.sum()),
    "bool": lambda a: a if bool(a.sum() > 0) else -a,
    "index": lambda a: a[[0, 1, 2][a.argmax() * 0]],
    "complex": lambda a: a * complex(a.sum()).real,
    "contains": lambda a: a * (3.0 in a),
    "array": lambda a: np.array(a) * 2.0,
    "repr": lambda a: a * len(repr(a)),
    "pickle": lambda a: pickle.loads(pickle.dumps(a)) * 2.0,
}


WHY = {
    "halves": "arrays of dtype float16",
    "complex numbers": "arrays of dtype complex128",
    "another byte order": "not of the machine's byte order",
    "not aligned": "arrays that are not aligned",
    "an index of a bool": "an index of a single bool",
    "many axes that lie apart": "more than 8 axes",
    "another reduction": r"np\.subtract\.reduce",
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name, rng, fails):
    recorded = corereg.record(lambda x: Tensor(REFUSED[name](x.data)))
    fails(
        lambda: recorded(rng.standard_normal((4, 6))),
        RuntimeError,
        WHY.get(name, "cannot be recorded"),
    )


@pytest.mark.parametrize("exponent", [2.0, 1.0, 2, 0.5, -1.0])
def test_powers_of_nothing_have_numpys_dtype(exponent):
    """NumPy's short cuts for exponents are taken where they give its dtype, too."""
    recorded = corereg.record(lambda x: Tensor(x.data**exponent))
    for dtype in ("int64", "float32"):
        none = np.zeros((0, 3), dtype)
        for _ in range(3):
            assert recorded(none).dtype == (none**exponent).dtype


@pytest.mark.parametrize("exponent", [2, 1, 0.5, -1, 0])
def test_powers_that_are_recorded_with_ones(exponent):
    """Every power of 1 is 1, so that the numbers of a recording do not tell which it was."""
    recorded = corereg.record(lambda x: Tensor(x.data**exponent))
    for a in (np.ones(3), np.ones(3), np.array([2.0, 3.0, 4.0])):
        assert recorded(a).data.tobytes() == (a**exponent).tobytes()
    assert recorded.python_calls == 2


def test_after_the_recording_numpy_computes_alone():
    kept = []
    recorded = corereg.record(lambda x: kept.append(x.data) or x * 2.0)
    recorded(np.arange(6.0).reshape(2, 3))
    (a,) = kept
    assert (a + 1.0).array.tolist() == [[1, 2, 3], [4, 5, 6]]
    made = np.zeros_like(a)
    made[0] = a[1]
    np.add.at(made, (np.array([1, 1]),), 1.0)
    np.add(made, 1.0, out=made)
    assert made.tolist() == [[4, 5, 6], [3, 3, 3]]
    assert np.sort(a)[0].tolist() == [0, 1, 2]
    assert float(a.sum()) == 15
    with pytest.raises(AttributeError, match="TracedArray has no attribute 'nothing'"):
        _ = a.nothing
    assert made[True].array.tolist() == [[[4, 5, 6], [3, 3, 3]]]
    made[False] = 7.0
    made[np.bool_(True)] = 2.0
    assert made.tolist() == [[2] * 3] * 2
