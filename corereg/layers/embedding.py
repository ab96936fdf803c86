"""Embedding: a row of a table for each whole number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import constraints, initializers, regularizers
from corereg._lazy import later
from corereg.autograd import Parameter, Tensor
from corereg.autograd.ops.embedding import embedding
from corereg.layers.base import Layer, Shape, assign_all
from corereg.layers.weight_option import WeightOption
from corereg.registry import register

if TYPE_CHECKING:
    from corereg import ops as keras_ops
else:  # only masks need them
    keras_ops = later("corereg.ops")


@register("layer")
class Embedding(Layer):
    """A vector for each category: index i becomes row i of the table `embeddings`.

    input_dim: how many rows the table has; output_dim: how long they are. embeddings (input_dim,
    output_dim) begin as embeddings_initializer says, uniform in [-0.05, 0.05) by default;
    embeddings_regularizer: a penalty of the table; embeddings_constraint: what optimizers do to it
    after each update. weights: [table] or a table to begin with.
    mask_zero: index 0 stands for nothing, and the output has a mask, False for such steps: the
    layers behind leave them out of means and statistics, losses and metrics of theirs. lora_rank is
    Keras's and not supported: ValueError.

    Input (...), whole numbers from 0 to input_dim - 1 of any integer type, or floats that are cut
    to whole numbers; output (..., output_dim). Another number raises IndexError; `fit`, `evaluate`
    and `predict` look before they begin where the input of the model is that of the layer.

    >>> layer = layers.Embedding(3, 2, embeddings_initializer=np.arange(6.0).reshape(3, 2))
    >>> layer(np.array([[2, 0]]))
    Tensor([[[4., 5.],
             [0., 1.]]], op=Embedding)
    """

    recordable = True
    _takes_one_tensor = True
    _input_dtype = "int64"
    embeddings: Parameter
    embeddings_regularizer, embeddings_constraint = WeightOption(), WeightOption()

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **options: Any,
    ) -> None:
        length = options.pop("input_length", None)  # of older Keras: the shape says it
        if length is not None and "input_shape" not in options:
            options["input_shape"] = tuple(length) if isinstance(length, list) else (length,)
        super().__init__(**options)
        for name, size in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 1:
                raise ValueError(
                    f"{self.who}: expected a positive integer for {name}, received {size!r}"
                )
        refused = {
            "lora_rank": lora_rank,
            "lora_alpha": lora_alpha,
            "quantization_config": quantization_config,
        }
        for name, value in refused.items():
            if value is not None:
                raise ValueError(
                    f"{self.who}: {name} is not supported, received {value!r}; leave it out"
                )
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        self._index_limit = self.input_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = embeddings_regularizer
        self.embeddings_constraint = embeddings_constraint
        self.mask_zero = self.supports_masking = self._makes_masks = bool(mask_zero)
        self._table = self._as_table(weights)
        if weights is not None:
            self.build()

    def _as_table(self, given: Any) -> np.ndarray[Any, Any] | None:
        """weights as one array of the table's shape; ValueError if it is not."""
        if given is None:
            return None
        if isinstance(given, Sequence) and len(given) == 1:
            given = given[0]
        table = np.array(given, self.dtype)
        if table.shape != (self.input_dim, self.output_dim):
            raise ValueError(
                f"{self.who}: expected weights as a table of shape "
                f"{(self.input_dim, self.output_dim)}, received shape {table.shape}"
            )
        return table

    def build(self, input_shape: Shape | None = None) -> None:
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        if self._table is not None and self._given is None:
            assign_all(self.who, [self.embeddings], [self._table])
        self._table = None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = self._cast(x)  # floats of the layer's own dtype come as they are
        return embedding(x, self.embeddings)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        """Which indices are not 0, bools of the input's shape, if mask_zero; else None."""
        return keras_ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.output_dim)

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        return super()._cast(x, np.int64 if dtype is None else dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
        }
