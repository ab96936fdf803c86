"""Masks of steps: how they go through layers, models and files, and where they end.

tests/test_mask_goldens.py compares their numbers with Keras's.
"""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

import corereg
from corereg import Input, Model, Sequential, layers, losses, metrics, ops
from corereg.autograd import Tensor
from corereg.testing import check_layer, numbers

CODES = np.array([[1, 2, 0, 0], [3, 0, 1, 0], [2, 2, 2, 1]])
KEPT = CODES != 0


def table(**options):
    return layers.Embedding(4, 3, mask_zero=True, **options)


def mask(x):
    return None if x._keras_mask is None else x._keras_mask.data.tolist()


def test_what_holds_for_masking():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Flatten .* the mask of its input ends here")
        check_layer(layers.Masking, (3, 2), mask_value=0.5)
        check_layer(layers.Masking, (3, 2), mask_value=[0.5, 1.0])


def test_masks_of_whole_numbers():
    layer = layers.Masking(0.5)
    x = np.array([[[0, 0], [1, 0]]])
    assert layer.compute_mask(x).data.tolist() == [[True, True]]
    assert layers.Masking().compute_mask(x.tolist()).data.tolist() == [[False, True]]
    assert mask(layers.Masking()(x)) == [[False, True]]


def test_masking_takes_numbers_alone(fails):
    fails(
        lambda: layers.Masking("0", name="m"),
        TypeError,
        "Masking 'm': expected mask_value as a number, received '0'",
    )
    assert layers.Masking().get_config()["mask_value"] == 0.0


# ---- where they go and end -----------------------------------------------------------------------

PASSED = {
    "Activation": ("tanh",),
    "ActivityRegularization": (0.1,),
    "AlphaDropout": (0.5,),
    "BatchNormalization": (),
    "Dense": (2,),
    "Dropout": (0.5,),
    "ELU": (),
    "GaussianDropout": (0.5,),
    "GaussianNoise": (0.5,),
    "GroupNormalization": (1,),
    "Identity": (),
    "LayerNormalization": (),
    "LeakyReLU": (),
    "Normalization": (),
    "PReLU": (),
    "ReLU": (),
    "Rescaling": (2.0,),
    "SelectColumns": ([0, 1],),
    "SpatialDropout1D": (0.5,),
    "UnitNormalization": (),
}
ENDED = {
    "EinsumDense": ("abc,cd->abd", (4, 2)),
    "Flatten": (),
    "GlobalMaxPooling1D": (),
    "Permute": ((2, 1),),
    "RMSNormalization": (),
    "Reshape": ((12,),),
}


def made(name, known):
    layer = getattr(layers, name)(*known[name], name="one")
    if name == "Normalization":
        layer.adapt(numbers(4, 4, 3))
    return layer


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", PASSED)
def test_layers_that_pass_masks_on(name, training):
    layer = made(name, PASSED)
    assert layer.supports_masking
    assert mask(layer(table()(CODES), training=training)) == KEPT.tolist()
    assert mask(layer(numbers(3, 4, 3), training=training)) is None


@pytest.mark.parametrize("name", ENDED)
def test_layers_where_masks_end_say_so(name):
    layer = made(name, ENDED)
    text = f"{name} 'one': the mask of its input ends here, for it does not support masks"
    with pytest.warns(UserWarning, match=text):
        assert mask(layer(table()(CODES))) is None
    with pytest.warns(UserWarning, match=text):
        made(name, ENDED)(table()(Input((4,), dtype="int32")))
    layer(numbers(3, 4, 3))  # without a mask there is nothing to say


def test_masks_end_in_silence_where_they_have_been_used():
    for layer in (layers.GlobalAveragePooling1D(), layers.GlobalAveragePooling1D(keepdims=True)):
        assert mask(layer(table()(CODES))) is None
    assert mask(layers.Dot(1)([table()(CODES), table()(CODES)])) is None

    class Last(layers.Layer):
        def call(self, x, mask=None):
            assert mask.data.tolist() == KEPT.tolist()
            return x[:, -1]

    assert mask(Last()(table()(CODES))) is None


def test_a_layer_may_say_that_it_supports_masks():
    class Twice(layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x):
            return x * 2

    assert mask(Twice()(table()(CODES))) == KEPT.tolist()


def test_a_tensor_that_is_passed_on_keeps_its_own_mask():
    class First(layers.Layer):
        def call(self, x):
            return x

        def compute_mask(self, inputs, mask=None):
            return ops.not_equal(inputs[:, :, 0], 0)

    x = Tensor(np.array([[[1.0], [0.0]]], "float32"))
    assert mask(First()(x)) == [[True, False]]
    assert mask(x) is None
    rows = layers.Masking()(x)
    assert layers.Dropout(0.5)(rows) is rows
    flat = layers.Masking()(x[:, 0])
    with pytest.warns(UserWarning, match="ends here"):
        assert mask(layers.Flatten()(flat)) is None  # which is 2-D, and passed on
    assert mask(flat) == [True]
    given = Input((2, 1))
    both = Model(given, [First()(given), layers.GlobalAveragePooling1D()(given)])
    assert both(x)[1].item() == 0.5


def test_masks_of_several_inputs():
    class Both(layers.Layer):
        def call(self, first, second, first_mask=None, second_mask=None):
            self.told = first_mask, second_mask
            return first + second

    class Listed(layers.Layer):
        def call(self, xs, mask=None):
            self.told = mask
            return xs[0]

    layer, other = Both(), Listed()
    layer(table()(CODES), table()(CODES[::-1]))
    assert [one.data.tolist() for one in layer.told] == [KEPT.tolist(), KEPT[::-1].tolist()]
    layer(table()(CODES), numbers(3, 4, 3))
    assert layer.told[1] is None
    other([table()(CODES), Tensor(numbers(3, 4, 3))])
    assert other.told[0].data.tolist() == KEPT.tolist()
    assert other.told[1] is None
    other([Tensor(numbers(3, 4, 3))] * 2)
    assert other.told == [None, None]


def test_a_mask_given_by_hand_is_passed_on():
    x = numbers(3, 4, 3)
    assert mask(layers.BatchNormalization()(x, mask=KEPT)) == KEPT.tolist()
    assert mask(layers.Dense(2)(layers.BatchNormalization()(x, mask=KEPT))) == KEPT.tolist()
    assert mask(Tensor(x)) is None


def test_masks_of_a_lambda():
    def turned(x, mask):
        return mask[:, ::-1]

    def counted(x, mask=None):
        return x * 0 + ops.sum(ops.cast(mask, "float32"))

    layer = layers.Lambda(lambda x: x[:, ::-1], mask=turned)
    assert mask(layer(table()(CODES))) == KEPT[:, ::-1].tolist()
    assert mask(layers.Lambda(lambda x: x, mask=KEPT)(numbers(3, 4, 3))) == KEPT.tolist()
    with pytest.warns(UserWarning, match=r"Lambda .* ends here"):
        layers.Lambda(lambda x: x * 2)(table()(CODES))
    assert (layers.Lambda(counted)(table()(CODES)).data == KEPT.sum()).all()


def same_mask(x, mask):
    return mask


@pytest.mark.usefixtures("registrations_as_before")
def test_a_lambda_with_a_mask_is_saved(tmp_path):
    corereg.saving.register_keras_serializable("masks")(same_mask)
    double = layers.Lambda(ops.square, mask=same_mask)
    model = Sequential([Input((4,), dtype="int32"), table(), double, layers.GlobalAvgPool1D()])
    model.save(tmp_path / "m.corereg")
    again = corereg.models.load_model(tmp_path / "m.corereg")
    assert np.array_equal(again.predict(CODES, verbose=0), model.predict(CODES, verbose=0))
    assert again.layers[1].mask is same_mask


def test_masks_that_do_not_fit(fails):
    fails(
        lambda: layers.BatchNormalization(name="b")(np.ones((2, 3, 4)), mask=np.ones(4, bool)),
        ValueError,
        r"BatchNormalization 'b': expected a mask with one axis less than x of shape \(2, 3, 4\), "
        r"received one of shape \(4,\)",
    )
    fails(
        lambda: layers.Softmax(name="s")(np.ones((3, 4)), mask=np.ones((2, 1, 4), bool)),
        ValueError,
        r"Softmax 's': expected a mask that broadcasts to x of shape \(3, 4\), received one of "
        r"shape \(2, 1, 4\)",
    )
    fails(
        lambda: layers.Add(name="a").compute_mask([1, 2], [None]),
        ValueError,
        r"Add 'a': expected lists of inputs and masks of one length, received masks \[None\]",
    )


# ---- models --------------------------------------------------------------------------------------


def graph():
    x = Input((4,), dtype="int32")
    y = layers.Dense(3, "tanh")(layers.Dropout(0.5, seed=1)(table()(x)))
    return Model(x, layers.GlobalAveragePooling1D()(y))


def stack():
    parts = [table(), layers.Dropout(0.5, seed=1), layers.Dense(3, "tanh")]
    return Sequential([Input((4,), dtype="int32"), *parts, layers.GlobalAveragePooling1D()])


class Own(Model):
    def __init__(self):
        super().__init__()
        self.table, self.drop = table(), layers.Dropout(0.5, seed=1)
        self.dense, self.pool = layers.Dense(3, "tanh"), layers.GlobalAveragePooling1D()

    def call(self, x):
        return self.pool(self.dense(self.drop(self.table(x))))


@pytest.mark.parametrize("make", [graph, stack, Own])
def test_masks_in_models(make):
    model = make()
    found = model.predict(CODES, verbose=0)
    weights, kernel, bias = model.get_weights()
    each = np.tanh(weights[CODES] @ kernel + bias)
    expected = [row[kept].mean(axis=0) for row, kept in zip(each, KEPT, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model(CODES).data, found, rtol=1e-6)
    assert np.array_equal(copy.deepcopy(model).predict(CODES, verbose=0), found)
    model.compile("sgd", "mse")
    model.fit(CODES, found, epochs=3, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"


@pytest.mark.parametrize("make", [graph, stack])
def test_samples_know_the_masks_behind_the_cut(make):
    model = make()
    model.layers[-3].rate = 1e-9  # drops nothing, as good as always
    found = model.predict_mc(CODES, num_samples=3, seed=0)
    np.testing.assert_allclose(found.mean, model.predict(CODES, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wrap", ["graph", "stack", "own"])
def test_masks_that_models_pass_on(wrap):
    inner = Sequential([layers.Dense(3, kernel_initializer="identity")])
    if wrap == "graph":
        x = Input((4, 3))
        inner = Model(x, layers.Rescaling(1.0)(x))
    elif wrap == "own":

        class Inner(Model):
            def call(self, x, mask=None):
                return x * 1.0

            def compute_mask(self, inputs, mask=None):
                return mask

        inner = Inner()
    rows = table()
    out = layers.GlobalAveragePooling1D()(inner(rows(CODES)))
    np.testing.assert_allclose(out.data, layers.GlobalAvgPool1D()(rows(CODES)).data, rtol=1e-6)
    x = Input((4,), dtype="int32")
    model = Model(x, layers.GlobalAveragePooling1D()(inner(rows(x))))
    np.testing.assert_allclose(model(CODES).data, out.data, rtol=1e-6)


@pytest.mark.parametrize("make", ["graph", "stack"])
def test_a_mask_given_to_a_model(make):
    x = Input((4, 3))
    pool = layers.GlobalAveragePooling1D()
    model = Model(x, pool(x)) if make == "graph" else Sequential([Input((4, 3)), pool])
    given = Tensor(numbers(3, 4, 3))
    np.testing.assert_array_equal(model(given, mask=KEPT).data, pool(given, mask=KEPT).data)
    assert given._keras_mask is None
    outer = Model(y := Input((4,), dtype="int32"), model(table()(y)))
    assert outer(CODES).shape == (3, 3)


def test_symbolic_masks(tmp_path):
    x = Input((4,), dtype="int32")
    y = table()(x)
    kept = layers.Dense(2)(y)._keras_mask
    assert (kept.shape, kept.dtype) == ((None, 4), "bool")
    assert layers.GlobalAveragePooling1D()(y)._keras_mask is None
    model = Model(x, [kept, table().compute_mask(x), ops.cast(y._keras_mask, "float32")])
    model.save(tmp_path / "m.corereg")
    for one in (model, corereg.models.load_model(tmp_path / "m.corereg")):
        assert all(np.array_equal(found.data, KEPT) for found in one(CODES))
    joined = layers.Concatenate(axis=1)([y, table()(x)])
    assert joined._keras_mask.shape == (None, 8)
    assert layers.Concatenate(axis=2)([y, layers.Dense(2)(Input((4, 3)))])._keras_mask is not None


def test_masks_outlive_copies_and_configs(tmp_path):
    for make in (graph, stack):
        model = make()
        again = type(model).from_config(model.get_config())
        again.set_weights(model.get_weights())
        model.save(tmp_path / "m.corereg")
        loaded = corereg.models.load_model(tmp_path / "m.corereg")
        found = model.predict(CODES, verbose=0)
        for one in (again, loaded, corereg.models.clone_model(model)):
            one.set_weights(model.get_weights())
            assert np.array_equal(one.predict(CODES, verbose=0), found)


# ---- losses and metrics --------------------------------------------------------------------------


def test_weights_of_rows_and_masks_count_together():
    y_pred = layers.Masking()(np.array([[[1.0], [0.0]], [[2.0], [3.0]]]))
    y = np.zeros((2, 2, 1), "float32")
    rows = np.array([1.0, 0.5], "float32")
    found = losses.MeanSquaredError()(y, y_pred, rows).item()
    assert found == pytest.approx((1 + 0.5 * 4 + 0.5 * 9) / 3)
    metric = metrics.MeanSquaredError()
    assert metric(y, y_pred, rows) == pytest.approx((1 + 0.5 * 4 + 0.5 * 9) / 2)


def test_a_mask_that_hides_everything():
    y_pred = layers.Masking()(np.zeros((2, 2, 1), "float32"))
    y = np.ones((2, 2, 1), "float32")
    assert losses.MeanSquaredError()(y, y_pred).item() == 0
    assert metrics.MeanSquaredError()(y, y_pred) == 0
    assert (
        losses.get(lambda y, p: abs(y - p).mean())(y, y_pred).item() == 1
    )  # a scalar has no steps


def test_metrics_that_count_all_steps_as_keras_has_them():
    y_pred = layers.Masking()(np.array([[[0.0], [1.0]]]))
    y = np.array([[[1.0], [1.0]]])
    assert metrics.RootMeanSquaredError()(y, y_pred) == pytest.approx(0.5**0.5)
    assert metrics.Precision()(y, y_pred) == 1.0
    assert metrics.Recall()(y, y_pred) == 0.5


def test_a_metric_of_ones_own_is_told_of_the_mask():
    class Steps(metrics.Metric):
        recordable = True

        def __init__(self, name="steps"):
            super().__init__(name=name)
            self.total = self.add_variable((), "zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(ops.sum(ops.cast(y_pred._keras_mask, "float32")))

        def result(self):
            return self.total

    x = np.array([[[1.0], [0.0]], [[2.0], [3.0]]], "float32")
    model = Sequential([Input((2, 1)), layers.Masking(), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[Steps()])
    history = model.fit(x, x, epochs=3, verbose=0)
    assert history.history["steps"] == [3.0, 3.0, 3.0]
    assert model.evaluate(x, x, verbose=0)[1] == 3.0


def test_steps_of_ones_own_see_masks():
    class Stepping(Model):
        def train_step(self, data):
            return super().train_step(data)

    def compiled(kind):
        x = Input((4, 3))
        model = kind(x, layers.Dense(1, kernel_initializer="ones")(layers.Masking()(x)))
        model.compile("sgd", "mse", metrics=["mae"])
        return model

    data = numbers(5, 4, 3)
    data[::2, 1:3] = 0
    own, plain = compiled(Stepping), compiled(Model)
    for model in (own, plain):
        model.history_ = model.fit(data, data[:, :, :1], epochs=3, verbose=0).history
    for name in ("loss", "mae"):
        np.testing.assert_allclose(own.history_[name], plain.history_[name], rtol=1e-6)
