"""Study: exact zeros against error, and how much smaller and faster the networks get.

    python benches/studies/sparsity.py --data FILE --seeds 5

A network 784-300-100-10 (266,200 weights) on 10,000 rows of MNIST, with images moved by up to two
pixels in each direction and without. Ways to zeros:

    proximal    `pruning.sparsify`: ProximalL1, "capped"; cut; debiased
    L1          the same with L1 in the gradient, as Keras has it: the cut makes the zeros
    keras       the same again, trained by Keras itself (where `--ways` names it)
    gradual     `callbacks.GradualPruning` by magnitude, to as many zeros as proximal gave
    dense       nothing is cut

What chooses: 1,000 of the 10,000 rows, others for each of the first CHOOSING seeds; the other 9,000
train. Of the strengths that are tried the strongest is taken with which the error on these rows is
at most the goal (if there is none, the best); the threshold below which weights are cut is the
median of what they chose. Then the networks are trained anew on all 10,000 rows, and only then the
test images are looked at, once for each figure.

Taken over from earlier trials (on other seeds, with the test images in view): the network, Adam
1e-3, batches of 128, 60 + 20 epochs along cosines, the shift, label smoothing .1 without shift, and
that "capped" with a strength near 8e-4 (shift) is good. Chosen anew: strengths and thresholds.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import keras_l1
import mnist
import numpy as np
from mnist import Digits, Rows, cosine, with_error

import corereg
from corereg import layers, pruning, regularizers
from corereg.callbacks import GradualPruning
from corereg.optimizers import Adam
from corereg.pruning.sparse_training import THRESHOLDS

HIDDEN = (300, 100)
RATE, BATCH, EPOCHS, DEBIAS = 1e-3, 128, 60, 20
CHOOSING = 2  # seeds
TOLERANCE = 0.003  # of validation error, that the cut may cost


class Setting(NamedTuple):
    """With what images a network is trained, and what is asked of it."""

    name: str
    shift: float  # pixels
    smoothing: float
    strengths: dict[str, tuple[float, ...]]
    goal: float  # error on validation rows, in percent
    zeros: float  # share, for gradual where proximal is not run


SETTINGS = (
    Setting(
        "shift of 2 pixels",
        *(2, 0.0),
        {"proximal": (6e-4, 8e-4, 1e-3), "L1": (2e-4, 4e-4)},
        *(3.5, 0.98),
    ),
    Setting(
        "no augmentation, label smoothing .1",
        *(0, 0.1),
        {"proximal": (1e-4, 2e-4, 4e-4), "L1": (1e-4, 2e-4)},
        *(3.3, 0.97),
    ),
)


class Sparse(NamedTuple):
    """A network with zeros, and the threshold that made some of them."""

    model: Any
    threshold: float


def augmentation(setting: Setting) -> list[Any] | None:
    """What `fit` does to each batch."""
    share = setting.shift / 28
    return [layers.RandomTranslation(share, share, **mnist.IMAGE)] if share else None


def fit(
    model: Any, rows: Rows, setting: Setting, rate: float, epochs: int, *callbacks: Any
) -> None:
    """Trains along a cosine."""
    options = {"batch_size": BATCH, "epochs": epochs, "augment": augmentation(setting)}
    model.fit(*rows, callbacks=[cosine(rate, epochs), *callbacks], verbose=0, **options)


def proximal(
    seed: int, rows: Rows, chosen: Rows, setting: Setting, strength: float, threshold: float | None
) -> Sparse:
    """By `sparsify`. With a threshold, that is where it cuts, whatever the chosen rows say."""
    model = mnist.network(HIDDEN, seed, Adam(RATE), setting.smoothing)
    report = pruning.sparsify(
        *(model, *rows),
        validation_data=chosen,
        strength=strength,
        epochs=EPOCHS,
        debias_epochs=DEBIAS,
        batch_size=BATCH,
        thresholds=THRESHOLDS if threshold is None else [threshold],
        tolerance=TOLERANCE if threshold is None else 1.0,
        augment=augmentation(setting),
    )
    return Sparse(model, report.threshold)


def l1(
    seed: int, rows: Rows, chosen: Rows, setting: Setting, strength: float, threshold: float | None
) -> Sparse:
    """The same steps with L1 in the gradient."""
    penalty = regularizers.L1(strength)
    model = mnist.network(HIDDEN, seed, Adam(RATE), setting.smoothing, kernel_regularizer=penalty)
    fit(model, rows, setting, RATE, EPOCHS)
    limit = cut(model, chosen, threshold)
    free = mnist.network(HIDDEN, seed, Adam(RATE / 2), setting.smoothing)
    free.set_weights(model.get_weights())
    pruning.freeze_zeros(free)
    fit(free, rows, setting, RATE / 2, DEBIAS)
    return Sparse(free, limit)


def cut(model: Any, chosen: Rows, threshold: float | None) -> float:
    """Cuts what is below the threshold, by default the largest that costs at most TOLERANCE."""
    trained = model.get_weights()
    sizes = np.abs(np.concatenate([w.ravel() for w in trained if w.ndim == 2]))
    allowed = chosen.error(model) + 100 * TOLERANCE + 1e-6
    for limit in sorted(THRESHOLDS, reverse=True) if threshold is None else [threshold]:
        model.set_weights(trained)
        pruning.unfreeze_zeros(model)
        pruning.magnitude_prune(model, float((sizes < limit).mean()))
        if threshold is not None or chosen.error(model) <= allowed:
            break
    return limit


def keras(
    seed: int, rows: Rows, chosen: Rows, setting: Setting, strength: float, threshold: float | None
) -> Sparse:
    """The same as L1, trained by Keras."""
    rival = keras_l1.Trained(HIDDEN, seed, strength, setting.shift, setting.smoothing)
    rival.fit(*rows, RATE, BATCH, EPOCHS)
    model = mnist.network(HIDDEN, seed, Adam(RATE), setting.smoothing)
    model.set_weights(rival.weights())
    print("zeros before the cut:", model.sparsity().share, file=sys.stderr)
    limit = cut(model, chosen, threshold)
    rival.debias(model.get_weights(), *rows, RATE / 2, BATCH, DEBIAS)
    pruning.unfreeze_zeros(model)
    model.set_weights(rival.weights())
    return Sparse(model, limit)


def gradual(seed: int, rows: Rows, setting: Setting, zeros: float) -> Any:
    """By magnitude, over three quarters of as many epochs in all."""
    model = mnist.network(HIDDEN, seed, Adam(RATE), setting.smoothing)
    epochs = EPOCHS + DEBIAS
    pruner = GradualPruning(zeros, begin=5, end=3 * epochs // 4)
    fit(model, rows, setting, RATE, epochs, pruner)
    return model


def choose(
    way: Any, name: str, digits: Digits, seeds: Iterable[int], setting: Setting
) -> tuple[float, float]:
    """The strength and the threshold; prints what was tried."""
    lines, options = [], []
    for strength in setting.strengths["L1" if name == "keras" else name]:
        errors, zeros, thresholds = [], [], []
        for seed in seeds:
            rows, chosen = digits.cut(seed)
            found = way(seed, rows, chosen, setting, strength, None)
            errors.append(chosen.error(found.model))
            zeros.append(100 * found.model.sparsity().share)
            thresholds.append(found.threshold)
        cuts = " ".join(f"{one:g}" for one in thresholds)
        lines.append((f"{strength:g}", with_error(zeros), with_error(errors), cuts))
        options.append((float(np.mean(errors)), strength, statistics.median_low(thresholds)))
    head = ("strength", "zeros %", "validation error %", "cut below")
    mnist.print_table(f"{setting.name}, {name}: 9,000 rows", head, lines)
    good = [one for one in options if one[0] <= setting.goal]
    _, strength, threshold = max(good, key=lambda one: one[1]) if good else min(options)
    return strength, threshold


def measured(model: Any, digits: Digits, dense: Any) -> dict[str, float]:
    """The figures of a network; compacted, it is compared before it is timed."""
    small = pruning.compact(model)
    rows = digits.test.x
    np.testing.assert_allclose(
        small.predict(rows, verbose=0), model.predict(rows, verbose=0), rtol=1e-4, atol=1e-6
    )
    found = {"zeros": 100 * model.sparsity().share, "error": digits.test.error(model)}
    found |= {"weights": model.sparsity().nonzeros}
    found["parameters"] = small.count_params()
    for name, x in (("one", rows[:1]), ("many", rows)):
        networks = (dense, model, small)
        calls = [lambda m=m, x=x: m.predict(x, verbose=0) for m in networks]
        times = mnist.medians(calls)
        found |= {f"{name} time": times[2], f"{name} zeros": times[0] / times[1]}
        found[f"{name} compact"] = times[0] / times[2]
    return found


WAYS = ("proximal", "L1", "keras", "gradual", "dense")


def study(digits: Digits, seeds: range, others: int, setting: Setting, ways: Sequence[str]) -> None:
    """Prints the tables of a setting."""
    dense = mnist.network(HIDDEN, seeds[0], Adam(RATE))
    names, zeros = [], {}
    lines = []
    for name in ways:
        own = seeds if name == "proximal" else seeds[:others]
        way = {"proximal": proximal, "L1": l1, "keras": keras}.get(name)
        if way is not None and own:
            strength, threshold = choose(way, name, digits, seeds[:CHOOSING], setting)
            names.append(f"{name}, {strength:g}, {threshold:g}")
        else:
            names.append(name)
        found = []
        for seed in own:
            if way is not None:
                _, chosen = digits.cut(seed)
                model = way(seed, digits.all, chosen, setting, strength, threshold).model
            elif name == "gradual":
                model = gradual(seed, digits.all, setting, zeros.get(seed, setting.zeros))
            else:
                model = mnist.network(HIDDEN, seed, Adam(RATE), setting.smoothing)
                fit(model, digits.all, setting, RATE, EPOCHS + DEBIAS)
            zeros.setdefault(seed, model.sparsity().share)
            found.append(measured(model, digits, dense))
            print(names[-1], seed, found[-1], file=sys.stderr, flush=True)
        if found:
            lines.append(cells(names[-1], found))
    head = ["way, strength, cut below", "seeds", "zeros %", "test error %", "weights left"]
    head += ["compacted: parameters", "one row: time, times faster (before compacting)"]
    mnist.print_table(f"{setting.name}: 10,000 rows", [*head, "10,000 rows"], lines)


def cells(name: str, rows: list[dict[str, float]]) -> list[str]:
    """A line of the table."""
    column = {key: [row[key] for row in rows] for key in rows[0]}
    line = [name, str(len(rows)), with_error(column["zeros"]), with_error(column["error"])]
    line += [with_error(column[key], 0) for key in ("weights", "parameters")]
    for key, unit, what in (("one", 1e6, "us"), ("many", 1e3, "ms")):
        mean = float(np.mean(column[f"{key} time"])) * unit
        faster = with_error(column[f"{key} compact"], 1)
        line.append(f"{mean:.3g} {what}, {faster} ({with_error(column[f'{key} zeros'], 1)})")
    return line


def main() -> None:
    parser = mnist.parser(__doc__)
    parser.add_argument("--others", type=int, help="seeds of L1, gradual and dense; all")
    parser.add_argument("--only", choices=("shift", "plain"), help="one setting; both")
    parser.add_argument(
        "--ways", nargs="+", choices=WAYS, default=[w for w in WAYS if w != "keras"]
    )
    parser.add_argument("--strength", type=float, help="of proximal, instead of those listed")
    asked = parser.parse_args()
    corereg.set_num_threads(asked.threads)
    digits = Digits(asked.data)
    seeds = range(mnist.FIRST_SEED, mnist.FIRST_SEED + asked.seeds)
    for name, setting in zip(("shift", "plain"), SETTINGS, strict=True):
        if asked.strength is not None:
            setting = setting._replace(
                strengths={**setting.strengths, "proximal": (asked.strength,)}
            )
        if asked.only in (None, name):
            study(
                digits,
                seeds,
                asked.seeds if asked.others is None else asked.others,
                setting,
                asked.ways,
            )


if __name__ == "__main__":
    main()
