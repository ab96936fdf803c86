"""New layers by subclassing: add_weight in __init__ and in build, frozen weights, nested blocks."""

import numpy as np

import corereg as keras
from corereg import ops


class Linear(keras.layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer="random_normal", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units})
        return config


class ComputeSum(keras.layers.Layer):
    def __init__(self, input_dim):
        super().__init__()
        self.total = self.add_weight(initializer="zeros", shape=(input_dim,), trainable=False)

    def call(self, inputs):
        self.total.assign_add(ops.sum(inputs, axis=0))
        return self.total


class MLPBlock(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.linear_1 = Linear(32)
        self.linear_2 = Linear(32)
        self.linear_3 = Linear(1)

    def call(self, inputs):
        x = keras.activations.relu(self.linear_1(inputs))
        x = keras.activations.relu(self.linear_2(x))
        return self.linear_3(x)


my_sum = ComputeSum(2)
x = ops.ones((2, 2))
assert np.array(my_sum(x)).tolist() == [2.0, 2.0]
assert np.array(my_sum(x)).tolist() == [4.0, 4.0]
assert (len(my_sum.weights), len(my_sum.non_trainable_weights)) == (1, 1)

mlp = MLPBlock()
y = mlp(ops.ones(shape=(3, 64)))
print("weights:", len(mlp.weights), "trainable:", len(mlp.trainable_weights), y.shape)
assert len(mlp.weights) == 6
layer = Linear(64)
new_layer = Linear.from_config(layer.get_config())
assert new_layer.units == 64
assert new_layer.name == layer.name
