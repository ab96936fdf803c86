"""Runs every campaign of this folder for a given time, each in a process of its own.

    python -m pytest tests/campaigns --budget 60

A campaign is a file with a function `run(seconds, seed)`: see harness.py.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
CAMPAIGNS = sorted(
    path.stem for path in FOLDER.glob("*.py") if re.search(r"^def run\(", path.read_text(), re.M)
)
SLACK = 180.0  # seconds to start, to end the last case and to clean up


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_campaign(name: str, budget: float, seed: int, capfd: pytest.CaptureFixture[str]) -> None:
    if name == "guided_files":
        pytest.importorskip("atheris", reason='it needs pip install "corereg[fuzz]"')
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    options = ["--seconds", str(budget), "--seed", str(seed)]
    with capfd.disabled():
        print(f"\n---- {name}", flush=True)
        done = subprocess.run(command + options, check=False, timeout=3 * budget + SLACK)
    assert done.returncode == 0, f"try it again with {' '.join(options[2:])}"
