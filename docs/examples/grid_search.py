"""Grid search: the recipe of the tutorials, and what takes its place.

    python docs/examples/grid_search.py

It needs scikit-learn: pip install "corereg[sklearn]". The first search tries each setting of a
function that builds a model, by scikit-learn's GridSearchCV. The second one is made for
regularization: it goes from weak to strong, trains on all cores at once, and averages the networks
of the best settings.
"""

import time

import numpy as np
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.preprocessing import StandardScaler

import corereg
from corereg import tuning
from corereg.datasets import load_breast_cancer
from corereg.layers import Dense, Dropout, Input
from corereg.models import Sequential
from corereg.regularizers import L2
from corereg.sklearn import KerasClassifier

x, y = load_breast_cancer()
x, x_test, y, y_test = train_test_split(x, y, train_size=150, stratify=y, random_state=1)
scaler = StandardScaler().fit(x)
x, x_test = scaler.transform(x).astype("float32"), scaler.transform(x_test).astype("float32")


def build(l2=0.0, dropout=0.0):
    hidden = []
    for _ in range(2):
        hidden += [Dense(64, "relu", kernel_regularizer=L2(l2)), Dropout(dropout)]
    model = Sequential([Input((30,)), *hidden, Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def report(name, seconds, chances):
    loss = -np.log(chances[np.arange(len(y_test)), y_test] + 1e-7).mean()
    right = (chances.argmax(1) == y_test).mean()
    print(f"{name:42}{seconds:6.1f} s{loss:12.3f}{right:12.1%}")


corereg.set_random_seed(0)
print(f"{'':42}{'time':>8}{'test loss':>12}{'accuracy':>12}")
began = time.perf_counter()
plain = build()
plain.fit(x, y, epochs=200, verbose=0)
report("one network, plain", time.perf_counter() - began, plain.predict(x_test, verbose=0))

began = time.perf_counter()
classifier = KerasClassifier(build, epochs=200, batch_size=32, verbose=0, random_state=0)
grid = {"model__l2": [0.0, 1e-3, 1e-2, 1e-1], "model__dropout": [0.0, 0.2, 0.5]}
search = GridSearchCV(classifier, grid, cv=5, scoring="neg_log_loss").fit(x, y)
report("GridSearchCV, 12 settings", time.perf_counter() - began, search.predict_proba(x_test))

began = time.perf_counter()
space = {"l2": [0.0, *np.geomspace(1e-5, 1e-1, 9)], "dropout": [0.0, 0.2, 0.5]}
found = tuning.cross_validated_search(
    build, x, y, space, strategy="path", epochs=200, random_state=0, verbose=0
)
seconds = time.perf_counter() - began
report("from weak to strong, 30 settings", seconds, found.best_model.predict(x_test, verbose=0))
report("the average of the best five", seconds, found.ensemble.predict(x_test, verbose=0))
print("chosen:", ", ".join(f"{name} {value:.3g}" for name, value in found.best_settings.items()))
