"""record: a training step of one's own, run by Python twice and replayed from then on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels, config
from corereg.autograd import Parameter, Tensor, is_grad_enabled
from corereg.models.recordable import snapshot_of

Array = np.ndarray[Any, Any]
REFUSED = "cannot be recorded"  # how a strict Program begins
SHAPES = 8  # of arguments, whose recordings are kept


def record(function: Callable[..., Any]) -> RecordedFunction:
    """A function that does what `function` does, without Python from the third call on.

        @corereg.record
        def step(x, y):
            loss = loss_function(y, model(x, training=True)) + sum(model.losses)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

    The first two calls with arguments of certain shapes run `function` and keep the kernel calls
    that it makes; further ones copy the arguments to where the first were and replay those calls,
    with the same results bit for bit. Nothing else that `function` does (printing, counting, checks
    of values) happens again: a label out of range raises in the first two calls, and makes the loss
    NaN later.

    Arguments: arrays, Tensors, numbers or lists of them. `function` gets Tensors: floats keep
        float32 or float64 (numbers and lists become `corereg.config.floatx()`), integers come as
        int64. Each combination of shapes and dtypes is recorded by itself; the last 8 are kept.
    Result: None, or Tensors and arrays in tuples, lists and dicts as `function` returns them. They
        lie in memory that the next call overwrites: copy what you keep.

    What may be recorded: ops, layers, losses, metrics and optimizers that compute by kernels
    alone: Dense, Dropout, Activation, their L1/L2 penalties, the built-in losses on
    targets of the dtype and shape of the predictions (or int64 labels), sums of tensors of one
    shape, every optimizer here. What changes from call to call must come as an argument, or live in
    Parameters, optimizers, metrics or dropout layers. Attributes of layers, losses, optimizers and
    regularizers, and the arrays of their parameters, may be set anew at any time: then the next
    call is recorded anew. Parameters that no layer holds and that get no gradient are not watched.

    RuntimeError where a rule is broken: at the op that computes in Python or where a value is
    read into Python, before the step goes on; after the second call if it did not do the same as
    the first. TypeError for results that are no arrays, and for arguments that are not made of
    numbers. One thread may call it at a time, else RuntimeError, and no call may stand within
    another, nor fit, evaluate or predict. predict in other threads does not wait for it.
    """
    if not callable(function):
        raise TypeError(f"record: expected a function, received {function!r}")
    return RecordedFunction(function)


class RecordedFunction:
    """What `record` makes. `python_calls` counts how often the function itself ran."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._recordings: dict[Any, _Recording] = {}
        self._lock = _kernels.ExclusiveLock(
            "it is being run by another call; call it in one thread"
        )
        self.python_calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        who = f"record of {getattr(self._function, '__name__', 'a function')}"
        given = [_array(who, value) for value in (*args, *kwargs.values())]
        key = (
            len(args),
            tuple(kwargs),
            tuple((a.shape, a.dtype) for a in given),
            *(is_grad_enabled(), config.floatx()),
        )
        with self._lock.holding(who):
            found = self._recordings.pop(key, None)
            if found is None or found.stale():
                found = _Recording(who, given)
            for array, memory in zip(given, found.memory, strict=True):
                np.copyto(memory, array)
            if found.ready():
                result = found.replay()
            else:
                self.python_calls += 1
                tensors = [Tensor(a) for a in found.memory]
                named = dict(zip(kwargs, tensors[len(args) :], strict=True))
                result = found.run(lambda: self._function(*tensors[: len(args)], **named))
            self._recordings[key] = found
            while len(self._recordings) > SHAPES:
                del self._recordings[next(iter(self._recordings))]
            return result


class _Recording:
    """The function for arguments of certain shapes: their memory, and the kernel calls."""

    def __init__(self, who: str, given: list[Array]) -> None:
        self.who = who
        self.memory = [np.array(a, order="C") for a in given]
        self._first: _kernels.Program | None = None
        self._program: _kernels.Program | None = None
        self._snapshot: _kernels.Snapshot | None = None
        self._parameters: list[Parameter] = []
        self._before: list[bool] = []  # whether each parameter had a gradient
        self._after: list[Array | None] = []
        self._result: Any = None

    def stale(self) -> bool:
        return self._snapshot is not None and not self._snapshot.unchanged()

    def ready(self) -> bool:
        """Whether a replay would do what the function would."""
        if self._program is None:
            return False
        return [p._grad is None for p in self._parameters] == self._before

    def replay(self) -> Any:
        assert self._program is not None
        self._program.replay(1)
        for p, grad in zip(self._parameters, self._after, strict=True):
            p._grad = grad
        return self._result

    def run(self, call: Callable[[], Any]) -> Any:
        """Runs the function; the second time, what it did is compared with the first."""
        if self._program is not None:  # gradients are left from elsewhere, as replays expect none
            return _mapped(self.who, call(), lambda array: None)
        before = [p._grad is None for p in self._parameters]
        program = _kernels.Program(strict=True)
        try:
            with program:
                result = call()
        except RuntimeError as error:
            if not str(error).startswith(REFUSED):
                raise
            raise RuntimeError(
                f"{self.who}: {error}, which no replay would repeat; compute with ops that run by "
                "kernels on the arguments (see corereg.record), or do this outside"
            ) from error
        result = _mapped(self.who, result, lambda array: self._check(program, array))
        self._watch(program.dependencies)
        if self._first is None:
            self._first = program
            return result
        self._compare(self._first, program)
        self._first, self._program, self._result = None, program, result
        self._before, self._after = before, [p._grad for p in self._parameters]
        return result

    def _watch(self, parts: list[Any]) -> None:
        """Remembers what took part as it is."""
        lists = [part for part in parts if isinstance(part, list)]
        leaves = [part for part in parts if isinstance(part, Parameter)]
        objects = [part for part in parts if not isinstance(part, list | Parameter)]
        found = {id(p): p for p in leaves} | {
            id(p): p
            for part in objects
            for p in (*getattr(part, "_parameters", ()), *getattr(part, "parameters", ()))
        }
        self._parameters = list(found.values())
        self._snapshot = snapshot_of(objects, lists, self._parameters)

    def _check(self, program: _kernels.Program, array: Array) -> None:
        """Raises RuntimeError for a result that replays would leave as it is."""
        known = any(np.may_share_memory(array, memory) for memory in self.memory)
        if array.size and not known and not program.writes(array):
            raise RuntimeError(
                f"{self.who}: it returned an array of shape {array.shape} that no kernel writes, "
                "so that replays would not change it; return what ops gave"
            )

    def _compare(self, first: _kernels.Program, second: _kernels.Program) -> None:
        """Raises RuntimeError unless both did the same to the same memory."""
        hint = (
            "what changes from call to call must be an argument, and gradients must be zeroed "
            "inside"
        )
        one, other = first.kernel_names, second.kernel_names
        if one != other:
            at = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), None)  # noqa: B905
            where = "" if at is None else f", call {at} being {one[at]} and then {other[at]}"
            raise RuntimeError(
                f"{self.who}: its first two runs made different kernel calls, {len(one)} and "
                f"{len(other)}{where}; {hint}"
            )
        for (kernel, a), (_, b) in zip(first.constants(), second.constants(), strict=True):
            if not _equal(a, b):
                raise RuntimeError(
                    f"{self.who}: {kernel} read an array of shape {b.shape} made outside of "
                    f"kernels, of other values in the second run than in the first; {hint}"
                )


def _equal(a: Array, b: Array) -> bool:
    """Whether two runs of a function read the same here: one place, or equal values."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.ctypes.data == b.ctypes.data or a.tobytes() == b.tobytes()


def _array(who: str, value: Any) -> Array:
    """An argument as an array of float32, float64, int64 or bool."""
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{who}: expected arrays of numbers as arguments, received {type(value).__name__} of "
            f"dtype {array.dtype}"
        )
    if array.dtype.kind in "iu":
        return array.astype(np.int64, copy=False)
    own = isinstance(value, np.ndarray | np.generic | Tensor)
    if array.dtype.kind == "f" and (not own or array.dtype not in (np.float32, np.float64)):
        return array.astype(config.floatx())
    return array


def _mapped(who: str, result: Any, check: Callable[[Array], None]) -> Any:
    """A result with its Tensors cut off their graphs, every array checked."""
    if result is None:
        return None
    if isinstance(result, Tensor | np.ndarray):
        check(result.data if isinstance(result, Tensor) else result)
        return result.detach() if isinstance(result, Tensor) else result
    if isinstance(result, dict):
        return {key: _mapped(who, value, check) for key, value in result.items()}
    if type(result) in (tuple, list):
        return type(result)(_mapped(who, value, check) for value in result)
    raise TypeError(
        f"{who}: expected None, Tensors or arrays, or tuples, lists and dicts of them, as its "
        f"result, received {result!r}, which replays could not change"
    )
