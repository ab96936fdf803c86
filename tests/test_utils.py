"""corereg.utils: seeds for everything at once. `to_categorical` is tested in test_losses.py."""

from __future__ import annotations

import random

import numpy as np
import pytest

import corereg
from corereg import utils


@pytest.fixture
def generators_as_before():
    """Gives Python's and NumPy's own generators their states back."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    yield
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002


@pytest.mark.usefixtures("generators_as_before")
@pytest.mark.parametrize("seed", [0, 7, np.int64(9), 2**32 - 1])
def test_set_random_seed_seeds_python_and_numpy_too(seed):
    def drawn():
        return corereg.rand(3).tolist(), random.random(), np.random.rand()  # noqa: NPY002

    utils.set_random_seed(seed)
    ours, pythons, numpys = drawn()
    assert drawn() != (ours, pythons, numpys)
    assert pythons == random.Random(int(seed)).random()
    assert numpys == np.random.RandomState(int(seed)).rand()
    corereg.set_random_seed(seed)
    assert ours == corereg.rand(3).tolist()
    utils.set_random_seed(seed)
    assert drawn() == (ours, pythons, numpys)


# ---- labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (4,), (4, 1), (2, 3), (2, 3, 1), (0,), (2, 0)], ids=str)
def test_to_categorical_of_any_rank(shape, rng):
    y = rng.integers(0, 5, shape)
    found = utils.to_categorical(y, 5)
    places = y.reshape(shape[:-1]) if len(shape) > 1 and shape[-1] == 1 else y
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.eye(5)[places])


def test_to_categorical_of_nested_lists_and_whole_floats():
    np.testing.assert_array_equal(
        utils.to_categorical([[0, 2], [1, 0]]).argmax(-1), [[0, 2], [1, 0]]
    )
    np.testing.assert_array_equal(utils.to_categorical([0.0, 2.0]), np.eye(3)[[0, 2]])


@pytest.mark.parametrize(
    ("y", "error", "text"),
    [
        ([0.5], ValueError, "expected integer labels, received dtype float64 with fractions"),
        (["a"], ValueError, "expected integer labels, received dtype <U1"),
        ([0, 3], ValueError, r"expected labels in \[0, 3\), received 3 at place 1"),
        ([[0, 1], [-1, 0]], ValueError, r"received -1 at place \(1, 0\)"),
    ],
)
def test_to_categorical_of_bad_labels(y, error, text):
    with pytest.raises(error, match=text):
        utils.to_categorical(y, 3)


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(utils.normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize([3, 4], 0, 1), [3 / 7, 4 / 7])
    np.testing.assert_allclose(utils.normalize(x, axis=0), [[1, 1], [0, 0]])
    assert utils.normalize(x.astype("f4")).dtype == np.float32
    for order in (0, 1.5):
        with pytest.raises(ValueError, match="normalize: expected order as an int >= 1"):
            utils.normalize(x, order=order)


# ---- sequences and data sets -------------------------------------------------------------------


def test_pad_sequences():
    rows = [[1], [2, 3], [4, 5, 6], []]
    np.testing.assert_array_equal(
        utils.pad_sequences(rows), [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]
    )
    found = utils.pad_sequences(rows, 2, "float32", "post", "post", 9)
    np.testing.assert_array_equal(found, [[1, 9], [2, 3], [4, 5], [9, 9]])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(
        utils.pad_sequences(rows, 2, truncating="pre", padding="post")[2], [5, 6]
    )
    pairs = utils.pad_sequences([[[1, 2]], [[3, 4], [5, 6]]])
    np.testing.assert_array_equal(pairs, [[[0, 0], [1, 2]], [[3, 4], [5, 6]]])
    assert utils.pad_sequences([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((3,), "expected a list of sequences, received int"),
        (([1, [2]],), "expected each entry as a sequence, received 1"),
        (([[1]], 2, "int32", "left"), "expected padding 'pre' or 'post', received 'left'"),
        (([[[1]], [[1, 2]]],), r"expected elements of one shape, received \[\(1,\), \(2,\)\]"),
    ],
)
def test_pad_sequences_of_bad_arguments(arguments, text):
    with pytest.raises(ValueError, match=f"pad_sequences: {text}"):
        utils.pad_sequences(*arguments)


def test_split_dataset():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    (left, some), (right, others) = utils.split_dataset((x, y), 0.65)
    assert (len(left), len(right)) == (6, 4)
    np.testing.assert_array_equal(np.concatenate([some, others]), y)
    np.testing.assert_array_equal(left, x[:6])
    np.testing.assert_array_equal(right, x[6:])
    first, second = utils.split_dataset({"x": x}, 3, 2)
    np.testing.assert_array_equal(second["x"], x[3:5])
    mixed, rest = utils.split_dataset(y, right_size=4, shuffle=True, seed=3)
    assert sorted([*mixed, *rest]) == y.tolist()
    assert [*mixed, *rest] != y.tolist()
    np.testing.assert_array_equal(mixed, utils.split_dataset(y, 6, shuffle=True, seed=3)[0])
    assert len(first["x"]) == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((np.zeros(4),), "expected left_size or right_size, received neither"),
        (
            (np.zeros(4), 1.5),
            r"left_size as a number of rows of 4 or a share in \(0, 1\), received",
        ),
        ((np.zeros(4), 3, 2), r"expected at most 4 rows in both parts, received 3 \+ 2"),
        (([np.zeros(4), np.zeros(3)], 2), "expected arrays of as many rows"),
        (([1, 2], 1), "expected arrays of as many rows"),
    ],
)
def test_split_dataset_of_bad_arguments(arguments, text):
    with pytest.raises(ValueError, match=f"split_dataset: .*{text}"):
        utils.split_dataset(*arguments)


class Batches(utils.PyDataset):
    def __init__(self, **options):
        super().__init__(**options)
        self.epochs = []

    def __len__(self):
        return 3

    def __getitem__(self, index):
        x = np.full((4, 2), index, np.float32)
        return x, x[:, :1]

    def on_epoch_begin(self):
        self.epochs.append("begin")

    def on_epoch_end(self):
        self.epochs.append("end")


def test_a_py_dataset_gives_the_batches_of_fit():
    data = Batches(workers=2, use_multiprocessing=True)
    model = corereg.Sequential([corereg.Input((2,)), corereg.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(data, epochs=2, verbose=0)
    assert data.epochs == ["begin", "end"] * 2
    assert len(history.history["loss"]) == 2
    assert data.num_batches == 3
    assert utils.Sequence is utils.PyDataset


def test_what_a_py_dataset_lacks_is_named():
    with pytest.raises(NotImplementedError, match="PyDataset: expected a __getitem__"):
        utils.PyDataset()[0]
    with pytest.raises(NotImplementedError, match="PyDataset: expected a __len__"):
        len(utils.PyDataset())


# ---- the process -------------------------------------------------------------------------------


def test_clear_session_counts_names_anew():
    utils.clear_session()
    names = [corereg.layers.Dense(1).name for _ in range(2)]
    utils.clear_session()
    assert names == ["dense", "dense_1"]
    assert corereg.layers.Dense(1).name == "dense"


def test_symbolic_tensors_and_dtypes():
    assert utils.is_keras_tensor(corereg.Input((2,)))
    assert not utils.is_keras_tensor(corereg.Tensor([1.0]))
    given = [None, "float", float, int, "float64", np.float32, np.dtype("int8"), bool]
    assert list(map(utils.standardize_dtype, given)) == [
        *("float32", "float32", "float32", "int32", "float64", "float32", "int8", "bool")
    ]
    with pytest.raises(ValueError, match="standardize_dtype: expected a dtype, received 'so'"):
        utils.standardize_dtype("so")


def test_progress_goes_to_the_log_if_asked(capsys, caplog):
    model = corereg.Sequential([corereg.Input((2,)), corereg.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = np.zeros((4, 2)), np.zeros(4)
    caplog.set_level("INFO", "corereg")
    utils.disable_interactive_logging()
    try:
        assert not utils.is_interactive_logging_enabled()
        model.fit(*data, epochs=2)
    finally:
        utils.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert [record.name for record in caplog.records] == ["corereg"] * 2
    assert "Epoch 2/2" in caplog.records[1].getMessage()
    assert utils.is_interactive_logging_enabled()
    model.fit(*data)
    assert "Epoch 1/1" in capsys.readouterr().out


def test_progbar(capsys):
    bar = utils.Progbar(3, stateful_metrics=["rate"])
    for step in range(3):
        bar.add(1, [("loss", float(step)), ("rate", 0.5)])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "3/3" in out
    assert "loss: 2.0000" in out
    assert "rate: 0.5000" in out
    bar = utils.Progbar(None, verbose=2)
    bar.update(2, [("loss", 1.0)])
    bar.update(3, [("loss", 4.0)])
    assert capsys.readouterr().out == ""
    bar.update(3, finalize=True)
    assert "loss: 2.0000" in capsys.readouterr().out
    utils.Progbar(1, verbose=0).add(1)
    assert capsys.readouterr().out == ""


def test_epsilon_is_that_of_losses():
    epsilon = corereg.config.epsilon()
    worst = corereg.losses.binary_crossentropy(np.array([[1.0]]), np.array([[0.0]]))
    assert epsilon == 1e-7
    assert float(worst.data[0]) == pytest.approx(-np.log(epsilon), rel=1e-6)
