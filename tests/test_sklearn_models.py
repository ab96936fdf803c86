"""ModelClassifier and ModelRegressor: SciKeras's parameters, and what fit leaves behind."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest

import corereg
from corereg import callbacks, layers, losses, metrics, optimizers
from corereg.models import Model, Sequential

sklearn = pytest.importorskip("sklearn")
joblib = pytest.importorskip("joblib")

from sklearn.base import clone, is_classifier, is_regressor  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402

from corereg.sklearn import (  # noqa: E402
    BaseWrapper,
    ClassifierLabelEncoder,
    KerasClassifier,
    KerasRegressor,
    ModelClassifier,
    ModelEstimator,
    ModelRegressor,
)
from corereg.sklearn.routing import build as build_parts  # noqa: E402

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4)).astype("float32")
TWO = np.where(X[:, 0] > 0, "yes", "no")
THREE = np.array(["ant", "bee", "cat"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
NUMBERS = X @ np.array([1.0, 2.0, -1.0, 0.5])


def build(meta, units=6, last="auto"):
    """A model of the shape that the data want, not compiled."""
    count = meta.get("n_classes_") or meta["n_outputs_"]
    two = meta["target_type_"] == "binary" and "n_classes_" in meta
    activation = {"binary": "sigmoid", "multiclass": "softmax"}.get(meta["target_type_"])
    activation = activation if "n_classes_" in meta else None
    model = Sequential([layers.Input((meta["n_features_in_"],))])
    model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(1 if two else count, activation=activation if last == "auto" else last))
    return model


def two(model=build, **options):
    given = {"loss": "binary_crossentropy", "epochs": 3, "verbose": 0, "random_state": 1}
    return ModelClassifier(model, **(given | options))


def three(model=build, **options):
    return two(model, **({"loss": "sparse_categorical_crossentropy"} | options))


def numbers(model=build, **options):
    given = {"loss": "mse", "epochs": 3, "verbose": 0, "random_state": 1}
    return ModelRegressor(model, **(given | options))


def weights(estimator):
    return b"".join(w.tobytes() for w in estimator.model_.get_weights())


# ---- parameters ----------------------------------------------------------------------------------


def test_names_of_scikeras():
    assert KerasClassifier is ModelClassifier
    assert KerasRegressor is ModelRegressor
    assert BaseWrapper is ModelEstimator
    assert is_classifier(two())
    assert is_regressor(numbers())


def test_parameters_with_addresses_are_parameters():
    estimator = two(model__units=3, hidden=2)
    assert estimator.model__units == 3
    params = estimator.get_params()
    assert params["model__units"] == 3
    assert params["hidden"] == 2
    assert clone(estimator).get_params() == params
    estimator.set_params(
        model__units=4, optimizer__learning_rate=0.5, callbacks__patience=2, epochs=7
    )
    assert (estimator.model__units, estimator.optimizer__learning_rate) == (4, 0.5)
    assert estimator.epochs == 7
    estimator.model__units = 5
    assert estimator.get_params()["model__units"] == 5
    with pytest.raises(ValueError, match=r"'unit' .* model__unit=3"):
        estimator.set_params(unit=3)
    with pytest.raises(AttributeError, match="'ModelClassifier' object has no attribute 'unit'"):
        estimator.unit  # noqa: B018
    assert "model__units=5" in repr(estimator)
    assert "model__units" in estimator._repr_html_()


def test_the_function_gets_what_it_names():
    seen = {}

    def noting(units, meta, compile_kwargs, params, extra=None):
        seen.update(locals())
        return build(meta, units)

    two(noting, model__units=3, extra="e", optimizer="sgd", loss__label_smoothing=0.1).fit(X, TWO)
    assert (seen["units"], seen["extra"]) == (3, "e")
    meta = seen["meta"]
    assert meta["classes_"].tolist() == ["no", "yes"]
    assert (meta["n_classes_"], meta["n_features_in_"]) == (2, 4)
    assert (meta["target_type_"], meta["X_shape_"], meta["y_ndim_"]) == ("binary", (60, 4), 1)
    assert isinstance(seen["compile_kwargs"]["optimizer"], optimizers.SGD)
    assert seen["compile_kwargs"]["loss"].label_smoothing == 0.1
    assert seen["params"]["model__units"] == 3
    partial = functools.partial(noting, units=2)
    assert three(partial).fit(X, THREE).model_.layers[0].units == 2


@pytest.mark.parametrize("given", ["sgd", "SGD", optimizers.SGD])
def test_an_optimizer_by_name_or_class_takes_parameters(given):
    estimator = two(optimizer=given, optimizer__learning_rate=0.25, optimizer__momentum=0.5)
    found = estimator.fit(X, TWO).model_.optimizer
    assert (float(found.learning_rate), found.momentum) == (0.25, 0.5)


def test_objects_are_taken_as_they_are_and_not_trained(fails):
    own = optimizers.Adam(0.125)
    estimator = two(optimizer=own).fit(X, TWO)
    assert float(estimator.model_.optimizer.learning_rate) == 0.125
    assert estimator.optimizer is own
    assert not own.parameters  # each fit has a copy
    once = weights(estimator)
    assert weights(estimator.fit(X, TWO)) == once
    message = r"optimizer: expected a name or a class, for \['learning_rate'\]"
    estimator.set_params(optimizer__learning_rate=1.0)
    fails(lambda: estimator.fit(X, TWO), TypeError, message)


def test_losses_and_metrics():
    estimator = two(
        loss=losses.BinaryCrossentropy,
        loss__label_smoothing=0.25,
        metrics=["acc", "mse", metrics.AUC, "BinaryAccuracy"],
        metrics__2__num_thresholds=50,
        metrics__3__threshold=0.3,
    ).fit(X, TWO)
    assert estimator.model_.loss.label_smoothing == 0.25
    names = ["acc", "auc", "binary_accuracy", "loss", "mean_squared_error"]
    assert sorted(estimator.history_) == names
    one = two(metrics="accuracy", validation_split=0.2).fit(X, TWO)
    assert sorted(one.history_) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    compiled = two(compile__metrics=["mse"], compile__loss="hinge", loss=None).fit(X, TWO)
    assert isinstance(compiled.model_.loss, losses.Hinge)


def test_parameters_reach_structures():
    class Part:
        def __init__(self, *args, **kwargs):
            self.given = args, kwargs

    made = build_parts("p", {"a": Part, "b": [Part, Part]}, {"a__n": 1, "b__1__n": 2, "m": 3})
    assert made["a"].given == ((), {"m": 3, "n": 1})
    assert made["b"][0].given == ((), {"m": 3})
    assert made["b"][1].given == ((), {"m": 3, "n": 2})
    nested = build_parts("p", Part, {"1": "y", "0": "x", "inner": Part, "inner__z": 4})
    assert nested.given[0] == ("x", "y")
    assert nested.given[1]["inner"].given == ((), {"z": 4})
    rate = optimizers.schedules.ExponentialDecay
    schedule = {"learning_rate": rate, "learning_rate__initial_learning_rate": 0.5}
    schedule |= {"learning_rate__decay_steps": 10, "learning_rate__decay_rate": 0.5}
    assert build_parts("optimizer", optimizers.SGD, schedule).learning_rate == pytest.approx(0.5)


def test_callbacks(fails):
    seen = []

    class Note(callbacks.Callback):
        def __init__(self, word="-"):
            self.word = word

        def on_epoch_end(self, epoch, logs=None):
            seen.append((self.word, epoch))

        def on_predict_end(self, logs=None):
            seen.append((self.word, "predict"))

    two(callbacks=Note, callbacks__word="a", epochs=1).fit(X, TWO)
    two(callbacks=[Note, Note()], callbacks__0__word="b", epochs=1).fit(X, TWO)
    two(callbacks={"x": [Note("c")], "y": Note}, callbacks__y__word="d", epochs=1).fit(X, TWO)
    assert seen == [("a", 0), ("b", 0), ("-", 0), ("c", 0), ("d", 0)]
    seen.clear()
    estimator = two(fit__callbacks=Note("f"), predict__callbacks=[Note("p")], epochs=1)
    estimator.fit(X, TWO).predict(X)
    assert seen == [("f", 0), ("p", "predict")]
    fails(lambda: two(callbacks=3).fit(X, TWO), TypeError, "expected callbacks as a callback")


def test_arguments_of_fit_and_predict(monkeypatch):
    given = []
    fit, predict = Sequential.fit, Sequential.predict
    monkeypatch.setattr(
        Sequential, "fit", lambda self, x, y, **k: given.append(k) or fit(self, x, y, **k)
    )
    monkeypatch.setattr(
        Sequential, "predict", lambda self, x, **k: given.append(k) or predict(self, x, **k)
    )
    estimator = two(batch_size=7, fit__batch_size=5, fit__epochs=2, predict__batch_size=-1)
    estimator.fit(X, TWO, shuffle=False).predict(X)
    assert (given[0]["batch_size"], given[0]["epochs"], given[0]["shuffle"]) == (5, 2, False)
    assert given[1]["batch_size"] == 60
    estimator.fit(X, TWO, epochs=1)
    assert given[2]["epochs"] == 1
    two(batch_size=-1).fit(X[:20], TWO[:20])
    assert given[3]["batch_size"] == 20


def test_models_that_do_not_fit(fails):
    def compiled(meta):
        model = build(meta)
        model.compile("adam", "hinge")
        return model

    def halves():
        x = layers.Input((4,))
        model = Model(x, [layers.Dense(1)(x), layers.Dense(1)(x)])
        model.compile("adam", "mse")
        return model

    for estimator, error, message in (
        (two(compiled), ValueError, "with loss='binary_crossentropy', .* compiled with <?.*Hinge"),
        (two(halves, loss=None), ValueError, r"a model with 1 output\(s\) .* with 2"),
        (two(loss=None), ValueError, "a compiled model or loss=..."),
        (two(None), ValueError, "expected model as a Model or a function"),
        (two(3), TypeError, "expected model as a Model or a function"),
        (two(lambda: 3), TypeError, "expected a Model from the function"),
        (two(random_state="x"), ValueError, "expected random_state as an integer"),
    ):
        fails(lambda e=estimator: e.fit(X, TWO), error, message)
        fails(lambda e=estimator: e.predict(X), NotFittedError, "not fitted")
    with pytest.warns(UserWarning, match="build_fn is an older name"):
        ModelClassifier(build_fn=build, loss="bce", verbose=0).fit(X, TWO)


# ---- targets -------------------------------------------------------------------------------------


def test_two_classes():
    one = two(epochs=60, optimizer="adam", optimizer__learning_rate=0.05).fit(X, TWO)
    assert one.classes_.tolist() == ["no", "yes"]
    assert one.score(X, TWO) > 0.9
    probabilities = one.predict_proba(X)
    assert probabilities.shape == (60, 2)
    assert one.predict_proba(X[:1]).shape == (1, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(one.predict(X), one.classes_[probabilities.argmax(axis=1)])
    assert one.predict(X[:1]).shape == (1,)
    column = two().fit(X, TWO[:, None])
    assert column.predict(X).shape == (60, 1)

    def pair(meta):
        return Sequential([layers.Input((4,)), layers.Dense(2, activation="softmax")])

    for loss in ("sparse_categorical_crossentropy", "categorical_crossentropy"):
        assert two(pair, loss=loss).fit(X, TWO).predict_proba(X).shape == (60, 2)


@pytest.mark.parametrize(
    "loss",
    [
        *("sparse_categorical_crossentropy", "categorical_crossentropy"),
        *(losses.CategoricalCrossentropy, losses.CategoricalCrossentropy()),
        losses.categorical_crossentropy,
    ],
)
def test_several_classes(loss):
    found = three(loss=loss, epochs=60, optimizer="adam", optimizer__learning_rate=0.05)
    found.fit(X, THREE)
    assert found.predict_proba(X).shape == (60, 3)
    assert found.score(X, THREE) > 0.8


def test_labels_become_one_hot_for_a_model_compiled_with_such_a_loss():
    def compiled(meta):
        model = build(meta)
        model.compile("adam", "categorical_crossentropy")
        return model

    found = three(compiled, loss=None).fit(X, THREE)
    assert set(found.predict(X)) <= set(THREE)


def test_rows_with_several_labels_and_one_hot_rows(fails):
    labels = np.stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 0], axis=1).astype(int)
    found = two(model__last="sigmoid", epochs=60, optimizer="adam").fit(X, labels)
    assert found.target_type_ == "multilabel-indicator"
    assert found.classes_.tolist() == [0, 1, 2]
    assert found.predict(X).shape == found.predict_proba(X).shape == (60, 3)
    assert set(found.predict(X).ravel()) <= {0, 1}
    one_hot = np.eye(3, dtype=int)[np.unique(THREE, return_inverse=True)[1]]
    softmax = three(loss="categorical_crossentropy", model__last="softmax").fit(X, one_hot)
    assert (softmax.predict(X).sum(axis=1) == 1).all()
    several = RNG.integers(0, 3, (60, 2))
    columns = two(lambda: Sequential([layers.Input((4,)), layers.Dense(2)]), loss="mse")
    columns.fit(X, several)
    fails(lambda: columns.predict(X), NotImplementedError, "classes of several outputs")
    assert columns.predict_proba(X).shape == (60, 2)
    fails(lambda: two().fit(X, NUMBERS), ValueError, "Unknown label type.*'continuous'")


def test_numbers_in_the_form_of_the_targets():
    found = numbers(epochs=100, optimizer="adam", optimizer__learning_rate=0.05).fit(X, NUMBERS)
    assert found.predict(X).shape == (60,)
    assert found.predict(X).dtype == np.float64
    assert found.score(X, NUMBERS) > 0.8
    both = np.stack([NUMBERS, -NUMBERS], axis=1).astype("float32")
    two_outputs = numbers().fit(X, both)
    assert two_outputs.predict(X).shape == (60, 2)
    assert two_outputs.predict(X).dtype == np.float32
    assert two_outputs.n_outputs_ == 2
    assert numbers().fit(X, np.arange(60)).predict(X).dtype == np.float32


def test_class_weights_and_sample_weights():
    uneven = np.where(X[:, 0] > 1, "yes", "no")
    by_hand = np.where(uneven == "yes", 30 / (uneven == "yes").sum(), 30 / (uneven == "no").sum())
    balanced = weights(two(class_weight="balanced").fit(X, uneven))
    assert balanced == weights(two().fit(X, uneven, sample_weight=by_hand))
    assert balanced != weights(two().fit(X, uneven))
    by_name = two(class_weight={"yes": 2.0, "no": 1.0})
    twice = 1.0 + (uneven == "yes")
    assert weights(by_name.fit(X, uneven)) == weights(two().fit(X, uneven, sample_weight=twice))
    halves = np.full(60, 0.5)
    assert weights(by_name.fit(X, uneven, sample_weight=halves)) == weights(
        two().fit(X, uneven, sample_weight=twice / 2)
    )
    assert (halves == 0.5).all()
    some = np.arange(60) % 2
    left_out = two(batch_size=30).fit(X, TWO, sample_weight=some)
    assert weights(left_out) == weights(two(batch_size=30).fit(X[1::2], TWO[1::2], np.ones(30)))
    with pytest.raises(ValueError, match=r"received zeros only|non-zero"):
        two().fit(X, TWO, sample_weight=np.zeros(60))


def test_scores_can_be_exchanged():
    class Errors(ModelClassifier):
        @staticmethod
        def scorer(y_true, y_pred, sample_weight=None, factor=1.0):
            return -factor * float(np.sum(np.asarray(y_true) != y_pred))

    found = Errors(build, loss="bce", verbose=0, score__factor=2.0).fit(X, TWO)
    assert found.score(X, TWO) == -2.0 * (found.predict(X) != TWO).sum()


def test_encoders_can_be_exchanged():
    class Doubled(ModelRegressor):
        @property
        def target_encoder(self):
            return FunctionTransformer(lambda y: y[:, None] / 100, lambda y: y[:, 0] * 100)

        @property
        def feature_encoder(self):
            return FunctionTransformer(lambda x: x[:, :2])

    def small():
        return Sequential([layers.Input((2,)), layers.Dense(1)])

    found = Doubled(small, loss="mse", verbose=0).fit(X, NUMBERS)
    np.testing.assert_allclose(
        found.predict(X), found.model_.predict(X[:, :2], verbose=0)[:, 0] * 100, rtol=1e-6
    )


def test_labels_that_fit_did_not_see(fails):
    encoder = ClassifierLabelEncoder(categories=[np.array(["b", "a"])]).fit(np.array(["a", "b"]))
    assert encoder.transform(np.array(["a", "b"]))[:, 0].tolist() == [1, 0]
    assert encoder.inverse_transform(np.array([[0.9, 0.1]])).tolist() == ["b"]
    fails(lambda: encoder.transform(np.array(["c"])), ValueError, r"received also \['c'\]")


# ---- training further ----------------------------------------------------------------------------


def test_partial_fit_and_warm_start(fails):
    found = three().partial_fit(X[:9], THREE[:9], classes=["ant", "bee", "cat"])
    made = found.model_
    only = THREE == "ant"
    found.partial_fit(X[only], THREE[only]).partial_fit(X, THREE)
    assert found.model_ is made
    assert found.current_epoch == 3 == len(found.history_["loss"])
    assert found.classes_.tolist() == ["ant", "bee", "cat"]
    fails(lambda: found.partial_fit(X, THREE, epochs=2), TypeError, "expected no epochs")
    fails(lambda: found.partial_fit(X, THREE[:, None]), ValueError, "expected y with 1 axes")
    fails(
        lambda: found.partial_fit(X, np.where(THREE == "cat", "dog", THREE)),
        ValueError,
        r"received also \['dog'\]",
    )
    assert found.fit(X, THREE).model_ is not made
    assert found.current_epoch == 3
    warm = numbers(warm_start=True, epochs=2).fit(X, NUMBERS)
    made, first = warm.model_, weights(warm)
    warm.fit(X, NUMBERS)
    assert warm.model_ is made
    assert weights(warm) != first
    assert warm.current_epoch == 2  # those of the last fit


def test_a_trained_model_predicts_after_initialize():
    model = Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, NUMBERS, verbose=0)
    found = ModelRegressor(model, verbose=0).initialize(X, NUMBERS)
    assert found.model_ is model
    assert found.current_epoch == 0
    np.testing.assert_array_equal(
        found.predict(X).astype("float32"), model.predict(X, verbose=0)[:, 0]
    )
    apart = clone(found)
    assert apart.model is not model
    before = weights(found)
    apart.fit(X, NUMBERS)
    assert weights(found) == before


def test_arguments_of_predict_are_those_of_the_model(monkeypatch):
    model = Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    found = ModelRegressor(model, verbose=0, predict__batch_size=7).initialize(X, NUMBERS)
    told, predict = [], type(model).predict
    monkeypatch.setattr(
        type(model),
        "predict",
        lambda self, x, **more: told.append(more) or predict(self, x, **more),
    )
    found.predict(X)
    found.predict(X, batch_size=5)
    found.predict(X, batch_size=-1)
    assert [one["batch_size"] for one in told] == [7, 5, len(X)]


# ---- data and copies -----------------------------------------------------------------------------


def test_data_that_are_refused(fails):
    scipy_sparse = pytest.importorskip("scipy.sparse")
    found = two()
    message = "ModelClassifier.fit: expected X as a dense array, .* csr_matrix"
    fails(lambda: found.fit(scipy_sparse.csr_matrix(X), TWO), TypeError, message)
    found.fit(X, TWO)
    fails(lambda: found.predict(X[:, :2]), ValueError, "2 features, .* expecting 4 features")
    images = X.reshape(60, 2, 2)
    flat = [layers.Input((2, 2)), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    deep = two(lambda: Sequential(flat)).fit(images, TWO)
    assert deep.predict(images).shape == (60,)
    fails(lambda: deep.predict(images[:, :, :1]), ValueError, r"expected X of shape \('rows', 2, 2")


def test_names_of_columns_are_remembered():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("pqrs"))
    found = two().fit(frame, pandas.Series(TWO, index=range(60, 0, -1)))
    assert found.feature_names_in_.tolist() == list("pqrs")
    assert (found.predict(frame) == two().fit(X, TWO).predict(X)).all()
    with pytest.raises(ValueError, match="in the same order"):
        found.predict(frame[list("qprs")])


def test_copies_are_whole(tmp_path):
    found = three(callbacks=[callbacks.EarlyStopping("loss", patience=9)], metrics=["acc"])
    found.fit(X, THREE)
    expected = found.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).predict_proba(X), expected)
    joblib.dump(found, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert loaded.history_ == found.history_
    assert loaded.partial_fit(X, THREE).current_epoch == 4


def test_metadata_are_routed():
    weight = np.where(TWO == "yes", 3.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        asking = two().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = make_pipeline(FunctionTransformer(), asking).fit(X, TWO, sample_weight=weight)
        assert weights(pipeline[-1]) == weights(two().fit(X, TWO, sample_weight=weight))
        scores = cross_val_score(asking, X, TWO, cv=2, params={"sample_weight": weight})
    assert scores.shape == (2,)


# ---- seeds and workers ---------------------------------------------------------------------------


def dropping(meta, units=6):
    model = Sequential([layers.Dense(units, activation="relu"), layers.Dropout(0.5)])
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def test_random_state_decides_all():
    state = corereg.random.get_state()
    first = weights(two(dropping).fit(X, TWO))
    assert corereg.random.get_state() == state
    assert weights(two(dropping).fit(X, TWO)) == first
    assert weights(two(dropping, random_state=2).fit(X, TWO)) != first
    drawn = []
    draw = callbacks.LambdaCallback(
        on_train_begin=lambda logs: drawn.append(corereg.random.next_seed())
    )
    for _ in range(2):
        two(dropping, callbacks=[draw]).fit(X, TWO)
    assert drawn[0] == drawn[1]
    own = np.random.RandomState(3)
    by_state = weights(two(dropping, random_state=own).fit(X, TWO))
    assert weights(two(dropping, random_state=own).fit(X, TWO)) == by_state != first
    corereg.set_random_seed(9)
    free = weights(two(dropping, random_state=None).fit(X, TWO))
    assert weights(two(dropping, random_state=None).fit(X, TWO)) != free
    corereg.set_random_seed(9)
    assert weights(two(dropping, random_state=None).fit(X, TWO)) == free


def searched(backend, n_jobs):
    grid = {"model__units": [2, 8], "optimizer__learning_rate": [0.01, 0.1]}
    with joblib.parallel_config(backend, n_jobs=n_jobs):
        search = GridSearchCV(two(dropping), grid, cv=3, scoring="neg_log_loss").fit(X, TWO)
    return search.cv_results_["mean_test_score"], weights(search.best_estimator_)


def test_threads_find_the_same_to_the_bit():
    scores, best = searched("threading", 1)
    again, same = searched("threading", 3)
    np.testing.assert_array_equal(scores, again)
    assert best == same
    assert len(set(scores)) == 4


@pytest.mark.exhaustive
def test_processes_find_the_same_to_the_bit():
    scores, best = searched("threading", 1)
    again, same = searched("loky", 2)
    np.testing.assert_array_equal(scores, again)
    assert best == same
