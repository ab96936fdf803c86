"""Optimizers, with Keras 3's rules, names and defaults; each step of a built-in one is one sweep in
C, recorded and replayed by `fit`.

A step clips, decays weights (`w -= w * weight_decay * learning_rate`, biases too) and then moves,
as in Keras. In `fit` the same sweep adds the gradient of L1/L2 penalties and sums their value.

In a loop of one's own:

    optimizer.build(model.trainable_weights)
    loss = loss_function(y, model(x, training=True)) + sum(model.losses)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()

or in Keras's words `optimizer.apply_gradients(zip(gradients, variables))`.

An optimizer of one's own is a subclass of `Optimizer` with an `update_step`.
docs/adding-an-optimizer.md shows that, and how a rule is added in C.
"""

from corereg.optimizers.adam import Adam
from corereg.optimizers.adamw import AdamW
from corereg.optimizers.base import Optimizer
from corereg.optimizers.lookup import deserialize, get, serialize
from corereg.optimizers.rmsprop import RMSprop
from corereg.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "deserialize", "get", "serialize"]
