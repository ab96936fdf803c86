"""Memory that begins at a cache line."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from corereg import Parameter, _kernels

SIZES = [0, 1, 3, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1]  # 4 MB: huge pages from there


def aligned(a):
    return a.ctypes.data % 64 == 0


@pytest.mark.parametrize("size", SIZES)
def test_arrays_begin_at_a_cache_line(size):
    with _kernels.CacheLines():
        made = [np.empty(size, np.float32), np.zeros(size, np.float32), np.arange(float(size))]
        made += [np.full((size, 1), 7.0), made[2][::-1].copy()]
    assert all(aligned(a) and a.flags.owndata for a in made)
    assert not made[1].any()
    np.testing.assert_array_equal(made[4], np.arange(float(size))[::-1])


def test_a_resized_array_keeps_its_values_and_its_place():
    with _kernels.CacheLines():
        a = np.arange(5.0)
    for size in (50, 5000, 7, 1 << 20):
        a.resize(size, refcheck=False)
        assert aligned(a)
        np.testing.assert_array_equal(a[:5], np.arange(5.0))


def test_nested_and_left_by_an_error():
    with pytest.raises(ZeroDivisionError), _kernels.CacheLines(), _kernels.CacheLines():
        1 / 0  # noqa: B018
    made = [np.empty(n) for n in range(1, 100)]
    assert not all(aligned(a) for a in made)


def test_other_threads_are_left_alone():
    made = []
    with _kernels.CacheLines():
        thread = threading.Thread(target=lambda: made.extend(np.empty(n) for n in range(1, 100)))
        thread.start()
        thread.join()
    assert not all(aligned(a) for a in made)


def test_too_much_is_a_memory_error():
    with _kernels.CacheLines(), pytest.raises(MemoryError):
        np.zeros((1 << 60,), np.uint8)


def test_what_a_recording_makes_begins_at_cache_lines():
    x, w = np.ones((3, 5), np.float32), np.ones((5, 7), np.float32)
    with _kernels.Program():
        made = [_kernels.dense_forward(x, w) for _ in range(20)]
    assert all(aligned(a) for a in made)
    assert aligned(Parameter(np.ones((3, 5))).data)
