"""get_state and set_state of callbacks: what a training that goes on elsewhere needs of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from callback_runs import Model, fit, series
from small import data, net

from corereg import callbacks
from corereg.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    SwapEMAWeights,
)
from corereg.metrics import AUC, F1Score, Mean, MeanIoU, Metric, R2Score
from corereg.metrics.state import put_state, state_of
from corereg.optimizers import Adam
from corereg.saving.plain_state import from_json, to_json

LOSSES = [5.0, 4.0, 4.5, 4.4, 4.3, 3.0, 3.5, 3.4, 3.3, 3.2]


def through_a_file(state):
    """A state as a file gives it back."""
    arrays = []
    text = json.dumps(to_json(state, arrays, "state"))
    return from_json(json.loads(text), {str(i): array for i, array in enumerate(arrays)})


def in_two(make, model, at):
    """A callback of which the first `at` epochs were seen by another one."""
    first, second = make(), make()
    fit(model, first, series("val_loss", LOSSES[:at]))
    stopped = model.stop_training
    second.set_state(through_a_file(first.get_state()))
    if not stopped:
        fit(model, second, series("val_loss", LOSSES[at:]), initial_epoch=at)
    return second


def in_one(make, model):
    only = make()
    fit(model, only, series("val_loss", LOSSES))
    return only


@pytest.mark.parametrize("at", [1, 3, 4, 6, 8])
def test_early_stopping_goes_on(at):
    def make():
        return EarlyStopping(patience=4, restore_best_weights=True)

    models = Model(), Model()
    one, two = in_one(make, models[0]), in_two(make, models[1], at)
    names = ("wait", "stopped_epoch", "best", "best_epoch")
    assert [getattr(one, n) for n in names] == [getattr(two, n) for n in names]
    assert one.stopped_epoch == 9
    assert one.best_weights[0] == 12
    if at > 5:  # of the fake model, which the first of two runs gives its best weights at its end
        assert two.best_weights[0] == 12
        assert models[0].weight == models[1].weight


@pytest.mark.parametrize("at", [1, 2, 3, 4, 6])
def test_reduce_lr_on_plateau_goes_on(at):
    def make():
        return ReduceLROnPlateau(patience=2, cooldown=2, factor=0.5)

    models = Model(), Model()
    one, two = in_one(make, models[0]), in_two(make, models[1], at)
    assert one.get_state() == two.get_state()
    assert models[0].optimizer.learning_rate == models[1].optimizer.learning_rate


def test_model_checkpoint_goes_on(tmp_path):
    def make():
        return ModelCheckpoint(tmp_path / "{epoch}", save_best_only=True)

    models = Model(), Model()
    in_one(make, models[0]), in_two(make, models[1], 4)
    assert models[0].saved == models[1].saved

    def every_third_batch():
        return ModelCheckpoint(tmp_path / "{epoch}-{batch}", save_freq=3)

    models = Model(), Model()
    in_one(every_third_batch, models[0]), in_two(every_third_batch, models[1], 4)
    assert models[0].saved == models[1].saved


def test_csv_logger_cuts_off_what_came_after_its_state(tmp_path):
    path = tmp_path / "log.csv"
    fit(Model(), CSVLogger(path), series("loss", [3.0, 2.0, 1.0]))
    expected = path.read_bytes()
    first = CSVLogger(path)
    fit(Model(), first, series("loss", [3.0, 2.0]))
    state = through_a_file(first.get_state())
    fit(Model(), first, series("loss", [7.0]), 5)  # a row that a killed training has still written
    path.write_bytes(expected[: state["length"]] + b"9,9,9\n")
    second = CSVLogger(path)
    second.set_state(state)
    fit(Model(), second, series("loss", [1.0]), initial_epoch=2)
    assert path.read_bytes() == expected
    fit(Model(), second, series("loss", [8.0]))  # without a state it begins anew
    assert path.read_text().splitlines()[1:] == ["0,8.0,NA"]
    assert CSVLogger(tmp_path / "missing").get_state() == {"keys": None, "length": 0}


def test_a_log_that_lost_rows_goes_on(tmp_path):
    path = tmp_path / "log.csv"
    log = CSVLogger(path)
    log.set_state({"keys": ["loss"], "length": 1000})
    with pytest.warns(UserWarning, match=r"log.csv' has lost rows of epochs before this one"):
        fit(Model(), log, series("loss", [1.0]), initial_epoch=7)
    assert path.read_text().splitlines() == ["epoch,loss", "7,1.0"]


def test_history_goes_on():
    logs = [{"loss": 1.0, "each": np.array([1.0, 2.0]), "word": "a"}, {"loss": float("nan")}]
    first = History()
    fit(Model(), first, logs)
    second = History()
    second.set_state(through_a_file(first.get_state()))
    fit(Model(), second, [{"loss": 0.5}], initial_epoch=2)
    assert second.epoch == [0, 1, 2]
    assert [type(value) for value in second.history["loss"]] == [float] * 3
    assert str(second.history["loss"]) == "[1.0, nan, 0.5]"
    assert second.history["word"] == ["a"]
    assert second.history["each"][0].tolist() == [1.0, 2.0]
    fit(Model(), second, [{"loss": 0.5}], initial_epoch=2)
    assert second.epoch == [2]


def test_swap_ema_weights_knows_where_the_averages_are():
    x, y = data()
    model = net(optimizer=Adam(0.1, use_ema=True, ema_momentum=0.5))
    swap = SwapEMAWeights(swap_on_epoch=True)
    states = []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            states.append(swap.get_state())

    model.fit(x, y, epochs=2, verbose=0, callbacks=[swap, Look()])
    assert states == [{"averages_in_model": True}, {"averages_in_model": False}]
    other = SwapEMAWeights(swap_on_epoch=True)
    other.set_state(states[0])
    other.set_model(model)
    before = [w.data.tobytes() for w in model.optimizer._averages]
    other.on_train_begin()
    other.on_epoch_begin(1)
    assert [w.tobytes() for w in model.get_weights()] == before  # they were swapped
    assert other.get_state() == {"averages_in_model": False}


def test_progress_and_those_without_a_state():
    bar = ProgbarLogger()
    bar.set_state(through_a_file({"seen": 3}))
    assert bar.get_state() == {"seen": 3}
    for one in (Callback(), LearningRateScheduler(lambda epoch: 0.1), callbacks.LambdaCallback()):
        assert one.get_state() is None
        one.set_state(None)


class Counts(Callback):
    def __init__(self, count=0):
        self.count = count

    def get_state(self):
        return {"count": self.count}

    def set_state(self, state):
        self.count = state["count"]


def test_a_list_gives_states_by_class_and_order():
    first = CallbackList([Counts(1), EarlyStopping(), Counts(2), Callback()])
    state = first.get_state()
    assert [name for name, _ in state] == ["Counts", "EarlyStopping", "Counts"]
    second = CallbackList([EarlyStopping(), Counts(), Counts(), Counts(9)])
    second.set_state(state)
    assert [one.count for one in second.callbacks[1:]] == [1, 2, 9]
    with pytest.warns(UserWarning, match="a saved state of Counts, which is not among the callb"):
        CallbackList([EarlyStopping(), Counts()]).set_state(state)
    stop = second.callbacks[0]
    stop.wait = 7
    stop.on_train_begin()  # a state that a list gave belongs to the training that has begun
    assert stop.wait == 0


def test_backups_come_last(tmp_path):
    keep = callbacks.BackupAndRestore(tmp_path)
    found = CallbackList([keep, Counts()], add_history=True, add_progbar=True)
    assert found.callbacks[-1] is keep
    assert len(found.callbacks) == 4


# ---- what a state may be ------------------------------------------------------------------------


def test_a_state_comes_back_as_it_was():
    state = {
        "array": 1, "dict": {"a": None, "b": [True, 1.5, "text", [], {}]}, "": float("inf"),
        "tuple": (1, 2), "x": np.arange(6.0).reshape(2, 3), "y": np.float32(0.1), "z": np.int64(3),
    }  # fmt: skip
    found = through_a_file(state)
    assert found["x"].tolist() == state["x"].tolist()
    assert found["y"] == np.float32(0.1)
    assert found["y"].dtype == np.float32
    assert found["tuple"] == [1, 2]
    for name in ("array", "dict", ""):
        assert found[name] == state[name]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"a": [1, object()]}, r"state\['a'\]\[1\]: expected numbers, .*, received object"),
        ({1: 2}, "state: expected texts as keys, received 1"),
        (np.array(["a"]), "state: expected numbers, received an array of <U1"),
        ({"a": {1, 2}}, r"state\['a'\]: expected numbers, .*, received set"),
    ],
)
def test_other_states_are_refused_with_their_place(state, message):
    with pytest.raises(TypeError, match=message):
        to_json(state, [], "state")


# ---- metrics ------------------------------------------------------------------------------------


class Own(Metric):
    """Counts in Python, and in metrics of its own."""

    def __init__(self):
        super().__init__()
        self.count, self.seen, self.inner, self.array = 0, [], Mean(), np.zeros(2)

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.count += 1
        self.seen.append(float(np.mean(y_pred.data)))
        self.inner.update_state(y_pred.data.mean())
        self.array += 1

    def result(self):
        return self.count + sum(self.seen) + self.inner.result() + self.array.sum()


@pytest.mark.parametrize(
    "make",
    [AUC, lambda: AUC(multi_label=True), F1Score, R2Score, lambda: MeanIoU(2), Own, Mean],
    ids=["auc", "auc of labels", "f1", "r2", "iou", "own", "mean"],
)
def test_a_metric_goes_on(make):
    rng = np.random.default_rng(0)
    first, second = make(), make()
    batches = [(rng.integers(0, 2, (9, 2)), rng.random((9, 2)).astype("f4")) for _ in range(4)]
    if isinstance(first, MeanIoU):
        batches = [(y, y[::-1]) for y, _ in batches]

    def update(metric, y, p):
        if isinstance(metric, Mean):
            metric.update_state(p)
        else:
            metric.add_batch(y, p, None)

    for y, p in batches[:2]:
        update(first, y, p)
    state = through_a_file(state_of(first))
    put_state(second, state)
    assert np.array_equal(second.result(), first.result())
    for y, p in batches[2:]:
        update(first, y, p)
        update(second, y, p)
    assert np.array_equal(second.result(), first.result())
    second.reset_state()
    put_state(second, state)
    assert [str(v.numpy()) for v in second.variables] == [
        str(v.numpy()) for v in _at(make, batches[:2], update)
    ]


def _at(make, batches, update):
    metric = make()
    for y, p in batches:
        update(metric, y, p)
    return metric.variables


def test_the_state_of_another_metric_is_refused():
    one, other = MeanIoU(2), MeanIoU(3)
    with pytest.raises(ValueError, match=r"expected its saved .* of shape"):
        put_state(other, state_of(one))
