"""Names of Keras: docs/keras-names.md is what the code has, and what is not here says why."""

from __future__ import annotations

import importlib

import pytest
from keras_names import KERAS, PAGE, page

import corereg
from corereg.unavailable import TOP, UNAVAILABLE, refusal

NAMES = [(package, name) for package, names in UNAVAILABLE.items() for name in names]


def test_the_page_is_what_the_code_has():
    assert PAGE.read_text() == page(), "PYTHONPATH=. python tests/keras_names.py writes it anew"


def test_only_names_of_keras_that_are_not_here_are_refused():
    extra = {"ops": {"image", "nn", "numpy"}, "optimizers": {"legacy"}}  # modules of Keras's
    for package, names in UNAVAILABLE.items():
        module = importlib.import_module(f"corereg.{package}")
        assert set(names) <= {*KERAS["names"][package]} | extra.get(package, set())
        assert not [name for name in names if hasattr(module, name)]


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_what_is_not_here_says_why(package, name):
    told = f"corereg.{package} has no {name!r}: {UNAVAILABLE[package][name]}"
    with pytest.raises(AttributeError) as caught:
        getattr(importlib.import_module(f"corereg.{package}"), name)
    assert str(caught.value) == told
    with pytest.raises(ImportError) as imported:
        exec(f"from corereg.{package} import {name}")
    assert str(imported.value) == told


@pytest.mark.parametrize("name", TOP)
def test_packages_that_are_not_here_say_why(name):
    with pytest.raises(AttributeError, match=f"^corereg has no {name!r}: "):
        getattr(corereg, name)
    with pytest.raises(ImportError, match=f"^corereg has no {name!r}: "):
        exec(f"from corereg import {name}")


def test_other_names_are_python_s_own_error():
    assert refusal("layers", "Nonsense") is None
    with pytest.raises(ImportError, match=r"cannot import name 'Nonsense' from 'corereg\.layers'"):
        exec("from corereg.layers import Nonsense")
