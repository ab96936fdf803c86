"""Ensemble: several models as one, which gives the mean of what they give."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from corereg.autograd import Tensor, no_grad
from corereg.graph.nest import flatten, map_nest, pack_like
from corereg.layers.base import Layer
from corereg.layers.lookup import deserialize, inside, serialize, take_prepare
from corereg.layers.merging.ensemble_average import EnsembleAverage
from corereg.models.cloning import clone_model
from corereg.models.ensemble_graph import (
    inputs_again,
    inputs_of,
    nest_of_inputs,
    outputs_of,
)
from corereg.models.inputs import InputKind, arranged
from corereg.models.model import Model
from corereg.registry import register
from corereg.shown import as_words, counted
from corereg.tables.given import columns_by_name
from corereg.training.data.feature_names import InputColumns, common_columns

Array = np.ndarray[Any, Any]
AVERAGES = ("outputs", "probabilities")


@register("model")
class Ensemble(Model):
    """Several models as one, whose output is the mean of theirs (deep ensembles: Lakshminarayanan
    et al. 2017).

    models: at least one, each built, with inputs of the same shapes and outputs of the same shapes
        and nesting. They are not copied: what trains one of them trains it here, too.
    weights: how much each model counts, numbers >= 0; they are divided by their sum. None: all
        alike.
    average: "outputs": the mean of what the models give, of classifiers whose last activation is
        softmax or sigmoid the mean of probabilities; "probabilities": of models that give logits,
        the mean of their probabilities (softmax over the last axis, or sigmoid if that has one
        element), which is then what the ensemble gives.
    inputs: a symbolic tensor, or a list or dict of them, to call the models on, where none of them
        says its inputs: subclasses with a `call` that are not built yet.

    It is a Model: `predict` runs each model over the rows once, replayed; it may be compiled,
    evaluated, trained as a whole, saved to one file, and stand in a larger model. `predict_members`
    gives what each model says. Names of models need not differ.

    Models may take texts, if all number those of an input alike: by one vocabulary, for example.

    TypeError for what is no Model; ValueError for no models, one model twice, models that do not go
    together, and for weights and average that cannot be.

    >>> one, two = (layers.Dense(1, kernel_initializer=name) for name in ("zeros", "ones"))
    >>> parts = [corereg.Sequential([corereg.Input((2,)), layer]) for layer in (one, two)]
    >>> ensemble = models.Ensemble(parts)
    >>> ensemble.predict(np.ones((1, 2)), verbose=0)
    array([[1.]], dtype=float32)
    """

    recordable = True
    _has_own_call = False
    _clones_by_config = True

    def __init__(
        self,
        models: Sequence[Model],
        weights: Sequence[float] | None = None,
        average: str = "outputs",
        name: str | None = None,
        *,
        inputs: Any = None,
        **options: Any,
    ) -> None:
        members = _checked_models(models)
        columns = _columns_of(members)
        shares = _checked_weights(weights, len(members))
        if average not in AVERAGES:
            raise ValueError(
                f"Ensemble: expected average as one of {', '.join(map(repr, AVERAGES))}, received "
                f"{average!r}"
            )
        inputs = inputs_of(members) if inputs is None else inputs
        outputs = outputs_of(members, inputs, shares, average == "probabilities")
        super().__init__(inputs, outputs, name, **options)
        self.average = average
        self.member_weights = None if weights is None else tuple(float(one) for one in weights)
        self._members = tuple(members)
        self._trainer.columns = columns
        _ = self._input_kinds  # ValueError for models that number texts differently

    @property
    def models(self) -> list[Model]:
        """The models, in order.

        >>> parts = [corereg.Sequential([corereg.Input((2,)), layers.Dense(1)]) for _ in range(3)]
        >>> models.Ensemble(parts).models[0] is parts[0]
        True
        """
        return list(self._members)

    @property
    def layers(self) -> list[Layer]:
        """The models: they are the layers of an ensemble."""
        return list(self._members)

    def predict_members(self, x: Any, batch_size: int | None = None, verbose: int | str = 0) -> Any:
        """What each model gives for x: (members, rows, ...) for every output, nested as the outputs
        are; with average="probabilities" their probabilities. x: as for `predict`.

        Their deviation over the first axis tells where the models disagree.

        >>> parts = [corereg.Sequential([corereg.Input((2,)), layers.Dense(3)]) for _ in range(5)]
        >>> np.shape(models.Ensemble(parts).predict_members(np.ones((4, 2))))
        (5, 4, 3)
        """
        graph = self._graph
        assert graph is not None
        several = len(graph.expected) > 1 or isinstance(x, dict)
        if several:
            x = columns_by_name(x, [name for _, _, name in graph.expected]) or x
        values = arranged(self.who, graph, x) if several else [x]
        parts = []
        for model in self._members:
            given = pack_like(nest_of_inputs(model, len(values)), values)
            parts.append(list(flatten(model.predict(given, batch_size, verbose))))
        averages = [one.node.operation for one in flatten(graph.outputs)]
        stacks = [
            np.stack([_averaged(layer, one) for one in own])
            for layer, own in zip(averages, zip(*parts, strict=True), strict=True)
        ]
        return pack_like(graph.outputs, stacks)

    def _repr_html_(self) -> str:
        from corereg.models.pages import model_page

        weights = self.member_weights or (1.0,) * len(self._members)
        shares = [f"{100 * one / sum(weights):.3g} %" for one in weights]
        return model_page(self, (f"Share of the {self.average}", shares))

    @property
    def _input_kinds(self) -> list[InputKind] | None:
        kinds = super()._input_kinds
        assert kinds is not None
        several = [list(model._input_kinds or ()) for model in self._members]
        for i, kind in enumerate(kinds):
            ready = all(len(own) > i and own[i].takes_missing for own in several)
            kinds[i] = kind._replace(takes_missing=ready)
        for of_model in several:
            for i, own in enumerate(of_model):
                limits = [n for n in (kinds[i].limit, own.limit) if n is not None]
                kinds[i] = kinds[i]._replace(limit=min(limits, default=None))
        return kinds

    def _inner_places(self) -> Iterator[tuple[str, Any]]:
        return ((str(i), model) for i, model in enumerate(self._members))

    # ---- files -----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The models, as `layers`, and the constructor's arguments, JSON-able.

        >>> parts = [corereg.Sequential([corereg.Input((2,)), layers.Dense(1)]) for _ in range(3)]
        >>> sorted(models.Ensemble(parts).get_config())
        ['average', 'inputs', 'layers', 'name', 'trainable', 'weights']
        """
        graph = self._graph
        assert graph is not None
        weights = self.member_weights
        return {
            "name": self.name,
            "trainable": self._trainable,
            "layers": [serialize(model) for model in self._members],
            "weights": None if weights is None else list(weights),
            "average": self.average,
            "inputs": map_nest(lambda one: serialize(one.node.operation), graph.inputs),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """An ensemble of models of the same structure, with fresh weights. custom_objects: {name:
        class} for layers and so on of the user's own.

        >>> parts = [corereg.Sequential([corereg.Input((2,)), layers.Dense(1)]) for _ in range(3)]
        >>> models.Ensemble.from_config(models.Ensemble(parts, name="e").get_config())
        <Ensemble 'e', 3 models>
        """
        prepare = take_prepare()
        models: list[Any] = []
        for place, entry in enumerate(config["layers"]):
            model = deserialize(entry, custom_objects, prepare=inside(prepare, place))
            if prepare is not None:
                model = prepare(str(place), model)
            models.append(model)
        rest = {key: value for key, value in config.items() if key not in ("layers", "inputs")}
        return cls(models, inputs=inputs_again(config["inputs"]), **rest)

    @classmethod
    def of_snapshots(
        cls, model: Model, snapshots: Sequence[Sequence[Array]], **options: Any
    ) -> Self:
        """An ensemble of copies of one model, each with weights as `get_weights` gives them.

        >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
        >>> model.compile(optimizers.SGD(0.1), "mse")
        >>> snapshots = callbacks.SnapshotEnsemble(cycle_epochs=2)
        >>> x, y = np.ones((8, 1)), np.ones(8)
        >>> history = model.fit(x, y, epochs=6, verbose=0, callbacks=snapshots)
        >>> models.Ensemble.of_snapshots(model, snapshots.snapshots, name="three")
        <Ensemble 'three', 3 models>
        """
        models = []
        for weights in snapshots:
            copy = clone_model(model)
            if not copy.built:
                copy.build(model.input_shape)
            copy.set_weights(list(weights))
            copy._trainer.columns = model._trainer.columns
            models.append(copy)
        return cls(models, **options)

    __repr__ = as_words(lambda self: f"{self.name!r}, {counted(len(self._members), 'model')}")


# ---- what the constructor is given ---------------------------------------------------------------


def _checked_models(models: Any) -> list[Model]:
    if not isinstance(models, list | tuple):
        raise TypeError(f"Ensemble: expected a list of models, received {type(models).__name__}")
    wrong = [one for one in models if not isinstance(one, Model)]
    if wrong:
        raise TypeError(f"Ensemble: expected models, received {wrong[0]!r}; wrap it in a Model")
    if not models:
        raise ValueError("Ensemble: expected at least one model, received none")
    if len({id(one) for one in models}) < len(models):
        raise ValueError("Ensemble: expected each model once; give one more weight by weights=")
    found = {one.dtype for one in models}
    if len(found) > 1:
        raise ValueError(f"Ensemble: expected models of one dtype, received {sorted(found)}")
    return list(models)


def _columns_of(models: list[Model]) -> InputColumns | None:
    try:
        return common_columns([one._trainer.columns for one in models])
    except ValueError as error:
        raise ValueError(
            f"Ensemble: {error}; train them on x[names], or forget the names of one, with "
            "feature_names = None"
        ) from None


def _checked_weights(weights: Any, count: int) -> list[float] | None:
    """The shares of the models, which add up to 1; None: all alike."""
    if weights is None:
        return None
    numbers = list(weights) if isinstance(weights, list | tuple | np.ndarray) else None
    if numbers is None or not all(
        isinstance(one, int | float | np.number) and not isinstance(one, bool) for one in numbers
    ):
        raise TypeError(f"Ensemble: expected weights as a list of numbers, received {weights!r}")
    fits = all(math.isfinite(one) and one >= 0 for one in numbers)
    if len(numbers) != count or not fits or not sum(numbers) > 0:
        raise ValueError(
            f"Ensemble: expected weights as {count} numbers >= 0, not all of them 0, received "
            f"{weights!r}"
        )
    return [float(one) / float(sum(numbers)) for one in numbers]


def _averaged(layer: EnsembleAverage, output: Array) -> Array:
    """What of a model's output is averaged, as an array."""
    if not layer.probabilities:
        return output
    with no_grad():
        return np.asarray(layer.averaged(Tensor(output)).data)
