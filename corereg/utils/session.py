"""State of the process that programs written for Keras set anew or ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import config, naming, progress
from corereg.graph import SymbolicTensor
from corereg.graph.nest import flatten


def clear_session(free_memory: bool = True) -> None:
    """Counts the names of layers and models from the beginning again: dense, dense_1, ...

    free_memory: Keras's argument. Memory of corereg's is free as soon as nobody holds it.

    >>> utils.clear_session()
    >>> layers.Dense(1).name, layers.Dense(1).name
    ('dense', 'dense_1')
    """
    naming.restart()


def is_keras_tensor(x: Any) -> bool:
    """Whether x is a symbolic tensor, such as an `Input`.

    >>> utils.is_keras_tensor(corereg.Input((3,))), utils.is_keras_tensor(corereg.Tensor([1.0]))
    (True, False)
    """
    return isinstance(x, SymbolicTensor)


def get_source_inputs(tensor: Any) -> Any:
    """The symbolic inputs that a symbolic tensor is computed from, each once; other tensors are
    returned as they are.

    >>> x = corereg.Input((3,))
    >>> utils.get_source_inputs(layers.Dense(2)(x)) == [x]
    True
    """
    if not isinstance(tensor, SymbolicTensor):
        return tensor
    if not tensor.node.inputs:
        return list(flatten(tensor.node.outputs))
    found: list[Any] = []
    seen, waiting = {id(tensor.node)}, [*reversed(tensor.node.inputs)]
    while waiting:
        one = waiting.pop()
        if not one.node.inputs and all(one is not other for other in found):
            found.append(one)
        if id(one.node) not in seen:
            seen.add(id(one.node))
            waiting += reversed(one.node.inputs)
    return found


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype; None is `corereg.config.floatx()`, "float" float32, "int" int32.
    ValueError for what is none.

    >>> utils.standardize_dtype("float"), utils.standardize_dtype(np.int64)
    ('float32', 'int64')
    """
    if dtype is None:
        return config.floatx()
    known = {"float": "float32", float: "float32", "int": "int32", int: "int32", str: "string"}
    if isinstance(dtype, str | type) and dtype in known:
        return known[dtype]
    try:
        return str(np.dtype(getattr(dtype, "name", dtype)))
    except TypeError:
        raise ValueError(f"standardize_dtype: expected a dtype, received {dtype!r}") from None


def disable_interactive_logging() -> None:
    """Sends the progress of fit, evaluate and predict to the logger "corereg", as information,
    instead of to the standard output.

    >>> utils.disable_interactive_logging()
    >>> utils.is_interactive_logging_enabled()
    False
    >>> utils.enable_interactive_logging()
    """
    progress.Display.interactive = False


def enable_interactive_logging() -> None:
    """Writes progress to the standard output (the default).

    >>> utils.enable_interactive_logging()
    >>> utils.is_interactive_logging_enabled()
    True
    """
    progress.Display.interactive = True


def is_interactive_logging_enabled() -> bool:
    """Whether progress is written to the standard output.

    >>> utils.is_interactive_logging_enabled()
    True
    """
    return progress.Display.interactive
