"""Checkpoints during training and whole models, as in the tutorial on saving."""

import os
import tempfile

import numpy as np

import corereg as keras
from corereg.datasets import load_digits

x, y = load_digits()
x = x / 16
train_images, train_labels, test_images, test_labels = x[:300], y[:300], x[300:500], y[300:500]


def create_model():
    model = keras.Sequential(
        [
            keras.layers.Dense(64, activation="relu", input_shape=(64,)),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


with tempfile.TemporaryDirectory() as folder:
    checkpoint_path = os.path.join(folder, "cp-{epoch:04d}.weights.corereg")
    cp_callback = keras.callbacks.ModelCheckpoint(
        filepath=checkpoint_path, save_weights_only=True, save_freq="epoch", verbose=0
    )
    model = create_model()
    model.save_weights(checkpoint_path.format(epoch=0))
    model.fit(
        train_images,
        train_labels,
        epochs=8,
        batch_size=32,
        callbacks=[cp_callback],
        validation_data=(test_images, test_labels),
        verbose=0,
    )
    names = sorted(os.listdir(folder))
    print(names[0], names[-1])
    untrained = create_model()
    _, before = untrained.evaluate(test_images, test_labels, verbose=0)
    untrained.load_weights(os.path.join(folder, names[-1]))
    _, after = untrained.evaluate(test_images, test_labels, verbose=0)
    print(f"untrained {100 * before:5.2f}%, restored {100 * after:5.2f}%")
    model.save(os.path.join(folder, "my_model.corereg"))
    new_model = keras.models.load_model(os.path.join(folder, "my_model.corereg"))
    new_model.summary()
assert len(names) == 9
assert after > before
assert np.array_equal(
    new_model.predict(test_images, verbose=0), model.predict(test_images, verbose=0)
)
