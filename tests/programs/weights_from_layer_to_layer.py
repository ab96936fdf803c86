"""A deep network that grows: layers are trained one after the other, as autoencoders and with a
classifier on top, then put together and tuned."""

import corereg as keras
from corereg.datasets import load_digits
from corereg.layers import Dense, Input
from corereg.models import Model, Sequential
from corereg.optimizers import SGD, Adam

x, y = load_digits()
x = x / 16
train_x, train_y, test_x, test_y = x[:500], y[:500], x[500:900], y[500:900]

encoders, features = [], train_x
for units in (48, 24):
    inputs = Input((features.shape[1],))
    code = Dense(units, activation="relu", name=f"encoder_{units}")(inputs)
    autoencoder = Model(inputs, Dense(features.shape[1])(code))
    autoencoder.compile(Adam(0.01), "mse")
    autoencoder.fit(features, features, epochs=10, batch_size=50, verbose=0)
    encoders.append(autoencoder.get_layer(f"encoder_{units}"))
    features = Model(inputs, code).predict(features, verbose=0)

deep = Sequential([Input((64,)), Dense(48, "relu"), Dense(24, "relu"), Dense(10, "softmax")])
for layer, encoder in zip(deep.layers, encoders, strict=False):
    layer.set_weights(encoder.get_weights())
    layer.trainable = False
deep.compile(Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
deep.fit(train_x, train_y, epochs=10, batch_size=50, verbose=0)
frozen = deep.evaluate(test_x, test_y, verbose=0)[1]
for layer in deep.layers:
    layer.trainable = True
deep.compile(Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
deep.fit(train_x, train_y, epochs=10, batch_size=50, verbose=0)
tuned = deep.evaluate(test_x, test_y, verbose=0)[1]
print(f"frozen {frozen:.3f}, tuned {tuned:.3f}")
assert tuned > frozen


def add_layer(model):
    """A new hidden layer behind those that are there, in front of the same output."""
    output_layer = model.layers[-1]
    model.pop()
    for layer in model.layers:
        layer.trainable = False
    model.add(Dense(32, activation="relu", kernel_initializer="he_uniform"))
    model.add(output_layer)
    model.compile(SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train_x, train_y, epochs=10, batch_size=25, verbose=0)


model = Sequential([Dense(32, input_dim=64, activation="relu"), Dense(10, activation="softmax")])
model.compile(SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_x, train_y, epochs=10, batch_size=25, verbose=0)
scores = {len(model.layers): model.evaluate(test_x, test_y, verbose=0)[1]}
for _ in range(2):
    add_layer(model)
    scores[len(model.layers)] = model.evaluate(test_x, test_y, verbose=0)[1]
print(scores)
assert list(scores) == [2, 3, 4]
assert min(scores.values()) > 0.75
assert isinstance(keras.models.clone_model(model), Sequential)
