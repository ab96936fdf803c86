"""Files of arrays that hold pickles, read without running anything: .npz files with arrays of
lists, and the batches of CIFAR.

A pickle can call whatever it names. This reader knows what arrays of numbers, dicts, lists, texts
and bytes need, and by those names calls stand-ins of its own, never NumPy: what an array is made of
is looked at before it is made.
"""

from __future__ import annotations

import contextlib
import io
import math
import pickle
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

import numpy as np

Array = np.ndarray[Any, Any]

_CODES = ("b1", *(f"{kind}{size}" for kind in "iu" for size in "1248"), "f4", "f8", "O8", "O")


@contextlib.contextmanager
def reading(who: str, path: str) -> Iterator[None]:
    """Makes of whatever a damaged or hostile file raises one OSError, which names it."""
    try:
        yield
    except Exception as error:  # a damaged zip fails in a dozen ways, from KeyError to zlib.error
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise OSError(
            f"{who}: expected a file of this data set at {path!r}, reading it raised "
            f"{type(error).__name__}: {what}; remove it, and a whole one is downloaded"
        ) from error


def read_npz(path: str, names: tuple[str, ...]) -> list[Array]:
    """The arrays of these names."""
    with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("it is no .npz file")
        return [_array_of(file, name) for name in names]


def _array_of(file: Any, name: str) -> Array:
    with file.zip.open(f"{name}.npy") as member:
        data = io.BytesIO(member.read())
    version = np.lib.format.read_magic(data)
    header = getattr(np.lib.format, f"read_array_header_{min(version[0], 2)}_0")(data)
    shape, _, dtype = header
    if not dtype.hasobject:
        return file[name]  # type: ignore[no-any-return]
    found = read_pickle(data)
    if not isinstance(found, np.ndarray) or found.shape != shape:
        raise ValueError(f"{name} is no array of shape {shape}")
    return found


def read_pickle(file: BinaryIO) -> Any:
    """What a pickle holds: arrays, or a dict of them and of lists; texts of Python 2 as bytes."""
    return _plain(_Unpickler(file, encoding="bytes").load())


class _Kind:
    """Stands for the class `numpy.ndarray`, which a pickle names and never calls."""


class _Dtype:
    """Stands for `numpy.dtype`: a code such as "u1", and the order of the bytes."""

    def __init__(self, code: Any, align: Any = False, copy: Any = False) -> None:
        self.code, self.order = _text(code), "|"
        if self.code not in _CODES:
            raise pickle.UnpicklingError(
                f"it has an array of a dtype that is not {', '.join(_CODES)}"
            )

    def __setstate__(self, state: Any) -> None:
        order = _text(state[1])
        if order not in ("<", ">", "|") or any(one is not None for one in state[2:5]):
            raise pickle.UnpicklingError("it has a dtype with fields or an unknown order of bytes")
        self.order = order


class _Array:
    """Stands for an array, until all of the pickle is read."""

    state: tuple[Any, ...] = ()
    array: Array | None = None  # made once: a pickle may name a stand-in a million times

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def made(self) -> Array:
        if self.array is None:
            self.array = self._make()
        return self.array

    def _make(self) -> Array:
        _, shape, dtype, by_columns, data = self.state
        sound = isinstance(dtype, _Dtype) and isinstance(shape, tuple) and len(shape) <= 4
        if not sound or any(type(n) is not int or n < 0 for n in shape):
            raise pickle.UnpicklingError("it has an array without a dtype or a shape")
        order: Literal["C", "F"] = "F" if by_columns else "C"
        if dtype.code[0] != "O":
            flat = np.frombuffer(data, np.dtype(dtype.order + dtype.code))
            return flat.reshape(shape, order=order).astype(flat.dtype.newbyteorder("="))
        if not isinstance(data, list) or len(data) != math.prod(shape):
            raise pickle.UnpicklingError(f"it has no {shape} objects for an array of them")
        made = np.empty(len(data), dtype=object)
        for i, one in enumerate(data):
            made[i] = one.made() if isinstance(one, _Array) else one
        return made.reshape(shape, order=order)


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    return text.encode("latin-1")  # how Python 3 writes bytes in pickles that Python 2 reads


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Kind,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _KNOWN.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which no data set needs and which is not run"
            )
        return found


def _plain(value: Any) -> Any:
    """Arrays in the place of their stand-ins: of one, or of the values of a dict."""
    if isinstance(value, dict):
        return {
            _text(key): one.made() if isinstance(one, _Array) else one for key, one in value.items()
        }
    return value.made() if isinstance(value, _Array) else value


def _text(value: Any) -> Any:
    return value.decode("ascii") if isinstance(value, bytes) else value
