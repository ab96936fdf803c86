"""Models for the tests of exports: one for each layer that is exported, and random ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import random_models

import corereg
from corereg import activations, layers, models, ops, registry

Make = Callable[[], Any]


def stack(shape: Any, *parts: Any, dtype: Any = None) -> Any:
    return corereg.Sequential([corereg.Input(shape, dtype=dtype), *parts])


def merge(layer: Any, *shapes: Any) -> Any:
    inputs = [corereg.Input(shape) for shape in shapes]
    return corereg.Model(inputs, layer(inputs))


def trained_norm(layer: Any, shape: Any = (4,)) -> Any:
    """A normalization whose weights are not those it begins with, between two dense layers."""
    model = stack(shape, layers.Dense(4, "relu"), layer, layers.Dense(3))
    rng = np.random.default_rng(3)
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    return model


def adapted(layer: Any, data: Any) -> Any:
    layer.adapt(data)
    return layer


TEXTS = np.array(["cat", "dog", "cow", "dog"])
NUMBERS = np.random.default_rng(0).normal(3.0, 2.0, (50, 4)).astype("f4")
CODES = np.array([[1, 2, 3], [3, 2, 9]])


def ensemble(**options: Any) -> Any:
    return models.Ensemble([stack((3,), layers.Dense(2)) for _ in range(3)], **options)


def weighted_counts() -> Any:
    codes, weights = corereg.Input((3,), dtype="int64"), corereg.Input((3,))
    layer = layers.CategoryEncoding(5, output_mode="count")
    return corereg.Model([codes, weights], layer(codes, count_weights=weights))


def masked_softmax() -> Any:
    x, mask = corereg.Input((4,)), corereg.Input((4,), dtype="bool")
    return corereg.Model([x, mask], layers.Softmax()(x, mask=mask))


def masked_merges(*names: str) -> Any:
    """Layers that join two masked inputs, and the means behind them."""
    inputs = [corereg.Input((4,), dtype="int32") for _ in range(2)]
    rows = [layers.Embedding(4, 3, mask_zero=True)(one) for one in inputs]
    joined = [getattr(layers, name)()(rows) for name in names]
    return corereg.Model(inputs, [layers.GlobalAveragePooling1D()(one) for one in joined])


LAYERS: dict[str, list[Make]] = {
    "Activation": [lambda: stack((4,), layers.Activation("tanh"))],
    "ActivityRegularization": [lambda: stack((4,), layers.ActivityRegularization(0.1))],
    "Add": [
        lambda: merge(layers.Add(), (3,), (3,), (3,)),
        lambda: merge(layers.Add(), (2, 3), (3,)),
    ],
    "AlphaDropout": [lambda: stack((4,), layers.AlphaDropout(0.5))],
    "Average": [lambda: merge(layers.Average(), (3,), (3,))],
    "BatchNormalization": [
        lambda: trained_norm(layers.BatchNormalization()),
        lambda: trained_norm(layers.BatchNormalization(), (2, 3)),
        lambda: trained_norm(layers.BatchNormalization(axis=1, scale=False), (2, 3)),
        lambda: stack((4,), layers.BatchNormalization(center=False), layers.Dense(2)),
        lambda: stack((4,), layers.BatchNormalization(), layers.Activation("relu")),
    ],
    "CategoryEncoding": [
        lambda: weighted_counts(),
        lambda: stack((3,), layers.CategoryEncoding(5, output_mode="multi_hot"), dtype="int64"),
        lambda: stack((3,), layers.CategoryEncoding(5, output_mode="count"), dtype="int64"),
        lambda: stack((1,), layers.CategoryEncoding(5, output_mode="one_hot"), dtype="int64"),
    ],
    "Concatenate": [lambda: merge(layers.Concatenate(), (3,), (2,))],
    "CutMix": [lambda: stack((4, 4, 1), layers.CutMix())],
    "Dense": [
        lambda: stack((4,), layers.Dense(3)),
        lambda: stack((4,), layers.Dense(3, layers.LeakyReLU(), use_bias=False)),
        lambda: stack((2, 4), layers.Dense(3, lambda x: ops.tanh(x) * 2)),
        lambda: stack((4,), layers.Dense(3, "gelu", dtype="float64"), dtype="float64"),
    ],
    "Discretization": [
        lambda: stack((4,), layers.Discretization([-1.0, 0.0, 0.5])),
        lambda: stack((4,), layers.Discretization([-1.0, 0.5], output_mode="multi_hot")),
        lambda: stack((1,), layers.Discretization([-1.0, 0.5], output_mode="one_hot")),
    ],
    "Dot": [
        lambda: merge(layers.Dot(1), (3,), (3,)),
        lambda: merge(layers.Dot((1, 2), normalize=True), (3, 4), (2, 3)),
    ],
    "Dropout": [lambda: stack((4,), layers.Dropout(0.5))],
    "ELU": [lambda: stack((4,), layers.ELU(0.7))],
    "EinsumDense": [
        lambda: stack((4,), layers.EinsumDense("ab,bc->ac", 3, "relu", "c")),
        lambda: stack((2, 4), layers.EinsumDense("abc,cde->abde", (2, 3, 2), "tanh", "de")),
        lambda: stack((2, 3, 4), layers.EinsumDense("abcd,cde->abe", (2, 5), bias_axes="be")),
        lambda: stack((2, 4), layers.EinsumDense("...x,xy->...y", 3)),
        lambda: stack((2, 4), layers.EinsumDense("abc,bd->adc", (3, 4), bias_axes="d")),
        lambda: stack((2, 4), layers.EinsumDense("ab...,bc->ac...", 3)),
    ],
    "Embedding": [
        lambda: stack((3,), layers.Embedding(7, 2), dtype="int32"),
        lambda: stack((3,), layers.Embedding(7, 2), layers.Flatten(), layers.Dense(1), dtype="i8"),
    ],
    "EnsembleAverage": [
        ensemble,
        lambda: ensemble(weights=[1, 2, 3], average="probabilities"),
        lambda: models.Ensemble(
            [stack((3,), layers.Dense(1)) for _ in range(2)], average="probabilities"
        ),
    ],
    "Flatten": [
        lambda: stack((2, 3), layers.Flatten()),
        lambda: stack((2, 3, 2), layers.Flatten(data_format="channels_first")),
        lambda: stack((3,), layers.Flatten()),
        lambda: stack((None,), layers.Flatten()),
    ],
    "GaussianDropout": [lambda: stack((4,), layers.GaussianDropout(0.5))],
    "GaussianNoise": [lambda: stack((4,), layers.GaussianNoise(0.5))],
    "GlobalAveragePooling1D": [
        lambda: stack((5, 2), layers.GlobalAveragePooling1D()),
        lambda: stack((5, 2), layers.GlobalAveragePooling1D("channels_first", keepdims=True)),
        lambda: stack(
            (6,), layers.Embedding(4, 2, mask_zero=True), layers.GlobalAvgPool1D(), dtype="int32"
        ),
    ],
    "GlobalMaxPooling1D": [lambda: stack((5, 2), layers.GlobalMaxPooling1D())],
    "GroupNormalization": [
        lambda: trained_norm(layers.GroupNormalization(2)),
        lambda: trained_norm(layers.GroupNormalization(1, axis=1), (2, 3)),
    ],
    "Identity": [lambda: stack((4,), layers.Identity())],
    "InputLayer": [lambda: stack((4,), layers.Dense(1))],
    "IntegerLookup": [
        lambda: stack((3,), layers.IntegerLookup(vocabulary=[5, 3]), dtype="int64"),
        lambda: stack(
            (3,),
            layers.IntegerLookup(vocabulary=[5, 3], mask_token=0, output_mode="multi_hot"),
            dtype="int64",
        ),
        lambda: stack(
            (3,), layers.IntegerLookup(vocabulary=[5, 3], num_oov_indices=3), dtype="int64"
        ),
        lambda: stack((3,), layers.IntegerLookup(vocabulary=[5, 3], invert=True), dtype="int64"),
        lambda: stack(
            (3,), adapted(layers.IntegerLookup(output_mode="tf_idf"), CODES), dtype="int64"
        ),
    ],
    "Lambda": [lambda: stack((4,), layers.Lambda(lambda x: ops.square(x) + 1))],
    "LayerNormalization": [
        lambda: trained_norm(layers.LayerNormalization()),
        lambda: trained_norm(layers.LayerNormalization(axis=[1, 2]), (2, 3)),
    ],
    "LeakyReLU": [lambda: stack((4,), layers.LeakyReLU(0.1))],
    "Masking": [
        lambda: stack((4, 3), layers.Masking(), layers.Dense(2), layers.GlobalAveragePooling1D()),
        lambda: masked_merges("Multiply", "Maximum", "Concatenate", "Add"),
        lambda: stack((4, 3), layers.Masking([0.5, 1.0, 2.0])),
        lambda: stack((3, 3), layers.Masking(), layers.BatchNormalization(), layers.Dense(2)),
    ],
    "Maximum": [lambda: merge(layers.Maximum(), (3,), (3,))],
    "Minimum": [lambda: merge(layers.Minimum(), (3,), (3,))],
    "MixUp": [lambda: stack((4,), layers.MixUp())],
    "Multiply": [lambda: merge(layers.Multiply(), (3,), (3,))],
    "Normalization": [
        lambda: stack((4,), adapted(layers.Normalization(), NUMBERS), layers.Dense(2)),
        lambda: stack((4,), layers.Normalization(mean=3.0, variance=2.0, invert=True)),
        lambda: stack((4,), layers.Normalization(axis=None, mean=0.5, variance=2.0)),
    ],
    "NumericEncoding": [
        lambda: stack((4,), adapted(layers.NumericEncoding(), NUMBERS)),
        lambda: stack((4,), adapted(layers.NumericEncoding("standard", indicator=True), NUMBERS)),
    ],
    "PReLU": [lambda: stack((4,), layers.PReLU("ones"))],
    "Permute": [lambda: stack((2, 3), layers.Permute((2, 1)))],
    "Pipeline": [
        lambda: stack((4, 4, 1), layers.Pipeline([layers.RandomFlip(), layers.RandomZoom(0.1)]))
    ],
    "RMSNormalization": [lambda: trained_norm(layers.RMSNormalization())],
    "RandomBrightness": [lambda: stack((4, 4, 1), layers.RandomBrightness(0.1))],
    "RandomColorDegeneration": [lambda: stack((4, 4, 1), layers.RandomColorDegeneration(0.1))],
    "RandomContrast": [lambda: stack((4, 4, 1), layers.RandomContrast(0.1))],
    "RandomGrayscale": [lambda: stack((4, 4, 1), layers.RandomGrayscale())],
    "RandomInvert": [lambda: stack((4, 4, 1), layers.RandomInvert())],
    "RandomPosterization": [lambda: stack((4, 4, 1), layers.RandomPosterization(3))],
    "Solarization": [lambda: stack((4, 4, 1), layers.Solarization())],
    "CenterCrop": [
        lambda: stack((5, 4, 2), layers.CenterCrop(2, 3)),
        lambda: stack((20,), layers.CenterCrop(3, 3, image_shape=(5, 4))),
    ],
    "RandomCrop": [lambda: stack((5, 4), layers.RandomCrop(2, 3))],
    "RandomErasing": [lambda: stack((4, 4, 1), layers.RandomErasing())],
    "RandomElasticTransform": [lambda: stack((4, 4, 1), layers.RandomElasticTransform())],
    "RandomFlip": [lambda: stack((4, 4, 1), layers.RandomFlip())],
    "RandomRotation": [lambda: stack((4, 4, 1), layers.RandomRotation(0.1))],
    "RandomShear": [lambda: stack((4, 4, 1), layers.RandomShear(0.1, 0.1))],
    "RandomTranslation": [lambda: stack((4, 4, 1), layers.RandomTranslation(0.1, 0.1))],
    "RandomZoom": [lambda: stack((4, 4, 1), layers.RandomZoom(0.1))],
    "ReLU": [
        lambda: stack((4,), layers.ReLU()),
        lambda: stack((4,), layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.3)),
        lambda: stack((4,), layers.ReLU(max_value=1.0)),
        lambda: stack((4,), layers.ReLU(negative_slope=0.2, max_value=0.5)),
    ],
    "RepeatVector": [lambda: stack((4,), layers.RepeatVector(3))],
    "Rescaling": [
        lambda: stack((4,), layers.Rescaling(0.5, offset=1.0), layers.Dense(2)),
        lambda: stack((4,), layers.Rescaling([1.0, 2.0, 3.0, 4.0])),
    ],
    "Reshape": [
        lambda: stack((6,), layers.Reshape((2, -1))),
        lambda: stack((None, 2), layers.Reshape((-1,))),
    ],
    "SelectColumns": [
        lambda: stack((3, 4), layers.SelectColumns([3, 0])),
        lambda: stack((4,), layers.SelectColumns([2, 0])),
    ],
    "Softmax": [
        masked_softmax,
        lambda: stack((4,), layers.Softmax()),
        lambda: stack((2, 3), layers.Softmax(axis=[1, 2])),
    ],
    "SpatialDropout1D": [lambda: stack((4, 3), layers.SpatialDropout1D(0.5), layers.Dense(2))],
    "SpectralNormalization": [
        lambda: stack((4,), layers.SpectralNormalization(layers.Dense(3, "relu")))
    ],
    "StringLookup": [
        lambda: stack((2,), layers.StringLookup(vocabulary=["cat", "dog"]), dtype="string"),
        lambda: stack(
            (2,),
            layers.StringLookup(vocabulary=["cat", "dog"], output_mode="count"),
            layers.Dense(2),
            dtype="string",
        ),
    ],
    "Subtract": [lambda: merge(layers.Subtract(), (3,), (3,))],
    "UnitNormalization": [lambda: stack((4,), layers.UnitNormalization())],
}
"""For each layer of corereg that is exported, models that have it."""


def operations() -> dict[str, Any]:
    """A result of each operation that is exported, by its name, on the inputs a, b (4,), m (2, 3)
    and i (4,) of whole numbers; by what it is called in `corereg.ops`."""
    a, b = corereg.Input((4,), name="a"), corereg.Input((4,), name="b")
    m, i = corereg.Input((2, 3), name="m"), corereg.Input((4,), dtype="int64", name="i")
    half, positive = ops.tanh(a) * 0.9, ops.square(a) + 0.1
    found = {
        "abs": ops.abs(a),
        "absolute": ops.absolute(a),
        "add": ops.add(a, b),
        "all": ops.all(m > 0, axis=-1),
        "amax": ops.amax(m, axis=1),
        "amin": ops.amin(m, axis=(1, 2)),
        "any": ops.any(m > 0, axis=-1, keepdims=True),
        "arccos": ops.arccos(half),
        "arccosh": ops.arccosh(positive + 1),
        "arcsin": ops.arcsin(half),
        "arcsinh": ops.arcsinh(a),
        "arctan": ops.arctan(a),
        "arctanh": ops.arctanh(half),
        "argmax": ops.argmax(m, axis=1),
        "argmin": ops.argmin(m, axis=-1, keepdims=True),
        "array": ops.array(a),
        "cast": ops.cast(a * 3, "int32"),
        "cbrt": ops.cbrt(a),
        "ceil": ops.ceil(a),
        "celu": ops.celu(a, 0.7),
        "clip": ops.clip(a, -0.5, 0.5),
        "concatenate": ops.concatenate([a, b, i], axis=1),
        "convert_to_tensor": ops.convert_to_tensor(a),
        "copy": ops.copy(a),
        "cos": ops.cos(a),
        "cosh": ops.cosh(a),
        "count_nonzero": ops.count_nonzero(m > 0, axis=1),
        "cumsum": ops.cumsum(m, axis=2),
        "deg2rad": ops.deg2rad(a),
        "divide": ops.divide(a, positive),
        "divide_no_nan": ops.divide_no_nan(a, ops.relu(b)),
        "dot": ops.dot(a, np.ones((4, 2), "f4")),
        "dot_number": ops.dot(a, 2.0),
        "einsum": ops.einsum("nij,nkj->nik", m, m),
        "elu": ops.elu(a, 0.5),
        "equal": ops.equal(i, 2),
        "erf": ops.erf(a),
        "exp": ops.exp(a),
        "exp2": ops.exp2(a),
        "expand_dims": ops.expand_dims(a, (1, 3)),
        "expm1": ops.expm1(a),
        "fabs": ops.fabs(a),
        "flip": ops.flip(m, axis=(1, 2)),
        "floor": ops.floor(a),
        "floor_divide": ops.floor_divide(i - 4, 3) + ops.cast(ops.floor_divide(a, 0.7), "int64"),
        "fmod": ops.fmod(a, 0.7),
        "full_like": ops.full_like(m, 2.5),
        "gelu": ops.gelu(a),
        "get_item": ops.get_item(m, (slice(None), -1, slice(2, None, -2))),
        "glu": ops.glu(a),
        "greater": ops.greater(a, b),
        "greater_equal": ops.greater_equal(i, 3),
        "hard_shrink": ops.hard_shrink(a),
        "hard_sigmoid": ops.hard_sigmoid(a * 3),
        "hard_silu": ops.hard_silu(a * 3),
        "hard_swish": ops.hard_swish(a),
        "hard_tanh": ops.hard_tanh(a),
        "hypot": ops.hypot(a, b),
        "isfinite": ops.isfinite(ops.log(a)),
        "isinf": ops.isinf(1 / ops.relu(a)),
        "isnan": ops.isnan(ops.log(a)),
        "leaky_relu": ops.leaky_relu(a),
        "less": ops.less(a, 0.1),
        "less_equal": ops.less_equal(i, a),
        "log": ops.log(positive),
        "log10": ops.log10(positive),
        "log1p": ops.log1p(positive),
        "log2": ops.log2(positive),
        "log_sigmoid": ops.log_sigmoid(a),
        "log_softmax": ops.log_softmax(a) + ops.sum(ops.log_softmax(m, axis=(1, 2))[:, 0], 1, True),
        "logaddexp": ops.logaddexp(a, b),
        "logical_and": ops.logical_and(a > 0, b > 0),
        "logical_not": ops.logical_not(a > 0),
        "logical_or": ops.logical_or(a > 0, b > 0),
        "logical_xor": ops.logical_xor(a > 0, b > 0),
        "logsumexp": ops.logsumexp(m, axis=(1, 2)),
        "matmul": ops.matmul(m, ops.transpose(m, (0, 2, 1))),
        "max": ops.max(m, axis=2),
        "maximum": ops.maximum(a, b),
        "mean": ops.mean(m, axis=2),
        "min": ops.min(m, axis=1, keepdims=True),
        "minimum": ops.minimum(a, 0.2),
        "mod": ops.mod(i - 4, 3) + ops.cast(ops.mod(a, -0.7) * 100, "int64"),
        "moveaxis": ops.moveaxis(m, 1, 2),
        "multiply": ops.multiply(a, b),
        "nan_to_num": ops.nan_to_num(ops.log(a), nan=2.0, neginf=-3.0),
        "negative": ops.negative(a),
        "norm": ops.norm(m, axis=1) + ops.norm(m, 1, axis=1) + ops.norm(m, np.inf, axis=1),
        "normalize": ops.normalize(a),
        "not_equal": ops.not_equal(i, 2),
        "one_hot": ops.one_hot(i, 5),
        "ones_like": ops.ones_like(a),
        "pad": ops.pad(m, ((0, 0), (1, 0), (0, 2)), constant_values=0.5),
        "power": ops.power(positive, 1.5),
        "prod": ops.prod(m, axis=1),
        "ptp": ops.ptp(m, axis=2),
        "rad2deg": ops.rad2deg(a),
        "ravel": ops.ravel(a[:, :1]),
        "reciprocal": ops.reciprocal(positive),
        "relu": ops.relu(a),
        "relu6": ops.relu6(a * 5),
        "repeat": ops.repeat(m, 2, axis=1),
        "reshape": ops.reshape(m, (-1, 3, 2)),
        "round": ops.round(a) + ops.round(a, 1),
        "rsqrt": ops.rsqrt(positive),
        "selu": ops.selu(a),
        "sigmoid": ops.sigmoid(a),
        "sign": ops.sign(a),
        "silu": ops.silu(a),
        "sin": ops.sin(a),
        "sinh": ops.sinh(a),
        "soft_shrink": ops.soft_shrink(a),
        "softmax": ops.softmax(a) + ops.sum(ops.softmax(m, axis=(1, 2)), axis=1)[:, :1],
        "softplus": ops.softplus(a),
        "softsign": ops.softsign(a),
        "sort": ops.sort(a),
        "sparse_plus": ops.sparse_plus(a),
        "sparse_sigmoid": ops.sparse_sigmoid(a),
        "sparsemax": ops.sparsemax(m, axis=1),
        "split": ops.split(m, [1], axis=2)[1],
        "sqrt": ops.sqrt(positive),
        "square": ops.square(a),
        "squareplus": ops.squareplus(a, 2.0),
        "squeeze": ops.squeeze(m[:, :1], 1),
        "squeeze_all": ops.squeeze(m[:, :1]),
        "stack": ops.stack([a, b], axis=1),
        "std": ops.std(m, axis=2),
        "stop_gradient": ops.stop_gradient(a),
        "subtract": ops.subtract(a, i),
        "sum": ops.sum(m, axis=(1, 2), keepdims=True),
        "swapaxes": ops.swapaxes(m, 1, 2),
        "swish": ops.swish(a),
        "take": ops.take(m, [2, 0], axis=2),
        "take_scalar": a * ops.take(np.arange(4, dtype="f4"), ops.argmax(a, axis=1))[:, None],
        "take_along_axis": ops.take_along_axis(a, ops.minimum(i, 3), axis=1),
        "take_along_axis of all": a + ops.sum(ops.take_along_axis(a, ops.minimum(i, 3))),
        "tan": ops.tan(half),
        "tanh": ops.tanh(a),
        "tanh_shrink": ops.tanh_shrink(a),
        "threshold": ops.threshold(a, 0.1, -2.0),
        "tile": ops.tile(m, (1, 2, 1))
        + ops.sum(ops.tile(a, (2, 1, 1)), axis=(0, 2))[:, None, None],
        "top_k": ops.top_k(a, 2)[0],
        "transpose": ops.transpose(m, (0, 2, 1)),
        "true_divide": ops.true_divide(a, 3),
        "trunc": ops.trunc(a * 2),
        "unstack": ops.unstack(m, axis=1)[1],
        "var": ops.var(m, axis=(1, 2)),
        "where": ops.where(a > b, a, 0.5),
        "zeros_like": ops.zeros_like(a),
    }
    # operators, slices and methods of symbolic tensors
    found |= {
        "operators": (1 - a) / (2 + b * b) - (-a) ** 2 + abs(b),
        "matrix": m @ np.ones((3, 2), "f4"),
        "slices": m[:, ::-1, None, 1:],
        "ellipsis": m[..., 0],
        "places": m[:, :, np.array([2, 0, 2])],
        "mask": m[:, np.array([True, False])],
        "method_reshape": m.reshape(-1, 6).transpose().T,
        "method_sum": m.sum(axis=1) + m.mean(1) + m.max(axis=1) + m.std(axis=1),
        "method_flatten": m.flatten(1).clip(-1, 1).softmax(),
        "method_dim": m.sum(dim=1, keepdim=True).squeeze(1).astype("float64"),
    }
    return {"inputs": [a, b, m, i], "outputs": found}


def activation_results() -> dict[str, Any]:
    """A result of each activation of the registry on an input (4,), by its name."""
    x = corereg.Input((4,), name="x")
    options = {"threshold": {"threshold": 0.2, "default_value": -1.0}}
    found = {
        name: function(x * 2, **options.get(name, {}))
        for name, function in registry.parts("activation").items()
        if name != "linear"
    }
    found["relu_leaky"] = activations.relu(x, 0.1, 0.5, 0.2)
    found["gelu_tanh"] = activations.gelu(x, approximate=True)
    return {"inputs": x, "outputs": found}


def random_model(seed: int) -> tuple[Any, Any]:
    """A random graph of layers with random weights, and rows of its inputs."""
    model, _, _, x = random_models.build(seed)
    rng = np.random.default_rng(seed)
    parts = [
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.Rescaling(0.5, offset=0.1),
        layers.Dense(3, "gelu"),
        layers.PReLU(),
        layers.UnitNormalization(),
    ]
    ends = []
    for end in model.outputs:
        some = [parts[i] for i in rng.choice(len(parts), 2, replace=False)]
        ends.append(stack(end.shape[1:], *(type(p).from_config(p.get_config()) for p in some))(end))
    whole = corereg.Model(model.inputs, [*ends, *model.outputs])
    weights = [rng.normal(0.0, 0.5, w.shape) for w in whole.weights]
    for weight, values in zip(whole.weights, weights, strict=True):
        if "variance" in str(weight.name):
            values[...] = abs(values) + 0.1
    whole.set_weights(weights)
    return whole, x
