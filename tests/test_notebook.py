"""Progress in a notebook: one output, written anew, short and rarely; and a real kernel."""

from __future__ import annotations

import io
import sys
import types
import warnings
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import progress
from corereg.layers import Dense, Input
from corereg.progress import ProgressBar

LOGS = {"accuracy": 0.81, "loss": 0.5123, "penalty": 0.1023}
LONG = {f"a_long_name_of_a_metric_{i}": 0.5 for i in range(6)}


class Page:
    """The outputs of a cell: what each of them showed, one after the other."""

    def __init__(self) -> None:
        self.outputs: list[list[str]] = []
        self.broken = False
        self.stream: Any = None

    def display(self, data: dict[str, str], raw: bool, display_id: bool) -> Page:
        assert raw
        assert display_id
        self.outputs.append([])
        self.update(data, raw)
        return self

    def update(self, data: dict[str, str], raw: bool) -> None:
        if self.broken:
            raise RuntimeError("the kernel is going away")
        assert list(data) == ["text/plain"]
        self.outputs[-1].append(data["text/plain"])


OutStream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})


@pytest.fixture
def page(monkeypatch: Any) -> Page:
    """Lets the progress display believe that it is in a notebook."""
    page = Page()
    shell = types.SimpleNamespace(kernel=object())
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
    ipython.display = types.ModuleType("IPython.display")  # type: ignore[attr-defined]
    ipython.display.display = page.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    page.stream = OutStream()
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stdout=page.stream))
    return page


@pytest.fixture
def clock(monkeypatch: Any) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def run(clock: list[float], epochs: int, seconds: float, logs: dict[str, float]) -> None:
    with ProgressBar(epochs, 4) as bar:
        for epoch in range(epochs):
            bar.begin_epoch(epoch)
            for step in range(4):
                clock[0] += seconds
                if bar.due:
                    bar.update(step + 1, logs)
            bar.end_epoch(logs)


def test_one_output_shows_what_runs_above_the_epoch_that_ended(page: Page, clock: Any) -> None:
    run(clock, 2, 0.5, LOGS)
    (states,) = page.outputs
    assert states[0] == (
        "Epoch 1/2  1/4 [█████               ] ETA 2s - loss: 0.5123 - penalty: 0.1023 - "
        "accuracy: 0.8100"
    )
    text = "loss: 0.5123 (data 0.4100 + penalty 0.1023) - accuracy: 0.8100"
    assert f"\nEpoch 1/2  4/4 500ms/step - {text}" in states[4]
    assert states[4].startswith("Epoch 2/2  1/4 [█████")
    assert states[-1] == f"Epoch 2/2  4/4 500ms/step - {text}"
    assert page.stream.getvalue() == ""


def test_lines_are_under_100_columns(page: Page, clock: Any) -> None:
    run(clock, 3, 0.5, LOGS | LONG)
    lines = [line for state in page.outputs[0] for line in state.split("\n")]
    assert max(map(len, lines)) < 100
    assert all(name in page.outputs[0][-1] for name in LONG)


def test_short_epochs_write_at_most_ten_times_a_second(page: Page, clock: Any) -> None:
    run(clock, 1000, 0.0005, LOGS)  # two seconds
    (states,) = page.outputs
    assert 15 <= len(states) <= 22
    assert states[-1].startswith("Epoch 1000/1000")


def test_an_interrupt_leaves_the_last_state(page: Page, clock: Any) -> None:
    def interrupted() -> None:
        with ProgressBar(9, 4) as bar:
            for epoch in range(3):
                bar.begin_epoch(epoch)
                clock[0] += 0.001
                bar.end_epoch(LOGS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert page.outputs[0][-1].startswith("Epoch 3/9")


def test_a_kernel_that_goes_away_stops_nothing(page: Page, clock: Any) -> None:
    page.broken = True
    run(clock, 2, 0.5, LOGS)
    assert page.outputs == [[]]


def test_lines_are_written_where_they_are_asked_for_or_caught(page: Page, monkeypatch: Any) -> None:
    with ProgressBar(1, 4, verbose=2) as bar:
        bar.end_epoch(LOGS)
    assert page.stream.getvalue().startswith("Epoch 1/1  4/4")
    caught = io.StringIO()
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stdout=caught))
    with ProgressBar(1, 4) as bar:
        bar.end_epoch(LOGS)
    assert caught.getvalue().startswith("Epoch 1/1  4/4")
    assert page.outputs == []


def test_fit_evaluate_and_predict_write_one_output_each(page: Page) -> None:
    x = np.zeros((40, 3), "float32")
    model = corereg.Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], epochs=20, validation_split=0.2)
    model.evaluate(x, x[:, :1])
    model.predict(x)
    assert len(page.outputs) == 3
    assert page.outputs[0][-1].startswith("Epoch 20/20  1/1")
    assert "val_loss" in page.outputs[0][-1]


CELLS = [
    """\
import time
import numpy as np
import corereg
from corereg.callbacks import Callback
from corereg.layers import Dense, Input

class Slow(Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.02)

x = np.random.default_rng(0).normal(size=(320, 4)).astype("float32")
model = corereg.Sequential([Input((4,)), Dense(3, kernel_regularizer="l2"), Dense(1)])
model.compile("adam", "mse")
model""",
    "model.fit(x, x[:, :1], epochs=3, validation_split=0.2, callbacks=[Slow()])",
    "%%capture caught\nmodel.fit(x, x[:, :1], epochs=2)",
    "print(caught.stdout)",
    "model.fit(x[:, :2], x[:, :1])",
]


@pytest.mark.exhaustive
def test_a_real_notebook() -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    v4 = nbformat.v4
    book = v4.new_notebook(cells=[v4.new_code_cell(text) for text in CELLS])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the client's libraries
        nbclient.NotebookClient(book, timeout=300, allow_errors=True).execute()
    made, trained, caught, printed, failed = (cell.outputs for cell in book.cells)
    assert "<table>" in made[0].data["text/html"]
    live, history = trained
    assert live.output_type == "display_data"
    assert live.data["text/plain"].startswith("Epoch 3/3  8/8 ")
    assert max(map(len, live.data["text/plain"].split("\n"))) < 100
    assert "<svg" in history.data["text/html"]
    assert caught == []
    assert printed[0].text.count("Epoch") == 2
    frames = [line for line in failed[0].traceback if "/corereg/" in line]
    assert len(frames) == 1
