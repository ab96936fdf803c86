"""Masks that go through layers, losses and metrics, with Keras and with corereg.

`CALLS` maps names to functions of a library: what comes out of calls, and the masks of it.
`TRAINED` maps names to functions that build a model, with its losses, metrics, data and sample
weights; `trained` gives weights, outputs, losses and metrics after three steps from weights that
follow from their shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RNG = np.random.RandomState(11)
ROWS = 6
CODES = RNG.randint(1, 5, (ROWS, 4)) * (np.arange(4) < RNG.randint(1, 5, (ROWS, 1)))
OTHER = np.where(RNG.rand(ROWS, 4) < 0.6, RNG.randint(1, 5, (ROWS, 4)), 0)
STEPS = (RNG.randint(-64, 65, (ROWS, 4, 3)) / 64 * (CODES != 0)[:, :, None]).astype("float32")
VALUES = (RNG.randint(-64, 65, (ROWS, 4, 1)) / 64).astype("float32")
FLAGS = RNG.randint(0, 2, (ROWS, 4, 1)).astype("float32")
CLASSES = RNG.randint(0, 3, (ROWS, 4)).astype("int32")
PER_ROW = (RNG.randint(1, 9, (ROWS, 1)) / 4).astype("float32")
PER_STEP = (RNG.randint(0, 9, (ROWS, 4)) / 4).astype("float32")
KEPT = OTHER != 0

# ---- single calls --------------------------------------------------------------------------------

CALLS: dict[str, Callable[[Any], Any]] = {}


def call(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator: the function becomes a case under its name."""
    CALLS[function.__name__] = function
    return function


def masked(lib: Any, x: Any = STEPS) -> Any:
    """x behind a Masking."""
    return lib.layers.Masking()(lib.ops.convert_to_tensor(x))


def table(lib: Any, codes: Any) -> Any:
    """Rows of a table, masked where the code is 0."""
    values = (np.arange(15, dtype="float32").reshape(5, 3) - 7) / 8
    return lib.layers.Embedding(5, 3, lib.initializers.Constant(values), mask_zero=True)(codes)


def array(x: Any) -> np.ndarray:
    """The values of a tensor of either library."""
    return np.asarray(x.detach() if hasattr(x, "detach") else x)


def both(x: Any) -> Any:
    """The values and the mask, as zeros and ones; [-1] without one."""
    mask = x._keras_mask if hasattr(x, "_keras_mask") else None
    return array(x), np.array([-1]) if mask is None else array(mask).astype("int64")


@call
def masking(lib: Any) -> Any:
    return both(lib.layers.Masking(0.5)(np.where(CODES[:, :, None] > 2, 0.5, STEPS).astype("f4")))


@call
def masking_of_columns(lib: Any) -> Any:
    return both(masked(lib, STEPS[:, 1]))


@call
def passed_on(lib: Any) -> Any:
    x = masked(lib)
    for name, own in (("Dropout", (0.5,)), ("Activation", ("tanh",)), ("UnitNormalization", ())):
        x = getattr(lib.layers, name)(*own)(x)
    return both(lib.layers.LayerNormalization()(lib.layers.Rescaling(2.0)(x)))


@call
def pooled(lib: Any) -> Any:
    return both(lib.layers.GlobalAveragePooling1D()(table(lib, CODES)))


@call
def softmax(lib: Any) -> Any:
    return both(lib.layers.Softmax()(STEPS[:, 0], mask=KEPT[:, :3]))


@call
def softmax_of_hidden_rows(lib: Any) -> Any:
    return both(lib.layers.Softmax(axis=(1, 2))(STEPS, mask=(np.arange(ROWS) > 2)[:, None, None]))


@call
def softmax_of_shares(lib: Any) -> Any:
    return both(lib.layers.Softmax()(STEPS, mask=np.array([0.4, 0.6, 1.0], "float32")))


def _merge(name: str, *options: Any, first_only: bool = False) -> Callable[[Any], Any]:
    def run(lib: Any) -> Any:
        second = table(lib, OTHER)
        if first_only:
            second = lib.ops.convert_to_tensor(array(second))
        return both(getattr(lib.layers, name)(*options)([table(lib, CODES), second]))

    return run


for _name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
    CALLS[f"merge_{_name}"] = _merge(_name)
    CALLS[f"merge_{_name}_of_one_mask"] = _merge(_name, first_only=True)
for _axis in (1, 2):
    CALLS[f"merge_Concatenate_{_axis}"] = _merge("Concatenate", _axis)
    CALLS[f"merge_Concatenate_{_axis}_of_one_mask"] = _merge("Concatenate", _axis, first_only=True)
CALLS["merge_Dot"] = _merge("Dot", 1)


def _normalized(axis: int, shape: Any, training: bool, **options: Any) -> Callable[[Any], Any]:
    def run(lib: Any) -> Any:
        layer = lib.layers.BatchNormalization(axis, momentum=0.5, **options)
        x = STEPS.reshape(shape)
        mask = np.resize(KEPT, x.shape[:-1])
        found = [array(layer(x, training=training, mask=mask)) for _ in range(2)]
        return [*found, *map(np.asarray, layer.get_weights())]

    return run


CALLS["batch_norm"] = _normalized(-1, (ROWS, 4, 3), True)
CALLS["batch_norm_axis"] = _normalized(1, (ROWS, 4, 3), True, scale=False)
CALLS["batch_norm_rows"] = _normalized(-1, (-1, 3), True, center=False)
CALLS["batch_norm_renorm"] = _normalized(-1, (ROWS, 4, 3), True, renorm=True)
CALLS["batch_norm_elsewhere"] = _normalized(-1, (ROWS, 4, 3), False)


@call
def told_of_the_mask(lib: Any) -> Any:
    """A layer of one's own, behind one that halves the steps and their mask."""

    class Halves(lib.layers.Layer):
        def call(self, x):
            return x[:, ::2]

        def compute_mask(self, inputs, mask=None):
            return None if mask is None else mask[:, ::2]

    class Sums(lib.layers.Layer):
        def call(self, x, mask=None):
            return lib.ops.sum(x * lib.ops.cast(mask, "float32")[:, :, None], axis=1)

    return array(Sums()(Halves()(table(lib, CODES)))), *both(Halves()(masked(lib)))


@call
def by_hand(lib: Any) -> Any:
    layer = lib.layers.Embedding(5, 3, mask_zero=True)
    codes = lib.ops.convert_to_tensor(CODES)
    return [array(layer.compute_mask(codes)).astype("int64")]


def _loss(name: str, y: Any, logits: bool = False, **options: Any) -> Callable[[Any], Any]:
    def run(lib: Any) -> Any:
        x = masked(lib, STEPS if logits else np.where(CODES[:, :, None] != 0, abs(STEPS) + 0.1, 0))
        y_pred = lib.layers.Activation("linear" if logits else "softmax")(x)
        found = []
        for reduction in ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight"):
            loss = getattr(lib.losses, name)(reduction=reduction, **options)
            found += [array(loss(y, y_pred, sample_weight=w)) for w in (None, PER_ROW, PER_STEP)]
        return found

    return run


ONE_HOT = np.eye(3, dtype="float32")[CLASSES]
CALLS["loss_mse"] = _loss("MeanSquaredError", STEPS + 0.5)
CALLS["loss_huber"] = _loss("Huber", STEPS + 0.5)
CALLS["loss_cce"] = _loss("CategoricalCrossentropy", ONE_HOT)
CALLS["loss_bce"] = _loss("BinaryCrossentropy", ONE_HOT, from_logits=True, logits=True)
CALLS["loss_scce"] = _loss("SparseCategoricalCrossentropy", CLASSES)
CALLS["loss_scce_ignored"] = _loss("SparseCategoricalCrossentropy", CLASSES, ignore_class=1)


def _metric(name: str, y: Any, **options: Any) -> Callable[[Any], Any]:
    def run(lib: Any) -> Any:
        y_pred = masked(lib, abs(STEPS))
        found = []
        for weight in (None, PER_ROW, PER_STEP):
            metric = getattr(lib.metrics, name)(**options)
            metric.update_state(y, y_pred, sample_weight=weight)
            found.append(array(metric.result()))
        return found

    return run


CALLS["metric_mse"] = _metric("MeanSquaredError", STEPS + 0.5)
CALLS["metric_cosine"] = _metric("CosineSimilarity", STEPS + 0.5)
CALLS["metric_binary"] = _metric("BinaryAccuracy", ONE_HOT)
CALLS["metric_categorical"] = _metric("CategoricalAccuracy", ONE_HOT)
CALLS["metric_sparse"] = _metric("SparseCategoricalAccuracy", CLASSES)
CALLS["metric_top_k"] = _metric("SparseTopKCategoricalAccuracy", CLASSES, k=2)

# ---- models --------------------------------------------------------------------------------------


def values_of_steps(lib: Any) -> Any:
    """A number for each step."""
    x = lib.Input((4,), dtype="int32")
    y = lib.layers.Embedding(5, 3, mask_zero=True)(x)
    y = lib.layers.Dense(4, "tanh")(lib.layers.Dropout(0.0)(y))
    return lib.Model(x, lib.layers.Dense(1)(lib.layers.LayerNormalization()(y)))


def flags_of_steps(lib: Any) -> Any:
    """A probability for each step, of a stack of layers."""
    layers = lib.layers
    parts = [layers.Masking(), layers.BatchNormalization(momentum=0.5), layers.Dense(4, "relu")]
    return lib.Sequential([lib.Input((4, 3)), *parts, layers.Dense(1, "sigmoid")])


def classes_of_steps(lib: Any) -> Any:
    """Probabilities of classes for each step, by a stack inside a model."""
    inner = lib.Sequential(
        [lib.layers.Embedding(5, 3, mask_zero=True), lib.layers.Dense(4, "relu")]
    )
    x = lib.Input((4,), dtype="int32")
    return lib.Model(x, lib.layers.Dense(3, "softmax")(inner(x)))


def two_tables(lib: Any) -> Any:
    """Two masked inputs, joined in all ways; one number a row."""
    a, b = lib.Input((4,), dtype="int32", name="a"), lib.Input((4,), dtype="int32", name="b")
    first = lib.layers.Embedding(5, 3, mask_zero=True)(a)
    second = lib.layers.Embedding(5, 3, mask_zero=True)(b)
    parts = [
        getattr(lib.layers, name)()([first, second])
        for name in ("Add", "Multiply", "Maximum", "Concatenate")
    ]
    means = [lib.layers.GlobalAveragePooling1D()(one) for one in parts]
    return lib.Model([a, b], lib.layers.Dense(1)(lib.layers.Concatenate()(means)))


def two_outputs(lib: Any) -> Any:
    """A number for each step, and one a row."""
    x = lib.Input((4, 3))
    y = lib.layers.Dense(4, "tanh")(lib.layers.Masking()(x))
    mean = lib.layers.GlobalAveragePooling1D()(y)
    steps, row = lib.layers.Dense(1, name="steps")(y), lib.layers.Dense(1, name="row")(mean)
    return lib.Model(x, [steps, row])


TRAINED: dict[str, tuple[Callable[[Any], Any], Any, Any, Any, Any]] = {
    "values": (values_of_steps, "mse", CODES, VALUES, None),
    "values_weighted": (values_of_steps, "mae", CODES, VALUES, PER_ROW),
    "flags": (flags_of_steps, "binary_crossentropy", STEPS, FLAGS, None),
    "classes": (classes_of_steps, "sparse_categorical_crossentropy", CODES, CLASSES, None),
    "two_tables": (two_tables, "mse", [CODES, OTHER], VALUES[:, 0], None),
    "two_outputs": (two_outputs, ["mse", "mae"], STEPS, [VALUES, VALUES[:, 0]], None),
}
METRICS = {"classes": ["accuracy"], "flags": ["accuracy", "mse"], "two_outputs": [["mae"], ["mse"]]}


def model_of(name: str, lib: Any, replayed: bool = True) -> Any:
    """The compiled model of a case."""
    build, loss, _, _, weight = TRAINED[name]
    model = build(lib)
    metrics = METRICS.get(name, ["mae"])
    kind = "metrics" if weight is None else "weighted_metrics"
    optimizer = lib.optimizers.SGD(0.125)
    rng = np.random.RandomState(7)
    drawn = [rng.randint(-32, 65, w.shape).astype("f4") / 64 for w in model.weights]
    model.set_weights([abs(one) if one.ndim == 1 else one for one in drawn])  # some are variances
    model.compile(optimizer, loss, **{kind: metrics}, run_eagerly=not replayed)
    return model


def trained(name: str, lib: Any, replayed: bool = True) -> dict[str, np.ndarray]:
    """Outputs before; losses of three steps; outputs, weights and what a test says after them."""
    model = model_of(name, lib, replayed)
    _, _, x, y, weight = TRAINED[name]
    given = {} if weight is None else {"sample_weight": weight}
    found = dict(_outputs("before", model.predict(x, verbose=0)))
    history = model.fit(x, y, epochs=3, batch_size=ROWS, shuffle=False, verbose=0, **given)
    found["losses"] = np.array(history.history["loss"])
    found |= dict(_outputs("after", model.predict(x, verbose=0)))
    tested = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True, **given)
    found |= {f"tested_{key}": np.array(value) for key, value in tested.items()}
    return found | {str(i): np.asarray(w) for i, w in enumerate(model.get_weights())}


def _outputs(what: str, given: Any) -> Any:
    several = given if isinstance(given, list) else [given]
    return [(f"{what}_{i}", np.asarray(one)) for i, one in enumerate(several)]
