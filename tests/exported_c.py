"""Models as C for tests: many of them in one library, and run."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from corereg.export.c import write
from corereg.export.c.running import call, checked, read_about
from corereg.export.ends import inputs_of
from corereg.export.rows import drawn
from corereg.graph.nest import pack_like

WARNINGS = [
    *("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Wshadow"),
    *("-Wdouble-promotion", "-Werror"),
]
COMPILERS = [one for one in ("gcc", "clang") if shutil.which(one)]


def compile_c(folder: Path, arguments: list[str], compiler: str = COMPILERS[0]) -> None:
    """Runs a compiler with all warnings, which are errors."""
    made = subprocess.run(
        [compiler, *WARNINGS, *arguments, "-lm"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not made.returncode, made.stderr[:4000]


class Library:
    """Models by their prefixes, compiled as one file, for compilers take long to begin."""

    def __init__(self, folder: Path, models: dict[str, Any], **options: Any) -> None:
        self.folder, self.models = folder, models
        for name, model in models.items():
            write(model, str(folder / f"{name}.c"), **options)
        whole = "".join(f'#include "{name}.c"\n' for name in models)
        (folder / "all.c").write_text(whole)
        self.libraries: dict[Any, Any] = {}

    def compiled(self, compiler: str, *flags: str) -> Any:
        """The loaded library."""
        key = compiler, *flags
        if key not in self.libraries:
            name = f"all{len(self.libraries)}.so"
            compile_c(self.folder, [*flags, "-shared", "-fPIC", "all.c", "-o", name], compiler)
            self.libraries[key] = ctypes.CDLL(str(self.folder / name))
        return self.libraries[key]

    def self_tests(self, command: list[str], runner: tuple[str, ...] = ()) -> str:
        """Compiles all self-tests as one program and runs it; the names of those that fail."""
        lines = ["#define COREREG_SELF_TEST", "#include <stdio.h>"]
        for name in self.models:
            lines += [f"int main_{name}(void);", f"#define main main_{name}"]
            lines += [f'#include "{name}.c"', "#undef main"]
        calls = [f'    if (main_{name}())\n        puts("{name}");' for name in self.models]
        lines += ["int main(void)", "{", *calls, "    return 0;", "}"]
        (self.folder / "tests.c").write_text("\n".join(lines) + "\n")
        compile_c(self.folder, [*command[1:], "tests.c", "-o", "tests"], command[0])
        made = subprocess.run(
            [*runner, str(self.folder / "tests")], capture_output=True, text=True, check=False
        )
        assert not made.returncode, made.stderr[:4000]
        return made.stdout

    def distance(self, name: str, compiler: str, *flags: str, x: Any = None) -> float:
        """How far what the compiled model gives is from predict, in units of the largest output."""
        model = self.models[name]
        values, nest = inputs_of(model)
        inputs = drawn(model, values, 7) if x is None else x
        about = read_about(str(self.folder / f"{name}.c"))
        found = call(self.compiled(compiler, *flags), about, checked(name, about, inputs))
        return apart(found, model.predict(pack_like(nest, inputs), verbose=0))


def apart(found: list[Any], expected: Any) -> float:
    """The largest difference, in units of the largest output."""
    expected = list(expected.values()) if isinstance(expected, dict) else expected
    expected = expected if isinstance(expected, list | tuple) else [expected]
    worst = 0.0
    for one, other in zip(found, expected, strict=True):
        other = np.asarray(other, "f8")
        assert one.shape == other.shape
        scale = np.abs(other[np.isfinite(other)]).max(initial=0) or 1.0
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        with np.errstate(invalid="ignore"):
            found_apart = np.where(same, 0.0, np.abs(one - other))
        worst = max(worst, float(np.nan_to_num(found_apart, nan=np.inf).max(initial=0)) / scale)
    return worst
