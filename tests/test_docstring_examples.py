"""Every public class and function shows in its docstring how it is used, and what it shows is true.

The examples are doctests. They suppose what `names_of_examples` gives: NumPy as `np`, `corereg`,
`Tensor`, and the modules of the package by their own names, such as `ops` and `layers`; in the
docstrings of `corereg.autograd`, whose functions have PyTorch's words, `ops` is
`corereg.autograd.ops`. Whitespace does not count. What an example changes in the process is put
back: the default dtype, threads, seeds, names, registered parts, warnings.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import inspect
import random as python_random
import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import public_api
import pytest

import corereg
from corereg import _kernels, naming, progress, registry
from corereg.autograd import registry as op_registry

ROOTS = ("corereg", "corereg.autograd.ops", "corereg.optimizers.schedules")
"""Where public names are looked for: in `__all__` of these and of all modules named there."""
WHOLE = {corereg.Tensor, corereg.Parameter}
"""Classes of which each public method and property has an example."""
WORDS_OF_EXAMPLES = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


class Documented(NamedTuple):
    """Something with a docstring. home: the package that defines it, "corereg" or one in it."""

    home: str
    name: str
    text: str
    needs_example: bool


@cache
def documented() -> tuple[Documented, ...]:
    """All public classes and functions, and the members of the classes, each once."""
    found: list[Documented] = []
    classes: dict[type, Documented] = {}
    seen: set[int] = set()
    waiting = list(ROOTS)
    for path in waiting:
        module = importlib.import_module(path)
        for name in public_api.public_names(module):
            try:
                value = getattr(module, name)
            except ImportError:  # an extra is not installed
                continue
            if inspect.ismodule(value):
                if value.__name__ not in waiting:
                    waiting.append(value.__name__)
            elif callable(value) and id(value) not in seen:
                seen.add(id(value))
                full = f"{path}.{name}"
                found.append(Documented(home_of(value, path), full, value.__doc__ or "", True))
                if inspect.isclass(value):
                    classes[value] = found[-1]
    for kind, it in classes.items():
        others = {base for base in public_api.bases(kind) if base in classes and base is not kind}
        inherited = {base for other in others for base in public_api.bases(other)}
        found += members(kind, {*public_api.bases(kind)} - inherited, it)
    return tuple(found)


def home_of(value: Any, path: str) -> str:
    """The package that defines a class or function if it is public, else where it is found."""
    defined = getattr(value, "__module__", None) or path
    for module in (defined, path):
        first = module.removeprefix("corereg").removeprefix(".").partition(".")[0]
        if first in corereg._SUBMODULES:
            return first
    return "corereg"


def members(kind: type, own: set[type], it: Documented) -> Iterator[Documented]:
    """The public methods and properties of a class that these of its bases define."""
    for name in sorted({name for base in own for name in vars(base)}):
        if name.startswith("_") or not hasattr(kind, name):
            continue
        value = inspect.getattr_static(kind, name)
        method = callable(value) or isinstance(value, property | classmethod | staticmethod)
        if method or (inspect.isgetsetdescriptor(value) and value.__doc__):
            text = inspect.getdoc(value) or ""
            yield Documented(it.home, f"{it.name}.{name}", text, kind in WHOLE)


def homes() -> list[str]:
    return ["corereg", *corereg._SUBMODULES]


@cache
def names_of_examples(home: str) -> dict[str, Any]:
    """What examples may use without importing it."""
    modules = {}
    for name in corereg._SUBMODULES:
        with contextlib.suppress(ImportError):  # an extra is not installed
            modules[name] = importlib.import_module(f"corereg.{name}")
    given = {"np": np, "corereg": corereg, "Tensor": corereg.Tensor, **modules}
    return {**given, "ops": corereg.autograd.ops} if home == "autograd" else given


@pytest.fixture
def state_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[None]:
    """Puts back what examples change in the process."""
    monkeypatch.chdir(tmp_path)
    kept = [op_registry, naming._counts, registry._custom, registry._registered_names]
    copies = [table.copy() for table in kept]
    dtype, threads = corereg.config.floatx(), _kernels.get_num_threads()
    policy = corereg.config._policy
    interactive = progress.Display.interactive
    seeds = corereg.random.get_state(), python_random.getstate(), np.random.get_state()  # noqa: NPY002
    with warnings.catch_warnings(), np.printoptions(precision=8, threshold=1000, suppress=False):
        yield
    for table, copy in zip(kept, copies, strict=True):
        table.clear()
        table.update(copy)
    corereg.config.set_floatx(dtype)
    corereg.config._policy = policy
    _kernels.set_num_threads(0)
    if _kernels.get_num_threads() != threads:
        _kernels.set_num_threads(threads)
    progress.Display.interactive = interactive
    corereg.random.set_state(seeds[0])
    python_random.setstate(seeds[1])
    np.random.set_state(seeds[2])  # noqa: NPY002


def failures(name: str, text: str, given: dict[str, Any]) -> str:
    """What doctest says of the examples in a docstring: nothing if they are right."""
    test = doctest.DocTestParser().get_doctest(text, given, name, name, 0)
    told: list[str] = []
    naming.restart()
    doctest.DocTestRunner(verbose=False, optionflags=WORDS_OF_EXAMPLES).run(test, out=told.append)
    return "".join(told)


@pytest.mark.usefixtures("state_kept")
@pytest.mark.parametrize("home", homes())
def test_examples_show_what_happens(home):
    told = [
        failures(one.name, one.text, names_of_examples(home))
        for one in documented()
        if one.home == home and ">>>" in one.text
    ]
    assert not any(told), "\n".join(text for text in told if text)


@pytest.mark.parametrize("home", homes())
def test_every_public_class_and_function_has_an_example(home):
    without = [
        one.name
        for one in documented()
        if one.home == home and one.needs_example and ">>>" not in one.text
    ]
    assert not without, f"no example in the docstrings of {', '.join(without)}"


def test_the_docstring_of_ops_tells_all_groups():
    told = dict(
        re.findall(r"^    (\w+)  +(?:what Keras has not: )?(.*)$", corereg.ops.__doc__, re.M)
    )
    assert told.keys() == {*corereg.ops._MODULES.values()}
    for group, names in told.items():
        for name in re.split("[,;] ", names):
            assert corereg.ops._MODULES[name] == group


def test_a_wrong_example_is_found():
    assert "Expected:\n    5\nGot:\n    4" in failures("two", ">>> 2 + 2\n5\n", {})
    assert not failures("two", ">>> 2 + 2\n4\n", {})
