"""A deep autoencoder whose code is kept sparse by an activity regularizer."""

import corereg as keras
from corereg import layers, regularizers
from corereg.datasets import load_digits

x = load_digits()[0] / 16


def build(activity):
    inputs = keras.Input(shape=(64,))
    x = layers.Dense(48, activation="relu")(inputs)
    code = layers.Dense(24, activation="relu", activity_regularizer=activity, name="code")(x)
    x = layers.Dense(48, activation="relu")(code)
    outputs = layers.Dense(64, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="mse")
    model.fit(x=data, y=data, epochs=8, batch_size=128, verbose=0)
    return model


data = x[:800]
means = []
for activity in (None, regularizers.l1(1e-2)):
    model = build(activity)
    extractor = keras.Model(model.inputs, model.get_layer("code").output)
    means.append(float(extractor.predict(data, verbose=0).mean()))
print("mean code: %.3f plain, %.3f sparse" % tuple(means))
assert means[1] < means[0] / 2
