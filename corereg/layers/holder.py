"""Holder: the layers and parameters that are part of a layer, in Keras's order.

What is set as an attribute is part of the layer if it is a layer or a Parameter, or a list, tuple
or dict that holds some, however deep. The order is that in which they came: the layer's own
trainable parameters, then those that never train, then each inner layer's in the same way.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from types import FunctionType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Parameter, Tensor
from corereg.layers.tracking import adopted, leaves, wrapped

if TYPE_CHECKING:
    from corereg.layers import penalty_names
    from corereg.regularizers import penalties
    from corereg.tables import given as tables
else:  # few layers have penalties, and few weights are given as lists
    tables = later("corereg.tables.given")
    penalties = later("corereg.regularizers.penalties")
    penalty_names = later("corereg.layers.penalty_names")

Array = np.ndarray[Any, Any]
Given = Mapping[Any, Any]
"""A file's weights: own ones by name, those of the inner layer at a place under (place,)."""

_CONTAINERS = (list, tuple, dict)
_SLOTS = ("_parameters", "_frozen", "_added", "_sublayers", "_ids", "_activity", "_nodes")
_COPIED = ("_parameters", "_frozen", "_added", "_sublayers")
_OWN = frozenset((*_SLOTS, "_given", "_tensors", "_built_shapes"))
"""Attributes in which nothing is looked for."""


class FromInit:
    """In place of an attribute that the base's `__init__` sets: what uses it before says so."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, kind: type) -> Any:
        if layer is None:
            return self
        raise RuntimeError(
            f"{kind.__name__}: expected super().__init__() to be called in its __init__, received "
            f"a {kind.__name__} that lacks {self.name!r}; call it first"
        )


class Holder:
    """What of a layer holds parameters and other layers.

    What it keeps account with is in slots, apart from the attributes that decide what a layer
    computes: recordings look at those one by one.
    """

    __slots__ = ("__dict__", "__weakref__", *_SLOTS)

    if TYPE_CHECKING:
        name: str
        _dtype: np.dtype[Any]
        activity_regularizer: Any
    else:
        name, _dtype, activity_regularizer = FromInit(), FromInit(), FromInit()
    built: bool = False
    _built_shapes: tuple[Any, ...] | None = None
    _has_no_weights: bool = False  # so that it is built as soon as it is made
    _trainable: bool = True
    _is_building: bool = False
    _given: Given | None = None  # a file's weights, while it is being loaded
    _parameters: list[Parameter]  # own ones
    _frozen: list[Parameter]  # those of them that never train
    _added: list[Parameter]  # those of them that add_weight made
    _sublayers: list[Holder]
    _ids: set[int]  # of parameters and sublayers
    _nodes: list[weakref.ref[Any]]  # calls on symbolic tensors
    _takes_layers: bool = False  # also when it is built
    _activity: list[tuple[str, Tensor]]  # penalties of the last call, with their kind

    def __new__(cls, *args: Any, **options: Any) -> Self:
        # not in __init__: subclasses may set attributes before they call it
        made = super().__new__(cls)
        made._begin()
        return made

    def _begin(self) -> None:
        """Nothing is part of it yet."""
        for name in _SLOTS:  # none of these is part of the layer
            _put(self, name, set() if name == "_ids" else [])

    @property
    def who(self) -> str:
        """How errors name this layer."""
        return f"{type(self).__name__} {vars(self).get('name', '')!r}"

    # ---- what is part of it --------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        old = self.__dict__.get(name)
        if type(value) in _PLAIN and type(old) in _PLAIN:  # most are
            parts = False
        else:
            parts = (isinstance(value, _PARTS) or isinstance(old, _PARTS)) and name not in _OWN
            if parts:
                value = self._track(value, exchanged=isinstance(old, _PARTS))
        try:
            _put(self, name, value)
        except AttributeError as error:
            raise self._name_error(name, value, error) from None
        if not parts or old is None or old is value:
            return
        if any(id(one) in self._ids for one in leaves(old)):
            self._forget_unheld()

    def _name_error(self, name: str, value: Any, error: AttributeError) -> AttributeError:
        found = getattr(type(self), name, None)
        if not isinstance(found, property) or found.fset is not None:
            return error
        return AttributeError(
            f"{self.who}: expected another name than {name!r}, which a {type(self).__name__} "
            f"has as a property, received {value!r} for it"
        )

    def __delattr__(self, name: str) -> None:
        old = self.__dict__.get(name)
        object.__delattr__(self, name)
        if isinstance(old, _PARTS):
            self._forget_unheld()

    def _track(self, value: Any, *, exchanged: bool = False) -> Any:
        """Makes the layers and parameters in value part of this layer, and returns it with its
        lists and dicts tracked. exchanged: it takes the place of something."""
        new = [
            one
            for one in ((value,) if isinstance(value, _HELD) else leaves(value))
            if isinstance(one, _HELD) and one is not self and id(one) not in self._ids
        ]
        fixed = self.built and not self._is_building and not self._takes_layers
        if new and fixed and self._has_no_weights and self._built_shapes is None:
            self.built = fixed = False  # a layer without weights, to which a subclass gives some
        if new and fixed and not exchanged:
            raise ValueError(
                f"{self.who}: expected its layers and parameters to be made in __init__ or build, "
                f"received {new[0]!r} after it was built; make it in build(), or put it in the "
                "place of another one"
            )
        for one in new:
            self._enter(one)
        return wrapped(value, self) if isinstance(value, _CONTAINERS) else value

    def _enter(self, one: Any) -> None:
        self._ids.add(id(one))
        if isinstance(one, Parameter):
            self._parameters.append(one)
            if not one.trainable:
                self._frozen.append(one)
            return
        self._sublayers.append(one)
        if self._given is not None and one._given is None:
            one._give(self._given.get((str(len(self._sublayers) - 1),), {}))

    def _forget_unheld(self) -> None:
        """Something was taken out: what no attribute holds any more is no part of this layer. What
        add_weight made stays."""
        held = {id(p) for p in self._added}
        for name, value in self.__dict__.items():
            if name not in _OWN and isinstance(value, _PARTS):
                held |= {id(one) for one in leaves(value)}
        self._keep(held)

    def _keep(self, held: set[int]) -> None:
        """Forgets all parts but those of these ids."""
        lists: list[list[Any]] = [self._parameters, self._frozen, self._added, self._sublayers]
        for parts in lists:
            if any(id(one) not in held for one in parts):
                parts[:] = [one for one in parts if id(one) in held]
        self._ids.intersection_update(held)

    def __getstate__(self) -> dict[str, Any]:
        # without what the last call made, and without nodes: a graph that is copied has its own
        return vars(self) | {name: getattr(self, name) for name in _COPIED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._begin()
        self.__dict__.update({name: state[name] for name in state if name not in _SLOTS})
        for name in _COPIED:
            getattr(self, name).extend(state[name])  # a shallow copy has lists of its own
        self._ids.update(map(id, self._parameters), map(id, self._sublayers))
        for name, value in list(self.__dict__.items()):
            if name not in _OWN and isinstance(value, _CONTAINERS):
                self.__dict__[name] = adopted(value, self)

    def _enter_node(self, node: Any) -> None:
        """Takes note of a call on symbolic tensors."""
        self._nodes[:] = [known for known in self._nodes if known() is not None]
        self._nodes.append(weakref.ref(node))

    def _tracked_containers(self) -> list[Any]:
        """The containers whose entries a recording depends on: those of layers and parameters."""
        return [self._sublayers, *_kernels.containers_holding(self.__dict__, self._ids, _OWN)]

    def _flatten_layers(self, include_self: bool = True) -> list[Any]:
        """This layer and all that are inside it, each once, owners first."""
        if not self._sublayers:
            return [self] if include_self else []
        found = _kernels.flatten_layers(self)
        return found if include_self else found[1:]

    def _inner_places(self) -> Iterator[tuple[str, Any]]:
        """The inner layers, and how files name their places."""
        return ((str(i), layer) for i, layer in enumerate(self._sublayers))

    def _give(self, given: Given) -> None:
        """Has this layer and those inside it take their weights from a file."""
        self._given = given
        for place, layer in self._inner_places():
            if layer._given is None:
                layer._give(given.get((place,), {}))

    def _stop_giving(self) -> None:
        for layer in self._flatten_layers():
            layer._given = None

    # ---- weights -------------------------------------------------------------------------------

    def _own_weights(self) -> list[Parameter]:
        if not self._frozen:
            return self._parameters
        never = {id(p) for p in self._frozen}
        return [p for p in self._parameters if id(p) not in never] + self._frozen

    @property
    def weights(self) -> list[Parameter]:
        """All parameters: own ones that train, own ones that never do, then those of each inner
        layer; each once."""
        if not self._sublayers:
            return list(self._own_weights())
        found: dict[int, Parameter] = {}
        for layer in self._flatten_layers():
            for p in layer._own_weights() if layer._frozen else layer._parameters:
                found[id(p)] = p
        return list(found.values())

    @property
    def trainable_weights(self) -> list[Parameter]:
        """Those that training changes."""
        return [p for p in self.weights if p.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """Those that are frozen."""
        return [p for p in self.weights if not p.trainable]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """False freezes the layer and all inside it; True frees them again."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            layer._freeze_own()

    def _freeze_own(self) -> None:
        for p in self._parameters:
            p.trainable = self._trainable
        for p in self._frozen:
            p.trainable = False

    @property
    def losses(self) -> list[Tensor]:
        """The penalties: of each trainable weight, of activities in the last call, and what
        `add_loss` was given in it; of inner layers, too. `penalties` has them by name."""
        return [value for _, value in self._found_penalties()]

    def penalties(self) -> dict[str, Tensor]:
        """`losses` by name, scalar tensors in the same order.

        "dense/kernel_penalty" is that of the weight `kernel` of the layer `dense`;
        "dense/activity_penalty" that of the layer's output in the last call; "dense/added_penalty"
        what `add_loss` was given in it. Layers inside layers have their path, "block/dense/...",
        and what belongs to this layer itself none. Values of one name are added up: those of a
        layer that was called twice.

        >>> layer = layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2", name="d")
        >>> layer.build((None, 2))
        >>> {name: round(float(value), 4) for name, value in layer.penalties().items()}
        {'kernel_penalty': 0.02}
        """
        found = penalty_names.PenaltyNames(self).by_name(self._found_penalties())
        return {name: sum(values[1:], values[0]) for name, values in found.items()}

    def _found_penalties(self) -> list[tuple[Any, Tensor]]:
        """Each penalty, with the weight or the `CallPenalty` that it belongs to."""
        found: list[tuple[Any, Tensor]] = []
        known: set[int] = set()
        for layer in self._flatten_layers():
            for p in layer._parameters:
                if p.regularizer is not None and p.trainable and id(p) not in known:
                    known.add(id(p))
                    found.append((p, penalties.penalty(p.regularizer, p)))
            for kind, value in layer._activity:
                found.append((penalty_names.CallPenalty(layer, kind, value), value))
        return found

    def get_weights(self) -> list[Array]:
        """Copies of the weights, in the order of `weights`: all of one step, whoever trains.

        >>> layer = layers.Dense(2, kernel_initializer="ones")
        >>> layer.build((None, 1))
        >>> layer.get_weights()
        [array([[1., 1.]], dtype=float32), array([0., 0.], dtype=float32)]
        """
        weights = self.weights
        with _kernels.shared_lock(weights).reading:
            return [p._copied() for p in weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrites the weights; checks every shape before it changes any. Others see all old or
        all new ones.

        >>> layer = layers.Dense(1)
        >>> layer.build((None, 2))
        >>> layer.set_weights([np.array([[1.0], [2.0]]), np.array([3.0])])
        >>> layer(np.array([[1.0, 1.0]])).item()
        6.0
        """
        own = self.weights
        lock = _kernels.shared_lock(own)
        with nullcontext() if lock.reads else lock.writing:  # in `call`, predict may be under way
            assign_all(self.who, own, weights)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        return sum(p.size for p in self.weights)


_HELD = (Holder, Parameter)
_PARTS = (*_HELD, *_CONTAINERS)
_PLAIN = frozenset((type(None), bool, int, float, str, FunctionType))  # what holds no part
_put = object.__setattr__


def _array_of(who: str, value: Any) -> Array:
    """A weight's new values as an array."""
    if type(value) is np.ndarray:
        return value
    return value.data if isinstance(value, Tensor) else tables.given_array(who, "weights", value)


def assign_all(who: str, parameters: list[Parameter], values: Sequence[Any]) -> None:
    """Assigns every value to its parameter, or raises before anything is changed."""
    if not isinstance(values, list | tuple):
        raise TypeError(f"{who}: expected a list of weights, received {type(values).__name__}")
    arrays = [_array_of(who, v) for v in values]
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
