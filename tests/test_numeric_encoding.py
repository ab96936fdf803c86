"""NumericEncoding: numbers of one scale, with gaps."""

from __future__ import annotations

import numpy as np
import pytest

from corereg.layers import NumericEncoding
from corereg.testing import check_layer

DATA = np.array([[1.0, 5.0], [2.0, 5.0], [np.nan, 5.0], [6.0, 5.0], [1.0, 5.0]])


@pytest.mark.parametrize("method", ["standard", "quantile"])
@pytest.mark.parametrize("indicator", [True, False])
def test_what_holds_for_every_layer(method, indicator):
    check_layer(NumericEncoding, (3,), method=method, indicator=indicator, num_quantiles=5)


def test_standard():
    layer = NumericEncoding(dtype="float64")
    layer.adapt(DATA)
    out = layer(DATA).data
    column = DATA[:, 0]
    wanted = (column - np.nanmean(column)) / np.nanstd(column)
    np.testing.assert_allclose(out[:, 0], np.nan_to_num(wanted), rtol=1e-12)
    assert (out[:, 1] == 0).all()  # one value alone
    assert out[:, 2].tolist() == [0, 0, 1, 0, 0]
    layer.adapt(iter([DATA[:3], DATA[3:]]))
    np.testing.assert_allclose(layer(DATA).data, out, rtol=1e-12)


def test_quantiles():
    layer = NumericEncoding("quantile", num_quantiles=11, dtype="float64")
    x = np.random.default_rng(0).exponential(size=(1000, 1))
    layer.adapt(x)
    assert layer.indicator is False
    found = layer(np.quantile(x, [0.0, 0.5, 0.6, 0.9, 1.0])[:, None]).data[:, 0]
    np.testing.assert_allclose(found[1:4], [0.0, 0.2533471, 1.2815516], atol=1e-6)
    assert layer([[-9.0], [1e9]]).data[:, 0].tolist() == [found[0], pytest.approx(found[-1])]
    ties = np.repeat([1.0, 2.0, 3.0], [50, 900, 50])[:, None]
    layer.adapt(ties)
    low, middle, high = layer([[1.0], [2.0], [3.0]]).data[:, 0]
    assert low == pytest.approx(-high)
    assert middle == 0


def test_before_adapt_and_all_missing():
    assert NumericEncoding()([[3.0, np.nan]]).data.tolist() == [[3.0, 0.0]]
    for method in ("standard", "quantile"):
        layer = NumericEncoding(method)
        layer.adapt(np.full((3, 1), np.nan))
        assert layer([[np.nan], [4.0]]).data[0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NumericEncoding("x", name="n"), "method as one of .*received 'x'"),
        (lambda: NumericEncoding(num_quantiles=1, name="n"), "num_quantiles of 2 or more"),
        (
            lambda: NumericEncoding(name="n")(np.ones((2, 3, 4))),
            r"inputs of shape \(batch, columns\)",
        ),
        (lambda: NumericEncoding(name="n").adapt(["a"]), "rows of numbers, received dtype"),
    ],
)
def test_errors(make, message, fails):
    fails(make, ValueError, f"NumericEncoding 'n'.*expected {message}")
