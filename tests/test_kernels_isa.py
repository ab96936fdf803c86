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
from typing import Any

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
#include "dispatch.c"

#define TABLES(isa) const cr_kernel cr_table_f32_##isa[1], cr_table_f64_##isa[1];
TABLES(baseline) TABLES(v3) TABLES(v4) TABLES(v4bf16) TABLES(amx)

__attribute__((visibility("default"))) int units(unsigned tiles, unsigned bfloat16, unsigned saved)
{
    return units_with(tiles, bfloat16, saved);
}
__attribute__((visibility("default"))) int sets(unsigned lacks1, unsigned lacks7, unsigned unsaved)
{
    return sets_with(~lacks1, ~lacks7, ~unsaved);
}
"""
BITS = {
    "fma": (1 << 12, 0, 0),
    "avx2": (0, 1 << 5, 0),
    "avx512f": (0, 1 << 16, 0),
    "avx512dq": (0, 1 << 17, 0),
    "avx512cd": (0, 1 << 28, 0),
    "avx512bw": (0, 1 << 30, 0),
    "avx512vl": (0, 1 << 31, 0),
    "ymm": (0, 0, 4),
    "xmm": (0, 0, 2),
    "masks": (0, 0, 32),
    "zmm": (0, 0, 64),
}
"""What CPUID says in leaf 1 and leaf 7 of features, and XCR0 of registers that are saved."""


@pytest.fixture(scope="module")
def dispatch(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What decides how many instruction sets a CPU is given."""
    if CC is None or platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("needs a compiler of C for x86-64")
    folder = tmp_path_factory.mktemp("dispatch")
    (folder / "a.c").write_text(DISPATCH)
    command = [CC, "-std=gnu11", "-shared", "-fPIC", f"-I{HERE.parents[1] / 'src'}", "a.c"]
    done = subprocess.run([*command, "-o", "a.so"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = ctypes.CDLL(str(folder / "a.so"))
    found.sets.argtypes = found.units.argtypes = [ctypes.c_uint] * 3
    return found


@pytest.mark.parametrize(
    ("without", "count"),
    [
        ("", 3),
        *((feature, 2) for feature in BITS if feature.startswith("avx512")),
        ("avx512f avx512bw avx512cd avx512dq avx512vl", 2),
        *((registers, 2) for registers in ("masks", "zmm")),
        *((feature, 1) for feature in ("avx2", "fma", "avx2 fma", "ymm", "xmm")),
    ],
)
def test_an_instruction_set_needs_all_its_features(dispatch, without: str, count: int) -> None:
    lacking = [BITS[feature] for feature in without.split()]
    assert dispatch.sets(*(sum(bits) for bits in zip((0, 0, 0), *lacking, strict=True))) == count


UNITS = {"amx_tile": (1 << 24, 0, 0), "amx_bf16": (1 << 22, 0, 0), "avx512_bf16": (0, 1 << 5, 0)}
UNITS |= {"layout": (0, 0, 1 << 17), "tiles": (0, 0, 1 << 18)}
"""What CPUID says in leaf 7 (edx, and eax of subleaf 1) of matrix units, and XCR0 of tiles."""


@pytest.mark.parametrize(
    ("without", "count"), [("", 2), *((name, int(name != "avx512_bf16")) for name in UNITS)]
)
def test_matrix_units_need_all_their_features(dispatch, without: str, count: int) -> None:
    having = [bits for name, bits in UNITS.items() if name != without]
    assert dispatch.units(*(sum(bits) for bits in zip(*having, strict=True))) == count
    assert dispatch.units(0, 0, 0) == 0
