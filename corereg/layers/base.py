"""Layer: parameters, and a function from tensors to tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corereg import _kernels, config, initializers
from corereg._lazy import later
from corereg.autograd import Parameter, Tensor, ops, tensor
from corereg.autograd.tensor import new_tensor
from corereg.config import MIXED
from corereg.graph.nest import map_nest
from corereg.graph.node import Node, Spec
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.building import build_once, shapes_taken
from corereg.layers.calling import (
    UNSAID,
    CallSignature,
    OwnCall,
    call_with,
    input_specs,
    is_of_floats,
    leaves_of,
    specs_of,
)
from corereg.layers.holder import Holder, assign_all as assign_all
from corereg.layers.shapes import Shape as Shape, dims as dims, infer_output_shape, map_shapes
from corereg.naming import snake_case, unique_name
from corereg.recordable import Recordable
from corereg.shown import as_call

if TYPE_CHECKING:
    from corereg import constraints, matmul_precision, regularizers, tracebacks
    from corereg.layers import penalty_names
    from corereg.regularizers import penalties
else:  # what penalizes is named and computed where somebody asks for it
    matmul_precision = later("corereg.matmul_precision")
    constraints = later("corereg.constraints")
    regularizers = later("corereg.regularizers")
    penalties = later("corereg.regularizers.penalties")
    penalty_names = later("corereg.layers.penalty_names")
    tracebacks = later("corereg.tracebacks")

Array = np.ndarray[Any, Any]

_GATHERED = (np.dtype("float32"), np.dtype("float64"), np.dtype("int64"))  # what one kernel gives
_NAMES = {np.dtype(name): name for name in ("float32", "float64")}  # str(dtype) is slow


class Layer(Holder, Recordable):
    """Base class of layers. Subclass it: `build(input_shape)` makes weights with `add_weight`,
    `call(x, training)` or `call(x)` computes; `get_config` returns the constructor's arguments.
    `compute_output_shape` says what comes out; where it is not written, `call` is tried on zeros.

    Layers and Parameters that are set as attributes, also in lists, tuples and dicts, are part of
    the layer: their weights are its weights. `training` reaches inner layers by itself. `call` may
    take several tensors, or lists and dicts of them; then `build` and `compute_output_shape` are
    given their shapes in the same nest.

    name: unique by default; trainable: False freezes its weights; activity_regularizer: a penalty
    of the layer's output, divided by the batch size; input_shape / input_dim: without the batch,
    for a first layer; dtype: "float32" or "float64", by default what
    `corereg.config.set_dtype_policy` says; "mixed_bfloat16", Keras's name of a policy, is float32
    whose matrix products have the precision "medium" (`corereg.set_float32_matmul_precision`).

    >>> class Scale(layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
    ...
    ...     def call(self, x):
    ...         return x * self.factor
    >>> layer = Scale()
    >>> layer(np.array([[2.0, 3.0]]))
    Tensor([[2., 3.]], op=Multiply)
    >>> layer.count_params()
    2
    """

    _signature: ClassVar[CallSignature] = CallSignature()
    _takes_training: ClassVar[bool] = True
    _takes_one_tensor: ClassVar[bool] = False  # says that lists of tensors are a mistake
    _input_dtype: ClassVar[str | None] = None  # of what it takes, where that is not its dtype
    _makes_masks: bool = False  # whether its output may have a mask where its input has none
    _passes_masks_inside: bool = False  # whether the layers inside do that, for a model
    _takes_missing: ClassVar[bool] = (
        False  # whether NaN in its input means that a number is missing
    )
    _index_limit: Any = None  # below which number whole numbers have to be that it takes
    input_spec: Any = None
    """An `InputSpec` for its input, or a nest of them for several, checked at each call."""
    supports_masking: bool = False
    """Whether what comes out has the mask that `compute_mask` gives. True for classes that write
    `compute_mask`; others may set it, and pass on the mask of their input."""
    _policy_parts: int = -1  # the precision of its products, see `_matmul_parts`

    _computes_on_tensors = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "call" in cls.__dict__:
            cls._signature = CallSignature.of(cls.call)
            cls._takes_training = cls._signature.takes_training
        own = cls.__dict__
        if "compute_mask" in own:
            cls._makes_masks = own.get("_makes_masks", True)
            cls.supports_masking = own.get("supports_masking", True)
        own_build = cls.__dict__.get("build")
        if own_build is not None and not hasattr(own_build, "builds_itself"):
            cls.build = build_once(cls.build)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        activity_regularizer: Any = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        dtype: str | None = None,
        **older: Any,
    ) -> None:
        if older:
            from corereg.older_words import refuse_arguments

            refuse_arguments(type(self).__name__, older)
        if input_dim is not None and input_shape is not None:
            raise ValueError(f"{type(self).__name__}: give input_dim or input_shape, not both")
        if input_dim is not None:
            input_shape = (input_dim,)
        self.name = name if name is not None else unique_name(snake_case(type(self).__name__))
        if dtype is None:
            dtype = config.policy_name()
        elif not (isinstance(dtype, np.dtype) or dtype in _NAMES.values()):
            from corereg.dtype_policies import layer_dtype

            dtype = layer_dtype(dtype, self.name)
        if dtype == MIXED:
            self._policy_parts, dtype = matmul_precision.PARTS["medium"], "float32"
        self._dtype = np.dtype(dtype)
        if self._dtype not in _NAMES:
            raise ValueError(
                f"{self.who}: expected dtype 'float32', 'float64' or {MIXED!r}, received {dtype!r}"
            )
        if not isinstance(trainable, bool):
            raise ValueError(f"{self.who}: expected trainable as a bool, received {trainable!r}")
        self.input_shape_arg = None if input_shape is None else dims(self.who, input_shape)
        self.activity_regularizer = None
        if activity_regularizer is not None:
            self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = self._has_no_weights and type(self).build is Layer.build
        self._built_shapes: tuple[Any, ...] | None = None
        self._trainable = trainable

    @property
    def dtype(self) -> str:
        """What the layer's weights and outputs are: "float32" or "float64"."""
        return _NAMES.get(self._dtype) or str(self._dtype)

    @property
    def dtype_policy(self) -> Any:
        """The dtype as a `corereg.dtype_policies.DTypePolicy`."""
        from corereg.dtype_policies import DTypePolicy

        return DTypePolicy(self.dtype if self._policy_parts < 0 else MIXED)

    @property
    def compute_dtype(self) -> str:
        """What the layer computes in: its dtype."""
        return self.dtype

    @property
    def variable_dtype(self) -> str:
        """What its weights are of: its dtype."""
        return self.dtype

    def _matmul_parts(self) -> int:
        """In how many parts the operands of its products are rounded (`_kernels.matmul_parts`); -1:
        as in the call around it."""
        return self._policy_parts

    # ---- to be overridden ---------------------------------------------------------------------

    @build_once
    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of this shape, (None, ...). What is written in a subclass
        runs once, whoever calls it; then layers inside that are not built yet are built by a trial
        of `call` on zeros. A second call for another shape raises ValueError.

        >>> layer = layers.Dense(2)
        >>> layer.build((None, 3))
        >>> layer.kernel.shape
        (3, 2)
        """

    def call(self, x: Any, training: bool = False) -> Any:
        """What the layer computes for a tensor of its dtype."""
        raise NotImplementedError(f"{self.who}: call is not written")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, (None, ...). Unless a subclass says it, it is found by trying
        `call` on zeros, which builds the layer; ValueError if that fails."""
        if type(self).call is Layer.call:
            raise NotImplementedError(
                f"{self.who}: neither compute_output_shape nor call is written"
            )
        self.ensure_built(input_shape)
        return infer_output_shape(self, input_shape)

    def compute_output_spec(self, x: Any, *more: Any, **named: Any) -> Any:
        """Symbolic tensors as they come out of a call on symbolic tensors, which become part of no
        graph. The layer is built for it if that is needed to say what comes out.

        >>> layers.Dense(3).compute_output_spec(corereg.KerasTensor((None, 4), "float32")).shape
        (None, 3)
        """
        specs = specs_of(self, x, more, named)
        return map_nest(lambda spec: SymbolicTensor(spec.shape, spec.dtype), specs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of what comes out, bools of its first axes, or None: that of the input, unless a
        subclass says another. previous_mask: the masks of the inputs, nested as they are.

        >>> class Halves(layers.Layer):  # every second step
        ...     def call(self, x):
        ...         return x[:, ::2]
        ...
        ...     def compute_mask(self, inputs, mask=None):
        ...         return None if mask is None else mask[:, ::2]
        >>> y = Halves()(layers.Masking()(np.ones((1, 4, 2))))
        >>> layers.GlobalAveragePooling1D()(y).shape
        (1, 2)
        """
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-able; extend it in subclasses."""
        dtype = self.dtype if self._policy_parts < 0 else MIXED
        own: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": dtype}
        if self.activity_regularizer is not None:
            own["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A layer from what get_config gave."""
        return cls(**config)

    # ---- use -----------------------------------------------------------------------------------

    def __call__(
        self, x: Any = UNSAID, *more: Any, training: bool | None = None, **named: Any
    ) -> Any:
        """Computes the layer for a tensor or array x, building it first if need be. x is cast to
        the layer's dtype. What `call` takes besides is passed on; tensors in lists, tuples and
        dicts are taken, too. x may be given by the name that it has in `call`.

        training: left out, it is that of the call around this one, else the default of `call`.
        """
        try:
            if more or named or self._makes_masks or type(x) is not Tensor:
                if more or named or self._makes_masks or not is_of_floats(x):
                    return call_with(self, x, more, training, named)
                x = new_tensor(x)
            elif x._keras_mask is not None:
                return call_with(self, x, (), training, {})
            _kernels.track_part(self)
            if self.input_spec is not None:
                input_specs.check_input(self, x)
            if x.data.dtype is not self._dtype:
                x = self._cast(x)
            if not self.built:
                self.ensure_built((None, *x.shape[1:]))
            if training is None:
                training = self._training_around()
            if self._sublayers or self._activity or self._policy_parts >= 0:
                return self._call_inside(x, (), training, {})
            out = self.call(x, training=training) if self._takes_training else self.call(x)
            if self.activity_regularizer is not None:
                self._penalize_activity(x, out)
            return out
        except Exception as error:
            tracebacks.shorten(error)
            raise

    @property
    def _uses_masks(self) -> bool:
        """Whether what it computes depends on masks that it is told."""
        return self._signature.takes_mask

    def _track_call(self) -> None:
        """Tells whoever records that this layer decides what runs now."""
        _kernels.track_part(self)

    def _output_specs(self, x: Any) -> Any:
        """A nest of `Spec` for what comes out of symbolic tensors, or None: what `call` does on
        zeros decides."""
        kind = type(self)
        if kind.compute_output_spec is not Layer.compute_output_spec:
            try:
                told = kind.compute_output_spec(self, x)
            except NotImplementedError:  # it cannot say it
                return None
            return map_nest(lambda one: Spec(one.shape, one.dtype), told)
        if kind.compute_output_shape is Layer.compute_output_shape and kind.call is not Layer.call:
            return None
        shapes = self.compute_output_shape(map_nest(lambda one: one.shape, x))
        dtype = self._output_dtype(x)
        return map_shapes(lambda shape: Spec(shape, dtype), shapes)

    def _output_dtype(self, x: Any) -> str:
        """The dtype of what comes out of symbolic tensors."""
        return self.dtype

    @property
    def input(self) -> Any:
        """The symbolic tensors on which the layer was called first, nested as they were given.
        AttributeError if it was not, or if nobody holds what came out."""
        node = self._first_node("input")
        return node.args[0] if len(node.args) == 1 and not node.kwargs else node.inputs

    @property
    def output(self) -> Any:
        """The symbolic tensors that came out of the first call on symbolic tensors."""
        return self._first_node("output").outputs

    def _first_node(self, what: str) -> Node:
        for known in self._nodes:
            node: Node | None = known()
            if node is not None:
                return node
        raise AttributeError(
            f"{self.who}: it has no {what}, for it is part of no graph; call it on the output of "
            "an Input or of another layer"
        )

    def _call_on_list(self, tensors: list[Tensor], training: Any) -> Any:
        """`self(tensors, training=training)` for what a graph has: the layer is built."""
        if self._sublayers or self._activity or self.activity_regularizer is not None:
            return self(tensors, training=training)
        whole = self.input_spec is not None or self._makes_masks or self._signature.takes_mask
        if whole or self._policy_parts >= 0:
            return self(tensors, training=training)
        for one in tensors:
            if one.data.dtype is not self._dtype or one._keras_mask is not None:
                return self(tensors, training=training)
        _kernels.track_part(self)
        if not self._takes_training:
            return self.call(tensors)
        return self.call(
            tensors, training=self._training_around() if training is None else training
        )

    def _training_around(self) -> Any:
        """What `training` is if it is not said."""
        call = _kernels.current_call()
        training = None if call is None else call.training
        return self._signature.default_training if training is None else training

    def _call_inside(self, x: Any, more: Any, training: Any, named: Any) -> Any:
        """Calls a layer with layers inside, which find what they have to know in a CallContext."""
        outer = _kernels.current_call()
        if self._takes_training:
            named = {**named, "training": training}
        parts = self._matmul_parts()
        if outer is not None and outer.training is training and parts in (-1, outer.parts):
            out = self.call(x, *more, **named)
            if self.activity_regularizer is not None:
                self._penalize_activity(x, out)
            return out
        if outer is None and OwnCall.left_losses:
            for layer in self._flatten_layers():
                layer._activity.clear()
        alone = outer is None or type(outer) is OwnCall
        with (OwnCall if alone else _kernels.CallContext)(training, parts) as call:
            out = self.call(x, *more, **named)
            if self.activity_regularizer is not None:
                self._penalize_activity(x, out)
        if outer is not None:
            outer.losses.extend(call.losses)
        return out

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar Tensor, or a list of them, to what is minimised. Use it inside `call`: it
        counts for this call, and `losses` shows it until the next one; a symbolic tensor counts
        for nothing. ValueError for what is no scalar.

        >>> class Small(layers.Layer):
        ...     def call(self, x):
        ...         self.add_loss(0.5 * (x * x).mean())
        ...         return x
        >>> layer = Small()
        >>> y = layer(np.ones((2, 2)))
        >>> layer.losses[0].item()
        0.5
        """
        for one in loss if isinstance(loss, list | tuple) else (loss,):
            if isinstance(one, SymbolicTensor):
                continue  # whoever follows the call wants to know its output
            found = one if isinstance(one, Tensor) else tensor(one)
            if found.ndim:
                raise ValueError(
                    f"{self.who}.add_loss: expected a scalar, received shape {found.shape}; sum it "
                    "up, or take its mean"
                )
            self._keep_loss(penalty_names.ADDED, found)

    def _keep_loss(self, kind: str, loss: Tensor) -> None:
        call = _kernels.current_call()
        if call is None or type(call) is OwnCall:
            OwnCall.left_losses = True
            self._activity.append((kind, loss))
        else:
            call.losses.append(penalty_names.CallPenalty(self, kind, loss))

    def _penalize_activity(self, x: Any, out: Any) -> None:
        rows = max(next((t.shape[0] for t in leaves_of(x) if t.ndim), 1), 1)
        for one in leaves_of(out):
            self._keep_loss(penalty_names.ACTIVITY, self._activity_penalty(one, rows))

    def _activity_penalty(self, out: Tensor, rows: int) -> Tensor:
        """The penalty of an output, by its rows."""
        if penalties.is_proximal(self.activity_regularizer):
            raise ValueError(
                f"{self.who}: expected an activity_regularizer that has a gradient, received "
                f"{self.activity_regularizer!r}, which is for weights; use L1 or L2"
            )
        l1_l2 = penalties.fused(self.activity_regularizer)
        if l1_l2 is None:
            return penalties.penalty(self.activity_regularizer, out) / rows
        return ops.l1_l2_penalty(out, l1_l2.l1 / rows, l1_l2.l2 / rows)

    def _as_numbers(self, x: Any) -> Any:
        """What the layer is called with, with numbers in the place of texts."""
        return x

    def _numbers_shape(self, shape: Any, place: int = 0) -> Any:
        """The shape of what `_as_numbers` gives for texts of a shape, the input of this place."""
        return shape

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        dtype = self._dtype if dtype is None else dtype
        if x.data.dtype == dtype:
            return x
        if x.requires_grad:
            raise TypeError(
                f"{self.who}: expected a tensor of dtype {dtype}, received {x.dtype}, and a "
                "cast would lose its gradient; make the layer with dtype=, or set_floatx first"
            )
        if not x.ndim or not x.data.flags.c_contiguous or np.dtype(dtype) not in _GATHERED:
            return ops.astype(x, dtype)
        cast = np.empty(x.shape, dtype)
        _kernels.gather_rows(x.data, cast)
        return Tensor(cast)

    def _cast_other(self, x: Tensor) -> Tensor:
        """As `_cast`, for floats that `call` takes besides its first argument."""
        return self._cast(x)

    def ensure_built(self, *input_shapes: Any) -> None:
        """Builds the layer once. If that fails or is interrupted, no weight of it is left.

        >>> layer = layers.Dense(2)
        >>> layer.ensure_built((None, 3))
        >>> layer.built
        True
        """
        if not self.built:
            self.build(*input_shapes[: shapes_taken(type(self).build)])
            self._built_shapes = self._built_shapes or input_shapes

    @property
    def input_shape(self) -> Any:
        """The shape that the layer was built for, (None, ...), or None."""
        own = self.__dict__.get("_input_shape_set")
        return self._built_shapes[0] if own is None and self._built_shapes else own

    @input_shape.setter
    def input_shape(self, value: Any) -> None:
        self._input_shape_set = value  # layers that were written for Keras may keep it themselves

    def _unbuild(self) -> None:
        """Forgets what `build` made."""
        self._keep(self._ids - {id(p) for p in self._added})
        self.built, self._built_shapes = False, None

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        *,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Parameter:
        """A new weight of this layer, with Keras's arguments. name: "weight" and a number if left
        out; trainable: False keeps it as it is, also while the layer trains; constraint: what
        optimizers do to it after each update; dtype: "float32" or "float64", by default that of
        the layer.

        >>> class Shift(layers.Layer):
        ...     def build(self, input_shape):
        ...         self.by = self.add_weight((input_shape[-1],), "zeros", name="by")
        >>> layer = Shift()
        >>> layer.build((None, 3))
        >>> layer.by.shape
        (3,)
        """
        if isinstance(shape, str):
            raise TypeError(
                f"{self.who}: expected the shape first, received {shape!r}; "
                f"use add_weight(shape, name={shape!r})"
            )
        own_dtype = self._dtype if dtype is None else np.dtype(dtype)
        if own_dtype not in _NAMES:
            raise ValueError(
                f"{self.who}: expected dtype 'float32' or 'float64' for a weight, received "
                f"{dtype!r}"
            )
        if name is None:
            name = f"weight_{len(self._parameters)}"
        if self.built and not self._is_building:
            raise ValueError(
                f"{self.who}: expected its weights to be made in __init__ or build, received "
                f"add_weight(name={name!r}) after it was built; move it to build(self, input_shape)"
            )
        shape = tuple(shape)
        if self._given is None:
            found = initializers.get("glorot_uniform" if initializer is None else initializer)
            values = np.asarray(found(shape, str(own_dtype)))
        elif name in self._given:
            values = self._given[name]
        else:
            raise ValueError(f"{self.who}: the file lacks its {name!r}")
        if values.shape != shape:
            source = "the initializer" if self._given is None else "the file"
            raise ValueError(
                f"{self.who}: expected {source} to give {name!r} of shape {shape}, "
                f"received {values.shape}"
            )
        made = Parameter(
            values.astype(own_dtype),
            f"{self.name}/{name}",
            None if regularizer is None else regularizers.get(regularizer),
            None if constraint is None else constraints.get(constraint),
        )
        made.trainable = trainable
        self._added.append(made)
        self._enter(made)
        return made

    @property
    def random_state(self) -> Array | None:
        """What a file keeps of a layer that draws random numbers: uint64, or None. Settable."""
        return None

    @random_state.setter
    def random_state(self, value: Array) -> None:
        raise ValueError(f"{self.who}: has no random state")

    __repr__ = as_call
