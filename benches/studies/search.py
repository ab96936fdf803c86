"""Study: what the default search of regularization brings on few rows.

    python benches/studies/search.py --seeds 10 [--tables diabetes,wine] [--without mlp]

Breast cancer, diabetes and digits with 150 training rows, wine with 60, the rest to test; features,
and targets of diabetes, standardised by the training rows. Fresh rows and weights for each seed.
The network has 64-64 units, relu, Adam 1e-3, batch 32, 200 epochs.

- plain: without regularization, trained on all training rows.
- search: `cross_validated_search` with its default space and 5 folds. ensemble: the average of the
  25 fold models of the five best settings; best model: the setting of the one-standard-error rule,
  trained on all rows.
- linear: scikit-learn's LogisticRegressionCV (10 strengths, by the log-likelihood), RidgeCV.
- mlp: scikit-learn's MLPClassifier or MLPRegressor of the same size, batches and epochs, with the
  same strengths of L2 (alpha = 2 * batch size * l2) and 5 folds by GridSearchCV.

Told are test losses (cross-entropy, squared error), mean and standard error over the seeds; and the
mean of the differences to plain of the same seed, as a share of plain's mean. The settings of the
search were fixed before with other seeds (0, 1, 2). Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets, linear_model, model_selection, neural_network

import corereg
from corereg import layers, losses, regularizers
from corereg.tuning import cross_validated_search, default_space

Array = np.ndarray[Any, Any]
FIRST_SEED = 100  # 0, 1 and 2 were used to find the settings
TABLES = {
    "breast cancer": (datasets.load_breast_cancer, 150),
    "diabetes": (datasets.load_diabetes, 150),
    "wine": (datasets.load_wine, 60),
    "digits": (datasets.load_digits, 150),
}
EPOCHS, BATCH, UNITS = 200, 32, (64, 64)
METHODS = ("plain", "ensemble", "best model", "linear", "mlp")


class Table:
    """A data set cut by a seed. classes: 0 of a regression."""

    def __init__(self, name: str, seed: int) -> None:
        load, rows = TABLES[name]
        x, y = load(return_X_y=True)
        order = np.random.default_rng(seed).permutation(len(x))
        train, test = order[:rows], order[rows:]
        deviation = x[train].std(axis=0)
        x = (x - x[train].mean(axis=0)) / np.where(deviation == 0, 1, deviation)
        self.classes = 0 if name == "diabetes" else len(np.unique(y))
        if not self.classes:
            y = (y - y[train].mean()) / y[train].std()
        self.x, self.tx = (x[part].astype("float32") for part in (train, test))
        self.y, self.ty = y[train], y[test]

    def targets(self, y: Array) -> Array:
        """As corereg's networks take them: one-hot of several classes, else one column."""
        if self.classes > 2:
            return np.eye(self.classes, dtype="float32")[y]
        return y.astype("float32")[:, None]

    def build(
        self, l2: float = 0.0, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> corereg.Sequential:
        stack: list[Any] = [corereg.Input(self.x.shape[1:])]
        for units in UNITS:
            regularizer = regularizers.L2(l2) if l2 else None
            stack.append(layers.Dense(units, "relu", kernel_regularizer=regularizer))
            if dropout:
                stack.append(layers.Dropout(dropout))
        if self.classes > 2:
            stack.append(layers.Dense(self.classes, "softmax"))
            loss: Any = losses.CategoricalCrossentropy(label_smoothing=label_smoothing)
        elif self.classes:
            stack.append(layers.Dense(1, "sigmoid"))
            loss = losses.BinaryCrossentropy(label_smoothing=label_smoothing)
        else:
            stack.append(layers.Dense(1))
            loss = "mse"
        model = corereg.Sequential(stack)
        model.compile("adam", loss)
        return model

    def loss(self, predictions: Array) -> float:
        """The loss of predictions on the test rows."""
        p = np.asarray(predictions, float)
        if not self.classes:
            return float(np.mean((p.reshape(-1) - self.ty) ** 2))
        if p.ndim == 1 or p.shape[1] == 1:
            p = np.stack([1 - p.reshape(-1), p.reshape(-1)], axis=1)
        right = p[np.arange(len(p)), self.ty] / p.sum(axis=1)
        return float(-np.log(np.clip(right, 1e-7, 1)).mean())


def plain(table: Table, seed: int) -> dict[str, float]:
    corereg.set_random_seed(seed)
    model = table.build()
    model.fit(table.x, table.targets(table.y), batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return {"plain": table.loss(model.predict(table.tx, verbose=0))}


def search(table: Table, seed: int) -> dict[str, float]:
    space = default_space(["l2", "dropout", "label_smoothing"], classifies=bool(table.classes))
    y = table.targets(table.y)
    found = cross_validated_search(
        table.build, table.x, y, space, strategy="path", epochs=EPOCHS, batch_size=BATCH,
        random_state=seed, verbose=0,
    )  # fmt: skip
    return {
        "ensemble": table.loss(found.ensemble.predict(table.tx, verbose=0)),
        "best model": table.loss(found.best_model.predict(table.tx, verbose=0)),
    }


def linear(table: Table, seed: int) -> dict[str, float]:
    if not table.classes:
        model: Any = linear_model.RidgeCV(alphas=np.logspace(-3, 4, 15))
        return {"linear": table.loss(model.fit(table.x, table.y).predict(table.tx))}
    folds = model_selection.StratifiedKFold(5, shuffle=True, random_state=seed)
    model = linear_model.LogisticRegressionCV(
        Cs=10, cv=folds, scoring="neg_log_loss", max_iter=1000
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table.x, table.y)
    return {"linear": table.loss(model.predict_proba(table.tx))}


def mlp(table: Table, seed: int) -> dict[str, float]:
    options: dict[str, Any] = {
        "hidden_layer_sizes": UNITS,
        "batch_size": BATCH,
        "max_iter": EPOCHS,
        "tol": 0.0,
        "n_iter_no_change": EPOCHS,
        "random_state": seed,
    }
    folds: Any
    if table.classes:
        model: Any = neural_network.MLPClassifier(**options)
        folds = model_selection.StratifiedKFold(5, shuffle=True, random_state=seed)
        scoring = "neg_log_loss"
    else:
        model = neural_network.MLPRegressor(**options)
        folds = model_selection.KFold(5, shuffle=True, random_state=seed)
        scoring = "neg_mean_squared_error"
    alphas = [2 * BATCH * l2 for l2 in default_space(["l2"], classifies=True)["l2"]]
    found = model_selection.GridSearchCV(model, {"alpha": alphas}, cv=folds, scoring=scoring)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.fit(table.x, table.y)
    predict = found.predict_proba if table.classes else found.predict
    return {"mlp": table.loss(predict(table.tx))}


CONTESTANTS: dict[str, Callable[[Table, int], dict[str, float]]] = {
    "plain": plain, "search": search, "linear": linear, "mlp": mlp,
}  # fmt: skip


def mean_and_error(values: Array) -> tuple[float, float]:
    """The mean, and its standard error."""
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return float(values.mean()), float(error)


def report(name: str, seeds: range, without: list[str]) -> None:
    """Prints the table of a data set."""
    found: dict[str, list[float]] = {}
    cpu = dict.fromkeys(CONTESTANTS, 0.0)
    for seed in seeds:
        table = Table(name, seed)
        for contestant, run in CONTESTANTS.items():
            if contestant not in without:
                began = time.process_time()
                for method, loss in run(table, seed).items():
                    found.setdefault(method, []).append(loss)
                cpu[contestant] += time.process_time() - began
    base = np.array(found["plain"])
    print(f"\n{name}, {TABLES[name][1]} training rows, {len(seeds)} seeds from {seeds[0]}\n")
    print("| method | test loss | difference to plain | in % of plain |")
    print("|---|---|---|---|")
    for method in METHODS:
        if method not in found:
            continue
        values = np.array(found[method])
        told = "{:.4f} +- {:.4f}".format(*mean_and_error(values))
        difference, error = mean_and_error(values - base)
        share = f"{100 * difference / base.mean():+.0f} %"
        print(f"| {method} | {told} | {difference:+.4f} +- {error:.4f} | {share} |")
    if "ensemble" in found:
        ours = np.array(found["ensemble"])
        for rival in ("linear", "mlp"):
            if rival in found:
                gap = mean_and_error(ours - np.array(found[rival]))
                print(f"\nensemble less {rival}: {gap[0]:+.4f} +- {gap[1]:.4f}")
    times = ", ".join(f"{n} {cpu[n] / len(seeds):.1f}" for n in CONTESTANTS if n not in without)
    print(f"\nCPU seconds a seed: {times}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--without", default="", help="contestants to leave out")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    for name in given.tables.split(","):
        report(name, seeds, [one for one in given.without.split(",") if one])


if __name__ == "__main__":
    main()
