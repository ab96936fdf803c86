"""No public name vanishes and no signature changes by accident."""

from __future__ import annotations

import difflib
import itertools
import sys
from functools import cache

import public_api
import pytest


@cache
def described_whole():
    pytest.importorskip("sklearn")
    return public_api.describe()


def test_public_names_and_signatures_are_as_they_were():
    expected = public_api.SNAPSHOT.read_text().splitlines()
    found = described_whole().splitlines()
    changes = list(difflib.unified_diff(expected, found, "as it was", "as it is", lineterm="", n=1))
    assert not changes, (
        "the public names or signatures have changed; if that is meant, run "
        "`python tests/public_api.py` and tell it in CHANGELOG.md:\n" + "\n".join(changes)
    )


def test_all_that_is_public_is_looked_at():
    lines = described_whole().splitlines()
    for line in (
        "corereg.callbacks (module)",
        "corereg.Tensor (class)",
        "corereg.autograd.Tensor is corereg.Tensor",
        "  .__matmul__",
        "  .requires_grad (attribute)",  # of a compiled class
        "  .is_leaf (property)",
        "  .grad (property, settable)",
        "corereg.ops.relu(x)",
        "corereg.set_num_threads(n)",  # compiled
        "corereg.random.get_state()",
        "corereg.autograd.registry",  # neither a class nor a function
        "corereg.saving.FileFormatError (class)",
    ):
        assert line in lines
    names = [line for line in lines if not line.startswith("  ")]
    assert len(names) == len(set(names))
    unknown = {line for line in lines if "(...)" in line}
    assert unknown <= {"  .__call__(...)"}  # of compiled classes
    assert not [line for line in lines if " at 0x" in line]


MODULE = """
import math
from typing import Any

__all__ = ["LIMIT", "Thing", "function", "part"]
from {package} import part

LIMIT = 3

def function(a, b=1, *, c=None):
    pass

def _private(d):
    pass

class Base:
    kept = None

    def shared(self, x):
        self.left_behind = x

class Thing(Base):
    rate = 0.5
    _hidden = 1

    def __init__(self, size: int):
        self.size = size
        self._own = size

    def __len__(self):
        return 1

    def method(self, a):
        pass

    @property
    def area(self):
        return 0

    @property
    def shape(self):
        return ()

    @shape.setter
    def shape(self, value):
        pass

    @classmethod
    def make(cls, a):
        pass
"""
PART = "def inner(z): pass\n"
EXPECTED = """\
{0}.LIMIT
{0}.Thing (class)
  .__init__(self, size)
  .__len__
  .area (property)
  .kept = None
  .left_behind (attribute)
  .make(cls, a) (classmethod)
  .method(self, a)
  .rate = 0.5
  .shape (property, settable)
  .shared(self, x)
  .size (attribute)
{0}.function(a, b=1, *, c=None)
{0}.part (module)
{0}.part.inner(z)
"""
packages = (f"public_package_{n}" for n in itertools.count())


@pytest.fixture
def described(tmp_path, monkeypatch):
    """Gives the description of a package of this code, and its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def describe(code=MODULE, part=PART):
        name = next(packages)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(code.format(package=name))
        (tmp_path / name / "part.py").write_text(part)
        try:
            return public_api.describe(name, ()), name
        finally:
            for module in (name, f"{name}.part"):
                del sys.modules[module]

    return describe


def test_what_is_told(described):
    text, name = described()
    assert text == EXPECTED.format(name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"LIMIT", ', ""),
        ("b=1", "b=2"),
        ("b=1", "b"),
        ("*, c", "c"),
        ("def method(self, a)", "def method(self, other)"),
        ("def method(self, a)", "def _method(self, a)"),
        ("def shared(self, x)", "def shared(self)"),
        ("self.size = size", "self._size = size"),
        ("self.left_behind = x", "pass"),
        ("rate = 0.5", "rate = 0.25"),
        ("    kept = None\n", ""),
        ("@shape.setter", "@shape.getter"),
        ("    @property\n    def area", "    def area"),
        ("    @classmethod\n", ""),
        ("def __len__", "def __size__"),
        ("class Thing(Base)", "class Thing"),
    ],
)
def test_a_change_is_seen(described, old, new):
    assert old in MODULE
    text, name = described(MODULE.replace(old, new, 1))
    assert text != EXPECTED.format(name)


def test_a_change_in_a_module_is_seen(described):
    text, name = described(part=PART.replace("z", "y"))
    assert text != EXPECTED.format(name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size: int", "size: float"),
        ("def _private(d)", "def _private(e)"),
        ("_hidden = 1", "_hidden = 2"),
        ("self._own = size", "pass"),
        ("return 1", "return 2"),
        ("import math\n", ""),
    ],
)
def test_what_is_private_is_not_told(described, old, new):
    text, name = described(MODULE.replace(old, new, 1))
    assert text == EXPECTED.format(name)
