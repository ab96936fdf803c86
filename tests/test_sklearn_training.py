"""How dense estimators are trained: random numbers, epochs, when they stop and how they go on."""

from __future__ import annotations

import io
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("sklearn")

from dense_estimators import CODES, LENGTHS, NAMES, SIZES, X, bits, classifier, regressor
from sklearn.base import clone

import corereg
from corereg import optimizers
from corereg.layers import Dropout
from corereg.sklearn import DenseClassifier

# ---- random numbers ------------------------------------------------------------------------------


def test_an_integer_makes_fits_equal_in_any_thread():
    def one(seed):
        return bits(
            DenseClassifier((8,), dropout=0.3, noise=0.1, epochs=8, random_state=seed).fit(X, NAMES)
        )

    expected = [one(seed) for seed in range(3)]
    assert len({tuple(found) for found in expected}) == 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, [*range(3)] * 2)) == expected * 2


def test_a_fit_leaves_other_random_numbers_alone():
    def state():
        numpys = np.random.get_state()  # noqa: NPY002  # which scikit-learn draws from
        return str((corereg.random.get_state(), numpys, random.getstate()))

    before = state()
    classifier(dropout=0.5, early_stopping=True).fit(X, NAMES)
    assert state() == before


def test_other_random_states():
    first = bits(classifier(random_state=np.random.RandomState(3)).fit(X, NAMES))
    generator = np.random.RandomState(3)
    both = [bits(classifier(random_state=generator).fit(X, NAMES)) for _ in range(2)]
    assert both[0] == first != both[1]
    both = [bits(classifier(random_state=None).fit(X, NAMES)) for _ in range(2)]
    assert both[0] != both[1]
    corereg.set_random_seed(1)  # seeds NumPy's, which scikit-learn takes for None
    seeded = bits(classifier(random_state=None).fit(X, NAMES))
    corereg.set_random_seed(1)
    assert bits(classifier(random_state=None).fit(X, NAMES)) == seeded


# ---- epochs --------------------------------------------------------------------------------------


def test_the_network_is_what_a_user_would_have_written():
    options = {"dropout": 0.2, "l2": 1e-3, "epochs": 4, "random_state": 5}
    fitted = DenseClassifier((16, 8), dtype="float32", **options).fit(X, CODES)
    model = fitted.model_
    assert fitted.n_iter_ == 4
    assert len(fitted.loss_curve_) == 4
    assert fitted.loss_ == fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert [type(layer).__name__ for layer in model.layers] == [
        *("Dense", "Dropout", "Dense", "Dropout", "Dense"),
    ]
    assert model.predict(X, verbose=0).tobytes() == fitted.predict_proba(X).tobytes()
    stream = io.BytesIO()
    model.save(stream)
    stream.seek(0)
    loaded = corereg.models.load_model(stream)
    assert loaded.predict(X, verbose=0).tobytes() == fitted.predict_proba(X).tobytes()


@pytest.mark.parametrize("make", [classifier, regressor])
def test_early_stopping(make):
    y = NAMES if make is classifier else LENGTHS
    options = {"early_stopping": True, "epochs": 300, "patience": 3, "validation_fraction": 0.2}
    fitted = make(**options).fit(X, y)
    losses = np.array(fitted.validation_loss_curve_)
    best = int(losses.argmin())
    assert fitted.n_iter_ == len(losses) == best + 1 + 3 < 300
    assert len(fitted.validation_scores_) == len(losses)
    assert fitted.best_validation_score_ == fitted.validation_scores_[best] > 0.8
    # the same rows are held back, and the weights are those of the best epoch
    shorter = make(**options | {"epochs": best + 1}).fit(X, y)
    assert bits(shorter) == bits(fitted)
    plain = make().fit(X, y)
    assert plain.validation_scores_ is plain.validation_loss_curve_ is None
    assert plain.best_validation_score_ is None


def test_rows_held_back_have_all_classes_in_their_shares(monkeypatch):
    seen = []
    fit = corereg.Sequential.fit

    def noting(self, x, y, **options):
        seen.append((y, options["validation_data"][1]))
        return fit(self, x, y, **options)

    monkeypatch.setattr(corereg.Sequential, "fit", noting)
    classifier(early_stopping=True, epochs=1, validation_fraction=0.2).fit(X, NAMES)
    assert [np.bincount(part).tolist() for part in seen[0]] == [[40] * 3, [10] * 3]
    rare = np.where(np.arange(150) == 7, "once", NAMES)  # cannot be on both sides
    classifier(early_stopping=True, epochs=1).fit(X, rare)
    assert sum(len(part) for part in seen[1]) == 150


def test_validation_scores_are_scores():
    """Of the rows held back, by the weights of that epoch."""
    y = np.stack([NAMES, SIZES], axis=1)
    fitted = classifier(early_stopping=True, validation_fraction=0.5, patience=50).fit(X, y)
    assert fitted.best_validation_score_ > 0.8
    for loss in ("mean_absolute_error", "huber", "log_cosh"):
        other = regressor(early_stopping=True, loss=loss).fit(X, LENGTHS)
        assert 0.8 < other.best_validation_score_ <= 1
    with pytest.raises(ValueError, match=r"received n_samples=1 and validation_fraction=0.1"):
        regressor(early_stopping=True).fit(X[:1], LENGTHS[:1])


def test_warm_start_goes_on_from_the_weights_with_the_parameters_of_now():
    path = classifier(warm_start=True, epochs=3, l2=1e-4).fit(X, NAMES)
    first = bits(path)
    before = path.model_
    path.set_params(l2=0.05, dropout=0.2, learning_rate=1e-9).fit(X, NAMES)
    assert path.model_ is not before
    assert path.model_.layers[0].kernel_regularizer.l2 == 0.05
    assert isinstance(path.model_.layers[1], Dropout)
    for w, old in zip(path.model_.get_weights(), before.get_weights(), strict=True):
        np.testing.assert_allclose(w, old, atol=1e-6)
    assert bits(path) != first
    assert path.n_iter_ == 3
    assert len(path.loss_curve_) == 6
    again = classifier(warm_start=True, epochs=3, l2=1e-4).fit(X, NAMES)
    again.set_params(l2=0.05, dropout=0.2, learning_rate=1e-9).fit(X, NAMES)
    assert bits(again) == bits(path)
    path.set_params(warm_start=False, l2=1e-4, dropout=0.0, learning_rate=0.02).fit(X, NAMES)
    assert bits(path) == first
    assert len(path.loss_curve_) == 3


def test_warm_start_refuses_what_its_weights_do_not_fit():
    fitted = classifier(warm_start=True, epochs=1).fit(X, NAMES)
    kept = bits(fitted)
    with pytest.raises(ValueError, match=r"network that warm_start goes on with, .*\(4, 9\)"):
        clone(fitted).fit(X, NAMES).set_params(hidden_layer_sizes=9).fit(X, NAMES)
    with pytest.raises(ValueError, match="expecting 4 features"):
        fitted.fit(X[:, :2], NAMES)
    with pytest.raises(ValueError, match=r"expected y of the classes .* received \['rose'\], too"):
        fitted.fit(X, np.where(CODES == 1, "rose", NAMES))
    with pytest.raises(ValueError, match=r"expected y of shape \(rows,\), as before"):
        fitted.fit(X, np.stack([NAMES, SIZES], axis=1))
    assert bits(fitted) == kept
    numbers = regressor(warm_start=True, epochs=1).fit(X, LENGTHS)
    with pytest.raises(ValueError, match="expected y of 1 columns, as before"):
        numbers.fit(X, X)


def test_partial_fit_goes_on_as_a_fit_of_as_many_epochs():
    whole = classifier(epochs=6).fit(X, NAMES)
    parts = classifier(epochs=99)
    parts.partial_fit(X, NAMES, np.unique(NAMES))
    model = parts.model_
    for _ in range(5):
        parts.partial_fit(X, NAMES)
    assert parts.model_ is model  # with its optimizer
    assert bits(parts) == bits(whole)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 1
    numbers = regressor()
    for _ in range(6):
        numbers.partial_fit(X, LENGTHS)
    assert bits(numbers) == bits(regressor(epochs=6).fit(X, LENGTHS))


def test_classes_of_partial_fit():
    first = CODES < 2
    parts = classifier().partial_fit(X[first], NAMES[first], classes=np.unique(NAMES))
    assert parts.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    parts.partial_fit(X[~first], NAMES[~first])
    with pytest.raises(ValueError, match="expected y of the classes"):
        parts.partial_fit(X, np.full(150, "rose"))
    with pytest.raises(ValueError, match=r"DenseClassifier.partial_fit: expected classes in the f"):
        classifier().partial_fit(X, NAMES)
    y = np.stack([NAMES, SIZES], axis=1)
    several = classifier().partial_fit(X, y, classes=[np.unique(NAMES), ["large", "small"]])
    assert len(several.classes_) == 2
    with pytest.raises(ValueError, match=r"expected classes as a list of 2, .* received 3"):
        classifier().partial_fit(X, y, classes=[[1], [2], [3]])
    labels = (y == "setosa").astype(int)
    assert classifier().partial_fit(X, labels).predict(X).shape == (150, 2)


def test_partial_fit_does_without_what_needs_an_end():
    constant = bits(regressor().partial_fit(X, LENGTHS))
    for options in ({"schedule": "cosine"}, {"early_stopping": True}):
        fitted = regressor(**options).partial_fit(X, LENGTHS)
        assert bits(fitted) == constant
        assert fitted.validation_scores_ is None
    for optimizer in ("adam", optimizers.SAM("adam")):
        fallen = regressor(schedule="cosine", optimizer=optimizer, epochs=2).fit(X, LENGTHS)
        kept = bits(fallen)
        fallen.partial_fit(X, LENGTHS)
        assert bits(fallen) != kept  # for the rate is learning_rate again
        rates = fallen.model_.optimizer
        assert float(getattr(rates, "base", rates).learning_rate) == pytest.approx(0.02)
    with pytest.raises(ValueError, match=r"'balanced' .* partial_fit"):
        classifier(class_weight="balanced").partial_fit(X, NAMES, np.unique(NAMES))


@pytest.mark.filterwarnings("ignore:.*the loss became:RuntimeWarning", "ignore:fit. in epoch")
def test_a_training_that_diverges_is_an_error():
    wild = regressor(optimizer="sgd", learning_rate=1e9)
    with pytest.raises(ValueError, match=r"DenseRegressor.fit: expected a training that ends"):
        wild.fit(X * 1e6, LENGTHS)
    assert not hasattr(wild, "model_")
