"""Models copied and pickled."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from small import bits, data

import corereg
from corereg import callbacks, layers, metrics, optimizers
from corereg.models import Sequential
from corereg.regularizers import L1L2

COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "the first pickle": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
    "deepcopy": copy.deepcopy,
}


class Doubled(layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_weight((), "ones", name="scale")

    def call(self, x):
        return x * self.scale * 2.0


def build(optimizer, own=False):
    corereg.set_random_seed(31)
    model = Sequential(
        [
            layers.Dense(9, "relu", kernel_regularizer=L1L2(0.01, 0.01)),
            layers.Dropout(0.3),
            *([Doubled()] if own else []),
            layers.Dense(7, "tanh", activity_regularizer="l2"),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(
        optimizer,
        "sparse_categorical_crossentropy",
        metrics=["accuracy", metrics.SparseCategoricalAccuracy("b")],
    )
    return model


def train(model, x, y):
    corereg.set_random_seed(32)
    return model.fit(x, y, batch_size=8, epochs=2, verbose=0).history


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    "optimizer",
    [optimizers.SGD(0.1), optimizers.RMSprop(0.01, momentum=0.5), optimizers.Adam(clipvalue=0.1)],
    ids=lambda o: type(o).__name__,
)
@pytest.mark.parametrize("way", COPIES)
def test_a_copy_goes_on_where_the_model_stopped(way, optimizer, own):
    x, y = data(3)
    model = build(copy.deepcopy(optimizer), own)
    train(model, x, y)
    model(x, training=True)  # leaves a graph behind in the activity's penalty
    other = COPIES[way](model)
    assert bits(other) == bits(model)
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    assert other.optimizer.iterations == model.optimizer.iterations
    assert train(other, x, y) == train(model, x, y)
    assert bits(other) == bits(model)
    assert [p is q for p, q in zip(other.weights, other.optimizer.parameters, strict=True)]


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_another_model(way):
    x, y = data(3)
    model = build("adam")
    train(model, x, y)
    before = bits(model), [a.tobytes() for a in model.optimizer.state]
    other = COPIES[way](model)
    assert other.optimizer.parameters[0] is other.weights[0]
    train(other, x, y)
    assert (bits(model), [a.tobytes() for a in model.optimizer.state]) == before
    assert other.history.history != {}
    assert bits(other) != bits(model)


@pytest.mark.parametrize("way", COPIES)
def test_before_it_is_built_or_compiled(way):
    x, y = data(3)
    model = COPIES[way](Sequential([layers.Dense(3, "softmax")]))
    with pytest.raises(RuntimeError, match="call compile"):
        model.fit(x, y)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model = COPIES[way](model)
    assert len(model.fit(x, y, verbose=0).history["loss"]) == 1


def test_a_callback_may_keep_copies():
    x, y = data(3)
    model, kept = build("adam"), []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda *_: kept.append(copy.deepcopy(model)))
    corereg.set_random_seed(32)
    model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[keep])
    assert bits(kept[1]) == bits(model) != bits(kept[0])
    assert len(kept[0].fit(x, y, verbose=0).history["loss"]) == 1  # it is not being trained


@pytest.mark.parametrize("way", COPIES)
def test_a_model_that_its_own_parts_know(way):
    model = build("adam")
    train(model, *data(3))
    model.layers[0].note = SimpleNamespace(model=model)
    again = COPIES[way](model)
    assert again.layers[0].note.model is again is not model
    assert bits(again) == bits(model)
