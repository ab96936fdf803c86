"""quantize: the network of a model in int8, as NumPy computes it and as statements of C."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, no_grad
from corereg.export.c import quantized_kernels
from corereg.export.c.elementwise import UNARY
from corereg.export.c.evaluating import called, evaluated
from corereg.export.c.moves import copy_moved, is_move, moved_places
from corereg.export.c.quantized import (
    LEAST,
    MOST,
    Array,
    Input,
    Output,
    Product,
    Quantity,
    Quantized,
)
from corereg.export.c.writer import Refused, Writer
from corereg.export.network import Call, Network, Value
from corereg.export.rows import given
from corereg.export.simplifying import AFFINE, fold_normalizations
from corereg.layers.base import Layer

LIKE = 4.0
"""Inputs share a step whose ranges are at most this many times smaller than that of all."""

_CODES = float(MOST - LEAST)
_BIAS = 2.0**30  # the largest bias, and the largest sum of an output in its own steps


def quantize(network: Network, prefix: str, calibration: Any, percentile: Any = 100.0) -> Quantizer:
    """Quantizes a network, which is changed. calibration: rows of its inputs, as for `predict`;
    percentile: how many percent of the numbers there lie below the largest code, and how many
    above the least one.

    TypeError and ValueError for bad arguments, and ValueError for what has no form in int8.
    """
    if calibration is None:
        raise ValueError(
            "export to C: expected calibration= for precision='int8', rows of the inputs such as "
            "those of the training, whose ranges are those of the codes; received none"
        )
    number = isinstance(percentile, int | float) and not isinstance(percentile, bool)
    if not number or not 50 < percentile <= 100:
        raise ValueError(
            f"export to C: expected percentile above 50 and up to 100, received {percentile!r}"
        )
    rows = given(network.inputs, calibration, "export to C, calibration")
    for value, one in zip(network.inputs, rows, strict=True):
        if one.shape[1:] != value.shape[1:] or not len(one) or len(one) != len(rows[0]):
            raise ValueError(
                f"export to C: expected calibration with rows of the shape {value.shape} for "
                f"{value.name!r}, at least one and as many for each input, received {one.shape}"
            )
        if not np.isfinite(np.asarray(one, np.float64)).all():
            raise ValueError(
                f"export to C: expected calibration of finite numbers, received NaN or infinity "
                f"for {value.name!r}; leave those rows out, or fill them as the training did"
            )
    fold_normalizations(network)
    return Quantizer(network, prefix, rows, float(percentile))


class Quantizer:
    """One walk through a network: `w` has the statements in C, `found` the same in NumPy."""

    def __init__(self, network: Network, prefix: str, rows: list[Array], percentile: float) -> None:
        self.network, self.percentile, self.rows = network, percentile, rows
        self.w = Writer(network, prefix, "int16_t", 0.0)
        self.found = Quantized([], [], [], [], [id(one) for one in network.inputs], [])
        self._quantities: dict[int, Quantity] = {}
        self._skipped: set[int] = set()  # calls that are part of another one
        self._values = evaluated(network, rows)
        self._ends = [self._end(name, value) for name, value in network.outputs]
        self._check_numbers()
        for value, one in zip(network.inputs, rows, strict=True):
            self._input(value, np.asarray(one, np.float64))
        self.w.note("Inputs are used from here on.")  # as block 0, in which they are written
        for call in network.calls:
            if id(call) not in self._skipped:
                self.w.begin(call)
                self._call(call)
        del self._values

    def _refuse(self, who: Call | str, why: str) -> Refused:
        who = who if isinstance(who, str) else who.who
        return Refused(
            f"export to C with precision='int8': cannot export {who}: {why}; int8 has Dense "
            "layers, functions of one number, moves, and normalizations beside a Dense: leave it "
            "out of the model that you export, or export without precision"
        )

    def _check_numbers(self) -> None:
        for call in self.network.calls:
            arrays = [*call.weights.values(), *(self._values[id(one)] for one in call.outputs)]
            if not all(np.isfinite(one).all() for one in arrays if one.dtype.kind == "f"):
                raise self._refuse(
                    call, "its weights or what it gives for calibration= have NaN or infinity"
                )

    # ---- inputs and outputs ----------------------------------------------------------------------

    def _range(self, values: Array, axis: int | None = None) -> tuple[Any, Any]:
        """The least and the largest number that codes reach."""
        return tuple(np.percentile(values, [100 - self.percentile, self.percentile], axis=axis))

    def _input(self, value: Value, rows: Array) -> None:
        low, high = self._range(rows, 0)
        varying = high > low
        of_all = varying if varying.any() else np.ones_like(varying)
        least, most = low[of_all].min(), high[of_all].max()
        width = (most - least) or max(abs(least), 1.0)
        same = (high - low >= width / LIKE) | (~varying & (low >= least) & (low <= most))
        step = np.where(same | ~varying, width, high - low) / _CODES
        start = np.where(same, least, np.where(varying, low, low - width / 2))
        with np.errstate(over="ignore"):
            centre = np.asarray(start - LEAST * step, np.float32)
            per_step = (1 / step).astype(np.float32)
        if not (np.isfinite(per_step).all() and np.isfinite(centre).all()):
            raise ValueError(
                f"export to C: expected calibration of numbers that float32 can hold for "
                f"{value.name!r}, received {least:g} to {most:g}"
            )
        self._quantities[id(value)] = Quantity(step, centre.astype(np.float64))
        self.found.inputs.append(Input(value.name, centre, per_step))
        room = self.w.scratch(value.name, "$real", self.w.shape_of(value))
        assert room.buffer is not None
        room.buffer.first = 0
        self.w.give(value, room)

    def _end(self, name: str, value: Value) -> tuple[Call, str]:
        """The Dense that an output comes from, and what comes between."""
        call = maker = self.network.maker_of(value)
        end = ""
        if call is not None and self._is_end(call):
            end = call.word.lower()
            if set(self.network.users_of(value)) == {None}:
                self._skipped.add(id(call))
            call = self.network.maker_of(call.inputs[0])
        if call is None or call.kind != "Dense":
            raise self._refuse(
                f"the output {name!r}" + ("" if maker is None else f" of {maker.who}"),
                "it does not come from a Dense with softmax, sigmoid, tanh, relu or nothing behind",
            )
        return call, end

    def _is_end(self, call: Call) -> bool:
        name = call.word.lower()
        if name == "softmax":
            options = vars(call.operation) if isinstance(call.operation, Layer) else call.arguments
            axis = options.get("axis", -1)
            return len(call.inputs) == 1 and axis in (-1, len(call.output.shape) - 1)
        return name in ("sigmoid", "tanh") or (name == "relu" and _limit(call) == np.inf)

    # ---- calls -----------------------------------------------------------------------------------

    def _call(self, call: Call) -> None:
        name = call.word
        if call.kind == "Dense":
            self._dense(call)
        elif call.kind == AFFINE:
            self._affine(call)
        elif name in ("cast", "astype") and call.output.dtype.startswith("float"):
            self._same(call, self._quantities[id(call.inputs[0])])
        elif is_move(call):
            self._move(call)
        elif name in UNARY or name in ("ReLU", "LeakyReLU", "ELU"):
            self._function(call)
        else:
            raise self._refuse(call, "int8 has no form of it")

    def _same(self, call: Call, quantity: Quantity) -> None:
        """Codes stay as they are."""
        (source,) = call.inputs
        self.w.give(call.output, self.w.of(source))
        self._put(call.output, quantity, lambda known: known[id(source)])

    def _put(self, value: Value, quantity: Quantity, step: Any) -> None:
        """Enters what gives the codes of a value."""
        self._quantities[id(value)] = quantity
        self.found.steps.append(lambda known: known.__setitem__(id(value), step(known)))

    def _affine(self, call: Call) -> None:
        """Another step and another centre."""
        shift, scale, offset = (
            np.asarray(call.weights.get(name, nothing), np.float64)
            for name, nothing in (("shift", 0.0), ("scale", 1.0), ("offset", 0.0))
        )
        old = self._quantities[id(call.inputs[0])]
        shape = (1, *old.step.shape)
        step = np.broadcast_to(old.step * scale, shape)[0]
        centre = np.broadcast_to((old.centre - shift) * scale + offset, shape)[0]
        self._same(call, Quantity(step, centre))

    def _move(self, call: Call) -> None:
        sources = list({id(value): value for value in call.inputs}.values())
        found = moved_places(self.w, call, sources)
        if any((places == 0).any() for places in found):
            raise self._refuse(call, "it fills with zeros")
        copy_moved(self.w, call, sources, found)
        olds = [self._quantities[id(one)] for one in sources]
        for value, places in zip(call.outputs, found, strict=True):
            step, centre = (
                np.concatenate([getattr(one, name).ravel() for one in olds])[places - 1]
                for name in ("step", "centre")
            )

            def gathered(known: Any, places: Any = places) -> Array:
                whole = [known[id(one)].reshape(len(known[id(one)]), -1) for one in sources]
                taken: Array = np.concatenate(whole, axis=1)[:, places - 1]
                return taken

            self._put(value, Quantity(step, centre), gathered)

    def _function(self, call: Call) -> None:
        """A table of the codes that come out, by the codes that go in."""
        (source,) = call.inputs
        old = self._quantities[id(source)]
        if not old.is_uniform:
            raise self._refuse(call, "what it takes has several steps; put it behind a Dense")
        codes = np.arange(LEAST, MOST + 1)
        numbers = (codes * old.step.flat[0] + old.centre.flat[0]).astype(source.dtype)
        given = Tensor(numbers.reshape(-1, *[1] * (len(source.shape) - 1)))
        with no_grad(), np.errstate(all="ignore"):
            found = np.asarray(called(call, {id(source): given}).data).ravel()
        step, centre = self._scale(self._values[id(call.output)], _limit(call) is not None)
        new = _uniform(step, centre, old.step.shape)
        codes_of = _uniform(step, centre, ()).codes
        table = codes_of(np.nan_to_num(found, nan=centre))
        self._put(call.output, new, lambda known: table[known[id(source)] - LEAST])
        x, y = self.w.of(source), self.w.new(call.output)
        name = self.w.table(f"{call.name}_codes", table, "int8_t").name
        self.w.note(f"{call.who}")
        self.w.emit(
            f"for (size_t i = 0; i < {y.size}; i++)\n    {y.name}[i] = {name}[{x.name}[i] + 128];",
            x,
            y,
        )

    def _scale(self, values: Array, from_zero: bool) -> tuple[float, float]:
        """Step and centre of codes for numbers; from_zero: the least code is 0."""
        low, high = map(float, self._range(np.asarray(values, np.float64)))
        if from_zero:
            low, high = 0.0, max(high, 0.0) or 1.0
        if not high > low:
            return max(abs(low), 1.0) / _CODES, low
        step = max((high - low) / _CODES, 1e-30)
        return step, low - LEAST * step

    # ---- Dense -----------------------------------------------------------------------------------

    def _dense(self, call: Call) -> None:
        users = self.network.users_of(call.output)
        inside = [one for one in users if one is not None and id(one) not in self._skipped]
        if inside:
            self._inside(call, inside)
        for (name, _), (dense, end) in zip(self.network.outputs, self._ends, strict=True):
            if dense is call:
                self._final(call, name, end)

    def _inside(self, call: Call, users: list[Call]) -> None:
        """A product whose sums become codes, with the relu behind it."""
        value, behind, bounded = call.output, users[0], False
        if len(users) == 1 and _limit(behind) is not None:
            value, bounded = behind.output, True
            self._skipped.add(id(behind))
        step, centre = self._scale(self._values[id(value)], bounded)
        product = self._product(call, step, centre)
        shape = self.w.shape_of(value)
        source = id(call.inputs[0])
        self._put(value, _uniform(step, centre, shape), lambda known: product(known[source]))
        self._write(product, call, self.w.new(value), "dense")

    def _final(self, call: Call, name: str, end: str) -> None:
        product, source, key = self._product(call, None, 0.0), id(call.inputs[0]), object()
        exponent = round(np.log2(product.step))

        def step(known: Any) -> None:
            found = product(known[source])
            known[key] = np.maximum(found, 0) if end == "relu" else found

        self.found.steps.append(step)
        self.found.ends.append(key)
        names = [one for one, _ in self.network.outputs]
        room = self.w.outputs[names.index(name)]
        self.found.outputs.append(Output(name, exponent, end))
        self._write(product, call, room, "dense_sums")
        if end == "relu":
            self.w.emit(
                f"for (size_t i = 0; i < {room.size}; i++)\n    if ({room.name}[i] < 0)\n"
                f"        {room.name}[i] = 0;"
            )

    def _product(self, call: Call, out: float | None, centre: float) -> Product:
        """The Dense as whole numbers; out: the step of what comes out, None for sums that stay."""
        given = self._quantities[id(call.inputs[0])]
        kernel = np.asarray(call.weights["kernel"], np.float64)
        steps, centres = (one.reshape(-1, len(kernel)) for one in (given.step, given.centre))
        if (steps != steps[0]).any() or (centres != centres[0]).any():
            raise self._refuse(call, "its rows have several steps; put a Flatten before it")
        bias = np.asarray(call.weights.get("bias", 0.0), np.float64) + centres[0] @ kernel - centre
        kernel = kernel * steps[0][:, None]
        own = np.maximum(np.abs(kernel).max(axis=0, initial=0.0) / MOST, np.abs(bias) / _BIAS)
        own = np.where(own > 0, own, 1.0)
        whole = np.rint(kernel / own)
        means = self._values[id(call.inputs[0])].reshape(-1, len(kernel)).mean(0, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            codes = np.nan_to_num(np.clip((means - centres[0]) / steps[0], LEAST, MOST))
        bias = np.rint((bias + codes @ (kernel - whole * own)) / own)
        bound = np.abs(bias) - LEAST * np.abs(whole).sum(axis=0)
        if bound.max(initial=0) >= 2**31:
            raise self._refuse(call, f"{len(kernel)} inputs could overflow sums in int32")
        final = out is None
        if out is None:
            out = 2.0 ** np.ceil(np.log2((bound * own).max(initial=1e-25) / _BIAS))
        ratio = own / out
        shift = int(np.clip(30 - np.floor(np.log2(ratio.max(initial=1e-30))), 1, 62))
        multiplier = np.minimum(np.rint(np.ldexp(ratio, shift)), 2.0**31 - 1)
        tables = whole.astype(np.int8), bias.astype(np.int32), multiplier.astype(np.int32)
        return Product(call.name, *tables, shift, float(out), final)

    def _write(self, product: Product, call: Call, y: Any, kind: str) -> None:
        """Writes the product."""
        w, x, role = self.w, self.w.of(call.inputs[0]), call.name
        self.found.products.append(product)
        inputs, outputs = product.kernel.shape
        tables = (
            w.table(f"{role}_kernel", np.ascontiguousarray(product.kernel.T), "int8_t"),
            w.table(f"{role}_bias", product.bias, "int32_t"),
            w.table(f"{role}_multiplier", product.multiplier, "int32_t"),
        )
        function = w.function(kind, quantized_kernels.dense(kind == "dense_sums"))
        start = f"{function}({', '.join(one.name for one in tables)}, {product.shift}, "
        repeats = y.size // outputs
        w.note(f"{call.who}: {inputs} -> {outputs}")
        if repeats == 1:
            w.emit(f"{start}{x.name}, {inputs}, {y.name}, {outputs});", x, y)
            return
        w.emit(
            f"for (size_t i = 0; i < {repeats}; i++)\n    {start}{x.name} + {inputs} * i, "
            f"{inputs}, {y.name} + {outputs} * i, {outputs});",
            x,
            y,
        )


def _uniform(step: float, centre: float, shape: tuple[int, ...]) -> Quantity:
    return Quantity(np.full(shape, step), np.full(shape, centre))


def _limit(call: Call) -> float | None:
    """The largest number that a relu gives; None for what is no relu that is 0 below 0."""
    name = call.word.lower()
    if name not in ("relu", "relu6", "bounded_relu"):
        return None
    options = vars(call.operation) if isinstance(call.operation, Layer) else call.arguments
    if options.get("negative_slope") or options.get("threshold"):
        return None
    most = 6.0 if name == "relu6" else options.get("max_value")
    return np.inf if most is None else float(most)
