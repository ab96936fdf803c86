"""ProgbarLogger, and CallbackList and LambdaCallback as Keras's take their arguments."""

from __future__ import annotations

import io
import itertools
import shutil
import sys
from types import SimpleNamespace

import pytest
from small import data, net

from corereg import progress
from corereg.callbacks import CallbackList, History, LambdaCallback, ProgbarLogger


def test_fit_shows_its_progress_once(capsys):
    x, y = data()
    logger = ProgbarLogger()
    for callbacks in (None, logger):
        net().fit(x, y, epochs=2, verbose=2, callbacks=callbacks)
        assert capsys.readouterr().out.count("Epoch ") == 2
    model = net()
    model.evaluate(x, y, verbose=2, callbacks=logger)
    model.predict(x, verbose=2, callbacks=[logger])
    assert capsys.readouterr().out.count("2/2") == 1
    net().fit(x, y, verbose=0, callbacks=ProgbarLogger())
    assert capsys.readouterr().out == ""
    observers = CallbackList(ProgbarLogger())
    assert observers.observes_batches
    observers.leave_display_to_caller()
    assert not observers.observes_batches


def test_a_loop_of_ones_own_shows_its_progress(capsys):
    run = CallbackList(None, add_history=True, add_progbar=True, epochs=2, steps=3, verbose=1)
    assert run.params == {"epochs": 2, "steps": 3, "verbose": 1}
    assert [type(one) for one in run.callbacks] == [History, ProgbarLogger]
    run.set_model(net())
    run.on_train_begin()
    for epoch in range(2):
        run.on_epoch_begin(epoch)
        for batch in range(3):
            run.on_train_batch_begin(batch)
            run.on_train_batch_end(batch, {"loss": 0.5})
        run.on_test_begin()
        run.on_test_batch_end(0, {"loss": 9})
        run.on_test_end({"loss": 9})  # a validation is silent
        run.on_predict_begin()
        run.on_predict_batch_end(0)
        run.on_predict_end()  # and so is a prediction
        run.on_epoch_end(epoch, {"loss": 0.25, "val_loss": 9})
    run.on_train_end()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Epoch 2/2  3/3 ")
    assert lines[1].endswith("/step - loss: 0.2500 - val_loss: 9.0000")
    for kind in ("test", "predict"):
        getattr(run, f"on_{kind}_begin")()
        getattr(run, f"on_{kind}_batch_end")(0, {"loss": 1})
        getattr(run, f"on_{kind}_end")({"loss": 1})
        shown = "loss" in capsys.readouterr().out
        assert shown is (kind == "test")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_run_that_ends_within_an_epoch_leaves_its_line(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_DRAWS", 0.0)
    run = CallbackList(None, add_progbar=True, epochs=2, steps=9, verbose=1)
    run.set_model(net())
    run.on_train_begin()
    run.on_epoch_begin(0)
    run.on_train_batch_end(0, {"loss": 0.5})
    assert "1/9" in sys.stdout.getvalue()
    assert not sys.stdout.getvalue().endswith("\n")
    run.on_train_end()
    assert sys.stdout.getvalue().endswith("\n")


def test_a_progbar_in_the_list_is_the_only_one():
    mine = ProgbarLogger()
    assert CallbackList([mine], add_progbar=True).callbacks == [mine]


def test_lambda_callback_takes_the_first_hooks_by_place_and_all_by_name():
    x, y = data()
    seen = []
    hooks = [
        *("on_epoch_begin", "on_epoch_end", "on_train_begin", "on_train_end"),
        *("on_train_batch_begin", "on_train_batch_end"),
    ]
    functions = [lambda *_, name=name, **__: seen.append(name) for name in hooks]
    tests = {"on_test_begin": lambda logs: seen.append("test")}
    net().fit(x, y, batch_size=50, verbose=0, callbacks=LambdaCallback(*functions))
    assert seen == [hooks[i] for i in (2, 0, 4, 5, 1, 3)]
    seen.clear()
    net().evaluate(x, y, verbose=0, callbacks=LambdaCallback(**tests))
    assert seen == ["test"]
    with pytest.raises(TypeError, match="'on_fit' is no hook"):
        LambdaCallback(on_fit=print)


def test_the_terminals_size_is_looked_at_twice_a_second(monkeypatch):
    """Of a window that grows from 80 to 81, 82, ... columns."""
    columns, now = itertools.count(81), [0.0]
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: SimpleNamespace(columns=next(columns)))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    bar = progress.ProgressBar(10)
    bar._output, found = None, []
    for now[0] in (100.0, 100.49, 100.5, 100.9, 101.0):
        found.append(bar._terminal_width())
    assert found == [80, 80, 81, 81, 82]
