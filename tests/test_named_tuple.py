"""NamedTuple of corereg.named_tuple does what Python's own does."""

from __future__ import annotations

import copy
import inspect
import pickle
import typing

import pytest

from corereg.named_tuple import NamedTuple


class Own(NamedTuple):
    """Text."""

    first: int
    second: str = "b"

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"


class Pythons(typing.NamedTuple):
    first: int
    second: str = "b"


def test_it_is_a_tuple_with_names():
    one = Own(1)
    first, second = one
    assert (first, second, one.both, one[1]) == (1, "b", "1b", "b")
    assert one == (1, "b") == Own(second="b", first=1)
    assert hash(one) == hash((1, "b"))
    assert repr(one) == "Own(first=1, second='b')"
    assert Own.__doc__ == "Text."


@pytest.mark.parametrize("name", ["_fields", "_field_defaults", "__match_args__", "__slots__"])
def test_the_class_tells_of_its_fields_as_pythons_does(name):
    assert getattr(Own, name) == getattr(Pythons, name)
    assert str(inspect.signature(Own)).partition(" ->")[0] == "(first: 'int', second: 'str' = 'b')"


def test_methods_are_those_of_pythons():
    one, other = Own(1, "c"), Pythons(1, "c")
    assert one._asdict() == other._asdict()
    assert one._replace(first=3) == other._replace(first=3)
    for same in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert type(same) is Own
        assert same == one


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((1, "b", 3), {}), ((1,), {"third": 3}), ((1,), {"first": 1}), ((), {"second": 2})],
)
def test_other_arguments_raise(values, named):
    with pytest.raises(TypeError, match="Own: expected first, second, received"):
        Own(*values, **named)


def test_fields_cannot_be_set():
    one = Own(1)
    for name in ("first", "third"):
        with pytest.raises(AttributeError):
            setattr(one, name, 2)
