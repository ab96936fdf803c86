"""The fourth part of the table: angles, logarithms to other bases, and what LAPACK computes of
matrices. See torch_cases.py."""

from __future__ import annotations

import numpy as np

from .torch_parts import at, case, named, positive, uniform, x

for op in ("tan", "arctan", "sinh", "cosh", "arcsinh", "exp2"):
    case(op, named(op), x(3, 4))
for op in ("log2", "log10", "cbrt"):
    case(op, named(op), positive(3, 4))
for op in ("arcsin", "arccos", "arctanh", "erfinv"):
    case(op, lambda f, t, op=op: getattr(f, op)(t / 2), x(3, 4))
case("arccosh", lambda f, t: f.arccosh(1 + t), positive(3, 4))
case("log2 corners", named("log2"), at(0.0, -1.0), order=1)


def matrices(*shape: int):  # type: ignore[no-untyped-def]
    """Symmetric matrices whose eigenvalues are positive and apart."""

    def make(seed: int) -> np.ndarray:
        a = uniform(seed, shape)
        return a @ a.swapaxes(-1, -2) / 4 + np.diag(np.arange(1.0, shape[-1] + 1))

    return make


def symmetric(t):  # type: ignore[no-untyped-def]
    """Both triangles alike, so that it does not matter which one a function reads."""
    return (t + t.swapaxes(-1, -2)) / 2


for shape in [(3, 3), (2, 3, 3)]:
    M = matrices(*shape)
    case(f"det {shape}", named("det"), M)
    case(f"log_abs_det {shape}", named("log_abs_det"), M)
    case(f"inv {shape}", named("inv"), M)
    case(f"solve {shape}", named("solve"), M, x(*shape[:-1], 2))
    case(f"cholesky {shape}", lambda f, t: f.cholesky(symmetric(t)), M)
    case(f"eigh {shape}", lambda f, t: f.eigh(symmetric(t))[0], M)
    case(f"eigh vectors {shape}", lambda f, t: f.eigh(symmetric(t))[1] ** 2, M, order=1)
    case(f"singular_values {shape}", named("singular_values"), M)
    case(f"svd {shape}", lambda f, t: f.svd(t)[0] ** 2, M, order=1)
    case(f"qr {shape}", lambda f, t: f.qr(t)[1] ** 2, M, order=1)
