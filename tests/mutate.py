"""Changes one small thing at a time in a copy of this tree and runs the tests: which do not notice?

    python tests/mutate.py --seed 1 --count 20            # seeds 1 to 20, in corereg/**/*.py
    python tests/mutate.py --seed 1 --count 20 --native   # in src: the copy is built for each
    python tests/mutate.py --seed 17 --paths "corereg/optimizers/*.py"
    python tests/mutate.py --count 20 --quick --measured FOLDER  # keeps there what tests execute

A mutant is one change: a comparison or an operator swapped, a bound moved by one, a condition
negated, a constant changed, a result left out, a statement dropped. The same seed makes the same
mutant of the same tree and paths. Tests run until one fails: of a line in a Python function those
that execute it, then, but not with --quick, those that start processes, where nobody looks; of all
else those that execute the same file or have like names, then those that call kernels themselves,
then the others, the quickest first. What survives is printed as a diff with its seed, to be read:
either no test looks at it, then one is missing, or the change does not matter, then the line may
say less.

Requirements: what the tests need, a build beside the sources (`pip install -e ".[test]"`), and for
Python coverage, without which more tests run.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import hashlib
import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

try:
    import coverage
except ImportError:
    coverage = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ["corereg/**/*.py"]
NATIVE = ["src/*.c", "src/*.h", "src/*.pyx", "src/*.pxi"]
LEFT_OUT = (".git", ".venv", "dist", "*_cache", "__pycache__", ".hypothesis", ".benchmarks")
MOST_MEMORY = 16 << 30  # bytes a test run may take: a mutant may loop and append for ever
FIRST = 100  # tests that execute a line, before all others that do
PARTS = 2  # of all tests, which run at the same time when they are measured
STARTING = 0.2  # seconds: a test that starts a process takes no less
WRITTEN = "build/cython/src/_kernels.c"  # by Cython
USAGE_ERROR = 4  # pytest's exit code for names of tests that it does not find
NO_TESTS = 5  # and for only such as are left out
ATTEMPTS = 20  # native mutants that do not build, before a seed is given up


class Mutant(NamedTuple):
    """One change: the bytes from start to end of a file become `text`."""

    path: Path
    kind: str
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


# ---- Python: by its syntax tree -----------------------------------------------------------------

NEGATED: dict[type, type] = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt}
NEGATED |= {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
NEGATED |= {ast.In: ast.NotIn, ast.NotIn: ast.In}
MOVED: dict[type, type] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
SWAPPED: dict[type, type] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.And: ast.Or, ast.Or: ast.And}
SWAPPED |= {ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}
SWAPPED |= {ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
SWAPPED |= {ast.LShift: ast.RShift, ast.RShift: ast.LShift}
Node = ast.expr | ast.stmt


def python_mutants(path: Path, source: bytes) -> Iterator[Mutant]:
    """All changes of a module. Annotations, messages, assertions and what only a type checker reads
    stay as they are."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in code_nodes(ast.parse(source)):
        for kind, changed, text in changes(node):
            assert changed.end_lineno is not None
            assert changed.end_col_offset is not None
            start = starts[changed.lineno - 1] + changed.col_offset
            end = starts[changed.end_lineno - 1] + changed.end_col_offset
            yield Mutant(path, kind, start, end, text)


def code_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes beneath this one that do something when the program runs."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or name in ("annotation", "returns"):
                continue
            if isinstance(child, ast.JoinedStr | ast.Assert):  # Python 3.11 misplaces the former
                continue
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            yield child
            yield from code_nodes(child)


def changes(node: ast.AST) -> Iterator[tuple[str, Node, str]]:
    """Changes of this one node: of which kind, what is replaced, and by which text."""
    match node:
        case ast.Compare(left, [op], [right]):
            for kind, table in (("comparison", NEGATED), ("bound", MOVED)):
                if type(op) in table:
                    yield kind, node, ast.unparse(ast.Compare(left, [table[type(op)]()], [right]))
        case ast.BinOp(left, op, right) if type(op) in SWAPPED:
            yield "operator", node, ast.unparse(ast.BinOp(left, SWAPPED[type(op)](), right))
        case ast.AugAssign(target, op, value):
            if type(op) in SWAPPED:
                swapped = ast.AugAssign(target, SWAPPED[type(op)](), value)
                yield "operator", node, ast.unparse(swapped)
            yield "statement", node, "pass"
        case ast.BoolOp(op, values):
            yield "and, or", node, ast.unparse(ast.BoolOp(SWAPPED[type(op)](), values))
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield "operator", node, f"({ast.unparse(operand)})"
        case ast.Name("min" | "max" as name):
            yield "operator", node, "max" if name == "min" else "min"
        case ast.Constant(bool(value)):
            yield "constant", node, str(not value)
        case ast.Constant(int(value)):
            yield "constant", node, str(value + 1)
            yield "constant", node, f"({value - 1})"
        case ast.Constant(float(value)):
            yield "constant", node, repr(value * 2 or 1.0)
        case ast.If(test) | ast.While(test) | ast.IfExp(test):
            yield "condition", test, f"(not ({ast.unparse(test)}))"
        case ast.Return(value) if value is not None and ast.unparse(value) != "None":
            yield "result", node, "return None"
        case ast.Raise() | ast.Break() | ast.Continue() | ast.Delete() | ast.Expr(ast.Call()):
            yield "statement", node, "pass"
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield "statement", node, "pass"


def function_lines(source: bytes, mutant: Mutant) -> range:
    """The lines of the smallest statement around a change, of a compound one the head; none if an
    import executes it."""
    line = source[: mutant.start].count(b"\n") + 1
    inside, lines = False, range(0)

    def visit(node: ast.AST) -> None:
        nonlocal inside, lines
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt):
                visit(child)
            elif child.lineno <= line <= (child.end_lineno or 0):
                body = getattr(child, "body", None)
                end = body[0].lineno if body else (child.end_lineno or 0) + 1
                is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
                lines = range(child.lineno, max(end, child.lineno + 1))
                inside |= is_function and line >= end
                visit(child)

    visit(ast.parse(source))
    return lines if inside else range(0)


# ---- C and Cython: by their text ----------------------------------------------------------------

C_REST = r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'"""
C_REST += r"|^#(?:include|if|elif|else|endif|undef|pragma|error)[^\n]*"
CYTHON_REST = r'""".*?"""|#[^\n]*|"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'"
CYTHON_REST += r"|^(cdef extern from|from|import|cimport)\b[^\n]*(?:\n(?: [^\n]*)?)*"

WORDS = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
WORDS |= {"+": "-", "-": "+", "*": "/", "/": "*", "&&": "||", "||": "&&", "and": "or", "or": "and"}
WORDS |= {"is": "is not", "is not": "is", "True": "False", "False": "True"}
BOTH = [
    ("comparison", r"(?<= )(?:<=?|>=?|==|!=)(?= )", WORDS.__getitem__),
    ("bound", r"(?<= )[<>]=?(?= )", lambda text: text[0] if text[1:] else text + "="),
    ("operator", r"(?<= )[-+*/](?==? )", WORDS.__getitem__),
    ("constant", r"(?<![\w.])\d+(?![\w.])", lambda text: str(int(text) + 1)),
    ("constant", r"(?<![\w.])[1-9]\d*(?![\w.])", lambda text: str(int(text) - 1)),
]
C_ONLY = [
    ("and, or", r"&&|\|\|", WORDS.__getitem__),
    ("condition", r"(?<=\bif )\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)", lambda text: f"(!{text})"),
    ("operator", r"(?<=[( ])!(?=[\w(])", lambda text: ""),
    ("statement", r"(?m)(?<=^ {4})[ ]*(?:\S+ [-+*/|&]?= [^;\n]*|\w+\([^;\n]*\));$", lambda _: ";"),
]
CYTHON_ONLY = [
    ("and, or", r"\b(?:and|or)\b", WORDS.__getitem__),
    ("comparison", r"\bis(?: not)?\b", WORDS.__getitem__),
    ("constant", r"\b(?:True|False)\b", WORDS.__getitem__),
    ("condition", r"(?m)(?<=\bif )[^\n]*(?=:$)", lambda text: f"not ({text})"),
    ("operator", r"\bnot (?!None\b|in\b)", lambda text: ""),
    ("statement", r"(?m)(?<=^ {4})[ ]*(?:[^ \n]+ [-+*/|&]?= [^\n]*|[\w.]+\([^\n]*\))$", "pass"),
    ("result", r"(?m)\breturn [^\n]+$", lambda _: "return None"),
]
Change = Callable[[str], str] | str


def native_mutants(path: Path, source: bytes) -> Iterator[Mutant]:
    """All changes of a file of C or Cython that its text suggests; some will not compile."""
    text = source.decode()
    rest = re.compile(C_REST if is_c(path) else CYTHON_REST, re.DOTALL | re.MULTILINE)
    code = rest.sub(lambda found: re.sub(r"[^\n]", "\0", found[0]), text)
    tables: list[tuple[str, str, Change]] = [*BOTH, *(C_ONLY if is_c(path) else CYTHON_ONLY)]
    for kind, pattern, change in tables:
        for found in re.finditer(pattern, code):
            old = found[0]
            if "\0" in old or old.count("(") != old.count(")") or old.count("[") != old.count("]"):
                continue  # a comment or a message in it, or only a part of a statement
            spaces = old[: len(old) - len(old.lstrip())] if kind == "statement" else ""
            new = spaces + (change if isinstance(change, str) else change(old))
            start = len(text[: found.start()].encode())
            if new != old:
                yield Mutant(path, kind, start, start + len(old.encode()), new)


# ---- choosing -----------------------------------------------------------------------------------


def mutants_of(root: Path, paths: list[str]) -> dict[str, list[Mutant]]:
    """All changes of the files that match the patterns, by kind."""
    found: dict[str, list[Mutant]] = {}
    for path in sorted({path for pattern in paths for path in root.glob(pattern)}):
        make = native_mutants if is_native(path) else python_mutants
        if is_native(path) or path.suffix == ".py":
            for mutant in make(path.relative_to(root), path.read_bytes()):
                found.setdefault(mutant.kind, []).append(mutant)
    return found


def is_native(path: Path) -> bool:
    return any(path.match(Path(pattern).name) for pattern in NATIVE)


def is_c(path: Path) -> bool:
    return path.suffix in (".c", ".h")


def choose(mutants: dict[str, list[Mutant]], seed: int) -> Iterator[Mutant]:
    """The mutant of a seed and, should it not build, the next ones. Each kind is as likely."""
    rng = random.Random(seed)
    while True:
        yield rng.choice(mutants[rng.choice(sorted(mutants))])


# ---- the copy -----------------------------------------------------------------------------------


class Copy:
    """A copy of the tree in which mutants live, one at a time."""

    def __init__(self, root: Path, folder: Path, quick: bool = False) -> None:
        self.folder, self.quick = folder / "tree", quick
        shutil.copytree(root, self.folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        self.tests = sorted(self.folder.glob("tests/test_*.py"))
        self.calling = {test for test in self.tests if "_kernels" in test.read_text()}
        self.compile: list[list[str]] = []  # the commands of a build
        self.link: list[str] = []
        self.isas: list[str] = []  # what this machine can run, its own one last
        self.before: dict[Path, bytes] = {}  # what a build made

    @contextlib.contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[str]:
        """Within, the copy has this change; gives the diff."""
        path = self.folder / mutant.path
        before, dates = path.read_bytes(), path.stat()
        after = mutant.apply(before)
        path.write_bytes(after)
        old, new = (text.decode().splitlines(keepends=True) for text in (before, after))
        try:
            yield "".join(difflib.unified_diff(old, new, str(mutant.path), mutant.kind))
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))  # Python compiled this one
            for path, before in self.before.items():
                path.write_bytes(before)

    def build_all(self) -> None:
        """Builds the extension of the sources as they are, to learn the commands."""
        command = [sys.executable, "setup.py", "build_ext", "--inplace", "--force"]
        code, output = self._run(command, 1200)
        assert code == 0, output
        commands = [shlex.split(line) for line in output.splitlines() if " -o build/" in line]
        self.compile = [command for command in commands if "-c" in command]
        self.generated = self.folder / WRITTEN
        (self.extension,) = self.folder.glob("corereg/_kernels*.so")
        self.before = {path: path.read_bytes() for path in (self.generated, self.extension)}
        (self.link,) = (command for command in commands if "-shared" in command)
        code = "from corereg import _kernels; print(*_kernels.available_isas)"
        self.isas = self._run([sys.executable, "-c", code], 60)[1].split()

    def build(self, mutant: Mutant, isas: list[str]) -> bool:
        """Links the extension with what these instruction sets have of a changed file, and all
        else as it was; whether that worked. What Cython writes need not be fast."""
        if not is_c(mutant.path):
            if self._run([sys.executable, "setup.py", "build_ext", "--help"], 300)[
                0
            ]:  # Cython runs
                return False
            assert self.generated.read_bytes() != self.before[self.generated]
        compiled = mutant.path.as_posix() if is_c(mutant.path) else WRITTEN
        changed: dict[str, str] = {}  # objects that take the places of others
        commands = []
        for command in self.compile:
            source, target = (command[command.index(option) + 1] for option in ("-c", "-o"))
            isa = next((word[9:] for word in command if word.startswith("-DCR_ISA=")), isas[0])
            if isa in isas and compiled in self.consists(source):
                changed[target] = f"{target}.changed.o"
                commands.append([changed.get(word, word) for word in command])
                commands[-1] += [] if is_c(mutant.path) else ["-O0"]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            codes = list(pool.map(lambda command: self._run(command, 300)[0], commands))
        link = [changed.get(word, word) for word in self.link]
        link[link.index("-o") + 1] = str(self.extension)
        return not any(codes) and self._run(link, 300)[0] == 0

    def consists(self, source: str) -> set[str]:
        """The files that a file of C consists of."""
        found, new = {source}, [source]
        while new:
            text = (self.folder / new.pop()).read_text()
            for name in re.findall(r'^ *# *include "(?:src/)?(\w+\.h)"', text, re.M):
                if f"src/{name}" not in found and (self.folder / "src" / name).exists():
                    found.add(f"src/{name}")
                    new.append(f"src/{name}")
        return found

    def measure(self, folder: Path) -> str | None:
        """Runs all tests once to see how long each takes and which lines it executes; the output
        if one fails. What is in the folder from a former run is taken instead, but for tests that
        have changed or execute a file that has."""
        folder = folder.resolve()  # tests run in the copy
        times, states, self.map = (
            folder / name for name in ("seconds.json", "files.json", "lines")
        )
        folder.mkdir(parents=True, exist_ok=True)
        before = json.loads(states.read_text()) if states.exists() else {}
        files = [*self.tests, *self.folder.glob("corereg/**/*.py")]
        now = {self.name(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        now["quick"] = str(self.quick)
        if before.get("quick") != now["quick"]:
            before = {}
        changed = {name for name in now if now[name] != before.get(name)}
        if before:
            executing = [tests for name in changed for tests in self.contexts(name).values()]
            changed |= {test.partition("::")[0] for tests in executing for test in tests}
        else:
            self.map.unlink(missing_ok=True)
        self._pytest(["tests"], None, "--collect-only", compiles=True)
        each = json.loads(times.read_text()) if before else {}
        self.each = {
            name: seconds
            for name, seconds in each.items()
            if (file := name.partition("::")[0]) in now and file not in changed
        }
        tests = [name for name in map(self.name, self.tests) if name in changed]
        parts = [tests[first::PARTS] for first in range(PARTS)]
        with ThreadPoolExecutor() as pool:
            outputs = [*filter(None, pool.map(self._measure, parts, range(PARTS)))]
        if outputs:
            return "\n".join(outputs)
        for part in range(PARTS):
            found = folder / f"lines.{part}"
            if found.exists():
                whole, more = (coverage.CoverageData(str(path)) for path in (self.map, found))
                more.read()
                whole.read()
                whole.update(more)
                found.unlink()
        times.write_text(json.dumps(self.each))
        states.write_text(json.dumps(now))
        self.seconds = dict.fromkeys(self.tests, 0.1)
        for name, seconds in self.each.items():
            self.seconds[self.folder / name.partition("::")[0]] += seconds
        return None

    def _measure(self, tests: list[str], part: int) -> str | None:
        """Runs a part of the tests to see what they take and execute."""
        if not tests:
            return None
        times, lines = (self.map.with_name(f"{name}.{part}") for name in ("seconds", "lines"))
        under: tuple[str, ...] = ()
        if coverage is not None:
            under = ("coverage", "run", "--rcfile=", "--source=corereg")
            under += (f"--data-file={lines}", "-m")
        more = ["-p", "mutate", f"--seconds={times}"]
        code, output = self._pytest(tests, None, *more, under=under)
        if code:
            lines.unlink(missing_ok=True)
            return output
        self.each |= json.loads(times.read_text())
        times.unlink()
        return None

    def contexts(self, path: str) -> dict[int, set[str]]:
        """The tests that execute each line of a file; "" is an import."""
        found: dict[int, set[str]] = {}
        if self.map.exists():
            data = coverage.CoverageData(str(self.map))
            data.read()
            for name in data.measured_files():
                if name.endswith(f"/{path}"):
                    for line, tests in data.contexts_by_lineno(name).items():
                        found.setdefault(line, set()).update(tests)
        return found

    def first_failure(self, mutant: Mutant) -> str | None:
        """The first test that notices, or None."""
        parts: list[list[str]] = [[*map(self.name, part)] for part in self.order(mutant.path)]
        executing = None if is_native(mutant.path) else self.executing(mutant)
        if executing is not None:
            lines = function_lines((self.folder / mutant.path).read_bytes(), mutant)
            rest = [] if self.quick else [self.starting(), *([] if lines else parts)]
            parts = [executing[:FIRST], executing[FIRST:], *rest]
        elif is_c(mutant.path):  # other instruction sets are built later, and tested by this
            isa = "tests/test_kernels_isa.py"
            parts = [[test for test in part if test != isa] for part in parts]
            parts.insert(1, [isa])
        times = self.each | {self.name(test): time for test, time in self.seconds.items()}
        for tests in parts:
            if is_c(mutant.path) and tests is parts[1]:
                self.build(mutant, self.isas)
            limit = 60 + 6 * sum(times[test] for test in tests)  # the machine may do more besides
            code, output = self._pytest(tests, limit) if tests else (0, "")
            if code == USAGE_ERROR:  # with it tests have other names: that alone is no failure
                files = sorted({test.partition("::")[0] for test in tests})
                limit += 6 * sum(times[file] for file in files)
                code, output = self._pytest(files, limit)
            if code and code != NO_TESTS:
                failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.M)
                return failed[0] if failed else output.strip().rsplit("\n", 1)[-1]
        return None

    def executing(self, mutant: Mutant) -> list[str] | None:
        """The tests that execute a line, those of like names and the quickest first; of one that an
        import executes those of the file's other lines. None if nobody knows."""
        contexts = self.contexts(mutant.path.as_posix())
        inside = function_lines((self.folder / mutant.path).read_bytes(), mutant)
        lines = inside or contexts
        found = {name for line in lines for name in contexts.get(line, ())} & set(self.each)
        near = [self.name(test) for test in self.order(mutant.path)[0]]

        def far(name: str) -> tuple[bool, float]:
            return name.partition("::")[0] not in near, self.each.get(name, 0)

        known = found or (self.quick and inside and contexts)
        return sorted(found, key=far) if known else None

    def starting(self) -> list[str]:
        """The tests that may start processes, in which nobody looks at lines."""
        may = {self.name(test) for test in self.tests if "subprocess" in test.read_text()}
        return [
            name
            for name, seconds in self.each.items()
            if name.partition("::")[0] in may and seconds > STARTING
        ]

    def name(self, test: Path) -> str:
        return test.relative_to(self.folder).as_posix()

    def order(self, path: Path) -> tuple[list[Path], list[Path]]:
        """The tests whose names have words of a source file's, or words that begin alike, those
        with the most first, and all others, of a native file those that name its module before the
        rest; the quicker ones first."""
        words = {word[:6] for part in path.with_suffix("").parts for word in split(part)}
        words -= {"corere", "src"}
        if is_c(path):
            words.add("kernel")

        def far(test: Path) -> tuple[int, bool, float]:
            near = len(words & {word[:6] for word in split(test.stem)})
            return -near, is_native(path) and test not in self.calling, self.seconds[test]

        tests = sorted(self.tests, key=far)
        count = sum(far(test)[0] < 0 for test in tests)
        return tests[:count], tests[count:]

    def _pytest(
        self,
        tests: list[str],
        limit: float | None,
        *more: str,
        under: tuple[str, ...] = (),
        compiles: bool = False,
    ) -> tuple[int, str]:
        options = ["-x", "-q", "--tb=no", "--no-header", "-p", "no:cacheprovider", *more]
        options += ["-m", "not exhaustive" if self.quick else ""]
        names = self.folder.parent / f"{threading.get_ident()}.txt"  # too many for a command line
        names.write_text("\n".join(tests))
        command = [sys.executable, "-m", *under, "pytest", "--rootdir=.", *options, f"@{names}"]
        return self._run(command, limit, compiles)

    def _run(
        self, command: list[str], limit: float | None, compiles: bool = False
    ) -> tuple[int, str]:
        """The exit code and the output; what takes longer than `limit` seconds is ended, with all
        processes that it has started. compiles: Python keeps what it compiles, so that all others
        start sooner; of a mutant it must not."""
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "" if compiles else "1"}
        paths = [str(Path(__file__).parent), str(self.folder)]  # for -p mutate, and others
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=limit_memory,
        ) as process:
            try:
                output = process.communicate(timeout=limit)[0]
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return -1, f"nothing within {limit:.0f} s"
            except BaseException:  # Ctrl-C
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return process.returncode, output


def split(name: str) -> list[str]:
    """The words of a file's name, in the singular."""
    return [word.rstrip("s") for word in name.split("_") if word]


def limit_memory() -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or hard > MOST_MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, hard))


# ---- a plugin of pytest, with -p mutate ---------------------------------------------------------


durations: dict[str, float] = {}


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--seconds", help="where to write how long each test takes")


def pytest_runtest_logstart(nodeid: str) -> None:
    if coverage is not None and (current := coverage.Coverage.current()):
        current.switch_context(nodeid)


def pytest_runtest_logreport(report: Any) -> None:
    durations[report.nodeid] = durations.get(report.nodeid, 0) + report.duration


def pytest_unconfigure(config: Any) -> None:
    Path(config.option.seconds).write_text(json.dumps(durations))


# ---- the command --------------------------------------------------------------------------------


def run(copy: Copy, mutants: dict[str, list[Mutant]], seed: int) -> bool | None:
    """Tries the mutant of a seed and says what became of it: whether a test noticed, or None if
    there is none that builds."""
    for _, mutant in zip(range(ATTEMPTS), choose(mutants, seed), strict=False):
        began = time.monotonic()
        with copy.mutated(mutant) as diff:
            if is_native(mutant.path) and not copy.build(mutant, copy.isas[-1:]):
                continue
            failure = copy.first_failure(mutant)
        line = (copy.folder / mutant.path).read_bytes()[: mutant.start].count(b"\n") + 1
        where = f"{mutant.path}:{line} ({mutant.kind})"
        took = f"after {time.monotonic() - began:.0f} s"
        if failure is not None:
            print(f"seed {seed}: caught {took}: {where} by {failure}", flush=True)
        else:
            print(f"seed {seed}: SURVIVED {took}: {where}\n{diff}", flush=True)
        return failure is not None
    print(f"seed {seed}: nothing that builds", flush=True)
    return None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--seed", type=int, help="the first one; by default a random one")
    parser.add_argument("--count", type=int, default=1, help="how many seeds, from the first on")
    parser.add_argument("--native", action="store_true", help="in C and Cython, not in Python")
    parser.add_argument("--paths", nargs="+", help="patterns of files, such as 'corereg/ops/*.py'")
    parser.add_argument("--measured", type=Path, help="a folder that keeps what all tests take")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="only tests that execute the change, and none that is exhaustive",
    )
    options = parser.parse_args(arguments)
    first = random.randrange(10**6) if options.seed is None else options.seed
    mutants = mutants_of(ROOT, options.paths or (NATIVE if options.native else PYTHON))
    if not mutants:
        parser.error(f"expected files to change, found none that match {options.paths}")
    seeds = range(first, first + options.count)
    print(f"seeds {seeds[0]} to {seeds[-1]}: of {sum(map(len, mutants.values()))} mutants")
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(ROOT, Path(folder), options.quick)
        if any(is_native(mutant.path) for kind in mutants.values() for mutant in kind):
            copy.build_all()
        failure = copy.measure(options.measured or Path(folder, "measured"))
        if failure is not None:
            print(f"expected tests that pass without a change; they said\n{failure}")
            return 1
        print(f"unchanged: all tests pass, in {sum(copy.seconds.values()):.0f} s", flush=True)
        found = {seed: run(copy, mutants, seed) for seed in seeds}
    caught, survived = ([s for s in seeds if found[s] is noticed] for noticed in (True, False))
    print(f"{len(caught)} caught, {len(survived)} survived: seeds {survived}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
