"""MixUp and CutMix as layers: Keras's arguments, its form with a dict, and each error."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import layers
from corereg.layers import CutMix, MixUp

X = np.random.default_rng(0).standard_normal((12, 6, 8)).astype("float32")
LABELS = np.eye(12, dtype="float32")  # of which a mixed row shows where it comes from


def shares_of(labels):
    """What a mixed row has of itself, and its partner, from mixed rows of the unit matrix."""
    own = np.diag(labels).copy()
    rest = labels - np.diag(own)
    return own, np.where(rest.max(axis=1) > 0, rest.argmax(axis=1), np.arange(len(labels)))


@pytest.mark.parametrize("layer", [MixUp(0.4, seed=1), CutMix(seed=1)], ids=["MixUp", "CutMix"])
def test_the_form_with_a_dict(layer, dtype):
    layer = type(layer)(seed=1, dtype=dtype)
    data = {"images": X, "labels": LABELS, "segmentation_masks": 2 * X}
    out = layer(data, training=True)
    assert list(data) == list(out)
    assert data["images"] is X
    images, labels = out["images"].numpy(), out["labels"].numpy()
    assert images.dtype == labels.dtype == dtype
    own, partner = shares_of(labels)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert len({*partner.tolist()}) > 6
    assert ((own >= 0) & (own <= 1)).all()
    assert np.abs(images - X).max() > 0.1
    np.testing.assert_allclose(out["segmentation_masks"].numpy(), 2 * images, atol=1e-5)
    if isinstance(layer, MixUp):
        s = own[:, None, None]
        np.testing.assert_allclose(images, s * X + (1 - s) * X[partner], atol=1e-5)
    else:
        here, there = images == X.astype(dtype), images == X[partner].astype(dtype)
        assert (here | there).all()
        cut = ~here
        assert 0 < cut.sum() < cut.size
        for one in cut:  # a whole box
            if one.any():
                rows, cols = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
                assert one[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1].all()
        # the area is a whole number of pixels, the share is what it was before rounding
        sides = np.sqrt(1 - own)
        area = np.abs(cut.mean(axis=(1, 2)) - (1 - own))
        assert (area <= sides * (1 / 6 + 1 / 8) + 1 / 48 + 1e-6).all()


def test_numbers_follow_from_seed_and_count():
    one, other = MixUp(seed=3), MixUp(seed=3)
    first, second = one(X, training=True), one(X, training=True)
    assert not np.array_equal(first, second)
    assert np.array_equal(other(X, training=True), first)
    other.random_state = one.random_state
    assert np.array_equal(other(X, training=True), one(X, training=True))
    assert not np.array_equal(MixUp(seed=4)(X, training=True), first)


def test_training_is_the_default_as_in_keras_and_off_in_models():
    layer = MixUp(0.4, seed=1)
    assert not np.array_equal(layer(X), X)
    assert np.array_equal(layer(X, training=False), X)
    data = {"images": X, "labels": LABELS}
    assert np.array_equal(layer(data, training=False)["labels"], LABELS)
    model = corereg.Sequential([corereg.Input((6, 8)), layer, layers.Flatten(), layers.Dense(1)])
    assert np.array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    model.compile("sgd", "mse")
    model.fit(X, np.ones((12, 1)), epochs=3, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"


def test_images_in_all_forms():
    """One seed cuts the same boxes, whatever form the images have."""
    colours = np.stack([X, 2 * X, 3 * X], axis=-1)
    plain = CutMix(seed=1)(X).numpy()
    last = CutMix(seed=1)(colours).numpy()
    first = CutMix(seed=1, data_format="channels_first")(np.moveaxis(colours, -1, 1)).numpy()
    flat = CutMix(seed=1, image_shape=(6, 8))(X.reshape(12, 48)).numpy()
    flat_colours = CutMix(seed=1, image_shape=(6, 8, 3))(colours.reshape(12, -1)).numpy()
    for c in range(3):
        assert np.array_equal(last[..., c], (c + 1) * plain)
        assert np.array_equal(first[:, c], (c + 1) * plain)
    assert np.array_equal(flat, plain.reshape(12, 48))
    assert np.array_equal(flat_colours, last.reshape(12, -1))


def test_rows_of_a_table_and_labels_of_any_rank():
    table, y = X.reshape(12, -1), np.arange(12.0)
    out = MixUp(1.0, seed=2)({"images": table, "labels": y})
    same = MixUp(1.0, seed=2)({"images": table, "labels": LABELS})
    own, partner = shares_of(same["labels"].numpy())
    np.testing.assert_allclose(out["labels"], own * y + (1 - own) * y[partner], atol=1e-5)
    assert np.array_equal(out["images"], same["images"])


def test_factor_bounds_the_parameter():
    """Beta(1, 1) has a variance of 1/12, and Beta(0, 0) one of 1/4."""
    eye = np.eye(400, dtype="float32")
    x = np.zeros((400, 2, 2), "float32")
    for factor, variance in (((1.0, 1.0), 1 / 12), (0.0, 1 / 4), ((0.5, 0.5), 1 / 8)):
        labels = CutMix(factor, seed=5)({"images": x, "labels": eye})["labels"].numpy()
        moved = shares_of(labels)[1] != np.arange(400)
        own = np.diag(labels)[moved | (np.diag(labels) < 1)]
        expected = variance if factor else 1 / 4
        assert abs(((own - 0.5) ** 2).mean() - expected) < 0.03


@pytest.mark.parametrize(
    "layer",
    [
        MixUp(),
        MixUp(0.4, "channels_first", 7, name="mix", dtype="float64"),
        CutMix(),
        CutMix((0.2, 0.7), 3, "channels_first", (3, 4, 5)),
        CutMix(0.5, image_shape=[4, 5]),
    ],
)
def test_config(layer):
    config = layers.serialize(layer)
    again = layers.deserialize(config)
    assert layers.serialize(again) == config
    own = layer.get_config()
    if isinstance(layer, MixUp):
        assert {"alpha", "data_format", "seed"} <= set(own)
    else:
        assert {"factor", "data_format", "seed"} <= set(own)
        assert again.factor == layer.factor
        assert again.image_shape == layer.image_shape


ERRORS = {
    "alpha 0": (lambda: MixUp(0.0, name="m"), "MixUp 'm': expected alpha > 0, received 0.0"),
    "alpha nan": (lambda: MixUp(float("nan")), "expected alpha > 0"),
    "alpha text": (lambda: MixUp("a"), "expected alpha > 0, received 'a'"),
    "alpha bool": (lambda: MixUp(True), "expected alpha > 0, received True"),
    "data_format": (lambda: MixUp(data_format="first"), "expected data_format as one of"),
    "seed": (lambda: MixUp(seed=0.5), "expected an integer seed or None, received 0.5"),
    "factor": (lambda: CutMix(1.5), r"factor as a number in \[0, 1\] or two .*received 1.5"),
    "factors": (lambda: CutMix((0, 1, 1)), r"expected factor .* received \(0, 1, 1\)"),
    "factor -1": (lambda: CutMix((-1, 1)), "expected factor"),
    "image_shape": (lambda: CutMix(image_shape=(28,)), "image_shape as two or three positive"),
    "image_shape 0": (lambda: CutMix(image_shape=(28, 0)), "image_shape as two or three positive"),
    "table": (
        lambda: CutMix(name="c")(X.reshape(12, -1)),
        r"CutMix 'c': expected images .* received rows of shape \(48,\); say .* image_shape",
    ),
    "other size": (
        lambda: CutMix(image_shape=(7, 7))(X),
        r"expected rows of 49 numbers for images of shape \(7, 7\), received rows of shape \(6, 8",
    ),
    "symbolic": (lambda: CutMix()(corereg.Input((48,))), "image_shape=.height, width"),
    "keys": (lambda: MixUp()({"image": X}), r"expected a dict with the keys .* received \['image"),
    "boxes": (lambda: MixUp()({"images": X, "bounding_boxes": X}), "expected a dict with the keys"),
    "rows": (lambda: MixUp()({"images": X, "labels": LABELS[:5]}), "expected as many rows in each"),
    "integers": (
        lambda: MixUp()({"images": X, "labels": np.arange(12)}),
        r"received integers of shape \(12,\); use corereg.utils.to_categorical",
    ),
    "list": (lambda: MixUp()([X, LABELS]), "expected images or a dict .* received a list of 2"),
    "gradient": (
        lambda: MixUp()(corereg.Tensor(X, requires_grad=True)),
        "received images that require a gradient",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case, fails):
    call, message = ERRORS[case]
    fails(call, ValueError, message)
