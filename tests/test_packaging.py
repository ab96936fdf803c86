"""Versions, the stub of the extension, and files that must travel with the package."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import corereg
from corereg import _kernels

ROOT = Path(__file__).parents[1]
PACKAGE = Path(corereg.__file__).parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def stub() -> dict[str, Any]:
    """What _kernels.pyi defines; a stub is Python that runs."""
    names: dict[str, Any] = {"__name__": "stub"}
    exec((PACKAGE / "_kernels.pyi").read_text(), names)
    return defined("stub", names)


def defined(module: str, names: dict[str, Any]) -> dict[str, Any]:
    """The public functions and classes among names that module itself defines."""
    return {
        n: v for n, v in names.items() if n[0] != "_" and getattr(v, "__module__", None) == module
    }


STUB = stub()
EXTENSION = defined("corereg._kernels", vars(_kernels))
CLASSES = sorted(n for n, v in EXTENSION.items() if inspect.isclass(v))
FUNCTIONS = sorted(EXTENSION.keys() - CLASSES)


def parameters(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


def in_cython(name: str) -> Callable[..., Any]:
    """A function with the parameters that a function of the extension has in its source."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "src").glob("*.pxi")))
    found = re.search(rf"^(?:def|cpdef [^(\n]*?) ?\b{name}\((.*?)\):\n", text, re.M | re.S)
    assert found is not None, name
    plain = re.sub(r" *= *", "=", found[1].replace(" not None", ""))
    untyped = [part.split()[-1] for part in plain.split(",") if part.strip()]
    made: dict[str, Any] = {}
    exec(f"def made({', '.join(untyped)}): pass", vars(_kernels) | made, made)
    return made["made"]  # type: ignore[no-any-return]


def public(cls: type) -> set[str]:
    return {name for name in vars(cls) | getattr(cls, "__annotations__", {}) if name[0] != "_"}


def test_stub_names_are_those_of_the_extension() -> None:
    assert sorted(STUB) == sorted(EXTENSION)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_stub_has_the_parameters_of(name: str) -> None:
    assert parameters(STUB[name]) == parameters(in_cython(name))


@pytest.mark.parametrize("name", CLASSES)
def test_stub_has_the_members_of(name: str) -> None:
    assert public(STUB[name]) == public(EXTENSION[name])


def test_stub_variables_have_their_types() -> None:
    text = (PACKAGE / "_kernels.pyi").read_text()
    for name, kind in re.findall(r"^(\w+): (\w+)", text, re.MULTILINE):
        assert type(getattr(_kernels, name)).__name__ == kind, name


def test_every_kernel_is_in_the_header() -> None:
    header, rules = ((ROOT / "src" / name).read_text() for name in ("kernels.h", "rules.h"))
    names = re.findall(r"^ +R\(with, (\w+)\)", rules, re.MULTILINE)
    header = header.replace(
        "    CR_RULES(CR_UPDATE, X)", "\n".join(f"    X(update_{n})" for n in names)
    )
    assert _kernels.kernel_names() == re.findall(r"^ +X\((\w+)\)", header, re.MULTILINE)
    assert list(_kernels.RULES) == names


def test_version_heads_the_changelog() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == corereg.__version__


def test_version_of_the_installed_package() -> None:
    try:
        installed = importlib.metadata.version("corereg")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("corereg is imported from a checkout that is not installed")
    assert installed == corereg.__version__, "install again: the metadata are of another version"


def test_all_packages_are_listed() -> None:
    found = {
        ".".join(p.parent.relative_to(PACKAGE.parent).parts) for p in PACKAGE.rglob("__init__.py")
    }
    only_of_the_tree = {"corereg.reference"}
    assert found - only_of_the_tree == set(PYPROJECT["tool"]["setuptools"]["packages"])


def test_data_files_are_listed_and_there() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]
    listed: set[Path] = set()
    for package, globs in patterns.items():
        folder = PACKAGE.parent.joinpath(*package.split("."))
        for pattern in globs:
            found = set(folder.glob(pattern))
            assert found, f"{package}: {pattern}"
            listed |= found
    kinds = ("py.typed", "*.pyi", "*.npz")
    assert listed == {p for kind in kinds for p in PACKAGE.rglob(kind)}


def test_ci_finds_the_commands_of_the_readme() -> None:
    """.ci/run runs what README says: lines that make .venv, install corereg and use it."""
    lines = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["corereg", "python -m pytest -n auto"]
