"""The one rule of what may be recorded: a class says so itself, and no subclass inherits it."""

from __future__ import annotations

import pytest

from corereg import layers, losses, metrics, optimizers, regularizers
from corereg.autograd import registry
from corereg.recordable import Recordable, declares_eager, declares_recordable


class Unsaid(Recordable):
    def call(self):
        return 1


class Said(Recordable):
    recordable = True

    def call(self):
        return 1


class Child(Said):
    pass


class SaidAgain(Child):
    recordable = True


class Refused(Said):
    recordable = False


class ChildOfRefused(Refused):
    pass


@pytest.mark.parametrize(
    ("kind", "recordable", "eager"),
    [
        (Recordable, False, False),
        (Unsaid, False, False),
        (Said, True, False),
        (Child, False, False),
        (SaidAgain, True, False),
        (Refused, False, True),
        (ChildOfRefused, False, False),
        (object, False, False),
    ],
)
def test_only_a_class_of_its_own_word(kind, recordable, eager):
    part = kind()
    assert declares_recordable(part) is recordable
    assert declares_eager(part) is eager
    assert getattr(kind, "recordable", False) is recordable


def test_a_method_replaced_in_the_object_is_other_code():
    part = Said()
    part.number = 3
    part.function = len  # no method of the class
    assert declares_recordable(part)
    part.call = lambda: 2
    assert not declares_recordable(part)
    del part.call
    assert declares_recordable(part)


def test_parts_without_a_dict():
    class Slotted(Recordable):
        __slots__ = ()
        recordable = True

    assert declares_recordable(Slotted())


@pytest.mark.parametrize(
    ("parts", "others"),
    [
        (layers, {"Layer", "Wrapper"}),
        (losses, {"Loss", "LossFunction"}),
        (metrics, {"Metric", "MetricFunction", "MeanMetricWrapper"}),
        (optimizers, {"Optimizer"}),
        (regularizers, {"Regularizer", "OrthogonalRegularizer"}),
    ],
    ids=["layers", "losses", "metrics", "optimizers", "regularizers"],
)
def test_parts_of_the_library_are_recordable(parts, others):
    """All but the classes that others are derived from, and what NumPy computes."""
    kinds = {kind for name in dir(parts) if isinstance(kind := getattr(parts, name), type)}
    kinds = {kind for kind in kinds if hasattr(kind, "recordable")}  # an InputSpec is no part
    assert {kind.__name__ for kind in kinds if not kind.recordable} == others
    assert len(kinds) > len(others) + 2


def test_ops_by_kernels_alone_are_recordable():
    ours = {name: op for name, op in registry.items() if op.__module__.startswith("corereg.")}
    recordable = {name for name, op in ours.items() if op.recordable}
    expected = {"Activation", "Add", "Dense", "Dropout", "L1L2Penalty", "LogSoftmax", "MeanLoss"}
    expected |= {
        "AlphaDropout",
        "BatchNorm",
        "BatchNormGiven",
        "Embedding",
        "RowNorm",
        "SelectColumns",
    }
    assert recordable == expected
