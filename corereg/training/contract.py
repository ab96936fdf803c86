"""What training asks of a model. `corereg.models` has such models; training imports none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from corereg.autograd import Parameter, Tensor
    from corereg.layers.base import Layer, Shape
    from corereg.training.trainer import Trainer


class TrainableModel(Protocol):
    """A model that has a trainer."""

    name: str
    built: bool
    stop_training: bool
    _layers: list[Layer]
    _trainer: Trainer

    @property
    def layers(self) -> list[Layer]: ...
    @property
    def weights(self) -> list[Parameter]: ...
    @property
    def trainable_weights(self) -> list[Parameter]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def input_shape(self) -> Shape: ...
    @property
    def output_shape(self) -> Shape: ...
    def build(self, input_shape: Sequence[int | None]) -> None: ...
    def __call__(self, x: Any, training: bool = False) -> Tensor: ...
