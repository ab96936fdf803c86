"""One training step (forward, loss, backward, penalty, Adam), and an epoch of `fit`.

The step is timed twice: in direct calls of the kernels, recorded and replayed, against the time
that its products' arithmetic takes at the peak; and in corereg's public API, where a graph is built
and walked for each call. The epoch adds shuffling, batches and accuracy on both sides; its figures
are for one step of it.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from measure import THREADS, arithmetic
from nets import KernelNet, NumpyNet
from workloads import WORKLOADS, sequential

import corereg
from corereg import reference
from corereg.autograd.parameter import aligned
from corereg.layers import Dropout

VERIFIED_STEPS = 5
MOST_ROWS = 2560  # of an epoch: NumPy takes its time


def keys(model):
    """The seeds of the model's dropout layers."""
    return [layer._key for layer in model.layers if isinstance(layer, Dropout)]


def twins(workload):
    """The model, and a NumPy net of the same weights that drops what the model will drop."""
    corereg.set_random_seed(1)
    model = sequential(workload, corereg)
    net = NumpyNet(workload, model.get_weights())

    def drop(x, i):
        return reference.dropout_forward(x, workload.rate, keys(model)[i], net.hyper.step)[0]

    net.drop = drop
    return model, net


def batch(workload):
    return [aligned(a[: workload.batch]) for a in workload.data()]


def same_weights(actual, expected):
    """To float32's rounding, which Adam's division by gradients near 0 enlarges."""
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=0, atol=1e-4)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("name", WORKLOADS)
def bench_kernels(limit, name, threads):
    workload = WORKLOADS[name]
    x, y = batch(workload)
    model, net = twins(workload)
    own = KernelNet(workload, model.get_weights(), keys(model))
    for _ in range(VERIFIED_STEPS):
        np.testing.assert_allclose(own.step(x, y), net.step(x, y)[:2], rtol=1e-4)
    same_weights(own.weights, net.weights)
    net.drop = net.draw
    limit(
        f"{name}: one training step in kernels",
        partial(arithmetic, threads),
        1e-9 * workload.operations,
        lambda: own.launch(x, y),
        lambda: net.step(x, y),
    )


@pytest.mark.parametrize("name", WORKLOADS)
def bench_eager(race, name):
    workload = WORKLOADS[name]
    x, y = batch(workload)
    model, net = twins(workload)
    inputs, loss_of, optimizer = corereg.Tensor(x), model.loss, model.optimizer
    optimizer.build(model.trainable_weights)

    def step():
        loss = loss_of(y, model(inputs, training=True))
        loss.backward()
        penalty = optimizer.step(penalties=True)
        optimizer.zero_grad()
        return loss.item() + penalty, penalty

    for _ in range(VERIFIED_STEPS):
        np.testing.assert_allclose(step(), net.step(x, y)[:2], rtol=1e-4)
    same_weights(model.get_weights(), net.weights)
    net.drop = net.draw
    race(f"{name}: one training step in autograd", numpy=lambda: net.step(x, y), corereg=step)


@pytest.mark.parametrize("name", WORKLOADS)
def bench_fit(race, name):
    workload = WORKLOADS[name]
    workload = workload._replace(rows=min(workload.rows, MOST_ROWS))
    x, y = workload.data()
    model, net = twins(workload)

    def fit(shuffle=True):
        return model.fit(x, y, batch_size=workload.batch, shuffle=shuffle, verbose=0).history

    expected = net.epoch(x, y, shuffle=False)
    for key, (value,) in fit(shuffle=False).items():
        near_ties = 4 / workload.rows if key == "accuracy" else 0  # that fall as rounding has it
        np.testing.assert_allclose(value, expected[key], 1e-3, near_ties, err_msg=key)
    net.drop = net.draw
    title = f"{name}: one step of a fit epoch"
    race(title, numpy=lambda: net.epoch(x, y), corereg=fit, per=workload.steps)
