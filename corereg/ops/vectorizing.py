"""vectorize: functions of single elements, or of small arrays, called for all of larger ones."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.ops.operands import as_tensor

_AXES = r"\(\s*(?:\w+(?:\s*,\s*\w+)*\s*,?)?\s*\)"
_GROUP = rf"{_AXES}(?:\s*,\s*{_AXES})*"
_SIGNATURE = re.compile(rf"\s*({_GROUP})\s*->\s*{_GROUP}\s*")


def vectorize(
    pyfunc: Callable[..., Any],
    *,
    excluded: Iterable[int | str] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:
    """A function that calls pyfunc for every element of its arguments, which broadcast, one after
    the other, and puts the results together; gradients flow through it.

    excluded: places of arguments that are passed on as they are; those given by name always are.
    signature: such as "(m,n),(n)->(m)", in NumPy's form, for a pyfunc of matrices or vectors, which
    are the last axes of the arguments. pyfunc may return several tensors in a tuple. ValueError for
    a pyfunc that cannot be called, a signature that is none, arguments that do not fit it, and no
    elements.

    >>> ops.vectorize(lambda a, b: a * b if a > 1 else b)([1.0, 2.0], [[3.0], [4.0]])
    Tensor([[3., 6.],
            [4., 8.]])
    >>> ops.vectorize(ops.dot, signature="(n),(n)->()")(np.ones((2, 3), "f4"), [1.0, 2.0, 3.0])
    Tensor([6., 6.])
    """
    if not callable(pyfunc):
        raise ValueError(f"vectorize: expected pyfunc as a function, received {pyfunc!r}")
    kept = frozenset(excluded or ())
    cores = None if signature is None else _cores(signature)

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **named: Any) -> Any:
        where = [i for i in range(len(args)) if i not in kept]
        given = [as_tensor(args[i]) for i in where]
        outer, rows = _rows(given, [[]] * len(given) if cores is None else cores)
        made = []
        for row in rows:
            call = list(args)
            for i, one in zip(where, row, strict=True):
                call[i] = one
            made.append(pyfunc(*call, **named))
        return _together(made, outer)

    return vectorized


def _cores(signature: str) -> list[list[str]]:
    """The names of the last axes of each argument."""
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise ValueError(
            f"vectorize: expected a signature such as '(m,n),(n)->(m)', received {signature!r}"
        )
    return [re.findall(r"\w+", one) for one in re.findall(_AXES, found[1])]


def _rows(given: list[Tensor], cores: list[list[str]]) -> tuple[tuple[int, ...], Any]:
    """The shape of what is called for, and what each call gets of the arguments."""
    if len(given) != len(cores):
        raise ValueError(f"vectorize: expected {len(cores)} arguments, received {len(given)}")
    lengths: dict[str, int] = {}
    outers = []
    for i, (x, names) in enumerate(zip(given, cores, strict=True)):
        first = x.ndim - len(names)
        if first < 0 or any(
            lengths.setdefault(name, length) != length
            for name, length in zip(names, x.shape[first:], strict=True)
        ):
            raise ValueError(
                f"vectorize: expected argument {i} with last axes ({', '.join(names)}), of which "
                f"are known {lengths}, received shape {x.shape}"
            )
        outers.append(x.shape[:first])
    try:
        outer = np.broadcast_shapes(*outers)
    except ValueError:
        raise ValueError(
            f"vectorize: expected arguments that broadcast, received {outers}"
        ) from None
    if not math.prod(outer):
        raise ValueError(f"vectorize: expected one element or more, received shape {outer}")
    spread = []
    for x, names in zip(given, cores, strict=True):
        core = x.shape[x.ndim - len(names) :]
        spread.append(ops.reshape(ops.broadcast_to(x, (*outer, *core)), (-1, *core)))
    return outer, ([x[k] for x in spread] for k in range(math.prod(outer)))


def _together(made: list[Any], outer: tuple[int, ...]) -> Any:
    if isinstance(made[0], tuple | list):
        return tuple(_together(list(one), outer) for one in zip(*made, strict=True))
    whole = ops.stack([as_tensor(one) for one in made])
    return ops.reshape(whole, (*outer, *whole.shape[1:]))
