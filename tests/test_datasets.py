"""The shipped data sets: what is in them, and what a damaged installation says."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from corereg import datasets
from corereg.datasets import BREAST_CANCER_FEATURES, load_breast_cancer, load_digits

LOADERS = [load_digits, load_breast_cancer]


def sha256(array):
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("load", "shape", "counts", "x_sha256", "y_sha256"),
    [
        (
            load_digits,
            (1797, 64),
            [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
            "a627aed550b0b29bf76a981bc1ecbab5ef775aac454c94154f20ec9f61a04c83",
            "a3c91c262eddcf7ba8f0e37507c30284493c9b20412ffe4af30d536401f7ba21",
        ),
        (
            load_breast_cancer,
            (569, 30),
            [212, 357],
            "ace340f3a4f8924791b9c5559e8492e9a896f29b3332f303863c6b46256ad45a",
            "1763c0f8cd3f454b9eda72031113884593bb382411c0cd511e3ec6e7ac85cddb",
        ),
    ],
)
def test_contents(load, shape, counts, x_sha256, y_sha256):
    x, y = load()
    assert x.shape == shape
    assert y.shape == shape[:1]
    assert x.dtype == np.float32
    assert y.dtype == np.int64
    assert np.bincount(y).tolist() == counts
    assert sha256(x) == x_sha256
    assert sha256(y) == y_sha256


def test_digits_are_whole_numbers_up_to_16():
    x, _ = load_digits()
    assert np.array_equal(np.unique(x), np.arange(17))


def test_first_digit_looks_like_a_zero():
    x, y = load_digits()
    image = x[0].reshape(8, 8)
    assert y[0] == 0
    assert image[3:5, 3:5].max() == 0  # the hole
    assert image[:, 3].max() > 12  # the ring around it


def test_breast_cancer_columns_are_named_in_order():
    x, _ = load_breast_cancer()
    assert len(set(BREAST_CANCER_FEATURES)) == 30
    first = dict(zip(BREAST_CANCER_FEATURES, x[0], strict=True))
    assert first["mean radius"] == np.float32(17.99)
    assert first["area error"] == np.float32(153.4)
    assert first["worst concave points"] == np.float32(0.2654)
    assert np.all(x[:, BREAST_CANCER_FEATURES.index("worst area")] >= x[:, 3])


@pytest.mark.parametrize("load", LOADERS)
def test_every_call_gives_new_writable_arrays(load):
    x, y = load()
    kept_x, kept_y = x.copy(), y.copy()
    x += 1
    y += 1
    again_x, again_y = load()
    assert np.array_equal(again_x, kept_x)
    assert np.array_equal(again_y, kept_y)


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_equals_the_copy_of_scikit_learn(name):
    source = pytest.importorskip("sklearn.datasets")
    expected = getattr(source, f"load_{name}")()
    x, y = getattr(datasets, f"load_{name}")()
    assert np.array_equal(x, expected.data.astype(np.float32))
    assert np.array_equal(y, expected.target)


def truncated(path, whole):
    path.write_bytes(whole[: len(whole) // 2])


def empty(path, whole):
    path.write_bytes(b"")


def changed(path, whole):
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(64) + whole[middle + 64 :])


def foreign(path, whole):
    path.write_bytes(b"<html>not found</html>" * 100)


def without_labels(path, whole):
    np.savez(path, x=np.zeros((1797, 64), np.uint8))


def pickled(path, whole):
    np.savez(path, x=np.array([{}] * 1797, dtype=object), y=np.zeros(1797, np.uint8))


def fewer_rows(path, whole):
    np.savez(path, x=np.zeros((10, 64), np.uint8), y=np.zeros(10, np.uint8))


def label_too_large(path, whole):
    np.savez(path, x=np.zeros((1797, 64), np.uint8), y=np.full(1797, 10, np.uint8))


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        empty,
        changed,
        foreign,
        without_labels,
        pickled,
        fewer_rows,
        label_too_large,
    ],
)
def test_a_damaged_file_is_reported(damage, tmp_path, monkeypatch):
    whole = (Path(datasets.__file__).parent / "digits.npz").read_bytes()
    damage(tmp_path / "digits.npz", whole)
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(OSError, match=r"load_digits: expected .*digits\.npz.*; reinstall corereg"):
        load_digits()


def test_a_missing_file_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(OSError, match=r"load_breast_cancer: .*FileNotFoundError.*reinstall"):
        load_breast_cancer()
