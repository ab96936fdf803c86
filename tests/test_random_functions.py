"""corereg.random's functions, as in `keras.random`: seeds, what comes out, and replays."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import corereg
from corereg import layers, ops, random

DRAWS = {
    "normal": lambda seed, n=400: random.normal((n, 50), 2.0, 3.0, seed=seed),
    "uniform": lambda seed, n=400: random.uniform((n, 50), 2.0, 3.0, seed=seed),
    "truncated_normal": lambda seed, n=400: random.truncated_normal((n, 50), 2.0, 3.0, seed=seed),
    "randint": lambda seed, n=400: random.randint((n, 50), 2, 7, seed=seed),
    "categorical": lambda seed, n=400: random.categorical(
        np.log([[0.1, 0.2, 0.7]] * n), 50, seed=seed
    ),
    "beta": lambda seed, n=400: random.beta((n, 50), 2.0, 3.0, seed=seed),
    "gamma": lambda seed, n=400: random.gamma((n, 50), 2.0, seed=seed),
    "binomial": lambda seed, n=400: random.binomial((n, 50), 4, 0.25, seed=seed),
    "dropout": lambda seed, n=400: random.dropout(np.ones((n, 50), "float32"), 0.25, seed=seed),
}
MOMENTS = {  # mean and standard deviation
    "normal": (2, 3),
    "uniform": (2.5, 12**-0.5),
    "truncated_normal": (2, 3 * 0.87962566),
    "randint": (4, 2**0.5),
    "categorical": (1.6, 0.44**0.5),
    "beta": (0.4, 0.2),
    "gamma": (2, 2**0.5),
    "binomial": (1, 0.75**0.5),
    "dropout": (1, 3**-0.5),
}


@pytest.mark.parametrize("name", DRAWS)
def test_what_comes_out_and_of_which_seed(name):
    draw = DRAWS[name]
    one = draw(3).numpy()
    assert one.shape == (400, 50)
    assert one.dtype == ("int32" if name in ("randint", "categorical") else "float32")
    mean, deviation = MOMENTS[name]
    assert one.mean() == pytest.approx(mean, abs=0.03 * deviation)
    assert one.std() == pytest.approx(deviation, rel=0.03)
    assert np.array_equal(one, draw(3).numpy())
    assert not np.array_equal(one, draw(4).numpy())
    seed = random.SeedGenerator(3)
    first, copied = draw(seed).numpy(), copy.deepcopy(seed)
    second = draw(seed).numpy()
    assert np.array_equal(first, one)
    assert not np.array_equal(second, one)
    assert np.array_equal(draw(copied).numpy(), second)
    again = random.SeedGenerator.from_config(pickle.loads(pickle.dumps(seed)).get_config())
    assert np.array_equal(draw(again).numpy(), one)
    corereg.set_random_seed(1)
    free, other = draw(None, 3).numpy(), draw(None, 3).numpy()
    assert not np.array_equal(free, other)
    corereg.set_random_seed(1)
    assert np.array_equal(draw(None, 3).numpy(), free)


def test_shuffle_and_the_mask_of_dropout():
    x = np.arange(12.0).reshape(3, 4)
    mixed = random.shuffle(x, axis=1, seed=2).numpy()
    assert not np.array_equal(mixed, x)
    assert np.array_equal(np.sort(mixed, axis=1), x)
    dropped = random.dropout(np.ones((50, 20)), 0.5, noise_shape=(None, 1), seed=1).numpy()
    assert (dropped == dropped[:, :1]).all()
    assert set(dropped[:, 0]) == {0.0, 2.0}
    x = corereg.tensor(np.ones((30, 4)), requires_grad=True)
    y = random.dropout(x, 0.5, seed=1)
    y.sum().backward()
    assert np.array_equal(x.grad.numpy(), y.numpy())
    assert random.uniform((2,), dtype="float64").dtype == "float64"


class Noisy(layers.Layer):
    recordable = True

    def __init__(self, **options):
        super().__init__(**options)
        self.seed = random.SeedGenerator(5)

    def call(self, x, training=None):
        if not training:
            return x
        noise = random.normal(ops.shape(x), stddev=0.1, dtype=x.dtype, seed=self.seed)
        return random.dropout(x + noise, 0.3, seed=self.seed)


def test_layers_that_draw_are_replayed_to_the_bit(dtype):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(70, 6)).astype(dtype), rng.normal(size=(70, 1)).astype(dtype)
    found = []
    for eager in (False, True):
        corereg.set_random_seed(2)
        model = corereg.Sequential(
            [corereg.Input((6,)), Noisy(dtype=dtype), layers.Dense(1, dtype=dtype)]
        )
        model.compile("sgd", "mse", run_eagerly=eager)
        history = model.fit(x, y, epochs=4, batch_size=16, verbose=0).history
        found.append((history, [w.tobytes() for w in model.get_weights()]))
        assert ("replayed" in str(model.execution_report())) is not eager
    assert found[0] == found[1]


def test_bad_arguments(fails):
    fails(lambda: random.SeedGenerator("a"), ValueError, "expected seed .* received 'a'")
    fails(lambda: random.normal((2,), seed=-1), ValueError, "non-negative integer")
    fails(lambda: random.normal((2,), seed=1.5), ValueError, "non-negative integer")
    fails(lambda: random.normal(3), TypeError, "shape as a tuple")
    fails(lambda: random.normal((2,), dtype="int32"), ValueError, "float32")
    fails(lambda: random.randint((2,), 0, 3, dtype="float32"), ValueError, "integers")
    fails(lambda: random.dropout(np.ones(3), 1.5), ValueError, r"rate in \[0, 1\]")
    fails(lambda: random.dropout(np.ones((3, 2)), 0.5, (2, 1)), ValueError, "noise_shape")
    fails(lambda: random.categorical(np.ones(3), 2), ValueError, "batch, classes")
