"""record: a training step of one's own, run by Python twice and replayed from then on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, overload

import numpy as np

from corereg import _kernels, config
from corereg.autograd import Tensor, is_grad_enabled
from corereg.autograd.tensor import new_tensor
from corereg.matmul_precision import get_float32_matmul_precision
from corereg.runtime.capture import Capture, CaptureCache
from corereg.runtime.comparison import difference
from corereg.runtime.dependencies import leaves_of
from corereg.runtime.report import TWO_RUNS, Execution, ExecutionReport
from corereg.shown import as_words, counted

Array = np.ndarray[Any, Any]
AS_THEY_ARE = {np.dtype(kind) for kind in ("float32", "float64", "int64", "bool")}
REFUSED = "cannot be recorded"  # how the errors of strict recordings begin


@overload
def record(function: Callable[..., Any], *, copy: bool = True) -> RecordedFunction: ...
@overload
def record(*, copy: bool = True) -> Callable[[Callable[..., Any]], RecordedFunction]: ...
def record(function: Any = None, *, copy: bool = True) -> Any:
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
    Result: None, or Tensors and arrays in tuples, lists and dicts as `function` returns them, each
        a copy. copy=False (``@corereg.record(copy=False)``) saves the copies: then they lie in
        memory that the next call overwrites.

    What may be recorded: all of `corereg.ops`, forward and backward, on every dtype, shape and
    layout that they take, derivatives of higher order too; ops of one's own in NumPy (see
    `corereg.autograd.Op`), NumPy's functions on tensors and on what `t.data` gives there; changes
    in place (`w.sub_(rate * w.grad)` inside no_grad()); layers, losses on targets of the dtype
    and shape of the predictions (or int64 labels), metrics, every optimizer here. Not: indices
    that are masks (their number is a shape; `ops.where` does without), `repeat` by computed
    numbers, random numbers other than dropout's, and what reads a value: float(t), `if t > 0`,
    printing, t.tolist(). An index that a replay finds out of range raises IndexError when the
    replay ends.

    What changes from call to call must come as an argument, or live in Parameters, other tensors,
    optimizers, metrics or dropout layers. Attributes of layers, losses, optimizers and
    regularizers, and the arrays of tensors that require grad, may be set anew at any time: then
    the next call is recorded anew. Other tensors and arrays from outside are read where they were.

    RuntimeError where a rule is broken: where NumPy does what no kernel does or a value is read
    into Python, before the step goes on; after the second call if it did not do the same as the
    first. TypeError for results that are no arrays, and for arguments that are not made of
    numbers. One thread may call it at a time, else RuntimeError, and no call may stand within
    another, nor fit, evaluate or predict. predict in other threads does not wait for it.

    >>> @corereg.record
    ... def double(x):
    ...     return 2 * x
    >>> [double([1.0, n]).tolist() for n in (2, 3, 4)], double.python_calls
    ([[2.0, 4.0], [2.0, 6.0], [2.0, 8.0]], 2)
    """
    if function is None:
        return functools.partial(record, copy=copy)
    if not callable(function):
        raise TypeError(f"record: expected a function, received {function!r}")
    return RecordedFunction(function, copy)


class RecordedFunction:
    """What `record` makes. `python_calls` counts how often the function itself ran.

    >>> double = corereg.record(lambda x: 2 * x)
    >>> double(np.ones(3)).tolist(), double.python_calls
    ([2.0, 2.0, 2.0], 1)
    """

    def __init__(self, function: Callable[..., Any], copy: bool = True) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._copy = copy
        self._who = f"record of {getattr(function, '__name__', 'a function')}"
        self._captures = CaptureCache()
        self._lock = _kernels.ExclusiveLock(
            "it is being run by another call; call it in one thread"
        )
        self.python_calls = 0

    __repr__ = as_words(
        lambda self: f"{self.__name__}, {counted(self.python_calls, 'call')} through Python"
    )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        who = self._who
        given = [_array(who, value) for value in (*args, *kwargs.values())]
        kinds = [(a.shape, a.dtype) for a in given]
        names = tuple(kwargs) if kwargs else ()
        signature = (len(args), names, tuple(kinds), is_grad_enabled(), config.floatx())
        with self._lock.holding(who):
            capture = self._captures.find(signature, lambda: FunctionCapture(who, given))
            assert isinstance(capture, FunctionCapture)
            for array, memory in zip(given, capture.memory, strict=True):
                memory[...] = array
            if capture.ready and capture.gradients_are_as_recorded():
                return self._own(capture.replay_once())
            self.python_calls += 1
            tensors = [Tensor(a) for a in capture.memory]
            named = dict(zip(kwargs, tensors[len(args) :], strict=True))

            def call() -> Any:
                return self._function(*tensors[: len(args)], **named)

            if capture.ready:  # gradients are left from elsewhere, as replays expect none
                return _map_arrays(who, call(), lambda array: None)
            return self._own(self._captures.record(capture, call))

    def _own(self, result: Any) -> Any:
        """A result as the caller gets it: copied, unless that is not wished."""
        return _copied(result) if self._copy else result

    def execution_report(self) -> ExecutionReport:
        """Whether calls are replayed, and on how many threads: an entry for each signature.

        >>> double = corereg.record(lambda x: 2 * x)
        >>> for _ in range(3):
        ...     y = double(np.ones(3))
        >>> [entry.mode for entry in double.execution_report()]
        ['replayed']
        """
        entries = []
        precision = (get_float32_matmul_precision(),)
        for capture in self._captures:
            shapes = ", ".join(f"{a.dtype}{list(a.shape)}" for a in capture.memory)
            what = f"{getattr(self, '__name__', 'function')}({shapes})"
            if capture.ready:
                found = Execution(what, "replayed", capture.threads)
            else:
                found = Execution(what, "eager", None, TWO_RUNS, "call it again")
            entries.append(found._replace(precision=precision))
        return ExecutionReport(entries)


class FunctionCapture(Capture):
    """A capture that two recordings made, which did the same, and that nobody had to vouch for.

    memory: of the arguments, a list of arrays. Besides the calls it knows which parameters had a
    gradient before and which have after.
    """

    strict = True
    runs = 2

    def __init__(self, who: str, given: list[Array]) -> None:
        super().__init__([np.array(a, order="C") for a in given])
        self._who = who
        self._parameters: list[Tensor] = []  # Parameters, and other leaves that require grad
        self._grad_was_none: list[bool] = []
        self._grads_after: list[Array | None] = []

    def gradients_are_as_recorded(self) -> bool:
        """Whether the same parameters have no gradient as before the recording."""
        return [p._grad is None for p in self._parameters] == self._grad_was_none

    def replay_once(self) -> Any:
        """Replays the calls; returns what the function returned, in the same memory."""
        assert self.program is not None
        self.program.replay(1)
        for p, grad in zip(self._parameters, self._grads_after, strict=True):
            p._grad = grad
        return self.result

    def record(self, function: Callable[[], Any]) -> Any:
        """Runs the function and keeps its calls; RuntimeError names the rule that it broke."""
        before = self._parameters
        was_none = [p._grad is None for p in before]
        try:
            super().record(function)
        except RuntimeError as error:
            if not str(error).startswith(REFUSED):
                raise
            raise RuntimeError(
                f"{self._who}: {error}, which no replay would repeat; compute with ops that run by "
                "kernels on the arguments (see corereg.record), or do this outside"
            ) from error
        if before:  # what the first run made for itself is gone
            now = {id(p) for p in self._parameters}
            kept = [(p, none) for p, none in zip(before, was_none, strict=True) if id(p) in now]
            self._parameters = [p for p, _ in kept]
            self._grad_was_none = [none for _, none in kept]
            self._grads_after = [p._grad for p in self._parameters]
        return self.result

    def finish(self, program: _kernels.Program, result: Any) -> Any:
        """The result cut off its graph, checked; the parameters that took part are noted."""
        self._parameters = leaves_of(program.dependencies)
        if any(getattr(p, "row_gradients", None) for p in self._parameters):
            raise RuntimeError(
                f"{self._who}: it left gradients of a table's rows to a lazy optimizer, which no "
                "replay would repeat; call the optimizer's step() inside"
            )
        altered = program.altered()
        if altered:
            raise RuntimeError(
                f"{self._who}: an array of shape {altered[0].shape} changed after it had been "
                "read, which no replay would repeat; make a new one instead"
            )
        return _map_arrays(self._who, result, lambda array: self._check_written(program, array))

    def _check_written(self, program: _kernels.Program, array: Array) -> None:
        """Raises RuntimeError for a result that replays would leave as it is."""
        known = any(np.may_share_memory(array, memory) for memory in self.memory)
        if array.size and not known and not program.writes(array):
            raise RuntimeError(
                f"{self._who}: it returned an array of shape {array.shape} that no kernel writes, "
                "so that replays would not change it; return what ops gave"
            )

    def compare(self, earlier: _kernels.Program, later: _kernels.Program) -> None:
        """Raises RuntimeError unless both did the same to the same memory."""
        found = difference(earlier, later)
        if found is not None:
            raise RuntimeError(
                f"{self._who}: its first two runs differ: {found}; what changes from call to call "
                "must be an argument, and gradients must be zeroed inside"
            )


def _array(who: str, value: Any) -> Array:
    """An argument as an array of float32, float64, int64 or bool."""
    array = value.data if isinstance(value, Tensor) else value
    if type(array) is np.ndarray and array.dtype in AS_THEY_ARE:
        return array
    array = np.asarray(array)
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


def _copied(result: Any) -> Any:
    """A result with new arrays."""
    if isinstance(result, Tensor):
        return new_tensor(result.data.copy())
    if isinstance(result, dict):
        return {key: _copied(value) for key, value in result.items()}
    if type(result) in (tuple, list):
        return type(result)(map(_copied, result))
    return result.copy() if isinstance(result, np.ndarray) else result


def _map_arrays(who: str, result: Any, check: Callable[[Array], None]) -> Any:
    """A result with its Tensors cut off their graphs, every array checked."""
    if result is None:
        return None
    result = _kernels.plain_array(result)
    if isinstance(result, Tensor | np.ndarray):
        check(result.data if isinstance(result, Tensor) else result)
        return result.detach() if isinstance(result, Tensor) else result
    if isinstance(result, dict):
        return {key: _map_arrays(who, value, check) for key, value in result.items()}
    if type(result) in (tuple, list):
        return type(result)(_map_arrays(who, value, check) for value in result)
    raise TypeError(
        f"{who}: expected None, Tensors or arrays, or tuples, lists and dicts of them, as its "
        f"result, received {result!r}, which replays could not change"
    )
