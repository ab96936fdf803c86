"""Models for the tests of exports: one for each layer that is exported, and random ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import corereg
from corereg import layers, models, ops

Make = Callable[[], Any]


def stack(shape: Any, *parts: Any, dtype: Any = None) -> Any:
    return corereg.Sequential([corereg.Input(shape, dtype=dtype), *parts])


def merge(layer: Any, *shapes: Any) -> Any:
    inputs = [corereg.Input(shape) for shape in shapes]
    return corereg.Model(inputs, layer(inputs))


def trained_norm(layer: Any, shape: Any = (4,)) -> Any:
    """A normalization whose weights are not those it begins with, between two dense layers."""
    model = stack(shape, layers.Dense(4, "relu"), layer, layers.Dense(3))
    rng = np.random.default_rng(3)
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    return model


def adapted(layer: Any, data: Any) -> Any:
    layer.adapt(data)
    return layer


TEXTS = np.array(["cat", "dog", "cow", "dog"])
NUMBERS = np.random.default_rng(0).normal(3.0, 2.0, (50, 4)).astype("f4")
CODES = np.array([[1, 2, 3], [3, 2, 9]])


def ensemble(**options: Any) -> Any:
    return models.Ensemble([stack((3,), layers.Dense(2)) for _ in range(3)], **options)


LAYERS: dict[str, list[Make]] = {
    "Activation": [lambda: stack((4,), layers.Activation("tanh"))],
    "ActivityRegularization": [lambda: stack((4,), layers.ActivityRegularization(0.1))],
    "Add": [
        lambda: merge(layers.Add(), (3,), (3,), (3,)),
        lambda: merge(layers.Add(), (2, 3), (3,)),
    ],
    "AlphaDropout": [lambda: stack((4,), layers.AlphaDropout(0.5))],
    "Average": [lambda: merge(layers.Average(), (3,), (3,))],
    "BatchNormalization": [
        lambda: trained_norm(layers.BatchNormalization()),
        lambda: trained_norm(layers.BatchNormalization(), (2, 3)),
        lambda: trained_norm(layers.BatchNormalization(axis=1, scale=False), (2, 3)),
        lambda: stack((4,), layers.BatchNormalization(center=False), layers.Dense(2)),
        lambda: stack((4,), layers.BatchNormalization(), layers.Activation("relu")),
    ],
    "CategoryEncoding": [
        lambda: stack((3,), layers.CategoryEncoding(5, output_mode="multi_hot"), dtype="int64"),
        lambda: stack((3,), layers.CategoryEncoding(5, output_mode="count"), dtype="int64"),
        lambda: stack((1,), layers.CategoryEncoding(5, output_mode="one_hot"), dtype="int64"),
    ],
    "Concatenate": [lambda: merge(layers.Concatenate(), (3,), (2,))],
    "CutMix": [lambda: stack((4, 4, 1), layers.CutMix())],
    "Dense": [
        lambda: stack((4,), layers.Dense(3)),
        lambda: stack((4,), layers.Dense(3, layers.LeakyReLU(), use_bias=False)),
        lambda: stack((2, 4), layers.Dense(3, lambda x: ops.tanh(x) * 2)),
        lambda: stack((4,), layers.Dense(3, "gelu", dtype="float64"), dtype="float64"),
    ],
    "Discretization": [
        lambda: stack((4,), layers.Discretization([-1.0, 0.0, 0.5])),
        lambda: stack((4,), layers.Discretization([-1.0, 0.5], output_mode="multi_hot")),
        lambda: stack((1,), layers.Discretization([-1.0, 0.5], output_mode="one_hot")),
    ],
    "Dot": [
        lambda: merge(layers.Dot(1), (3,), (3,)),
        lambda: merge(layers.Dot((1, 2), normalize=True), (3, 4), (2, 3)),
    ],
    "Dropout": [lambda: stack((4,), layers.Dropout(0.5))],
    "ELU": [lambda: stack((4,), layers.ELU(0.7))],
    "Embedding": [
        lambda: stack((3,), layers.Embedding(7, 2), dtype="int32"),
        lambda: stack((3,), layers.Embedding(7, 2), layers.Flatten(), layers.Dense(1), dtype="i8"),
    ],
    "EnsembleAverage": [
        ensemble,
        lambda: ensemble(weights=[1, 2, 3], average="probabilities"),
        lambda: models.Ensemble(
            [stack((3,), layers.Dense(1)) for _ in range(2)], average="probabilities"
        ),
    ],
    "Flatten": [
        lambda: stack((2, 3), layers.Flatten()),
        lambda: stack((2, 3, 2), layers.Flatten(data_format="channels_first")),
        lambda: stack((3,), layers.Flatten()),
        lambda: stack((None,), layers.Flatten()),
    ],
    "GaussianDropout": [lambda: stack((4,), layers.GaussianDropout(0.5))],
    "GaussianNoise": [lambda: stack((4,), layers.GaussianNoise(0.5))],
    "GlobalAveragePooling1D": [
        lambda: stack((5, 2), layers.GlobalAveragePooling1D()),
        lambda: stack((5, 2), layers.GlobalAveragePooling1D("channels_first", keepdims=True)),
        lambda: stack(
            (6,), layers.Embedding(4, 2, mask_zero=True), layers.GlobalAvgPool1D(), dtype="int32"
        ),
    ],
    "GlobalMaxPooling1D": [lambda: stack((5, 2), layers.GlobalMaxPooling1D())],
    "GroupNormalization": [
        lambda: trained_norm(layers.GroupNormalization(2)),
        lambda: trained_norm(layers.GroupNormalization(1, axis=1), (2, 3)),
    ],
    "Identity": [lambda: stack((4,), layers.Identity())],
    "InputLayer": [lambda: stack((4,), layers.Dense(1))],
    "IntegerLookup": [
        lambda: stack((3,), layers.IntegerLookup(vocabulary=[5, 3]), dtype="int64"),
        lambda: stack(
            (3,),
            layers.IntegerLookup(vocabulary=[5, 3], mask_token=0, output_mode="multi_hot"),
            dtype="int64",
        ),
        lambda: stack(
            (3,), layers.IntegerLookup(vocabulary=[5, 3], num_oov_indices=3), dtype="int64"
        ),
        lambda: stack(
            (3,), layers.IntegerLookup(vocabulary=[5, 3], invert=True), dtype="int64"
        ),
        lambda: stack(
            (3,), adapted(layers.IntegerLookup(output_mode="tf_idf"), CODES), dtype="int64"
        ),
    ],
    "Lambda": [lambda: stack((4,), layers.Lambda(lambda x: ops.square(x) + 1))],
    "LayerNormalization": [
        lambda: trained_norm(layers.LayerNormalization()),
        lambda: trained_norm(layers.LayerNormalization(axis=[1, 2]), (2, 3)),
    ],
    "LeakyReLU": [lambda: stack((4,), layers.LeakyReLU(0.1))],
    "Maximum": [lambda: merge(layers.Maximum(), (3,), (3,))],
    "Minimum": [lambda: merge(layers.Minimum(), (3,), (3,))],
    "MixUp": [lambda: stack((4,), layers.MixUp())],
    "Multiply": [lambda: merge(layers.Multiply(), (3,), (3,))],
    "Normalization": [
        lambda: stack((4,), adapted(layers.Normalization(), NUMBERS), layers.Dense(2)),
        lambda: stack((4,), layers.Normalization(mean=3.0, variance=2.0, invert=True)),
        lambda: stack((4,), layers.Normalization(axis=None, mean=0.5, variance=2.0)),
    ],
    "NumericEncoding": [
        lambda: stack((4,), adapted(layers.NumericEncoding(), NUMBERS)),
        lambda: stack(
            (4,), adapted(layers.NumericEncoding("standard", indicator=True), NUMBERS)
        ),
    ],
    "PReLU": [lambda: stack((4,), layers.PReLU("ones"))],
    "Permute": [lambda: stack((2, 3), layers.Permute((2, 1)))],
    "Pipeline": [
        lambda: stack((4, 4, 1), layers.Pipeline([layers.RandomFlip(), layers.RandomZoom(0.1)]))
    ],
    "RMSNormalization": [lambda: trained_norm(layers.RMSNormalization())],
    "RandomErasing": [lambda: stack((4, 4, 1), layers.RandomErasing())],
    "RandomElasticTransform": [lambda: stack((4, 4, 1), layers.RandomElasticTransform())],
    "RandomFlip": [lambda: stack((4, 4, 1), layers.RandomFlip())],
    "RandomRotation": [lambda: stack((4, 4, 1), layers.RandomRotation(0.1))],
    "RandomShear": [lambda: stack((4, 4, 1), layers.RandomShear(0.1, 0.1))],
    "RandomTranslation": [lambda: stack((4, 4, 1), layers.RandomTranslation(0.1, 0.1))],
    "RandomZoom": [lambda: stack((4, 4, 1), layers.RandomZoom(0.1))],
    "ReLU": [
        lambda: stack((4,), layers.ReLU()),
        lambda: stack((4,), layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.3)),
        lambda: stack((4,), layers.ReLU(max_value=1.0)),
        lambda: stack((4,), layers.ReLU(negative_slope=0.2, max_value=0.5)),
    ],
    "RepeatVector": [lambda: stack((4,), layers.RepeatVector(3))],
    "Rescaling": [
        lambda: stack((4,), layers.Rescaling(0.5, offset=1.0), layers.Dense(2)),
        lambda: stack((4,), layers.Rescaling([1.0, 2.0, 3.0, 4.0])),
    ],
    "Reshape": [
        lambda: stack((6,), layers.Reshape((2, -1))),
        lambda: stack((None, 2), layers.Reshape((-1,))),
    ],
    "SelectColumns": [lambda: stack((4,), layers.SelectColumns([2, 0]))],
    "Softmax": [
        lambda: stack((4,), layers.Softmax()),
        lambda: stack((2, 3), layers.Softmax(axis=[1, 2])),
    ],
    "StringLookup": [
        lambda: stack((2,), layers.StringLookup(vocabulary=["cat", "dog"]), dtype="string"),
        lambda: stack(
            (2,),
            layers.StringLookup(vocabulary=["cat", "dog"], output_mode="count"),
            layers.Dense(2),
            dtype="string",
        ),
    ],
    "Subtract": [lambda: merge(layers.Subtract(), (3,), (3,))],
    "UnitNormalization": [lambda: stack((4,), layers.UnitNormalization())],
}
"""For each layer of corereg that is exported, models that have it."""
