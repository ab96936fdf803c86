"""The documentation is true: its examples run, the files that its guides show work, and every link,
path and name in it exists.

A page is README.md, CONTRIBUTING.md or a file of docs/. What a fenced block of a page is, its first
lines say:

    ```python            a piece of the page's program: all pieces run in order, as one program
    ```python no-run     is only to be read
    ```python, ```c ...  whose first line is a comment with a path: a file that the page makes
    ```diff              whose first line is such a comment: a change of a file that is there

The files of all guides are put into a copy of the package, where the pages' programs and the tests
among the files run. The guide to kernels changes C code: see test_the_guide_to_kernels_builds.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import corereg

ROOT = Path(__file__).parents[1]
PACKAGE = Path(corereg.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
KERNEL_GUIDE = ROOT / "docs" / "adding-a-kernel.md"
OPTIMIZER_GUIDE = ROOT / "docs" / "adding-an-optimizer.md"  # test_guide_optimizer.py runs it
FOLDERS = ("corereg", "src", "tests", "benches", "docs", ".ci")
LANGUAGES = {"", "text", "sh", "python", "python no-run", "c", "cython", "diff"}
ELSEWHERE = {
    *("CFLAGS", "nolock", "Python.h", "corereg/optimizers/signum.py", "service.py"),
    *("freethreading_compatible", "PyUnstable_Object_IsUniquelyReferenced", "identifiers"),
}
"""Words in code and files that no source has: of other programs, or reserved for later."""
NEEDS = {
    "README.md": "sklearn",
    "exporting.md": "onnxruntime",
    "keras-files.md": "h5py",
    "scikit-learn-wrappers.md": "sklearn",
    "scikit-learn.md": "sklearn",
    "search.md": "sklearn",
    "tables.md": "pandas",
}
"""Modules of extras that the programs of pages import."""


# ---- reading pages -------------------------------------------------------------------------------


class Block(NamedTuple):
    """A fenced block. line: the number of the first line in it, counted from 1."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The path that the comment in its first line names, or None."""
        found = re.match(r"(?:#|/\*) (\S+/\S+|setup\.py)(?: \*/)?\n", self.text)
        return found[1] if found else None

    @property
    def makes(self) -> str | None:
        """The path of the file that the block shows as a whole, or None."""
        return None if self.language == "diff" else self.file

    @property
    def runs(self) -> bool:
        return self.language == "python" and self.file is None


def blocks_of(page: Path) -> Iterator[Block]:
    lines = page.read_text().splitlines(keepends=True)
    begin = None
    for number, line in enumerate(lines):
        if line.startswith("```"):
            if begin is None:
                begin = number
            else:
                language, text = lines[begin][3:].strip(), "".join(lines[begin + 1 : number])
                yield Block(page, begin + 2, language, text)
                begin = None
    assert begin is None, f"{page.name}: a block that begins in line {begin} does not end"


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def prose_of(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def program_of(page: Path) -> str:
    """The blocks of a page that run, each line at its number in the page."""
    lines = [""] * len(page.read_text().splitlines())
    for block in blocks_of(page):
        if block.runs:
            text = block.text.splitlines()
            lines[block.line - 1 : block.line - 1 + len(text)] = text
    return "\n".join(lines) + "\n"


def of_pages(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.name)


# ---- examples and guides -------------------------------------------------------------------------


def write_files(tree: Path, blocks: list[Block]) -> list[str]:
    """Makes the files that blocks show; returns the tests among them."""
    made = [block for block in blocks if block.makes]
    for block in made:
        path = tree / str(block.makes)
        assert not path.exists(), f"{block.page.name}, line {block.line}: {path.name} exists"
        path.write_text(block.text)
    return [str(block.makes) for block in made if str(block.makes).startswith("tests/")]


def apply_change(tree: Path, block: Block) -> None:
    """Adds the lines of a diff that begin with + behind those before them; lines that begin with -
    go. The other lines stand in the file, once, one after the other; their spaces do not count."""
    path = tree / str(block.file)
    where = f"{block.page.name}, line {block.line}: {block.file}"
    changes = [(line[:1], line[1:]) for line in block.text.splitlines()[1:]]
    old = [text.split() for sign, text in changes if sign != "+"]
    lines = path.read_text().splitlines()
    words = [line.split() for line in lines]
    found = [i for i in range(len(lines)) if words[i : i + len(old)] == old]
    assert len(found) == 1, f"{where} has these lines {len(found)} times, not once"
    rest = iter(lines[found[0] : found[0] + len(old)])
    new = []
    for sign, text in changes:
        kept = None if sign == "+" else next(rest)
        if sign != "-":
            new.append(text if kept is None else kept)
    lines[found[0] : found[0] + len(old)] = new
    path.write_text("\n".join(lines) + "\n")


def run(folder: Path, tree: Path, *command: str) -> None:
    """Runs a Python command with the package of a tree; fails with its output if it fails."""
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def run_page(page: Path, folder: Path, tree: Path) -> None:
    """Runs a page's program, under the page's name, so that an error shows the line in the page."""
    (folder / page.name).write_text(program_of(page))
    run(folder, tree, "-W", "error", "-c", f"import runpy; runpy.run_path({page.name!r})")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its tests, with the files of all guides but that to kernels."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(PACKAGE, tree / "corereg")
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=shutil.ignore_patterns("goldens"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    blocks = [block for block in BLOCKS if block.page != KERNEL_GUIDE]
    assert not [block for block in blocks if block.language == "diff"], "one new file is enough"
    write_files(tree, blocks)
    return tree


FIRST_READ = ("README.md", "coming-from-keras.md")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page, id=page.name, marks=[] if page.name in FIRST_READ else pytest.mark.exhaustive
        )
        for page in PAGES
        if page not in (KERNEL_GUIDE, OPTIMIZER_GUIDE)
    ],
)
def test_the_examples_run(page: Path, tree: Path, tmp_path: Path) -> None:
    """.ci/run runs all of them, as it does all tests that are exhaustive."""
    if page.name in NEEDS:
        pytest.importorskip(NEEDS[page.name])
    run_page(page, tmp_path, tree)


@pytest.mark.exhaustive
def test_the_tests_of_the_guides_pass(tree: Path) -> None:
    """And those of the house that look at all parts, which now has the guides' parts."""
    tests = [str(b.makes) for b in BLOCKS if b.page != KERNEL_GUIDE and b.makes]
    tests = [path for path in tests if path.startswith("tests/")]
    house = [
        f"tests/test_{name}.py" for name in ("registry_parts", "lazy", "import_floors", "parts")
    ]
    run(tree, tree, "-m", "pytest", *tests, *house)


def test_few_examples_are_only_read() -> None:
    assert {block.language for block in BLOCKS} <= LANGUAGES
    assert (
        sum(block.language == "python no-run" for block in BLOCKS) <= 3
    )  # one in test_deploying.py
    assert sum(block.runs for block in BLOCKS) > 10


# ---- the guide to kernels ------------------------------------------------------------------------


@pytest.fixture
def kernel_tree(tmp_path: Path) -> Path:
    """A copy of the sources, changed as the guide to kernels says."""
    ignored = shutil.ignore_patterns("*.so", "__pycache__")
    for folder in ("corereg", "src", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for file in ("setup.py", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / file, tmp_path)
    blocks = list(blocks_of(KERNEL_GUIDE))
    write_files(tmp_path, blocks)
    for block in blocks:
        if block.language == "diff":
            apply_change(tmp_path, block)
    return tmp_path


@pytest.mark.parametrize("f64", [0, 1])
def test_the_c_code_of_the_guide_compiles(kernel_tree: Path, f64: int) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    options = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-DCR_ISA=baseline", f"-DCR_F64={f64}"]
    for block in blocks_of(KERNEL_GUIDE):
        if block.makes and block.makes.endswith(".c"):
            command = [compiler, *options, "-fsyntax-only", block.makes]
            done = subprocess.run(command, cwd=kernel_tree, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr


@pytest.mark.skipif(
    "COREREG_TEST_BUILD" not in os.environ, reason="takes a minute: set COREREG_TEST_BUILD=1"
)
def test_the_guide_to_kernels_builds(kernel_tree: Path, tmp_path: Path) -> None:
    run(kernel_tree, kernel_tree, "setup.py", "-q", "build_ext", "--inplace")
    run_page(KERNEL_GUIDE, tmp_path, kernel_tree)
    tests = [str(b.makes) for b in blocks_of(KERNEL_GUIDE) if b.makes]
    tests = [path for path in tests if path.startswith("tests/")]
    run(kernel_tree, kernel_tree, "-m", "pytest", *tests, "tests/test_kernels_threads.py")
    house = [f"tests/test_{name}.py" for name in ("kernels_border", "packaging", "autograd_ops")]
    run(kernel_tree, kernel_tree, "-m", "pytest", "-k", "cube or every or stub", *house)


# ---- links, paths and names ----------------------------------------------------------------------


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@of_pages(PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", prose_of(page)):
        if "://" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page.name} links to {target!r}"
        assert not anchor or anchor in anchors_of(path), f"{page.name} links to {target}#{anchor}"


@cache
def known_files() -> tuple[str, ...]:
    """All files of the repository that pages may name."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.is_file()]
    return tuple(path.relative_to(ROOT).as_posix() for path in found)


NAMED = re.compile(
    rf"(?<![\w./~*-])(?:(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*{{}},-]*"  # begins so
    r"|[\w/*-]+\.(?:py|pyi|pxi|pyx|pxd|c|h|toml)\b)"  # or ends so
)


def paths_in(text: str) -> set[str]:
    """What looks like a path of the repository: tests/test_{a,b}.py is two of them."""
    found = set()
    for path in NAMED.findall(text):
        head, brace, rest = path.rstrip(".,").partition("{")
        inside, _, tail = rest.partition("}")
        found |= {head + each + tail for each in inside.split(",")} if brace else {head}
    return found


@of_pages(PAGES)
def test_paths_exist(page: Path) -> None:
    own = {str(block.makes) for block in blocks_of(page) if block.makes}
    text = "\n".join([prose_of(page), *(b.text for b in blocks_of(page) if not b.runs)])
    for path in paths_in(text) - own - ELSEWHERE:
        pattern = re.escape(path.rstrip("/")).replace(r"\*", "[^/]*")
        there = re.compile(rf"(.*/)?{pattern}(/.*)?")
        files = (*known_files(), *own)
        assert any(there.fullmatch(file) for file in files), f"{page.name} names {path}"


def test_paths_in_the_package_exist() -> None:
    for file in PACKAGE.rglob("*.py"):
        for path in paths_in(file.read_text()):
            if path.startswith(("src/", "corereg/", "tests/", "docs/")) and "." in path:
                assert list(ROOT.glob(path)), f"{file.name} names {path}"


@cache
def known_words() -> frozenset[str]:
    """All words of the sources, their tests and their build."""
    suffixes = {".py", ".pyi", ".pyx", ".pxi", ".pxd", ".c", ".h", ".toml"}
    files = [ROOT / file for file in known_files()]
    files = [file for file in files if file.suffix in suffixes or file.parent.name == ".ci"]
    texts = [*known_files(), *(file.read_text() for file in files)]
    return frozenset(word for text in texts for word in re.findall(r"\w+", text)) | ELSEWHERE


@of_pages(PAGES)
def test_names_exist(page: Path) -> None:
    """Every word of some length in `code` stands somewhere in the sources, so that pages do not
    keep names that have gone."""
    if page.name == "keras-names.md":
        return  # test_keras_names.py compares it with Keras's list and with what is here
    prose = prose_of(page)
    own = {word for block in blocks_of(page) for word in re.findall(r"\w+", block.text)}
    for span in re.findall(r"`([^`\n]+)`", prose):
        words = {
            word for word in re.findall(r"[A-Za-z_]\w{3,}", span) if not span.startswith("http")
        }
        assert words <= own | known_words(), (
            f"{page.name}: {words - own - known_words()} in `{span}`"
        )


@pytest.mark.exhaustive
def test_dotted_names_can_be_imported(tree: Path) -> None:
    names = {n for page in PAGES for n in re.findall(r"`(corereg(?:\.\w+)+)", prose_of(page))}
    program = "import pkgutil, sys\nfor name in sys.argv[1:]: pkgutil.resolve_name(name)"
    run(tree, tree, "-c", program, *sorted(names))


# ---- the checks themselves -----------------------------------------------------------------------

PAGE = """\
# A page

See [there](other.md#a-heading) and `known_name` in `src/some.c`, not corereg/gone.py.

```python
x = 1
```

```python
# corereg/new.py
y = 2
```

```diff
# corereg/old.py
 def f(a):
-    return a
+    b = a
+    return b
```

```python
assert x == 1
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "corereg").mkdir()
    (tmp_path / "page.md").write_text(PAGE)
    return tmp_path / "page.md"


def test_a_page_is_read(page: Path) -> None:
    blocks = list(blocks_of(page))
    assert [block.makes for block in blocks] == [None, "corereg/new.py", None, None]
    assert [block.runs for block in blocks] == [True, False, False, True]
    program = program_of(page).splitlines()
    assert [(n, line) for n, line in enumerate(program, 1) if line] == [
        (6, "x = 1"),
        (23, "assert x == 1"),
    ]
    assert "x = 1" not in prose_of(page)
    assert paths_in(prose_of(page)) == {"src/some.c", "corereg/gone.py"}
    assert anchors_of(page) == {"a-page"}


def test_the_files_of_a_page_are_made_and_changed(page: Path) -> None:
    old = page.parent / "corereg" / "old.py"
    old.write_text("import math\ndef f(a):\n        return  a\nprint(f(1))\n")
    blocks = list(blocks_of(page))
    assert write_files(page.parent, blocks) == []
    assert (page.parent / "corereg" / "new.py").read_text() == "# corereg/new.py\ny = 2\n"
    apply_change(page.parent, blocks[2])
    assert old.read_text() == "import math\ndef f(a):\n    b = a\n    return b\nprint(f(1))\n"
    with pytest.raises(AssertionError, match=r"page.md, line 15: corereg/old.py has these lines 0"):
        apply_change(page.parent, blocks[2])
    with pytest.raises(AssertionError, match=r"new.py exists"):
        write_files(page.parent, blocks)


def test_paths_with_braces_are_several() -> None:
    text = "run tests/test_{kernels,autograd}*.py, and src/*.c."
    assert paths_in(text) == {"tests/test_kernels*.py", "tests/test_autograd*.py", "src/*.c"}
