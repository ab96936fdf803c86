"""SpectralNormalization: a layer whose matrix has the spectral norm 1."""

from __future__ import annotations

from typing import Any

from corereg import initializers
from corereg.autograd import Parameter, Tensor, no_grad, ops
from corereg.graph.inference import trial
from corereg.layers.base import Layer
from corereg.layers.holder import Given
from corereg.layers.wrapper import Wrapper
from corereg.registry import register


@register("layer")
class SpectralNormalization(Wrapper):
    """A layer with a `kernel` or `embeddings` W, which before each call in training is divided by
    an estimate of its largest singular value (Miyato, Kataoka, Koyama, Yoshida 2018):

        v = u W' / |u W'|,   u = v W / |v W|   (power_iterations times),   W = W / (v W u')

    This changes the weight itself; the optimizer then moves the divided one, and no gradient flows
    through the division, as in Keras on TensorFlow. u, `vector_u` (1, columns), is a weight that
    never trains and goes on from one step to the next. W that is 0 stays 0. Otherwise the layer
    computes as it is. Input and output are the layer's; weights are W, vector_u, and its others.

    ValueError for a layer without such a weight, and for power_iterations below 1.

    >>> layer = layers.SpectralNormalization(layers.Dense(3), power_iterations=30)
    >>> _ = layer(np.ones((2, 4)), training=True)
    >>> round(float(np.linalg.norm(layer.layer.kernel.numpy(), 2)), 3)
    1.0
    """

    recordable = True
    vector_u: Parameter

    def __init__(self, layer: Layer, power_iterations: int = 1, **options: Any) -> None:
        super().__init__(layer, **options)
        whole = hasattr(power_iterations, "__index__") and not isinstance(power_iterations, bool)
        if not whole or power_iterations < 1:
            raise ValueError(
                f"{self.who}: expected power_iterations as a positive integer, received "
                f"{power_iterations!r}"
            )
        self.power_iterations = int(power_iterations)

    @property
    def kernel(self) -> Any:
        """The weight of the layer inside that is divided."""
        found = getattr(self.layer, "kernel", None)
        return getattr(self.layer, "embeddings", None) if found is None else found

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        found = self.kernel
        if not isinstance(found, Parameter):
            raise ValueError(
                f"{self.who}: expected a layer with a kernel or embeddings, such as Dense, "
                f"received {self.layer.who}"
            )
        self.vector_u = self.add_weight(
            (1, found.shape[-1]),
            initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            name="vector_u",
        )

    def _own_weights(self) -> list[Parameter]:
        """In Keras's order, where W is the wrapper's own, too."""
        own = super()._own_weights()
        return [self.kernel, *own] if own else own

    def _give(self, given: Given) -> None:
        shared = {name: given[name] for name in ("kernel", "embeddings") if name in given}
        inside = {**given.get(("0",), {}), **shared}
        super()._give({**given, ("0",): inside})

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if training and not trial.under_way:
            self._divide()
        found: Tensor = self.layer(x)
        return found

    def _divide(self) -> None:
        """Moves u, and divides the weight."""
        with no_grad():
            matrix = ops.reshape(self.kernel, (-1, self.kernel.shape[-1]))
            u: Tensor = self.vector_u
            for _ in range(self.power_iterations):
                v = _of_length_one(ops.matmul(u, ops.swapaxes(matrix, 0, 1)))
                u = _of_length_one(ops.matmul(v, matrix))
            sigma = ops.sum(ops.matmul(v, matrix) * u)
            some = ops.any(ops.not_equal(matrix, 0.0))
            divided = self.kernel / ops.where(some, sigma, ops.ones_like(sigma))
            self.vector_u.assign(ops.where(some, u, self.vector_u))
            self.kernel.assign(divided)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _of_length_one(x: Tensor) -> Tensor:
    return x / ops.sqrt(ops.maximum(ops.sum(x * x), 1e-24))
