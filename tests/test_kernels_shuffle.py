"""The order of rows: a permutation that (seed, epoch) alone determines."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

GOLDEN = {  # (seed, epoch): the first permutation of so many entries
    (0, 0): [3, 5, 0, 2, 4, 7, 6, 1],
    (1, 0): [0, 3, 7, 1, 4, 2, 6, 5],
    (0, 1): [2, 6, 7, 0, 3, 5, 1, 4],
    (1, 1): [7, 3, 0, 2, 1, 5, 4, 6],
    (2**64 - 1, 123456789): [3, 2, 8, 5, 9, 4, 7, 0, 1, 6],
    (7, -1): [7, 3, 2, 5, 6, 9, 8, 0, 1, 4],
}


def shuffled(n, seed, epoch, shuffle=_kernels.shuffle):
    """A permutation, drawn into an array that held other numbers."""
    order, counter = np.full(n, -5), np.array([epoch])
    shuffle(order, np.array([seed], np.uint64), counter)
    assert counter[0] == epoch + 1
    return order.tolist()


@pytest.mark.parametrize(("seed", "epoch"), GOLDEN)
def test_golden_orders(seed, epoch):
    wanted = GOLDEN[seed, epoch]
    assert shuffled(len(wanted), seed, epoch) == wanted


@pytest.mark.parametrize("n", [0, 1, 2, 3, 1000])
@pytest.mark.parametrize(("seed", "epoch"), [(12345, 0), (2**63, 7), (0, 2**62)])
def test_the_order_is_that_of_its_formula(n, seed, epoch):
    order = shuffled(n, seed, epoch)
    assert order == shuffled(n, seed, epoch, reference.shuffle)
    assert sorted(order) == list(range(n))


def test_an_order_does_not_depend_on_those_before():
    order, seed, epoch = np.empty(50, np.int64), np.array([3], np.uint64), np.array([0])
    first = []
    for _ in range(5):
        _kernels.shuffle(order, seed, epoch)
        first.append(order.tolist())
    assert epoch[0] == 5
    assert [shuffled(50, 3, i) for i in (4, 2, 0, 1, 3)] == [first[i] for i in (4, 2, 0, 1, 3)]
    assert len(set(map(tuple, first))) == 5


def test_a_replay_draws_the_orders_of_the_next_epochs():
    order, seed, epoch = np.empty(20, np.int64), np.array([9], np.uint64), np.array([0])
    program = _kernels.Program()
    with program:
        _kernels.shuffle(order, seed, epoch)
    program.replay(3)
    assert epoch[0] == 4
    assert order.tolist() == shuffled(20, 9, 3)


@pytest.mark.parametrize("along", ["epochs", "seeds"])
def test_every_order_comes_equally_often(along):
    draws = [(0, i) if along == "epochs" else (i, 3) for i in range(4800)]
    counts = {}
    for seed, epoch in draws:
        order = tuple(shuffled(4, seed, epoch))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    chi_squared = sum((count - 200) ** 2 / 200 for count in counts.values())
    assert chi_squared < 50  # of 23 degrees of freedom: more in one of a thousand runs


def test_arrays_are_checked(fails):
    order, seed, epoch = np.arange(4), np.array([1], np.uint64), np.array([0])
    for bad in (order.astype("i4"), order[::2], order.tolist(), None):
        fails(
            lambda bad=bad: _kernels.shuffle(bad, seed, epoch), TypeError, "shuffle: expected order"
        )
    for bad in (seed.astype("i8"), np.zeros(2, np.uint64), 1):
        fails(
            lambda bad=bad: _kernels.shuffle(order, bad, epoch), TypeError, "shuffle: expected seed"
        )
    fixed = np.array([0])
    fixed.flags.writeable = False
    for bad in (epoch.astype("u8"), np.zeros(2, np.int64), fixed, 0):
        fails(
            lambda bad=bad: _kernels.shuffle(order, seed, bad), TypeError, "shuffle: expected epoch"
        )
