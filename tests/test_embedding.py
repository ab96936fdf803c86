"""Embedding: rows of a table by whole numbers, in models of every kind."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import corereg
from corereg import Input, Model, Sequential, Tensor, _kernels, layers, models, optimizers
from corereg.layers import Embedding

RNG = np.random.default_rng(3)
X = RNG.integers(0, 7, (70, 3))
Y = RNG.normal(size=(70, 1)).astype("float32")


def make(optimizer="adam", eager=False, rows=9, **options):
    corereg.utils.set_random_seed(1)
    model = Sequential([Embedding(rows, 4, **options), layers.Flatten(), layers.Dense(1)])
    model.compile(optimizer, "mse", run_eagerly=eager)
    return model


def test_a_row_for_each_number(dtype):
    layer = Embedding(5, 2, dtype=dtype)
    for x in (np.array([[1, 4], [0, 1]]), np.array([3], "uint8"), np.array(2, "int16")):
        out = layer(x)
        assert out.dtype == dtype
        assert np.array_equal(out.data, layer.embeddings.data[x])
        assert np.array_equal(layer(x + 0.7).data, out.data)  # floats are cut
        floats = (x + 0.7).astype(dtype)  # of the layer's own dtype, in a tensor
        assert np.array_equal(layer(corereg.tensor(floats)).data, out.data)
    assert layer.compute_output_shape((None, 3)) == (None, 3, 2)
    assert np.abs(layer.embeddings.data).max() <= 0.05
    assert layer.weights[0].name == "embedding/embeddings" or "embeddings" in layer.weights[0].name


def test_weights_to_begin_with():
    table = np.arange(6.0).reshape(3, 2)
    for given in (table, [table], table.tolist()):
        assert np.array_equal(Embedding(3, 2, weights=given)(np.array([2])).data, table[2:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_dim": 0}, "expected a positive integer for input_dim, received 0"),
        ({"output_dim": 2.5}, "expected a positive integer for output_dim, received 2.5"),
        ({"lora_rank": 2}, "lora_rank is not supported, received 2; leave it out"),
        ({"quantization_config": "int8"}, "quantization_config is not supported"),
        ({"weights": np.ones((2, 2))}, r"expected weights as a table of shape \(3, 2\)"),
    ],
)
def test_bad_arguments(arguments, message, fails):
    given = {"input_dim": 3, "output_dim": 2, **arguments}
    fails(lambda: Embedding(**given, name="e"), ValueError, f"Embedding 'e': {message}")


def test_config():
    layer = Embedding(3, 2, "zeros", "l2", mask_zero=True, name="e")
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    assert again.mask_zero


# ---- training ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make_optimizer",
    [
        lambda: optimizers.Adam(),
        lambda: optimizers.Adam(lazy=True),
        lambda: optimizers.AdamW(lazy=True, global_clipnorm=0.01),
        lambda: optimizers.SGD(momentum=0.9, lazy=True),
        lambda: optimizers.RMSprop(centered=True, momentum=0.5, lazy=True),
    ],
    ids=["dense", "adam", "adamw", "sgd", "rmsprop"],
)
def test_replayed_is_eager_to_the_bit(make_optimizer):
    found = []
    for eager, threads in ((True, 1), (False, 1), (False, 2)):
        before = _kernels.get_num_threads()
        _kernels.set_num_threads(threads)
        try:
            model = make(make_optimizer(), eager)
            model.fit(X, Y, epochs=3, batch_size=16, verbose=0)
        finally:
            _kernels.set_num_threads(before)
        assert model.execution_report()["fit"].mode == ("eager" if eager else "replayed")
        found.append([w.tobytes() for w in (*model.get_weights(), *model.optimizer.state)])
    assert found[0] == found[1] == found[2]


def test_lazy_steps_leave_other_rows_alone_and_dense_ones_do_not():
    x = np.where(np.arange(70)[:, None] < 16, X, np.minimum(X, 2))  # later batches: rows 0..2
    results = []
    for lazy in (False, True):
        model = make(optimizers.Adam(lazy=lazy))
        states = []
        for first in (0, 16, 32):
            model.train_on_batch(x[first : first + 16], Y[first : first + 16])
            states.append(model.get_weights()[0].copy())
        results.append(states)
    dense, lazy = results
    np.testing.assert_allclose(dense[0][:7], lazy[0][:7], rtol=1e-6)  # a first step is the same
    assert np.array_equal(lazy[0][3:], lazy[2][3:])
    assert (dense[0][3:7] != dense[2][3:7]).any(axis=1).all()
    np.testing.assert_allclose(dense[2][:3], lazy[2][:3], rtol=1e-5)  # rows of every batch


def test_lazy_sums_the_gradients_of_all_uses_of_a_table():
    steps = []
    for lazy in (False, True):
        corereg.utils.set_random_seed(1)
        x, table = Input((3,), dtype="int32"), Embedding(9, 4)
        both = layers.Concatenate()([layers.Flatten()(table(x)), layers.Flatten()(table(x))])
        model = Model(x, layers.Dense(1)(both))
        model.compile(optimizers.SGD(0.1, lazy=lazy), "mse")
        model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        steps.append(model.get_weights()[0])
    np.testing.assert_allclose(*steps, rtol=1e-5, atol=1e-7)


def test_lazy_with_a_penalty_is_dense():
    found = []
    for lazy in (False, True):
        model = make(optimizers.Adam(lazy=lazy), embeddings_regularizer="l2")
        model.fit(X, Y, epochs=2, verbose=0)
        found.append([w.tobytes() for w in model.get_weights()])
    assert found[0] == found[1]


def test_lazy_in_a_loop_of_ones_own_and_in_copies():
    table = Embedding(9, 4)
    optimizer = optimizers.SGD(1.0, lazy=True)
    table.build((None,))
    optimizer.build(table.weights)
    before = table.embeddings.data.copy()
    table(np.array([2, 5, 2])).sum().backward()
    assert table.embeddings.grad is None
    optimizer.step()
    optimizer.zero_grad()
    moved = before - table.embeddings.data
    np.testing.assert_allclose(moved[[2, 5]], [[2] * 4, [1] * 4], rtol=1e-5)
    assert not np.delete(moved, [2, 5], axis=0).any()
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.lazy
    assert again.parameters[0].row_gradients == []
    assert optimizers.deserialize(optimizers.serialize(optimizer)).lazy
    assert "lazy" not in optimizers.Adam().get_config()


def test_recorded_functions_have_to_use_the_rows_that_they_leave():
    table, optimizer = Embedding(9, 4), optimizers.SGD(1.0, lazy=True)
    table.build((None,))
    optimizer.build(table.weights)

    @corereg.record
    def backward(x):
        table(x).sum().backward()

    @corereg.record
    def step(x):
        optimizer.zero_grad()
        table(x).sum().backward()
        optimizer.step()

    with pytest.raises(RuntimeError, match="gradients of a table's rows"):
        backward(np.array([2, 5, 2]))
    optimizer.zero_grad()
    before = table.embeddings.data.copy()
    for _ in range(4):
        step(np.array([2, 5, 2]))
    moved = before - table.embeddings.data
    np.testing.assert_allclose(moved[[2, 5, 1]], [[8] * 4, [4] * 4, [0] * 4], rtol=1e-4)


@pytest.mark.parametrize("lazy", [False, True])
def test_saved_and_loaded_it_goes_on(lazy, tmp_path):
    model = make(optimizers.Adam(lazy=lazy))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m")
    again = models.load_model(tmp_path / "m")
    for one in (model, again):
        one.fit(X, Y, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), again.get_weights()))
    assert np.array_equal(copy.deepcopy(model).predict(X, verbose=0), model.predict(X, verbose=0))


# ---- data ----------------------------------------------------------------------------------------


def test_whole_numbers_of_any_dtype_are_the_same_rows():
    model = make()
    expected = model(X).data
    for dtype in ("int64", "int32", "uint8", "float32", "float64"):
        for verbose in (0, "auto"):
            found = model.predict(X.astype(dtype), verbose=0 if verbose == 0 else 2)
            np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_an_input_of_floats_between_other_inputs():
    """`Input` is of floats unless told: the Embedding behind it casts, in fit, too."""
    a, b = Input((4,), name="a"), Input((2,), name="b")
    words = layers.GlobalAveragePooling1D()(Embedding(6, 3)(a))
    model = Model([a, b], layers.Dense(1)(layers.concatenate([words, b])))
    model.compile("sgd", "mse")
    numbers = RNG.integers(0, 6, (20, 4))
    x = {"a": numbers, "b": RNG.normal(size=(20, 2))}
    model.fit(x, Y[:20], epochs=2, verbose=0)
    table, (kernel, bias) = model.layers[1].get_weights()[0], model.layers[-1].get_weights()
    expected = np.concatenate([table[numbers].mean(axis=1), x["b"]], axis=1) @ kernel + bias
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)
    with pytest.raises(ValueError, match="from 0 to 5"):
        model.predict({**x, "a": numbers + 1}, verbose=0)


def test_numbers_that_float32_does_not_hold():
    x = Input((1,), dtype="int32")
    model = Model(x, layers.Dense(1, kernel_initializer="ones")(x - 2**24))
    model.compile("sgd", "mse")
    given = np.array([[2**24 + 1], [2**24]])
    assert model.predict(given, verbose=0).ravel().tolist() == [1, 0]
    assert model.evaluate(given, np.array([[1.0], [0.0]]), verbose=0) == 0


@pytest.mark.parametrize("wrong", [-1, 9, 100.5, np.int64(2**40)])
def test_rows_that_the_table_does_not_have(wrong, fails):
    bad = X.astype(type(wrong))
    bad[5, 1] = wrong
    model = make()
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    message = f"expected whole numbers from 0 to 8, .* received {wrong} in row 5"
    fails(lambda: model.fit(bad, Y, verbose=0), ValueError, f"fit: {message}")
    fails(lambda: model.evaluate(bad, Y, verbose=0), ValueError, f"evaluate: {message}")
    with pytest.raises((ValueError, IndexError)):
        model.predict(bad, verbose=0)
    with pytest.raises(IndexError, match="expected row numbers from 0 to 8"):
        model(bad)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_several_inputs_of_different_dtypes():
    a, b = Input((2,), name="a"), Input((3,), dtype="int32", name="b")
    rows = layers.Flatten()(Embedding(7, 2)(layers.Identity()(b)))
    model = Model([a, b], layers.Dense(1)(layers.Concatenate()([a, rows])))
    model.compile("adam", "mse")
    x = {"a": RNG.normal(size=(70, 2)), "b": X}
    model.fit(x, Y, epochs=2, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    again = model.predict([x["a"], X.astype("float64")], verbose=0)
    assert np.array_equal(model.predict(x, verbose=0), again)
    with pytest.raises(ValueError, match="received 7 in row 0"):
        model.fit([x["a"], X + 7 - X[0, 0]], Y, verbose=0)


def test_an_integer_input_keeps_its_dtype_for_other_layers():
    x = Input((2,), dtype="int32")
    assert Model(x, x * x)(np.ones((1, 2), "int64")).dtype == "int32"
    assert layers.Flatten()(x).dtype == "int32"
    assert layers.Identity()(np.ones(2, bool)).dtype == bool


# ---- masks ---------------------------------------------------------------------------------------


def test_masked_steps_do_not_count():
    x = np.array([[0, 2, 2], [1, 0, 3]])
    rows = Embedding(4, 2, mask_zero=True)
    mean = layers.GlobalAveragePooling1D()(rows(x)).data
    table = rows.embeddings.data
    np.testing.assert_allclose(mean, [table[2], (table[1] + table[3]) / 2], rtol=1e-6)
    assert rows.compute_mask(Tensor(x)).data.tolist() == (x != 0).tolist()
    assert Embedding(4, 2).compute_mask(Tensor(x)) is None
