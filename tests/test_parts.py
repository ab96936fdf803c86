"""Every built-in layer, loss, metric and regularizer passes the checks of corereg.testing."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import Tensor, layers, losses, metrics, ops, optimizers, regularizers
from corereg.models import Sequential
from corereg.saving import custom_object_scope
from corereg.testing import (
    check_layer,
    check_loss,
    check_metric,
    check_model,
    check_optimizer,
    check_regularizer,
    numbers,
)

LAYERS = [
    (layers.Activation, (4,), {"activation": "tanh"}),
    (layers.Activation, (2, 3), {"activation": "softmax"}),
    (layers.Dense, (4,), {"units": 3, "activation": "sigmoid", "kernel_regularizer": "l1_l2"}),
    (layers.Dense, (4,), {"units": 3, "use_bias": False, "activity_regularizer": "l2"}),
    (layers.Dense, (2, 4), {"units": 3, "activation": "softmax"}),
    (layers.Dropout, (6,), {"rate": 0.4, "seed": 5}),
    (layers.Flatten, (2, 3), {}),
    (layers.Dense, (4,), {"units": 3, "activation": "gelu"}),
    (layers.Activation, (4,), {"activation": "sparsemax"}),
    (layers.ELU, (4,), {"alpha": 0.5}),
    (layers.LeakyReLU, (2, 3), {"negative_slope": 0.1}),
    (layers.PReLU, (2, 3), {"alpha_regularizer": "l2", "shared_axes": 1}),
    (layers.ReLU, (5,), {"max_value": 1, "negative_slope": 0.1, "threshold": 0.2}),
    (layers.Softmax, (2, 3), {"axis": (1, 2)}),
    (layers.BatchNormalization, (5,), {"momentum": 0.5, "gamma_regularizer": "l2"}),
    (layers.BatchNormalization, (3, 4), {"axis": 1, "scale": False}),
    (layers.LayerNormalization, (6,), {"beta_regularizer": "l1"}),
    (layers.LayerNormalization, (3, 4), {"axis": [2, 1], "center": False}),
    (layers.RMSNormalization, (3, 4), {"axis": [1, 2]}),
    (layers.GroupNormalization, (6,), {"groups": 3}),
    (layers.GroupNormalization, (3, 4), {"groups": 3, "axis": 1}),
    (layers.UnitNormalization, (5,), {}),
    (layers.GaussianNoise, (5,), {"stddev": 0.3}),
    (layers.GaussianDropout, (5,), {"rate": 0.3}),
    (layers.AlphaDropout, (5,), {"rate": 0.3, "seed": 5}),
    (layers.AlphaDropout, (5,), {"rate": 0.3, "noise_shape": (None, 1)}),
    (layers.ActivityRegularization, (5,), {"l1": 0.1, "l2": 0.2}),
    (layers.Flatten, (2, 3), {"data_format": "channels_first"}),
    (layers.GlobalAveragePooling1D, (3, 2), {"keepdims": True}),
    (layers.GlobalMaxPooling1D, (3, 2), {"data_format": "channels_first"}),
    (layers.Identity, (2, 3), {}),
    (layers.Lambda, (4,), {"function": ops.tanh}),
    (layers.Normalization, (3,), {"mean": [1.0, 2.0, 3.0], "variance": 4.0}),
    (layers.Normalization, (3,), {}),
    (layers.Permute, (2, 3), {"dims": (2, 1)}),
    (layers.RepeatVector, (4,), {"n": 3}),
    (layers.Rescaling, (3,), {"scale": [1.0, 2.0, 3.0], "offset": -1}),
    (layers.Reshape, (6,), {"target_shape": (-1, 3)}),
    (layers.SelectColumns, (2, 5), {"columns": [3, 0, 4]}),
]
CLASSES = np.arange(9) % 3
ONE_HOT = np.eye(3, dtype="float32")[CLASSES]
SHARES = np.abs(numbers(9, 3)) / 3 + 0.05
LOSSES = [
    (losses.BinaryCrossentropy, ONE_HOT, {"from_logits": True, "label_smoothing": 0.1}),
    (losses.CategoricalCrossentropy, ONE_HOT, {"from_logits": True, "label_smoothing": 0.1}),
    (losses.SparseCategoricalCrossentropy, CLASSES, {"from_logits": True}),
    (losses.MeanSquaredError, SHARES, {}),
    (losses.MeanAbsoluteError, SHARES, {}),
    (losses.BinaryFocalCrossentropy, ONE_HOT, {"from_logits": True, "gamma": 1.5}),
    (losses.CategoricalFocalCrossentropy, ONE_HOT, {"from_logits": True, "gamma": 1.5}),
    (losses.CategoricalHinge, ONE_HOT, {}),
    (losses.CosineSimilarity, SHARES, {}),
    (losses.Hinge, ONE_HOT, {}),
    (losses.Huber, SHARES, {"delta": 0.3}),
    (losses.LogCosh, SHARES, {}),
    (losses.MeanAbsolutePercentageError, SHARES, {}),
    (losses.Quantile, SHARES[:, :1], {"levels": [0.1, 0.5, 0.9]}),
    (losses.SparseCategoricalCrossentropy, CLASSES, {"from_logits": True, "ignore_class": 5}),
    (losses.SquaredHinge, ONE_HOT, {}),
]
SIGMOID, SOFTMAX = {"activation": "sigmoid"}, {"activation": "softmax"}
POSITIVE = np.abs(numbers(9, 4)) / 4 + 0.05
METRICS = [
    (metrics.BinaryAccuracy, ONE_HOT, {"threshold": 0.2}),
    (metrics.CategoricalAccuracy, ONE_HOT, {}),
    (metrics.MeanSquaredError, SHARES, {}),
    (metrics.MeanAbsoluteError, SHARES, {}),
    (metrics.RootMeanSquaredError, SHARES, {}),
    (metrics.AUC, ONE_HOT, {"from_logits": True, "curve": "PR", "multi_label": True}),
    (metrics.Recall, ONE_HOT, {"top_k": 2}),
    (metrics.SensitivityAtSpecificity, ONE_HOT, {"specificity": 0.4}),
    (metrics.F1Score, ONE_HOT, {"average": "macro"}),
    (metrics.R2Score, SHARES, {}),
    (metrics.TopKCategoricalAccuracy, ONE_HOT, {"k": 2}),
    (metrics.BinaryIoU, ONE_HOT, {"threshold": 0.1}),
    (metrics.PearsonCorrelation, SHARES, {}),
    (metrics.BinaryCrossentropy, ONE_HOT, {"from_logits": True}),
    (metrics.LogCoshError, SHARES, {"dtype": "float64"}),
]
REGULARIZERS = [
    (regularizers.L1, {"l1": 0.02}),
    (regularizers.L2, {"l2": 0.03}),
    (regularizers.L1L2, {"l1": 0.02, "l2": 0.03}),
    (regularizers.OrthogonalRegularizer, {"factor": 0.1, "mode": "columns"}),
]


@pytest.mark.parametrize(("kind", "shape", "arguments"), LAYERS)
def test_layers(kind, shape, arguments):
    check_layer(kind, shape, **arguments)


@pytest.mark.parametrize(("kind", "y", "arguments"), LOSSES)
def test_losses(kind, y, arguments):
    check_loss(kind, y, numbers(9, 3), **arguments)


@pytest.mark.parametrize(
    ("kind", "y", "outputs", "arguments"),
    [
        (losses.Dice, POSITIVE[::-1], POSITIVE, {"axis": -1, **SIGMOID}),
        (losses.Tversky, POSITIVE[::-1], POSITIVE, {"alpha": 0.3, "axis": [-1], **SIGMOID}),
        (losses.CategoricalGeneralizedCrossEntropy, CLASSES, POSITIVE, {"q": 0.3, **SOFTMAX}),
        (losses.GaussianNLL, POSITIVE[:, :2], numbers(9, 4), {"full": True}),
        (losses.GaussianNLL, POSITIVE[:, 0], POSITIVE[:, 2:], {"output": "variance"}),
        (losses.KLDivergence, POSITIVE[::-1], POSITIVE, SIGMOID),
        (losses.MeanSquaredLogarithmicError, POSITIVE[::-1], POSITIVE, SIGMOID),
        (losses.Poisson, POSITIVE[::-1], POSITIVE, SIGMOID),
        (losses.SparseCategoricalCrossentropy, CLASSES, POSITIVE, SOFTMAX),
    ],
)
def test_losses_of_other_outputs(kind, y, outputs, arguments):
    check_loss(kind, y, outputs, **arguments)


@pytest.mark.parametrize(("kind", "y", "arguments"), METRICS)
def test_metrics(kind, y, arguments):
    check_metric(kind, y, numbers(9, 3), **arguments)


@pytest.mark.parametrize(("kind", "arguments"), REGULARIZERS)
def test_regularizers(kind, arguments):
    check_regularizer(kind, **arguments)


# ---- the checks themselves -----------------------------------------------------------------------


class Good(layers.Layer):
    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor

    def build(self, input_shape):
        self.shift = self.add_weight((input_shape[-1],), "zeros", name="shift")

    def call(self, x):
        return ops.multiply(x, self.factor) + self.shift

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class WrongGradient(Good):
    def call(self, x):
        return Tensor(x.data * self.factor) + self.shift


class WrongShape(Good):
    def compute_output_shape(self, input_shape):
        return (None, 1)


class ForgottenArgument(Good):
    def get_config(self):
        return {**super().get_config(), "factor": 2.0}


class Float32Only(Good):
    def call(self, x):
        return super().call(x).astype("float32")


class NeverFrozen(Good):
    """Does not take a word on whether it is trained."""

    @property
    def trainable(self):
        return True

    @trainable.setter
    def trainable(self, value):
        pass


class ChangesWhereFrozen(Good):
    """Moves its weights in every pass of training, whether it is frozen or not."""

    def call(self, x, training=False):
        if training:
            self.shift.assign(self.shift + 0.25)
        return super().call(x)


class CountsInPython(layers.Layer):
    """Replays do not repeat what it does in Python: it must not say that it may be recorded."""

    recordable = True
    calls = 0

    def call(self, x):
        CountsInPython.calls += 1
        return ops.dense(x, np.full((x.shape[1], 4), CountsInPython.calls, x.dtype))


class Drifting(losses.Loss):
    """Its gradient is that of another function."""

    def call(self, y_true, y_pred):
        return ops.mean((y_true - Tensor(y_pred.data)) ** 2 + 0 * y_pred, axis=-1)


class Unweighted(metrics.MeanSquaredError):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, y_pred)


class LastBatch(metrics.MeanSquaredError):
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.reset_state()
        super().update_state(y_true, y_pred, sample_weight)


class Linear(regularizers.Regularizer):
    """No scalar."""

    def __call__(self, x):
        return x * 1.0


OWN = (Good, WrongGradient, WrongShape, ForgottenArgument, Float32Only)
OWN += (NeverFrozen, ChangesWhereFrozen)
OWN += (CountsInPython, Drifting, Unweighted, LastBatch, Linear)


@pytest.fixture
def _known():
    with custom_object_scope({kind.__name__: kind for kind in OWN}):
        yield


@pytest.mark.usefixtures("_known")
def test_a_layer_that_is_right_passes():
    check_layer(Good, (4,), factor=3.0)


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize("kind", [WrongGradient, WrongShape, ForgottenArgument, Float32Only])
def test_layers_with_a_fault_fail(kind):
    with pytest.raises(AssertionError):
        check_layer(kind, (4,), factor=3.0)


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (NeverFrozen, "a frozen layer's weights count as trainable"),
        (ChangesWhereFrozen, "a frozen layer's weights have changed in training"),
    ],
)
def test_layers_that_cannot_be_frozen_fail(kind, message):
    with pytest.raises(AssertionError, match=message):
        check_layer(kind, (4,), factor=3.0)


@pytest.mark.usefixtures("_known")
def test_a_layer_that_breaks_its_word_fails():
    with pytest.raises(AssertionError):
        check_layer(CountsInPython, (4,))


@pytest.mark.usefixtures("_known")
def test_other_parts_with_a_fault_fail():
    for check, kind, arrays in (
        (check_loss, Drifting, (SHARES, numbers(9, 3))),
        (check_metric, Unweighted, (SHARES, numbers(9, 3))),
        (check_metric, LastBatch, (SHARES, numbers(9, 3))),
        (check_regularizer, Linear, ()),
    ):
        with pytest.raises(AssertionError):
            check(kind, *arrays)


OPTIMIZERS = [
    (optimizers.SGD, {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True}),
    (optimizers.Adam, {"learning_rate": 0.1, "clipnorm": 1.0}),
    (optimizers.AdamW, {"learning_rate": 0.1, "weight_decay": 0.01}),
    (optimizers.RMSprop, {"learning_rate": 0.1, "centered": True}),
]


@pytest.mark.parametrize(("kind", "arguments"), OPTIMIZERS)
def test_optimizers(kind, arguments):
    check_optimizer(kind, **arguments)


class Uphill(optimizers.Optimizer):
    def update_step(self, gradient, variable, learning_rate):
        variable.assign_add(learning_rate * gradient)


def test_an_optimizer_that_goes_up_fails():
    with custom_object_scope({"Uphill": Uphill}), pytest.raises(AssertionError, match="come down"):
        check_optimizer(Uphill, learning_rate=0.1)


# ---- each thing that is checked, by a part that lacks this alone ---------------------------------


class FewerRows(Good):
    def call(self, x):
        return super().call(x)[:1]


class OtherDtype(Good):
    def build(self, input_shape):
        super().build(input_shape)
        self.other = self.add_weight((1,), "zeros", dtype="float32", name="other")


class OtherShapes(Good):
    """Another object has larger weights than the first."""

    made = 0

    def build(self, input_shape):
        super().build(input_shape)
        OtherShapes.made += 1
        self.other = self.add_weight((OtherShapes.made,), "zeros", name="other")


class OneValue(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean((y_true - y_pred) ** 2)


class Squared(losses.Loss):
    factor = 1

    def call(self, y_true, y_pred):
        return ops.mean((y_true - y_pred) ** 2, axis=-1)


class NoMean(Squared):
    def __call__(self, y_true, y_pred, sample_weight=None):
        found = super().__call__(y_true, y_pred, sample_weight)
        return found * 2 if self.reduction != "sum" and found.shape == () else found


class NoSum(Squared):
    def __call__(self, y_true, y_pred, sample_weight=None):
        found = super().__call__(y_true, y_pred, sample_weight)
        return found * 2 if self.reduction == "sum" else found


class NoWeights(Squared):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true, y_pred)


class NotInItsConfig:
    """Another one says something else of itself."""

    made = 0

    def get_config(self):
        NotInItsConfig.made += 1
        return {**super().get_config(), "name": f"name_{NotInItsConfig.made}"}


class NamelessLoss(NotInItsConfig, Squared):
    pass


class NamelessMetric(NotInItsConfig, metrics.MeanSquaredError):
    pass


class NamelessOptimizer(NotInItsConfig, optimizers.SGD):
    pass


class OtherRegularizer(regularizers.L2):
    def get_config(self):
        return {"l2": float(self.l2) * 2}


class WrongRegularizer(regularizers.Regularizer):
    def __call__(self, x):
        return ops.sum(Tensor(x.data) * x)


class AnArray(metrics.MeanSquaredError):
    def result(self):
        return np.float32(super().result())


class CountsTwice(optimizers.SGD):
    def update(self, *arguments):
        found = super().update(*arguments)
        self.iterations += 1
        return found


class MovesFrozen(optimizers.SGD):
    def build(self, variables):
        super().build(variables)
        self.all_of_them = list(variables)

    def update(self, *arguments):
        found = super().update(*arguments)
        self.all_of_them[-1].assign(self.all_of_them[-1] * 0.5)
        return found


class OtherStepsInModels(optimizers.SGD):
    """Its steps depend on a number that is none of its variables, so that a loaded one differs."""

    def build(self, variables):
        super().build(variables)
        self.seen = 0

    def update_step(self, gradient, variable, learning_rate):
        self.seen += len(variable.shape) > 1
        variable.assign_sub(learning_rate * gradient * (2.0 if self.seen > 2 else 1.0))


LOSS_OF, METRIC_OF = (SHARES, numbers(9, 3)), (SHARES, numbers(9, 3))
FAULTS = [
    (check_layer, Float32Only, ((4,),), "expected an output of float64"),
    (check_layer, FewerRows, ((4,),), "expected 12 rows"),
    (check_layer, WrongShape, ((4,),), "compute_output_shape says"),
    (check_layer, OtherDtype, ((4,),), "expected weights of float64"),
    (check_layer, WrongGradient, ((4,),), "check_grads: input 0"),
    (check_layer, OtherShapes, ((4,),), "made from its description, weights have shapes"),
    (check_loss, OneValue, LOSS_OF, "expected one loss for each row"),
    (check_loss, NoMean, LOSS_OF, "Not equal"),
    (check_loss, NoSum, LOSS_OF, "Not equal"),
    (check_loss, NoWeights, LOSS_OF, "Not equal"),
    (check_loss, Drifting, LOSS_OF, "check_grads: input 0"),
    (check_loss, NamelessLoss, LOSS_OF, "its description changes"),
    (check_metric, AnArray, METRIC_OF, "expected the result as a float"),
    (check_metric, LastBatch, METRIC_OF, "Not equal"),
    (check_metric, Unweighted, METRIC_OF, "Not equal"),
    (check_metric, NamelessMetric, METRIC_OF, "its description changes"),
    (check_optimizer, NamelessOptimizer, (), "its description changes"),
    (check_optimizer, CountsTwice, (), "it counts 16 of 8 steps"),
    (check_optimizer, MovesFrozen, (), "it has changed a frozen weight"),
    (check_optimizer, OtherStepsInModels, (), "a loaded model does not go on"),
    (check_regularizer, Linear, (), "expected a scalar"),
    (check_regularizer, WrongRegularizer, (), "check_grads: input 0"),
    (check_regularizer, OtherRegularizer, (), "its description changes"),
]


@pytest.mark.parametrize(
    ("check", "kind", "arguments", "message"), FAULTS, ids=[kind.__name__ for _, kind, *_ in FAULTS]
)
def test_what_lacks_one_thing_fails_by_it(check, kind, arguments, message):
    with (
        custom_object_scope({kind.__name__: kind}),
        pytest.raises(AssertionError, match=message),
    ):
        check(kind, *arguments)


class Forgets(Good):
    """What it has seen in training is no weight: a loaded one has seen nothing."""

    seen = 0

    def call(self, x, training=False):
        if training:
            self.seen += 1
        return super().call(x) * (1 + self.seen * self.keeps)

    keeps = 1


class ForgetsLater(Forgets):
    """This shows in training alone."""

    def call(self, x, training=False):
        self.keeps = int(training)
        return super().call(x, training)


class OddOnce(layers.Layer):
    """Its third pass of all is another one: through Python, where that comes first."""

    recordable = True
    passes = 0

    def call(self, x, training=False):
        OddOnce.passes += bool(training)
        return x * (2 if OddOnce.passes == 3 and training else 1)


def model_of(layer, loss="mse"):
    def make():
        model = Sequential([layers.Input((3,)), layer(), layers.Dense(1)])
        model.compile("sgd", loss)
        return model

    return make


@pytest.mark.filterwarnings("ignore::corereg.warn.NotFiniteWarning")
@pytest.mark.parametrize(
    ("make", "replayed", "message"),
    [
        (model_of(Forgets), None, "a loaded model is not the one saved"),
        (model_of(ForgetsLater), None, "a loaded model does not go on"),
        (model_of(lambda: layers.Rescaling(np.inf)), True, "the history has NaN or infinity"),
        (model_of(lambda: layers.Dense(2)), False, "expected steps to be eager; .*replayed"),
        (model_of(OddOnce), None, "replayed is not training through Python"),
    ],
)
def test_what_a_model_lacks_fails_by_it(make, replayed, message):
    with (
        custom_object_scope({kind.__name__: kind for kind in (Forgets, ForgetsLater, OddOnce)}),
        np.errstate(all="ignore"),
        pytest.raises(AssertionError, match=message),
    ):
        check_model(make, numbers(7, 3), numbers(7, 1), replayed)
