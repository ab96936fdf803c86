"""Random calls of corereg.ops, of Tensor's methods and of layers, with good and with bad arguments.

    python tests/campaigns/fuzz_api.py --seconds 60

Arguments are made by their names and are right, nearly right, or hostile: odd shapes, all dtypes,
views of all strides, NaN and infinities, numbers beyond any size, other types. A call gives a
result or raises one of the classes that the documentation names; nothing else is raised, arguments
are not changed, and where NumPy has the function and takes the same arguments, the results are
equal.
"""

from __future__ import annotations

import contextlib
import inspect
import random
import resource
import signal
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Tally, give_up_after, main

import corereg
from corereg import Tensor, _kernels, layers, ops
from corereg.autograd import is_grad_enabled

ALLOWED = (
    *(TypeError, ValueError, IndexError, OverflowError, MemoryError, NotImplementedError),
    *(np.linalg.LinAlgError, RuntimeError, FileNotFoundError),
)
NEVER = (RecursionError,)  # a RuntimeError that is no answer
DTYPES = ("f4", "f4", "f8", "i4", "i8", "u1", "?", "f2", "c8", "O", "U3", ">f4")
HUGE = (2**62, -(2**63), 2**64, 2**31 - 1)
AXES = (None, 0, 1, -1, -2, 2, (0, 1), (0, 0), (-1,), (), 7, -9, "x", 0.5, True)
MOST_SECONDS = 20  # that a call of some bytes may take, on a busy machine
MOST_TIMES = 10_000  # that NumPy is asked to do something, such as taking differences
MEMORY = 2 << 30  # bytes that this process may have, so that a mistake cannot take the machine


def shape(rng: random.Random) -> tuple[int, ...]:
    axes = rng.choice((0, 1, 1, 2, 2, 3))
    return tuple(rng.choice((0, 1, 2, 3, 3, 4, 5, 17)) for _ in range(axes))


class Arguments:
    """Makes arguments by the names of parameters."""

    def __init__(self, rng: random.Random, hostile: bool) -> None:
        self.rng, self.hostile = rng, hostile
        self.numpy = np.random.default_rng(rng.randrange(2**32))
        self.shape = shape(rng)
        self.dtype = rng.choice(DTYPES if hostile else DTYPES[:5])

    def array(self) -> Any:
        wanted, rng = self.shape, self.rng
        if rng.random() < 0.25:
            wanted = shape(rng) if self.hostile else wanted[1:] or (1,)
        values = np.asarray(self.numpy.standard_normal(wanted) * rng.choice((1, 1, 3, 100)))
        if self.dtype in ("u1", "?"):
            values = np.abs(values)
        array = values.astype(self.dtype) if self.dtype != "U3" else values.astype(str)
        share = 0.3 if self.hostile else 0.05
        if array.dtype.kind == "f" and array.size and rng.random() < share:
            special = rng.choice((np.nan, np.inf, -np.inf, -0.0, 1e30))
            array.flat[rng.randrange(array.size)] = special
        kind = rng.randrange(6)
        if kind == 0 and array.ndim:
            array = np.repeat(array, 2, axis=0)[::2]
        elif kind == 1:
            array = array.T.copy().T
        elif kind == 2 and array.ndim:
            array = array[::-1]
        return array

    def tensor(self) -> Any:
        array, rng = self.array(), self.rng
        if rng.random() < 0.6 and array.dtype.kind in "fiub":
            try:
                return Tensor(array, requires_grad=array.dtype.kind == "f" and rng.random() < 0.5)
            except (TypeError, ValueError):
                return array
        return array

    def bad(self) -> Any:
        return self.rng.choice(
            (None, "x", b"y", [], {}, (), object(), [[1], [1, 2]], np.nan, np.inf, -np.inf, 1j,
             True, *HUGE, 10**400, [2**70], np.float16(3), [None], {1: 2}, len, slice(None),
             Ellipsis, np.array(["a"]), np.array([None]))
        )  # fmt: skip

    def argument(self, name: str, parameter: inspect.Parameter) -> Any:
        rng = self.rng
        if self.hostile and rng.random() < 0.15:
            return self.bad()
        if name in ("axis", "axes", "axis1", "axis2", "source", "destination", "dim"):
            return rng.choice(AXES if self.hostile else AXES[:4])
        if name in ("shape", "newshape", "size"):
            last = (HUGE[0], 4) if self.hostile else (1, 2)
            return rng.choice(((2, 3), (-1,), 4, (), (0,), last))
        if name in ("k", "n", "num", "decimals", "N", "M", "shift", "num_classes", "offset", "bins",
                    "minlength", "kth", "repeats", "length", "order", "num_segments"):  # fmt: skip
            many = (0, 1, 2, 3, 5, *((-1, -4, *HUGE[:3], (2, 2), 1.5) if self.hostile else ()))
            return rng.choice(many)
        if name in ("indices", "index", "indices_or_sections", "segment_ids", "targets", "key"):
            return rng.choice((0, 1, [0, 1], np.array([0, 1, 1]), (0,), slice(1, None), -1))
        if name in ("xs", "x") and "Sequence" in str(parameter.annotation):
            return [self.tensor() for _ in range(rng.choice((0, 1, 2, 2, 3)))]
        if name == "dtype":
            return rng.choice(("float32", "float64", "int64", "bool", "float16", "x", None))
        if name in ("q", "rate"):
            return rng.choice((0.0, 0.3, 0.5, 1.0, 50.0, -1.0))
        if name == "pad_width":
            return rng.choice((1, 0, (1, 2), ((1, 1),), ((0, 1), (2, 0)), -1))
        if name == "subscripts":
            return rng.choice(("ij,jk", "ij->ji", "ii", "i,i->", "...i,i", "ij,", "", "i->ii"))
        if parameter.default in (True, False):
            return rng.random() < 0.5
        if isinstance(parameter.default, (int, float)):
            return rng.choice((parameter.default, 0, 1, 0.5, -1))
        if isinstance(parameter.default, str):
            return parameter.default
        return self.tensor()


def make_call(
    arguments: Arguments, function: Callable[..., Any]
) -> tuple[list[Any], dict[str, Any]]:
    given: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind == parameter.VAR_POSITIONAL:
            given += [arguments.tensor() for _ in range(arguments.rng.randrange(3))]
        elif parameter.kind == parameter.VAR_KEYWORD:
            continue
        elif parameter.default is parameter.empty and parameter.kind != parameter.KEYWORD_ONLY:
            given.append(arguments.argument(name, parameter))
        elif arguments.rng.random() < 0.3:
            named[name] = arguments.argument(name, parameter)
    return given, named


# ---- ops and Tensor's methods --------------------------------------------------------------------

SKIPPED = {"lazy_package", "empty", "empty_like"}
TAKES_CALLABLES = ("fn", "fun", "f", "function", "branches", "body", "body_fun", "true_fn")
WIDE = {"i0"}  # NumPy's overflows in float32 before its result does
# NumPy means something else by these names, or says it in other words.
UNLIKE_NUMPY = {
    *("round", "sort", "argsort", "argpartition", "size", "shape", "ndim", "norm", "copy", "array"),
    *("unique", "average", "histogram", "nonzero", "partition", "take", "dtype", "cross", "map"),
    *("linspace", "logspace", "trapezoid"),
    "inner",  # of NaN and a number 0 NumPy's is 0
    "nanvar",  # of a number with an axis NumPy raises
}


def functions() -> dict[str, Callable[..., Any]]:
    found = {}
    for name in dir(ops):
        one = getattr(ops, name)
        if name.startswith("_") or not callable(one) or name in SKIPPED:
            continue
        if not set(inspect.signature(one).parameters) & set(TAKES_CALLABLES):
            found[name] = one
    return found


def methods() -> list[str]:
    found = []
    one = Tensor(np.ones((2, 2)))
    for name in dir(Tensor):
        if not name.startswith("_") and callable(getattr(one, name, None)):
            try:
                inspect.signature(getattr(one, name))
            except ValueError:
                continue
            found.append(name)
    return sorted(set(found) - {"register_hook", "backward", "map_", "apply_", "tolist", "numpy"})


def flat(value: Any) -> list[np.ndarray[Any, Any]]:
    if isinstance(value, (list, tuple)):
        return [a for one in value for a in flat(one)]
    if isinstance(value, Tensor):
        return [value.data]
    return [np.asarray(value)] if isinstance(value, (np.ndarray, np.generic)) else []


def plain(value: Any) -> Any:
    """An argument as NumPy takes it."""
    if isinstance(value, Tensor):
        return value.data
    return [plain(one) for one in value] if isinstance(value, list) else value


def compare(name: str, found: Any, given: list[Any], named: dict[str, Any]) -> bool:
    """AssertionError if NumPy says otherwise; False if it cannot be asked."""
    function = getattr(np, name, None)
    if function is None or name in UNLIKE_NUMPY:
        return False
    if not all(a.dtype.kind in "fiub" for a in flat(given)):
        return False
    if not all(isinstance(one, (Tensor, np.ndarray)) for one in given):
        return False  # numbers alone are float32 here
    if name == "geomspace" and not all(np.isfinite(a).all() for a in flat(given)):
        return False  # NumPy takes the ends for what lies between, too, or not
    if any(isinstance(one, int) and abs(one) > MOST_TIMES for one in named.values()):
        return False  # NumPy does nothing so often
    arrays = [a.astype("f8") for a in flat(given)] if name in WIDE else map(plain, given)
    try:
        expected = flat(function(*arrays, **{k: plain(v) for k, v in named.items()}))
    except Exception:
        return False
    results = flat(found)
    if len(results) != len(expected):
        return False
    for one, other in zip(results, expected, strict=True):
        assert one.shape == other.shape, f"shape {one.shape}, of NumPy {other.shape}"
        if one.dtype.kind != "f" or other.dtype.kind != "f" or other.dtype == np.float16:
            continue
        scale = np.abs(other, where=np.isfinite(other), out=np.zeros(other.shape)).max(initial=1)
        near = np.isclose(one, other.astype(one.dtype), 1e-3, 1e-4 * scale, equal_nan=True)
        assert near.all(), f"{one[~near][:3]}, of NumPy {other[~near][:3]}"
    return True


def snapshot(value: Any) -> list[bytes]:
    return [a.tobytes() for a in flat(value) if a.dtype.kind != "O"]


def try_op(rng: random.Random) -> str:
    name = rng.choice(NAMES)
    hostile = rng.random() < 0.5
    arguments = Arguments(rng, hostile)
    given, named = make_call(arguments, OPS[name])
    before = snapshot(given)
    try:
        found = OPS[name](*given, **named)
    except NEVER as error:
        raise AssertionError(f"{type(error).__name__}, {describe(given, named)}") from error
    except ALLOWED:
        return "ops: refused"
    finally:
        assert snapshot(given) == before, f"{name} changed an argument"
        assert is_grad_enabled()
    if isinstance(found, Tensor) and found.requires_grad and found.size:
        with contextlib.suppress(np.linalg.LinAlgError):
            found.sum().backward()
    try:
        equal = compare(name, found, given, named)
    except AssertionError as error:
        raise AssertionError(f"{error}, {describe(given, named)}") from None
    return "ops: equal to NumPy" if equal else "ops: computed"


def try_method(rng: random.Random) -> str:
    arguments = Arguments(rng, rng.random() < 0.5)
    tensor = arguments.tensor()
    if not isinstance(tensor, Tensor):
        return "Tensor: refused"
    method = getattr(tensor, rng.choice(METHODS))
    given, named = make_call(arguments, method)
    try:
        found = method(*given, **named)
    except NEVER as error:
        raise AssertionError(f"{type(error).__name__}, {describe(given, named)}") from error
    except ALLOWED:
        return "Tensor: refused"
    finally:
        assert is_grad_enabled()
    repr(found)
    return "Tensor: computed"


# ---- layers --------------------------------------------------------------------------------------


def layer_classes() -> list[type[Any]]:
    found = []
    for name in dir(layers):
        one = getattr(layers, name)
        if isinstance(one, type) and issubclass(one, layers.Layer) and not name.startswith("_"):
            found.append(one)
    return [one for one in found if one is not layers.Layer]


def try_layer(rng: random.Random) -> str:
    kind = rng.choice(LAYERS)
    arguments = Arguments(rng, rng.random() < 0.5)
    named = {}
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name == "self" or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if parameter.default is parameter.empty or rng.random() < 0.2:
            named[name] = value_for(arguments, name, parameter)
    try:
        layer = kind(**named)
        x = arguments.tensor()
        if "Merg" in str(kind.__mro__) or kind.__name__ == "Dot":
            x = [x, arguments.tensor()]
        found = layer(x, training=True) if rng.random() < 0.3 else layer(x)
        layer.get_config()
        layer.get_weights()
        for one in flat(found):
            repr(one)
    except NEVER as error:
        raise AssertionError(f"{type(error).__name__}, {kind.__name__}{named}") from error
    except ALLOWED:
        return "layers: refused"
    finally:
        assert is_grad_enabled()
    return "layers: computed"


def value_for(arguments: Arguments, name: str, parameter: inspect.Parameter) -> Any:
    rng = arguments.rng
    choices: dict[str, tuple[Any, ...]] = {
        "units": (1, 3, 0, -1, 2.5),
        "activation": ("relu", "softmax", "nothing", None),
        "input_dim": (1, 5, 0, -2),
        "output_dim": (1, 5, 0),
        "kernel_initializer": ("zeros", "glorot_uniform", "x", None),
        "kernel_regularizer": ("l1", "l2", None, "x"),
        "kernel_constraint": ("max_norm", "non_neg", None, 3),
        "target_shape": ((2, 3), (-1,), (0,), (-1, -1), 5),
        "dims": ((1,), (2, 1), (1, 1), (0,)),
        "rate": (0.0, 0.5, 1.0, -0.1, 2),
        "name": ("a", "", None, 3, "a/b"),
        "seed": (0, 1, None, -1, 2**70),
    }
    if name in choices and not (arguments.hostile and rng.random() < 0.2):
        return rng.choice(choices[name])
    return arguments.argument(name, parameter)


def describe(given: list[Any], named: dict[str, Any]) -> str:
    def one(value: Any) -> str:
        if isinstance(value, (Tensor, np.ndarray)):
            return f"{type(value).__name__}{value.shape} {value.dtype}"
        return repr(value)[:60]

    return ", ".join([*map(one, given), *(f"{key}={one(value)}" for key, value in named.items())])


OPS = functions()
NAMES = sorted(OPS)
METHODS = methods()
LAYERS = layer_classes()


def run(seconds: float, seed: int) -> int:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    corereg.set_random_seed(0)
    if "sanitize" not in str(_kernels.build_flags()):  # which take terabytes of addresses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    rng, tally, number = random.Random(seed), Tally(seconds, seed), 0
    signal.signal(signal.SIGALRM, too_long)
    while tally.goes_on:
        if number % 500 == 0:
            give_up_after(60)
        number += 1
        one = rng.randrange(2**48)
        way = rng.choice((try_op, try_op, try_op, try_method, try_layer))
        signal.alarm(MOST_SECONDS)
        try:
            tally.count(way(random.Random(one)))
        except (Exception, TooLong) as error:
            tally.fail_with(error, f"{way.__name__}({one}), {random_name(way, one)}")
        finally:
            signal.alarm(0)
    return tally.report()


class TooLong(BaseException):
    """Raised within a call that does not end."""


def too_long(*_: Any) -> None:
    raise TooLong


def random_name(way: Callable[..., str], case: int) -> str:
    """What a case calls first of all."""
    rng = random.Random(case)
    if way is try_op:
        return rng.choice(NAMES)
    return rng.choice(LAYERS).__name__ if way is try_layer else "a method"


if __name__ == "__main__":
    main(run, __doc__)
