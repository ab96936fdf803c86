"""EinsumDense: products of a kernel with any axes of the input."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from corereg import _kernels, activations, constraints, initializers, regularizers
from corereg.autograd import Parameter, Tensor, ops
from corereg.autograd.ops.linalg import LETTERS
from corereg.initializers.scaled import VarianceScaling
from corereg.layers.base import Layer, Shape
from corereg.layers.input_spec import InputSpec
from corereg.layers.weight_option import WeightOption
from corereg.registry import register

_FORMS = re.compile(
    r"(?P<left>\.\.\.)?(?P<x>[a-zA-Z]+)(?P<right>\.\.\.)?,(?P<kernel>[a-zA-Z]+)->"
    r"(?(left)\.\.\.)(?P<y>[a-zA-Z]+)(?(right)\.\.\.)"
)


class Equation(NamedTuple):
    """An equation for inputs of a certain rank: the labels of the input, the kernel and the output,
    a letter in the place of each axis of "...", and the sizes of the kernel, the bias (None without
    one) and the output."""

    x: str
    kernel: str
    y: str
    kernel_shape: tuple[int, ...]
    bias_shape: tuple[int, ...] | None
    output_shape: tuple[int | None, ...]

    @property
    def dense(self) -> int | None:
        """How many axes of the kernel are inputs, if the product is a dense one: the last axes of
        the input, times the first of the kernel, give the last of the output. None if it is not."""
        n = sum(label in self.x for label in self.kernel)
        shared, inputs, units = self.x[: len(self.x) - n], self.kernel[:n], self.kernel[n:]
        plain = n and units and self.x == shared + inputs and self.y == shared + units
        return n if plain and not {*units} & {*self.x} else None


@register("layer")
class EinsumDense(Layer):
    """y = activation(einsum(equation, x, kernel) + bias).

    equation: "ab,bc->ac", "...ab,bc->...ac" or "ab...,bc->ac...", with labels of your own for the
    axes of the input, the kernel and the output; "..." are axes that stay as they are.
    output_shape: without the batch and the axes of "...", None for a size that the input tells; an
    integer for one axis. bias_axes: the labels of the output along which there is a bias; None: no
    bias. Further arguments as for `Dense`; lora_rank and the like are Keras's and not supported:
    ValueError.

    kernel and bias have the shapes that the equation says. ValueError for an equation of another
    form, and for labels and shapes that do not go together. A product of the input's last axes with
    the kernel's first ones is computed as `Dense` computes it.

    >>> layer = layers.EinsumDense("abc,cd->abd", (None, 2), bias_axes="d")
    >>> layer(np.ones((1, 4, 3))).shape, layer.kernel.shape, layer.bias.shape
    ((1, 4, 2), (3, 2), (2,))
    """

    recordable = True
    _takes_one_tensor = True
    kernel: Parameter
    bias: Parameter | None
    kernel_regularizer, bias_regularizer = WeightOption(), WeightOption()
    kernel_constraint, bias_constraint = WeightOption(), WeightOption()
    _equation: Equation | None = None

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        refused = {
            "lora_rank": lora_rank,
            "lora_alpha": lora_alpha,
            "gptq_unpacked_column_size": gptq_unpacked_column_size,
            "quantization_config": quantization_config,
        }
        for name, value in refused.items():
            if value is not None:
                raise ValueError(
                    f"{self.who}: {name} is not supported, received {value!r}; leave it out"
                )
        _parsed(self.who, equation)
        self.equation = equation
        several = isinstance(output_shape, list | tuple)
        sizes: Any = output_shape if several else (output_shape,)
        self.partial_output_shape: tuple[int | None, ...] = tuple(sizes)
        self.bias_axes = bias_axes
        self.activation = activation
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias = None
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint

    def build(self, input_shape: Shape) -> None:
        found = self._laid_out(input_shape)
        self._equation = found
        self.input_spec = InputSpec(ndim=len(input_shape))
        self.kernel = self.add_weight(
            found.kernel_shape,
            _with_axes(self.kernel_initializer, found),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if found.bias_shape is not None:
            self.bias = self.add_weight(
                found.bias_shape,
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        found = self._equation
        assert found is not None
        kernel, bias = self.kernel, self.bias
        sizes = dict(zip(found.x, x.shape, strict=True))
        pairs = zip(found.kernel, kernel.shape, strict=True)
        if any(sizes.get(label, n) != n for label, n in pairs):
            raise ValueError(
                f"{self.who}: expected an input for a kernel of shape {found.kernel_shape}, for "
                f"which it was built, received one of shape {x.shape}"
            )
        n = found.dense
        if n is None:
            y = ops.einsum(f"{found.x},{found.kernel}->{found.y}", x, kernel)
            y = y if bias is None else y + bias
        else:
            y = self._dense(x, n)
        if not self._built_in:
            _kernels.track_part(self._activation)
        return y if self._activation is activations.linear else self._activation(y)

    def _dense(self, x: Tensor, n: int) -> Tensor:
        """The product of the last n axes of x with the first n of the kernel, and the bias."""
        kernel, bias = self.kernel, self.bias
        inputs, units = prod(kernel.shape[:n]), kernel.shape[n:]
        matrix = kernel if kernel.ndim == 2 else ops.reshape(kernel, (inputs, prod(units)))
        rows = x if x.ndim == 2 and n == 1 else ops.reshape(x, (-1, inputs))
        row = None
        if bias is not None and bias.shape == units:
            row = bias if bias.ndim == 1 else ops.reshape(bias, (-1,))
        y = ops.dense(rows, matrix, row)
        shape = (*x.shape[: x.ndim - n], *units)
        y = y if y.shape == shape else ops.reshape(y, shape)
        return y if bias is None or row is not None else y + bias

    @property
    def activation(self) -> Any:
        """The function of the outputs; may be set at any time, by name too."""
        return self._activation

    @activation.setter
    def activation(self, value: Any) -> None:
        self._activation = activations.get(value)
        self._built_in = activations.is_built_in(self._activation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self._laid_out(input_shape).output_shape

    def _laid_out(self, shape: Shape) -> Equation:
        """The equation for inputs of this shape; ValueError if it does not fit them."""
        return _laid_out(self.who, self.equation, self.bias_axes, self.partial_output_shape, shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "equation": self.equation,
            "output_shape": list(self.partial_output_shape),
            "activation": activations.serialize(self.activation, self.who),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }


def _parsed(who: str, equation: Any) -> re.Match[str]:
    """The parts of an equation, or ValueError for one of another form."""
    plain = equation.replace(" ", "") if isinstance(equation, str) else ""
    found = _FORMS.fullmatch(plain)
    if found is None or (found["left"] and found["right"]):
        raise ValueError(
            f"{who}: expected an equation such as 'ab,bc->ac', '...ab,bc->...ac' or "
            f"'ab...,bc->ac...', received {equation!r}"
        )
    for labels in (found["x"], found["kernel"], found["y"]):
        if len({*labels}) < len(labels):
            raise ValueError(
                f"{who}: expected each label once in the input, the kernel and the output, "
                f"received {labels!r} in {equation!r}"
            )
    return found


def _laid_out(
    who: str, equation: str, bias_axes: str | None, sizes: tuple[int | None, ...], shape: Shape
) -> Equation:
    """See `EinsumDense._laid_out`."""
    found = _parsed(who, equation)
    x, kernel, y = found["x"], found["kernel"], found["y"]
    dots = len(shape) - len(x)
    if dots < 0 or (dots and not (found["left"] or found["right"])):
        raise ValueError(
            f"{who}: expected an input with the axes {x!r} of {equation!r}, received shape "
            f"{tuple(shape)}"
        )
    rest = "".join([letter for letter in LETTERS if letter not in equation][:dots])
    before, behind = (rest, "") if found["left"] else ("", rest)
    known = dict(zip(before + x + behind, shape, strict=True))
    own = y if found["left"] and dots else y[1:]  # without the batch
    if len(sizes) != len(own):
        raise ValueError(
            f"{who}: expected output_shape with a size for each of {own!r}, received {sizes}"
        )
    outputs = {**known, **{s: n for s, n in zip(own, sizes, strict=True) if n is not None}}
    for label in y:
        if label not in x and label not in kernel:
            raise ValueError(
                f"{who}: expected the label {label!r} of the output in the input or the kernel, "
                f"received {equation!r}"
            )
        if label in known and None not in (n := outputs[label], known[label]) and n != known[label]:
            raise ValueError(
                f"{who}: expected the size of {label!r} in output_shape to be that of the input, "
                f"{known[label]}, received {n}"
            )
    bias = None
    if bias_axes is not None:
        wrong = [label for label in bias_axes if label not in y]
        if wrong or not bias_axes:
            raise ValueError(
                f"{who}: expected bias_axes with labels of the output {y!r}, received {bias_axes!r}"
            )
        first = min(map(y.find, bias_axes))
        bias = tuple(outputs.get(s) if s in bias_axes else 1 for s in y[first:] + behind)
    weights = tuple(outputs.get(label) for label in kernel)
    open_label = next((s for s, n in zip(kernel, weights, strict=True) if n is None), None)
    if open_label is not None or None in (bias or ()):
        raise ValueError(
            f"{who}: expected known sizes of the kernel {kernel!r} and the bias, received input "
            f"shape {tuple(shape)} and output_shape {sizes}; give the sizes that are open"
        )
    return Equation(
        before + x + behind,
        kernel,
        before + y + behind,
        weights,  # type: ignore[arg-type]
        bias,  # type: ignore[arg-type]
        tuple(outputs[label] for label in before + y + behind),
    )


def _with_axes(initializer: Any, equation: Equation) -> Any:
    """The initializer, told which axes of the kernel are inputs and which are outputs if it goes by
    their number."""
    if not isinstance(initializer, VarianceScaling) or None not in (
        initializer.input_axes,
        initializer.output_axes,
    ):
        return initializer
    outputs = [i for i, label in enumerate(equation.kernel) if label in equation.y]
    inputs = [i for i in range(len(equation.kernel)) if i not in outputs]
    made = {**initializer.get_config(), "input_axes": inputs, "output_axes": outputs}
    return type(initializer)(**made)
