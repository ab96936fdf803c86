"""TensorBoard: what its own reader finds in the files."""

from __future__ import annotations

import builtins
import io

import numpy as np
import pytest
from small import data, fit, net

import corereg
from corereg import layers
from corereg.callbacks import EarlyStopping, TensorBoard
from corereg.callbacks.tensorboard_events import events
from corereg.warn import NotFiniteWarning


def test_without_the_package_the_error_names_the_extra(monkeypatch, fails):
    found = builtins.__import__

    def no_tensorboard(name, *args, **options):
        if name.split(".")[0] == "tensorboard":
            raise ImportError(name)
        return found(name, *args, **options)

    events.cache_clear()
    monkeypatch.setattr(builtins, "__import__", no_tensorboard)
    fails(TensorBoard, ImportError, r'pip install "corereg\[tensorboard\]"')


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile_batch": 2}, "expected profile_batch=0"),
        ({"embeddings_freq": 1}, "expected embeddings_freq=0"),
        ({"update_freq": "epochs"}, "expected update_freq 'epoch', 'batch' or a positive number"),
        ({"update_freq": 0}, "received 0"),
    ],
)
def test_what_cannot_be_raises(options, message, fails):
    fails(lambda: TensorBoard(**options), ValueError, message)


def test_a_step_is_the_least_that_is_written_after():
    pytest.importorskip("tensorboard")
    assert TensorBoard(update_freq=1).update_freq == 1


def read(folder):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0, "images": 0})
    return found.Reload()


def scalars(folder):
    """Of each tag the steps and the values."""
    from tensorboard.util.tensor_util import make_ndarray

    found = read(folder)
    return {
        tag: [(event.step, make_ndarray(event.tensor_proto)) for event in found.Tensors(tag)]
        for tag in found.Tags()["tensors"]
    }


def test_scalars_of_epochs_and_batches(tmp_path):
    pytest.importorskip("tensorboard")
    x, y = data()
    model = net(metrics=["mae"])
    board = TensorBoard(tmp_path, update_freq=2, write_steps_per_second=True, histogram_freq=2)
    options = {"validation_data": (x, y), "batch_size": 10, "callbacks": board}
    history = fit(model, x, y, epochs=3, **options)
    train, validation = scalars(tmp_path / "train"), scalars(tmp_path / "validation")
    assert not read(tmp_path / "train").Tags()["images"]
    for name in ("loss", "mae", "penalty"):
        for found, key in ((train, name), (validation, f"val_{name}")):
            steps, values = zip(*found[f"epoch_{name}"], strict=True)
            assert steps == (0, 1, 2)
            assert np.allclose(values, history[key], rtol=1e-6)
    assert [value for _, value in train["epoch_learning_rate"]] == [np.float32(0.001)] * 3
    assert [step for step, _ in train["batch_loss"]] == [2, 4, 6, 8, 10, 12, 14]
    assert all(
        rate > 0 for tag in ("epoch", "batch") for _, rate in train[f"{tag}_steps_per_second"]
    )
    tests = validation["evaluation_loss_vs_iterations"]
    assert [step for step, _ in tests] == [5, 10, 15]
    kernel = train[f"{model.layers[0].name}/kernel/histogram"]
    assert [step for step, _ in kernel] == [0, 2]
    weights = model.layers[0].kernel.numpy()
    buckets = kernel[-1][1]
    assert buckets.shape == (30, 3)
    assert (buckets[0, 0], buckets[-1, 1]) == (weights.min(), weights.max())
    assert np.array_equal(buckets[:, 2], np.histogram(weights.astype(float), 30)[0])


def test_by_default_epochs_alone_are_looked_at(tmp_path):
    pytest.importorskip("tensorboard")
    board = TensorBoard(tmp_path / "new", write_images=True, histogram_freq=1)
    assert not board._observes("on_train_batch_end")
    x, y = data()
    model = net()
    fit(model, x, y, epochs=2, callbacks=[EarlyStopping("loss"), board])
    found = read(tmp_path / "new" / "train")
    assert not any(tag.startswith("batch") for tag in found.Tags()["tensors"])
    image = found.Images(f"{model.layers[0].name}/kernel/image")[0]
    assert (image.width, image.height) == (6, 5)
    assert [node.name for node in found.Graph().node] == [one.name for one in model.layers]
    assert not (tmp_path / "new" / "validation").exists()
    model.evaluate(x, y, verbose=0, callbacks=board)
    assert "evaluation_loss_vs_iterations" in scalars(tmp_path / "new" / "validation")


def test_the_graph_of_branches_and_weights_that_are_not_finite(tmp_path):
    pytest.importorskip("tensorboard")
    a = corereg.Input((3,), name="a")
    both = layers.Add(name="both")([layers.Dense(2, name="left")(a), layers.Dense(2, name="r")(a)])
    model = corereg.models.Model(a, both)
    model.compile("sgd", "mse")
    x = np.ones((4, 3), np.float32)
    model.get_layer("left").kernel.assign(np.full((3, 2), np.nan))
    board = TensorBoard(tmp_path, histogram_freq=1, write_images=True)
    with pytest.warns(NotFiniteWarning, match="Dense 'left', whose weights left/kernel"):
        model.fit(x, x[:, :2], verbose=0, callbacks=board)
    nodes = read(tmp_path / "train").Graph().node
    assert {node.name: list(node.input) for node in nodes} == {
        "a": [],
        "left": ["a"],
        "r": ["a"],
        "both": ["left", "r"],
    }
    found = scalars(tmp_path / "train")
    assert found["left/kernel/histogram"][0][1][:, 2].sum() == 0


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 2)])
def test_pictures_lie_down(shape):
    """What is higher than wide is turned; a square stays."""
    pytest.importorskip("tensorboard")
    image = pytest.importorskip("PIL.Image")
    values = np.linspace(0, 1, shape[0] * shape[1]).reshape(shape)
    made = events().image("w", values).value[0].image
    found = np.asarray(image.open(io.BytesIO(made.encoded_image_string)))
    expected = values.T if shape == (3, 2) else values
    assert found.tolist() == (expected * 255).astype(np.uint8).tolist()
    assert (made.height, made.width) == found.shape
