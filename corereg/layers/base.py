"""Layer: parameters, and a function from Tensor to Tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from corereg import _kernels, config, initializers, regularizers
from corereg.autograd import Parameter, Tensor, ops, tensor
from corereg.naming import snake_case, unique_name
from corereg.recordable import Recordable
from corereg.regularizers.penalties import fused, penalties, penalty

Shape = tuple[int | None, ...]
Array = np.ndarray[Any, Any]

VARKEYWORDS = 8  # inspect.CO_VARKEYWORDS


class Layer(Recordable):
    """Base class of layers. Subclass it: `build(input_shape)` makes weights with `add_weight`,
    `call(x, training)` or `call(x)` computes; `get_config` returns the constructor's arguments;
    `compute_output_shape` says what comes out where that is not the input's shape.

    name: unique by default; trainable: False freezes its weights; activity_regularizer: a penalty
    of the layer's output, divided by the batch size; input_shape / input_dim: without the batch,
    for a first layer; dtype: "float32" or "float64", by default `corereg.config.floatx()`.
    """

    _takes_training: ClassVar[bool] = True
    _given: Mapping[str, Array] | None = None  # a file's weights by name, while it is being loaded

    _computes_on_tensors = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        code = getattr(cls.call, "__code__", None)
        if code is not None:
            named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            cls._takes_training = "training" in named or bool(code.co_flags & VARKEYWORDS)

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        activity_regularizer: Any = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        dtype: str | None = None,
    ) -> None:
        if input_dim is not None and input_shape is not None:
            raise ValueError(f"{type(self).__name__}: give input_dim or input_shape, not both")
        if input_dim is not None:
            input_shape = (input_dim,)
        self.name = name if name is not None else unique_name(snake_case(type(self).__name__))
        self._dtype = np.dtype(config.floatx() if dtype is None else dtype)
        self.dtype = str(self._dtype)
        if self.dtype not in ("float32", "float64"):
            raise ValueError(
                f"{self.who}: expected dtype 'float32' or 'float64', received {dtype!r}"
            )
        self.input_shape_arg = None if input_shape is None else dims(self.who, input_shape)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = False
        self.input_shape: Shape | None = None
        self._parameters: list[Parameter] = []
        self._frozen: list[Parameter] = []  # those that never train
        self._trainable = bool(trainable)
        self._activity: list[Tensor] = []

    @property
    def who(self) -> str:
        """How errors name this layer."""
        return f"{type(self).__name__} {self.name!r}"

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_activity": []}  # of the last call, with its graph

    # ---- to be overridden ---------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        """Makes the weights for inputs of this shape, (None, ...)."""

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        raise NotImplementedError(f"{self.who}: call is not written")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the output; by default the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-able; extend it in subclasses."""
        own: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype}
        if self.activity_regularizer is not None:
            own["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A layer from what get_config gave."""
        return cls(**config)

    # ---- use -----------------------------------------------------------------------------------

    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """Computes the layer for a tensor or array x, building it first if need be. x is cast to
        the layer's dtype."""
        _kernels.track_part(self)
        x = tensor(x)
        if x.data.dtype is not self._dtype:
            x = self._cast(x)
        if not self.built:
            self.ensure_built((None, *x.shape[1:]))
        out = self.call(x, training=training) if self._takes_training else self.call(x)
        if self.activity_regularizer is not None:
            penalty = self._activity_penalty(out, max(x.shape[0], 1))
            call = _kernels.current_call()
            if call is None:
                self._activity[:] = [penalty]
            else:
                call.losses.append(penalty)
        return out

    def _activity_penalty(self, out: Tensor, rows: int) -> Tensor:
        """The penalty of an output, by its rows."""
        l1_l2 = fused(self.activity_regularizer)
        if l1_l2 is None:
            return penalty(self.activity_regularizer, out) / rows
        return ops.l1_l2_penalty(out, l1_l2.l1 / rows, l1_l2.l2 / rows)

    def _cast(self, x: Tensor) -> Tensor:
        if x.data.dtype == self._dtype:
            return x
        if x.requires_grad:
            raise TypeError(
                f"{self.who}: expected a tensor of dtype {self.dtype}, received {x.dtype}, and a "
                "cast would lose its gradient; make the layer with dtype=, or set_floatx first"
            )
        if not x.ndim or not x.data.flags.c_contiguous:
            _kernels.fail_recording(f"{self.who} casts its input, which is not contiguous")
            return Tensor(x.data.astype(self._dtype))
        cast = np.empty(x.shape, self._dtype)
        _kernels.gather_rows(x.data, cast)
        return Tensor(cast)

    def ensure_built(self, input_shape: Shape) -> None:
        """Builds the layer once. If that fails or is interrupted, no weight of it is left."""
        if self.built:
            return
        made, frozen = len(self._parameters), len(self._frozen)
        try:
            self.build(input_shape)
            self.input_shape = input_shape
            self.built = True
            self.trainable = self._trainable
        except BaseException:
            self.built = False
            del self._parameters[made:], self._frozen[frozen:]
            raise

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        *,
        trainable: bool = True,
        regularizer: Any = None,
        name: str | None = None,
    ) -> Parameter:
        """A new weight of this layer, with Keras's arguments. name: "weight" and a number if left
        out; trainable: False keeps it as it is, also while the layer trains."""
        if isinstance(shape, str):
            raise TypeError(
                f"{self.who}: expected the shape first, received {shape!r}; "
                f"use add_weight(shape, name={shape!r})"
            )
        if name is None:
            name = f"weight_{len(self._parameters)}"
        shape = tuple(shape)
        if self._given is None:
            values = np.asarray(initializers.get(initializer)(shape, self.dtype))
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
            values.astype(self.dtype), f"{self.name}/{name}", regularizers.get(regularizer)
        )
        made.trainable = trainable
        if not trainable:
            self._frozen.append(made)
        self._parameters.append(made)
        return made

    @property
    def weights(self) -> list[Parameter]:
        return list(self._parameters)

    @property
    def random_state(self) -> Array | None:
        """What a file keeps of a layer that draws random numbers: uint64, or None. Settable."""
        return None

    @random_state.setter
    def random_state(self, value: Array) -> None:
        raise ValueError(f"{self.who}: has no random state")

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for p in self._parameters:
            p.trainable = self._trainable and not any(p is frozen for frozen in self._frozen)

    @property
    def trainable_weights(self) -> list[Parameter]:
        return [p for p in self._parameters if p.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        return [p for p in self._parameters if not p.trainable]

    @property
    def losses(self) -> list[Tensor]:
        """The penalties: of each trainable weight, and of the activity in the last call."""
        return penalties(self._parameters) + self._activity

    def get_weights(self) -> list[Array]:
        """Copies of the weights, in the order of `weights`."""
        return [p.data.copy() for p in self._parameters]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrites the weights; checks every shape before it changes any."""
        assign_all(self.who, self._parameters, weights)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        return sum(p.size for p in self._parameters)

    def __repr__(self) -> str:
        return f"<{self.who}{'' if self.built else ', not built'}>"


def assign_all(who: str, parameters: list[Parameter], values: Sequence[Any]) -> None:
    """Assigns every value to its parameter, or raises before anything is changed."""
    if not isinstance(values, list | tuple):
        raise TypeError(f"{who}: expected a list of weights, received {type(values).__name__}")
    arrays = [np.asarray(v.data if isinstance(v, Tensor) else v) for v in values]
    expected = [p.shape for p in parameters]
    received = [a.shape for a in arrays]
    if expected != received:
        raise ValueError(
            f"{who}: expected weights of shapes {expected}, received {received}; "
            + ("build the layer first" if not expected else "get_weights() gives the right order")
        )
    for p, a in zip(parameters, arrays, strict=True):
        if a.dtype.kind not in "fiub":
            raise TypeError(f"{who}: expected numbers for {p.name!r}, received dtype {a.dtype}")
    for p, a in zip(parameters, arrays, strict=True):
        p.assign(a)


def dims(who: str, shape: Any) -> tuple[int | None, ...]:
    """A shape without the batch as a tuple of positive ints (or None)."""
    entries = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    for n in entries:
        if n is not None and (isinstance(n, bool) or not hasattr(n, "__index__") or int(n) < 1):
            raise ValueError(f"{who}: expected positive sizes in a shape, received {shape!r}")
    return tuple(None if n is None else int(n) for n in entries)
