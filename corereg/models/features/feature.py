"""Feature and Cross: what a FeatureSpace makes of a column, and of several together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corereg.layers.lookup import deserialize, serialize
from corereg.naming import unique_name

MODES = ("int", "one_hot", "float")


def check_mode(who: str, mode: Any, known: Sequence[str]) -> str:
    """The output mode, if it is one of those known; else ValueError."""
    if mode not in known:
        raise ValueError(f"{who}: expected output_mode as one of {list(known)}, received {mode!r}")
    return str(mode)


class Feature:
    """What becomes of one column.

    dtype: of the column, as `Input` takes it: a float or integer type or "string"; preprocessor:
    the layer that it goes through, or its description; output_mode: "float" or "int", what the
    layer gives, or "one_hot", a row of zeros and a one for each integer of it.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        self.output_mode = check_mode("Feature", output_mode, MODES)
        self.dtype = dtype
        if isinstance(preprocessor, Mapping):
            preprocessor = deserialize(preprocessor)
        self.preprocessor = preprocessor

    def get_config(self) -> dict[str, Any]:
        """The arguments, JSON-able."""
        return {
            "dtype": self.dtype,
            "preprocessor": serialize(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Feature:
        """A feature from what get_config gave."""
        return cls(**config)

    def __repr__(self) -> str:
        kind = type(self.preprocessor).__name__
        return f"Feature(dtype={self.dtype!r}, {kind}, output_mode={self.output_mode!r})"


class Cross:
    """Several categories together as one of crossing_dim bins, by a hash of all of them.

    feature_names: of two or more; output_mode: "one_hot" or "int".
    """

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        self.output_mode = check_mode("Cross", output_mode, MODES[:2])
        if isinstance(feature_names, str) or len(feature_names) < 2:
            raise ValueError(
                f"Cross: expected the names of two or more features, received {feature_names!r}"
            )
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim

    @property
    def name(self) -> str:
        """The names of the features with _X_ between them."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """The arguments, JSON-able."""
        return {
            "feature_names": list(self.feature_names),
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Cross:
        """A cross from what get_config gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"Cross({self.feature_names}, {self.crossing_dim}, {self.output_mode!r})"


def layer_name(kind: str, name: str | None) -> str:
    """The name of a feature's layer."""
    return f"{unique_name(kind) if name is None else name}_preprocessor"
