"""Lamb: Adam whose steps are as long as the weights of each variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from corereg import _kernels
from corereg.autograd import Parameter
from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "lamb")
class Lamb(KernelOptimizer):
    """m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; u = m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps);
    w -= lr |w|/|u| u, with the norms of a variable's whole w and u, and lr u where one of them is 0
    (You et al. 2020). It is made for large batches. ValueError for lazy=True.

    >>> optimizers.Lamb(0.01, weight_decay=0.01)
    Lamb(learning_rate=0.01, weight_decay=0.01)
    """

    recordable = True
    takes_rows: ClassVar[bool] = False
    beta_1 = Hyperparameter(below=1)
    beta_2 = Hyperparameter(below=1)
    epsilon = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("lamb", beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)

    def follow(
        self, segments: _kernels.Segments, parameters: Sequence[Parameter], hyper: _kernels.Hyper
    ) -> None:
        _kernels.follow_directions(segments, hyper, "trust")
