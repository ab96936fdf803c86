"""save_weights, load_weights into a model made anew, and one checkpoint file for each epoch."""

import pathlib
import tempfile

import numpy as np

import corereg as keras
from corereg.datasets import load_digits

train_images, train_labels = load_digits()
train_images = train_images[:500] / 16.0


def create_model():
    model = keras.models.Sequential(
        [
            keras.Input(shape=(64,)),
            keras.layers.Dense(32, activation="relu"),
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
    checkpoint_path = folder + "/cp-{epoch:04d}.corereg"
    cp_callback = keras.callbacks.ModelCheckpoint(
        filepath=checkpoint_path, verbose=0, save_weights_only=True, save_freq="epoch"
    )
    model = create_model()
    model.fit(train_images, train_labels[:500], epochs=3, callbacks=[cp_callback], verbose=0)
    names = sorted(path.name for path in pathlib.Path(folder).iterdir())
    print(names)
    other = create_model()
    other.load_weights(checkpoint_path.format(epoch=3))
    loss, acc = other.evaluate(train_images, train_labels[:500], verbose=2)
    model.save_weights(folder + "/last.corereg")
    third = create_model()
    third.load_weights(folder + "/last.corereg")
print(f"Restored model, accuracy: {100 * acc:5.2f}%")
assert names == [f"cp-000{n}.corereg" for n in (1, 2, 3)]
assert [loss, acc] == model.evaluate(train_images, train_labels[:500], verbose=0)
assert all(map(np.array_equal, third.get_weights(), model.get_weights()))
