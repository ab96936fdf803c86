"""Long calls return to Python now and then, where Ctrl-C is looked at: with the same results."""

from __future__ import annotations

import numpy as np
import pytest
from small import net

from corereg import ops
from corereg.autograd import Tensor
from corereg.layers import Normalization, StringLookup
from corereg.layers.preprocessing import lookup, normalization, string_lookup
from corereg.layers.preprocessing.batches import pieces
from corereg.runtime.scheduling import FIRST_SHARE, RETURN_SECONDS, ThreadTuner
from corereg.training import predict


@pytest.mark.parametrize("shape", [(), (0,), (7,), (5, 3), (2, 100), (0, 4), (3, 0)])
@pytest.mark.parametrize("most", [1, 6, 1000])
def test_pieces_are_the_whole(shape, most):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    found = list(pieces(array, most))
    assert all(piece.size <= most or len(piece) == 1 for piece in found if shape)
    joined = np.concatenate(found) if shape else found[0]
    np.testing.assert_array_equal(joined, array)


def test_texts_are_numbered_piece_by_piece(monkeypatch):
    texts = np.array([f"t{i * i % 17}" for i in range(60)]).reshape(20, 3)
    whole = StringLookup()
    whole.adapt(texts)
    expected = whole(texts).data
    monkeypatch.setattr(lookup, "PIECE", 7)
    monkeypatch.setattr(string_lookup, "PIECE", 7)
    layer = StringLookup()
    layer.adapt(texts)
    assert layer.get_vocabulary() == whole.get_vocabulary()
    np.testing.assert_array_equal(layer(texts).data, expected)
    np.testing.assert_array_equal(layer(texts[0, 0]).data, expected[0, 0])


def test_means_are_found_piece_by_piece(monkeypatch):
    x = np.random.default_rng(0).standard_normal((40, 3)) + 5
    monkeypatch.setattr(normalization, "PIECE", 10)
    layer = Normalization(dtype="float64")
    layer.adapt(x)
    np.testing.assert_allclose(layer.mean.data, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(layer.variance.data, x.var(axis=0), rtol=1e-12)


def test_predict_goes_on_after_each_return_to_python(monkeypatch):
    model = net()
    x = np.random.default_rng(0).standard_normal((9000, model.input_shape[-1])).astype("f4")
    expected = model.predict(x, verbose=0, batch_size=9000)
    monkeypatch.setattr(predict, "RETURN_SECONDS", 0.0)
    assert model.predict(x, verbose=0, batch_size=9000).tobytes() == expected.tobytes()


def test_the_first_replay_is_short():
    """How long a step takes is a guess until one was measured."""
    tuner = ThreadTuner(1000.0)
    threads, steps = tuner.plan()
    assert steps == int(FIRST_SHARE * RETURN_SECONDS / 1e-6)
    tuner.record_time(threads, steps * 5e-6, steps)
    assert tuner.plan() == (threads, int(RETURN_SECONDS / 5e-6))


def test_a_huge_size_is_refused_at_once():
    for n in (2**62, 2**46):
        with pytest.raises(MemoryError, match="vander: expected a result that fits"):
            ops.vander(np.ones(3), n)


def test_other_things_than_texts_and_tensors_are_refused():
    t = Tensor(np.ones((2, 2)))
    with pytest.raises(TypeError, match="einsum: expected subscripts as a text"):
        ops.einsum(len, t, t)
    with pytest.raises(TypeError, match="einsum: expected subscripts as a text"):
        ops.einsum(3, t, t, t)
    for method in (t.view_as, t.reshape_as, t.expand_as):
        with pytest.raises(TypeError, match="expected a tensor whose shape to take"):
            method(4)
    with pytest.raises(TypeError, match="expected a tensor whose dtype to take, received 4"):
        t.type_as(4)
    with pytest.raises(TypeError, match="backward: expected a tensor of floats, received int32"):
        Tensor(np.ones(1, "i4")).seed(None, create_graph=False)
