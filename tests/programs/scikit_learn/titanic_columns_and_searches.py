"""A mixed table: columns prepared by their kinds, then searches at random and by halving,
calibrated probabilities, and which columns matter."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.model_selection import HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from corereg import Sequential, layers
from corereg.sklearn import KerasClassifier

rng = np.random.RandomState(5)
rows = 160
age = rng.uniform(1, 80, rows)
fare = rng.lognormal(3, 1, rows)
sex = rng.choice(["female", "male"], rows)
port = rng.choice(["C", "Q", "S"], rows)
survived = np.where((sex == "female") | (age < 12), "yes", "no")
age[::10] = np.nan
X = np.empty((rows, 4), dtype=object)
X[:, 0], X[:, 1], X[:, 2], X[:, 3] = age, fare, sex, port

prepare = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1]),
        ("words", OneHotEncoder(sparse_output=False), [2, 3]),
    ]
)


def build(meta, units=8, dropout=0.0):
    model = Sequential()
    model.add(layers.Input((meta["n_features_in_"],)))
    model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


network = KerasClassifier(
    build,
    loss="binary_crossentropy",
    optimizer="adam",
    optimizer__learning_rate=0.01,
    class_weight="balanced",
    epochs=15,
    random_state=1,
    verbose=0,
)
pipeline = Pipeline([("prepare", prepare), ("network", network)])

search = RandomizedSearchCV(
    pipeline,
    {
        "network__model__units": [4, 8, 16, 32],
        "network__model__dropout": [0.0, 0.2],
        "network__optimizer__learning_rate": [0.003, 0.01, 0.03],
    },
    n_iter=3,
    cv=2,
    random_state=0,
    scoring="roc_auc",
)
search.fit(X, survived)
print("random: %.2f" % search.best_score_, search.best_params_)
assert search.best_score_ > 0.85

halving = HalvingGridSearchCV(
    pipeline, {"network__model__units": [4, 16], "network__epochs": [2, 25]}, cv=2, random_state=0
)
halving.fit(X, survived)
print("halving:", halving.best_params_)
assert halving.best_params_["network__epochs"] == 25

calibrated = CalibratedClassifierCV(search.best_estimator_, cv=2).fit(X, survived)
probabilities = calibrated.predict_proba(X)
assert probabilities.shape == (rows, 2)
assert np.allclose(probabilities.sum(axis=1), 1)

found = permutation_importance(search.best_estimator_, X, survived, n_repeats=3, random_state=0)
names = np.array(["age", "fare", "sex", "port"])
order = found.importances_mean.argsort()[::-1]
print("most important:", names[order[0]])
assert names[order[0]] == "sex"
