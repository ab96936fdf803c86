"""How many functions Python calls around the kernels: a number that the machine's load leaves
alone. What makes it grow is done twice, or could be kept."""

from __future__ import annotations

import sys

import pytest
from calls import calls_of
from small import data, net

from corereg.metrics import MeanAbsoluteError


@pytest.mark.skipif(sys.gettrace() is not None, reason="coverage calls functions, too")
def test_evaluate_and_a_first_fit_call_few_functions():
    x, y = data()
    model = net(metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    for _ in range(3):
        model.evaluate(x, y, verbose=0)
    # 230 and 991 in Python 3.11, which calls a function for each comprehension
    assert calls_of(lambda: model.evaluate(x, y, verbose=0)) < 245
    found = []
    for _ in range(3):
        fresh = net(metrics=["mae"])
        found.append(calls_of(lambda fresh=fresh: fresh.fit(x[:32], y[:32], verbose=0)))
    assert min(found) < 1060


def test_a_test_takes_its_results_once(monkeypatch):
    x, y = data()
    model = net(metrics=["mae"])
    taken = []
    result = MeanAbsoluteError.result
    monkeypatch.setattr(MeanAbsoluteError, "result", lambda one: taken.append(1) or result(one))
    model.evaluate(x, y, verbose=0)
    assert len(taken) == 1
