"""Snapshot: whether something that a recording depends on was set anew."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from corereg import Parameter, Tensor, _kernels


class Part:
    def __init__(self, **attributes):
        vars(self).update(attributes)


def test_attributes_of_objects():
    part = Part(a=1, b=[2])
    snapshot = _kernels.Snapshot([part])
    assert snapshot.unchanged()
    part.b.append(3)  # the same list: only its owner would know
    assert snapshot.unchanged()
    part.b = part.b
    assert snapshot.unchanged()
    part.b = list(part.b)
    assert not snapshot.unchanged()


@pytest.mark.parametrize(
    "change",
    [
        lambda part: setattr(part, "c", None),
        lambda part: delattr(part, "b"),
        lambda part: setattr(part, "a", 1.0),
        lambda part: vars(part).update(z=vars(part).pop("b")),
    ],
)
def test_attributes_that_come_go_and_change(change):
    part = Part(a=1, b=None)
    snapshot = _kernels.Snapshot([Part(), part])
    assert snapshot.unchanged()
    change(part)
    assert not snapshot.unchanged()


@pytest.mark.parametrize(
    ("container", "change"),
    [
        ([1, 2], lambda c: c.append(3)),
        ([1, 2], lambda c: c.pop()),
        ([1, 2], lambda c: c.__setitem__(1, 2.0)),
        ([1, [2]], lambda c: c[1].append(3)),
        ([1, {"a": [2]}], lambda c: c[1]["a"].append(3)),
        ({"a": 1}, lambda c: c.update(a=1.0)),
        ({"a": 1}, lambda c: c.update(b=1)),
        ({"a": 1}, lambda c: c.clear()),
        ({"a": 1}, lambda c: c.update(b=c.pop("a"))),
        ({"a": 1, "b": 1}, lambda c: c.update(a=c.pop("a"))),
        ({"a": ([1], 2)}, lambda c: c["a"][0].clear()),
        (([], 1, {}), lambda c: c[0].append(1)),
        (([], 1, {}), lambda c: c[2].update(a=1)),
        (((([],),),), lambda c: c[0][0][0].append(1)),
        (collections.OrderedDict(a=1, b=2), lambda c: c.update(a=3)),
    ],
)
def test_containers(container, change):
    snapshot = _kernels.Snapshot([], [container])
    assert snapshot.unchanged()
    change(container)
    assert not snapshot.unchanged()


def test_identity_decides_not_equality():
    big = 10**30
    container = [big]
    snapshot = _kernels.Snapshot([], (c for c in [container]))
    container[0] = 10**30 + len([])
    assert container[0] == big
    assert not snapshot.unchanged()
    container[0] = big
    assert snapshot.unchanged()


def test_containers_that_hold_themselves():
    ring: list = []
    ring += [ring, {"ring": ring}]
    snapshot = _kernels.Snapshot([], [ring, ring])
    assert snapshot.unchanged()
    ring[1]["more"] = 1
    assert not snapshot.unchanged()


def test_other_containers_are_refused(fails):
    fails(lambda: _kernels.Snapshot([], [{1}]), TypeError, "lists, dicts and tuples.*received set")


@pytest.mark.parametrize(
    "change",
    [
        lambda p: setattr(p, "data", p.data.copy()),
        lambda p: setattr(p, "requires_grad", False),
        lambda p: setattr(p, "regularizer", "l2"),
        lambda p: setattr(p, "constraint", "non_neg"),
    ],
)
def test_parameters(change):
    parameters = [Parameter(np.ones(3), f"p{i}") for i in range(5)]
    snapshot = _kernels.Snapshot([], parameters=[*parameters, Tensor(np.ones(2))])
    p = parameters[3]
    p.data[0] = 5
    assert snapshot.unchanged()
    old = p.data, p.requires_grad, p.regularizer, p.constraint
    change(p)
    assert not snapshot.unchanged()
    p.data, p.requires_grad, p.regularizer, p.constraint = old
    assert snapshot.unchanged()


def test_parameters_whose_class_hides_a_slot(fails):
    class Own(Parameter):
        regularizer = property(lambda self: None, lambda self, value: None)

    p = Own(np.ones(3))
    fails(
        lambda: _kernels.Snapshot([], parameters=[p]),
        TypeError,
        "expected 'regularizer' in a slot of Own, found property",
    )


def test_what_is_as_it_was_again_is_unchanged():
    part, own = Part(a=1), {"b": 2}
    snapshot = _kernels.Snapshot([part], [own])
    for changed in (True, False) * 2:
        assert snapshot.unchanged()
        part.a, own["b"] = (3, 2) if changed else (1, 4)
        assert not snapshot.unchanged()
        part.a, own["b"] = 1, 2
    assert snapshot.unchanged()
    part.__dict__ = dict(vars(part))
    assert snapshot.unchanged()
    part.__dict__ = {"a": 3}
    assert not snapshot.unchanged()
