"""corereg.ops against Keras: values, dtypes, gradients, signatures; in graphs, files, recordings.

The calls are in goldens/keras_ops_cases.py, what Keras gave in goldens/keras_ops.npz.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from goldens.keras_ops_cases import CASES, flat, inputs_of, weights_for, with_inputs

import corereg
from corereg import Tensor, ops
from corereg.autograd.lowering import canonical
from corereg.unavailable import UNAVAILABLE

GOLDENS = Path(__file__).parent / "goldens"
REFUSED = UNAVAILABLE["ops"]
SIGNATURES = json.loads((GOLDENS / "keras_ops_signatures.json").read_text())


def load_goldens():
    """By label: dtypes for inputs of float32, whether Keras keeps float64, outputs, and gradients
    or None."""
    with np.load(GOLDENS / "keras_ops.npz") as file:
        told, numbers = json.loads(str(file["told"])), file["numbers"]
    found, start = {}, 0
    for label, (dtypes, exact, *shapes) in told.items():
        arrays = []
        for group in shapes:
            part = None if group is None else []
            for shape in group or []:
                end = start + int(np.prod(shape))
                part.append(numbers[start:end].reshape(shape))
                start = end
            arrays.append(part)
        found[label] = (dtypes, exact, *arrays)
    return found


GOLDEN = load_goldens()
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
LOOSE = {"pinv", "lstsq", "det", "slogdet", "inv", "solve", "svd", "qr", "cholesky_inverse"}
"""Results of many steps, whose order differs: ten times the tolerance."""
SINGLE = {"mean", "normalize", "layer_normalization", "rms_normalization"}
"""Keras on JAX computes in float32 what it then returns in float64."""


def called(label, inputs):
    """The outputs of a case for these inputs."""
    name, args, kwargs = CASES[label]
    changed, named = with_inputs(args, kwargs, inputs)
    return flat(getattr(ops, name)(*changed, **named))


def near(got, expected, label, dtype):
    exact = GOLDEN[label][1] and CASES[label][0] not in SINGLE
    bound = TOLERANCE[dtype if exact else "float32"]
    bound *= 10 if CASES[label][0] in LOOSE else 1
    np.testing.assert_allclose(got, expected, rtol=bound, atol=bound, err_msg=label)


def total(outs):
    """A number that depends on all outputs of floats, as in make_keras_ops.py."""
    parts = [(o * weights_for(o.shape).astype(o.dtype)).sum() for o in outs if o.dtype.kind == "f"]
    return sum(parts[1:], parts[0])


@pytest.mark.parametrize("label", CASES)
def test_as_keras(label):
    try:
        for dtype in ("float32", "float64"):
            corereg.config.set_floatx(dtype)
            compare(label, dtype)
    finally:
        corereg.config.set_floatx("float32")


def compare(label, dtype):
    """Runs a case and compares dtypes, shapes, values and gradients."""
    dtypes, _, values, gradients = GOLDEN[label]
    arrays = inputs_of(*CASES[label][1:])
    leaves = [Tensor(a.astype(dtype), requires_grad=gradients is not None) for a in arrays]
    outs = called(label, leaves)
    if dtype == "float32" or not any("float32" in str(a) for a in CASES[label][1:]):
        assert [str(o.dtype) for o in outs] == [d.replace("float32", dtype) for d in dtypes]
    assert [o.shape for o in outs] == [v.shape for v in values]
    for out, value in zip(outs, values, strict=True):
        near(out.data, value, label, dtype)
    if gradients is not None:
        if total(outs).requires_grad:
            total(outs).backward()
        for leaf, gradient in zip(leaves, gradients, strict=True):
            got = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.data
            near(got, gradient, label, dtype)


# ---- in graphs and files -------------------------------------------------------------------------

NOT_IN_GRAPHS = {"nonzero", "where 3"}
"""How many results there are, or how long, depends on values."""


def graph_cases():
    """The first cases of every function."""
    for label, (name, args, kwargs) in CASES.items():
        if label == name and inputs_of(args, kwargs) and label not in NOT_IN_GRAPHS:
            yield label


def test_in_a_graph_that_is_saved(tmp_path):
    inputs, outputs, expected, arrays = [], [], [], []
    for label in graph_cases():
        given = [a.astype("f4") for a in inputs_of(*CASES[label][1:])]
        symbolic = [corereg.Input(batch_shape=a.shape) for a in given]
        made = called(label, symbolic)
        real = called(label, [Tensor(a) for a in given])
        assert [(s.shape, s.dtype) for s in made] == [(r.shape, str(r.dtype)) for r in real], label
        inputs += symbolic
        arrays += given
        outputs += made
        expected += [(label, r.data) for r in real]
    corereg.Model(inputs, outputs).save(tmp_path / "ops.corereg")
    model = corereg.models.load_model(tmp_path / "ops.corereg")
    for out, (label, value) in zip(model([*map(Tensor, arrays)]), expected, strict=True):
        assert canonical(out.data) == canonical(np.asarray(value)), label


def test_files_of_before_mean_what_they_meant():
    x = corereg.Input((4,))
    made = corereg.graph.operations.make_node("ops.split", (x, [1, 3]), {"axis": 1})
    assert [t.shape for t in made] == [(None, 1), (None, 3)]
    padded = corereg.graph.operations.make_node("ops.pad", (x,), {"pad_width": 1, "value": 2.0})
    model = corereg.Model(x, [*made, padded])
    again = corereg.Model.from_config(model.get_config())
    outs = again(Tensor(np.arange(4.0, dtype="f4").reshape(1, 4)))
    assert outs[1].data.tolist() == [[1, 2, 3]]
    assert outs[2].data[0].tolist() == [2] * 6


# ---- recordings ----------------------------------------------------------------------------------

LAPACK = {
    *("det", "slogdet", "logdet", "inv", "solve", "solve_triangular", "cholesky", "svd", "qr"),
    *("cholesky_inverse", "eigh", "pinv", "lstsq", "matrix_rank"),
}
NOT_RECORDED = LAPACK | {"nonzero", "unique", "histogram", "bincount", "zeros_like", "ones_like"}


def recorded_cases():
    for label, (name, args, kwargs) in CASES.items():
        by_lapack = name == "norm" and kwargs.get("ord") in ("nuc", 2, -2)
        by_ufunc = name == "scatter_update" and args[-1] in ("max", "min", "mul")
        often = label.split()[-1] in ("4", "5", "6")
        if often or not inputs_of(args, kwargs) or name in NOT_RECORDED:
            continue
        if not by_lapack | by_ufunc:
            yield label


@pytest.mark.parametrize("label", [*recorded_cases()])
def test_recorded_is_eager_to_the_bit(label):
    differentiated = GOLDEN[label][3] is not None
    arrays = [a.astype("f4") for a in inputs_of(*CASES[label][1:])]

    def step(*tensors):
        if differentiated:
            for t in tensors:
                t.requires_grad_()
        outs = called(label, tensors)
        if differentiated and total(outs).requires_grad:
            total(outs).backward()
        return [*outs, *[t.grad for t in tensors if t.grad is not None]]

    replayed = corereg.record(step)
    with np.errstate(all="ignore"):
        for n in range(3):
            given = [a * np.float32(1 - 0.001 * n) for a in arrays]
            expected = step(*map(Tensor, given))
            got = replayed(*given)
            for a, b in zip(got, expected, strict=True):
                assert (a.dtype, canonical(a.data)) == (b.dtype, canonical(b.data))
    assert replayed.python_calls == 2


def test_det_of_nan_has_a_gradient_of_nan():
    x = Tensor(np.stack([np.eye(2), np.full((2, 2), np.nan)]), requires_grad=True)
    with np.errstate(invalid="ignore"):
        ops.det(x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [np.eye(2), np.full((2, 2), np.nan)])


@pytest.mark.parametrize("name", ["det", "svd", "unique", "histogram"])
def test_what_cannot_be_recorded_says_so(name):
    given = np.eye(3, dtype="f4") if name in LAPACK else np.ones(3, "f4")
    with pytest.raises(RuntimeError):
        corereg.record(lambda x: flat(getattr(ops, name)(x)))(given)


# ---- signatures ----------------------------------------------------------------------------------

OWN = {
    *("activation", "add_at", "astype", "dense", "dropout", "flatten", "getitem"),
    *("l1_l2_penalty", "loss_rows", "mean_loss", "set_at"),
}


def test_every_function_of_keras_is_here_or_refused():
    here = {*ops.__all__} - OWN - {"linalg"}
    assert here <= {*SIGNATURES}
    assert here | ({*REFUSED} - {"image", "nn", "numpy"}) == {*SIGNATURES}
    assert not here & {*REFUSED}
    assert {*ops.__all__} >= OWN


@pytest.mark.parametrize("name", sorted({*ops.__all__} & {*SIGNATURES}))
def test_signature(name):
    given = inspect.signature(getattr(ops, name)).parameters.values()
    empty = inspect.Parameter.empty
    found = [[p.name, str(p.kind), "-" if p.default is empty else repr(p.default)] for p in given]
    assert found == SIGNATURES[name]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_not_here_says_what_to_use(name):
    with pytest.raises(AttributeError, match=rf"^corereg.ops has no '{name}': .+"):
        getattr(ops, name)


def test_a_name_that_nobody_has():
    with pytest.raises(AttributeError, match=r"^module 'corereg.ops' has no attribute 'nonsense'$"):
        ops.nonsense  # noqa: B018
