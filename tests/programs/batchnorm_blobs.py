"""Batch normalization before and after the activation, on two circles."""

import numpy as np

from corereg.layers import Activation, BatchNormalization, Dense
from corereg.models import Sequential
from corereg.optimizers import SGD

rng = np.random.default_rng(1)
angle = rng.uniform(0, 2 * np.pi, 600)
label = rng.integers(0, 2, 600)
radius = np.where(label == 1, 0.6, 1.0) + 0.05 * rng.normal(size=600)
X = np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]
trainX, testX, trainy, testy = X[:300], X[300:], label[:300], label[300:]

for order in ("before", "after"):
    model = Sequential()
    model.add(Dense(50, input_dim=2, kernel_initializer="he_uniform", use_bias=order == "after"))
    if order == "before":
        model.add(BatchNormalization())
    model.add(Activation("relu"))
    if order == "after":
        model.add(BatchNormalization(momentum=0.9, epsilon=1e-5))
    model.add(Dense(1, activation="sigmoid"))
    opt = SGD(learning_rate=0.05, momentum=0.9)
    model.compile(loss="binary_crossentropy", optimizer=opt, metrics=["accuracy"])
    history = model.fit(trainX, trainy, validation_data=(testX, testy), epochs=40, verbose=0)
    print(order, history.history["val_accuracy"][-1])
    assert history.history["val_accuracy"][-1] > 0.9
    norm = [layer for layer in model.layers if isinstance(layer, BatchNormalization)][0]
    assert [w.shape for w in norm.get_weights()] == [(50,)] * 4
    assert len(model.non_trainable_weights) == 2
