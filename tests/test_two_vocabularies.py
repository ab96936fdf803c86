"""docs/two-vocabularies.md says the truth: each cell is run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import corereg
from corereg import Tensor
from corereg.autograd import ops as torch_words

PAGE = Path(__file__).parents[1] / "docs" / "two-vocabularies.md"
CELL = re.compile(r"`([^`]+)` = ([^|]+?) \|")


def cells():
    """(expression, what it gives) of every cell."""
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| \w", line)]
    rows = [line for line in rows if not line.startswith("| word |")]
    found = [CELL.findall(row) for row in rows]
    assert {len(pair) for pair in found} == {2}
    return [cell for pair in found for cell in pair]


def slope(function, at):
    """The derivative of function(x, 0, 1)."""
    x = Tensor([at], requires_grad=True)
    function(x, 0.0, 1.0).sum().backward()
    return x.grad.item()


def refused(function, *args):
    """The name of the error that a call raises."""
    try:
        function(*args)
    except (TypeError, ValueError) as error:
        return type(error).__name__
    return None


NAMES = {
    "K": corereg.ops,
    "P": torch_words,
    "x": Tensor([0.5, -1.0, 2.0, 1.0, 3.0, -2.0]),
    "m": Tensor([[1.0, 2.0], [3.0, -4.0]]),
    "n": Tensor(np.array([1, 2], "i4")),
    "slope": slope,
    "refused": refused,
}


@pytest.mark.parametrize(("expression", "expected"), cells(), ids=lambda text: text[:40])
def test_cell(expression, expected):
    found, expected = eval(expression, dict(NAMES)), ast.literal_eval(expected)
    if isinstance(found, Tensor):
        found = found.data
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected)
    else:
        assert found == expected


def test_the_page_is_long_enough():
    assert len(cells()) > 50
