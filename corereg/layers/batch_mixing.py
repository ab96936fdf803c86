"""BatchMixing: what layers share that mix each row of a batch with another one, and its labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.graph.node import is_symbolic
from corereg.layers.base import Shape
from corereg.layers.data_format import as_data_format
from corereg.layers.random_layer import RandomLayer

Array = np.ndarray[Any, Any]
_PARTS = ("images", "labels", "segmentation_masks")


class Mixture(NamedTuple):
    """How the rows of a batch are mixed. share (rows,): what is left of a row; order (rows,): the
    row that the rest comes from."""

    share: Array
    order: Array


class BatchMixing(RandomLayer):
    """Base of layers that mix rows in training, in Keras's words: called on images, or on a dict
    {"images": x, "labels": y}, of which labels are mixed by the same shares, and
    "segmentation_masks" as images. Outside of training all is passed on.

    The first axis is always that of the rows. In `fit(augment=[...])` all inputs, targets and
    sample weights of a batch are mixed alike. ValueError for other keys, for integer labels, and
    for a tensor that requires a gradient: what is mixed is data.
    """

    _takes_one_tensor = False

    def __init__(
        self, data_format: str | None = None, seed: int | None = None, **options: Any
    ) -> None:
        super().__init__(seed, **options)
        self.data_format = as_data_format(self.who, data_format)

    # ---- what subclasses write -------------------------------------------------------------------

    @property
    @abstractmethod
    def _beta_range(self) -> tuple[float, float]:
        """Within which the parameter of the shares' beta distribution is drawn for each batch."""

    @abstractmethod
    def mix_inputs(self, x: Array, mixture: Mixture) -> Array:
        """Rows (rows, ...) of an input, mixed."""

    def check_rows(self, shape: Shape) -> None:
        """Raises ValueError if inputs of this shape, (None, ...), cannot be mixed."""

    # ---- mixing ----------------------------------------------------------------------------------

    def draw(self, rows: int, dtype: Any) -> Mixture:
        """The mixture of the next batch, of so many rows; it counts the draw."""
        share = np.empty(rows, dtype)
        _kernels.symmetric_beta(share, *self._beta_range, self._key, self._drawn)
        order = np.zeros(rows, np.int64)
        _kernels.shuffle(order, np.array([self._key], np.uint64), self._drawn)  # counts
        return Mixture(share, order)

    def call(self, x: Any, training: bool = True) -> Any:
        if not training:
            return x
        parts: Mapping[str, Tensor] = x if isinstance(x, dict) else {"images": x}
        for name, one in parts.items():
            if one.requires_grad:
                raise ValueError(
                    f"{self.who}: expected data to mix, received {name} that require a gradient; "
                    "call it on x.detach()"
                )
        images = parts["images"].data
        self.check_rows((None, *images.shape[1:]))
        mixture = self.draw(len(images), images.dtype)
        mixed = {
            name: Tensor(
                _kernels.mix_rows(one.data, mixture.order, mixture.share)
                if name == "labels"
                else self.mix_inputs(one.data, mixture)
            )
            for name, one in parts.items()
        }
        return mixed if isinstance(x, dict) else mixed["images"]

    def _as_numbers(self, x: Any) -> Any:
        """x as it is given; ValueError for what cannot be mixed."""
        if isinstance(x, list | tuple) and any(isinstance(one, Tensor | np.ndarray) for one in x):
            raise ValueError(
                f"{self.who}: expected images or a dict with 'images' and 'labels', received a "
                f"{type(x).__name__} of {len(x)}"
            )
        if not isinstance(x, dict):
            return x
        if "images" not in x or not set(x) <= set(_PARTS):
            raise ValueError(
                f"{self.who}: expected a dict with the keys 'images' and, if need be, 'labels' and "
                f"'segmentation_masks', received {list(x)}"
            )
        if is_symbolic(x):
            return x
        rows = {name: len(one) for name, one in x.items()}
        if len({*rows.values()}) > 1:
            raise ValueError(f"{self.who}: expected as many rows in each part, received {rows}")
        labels = x.get("labels")
        dtype = labels.dtype if isinstance(labels, Tensor) else np.asarray(labels).dtype
        if labels is not None and dtype.kind in "iub" and np.ndim(labels) == 1:
            raise ValueError(
                f"{self.who}: expected labels that can be mixed, received integers of shape "
                f"{np.shape(labels)}; use corereg.utils.to_categorical(labels), or "
                ".astype('float32') for numbers that are no classes"
            )
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_rows(input_shape["images"] if isinstance(input_shape, dict) else input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
