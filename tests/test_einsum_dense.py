"""EinsumDense: products of a kernel with any axes of the input.

`goldens/make_einsum_goldens.py` made the file, with Keras.
"""

from __future__ import annotations

from pathlib import Path
from re import escape

import numpy as np
import pytest
from goldens.einsum_cases import CASES, computed

import corereg
from corereg import initializers, layers
from corereg.autograd.ops.layers import Dense as DenseOp
from corereg.layers import EinsumDense
from corereg.testing import check_layer, numbers

with np.load(Path(__file__).parent / "goldens" / "einsum.npz") as _file:
    GOLDEN = dict(_file)


@pytest.mark.parametrize("name", CASES)
def test_training_is_as_keras_does_it(name):
    found = computed(name, corereg)
    golden = {k.split("/")[1]: v for k, v in GOLDEN.items() if k.split("/")[0] == name}
    assert {*found} == {*golden}
    for key, value in found.items():
        assert value.shape == golden[key].shape
        np.testing.assert_allclose(value, golden[key], 1e-5, 1e-5, err_msg=key)
    for key, value in computed(name, corereg, replayed=False).items():
        assert np.array_equal(value, found[key]), key


def test_there_is_a_golden_of_every_case():
    assert {name.split("/")[0] for name in GOLDEN} == {*CASES}


@pytest.mark.parametrize("name", ["dense", "heads_row", "mixed", "left_two", "right"])
def test_what_holds_for_every_layer(name):
    shape, arguments = CASES[name]
    check_layer(EinsumDense, shape, **arguments, activation="softplus", bias_regularizer="l1")


@pytest.mark.parametrize("name", CASES)
def test_a_dense_product_runs_on_the_dense_kernel(name, monkeypatch):
    seen = []
    forward = DenseOp.forward
    monkeypatch.setattr(DenseOp, "forward", lambda op, *xs: seen.append(1) or forward(op, *xs))
    shape, arguments = CASES[name]
    EinsumDense(**arguments)(numbers(2, *shape))
    assert bool(seen) == (name not in ("mixed", "apart", "summed", "scaled", "right"))


def test_the_initializer_is_told_which_axes_are_inputs():
    layer = EinsumDense("abc,cde->abde", (None, 20, 30), kernel_initializer="glorot_uniform")
    layer.build((None, 3, 50))
    limit = np.sqrt(6 / (50 + 600))
    assert 0.9 * limit < abs(layer.kernel.data).max() <= limit
    own = initializers.GlorotUniform(1, input_axes=[0, 1], output_axes=[2])
    layer = EinsumDense("abc,cde->abde", (None, 20, 30), kernel_initializer=own)
    layer.build((None, 3, 50))
    assert np.array_equal(layer.kernel.data, np.asarray(own((50, 20, 30)), "float32"))


def test_what_users_may_set_later():
    layer = EinsumDense("ab,bc->ac", 2)
    x = np.ones((1, 3), "float32")
    layer(x)
    layer.activation, layer.kernel_regularizer = "relu", "l2"
    assert (layer(-x * np.sign(layer.kernel.data[:, 0])).data[:, 0] == 0).all()
    assert len(layer.losses) == 1
    assert repr(layer).startswith("EinsumDense('ab,bc->ac', [2], activation='relu'")
    assert not layer.supports_masking  # as in Keras


BAD = {
    "form": (
        {"equation": "ab->ac", "output_shape": 3},
        "expected an equation such as 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...', "
        "received 'ab->ac'",
    ),
    "twice": (
        {"equation": "abb,bc->ac", "output_shape": 3},
        "expected each label once in the input, the kernel and the output, received 'abb' in "
        "'abb,bc->ac'",
    ),
    "lora": (
        {"equation": "ab,bc->ac", "output_shape": 3, "lora_rank": 2},
        "lora_rank is not supported, received 2; leave it out",
    ),
}
UNBUILT = {
    "rank": (
        {"equation": "abc,cd->abd", "output_shape": (None, 3)},
        "expected an input with the axes 'abc' of 'abc,cd->abd', received shape (None, 5)",
    ),
    "sizes": (
        {"equation": "ab,bc->ac", "output_shape": (2, 3)},
        "expected output_shape with a size for each of 'c', received (2, 3)",
    ),
    "nowhere": (
        {"equation": "ab,bc->az", "output_shape": 3},
        "expected the label 'z' of the output in the input or the kernel, received 'ab,bc->az'",
    ),
    "shared": (
        {"equation": "ab,b->ab", "output_shape": 3},
        "expected the size of 'b' in output_shape to be that of the input, 5, received 3",
    ),
    "bias": (
        {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "b"},
        "expected bias_axes with labels of the output 'ac', received 'b'",
    ),
    "open": (
        {"equation": "ab,bc->ac", "output_shape": (None,)},
        "expected known sizes of the kernel 'bc' and the bias, received input shape (None, 5) and "
        "output_shape (None,); give the sizes that are open",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(name, fails):
    arguments, message = BAD[name]
    fails(
        lambda: EinsumDense(**arguments, name="e"),
        ValueError,
        escape(f"EinsumDense 'e': {message}"),
    )


@pytest.mark.parametrize("name", UNBUILT)
def test_what_does_not_go_together(name, fails):
    arguments, message = UNBUILT[name]
    layer = EinsumDense(**arguments, name="e")
    fails(lambda: layer.build((None, 5)), ValueError, escape(f"EinsumDense 'e': {message}"))
    assert not layer.weights


def test_another_input_than_it_was_built_for(fails):
    layer = EinsumDense("ab,bc->ac", 3, name="e")
    layer.build((None, 5))
    fails(
        lambda: layer(np.ones((2, 4))),
        ValueError,
        r"EinsumDense 'e': expected an input for a kernel of shape \(5, 3\), for which it was "
        r"built, received one of shape \(2, 4\)",
    )
    fails(
        lambda: layer(np.ones((2, 4, 5))),
        ValueError,
        r"EinsumDense 'e': expected an input of 2 axes, received shape \(2, 4, 5\)",
    )
    stack = corereg.Sequential([corereg.Input((4, 5)), layers.EinsumDense("...x,xy->...y", 3)])
    assert stack.output_shape == (None, 4, 3)
