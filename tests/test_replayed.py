"""Whatever the registry has is replayed in training: a list of what is not, which is held."""

import itertools
import warnings

import numpy as np
import pytest

from corereg import (
    Input,
    Model,
    Sequential,
    activations,
    callbacks,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    registry,
    regularizers,
)

ROWS = 6
LABELS = np.arange(ROWS) % 3
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
X = np.random.default_rng(0).random((ROWS, 4), dtype=np.float32)
SHARES = (X[:, :3] + 0.1) / (X[:, :3] + 0.1).sum(axis=1, keepdims=True)
TOKENS = np.arange(ROWS * 4).reshape(ROWS, 4) % 5
TEXTS = np.array([["a"], ["b"], ["c"]] * 2, object)
ARGUMENTS = {  # of what cannot be made without
    "Activation": {"activation": "tanh"},
    "AlphaDropout": {"rate": 0.3},
    "Dense": {"units": 3},
    "Dot": {"axes": 1},
    "Dropout": {"rate": 0.3},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 3},
    "Embedding": {"input_dim": 5, "output_dim": 2},
    "GaussianNoise": {"stddev": 0.3},
    "GaussianDropout": {"rate": 0.3},
    "GroupNormalization": {"groups": 2},
    "Lambda": {"function": ops.tanh},
    "CategoryEncoding": {"num_tokens": 5},
    "Discretization": {"bin_boundaries": [0.2, 0.6]},
    "HashedCrossing": {"num_bins": 5},
    "Hashing": {"num_bins": 9},
    "IntegerLookup": {"vocabulary": [1, 2, 3]},
    "StringLookup": {"vocabulary": ["a", "b", "c"]},
    "SpectralNormalization": {"layer": layers.Dense(4)},
    "TextVectorization": {"vocabulary": ["a", "b", "c"], "output_mode": "count"},
    "Rescaling": {"scale": 2.0},
    "Permute": {"dims": (2, 1)},
    "Pipeline": {"layers": [layers.RandomFlip(), layers.RandomElasticTransform()]},
    "CenterCrop": {"height": 2, "width": 1},
    "RandomBrightness": {"factor": 0.1},
    "RandomColorDegeneration": {"factor": 0.1},
    "RandomContrast": {"factor": 0.1},
    "RandomCrop": {"height": 1, "width": 2},
    "RandomPosterization": {"factor": 3},
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
    "RepeatVector": {"n": 2},
    "Reshape": {"target_shape": (2, 2)},
    "SelectColumns": {"columns": [2, 0]},
    "SpatialDropout1D": {"rate": 0.3},
    "Constraint": None,  # a base class
    "InputLayer": None,  # it is in each of the models
    "MeanMetricWrapper": {"fn": lambda y, p: ops.mean(ops.square(y - p), axis=-1)},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 1], "sparse_y_pred": False},
    "MeanIoU": {"num_classes": 3, "sparse_y_pred": False},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 1]},
    "OneHotMeanIoU": {"num_classes": 3},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 5},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "PiecewiseConstantDecay": {"boundaries": [2], "values": [0.1, 0.05]},
}
SEQUENCES = {"GlobalAveragePooling1D", "GlobalMaxPooling1D", "Permute", "SpatialDropout1D"}
IMAGES = {
    *("AutoContrast", "CenterCrop", "CutMix", "Solarization"),
    "Pipeline",
    *(name for name in registry.parts("layer") if name.startswith("Random")),
}
MERGING = {"Concatenate", "Dot", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"}
MERGING |= {"EnsembleAverage"}
SPARSE = {
    "CategoricalGeneralizedCrossEntropy",
    "Circle",
    "IoU",
    "MeanIoU",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
}
OBSERVERS = [  # those that stand by at every batch
    callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
    callbacks.TerminateOnNaN(),
    callbacks.EarlyStopping(monitor="loss"),
    callbacks.ReduceLROnPlateau(monitor="loss"),
    callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
]


def made(part):
    given = ARGUMENTS.get(part.__name__, {})
    return None if given is None else part(**given)


def parts(kind):
    found = [made(part) for part in registry.parts(kind).values()]
    return [one for one in found if one is not None]


def classifier(**options):
    model = Sequential([Input((4,)), layers.Dense(3, **options), layers.Softmax()])
    model.compile("sgd", "mse")
    return model


def problem(model, x=X, y=ONE_HOT, observers=None):
    """Why the steps of a model do not run as recorded; None if they do."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of steps that run through Python, for one
        try:
            model.fit(x, y, batch_size=2, epochs=2, verbose=0, callbacks=observers)
            model.evaluate(x, y, batch_size=2, verbose=0)
            model.predict(x, verbose=0)
        except UserWarning as error:
            return str(error)
    report = model.execution_report()
    wrong = [str(one) for one in report if one.what == "fit" and one.mode != "replayed"]
    return "; ".join(wrong) or None


def not_replayed(models):
    """The names of those that are not, with the reasons."""
    found = {name: problem(*given) for name, *given in models}
    return {name: reason for name, reason in found.items() if reason is not None}


def with_layer(layer):
    """A model with a layer in it, and data for it."""
    name = type(layer).__name__
    if name in MERGING:
        x = Input((4,))
        branches = [layers.Dense(4)(x), layers.Dense(4)(x)]
        model, data = Model(x, layers.Dense(3)(layer(branches))), X
    elif name == "HashedCrossing":
        inputs = [Input((1,), dtype="int64"), Input((1,), dtype="string")]
        codes = layers.Flatten()(layers.Embedding(9, 3)(layer(inputs)))
        model, data = Model(inputs, codes), [TOKENS[:, :1], TEXTS]
    elif name == "StringLookup":
        codes = [Input((1,), dtype="string"), layer]
        model, data = Sequential([*codes, layers.Embedding(9, 3), layers.Flatten()]), TEXTS
    elif name == "TextVectorization":
        model = Sequential([Input((1,), dtype="string"), layer, layers.Dense(3)])
        data = TEXTS
    elif name in ("Embedding", "CategoryEncoding", "Hashing", "IntegerLookup"):
        inner = [Input((4,), dtype="int64"), layer]
        inner += [layers.Embedding(9, 3)] if name in ("Hashing", "IntegerLookup") else []
        model, data = Sequential([*inner, layers.Flatten(), layers.Dense(3)]), TOKENS
    else:
        before = [layers.Reshape((2, 2))] if name in SEQUENCES | IMAGES else []
        behind = [] if name == "Masking" else [layers.Flatten()]  # where the mask would end
        model = Sequential([Input((4,)), *before, layer, *behind, layers.Dense(3)])
        data = X
    model.compile("sgd", "mse")
    return name, model, data


def test_layers():
    lambdas = layers.Lambda(lambda x: x * float(x.data.sum()))  # reads a value into Python
    found = not_replayed(map(with_layer, parts("layer")))
    assert found == {}
    assert "Lambda" in not_replayed([with_layer(lambdas)])


def test_activations():
    models = [
        (name, classifier(activation=activations.get(name)))
        for name in registry.parts("activation")
        if name not in ("glu", "threshold")
    ]
    limit = lambda x: activations.threshold(x, 0.1, 0.0)  # noqa: E731
    models.append(("threshold", classifier(activation=limit)))
    halves = Sequential([Input((4,)), layers.Dense(6), layers.Activation("glu")])
    halves.compile("sgd", "mse")
    assert not_replayed([*models, ("glu", halves)]) == {}


def targets_of(part):
    return LABELS if type(part).__name__ in SPARSE else ONE_HOT


def with_loss(loss):
    model = Sequential([Input((4,)), layers.Dense(3), layers.Softmax()])
    y = targets_of(loss)
    if isinstance(loss, losses.GaussianNLL):
        model, y = Sequential([Input((4,)), layers.Dense(6)]), SHARES
    model.compile("sgd", loss)
    return type(loss).__name__, model, X, y


def test_losses():
    assert not_replayed(map(with_loss, parts("loss"))) == {}


def test_metrics():
    def with_metric(metric):
        model = Sequential([Input((4,)), layers.Dense(3), layers.Softmax()])
        sparse = type(metric).__name__ in SPARSE
        loss = "sparse_categorical_crossentropy" if sparse else "mse"
        model.compile("sgd", loss, metrics=[metric])
        return type(metric).__name__, model, X, targets_of(metric)

    found = [one for one in parts("metric") if type(one) not in (metrics.Mean, metrics.Sum)]
    assert not_replayed(map(with_metric, found)) == {}


def with_optimizer(name, optimizer):
    model = Sequential([Input((4,)), layers.Dense(3), layers.BatchNormalization()])
    model.compile(optimizer, "mse")
    return name, model


def test_optimizers_and_schedules():
    options = [{}, {"use_ema": True}, {"clipnorm": 1.0}, {"gradient_accumulation_steps": 2}]

    def optimizer(part, given):
        if part in (optimizers.SAM, optimizers.LossScaleOptimizer):
            return part(optimizers.SGD(0.01, **given))
        return part(0.01, **given)

    models = [
        with_optimizer(f"{name} {given}", optimizer(part, given))
        for (name, part), given in itertools.product(registry.parts("optimizer").items(), options)
    ]
    models += [with_optimizer(type(one).__name__, optimizers.SGD(one)) for one in parts("schedule")]
    models.append(with_optimizer("function", optimizers.SGD(lambda step: 0.1 / (step + 1))))
    assert not_replayed(models) == {}


def test_constraints_regularizers_and_initializers():
    models = [
        (type(one).__name__, classifier(kernel_constraint=one)) for one in parts("constraint")
    ]
    models += [
        (name, classifier(kernel_regularizer=part()))
        for name, part in registry.parts("regularizer").items()
        if part is not regularizers.Regularizer
    ]
    models += [
        (name, classifier(kernel_initializer=name))
        for name in ("glorot_uniform", "orthogonal", "zeros", "truncated_normal")
    ]
    assert not_replayed(models) == {}


@pytest.mark.parametrize("observer", OBSERVERS, ids=lambda one: type(one).__name__)
def test_callbacks(observer):
    assert problem(classifier(), observers=[observer]) is None
