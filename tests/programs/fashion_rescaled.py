"""Small pictures: the rescaling is in the model, and a schedule lowers the learning rate."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits

class_names = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat"]
images, labels = load_digits()
keep = labels < 5
images, labels = images[keep].reshape(-1, 8, 8).astype("uint8"), labels[keep]

schedule = keras.optimizers.schedules.ExponentialDecay(
    initial_learning_rate=1e-2, decay_steps=100, decay_rate=0.9, staircase=True
)
model = keras.Sequential(
    [
        keras.Input(shape=(8, 8)),
        layers.Rescaling(1.0 / 16),
        layers.Flatten(),
        layers.Dense(32, activation="elu", kernel_initializer="he_normal"),
        layers.Dense(len(class_names), activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Nadam(learning_rate=schedule),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(images[:700], labels[:700], epochs=8, validation_split=0.1, verbose=0)
test_loss, test_acc = model.evaluate(images[700:], labels[700:], verbose=2)
probabilities = model.predict(images[700:705], verbose=0)
print([class_names[i] for i in np.argmax(probabilities, axis=1)])
print("steps", int(model.optimizer.iterations), "rate", float(model.optimizer.learning_rate))
assert test_acc > 0.9
assert np.isclose(float(model.optimizer.learning_rate), 1e-2 * 0.9)
