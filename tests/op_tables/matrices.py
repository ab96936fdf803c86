"""Linear algebra: determinants, inverses, equations, decompositions."""

from __future__ import annotations

import numpy as np

from corereg.autograd import ops
from op_tables.parts import x


def regular(*shape):
    """Matrices that are far from singular."""
    return x(*shape) / 2 + 2 * np.eye(*shape[-2:])


def symmetric(function):
    """A function of the symmetric part."""
    return lambda t: function((t + t.mT) / 2)


def spread(*shape):
    """Symmetric matrices with eigenvalues far from each other, and positive."""
    made = x(*shape) / 8
    return (made + made.swapaxes(-1, -2)) / 2 + np.diag(np.arange(1.0, 1 + shape[-1]))


def joined(function):
    """The elements of all results as one vector, the signs of u and v taken away."""

    def of(t):
        u, *rest, v = function(t)
        parts = [u * u, *rest, v * v]
        return ops.concatenate([ops.flatten(p) for p in parts])

    return of


SQUARES = [(3, 3), (2, 3, 3), (1, 1)]
GRADIENTS = {
    "Inv": [(ops.inv, regular(*s)) for s in [*SQUARES, (0, 2, 2)]],
    "Det": [(ops.det, regular(*s)) for s in SQUARES],
    "LogAbsDet": [(ops.log_abs_det, regular(*s)) for s in SQUARES],
    "Solve": [
        (ops.solve, regular(3, 3), x(3, 2)),
        (ops.solve, regular(2, 3, 3), x(3, 1)),
        (ops.solve, regular(3, 3), x(2, 3, 2)),
        (lambda t: ops.solve(t, t.mT), regular(3, 3)),
    ],
    "Cholesky": [(symmetric(ops.cholesky), spread(*s)) for s in SQUARES],
    "Qr": [(joined(ops.qr), regular(*s)) for s in [(3, 3), (4, 2), (2, 4, 3)]],
    "Eigh": [(lambda t: ops.concatenate([t.flatten() for t in ops.eigh(t)]), spread(3, 3))],
    "Svd": [
        (joined(ops.svd), spread(*s)[..., :m, :n])
        for s, m, n in [((3, 3), 3, 3), ((4, 4), 4, 2), ((3, 3), 2, 3), ((2, 3, 3), 3, 2)]
    ],
    "SingularValues": [(ops.singular_values, spread(4, 4)[:m, :n]) for m, n in [(4, 2), (3, 4)]],
}

VALUES = {
    "inv": (ops.inv, np.linalg.inv, regular(2, 3, 3)),
    "det": (ops.det, np.linalg.det, regular(2, 3, 3)),
    "solve": (ops.solve, np.linalg.solve, regular(2, 3, 3), x(2, 3, 2)),
    "cholesky": (ops.cholesky, np.linalg.cholesky, spread(3, 3)),
    "singular values": (
        ops.singular_values,
        lambda a: np.linalg.svd(a, compute_uv=False),
        spread(4, 4)[:, :3],
    ),
}
