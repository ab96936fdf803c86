"""The probes that benches hold kernels against compute what they say, on any number of threads."""

from __future__ import annotations

import re

import numpy as np
import pytest

from corereg import _kernels, reference

SIZES = [0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 191, 192, 193, 400, 4095, 4096, 4097, 12300]


def normal(rng, dtype, n):
    return rng.standard_normal(n).astype(dtype)


@pytest.mark.parametrize("n", SIZES)
def test_arithmetic(n, dtype, rng, close, guarded):
    x = normal(rng, dtype, n)
    for rounds in (-1, 0, 1, 50):
        y = guarded(n, dtype)
        y[:] = x
        assert _kernels.probe_arithmetic(y, rounds, 0.75, 0.5) is y
        close(y, reference.probe_arithmetic(x.astype(np.float64), rounds, 0.75, 0.5))


@pytest.mark.parametrize("n", SIZES)
def test_triad(n, dtype, rng, close, guarded):
    x, z = normal(rng, dtype, n), normal(rng, dtype, n)
    y = _kernels.probe_triad(x, z, 0.5, out=guarded(n, dtype))
    close(y, reference.probe_triad(x.astype(np.float64), z, 0.5), 1)
    assert _kernels.probe_triad(x, z, 0.5).tobytes() == y.tobytes()
    in_place = x.copy()
    assert _kernels.probe_triad(in_place, z, 0.5, out=in_place) is in_place
    assert in_place.tobytes() == y.tobytes()


@pytest.mark.parametrize("n", SIZES)
def test_read(n, dtype, rng, close, guarded):
    x = normal(rng, dtype, n)
    y = _kernels.probe_read(x, out=guarded(-(-n // 4096), dtype))
    close(y, reference.probe_read(x.astype(np.float64)), scale=min(n, 4096))
    assert _kernels.probe_read(x).tobytes() == y.tobytes()


def test_threads(dtype, rng, threads_agree):
    x, z = normal(rng, dtype, 300_001), normal(rng, dtype, 300_001)
    threads_agree(
        lambda: [
            _kernels.probe_arithmetic(x.copy(), 20, 0.75, 0.5),
            _kernels.probe_triad(x, z, 0.5),
            _kernels.probe_read(x),
        ]
    )


def test_faults(fails, dtype):
    x, out = np.ones(9, dtype), np.zeros(8, dtype)
    for call, exception, message in (
        (
            lambda: _kernels.probe_arithmetic(x[::2], 3, 0.5, 0.5),
            TypeError,
            "probe_arithmetic: expected y contiguous and writeable",
        ),
        (
            lambda: _kernels.probe_triad(x, x[1:], 0.5),
            ValueError,
            "probe_triad: expected z of shape (9,), received (8,)",
        ),
        (
            lambda: _kernels.probe_triad(x, x, 0.5, out=out),
            ValueError,
            "probe_triad: expected out of shape (9,), received (8,)",
        ),
        (
            lambda: _kernels.probe_read(x, out=out),
            ValueError,
            "probe_read: expected out of shape (1,), received (8,)",
        ),
        (
            lambda: _kernels.probe_read([1.0]),
            TypeError,
            "probe_read: expected x as a NumPy array, received list",
        ),
    ):
        fails(call, exception, f"^{re.escape(message)}$", x, out)
