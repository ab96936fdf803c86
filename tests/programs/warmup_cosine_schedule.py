"""A schedule of one's own that warms up and then follows a cosine; it is saved with the model."""

import math
import os
import tempfile

import numpy as np

import corereg as keras
from corereg import layers, ops


@keras.saving.register_keras_serializable(package="programs")
class WarmUpCosine(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, learning_rate_base, total_steps, warmup_learning_rate, warmup_steps):
        super().__init__()
        self.learning_rate_base = learning_rate_base
        self.total_steps = total_steps
        self.warmup_learning_rate = warmup_learning_rate
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        if self.total_steps < self.warmup_steps:
            raise ValueError("Total_steps must be larger or equal to warmup_steps.")
        step = ops.cast(step, "float32")
        done = (step - self.warmup_steps) / float(self.total_steps - self.warmup_steps)
        rate = 0.5 * self.learning_rate_base * (1 + ops.cos(math.pi * done))
        slope = (self.learning_rate_base - self.warmup_learning_rate) / self.warmup_steps
        rate = ops.where(step < self.warmup_steps, slope * step + self.warmup_learning_rate, rate)
        return ops.where(step > self.total_steps, 0.0, rate)

    def get_config(self):
        return {
            "learning_rate_base": self.learning_rate_base,
            "total_steps": self.total_steps,
            "warmup_learning_rate": self.warmup_learning_rate,
            "warmup_steps": self.warmup_steps,
        }


rng = np.random.default_rng(2)
x = rng.normal(size=(320, 6)).astype("float32")
y = np.abs(x).argmax(axis=1)
schedule = WarmUpCosine(0.02, total_steps=200, warmup_learning_rate=0.0, warmup_steps=20)
rates = [float(schedule(step)) for step in range(0, 201, 20)]
print(np.round(rates, 4))
assert rates[0] == 0
assert rates[1] == max(rates)

model = keras.Sequential(
    [layers.Input((6,)), layers.Dense(64, "relu"), layers.Dense(6, activation="softmax")]
)
model.compile(
    keras.optimizers.AdamW(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
model.fit(x, y, epochs=10, batch_size=16, verbose=0)
assert float(model.optimizer.learning_rate) < 1e-4
with tempfile.TemporaryDirectory() as folder:
    model.save(os.path.join(folder, "model.corereg"))
    again = keras.models.load_model(os.path.join(folder, "model.corereg"))
accuracy = again.evaluate(x, y, verbose=0)[1]
print(f"{accuracy:.2f}", again.optimizer)
assert accuracy > 0.75
