"""What a network has learned: outputs of its hidden layers, its kernels as pictures, and the
gradient of a class by the pixels."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits

x, y = load_digits()
x = x / 16
model = keras.Sequential(
    [
        keras.Input((64,)),
        layers.Dense(32, activation="relu", name="first"),
        layers.Dense(16, activation="relu", name="second"),
        layers.Dense(10, name="logits"),
    ]
)
model.compile(
    keras.optimizers.Adam(0.01),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x[:900], y[:900], epochs=8, batch_size=50, verbose=0)

layer_outputs = [layer.output for layer in model.layers]
activation_model = keras.Model(inputs=model.inputs, outputs=layer_outputs)
activations = activation_model.predict(x[:5], verbose=0)
print([one.shape for one in activations])
assert [one.shape for one in activations] == [(5, 32), (5, 16), (5, 10)]
assert np.allclose(activations[-1], model.predict(x[:5], verbose=0), atol=1e-5)

kernel, bias = model.get_layer("first").get_weights()
pictures = kernel.T.reshape(32, 8, 8)
dead = int((activation_model.predict(x[:200], verbose=0)[0].max(axis=0) == 0).sum())
print(pictures.shape, "neurons that are never active:", dead)

image = keras.Tensor(x[900:901], requires_grad=True)
model(image)[0, int(y[900])].backward()
saliency = np.abs(image.grad.numpy().reshape(8, 8))
where = np.unravel_index(saliency.argmax(), saliency.shape)
print("the pixel that matters most:", where)
changed = x[900:901].copy().reshape(1, 8, 8)
changed[0][where] = 1 - changed[0][where]
before = model.predict(x[900:901], verbose=0)[0, y[900]]
after = model.predict(changed.reshape(1, 64), verbose=0)[0, y[900]]
assert saliency.shape == (8, 8)
assert before != after
assert model.evaluate(x[900:], y[900:], verbose=0)[1] > 0.8
