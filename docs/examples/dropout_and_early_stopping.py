"""Dropout and early stopping: two ways to keep a network from learning its rows by heart.

    python docs/examples/dropout_and_early_stopping.py

Dropout sets a share of the activations to zero at every step, so that no neuron can rely on
another. Early stopping ends the training where the loss on rows that were held back is least, and
takes the weights of that epoch.
"""

import corereg
from corereg.callbacks import EarlyStopping
from corereg.datasets import load_breast_cancer
from corereg.layers import Dense, Dropout, Input, Normalization
from corereg.models import Sequential

x, y = load_breast_cancer()
train, held, test = slice(150), slice(150, 250), slice(250, None)
standardise = Normalization()
standardise.adapt(x[train])


def network(rate: float) -> Sequential:
    corereg.set_random_seed(4)
    hidden = [Dense(64, "relu"), Dropout(rate), Dense(64, "relu"), Dropout(rate)]
    model = Sequential([Input((30,)), standardise, *hidden, Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


print(f"{'':28}{'epochs':>8}{'training loss':>16}{'test loss':>12}{'test accuracy':>16}")
for name, rate, patience in (
    ("plain", 0.0, None),
    ("dropout 0.5", 0.5, None),
    ("early stopping", 0.0, 10),
    ("dropout and early stopping", 0.5, 10),
):
    model = network(rate)
    stop = EarlyStopping(patience=patience or 0, restore_best_weights=True)
    history = model.fit(
        x[train],
        y[train],
        validation_data=(x[held], y[held]),
        epochs=300,
        verbose=0,
        callbacks=[stop] if patience else [],
    )
    epochs = stop.best_epoch + 1 if patience else 300
    seen = model.evaluate(x[train], y[train], verbose=0)[0]
    loss, accuracy = model.evaluate(x[test], y[test], verbose=0)
    print(f"{name:28}{epochs:8}{seen:16.4f}{loss:12.4f}{accuracy:16.1%}")
