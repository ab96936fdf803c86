"""Layers that change images: Keras's numbers, one pass for many, seeds, replays, files, errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens import augmentation_cases

import corereg
from corereg import layers
from corereg.models import Sequential, load_model
from corereg.testing import check_layer, check_model

GOLDENS = np.load(Path(__file__).parent / "goldens" / "augmentation.npz")
SHAPE = {"image_shape": (5, 6)}
MOVING = {
    "translation": lambda **o: layers.RandomTranslation(0.3, 0.2, **o),
    "rotation": lambda **o: layers.RandomRotation(0.1, **o),
    "zoom": lambda **o: layers.RandomZoom(0.3, **o),
    "shear": lambda **o: layers.RandomShear(0.3, 0.2, **o),
    "flip": lambda **o: layers.RandomFlip("horizontal", **o),
    "elastic": lambda **o: layers.RandomElasticTransform((1, 1), (1, 1), value_range=None, **o),
}
ALL = {**MOVING, "erasing": lambda **o: layers.RandomErasing((1, 1), value_range=(-2, 2), **o)}


def digits(rows, dtype="float32", shape=(5, 6)):
    return np.random.default_rng(0).standard_normal((rows, *shape)).astype(dtype)


# ---- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", augmentation_cases.LAYERS)
def test_keras_numbers(name):
    found = augmentation_cases.run_layer(corereg, name)
    assert found.shape == GOLDENS[name].shape
    for one in found:  # their order may differ by a rounding
        assert min(np.abs(one - other).max() for other in GOLDENS[name]) < 2e-5
    assert {*map(bytes, found)} == {*map(bytes, found.round(9))} or len(found) <= 2


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (layers.RandomTranslation, {"height_factor": 0.2, "width_factor": [-0.1, 0.4]}),
        (layers.RandomRotation, {"factor": 0.2, "fill_mode": "constant", "fill_value": 0.5}),
        (layers.RandomZoom, {"height_factor": (-0.5, 0.2), "interpolation": "nearest"}),
        (layers.RandomShear, {"x_factor": 0.2, "y_factor": (0.1, 0.3), "fill_mode": "wrap"}),
        (layers.RandomFlip, {"mode": "vertical"}),
        (layers.RandomElasticTransform, {"fill_mode": "mirror", "value_range": None}),
        (layers.RandomErasing, {"value_range": (-1, 1)}),
        (layers.RandomErasing, {"fill_value": 0.5, "factor": 0.9}),
    ],
)
def test_what_holds_for_every_layer(kind, arguments):
    check_layer(kind, (30,), **arguments, image_shape=(5, 3, 2), seed=5)


@pytest.mark.parametrize("name", ALL)
def test_forms_of_images(name, dtype):
    """(rows, h, w), (rows, h, w, 1) and flat rows are one; channels are moved alike."""
    x = digits(6, dtype)
    make = ALL[name]
    plain = make(seed=3, dtype=dtype)(x).data
    assert plain.shape == x.shape
    assert not np.array_equal(plain, x)
    for given, options in (
        (x[..., None], {}),
        (x[:, None], {"data_format": "channels_first"}),
        (x.reshape(6, 30), SHAPE),
        (x.reshape(6, 30), {"image_shape": (1, 5, 6), "data_format": "channels_first"}),
        (x, SHAPE),
    ):
        found = make(seed=3, dtype=dtype, **options)(given).data
        assert found.shape == given.shape
        assert np.array_equal(found.reshape(plain.shape), plain)
    if name != "erasing":
        both = make(seed=3, dtype=dtype)(np.stack([x, 2 * x], -1)).data
        assert np.array_equal(both[..., 0], plain)
        first = make(seed=3, dtype=dtype, data_format="channels_first")(np.stack([x, 2 * x], 1))
        assert np.array_equal(first.data, both.transpose(0, 3, 1, 2))
    whole = make(seed=3, dtype=dtype)((x * 50).astype("int64")).data
    assert whole.dtype == dtype


@pytest.mark.parametrize("name", ALL)
def test_seeds_and_inference(name):
    x = digits(20)
    one, other, third = (ALL[name](seed=s) for s in (1, 1, 2))
    assert np.array_equal(one(x, training=False).data, x)
    first, second = one(x, training=True).data, one(x).data  # as in Keras, training by default
    assert not np.array_equal(first, second)
    assert np.array_equal(first, other(x).data)
    assert np.array_equal(second, other(x).data)
    assert not np.array_equal(first, third(x).data)
    corereg.set_random_seed(5)
    free = ALL[name]()(x).data
    corereg.set_random_seed(5)
    assert np.array_equal(free, ALL[name]()(x).data)
    again = ALL[name](seed=1)
    again.random_state = one.random_state
    assert np.array_equal(one(x).data, again(x).data)


def test_images_are_clipped_and_erased_as_asked():
    x = 100 * digits(50)
    bent = layers.RandomElasticTransform(0.0, 0.0)(x).data  # as in Keras, whether bent or not
    assert np.array_equal(bent, x.clip(0, 255))
    noise = layers.RandomErasing((1, 1), (1, 1), value_range=(-3, 8), seed=1)(x).data
    assert noise.min() == -3
    assert noise.max() == 8
    plain = layers.RandomErasing((1, 1), (1, 1), None, None, seed=1)(x).data
    assert abs(plain.std() - 1) < 5 / np.sqrt(2 * plain.size)
    channels = layers.RandomErasing((1, 1), (1, 1), [1, 2])(np.zeros((3, 4, 5, 2))).data
    assert np.array_equal(channels, np.broadcast_to([1, 2], (3, 4, 5, 2)))


# ---- several in one pass -----------------------------------------------------------------------


@pytest.mark.parametrize("name", MOVING)
def test_a_pipeline_of_one_is_the_layer(name):
    x = digits(9)
    pipeline = layers.Pipeline([MOVING[name](seed=4)])
    assert np.array_equal(pipeline(x).data, MOVING[name](seed=4)(x).data)
    assert np.array_equal(pipeline(x, training=False).data, x)


def test_a_pipeline_composes_what_its_layers_do():
    """Of whole pixels, the layers one after the other and their composition are the same."""
    x = digits(40, shape=(8, 8))

    def make():
        return [
            layers.RandomRotation((0.25, 0.25), seed=1),
            layers.RandomFlip("horizontal", seed=2),
            layers.RandomTranslation((0.25, 0.25), (-0.5, -0.5), "wrap", seed=3),
        ]

    apart = x
    for layer in make():
        apart = layer(apart).data
    assert np.abs(layers.Pipeline(make())(x).data - apart).max() < 1e-4  # two passes, by fill mode
    flip = layers.RandomFlip("horizontal", seed=2)
    turn = layers.RandomRotation((0.25, 0.25), seed=1)
    assert np.abs(layers.Pipeline([turn, flip])(x).data - apart_of([turn, flip], x)).max() < 1e-4


def apart_of(given, x):
    for layer in given:
        layer.random_state = np.array([layer.random_state[0], 0], np.uint64)
        x = layer(x).data
    return x


def test_which_layers_are_one_pass():
    from corereg.layers.augmentation.warp_layer import one_pass

    def counts(*given, shape=(None, 5, 6)):
        left, found = list(given), []
        while left:
            found.append(len(one_pass(left, shape)))
            del left[: found[-1]]
        return found

    turn, flip, bend = MOVING["rotation"](), MOVING["flip"](), MOVING["elastic"]()
    assert counts(*(make() for make in MOVING.values())) == [6]
    assert counts(turn, flip, ALL["erasing"](), flip, bend, turn) == [2, 1, 3]
    assert counts(bend, turn, bend) == [2, 1]
    assert counts(flip, MOVING["zoom"](fill_mode="wrap"), flip, turn) == [3, 1]
    constant = [layers.RandomZoom(0.1, fill_mode="constant", fill_value=v) for v in (0, 0, 1)]
    assert counts(*constant) == [2, 1]
    assert counts(turn, MOVING["zoom"](interpolation="nearest")) == [1, 1]
    assert counts(turn, MOVING["zoom"](fill_value=3.0)) == [2]  # of which nothing is seen
    assert counts(turn, MOVING["zoom"](dtype="float64")) == [1, 1]
    assert counts(*[turn] * 10) == [8, 2]


def test_a_smooth_image_is_bent_where_the_map_says():
    """A ramp shows where each pixel comes from: the field is turned and scaled with the layers that
    come before it, and not by those behind it."""
    y, x = np.mgrid[:9, :9].astype("float64")
    ramp = np.repeat(np.stack([x, y], -1)[None] * 0.01 + 0.4, 6, 0)  # in the value range
    options = {"dtype": "float64", "fill_mode": "nearest", "seed": 3}

    def moved(*given):
        found = layers.Pipeline(list(given), dtype="float64")(ramp).data
        return (found - ramp)[:, 3:6, 3:6] * 100

    bend = moved(layers.RandomElasticTransform((1, 1), (0.6, 0.6), **options))
    assert 0.05 < np.abs(bend).max() < 1.5
    half = layers.RandomZoom((-0.5, -0.5), **options)
    alone = moved(half)
    for order, factor in ((0, 0.5), (1, 1.0)):
        own = layers.RandomElasticTransform((1, 1), (0.6, 0.6), **options)
        zoom = layers.RandomZoom((-0.5, -0.5), **options)
        both = moved(*((zoom, own) if order == 0 else (own, zoom)))
        np.testing.assert_allclose(both, alone + factor * bend, atol=1e-10)


def test_a_zoom_without_width_factor_keeps_the_proportions():
    y, x = np.mgrid[:9, :9].astype("float32")
    ramps = np.repeat(np.stack([y, x], -1)[None], 20, 0)
    for width, alike in ((None, True), (0.5, False)):
        found = layers.RandomZoom(0.5, width, fill_mode="nearest", seed=1)(ramps).data
        down, across = found[:, 5, 4, 0] - found[:, 4, 4, 0], found[:, 4, 5, 1] - found[:, 4, 4, 1]
        assert np.allclose(down, across, atol=1e-4) == alike
        assert down.min() < 0.8
        assert down.max() > 1.2


def test_a_layer_that_shall_run_through_python_does_so_in_a_pipeline():
    class Zoom(layers.RandomZoom):
        recordable = False

    model = network(layers.Pipeline([Zoom(0.1), layers.RandomFlip()]), shape=(5, 6))
    model.fit(digits(8), np.zeros((8, 2)), verbose=0)
    assert model.execution_report()["fit"].mode == "eager"


# ---- in models ---------------------------------------------------------------------------------


def network(*given, shape=(30,)):
    model = Sequential([corereg.Input(shape), *given, layers.Flatten(), layers.Dense(2)])
    model.compile("adam", "mse")
    return model


def chain():
    moving = [make(**SHAPE) for make in MOVING.values()]
    return layers.Pipeline([*moving, layers.RandomErasing((0.5, 0.5), fill_value=0, **SHAPE)])


def test_a_pipeline_trains_replayed_and_goes_on_from_a_file():
    x, y = digits(12).reshape(12, 30), digits(12)[:, 0, :2]
    check_model(lambda: network(chain()), x, y)
    check_model(lambda: network(*chain().layers), x, y)


@pytest.mark.parametrize("make", [*ALL.values(), chain])
def test_replayed_training_is_eager_training_to_the_bit(make):
    x, y = digits(24).reshape(24, 30), digits(24)[:, 0, :2]
    results = []
    for eagerly, threads in ((False, 1), (False, 2), (True, 1)):
        corereg.set_random_seed(1)
        given = make() if make is chain else make(**SHAPE)
        model = network(given)
        model.run_eagerly = eagerly
        corereg.set_num_threads(min(threads, corereg.get_num_threads()))
        model.fit(x, y, epochs=3, batch_size=8, verbose=0)
        corereg.set_num_threads(0)
        assert model.execution_report()["fit"].mode == ("eager" if eagerly else "replayed")
        results.append([w.tobytes() for w in model.get_weights()])
        results[-1].append(model(x, training=True).data.tobytes())  # and the next draw
        quiet = model.predict(x, verbose=0)
        assert np.array_equal(quiet, model(x, training=False).data)
        assert np.array_equal(quiet, model.predict(x, verbose=0))
    assert results[0] == results[1] == results[2]


def test_images_of_three_axes_train_replayed():
    x, y = digits(12), digits(12)[:, 0, :2]
    model = network(layers.RandomRotation(0.1), layers.RandomErasing(), shape=(5, 6))
    model.fit(x, y, epochs=2, batch_size=5, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"


def test_a_changed_attribute_counts_from_the_next_step_on():
    x, y = digits(8).reshape(8, 30), np.zeros((8, 2), "float32")
    given = layers.Pipeline([layers.RandomFlip(seed=1, **SHAPE), MOVING["zoom"](seed=2, **SHAPE)])
    results = []
    for eagerly in (False, True):
        corereg.set_random_seed(2)
        pipeline = layers.Pipeline.from_config(given.get_config())
        model = network(pipeline)
        model.run_eagerly = eagerly
        model.fit(x, y, epochs=2, verbose=0)
        pipeline.layers[1].fill_mode = "constant"
        pipeline.layers[0].mode = "horizontal"
        model.fit(x, y, epochs=2, verbose=0)
        results.append([w.tobytes() for w in model.get_weights()])
    assert results[0] == results[1]


def test_a_file_has_the_pipeline(tmp_path):
    model = network(chain())
    model.save(tmp_path / "m.corereg")
    again = load_model(tmp_path / "m.corereg")
    configs = [one.layers[0].get_config() for one in (model, again)]
    assert configs[0] == configs[1]
    assert len(again.layers[0].layers) == 7
    x = digits(4).reshape(4, 30)
    assert np.array_equal(model(x, training=True).data, again(x, training=True).data)


def test_files_for_keras(tmp_path, fails):
    pytest.importorskip("h5py")
    moving = [make() for make in ALL.values()]
    model = network(*moving[:5], layers.Pipeline(moving[5:]), shape=(5, 6, 1))
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    configs = [[one.get_config() for one in each.layers] for each in (model, again)]
    assert configs[0] == configs[1]
    flat = network(layers.RandomFlip(name="f", **SHAPE))
    message = "Keras does not have the argument image_shape of RandomFlip 'f'; Reshape flat rows"
    fails(lambda: flat.save(tmp_path / "flat.keras"), ValueError, message)
    fine = network(layers.RandomElasticTransform(grid=(8, 8)), shape=(5, 6, 1))
    fails(lambda: fine.save(tmp_path / "m.keras"), ValueError, "have the argument grid of Random")
    with pytest.warns(UserWarning, match="without what Keras does not have: the argument grid of"):
        fine.save(tmp_path / "fine.keras", portable=True)


# ---- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.RandomTranslation(2, 0),
            r"expected height_factor as .* \[-1, 1\], rec.* 2",
        ),
        (lambda: layers.RandomTranslation(0, "a"), "expected width_factor as a number or a pair"),
        (lambda: layers.RandomTranslation(0, (0.1, 1.2)), "expected width_factor as"),
        (lambda: layers.RandomTranslation(0, (0.1, float("nan"))), "expected width_factor as"),
        (lambda: layers.RandomTranslation(0, (0.1, 0.2, 0.3)), "expected width_factor as"),
        (lambda: layers.RandomRotation((2, 3)), r"expected factor as .* in \[-1, 1\]"),
        (lambda: layers.RandomRotation(True), "expected factor as a number or a pair"),
        (lambda: layers.RandomZoom(-1.0), "expected height_factor as"),
        (lambda: layers.RandomShear(-0.1), r"expected x_factor as .* in \[0, 1\]"),
        (lambda: layers.RandomFlip("up"), "expected mode as one of"),
        (lambda: layers.RandomElasticTransform(2.0), r"expected factor as .* in \[0, 1\]"),
        (lambda: layers.RandomElasticTransform(grid=(3, 7)), "expected a grid of 4 to 16 knots"),
        (lambda: layers.RandomElasticTransform(grid=7), "expected grid as a pair of integers"),
        (lambda: layers.RandomElasticTransform(value_range=1), "expected value_range as a pair"),
        (lambda: layers.RandomErasing(1.0, (0.5, 2)), r"expected scale as .* in \[0, 1\]"),
        (lambda: layers.RandomErasing(fill_value="a"), "expected fill_value as a number, one"),
        (lambda: layers.RandomRotation(0.1, fill_value="a"), "expected fill_value as a number"),
        (lambda: layers.RandomRotation(0.1, data_format="x"), "expected data_format as one of"),
        (lambda: layers.RandomRotation(0.1, seed=1.5), "expected an integer seed or None"),
        (
            lambda: layers.RandomRotation(0.1, image_shape=28),
            "expected image_shape as two or three",
        ),
        (
            lambda: layers.RandomRotation(0.1, image_shape=(0, 4)),
            "expected image_shape as two or three",
        ),
        (lambda: layers.RandomRotation(0.1)(np.ones((2, 9))), "say what they hold by image_shape"),
        (lambda: layers.RandomRotation(0.1)(np.ones(9)), "three axes of images or flat rows"),
        (lambda: layers.RandomFlip(**SHAPE)(np.ones((2, 9))), "expected rows of 30 numbers"),
        (lambda: layers.RandomFlip(**SHAPE)(np.ones((2, 6, 5))), r"image_shape \(5, 6\), received"),
        (lambda: layers.RandomErasing(fill_value=[1, 2])(np.ones((2, 4, 4))), "for each of 1 chan"),
        (lambda: network(layers.RandomFlip()), "say what they hold by image_shape"),
        (lambda: layers.Pipeline([]), "expected a list of layers, received"),
        (
            lambda: layers.RandomFlip()(
                corereg.Tensor(np.ones((2, 3, 4), "float32"), requires_grad=True)
            ),
            "expected images that need no gradient",
        ),
        (
            lambda: chain()(corereg.Tensor(np.ones((2, 30), "float32"), requires_grad=True)),
            "expected images that need no gradient",
        ),
    ],
)
def test_bad_arguments_raise(call, message, fails):
    fails(call, ValueError, message)


def test_errors_of_other_types(fails):
    for options in ({"fill_mode": "mirror"}, {"interpolation": "cubic"}):
        name = next(iter(options))
        message = f"RandomRotation 'r': expected {name} as one of"
        fails(
            lambda o=options: layers.RandomRotation(0.1, name="r", **o),
            NotImplementedError,
            message,
        )
    fails(lambda: layers.Pipeline([1]), TypeError, "expected a list of layers, received 1 in it")


def test_keras_own_configs_are_taken():
    """Keras writes a pair with a negative number, which it refuses itself, into its files."""
    config = {"x_factor": [-0.2, 0.2], "y_factor": [0.0, 0.0]}
    assert layers.RandomShear.from_config(config).x_factor == [-0.2, 0.2]


def turned():
    return layers.RandomRotation(0.3, seed=1)


@pytest.mark.parametrize("make", [turned, lambda: layers.Pipeline([turned()])])
def test_a_dict_of_images_and_labels(make, fails):
    images, labels = np.arange(24, dtype="float32").reshape(2, 3, 4), np.array([0, 1])
    found = make()({"images": images, "labels": labels}, training=True)
    assert found.keys() == {"images", "labels"}
    np.testing.assert_array_equal(found["images"].data, make()(images, training=True).data)
    assert (found["images"].data != images).any()
    assert found["labels"] is labels
    assert make()({"images": images}, training=False)["images"].data.tolist() == images.tolist()
    for wrong in ({"labels": labels}, {"images": images, "bounding_boxes": labels}):
        fails(lambda x=wrong: make()(x), ValueError, "boxes and masks are not moved along")
