"""corereg.ops: functions that call functions, symbolic shapes, dtypes, and wrong input."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Input, Model, Tensor, ops

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], "f4")
N = np.array([[3, 1, 2], [0, 5, 5]], "i4")
INF, NAN = float("inf"), float("nan")
EPS = np.finfo("f8").eps


def values(nest):
    if isinstance(nest, tuple | list):
        return [values(one) for one in nest]
    return nest.data.tolist()


HUGE = np.broadcast_to(np.float32(1), (2**23,))


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


ROWS = Tensor(X)
CALLS |= {
    "vectorize": (
        lambda: ops.vectorize(lambda a, b: a * b if a > 2 else b)(X, [1, 2, 3]),
        [[1, 2, 9], [4, 10, 19.5]],
    ),
    "vectorize by a signature": (
        lambda: ops.vectorize(ops.matmul, signature="(m,n),(n)->(m)")(np.stack([X, 2 * X]), X[0]),
        [[14.0, 33.5], [28.0, 67.0]],
    ),
    "vectorize to vectors": (
        lambda: ops.vectorize(lambda v: (v * 2, v.sum()), signature="(n)->(n),()")(ROWS),
        [(2 * X).tolist(), [6.0, 15.5]],
    ),
    "vectorize, but not all": (
        lambda: ops.vectorize(lambda a, b, c=0: a + len(b) + c, excluded={1})(N, "ab", c=1),
        (N + 3).tolist(),
    ),
    "view": (lambda: ops.view(Tensor([1.0, -0.5]), "int32"), [1065353216, -1090519040]),
    "view as shorter": (
        lambda: ops.view(np.array([1, 258], "i4"), "uint8"),
        [1, 0, 0, 0, 2, 1, 0, 0],
    ),
    "view as longer": (lambda: ops.view(np.array([[1, 0], [0, 1]], "i4"), "int64"), [[1], [2**32]]),
    "view as it is": (lambda: ops.view(X.T), X.T.tolist()),
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


def test_vectorize_has_gradients():
    x = Tensor(X, requires_grad=True)
    ops.vectorize(lambda a, b: a * a * b)(x, 2.0).sum().backward()
    assert x.grad.data.tolist() == (4 * X).tolist()


@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 4, 4), (5, 3), (3, 5), (0, 3, 3), (2, 0)])
def test_lu_factor_multiplies_back(shape):
    """The rows of x, exchanged as the pivots say, are the product of both triangles, in which no
    number below the diagonal is larger than 1."""
    x = np.random.default_rng(4).normal(size=shape)
    lu, pivots = ops.lu_factor(x)
    k = min(shape[-2:])
    assert (lu.shape, pivots.shape) == (shape, (*shape[:-2], k))
    assert pivots.dtype == "int32"
    for one, parts, places in zip(
        x.reshape(-1, *shape[-2:]) if x.size else [],
        lu.data.reshape(-1, *shape[-2:]) if x.size else [],
        pivots.data.reshape(-1, k) if x.size else [],
        strict=True,
    ):
        lower, upper = np.tril(parts, -1)[:, :k] + np.eye(shape[-2], k), np.triu(parts)[:k]
        for i, place in enumerate(places):
            one[[i, place]] = one[[place, i]]
        assert abs(np.tril(parts, -1)).max() <= 1
        np.testing.assert_allclose(lower @ upper, one, atol=1e-14)


def test_lu_factor_of_singular_and_of_symbolic_matrices():
    lu, pivots = ops.lu_factor([[0.0, 1.0], [0.0, 2.0]])
    assert (lu.data.tolist(), pivots.data.tolist()) == ([[0, 1], [0, 2]], [0, 1])
    lu, pivots = ops.lu_factor(Input((3, 5)))
    assert (lu.shape, pivots.shape, pivots.dtype) == ((None, 3, 5), (None, 3), "int32")
    assert ops.view(Input((4,)), "int16").shape == (None, 8)


@pytest.mark.parametrize(
    ("called", "shape"),
    [
        (lambda x: ops.map(lambda row: row[:2] * 2, x), (None, 2)),
        (lambda x: ops.vectorized_map(ops.sum, x), (None,)),
        (lambda x: ops.scan(lambda c, r: (c + r, c * r), x[0], x)[1], (None, 3)),
        (lambda x: ops.associative_scan(ops.add, x), (None, 3)),
        (lambda x: ops.fori_loop(0, 3, lambda i, v: v + i, x), (None, 3)),
        (
            lambda x: ops.while_loop(lambda v: ops.sum(v) < 50, lambda v: (v + 1,), (x,))[0],
            (None, 3),
        ),
        (lambda x: ops.switch(1, [ops.exp, ops.log], x), (None, 3)),
    ],
)
def test_functions_of_functions_in_graphs(called, shape):
    """A node holds the function: it runs, and only a file cannot hold it."""
    x = Input((3,))
    y = called(x)
    assert y.shape == shape
    model = Model(x, y)
    np.testing.assert_array_equal(model(Tensor(X)).data, called(Tensor(X)).data)
    with pytest.raises(TypeError, match="expected arguments of calls that a file can hold"):
        model.get_config()


def test_rows_of_no_segment_are_left_out():
    ids = [0, -1, 1, 5, 1]
    assert ops.segment_sum([1.0, 2.0, 3.0, 4.0, 5.0], ids, 3).data.tolist() == [1, 8, 0]
    assert ops.segment_max([1, 2, 3, 4, 5], ids, 2).data.tolist() == [1, 5]


def test_a_prediction_of_nan_is_the_smallest():
    rows = [[NAN, 0.5, 0.25], [0.5, NAN, 0.25]]
    assert ops.in_top_k([0, 0], rows, k=2).data.tolist() == [False, True]


ROUND = np.array([[125, 235], [-14, 7]], "i4")
AS_KERAS = {
    "correlate of integers": (lambda: ops.dtype(ops.correlate(N[0], N[1])), "float32"),
    "round to tens": (lambda: ops.round(ROUND, -1), [[120, 240], [-10, 10]]),
    "repeat by a list of one": (lambda: ops.repeat(N[:, :2], [2]), [3, 3, 1, 1, 0, 0, 5, 5]),
    "argpartition of all": (lambda: ops.argpartition(N[:1], 1, axis=None), [1, 2, 0]),
    "nancumsum along a tuple": (lambda: ops.nancumsum(X, axis=(1,)), [[1, 3, 6], [4, 9, 15.5]]),
    "nancumprod along a tuple": (lambda: ops.nancumprod(N, axis=[0]), [[3, 1, 2], [0, 5, 10]]),
    "softmax over all axes": (
        lambda: ops.softmax(np.zeros((2, 2), "f4"), axis=None),
        [[0.25] * 2] * 2,
    ),
    "log_softmax over all": (lambda: ops.log_softmax(np.zeros((1, 1), "f4"), axis=None), [[0.0]]),
    "unique keeps each NaN": (lambda: ops.isnan(ops.unique([NAN, 1.0, NAN])), [False, True, True]),
}


@pytest.mark.parametrize("name", AS_KERAS)
def test_arguments_as_keras_takes_them(name):
    function, expected = AS_KERAS[name]
    found = function()
    assert (found if isinstance(found, str) else found.data.tolist()) == expected


def test_no_dtype_is_that_of_floats():
    assert ops.cast(N, None).dtype == ops.saturate_cast(N, None).dtype == "float32"


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


def test_the_distance_of_a_single_number_is_none():
    for endpoint, expected in ((True, np.nan), (False, 4.0)):
        made, step = ops.linspace(1.0, 5.0, 1, endpoint=endpoint, retstep=True)
        assert made.data.tolist() == [1]
        np.testing.assert_equal(step.item(), expected)
    made, step = ops.linspace(1.0, 5.0, 0, retstep=True)
    assert (made.shape, np.isnan(step.item())) == ((0,), True)


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


@pytest.mark.parametrize("kind", ["int32", "uint8"])
def test_integers_keep_their_width(kind):
    n = np.array([1, 2, 4], kind)
    for found in (ops.relu(n), ops.vander(n), ops.segment_max(n, [0, 0, 1])):
        assert str(found.dtype) == kind
    assert str(ops.relu(n > 1).dtype) == "int32"


def test_empty_tensors():
    none = np.zeros((0, 3), "f4")
    assert ops.sum(none).item() == 0
    assert ops.max(none, initial=2.0).item() == 2
    assert ops.concatenate([none, X]).shape == (2, 3)
    assert ops.sort(none, axis=0).shape == (0, 3)
    assert ops.one_hot(np.zeros(0, "i4"), 3).shape == (0, 3)
    assert ops.linspace(0, 1, 0).shape == (0,)
    assert ops.segment_max(none, np.zeros(0, "i4"), 2).data.tolist() == [[-np.inf] * 3] * 2
    assert ops.segment_sum(none, np.zeros(0, "i4")).shape == (0, 3)
    assert ops.bincount(np.zeros(0, "i4"), minlength=2).data.tolist() == [0, 0]


# ---- results of arguments that are seldom given --------------------------------------------------


@pytest.mark.parametrize("kth", [0, 2, -1, -4])
@pytest.mark.parametrize("axis", [-1, 0])
def test_argpartition_puts_the_kth_where_sorting_would(kth, axis):
    x = np.array([[5, 1, 4, 1], [3, 9, 0, 7], [2, 2, 8, 6], [4, 4, 4, 0]], "f4")
    found = ops.argpartition(x, kth, axis)
    assert str(found.dtype) == "int32"
    parted = np.moveaxis(np.take_along_axis(x, found.data, axis), axis, -1)
    at = kth % 4
    np.testing.assert_array_equal(parted[:, at], np.sort(x, axis).take(at, axis))
    assert (parted[:, :at] <= parted[:, at : at + 1]).all()
    assert (parted[:, at:] >= parted[:, at : at + 1]).all()


RESULTS = {
    "unique, cut off": (lambda: ops.unique([3, 1, 2, 1], size=2), [1, 2]),
    "unique, filled with the least": (lambda: ops.unique([3, 1, 1], size=4), [1, 3, 1, 1]),
    "unique, filled": (
        lambda: ops.unique([3, 1, 1], True, True, True, True, size=3, fill_value=9),
        [[1, 3, 9], [1, 0, 1], [1, 0, 0], [2, 1, 0]],
    ),
    "unique, cut off with counts": (
        lambda: ops.unique([3, 1, 1, 5], return_index=True, return_counts=True, size=1),
        [[1], [1], [2]],
    ),
    "unique along an axis, filled": (
        lambda: ops.unique(np.array([[2, 1], [2, 1], [0, 5]]), axis=0, size=3),
        [[0, 5], [2, 1], [0, 5]],
    ),
    "unique columns, cut off": (
        lambda: ops.unique(np.array([[2, 1, 2], [3, 0, 3]]), axis=1, size=1),
        [[1], [0]],
    ),
    "slice to the end": (lambda: ops.slice(X, (1, 1), (1, -1)), [[5.0, 6.5]]),
    "slice from a tensor": (
        lambda: ops.slice(X, Tensor(np.array([0, 1])), (2, 2)),
        [[2.0, 3.0], [5.0, 6.5]],
    ),
    "slice from tensors, moved back": (
        lambda: ops.slice(X, (Tensor(5), Tensor(-3)), (1, 2)),
        [[4.0, 5.0]],
    ),
    "slice_update from a tensor": (
        lambda: ops.slice_update(N, Tensor(np.array([1, 2])), [[7, 8]]),
        [[3, 1, 2], [0, 7, 8]],
    ),
    "bincount of rows": (lambda: ops.bincount(N), [[0, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 2]]),
    "bincount of rows with weights": (
        lambda: ops.bincount(N % 3, weights=X, minlength=4),
        [[1.0, 2.0, 3.0, 0.0], [4.0, 0.0, 11.5, 0.0]],
    ),
    "segment_sum": (lambda: ops.segment_sum(X, [1, 1]), [[0.0] * 3, [5.0, 7.0, 9.5]]),
    "solve for a vector": (
        lambda: ops.solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 2.0])),
        [1.0, 0.5],
    ),
    "einsum without an arrow": (lambda: ops.einsum("ij,ij", N, N), 64),
    "einsum without an arrow, sorted": (
        lambda: ops.einsum("ba,bc", N, np.array([[1], [2]])),
        [[3], [11], [12]],
    ),
    "einsum of three without an arrow": (
        lambda: ops.einsum("cb,bd,bd", N, N.T, N.T),
        np.einsum("cb,bd,bd->c", N, N.T, N.T).tolist(),
    ),
    "einsum of three without an arrow, sorted": (
        lambda: ops.einsum("dk,ki,ia", N, N.T, N),
        (N @ N.T @ N).T.tolist(),
    ),
    "dot with a number": (lambda: ops.dot(2, N), (2 * N).tolist()),
    "trapezoid of steps for each": (lambda: ops.trapezoid(N, x=N * 0 + [0, 1, 3]), [5.0, 12.5]),
    "trapezoid along the first axis": (
        lambda: ops.trapezoid(N, x=np.array([1, 3]), axis=0),
        [3.0, 6.0, 7.0],
    ),
    "nanmax of integers": (lambda: ops.nanmax(N, axis=1), [3, 5]),
    "signbit of bools": (lambda: ops.signbit(N > 1), [[False] * 3] * 2),
    "saturate_cast of bools": (lambda: ops.saturate_cast(N > 1, "int8"), [[1, 0, 1], [0, 1, 1]]),
    "saturate_cast to bool": (lambda: ops.saturate_cast(N - 1, "bool"), (N != 1).tolist()),
    "saturate_cast of integers": (
        lambda: ops.saturate_cast(np.array([-1, 5, 300]), "uint8"),
        [0, 5, 255],
    ),
    "empty": (lambda: ops.empty((2, 1), "int32"), [[0], [0]]),
    "empty_like": (lambda: ops.empty_like(N, "float64"), [[0.0] * 3] * 2),
    "ldexp beyond 2**x2": (
        lambda: ops.ldexp(np.array([1e-30, 0, 1e30, 1, 0.5], "f4"), [200, 10**6, -200, -149, 128]),
        np.ldexp(np.array([1e-30, 0, 1e30, 1, 0.5], "f4"), [200, 10**6, -200, -149, 128]).tolist(),
    ),
    "nanmedian of infinities": (
        lambda: ops.nanmedian(
            np.array([[-INF, -INF, NAN, 1], [INF, INF, 1, NAN], [0, 2, 1, 5]]), 1
        ),
        [-INF, INF, 1.5],
    ),
    "quantile of infinities": (
        lambda: ops.quantile(np.array([[-INF, -INF, 1], [INF, INF, 1], [-INF, 0, INF]]), 0.25, 1),
        [-INF, INF, -INF],
    ),
    "corrcoef of one row": (lambda: ops.corrcoef(np.array([[1.0, 3.0]])) > 0.9, True),
    "solve_triangular looks at one triangle": (
        lambda: ops.solve_triangular(
            np.array([[2.0, INF], [1.0, 4.0]]), np.array([2.0, 5.0]), True
        ),
        [1.0, 1.0],
    ),
    "nan_to_num of what it puts there": (
        lambda: ops.nan_to_num(np.array([NAN, INF, -INF]), nan=INF, posinf=-INF, neginf=1.0),
        [INF, -INF, 1.0],
    ),
    "corrcoef of a large row": (lambda: ops.corrcoef(np.array([[1e30, 3.0, 1.0]], "f4")), 1.0),
    "geomspace between unlike ends": (
        lambda: ops.nan_to_num(ops.geomspace(3.0, -1.0, 3), 7.0),
        [3.0, 7.0, -1.0],
    ),
    "geomspace ends at the end": (lambda: ops.geomspace(1.0, 1000.0, 3)[-1], 1000.0),
    "geomspace of vectors": (
        lambda: ops.geomspace(np.array([1.0, -4.0]), np.array([16.0, -1.0]), 3, axis=-1),
        [[1, 4, 16], [-4, -2, -1]],
    ),
    "pinv leaves out what is below 10 n epsilon": (
        lambda: ops.pinv(np.array([np.diag([1, 19.5 * EPS]), np.diag([1, 20.5 * EPS])])) > 0,
        [[[True, False], [False, False]], [[True, False], [False, True]]],
    ),
    "hsplit of a vector": (lambda: ops.hsplit(N[0], 3), [[3], [1], [2]]),
    "hsplit": (lambda: ops.hsplit(N, [1]), [[[3], [0]], [[1, 2], [5, 5]]]),
    "vsplit": (lambda: ops.vsplit(N, 2), [[[3, 1, 2]], [[0, 5, 5]]]),
    "dsplit": (lambda: ops.dsplit(N[None], 3), [[[[3], [0]]], [[[1], [5]]], [[[2], [5]]]]),
    "array_split": (lambda: ops.array_split(N[0], 2), [[3, 1], [2]]),
    "normalize by absolute values": (
        lambda: ops.normalize(np.array([[1.0, -3.0], [0.0, 0.0]]), order=1),
        [[0.25, -0.75], [0.0, 0.0]],
    ),
    "normalize by squares": (lambda: ops.normalize(np.array([0.0, -4.0])), [0.0, -1.0]),
    "normalize by little": (
        lambda: ops.normalize(np.array([3.0, -4.0]), epsilon=8.0),
        [0.375, -0.5],
    ),
    "pad one axis at the edge": (
        lambda: ops.pad(N, ((0, 0), (1, 0)), "edge"),
        [[3, 3, 1, 2], [0, 0, 5, 5]],
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results(name):
    function, expected = RESULTS[name]
    assert values(function()) == expected


def test_slices_from_tensors_are_recorded():
    """The box moves with the numbers that a replay is given."""
    recorded = corereg.record(lambda x, at: ops.slice(x, at, (1, 2)))
    for at in ([0, 0], [1, 1], [9, -4], [0, 1]):
        i, j = min(max(at[0], 0), 1), min(max(at[1], 0), 1)
        found = recorded(X, np.array(at))
        np.testing.assert_array_equal(found.data, X[i : i + 1, j : j + 2])
    assert recorded.python_calls == 2


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
    **{
        f"{name} of infinity": (
            lambda function=function, n=n: function(
                np.array([[-INF, 2.0, 1.0], [3.0, 4.0, 1.0]])[:, :n]
            ),
            np.linalg.LinAlgError,
            "expected finite numbers, received NaN or infinity",
        )
        for name, n, function in (
            ("svd", 3, ops.svd),
            ("svd of a square", 2, ops.svd),
            ("singular values", 3, lambda x: ops.svd(x, compute_uv=False)),
            ("pinv", 3, ops.pinv),
            ("eigh", 2, ops.eigh),
        )
    },
    "singular": (lambda: ops.inv(np.zeros((2, 2))), np.linalg.LinAlgError, "Singular"),
    **{
        f"{name} of a huge size": (function, MemoryError, f"{name}: expected a result that fits")
        for name, function in (
            ("outer", lambda: ops.outer(HUGE, HUGE)),
            ("kron", lambda: ops.kron(HUGE, HUGE)),
            ("diag", lambda: ops.diag(X[0], 2**40)),
            ("one_hot", lambda: ops.one_hot(N, 2**50)),
            ("linspace", lambda: ops.linspace(0.0, 1.0, 2**50)),
            ("repeat", lambda: ops.repeat(np.empty((2, 0)), 2**62, 0)),
            ("tile", lambda: ops.tile(np.empty((2, 0)), (2**62, 1))),
            ("bincount", lambda: ops.bincount(N, minlength=2**50)),
        )
    },
    "max from an array": (
        lambda: ops.max(X, initial=np.zeros((1, 1))),
        ValueError,
        r"expected initial as a number, received shape \(1, 1\)",
    ),
    "tensordot of too many axes": (
        lambda: ops.tensordot(X, X, 2**62),
        ValueError,
        "tensordot: expected axes from 0 to 2, which both have",
    ),
    "numbers beyond all dtypes": (
        lambda: ops.soft_shrink(X, [2**70]),
        TypeError,
        "Shrink: expected real numbers, received an argument that makes the result object",
    ),
    "complex numbers": (
        lambda: ops.leaky_relu(X, 1j),
        TypeError,
        "LeakyRelu: expected real numbers, received an argument that makes the result complex64",
    ),
    "norm by an array": (
        lambda: ops.norm(X, np.array([3.0]), axis=0),
        TypeError,
        "norm: expected ord as a number",
    ),
    "slice from nowhere": (
        lambda: ops.slice(X, {}, (-1,)),
        ValueError,
        "slice: expected a place and a length for each of 2 axes",
    ),
    "norm ord": (lambda: ops.norm(X, "sum"), ValueError, "norm: expected ord None, 'fro'"),
    "norm axes": (lambda: ops.norm(X[None], 2), ValueError, "norm: expected one axis or two"),
    "normalize": (lambda: ops.normalize(X, order=np.inf), ValueError, "normalize: expected order"),
    "normalize by nothing": (
        lambda: ops.normalize(X, order=0),
        ValueError,
        "normalize: expected order as an integer >= 1, received 0",
    ),
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
    "reshape": (lambda: ops.reshape(X, (-2, 3)), ValueError, r"one may be -1, received newshape="),
    "reshape to two open lengths": (
        lambda: ops.reshape(X, (-1, 3, -1)),
        ValueError,
        "one may be -1, received newshape=",
    ),
    "scan by no function": (lambda: ops.scan(3, 0, X), TypeError, "scan: expected f as a function"),
    "scan's unroll": (
        lambda: ops.scan(lambda c, r: (c, r), 0, X, unroll=-1),
        ValueError,
        "expected unroll as a positive integer or a bool, received -1",
    ),
    "inv of matrices that may not be square": (
        lambda: ops.inv(Input((None, 3))),
        ValueError,
        "inv: expected a call that computes for .* expected x of shape",
    ),
    "solve by matrices that are not square": (
        lambda: ops.solve(Input((3, 4)), Input((3, 1))),
        ValueError,
        "solve: expected a call that computes for",
    ),
    "scan": (
        lambda: ops.scan(lambda c, r: (c, r), 0),
        ValueError,
        "scan: expected xs, or a length",
    ),
    "scan of another length": (
        lambda: ops.scan(lambda c, r: (c, r), 0, X, length=3),
        ValueError,
        "scan: expected length=2 as xs has, received 3",
    ),
    "map of nothing": (
        lambda: ops.map(lambda r: r, X[:0]),
        ValueError,
        "map: expected one row or more",
    ),
    "while_loop": (
        lambda: ops.while_loop(lambda i, j: i < 3, lambda i, j: i + 1, (0, 0)),
        ValueError,
        "while_loop: expected body to return as many values as loop_vars has, received 1",
    ),
    "convert_to_tensor": (
        lambda: ops.convert_to_tensor(X, ragged=True),
        ValueError,
        "convert_to_tensor: expected neither sparse nor ragged",
    ),
    "convert_to_tensor, sparse": (
        lambda: ops.convert_to_tensor(X, sparse=True),
        ValueError,
        "convert_to_tensor: expected neither sparse nor ragged",
    ),
    "meshgrid": (
        lambda: ops.meshgrid([1], [2], indexing="yx"),
        ValueError,
        "meshgrid: expected indexing 'xy' or 'ij', received 'yx'",
    ),
    "vander": (lambda: ops.vander(X), ValueError, r"vander: expected a vector, .* \(2, 3\)"),
    "ldexp": (
        lambda: ops.ldexp(X, X),
        TypeError,
        "ldexp: expected integers as x2, received float32",
    ),
    "select": (lambda: ops.select([X > 1], []), ValueError, "one or more, received 1 and 0"),
    "select of nothing": (lambda: ops.select([], []), ValueError, "one or more, received 0 and 0"),
    "scatter": (
        lambda: ops.scatter([[0.5]], [1.0], (2,)),
        ValueError,
        r"scatter: expected indices of integers .* received shape \(1, 1\) and dtype float",
    ),
    "scatter_update of a number": (
        lambda: ops.scatter_update(X, 1, 1.0),
        ValueError,
        r"scatter_update: expected indices .* received shape \(\) and dtype int",
    ),
    "scatter_update's gradient": (
        lambda: ops.scatter_update(Tensor(X, requires_grad=True), [[0, 1]], [1.0], "max"),
        ValueError,
        "scatter_update: expected tensors that need no gradient for reduction='max'",
    ),
    "scatter_update's gradient of updates": (
        lambda: ops.scatter_update(X, [[0, 1]], Tensor(X[0, :1], requires_grad=True), "mul"),
        ValueError,
        "scatter_update: expected tensors that need no gradient for reduction='mul'",
    ),
    "slice below": (lambda: ops.slice(X, (0, 0), (1, -2)), ValueError, "slice: expected lengths"),
    "diag": (lambda: ops.diag(X[None]), ValueError, r"diag: expected a vector or a matrix, rec"),
    "bincount, sparse": (lambda: ops.bincount(N[0], sparse=True), ValueError, "bincount: expected"),
    "bincount": (
        lambda: ops.bincount(X),
        ValueError,
        r"bincount: expected integers of one or two axes, received float32 of shape \(2, 3\)",
    ),
    "bincount of three axes": (lambda: ops.bincount(N[None]), ValueError, r"of shape \(1, 2, 3\)"),
    "norm of vectors": (
        lambda: ops.norm(X, "fro", axis=1),
        ValueError,
        "norm: expected a number as ord of vectors, received 'fro'",
    ),
    "an axis that is not there": (
        lambda: ops.argpartition(X, 0, 2),
        ValueError,
        "argpartition: expected an axis of a tensor of 2 axes, received 2",
    ),
    "an axis below": (
        lambda: ops.argpartition(X, 0, -3),
        ValueError,
        "argpartition: expected an axis of a tensor of 2 axes, received -3",
    ),
    "argpartition": (
        lambda: ops.argpartition(X, 3),
        ValueError,
        "argpartition: expected kth within 3 elements, received 3",
    ),
    "argpartition below": (lambda: ops.argpartition(X, -4), ValueError, "within 3 .*received -4"),
    "digitize": (
        lambda: ops.digitize(X, X),
        ValueError,
        r"digitize: expected a vector of bins, received shape \(2, 3\)",
    ),
    "histogram": (lambda: ops.histogram(X), ValueError, r"histogram: expected a vector .*\(2, 3\)"),
    "histogram without bins": (
        lambda: ops.histogram(X[0], 0),
        ValueError,
        "histogram: expected a vector and bins >= 1, .* bins=0",
    ),
    "histogram of edges": (lambda: ops.histogram(X[0], [1, 2]), ValueError, r"bins=\[1, 2\]"),
    "einsum of three": (
        lambda: ops.einsum("ij,ij", X, X, X),
        ValueError,
        "einsum: expected 3 operands in 'ij,ij'",
    ),
    "einsum of three with dots": (
        lambda: ops.einsum("...i,i,i->i", X, X[0], X[0]),
        ValueError,
        "without '...' where they are three or more",
    ),
    "diff": (lambda: ops.diff(X, -1), ValueError, "diff: expected n >= 0, received -1"),
    "segment_sum": (
        lambda: ops.segment_sum(X, [0, 1, 1]),
        ValueError,
        r"segment_ids of shape \(3,\) and dtype int",
    ),
    "segment_sum of floats": (lambda: ops.segment_sum(X, [0.0, 1.0]), ValueError, "dtype float"),
    "linspace": (
        lambda: ops.linspace(0, 1, -1),
        ValueError,
        "linspace: expected num >= 0, received -1",
    ),
    "moveaxis": (lambda: ops.moveaxis(X, (0, 1), (0,)), ValueError, "moveaxis: expected"),
    "moveaxis twice": (lambda: ops.moveaxis(X, (0, -2), (0, 1)), ValueError, "moveaxis: expected"),
    "hsplit of a number": (lambda: ops.hsplit(3, 1), ValueError, "hsplit: expected an axis"),
    "vsplit of a vector": (
        lambda: ops.vsplit(N[0], 3),
        ValueError,
        "vsplit: expected an axis of a tensor of 1 axes, received 1",
    ),
    "dsplit of a matrix": (
        lambda: ops.dsplit(N, 3),
        ValueError,
        "dsplit: expected an axis of a tensor of 2 axes, received 2",
    ),
    "rot90": (
        lambda: ops.rot90(X, axes=(0, -2)),
        ValueError,
        r"rot90: expected two different axes, received \(0, -2\)",
    ),
    "searchsorted's side": (
        lambda: ops.searchsorted([1.0], 1.0, "both"),
        ValueError,
        "searchsorted: expected side 'left' or 'right', received 'both'",
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
    "lu_factor": (
        lambda: ops.lu_factor(Tensor(np.eye(2), requires_grad=True)),
        ValueError,
        "lu_factor: it has no derivative",
    ),
    "lu_factor of a vector": (lambda: ops.lu_factor(X[0]), ValueError, r"received \(3,\)"),
    "view": (lambda: ops.view(X, "float64"), ValueError, r"view: expected a last axis .* \(2, 3\)"),
    "view of a number": (lambda: ops.view(1.0, "int16"), ValueError, "view: expected a last axis"),
    "view as text": (lambda: ops.view(X, "U"), TypeError, "view: expected dtype .* received str"),
    "saturate_cast to objects": (
        lambda: ops.saturate_cast(X, object),
        TypeError,
        "saturate_cast: expected dtype .* received object",
    ),
    "vectorize": (
        lambda: ops.vectorize(3),
        ValueError,
        "expected pyfunc as a function, received 3",
    ),
    "vectorize's signature": (
        lambda: ops.vectorize(ops.dot, signature="n,n->"),
        ValueError,
        "expected a signature such as",
    ),
    "vectorize's lengths": (
        lambda: ops.vectorize(ops.dot, signature="(n),(n)->()")(X[0], X[0, :2]),
        ValueError,
        r"expected argument 1 with last axes \(n\), of which are known {'n': 3}, received shape",
    ),
    "vectorize's arguments": (
        lambda: ops.vectorize(ops.dot, signature="(n),(n)->()")(X),
        ValueError,
        "expected 2 arguments, received 1",
    ),
    "vectorize of nothing": (
        lambda: ops.vectorize(abs)(X[:0]),
        ValueError,
        "expected one element or more",
    ),
    "vectorize of others": (
        lambda: ops.vectorize(ops.add)(X, X[:, :2]),
        ValueError,
        "expected arguments that broadcast",
    ),
    "a symbolic index": (lambda: ops.switch(Input(()), []), ValueError, "expected one element"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    function, error, message = ERRORS[name]
    with pytest.raises(error, match=message):
        function()
