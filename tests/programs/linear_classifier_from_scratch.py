"""Raw variables and gradients: a linear classifier without any layer, in PyTorch's words."""

import numpy as np

import corereg
from corereg import ops

rng = np.random.default_rng(0)
negative = rng.multivariate_normal([0, 3], [[1, 0.5], [0.5, 1]], 300)
positive = rng.multivariate_normal([3, 0], [[1, 0.5], [0.5, 1]], 300)
inputs = corereg.tensor(np.vstack((negative, positive)).astype("float32"))
targets = corereg.tensor(np.repeat([[0.0], [1.0]], 300, axis=0).astype("float32"))
W = corereg.rand(2, 1, requires_grad=True)
b = corereg.zeros(1, requires_grad=True)
learning_rate = 0.1
losses = []
for step in range(40):
    predictions = ops.matmul(inputs, W) + b
    loss = ops.mean(ops.square(targets - predictions))
    loss.backward()
    with corereg.no_grad():
        W -= learning_rate * W.grad
        b -= learning_rate * b.grad
    W.grad.zero_()
    b.grad.zero_()
    losses.append(loss.item())
right = ((predictions > 0.5).numpy() == (targets > 0.5).numpy()).mean()
print("loss", losses[0], "->", losses[-1], "right", right)
assert losses[-1] < losses[0]
assert right > 0.95
