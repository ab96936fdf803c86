"""Metrics beside Keras's: streams of batches, plain and weighted, in both dtypes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens.metric_cases import BATCHES, LOOSE, arrays, cases, exact_in_keras

from corereg import metrics

GOLDENS = np.load(Path(__file__).parent / "goldens" / "metrics.npz")
CASES = cases()


def results(name, dtype):
    cls, arguments, data, weights = CASES[name]
    y, p, w = arrays(data, weights)
    own = {"dtype": dtype} if cls in LOOSE and weights else {}
    metric = getattr(metrics, cls)(**arguments, **own)
    found = []
    for at in BATCHES:
        weight = None if w is None else w[at].astype(dtype)
        metric.update_state(y[at], p[at].astype(dtype), weight)
        found.append(metric.result())
    return np.stack(found)


@pytest.mark.parametrize("name", CASES)
def test_results(name, dtype):
    expected = GOLDENS[f"{name} {dtype}"]
    tolerance = 1e-12 if dtype == "float64" and exact_in_keras(name) else 1e-5
    np.testing.assert_allclose(results(name, dtype), expected, tolerance, tolerance)


@pytest.mark.parametrize("name", [n for n in CASES if not n.endswith(("rows", "each"))])
def test_configs(name):
    cls, arguments, data, _ = CASES[name]
    kind = getattr(metrics, cls)
    metric = kind(**arguments, name="own")
    again = kind.from_config(metric.get_config())
    assert again.get_config() == metric.get_config()
    assert metrics.deserialize(metrics.serialize(metric)).get_config() == metric.get_config()
    y, p, _ = arrays(data, None)
    np.testing.assert_array_equal(again(y, p), metric(y, p))
    again.reset_state()
    fresh = kind(**arguments)
    fresh.update_state(y[3:9], p[3:9])
    again.update_state(y[3:9], p[3:9])
    np.testing.assert_array_equal(again.result(), fresh.result())
