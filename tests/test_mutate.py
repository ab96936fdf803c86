"""The mutation script: which changes it makes, that a seed makes them again, and what it says."""

from __future__ import annotations

import ast
from itertools import islice
from pathlib import Path

import mutate
import pytest
from mutate import (
    NATIVE,
    ROOT,
    choose,
    function_lines,
    mutants_of,
    native_mutants,
    python_mutants,
)

SOURCE = '''"""Says 1 + 1 and True."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    LIMIT = 3


class Counter:
    def __init__(self, n: "int | None" = 7) -> "int | None":
        """Counts from 1 to 2."""
        self.n = n

    def next(self, by):
        assert by != 0, "1"
        if self.n < by and not by:
            raise ValueError(f"é {by + 1}")
        self.n += by
        return max(self.n, 0.5) - by


é = "é"; call(-1)
'''
CHANGES = {
    "bound": ["self.n <= by"],
    "comparison": ["self.n >= by"],
    "and, or": ["self.n < by or not by"],
    "operator": ["(by)", "self.n -= by", "max(self.n, 0.5) + by", "min", "(1)"],
    "condition": ["(not (self.n < by and (not by)))"],
    "constant": ["8", "(6)", "1.0", "2", "(0)"],
    "result": ["return None"],
    "statement": ["pass", "pass", "pass", "pass"],
}


def by_kind(mutants):
    found = {}
    for mutant in mutants:
        found.setdefault(mutant.kind, []).append(mutant.text)
    return found


def test_changes_of_python():
    """Each as it should be; nothing in annotations, docstrings, messages and assertions."""
    source = SOURCE.encode()
    mutants = list(python_mutants(Path("x.py"), source))
    found = by_kind(mutants)
    assert {kind: sorted(texts) for kind, texts in found.items()} == {
        kind: sorted(texts) for kind, texts in CHANGES.items()
    }
    for mutant in mutants:
        after = mutant.apply(source)
        assert after != source
        ast.parse(after)
    (last,) = (m.apply(source) for m in mutants if m.text == "(1)")
    assert last.endswith('é = "é"; call((1))\n'.encode())
    (bound,) = (m.apply(source) for m in mutants if m.kind == "bound")
    assert bound.decode() == SOURCE.replace("self.n < by", "self.n <= by")


@pytest.mark.parametrize(
    ("name", "line", "kind", "after"),
    [
        ("a.c", "    while (i < n)", "bound", ["    while (i <= n)"]),
        (
            "a.c",
            "    while (i < n)",
            "comparison",
            ["    while (i >= n)"],
        ),
        ("a.c", "    if (f(a) || !b)", "condition", ["    if (!(f(a) || !b))"]),
        ("a.c", "    if (f(a) || !b)", "and, or", ["    if (f(a) && !b)"]),
        ("a.c", "    if (f(a) || !b)", "operator", ["    if (f(a) || b)"]),
        ("a.c", "    g->n += 4;", "constant", ["    g->n += 5;", "    g->n += 3;"]),
        ("a.c", "    g->n += 4;", "operator", ["    g->n -= 4;"]),
        ("a.c", "    g->n += 4;", "statement", ["    ;"]),
        ("a.c", "        call(a, b[0]);", "statement", ["        ;"]),
        ("a.c", "    return call(a);", "statement", []),
        ("a.c", "    /* a + 1 */ x(); // 2", "operator", []),
        ("a.c", '    puts("a + 1");', "constant", []),
        ("a.c", "#include <a.h> /* 1 */", "comparison", []),
        ("a.c", "    const V4 x0 = y;", "constant", []),
        ("a.h", "    T a = b * c;", "operator", ["    T a = b / c;"]),
        (
            "a.pxi",
            "    if a is b and not c:",
            "condition",
            ["    if not (a is b and not c):"],
        ),
        ("a.pxi", "    if a is b and not c:", "comparison", ["    if a is not b and not c:"]),
        ("a.pxi", "    if a is b and not c:", "and, or", ["    if a is b or not c:"]),
        ("a.pxi", "    if a is b and not c:", "operator", ["    if a is b and c:"]),
        (
            "a.pxi",
            "    def f(a not None, b=True)",
            "constant",
            ["    def f(a not None, b=False)"],
        ),
        ("a.pxi", "    def f(a not None, b=True)", "operator", []),
        ("a.pxi", "        self.n = f(a)", "statement", ["        pass"]),
        ("a.pxi", "        self.n = f(a,", "statement", []),
        ("a.pxi", "    cdef int n = 1", "statement", []),
        ("a.pxi", "    return a, b", "result", ["    return None"]),
        ("a.pxi", "    # 1 + 1", "operator", []),
        ("a.pyx", 'cdef extern from "a.h":\n    int f(int a, int b[2])', "constant", []),
    ],
)
def test_changes_of_c_and_cython(name, line, kind, after):
    source = f"/* 7 */\n{line}\n" if name[-2] == "." else f'"""7"""\n{line}\n'
    mutants = native_mutants(Path(name), source.encode())
    found = [m.apply(source.encode()).decode() for m in mutants if m.kind == kind]
    assert found == [source.replace(line, text) for text in after]


@pytest.mark.parametrize(
    "paths", [["corereg/*.py"], NATIVE, ["corereg/progress.py", "src/update.c"]]
)
def test_a_seed_makes_the_same_mutant(paths):
    mutants, again = mutants_of(ROOT, paths), mutants_of(ROOT, paths)
    for seed in range(50):
        chosen = list(islice(choose(mutants, seed), 3))
        assert chosen == list(islice(choose(again, seed), 3))
        for mutant in chosen:
            source = (ROOT / mutant.path).read_bytes()
            assert mutant.apply(source) != source
    assert len({next(choose(mutants, seed)) for seed in range(50)}) > 40
    assert not mutants_of(ROOT, ["README.md", "no such file"])


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small tree whose tests look at one of two functions, the one that they are named after."""
    files = {
        "corereg/__init__.py": "",
        "corereg/near.py": "def near(a):\n    return a + 1\n",
        "corereg/far.py": "def far(a):\n    return a + 1\n",
        "tests/test_near.py": "from corereg.near import near\n\n\n"
        "def test_near():\n    assert [near(-1), near(1)] == [0, 2]\n",
        "tests/test_other.py": "def test_other():\n    pass\n",
    }
    for name, text in files.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(mutate, "ROOT", tmp_path / "tree")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # starts sooner
    return tmp_path / "tree"


@pytest.mark.exhaustive
def test_what_is_noticed_and_what_survives(tree, capsys):
    before = {path: path.read_bytes() for path in tree.rglob("*.*") if path.is_file()}
    assert mutate.main(["--seed", "3", "--count", "2", "--paths", "corereg/near.py"]) == 0
    first, unchanged, *lines, last = capsys.readouterr().out.splitlines()
    assert first == "seeds 3 to 4: of 4 mutants"
    assert unchanged.startswith("unchanged: all tests pass, in ")
    for seed, line in zip((3, 4), lines, strict=True):
        assert line.startswith(f"seed {seed}: caught after ")
        assert ": corereg/near.py:2 (" in line
        assert line.endswith(" by tests/test_near.py::test_near")
    assert last == "2 caught, 0 survived: seeds []"
    assert mutate.main(["--seed", "5", "--paths", "corereg/far.py"]) == 0
    out = capsys.readouterr().out
    assert "seed 5: SURVIVED after " in out
    assert "\n-    return a + 1\n+    return " in out
    assert out.endswith("0 caught, 1 survived: seeds [5]\n")
    assert {path: path.read_bytes() for path in before} == before


def test_tests_that_fail_without_a_change_are_said(tree, capsys):
    (tree / "tests" / "test_other.py").write_text("def test_other():\n    assert False\n")
    assert mutate.main(["--seed", "3"]) == 1
    out = capsys.readouterr().out
    assert "expected tests that pass without a change; they said" in out
    assert "FAILED tests/test_other.py::test_other" in out


def test_paths_without_files(capsys):
    with pytest.raises(SystemExit):
        mutate.main(["--paths", "no/such/*.py"])
    assert "found none that match ['no/such/*.py']" in capsys.readouterr().err


def test_a_mutant_that_hangs_is_noticed(tree):
    (tree / "tests" / "test_other.py").write_text("import time\n\n\ntime.sleep(100)\n")
    copy = mutate.Copy(tree, tree.parent / "elsewhere")
    code, said = copy._pytest(["tests/test_other.py"], 0.5)
    assert (code, said) == (-1, "nothing within 0 s")


def test_lines_of_functions():
    """Those of the statement around a change, of a compound one its head; an import has none."""
    source = (
        "def f(a=1):\n    if (a and\n            g(2)):\n        h(3,\n          4)\n\n\nx = 5\n"
    )
    found = {
        m.text: function_lines(source.encode(), m)
        for m in python_mutants(Path("a.py"), source.encode())
    }
    expected = {"2": (), "3": (2, 3), "4": (4, 5), "5": (4, 5), "6": ()}
    assert {text: tuple(lines) for text, lines in found.items() if text in expected} == expected


@pytest.mark.exhaustive
def test_tests_that_execute_a_line_run_alone(tree, monkeypatch):
    pytest.importorskip("coverage")
    (tree / "tests" / "test_other.py").write_text("import corereg.far\n\n\ndef test_it(): ...\n")
    copy = mutate.Copy(tree, tree.parent / "elsewhere")
    assert copy.measure(tree.parent / "measured") is None
    for name, expected in (("near", ["tests/test_near.py::test_near"]), ("far", None)):
        path = Path(f"corereg/{name}.py")
        for mutant in python_mutants(path, (tree / path).read_bytes()):
            assert copy.executing(mutant) == expected
            copy.quick = True
            assert copy.executing(mutant) == (expected or [])  # no line that a test executes
            copy.quick = False
    test = copy.folder / "tests" / "test_near.py"
    run, ran = copy._measure, []
    monkeypatch.setattr(copy, "_measure", lambda tests, part: ran.extend(tests) or run(tests, part))
    assert copy.measure(tree.parent / "measured") is None
    assert not ran  # nothing has changed
    (copy.folder / "corereg" / "near.py").write_text("\n\ndef near(a):\n    return a + 1\n")
    assert copy.measure(tree.parent / "measured") is None
    assert ran == ["tests/test_near.py"]
    assert copy.contexts("corereg/near.py")[4] == {"tests/test_near.py::test_near"}
    test.write_text("assert False\n")
    assert "ERROR tests/test_near.py" in copy.measure(tree.parent / "measured")


def test_what_a_file_of_c_consists_of(tree):
    copy = mutate.Copy(tree, tree.parent / "elsewhere")
    texts = {"a.c": '#include <b.h>\n#include "c.h"\n', "b.h": "", "c.h": '#include "d.h"\n'}
    for name, text in {**texts, "d.h": '#include "c.h"\n#include "Python.h"\n'}.items():
        (copy.folder / "src").mkdir(exist_ok=True)
        (copy.folder / "src" / name).write_text(text)
    assert copy.consists("src/a.c") == {"src/a.c", "src/c.h", "src/d.h"}


def test_tests_of_like_names_run_first():
    copy = mutate.Copy.__new__(mutate.Copy)
    names = ["test_optimizers", "test_kernels_update", "test_kernels_isa", "test_updates"]
    copy.tests = [Path(f"tests/{name}.py") for name in names]
    copy.seconds = dict(zip(copy.tests, (4.0, 3.0, 2.0, 1.0), strict=True))
    copy.calling = {copy.tests[0], copy.tests[1]}

    def order(path):
        return [[names.index(test.stem) for test in part] for part in copy.order(Path(path))]

    assert order("corereg/optimizers/adam.py") == [[0], [3, 2, 1]]
    assert order("src/update.c") == [[1, 3, 2], [0]]
    assert order("src/update.pxi") == [[1, 3], [0, 2]]
    assert order("corereg/progress.py") == [[], [3, 2, 1, 0]]
