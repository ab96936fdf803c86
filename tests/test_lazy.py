"""Packages whose names are imported when first used, and the tables that say from where."""

from __future__ import annotations

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from corereg._lazy import lazy_package

PACKAGES = [
    *("activations", "callbacks", "initializers", "layers", "losses", "metrics", "regularizers"),
    "sklearn",
]


@pytest.fixture(params=PACKAGES)
def package(request):
    if request.param == "sklearn":
        pytest.importorskip("sklearn")
    return importlib.import_module(f"corereg.{request.param}")


def seen_by_type_checkers(package):
    """{name: module} of the imports under ``if TYPE_CHECKING``."""
    tree = ast.parse(Path(package.__file__).read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    assert [ast.unparse(block.test) for block in blocks] == ["TYPE_CHECKING"]
    found = {}
    for statement in blocks[0].body:
        assert isinstance(statement, ast.ImportFrom)
        module = statement.module.removeprefix(f"{package.__name__}.")
        assert module != statement.module
        for alias in statement.names:
            assert alias.asname == alias.name  # else it is not exported
            found[alias.name] = module
    return found


def test_the_table_is_what_type_checkers_see(package):
    assert seen_by_type_checkers(package) == package._MODULES
    assert package.__all__ == sorted(package._MODULES)


def test_the_table_says_where_names_are_defined(package):
    for name, module in package._MODULES.items():
        found = getattr(package, name)
        assert found is getattr(importlib.import_module(f"{package.__name__}.{module}"), name)
        # activations are ops, and the functions of losses are metrics too
        if not found.__module__.startswith(("corereg.autograd.", "corereg.losses.functions")) or (
            package.__name__ == "corereg.losses"
        ):
            assert found.__module__ == f"{package.__name__}.{module}"
        assert vars(package)[name] is found  # the second use does not ask the table


def test_dir_star_import_and_unknown_names(package):
    assert set(package._MODULES) <= set(dir(package))
    names = {}
    exec(f"from {package.__name__} import *", names)
    assert set(names) - {"__builtins__"} == set(package._MODULES)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'Not"):
        package.NotThere  # noqa: B018
    assert not hasattr(package, "_not_there")


def test_no_name_hides_a_module(package):
    """A module binds its own name in the package when it is imported, over that of a function."""
    modules = {path.stem for path in Path(package.__file__).parent.glob("*.py")}
    assert not modules & set(package._MODULES)


def test_classes_and_objects_can_be_pickled(package):
    for name in package._MODULES:
        found = getattr(package, name)
        assert pickle.loads(pickle.dumps(found)) is found


FOLDERS = {
    "plants/__init__.py": """
from corereg._lazy import lazy_package
_MODULES = {"Oak": "trees", "grow": "garden.work"}
__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, submodules=["garden"])
""",
    "plants/trees.py": "print('trees')\nclass Oak: pass\n",
    "plants/garden/__init__.py": "print('garden')\n",
    "plants/garden/work.py": "print('work')\ndef grow(): pass\n",
}


@pytest.fixture
def plants(tmp_path, monkeypatch):
    for path, text in FOLDERS.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("plants")
    for name in [n for n in sys.modules if n.split(".")[0] == "plants"]:
        del sys.modules[name]


def test_nothing_is_imported_before_it_is_used(plants, capsys):
    assert plants.__all__ == ["Oak", "garden", "grow"]
    assert {"Oak", "garden", "grow", "_MODULES"} <= set(dir(plants))
    assert capsys.readouterr().out == ""
    assert plants.Oak is plants.Oak is plants.trees.Oak
    assert capsys.readouterr().out == "trees\n"
    assert plants.garden is sys.modules["plants.garden"]
    assert plants.grow is plants.garden.work.grow
    assert capsys.readouterr().out == "garden\nwork\n"
    with pytest.raises(AttributeError, match="module 'plants' has no attribute 'Elm'"):
        plants.Elm  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Elm' from 'plants'"):
        exec("from plants import Elm")


def test_a_name_that_its_module_lacks_is_an_error_of_the_table(plants):
    getattribute, _, _ = lazy_package("plants", {"Elm": "trees"})
    with pytest.raises(AttributeError, match=r"has no attribute .Elm.$"):
        getattribute("Elm")


BELOW = ("targets", "tables.given", "tables.libraries", "warn")  # what several parts stand on


def test_parts_are_imported_one_by_one():
    """One module for each name that is asked for; the registry too finds a name by the table."""
    steps = {
        "from corereg.metrics import regression": "corereg.metrics.regression",
        "corereg.layers.Dropout": "corereg.layers.dropout",
        "corereg.callbacks.CSVLogger": "corereg.callbacks.csv_logger",
        "corereg.initializers.get('zeros')": "corereg.initializers.constants",
        "corereg.losses.get('mean_squared_error')": "corereg.losses.regression",
    }
    code = ["import sys, corereg", "corereg.Sequential", "before = set(sys.modules)"]
    for step in steps:
        code += [step, "print(*sorted(set(sys.modules) - before))", "before = set(sys.modules)"]
    child = subprocess.run(
        [sys.executable, "-c", "\n".join(code)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    for line, (step, module) in zip(child.stdout.splitlines(), steps.items(), strict=True):
        imported = [name for name in line.split() if name.startswith("corereg")]
        package = module.rpartition(".")[0]
        assert module in imported, step
        shared = (
            "arrays",
            "base",
            "kernel_loss",
            "mask_layer",
            "random_layer",
            "reductions",
            "sampling",
        )
        helpers = {f"{package}.{name}" for name in shared}
        helpers |= {f"corereg.{name}" for name in BELOW}
        ops = {name for name in imported if name.startswith("corereg.autograd.")}
        assert set(imported) - ops <= {package, module, *helpers}, step
