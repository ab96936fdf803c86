"""fit, evaluate and predict on generators and other iterables of batches."""

from __future__ import annotations

import numpy as np
import pytest
from small import ROWS, bits, data, net, watched

import corereg
from corereg.callbacks import LambdaCallback
from corereg.models import Sequential
from corereg.training.data.structures import is_iterable_of_batches

SIZES = (10, 25, 10, 5)


def cut(*arrays, sizes=SIZES):
    """The arrays in batches of different sizes."""
    ends = np.cumsum(sizes)
    return [tuple(a[end - n : end] for a in arrays) for end, n in zip(ends, sizes, strict=True)]


class Indexed:
    """Like Keras's PyDataset."""

    def __init__(self, batches):
        self.batches, self.asked, self.epochs = batches, [], 0

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, i):
        self.asked.append(i)
        return self.batches[i]  # never asked beyond the end, as PyDataset need not raise there

    def on_epoch_end(self):
        self.epochs += 1


class Reiterable:
    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def trained_by_hand(batches, epochs, model):
    corereg.set_random_seed(12)
    history = []
    for _ in range(epochs):
        seen = [(len(b[0]), model.train_on_batch(*b)) for b in batches]
        history.append(np.average([s[1] for s in seen], weights=[s[0] for s in seen]))
    return history


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("kind", [list, Indexed, Reiterable])
def test_an_iterable_begins_anew_each_epoch(kind, eager):
    x, y = data(3)
    batches = cut(x, y)
    model, twin = net(3, dropout=0.2, run_eagerly=eager), net(3, dropout=0.2)
    expected = trained_by_hand(batches, 3, twin)
    source = kind(batches)
    corereg.set_random_seed(12)
    history = model.fit(source, epochs=3, verbose=0)
    assert history.history["loss"] == pytest.approx(expected, rel=1e-6)
    assert bits(model) == bits(twin)
    assert history.params["steps"] == (None if kind is Reiterable else 4)
    if kind is Indexed:
        assert source.asked == [0, 1, 2, 3] * 3
        assert source.epochs == 3


def test_an_iterator_goes_on_across_epochs():
    x, y = data(3)
    model, twin = net(3), net(3)
    trained_by_hand(cut(x, y), 1, twin)
    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    history = model.fit(
        iter(cut(x, y)), epochs=2, steps_per_epoch=2, callbacks=watch, verbose=0
    ).history
    assert seen == [0, 1, 0, 1]
    assert len(history["loss"]) == 2
    assert bits(model) == bits(twin)


def test_an_endless_generator():
    x, y = data()

    def forever():
        while True:
            yield x, y

    model, twin = net(), net()
    model.fit(forever(), epochs=3, steps_per_epoch=5, verbose=0)
    twin.fit(x, y, batch_size=ROWS, epochs=15, shuffle=False, verbose=0)
    assert bits(model) == bits(twin)
    losses = model.evaluate(forever(), steps=3, verbose=0)
    assert losses == pytest.approx(twin.evaluate(x, y, batch_size=ROWS, verbose=0), rel=1e-6)
    assert model.predict(forever(), steps=2, verbose=0).shape == (2 * ROWS, 1)


def test_a_generator_without_steps_is_one_epoch():
    x, y = data(3)
    model, twin = net(3), net(3)
    history = model.fit((b for b in cut(x, y)), verbose=0)
    trained_by_hand(cut(x, y), 1, twin)
    assert len(history.history["loss"]) == 1
    assert bits(model) == bits(twin)
    with pytest.warns(UserWarning, match="ran out of data after 0 batches of this epoch"):
        history = model.fit((b for b in cut(x, y)), epochs=4, verbose=0)
    assert len(history.history["loss"]) == 1


def test_running_out_of_data_warns_and_stops():
    x, y = data(3)
    model, twin = net(3), net(3)
    with pytest.warns(UserWarning, match="ran out of data after 1 of 3 batches") as caught:
        history = model.fit(iter(cut(x, y)), epochs=5, steps_per_epoch=3, verbose=0)
    assert caught[0].filename == __file__
    assert len(history.history["loss"]) == 2
    trained_by_hand(cut(x, y), 1, twin)
    assert bits(model) == bits(twin)


def test_steps_per_epoch_takes_the_first_batches_of_an_iterable():
    x, y = data(3)
    source, model, twin = Indexed(cut(x, y)), net(3), net(3)
    model.fit(source, epochs=2, steps_per_epoch=2, verbose=0)
    assert source.asked == [0, 1, 0, 1]
    trained_by_hand(cut(x, y)[:2], 2, twin)
    assert bits(model) == bits(twin)


def test_weights_in_batches_and_by_class():
    x, y = data(3)
    weight = np.linspace(0, 2, ROWS)
    model, twin = net(3), net(3)
    model.fit(cut(x, y, weight), verbose=0)
    trained_by_hand(cut(x, y, weight), 1, twin)
    assert bits(model) == bits(twin)
    weights = {0: 3.0, 2: 0.5}
    model.fit(cut(x, y), class_weight=weights, verbose=0)
    for bx, by in cut(x, y):
        twin.train_on_batch(bx, by, class_weight=weights)
    assert bits(model) == bits(twin)


@pytest.mark.parametrize("kind", [list, Indexed, Reiterable])
def test_validation_data_in_batches(kind):
    x, y = data(3)
    one, other = net(3), net(3)
    equal = cut(x, y, sizes=(20, 20, 10))
    options = {"epochs": 3, "shuffle": False, "verbose": 0, "batch_size": 20}
    a = one.fit(x, y, validation_data=kind(equal), **options).history
    b = other.fit(x, y, validation_data=(x, y), **options).history
    assert a == b
    assert one.evaluate(kind(equal), verbose=0) == one.evaluate(x, y, batch_size=20, verbose=0)


def test_a_validation_iterator_goes_on_and_may_run_out():
    x, y = data(3)
    model = net(3)
    batches = iter(cut(x, y))
    with pytest.warns(UserWarning, match="data after 0 of 2 batches of .*; there is no valid"):
        history = model.fit(
            x, y, epochs=3, validation_data=batches, validation_steps=2, verbose=0
        ).history
    assert len(history["loss"]) == 3
    assert len(history["val_loss"]) == 2


def test_predict_in_batches():
    x, y = data(3)
    model = net(3)
    whole = model.predict(x, verbose=0)
    for source in (
        (b[0] for b in cut(x)),
        iter(cut(x, y)),
        cut(x, y),
        Indexed(cut(x, y, y)),
        Reiterable([b[0].tolist() for b in cut(x)]),
    ):
        assert np.array_equal(model.predict(source, verbose=0), whole)
    assert np.array_equal(model.predict(cut(x), steps=2, verbose=0), whole[:35])
    seen = []
    watch = LambdaCallback(on_predict_batch_end=lambda n, logs: seen.append(len(logs["outputs"])))
    model.predict(cut(x), callbacks=watch, verbose=0)
    assert seen == list(SIZES)


def test_the_first_batch_builds_the_model():
    x, y = data(3)
    for use in (
        lambda m: m.fit(iter(cut(x, y)), verbose=0),
        lambda m: m.evaluate(iter(cut(x, y)), verbose=0),
        lambda m: m.predict(iter(cut(x)), verbose=0),
    ):
        model = Sequential([corereg.layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        use(model)
        assert model.built
        assert model.input_shape == (None, 6)


def test_batches_of_equal_shape_are_recorded_once(monkeypatch):
    x, y = data(3)
    taken = watched(monkeypatch)
    net(3).fit(cut(x, y), epochs=3, verbose=0)
    assert taken == [10, 25, 5]


def bad_row(x):
    x = x.copy()
    x[2, 1] = np.nan
    return x


@pytest.mark.parametrize(
    ("fail_recording", "exception", "message"),
    [
        (lambda x, y: (bad_row(x), y), ValueError, r"fit: batch 2: .* finite .* in row 2"),
        (lambda x, y: (x[:, :5], y), ValueError, r"fit: batch 2: expected X of shape \(rows, 6\)"),
        (lambda x, y: (x, y + 3), ValueError, r"fit: batch 2: .* labels in \[0, 3\)"),
        (lambda x, y: (x, y[:4]), ValueError, "fit: batch 2: expected one target for each"),
        (lambda x, y: (x,), ValueError, r"fit: batch 2: expected y, received None"),
        (lambda x, y: (), ValueError, r"fit: batch 2: expected a tuple .* tuple of 0"),
        (lambda x, y: x, ValueError, "fit: batch 2: expected a tuple .* ndarray of 10"),
        (lambda x, y: (x, y, y, y), ValueError, r"fit: batch 2: .* tuple of 4"),
        (lambda x, y: (x, y, y * np.nan), ValueError, "fit: batch 2: .* sample_weight"),
        (lambda x, y: (x.astype(str), y), TypeError, "fit: batch 2: expected X of numbers"),
    ],
)
def test_every_batch_is_checked(fail_recording, exception, message, fails):
    x, y = data(3)
    model, twin = net(3), net(3)
    batches = cut(x, y)
    x, y = batches[2]
    batches[2] = fail_recording(x, y)
    fails(lambda: model.fit(iter(batches), verbose=0), exception, message)
    trained_by_hand(batches[:2], 1, twin)
    assert bits(model) == bits(twin)
    model.fit(x, y, verbose=0)  # still of use


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("y", np.zeros(10)),
        ("batch_size", 10),
        ("sample_weight", np.ones(10)),
        ("validation_split", 0.2),
    ],
)
def test_what_cannot_be_said_of_batches(name, value, fails):
    x, y = data(3)
    model = net(3)
    message = f"expected no {name} beside an iterable of batches"
    for source in (iter(cut(x, y)), cut(x, y)):
        fails(lambda s=source: model.fit(s, **{name: value}), ValueError, f"fit: {message}")
    if name != "validation_split":
        fails(lambda: model.evaluate(iter(cut(x, y)), **{name: value}), ValueError, message)
    if name == "batch_size":
        fails(lambda: model.predict(iter(cut(x)), batch_size=3), ValueError, message)


def test_no_batches_at_all(fails):
    model = net(3)
    for use in (model.fit, model.evaluate, model.predict):
        fails(lambda use=use: use(iter([]), verbose=0), ValueError, "the iterable gave none")


def test_what_is_an_iterable_of_batches():
    x, y = data(3)
    for stream in (iter([]), (b for b in ()), Indexed([]), Reiterable([]), [(x, y)], [(x,)]):
        assert is_iterable_of_batches(stream)
    for array in (None, x, x.tolist(), [x[0], x[1]], [], corereg.Tensor(x), (x, y), {"a": x}, "x"):
        assert not is_iterable_of_batches(array)
    for rows in ([(1.0, 2.0), (3.0, 4.0)], [((1, 2), (3, 4))]):
        assert not is_iterable_of_batches(rows)


def test_the_bar_of_an_unknown_number_of_steps(capsys):
    x, y = data(3)
    net(3).fit(Reiterable(cut(x, y)), epochs=2, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "step 4" in lines[0]
