"""Random functions of all kinds of ops, to be recorded: see test_recorded_ops.py and
campaigns/recorded_functions.py."""

from __future__ import annotations

import random

import numpy as np

import corereg
from corereg import Tensor
from corereg.autograd import ops
from corereg.autograd.lowering import canonical

MOST = 400  # elements of any tensor

FLOAT = {
    **{name: getattr(ops, name) for name in ("sin", "cos", "exp", "expm1", "erf", "tanh", "relu")},
    **{name: getattr(ops, name) for name in ("sigmoid", "softplus", "silu", "gelu", "elu", "selu")},
    **{
        name: getattr(ops, name) for name in ("softsign", "hard_tanh", "hard_sigmoid", "leaky_relu")
    },
    "log": lambda a: ops.log(1 + ops.square(a)),
    "log1p": lambda a: ops.log1p(ops.abs(a)),
    "sqrt": lambda a: ops.sqrt(ops.abs(a)),
    "rsqrt": lambda a: ops.rsqrt(1 + a * a),
    "reciprocal": lambda a: ops.reciprocal(2 + ops.abs(a)),
    "softmax": lambda a: ops.softmax(a) if a.ndim else a,
    "log_softmax": lambda a: ops.log_softmax(a, 0) if a.ndim else a,
    "logsumexp": ops.logsumexp,
    "norm": lambda a: ops.norm(a, 2),
    "norm 1": lambda a: ops.norm(a, 1, axis=-1) if a.ndim else a,
    "norm 3": lambda a: ops.norm(a, 3, axis=0, keepdims=True) if a.ndim else a,
    "norm inf": lambda a: ops.norm(a, np.inf),
    "var": lambda a: ops.var(a, 0, keepdims=True) if a.ndim else a,
    "std": lambda a: ops.std(a, -1) if a.ndim else a,
    "powers": lambda a: a**2 - a**3 + abs(a) ** 0.5,
    "cast": lambda a: a.astype("float64" if a.dtype == np.float32 else "float32"),
}
ANY = {
    "negative": lambda a: -a if a.dtype != bool else ops.logical_not(a),
    "abs": ops.abs,
    "square": ops.square,
    "sum": ops.sum,
    "sum 0": lambda a: ops.sum(a, 0) if a.ndim else a,
    "sum -1": lambda a: ops.sum(a, -1, keepdims=True) if a.ndim else a,
    "mean": lambda a: ops.mean(a, -1) if a.ndim else a,
    "prod": lambda a: ops.prod(a, 0) if a.ndim else a,
    "max": lambda a: ops.max(a, 0) if a.ndim else a,
    "min": lambda a: ops.min(a, -1, keepdims=True) if a.ndim else a,
    "cumsum": lambda a: ops.cumsum(a, 0) if a.ndim else a,
    "argmax": lambda a: ops.argmax(a, -1) if a.ndim else a,
    "argmin": ops.argmin,
    "transpose": ops.transpose,
    "flatten": ops.flatten,
    "flip": ops.flip,
    "flip 0": lambda a: ops.flip(a, 0),
    "expand": lambda a: ops.expand_dims(a, -1) if a.ndim < 4 else a,
    "squeeze": ops.squeeze,
    "step": lambda a: a[::2],
    "back": lambda a: a[..., ::-1],
    "first": lambda a: a[0],
    "last": lambda a: a[..., -1],
    "take": lambda a: ops.take(a, [0, -1, 0], 0),
    "tile": lambda a: ops.tile(a, 2),
    "repeat": lambda a: ops.repeat(a, 2, 0),
    "pad": lambda a: ops.pad(a, 1, 2),
    "split": lambda a: ops.split(a, 2)[0],
    "stack": lambda a: ops.stack([a, a], -1),
    "broadcast": lambda a: ops.broadcast_to(a, (2, *a.shape)),
    "clip": lambda a: ops.clip(a, 0, 1),
    "float": lambda a: a.astype("float32"),
    "int": lambda a: ops.clip(a, -50, 50).astype("int32"),
    "places": lambda a: ops.take(a, ops.argmax(a, 0), 0) if a.ndim == 2 else a,
    "along": lambda a: ops.take_along_axis(a, ops.argmin(a, 0, keepdims=True), 0),
    "add_at": lambda a: ops.add_at(a, ops.argmax(a.flatten()[: len(a)]), a[0]),
    "set_at": lambda a: ops.set_at(a, [0, -1], a[-1]),
    "set slice": lambda a: ops.set_at(a, slice(1, None), a[0]),
    "isnan": ops.isnan,
}
PAIR = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a * 1.0 - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (2 + ops.abs(b)),
    "power": lambda a, b: (1.5 + ops.abs(a)) ** ops.clip(b, -2, 2),
    "maximum": ops.maximum,
    "minimum": ops.minimum,
    "greater": lambda a, b: a > b,
    "equal": lambda a, b: a == b,
    "and": lambda a, b: ops.logical_and(a > 0, b > 0),
    "where": lambda a, b: ops.where(a > b, a, b * 0.5),
    "where 0": lambda a, b: ops.where(a > 0, b, 0),
    "matmul": ops.matmul,
    "outer": lambda a, b: ops.outer(a.flatten()[:9], b.flatten()[:9]),
    "einsum": lambda a, b: ops.einsum("i...,i...->...", a, b),
    "einsum 2": lambda a, b: ops.einsum("ij,kj->ik", a, b),
    "concatenate": lambda a, b: ops.concatenate([a, b]),
    "clip by": lambda a, b: ops.clip(a, b - 1, b + 1),
    "in place": lambda a, b: in_place(a, b),
}
SHAPES = [(), (1,), (5,), (3, 4), (4, 1), (1, 4), (3, 3), (2, 3, 4), (9, 7), (4, 3)]
KINDS = ["float32", "float32", "float64", "int64", "bool"]


def in_place(a, b):
    made = (a * 1.0).detach()
    with corereg.no_grad():
        made.add_(b.detach().astype(made.dtype))
        made.mul_(0.5)
    return made


class Recipe:
    """A random function: its arguments' shapes and dtypes, and its steps."""

    def __init__(self, seed: int, steps: int = 8) -> None:
        self.random = random.Random(seed)
        choose = self.random.choice
        self.arguments = [(choose(SHAPES), choose(KINDS)) for _ in range(self.random.randint(1, 3))]
        self.steps: list[tuple[str, str, int, int]] = []
        nodes = [Tensor(a) for a in self.draw(np.random.default_rng(seed))]
        with np.errstate(all="ignore"):
            while len(self.steps) < steps:
                family = choose(["FLOAT", "ANY", "ANY", "PAIR", "PAIR"])
                name = choose(list(globals()[family]))
                step = (
                    family,
                    name,
                    self.random.randrange(len(nodes)),
                    self.random.randrange(len(nodes)),
                )
                made = self.run_step(step, nodes)
                if made is not None and made.size <= MOST:
                    self.steps.append(step)
                    nodes.append(made)

    def draw(self, rng: np.random.Generator) -> list[np.ndarray]:
        """New arguments, some of them not contiguous."""
        found = []
        for shape, kind in self.arguments:
            a = np.asarray(rng.standard_normal(shape) * (1 if kind[0] == "f" else 3))
            a = (a > 0) if kind == "bool" else a.astype(kind)
            found.append(
                np.asfortranarray(a) if a.ndim > 1 and rng.random() < 0.3 else np.asarray(a)
            )
        return found

    @staticmethod
    def run_step(step: tuple[str, str, int, int], nodes: list[Tensor]) -> Tensor | None:
        family, name, i, j = step
        function = globals()[family][name]
        try:
            return function(nodes[i], nodes[j]) if family == "PAIR" else function(nodes[i])
        except (ValueError, TypeError, IndexError):
            return None

    def __call__(self, *arguments: Tensor) -> list[Tensor]:
        """All results and the gradients of all arguments."""
        nodes = list(arguments)
        leaves = [t for t in nodes if t.dtype.kind == "f"]
        for t in leaves:
            t.requires_grad_()
        for step in self.steps:
            made = self.run_step(step, nodes)
            assert made is not None
            nodes.append(made)
        results = nodes[len(arguments) :]
        total = sum(t.sum() for t in results if t.requires_grad)
        if isinstance(total, Tensor):
            total.backward()
        return [*results, *[t.grad for t in leaves if t.grad is not None]]


def check(seed: int, threads: int = 0) -> None:
    """Four calls of a random function, recorded and not: the same bits."""
    recipe, rng = Recipe(seed), np.random.default_rng(seed + 1)
    recorded = corereg.record(recipe)
    with np.errstate(all="ignore"):
        for _ in range(4):
            given = recipe.draw(rng)
            expected = recipe(*[Tensor(a.copy(order="C")) for a in given])
            got = recorded(*given)
            assert len(got) == len(expected)
            for step, a, b in zip([*recipe.steps, *["gradient"] * 3], got, expected, strict=False):
                same = a.dtype == b.dtype and canonical(a.data) == canonical(b.data)
                assert same, (seed, step, recipe.arguments, recipe.steps, a.data, b.data)
    assert recorded.python_calls == 2
