"""A training loop of one's own, at the speed of `fit`.

    python docs/examples/custom_loop.py

The step is written with tensors, in PyTorch's or Keras's manner. `corereg.record` keeps the kernel
calls of its first runs and repeats them without Python, with the same bits.
"""

import time

import numpy as np

import corereg
from corereg.datasets import load_digits
from corereg.layers import Dense, Dropout, Input
from corereg.losses import SparseCategoricalCrossentropy
from corereg.models import Sequential
from corereg.optimizers import Adam
from corereg.regularizers import L2

x, y = load_digits()
x /= 16
batches = [(x[i : i + 50], y[i : i + 50]) for i in range(0, 1200, 50)]


def train(recorded: bool) -> tuple[float, np.ndarray]:
    """Microseconds a step, and the first layer's weights after ten epochs."""
    corereg.set_random_seed(0)
    hidden = [Dense(64, "relu", kernel_regularizer=L2(1e-4)), Dropout(0.2)]
    model = Sequential([Input((64,)), *hidden, Dense(10)])
    loss_of = SparseCategoricalCrossentropy(from_logits=True)
    optimizer = Adam(0.003, clipnorm=1.0)
    optimizer.build(model.trainable_variables)

    def step(inputs: corereg.Tensor, labels: corereg.Tensor) -> corereg.Tensor:
        loss = loss_of(labels, model(inputs, training=True))
        for penalty in model.losses:
            loss = loss + penalty
        model.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    run = corereg.record(step) if recorded else step
    for inputs, labels in batches[:3]:
        run(inputs, labels)
    began = time.perf_counter()
    for _ in range(10):
        for inputs, labels in batches:
            loss = run(inputs, labels)
    seconds = time.perf_counter() - began
    right = model(x[1200:]).numpy().argmax(1) == y[1200:]
    print(f"loss {float(loss):.4f}, accuracy on other rows {right.mean():.1%}")
    return 1e6 * seconds / (10 * len(batches)), model.layers[0].kernel.numpy()


eager, weights = train(recorded=False)
replayed, same = train(recorded=True)
print(f"eager {eager:.0f} us a step, recorded {replayed:.0f} us")
print(f"weights are equal to the bit: {weights.tobytes() == same.tobytes()}")
