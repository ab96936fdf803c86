"""Keras's own L1 with zeros cut by hand: the rival's side of the study of sparsity.

Keras puts L1 into the gradient, which leaves no weight at zero. People then cut what is small and
train on with the cut weights held at zero, by a constraint that multiplies by a mask after each
step. This does that in Keras, with its own layers, and gives the weights back. Images are moved by
corereg, before each epoch: Keras's RandomTranslation takes twenty times as long as the training.

Requirements: `pip install keras jax`, and KERAS_BACKEND=jax in the environment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mnist
import numpy as np

import corereg

Array = np.ndarray[Any, Any]


class Trained:
    """A network 784-...-10 of Keras with L1 in every kernel; what it is asked for is NumPy's."""

    def __init__(
        self, hidden: Sequence[int], seed: int, strength: float, shift: float, smoothing: float
    ) -> None:
        import keras

        self.keras, self.shift, self.smoothing = keras, shift, smoothing
        self.hidden = hidden
        keras.utils.set_random_seed(seed)
        corereg.set_random_seed(seed)
        share = shift / 28
        self.move = corereg.layers.RandomTranslation(share, share, **mnist.IMAGE)
        self.model = self._network(
            [{"kernel_regularizer": keras.regularizers.L1(strength)}] * (len(hidden) + 1)
        )

    def _network(self, options: list[dict[str, Any]]) -> Any:
        layers = self.keras.layers
        stack: list[Any] = [layers.Input((784,))]
        for units, more in zip(self.hidden, options, strict=False):
            stack.append(layers.Dense(units, "relu", **more))
        stack.append(layers.Dense(10, "softmax", **options[-1]))
        return self.keras.Sequential(stack)

    def _fit(self, x: Array, y: Array, rate: float, batch: int, epochs: int) -> None:
        keras = self.keras
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=self.smoothing)
        self.model.compile(keras.optimizers.Adam(rate), loss)
        fall = keras.callbacks.LearningRateScheduler(
            lambda epoch: rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
        )
        for epoch in range(epochs):
            moved = np.asarray(self.move(x, training=True)) if self.shift else x
            ends = {"initial_epoch": epoch, "epochs": epoch + 1}
            self.model.fit(moved, y, batch_size=batch, callbacks=[fall], verbose=0, **ends)

    def fit(self, x: Array, y: Array, rate: float, batch: int, epochs: int) -> None:
        """Trains with L1 along a cosine."""
        self._fit(x, y, rate, batch, epochs)

    def _dense(self) -> list[Any]:
        return [one for one in self.model.layers if isinstance(one, self.keras.layers.Dense)]

    def weights(self) -> list[Array]:
        """Kernels and biases of the dense layers, in order."""
        return [np.asarray(value) for layer in self._dense() for value in layer.get_weights()]

    def debias(
        self, weights: list[Array], x: Array, y: Array, rate: float, batch: int, epochs: int
    ) -> None:
        """Trains on from these weights without L1; kernels' zeros stay, by a constraint."""
        keras = self.keras

        class Hold(keras.constraints.Constraint):  # type: ignore[misc]
            """Multiplies by the mask of what is not zero."""

            def __init__(self, kernel: Array) -> None:
                self.mask = (kernel != 0).astype("float32")

            def __call__(self, kernel: Any) -> Any:
                return kernel * self.mask

        self.model = self._network([{"kernel_constraint": Hold(one)} for one in weights[::2]])
        for layer, pair in zip(
            self._dense(), zip(weights[::2], weights[1::2], strict=True), strict=True
        ):
            layer.set_weights(pair)
        self._fit(x, y, rate, batch, epochs)
