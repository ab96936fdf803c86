"""The four programs of the Keras regularization tutorials, with only the import changed."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg.layers import Dense, Dropout, Input
from corereg.models import Sequential, load_model
from corereg.regularizers import l2

IMPORTS = """
from keras.models import Sequential
from keras.layers import Dense, Dropout
from keras.regularizers import l1, l2, l1_l2
from keras import regularizers
"""
BINARY = """
model = Sequential()
model.add(Dense(64, input_dim=10, activation='relu', kernel_regularizer=l1(0.01)))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
"""
BINARY_DROPOUT = """
model = Sequential()
model.add(Dense(64, input_dim=10, activation='relu'))
model.add(Dropout(0.5))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
"""
MULTICLASS = """
model = Sequential()
model.add(Dense(64, input_dim=100, activation='relu', kernel_regularizer=regularizers.l1(0.01)))
model.add(Dense(64, activation='relu', kernel_regularizer=regularizers.l2(0.01)))
model.add(Dense(10, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X_train, y_train, epochs=10, batch_size=32)
"""
MULTICLASS_DROPOUT = """
model = Sequential()
model.add(Dense(64, input_dim=100, activation='relu', kernel_regularizer=regularizers.l1(0.01)))
model.add(Dropout(0.5))
model.add(Dense(64, activation='relu', kernel_regularizer=regularizers.l2(0.01)))
model.add(Dropout(0.5))
model.add(Dense(10, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X_train, y_train, epochs=10, batch_size=32)
"""
PROGRAMS = {
    "l1": BINARY,
    "l2": BINARY.replace("l1(0.01)", "l2(0.01)"),
    "l1_l2": BINARY.replace("l1(0.01)", "l1_l2(l1=0.01, l2=0.01)"),
    "dropout": BINARY_DROPOUT,
    "multiclass": MULTICLASS,
    "multiclass_dropout": MULTICLASS_DROPOUT,
}


def binary_data(dtype="float32"):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((100, 10))
    return x.astype(dtype), (x[:, 0] + x[:, 1] > 0).astype("int64")


def multiclass_data(dtype="float32"):
    rng = np.random.default_rng(2)
    label = rng.integers(0, 10, 100)
    x = rng.standard_normal((100, 100))
    x[np.arange(100), label] += 5
    return x.astype(dtype), corereg.utils.to_categorical(label, 10)


def compiled(name):
    """The model of one of the binary programs."""
    names = {}
    exec((IMPORTS + PROGRAMS[name]).replace("from keras", "from corereg"), names)
    return names["model"]


def trained(name, dtype="float32"):
    """The model of a program after ten epochs, with its data."""
    if "multiclass" not in name:
        model = compiled(name)
        x, y = binary_data(dtype)
        model.fit(x, y, epochs=10, verbose=0)
        return model, x, y
    names = dict(zip(("X_train", "y_train"), multiclass_data(dtype), strict=True))
    exec((IMPORTS + PROGRAMS[name]).replace("from keras", "from corereg"), names)
    return names["model"], names["X_train"], names["y_train"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_trains_and_does_all_a_user_asks(name, dtype, tmp_path, capsys):
    corereg.set_random_seed(3)
    model, x, y = trained(name, dtype)
    history = model.history.history
    penalized = {"penalty"} if name != "dropout" else set()
    assert set(history) == {"loss", "accuracy"} | penalized
    assert all(len(values) == 10 for values in history.values())
    assert all(type(value) is float for values in history.values() for value in values)
    assert history["loss"][-1] < history["loss"][0]
    assert all(history[key][-1] > 0 for key in penalized)

    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert accuracy > (0.15 if y.ndim == 2 else 0.6)  # chance: 0.1, 0.5
    out = model.predict(x, verbose=0)
    assert out.shape == (100, 10 if y.ndim == 2 else 1)
    assert out.dtype == np.float32
    assert (out >= 0).all()
    assert (out <= 1).all()
    hits = out.argmax(1) == y.argmax(1) if y.ndim == 2 else (out[:, 0] > 0.5) == y
    assert accuracy == pytest.approx(hits.mean())

    capsys.readouterr()
    model.summary()
    printed = capsys.readouterr().out
    total = sum(w.size for w in model.trainable_weights)
    assert f"Trainable params: {total:,}" in printed
    assert "dense" in printed

    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert np.array_equal(loaded.predict(x, verbose=0), out)
    assert loaded.evaluate(x, y, verbose=0) == [loss, accuracy]

    weights = model.get_weights()
    before = [w.copy() for w in weights]
    tail = model.train_on_batch(x[:32], y[:32])
    assert len(tail) == 2
    assert all(type(value) is float for value in tail)
    assert any((a != b).any() for a, b in zip(model.get_weights(), before, strict=True))
    assert all((a == b).all() for a, b in zip(weights, before, strict=True))  # they were copies
    model.set_weights(before)
    assert np.array_equal(model.predict(x, verbose=0), out)


def test_l1_penalty_is_in_the_loss_and_alone_in_penalty():
    model, x, y = trained("l1")
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    kernel = model.get_weights()[0].astype("float64")
    p = model.predict(x, verbose=0)[:, 0].astype("float64")
    data = -np.where(y == 1, np.log(p), np.log(1 - p)).mean()
    assert found["penalty"] == pytest.approx(0.01 * np.abs(kernel).sum(), rel=1e-6)
    assert found["loss"] == pytest.approx(data + found["penalty"], rel=1e-5)


def test_history_penalty_is_that_of_before_each_step():
    x, y = binary_data()
    model = compiled("l1")
    penalties, losses = [], []

    class Watch(corereg.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            penalties.append(0.01 * np.abs(model.get_weights()[0].astype("float64")).sum())
            rows = slice(batch * 32, batch * 32 + 32)
            losses.append(model.evaluate(x[rows], y[rows], verbose=0)[0])

    model.fit(x, y, epochs=1, shuffle=False, verbose=0, callbacks=[Watch()])
    rows = [32, 32, 32, 4]
    history = model.history.history
    assert history["penalty"][0] == pytest.approx(np.average(penalties, weights=rows), rel=1e-6)
    assert history["loss"][0] == pytest.approx(np.average(losses, weights=rows), rel=1e-6)


def test_predict_is_deterministic_with_dropout_in_the_model():
    model, x, _ = trained("dropout")
    first = model.predict(x, verbose=0)
    assert np.array_equal(first, model.predict(x, verbose=0))
    assert np.array_equal(first, model(x, training=False).numpy())
    assert np.array_equal(first, model(x).numpy())
    noisy = model(x, training=True).numpy()
    assert (noisy != first).any()
    assert (noisy != model(x, training=True).numpy()).any()


@pytest.mark.parametrize("name", PROGRAMS)
def test_one_seed_gives_the_same_run_bit_for_bit(name, capsys):
    runs = []
    for seed in (7, 7, 8):
        corereg.set_random_seed(seed)
        model, _, _ = trained(name)
        runs.append((model.history.history, [w.tobytes() for w in model.get_weights()]))
    assert runs[0] == runs[1]
    assert runs[0][1] != runs[2][1]


@pytest.mark.parametrize("first", ["input_dim", "input_shape", "Input", "nothing"])
def test_however_the_input_shape_is_said(first):
    x, y = binary_data()
    runs = []
    for way in ("input_dim", first):
        corereg.set_random_seed(5)
        known = {"input_dim": {"input_dim": 10}, "input_shape": {"input_shape": (10,)}}
        stack = [
            Dense(8, activation="relu", kernel_regularizer=l2(0.01), **known.get(way, {})),
            Dropout(0.2),
            Dense(1, activation="sigmoid"),
        ]
        model = Sequential([Input((10,)), *stack] if way == "Input" else stack)
        assert model.built == (way != "nothing")
        model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
        history = model.fit(x, y, epochs=2, verbose=0).history
        assert model.built
        runs.append((history, [w.tobytes() for w in model.get_weights()]))
    assert runs[0] == runs[1]
