"""Pictures of models: plot_model and model_to_dot."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree

import pytest

import corereg
from corereg import layers, utils
from corereg.utils.diagram_layout import width_of

SVG = "{http://www.w3.org/2000/svg}"
ALL = {
    "show_shapes": True,
    "show_dtype": True,
    "show_layer_names": True,
    "show_layer_activations": True,
    "show_trainable": True,
}


def stack(name="tower"):
    return corereg.Sequential(
        [corereg.Input((8,)), layers.Dense(6, "relu", name="first"), layers.Dense(4, name="last")],
        name=name,
    )


def branches():
    """Two inputs, a model within, one within that, a way around, two outputs."""
    a, b = corereg.Input((8,), name="a"), corereg.Input((5,), name="b <&>")
    inside = corereg.Input((8,), name="inside")
    outer = corereg.Model(
        inside, layers.Rescaling(2.0, name="twice")(stack()(inside)), name="outer"
    )
    x = layers.Concatenate(name="both")([outer(a), b])
    frozen = layers.Dense(3, "softmax", name="kind", trainable=False)
    return corereg.Model([a, b], [frozen(x), layers.Dense(1, name="price")(x)], name="many")


def names(diagram, connected):
    titles = [box.title.partition(" ")[0] for box in diagram.boxes]
    return {(titles[s], titles[t]) for s, t in diagram.edges} if connected else titles


def test_the_width_of_a_text():
    """Letters of four widths; a box leaves room for its title."""
    widths = [width_of(one) for one in ("i", "o", "O", "W")]
    assert widths == sorted(set(widths))
    assert width_of("iO") == width_of("i") + width_of("O")
    assert width_of("o", bold=True) > width_of("o")


def test_boxes_and_arrows():
    diagram = utils.model_to_dot(branches())
    assert sorted(names(diagram, False)) == ["a", "b", "both", "kind", "outer", "price"]
    assert names(diagram, True) == {
        *(("a", "outer"), ("outer", "both"), ("b", "both"), ("both", "kind"), ("both", "price")),
    }
    assert diagram.groups == []


def test_models_within_are_drawn_as_their_layers():
    diagram = utils.model_to_dot(branches(), expand_nested=True)
    assert names(diagram, True) == {
        *(("a", "inside"), ("inside", "first"), ("first", "last"), ("last", "twice")),
        *(("twice", "both"), ("b", "both"), ("both", "kind"), ("both", "price")),
    }
    titles = names(diagram, False)
    found = {group.name: {titles[n] for n in group.members} for group in diagram.groups}
    assert found == {
        "tower": {"first", "last"},
        "outer": {"inside", "first", "last", "twice"},
    }
    text = diagram.to_string()
    assert text.index('label="outer"') < text.index('label="tower"')
    assert text.count("{") == text.count("}") == 3


def test_what_boxes_tell():
    diagram = utils.model_to_dot(stack(), **ALL)
    first = diagram.boxes[0]
    assert first.title == "first (Dense)"
    assert first.lines == [
        *("Activation: relu", "Input shape: (None, 8)", "Output shape: (None, 6)"),
        "Output dtype: float32",
    ]
    assert (first.trainable, diagram.edges) == (True, [(0, 1)])
    kinds = {box.title: box for box in utils.model_to_dot(branches(), **ALL).boxes}
    assert kinds["both (Concatenate)"].lines[0] == "Input shape: (None, 4), (None, 5)"
    assert kinds["both (Concatenate)"].trainable is None
    assert kinds["kind (Dense)"].trainable is False
    plain = utils.model_to_dot(stack(), show_layer_names=False).boxes
    assert [(box.title, box.lines) for box in plain] == [("Dense", []), ("Dense", [])]


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_boxes_do_not_touch_and_arrows_lead_on(rankdir):
    diagram = utils.model_to_dot(branches(), rankdir=rankdir, expand_nested=True, **ALL)
    picture = diagram.picture()
    places = [place for _, place in picture.boxes]
    for i, a in enumerate(places):
        assert 0 < a.x < a.x + a.width < picture.width
        assert 0 < a.y < a.y + a.height < picture.height
        for b in places[:i]:
            apart = a.x + a.width < b.x or b.x + b.width < a.x
            assert apart or a.y + a.height < b.y or b.y + b.height < a.y
    axis, sign = {"TB": (1, 1), "BT": (1, -1), "LR": (0, 1), "RL": (0, -1)}[rankdir]
    assert len(picture.arrows) == len(diagram.edges)
    for points in picture.arrows:
        flow = [sign * point[axis] for point in points]
        assert flow == sorted(flow)
        assert len({*flow}) == len(flow)


def test_svg(tmp_path):
    path = tmp_path / "model.svg"
    made = utils.plot_model(branches(), path, expand_nested=True, **ALL)
    root = ElementTree.fromstring(path.read_text())
    texts = [one.text for one in root.iter(f"{SVG}text")]
    assert {"b <&> (InputLayer)", "tower", "outer"} <= {*texts}
    shown = [one.trainable for one, _ in made.picture().boxes if one.trainable is not None]
    assert texts.count("Trainable") == shown.count(True) > 0
    assert texts.count("Non-trainable") == shown.count(False) > 0
    assert len(list(root.iter(f"{SVG}polygon"))) == len(made.edges)
    assert made._repr_svg_() == path.read_text() == made.create(format="svg").decode()


def test_dot(tmp_path):
    path = tmp_path / "model.dot"
    utils.model_to_dot(branches(), rankdir="LR", dpi=70).write(path)
    text = path.read_text()
    assert text.startswith('digraph "many" {\nrankdir=LR; dpi=70;')
    assert "b &lt;&amp;&gt; (InputLayer)" in text
    assert text.count("->") == 5


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_by_matplotlib(ending, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"model.{ending}"
    utils.plot_model(branches(), path, expand_nested=True, dpi=30, **ALL)
    assert path.read_bytes()[:4] == (b"%PDF" if ending == "pdf" else b"\x89PNG")


def test_without_matplotlib(tmp_path, monkeypatch, fails):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    path = tmp_path / "model.png"
    fails(
        lambda: utils.plot_model(stack(), path), ImportError, r'"corereg\[plot\]", or write an .svg'
    )
    assert not path.exists()


def test_other_models_are_one_box():
    class Own(corereg.Model):
        def call(self, x):
            return x

    model = Own(name="own")
    model(corereg.Tensor([[1.0]]))
    diagram = utils.model_to_dot(model, show_shapes=True)
    assert [box.title for box in diagram.boxes] == ["own (Own)"]
    assert diagram.to_svg().startswith("<svg")


def test_shared_layers_are_one_box():
    a, b = corereg.Input((3,), name="a"), corereg.Input((3,), name="b")
    shared = layers.Dense(3, name="shared")
    model = corereg.Model([a, b], layers.Add(name="sum")([shared(a), shared(shared(b))]))
    diagram = utils.model_to_dot(model)
    assert names(diagram, True) == {
        *(("a", "shared"), ("b", "shared"), ("shared", "shared"), ("shared", "sum")),
    }
    assert diagram.to_svg().count("<polygon") == 4


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (
            lambda: utils.model_to_dot(layers.Dense(1)),
            TypeError,
            "expected a Model, received Dense",
        ),
        (
            lambda: utils.plot_model(corereg.Sequential([layers.Dense(1)])),
            ValueError,
            "a model that has been built",
        ),
        (
            lambda: utils.model_to_dot(stack(), rankdir="UP"),
            ValueError,
            "rankdir in TB, BT, LR, RL",
        ),
    ],
)
def test_bad_arguments(call, exception, message, fails):
    fails(call, exception, message)


# ---- Config, get_source_inputs -------------------------------------------------------------------


def test_config(fails):
    config = utils.Config(b=1, a=2)
    config.c = 3
    assert (config.c, config["a"], len(config), list(config)) == (3, 2, 3, ["a", "b", "c"])
    assert "b" in config
    assert config.pop("b") == 1
    config.freeze()
    assert config.frozen
    for change in (
        *(lambda: setattr(config, "d", 4), lambda: config.pop("a"), lambda: config.update(a=1)),
    ):
        fails(change, ValueError, "it is frozen")
    config.unfreeze()
    config.update(rate=0.5)
    assert config.as_dict() == {"a": 2, "c": 3, "rate": 0.5}
    assert repr(config) == "<Config {'a': 2, 'c': 3, 'rate': 0.5}>"
    fails(lambda: config.rat, AttributeError, "no value 'rat'; did you mean 'rate'")
    fails(lambda: setattr(config, "keys", 1), AttributeError, "another name")


def test_source_inputs():
    a, b = corereg.Input((3,)), corereg.Input((3,))
    found = utils.get_source_inputs(layers.Add()([layers.Dense(3)(b), layers.Add()([a, b])]))
    assert {id(one) for one in found} == {id(a), id(b)}
    assert len(found) == 2
    assert utils.get_source_inputs(a) == [a]
    assert utils.get_source_inputs(3) == 3
