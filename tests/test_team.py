"""The C of the team of threads alone, under sanitizers: a program that needs a compiler only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPILER = os.environ.get("CC", "cc").split()

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(sys.platform == "win32", reason="the program forks"),
    pytest.mark.skipif(shutil.which(COMPILER[0]) is None, reason="no compiler here"),
]


@pytest.mark.parametrize("flags", ["-fsanitize=thread", "-fsanitize=address,undefined", "-O2"])
def test_regions_of_many_callers_and_forks(flags, tmp_path):
    """No data race, no lost wake-up, and no region that is run by other ranks than it was told."""
    program = tmp_path / "stress"
    sources = [ROOT / "tests" / "team_stress.c", ROOT / "src" / "team.c"]
    command = [*COMPILER, "-std=gnu11", "-O1", "-g", "-pthread", flags, f"-I{ROOT / 'src'}"]
    made = subprocess.run(
        [*command, "-Wall", "-Wextra", "-Werror", "-o", str(program), *map(str, sources)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "sanitize" in flags and "cannot find" in made.stderr:
        pytest.skip(f"no library for {flags} here")
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [str(program), "4", "1000", "10"],
        env={**os.environ, "TSAN_OPTIONS": "die_after_fork=0"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "regions on several threads" in done.stdout
