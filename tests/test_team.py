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


def stress_program(tmp_path: Path, flags: str) -> Path:
    """Returns tests/team_stress.c and the team, compiled with these flags."""
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
    return program


def run(program: Path, *, callers: int, regions: int, forks: int) -> None:
    """Runs the program, which says itself what went wrong."""
    done = subprocess.run(
        [str(program), str(callers), str(regions), str(forks)],
        env={**os.environ, "TSAN_OPTIONS": "die_after_fork=0"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "regions on several threads" in done.stdout


# AddressSanitizer of GCC before 14 does not free its own allocator's locks in a forked child, which
# then waits for ever in the library of the sanitizer: no forks there.
@pytest.mark.parametrize(
    ("flags", "forks"),
    [("-fsanitize=thread", 10), ("-fsanitize=address,undefined", 0), ("-O2", 10)],
)
def test_regions_of_many_callers_and_forks(flags, forks, tmp_path):
    """No data race, no lost wake-up, and no region that is run by other ranks than it was told."""
    run(stress_program(tmp_path, flags), callers=4, regions=1000, forks=forks)


def test_forks_beside_the_first_regions_of_a_process(tmp_path):
    """A child that is forked while another thread starts the first workers has a team, too: the
    lock that this thread holds belongs to nobody in the child."""
    program = stress_program(tmp_path, "-O2")
    for _ in range(40):
        run(program, callers=2, regions=3, forks=1)
