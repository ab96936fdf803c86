"""Initializers: moments and limits of what they draw, their seeds, names and arguments."""

from __future__ import annotations

import math

import numpy as np
import pytest

import corereg
from corereg import initializers

SHAPE = (200, 300)
FAN_IN, FAN_OUT, FAN_AVG = 200, 300, 250
COUNT = SHAPE[0] * SHAPE[1]

# (initializer, standard deviation, largest absolute value)
DRAWN = {
    "glorot_uniform": (math.sqrt(1 / FAN_AVG), math.sqrt(3 / FAN_AVG)),
    "he_uniform": (math.sqrt(2 / FAN_IN), math.sqrt(6 / FAN_IN)),
    "lecun_uniform": (math.sqrt(1 / FAN_IN), math.sqrt(3 / FAN_IN)),
    "glorot_normal": (math.sqrt(1 / FAN_AVG), 2 * math.sqrt(1 / FAN_AVG) / 0.87962566),
    "he_normal": (math.sqrt(2 / FAN_IN), 2 * math.sqrt(2 / FAN_IN) / 0.87962566),
    "lecun_normal": (math.sqrt(1 / FAN_IN), 2 * math.sqrt(1 / FAN_IN) / 0.87962566),
    "random_uniform": (0.1 / math.sqrt(12), 0.05),
    "random_normal": (0.05, math.inf),
    "truncated_normal": (0.05 * 0.87962566, 0.1),
    "variance_scaling": (math.sqrt(1 / FAN_IN), 2 * math.sqrt(1 / FAN_IN) / 0.87962566),
}


def check(values, stddev, largest, mean=0.0):
    """Mean and variance within five standard errors, and all within the limit."""
    assert values.shape == SHAPE
    far = np.abs(values - mean)
    assert values.mean() == pytest.approx(mean, abs=5 * stddev / math.sqrt(COUNT))
    assert values.std() == pytest.approx(stddev, rel=5 / math.sqrt(COUNT))
    assert far.max() <= largest * (1 + 1e-6)
    if largest < math.inf:
        assert far.max() > 0.99 * largest


@pytest.mark.parametrize("name", DRAWN)
def test_moments_and_limits(name):
    corereg.set_random_seed(1)
    made = initializers.get(name)
    values = made(SHAPE)
    assert values.dtype == "float32"
    check(values.astype("float64"), *DRAWN[name])


@pytest.mark.parametrize(
    ("made", "stddev", "largest", "mean"),
    [
        (initializers.RandomUniform(1.0, 3.0, seed=1), 2 / math.sqrt(12), 1.0, 2.0),
        (initializers.RandomNormal(4.0, 0.5, seed=1), 0.5, math.inf, 4.0),
        (initializers.TruncatedNormal(-1.0, 2.0, seed=1), 2 * 0.87962566, 4.0, -1.0),
        (
            initializers.VarianceScaling(3.0, "fan_out", "uniform", seed=1),
            *(math.sqrt(3 / FAN_OUT), 3 / math.sqrt(FAN_OUT), 0.0),
        ),
        (
            initializers.VarianceScaling(2.0, "fan_avg", "untruncated_normal", seed=1),
            *(math.sqrt(2 / FAN_AVG), math.inf, 0.0),
        ),
    ],
)
def test_arguments(made, stddev, largest, mean):
    check(made(SHAPE, "float64"), stddev, largest, mean)


def test_constants(dtype):
    for made, value in [
        (initializers.Zeros(), 0),
        (initializers.Ones(), 1),
        (initializers.Constant(-2.5), -2.5),
        (initializers.get("zeros"), 0),
        (initializers.get("ones"), 1),
    ]:
        values = made((2, 3), dtype)
        assert values.dtype == dtype
        np.testing.assert_array_equal(values, np.full((2, 3), value))


@pytest.mark.parametrize("name", DRAWN)
def test_seeds(name):
    make = initializers.get(name).__class__
    same = [make(seed=3)(SHAPE), make(seed=3)(SHAPE)]
    assert np.array_equal(*same)
    assert not np.array_equal(same[0], make(seed=4)(SHAPE))
    made = make()
    assert np.array_equal(made(SHAPE), made(SHAPE))  # an object repeats itself, as in Keras
    assert not np.array_equal(made(SHAPE), make()(SHAPE))
    drawn = []
    for seed in (5, 5, 6):
        corereg.set_random_seed(seed)
        drawn.append(make()(SHAPE))
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_shapes_of_any_rank():
    made = initializers.GlorotUniform(seed=1)
    turned = initializers.GlorotUniform(seed=1, input_axes=[0, 1], output_axes=[2])
    assert np.abs(turned((5, 8, 60))).max() == pytest.approx(math.sqrt(6 / 100), rel=0.1)
    again = initializers.deserialize(initializers.serialize(turned))
    assert np.array_equal(again((5, 8, 60)), turned((5, 8, 60)))
    assert made(()).shape == ()
    assert made((0, 3)).shape == (0, 3)
    for shape, fans in [((50,), 100), ((5, 40, 60), 5 * 40 + 5 * 60)]:
        limit = math.sqrt(6 / fans)
        assert 0.9 * limit < np.abs(made(shape)).max() <= limit


def test_get_and_serialize():
    for name in (*DRAWN, "zeros", "ones", "constant"):
        made = initializers.get(name)
        assert initializers.get(made) is made
        again = initializers.deserialize(initializers.serialize(made))
        assert type(again) is type(made) is type(initializers.get(type(made).__name__))
        assert again.get_config() == made.get_config()
        assert type(initializers.get(type(made))) is type(made)
    seeded = initializers.HeNormal(seed=9)
    again = initializers.get(initializers.serialize(seeded))
    assert np.array_equal(again((3, 4)), seeded((3, 4)))

    def own(shape, dtype=None):
        return np.ones(shape, dtype)

    assert initializers.get(own) is own


KERAS_NAMES = {
    "uniform": "RandomUniform",
    "normal": "RandomNormal",
    "one": "Ones",
    "zero": "Zeros",
    "orthogonal": "Orthogonal",
    "OrthogonalInitializer": "Orthogonal",
    "identity": "Identity",
    "IdentityInitializer": "Identity",
    "lecun_normal": "LecunNormal",
    "constant": "Constant",
}


def test_names_of_keras():
    for name, kind in KERAS_NAMES.items():
        assert type(initializers.get(name)).__name__ == kind
    assert initializers.glorot_uniform is initializers.GlorotUniform
    assert initializers.get(None) is None
    assert initializers.serialize(None) is None
    described = {"module": "keras.initializers", "class_name": "HeNormal", "config": {"seed": 4}}
    described |= {"registered_name": None}
    assert initializers.deserialize(described).seed == 4
    assert initializers.HeNormal(seed=4).clone().get_config() == {"seed": 4}
    assert initializers.HeNormal.from_config({"seed": 4}).seed == 4
    assert initializers.VarianceScaling(distribution="Normal").distribution == "truncated_normal"
    value = {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float64"}}
    made = initializers.deserialize({"class_name": "Constant", "config": {"value": value}})
    assert made((3, 2)).tolist() == [[1, 2]] * 3


def test_identity_and_orthogonal(dtype):
    assert initializers.Identity(2.0)((2, 3), dtype).tolist() == [[2, 0, 0], [0, 2, 0]]
    for shape in ((7, 4), (4, 7), (3, 2, 5), (6, 6)):
        made = initializers.Orthogonal(gain=3.0, seed=2)
        values = made(shape, dtype)
        assert values.dtype == dtype
        q = values.reshape(-1, shape[-1]).astype("float64") / 3
        product = q @ q.T if len(q) < q.shape[1] else q.T @ q
        np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-6)
        assert np.array_equal(made(shape, dtype), values)
    # all rotations are equally likely: no entry prefers a sign
    corners = [initializers.Orthogonal(seed=seed)((2, 2))[0, 0] for seed in range(200)]
    assert abs(np.mean(corners)) < 5 * np.sqrt(0.5 / 200)


def test_arrays_lists_and_none(fails):
    values = np.arange(6.0).reshape(3, 2)
    for given in (values, values.tolist(), corereg.Tensor(values)):
        model = corereg.models.Sequential(
            [corereg.Input((3,)), corereg.layers.Dense(2, kernel_initializer=given)]
        )
        kernel = model.get_weights()[0]
        assert kernel.dtype == "float32"
        assert np.array_equal(kernel, values)
        again = corereg.models.Sequential.from_config(model.get_config())
        assert np.array_equal(again.get_weights()[0], values)
    default = corereg.layers.Dense(2, kernel_initializer=None, bias_initializer=None)
    default.build((None, 3))
    assert np.abs(default.get_weights()[0]).max() <= math.sqrt(6 / 5)
    assert initializers.Constant([1, 2])((2, 2), "int32").tolist() == [[1, 2], [1, 2]]
    made = initializers.get(values)
    message = r"initializer: expected the shape \(3, 2\) of the array .*, received \(2, 3\)"
    fails(lambda: made((2, 3)), ValueError, message)
    message = r"Constant: expected a shape that a value of shape \(2,\) broadcasts to"
    fails(lambda: initializers.Constant([1, 2])((3,)), ValueError, message)


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (
            lambda: initializers.get("glorot"),
            ValueError,
            "unknown initializer 'glorot'; known are .*glorot_uniform",
        ),
        (
            lambda: initializers.get(3),
            TypeError,
            "initializer: expected a name or a callable, recei",
        ),
        (
            lambda: initializers.VarianceScaling(0),
            ValueError,
            "VarianceScaling: expected scale > 0, received 0",
        ),
        (
            lambda: initializers.VarianceScaling(mode="fan"),
            ValueError,
            "expected mode fan_in, fan_out",
        ),
        (
            lambda: initializers.VarianceScaling(distribution="gamma"),
            ValueError,
            "VarianceScaling: expected distribution uniform, .*, received 'gamma'",
        ),
        *(
            (
                lambda low=low, high=high: initializers.RandomUniform(low, high),
                ValueError,
                "expected minval <= maxval with a finite difference, received ",
            )
            for low, high in ((2, 1), (0.0, math.inf), (math.nan, 1.0), (-1e308, 1e308))
        ),
        (lambda: initializers.get("stft"), ValueError, "initializer 'stft': corereg has no layers"),
        (lambda: initializers.get("STFTInitializer"), ValueError, "'STFTInitializer': corereg has"),
        (lambda: initializers.get([[1], [2, 3]]), TypeError, "expected numbers of one shape"),
        (lambda: initializers.Constant("a"), TypeError, "Constant: expected numbers of one shape"),
        (lambda: initializers.HeNormal("a"), ValueError, "HeNormal: expected seed as an integer"),
        (lambda: initializers.Identity()((2,)), ValueError, "Identity: expected a shape \\(rows"),
        (
            lambda: initializers.Orthogonal()((2,)),
            ValueError,
            "Orthogonal: expected a shape of two",
        ),
        (
            lambda: initializers.Initializer()((2, 3)),
            NotImplementedError,
            "Initializer: __call__ is not written",
        ),
    ],
)
def test_bad_arguments(call, exception, message, fails):
    fails(call, exception, message)
