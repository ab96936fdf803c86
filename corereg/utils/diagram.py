"""Pictures of models as graphs of their layers: plot_model, model_to_dot."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from corereg.graph.nest import flatten
from corereg.models import Model, Sequential
from corereg.utils.diagram_layout import Drawing, Picture, arranged

DIRECTIONS = ("TB", "BT", "LR", "RL")


class Options(NamedTuple):
    """What boxes tell of layers."""

    show_shapes: bool
    show_dtype: bool
    show_layer_names: bool
    show_layer_activations: bool
    show_trainable: bool
    expand_nested: bool


class Box(NamedTuple):
    """A layer: its head, the lines below it, and whether its weights train (None: not told)."""

    title: str
    lines: list[str]
    trainable: bool | None


class Group(NamedTuple):
    """A model within a model, and the boxes of its layers, by number."""

    name: str
    members: list[int]


class Ends(NamedTuple):
    """The boxes where a layer, or a model that is drawn as its layers, takes its inputs and gives
    its outputs."""

    inputs: list[int]
    outputs: list[int]


class ModelDiagram:
    """A model as boxes and arrows. Notebooks show it; `to_string()` is its text in the language DOT
    of Graphviz, `to_svg()` a picture, `write(path)` writes either, by the ending of the path, or by
    matplotlib what else that knows.

    >>> model = corereg.Sequential([corereg.Input((3,)), layers.Dense(2, name="out")])
    >>> diagram = utils.model_to_dot(model)
    >>> len(diagram.boxes), diagram.edges, diagram.to_svg()[:4]
    (1, [], '<svg')
    """

    def __init__(self, name: str, rankdir: str, dpi: int, options: Options) -> None:
        self.name, self.rankdir, self.dpi, self._options = name, rankdir, dpi, options
        self.boxes: list[Box] = []
        self.edges: list[tuple[int, int]] = []
        self.groups: list[Group] = []

    # ---- what is drawn ---------------------------------------------------------------------------

    def add_model(self, model: Any) -> Ends:
        """Adds the layers of a model and what connects them."""
        graph = getattr(model, "_graph", None)
        if isinstance(model, Sequential):
            return self._add_stack(model)
        if graph is None:
            number = self._add_box(model, None, None)
            return Ends([number], [number])
        shapes: dict[int, list[Any]] = {}
        for node in graph.calls:
            shapes.setdefault(id(node.operation), _shapes(node.inputs))
        specs = {id(node.operation): node.specs for node in (*graph.sources, *graph.nodes)}
        ends = {}
        for part in graph.operations:
            taken = shapes.get(id(part))
            ends[id(part)] = self._add(part, taken, specs.get(id(part)))
        for node in graph.calls:
            for i, tensor in enumerate(node.inputs):
                source, target = ends[id(tensor.node.operation)], ends[id(node.operation)]
                self._connect(_at(source.outputs, tensor.place), _at(target.inputs, i))
        outputs = [
            _at(ends[id(tensor.node.operation)].outputs, tensor.place)
            for tensor in flatten(graph.outputs)
        ]
        return Ends([ends[id(node.operation)].inputs[0] for node in graph.sources], outputs)

    def _add_stack(self, model: Sequential) -> Ends:
        last: Ends | None = None
        first: Ends | None = None
        for layer in model.layers:
            built = bool(model._tensors)
            taken = _shapes([layer.input]) if built else None
            added = self._add(layer, taken, layer.output if built else None)
            if last is not None:
                self._connect(last.outputs[0], added.inputs[0])
            first, last = first or added, added
        if first is None or last is None:
            number = self._add_box(model, None, None)
            return Ends([number], [number])
        return Ends(first.inputs, last.outputs)

    def _add(self, part: Any, taken: Any, made: Any) -> Ends:
        if self._options.expand_nested and isinstance(part, Model):
            begin = len(self.boxes)
            found = self.add_model(part)
            self.groups.append(Group(part.name, list(range(begin, len(self.boxes)))))
            return found
        number = self._add_box(part, taken, made)
        return Ends([number], [number])

    def _connect(self, source: int, target: int) -> None:
        if (source, target) not in self.edges:
            self.edges.append((source, target))

    def _add_box(self, part: Any, taken: Any, made: Any) -> int:
        o, kind = self._options, type(part).__name__
        lines = []
        activation = getattr(part, "activation", None)
        if o.show_layer_activations and activation is not None:
            lines.append(f"Activation: {getattr(activation, '__name__', activation)}")
        if o.show_shapes:
            if kind != "InputLayer":
                lines.append(f"Input shape: {_text(taken)}")
            lines.append(
                f"Output shape: {_text(_shapes(flatten(made)) if made is not None else None)}"
            )
        if o.show_dtype:
            dtypes = [] if made is None else [str(one.dtype) for one in flatten(made)]
            lines.append(f"Output dtype: {', '.join(dtypes) or '?'}")
        told = o.show_trainable and bool(getattr(part, "weights", None))
        title = f"{part.name} ({kind})" if o.show_layer_names else kind
        self.boxes.append(Box(title, lines, bool(part.trainable) if told else None))
        return len(self.boxes) - 1

    # ---- as text and as a picture ----------------------------------------------------------------

    def to_string(self) -> str:
        """The graph in DOT."""
        lines = [
            f"digraph {_quoted(self.name)} {{",
            f"rankdir={self.rankdir}; dpi={self.dpi}; splines=ortho; "
            "node [shape=plain, fontname=Helvetica];",
        ]
        lines += [f"{i} [label=<{_table(box)}>];" for i, box in enumerate(self.boxes)]
        lines += self._clusters(None)
        lines += [f"{source} -> {target};" for source, target in self.edges]
        return "\n".join([*lines, "}", ""])

    def _parent(self, i: int) -> int | None:
        """The innermost model around another one: those within come before those around them."""
        own, later = {*self.groups[i].members}, range(i + 1, len(self.groups))
        return next((k for k in later if own <= {*self.groups[k].members}), None)

    def _clusters(self, parent: int | None) -> Iterator[str]:
        """The models that are drawn as their layers within this one, each with those within it."""
        for i, group in enumerate(self.groups):
            if self._parent(i) == parent:
                yield f"subgraph cluster_{i} {{ label={_quoted(group.name)}; style=dashed;"
                yield from self._clusters(i)
                yield f"{'; '.join(map(str, group.members))};"
                yield "}"

    def picture(self) -> Picture:
        """The boxes, each at its place."""
        return arranged(self.boxes, self.edges, self.groups, self.rankdir)

    def to_svg(self) -> str:
        """The picture as SVG."""
        return Drawing(self.picture()).to_svg()

    _repr_svg_ = to_svg

    __str__ = to_string

    def create(self, prog: Any = None, format: str = "svg") -> bytes:
        """The bytes of a file of this format. prog: pydot's argument; corereg lays the graph out
        itself."""
        if format in ("dot", "gv", "raw"):
            return self.to_string().encode()
        drawing = Drawing(self.picture())
        return drawing.to_svg().encode() if format == "svg" else drawing.rendered(format, self.dpi)

    def write(self, path: Any, prog: Any = None, format: str | None = None) -> None:
        """Writes a file: .svg, .dot and .gv need nothing, .png, .pdf and others matplotlib
        (`pip install "corereg[plot]"`), else ImportError; ValueError for endings that are none."""
        name = os.fsdecode(path)
        ending = format or os.path.splitext(name)[1][1:].lower() or "png"
        content = self.create(format=ending)
        with open(name, "wb") as file:
            file.write(content)


def _at(numbers: list[int], place: int) -> int:
    return numbers[min(place, len(numbers) - 1)]


def _shapes(tensors: Any) -> list[Any]:
    return [tuple(one.shape) for one in tensors]


def _text(shapes: list[Any] | None) -> str:
    return ", ".join(map(str, shapes)) if shapes else "?"


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(box: Box) -> str:
    """A box as a label of Graphviz."""
    head = f'<td bgcolor="#22303c"><font color="white">{html.escape(box.title)}</font></td>'
    rows = [head, *(f"<td>{html.escape(line)}</td>" for line in box.lines)]
    if box.trainable is not None:
        rows.append(f"<td>{trainable_text(box.trainable)}</td>")
    cells = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table border="0" cellborder="1" cellspacing="0" cellpadding="6">{cells}</table>'


def trainable_text(trainable: bool) -> str:
    """How a box says whether its weights train."""
    return "Trainable" if trainable else "Non-trainable"


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> ModelDiagram:
    """A model as a graph of its layers, a `ModelDiagram`: arguments as of `plot_model`. subgraph
    and splines: Keras's arguments, which change nothing. A subclassed model is one box. ValueError
    for a model that has not been built, and for another rankdir.

    >>> model = corereg.Sequential([corereg.Input((3,)), layers.Dense(2, name="out")])
    >>> print(utils.model_to_dot(model, rankdir="LR").to_string().splitlines()[1][:11])
    rankdir=LR;
    """
    if not isinstance(model, Model):
        raise TypeError(f"model_to_dot: expected a Model, received {type(model).__name__}")
    if not model.built:
        raise ValueError(
            "model_to_dot: expected a model that has been built, received one of unknown input "
            "shape; give it an Input, or call it on a batch"
        )
    if rankdir not in DIRECTIONS:
        raise ValueError(
            f"model_to_dot: expected rankdir in {', '.join(DIRECTIONS)}, received {rankdir!r}"
        )
    told = show_layer_names, show_layer_activations, show_trainable, expand_nested
    made = ModelDiagram(model.name, rankdir, dpi, Options(show_shapes, show_dtype, *told))
    made.add_model(model)
    return made


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> ModelDiagram:
    """Draws a model as boxes, one a layer, with arrows between them, and writes the picture;
    notebooks show what is returned.

    to_file: ending in .svg or .dot, which need nothing else, or in .png, .pdf and others, for which
    matplotlib is needed (`pip install "corereg[plot]"`). show_shapes, show_dtype, show_layer_names,
    show_layer_activations, show_trainable: what boxes tell of layers beside their class. rankdir:
    where arrows lead, "TB" from top to bottom, "BT", "LR" or "RL". expand_nested: draws models
    within the model as their layers, in a dashed frame. dpi: of .png. splines: Keras's argument,
    which changes nothing.

    ValueError as for `model_to_dot` and for other endings, ImportError without matplotlib.

    >>> model = corereg.Sequential([corereg.Input((3,)), layers.Dense(2)])
    >>> diagram = utils.plot_model(model, "model.svg", show_shapes=True)
    """
    made = model_to_dot(
        model,
        show_shapes,
        show_dtype,
        show_layer_names,
        rankdir,
        expand_nested,
        dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
    )
    made.write(to_file)
    return made
