"""The kernel tests again for every other instruction set, and on five threads.

The instruction set is chosen at import, so each set has a process of its own.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corereg import _kernels

HERE = Path(__file__)
SAME_FOR_ALL = (HERE.name, "test_kernels_border.py", "test_kernels_strided.py")  # compiled once
FILES = sorted(str(p) for p in HERE.parent.glob("test_kernels_*.py") if p.name not in SAME_FOR_ALL)
CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
OTHERS = [name for name in _kernels.available_isas if name != _kernels.isa_name()]


def run(isa: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python on the same package with this instruction set and five threads."""
    env = {**os.environ, "COREREG_ISA": isa, "OMP_NUM_THREADS": "5"}
    env["PYTHONPATH"] = str(Path(_kernels.__file__).parents[1])
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(
        command, env=env, cwd=HERE.parents[1], text=True, capture_output=True, timeout=300
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("isa", OTHERS)
def test_instruction_set(isa: str) -> None:
    done = run(isa, "-m", "pytest", *FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.exhaustive
def test_five_threads() -> None:
    done = run(_kernels.isa_name(), "-m", "pytest", "-k", "threads", *FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("isa", _kernels.available_isas)
def test_isa_is_chosen_by_the_environment(isa: str) -> None:
    done = run(isa, "-c", "from corereg import _kernels; print(_kernels.isa_name())")
    assert done.stdout.split() == [isa], done.stderr


def test_unknown_isa() -> None:
    done = run("sse9", "-c", "import corereg._kernels")
    assert done.returncode == 1
    best = _kernels.available_isas[-1]
    assert done.stderr.splitlines()[-1] == (
        "ImportError: corereg: COREREG_ISA='sse9' is not available here; this build on this CPU "
        f"has {', '.join(_kernels.available_isas)}. Unset COREREG_ISA to use '{best}'."
    )


DISPATCH = """
#include <string.h>
#include "kernels.h"

static const char *lacking;
static int supports(const char *feature) { return !strstr(lacking, feature); }
#define __builtin_cpu_supports supports

#include "dispatch.c"

#define TABLES(isa) const cr_kernel cr_table_f32_##isa[1], cr_table_f64_##isa[1];
TABLES(baseline) TABLES(v3) TABLES(v4)

__attribute__((visibility("default"))) int sets(const char *without, int room)
{
    const cr_isa *found[3];
    lacking = without;
    return cr_isas(found, room);
}
"""


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """How many instruction sets a CPU without some features is given."""
    if CC is None or platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("needs a compiler of C for x86-64")
    folder = tmp_path_factory.mktemp("dispatch")
    (folder / "a.c").write_text(DISPATCH)
    command = [CC, "-std=gnu11", "-shared", "-fPIC", f"-I{HERE.parents[1] / 'src'}", "a.c"]
    done = subprocess.run([*command, "-o", "a.so"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(folder / "a.so")).sets


@pytest.mark.parametrize(
    ("without", "count"),
    [
        ("nothing", 3),
        *((f"avx512{part}", 2) for part in ("f", "bw", "cd", "dq", "vl")),
        ("avx512f avx512bw avx512cd avx512dq avx512vl", 2),
        *((feature, 1) for feature in ("avx2", "fma", "avx2 fma")),
    ],
)
def test_an_instruction_set_needs_all_its_features(sets, without: str, count: int) -> None:
    assert sets(without.encode(), 3) == count
    assert sets(without.encode(), 1) == 1
