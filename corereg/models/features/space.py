"""FeatureSpace: what becomes of each column of a table, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.graph.node import is_symbolic
from corereg.graph.tensor import STRING
from corereg.layers import (
    CategoryEncoding,
    Concatenate,
    Discretization,
    HashedCrossing,
    Hashing,
    Input,
    IntegerLookup,
    Normalization,
    StringLookup,
)
from corereg.layers.building import builds_itself
from corereg.layers.calling import UNSAID
from corereg.models.features.columns import columns_of, is_table, numbers_of, with_axis
from corereg.models.features.feature import Cross, Feature, check_mode
from corereg.models.features.kinds import FeatureKinds
from corereg.models.model import Model
from corereg.registry import register

Array = np.ndarray[Any, Any]


@register("model")
class FeatureSpace(FeatureKinds, Model):
    """Columns of a table as numbers, as Keras's `FeatureSpace`.

    features: by column what becomes of it: a name ("float", "float_normalized", "float_rescaled",
    "float_discretized", "integer_categorical", "string_categorical", "integer_hashed",
    "string_hashed"), or what the methods of these names return, or a `feature` of any layer.
    output_mode: "concat", all features as one row of floats; "dict", each by its name. crosses:
    tuples of names of columns with categories that count together, or what `cross` returns.
    crossing_dim, hashing_dim, num_discretization_bins: of those given by name alone.

    `adapt` looks at data once; then a call encodes a table, a dict of columns or one row, and
    `get_inputs` and `get_encoded_features` are the ends of a graph that begins with raw columns.
    A space is a model: `predict`, `save` and `load_model` are those of models. ValueError for names
    that are not known.

    >>> table = {"age": np.array([20.0, 40.0]), "job": np.array(["cook", "nurse"])}
    >>> space = utils.FeatureSpace({"age": "float_normalized", "job": "string_categorical"})
    >>> space.adapt(table)
    >>> space(table)
    Tensor([[-1.,  0.,  0.,  1.],
            [ 1.,  0.,  1.,  0.]])
    """

    recordable = True

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError(f"{self.who}: expected features, received {features!r}")
        self.output_mode = check_mode(self.who, output_mode, ("concat", "dict"))
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {key: self._as_feature(key, one) for key, one in features.items()}
        self.crosses = [self._as_cross(one) for one in crosses or ()]
        self.preprocessors = {key: one.preprocessor for key, one in self.features.items()}
        self.crossers = {
            one.name: HashedCrossing(one.crossing_dim, name=one.name) for one in self.crosses
        }
        self.one_hot_encoders: dict[str, CategoryEncoding] = {}
        self.concat = Concatenate()

    # ---- features --------------------------------------------------------------------------------

    @classmethod
    def from_frame(cls, frame: Any, **options: Any) -> FeatureSpace:
        """A space that fits a table, adapted to it: a frame of pandas or polars, an Arrow table or
        a dict of columns.

        Numbers are standardised, or by ``scaling="quantile"`` made normal; where they are missing,
        0 stands and a further column says so. Texts and pandas's categories become one-hot of the
        max_one_hot (32) most frequent values, or with ``output_mode="dict"`` integers if they are
        more; rarer values, those never seen and missing ones have their places. Bools are 0 and 1.
        categories: names of columns of whole numbers that are categories; ignore: columns that are
        left out, such as the target. crosses, output_mode, name: of the space.

        ValueError for dates, with a remedy, and for columns that are neither numbers nor texts.
        """
        from corereg.models.features.from_frame import space_of

        found: FeatureSpace = space_of(cls, frame, **options)
        return found

    def _as_feature(self, name: str, given: Any) -> Feature:
        if isinstance(given, Mapping):
            return Feature.from_config(given.get("config", given))
        if isinstance(given, Feature):
            return given
        options: dict[str, Any] = {
            "float": {},
            "float_normalized": {},
            "float_rescaled": {},
            "float_discretized": {"num_bins": self.num_discretization_bins},
            "integer_categorical": {},
            "string_categorical": {},
            "integer_hashed": {"num_bins": self.hashing_dim},
            "string_hashed": {"num_bins": self.hashing_dim},
        }
        if not isinstance(given, str) or given not in options:
            raise ValueError(
                f"{self.who}: expected the feature {name!r} as one of {list(options)} or what "
                f"FeatureSpace's methods of these names return, received {given!r}"
            )
        found: Feature = getattr(FeatureSpace, given)(**options[given], name=name)
        return found

    def _as_cross(self, given: Any) -> Cross:
        if isinstance(given, Mapping):
            given = Cross.from_config(given.get("config", given))
        cross = given if isinstance(given, Cross) else Cross(given, self.crossing_dim)
        unknown = [one for one in cross.feature_names if one not in self.features]
        if unknown:
            raise ValueError(
                f"{self.who}: expected crosses of the features {list(self.features)}, received "
                f"{unknown}"
            )
        return cross

    # ---- adapting --------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Looks at data: a table, a dict of columns, or an iterable of batches of them, or of
        tuples that begin with one. Features that need no data are left as they are."""
        wanted = [key for key, one in self.preprocessors.items() if _adapts(one)]
        if is_table(dataset):
            batches: Any = [dataset]
        elif iter(dataset) is dataset:  # it goes by once, for all features together
            batches = [
                {key: columns_of(self.who, _first(one))[key] for key in wanted} for one in dataset
            ]
        else:
            batches = dataset
        for key in wanted:
            self.preprocessors[key].adapt(self._values(key, batches))
        self._lay_out_features()

    def _values(self, name: str, batches: Iterable[Any]) -> Iterator[Array]:
        for batch in batches:
            columns = columns_of(f"{self.who}.adapt", _first(batch))
            if name not in columns:
                raise ValueError(
                    f"{self.who}.adapt: expected a column {name!r}, received {list(columns)}"
                )
            yield self._array(f"{self.who}.adapt", name, columns[name])

    def _array(self, who: str, name: str, column: Any) -> Array:
        """A column as an array (rows, ...), of texts or numbers."""
        if self.features[name].dtype == STRING:
            return with_axis(np.asarray(column))[0]
        return with_axis(numbers_of(who, name, column))[0]

    @builds_itself
    def build(self, input_shape: Any = None) -> None:
        """Makes the graph of the features, as they are."""
        if self._graph is None:
            self._lay_out_features()

    def _lay_out_features(self) -> None:
        if self._graph is not None:  # adapted anew
            inputs = self.get_inputs()
        else:
            features = self.features.items()
            inputs = {key: Input((1,), dtype=one.dtype, name=key) for key, one in features}
        found = {key: self.preprocessors[key](inputs[key]) for key in sorted(inputs)}
        modes = {key: one.output_mode for key, one in self.features.items()}
        for cross in sorted(self.crosses, key=lambda one: one.name):
            parts = [found[key] for key in cross.feature_names]
            found[cross.name] = self.crossers[cross.name](parts)
            modes[cross.name] = cross.output_mode
        encoded = {key: self._encoded(key, one, modes[key]) for key, one in found.items()}
        whole = [key for key, one in encoded.items() if not one.dtype.startswith("float")]
        if self.output_mode == "dict":
            self._lay_out(inputs, encoded)
            return
        if whole:
            raise ValueError(
                f"{self.who}: expected features of floats for output_mode 'concat', {whole[0]!r} "
                f"has dtype {encoded[whole[0]].dtype}; take output_mode 'one_hot' for it, or "
                "output_mode='dict' for all"
            )
        several = list(encoded.values())
        self._lay_out(inputs, several[0] if len(several) == 1 else self.concat(several))

    def _encoded(self, name: str, value: Any, mode: str) -> Any:
        """What comes out of a feature's layer as its output mode says."""
        if mode != "one_hot":
            return value
        if not value.dtype.startswith("int"):
            raise ValueError(
                f"{self.who}: expected integers out of the layer of feature {name!r} for "
                f"output_mode 'one_hot', received dtype {value.dtype}"
            )
        layer = self.preprocessors.get(name) or self.crossers[name]
        count = _cardinality(layer)
        if count is None:
            raise ValueError(
                f"{self.who}: how many integers come out of {type(layer).__name__} of feature "
                f"{name!r} is not known; take output_mode 'int'"
            )
        if name not in self.one_hot_encoders or self.one_hot_encoders[name].num_tokens != count:
            self.one_hot_encoders[name] = CategoryEncoding(count, output_mode="multi_hot")
        return self.one_hot_encoders[name](value)

    # ---- use -------------------------------------------------------------------------------------

    def get_inputs(self) -> dict[str, Any]:
        """The symbolic inputs by the names of the columns: where a model of raw columns begins."""
        self._need_adapted()
        return dict(self._graph.inputs)  # type: ignore[union-attr]

    def get_encoded_features(self) -> Any:
        """The symbolic outputs: one tensor, or with output_mode "dict" one for each feature."""
        self._need_adapted()
        return self._graph.outputs  # type: ignore[union-attr]

    def _need_adapted(self) -> None:
        if self._graph is None:
            waiting = [key for key, one in self.preprocessors.items() if _adapts(one)]
            if waiting:
                raise ValueError(
                    f"{self.who}: features {waiting} have seen no data yet; call adapt(data) first"
                )
            self._lay_out_features()

    def __call__(
        self, x: Any = UNSAID, *more: Any, training: bool | None = None, **named: Any
    ) -> Any:
        """The features of a table, a dict of columns or of single values, as a Tensor or a dict of
        them; columns that the space does not know are passed over. Single values give features
        without the axis of rows. ValueError that names a column that is missing."""
        self._need_adapted()
        if is_symbolic(x) or not is_table(x):
            return super().__call__(x, *more, training=training, **named)
        columns = columns_of(self.who, x)
        missing = [key for key in self.features if key not in columns]
        if missing:
            raise ValueError(
                f"{self.who}: expected columns {list(self.features)}, received {list(columns)}; "
                f"{missing} are missing"
            )
        single = False
        values: dict[str, Any] = {}
        for key, one in self.features.items():
            column = columns[key]
            if hasattr(one.preprocessor, "codes_of") and one.dtype == STRING:
                array = one.preprocessor.codes_of(column)
            else:
                array = numbers_of(self.who, key, column)
            if isinstance(column, str | bytes) and array.ndim:  # several numbers of one text
                array, alone = array[None], True
            else:
                array, alone = with_axis(array)
            single |= alone
            values[key] = Tensor(np.ascontiguousarray(array))
        out = super().__call__(values, *more, training=training, **named)
        if not single:
            return out
        if isinstance(out, dict):
            return {key: ops.squeeze(one, 0) for key, one in out.items()}
        return ops.squeeze(out, 0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-able: with vocabularies and boundaries that `adapt`
        found, without the weights of Normalization."""
        return {
            "features": {
                key: {"class_name": "Feature", "config": one.get_config()}
                for key, one in self.features.items()
            },
            "output_mode": self.output_mode,
            "crosses": [
                {"class_name": "Cross", "config": one.get_config()} for one in self.crosses
            ],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
            "name": self.name,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> FeatureSpace:
        """A space from what get_config gave. Features that keep what they found in weights have to
        be adapted again; a file has the weights."""
        from corereg.registry import custom_object_scope

        with custom_object_scope(custom_objects):
            return cls(**config)


def _first(batch: Any) -> Any:
    """The columns in a batch, which may be a tuple (x, y)."""
    return batch[0] if isinstance(batch, tuple) else batch


def _adapts(layer: Any) -> bool:
    """Whether a layer has to see data: it can, and was not given what it would find."""
    if not hasattr(layer, "adapt"):
        return False
    if isinstance(layer, Normalization):
        return layer.input_mean is None
    if isinstance(layer, Discretization):
        return layer.num_bins is not None
    return True


def _cardinality(layer: Any) -> int | None:
    """How many integers can come out of a layer, or None."""
    if isinstance(layer, IntegerLookup | StringLookup):
        return layer.vocabulary_size()
    if isinstance(layer, Discretization):
        return layer.num_bins if layer.num_bins is not None else len(layer.bin_boundaries or ()) + 1
    if isinstance(layer, Hashing | HashedCrossing):
        return layer.num_bins
    return layer.num_tokens if isinstance(layer, CategoryEncoding) else None
