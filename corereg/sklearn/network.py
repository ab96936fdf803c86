"""The network of a dense estimator: hidden layers, and one output layer or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from corereg import constraints, layers, regularizers
from corereg.models import Model, Sequential
from corereg.sklearn.parameters import Settings


class Head(NamedTuple):
    """An output layer: how many units, and which activation."""

    units: int
    activation: str


def make_network(
    name: str, inputs: int, heads: Sequence[Head], settings: Settings, dtype: str
) -> Model:
    """The model, built, for x of shape (rows, inputs).

    Each hidden layer is Dense, BatchNormalization if asked for, activation, Dropout if above 0.
    With one head the model is a Sequential, with several a Model of as many outputs.
    """
    source = layers.Input((inputs,), dtype=dtype)
    stack = _hidden_layers(settings, dtype)
    if len(heads) == 1:
        output = _output_layer("output", heads[0], settings, not settings.hidden, dtype)
        return Sequential([source, *stack, output], name=name)
    found: Any = source
    for layer in stack:
        found = layer(found)
    outputs = [
        _output_layer(f"output_{i}", head, settings, not settings.hidden, dtype)(found)
        for i, head in enumerate(heads)
    ]
    return Model(source, outputs, name=name)


def _hidden_layers(settings: Settings, dtype: str) -> list[Any]:
    made: list[Any] = []
    if settings.noise:
        made.append(layers.GaussianNoise(settings.noise, dtype=dtype, name="noise"))
    for i, (units, rate) in enumerate(zip(settings.hidden, settings.dropout, strict=True)):
        normalized = settings.batch_norm
        made.append(
            layers.Dense(
                units,
                None if normalized else settings.activation,
                use_bias=not normalized,  # BatchNormalization adds one
                kernel_regularizer=_regularizer(settings, i == 0),
                kernel_constraint=_constraint(settings),
                dtype=dtype,
                name=f"hidden_{i}",
            )
        )
        if normalized:
            made.append(layers.BatchNormalization(dtype=dtype, name=f"normalization_{i}"))
            activation = settings.activation
            made.append(layers.Activation(activation, dtype=dtype, name=f"activation_{i}"))
        if rate:
            made.append(layers.Dropout(rate, dtype=dtype, name=f"dropout_{i}"))
    return made


def _output_layer(name: str, head: Head, settings: Settings, is_first: bool, dtype: str) -> Any:
    regularizer = _regularizer(settings, is_first)
    return layers.Dense(
        head.units, head.activation, kernel_regularizer=regularizer, dtype=dtype, name=name
    )


def _regularizer(settings: Settings, is_first: bool) -> Any:
    """The penalty of a kernel. The one that reads the inputs has group_lasso alone, if given."""
    if is_first and settings.group_lasso:
        return regularizers.ProximalGroupLasso(settings.group_lasso, "inputs")
    if settings.l1:
        return regularizers.ProximalL1L2(settings.l1, settings.l2)
    return regularizers.L2(settings.l2) if settings.l2 else None


def _constraint(settings: Settings) -> Any:
    return None if settings.max_norm is None else constraints.MaxNorm(settings.max_norm)
