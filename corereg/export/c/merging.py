"""Layers that merge several inputs, and products of what is computed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from corereg.export.c.array import REAL, Array
from corereg.export.c.loops import NAMES, broadcast, strides_of
from corereg.export.c.moves import copy_places
from corereg.export.c.operands import Operand, elementwise, operand
from corereg.export.c.products import product
from corereg.export.c.reductions import over_rows
from corereg.export.c.rows import axes_of, copy
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.converters import keys
from corereg.export.network import Call, Value
from corereg.layers.merging.dot import Dot
from corereg.layers.merging.elementwise import Add, Average, Maximum, Minimum, Multiply, Subtract
from corereg.layers.merging.ensemble_average import EnsembleAverage

_FORMS = {
    "Add": "{} + {}",
    "Average": "{} + {}",
    "Maximum": "$maximum({}, {})",
    "Minimum": "$minimum({}, {})",
    "Multiply": "{} * {}",
    "Subtract": "{} - {}",
}


@converts(Add, Average, Maximum, Minimum, Multiply, Subtract)
def merged(w: Writer, call: Call) -> None:
    given = list(call.args[0])
    rank = len(call.output.shape)
    operands = [operand(w, one, rank, padded=True) for one in given]
    text = "{0}"
    for place in range(1, len(given)):
        text = _FORMS[call.kind].format(text, f"{{{place}}}")
    if call.kind == "Average":
        text = f"({text}) / {w.number(len(given))}"
    elementwise(w, w.new(call.output), operands, text)


@converts(EnsembleAverage)
def ensemble_average(w: Writer, call: Call) -> None:
    layer, given = call.operation, list(call.args[0])
    n = given[0].shape[-1]
    operands = []
    for value in given:
        x = w.of(value)
        if layer.probabilities and n > 1:
            made = w.scratch(f"{x.name}_shares", REAL, x.shape)
            copy(w, made, x)
            over_rows(w, made, n, "$softmax({y}, {n});")
            x = made
        operands.append(Operand(x, None, REAL))
    texts = [f"{{{i}}}" for i in range(len(given))]
    if layer.probabilities and n == 1:
        texts = [f"$sigmoid({one})" for one in texts]
    if layer.shares is not None:
        texts = [
            f"{one} * {w.number(share)}" for one, share in zip(texts, layer.shares, strict=True)
        ]
        text = " + ".join(texts)
    else:
        text = f"({' + '.join(texts)}) / {w.number(len(texts))}"
    elementwise(w, w.new(call.output), operands, text)


@converts(Dot)
def dot(w: Writer, call: Call) -> None:
    layer = call.operation
    arrays = [w.of(one) for one in call.args[0]]
    axes = [axis % (len(one.shape) + 1) - 1 for axis, one in zip(layer._pair, arrays, strict=True)]
    letters = "abcdefgh"
    first = list(letters[: len(arrays[0].shape)])
    second = list(letters[len(first) : len(first) + len(arrays[1].shape)])
    second[axes[1]] = first[axes[0]]
    rest = [one for i, one in enumerate(first) if i != axes[0]]
    rest += [one for i, one in enumerate(second) if i != axes[1]]
    y = w.new(call.output)
    contract(w, y, arrays, ["".join(first), "".join(second)], "".join(rest), layer.normalize)


def contract(
    w: Writer,
    y: Array,
    arrays: Sequence[Array],
    letters: Sequence[str],
    result: str,
    normalize: bool = False,
) -> None:
    """Writes a sum of products of one or two arrays, whose axes are called by letters as in
    einsum; normalize: each array counts by its length along what is summed over."""
    sizes = {
        letter: n
        for one, names in zip(arrays, letters, strict=True)
        for letter, n in zip(names, one.shape, strict=True)
    }
    summed = [letter for letter in sizes if letter not in result]
    variables = dict(zip([*result, *summed], NAMES, strict=False))
    steps = [
        dict(zip(names, strides_of(one.shape), strict=True))
        for one, names in zip(arrays, letters, strict=True)
    ]
    out = dict(zip(result, strides_of([sizes[letter] for letter in result]), strict=True))

    def place(step: dict[str, int]) -> str:
        terms = [f"{n} * {variables[a]}" if n > 1 else variables[a] for a, n in step.items()]
        return " + ".join(terms) or "0"

    lines, depth = [], 0
    for letter in result:
        name = variables[letter]
        lines.append(
            "    " * depth + f"for (size_t {name} = 0; {name} < {sizes[letter]}; {name}++)"
        )
        depth += 1
    pad = "    " * depth
    lines.append(f"{pad}{{" if depth else "{")
    inner = pad + "    "
    names = ["sum", *(["square_a", "square_b"] if normalize else [])]
    lines.append(f"{inner}$real {', '.join(f'{name} = $0' for name in names)};")
    for letter in summed:
        name = variables[letter]
        lines.append(f"{inner}for (size_t {name} = 0; {name} < {sizes[letter]}; {name}++)")
        inner += "    "
    texts = [f"{one.name}[{place(step)}]" for one, step in zip(arrays, steps, strict=True)]
    if normalize:
        lines.append(f"{inner[:-4]}{{")
        for name, text in zip(names[1:], texts, strict=True):
            lines.append(f"{inner}{name} += {text} * {text};")
    lines.append(f"{inner}sum += {' * '.join(texts)};")
    if normalize:
        lines.append(f"{inner[:-4]}}}")
    inner = pad + "    "
    value = "sum"
    if normalize:
        least = "$1e-12"
        roots = [f"$maximum($sqrt({name}), {least})" for name in names[1:]]
        value = f"sum / ({' * '.join(roots)})"
    lines += [f"{inner}{y.name}[{place(out)}] = {value};", f"{pad}}}"]
    w.emit("\n".join(lines), y, *arrays)


@converts(*keys("matmul", "dot", "dense"))
def matmul(w: Writer, call: Call) -> None:
    first, second = list(call.arguments.values())[:2]
    if not isinstance(first, Value) or w.of(first).kind != REAL or len(call.arguments) > 2:
        raise w.refuse("it multiplies numbers of its own by those of the rows, or whole numbers")
    x = w.of(first)
    if not isinstance(second, Value):
        kernel = np.asarray(getattr(second, "data", second))
        if kernel.ndim not in (1, 2) or not x.shape:
            raise w.refuse(f"it multiplies by numbers of shape {kernel.shape}")
        kernel = kernel.astype(first.dtype)
        product(w, call.name, kernel.reshape(len(kernel), -1), None, x, w.new(call.output))
        return
    other = w.of(second)
    a, b = x.shape, other.shape
    if len(a) != len(b) or len(a) < 2 or call.kind.endswith("dot") or other.kind != REAL:
        raise w.refuse(f"it multiplies {first.shape} by {second.shape}, which mixes rows")
    y = w.new(call.output)
    stack = y.shape[:-2]
    n, k, m = a[-2], a[-1], b[-1]
    if prod(stack) == 1:
        given = x.reshaped((n, k)), other.reshaped((k, m))
        contract(w, y.reshaped((n, m)), given, ["ab", "bc"], "ac")
        return
    left, right = broadcast(a[:-2], stack), broadcast(b[:-2], stack)
    whole = [n for one, n in zip(left, stack, strict=True) if not one and n > 1]
    whole += [n for one, n in zip(right, stack, strict=True) if not one and n > 1]
    if whole:
        raise w.refuse(f"it stretches {first.shape} and {second.shape} to each other")
    letters = "defgh"[: len(stack)]
    contract(w, y, [x, other], [f"{letters}ab", f"{letters}bc"], f"{letters}ac")


@converts(*keys("glu"))
def glu(w: Writer, call: Call) -> None:
    """The first half along an axis times the sigmoid of the second one."""
    value = call.inputs[0]
    (axis,) = axes_of(w, call.arguments["axis"], len(value.shape))
    y = w.new(call.output)
    half = list(w.of(value).shape)
    half[axis] //= 2
    places = np.split(np.arange(prod(w.of(value).shape)).reshape(w.of(value).shape), 2, axis)
    halves = [w.scratch(f"{call.name}_half", REAL, half) for _ in places]
    for made, origin in zip(halves, places, strict=True):
        copy_places(w, made, w.of(value), np.arange(made.size).reshape(half), origin)
    elementwise(w, y, [Operand(one, None, REAL) for one in halves], "{0} * $sigmoid({1})")


@converts(*keys("einsum"))
def einsum(w: Writer, call: Call) -> None:
    subscripts, operands = call.args[0], call.args[1:]
    left, _, result = str(subscripts).replace(" ", "").partition("->")
    letters = left.split(",")
    batch = result[:1]
    arrays = []
    plain = len(operands) in (1, 2) and "." not in left and bool(batch)
    for place, one in enumerate(operands if plain else ()):
        names = letters[place]
        if isinstance(one, Value):
            plain = plain and names[:1] == batch and batch not in names[1:]
            letters[place] = names[1:]
            arrays.append(w.of(one))
        else:
            plain = plain and batch not in names
            arrays.append(w.table(f"{call.name}_numbers", _floats(one)))
    repeated = any(len(set(names)) < len(names) for names in letters)
    if not plain or repeated or any(one.kind != REAL for one in arrays):
        raise w.refuse(f"it computes {subscripts!r}, which mixes rows or is of another kind")
    contract(w, w.new(call.output), arrays, letters, result[1:])


def _floats(given: Any) -> Any:
    return np.asarray(getattr(given, "data", given), np.float64)
