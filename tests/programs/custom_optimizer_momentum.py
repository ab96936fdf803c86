"""An optimizer of one's own by update_step, beside the built-in it should equal."""

import numpy as np

import corereg as keras
from corereg import ops


class MyMomentum(keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, momentum=0.9, name="my_momentum", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        super().build(variables)
        self.momentums = [
            self.add_variable_from_reference(reference_variable=v, name="momentum")
            for v in variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        lr = ops.cast(learning_rate, variable.dtype)
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, ops.subtract(ops.multiply(m, self.momentum), ops.multiply(gradient, lr)))
        self.assign_add(variable, m)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


x = np.random.default_rng(0).normal(size=(64, 4))
y = x[:, :1] * 2
weights = []
for optimizer in (MyMomentum(0.05), keras.optimizers.SGD(0.05, momentum=0.9)):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(x, y, epochs=5, shuffle=False, verbose=0)
    weights.append(model.get_weights()[0])
print(weights[0].ravel())
assert np.allclose(weights[0], weights[1], atol=1e-6)
