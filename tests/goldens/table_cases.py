"""Models of tables' columns that are built alike with Keras and with corereg: embeddings of
repeated indices, pooled with and without a mask, trained for three steps; and preprocessing.

`TRAINED` maps names to (model, optimizer, options); `trained` gives the weights and outputs after
three steps from weights that follow from their shapes. `LAYERS` maps names to functions of a
library's layers, which give arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROWS = 16  # with 4 steps each: Keras rounds 1 / n to float32, which is exact then
RNG = np.random.RandomState(5)
CATEGORIES = RNG.randint(0, 4, (ROWS, 4))  # of 6: two rows are never looked up
NUMBERS = RNG.randint(-64, 65, (ROWS, 2)) / 64
TARGETS = RNG.randint(-64, 65, (ROWS, 1)) / 64
DATA = RNG.randint(-640, 641, (50, 3)) / 64


def several(lib: Any, dtype: str, frozen: bool = False) -> Any:
    """Two tables, one of them used twice, beside numbers."""
    numbers = lib.Input((2,), name="numbers", dtype=dtype)
    codes = lib.Input((4,), name="codes", dtype="int32")
    own = {"dtype": dtype, "trainable": not frozen}
    table = lib.layers.Embedding(6, 4, **own, name="table")
    other = lib.layers.Embedding(6, 2, dtype=dtype, name="other")
    flat = [lib.layers.Flatten(dtype=dtype)(one(codes)) for one in (table, other, table)]
    joined = lib.layers.Concatenate(dtype=dtype)([numbers, *flat])
    out = lib.layers.Dense(1, dtype=dtype, name="out")(joined)
    return lib.Model([numbers, codes], out)


def pooled(lib: Any, dtype: str, mask_zero: bool = True) -> Any:
    """The mean over the steps that are not 0."""
    codes = lib.Input((4,), name="codes", dtype="int32")
    numbers = lib.Input((2,), name="numbers", dtype=dtype)
    rows = lib.layers.Embedding(6, 4, mask_zero=mask_zero, dtype=dtype, name="table")(codes)
    mean = lib.layers.GlobalAveragePooling1D(dtype=dtype)(rows)
    joined = lib.layers.Concatenate(dtype=dtype)([mean, numbers])
    return lib.Model([numbers, codes], lib.layers.Dense(1, dtype=dtype, name="out")(joined))


def reshaped(lib: Any, dtype: str) -> Any:
    """Through layers that put elements elsewhere."""
    codes = lib.Input((4,), name="codes", dtype="int32")
    numbers = lib.Input((2,), name="numbers", dtype=dtype)
    layers = lib.layers
    rows = layers.Embedding(6, 4, dtype=dtype, name="table")(codes)
    turned = layers.Permute((2, 1), dtype=dtype)(rows)
    most = layers.GlobalMaxPooling1D("channels_first", dtype=dtype)(turned)
    again = layers.RepeatVector(2, dtype=dtype)(numbers)
    parts = [most, layers.Reshape((-1,), dtype=dtype)(again)]
    parts.append(layers.Flatten("channels_first", dtype=dtype)(layers.Identity(dtype=dtype)(rows)))
    return lib.Model([numbers, codes], layers.Dense(1, dtype=dtype)(layers.Concatenate()(parts)))


TRAINED: dict[str, tuple[Callable[..., Any], str, dict[str, Any], str, dict[str, Any]]] = {
    "sgd": (several, "SGD", {"learning_rate": 0.125}, "float32", {}),
    "momentum": (several, "SGD", {"learning_rate": 0.125, "momentum": 0.5}, "float64", {}),
    "adam": (several, "Adam", {"learning_rate": 1 / 64}, "float32", {}),
    "adam_64": (several, "Adam", {"learning_rate": 1 / 64}, "float64", {}),
    "rmsprop": (several, "RMSprop", {"learning_rate": 1 / 64}, "float32", {}),
    "frozen": (several, "Adam", {"learning_rate": 1 / 64}, "float32", {"frozen": True}),
    "mask": (pooled, "Adam", {"learning_rate": 1 / 64}, "float32", {}),
    "no_mask": (pooled, "SGD", {"learning_rate": 0.125}, "float64", {"mask_zero": False}),
    "reshaped": (reshaped, "SGD", {"learning_rate": 0.125}, "float32", {}),
}


def trained(name: str, lib: Any, replayed: bool = True) -> dict[str, np.ndarray]:
    """The outputs before, and outputs and weights after three steps."""
    build, optimizer, numbers, dtype, options = TRAINED[name]
    model = build(lib, dtype, **options)
    shapes = [tuple(w.shape) for w in model.weights]
    rng = np.random.RandomState(7)
    model.set_weights([rng.randint(-64, 65, shape).astype(dtype) / 64 for shape in shapes])
    model.compile(getattr(lib.optimizers, optimizer)(**numbers), "mse", run_eagerly=not replayed)
    codes = np.maximum(CATEGORIES, [[0, 0, 0, 1]]) if build is pooled else CATEGORIES
    x = [NUMBERS.astype(dtype), codes.astype("int32")]
    found = {"before": np.asarray(model.predict(x, verbose=0))}
    for _ in range(3):
        model.train_on_batch(x, TARGETS.astype(dtype))
    found["after"] = np.asarray(model.predict(x, verbose=0))
    return found | {str(i): np.asarray(w) for i, w in enumerate(model.get_weights())}


# ---- preprocessing -------------------------------------------------------------------------------

LAYERS: dict[str, Callable[[Any], Any]] = {}
CODES = np.array([[1, 2, 2], [0, 3, 1]])
VALUES = np.array([[-2, -1, -0.5, 0], [1, 2.5, 3, np.nan]])


def layer(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator: the function becomes a case under its name."""
    LAYERS[function.__name__] = function
    return function


for _mode in ("one_hot", "multi_hot", "count"):
    for _part, _codes in {"rows": CODES, "column": CODES[:, :1], "flat": CODES[:, 0]}.items():
        LAYERS[f"encoding_{_mode}_{_part}"] = lambda layers, mode=_mode, codes=_codes: (
            layers.CategoryEncoding(4, mode)(codes)
        )
    LAYERS[f"encoding_{_mode}_outside"] = lambda layers, mode=_mode: layers.CategoryEncoding(
        3, mode
    )(CODES)
    LAYERS[f"bins_{_mode}"] = lambda layers, mode=_mode: layers.Discretization(
        [-1.0, 0.0, 2.5], output_mode=mode
    )(VALUES[:1])


@layer
def weighted(layers: Any) -> Any:
    weights = np.array([[0.1, 0.2, 0.3], [1, 2, 3]], "float32")
    return layers.CategoryEncoding(4, "count")(CODES, count_weights=weights)


@layer
def bins(layers: Any) -> Any:
    return layers.Discretization([-1.0, 0.0, 2.5])(VALUES)


def found_bins(layers: Any, count: int, epsilon: float, parts: int) -> Any:
    made = layers.Discretization(num_bins=count, epsilon=epsilon)
    batches = np.array_split(DATA, parts)
    if hasattr(made, "update_state"):  # Keras's adapt needs TensorFlow
        for batch in batches:
            made.update_state(batch)
        made.finalize_state()
    else:
        made.adapt(iter(batches))
    return np.asarray(made.bin_boundaries)


for _count, _epsilon, _parts in ((4, 0.01, 1), (4, 0.05, 3), (7, 0.2, 2), (2, 0.9, 1)):
    LAYERS[f"found_bins_{_count}_{_epsilon}_{_parts}"] = (
        lambda layers, c=_count, e=_epsilon, p=_parts: found_bins(layers, c, e, p)
    )


@layer
def normalized(layers: Any) -> Any:
    made = layers.Normalization()
    made.adapt(DATA.astype("float32"))
    return made(DATA[:4].astype("float32"))


@layer
def normalized_by_one_number(layers: Any) -> Any:
    made = layers.Normalization(axis=None)
    made.adapt(DATA.astype("float32"))
    return made(DATA[:4].astype("float32"))


@layer
def normalized_by_two_axes(layers: Any) -> Any:
    made = layers.Normalization(axis=(1, 2))
    made.adapt(DATA[:48].reshape(12, 4, 3).astype("float32"))
    return made(DATA[:8].reshape(2, 4, 3).astype("float32"))


@layer
def normalized_back(layers: Any) -> Any:
    given = {"mean": [3.0, 1.0, 0.0], "variance": [2.0, 0.0, 1.0], "invert": True}
    return layers.Normalization(**given)(DATA[:4])


@layer
def not_adapted(layers: Any) -> Any:
    return layers.Normalization()(DATA[:4])


@layer
def rescaled(layers: Any) -> Any:
    return layers.Rescaling([1.0, 2.0, 3.0], offset=-1)(np.array([[1, 2, 3]], "uint8"))


@layer
def masked_by_hand(layers: Any) -> Any:
    mask = np.array([[True, False, True], [False, True, True]])
    x = np.arange(24, dtype="float32").reshape(2, 3, 4)
    return layers.GlobalAveragePooling1D(keepdims=True)(x, mask=mask)
