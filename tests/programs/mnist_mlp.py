"""Handwritten digits: the multilayer perceptron of a hundred tutorials, on 8 x 8 pixels."""

import numpy as np

import corereg as keras
from corereg.datasets import load_digits
from corereg.layers import Dense, Dropout, Flatten, Input
from corereg.models import Sequential
from corereg.optimizers import RMSprop

batch_size = 64
num_classes = 10
epochs = 12

x, y = load_digits()
x_train, x_test = x[:1500].reshape(-1, 8, 8), x[1500:].reshape(-1, 8, 8)
x_train = x_train.astype("float32") / 16
x_test = x_test.astype("float32") / 16
print(x_train.shape[0], "train samples")
print(x_test.shape[0], "test samples")
y_train = keras.utils.to_categorical(y[:1500], num_classes)
y_test = keras.utils.to_categorical(y[1500:], num_classes)

model = Sequential()
model.add(Input(shape=(8, 8)))
model.add(Flatten())
model.add(Dense(64, activation="relu"))
model.add(Dropout(0.2))
model.add(Dense(64, activation="relu"))
model.add(Dropout(0.2))
model.add(Dense(num_classes, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer=RMSprop(), metrics=["accuracy"])
history = model.fit(
    x_train,
    y_train,
    batch_size=batch_size,
    epochs=epochs,
    verbose=1,
    validation_data=(x_test, y_test),
)
score = model.evaluate(x_test, y_test, verbose=0)
print("Test loss:", score[0])
print("Test accuracy:", score[1])
assert score[1] > 0.85
assert np.isclose(history.history["val_accuracy"][-1], score[1])
