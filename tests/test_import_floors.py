"""Imports go down only: the floors of corereg, no circles, and none hidden inside functions.

Read from the source, so that imports for type checkers and inside functions count too. That a
module of a package makes Python run the `__init__` of the packages around it does not count, nor do
modules that `corereg.registry` and lazy packages import by a name made at run time.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import corereg

FLOORS: list[tuple[str, tuple[str, ...]]] = [
    (
        "ground",
        (
            *("config", "dtype_policies", "version", "naming", "recordable", "registry", "random"),
            *(
                "warn",
                "_lazy",
                "importing",
                "named_tuple",
                "unavailable",
                "representation",
                "shown",
                "older_words",
            ),
            *("markup", "tracebacks", "tables"),
        ),
    ),
    ("kernels", ("_kernels", "reference", "environment", "matmul_precision")),
    ("autograd", ("autograd",)),
    ("runtime", ("runtime",)),
    ("graph", ("graph", "ops")),
    ("parts of layers", ("activations", "initializers", "regularizers", "constraints")),
    ("parts of models", ("targets", "masks", "layers", "losses", "metrics", "optimizers")),
    (
        "callbacks",
        (
            *("callbacks", "progress", "notebook"),
            *("plotting.style", "plotting.learning"),
            *("pruning.freezing", "pruning.kernels", "pruning.magnitude"),
        ),
    ),
    ("training", ("training",)),
    ("saving", ("saving",)),
    ("models", ("models", "pruning")),
    ("about models", ("calibration", "export", "plotting")),
    ("desk", ("tuning", "sklearn", "wrappers")),
    (
        "top",
        (
            *("", "backend", "utils", "datasets", "preprocessing", "testing"),
            *("demo", "demo_sparse", "__main__", "_plot"),
        ),
    ),
]
"""From the ground up: the name of a floor, and the modules and packages of corereg on it. A module
may import from its own floor and from those below it. "" is `corereg` itself."""


class Import(NamedTuple):
    importer: str
    imported: str
    file: Path
    line: int
    inside: str  # the function in which it stands, or ""

    def __str__(self) -> str:
        where = f" (inside {self.inside})" if self.inside else ""
        return f"{self.file}:{self.line}: {self.importer} imports {self.imported}{where}"


def modules_of(root: Path) -> dict[str, Path]:
    """The files of a package by their modules' names. Of a compiled module, the stub."""
    found = {}
    for path in sorted([*root.rglob("*.pyi"), *root.rglob("*.py")]):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(root: Path) -> list[Import]:
    """All imports of a package's modules by each other, wherever in a file they stand."""
    modules = modules_of(root)
    found = []
    for module, path in modules.items():
        package = module if path.stem == "__init__" else module.rpartition(".")[0]
        file = path.relative_to(root.parent)
        for node, inside in import_statements(ast.parse(path.read_text()), ""):
            for name in names_in(node, package):
                imported = next((n for n in with_parents(name) if n in modules), None)
                if imported is not None and imported != module:
                    found.append(Import(module, imported, file, node.lineno, inside))
    return found


def import_statements(
    tree: ast.AST, inside: str
) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """The import statements under a node of the syntax tree, and the functions they stand in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, inside
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from import_statements(node, node.name if function else inside)


def names_in(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """What a statement imports: for `from a import b` that is a.b, a module or a name in one."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    source = node.module or ""
    if node.level:
        around = package.split(".")[: len(package.split(".")) + 1 - node.level]
        source = ".".join([*around, *([source] if source else [])])
    return [f"{source}.{alias.name}" for alias in node.names]


def with_parents(name: str) -> list[str]:
    """a.b.c, a.b and a."""
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]


def circle(imports: list[Import]) -> list[str] | None:
    """Modules that import each other in a circle, or None."""
    graph: dict[str, set[str]] = defaultdict(set)
    for i in imports:
        graph[i.imported].add(i.importer)  # so that the circle is told in the order of imports
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]  # type: ignore[no-any-return]
    return None


def reaches(start: str, end: str, imports: list[Import]) -> bool:
    """Whether a module imports another, itself or through others."""
    seen, waiting = {start}, [start]
    while waiting:
        module = waiting.pop()
        new = {i.imported for i in imports if i.importer == module} - seen
        seen |= new
        waiting += new
    return end in seen


def floor_of(module: str) -> int:
    """The number of a module's floor in FLOORS: that of the longest name there which holds it."""
    places = {name: n for n, (_, held) in enumerate(FLOORS) for name in held}
    inner = module.partition(".")[2]
    found = next((name for name in with_parents(inner) if name in places), None)
    assert found is not None, f"{module} is on no floor: enter it in FLOORS"
    return places[found]


def upward(imports: list[Import]) -> list[str]:
    """The imports from a higher floor, each told in a line."""
    found = []
    for i in imports:
        one, other = floor_of(i.importer), floor_of(i.imported)
        if other > one:
            floors = f"{other} ({FLOORS[other][0]}) above {one} ({FLOORS[one][0]})"
            found.append(f"{i}, from floor {floors}")
    return found


IMPORTS = imports_of(Path(corereg.__file__).parent)


def test_the_source_was_read() -> None:
    edges = {(i.importer, i.imported) for i in IMPORTS}
    assert ("corereg", "corereg.autograd") in edges
    assert ("corereg.autograd.ops.linalg", "corereg.autograd.ops.shaping") in edges
    assert ("corereg.ops.order", "corereg.autograd.ops") in edges
    assert ("corereg.autograd.tensor", "corereg._kernels") in edges


def test_no_module_imports_from_a_higher_floor() -> None:
    found = upward(IMPORTS)
    assert not found, "\n".join(["imports go down only, but", *found])


def test_no_circle_of_imports_in_autograd() -> None:
    found = circle([i for i in IMPORTS if i.importer.startswith("corereg.autograd")])
    assert not found, " imports ".join(found or [])


def test_no_circle_of_imports() -> None:
    found = circle(IMPORTS)
    assert not found, " imports ".join(found or [])


def test_no_import_inside_a_function_hides_a_circle() -> None:
    found = [str(i) for i in IMPORTS if i.inside and reaches(i.imported, i.importer, IMPORTS)]
    assert not found, "\n".join(["these would be circles at the top of their files:", *found])


# ---- the checks themselves ----------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package named corereg with one import up, hidden in a function, and two circles."""
    files = {
        "__init__.py": "from corereg import layers\n",
        "config.py": "import os\n",
        "_kernels.pyi": "import numpy as np\n",
        "layers/__init__.py": "from corereg.layers.base import Layer\n",
        "layers/base.py": (
            "import corereg._kernels\n"
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n"
            "    from .dense import Dense\n"
            "class Layer:\n"
            "    def save(self):\n"
            "        from corereg.models import saver as s, Model\n"
        ),
        "layers/dense.py": "from corereg.layers.base import Layer\nfrom .. import config\n",
        "models/__init__.py": "class Model: pass\n",
        "models/saver.py": "from corereg import layers\n",
    }
    for name, text in files.items():
        path = tmp_path / "corereg" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    return tmp_path / "corereg"


def test_imports_are_found_wherever_they_stand(package: Path) -> None:
    assert {(i.importer, i.imported, i.line, i.inside) for i in imports_of(package)} == {
        ("corereg", "corereg.layers", 1, ""),
        ("corereg.layers", "corereg.layers.base", 1, ""),
        ("corereg.layers.base", "corereg._kernels", 1, ""),
        ("corereg.layers.base", "corereg.layers.dense", 4, ""),
        ("corereg.layers.base", "corereg.models.saver", 7, "save"),
        ("corereg.layers.base", "corereg.models", 7, "save"),
        ("corereg.layers.dense", "corereg.layers.base", 1, ""),
        ("corereg.layers.dense", "corereg.config", 2, ""),
        ("corereg.models.saver", "corereg.layers", 1, ""),
    }


def test_circles_and_imports_up_are_found(package: Path) -> None:
    imports = imports_of(package)
    found = upward(imports)
    assert len(found) == 2
    where = f"{Path('corereg', 'layers', 'base.py')}:7: corereg.layers.base imports corereg.models"
    assert (
        found[0] == f"{where}.saver (inside save), from floor 10 (models) above 6 (parts of models)"
    )
    assert circle(imports)
    outside = [i for i in imports if not i.inside]
    assert circle(outside) in (
        ["corereg.layers.base", "corereg.layers.dense", "corereg.layers.base"],
        ["corereg.layers.dense", "corereg.layers.base", "corereg.layers.dense"],
    )
    assert not circle([i for i in outside if not i.imported.endswith("dense")])
    hidden = [i.imported for i in imports if i.inside and reaches(i.imported, i.importer, imports)]
    assert hidden == ["corereg.models.saver"]


def test_a_module_without_a_floor_is_told() -> None:
    with pytest.raises(AssertionError, match="cellar is on no floor: enter it in FLOORS"):
        floor_of("corereg.cellar")
    assert floor_of("corereg") == len(FLOORS) - 1
    assert floor_of("corereg.autograd.ops.linalg") == 2
