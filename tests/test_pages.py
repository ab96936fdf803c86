"""What notebooks show of models, histories, tensors and tables: well-formed HTML without scripts,
with every text escaped, for light and dark themes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import markup
from corereg.callbacks import EarlyStopping, History
from corereg.layers import BatchNormalization, Concatenate, Dense, Dropout, Input
from corereg.models import Ensemble, clone_model
from corereg.optimizers import Adam, schedules

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = (X[:, 0] > 0).astype(int)
VOID = {"path"}  # elements that are closed where they are opened


class Reader(HTMLParser):
    """Reads a page: its tables by row and cell, its other text, and whether tags are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.curves: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        assert tag in VOID
        self.names.add(tag)
        given = dict(attributes)
        if str(given["class"]).startswith("c"):
            self.curves.append(given["d"])

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.open.append(tag)
        self.names.add(tag)
        assert not any(name.startswith("on") for name, _ in attributes)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        elif self.open and self.open[-1] != "style":
            self.texts.append(data)


def read(thing: Any) -> Reader:
    page = thing._repr_html_()
    found = Reader(page)
    assert "script" not in found.names
    assert "prefers-color-scheme:dark" in page
    assert 'data-jp-theme-light="false"' in page
    assert not re.search(r"(?<![\w-])(?:color|background):\s*(?:#|white|black)", page)
    return found


@pytest.fixture(scope="module")
def model() -> Any:
    corereg.set_random_seed(1)
    model = corereg.Sequential(
        [Input((4,)), Dense(5, "relu", kernel_regularizer="l2"), Dropout(0.25), Dense(1, "sigmoid")]
    )
    model.compile(Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    stop = EarlyStopping("val_loss", patience=30)
    model.fit(X, Y, epochs=20, verbose=0, validation_split=0.25, callbacks=[stop])
    return model


def test_a_model_is_a_table_of_layers(model: Any) -> None:
    model.layers[-1].trainable = False
    found = read(model)
    model.layers[-1].trainable = True
    head, dense, dropout, last = found.rows
    assert head == ["Layer", "Type", "Output shape", "Parameters", "Trained", "Regularization"]
    assert dense[1:] == ["Dense", "(None, 5)", "25", "yes", "kernel: L2(0.01)"]
    assert dropout[1:] == ["Dropout", "(None, 5)", "0", "", "rate 0.25"]
    assert last[3:] == ["6", "no, frozen", ""]
    told = " | ".join(found.texts)
    assert f"Sequential {model.name!r}" in told
    assert "Trainable params: 25" in told
    assert "Compiled: Adam, learning rate 0.01; loss binary_crossentropy; metrics accuracy" in told
    assert "Trained to epoch 20, loss 0." in told


def test_a_model_that_is_not_built_nor_compiled() -> None:
    found = read(corereg.Sequential([Dense(2)]))
    assert found.rows[1][1:] == ["Dense", "?", "0 (unbuilt)", ""]
    assert found.texts[-2:] == [
        "Total params: 0 (0.00 B); Trainable params: 0 (0.00 B); Non-trainable params: 0 (0.00 B); "
        "Not built: the input shape is open",
        "Not compiled",
    ]


def test_a_graph_says_what_is_connected() -> None:
    one, other = Input((4,), name="one"), Input((3,), name="other")
    joined = Concatenate(name="joined")([Dense(2, name="<b>&")(one), BatchNormalization()(other)])
    graph = corereg.Model([one, other], Dense(1, name="out")(joined))
    rate = schedules.ExponentialDecay(0.1, 10, 0.9)
    graph.compile(Adam(rate), {"out": "mse"}, metrics=["mae"], run_eagerly=True)
    found = read(graph)
    assert found.rows[0][-1] == "Connected to"
    assert found.rows[-1][-1] == "joined[0][0]"
    assert "<b>&" in [row[0] for row in found.rows]
    assert "b" in found.names  # of the title; the layer's name opened none
    assert found.texts[-1] == (
        "Compiled: Adam, learning rate by ExponentialDecay, now 0.1; loss out: "
        "mean_squared_error; metrics mae; run_eagerly=True"
    )


def test_an_ensemble_shows_its_models_and_their_shares(model: Any) -> None:
    found = read(Ensemble([model, clone_model(model)], weights=[3, 1]))
    assert [row[-1] for row in found.rows] == ["Share of the outputs", "75 %", "25 %"]
    for row in found.rows[1:]:
        assert row[:4] == [model.name, "Sequential", "(None, 1)", "31"]
    assert read(Ensemble([model, clone_model(model)])).rows[1][-1] == "50 %"


def test_a_history_is_curves_and_a_table(model: Any) -> None:
    history = model.history
    best = history.notes["early_stopping"].best_epoch + 1
    found = read(history)
    assert found.texts[0] == "History of 20 epochs"
    assert found.texts[-1] == f"Best val_loss in epoch {best}"
    assert found.rows[0] == [
        *("epoch", "loss", "penalty", "accuracy", "val_loss", "val_penalty", "val_accuracy")
    ]
    shown = [row[0] for row in found.rows[1:]]
    assert shown[:4] == ["1", "2", "3", "…"]
    assert shown[-6:] == [str(epoch) for epoch in range(15, 21)]
    assert str(best) in shown
    assert f'<tr class="mark"><td style="text-align:right">{best}</td>' in history._repr_html_()
    assert float(found.rows[1][1]) == pytest.approx(history.history["loss"][0], abs=1e-4)
    for text in ("loss without penalty", "accuracy", "training", "validation", "penalty"):
        assert text in found.texts


def test_short_histories(model: Any) -> None:
    assert read(History()).texts == ["History of 0 epochs"]
    one = History()
    one.on_epoch_end(0, {"loss": float("nan")})
    found = read(one)
    assert found.texts[0] == "History of 1 epoch"
    assert found.rows == [["epoch", "loss"], ["1", "nan"]]
    assert not found.curves


def test_epochs_without_validation_have_empty_cells() -> None:
    history = History()
    history.notes["validation_freq"] = 2
    for epoch in range(3):
        history.on_epoch_end(epoch, {"loss": 1.0} | ({"val_loss": 2.0} if epoch == 1 else {}))
    assert [row[2] for row in read(history).rows] == ["val_loss", "", "2.0000", ""]


def test_what_is_no_number_is_shown_as_nan() -> None:
    history = History()
    for _ in range(2):
        history.on_epoch_end(0, {"loss": np.ones((2, 2)), "told": "a word"})
    assert [row[1:] for row in read(history).rows[1:]] == [["1.0000", "nan"]] * 2


def test_many_columns_are_named_below() -> None:
    history = History()
    logs = {f"layer_{i}/kernel_penalty": 0.1 for i in range(12)}
    history.on_epoch_end(0, {"loss": 1.0, "penalty": 0.5, **logs})
    found = read(history)
    assert len(found.rows[0]) == 11
    assert found.texts[-1].startswith("and layer_")


def test_tensors_are_short() -> None:
    small = read(corereg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True))
    assert small.texts == [
        "Tensor, float64, shape (2, 3)",
        "requires grad",
        "[[0. 1. 2.]\n [3. 4. 5.]]",
    ]
    values = np.ones((100, 100), "float32")
    values[0, :2] = np.nan, 0
    large = read(corereg.Parameter(values, name="a<b"))
    assert large.texts[0] == "Parameter 'a<b', float32, shape (100, 100)"
    assert large.texts[1] == (
        "requires grad; 0 to 1, mean 0.9999; 1 of 10,000 NaN or infinite; 1 of 10,000 zero"
    )
    assert len(large.texts[2]) < 300


def test_a_table_of_zeros_has_the_same_looks(model: Any) -> None:
    found = read(model.sparsity())
    assert found.rows[0][0] == "Layer"
    assert found.rows[-1][0] == "Total"


def test_curves_have_gaps_where_values_are_not_finite() -> None:
    nan = float("nan")
    lines = [markup.Curve("a<", 1, ([1, 2, 3, 4, 5], [0.0, 1.0, nan, 1.0, 0.0]))]
    found = Reader(markup.curves("<t>", lines, at=2))
    assert len(re.findall("M", found.curves[-1])) == 2
    assert len(re.findall("L", found.curves[-1])) == 2
    assert "<t>" in found.texts
    assert markup.curves("none", [markup.Curve("a", 1, ([1], [nan]))]) == ""
    alone = Reader(markup.curves("one", [markup.Curve("a", 1, ([1], [2.0]))]))
    assert alone.curves[-1].endswith("h1")


def test_long_curves_have_few_points() -> None:
    x = list(range(10_000))
    found = Reader(markup.curves("long", [markup.Curve("a", 1, (x, x))]))
    points = found.curves[-1].split("L")
    assert len(points) <= 302
    assert points[-1] == "292.0,34.0"  # the last one is there
