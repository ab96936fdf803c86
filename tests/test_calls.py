"""How many functions Python calls around the kernels: a number that the machine's load leaves
alone. What makes it grow is done twice, or could be kept. (In Python 3.11, which calls a function
for each comprehension.)"""

from __future__ import annotations

import sys

import pytest
from calls import calls_of
from small import data, net

from corereg.callbacks import EarlyStopping
from corereg.metrics import MeanAbsoluteError

counts = pytest.mark.skipif(sys.gettrace() is not None, reason="coverage calls functions, too")


@counts
def test_evaluate_and_a_first_fit_call_few_functions():
    x, y = data()
    model = net(metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    for _ in range(3):
        model.evaluate(x, y, verbose=0)
    assert calls_of(lambda: model.evaluate(x, y, verbose=0)) < 230  # 229
    found = []
    for _ in range(3):
        fresh = net(metrics=["mae"])
        found.append(calls_of(lambda fresh=fresh: fresh.fit(x[:32], y[:32], verbose=0)))
    assert min(found) < 870  # 859


@counts
def test_to_build_and_compile_calls_few_functions():
    net()
    assert min(calls_of(net) for _ in range(3)) < 1550  # 1496


@counts
@pytest.mark.parametrize(("observed", "most"), [(False, 40), (True, 115)])
def test_an_epoch_calls_few_functions(observed, most):
    x, y = data()
    model = net(metrics=["mae"])

    def epochs(count):
        stop = EarlyStopping("loss", patience=1000) if observed else None
        return calls_of(lambda: model.fit(x, y, epochs=count, verbose=0, callbacks=stop))

    epochs(3)
    assert (epochs(60) - epochs(20)) / 40 < most  # 39 and 108


def test_a_test_takes_its_results_once(monkeypatch):
    x, y = data()
    model = net(metrics=["mae"])
    taken = []
    result = MeanAbsoluteError.result
    monkeypatch.setattr(MeanAbsoluteError, "result", lambda one: taken.append(1) or result(one))
    model.evaluate(x, y, verbose=0)
    assert len(taken) == 1
