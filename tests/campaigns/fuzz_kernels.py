"""Random calls of the kernels' wrappers, with good and with bad arguments.

    python tests/campaigns/fuzz_kernels.py --seconds 60

Good arguments have odd shapes, both dtypes, all kinds of strides where the kernel takes them, and
hostile values; the result is compared with that of the NumPy twin in corereg.reference. Then one
argument or two are exchanged for what the wrapper did not ask for: another dtype, shape or order, a
view that overlaps another argument, memory that must not be written, a number, None. That works or
raises a TypeError, ValueError or the like; whatever it does, nothing beside the arrays is written.
Under the sanitizers, as `.ci/run` builds them, nothing beside them is read either.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Tally, give_up_after, main

import corereg
from corereg import _kernels, reference

ALLOWED = (TypeError, ValueError, IndexError, OverflowError, BufferError, MemoryError)
MARGIN, SENTINEL = 33, 12345.0
SIZES = (0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 130)
ACTIVATIONS = {code: name for name, code in _kernels.ACTIVATIONS.items()}
Array = np.ndarray[Any, Any]


class Maker:
    """Arrays of one case, in memory whose margins are checked afterwards."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.numpy = np.random.default_rng(rng.randrange(2**32))
        self.dtype = rng.choice(("f4", "f8"))
        self.tame = rng.random() < 0.6  # no NaN, infinities, or extremes
        self.made: list[Array] = []

    def size(self) -> int:
        return self.rng.choice(SIZES)

    def guarded(self, array: Array) -> Array:
        """A copy with margins around it."""
        whole = np.full(array.size + 2 * MARGIN, SENTINEL).astype(array.dtype)
        inner = whole[MARGIN : MARGIN + array.size].reshape(array.shape)
        inner[...] = array
        self.made.append(whole)
        return inner

    def check_margins(self) -> None:
        for whole in self.made:
            expected = np.full(1, SENTINEL).astype(whole.dtype)[0]
            assert (whole[:MARGIN] == expected).all(), "written before an array"
            assert (whole[-MARGIN:] == expected).all(), "written behind an array"

    def floats(self, *shape: int) -> Array:
        found = self.numpy.standard_normal(shape).astype(self.dtype)
        if not self.tame and found.size:
            for _ in range(self.rng.choice((1, 1, 3))):
                found.flat[self.rng.randrange(found.size)] = self.rng.choice(
                    (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 1e-40, 88.8, -104.0)
                )
        return self.guarded(found)

    def positive(self, *shape: int) -> Array:
        return self.guarded(self.numpy.uniform(0.5, 2, shape).astype(self.dtype))

    def integers(self, low: int, high: int, *shape: int, dtype: str = "i8") -> Array:
        return self.guarded(self.numpy.integers(low, max(high, low + 1), shape).astype(dtype))

    def maybe(self, array: Array) -> Array | None:
        return array if self.rng.random() < 0.5 else None

    def shape(self) -> tuple[int, ...]:
        return tuple(self.size() for _ in range(self.rng.choice((1, 2, 2, 3))))


# ---- good calls: arguments, and what the twin gives for them -------------------------------------

Case = tuple[list[Any], Callable[..., Any] | None]
CASES: dict[str, Callable[[Maker], Case]] = {}


def case(make: Callable[[Maker], Case]) -> Callable[[Maker], Case]:
    CASES[make.__name__] = make
    return make


@case
def dense_forward(m: Maker) -> Case:
    b, i, o = m.size(), m.size(), m.size()
    return [m.floats(b, i), m.floats(i, o), m.maybe(m.floats(o))], reference.dense_forward


@case
def dense_backward_input(m: Maker) -> Case:
    b, i, o = m.size(), m.size(), m.size()
    return [m.floats(b, o), m.floats(i, o)], reference.dense_backward_input


@case
def dense_backward_weights(m: Maker) -> Case:
    b, i, o = m.size(), m.size(), m.size()
    return [m.floats(b, i), m.floats(b, o), m.floats(i, o), m.floats(o)], None


@case
def activation_forward(m: Maker) -> Case:
    act = m.rng.randrange(-1, len(ACTIVATIONS) + 1)
    twin = None
    if act in ACTIVATIONS:
        twin = lambda x, act: reference.activation_forward(x, ACTIVATIONS[act])  # noqa: E731
    return [m.floats(*m.shape()), act], twin


@case
def activation_backward(m: Maker) -> Case:
    shape = m.shape()
    return [m.floats(*shape), m.floats(*shape), m.rng.randrange(-1, 16)], None


@case
def log_softmax_forward(m: Maker) -> Case:
    m.tame = True  # the twin subtracts infinities
    return [m.floats(m.size(), m.rng.choice(SIZES[1:]))], reference.log_softmax_forward


@case
def log_softmax_backward(m: Maker) -> Case:
    shape, m.tame = (m.size(), m.rng.choice(SIZES[1:])), True
    return [m.floats(*shape), -m.positive(*shape)], reference.log_softmax_backward


@case
def dropout_forward(m: Maker) -> Case:
    step = m.integers(0, 2**40)
    return [m.floats(*m.shape()), m.rng.random(), m.rng.randrange(2**64), step], None


@case
def dropout_backward(m: Maker) -> Case:
    shape = m.shape()
    return [m.floats(*shape), m.rng.random(), None, m.floats(*shape)], None


@case
def alpha_dropout_forward(m: Maker) -> Case:
    step = m.integers(0, 2**40)
    return [m.floats(*m.shape()), 0.3, 1.1, 0.2, -1.7, m.rng.randrange(2**64), step], None


@case
def normal(m: Maker) -> Case:
    return [m.floats(*m.shape()), m.rng.randrange(2**64), m.integers(0, 2**40)], None


@case
def scale(m: Maker) -> Case:
    return [m.floats(*m.shape()), m.floats()], reference.scale


@case
def add(m: Maker) -> Case:
    shape = m.shape()
    return [m.floats(*shape), m.floats(*shape)], reference.add


@case
def exp(m: Maker) -> Case:
    return [m.floats(*m.shape())], reference.exp


@case
def log(m: Maker) -> Case:
    return [m.floats(*m.shape())], reference.log


@case
def erf(m: Maker) -> Case:
    return [m.floats(*m.shape())], reference.erf


@case
def copy_into(m: Maker) -> Case:
    shape = m.shape()
    return [m.floats(*shape), m.floats(*shape)], None


@case
def embedding_forward(m: Maker) -> Case:
    rows = m.rng.choice(SIZES[1:])
    index = m.integers(0, rows, *m.shape())
    return [index, m.floats(rows, m.size())], reference.embedding_forward


@case
def embedding_backward(m: Maker) -> Case:
    rows, columns, many = m.rng.choice(SIZES[1:]), m.size(), m.size()
    index = m.integers(0, rows, many)
    m.tame = True
    return [index, m.floats(many, columns), m.floats(rows, columns)], reference.embedding_backward


@case
def unique_rows(m: Maker) -> Case:
    rows, many = m.rng.choice(SIZES[1:]), m.size()
    index = m.integers(-2, rows + 2, many)
    return [index, *(m.integers(0, 9, size) for size in (many, many, rows))], None


@case
def scatter_rows(m: Maker) -> Case:
    rows, columns, many = m.rng.choice(SIZES[1:]), m.size(), m.size()
    numbers = m.numpy.permutation(rows + many)[:many] - 1
    index = m.guarded(numbers.astype("i8"))
    return [m.floats(rows, columns), m.floats(many, columns), index], reference.scatter_rows


@case
def integer_lookup(m: Maker) -> Case:
    keys = np.unique(m.numpy.integers(-50, 50, m.size()))
    codes = m.integers(0, 99, len(keys))
    values = m.integers(-60, 60, *m.shape())
    return [values, m.guarded(keys), codes, 1, m.rng.choice((1, 2, 5))], reference.integer_lookup


@case
def filter_top_k(m: Maker) -> Case:
    m.tame = True
    n = m.rng.choice(SIZES[1:])
    return [m.floats(m.size(), n), m.rng.randrange(1, n + 1)], reference.filter_top_k


@case
def top_k_accuracy(m: Maker) -> Case:
    b, n, m.tame = m.size(), m.rng.choice(SIZES[1:]), True
    y = m.integers(0, n, b)
    return [m.floats(b, n), y, m.rng.randrange(1, n + 1)], reference.top_k_accuracy


@case
def threshold_counts(m: Maker) -> Case:
    b, n, t = m.size(), m.rng.choice((1, 2, 5)), m.rng.choice((1, 2, 3, 200))
    cut = m.guarded(np.sort(m.numpy.random(t)).astype("f4"))
    shape = (t, n) if m.rng.random() < 0.5 else (t + 1,)
    probabilities = m.guarded(m.numpy.random((b, n)).astype(m.dtype))
    labels = m.guarded(m.numpy.integers(0, 2, (b, n)).astype(m.dtype))
    counts = [m.guarded(np.zeros(shape, m.rng.choice(("f4", "f8")))) for _ in range(2)]
    return [*counts, probabilities, labels, cut], None


@case
def row_mean(m: Maker) -> Case:
    b = m.size()
    return [m.floats(b), m.maybe(m.positive(b))], None


@case
def accumulate_weighted_sum(m: Maker) -> Case:
    total = m.guarded(np.zeros(2, m.rng.choice(("f8", m.dtype))))
    b = m.size()
    return [total, m.floats(b), 1.5, m.maybe(m.positive(b))], None


@case
def increment(m: Maker) -> Case:
    return [m.integers(0, 9, dtype=m.rng.choice(("i8", "u8"))), m.rng.choice((1, -1, 2**62))], None


@case
def store_and_reset(m: Maker) -> Case:
    total, log = m.guarded(np.zeros(2)), m.guarded(np.zeros((m.size(), 2)))
    return [total, m.maybe(log), m.maybe(m.integers(-2, 9))], None


@case
def all_between(m: Maker) -> Case:
    return [m.floats(*m.shape()), m.rng.choice((-1, np.nan, -np.inf)), m.rng.choice((1, 9))], None


@case
def gather_rows(m: Maker) -> Case:
    rows, columns, many = m.rng.choice(SIZES[1:]), m.size(), m.size()
    order = m.integers(-1 if m.rng.random() < 0.2 else 0, rows, rows)
    start = m.integers(-1, rows + 2)
    return [m.floats(rows, columns), m.floats(many, columns), order, start], None


@case
def shuffle(m: Maker) -> Case:
    return [m.integers(0, 9, m.size()), *(m.integers(0, 2**40, dtype="u8") for _ in range(2))], None


@case
def loss_forward(m: Maker) -> Case:
    kind = m.rng.choice((*_kernels.LOSSES, "nothing"))
    b, n = m.size(), m.size()
    sparse = m.rng.random() < 0.5
    y = m.integers(-1 if m.rng.random() < 0.2 else 0, n, b) if sparse else m.floats(b, n)
    return [kind, m.floats(b, n), y, m.maybe(m.floats(b)), 0.1, m.rng.random() < 0.5], None


@case
def accuracy(m: Maker) -> Case:
    kind, b, n = m.rng.choice(("binary", "categorical", "sparse", "x")), m.size(), m.size()
    y = m.floats(b, n) if m.rng.random() < 0.5 else m.integers(-1, n + 1, b)
    return [kind, m.floats(b, n), y], None


@case
def batch_norm_forward(m: Maker) -> Case:
    n, m.tame = m.size(), True
    return [m.floats(m.rng.choice(SIZES[1:]), n), m.maybe(m.floats(n)), m.maybe(m.floats(n))], (
        reference.batch_norm_forward
    )


@case
def batch_norm_inference(m: Maker) -> Case:
    n = m.size()
    weights = m.maybe(m.floats(n)), m.maybe(m.floats(n))
    return [m.floats(m.size(), n), m.floats(n), m.positive(n), *weights], (
        reference.batch_norm_inference
    )


@case
def batch_norm_backward(m: Maker) -> Case:
    b, n = m.rng.choice(SIZES[1:]), m.size()
    return [m.floats(b, n), m.floats(b, n), m.floats(n), m.positive(n), m.maybe(m.floats(n))], None


@case
def row_norm_forward(m: Maker) -> Case:
    n = m.size()
    return [m.floats(m.size(), n), m.maybe(m.floats(n)), m.maybe(m.floats(n))], None


@case
def row_norm_backward(m: Maker) -> Case:
    b, n = m.size(), m.size()
    weights = m.maybe(m.floats(b)), m.maybe(m.floats(n))
    return [m.floats(b, n), m.floats(b, n), m.positive(b), *weights], None


@case
def row_norm_backward_weights(m: Maker) -> Case:
    b, n = m.size(), m.size()
    return [m.floats(b, n), m.floats(b, n), m.positive(b), m.maybe(m.floats(b))], None


@case
def penalty_backward(m: Maker) -> Case:
    return [m.floats(*m.shape()), 0.1, 0.2, m.floats()], None


@case
def constrain_norms(m: Maker) -> Case:
    shape = m.shape()
    first = m.rng.randrange(-1, len(shape) + 1)
    return [m.floats(*shape), first, m.rng.randrange(-1, len(shape) + 2), 0.0, 1.0], None


@case
def mask_values(m: Maker) -> Case:
    shape = m.shape()
    return [m.floats(*shape), m.guarded(m.numpy.random(shape) < 0.5)], None


@case
def constrain_signs(m: Maker) -> Case:
    return [m.floats(*m.shape())], None


@case
def arg_sort(m: Maker) -> Case:
    shape = m.shape()
    return [m.integers(0, 9, *shape), m.floats(*shape)], None


@case
def arg_extreme(m: Maker) -> Case:
    shape = m.shape()
    return [m.integers(0, 9, *shape[:-1]), m.floats(*shape), m.rng.random() < 0.5], None


@case
def strided_copy(m: Maker) -> Case:
    shape = m.shape()
    to, source = m.floats(*shape), m.floats(*shape)
    return [(to, source), (to, source)], None


@case
def rate_at(m: Maker) -> Case:
    kind = m.rng.choice((*_kernels.SCHEDULES, "x"))
    return [kind, m.guarded(m.numpy.random(m.rng.randrange(9))), m.rng.randrange(-9, 99)], None


# ---- bad arguments -------------------------------------------------------------------------------


def spoiled(rng: random.Random, argument: Any, others: list[Any]) -> Any:
    """Something else in the place of an argument, or in a tuple of arrays."""
    if isinstance(argument, tuple) and rng.random() < 0.8:
        found = [spoiled(rng, a, others) if rng.random() < 0.6 else a for a in argument]
        return tuple(found[: rng.choice((0, 1, 2, 2, 2))])
    if not isinstance(argument, np.ndarray) or rng.random() < 0.15:
        numbers = (0, -1, 7, 2**62, -(2**63), 2**64, 0.5, np.nan, -np.inf, 1e308)
        return rng.choice((*numbers, None, "x", b"", [], [[1.0]], (), {}, np.float16(1), True))
    kind, shape = rng.randrange(12), argument.shape
    if kind == 0:
        return argument.astype(
            rng.choice(("f4", "f8", "f2", "i4", "i8", "u1", "?", "c8", ">f4", "O"))
        )
    if kind == 1:
        return argument.T
    if kind == 2:
        return argument[..., ::-1] if shape else argument[None]
    if kind == 3:
        return argument[::2] if shape else argument[None]
    if kind == 4:
        other = tuple(rng.choice((0, 1, n, n + 1, max(n - 1, 0))) for n in shape)
        return np.zeros(other, argument.dtype)
    if kind == 5:
        return argument.reshape(-1) if len(shape) != 1 else argument[:, None]
    if kind == 6:
        argument = argument.copy()
        argument.flags.writeable = False
        return argument
    if kind == 7:  # a view that overlaps another argument, or this one
        arrays = [a for a in others if isinstance(a, np.ndarray) and a.size > argument.size]
        if arrays:
            flat = rng.choice(arrays).reshape(-1)
            at = rng.randrange(flat.size - argument.size + 1)
            return flat[at : at + argument.size].reshape(shape)
        return argument
    if kind == 8:
        arrays = [a for a in others if isinstance(a, np.ndarray)]
        return rng.choice(arrays) if arrays else argument
    if kind == 9 and argument.dtype != object:  # not aligned
        whole = np.zeros(argument.nbytes + 1, "u1")
        return whole[1:].view(argument.dtype)[: argument.size].reshape(shape)
    if kind == 10:
        return np.broadcast_to(np.ones((), argument.dtype), shape)
    return argument.tolist()


# ---- what must hold ------------------------------------------------------------------------------


def compare(found: Any, expected: Any, dtype: str) -> None:
    """The same but for rounding, with NaN and infinities in the same places."""
    found, expected = (a if isinstance(a, tuple) else (a,) for a in (found, expected))
    for one, other in zip(found, expected, strict=False):
        if not isinstance(one, np.ndarray) or one.size == 0:
            continue
        other = np.asarray(other, "f8").reshape(one.shape)
        with np.errstate(all="ignore"):
            other = other.astype(one.dtype)
        tolerance = 2e-4 if dtype == "f4" else 1e-10
        near = np.isclose(one, other, tolerance, tolerance, equal_nan=True)
        assert near.all(), f"differs from the twin: {one[~near][:3]} for {other[~near][:3]}"


def try_call(name: str, rng: random.Random) -> str:
    maker = Maker(rng)
    arguments, twin = CASES[name](maker)
    bad = rng.random() < 0.6
    copies = [a.astype("f8") if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a
              for a in arguments]  # fmt: skip
    for _ in range(rng.choice((1, 1, 2)) if bad else 0):
        at = rng.randrange(len(arguments))
        arguments[at] = spoiled(rng, arguments[at], arguments)
    _kernels.set_num_threads(rng.choice((1, 2, 3)))
    try:
        found = getattr(_kernels, name)(*arguments)
    except ALLOWED:
        if twin is not None and not bad:
            raise AssertionError("good arguments are refused") from None
        return "refused"
    finally:
        maker.check_margins()
    if twin is None or bad or not maker.tame:
        return "computed"
    expected = twin(*(np.array(a) if isinstance(a, np.ndarray) else a for a in copies))
    compare(found, expected, maker.dtype)
    return "equal to the twin"


def run(seconds: float, seed: int) -> int:
    np.seterr(all="ignore")
    corereg.set_random_seed(0)
    rng, tally = random.Random(seed), Tally(seconds, seed)
    names, number = sorted(CASES), 0
    while tally.goes_on:
        if number % 500 == 0:
            give_up_after(60)
        number += 1
        name, one = rng.choice(names), rng.randrange(2**48)
        try:
            tally.count(try_call(name, random.Random(one)))
        except Exception as error:
            first = not any(what.startswith(name) for what in tally.failures)
            tally.fail_with(error, f"{name} (case {one})" if first else name)
    _kernels.set_num_threads(0)
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
