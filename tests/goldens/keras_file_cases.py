"""Models that corereg and Keras both make: `CASES` has a function of the package for each.

Each gives the model, its inputs, and its targets (None: it is not trained). Layers draw no random
numbers that a training would need.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Made = tuple[Any, Any, Any]


def rows(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def dense(k: Any) -> Made:
    """The options of Dense, parts inside of it, and what random layers leave in a file."""
    la = k.layers
    model = k.Sequential(
        [
            k.Input((4,)),
            la.Dense(
                5,
                activation="relu",
                kernel_initializer=k.initializers.HeNormal(seed=1),
                kernel_regularizer=k.regularizers.L1L2(0.01, 0.02),
                bias_regularizer="l2",
                activity_regularizer=k.regularizers.L1(0.001),
                kernel_constraint=k.constraints.MaxNorm(2),
                bias_constraint="non_neg",
            ),
            la.Dropout(0.0, seed=7),
            la.GaussianNoise(0.0),
            la.GaussianDropout(0.0),
            la.AlphaDropout(0.0),
            la.ActivityRegularization(0.01, 0.01),
            la.Dense(3, use_bias=False, activation="gelu"),
            la.Dense(2, activation="softmax", bias_initializer="ones"),
        ]
    )
    schedule = k.optimizers.schedules.ExponentialDecay(0.05, 3, 0.9)
    model.compile(
        k.optimizers.Adam(schedule, clipnorm=1.0),
        k.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy", k.metrics.AUC(name="area", curve="PR")],
        weighted_metrics=["mse"],
    )
    return model, rows(6, 4), np.eye(2, dtype="float32")[[0, 1, 1, 0, 1, 0]]


def norms(k: Any) -> Made:
    """Normalizing layers, frozen and not."""
    la = k.layers
    x = k.Input((6,))
    y = la.BatchNormalization(momentum=0.9)(x)
    y = la.LayerNormalization()(la.Dense(4)(y))
    frozen = la.BatchNormalization(scale=False, name="frozen")
    frozen.trainable = False
    y = la.GroupNormalization(groups=2)(frozen(y))
    y = la.UnitNormalization()(la.RMSNormalization()(y))
    model = k.Model(x, y)
    model.compile(k.optimizers.RMSprop(momentum=0.5, centered=True), "mse", metrics=["mae"])
    return model, rows(8, 6), rows(8, 4, seed=1)


def activations(k: Any) -> Made:
    """Activations as layers."""
    la = k.layers
    x = k.Input((5,))
    parts = [
        la.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2),
        la.LeakyReLU(0.2),
        la.PReLU("uniform"),
        la.ELU(0.5),
        la.Softmax(),
        la.Activation("mish"),
        la.Activation(k.activations.hard_silu),
        la.Identity(),
        la.Dense(5, activation="leaky_relu"),
        la.Dense(5, activation=la.LeakyReLU(0.4)),
    ]
    model = k.Model(x, la.Concatenate()([part(x) for part in parts]))
    model.compile(k.optimizers.SGD(0.1, momentum=0.9, nesterov=True), "huber")
    return model, rows(4, 5), rows(4, 50, seed=2)


def augmentation(k: Any) -> Made:
    """Layers that change images in training, with options and without."""
    la = k.layers
    pipeline = la.Pipeline(
        [la.RandomTranslation(0.1, (0.1, 0.2), "wrap", "nearest"), la.RandomZoom(0.2, seed=2)]
    )
    model = k.Sequential(
        [
            k.Input((6, 5, 2)),
            pipeline,
            la.RandomRotation(0.1, fill_mode="constant", fill_value=0.5),
            la.RandomShear(0.2, (0.1, 0.3)),
            la.RandomFlip("horizontal", seed=3),
            la.RandomElasticTransform(0.5, (0.2, 0.4), value_range=(-9, 9)),
            la.RandomErasing(0.5, 0.2, fill_value=0.5),
            la.Flatten(),
            la.Dense(2),
        ]
    )
    return model, rows(4, 6, 5, 2), None


def merging(k: Any) -> Made:
    """Merging layers."""
    la = k.layers
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    parts = [la.Add(), la.Subtract(), la.Multiply(), la.Average(), la.Maximum(), la.Minimum()]
    found = [part([a, b]) for part in parts]
    found += [la.Dot(axes=1, normalize=True)([a, b]), la.Concatenate(axis=1)([a, b])]
    model = k.Model([a, b], la.Concatenate()([la.Dense(2)(one) for one in found]))
    return model, [rows(5, 4), rows(5, 4, seed=3)], None


def shapes(k: Any) -> Made:
    """Layers that change shapes, pooling, and an embedding whose mask the pooling takes."""
    la = k.layers
    ids = k.Input((6,), dtype="int32", name="ids")
    y = la.Embedding(10, 3, mask_zero=True)(ids)
    pooled = la.GlobalAveragePooling1D()(y)
    highest = la.GlobalMaxPooling1D()(la.Permute((2, 1))(la.Embedding(10, 4)(ids)))
    z = la.Reshape((3, 2))(la.RepeatVector(2)(la.Dense(3)(pooled)))
    model = k.Model(ids, la.Concatenate()([pooled, highest, la.Flatten()(z)]))
    model.compile(k.optimizers.Nadam(0.01), "mse")
    x = np.random.default_rng(4).integers(0, 10, (7, 6)).astype("int32")
    return model, x, rows(7, 15, seed=5)


def masked(k: Any) -> Made:
    """A mask that goes through layers, one that is given to a layer, and what knows of none."""
    la = k.layers
    x = k.Input((4, 3), name="steps")
    y = la.BatchNormalization(momentum=0.9)(la.Masking(mask_value=0.5)(x))
    pooled = la.GlobalAveragePooling1D()(la.SpatialDropout1D(0.0)(y))
    shown = la.Softmax()(la.Dense(4)(pooled), mask=k.ops.less(x[:, :, 0], 0.5))
    equation = {"equation": "abc,cde->abde", "output_shape": (4, 2, 2), "bias_axes": "de"}
    product = la.EinsumDense(**equation, activation="tanh", kernel_regularizer="l2")(x)
    model = k.Model(x, la.Concatenate()([pooled, shown, la.Flatten()(product)]))
    model.compile(k.optimizers.SGD(0.125), "mse")
    steps = rows(7, 4, 3)
    steps[::2, 1:3] = 0.5
    return model, steps, rows(7, 23, seed=5)


def tables(k: Any) -> Made:
    """Layers for tables."""
    la = k.layers
    x, c = k.Input((3,), name="x"), k.Input((2,), dtype="int32", name="c")
    normal = la.Normalization()
    normal.adapt(rows(20, 3) * 3 + 1)
    known = la.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0], invert=True)
    parts = [
        normal(x),
        known(x),
        la.Rescaling(1 / 255, offset=-1.0)(x),
        la.Discretization([-1.0, 0.0, 1.0], output_mode="one_hot")(x[:, :1]),
        la.CategoryEncoding(5, output_mode="multi_hot")(c),
    ]
    joined = la.Concatenate()([la.Dense(2)(one) for one in parts])
    return k.Model([x, c], joined), [rows(4, 3), np.array([[0, 1], [4, 2], [3, 3], [1, 0]])], None


def ops(k: Any) -> Made:
    """Functions and operators in a graph."""
    o = k.ops
    x = k.Input((4,))
    y = k.layers.Dense(4)(x)
    y = 1 - (y * 2.0 + x) / 3
    y = o.concatenate([y, o.exp(-o.abs(x)), k.activations.gelu(x)], axis=1)
    y = y[:, 1:9] ** 2
    y = o.where(y > 0.5, y, 0.1)
    y = o.reshape(y, (-1, 2, 4))
    y = o.transpose(y, (0, 2, 1)) + np.ones((4, 1), "float32")
    y = o.clip(o.mean(y, axis=-1, keepdims=True), -1, 3)
    y = o.squeeze(o.max(o.expand_dims(y, 1), axis=1), -1)
    y = o.take(y, np.array([2, 0, 1]), axis=1)
    y = k.activations.relu(y, max_value=2.0) + o.einsum("ij,ij->i", x, x)[:, None]
    return k.Model(x, o.softmax(y)), rows(3, 4), None


def nested(k: Any) -> Made:
    """Several inputs and outputs, shared layers, and models inside a model."""
    la = k.layers
    a, b = k.Input((4,), name="a"), k.Input((3,), name="b")
    shared = la.Dense(4, activation="tanh", name="shared")
    # no bias: its gradient in front of a BatchNormalization is rounding alone
    parts = [k.Input((4,)), la.Dense(3, use_bias=False), la.BatchNormalization()]
    tower = k.Sequential(parts, name="tower")
    i = k.Input((3,))
    graph = k.Model(i, la.Add()([la.Dense(3)(i), i]), name="graph")
    left, right = tower(shared(a)), tower(shared(shared(a)))
    joined = la.Concatenate()([graph(left), graph(right), b])
    one = la.Dense(1, name="one")(joined)
    two = la.Dense(2, activation="softmax", name="two")(joined)
    model = k.Model({"a": a, "b": b}, [one, two], name="whole")
    model.compile(
        k.optimizers.Adam(0.01, amsgrad=True, epsilon=1e-3),
        loss=["mse", "sparse_categorical_crossentropy"],
        loss_weights=[1.0, 0.5],
        metrics=[["mae"], ["accuracy"]],
    )
    x = {"a": rows(8, 4), "b": rows(8, 3, seed=6)}
    return model, x, [rows(8, 1, seed=7), np.array([0, 1, 1, 0, 1, 0, 0, 1])]


def double(k: Any) -> Made:
    """Layers in float64."""
    la = k.layers
    x = k.Input((3,), dtype="float64")
    y = la.Dense(4, activation="selu", dtype="float64")(x)
    model = k.Model(x, la.Dense(2, dtype="float64")(y))
    return model, rows(5, 3).astype("float64"), None


def optimizer(name: str, **options: Any) -> Callable[[Any], Made]:
    def made(k: Any) -> Made:
        model = k.Sequential([k.Input((3,)), k.layers.Dense(2), k.layers.Dense(1)])
        inner = {"inner_optimizer": k.optimizers.Lion()} if name == "LossScaleOptimizer" else {}
        model.compile(getattr(k.optimizers, name)(**options, **inner), "mse")
        return model, rows(8, 3), rows(8, 1, seed=8)

    return made


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adadelta": {},
    "Adafactor": {},
    "Adagrad": {},
    "Adam": {},
    "AdamW": {},
    "Adamax": {},
    "Ftrl": {"l1_regularization_strength": 0.01},
    "Lamb": {},
    "Lion": {},
    "LossScaleOptimizer": {"dynamic_growth_steps": 3},
    "Muon": {"exclude_layers": ["dense_1"]},
    "Nadam": {},
    "RMSprop": {},
    "SGD": {"momentum": 0.5},
    "ScheduleFreeAdamW": {},
}
CASES: dict[str, Callable[[Any], Made]] = {
    made.__name__: made
    for made in (
        *(
            dense,
            norms,
            activations,
            augmentation,
            merging,
            shapes,
            masked,
            tables,
            ops,
            nested,
            double,
        ),
    )
}
OF_OPTIMIZERS = {
    f"optimizer_{name.lower()}": optimizer(name, **options) for name, options in OPTIMIZERS.items()
}
