"""A support vector machine of sorts: random features that stay as they are, a linear layer, and a
hinge loss, beside a layer that is made by a subclass."""

import numpy as np

import corereg as keras
from corereg import layers, ops
from corereg.datasets import load_digits

x, y = load_digits()
x = x.astype("float32") / 16
y = keras.utils.to_categorical(y)
x_train, y_train, x_test, y_test = x[:700], y[:700], x[700:1000], y[700:1000]


class RandomFourierFeatures(layers.Layer):
    """Cosines of random directions, which stand for a Gaussian kernel."""

    def __init__(self, output_dim, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.output_dim = output_dim
        self.scale = scale

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.output_dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0 / self.scale, seed=1),
            trainable=False,
            name="random_kernel",
        )
        self.bias = self.add_weight(
            shape=(self.output_dim,),
            initializer=keras.initializers.RandomUniform(0.0, 2 * np.pi, seed=2),
            trainable=False,
            name="random_bias",
        )

    def call(self, inputs):
        return ops.sqrt(2.0 / self.output_dim) * ops.cos(
            ops.matmul(inputs, self.kernel) + self.bias
        )

    def get_config(self):
        return super().get_config() | {"output_dim": self.output_dim, "scale": self.scale}


model = keras.Sequential(
    [
        keras.Input(shape=(64,)),
        RandomFourierFeatures(output_dim=192, scale=2.0),
        layers.Dense(units=10),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.05),
    loss=keras.losses.CategoricalHinge(),
    metrics=[keras.metrics.CategoricalAccuracy(name="acc")],
)
model.fit(x_train, y_train, epochs=5, batch_size=64, validation_split=0.2, verbose=0)
print(len(model.trainable_weights), len(model.non_trainable_weights))
loss, acc = model.evaluate(x_test, y_test, verbose=0)
print(f"accuracy {acc:.3f}")
again = keras.models.Sequential.from_config(
    model.get_config(), custom_objects={"RandomFourierFeatures": RandomFourierFeatures}
)
assert again.layers[0].scale == 2.0
assert acc > 0.85
