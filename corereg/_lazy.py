"""Packages whose names are imported when they are first used (PEP 562), so that importing the
package itself costs next to nothing:

    if TYPE_CHECKING:  # what type checkers and editors see
        from corereg.losses.base import Loss as Loss
        from corereg.losses.regression import MeanSquaredError as MeanSquaredError

    _MODULES = {"Loss": "base", "MeanSquaredError": "regression"}

    __getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="loss")

The registry reads `_MODULES` too, to import one module instead of all when it looks for a name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any

import corereg.importing  # noqa: F401  # for what a fork waits


def lazy_package(
    package: str,
    modules: Mapping[str, str],
    *,
    submodules: Iterable[str] = (),
    kind: str | None = None,
    remedies: str | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The `__getattr__`, `__dir__` and `__all__` of a package.

    modules: each public name and the module of the package that defines it, or a module of another
    package, such as "corereg.random"; submodules: modules and packages that are public as a whole;
    kind: the registry's word for the parts in the package: one in a file that the table does not
    list yet is then found too, by importing all files. remedies: a module whose `at_top(name)` says
    what to use for a name that is not here, or None. For Keras's names `corereg.unavailable` does.
    """
    whole = frozenset(submodules)

    def __getattr__(name: str) -> Any:
        if name in modules:
            home = modules[name]
            inside = home if home.startswith("corereg.") else f"{package}.{home}"
            found = getattr(import_module(inside), name)
        elif name in whole:
            return import_module(f"{package}.{name}")  # which binds the name, too
        elif _is_module(package, name):
            # `from package import module` asks here first, and then imports it
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        else:
            found = None if kind is None else _unlisted(kind, package, name)
            if found is None:
                raise _missing(package, name, remedies)
        vars(sys.modules[package])[name] = found  # the next use does not come here
        return found

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules, *whole})

    return __getattr__, __dir__, sorted({*modules, *whole})


class later:
    """A module that is imported when something of it is first used:

        if TYPE_CHECKING:
            from corereg.training import fit as fitting
        else:
            fitting = later("corereg.training.fit")

    What has been used once is found without a call.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __repr__(self) -> str:
        return f"later({self._module!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # copies and the like ask whether they are there
        found = getattr(import_module(self._module), name)
        vars(self)[name] = found
        return found


class MissingModules:
    """Python's last finder of modules: asked for one of corereg's that no other finder has, it says
    where what Keras has in it is here."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        """None for modules of others; ModuleNotFoundError for those of corereg."""
        if not name.startswith("corereg."):
            return
        from corereg.unavailable import refusal

        package, _, last = name.rpartition(".")
        told = refusal(package.removeprefix("corereg").removeprefix("."), last)
        if told is None and package != "corereg":
            told = f"what {package} has is in it itself, as in `from {package} import ...`"
        more = "" if told is None else f"; {told}"
        raise ModuleNotFoundError(f"No module named {name!r}{more}", name=name)


class Older:
    """An attribute of a class that had it in earlier years: asking for it and setting it raise an
    AttributeError that says what to use. `hasattr` is False."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, kind: type) -> Any:
        from corereg.older_words import ATTRIBUTES

        text = f"{kind.__name__!r} object has no attribute {self.name!r}; {ATTRIBUTES[self.name]}"
        raise AttributeError(text, name=self.name, obj=owner)

    def __set__(self, owner: Any, value: Any) -> None:
        self.__get__(owner, type(owner))


def _missing(package: str, name: str, remedies: str | None) -> Exception:
    """The error for a name that is not in a package: an AttributeError, but for names of Keras's in
    `from package import name`, for which Python would leave out what the error says."""
    plain = f"module {package!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(plain)
    from corereg.unavailable import refusal

    told = refusal(package.removeprefix("corereg").removeprefix("."), name)
    if told is not None:
        caller = sys._getframe(2).f_code
        if caller.co_name == "_handle_fromlist" and "importlib" in caller.co_filename:
            return ImportError(told, name=package)
        return AttributeError(told)
    use = None if remedies is None else import_module(remedies).at_top(name)
    return AttributeError(f"{plain}; use {use}" if use else plain)


def _is_module(package: str, name: str) -> bool:
    """Whether a package has a module of this name, imported or not."""
    path = vars(sys.modules[package]).get("__path__")
    return path is not None and PathFinder.find_spec(f"{package}.{name}", path) is not None


def _unlisted(kind: str, package: str, name: str) -> Any:
    """The part of this kind that some module of the package defines under this name, or None."""
    if name.startswith("_"):
        return None  # Python itself asks for names such as __path__
    from corereg import registry

    found = registry.parts(kind).get(name)
    inside = getattr(found, "__module__", "").startswith(f"{package}.")
    return found if inside else None


sys.meta_path.append(MissingModules)
