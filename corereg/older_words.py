"""Words of old tutorials, and what they are called today.

Errors say it: where a name of Keras 1 and 2 is asked for, an argument of theirs is given, or an
attribute of theirs is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

_LAYERS = "use corereg.layers, which has all layers"
_ITSELF = "use corereg.layers, corereg.models and the other packages of corereg"
_DENSE = "corereg computes dense networks; use Keras for layers of convolution and recurrence"

ATTRIBUTES = {
    "evaluate_generator": "use evaluate, which takes iterables of batches",
    "fit_generator": "use fit, which takes iterables of batches",
    "lr": "use learning_rate, which can be read and set",
    "predict_classes": "use predict(x).argmax(axis=-1), or predict(x) > 0.5 for a single output",
    "predict_generator": "use predict, which takes iterables of batches",
    "predict_proba": "use predict, whose outputs are the probabilities",
    "to_yaml": "use to_json",
}
"""Attributes that models and optimizers had."""

ARGUMENTS = {
    "W_constraint": "kernel_constraint",
    "W_regularizer": "kernel_regularizer",
    "alpha": "negative_slope",
    "b_constraint": "bias_constraint",
    "b_regularizer": "bias_regularizer",
    "batch_input_shape": "an Input with batch_size before the layer, or input_shape",
    "bias": "use_bias",
    "init": "kernel_initializer",
    "input": "inputs",
    "max_q_size": "nothing: batches are made when they are needed",
    "max_queue_size": "an argument of PyDataset",
    "nb_epoch": "epochs",
    "nb_val_samples": "validation_steps",
    "nb_worker": "PyDataset(workers=...)",
    "output": "outputs",
    "output_dim": "units",
    "p": "rate",
    "samples_per_epoch": "steps_per_epoch, which counts batches",
    "use_multiprocessing": "PyDataset(workers=...)",
    "weights": "set_weights after build, or kernel_initializer with an array",
    "workers": "an argument of PyDataset",
}
"""Arguments of layers, models and `fit`."""

NAMES = {
    "": {
        **dict.fromkeys(("api", "engine", "legacy", "src"), _ITSELF),
        "estimator": "use model.fit; estimators of TensorFlow are no more",
        "experimental": "what was there is in the packages of today, or no more",
        "feature_column": "use corereg.utils.FeatureSpace",
        "mixed_precision": "use corereg.config.set_dtype_policy, or dtype= of layers",
        "np_utils": "use corereg.utils",
    },
    "backend": {
        "get_value": "use float(x) or x.numpy()",
        "set_value": "assign to the attribute, as in optimizer.learning_rate = 0.1",
    },
    "callbacks": {"BaseLogger": "logs are means over the epoch already"},
    "initializers": {
        "normal": 'use "random_normal"',
        "uniform": 'use "random_uniform"',
    },
    "layers": {
        **dict.fromkeys(("advanced_activations", "core", "experimental", "noise"), _LAYERS),
        **dict.fromkeys(("convolutional", "local", "recurrent"), _DENSE),
        "Highway": "write a Layer, or a graph with layers.Multiply and layers.Add",
        "MaxoutDense": "use Dense, Reshape and a Lambda of corereg.ops.max",
        "Merge": "use Concatenate, Add, Multiply, Average, Maximum or Dot",
        "merge": "use Concatenate, Add, Multiply, Average, Maximum or Dot",
    },
    "models": {"model_from_yaml": "use model_from_json"},
    "optimizers": {
        "TFOptimizer": "use the optimizers of this package",
    },
    "preprocessing": {
        "image": "corereg reads no images from folders; layers such as RandomRotation change them, "
        "and fit takes iterables of batches",
    },
    "utils": {
        "multi_gpu_model": "corereg computes on CPUs, with all their cores",
        "np_utils": "use this package itself, as in utils.to_categorical",
        "vis_utils": "use this package itself, as in utils.plot_model",
    },
}
"""Names in packages, "" for corereg itself."""


def refuse_arguments(who: str, names: Iterable[str]) -> NoReturn:
    """Raises TypeError that names the arguments that are not here, and what they are today."""
    first = next(iter(names))
    told = f"; today it is {ARGUMENTS[first]}" if first in ARGUMENTS else ""
    raise TypeError(f"{who}: unexpected keyword argument {first!r}{told}")
