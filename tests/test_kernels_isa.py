"""The kernel tests again for every other instruction set, and on five threads.

The instruction set is chosen at import, so each set has a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corereg import _kernels

HERE = Path(__file__)
SAME_FOR_ALL = (HERE.name, "test_kernels_border.py")
FILES = sorted(str(p) for p in HERE.parent.glob("test_kernels_*.py") if p.name not in SAME_FOR_ALL)
OTHERS = [name for name in _kernels.available_isas if name != _kernels.isa_name()]


def run(isa: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python on the same package with this instruction set and five threads."""
    env = {**os.environ, "COREREG_ISA": isa, "OMP_NUM_THREADS": "5"}
    env["PYTHONPATH"] = str(Path(_kernels.__file__).parents[1])
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(
        command, env=env, cwd=HERE.parents[1], text=True, capture_output=True, timeout=300
    )


@pytest.mark.parametrize("isa", OTHERS)
def test_instruction_set(isa: str) -> None:
    done = run(isa, "-m", "pytest", *FILES)
    assert done.returncode == 0, done.stdout + done.stderr


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
