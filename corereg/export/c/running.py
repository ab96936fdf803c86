"""run: compiles a C file that was exported, and gives it rows."""

from __future__ import annotations

import ctypes
import json
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from corereg.export.formats import Ran

COMPILERS = ("cc", "gcc", "clang")
"""In the order in which they are tried, behind what the environment variable CC says."""

FLAGS = ("-O2",)
_TYPES = {"float": np.float32, "double": np.float64, "int32_t": np.int32, "int64_t": np.int64}


def run(
    path: Any,
    inputs: Sequence[Any],
    compiler: str | None = None,
    flags: Sequence[str] = FLAGS,
) -> Ran:
    """Compiles an exported C file and runs it on arrays (rows, ...), in the order of the network's
    inputs.

    compiler: a command, by default that of the environment variable CC, else the first of cc, gcc
    and clang that there is; flags: of the compiler. FileNotFoundError if there is no compiler,
    OSError if it fails; ValueError for a file that was not exported, for arrays of other shapes,
    and for whole numbers outside of their tables.
    """
    path = os.fspath(path)
    about = read_about(path)
    command = find_compiler(compiler)
    given = checked(path, about, inputs)
    with compiled(path, command, flags) as library:
        return Ran(call(library, about, given), " ".join(command))


@contextmanager
def compiled(path: str, command: Sequence[str], flags: Sequence[str]) -> Iterator[Any]:
    """A C file as a library that is loaded, for as long as its file is needed."""
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "model.so")
        compile_c(command, [*flags, "-shared", "-fPIC", path, "-o", library, "-lm"])
        yield ctypes.CDLL(library)


def read_about(path: str) -> dict[str, Any]:
    """What an exported file says of itself; ValueError if it says nothing."""
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(' * {"corereg": 1,'):
                found: dict[str, Any] = json.loads(line[3:])
                return found
            if line.startswith("#include"):
                break
    raise ValueError(
        f"{path!r}: expected a C file that corereg exported, received one without its description; "
        "export the model again"
    )


def find_compiler(compiler: str | None = None) -> list[str]:
    """The command of a compiler; FileNotFoundError if there is none."""
    said = compiler or os.environ.get("CC")
    for one in [said] if said else COMPILERS:
        command = shlex.split(one)
        if command and shutil.which(command[0]):
            return command
    raise FileNotFoundError(
        f"expected a C compiler, found none: {said or ', '.join(COMPILERS)}; install one, such as "
        "gcc or clang, or say its command in the environment variable CC"
    )


def compile_c(command: Sequence[str], arguments: Sequence[str]) -> None:
    """Runs a compiler; OSError with what it said if it fails."""
    made = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if made.returncode:
        raise OSError(f"{shlex.join([*command, *arguments])} failed:\n{made.stderr.strip()}")


def checked(path: str, about: dict[str, Any], inputs: Sequence[Any]) -> list[Any]:
    """Inputs as the file takes them; ValueError for others."""
    wanted = about["inputs"]
    given = [np.asarray(one) for one in inputs]
    shapes = [tuple(shape) for _, _, shape, _ in wanted]
    rows = {len(one) if one.ndim else 0 for one in given}
    if [one.shape[1:] for one in given] != shapes or len(rows) != 1:
        raise ValueError(
            f"{path!r}: expected arrays of rows of the shapes {shapes}, received "
            f"{[one.shape for one in given]}"
        )
    return [
        np.ascontiguousarray(one, _TYPES[kind])
        for one, (_, kind, *_) in zip(given, wanted, strict=True)
    ]


def call(library: Any, about: dict[str, Any], inputs: Sequence[Any]) -> list[Any]:
    """The outputs of a compiled file."""
    rows = len(inputs[0])
    found = [np.empty((rows, *shape), _TYPES[kind]) for _, kind, shape, _ in about["outputs"]]
    workspace = np.empty(about["workspace"] // 8 + 1, np.float64)
    pointers = [ctypes.c_void_p(one.ctypes.data) for one in (*inputs, *found, workspace)]
    failed = library[f"{about['prefix']}_predict_rows"](ctypes.c_size_t(rows), *pointers)
    if failed:
        raise ValueError(
            f"{about['prefix']}_predict: expected whole numbers inside of their tables, received "
            "others"
        )
    dtypes = [dtype for *_, dtype in about["outputs"]]
    return [one.astype(dtype) for one, dtype in zip(found, dtypes, strict=True)]
