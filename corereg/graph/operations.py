"""Functions that take symbolic tensors: the call becomes a node.

`OPERATIONS` names them all, for files; `symbolic_op` makes one of a function of tensors.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from corereg._lazy import later
from corereg.autograd import Tensor, ops
from corereg.graph.node import Node, is_symbolic
from corereg.graph.tensor import SymbolicTensor
from corereg.naming import unique_name

if TYPE_CHECKING:
    from corereg.graph import inference
else:  # most graphs are of layers alone
    inference = later("corereg.graph.inference")

F = TypeVar("F", bound=Callable[..., Any])

OPERATIONS: dict[str, Callable[..., Any]] = {}
"""Each function by its key, such as "keras.exp", as far as its module is imported: see
`function_of`."""

STAND_INS: dict[str, Callable[..., Any]] = {}
"""By key what gives the same shapes and dtypes as functions that do not compute on zeros."""

HOMES = {"keras": "corereg.ops", "activations": "corereg.activations"}
"""Packages that enter their functions when they are first used, by what their keys begin with.
Keys "ops.<name>" are of `corereg.autograd.ops`, in whose words they were written into files."""


def function_of(key: str) -> Callable[..., Any]:
    """The function of a key. ValueError for a key that names none."""
    package, _, name = key.rpartition(".")
    if key not in OPERATIONS:
        if package == "ops" and name in ops.__all__:
            OPERATIONS[key] = getattr(ops, name)
        elif (
            package == "tensor"
            and name in importlib.import_module(f"{__package__}.operators").METHODS
        ):
            OPERATIONS[key] = getattr(Tensor, name)  # which imports Tensor's methods
        elif package in HOMES and not name.startswith("_"):
            getattr(importlib.import_module(HOMES[package]), name, None)  # which enters it
    if key not in OPERATIONS:
        raise ValueError(f"unknown op {key!r}; known are {sorted(OPERATIONS)}")
    return OPERATIONS[key]


def public_function(key: str) -> Callable[..., Any]:
    """The same as users find it, which takes symbolic tensors, too."""
    found = function_of(key)
    package, _, name = key.rpartition(".")
    if package in HOMES:
        return getattr(importlib.import_module(HOMES[package]), name)  # type: ignore[no-any-return]
    return found


def key_of(function: Any) -> str | None:
    """The key of a function that `function_of` finds again, or None."""
    name = getattr(function, "__name__", "")
    if name in ops.__all__ and getattr(ops, name) is function:
        return f"ops.{name}"
    for package in HOMES:
        known = OPERATIONS.get(f"{package}.{name}")
        if known is not None and known in (function, getattr(function, "__wrapped__", None)):
            return f"{package}.{name}"
    return None


class Operation:
    """One use of a function in a graph: what an op has in place of a layer.

    name: unique, as a layer's; key: of the function in OPERATIONS.
    """

    __slots__ = ("function", "key", "name")

    def __init__(self, key: str, name: str | None = None) -> None:
        self.function = function_of(key)
        self.key = key
        self.name = unique_name(key.rpartition(".")[2]) if name is None else name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def on_symbolic(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic results of a call; ValueError if it cannot be computed."""
        who, like = self.key.rpartition(".")[2], STAND_INS.get(self.key)
        if like is None:
            specs = inference.infer_fitting(who, self.function, args, kwargs)
        else:
            specs = inference.infer(who, like, args, kwargs)
        return Node(self, args, kwargs, specs).outputs

    def __reduce__(self) -> tuple[Any, ...]:
        return Operation, (self.key, self.name)

    def __repr__(self) -> str:
        return f"<Operation {self.name!r}: {self.key}>"


def make_node(key: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The symbolic results of a function of OPERATIONS; ValueError if it cannot be computed for
    tensors of such shapes."""
    return Operation(key).on_symbolic(*args, **kwargs)


def symbolic_op(
    function: F,
    package: str = "ops",
    module: str | None = None,
    stand_in: Callable[..., Any] | None = None,
) -> F:
    """The function, which now takes symbolic tensors too, also in lists, tuples and dicts.

    package: its name in OPERATIONS begins with that; module: where it is found under its own name,
    by default corereg.<package>; stand_in: what tells the results' shapes and dtypes if the
    function does not compute on zeros.
    """
    key = f"{package}.{function.__name__}"
    OPERATIONS[key] = function
    if stand_in is not None:
        STAND_INS[key] = stand_in

    @functools.wraps(function)
    def op(*args: Any, **kwargs: Any) -> Any:
        for one in args:
            kind = type(one)
            if kind is SymbolicTensor or (
                (kind is list or kind is tuple or kind is dict) and is_symbolic(one)
            ):
                return make_node(key, args, kwargs)
        if kwargs and is_symbolic(kwargs):
            return make_node(key, args, kwargs)
        return function(*args, **kwargs)

    op.__module__, op.__qualname__ = module or f"corereg.{package}", function.__name__
    return op  # type: ignore[return-value]
