"""Uncertainty: how sure a network is, and whether that can be believed.

    python docs/examples/uncertainty.py

`predict_mc` averages passes with dropout on: rows on which the passes disagree are those that the
network knows little about. `TemperatureScaling` makes probabilities fit how often they are right.
"""

import numpy as np

import corereg
from corereg.calibration import TemperatureScaling, expected_calibration_error
from corereg.datasets import load_digits
from corereg.layers import Dense, Dropout, Input
from corereg.models import Sequential

x, y = load_digits()
x /= 16
train, held, test = slice(150), slice(150, 400), slice(400, None)
corereg.set_random_seed(0)
model = Sequential(
    [
        Input((64,)),
        Dense(128, "relu"),
        Dropout(0.5),
        Dense(128, "relu"),
        Dropout(0.5),
        Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[train], y[train], epochs=200, verbose=0)


def report(name: str, chances: np.ndarray) -> None:
    right = chances.argmax(1) == y[test]
    loss = -np.log(chances[np.arange(len(right)), y[test]] + 1e-7).mean()
    ece = expected_calibration_error(y[test], chances)
    print(f"{name:28}{right.mean():10.1%}{loss:10.4f}{ece:20.4f}")


plain = model.predict(x[test], verbose=0)
averaged = model.predict_mc(x[test], num_samples=50, seed=1)
scaling = TemperatureScaling().fit(y[held], model.predict(x[held], verbose=0))
print(f"{'':28}{'accuracy':>10}{'loss':>10}{'calibration error':>20}")
report("one pass", plain)
report("average of 50 passes", averaged.mean)
report("one pass, calibrated", scaling.transform(plain))

doubt = averaged.mutual_information
order = doubt.argsort()
wrong = averaged.mean.argmax(1) != y[test]
print("\nmistakes among the rows, from those with least doubt to those with most:")
for tenth, rows in enumerate(np.array_split(order, 5)):
    print(f"  fifth {tenth + 1}: {wrong[rows].mean():6.1%}")

noise = np.random.default_rng(0).random((500, 64), dtype=np.float32)
print(f"\ndoubt: digits {doubt.mean():.3f}, ", end="")
print(f"noise {model.predict_mc(noise, num_samples=50, seed=1).mutual_information.mean():.3f}")
