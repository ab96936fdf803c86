"""Names of Keras that corereg does not have: why, or what to use in their place.

`refusal` is what a package says when somebody asks for such a name. docs/keras-names.md lists them
beside those that are here; a test compares both with Keras's own list.
"""

from __future__ import annotations

from corereg.older_words import NAMES

_CONVOLUTION = (
    "convolutions and pooling are for large images and sequences, and corereg computes dense "
    "networks; Flatten and Dense take small images, Keras itself the others"
)
_RECURRENCE = (
    "recurrence is for sequences, and corereg computes dense networks; Embedding and "
    "GlobalAveragePooling1D take short texts, Keras itself the others"
)
_ATTENTION = "attention is for sequences, and corereg computes dense networks; use Keras for it"
_IMAGES = (
    "corereg's augmentation moves, erases and recolours pixels (RandomRotation, RandomErasing, "
    "RandomContrast, ...); do this with NumPy in an iterable of batches for fit"
)
_SIGNALS = "corereg transforms no signals; use NumPy or SciPy on t.numpy() before training"
_BACKENDS = "corereg has no backends; write a Layer with corereg.ops"
_OPS_OF_IMAGES = (
    "it is for images and sequences, and corereg computes dense networks; use Keras for it"
)
_COMPLEX = "corereg has no complex numbers; use NumPy on t.numpy()"
_EPSILON = "losses and layers compute with 1e-7, Keras's default; a layer's own epsilon= can be set"
_QUANTIZED = "models are quantized when they are exported: corereg.export"
_FILES = "corereg reads no data sets from folders; read files with NumPy, pandas or Pillow"

_REASONS: dict[str, dict[str, tuple[str, ...]]] = {
    "layers": {
        _CONVOLUTION: (
            *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose"),
            *("Conv3DTranspose", "Convolution1D", "Convolution1DTranspose", "Convolution2D"),
            *("Convolution2DTranspose", "Convolution3D", "Convolution3DTranspose"),
            *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
            *("SeparableConvolution1D", "SeparableConvolution2D"),
            *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
            *("AvgPool1D", "AvgPool2D", "AvgPool3D", "MaxPool1D", "MaxPool2D", "MaxPool3D"),
            *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"),
            *("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"),
            *("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D"),
            *("GlobalAveragePooling2D", "GlobalAveragePooling3D"),
            *("GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool2D", "GlobalMaxPool3D"),
            *("GlobalMaxPooling2D", "GlobalMaxPooling3D", "Cropping1D", "Cropping2D"),
            *("Cropping3D", "UpSampling1D", "UpSampling2D", "UpSampling3D"),
            *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
            *("SpatialDropout2D", "SpatialDropout3D"),
        ),
        _RECURRENCE: (
            *("Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "GRUCell"),
            *("LSTM", "LSTMCell", "RNN", "SimpleRNN", "SimpleRNNCell", "StackedRNNCells"),
            "TimeDistributed",
        ),
        _ATTENTION: (
            *("AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"),
            "ReversibleEmbedding",
        ),
        _IMAGES: (
            *("AugMix", "Equalization", "ContrastLimitedAdaptiveHistogramEqualization"),
            *("MaxNumBoundingBoxes", "RandAugment", "RandomColorJitter", "RandomGaussianBlur"),
            *("RandomHue", "RandomPerspective", "RandomSaturation", "RandomSharpness", "Resizing"),
        ),
        _SIGNALS: ("MelSpectrogram", "STFTSpectrogram"),
        _BACKENDS: ("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
    },
    "losses": {
        "CTC aligns sequences of labels with sequences of outputs, for which corereg has no "
        "layers: compute it with the framework that made the outputs": ("CTC", "ctc"),
    },
    "optimizers": {
        "use learning_rate_multipliers= of any optimizer": ("MultiOptimizer", "OptimizerMap"),
        "use the optimizers of this package": ("legacy",),
    },
    "callbacks": {
        "it writes files of another library; use ModelCheckpoint or BackupAndRestore": (
            "OrbaxCheckpoint",
        ),
        "corereg sends nothing over networks; use LambdaCallback with a function of yours": (
            "RemoteMonitor",
        ),
    },
    "initializers": {
        "corereg has no layers of audio whose kernels are Fourier transforms; give the values "
        "themselves as an array": ("STFT", "STFTInitializer", "stft"),
    },
    "utils": {
        _FILES: (
            *("audio_dataset_from_directory", "image_dataset_from_directory"),
            *("text_dataset_from_directory", "array_to_img", "img_to_array", "load_img"),
            "save_img",
        ),
        "use numpy.lib.stride_tricks.sliding_window_view": ("timeseries_dataset_from_array",),
    },
    "ops": {
        _OPS_OF_IMAGES: (
            *("adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"),
            *("conv", "conv_transpose", "depthwise_conv", "separable_conv"),
            *("depth_to_space", "space_to_depth", "fold", "unfold", "image"),
            *("ctc_decode", "ctc_loss"),
        ),
        _COMPLEX: (
            *("angle", "conj", "conjugate", "eig", "imag", "isreal", "polar", "real"),
            *("view_as_complex", "view_as_real"),
        ),
        _SIGNALS: (
            *("extract_sequences", "fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"),
        ),
        "use matmul and softmax": ("dot_product_attention",),
        "its functions are in corereg.ops itself": ("nn", "numpy"),
    },
    "saving": {"a file of corereg is read by corereg.saving.load_model": ("KerasFileEditor",)},
}
_REASONS_IN_MODULES: dict[str, dict[str, tuple[str, ...]]] = {
    "config": {
        _EPSILON: ("set_epsilon",),
        "corereg has no attention; use Keras for it": (
            *("disable_flash_attention", "enable_flash_attention", "is_flash_attention_enabled"),
        ),
        "corereg has no backends": ("is_nnx_enabled",),
        "pass safe_mode=False to load_model for files that you trust": (
            "enable_unsafe_deserialization",
        ),
        "use epochs= and steps_per_epoch= of fit": (
            *("max_epochs", "max_steps_per_epoch", "set_max_epochs", "set_max_steps_per_epoch"),
        ),
    },
    "backend": {_EPSILON: ("set_epsilon",)},
    "dtype_policies": {
        _QUANTIZED: (
            *("AWQDTypePolicy", "GPTQDTypePolicy", "Int4DTypePolicy", "QuantizedDTypePolicy"),
            "QuantizedFloat8DTypePolicy",
        ),
    },
}


def _by_name(reasons: dict[str, dict[str, tuple[str, ...]]]) -> dict[str, dict[str, str]]:
    return {
        package: {name: reason for reason, names in own.items() for name in names}
        for package, own in reasons.items()
    }


UNAVAILABLE = _by_name(_REASONS)
"""Each name with why, by the package of Keras that has it."""

IN_MODULES = _by_name(_REASONS_IN_MODULES)
"""The same of those that are modules here, which say it for themselves."""

_SCOPES = "layers keep what a step computes until its gradients are there; nothing is done twice"

TOP = {
    "applications": "corereg has no pretrained networks; use Keras for them",
    "distillation": "write a Model with a train_step of its own that calls the teacher",
    "distribution": "corereg computes on one machine; set_num_threads says on how many threads",
    "StatelessScope": "layers keep their state in variables, which recorded steps read and write "
    "in place; call functions on tensors of your own where state shall stay as it is",
    "SymbolicScope": "a model of symbolic tensors is made without it",
    "Function": "use Model(inputs, outputs)",
    "Operation": "write a Layer, or a function of corereg.ops",
    "Variable": "use add_weight of a layer, or corereg.Parameter for what is trained",
    "name_scope": "layers and weights are named by name=",
    **dict.fromkeys(("Quantizer", "quantizers"), _QUANTIZED),
    **dict.fromkeys(("RematScope", "remat"), _SCOPES),
    "tree": "nests of lists and dicts are Python's own; loops take the place of it",
    "visualization": "plots of data are Matplotlib's; corereg.plotting draws trainings and models",
    "data": "iterables of batches (x, y) take the place of tf.data",
    "keras": "write corereg itself where programs write tensorflow.keras",
}
"""Packages of Keras and of TensorFlow, and why corereg has none of this name."""


def refusal(package: str, name: str) -> str | None:
    """What to say to somebody who asks a package ("layers", or "" for corereg itself) for a name of
    Keras that corereg does not have. None for other names."""
    known = TOP if package == "" else (UNAVAILABLE | IN_MODULES).get(package, {})
    if name not in known:
        known = NAMES.get(package, {})
    if name not in known:
        return None
    where = f"corereg.{package}" if package else "corereg"
    return f"{where} has no {name!r}: {known[name]}"
