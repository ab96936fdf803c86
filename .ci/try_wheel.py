"""Tests the corereg that is installed, not the one of this tree, by this tree's tests of kernels.

    python .ci/try_wheel.py [arguments of pytest, instead of the kernels' tests]

corereg.reference, with which the tests compare, is in no wheel: it is taken from the tree. Needs
pytest beside the wheel.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import corereg

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = Path(corereg.__file__).parent
ONCE = {"test_kernels_isa.py"}  # runs all others again, in processes that see only the wheel

if ROOT in INSTALLED.parents and "site-packages" not in INSTALLED.parts:
    sys.exit(f"expected an installed corereg, found that of the tree: {INSTALLED}")
corereg.__path__.append(str(ROOT / "corereg"))  # behind the wheel's own
corereg.show_config()
kernels = [p for p in (ROOT / "tests").glob("test_kernels_*.py") if p.name not in ONCE]
arguments = sys.argv[1:] or [str(path) for path in sorted(kernels)]
sys.exit(pytest.main(["-o", "pythonpath=", "--rootdir", str(ROOT), *arguments]))
