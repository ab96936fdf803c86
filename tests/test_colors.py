"""Layers that change the colours of images, and those that cut windows out of them: formulas, forms
of images, replays, seeds, files, errors. Keras's numbers: test_augmentation.py."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import layers
from corereg.models import Sequential, load_model
from corereg.testing import check_layer, check_model

RANGE = {"value_range": (-2, 2)}
COLORS = {
    "brightness": lambda **o: layers.RandomBrightness(0.3, **RANGE, **o),
    "contrast": lambda **o: layers.RandomContrast((0.5, 0.5), **RANGE, **o),
    "inverted": lambda **o: layers.RandomInvert((0.5, 0.5), **RANGE, **o),
    "gray": lambda **o: layers.RandomGrayscale(**o),
    "paler": lambda **o: layers.RandomColorDegeneration(0.5, **RANGE, **o),
    "posterized": lambda **o: layers.RandomPosterization(6, **RANGE, **o),
    "solarized": lambda **o: layers.Solarization(0.2, 0.9, **RANGE, **o),
}
ALL = {**COLORS, "window": lambda **o: layers.RandomCrop(2, 3, **o)}


def images(rows=6, dtype="float32", shape=(5, 4, 3)):
    return np.random.default_rng(1).normal(size=(rows, *shape)).clip(-2, 2).astype(dtype)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (layers.RandomBrightness, {"factor": (-0.1, 0.4), "value_range": [0, 1]}),
        (layers.RandomContrast, {"factor": 0.2}),
        (layers.RandomInvert, {}),
        (layers.RandomGrayscale, {"factor": 0.25}),
        (layers.RandomColorDegeneration, {"factor": 0.5}),
        (layers.RandomPosterization, {"factor": [2, 5]}),
        (layers.Solarization, {"addition_factor": 0.3, "threshold_factor": (0.1, 0.4)}),
        (layers.RandomCrop, {"height": 2, "width": 3}),
    ],
)
def test_what_holds_for_every_layer(kind, arguments):
    check_layer(kind, (60,), **arguments, image_shape=(5, 4, 3), seed=5)


def test_what_holds_for_the_window_at_the_centre():
    check_layer(layers.CenterCrop, (60,), height=2, width=3, image_shape=(5, 4, 3))
    check_layer(layers.CenterCrop, (5, 4), height=2, width=3)


@pytest.mark.parametrize("name", ALL)
def test_forms_of_images(name, dtype):
    """Channels first or last and flat rows are changed alike, and so are images of one channel."""
    x, make = images(dtype=dtype), ALL[name]
    plain = make(seed=3, dtype=dtype)(x).data
    assert plain.dtype == dtype
    first = make(seed=3, dtype=dtype, data_format="channels_first")(x.transpose(0, 3, 1, 2)).data
    np.testing.assert_allclose(first.transpose(0, 2, 3, 1), plain, atol=1e-6)
    flat = make(seed=3, dtype=dtype, image_shape=(5, 4, 3))(x.reshape(6, 60)).data
    assert np.array_equal(flat.reshape(plain.shape), plain)
    one = make(seed=3, dtype=dtype)(x[..., :1]).data
    assert np.array_equal(make(seed=3, dtype=dtype)(x[..., 0]).data, one[..., 0])
    if name in ("brightness", "contrast", "inverted", "posterized", "solarized", "window"):
        np.testing.assert_allclose(one[..., 0], plain[..., 0], atol=1e-6)
    assert np.array_equal(make(seed=3)({"images": x, "labels": 5})["images"].data, make(seed=3)(x))


@pytest.mark.parametrize("name", ALL)
def test_seeds_and_inference(name):
    x = images(20)
    one, other, third = (ALL[name](seed=s) for s in (1, 1, 2))
    quiet = one(x, training=False).data
    assert np.array_equal(quiet, x[:, 1:3, :3] if name == "window" else x)
    first, second = one(x, training=True).data, one(x).data
    assert not np.array_equal(first, second)
    assert np.array_equal(first, other(x).data)
    assert not np.array_equal(first, third(x).data)
    again = ALL[name](seed=9)
    again.random_state = one.random_state
    assert np.array_equal(again(x).data, one(x).data)
    different = {first[i].tobytes() for i in range(20)}
    assert len(different) == 20, "each image is another"
    assert layers.RandomCrop(2, 3)(x[:0]).shape == (0, 2, 3, 3)


@pytest.mark.parametrize("name", ALL)
def test_replayed_training_is_eager_training_to_the_bit(name):
    x, y = images(24).reshape(24, 60), images(24)[:, 0, 0, :2]
    results = []
    for eagerly, threads in ((False, 1), (False, 2), (True, 1)):
        corereg.set_random_seed(1)
        given = ALL[name](image_shape=(5, 4, 3))
        model = Sequential([corereg.Input((60,)), given, layers.Dense(2)])
        model.compile("adam", "mse", run_eagerly=eagerly)
        corereg.set_num_threads(min(threads, corereg.get_num_threads()))
        model.fit(x, y, epochs=3, batch_size=8, verbose=0)
        corereg.set_num_threads(0)
        assert model.execution_report()["fit"].mode == ("eager" if eagerly else "replayed")
        results.append([w.tobytes() for w in model.get_weights()])
        results[-1].append(model(x, training=True).data.tobytes())
        assert np.array_equal(model.predict(x, verbose=0), model(x, training=False).data)
    assert results[0] == results[1] == results[2]


def several():
    inner = [make(image_shape=(5, 4, 3)) for make in COLORS.values()]
    flip = layers.RandomFlip("horizontal", image_shape=(5, 4, 3))
    return layers.Pipeline([flip, *inner, ALL["window"](image_shape=(5, 4, 3))])


def test_a_pipeline_trains_replayed_and_goes_on_from_a_file(tmp_path):
    x, y = images(12).reshape(12, 60), images(12)[:, 0, 0, :2]

    def model():
        made = Sequential([corereg.Input((60,)), several(), layers.Dense(2)])
        made.compile("adam", "mse")
        return made

    check_model(model, x, y)


def test_files_for_keras(tmp_path):
    pytest.importorskip("h5py")
    given = [make(seed=i) for i, make in enumerate(COLORS.values())]
    given += [layers.AutoContrast(), layers.CenterCrop(4, 3), layers.RandomCrop(3, 2)]
    model = Sequential([corereg.Input((5, 4, 3)), *given, layers.Flatten(), layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert [one.get_config() for one in again.layers] == [one.get_config() for one in model.layers]
    x = images()
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


# ---- formulas ----------------------------------------------------------------------------------


def test_numbers_are_uniform_in_their_ranges():
    x = np.zeros((4000, 1, 1), "float32")
    added = layers.RandomBrightness((-0.2, 0.6), value_range=(-1, 1), seed=1)(x).data.ravel()
    counts = np.histogram(added, 8, (-0.4, 1.2))[0]
    assert counts.sum() == 4000
    assert abs(counts - 500).max() < 5 * np.sqrt(500)
    chosen = layers.RandomInvert(0.5, seed=2)(x).data.mean() / 255
    assert abs(chosen - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 4000)
    assert (layers.RandomInvert((1, 1), seed=2)(x).data == 255).all()
    assert not layers.RandomInvert(0.0, seed=2)(x).data.any()


def test_windows_are_anywhere():
    places = np.tile(np.arange(12.0).reshape(3, 4), (3000, 1, 1))
    found = layers.RandomCrop(2, 3, seed=1)(places).data
    corners, counts = np.unique(found[:, 0, 0], return_counts=True)
    assert corners.tolist() == [0, 1, 4, 5]
    assert abs(counts - 750).max() < 5 * np.sqrt(750)
    assert np.array_equal(found - found[:, :1, :1], np.tile(places[0, :2, :3], (3000, 1, 1)))
    whole = layers.RandomCrop(3, 4)(places[:3]).data
    assert np.array_equal(whole, places[:3])


def test_contrast_is_moved_about_the_mean_of_each_channel():
    x = images(50, "float64")
    found = layers.RandomContrast((0.2, 0.4), value_range=(-99, 99), dtype="float64")(x).data
    mean = x.mean((1, 2), keepdims=True)
    factor = (found - mean) / (x - mean)
    assert np.ptp(factor, axis=(1, 2, 3)).max() < 1e-9
    assert 0.8 <= factor.min() < 0.9
    assert 1.3 < factor.max() <= 1.4


def test_posterized_numbers_have_few_levels():
    x = np.tile(np.arange(256.0), (200, 1, 1))
    found = layers.RandomPosterization(4, seed=1)(x).data  # 1 to 3 bits
    levels = {len(np.unique(one)) for one in found}
    assert levels == {2, 4, 8}
    assert all((one % (256 // len(np.unique(one))) == 0).all() for one in found)
    assert np.array_equal(layers.RandomPosterization((8, 8))(x).data, x)


def test_solarized_pixels_are_those_above_the_threshold():
    x = np.tile(np.arange(256.0), (50, 1, 1))
    found = layers.Solarization(threshold_factor=(0.2, 0.6), seed=1)(x).data[:, 0]
    kept = (found == x[:, 0]).sum(1)
    assert np.ptp(kept) > 20
    assert kept.max() <= 0.6 * 255 + 1
    for one, count in zip(found, kept, strict=True):
        assert np.array_equal(one, np.where(x[0, 0] < count, x[0, 0], 255 - x[0, 0]))
    added = layers.Solarization((1.0, 1.0), (0.0, 0.0), seed=1)(x).data[:, 0]  # adds 1 .. 255
    np.testing.assert_allclose(added, np.clip(added[:, :1] - x[:, 0], 0, 255), atol=1e-4)


def test_contrast_of_all_images_and_of_flat_ones():
    x = np.stack([np.full((3, 3), 7.0), np.arange(9.0).reshape(3, 3)]).astype("float32")
    found = layers.AutoContrast()(x, training=False).data
    assert np.array_equal(found[0], x[0])
    np.testing.assert_allclose(found[1], x[1] * 255 / 8, rtol=1e-6)


# ---- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.RandomBrightness(2), r"expected factor as .* in \[-1, 1\], received 2"),
        (lambda: layers.RandomBrightness("a"), "expected factor as a number or a pair"),
        (lambda: layers.RandomBrightness(0.1, 255), "expected value_range as a pair of numbers"),
        (lambda: layers.RandomBrightness(0.1, (1, 1)), "value_range as two different numbers"),
        (lambda: layers.RandomContrast(-0.1), r"expected factor as .* in \[0, 1\]"),
        (lambda: layers.RandomInvert((0.1, 0.2, 0.3)), "expected factor as"),
        (lambda: layers.RandomGrayscale(1.5), r"expected a factor in \[0, 1\]"),
        (lambda: layers.RandomGrayscale()(images()[..., :2]), "expected images of 3 channels or"),
        (lambda: layers.RandomPosterization(9), r"expected factor as .* in \[1, 8\]"),
        (lambda: layers.RandomPosterization(2.5), "expected factor as whole numbers"),
        (lambda: layers.Solarization(threshold_factor=2), "expected threshold_factor as"),
        (lambda: layers.Solarization(-0.5), "expected addition_factor as"),
        (lambda: layers.AutoContrast("x"), "expected value_range as a pair"),
        (lambda: layers.CenterCrop(0, 3), "expected a positive integer for height, received 0"),
        (lambda: layers.RandomCrop(3, 1.5), "expected a positive integer for width"),
        (lambda: layers.CenterCrop(6, 3)(images()), "expected images of 6 x 3 or more, received 5"),
        (lambda: layers.RandomCrop(2, 5)(images()), "expected images of 2 x 5 or more"),
        (lambda: layers.RandomBrightness(0.1)(np.ones((2, 9))), "say what they hold by image_sh"),
        (
            lambda: layers.RandomContrast(0.1)(
                corereg.Tensor(np.ones((2, 3, 4), "float32"), requires_grad=True)
            ),
            "expected images that need no gradient",
        ),
    ],
)
def test_bad_input(call, message, fails):
    fails(call, ValueError, f".*{message}")
