"""Preprocessing layers: where data comes from, arguments that are seldom given, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import Tensor
from corereg.layers import (
    CategoryEncoding,
    Discretization,
    IntegerLookup,
    Normalization,
    StringLookup,
)

# ---- what adapt is given -------------------------------------------------------------------------

DATA = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0], [7.0, 40.0]])


def batches(count):
    """Batches of two rows, each beside a target; fails if more than `count` are taken."""
    for i in range(count):
        yield DATA[2 * i : 2 * i + 2], np.zeros(2)


@pytest.mark.parametrize(
    ("data", "options", "rows"),
    [
        (DATA, {}, 4),
        (DATA.tolist(), {}, 4),
        (Tensor(DATA), {}, 4),
        (Tensor(DATA), {"batch_size": 3}, 4),
        (DATA, {"batch_size": 1, "steps": 3}, 3),
        (DATA, {"batch_size": 3, "steps": 1}, 3),
        (lambda: batches(2), {}, 4),
        (lambda: batches(2), {"steps": 1}, 2),
        (lambda: (Tensor(row[None]) for row in DATA), {"steps": 3}, 3),
    ],
)
def test_rows_that_adapt_reads(data, options, rows):
    layer = Normalization(dtype="float64")
    layer.adapt(data() if callable(data) else data, **options)
    np.testing.assert_allclose(layer.mean.data.reshape(-1), DATA[:rows].mean(0), 1e-12)
    np.testing.assert_allclose(layer.variance.data.reshape(-1), DATA[:rows].var(0), 1e-12)


def test_no_steps_are_no_data(fails):
    fails(lambda: Normalization().adapt(DATA, steps=0), ValueError, "expected data, received none")


def test_documents_that_are_one_word():
    """An iterable of words is one document a word."""
    layer = StringLookup(output_mode="tf_idf")
    layer.adapt(word for word in ["b", "a", "b"])
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]
    again = StringLookup(output_mode="tf_idf")
    again.adapt([["b"], ["a"], ["b"]])
    np.testing.assert_array_equal(layer([["a", "b"]]).data, again([["a", "b"]]).data)
    np.testing.assert_allclose(layer([["b"]]).data, [[0, np.log(1 + 3 / 3), 0]], 1e-6)


# ---- vocabularies --------------------------------------------------------------------------------


def test_texts_of_other_dtypes():
    layer = StringLookup(vocabulary=[b"a", "\u00e9"])
    assert layer.get_vocabulary() == ["[UNK]", "a", "\u00e9"]
    for texts in (
        np.array(["\u00e9".encode(), b"a", b"z"]),
        np.array(["\u00e9", "a", "z"]),
        np.array(["\u00e9".encode(), "a", "z"], object),
    ):
        assert layer(texts).data.tolist() == [2, 1, 0]
    other = StringLookup()
    other.adapt(np.array([b"x", b"y", b"x"]))
    assert other.get_vocabulary() == ["[UNK]", "x", "y"]


def test_tokens_that_are_whole_floats():
    assert IntegerLookup(vocabulary=[5.0, 2]).get_vocabulary() == [-1, 5, 2]
    assert IntegerLookup(vocabulary=np.array([True])).get_vocabulary() == [-1, 1]


@pytest.mark.parametrize("weights", [[2.0, 3.0], [9.0, 2.0, 3.0]])
def test_weights_beside_special_tokens(weights):
    """A weight for each token, or one for each number; else the special one's is their mean."""
    layer = StringLookup(vocabulary=["[UNK]", "a", "b"], idf_weights=weights, output_mode="tf_idf")
    assert layer([["a", "b", "b"]]).data.tolist() == [[0, 2, 6]]
    plain = StringLookup(vocabulary=["a", "b"], idf_weights=[2.0, 3.0], output_mode="tf_idf")
    wanted = plain([["z", "a"]]).data if len(weights) == 2 else [[9, 2, 0]]
    np.testing.assert_array_equal(layer([["z", "a"]]).data, wanted)
    again = StringLookup.from_config(layer.get_config())
    np.testing.assert_array_equal(again([["z", "a"]]).data, wanted)
    assert again.get_config() == layer.get_config()
    again.adapt([["a", "b"]])  # which forgets what was given
    assert again([["z"]]).data[0, 0] == np.float32(np.log(1.5))


# ---- shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "given", "expected"),
    [
        ("one_hot", 2, [[0, 0, 1]]),
        ("one_hot", [2, 0], [[0, 0, 1], [1, 0, 0]]),
        ("one_hot", [[2], [0]], [[0, 0, 1], [1, 0, 0]]),
        ("one_hot", [[2, 0]], [[[0, 0, 1], [1, 0, 0]]]),
        ("multi_hot", 2, [0, 0, 1]),
        ("multi_hot", [2, 2, 0], [1, 0, 1]),
        ("multi_hot", [[2, 2], [0, 7]], [[0, 0, 1], [1, 0, 0]]),
        ("count", 1, [0, 1, 0]),
        ("count", [2, 2, 0], [1, 0, 2]),
        ("count", [[2, 2], [0, 7]], [[0, 0, 2], [1, 0, 0]]),
    ],
)
def test_encoded_numbers(mode, given, expected):
    found = CategoryEncoding(3, mode)(np.array(given))
    assert found.data.tolist() == expected
    shape = CategoryEncoding(3, mode).compute_output_shape(np.shape(given))
    assert shape == found.shape


def test_bins_in_other_modes():
    layer = Discretization([1.0, 2.0], output_mode="count")
    assert layer(np.array([[0.0, 1.5], [2.0, 3.0]])).data.tolist() == [[1, 1, 0], [0, 0, 2]]
    assert layer.compute_output_shape((None, 2)) == (None, 3)
    assert Discretization(num_bins=4, output_mode="one_hot").compute_output_shape((None, 1)) == (
        None,
        4,
    )
    assert Discretization([1.0]).compute_output_shape((None, 2)) == (None, 2)
    found = Discretization(num_bins=2)
    found.adapt(DATA[:, :1])
    assert Discretization.from_config(found.get_config()).bin_boundaries == found.bin_boundaries
    fresh = Discretization.from_config(Discretization(num_bins=2).get_config())
    assert (fresh.num_bins, fresh.bin_boundaries) == (2, None)


# ---- wrong input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: StringLookup(invert=True, num_oov_indices=0, vocabulary=["a"]),
            ValueError,
            "expected num_oov_indices=1 for invert=True, received 0",
        ),
        (
            lambda: StringLookup(idf_weights=[1.0], output_mode="tf_idf"),
            ValueError,
            "expected idf_weights together with a vocabulary",
        ),
        (
            lambda: StringLookup(
                vocabulary=["a", "b"], idf_weights=[1.0] * 4, output_mode="tf_idf"
            ),
            ValueError,
            "expected one of idf_weights for each of 2 tokens, received 4",
        ),
        (lambda: StringLookup().adapt(np.array([1])), TypeError, "expected texts, rec"),
        (
            lambda: StringLookup(vocabulary=["a"])(np.array(["a", 1], object)),
            TypeError,
            "expected texts as tokens, received 1",
        ),
        (
            lambda: IntegerLookup(vocabulary=[1], vocabulary_dtype="int32"),
            ValueError,
            "expected vocabulary_dtype 'int64', received 'int32'",
        ),
        (
            lambda: IntegerLookup(vocabulary=[1], oov_method="hash"),
            ValueError,
            "expected oov_method 'floormod', received 'hash'",
        ),
        (
            lambda: IntegerLookup(vocabulary=["a"]),
            TypeError,
            "expected whole numbers as tokens, received 'a'",
        ),
        (lambda: IntegerLookup(vocabulary=[1, None]), TypeError, "as tokens, received None"),
        (lambda: IntegerLookup(vocabulary=[1.5]), TypeError, "as tokens, received 1.5"),
        (
            lambda: IntegerLookup().adapt(np.array([0.5])),
            TypeError,
            "expected whole numbers, received dtype float64",
        ),
        (
            lambda: Discretization([1.0]).adapt(DATA),
            ValueError,
            "adapt: bin_boundaries were given to the layer; give num_bins instead",
        ),
        (
            lambda: Discretization(num_bins=2).adapt(np.array(["a"])),
            ValueError,
            r"adapt: expected numbers, received dtype <U1 of shape \(1,\)",
        ),
        (
            lambda: Discretization(num_bins=2).adapt(np.zeros((0, 3))),
            ValueError,
            r"adapt: expected numbers, received dtype float64 of shape \(0, 3\)",
        ),
        (lambda: Normalization(axis=True), ValueError, "axis as integers or None, received True"),
        (lambda: Normalization(axis=(0.5,)), ValueError, "axis as integers or None"),
        (
            lambda: Normalization().adapt([np.zeros((3, 2)), np.zeros((3, 5))].__iter__()),
            ValueError,
            r"adapt: expected data of shape \('rows', 2\), received \(3, 5\)",
        ),
        (
            lambda: Normalization().adapt([np.zeros((3, 2)), np.zeros((3, 2, 2))].__iter__()),
            ValueError,
            r"adapt: expected data of shape \('rows', 2\), received \(3, 2, 2\)",
        ),
        (
            lambda: CategoryEncoding(3)(np.array([[1]]), count_weights=np.array([[1.0]])),
            ValueError,
            "expected count_weights for output_mode 'count' only, which is 'multi_hot'",
        ),
    ],
)
def test_what_is_refused(call, error, message, fails):
    fails(call, error, message)


def test_sorting_in_pieces():
    """As NumPy sorts, with ties and NaN; large arrays a piece at a time."""
    from corereg.layers.preprocessing.batches import sorted_in_pieces

    rng = np.random.default_rng(0)
    arrays = [
        rng.normal(size=5000),
        rng.integers(0, 3, 5000),
        np.full(5000, 2.5),
        np.where(rng.random(5000) < 0.4, np.nan, rng.normal(size=5000)),
        np.full(5000, np.nan),
        np.arange(5000)[::-1],
        np.array([np.inf, -np.inf] * 2500),
        np.zeros(0),
    ]
    for one in arrays:
        found = sorted_in_pieces(one, np.float32, most=300)
        np.testing.assert_array_equal(found, np.sort(one.astype(np.float32)))
