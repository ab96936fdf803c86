"""The parameters of dense estimators: what each does to the network, and what is refused."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

pytest.importorskip("sklearn")

from dense_estimators import LENGTHS, NAMES, SIZES, X, bits, classifier, regressor

from corereg import losses, optimizers
from corereg.layers import GaussianNoise
from corereg.optimizers.schedules import CosineDecay, ExponentialDecay, PolynomialDecay
from corereg.sklearn import DenseClassifier, DenseRegressor

BOTH = (DenseClassifier, DenseRegressor)


def fitted(**options):
    return classifier(**{"epochs": 2} | options).fit(X, NAMES)


def layers_of(**options):
    """The names of the layers of a network that was trained so."""
    return [layer.name for layer in fitted(**options).model_.layers]


# ---- layers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "units"),
    [((), []), (5, [5]), (np.int64(5), [5]), ([4, 3], [4, 3]), (np.array([4, 3]), [4, 3])],
)
def test_hidden_layer_sizes(sizes, units):
    model = DenseClassifier(sizes, epochs=1).fit(X, NAMES).model_
    assert [layer.units for layer in model.layers] == [*units, 3]


def test_layers_of_each_option():
    assert layers_of() == ["hidden_0", "output"]
    assert layers_of(dropout=0.1) == ["hidden_0", "dropout_0", "output"]
    assert layers_of(noise=0.1) == ["noise", "hidden_0", "output"]
    assert layers_of(batch_norm=True, dropout=0.1) == [
        *("hidden_0", "normalization_0", "activation_0", "dropout_0", "output"),
    ]
    deep = DenseClassifier((4, 3), dropout=(0, 0.5), epochs=1).fit(X, NAMES).model_.layers
    assert [layer.name for layer in deep] == ["hidden_0", "hidden_1", "dropout_1", "output"]
    noise, *_ = fitted(noise=0.25).model_.layers
    assert isinstance(noise, GaussianNoise)
    assert noise.stddev == 0.25
    normalized = fitted(batch_norm=True, activation="gelu").model_.layers
    assert not normalized[0].use_bias
    assert normalized[2].activation.__name__ == "gelu"


def test_activation():
    assert fitted(activation="tanh").model_.layers[0].activation.__name__ == "tanh"
    own = fitted(activation=lambda x: x * 2.0).model_
    assert own.layers[0].activation(3.0) == 6.0


def test_penalties():
    hidden, output = fitted(l2=0.1).model_.layers
    for layer in (hidden, output):
        assert layer.kernel_regularizer.l2 == 0.1
        assert layer.bias_regularizer is None
    sparse = fitted(l1=0.01, l2=0.001, epochs=60)
    hidden, output = sparse.model_.layers
    assert (hidden.kernel_regularizer.l1, hidden.kernel_regularizer.l2) == (0.01, 0.001)
    assert (hidden.kernel.data == 0).any()
    assert sparse.score(X, NAMES) > 0.9


def test_group_lasso_leaves_out_whole_inputs():
    rng = np.random.default_rng(0)
    x = np.concatenate([X[:, 2:], rng.standard_normal((150, 6))], axis=1)
    chosen = classifier(group_lasso=0.5, l2=0.01, epochs=100, schedule="cosine").fit(x, NAMES)
    hidden, output = chosen.model_.layers
    inputs = hidden.kernel.data.any(axis=1)
    assert inputs[:2].all()
    assert inputs[2:].sum() <= 1
    assert output.kernel_regularizer.l2 == 0.01
    assert type(hidden.kernel_regularizer).__name__ == "ProximalGroupLasso"
    alone = DenseClassifier((), group_lasso=0.1, epochs=1).fit(x, NAMES).model_
    assert type(alone.layers[0].kernel_regularizer).__name__ == "ProximalGroupLasso"


def test_max_norm():
    hidden, output = fitted(max_norm=0.5, epochs=10).model_.layers
    norms = np.linalg.norm(hidden.kernel.data, axis=0)
    assert norms.max() <= 0.5 + 1e-6
    assert np.linalg.norm(output.kernel.data, axis=0).max() > 0.5


@pytest.mark.parametrize("y", [NAMES, SIZES, np.stack([NAMES, SIZES], axis=1)])
def test_label_smoothing_makes_probabilities_less_sure(y):
    def sureness(**options):
        p = classifier(epochs=60, **options).fit(X, y).predict_proba(X)
        return [part.max(axis=1).mean() for part in (p if isinstance(p, list) else [p])]

    for smoothed, plain in zip(sureness(label_smoothing=0.2), sureness(), strict=True):
        assert smoothed < plain - 0.03


# ---- training ------------------------------------------------------------------------------------


def test_optimizer_learning_rate_and_schedule():
    def rate(**options):
        model = fitted(**options).model_
        return getattr(model.optimizer, "base", model.optimizer).learning_rate

    assert rate(learning_rate=None) == pytest.approx(0.001)
    assert rate(learning_rate=0.5, optimizer="sgd") == 0.5
    mine = optimizers.Adam(0.003, beta_1=0.5)
    model = fitted(optimizer=mine, learning_rate=None).model_
    assert model.optimizer is not mine
    assert mine.iterations == 0
    assert float(model.optimizer.learning_rate) == pytest.approx(0.003)
    assert model.optimizer.get_config()["beta_1"] == 0.5
    assert rate(optimizer=mine, learning_rate=0.25) == 0.25
    assert rate(optimizer=optimizers.SAM("sgd"), learning_rate=0.125) == 0.125
    assert rate(learning_rate=ExponentialDecay(1.0, 10, 0.5)) == pytest.approx(
        0.5
    )  # of 2 * 5 steps


@pytest.mark.parametrize(("name", "kind"), [("cosine", CosineDecay), ("linear", PolynomialDecay)])
def test_schedules_end_with_the_last_epoch(name, kind):
    model = fitted(schedule=name, learning_rate=0.1, epochs=3, batch_size=64).model_
    config = model.optimizer.get_config()["learning_rate"]
    assert config["class_name"] == kind.__name__
    assert config["config"]["initial_learning_rate"] == 0.1
    assert config["config"]["decay_steps"] == 9
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_batches_and_order():
    whole = fitted(batch_size=1000)
    assert int(whole.model_.optimizer.iterations) == 2
    assert int(fitted(batch_size=np.int64(75), epochs=3).model_.optimizer.iterations) == 6
    ordered = fitted(shuffle=False)
    assert bits(ordered) != bits(fitted())
    assert bits(fitted(shuffle=False)) == bits(ordered)


def test_losses_of_regressors():
    robust = regressor(loss="mean_absolute_error", epochs=1).fit(X, LENGTHS)
    assert robust.model_.loss.name == "mean_absolute_error"
    own = regressor(loss=losses.Huber(0.5), epochs=1).fit(X, LENGTHS)
    assert own.model_.loss.delta == 0.5


def test_verbose(capsys):
    fitted(verbose=2)
    assert len(capsys.readouterr().out.splitlines()) >= 2
    fitted()
    assert capsys.readouterr().out == ""


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *(
            ({name: value}, f"{name} as a finite number >= 0")
            for name in ("l1", "l2", "group_lasso", "noise", "min_delta")
            for value in (-1e-9, np.nan, np.inf, "1", None, True)
        ),
        *(
            ({name: value}, f"{name} as an integer >= 1")
            for name in ("batch_size", "epochs", "patience")
            for value in (0, 1.0, "auto", None, True)
        ),
        *(
            ({name: value}, f"{name} as True or False")
            for name in ("batch_norm", "shuffle", "early_stopping", "warm_start", "densify")
            for value in (1, "yes", None)
        ),
        *(({"hidden_layer_sizes": v}, "hidden_layer_sizes as an") for v in (0, (3, 0), "3", 2.5)),
        *(({"dropout": v}, "dropout as a number in") for v in (1, -0.1, "x", (0.1, 0.2), (1.0,))),
        *(({"max_norm": v}, "max_norm as None or a finite") for v in (0, -1, np.inf, "1", True)),
        *(({"validation_fraction": v}, "validation_fraction as a num") for v in (0, 1, None, 10)),
        *(({"label_smoothing": v}, "label_smoothing as a number in") for v in (1, -0.1, None)),
        *(({"learning_rate": v}, "learning_rate as None") for v in (0, -1, "fast", np.nan, True)),
        *(({"optimizer": v}, "optimizer as a name such as 'adam'") for v in ("adamm", None, 3)),
        *(({"schedule": v}, "schedule as one of 'constant', ") for v in ("step", None, 0.1)),
        *(({"dtype": v}, "dtype as None") for v in ("float16", np.float32, 32)),
        *(({"activation": v}, "activation as a name such as") for v in ("rel", 3)),
        *(({"verbose": v}, "verbose as 0, 1 or 2") for v in (3, "auto", None)),
        ({"learning_rate": CosineDecay(0.1, 5), "schedule": "linear"}, "a number as learning_rate"),
        ({"l1": 0.1, "optimizer": "adagrad"}, "an optimizer that makes weights exactly zero"),
        ({"group_lasso": 0.1, "optimizer": "lion"}, "an optimizer that makes weights exactly zero"),
    ],
)
def test_what_is_out_of_range(given, expected):
    estimator = classifier().set_params(**given)  # which checks nothing, as scikit-learn wants it
    with pytest.raises(ValueError, match=f"^DenseClassifier.fit: expected {re.escape(expected)}"):
        estimator.fit(X, NAMES)
    assert not hasattr(estimator, "n_features_in_")


@pytest.mark.parametrize("loss", ["msee", "sparse_categorical_crossentropy", 3, None])
def test_losses_that_are_none(loss):
    with pytest.raises(ValueError, match=r"^DenseRegressor.fit: expected loss as one of 'mean_squ"):
        regressor(loss=loss).fit(X, LENGTHS)


# ---- documentation -------------------------------------------------------------------------------


def described(kind):
    """The text on each parameter in a class's docstring."""
    part = inspect.getdoc(kind).partition("Parameters\n")[2].partition("Attributes\n")[0]
    pieces = re.split(r"(?m)^(\w+) : ", part)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


@pytest.mark.parametrize("kind", BOTH)
def test_each_parameter_is_described_with_its_default(kind):
    given = inspect.signature(kind).parameters
    texts = described(kind)
    assert list(texts) == list(given)
    for name, text in texts.items():
        default = given[name].default
        written = f'"{default}"' if isinstance(default, str) else repr(default)
        assert f"default={written}\n" in text, name


def test_what_both_share_is_described_alike():
    one, other = map(described, BOTH)
    for name in one.keys() & other.keys() - {"validation_fraction"}:
        assert one[name] == other[name], name
    assert one.keys() - other.keys() == {"class_weight", "label_smoothing"}
    assert other.keys() - one.keys() == {"loss"}


@pytest.mark.parametrize("kind", BOTH)
def test_attributes_are_those_described(kind):
    part = inspect.getdoc(kind).partition("Attributes\n")[2]
    names = set(re.findall(r"(?m)^(\w+_) : ", part))
    found = kind((2,), epochs=1).fit(X, NAMES if kind is DenseClassifier else LENGTHS)
    there = {name for name in dir(found) if re.fullmatch(r"[a-z]\w*[a-z]_", name)}
    assert there == names - {"feature_names_in_"}
