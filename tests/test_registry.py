"""The registry of parts: names, the user's own, what files hold of them, and what is imported."""

from __future__ import annotations

import sys
import threading

import pytest

from corereg import registry
from corereg.registry import (
    custom_object_scope,
    deserialize,
    find,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register,
    register_keras_serializable,
    resolve,
    serialize,
)


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Forgets what a test registers."""
    parts = {kind: dict(known) for kind, known in registry._parts.items()}
    monkeypatch.setattr(registry, "_parts", parts)
    monkeypatch.setattr(registry, "_complete", set(registry._complete))
    monkeypatch.setattr(registry, "_custom", dict(registry._custom))
    monkeypatch.setattr(registry, "_registered_names", dict(registry._registered_names))


class Part:
    """Something with a config."""

    def __init__(self, strength=1.0):
        self.strength = strength

    def get_config(self):
        return {"strength": self.strength}


class Built(Part):
    @classmethod
    def from_config(cls, config):
        made = cls(config["strength"] + 1)
        made.way = "from_config"
        return made


def function(x):
    return x


# ---- parts of corereg ---------------------------------------------------------------------------


def test_a_part_is_found_by_its_own_name_and_its_aliases():
    assert register("loss", "part_one", "P1")(Part) is Part
    assert find("loss", "Part") is find("loss", "part_one") is find("loss", "P1") is Part
    assert find("layer", "Part") is None
    assert find("loss", "part") is None
    register("loss", "P2")(Part)  # once more, as when a module is imported again
    names = registry.names("loss")
    assert names == sorted(names)
    assert {"Part", "part_one", "P1", "P2"} <= set(names)
    assert registry.parts("loss")["Part"] is Part
    assert not {"P1", "P2"} & set(registry.parts("loss"))


def test_names_that_are_taken(fails):
    register("loss", "P1")(Part)
    message = "register: there is a loss named 'P1' already: .*Part"
    fails(lambda: register("loss", "P1")(Built), ValueError, message)
    register("layer", "P1")(Built)  # another kind
    assert find("loss", "P1") is Part
    assert find("layer", "P1") is Built


def test_an_unknown_kind(fails):
    message = "register: expected a kind of .*'layer', 'loss'.*, received 'colour'"
    fails(lambda: register("colour"), ValueError, message)


def test_what_get_makes_of_names_classes_dicts_and_objects(fails):
    register("loss", "p")(Part)
    register("loss")(function)
    assert type(resolve("loss", "p")) is Part
    assert resolve("loss", "p").strength == 1
    assert type(resolve("loss", Built)) is Built
    assert resolve("loss", "function") is function
    assert resolve("loss", {"class_name": "Part", "config": {"strength": 3}}).strength == 3
    for other in (part := Part(), function, 7, None):
        assert resolve("loss", other) is other
    assert part.strength == 1
    message = "unknown loss 'q'; known are .*Part, .*function, .*p.*, or pass an object"
    fails(lambda: resolve("loss", "q"), ValueError, message)


# ---- files --------------------------------------------------------------------------------------


def test_a_part_and_its_description():
    register("loss")(Part)
    register("loss")(Built)
    assert serialize("loss", None) is None
    described = serialize("loss", Part(2.0))
    assert described == {"class_name": "Part", "config": {"strength": 2.0}}
    again = deserialize("loss", described)
    assert (type(again), again.strength) == (Part, 2.0)
    again = deserialize("loss", serialize("loss", Built(2.0)))
    assert (type(again), again.strength, again.way) == (Built, 3.0, "from_config")
    assert deserialize("loss", {"class_name": "Part"}).strength == 1


def test_a_function_is_described_by_its_name():
    register("activation")(function)
    assert deserialize("activation", {"class_name": "function", "config": {}}) is function


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class_name": "Other", "config": {}}, "unknown loss 'Other'; known are .*Part"),
        ({"config": {}}, "unknown loss None; known are"),
        ({"class_name": ["Part"], "config": {}}, r"unknown loss \['Part'\]; known are"),
        ({"class_name": "Part", "config": [1]}, r"loss 'Part': expected a config of named values"),
        ({"class_name": "Part", "config": {1: 1}}, r"named values, got \{1: 1\}"),
        ({"class_name": "Part", "config": None}, "named values, got None"),
    ],
)
def test_descriptions_that_make_no_part(config, message, fails):
    register("loss")(Part)
    fails(lambda: deserialize("loss", config), ValueError, message)


def test_what_cannot_be_described(fails):
    message = "cannot save the loss 3: give it a get_config.. method, or save the weights alone"
    fails(lambda: serialize("loss", 3), TypeError, message)


# ---- the user's own -----------------------------------------------------------------------------


def test_within_a_scope_names_stand_for_the_users_own():
    register("loss", "P1")(Part)
    with custom_object_scope({"P1": Built, "mine": function}) as scope:
        assert find("loss", "P1") is Built
        assert find("layer", "mine") is function  # of every kind
        with custom_object_scope({"P1": Part}), custom_object_scope(None):
            assert find("loss", "P1") is Part
            assert find("loss", "mine") is function
        assert find("loss", "P1") is Built
        with scope:  # again
            assert find("loss", "P1") is Built
        assert find("loss", "P1") is Built
    assert find("loss", "P1") is Part
    assert find("layer", "mine") is None


def test_scopes_that_are_equal_end_in_their_order():
    with custom_object_scope({"mine": Part}), custom_object_scope({"mine": Built}):
        with custom_object_scope({"mine": Part}):
            assert find("loss", "mine") is Part
        assert find("loss", "mine") is Built


def test_a_scope_is_of_its_thread_and_ends_with_an_error():
    found = []

    def run():
        with custom_object_scope({"mine": Part}):
            other = threading.Thread(target=lambda: found.append(find("loss", "mine")))
            other.start()
            other.join(10)
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        run()
    assert found == [None]
    assert find("loss", "mine") is None


def test_a_scope_keeps_what_it_was_given():
    given = {"mine": Part}
    scope = custom_object_scope(given)
    given["mine"] = Built
    with scope:
        assert find("loss", "mine") is Part


def test_parts_that_are_registered_for_files():
    assert register_keras_serializable("mine", "Named")(Part) is Part
    register_keras_serializable()(function)
    assert get_registered_name(Part) == "mine>Named"
    assert get_registered_name(function) == "Custom>function"
    assert get_registered_name(Built) == "Built"
    described = serialize("loss", Part(2.0))
    assert described == {
        "class_name": "Part",
        "config": {"strength": 2.0},
        "registered_name": "mine>Named",
    }
    assert type(deserialize("loss", described)) is Part
    assert find("loss", "mine>Named") is get_custom_objects()["mine>Named"] is Part
    register_keras_serializable("mine", "Named")(Part)  # once more


def test_a_registered_name_that_is_not_known_here_gives_way_to_the_class():
    register("loss")(Part)
    described = {"class_name": "Part", "config": {}, "registered_name": "other>Part"}
    assert type(deserialize("loss", described)) is Part


def test_what_cannot_be_registered_for_files(fails):
    message = "expected a class with get_config.., received int"
    fails(lambda: register_keras_serializable()(int), ValueError, message)
    register_keras_serializable("mine", "Named")(Part)
    message = "'mine>Named' is registered already: .*Part"
    fails(lambda: register_keras_serializable("mine", "Named")(Built), ValueError, message)
    assert get_registered_name(Built) == "Built"


def test_objects_by_their_registered_names():
    register_keras_serializable("mine")(Part)
    get_custom_objects()["plain"] = Built
    assert get_registered_object("mine>Part") is Part
    assert get_registered_object("plain") is Built
    assert get_registered_object("other") is None
    assert get_registered_object("other", {"other": Part}, {"other": Built}) is Part
    assert get_registered_object("other", {}, {"other": Built}) is Built
    with custom_object_scope({"other": function}):
        assert get_registered_object("other", {"other": Part}) is function


# ---- imports ------------------------------------------------------------------------------------

MODULE = """
from corereg.registry import register

@register("loss", "{alias}")
class {name}:
    pass
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of losses that says where each is; gives the names of the modules imported."""
    folder = tmp_path / "parts_of_a_test"
    folder.mkdir()
    table = {"BigLoss": "big", "SmallLoss": "small"}
    (folder / "__init__.py").write_text(f"_MODULES = {table}\n")
    (folder / "big.py").write_text(MODULE.format(name="BigLoss", alias="bl"))
    (folder / "small.py").write_text(MODULE.format(name="SmallLoss", alias="sl"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.PACKAGES, "loss", "parts_of_a_test")
    monkeypatch.setitem(registry._parts, "loss", {})
    registry._complete.discard("loss")
    yield lambda: sorted(m[16:] for m in sys.modules if m.startswith("parts_of_a_test."))
    for name in [m for m in sys.modules if m.startswith("parts_of_a_test")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["BigLoss", "big_loss", "bigloss"])
def test_one_module_is_imported_for_a_name_that_tells_it(package, name):
    found = find("loss", name)
    assert package() == (["big"] if name == "BigLoss" else ["big", "small"])
    assert (found is None) == (name != "BigLoss")


def test_all_modules_are_imported_for_a_name_that_tells_none(package):
    assert find("loss", "sl").__name__ == "SmallLoss"
    assert package() == ["big", "small"]
    assert registry.names("loss") == ["BigLoss", "SmallLoss", "bl", "sl"]
    assert sorted(registry.parts("loss")) == ["BigLoss", "SmallLoss"]
