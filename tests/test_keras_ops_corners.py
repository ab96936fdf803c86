"""corereg.ops: functions that call functions, symbolic shapes, dtypes, and wrong input."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Input, Model, Tensor, ops

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], "f4")
N = np.array([[3, 1, 2], [0, 5, 5]], "i4")


def values(nest):
    if isinstance(nest, tuple | list):
        return [values(one) for one in nest]
    return nest.data.tolist()


# ---- functions of functions ----------------------------------------------------------------------

CALLS = {
    "cond": (lambda: ops.cond(True, lambda: Tensor(1.0), lambda: Tensor(2.0)), 1.0),
    "cond of a tensor": (
        lambda: ops.cond(ops.less(2, 1), lambda: Tensor(1.0), lambda: Tensor(2.0)),
        2.0,
    ),
    "switch": (lambda: ops.switch(1, [lambda x: x, lambda x: x * 2], Tensor(3.0)), 6.0),
    "switch beyond": (lambda: ops.switch(9, [lambda x: x, lambda x: x * 2], Tensor(3.0)), 6.0),
    "while_loop": (
        lambda: ops.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + i), (0, 0)),
        [3, 3],
    ),
    "while_loop of one": (lambda: ops.while_loop(lambda i: i < 5, lambda i: i + 2, 0), 6),
    "while_loop with a limit": (
        lambda: ops.while_loop(lambda i: True, lambda i: i + 1, 0, maximum_iterations=4),
        4,
    ),
    "fori_loop": (lambda: ops.fori_loop(0, 4, lambda i, v: v + i, 0), 6),
    "map": (lambda: ops.map(lambda row: row.sum(), X), [6.0, 15.5]),
    "map of a nest": (lambda: ops.map(lambda r: (r[0] + r[1], r[0]), (N, N))[0], (2 * N).tolist()),
    "vectorized_map": (lambda: ops.vectorized_map(lambda r: r * 2, X), (2 * X).tolist()),
    "scan": (lambda: ops.scan(lambda c, r: (c + r.sum(), c * 1.0), 0.0, X)[0], 21.5),
    "scan's results": (
        lambda: ops.scan(lambda c, r: (c + r.sum(), c + 0.5), Tensor(0.0), X)[1],
        [0.5, 6.5],
    ),
    "scan backwards": (
        lambda: ops.scan(lambda c, r: (c + r.sum(), c + 0.5), Tensor(0.0), X, reverse=True)[1],
        [16.0, 0.5],
    ),
    "scan without xs": (
        lambda: ops.scan(lambda c, _: (c * 2, c), Tensor(1), length=3)[1],
        [1, 2, 4],
    ),
    "associative_scan": (lambda: ops.associative_scan(ops.add, N), np.cumsum(N, 0).tolist()),
    "associative_scan, reverse": (
        lambda: ops.associative_scan(ops.add, N, reverse=True, axis=1),
        np.cumsum(N[:, ::-1], 1)[:, ::-1].tolist(),
    ),
    "jvp": (lambda: ops.jvp(lambda a: a * a, (X,), (X,)), [(X * X).tolist(), (2 * X * X).tolist()]),
    "jvp with more": (lambda: ops.jvp(lambda a: (a * a, "b"), (X,), (X,), True)[2:], ["b"]),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_of_functions(name):
    function, expected = CALLS[name]
    found = function()
    assert (list(found) if name == "jvp with more" else values(found)) == expected


def test_cond_in_a_recorded_function_and_in_a_graph():
    def chosen(x):
        return ops.cond(ops.sum(x) > 0, lambda: ops.exp(x), lambda: x - 1.0)

    recorded = corereg.record(chosen)
    x = Input((3,))
    model = Model(x, ops.cond(ops.sum(x) > 0, lambda: ops.exp(x), lambda: x - 1.0))
    for sign in (1, -1, 1, -1):
        expected = chosen(Tensor(sign * X)).data
        np.testing.assert_array_equal(recorded(sign * X).data, expected)
        np.testing.assert_array_equal(model(Tensor(sign * X)).data, expected)
    assert recorded.python_calls == 2


def test_gradients_flow_through_loops():
    x = Tensor(2.0, requires_grad=True)
    ops.fori_loop(0, 3, lambda i, v: v * x, Tensor(1.0)).backward()
    assert x.grad.item() == 12


# ---- tensors as such -----------------------------------------------------------------------------


def test_shapes_and_dtypes():
    x = Input((4, 5), dtype="int32")
    assert (ops.shape(x), ops.ndim(x), ops.size(x), ops.dtype(x)) == (
        (None, 4, 5),
        3,
        None,
        "int32",
    )
    assert (ops.shape(X), ops.ndim(X), ops.size(X), ops.dtype(X)) == ((2, 3), 2, 6, "float32")
    assert (ops.shape(1.0), ops.size([1, 2]), ops.dtype(2)) == ((), 2, "int32")
    assert ops.is_tensor(Tensor(X))
    assert not ops.is_tensor(X)
    assert not ops.is_tensor(x)
    leaf = Tensor(X, requires_grad=True)
    assert type(ops.convert_to_numpy(leaf)) is np.ndarray
    assert ops.convert_to_tensor(leaf) is leaf
    assert ops.convert_to_tensor([leaf, leaf]).shape == (2, 2, 3)


def test_graphs_with_an_open_batch():
    x, n = Input((6,)), Input((), dtype="int32")
    outs = {
        "reshape": ops.reshape(x, (-1, 2, 3)),
        "one_hot": ops.one_hot(n, 3),
        "split": ops.split(x, [2], axis=1),
        "matmul": ops.matmul(x, np.ones((6, 4), "f4")),
        "top_k": ops.top_k(x, 2),
        "layer_normalization": ops.layer_normalization(x),
        "argmax": ops.argmax(x, axis=1),
        "loss": ops.sparse_categorical_crossentropy(n, ops.softmax(x)),
    }
    assert outs["reshape"].shape == (None, 2, 3)
    assert outs["one_hot"].shape == outs["one_hot"].shape == (None, 3)
    assert [s.shape for s in outs["split"]] == [(None, 2), (None, 4)]
    assert [(s.shape, s.dtype) for s in outs["top_k"]] == [
        ((None, 2), "float32"),
        ((None, 2), "int32"),
    ]
    assert (outs["argmax"].shape, outs["argmax"].dtype) == ((None,), "int32")
    model = Model([x, n], outs)
    rows = np.arange(18, dtype="f4").reshape(3, 6) % 5
    found = model([Tensor(rows), Tensor(np.array([0, 2, 1], "i4"))])
    assert found["loss"].shape == (3,)
    np.testing.assert_array_equal(found["matmul"].data, rows @ np.ones((6, 4), "f4"))
    again = Model.from_config(model.get_config())([Tensor(rows), Tensor(np.array([0, 2, 1], "i4"))])
    np.testing.assert_array_equal(found["loss"].data, again["loss"].data)


def test_a_loss_in_kerass_words_trains_and_is_replayed():
    corereg.set_random_seed(3)
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((64, 3)).astype("f4"), rng.integers(0, 2, 64)

    def loss(t, p):
        return ops.mean(
            ops.sparse_categorical_crossentropy(ops.reshape(t, -1), p, from_logits=True)
        )

    losses = []
    for eagerly in (False, True):
        corereg.set_random_seed(3)
        model = corereg.Sequential([Input((3,)), corereg.layers.Dense(2)])
        model.compile("sgd", loss, run_eagerly=eagerly)
        history = model.fit(x, y, epochs=3, verbose=0, shuffle=False)
        losses.append(history.history["loss"])
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0]


def test_nan_to_num_without_numbers_gives_the_limits():
    for dtype in ("f4", "f8"):
        found = ops.nan_to_num(np.array([np.nan, np.inf, -np.inf], dtype)).data
        assert found.tolist() == [0, np.finfo(dtype).max, np.finfo(dtype).min]


def test_dtypes_of_operands():
    f4, f8, i8 = X, X.astype("f8"), N.astype("i8")
    pairs = [
        (f4, f8),
        (f4, i8),
        (N, i8),
        (N, 2.5),
        (N, 2),
        (N > 1, 2),
        (N > 1, 2.5),
        (2, 3),
        (2, 0.5),
    ]
    found = [str(ops.add(a, b).dtype) for a, b in pairs]
    assert found == [
        *("float64", "float32", "int64", "float32", "int32", "int32", "float32", "int32"),
        "float32",
    ]


def test_empty_tensors():
    none = np.zeros((0, 3), "f4")
    assert ops.sum(none).item() == 0
    assert ops.max(none, initial=2.0).item() == 2
    assert ops.concatenate([none, X]).shape == (2, 3)
    assert ops.sort(none, axis=0).shape == (0, 3)
    assert ops.one_hot(np.zeros(0, "i4"), 3).shape == (0, 3)
    assert ops.linspace(0, 1, 0).shape == (0,)
    assert ops.segment_max(none, np.zeros(0, "i4"), 2).data.tolist() == [[-np.inf] * 3] * 2


# ---- wrong input ---------------------------------------------------------------------------------

ERRORS = {
    "where": (lambda: ops.where(X > 1, X), ValueError, "where: expected both x1 and x2"),
    "split": (
        lambda: ops.split(X, 2, 1),
        ValueError,
        "split: .*divides it for an axis of length 3",
    ),
    "unstack": (lambda: ops.unstack(X, 3), ValueError, "unstack: expected num=2"),
    "pad mode": (lambda: ops.pad(X, 1, "mirror"), ValueError, "pad: expected mode 'constant'"),
    "pad": (lambda: ops.pad(X, 1, "edge", 3), ValueError, "pad: .*only beside mode='constant'"),
    "one_hot": (
        lambda: ops.one_hot(X, 3),
        TypeError,
        "one_hot: expected integers, received float32",
    ),
    "sparse": (lambda: ops.one_hot(N, 3, sparse=True), ValueError, "expected sparse=False"),
    "multi_hot": (lambda: ops.multi_hot(N), TypeError, "multi_hot: expected num_classes"),
    "average": (lambda: ops.average(X, 1, [1.0, 2.0]), ValueError, "average: expected weights of"),
    "moments": (lambda: ops.moments(X, 0, synchronized=True), ValueError, "one device"),
    "inv": (
        lambda: ops.inv(X),
        ValueError,
        r"inv: expected x of shape \(..., n, n\), received \(2, 3",
    ),
    "singular": (lambda: ops.inv(np.zeros((2, 2))), np.linalg.LinAlgError, "Singular"),
    "norm ord": (lambda: ops.norm(X, "sum"), ValueError, "norm: expected ord None, 'fro'"),
    "norm axes": (lambda: ops.norm(X[None], 2), ValueError, "norm: expected one axis or two"),
    "normalize": (lambda: ops.normalize(X, order=np.inf), ValueError, "normalize: expected order"),
    "tensordot": (lambda: ops.tensordot(X, X, 1), ValueError, "tensordot: expected axes of equal"),
    "cross": (lambda: ops.cross(np.ones(4), np.ones(4)), ValueError, "cross: expected vectors of"),
    "crossentropy": (
        lambda: ops.categorical_crossentropy(X, X[:1]),
        ValueError,
        r"expected target and output of one shape, received \(2, 3\) and \(1, 3\)",
    ),
    "sparse crossentropy": (
        lambda: ops.sparse_categorical_crossentropy(N, X),
        ValueError,
        r"expected target of shape \(2,\) for output of shape \(2, 3\), received \(2, 3\)",
    ),
    "scatter_update": (
        lambda: ops.scatter_update(X, [[0, 1]], [1.0], "mean"),
        ValueError,
        "expected reduction None, 'add', 'max', 'min' or 'mul', received 'mean'",
    ),
    "slice": (lambda: ops.slice(X, (0,), (1,)), ValueError, "slice: expected a place and a length"),
    "slice sizes": (lambda: ops.slice(X, (0, 0), (3, 1)), ValueError, "slice: expected lengths up"),
    "quantile": (
        lambda: ops.quantile(X, 0.5, method="best"),
        ValueError,
        "quantile: expected method",
    ),
    "map": (lambda: ops.map(lambda r: r, (X, X[:1])), ValueError, "map: expected tensors of one"),
    "scan": (
        lambda: ops.scan(lambda c, r: (c, r), 0),
        ValueError,
        "scan: expected xs, or a length",
    ),
    "searchsorted": (
        lambda: ops.searchsorted(X, 1.0),
        ValueError,
        "searchsorted: expected a vector",
    ),
    "layer_normalization": (
        lambda: ops.layer_normalization(X, rms_scaling=True),
        TypeError,
        "use rms_normalization",
    ),
    "svd": (
        lambda: ops.svd(Tensor(X, requires_grad=True)),
        ValueError,
        "svd: expected full_matrices=False to differentiate",
    ),
    "a symbolic condition": (lambda: ops.switch(Input(()), []), TypeError, "expected numbers"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    function, error, message = ERRORS[name]
    with pytest.raises(error, match=message):
        function()
