"""The features that a FeatureSpace has methods for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.graph.tensor import STRING
from corereg.layers import (
    Discretization,
    Hashing,
    Identity,
    IntegerLookup,
    Normalization,
    Rescaling,
    StringLookup,
)
from corereg.models.features.feature import Cross, Feature, layer_name


class FeatureKinds:
    """What becomes of a column, by name: each method returns a `Feature`, or a `Cross`."""

    @classmethod
    def cross(
        cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Several categories together as one of crossing_dim bins: "one_hot" or "int"."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A column of a dtype that goes through a layer; "float", "int" or "one_hot"."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """A number as it is."""
        return Feature("float32", Identity(name=layer_name("float", name)), "float")

    @classmethod
    def float_rescaled(
        cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None
    ) -> Feature:
        """x * scale + offset."""
        layer = Rescaling(scale, offset, name=layer_name("float_rescaled", name))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """A number less its mean, by its deviation; `adapt` finds both."""
        layer = Normalization(axis=-1, name=layer_name("float_normalized", name))
        return Feature("float32", layer, "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int | None,
        bin_boundaries: Sequence[Any] | None = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The bin that a number lies in, of num_bins that `adapt` finds, or by bin_boundaries,
        which count if they are given."""
        layer = Discretization(
            bin_boundaries,
            num_bins if bin_boundaries is None else None,
            name=layer_name("float_discretized", name),
        )
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The place of a whole number among those that `adapt` finds, as `IntegerLookup` has it."""
        layer_of = layer_name("integer_categorical", name)
        layer = IntegerLookup(max_tokens, num_oov_indices, name=layer_of)
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The place of a text among those that `adapt` finds, as `StringLookup` has it."""
        layer_of = layer_name("string_categorical", name)
        layer = StringLookup(max_tokens, num_oov_indices, name=layer_of)
        return Feature(STRING, layer, output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """The bin of a text by its hash."""
        return Feature(
            STRING, Hashing(num_bins, name=layer_name("string_hashed", name)), output_mode
        )

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """The bin of a whole number by its hash."""
        layer = Hashing(num_bins, name=layer_name("integer_hashed", name))
        return Feature("int32", layer, output_mode)
