"""Every built-in layer, loss, metric and regularizer passes the checks of part_checks.py."""

from __future__ import annotations

import numpy as np
import pytest
from part_checks import check_layer, check_loss, check_metric, check_regularizer, numbers

from corereg import layers, losses, metrics, regularizers

LAYERS = [
    (layers.Activation, (4,), {"activation": "tanh"}),
    (layers.Activation, (2, 3), {"activation": "softmax"}),
    (layers.Dense, (4,), {"units": 3, "activation": "sigmoid", "kernel_regularizer": "l1_l2"}),
    (layers.Dense, (4,), {"units": 3, "use_bias": False, "activity_regularizer": "l2"}),
    (layers.Dense, (2, 4), {"units": 3, "activation": "softmax"}),
    (layers.Dropout, (6,), {"rate": 0.4, "seed": 5}),
    (layers.Flatten, (2, 3), {}),
]
CLASSES = np.arange(9) % 3
ONE_HOT = np.eye(3, dtype="float32")[CLASSES]
SHARES = np.abs(numbers(9, 3)) / 3 + 0.05
LOSSES = [
    (losses.BinaryCrossentropy, ONE_HOT, {"from_logits": True, "label_smoothing": 0.1}),
    (losses.CategoricalCrossentropy, ONE_HOT, {"from_logits": True, "label_smoothing": 0.1}),
    (losses.SparseCategoricalCrossentropy, CLASSES, {"from_logits": True}),
    (losses.MeanSquaredError, SHARES, {}),
    (losses.MeanAbsoluteError, SHARES, {}),
]
METRICS = [
    (metrics.BinaryAccuracy, ONE_HOT, {"threshold": 0.2}),
    (metrics.CategoricalAccuracy, ONE_HOT, {}),
    (metrics.MeanSquaredError, SHARES, {}),
    (metrics.MeanAbsoluteError, SHARES, {}),
]
REGULARIZERS = [
    (regularizers.L1, {"l1": 0.02}),
    (regularizers.L2, {"l2": 0.03}),
    (regularizers.L1L2, {"l1": 0.02, "l2": 0.03}),
    (regularizers.OrthogonalRegularizer, {"factor": 0.1, "mode": "columns"}),
]


@pytest.mark.parametrize(("kind", "shape", "arguments"), LAYERS)
def test_layers(kind, shape, arguments):
    check_layer(kind, shape, **arguments)


@pytest.mark.parametrize(("kind", "y", "arguments"), LOSSES)
def test_losses(kind, y, arguments):
    check_loss(kind, y, numbers(9, 3), **arguments)


@pytest.mark.parametrize(("kind", "y", "arguments"), METRICS)
def test_metrics(kind, y, arguments):
    check_metric(kind, y, numbers(9, 3), **arguments)


@pytest.mark.parametrize(("kind", "arguments"), REGULARIZERS)
def test_regularizers(kind, arguments):
    check_regularizer(kind, **arguments)
