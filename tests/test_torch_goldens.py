"""Every op as PyTorch does it: values, first and second derivatives, in float64 to 1e-10.

The file goldens/torch_ops.npz is made by goldens/make_torch_goldens.py, which needs PyTorch; these
tests do not. What follows PyTorch at ties and corners stands in the tables of goldens/torch_*.py.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from goldens import (  # noqa: F401  (they fill CASES)
    torch_array_cases,
    torch_cases,
    torch_matrix_cases,
    torch_order_cases,
)
from goldens.torch_parts import CASES, Case, filled, run

import corereg
from corereg import Tensor
from corereg.autograd import Op, ops, registry

FILE = Path(__file__).parent / "goldens" / "torch_ops.npz"
TOLERANCE = 1e-10
OPS_WITHOUT_CASES = {
    *("Embedding", "BatchNorm", "BatchNormGiven", "RowNorm", "AlphaDropout"),  # Keras's goldens
    "SelectColumns",  # test_compact.py
    "Dropout",  # random: test_autograd_ops.py and test_random_graphs.py have it
    # Keras's, compared with it in test_activations.py
    *("BoundedRelu", "Celu", "Shrink", "SparsePlus", "SparseSigmoid", "Sparsemax", "Threshold"),
}
FUNCTIONS_WITHOUT_CASES = {
    "dropout",
    *("bounded_relu", "celu", "glu", "hard_shrink", "hard_silu", "log_sigmoid", "mish", "relu6"),
    *("soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink"),
    "threshold",
    *("ones_like", "zeros_like"),  # constants
}


def load() -> dict[str, np.ndarray]:
    """Each array of the file by its name."""
    with np.load(FILE) as file:
        names, shapes, values = file["names"].tolist(), file["shapes"].tolist(), file["values"]
    arrays, start = {}, 0
    for name, words in zip(names, shapes, strict=True):
        shape = tuple(int(n) for n in words.split(",") if n)
        arrays[name] = values[start : start + math.prod(shape)].reshape(shape)
        start += math.prod(shape)
    assert start == values.size
    return arrays


GOLDENS = load()


def leaf(array: Any) -> Tensor:
    return Tensor(array, requires_grad=True)


def plain(tensor: Tensor) -> np.ndarray:
    return tensor.numpy()


def grad(output: Tensor, inputs: list[Tensor], weights: Tensor | None) -> Any:
    return corereg.grad(output, inputs, weights, create_graph=True, allow_unused=True)


def strided(a: np.ndarray) -> np.ndarray:
    """The same numbers, read-only, transposed in memory, with NaN between them."""
    whole = np.full([2 * n for n in reversed(a.shape)], np.nan).T
    out = whole[(..., *(slice(None, None, 2) for _ in a.shape))]
    out[...] = a
    out.flags.writeable = False
    return out


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(np.array, id="contiguous"),
        pytest.param(strided, id="strided", marks=pytest.mark.exhaustive),
    ],
)
@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_as_pytorch(case: Case, layout: Any) -> None:
    arrays = [layout(a) for a in case.arrays]
    with np.errstate(all="ignore"):
        compare(case, run(case, ops, arrays, leaf, plain, grad))
        if case.order > 0:
            compare(case, by_backward(case, arrays))


def by_backward(case: Case, arrays: list[Any]) -> dict[str, np.ndarray]:
    """The first derivatives without a graph of them, for which ops have other code."""
    inputs = [leaf(a) for a in arrays]
    out = case.function(ops, *inputs)
    out.backward(case.weights(0, out.shape))
    return {f"gradient {i}": filled(t.grad, t, plain) for i, t in enumerate(inputs)}


def compare(case: Case, results: dict[str, np.ndarray]) -> None:
    for what, ours in results.items():
        theirs = GOLDENS[f"{case.name}: {what}"]
        assert ours.shape == theirs.shape, what
        assert what == "value" or ours.dtype == np.float64
        if case.corner and what.startswith("second"):
            ours = np.where(np.isnan(theirs), np.nan, ours)
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, err_msg=what)


def test_file_is_that_of_the_cases() -> None:
    assert [*GOLDENS] == [f"{name}: {what}" for name, c in CASES.items() for what in c.names]


def test_every_op_has_a_case() -> None:
    nodes: set[str] = set()
    called: set[str] = set()
    spies = SimpleNamespace(**{name: spy(name, called) for name in ops.__all__})
    with np.errstate(all="ignore"):
        for case in CASES.values():
            nodes |= ops_behind(case.function(spies, *map(leaf, case.arrays)))
    ours = {name for name, op in registry.items() if op.__module__.startswith("corereg.")}
    assert nodes == ours - OPS_WITHOUT_CASES
    assert called == {*ops.__all__} - FUNCTIONS_WITHOUT_CASES


def spy(name: str, called: set[str]) -> Any:
    """The function of ops, which enters its name when called."""

    def calling(*args: Any, **kwargs: Any) -> Any:
        called.add(name)
        return getattr(ops, name)(*args, **kwargs)

    return calling


def ops_behind(out: Tensor) -> set[str]:
    """The names of the ops in a graph."""
    stack, names = [out], set()
    while stack:
        node = stack.pop().node
        if node is not None:
            names.add(type(node).__name__)
            stack += node.inputs
    return names


def test_new_gradients_are_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Op.returns_new_arrays promises: the engine adds to such arrays in place."""
    checked = set()
    for op in registry.values():
        if op.returns_new_arrays:
            monkeypatch.setattr(op, "backward", watched(op.backward, checked))
    with np.errstate(all="ignore"):
        for case in CASES.values():
            if case.order > 0:
                by_backward(case, case.arrays)
    ours = {
        op
        for op in registry.values()
        if op.__module__.startswith("corereg.") and op.returns_new_arrays
    }
    assert checked == {op.__name__ for op in ours} - OPS_WITHOUT_CASES


def watched(backward: Any, checked: set[str]) -> Any:
    """backward, which fails if a gradient that it returns lies in memory of others."""

    def watching(self: Op, grad: Any, out: Any, *inputs: Any) -> Any:
        parts = backward(self, grad, out, *inputs)
        name = type(self).__name__
        checked.add(name)
        slots = [slot for c in type(self).__mro__ for slot in getattr(c, "__slots__", ())]
        kept = [getattr(self, slot, None) for slot in slots]
        made = [part for part in parts if part is not None]
        others = [x for x in [grad, out, *inputs, *kept] if isinstance(x, np.ndarray)]
        for i, part in enumerate(made):
            for other in [*others, *made[:i]]:
                assert not np.shares_memory(part, other), name
        return parts

    return watching
