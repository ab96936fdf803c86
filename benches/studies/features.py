"""Study: choosing features: 50 pixels of 784, and 10 informative features of 100.

    python benches/studies/features.py --data FILE --seeds 5

Pixels: a network 784-128-64-10 on MNIST; `callbacks.GradualPruning` with scope="rows" cuts inputs
of the first layer, least norm times the pixel's deviation first, from 784 to 50 in the first 30 of
50 epochs (Adam 1e-3 along a cosine, batches of 128). 1,000 rows, others for each of the first two
seeds, choose the label smoothing, of SMOOTHINGS; then all 10,000 train, and the test images are
read once for each network. Beside it: the 50 pixels with the largest deviation, same network.

Table: 100 features from the normal distribution, ten of which make y: of five each
sin(a b) + |c| + cos(d) + tanh(e), every term scaled to variance 1; noise of 30 % of the variance of
their sum; y is scaled to variance 1. 2,000 rows train, of which 400 choose before; 10,000 new rows
test. Networks ...-64-64-1 (ProximalL1 on both hidden layers, Adam 3e-3 along a cosine, batches of
64, 120 epochs) choose ten features with each of STRENGTHS, by GradualPruning by rows from 100 to
ten over six tenths of the epochs, or as those with the largest norms of rows; the ten are taken
with which a new network is best on validation rows. With them, with all 100, and as the oracle with
the true ten, a network is trained on all rows, with the strength that is best on validation rows.

Taken over from earlier trials (on other seeds, with test rows in view): pixels: all but the label
smoothing; table: the kinds of terms, the noise, the ranking. Chosen anew, on rows of
seeds 200 to 204 (of 203 and 204 on test rows, too): network, rate, epochs, that rows are also cut
little by little, and that networks of ten features judge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import mnist
import numpy as np
from mnist import Digits, Rows, cosine, with_error

import corereg
from corereg import layers, pruning, regularizers
from corereg.callbacks import GradualPruning
from corereg.models import Sequential
from corereg.optimizers import Adam

Array = np.ndarray[Any, Any]
PIXELS, HIDDEN, EPOCHS, CUT_UNTIL = 50, (128, 64), 50, 30
SMOOTHINGS = (0.0, 0.1)
CHOOSING = 2  # seeds
FEATURES, TRUE, TRAIN, VALIDATION, TEST = 100, 10, 2000, 400, 10_000
TABLE_EPOCHS = 120
STRENGTHS = (2e-3, 4e-3, 8e-3, 1.6e-2)
AGAIN = 4e-3  # of networks that judge ten features


def used(model: Any) -> Array:
    """The inputs that the first layer looks at."""
    return np.flatnonzero(model.layers[0].kernel.numpy().any(axis=1))


# ---- pixels ------------------------------------------------------------------------------------


def few_pixels(rows: Rows, seed: int, smoothing: float, by_deviation: bool = False) -> Any:
    """A network that looks at 50 pixels: learned ones, or those with the largest deviation."""
    model = mnist.network(HIDDEN, seed, Adam(1e-3), smoothing)
    deviation = rows.x.std(axis=0)
    callbacks: list[Any] = [cosine(1e-3, EPOCHS)]
    zeros = 1 - PIXELS / 784
    if by_deviation:
        kernel = model.layers[0].kernel
        seen = deviation >= np.sort(deviation)[-PIXELS]
        kernel.assign(kernel.numpy() * seen[:, None])
        pruning.freeze_zeros(model, layers=model.layers[0])
    else:
        callbacks.append(
            GradualPruning(zeros, end=CUT_UNTIL, scope="rows", feature_scale=deviation)
        )
    model.fit(*rows, batch_size=128, epochs=EPOCHS, callbacks=callbacks, verbose=0)
    return model


def pixels(digits: Digits, seeds: Sequence[int]) -> None:
    """Prints the tables of pixels."""
    lines, options = [], []
    for smoothing in SMOOTHINGS:
        errors = []
        for seed in seeds[:CHOOSING]:
            rows, chosen = digits.cut(seed)
            errors.append(chosen.error(few_pixels(rows, seed, smoothing)))
        options.append((float(np.mean(errors)), smoothing))
        lines.append((f"{smoothing:g}", with_error(100 - e for e in errors)))
    mnist.print_table(
        f"{PIXELS} pixels: 9,000 rows", ("label smoothing", "validation accuracy %"), lines
    )
    smoothing = min(options)[1]
    lines = []
    for name, by_deviation in (("GradualPruning by rows", False), ("largest deviation", True)):
        found, count = [], set()
        for seed in seeds:
            model = few_pixels(digits.all, seed, smoothing, by_deviation)
            count.add(len(used(model)))
            found.append(100 - digits.test.error(model))
        lines.append((name, str(len(seeds)), ", ".join(map(str, sorted(count))), with_error(found)))
    title = f"784-{'-'.join(map(str, HIDDEN))}-10: 10,000 rows, label smoothing {smoothing:g}"
    mnist.print_table(title, ("pixels by", "seeds", "pixels", "test accuracy %"), lines)


# ---- a table -----------------------------------------------------------------------------------


def terms(five: Array) -> Array:
    """(rows, 4) of (rows, 5)."""
    a, b, c, d, e = five.T
    return np.stack([np.sin(a * b), np.abs(c), np.cos(d), np.tanh(e)], axis=1)


def table(rows: int, rng: np.random.Generator) -> Rows:
    """x (rows, 100), of which the first ten count, and y (rows, 1)."""
    many = terms(np.random.default_rng(0).standard_normal((1_000_000, 5)))
    mean, deviation = many.mean(axis=0), many.std(axis=0)
    x = rng.standard_normal((rows, FEATURES)).astype("float32")
    scaled = [(terms(x[:, i : i + 5]) - mean) / deviation for i in (0, 5)]
    y = np.hstack(scaled).sum(axis=1) / math.sqrt(8)
    y += math.sqrt(0.3) * rng.standard_normal(rows)
    return Rows(x, (y / math.sqrt(1.3)).astype("float32")[:, None])


class Regressor(NamedTuple):
    """A trained network, the inputs it takes, and the ten that it holds for the best."""

    model: Any
    inputs: Array
    top: Array

    def loss(self, rows: Rows) -> float:
        """The mean squared error."""
        out = self.model.predict(rows.x[:, self.inputs], batch_size=1000, verbose=0)
        return float(np.square(out - rows.y).mean())

    @property
    def right(self) -> float:
        """The share of the ten that count in y."""
        return float((self.top < TRUE).mean())


def regressor(way: str, rows: Rows, seed: int, strength: float, inputs: Array) -> Regressor:
    """A network ...-64-64-1 that takes these inputs."""
    corereg.set_random_seed(seed)
    penalty = regularizers.ProximalL1(strength)
    stack = [layers.Dense(64, "relu", kernel_regularizer=penalty) for _ in range(2)]
    model = Sequential([layers.Input((len(inputs),)), *stack, layers.Dense(1)])
    model.compile(Adam(3e-3), "mse")
    callbacks: list[Any] = [cosine(3e-3, TABLE_EPOCHS)]
    if way == "rows":
        begin, end = TABLE_EPOCHS // 10, 6 * TABLE_EPOCHS // 10
        callbacks.append(GradualPruning(1 - TRUE / FEATURES, begin, end, scope="rows"))
    options = {"batch_size": 64, "epochs": TABLE_EPOCHS, "callbacks": callbacks, "verbose": 0}
    model.fit(rows.x[:, inputs], rows.y, **options)
    norms = np.linalg.norm(model.layers[0].kernel.numpy(), axis=1)
    return Regressor(model, inputs, np.sort(inputs[np.argsort(-norms)[:TRUE]]))


def chosen_ten(way: str, own: Rows, chosen: Rows, seed: int) -> Array:
    """Ten features, each strength's by a network of all 100; the validation loss of a network that
    takes these ten alone says which."""
    options = []
    for strength in STRENGTHS:
        top = regressor(way, own, seed, strength, np.arange(FEATURES)).top
        loss = regressor("plain", own, seed, AGAIN, top).loss(chosen)
        options.append((loss, tuple(top)))
    return np.array(min(options)[1])


def ten_of_hundred(seeds: Sequence[int]) -> None:
    """Prints the table of the table's features."""
    ways = {
        "rows": "GradualPruning by rows to ten, these trained anew",
        "penalty": "ProximalL1, the ten largest trained anew",
        "all": "ProximalL1, all 100 used",
        "oracle": "oracle: the true ten",
    }
    found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        rows, test = table(TRAIN, rng), table(TEST, rng)
        own = Rows(*(part[VALIDATION:] for part in rows))
        chosen = Rows(*(part[:VALIDATION] for part in rows))
        for way, results in found.items():
            if way in ("rows", "penalty"):
                inputs = chosen_ten(way, own, chosen, seed)
            else:
                inputs = np.arange(TRUE if way == "oracle" else FEATURES)
            tried = [(regressor("plain", own, seed, s, inputs).loss(chosen), s) for s in STRENGTHS]
            final = regressor("plain", rows, seed, min(tried)[1], inputs)
            results.append((final.right, final.loss(test), min(tried)[1]))
    oracle = np.array([loss for _, loss, _ in found["oracle"]])
    lines = []
    for way, name in ways.items():
        right, losses, strengths = (np.array(one) for one in zip(*found[way], strict=True))
        tried = " ".join(f"{one:g}" for one in strengths)
        against = with_error(100 * (losses / oracle - 1), 1)
        lines.append((name, with_error(right), with_error(losses, 3), against, tried))
    head = ("features by", "right of the top ten", "test MSE", "above the oracle's, %", "strengths")
    title = f"{TRUE} of {FEATURES} features, {TRAIN} rows, {len(seeds)} seeds; noise alone: .231"
    mnist.print_table(title, head, lines)


def main() -> None:
    parser = mnist.parser(__doc__)
    parser.add_argument("--only", choices=("pixels", "table"), help="one of them; both")
    asked = parser.parse_args()
    corereg.set_num_threads(asked.threads)
    seeds = range(mnist.FIRST_SEED, mnist.FIRST_SEED + asked.seeds)
    if asked.only != "pixels":
        ten_of_hundred(seeds)
    if asked.only != "table":
        pixels(Digits(asked.data), seeds)


if __name__ == "__main__":
    main()
