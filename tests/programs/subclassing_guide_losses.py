"""add_loss in a layer, regularizers of inner layers, and privileged arguments of call."""

import numpy as np

import corereg as keras
from corereg import layers, ops


class ActivityRegularizationLayer(layers.Layer):
    def __init__(self, rate=1e-2):
        super().__init__()
        self.rate = rate

    def call(self, inputs):
        self.add_loss(self.rate * ops.mean(inputs))
        return inputs


class OuterLayer(layers.Layer):
    def __init__(self):
        super().__init__()
        self.activity_reg = ActivityRegularizationLayer(1e-2)

    def call(self, inputs):
        return self.activity_reg(inputs)


class OuterLayerWithKernelRegularizer(layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(32, kernel_regularizer=keras.regularizers.l2(1e-3))

    def call(self, inputs):
        return self.dense(inputs)


class CustomDropout(layers.Layer):
    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs, training=None):
        if training:
            return keras.random.dropout(inputs, rate=self.rate, seed=self.seed_generator)
        return inputs


layer = OuterLayer()
assert len(layer.losses) == 0
_ = layer(ops.zeros((1, 1)))
assert len(layer.losses) == 1
_ = layer(ops.zeros((1, 1)))
assert len(layer.losses) == 1

layer = OuterLayerWithKernelRegularizer()
_ = layer(ops.zeros((1, 1)))
print(float(layer.losses[0]))
assert float(layer.losses[0]) > 0

inputs = keras.Input(shape=(3,))
outputs = ActivityRegularizationLayer()(inputs)
outputs = CustomDropout(0.5)(outputs)
model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="mse")
model.fit(np.random.random((2, 3)), np.random.random((2, 3)), verbose=0)
dropped = np.array(model(np.ones((100, 3), "float32"), training=True))
assert 0.2 < (dropped == 0).mean() < 0.8
assert (np.array(model(np.ones((100, 3), "float32"))) == 1).all()
