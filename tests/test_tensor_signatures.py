"""What type checkers and editors are told of Tensor's methods, which are ops and so stand above it:
the signatures in corereg/autograd/signatures*.py are those of the methods that methods/ gives."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import corereg
from corereg import Tensor
from corereg.autograd import deferred, methods
from corereg.autograd.missing import missing_names


def arguments(function):
    """What a function takes after its first parameter."""
    parameters = [*inspect.signature(function).parameters.values()]
    return [(p.name, p.kind, p.default) for p in parameters[1:]]


def signatures_for_type_checkers():
    """The members that Tensor's bases in two files have while types are checked."""
    names = {}
    for file in ("signatures_of_shapes.py", "signatures.py"):
        tree = ast.parse((Path(corereg.__file__).parent / "autograd" / file).read_text())
        for told in [n for n in tree.body if isinstance(n, ast.ClassDef)]:
            told.body = [m for n in told.body if isinstance(n, ast.If) for m in n.body]
            told.bases, made = [], {"overload": typing.overload}
            future = ast.parse("from __future__ import annotations").body
            exec(compile(ast.Module([*future, told], []), file, "exec"), made)
            members = vars(made[told.name])
            names |= {n: m for n, m in members.items() if callable(m) or type(m) is property}
    return names


SIGNATURES = signatures_for_type_checkers()


@pytest.mark.parametrize("name", SIGNATURES)
def test_type_checkers_are_told_what_a_method_is(name):
    told, method = SIGNATURES[name], inspect.getattr_static(Tensor, name)
    assert getattr(object, name, None) is not method
    if isinstance(told, property):
        assert isinstance(method, property)
        assert method.__doc__
    elif name.startswith("__array") or not name.startswith("__"):
        assert arguments(told) == arguments(method)
        assert method.__doc__
    elif inspect.isfunction(method):
        assert len(arguments(told)) == len(arguments(method))


def test_type_checkers_are_told_of_every_method_that_is_an_op():
    given = {*methods.METHODS, *(function.__name__ for function in methods.FUNCTIONS)}
    compiled = SIGNATURES.keys() - vars(Tensor).keys()
    assert given == SIGNATURES.keys() - compiled
    assert {name.strip("_").removeprefix("r") for name in compiled} == {
        *("add", "sub", "mul", "truediv", "matmul", "neg")
    }


# ---- methods that come when one is used first ----------------------------------------------------


def test_the_names_that_tensor_gets_later_are_those_of_its_methods():
    given = {function.__name__ for function in methods.FUNCTIONS} | set(methods.METHODS)
    assert sorted([*given, *missing_names()]) == sorted(deferred.METHODS)
    assert not [name for name in deferred.METHODS if type(vars(Tensor)[name]) is deferred.Deferred]


FIRST_USES = {
    "t.sum()": "Tensor(3.)",
    "t.T": "Tensor([1., 2.])",
    "t[1]": "Tensor(2.)",
    "t == t": "Tensor([ True,  True], dtype=bool)",
    "-t": "Tensor([-1., -2.])",
    "t @ t": "Tensor(5.)",
    "2 ** t": "Tensor([2., 4.])",
    "np.add(t, t)": "Tensor([2., 4.])",
    "Tensor.sum(t)": "Tensor(3.)",
    "Own([1.0, 2.0]).sum()": "Tensor(4.)",
    "hasattr(t, 'cuda'), hasattr(t, 'nothing')": "False False",
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("use", FIRST_USES)
def test_the_first_use_of_a_tensor_may_be_any(use):
    program = f"""
import sys
import numpy as np
from corereg import Tensor
class Own(Tensor):
    def sum(self):
        return super().sum() + 1.0
assert "corereg.autograd.methods" not in sys.modules
t = Tensor([1.0, 2.0])
print({use})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == FIRST_USES[use], done.stderr
