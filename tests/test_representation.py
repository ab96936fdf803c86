"""Reprs: what they say, that Python can read it, and that they never fail."""

from __future__ import annotations

import numpy as np
import pytest
from small import data, net
from test_parts import LAYERS, LOSSES

import corereg
from corereg import (
    calibration,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    registry,
    regularizers,
    utils,
)
from corereg.autograd.seeded import SeedGenerator
from corereg.optimizers import schedules
from corereg.representation import text
from corereg.saving import custom_object_scope

ARGUMENTS = {  # of parts that none of GUESSES makes
    "Activation": ("relu",),
    "EinsumDense": ("ab,bc->ac", 3),
    "ExponentialDecay": (0.1, 10, 0.5),
    "FromArray": (np.ones(2, "float32"),),
    "InverseTimeDecay": (0.1, 10, 0.5),
    "IoU": (3, [0]),
    "Lambda": (ops.tanh,),
    "LossScaleOptimizer": ("sgd",),
    "MeanMetricWrapper": (losses.hinge,),
    "SpectralNormalization": (layers.Dense(3),),
    "OneHotIoU": (3, [0]),
    "Permute": ((2, 1),),
    "PiecewiseConstantDecay": ([1, 2], [0.1, 0.2, 0.3]),
    "Pipeline": ([layers.RandomFlip()],),
}
GUESSES = [(), (3,), (0.25,), ([0.5, 1.0],), ((2, 1),), (3, 2), (0.5, 0.25)]
KINDS = sorted(set(registry.PACKAGES) - {"activation", "model"})
PARTS = [
    pytest.param(kind, part, None, id=f"{kind}-{name}")
    for kind in KINDS
    for name, part in registry.parts(kind).items()
    if isinstance(part, type) and part.__module__.startswith("corereg.")
]
PARTS += [
    pytest.param(kind, part, options, id=f"{kind}-{part.__name__}-{n}")
    for kind, table in (("layer", LAYERS), ("loss", LOSSES))
    for n, (part, _, options) in enumerate(table)
]


def made(part):
    """An object of a class, with as few arguments as it takes."""
    name = part.__name__
    for arguments in [ARGUMENTS[name]] if name in ARGUMENTS else GUESSES:
        try:
            return part(*arguments)
        except (TypeError, ValueError):
            continue
    pytest.fail(f"what does {name} take? Enter it in ARGUMENTS")


def names(*packages):
    """What a text is evaluated among: the public names of packages, and NumPy's array."""
    found = {"array": np.array, "float32": np.float32, "float64": np.float64}
    return {**found, **{n: getattr(one, n) for one in packages for n in one.__all__}}


def read(shown, kind):
    everything = (ops, initializers, constraints, regularizers, schedules, optimizers, layers)
    own = {"loss": losses, "metric": metrics, "initializer": initializers}.get(kind)
    known = names(*everything, *([own] if own else []))
    hidden = {} if kind == "initializer" else registry.parts(kind)  # some are not public
    return eval(shown, {**known, **hidden, "hinge": losses.hinge})


@pytest.mark.parametrize(("kind", "part", "options"), PARTS)
def test_python_reads_what_a_part_shows(kind, part, options):
    part = made(part) if options is None else part(**options)
    again = read(repr(part), kind)
    assert type(again) is type(part)
    assert repr(again) == repr(part)
    assert "<" not in repr(part)
    try:
        config, other = part.get_config(), again.get_config()
    except TypeError:
        return  # functions cannot be saved
    np.testing.assert_equal(without_names(other), without_names(config))


def without_names(config):
    """A config without the names that parts were given, in what is inside it, too."""
    if isinstance(config, dict):
        return {key: without_names(one) for key, one in config.items() if key != "name"}
    return [*map(without_names, config)] if isinstance(config, list) else config


L2 = regularizers.L2(0.01)


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (optimizers.Adam(), "Adam(learning_rate=0.001)"),
        (optimizers.SGD(0.1, momentum=0.9), "SGD(learning_rate=0.1, momentum=0.9)"),
        (
            optimizers.SGD(schedules.ExponentialDecay(0.1, 10, 0.5), clipnorm=1),
            "SGD(learning_rate=ExponentialDecay(0.1, 10, 0.5), clipnorm=1)",
        ),
        (optimizers.Adam(name="mine"), "Adam(learning_rate=0.001, name='mine')"),
        (optimizers.SAM(rho=0.1), "SAM(base=Adam(learning_rate=0.001), rho=0.1)"),
        (
            layers.Dense(64, "relu", kernel_regularizer=L2),
            "Dense(64, activation='relu', kernel_regularizer=L2(0.01))",
        ),
        (layers.Dense(3, kernel_initializer="zeros"), "Dense(3, kernel_initializer=Zeros())"),
        (layers.Dense(3, name="out"), "Dense(3, name='out')"),
        (layers.Dense(3, name="dense_7", dtype="float64"), "Dense(3, dtype='float64')"),
        (layers.Dense(3, trainable=False), "Dense(3, trainable=False)"),
        (layers.Dropout(0.5), "Dropout(0.5)"),
        (layers.Activation(lambda x: x), "Activation(<lambda>)"),
        (losses.Huber(0.5, reduction="sum"), "Huber(delta=0.5, reduction='sum')"),
        (losses.BinaryCrossentropy(True), "BinaryCrossentropy(from_logits=True)"),
        (losses.get(np.mean), "LossFunction(mean)"),
        (metrics.AUC(), "AUC(num_thresholds=200)"),
        (metrics.Precision(0.7), "Precision(thresholds=0.7)"),
        (metrics.Mean("loss"), "Mean(name='loss')"),
        (initializers.Constant(np.arange(3.0)), "Constant(array([0., 1., 2.]))"),
        (
            initializers.Constant(np.zeros((20, 3))),
            "Constant(<array of shape (20, 3), float64>)",
        ),
        (regularizers.L1L2(0.1, 0.2), "L1L2(l1=0.1, l2=0.2)"),
        (callbacks.EarlyStopping(patience=3), "EarlyStopping(monitor='val_loss', patience=3)"),
        (callbacks.ModelCheckpoint("a.npz"), "ModelCheckpoint('a.npz')"),
        (callbacks.LambdaCallback(on_epoch_end=print), "LambdaCallback(on_epoch_end=print)"),
        (callbacks.History(), "<History of 0 epochs: nothing yet>"),
        (calibration.TemperatureScaling(2), "<TemperatureScaling temperature=2>"),
        (utils.Progbar(10), "Progbar(10)"),
        (custom_object_scope({"Own": print}), "custom_object_scope(Own)"),
        (corereg.autograd.Op(), "Op()"),
        (schedules.LearningRateSchedule(), "LearningRateSchedule()"),
        (SeedGenerator(3), "SeedGenerator(seed=3)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_shown(part, shown):
    assert repr(part) == shown


def test_a_change_is_shown():
    adam = optimizers.Adam()
    adam.learning_rate = 0.25
    assert repr(adam) == "Adam(learning_rate=0.25)"


def test_of_parts_that_a_user_wrote():
    class Own(layers.Layer):
        def __init__(self, units, *, keep=True, parts=(), lost=1, **options):
            super().__init__(**options)
            self.units, self.keep, self.parts, self._lost = units, keep, parts, lost

    assert repr(Own(3)) == "Own(3)"
    shown = "Own(3, keep=False, parts=(Dropout(0.5),), name='x')"
    assert repr(Own(3, keep=False, parts=(layers.Dropout(0.5),), name="x")) == shown

    class Silent(layers.Layer):
        def __init__(self, a, b=2):
            super().__init__()

    assert repr(Silent(1)) == "Silent(...)"


def test_histories_models_and_functions_are_told_in_words():
    x, y = data()
    model = net()
    history = model.fit(x, y, epochs=2, verbose=0)
    assert repr(history) == "<History of 2 epochs: loss, penalty>"
    assert repr(models.Sequential(name="m")) == "<Sequential 'm', 0 layers>"
    assert repr(models.Sequential([layers.Dense(3), layers.ReLU()]).layers) == (
        "[Dense(3), ReLU()]"
    )

    @corereg.record
    def double(x):
        return x * 2

    double(np.ones(3))
    assert repr(double) == "<RecordedFunction double, 1 call through Python>"


@pytest.mark.parametrize("kind", [*KINDS, "callback", "model", "function"])
def test_objects_that_are_not_whole_are_shown(kind):
    found = {
        "callback": [getattr(callbacks, name) for name in callbacks.__all__],
        "model": [getattr(models, n) for n in ("Model", "Sequential", "Ensemble")],
        "function": [corereg.RecordedFunction, calibration.TemperatureScaling],
    }
    parts = found[kind] if kind in found else registry.parts(kind).values()
    for part in parts:
        if isinstance(part, type):
            assert part.__name__ in repr(part.__new__(part))


def test_what_contains_itself_ends():
    stop = callbacks.EarlyStopping()
    stop.monitor = [stop]
    assert repr(stop) == "EarlyStopping(monitor=[...])"
    items = []
    items.append(items)
    stop.monitor = items
    assert repr(stop).startswith("<EarlyStopping")


class Broken:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float32(0.5), "0.5"),
        (list(range(8)), "[0, 1, 2, 3, 4, 5, 6, 7]"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, 6, 7, ...]"),
        (dict.fromkeys(range(8)), str(dict.fromkeys(range(8)))),
        (dict.fromkeys(range(9)), f"{str(dict.fromkeys(range(8)))[:-1]}, ...}}"),
        (np.zeros(8, int), "array([0, 0, 0, 0, 0, 0, 0, 0])"),
        ((1,), "(1,)"),
        ({"a": np.arange(2)}, "{'a': array([0, 1])}"),
        (np.zeros(9, "float32"), "<array of shape (9,), float32>"),
        (layers.Dense, "Dense"),
        (Broken(), "<Broken>"),
        (type("Long", (), {"__repr__": lambda self: "x" * 200})(), "<Long>"),
        (type("Short", (), {"__repr__": lambda self: "x" * 120})(), "x" * 120),
        ("a" * 120, repr("a" * 120)),
        ("a" * 121, repr("a" * 60 + "..." + "a" * 30)),
    ],
)
def test_values(value, shown):
    assert text(value) == shown
