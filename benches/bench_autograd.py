"""The eager path beside PyTorch's: what one op costs, and a training step.

Forward and backward together, on Tensors so small that the time is what surrounds the arithmetic.
Both run on one thread, which suits PyTorch best at these sizes.
"""

from __future__ import annotations

import numpy as np
import pytest
from workloads import WORKLOADS, sequential

import corereg
from corereg import Tensor
from corereg.autograd import ops

torch = pytest.importorskip("torch", reason="corereg's eager path is timed beside PyTorch's")

VERIFIED_STEPS = 5
LINKS = 1000
A, B = np.random.default_rng(0).uniform(0.5, 1.5, (2, 8, 16)).astype(np.float32)
EACH = {  # of a and b, (8, 16)
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "multiply by a row": (lambda a, b: a * b[0], lambda a, b: a * b[0]),
    "exp": (lambda a, b: ops.exp(a), lambda a, b: a.exp()),
    "tanh": (lambda a, b: ops.tanh(a), lambda a, b: a.tanh()),
    "where": (lambda a, b: ops.where(a > b, a, b), lambda a, b: torch.where(a > b, a, b)),
    "max along an axis": (lambda a, b: a.max(axis=1), lambda a, b: a.amax(dim=1)),
    "softmax": (lambda a, b: a.softmax(), lambda a, b: a.softmax(dim=-1)),
    "matmul": (lambda a, b: a @ b.T, lambda a, b: a @ b.T),
    "concatenate": (lambda a, b: ops.concatenate([a, b]), lambda a, b: torch.cat([a, b])),
}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    corereg.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    corereg.set_num_threads(0)


def leaves(kind):
    if kind == "torch":
        return [torch.tensor(x, requires_grad=True) for x in (A, B)]
    return [Tensor(x.copy(), requires_grad=True) for x in (A, B)]


def forward_and_backward(kind, function):
    """A call that returns the value and the gradients."""
    a, b = leaves(kind)
    seed = np.random.default_rng(1).uniform(0.5, 1.5, function(a, b).shape).astype(np.float32)
    given = torch.from_numpy(seed) if kind == "torch" else seed

    def run():
        a.grad = b.grad = None
        out = function(a, b)
        out.backward(given)
        return out, a.grad, b.grad

    return run


@pytest.mark.parametrize("name", EACH)
def bench_op(torch_race, name):
    ours, theirs = EACH[name]
    sides = {
        "corereg": forward_and_backward("corereg", ours),
        "torch": forward_and_backward("torch", theirs),
    }
    for one, other in zip(sides["corereg"](), sides["torch"](), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one.data, other.detach().numpy(), rtol=1e-4, atol=1e-6)
    torch_race(f"{name}, 8 by 16, and its gradient", **sides)


@pytest.mark.parametrize("operand", ["a number", "a tensor"])
def bench_chain(torch_race, operand):
    def chain(make):
        x = make(1.0)
        y = 1.0 if operand == "a number" else make(1.0)

        def run():
            x.grad = None
            out = x
            for _ in range(LINKS):
                out = out + y
            out.backward()
            return out, x.grad

        return run

    sides = {
        "corereg": chain(lambda value: Tensor(value, requires_grad=True)),
        "torch": chain(lambda value: torch.tensor(value, requires_grad=True)),
    }
    for run in sides.values():
        assert [t.item() for t in run()] == [LINKS + 1, 1]
    torch_race(f"add {operand} to a number, and its gradient", per=LINKS, **sides)


@pytest.mark.parametrize("name", ["binary", "multiclass", "dropout"])
def bench_step(torch_race, name):
    workload = WORKLOADS[name]
    x, y = (a[: workload.batch] for a in workload.data())
    corereg.set_random_seed(1)
    model = sequential(workload, corereg)
    sides = {
        "torch": torch_step(workload, model.get_weights(), x, y),
        "corereg": our_step(model, x, y),
    }
    if not workload.rate:
        for _ in range(VERIFIED_STEPS):
            np.testing.assert_allclose(sides["corereg"](), sides["torch"](), rtol=1e-4)
    torch_race(f"{name}: one training step, Adam", **sides)


def our_step(model, x, y):
    inputs, loss_of, optimizer = Tensor(x), model.loss, model.optimizer
    optimizer.build(model.trainable_weights)

    def step():
        loss = loss_of(y, model(inputs, training=True))
        loss.backward()
        penalty = optimizer.step(penalties=True)
        optimizer.zero_grad()
        return loss.item() + penalty

    return step


def torch_step(workload, weights, x, y):
    """The same network with PyTorch's fused Adam, fed in the way that suits it best."""
    parts = []
    for i, (n, m) in enumerate(zip(workload.units, workload.units[1:], strict=False)):
        linear = torch.nn.Linear(n, m)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights[2 * i].T.copy()))
            linear.bias.copy_(torch.from_numpy(weights[2 * i + 1]))
        parts.append(linear)
        if i < len(workload.units) - 2:
            parts.append(torch.nn.ReLU())
            if workload.rate:
                parts.append(torch.nn.Dropout(workload.rate))
    net = torch.nn.Sequential(*parts)
    linears = [part for part in parts if isinstance(part, torch.nn.Linear)]
    binary = torch.nn.BCEWithLogitsLoss()
    criterion = binary if workload.binary else torch.nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    if not workload.binary:
        targets = targets.argmax(dim=1)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, eps=1e-7, fused=True)

    def step():
        optimizer.zero_grad()
        loss = criterion(net(inputs), targets)
        for i, linear in enumerate(linears):
            l1, l2 = workload.penalty(i)
            if l1:
                loss = loss + l1 * linear.weight.abs().sum()
            if l2:
                loss = loss + l2 * linear.weight.square().sum()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
