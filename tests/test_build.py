"""Building from the source: what a machine that cannot is told, and what needs no compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("Cython")
pytest.importorskip("setuptools")

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What setup.py reads before it compiles."""
    for file in ("setup.py", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


def setup(tree: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("CC", "PYTHONPATH")} | environment
    return subprocess.run(
        [sys.executable, "setup.py", *command], cwd=tree, env=env, text=True, capture_output=True
    )


def test_without_a_compiler(tree: Path) -> None:
    done = setup(tree, "dist_info", PATH="")
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("The C compiler '")
    assert "was not found" in lines[0]
    assert lines[-1] == "A wheel needs neither: pip install --only-binary :all: corereg"
    assert {line.split()[0] for line in lines[2:-1]} >= {"Debian,", "Fedora,", "macOS", "Windows"}
    assert not done.stdout
    assert not (tree / "build").exists()


def test_with_a_compiler_that_fails(tree: Path) -> None:
    broken = tree / "broken-cc"
    broken.write_text("#!/bin/sh\necho this machine is full >&2; exit 1\n")
    broken.chmod(0o755)
    done = setup(tree, "dist_info", CC=str(broken))
    assert done.returncode == 1
    first = f"The C compiler {str(broken)!r} does not work (this machine is full)."
    assert done.stderr.strip().splitlines()[0] == first


def test_without_the_headers_of_python(tree: Path) -> None:
    compiler = tree / "bare-cc"
    compiler.write_text(
        "#!/bin/sh\nfor f; do case $f in *probe.c) ! grep Python.h $f >&2; exit $?;; esac; done\n"
    )
    compiler.chmod(0o755)
    done = setup(tree, "dist_info", CC=str(compiler))
    assert done.returncode == 1
    first = "The headers of this Python were not found (#include <Python.h>)."
    assert done.stderr.strip().splitlines()[0] == first


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("Cython", "Cython 3.0.11 was found"),
        ("numpy", "NumPy 1.26.4 was found"),
        ("setuptools", "setuptools 65.5.0 was found"),
    ],
)
def test_with_tools_that_are_too_old(tree: Path, module: str, text: str) -> None:
    version = text.split()[1]
    (tree / "old.py").write_text(f"""
import {module}, runpy, sys
{module}.__version__ = "{version}"
sys.argv = ["setup.py", "egg_info"]
runpy.run_path("setup.py", run_name="__main__")
""")
    done = subprocess.run([sys.executable, "old.py"], cwd=tree, text=True, capture_output=True)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(text)
