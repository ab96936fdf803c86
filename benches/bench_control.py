"""The control: a NumPy product that never changes, before and after all else. Where its two times
differ, the machine was busy, and the other figures are as doubtful."""

from __future__ import annotations

import numpy as np
import pytest
from measure import normal


@pytest.mark.parametrize("when", ["before", "after"])
def bench_control(control, when):
    a, b = normal(2, 512, 512)
    out = np.empty_like(a)
    np.matmul(a, b, out)
    assert np.allclose(out, a.astype(np.float64) @ b, rtol=0, atol=1e-3)
    control("NumPy product 512x512x512", when, lambda: np.matmul(a, b, out))
