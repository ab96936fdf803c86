"""Dense: the fully connected layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corereg import _kernels, activations, initializers
from corereg._lazy import later
from corereg.autograd import Parameter, Tensor, ops
from corereg.autograd.mode import state
from corereg.autograd.ops.activations import CODES, Activation as ActivationOp
from corereg.autograd.ops.layers import Dense as DenseOp
from corereg.autograd.tensor import apply
from corereg.layers.base import Layer, Shape
from corereg.layers.weight_option import WeightOption
from corereg.registry import register

if TYPE_CHECKING:
    from corereg import constraints, regularizers, warn as warning
else:  # what few layers need
    constraints = later("corereg.constraints")
    regularizers = later("corereg.regularizers")
    warning = later("corereg.warn")

# A loss on probabilities wants what they were made of (see corereg.losses): where a graph is
# built, these two are ops of their own behind a linear one.
_APART = (CODES["sigmoid"], CODES["softmax"])


@register("layer")
class Dense(Layer):
    """y = activation(x kernel + bias).

    units: outputs; activation: a name or a function of Tensors; kernel (inputs, units) and bias
    (units,) begin as their initializers say. kernel_regularizer, bias_regularizer: penalties of
    the kernel, of the bias; kernel_constraint, bias_constraint: what optimizers do to them after
    each update; none by default. Further arguments as for `Layer`.
    Input (batch, ..., inputs), output (batch, ..., units). A wrong number of inputs raises
    ValueError.

    >>> layer = layers.Dense(2, "relu", kernel_initializer="ones", kernel_regularizer="l2")
    >>> layer(np.array([[1.0, 2.0, 3.0]]))
    Tensor([[6., 6.]], op=Dense)
    >>> layer.kernel.shape, layer.bias.shape, round(layer.losses[0].item(), 4)
    ((3, 2), (2,), 0.06)
    """

    recordable = True
    supports_masking = True
    _takes_one_tensor = True
    kernel: Parameter
    bias: Parameter | None
    kernel_regularizer, bias_regularizer = WeightOption(), WeightOption()
    kernel_constraint, bias_constraint = WeightOption(), WeightOption()

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **options)
        if isinstance(units, bool) or not hasattr(units, "__index__") or int(units) < 1:
            raise ValueError(
                f"{self.who}: expected a positive integer for units, received {units!r}"
            )
        self._units = int(units)
        self.activation = activations.get(activation)
        self._use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias = None
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint

    def build(self, input_shape: Shape) -> None:
        inputs = input_shape[-1] if len(input_shape) > 1 else None
        if inputs is None:
            raise ValueError(
                f"{self.who}: expected inputs of shape (batch, ..., inputs) with a known number "
                f"of inputs, received {input_shape}; give input_dim, or an Input before the layer"
            )
        if self.units == 1 and self.activation is activations.softmax:
            warning.warn_user(
                f"{self.who}: softmax over 1 unit is always 1; use sigmoid for one unit, or a unit "
                "for each class"
            )
        self.kernel = self.add_weight(
            (inputs, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        kernel, bias = self.kernel, self.bias
        shape = x.data.shape
        if len(shape) != 2 or shape[1] != kernel.data.shape[0]:
            return self._any_rank(x)
        code = self._code
        apart = state.enabled and code in _APART
        op = DenseOp(CODES["linear"] if apart else code)
        out = apply(op, x, kernel) if bias is None else apply(op, x, kernel, bias)
        if apart:
            return apply(ActivationOp(code), out)
        if self._function is None:
            return out
        if not self._built_in:
            _kernels.track_part(self._function)
        return self._function(out)

    def _any_rank(self, x: Tensor) -> Tensor:
        inputs = self.kernel.shape[0]
        if x.ndim < 2 or x.shape[-1] != inputs:
            raise ValueError(
                f"{self.who}: expected x of shape (batch, {inputs}), received {x.shape}"
            )
        flat = self.call(ops.reshape(x, (-1, inputs)))
        return ops.reshape(flat, (*x.shape[:-1], self.units))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.built and input_shape[-1] not in (None, self.kernel.shape[0]):
            raise ValueError(
                f"{self.who}: expected inputs of shape (batch, ..., {self.kernel.shape[0]}), for "
                f"which it was built, received {input_shape}"
            )
        return (*input_shape[:-1], self.units)

    @property
    def units(self) -> int:
        """How many outputs; fixed once the layer is built."""
        return self._units

    @units.setter
    def units(self, value: int) -> None:
        self._check_open("units", value)
        self._units = int(value)

    @property
    def use_bias(self) -> bool:
        """Whether there is a bias; fixed once the layer is built."""
        return self._use_bias

    @use_bias.setter
    def use_bias(self, value: bool) -> None:
        self._check_open("use_bias", value)
        self._use_bias = bool(value)

    def _check_open(self, name: str, value: Any) -> None:
        if self.built:
            raise AttributeError(
                f"{self.who}: expected {name} to be set before the layer is built, received "
                f"{value!r} after its weights were made; make a new layer"
            )

    @property
    def activation(self) -> Any:
        """The function of the outputs; may be set at any time, by name too."""
        return self._activation

    @activation.setter
    def activation(self, value: Any) -> None:
        self._activation = activations.get(value)
        name = activations.name_of(self._activation)
        self._code = CODES["linear"] if name is None else CODES[name]
        self._function = self._activation if name is None else None
        self._built_in = name is not None or activations.is_built_in(self._activation)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation, self.who),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
