"""predict(out=), which takes arrays for the results."""

from __future__ import annotations

import numpy as np
import pytest
from small import net

import corereg
from corereg import _kernels, layers
from corereg.callbacks import Callback
from corereg.models import Model, Sequential

RNG = np.random.default_rng(3)


def rows(n, features=6):
    return RNG.standard_normal((n, features)).astype("float32")


def two_outputs():
    x = corereg.Input((6,))
    h = layers.Dense(5, "relu")(x)
    return Model(x, {"b": layers.Dense(2)(h), "a": layers.Dense(1)(h)})


@pytest.fixture(scope="module")
def model():
    return net(classes=3)


# 1 and 256 rows are one pass, 600 are three, 5000 many; 4097 is more than one block
@pytest.mark.parametrize("n", [1, 7, 256, 600, 5000])
@pytest.mark.parametrize("form", ["contiguous", "strided", "column order", "unaligned"])
def test_results_go_into_the_array(n, form, model):
    x = rows(n)
    expected = model.predict(x, verbose=0)
    if form == "contiguous":
        out = np.full((n, 3), np.nan, "float32")
    elif form == "strided":
        out = np.full((2 * n, 5), np.nan, "float32")[::2, 1:4]
    elif form == "column order":
        out = np.full((n, 3), np.nan, "float32", order="F")
    else:
        out = np.zeros(12 * n + 1, np.uint8)[1:].view("float32").reshape(n, 3)
    for given in (x, x.astype("float64"), x[:, ::-1][:, ::-1]):
        out[...] = np.nan
        assert model.predict(given, verbose=0, out=out) is out
        assert out.tobytes() == expected.tobytes()


def test_what_lies_around_the_array_stays(model):
    around = np.full((40, 9), 7, "float32")
    model.predict(rows(20), verbose=0, out=around[::2, 3:6])
    around[::2, 3:6] = 7
    assert (around == 7).all()


def test_no_new_array_is_made_for_the_result(model):
    import tracemalloc

    x, out = rows(60_000), np.empty((60_000, 3), "float32")
    model.predict(x, verbose=0, out=out)
    tracemalloc.start()
    model.predict(x, verbose=0, out=out)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < out.nbytes / 10


@pytest.mark.parametrize("eagerly", [False, True])
def test_the_first_call_writes_there_too(eagerly):
    for n in (3, 600):
        fresh = net(classes=3)
        fresh.compile("adam", "mse", run_eagerly=eagerly)
        x, out = rows(n), np.zeros((n, 3), "float32")
        assert fresh.predict(x, verbose=0, out=out) is out
        assert np.array_equal(out, fresh.predict(x, verbose=0))


def test_several_outputs_go_into_arrays_nested_alike():
    model, x = two_outputs(), rows(300)
    expected = model.predict(x, verbose=0)
    whole = np.zeros((300, 3), "float32")
    out = {"a": whole[:, :1], "b": whole[:, 1:]}
    for _ in range(2):
        whole[...] = 0
        assert model.predict(x, verbose=0, out=out) is out
        assert np.array_equal(whole[:, :1], expected["a"])
        assert np.array_equal(whole[:, 1:], expected["b"])


def test_the_input_may_be_overwritten():
    model = Sequential([corereg.Input((6,)), layers.Dense(6, "tanh")])
    for n in (4, 5000):
        x = rows(n)
        expected = model.predict(x, verbose=0)
        if n > 4:
            moved = np.concatenate([x[:300], x])
            assert np.array_equal(model.predict(moved[300:], verbose=0, out=moved[:n]), expected)
        assert model.predict(x, verbose=0, out=x) is x
        assert np.array_equal(x, expected)


def test_batches_and_callbacks_see_the_results_there(model):
    class Watch(Callback):
        def on_predict_batch_end(self, batch, logs=None):
            seen.append(logs["outputs"])
            self.model.stop_predicting = batch == self.stop

    seen, watch, x = [], Watch(), rows(20)
    watch.stop = None
    expected, out = model.predict(x, verbose=0), np.zeros((20, 3), "float32")
    assert model.predict(x, 8, 0, callbacks=[watch], out=out) is out
    assert np.array_equal(out, expected)
    assert [len(one) for one in seen] == [8, 8, 4]
    assert all(np.shares_memory(one, out) for one in seen)
    assert model.predict(x, 8, 0, steps=2, out=out[:16]).shape == (16, 3)
    watch.stop = 0
    assert model.predict(x, 8, 0, callbacks=[watch], out=out).shape == (8, 3)
    assert model.predict(x, 8, 0, out=x[:, :3]).base is x
    assert np.array_equal(x[:, :3], expected)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.zeros((5, 3)), TypeError, "out of dtype float32, received float64"),
        (np.zeros((5, 3), ">f4"), TypeError, "out of dtype float32, received >f4"),
        (np.zeros((4, 3), "f4"), ValueError, r"out of shape \(5, 3\), received \(4, 3\)"),
        (np.zeros((5, 3, 1), "f4"), ValueError, r"received \(5, 3, 1\)"),
        (np.zeros(15, "f4"), ValueError, r"received \(15,\)"),
        ([[0.0] * 3] * 5, ValueError, "out as an array, received list"),
        ([np.zeros((5, 3), "f4")], ValueError, "out as an array, received list"),
        (np.zeros((5, 3), "f4").data, TypeError, "out as a NumPy array, received memoryview"),
        (np.broadcast_to(np.float32(0), (5, 3)), ValueError, "out writeable, received"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(out, error, message, model, fails):
    for options in ({}, {"batch_size": 2}):
        fails(lambda o=options: model.predict(rows(5), verbose=0, out=out, **o), error, message)


def test_nests_that_do_not_fit_are_refused(model, fails):
    several, x = two_outputs(), rows(5)
    one, two = np.zeros((5, 1), "f4"), np.zeros((5, 2), "f4")
    for out in (one, [one, two], {"a": one}, {"a": one, "c": two}):
        fails(lambda o=out: several.predict(x, out=o), ValueError, "nested as the model's outputs")
    swapped = {"a": two, "b": one}
    fails(lambda: several.predict(x, out=swapped), ValueError, "expected array 0 of out of shape")
    both = np.zeros((5, 3), "f4")
    same = {"a": both[:, :1], "b": both[:, :2]}
    fails(lambda: several.predict(x, out=same), ValueError, "in out that share no memory")
    assert not any(a.any() for a in (one, two, both))
    fails(lambda: model.predict(iter([x]), out=one), ValueError, "predict: expected no out beside")


# ---- the border ----------------------------------------------------------------------------------


def test_the_pool_takes_what_fits_as_it_is(model):
    x = rows(2)
    model.predict(x, verbose=0)
    pool = model._trainer.forward_pool
    out = np.zeros((2, 3), "float32")
    assert pool.into(x, out) is out
    assert np.array_equal(out, model.predict(x, verbose=0))
    for wrong in (np.zeros((2, 3)), np.zeros((3, 2), "f4").T, (out, out), [out]):
        assert pool.into(x, wrong) is None
    assert pool.into(x, (out,))[0] is out
    several = two_outputs()
    several.predict(x, verbose=0)
    outs = np.zeros((2, 1), "f4"), np.zeros((2, 2), "f4")
    pool = several._trainer.forward_pool
    assert pool.into(x, outs) is outs
    assert np.array_equal(outs[1], several.predict(x, verbose=0)["b"])
    assert pool.into(x, outs[::-1]) is None
    with pytest.raises(TypeError):
        pool.into(x, None)
    assert isinstance(pool, _kernels.ForwardPool)
