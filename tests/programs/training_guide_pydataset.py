"""Batches from a PyDataset and from a generator, steps_per_epoch and validation_steps."""

import numpy as np

import corereg as keras

rng = np.random.default_rng(9)
x = rng.normal(size=(256, 6)).astype("float32")
y = x @ np.array([1, -1, 2, 0, 0, 0.5], "float32")


class ExamplePyDataset(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y = x, y
        self.batch_size = batch_size

    def __len__(self):
        return int(np.ceil(len(self.x) / float(self.batch_size)))

    def __getitem__(self, idx):
        rows = slice(idx * self.batch_size, (idx + 1) * self.batch_size)
        return self.x[rows], self.y[rows]


def batches():
    while True:
        rows = rng.integers(0, 256, 32)
        yield x[rows], y[rows]


model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.05), "mse")
train_py_dataset = ExamplePyDataset(x, y, batch_size=32)
val_py_dataset = ExamplePyDataset(x[:64], y[:64], batch_size=32)
model.fit(train_py_dataset, validation_data=val_py_dataset, epochs=5, verbose=0)
history = model.fit(
    batches(),
    steps_per_epoch=10,
    epochs=5,
    verbose=0,
    validation_data=val_py_dataset,
    validation_steps=1,
)
print(history.history)
loss = model.evaluate(val_py_dataset)
assert len(history.history["val_loss"]) == 5
assert loss < 0.1
