"""Random graphs of smooth ops: derivatives equal to numerical ones, up to the third.

A graph is a list of steps (op, i, j): the op, applied to the earlier nodes i and j, so that nodes
are shared. Ops are smooth where they are used (the logarithm is of 1 + a*a), and every node is
scaled by a constant to numbers of at most 1, so that derivatives stay moderate.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, note, settings, strategies as st

import corereg
from corereg import Tensor
from corereg.autograd import ops

LEAVES = [(), (1,), (3,), (2, 1), (1, 3), (2, 3), (3, 3), (2, 1, 3), (2, 2, 3)]
SMALL = 12  # the most elements that ops which may make more of them are given
STEP = 1e-5
TOLERANCE = 1e-7

ANY = {
    "negative": lambda a: -a,
    "square": ops.square,
    "cube": lambda a: a**3,
    "sin": ops.sin,
    "cos": ops.cos,
    "exp": ops.exp,
    "expm1": ops.expm1,
    "log": lambda a: ops.log(1 + a * a),
    "log1p": lambda a: ops.log1p(a * a),
    "sqrt": lambda a: ops.sqrt(a * a + 1),
    "rsqrt": lambda a: ops.rsqrt(a * a + 1),
    "reciprocal": lambda a: ops.reciprocal(a * a + 1),
    "erf": ops.erf,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "softplus": ops.softplus,
    "silu": ops.silu,
    "gelu": ops.gelu,
    "gelu tanh": lambda a: ops.gelu(a, approximate=True),
    "sum": ops.sum,
    "mean": ops.mean,
    "prod": ops.prod,
    "norm": lambda a: ops.norm(a * a + 0.5),
    "norm 3": lambda a: ops.norm(a * a + 0.5, 3, keepdims=True),
    "logsumexp": ops.logsumexp,
    "reshape": lambda a: ops.reshape(a, -1),
    "flatten": ops.flatten,
    "transpose": ops.transpose,
    "squeeze": ops.squeeze,
    "expand_dims": lambda a: ops.expand_dims(a, 0) if a.ndim < 3 else a,
    "mask": lambda a: a[np.arange(a.size).reshape(a.shape) % 2 == 0],
    "take": lambda a: ops.take(a, np.array([0, 0, a.size - 1])),
    "l1_l2_penalty": lambda a: ops.l1_l2_penalty(a, 0.0, 0.3),
    "dropout": lambda a: ops.dropout(a, 0.3, seed=5),
}
AXES = {  # of one to three axes, with few elements
    "sum 0": lambda a: ops.sum(a, 0),
    "mean -1": lambda a: ops.mean(a, -1, keepdims=True),
    "var": lambda a: ops.var(a, 0, keepdims=True),
    "std": lambda a: ops.std(ops.concatenate([ops.flatten(a), [2.0, -2.0]])),
    "prod 0": lambda a: ops.prod(a, 0),
    "logsumexp -1": lambda a: ops.logsumexp(a, -1),
    "softmax": lambda a: ops.softmax(a, 0),
    "log_softmax": ops.log_softmax,
    "cumsum": lambda a: ops.cumsum(a, 0),
    "swapaxes": lambda a: ops.swapaxes(a, 0, -1),
    "broadcast_to": lambda a: ops.broadcast_to(a, (2, *a.shape)) if a.ndim < 3 else a,
    "flip": ops.flip,
    "first": lambda a: a[0],
    "last": lambda a: a[..., -1:],
    "backwards": lambda a: a[::-1],
    "array": lambda a: a[np.array([0, -1, 0])],
    "take_along_axis": lambda a: ops.take_along_axis(a, np.zeros_like(a.data, int), -1),
    "set_at": lambda a: ops.set_at(a, 0, a[-1] * 2),
    "add_at": lambda a: ops.add_at(a, np.array([0, 0]), a[-1]),
    "pad": lambda a: ops.pad(a, ((1, 0),) * a.ndim, value=0.5),
    "tile": lambda a: ops.tile(a, 2),
    "repeat": lambda a: ops.repeat(a, 2, -1),
    "outer": lambda a: ops.outer(ops.flatten(a)[:4], ops.sin(ops.flatten(a))),
    "split": lambda a: ops.split(ops.concatenate([a, a * a]), 2)[1],
    "mean_loss": lambda a: ops.mean_loss("softmax_cross_entropy", matrix(a), soft(a)),
    "loss_rows": lambda a: ops.loss_rows("sigmoid_cross_entropy", matrix(a), soft(a)),
    "squared_error": lambda a: ops.mean_loss("squared_error", matrix(a), soft(a)),
}
PAIRS = {  # of shapes that broadcast
    "add": ops.add,
    "subtract": ops.subtract,
    "multiply": ops.multiply,
    "divide": lambda a, b: a / (b * b + 1),
    "power": lambda a, b: (a * a + 0.5) ** b,
    "where": lambda a, b: ops.where(np.arange(a.size).reshape(a.shape) % 3 == 0, a, b),
}
TWINS = {  # of the same shape, of one to three axes, with few elements
    "matmul": lambda a, b: matrix(a) @ ops.swapaxes(matrix(b), -1, -2),
    "inner": lambda a, b: ops.flatten(a) @ ops.flatten(b),
    "einsum": lambda a, b: ops.einsum("...ij,...kj->...ki", matrix(a), matrix(b)),
    "concatenate": lambda a, b: ops.concatenate([a, b], -1),
    "stack": lambda a, b: ops.stack([a, b]) if a.ndim < 3 else a + b,
    "dense": lambda a, b: ops.dense(matrix(a), ops.transpose(matrix(b)), None, "tanh"),
    "dense bias": lambda a, b: ops.dense(matrix(a), column(b), ops.flatten(b)[:1], "sigmoid"),
}
NAMES = [*ANY, *AXES, *PAIRS, *TWINS]


def matrix(a: Tensor) -> Tensor:
    """a with two axes."""
    return a if a.ndim == 2 else ops.reshape(a, (a.shape[0], -1))


def column(a: Tensor) -> Tensor:
    """The first row of a, upright."""
    return ops.reshape(matrix(a)[0], (-1, 1))


def soft(a: Tensor) -> np.ndarray:
    """Targets for the outputs matrix(a)."""
    rows, columns = matrix(a).shape
    return np.full((rows, columns), 1 / columns)


def fits(a: Tensor, b: Tensor) -> bool:
    """Whether the two broadcast."""
    pairs = zip(a.shape[::-1], b.shape[::-1], strict=False)
    return all(n == m or n == 1 or m == 1 for n, m in pairs)


def small(a: Tensor) -> Tensor:
    """a with an axis at least, and SMALL elements at most."""
    while a.size > SMALL:
        a = ops.mean(a, 0)
    return a if a.ndim else ops.reshape(a, 1)


class Graph:
    """The program that some bytes stand for: one for the shapes of the leaves, and three for each
    step. x holds the leaves' elements, all in one vector, and v is a direction of as many."""

    def __init__(self, code: bytes) -> None:
        count, first = 1 + code[0] % 3, code[0] // 3
        self.shapes = [LEAVES[(first + 5 * k) % len(LEAVES)] for k in range(count)]
        self.sizes = [int(np.prod(shape)) for shape in self.shapes]
        steps = zip(code[1::3], code[2::3], code[3::3], strict=False)
        self.steps = [(NAMES[n % len(NAMES)], i, j) for n, i, j in steps]
        note(f"leaves {self.shapes}, steps {self.steps}")
        rng = np.random.default_rng(zlib.crc32(code))
        self.x = rng.uniform(-1, 1, sum(self.sizes))
        self.v = rng.uniform(-1, 1, sum(self.sizes))
        self.scales: list[float] = []

    def leaves(self, x: np.ndarray, requires_grad: bool = False) -> list[Tensor]:
        parts = np.split(x, np.cumsum(self.sizes)[:-1])
        return [
            Tensor(part.reshape(shape), requires_grad)
            for part, shape in zip(parts, self.shapes, strict=True)
        ]

    def of_flat(self, x: Tensor) -> Tensor:
        """The value, from x as a tensor."""
        parts = ops.split(x, self.sizes)
        return self.value([ops.reshape(p, s) for p, s in zip(parts, self.shapes, strict=True)])

    def value(self, leaves: list[Tensor]) -> Tensor:
        """A weighted sum of the elements of all nodes."""
        nodes = list(leaves)
        for k, (name, i, j) in enumerate(self.steps):
            made = self.step(nodes, name, i, j)
            if k == len(self.scales):  # the first time
                self.scales.append(1 / max(1.0, float(np.abs(made.data).max())))
            nodes.append(made * self.scales[k] if self.scales[k] != 1 else made)
        flat = ops.concatenate([ops.flatten(node) for node in nodes])
        return flat @ (0.5 + np.arange(flat.size) % 4)

    def step(self, nodes: list[Tensor], name: str, i: int, j: int) -> Tensor:
        a = nodes[i % len(nodes)]
        if name in ANY:
            return ANY[name](a)
        if name in AXES:
            return AXES[name](small(a))
        after = j % len(nodes)
        others = nodes[after:] + nodes[:after]
        if name in PAIRS:
            return PAIRS[name](a, next(b for b in others if fits(a, b)))
        b = next(b for b in others if b.shape == a.shape)
        return TWINS[name](small(a), small(b))


def slope(f: Callable[[np.ndarray], Any], x: np.ndarray, v: np.ndarray) -> Any:
    """The derivative of f at x along v, by central differences."""
    return (f(x + STEP * v) - f(x - STEP * v)) / (2 * STEP)


def graphs(examples: int) -> Callable[[Any], Any]:
    """The test for so many random graphs, always the same ones."""
    every = settings(max_examples=examples, derandomize=True, deadline=None, database=None)
    return lambda test: every(given(st.binary(min_size=13, max_size=31).map(Graph))(test))


@graphs(300)
def test_first_derivatives(graph: Graph) -> None:
    leaves = graph.leaves(graph.x, requires_grad=True)
    graph.value(leaves).backward()
    grads = [np.zeros(t.size) if t.grad is None else t.grad.numpy().ravel() for t in leaves]
    numerical = slope(lambda x: graph.value(graph.leaves(x)).item(), graph.x, graph.v)
    close(np.concatenate(grads) @ graph.v, numerical)


@graphs(100)
def test_second_derivatives(graph: Graph) -> None:
    numerical = slope(lambda x: gradient(graph, x, 1), graph.x, graph.v)
    close(gradient(graph, graph.x, 2), numerical)


@graphs(60)
def test_third_derivatives(graph: Graph) -> None:
    numerical = slope(lambda x: gradient(graph, x, 2), graph.x, graph.v)
    close(gradient(graph, graph.x, 3), numerical)


def gradient(graph: Graph, x: np.ndarray, order: int) -> np.ndarray:
    """At x: the gradient of the graph's value, of its derivative along v, of the second, ..."""
    t = Tensor(x, requires_grad=True)
    value = graph.of_flat(t)
    for _ in range(order - 1):
        value = corereg.grad(value, [t], create_graph=True)[0] @ graph.v
        if not value.requires_grad:  # a constant: the value was linear
            return np.zeros(x.shape)
    last = corereg.grad(value, [t], allow_unused=True)[0]
    return np.zeros(x.shape) if last is None else last.numpy()


def close(ours: Any, numerical: Any) -> None:
    size = max(1.0, float(np.abs(numerical).max()))
    np.testing.assert_allclose(ours, numerical, rtol=0, atol=TOLERANCE * size)
