"""Layers, as in `keras.layers`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.layers.activation import Activation as Activation
    from corereg.layers.activations.elu import ELU as ELU
    from corereg.layers.activations.leaky_relu import LeakyReLU as LeakyReLU
    from corereg.layers.activations.prelu import PReLU as PReLU
    from corereg.layers.activations.relu import ReLU as ReLU
    from corereg.layers.activations.softmax import Softmax as Softmax
    from corereg.layers.activity_regularization import (
        ActivityRegularization as ActivityRegularization,
    )
    from corereg.layers.alpha_dropout import AlphaDropout as AlphaDropout
    from corereg.layers.augmentation.auto_contrast import AutoContrast as AutoContrast
    from corereg.layers.augmentation.center_crop import CenterCrop as CenterCrop
    from corereg.layers.augmentation.pipeline import Pipeline as Pipeline
    from corereg.layers.augmentation.random_brightness import RandomBrightness as RandomBrightness
    from corereg.layers.augmentation.random_color_degeneration import (
        RandomColorDegeneration as RandomColorDegeneration,
    )
    from corereg.layers.augmentation.random_contrast import RandomContrast as RandomContrast
    from corereg.layers.augmentation.random_crop import RandomCrop as RandomCrop
    from corereg.layers.augmentation.random_elastic_transform import (
        RandomElasticTransform as RandomElasticTransform,
    )
    from corereg.layers.augmentation.random_erasing import RandomErasing as RandomErasing
    from corereg.layers.augmentation.random_flip import RandomFlip as RandomFlip
    from corereg.layers.augmentation.random_grayscale import RandomGrayscale as RandomGrayscale
    from corereg.layers.augmentation.random_invert import RandomInvert as RandomInvert
    from corereg.layers.augmentation.random_posterization import (
        RandomPosterization as RandomPosterization,
    )
    from corereg.layers.augmentation.random_rotation import RandomRotation as RandomRotation
    from corereg.layers.augmentation.random_shear import RandomShear as RandomShear
    from corereg.layers.augmentation.random_translation import (
        RandomTranslation as RandomTranslation,
    )
    from corereg.layers.augmentation.random_zoom import RandomZoom as RandomZoom
    from corereg.layers.augmentation.solarization import Solarization as Solarization
    from corereg.layers.base import Layer as Layer
    from corereg.layers.batch_normalization import BatchNormalization as BatchNormalization
    from corereg.layers.cut_mix import CutMix as CutMix
    from corereg.layers.dense import Dense as Dense
    from corereg.layers.dropout import Dropout as Dropout
    from corereg.layers.einsum_dense import EinsumDense as EinsumDense
    from corereg.layers.embedding import Embedding as Embedding
    from corereg.layers.flatten import Flatten as Flatten
    from corereg.layers.gaussian_noise import (
        GaussianDropout as GaussianDropout,
        GaussianNoise as GaussianNoise,
    )
    from corereg.layers.group_normalization import GroupNormalization as GroupNormalization
    from corereg.layers.identity import Identity as Identity
    from corereg.layers.input_layer import (
        Input as Input,
        InputLayer as InputLayer,
    )
    from corereg.layers.input_spec import InputSpec as InputSpec
    from corereg.layers.lambda_layer import Lambda as Lambda
    from corereg.layers.layer_normalization import LayerNormalization as LayerNormalization
    from corereg.layers.lookup import (
        deserialize as deserialize,
        serialize as serialize,
    )
    from corereg.layers.masking import Masking as Masking
    from corereg.layers.merging.concatenate import (
        Concatenate as Concatenate,
        concatenate as concatenate,
    )
    from corereg.layers.merging.dot import Dot as Dot, dot as dot
    from corereg.layers.merging.elementwise import (
        Add as Add,
        Average as Average,
        Maximum as Maximum,
        Minimum as Minimum,
        Multiply as Multiply,
        Subtract as Subtract,
        add as add,
        average as average,
        maximum as maximum,
        minimum as minimum,
        multiply as multiply,
        subtract as subtract,
    )
    from corereg.layers.mix_up import MixUp as MixUp
    from corereg.layers.pooling.global1d import (
        GlobalAveragePooling1D as GlobalAveragePooling1D,
        GlobalAvgPool1D as GlobalAvgPool1D,
        GlobalMaxPool1D as GlobalMaxPool1D,
        GlobalMaxPooling1D as GlobalMaxPooling1D,
    )
    from corereg.layers.preprocessing.category_encoding import (
        CategoryEncoding as CategoryEncoding,
    )
    from corereg.layers.preprocessing.discretization import Discretization as Discretization
    from corereg.layers.preprocessing.hashed_crossing import HashedCrossing as HashedCrossing
    from corereg.layers.preprocessing.hashing import Hashing as Hashing
    from corereg.layers.preprocessing.integer_lookup import IntegerLookup as IntegerLookup
    from corereg.layers.preprocessing.normalization import Normalization as Normalization
    from corereg.layers.preprocessing.numeric_encoding import NumericEncoding as NumericEncoding
    from corereg.layers.preprocessing.rescaling import Rescaling as Rescaling
    from corereg.layers.preprocessing.string_lookup import StringLookup as StringLookup
    from corereg.layers.preprocessing.text_vectorization import (
        TextVectorization as TextVectorization,
    )
    from corereg.layers.reshaping.permute import Permute as Permute
    from corereg.layers.reshaping.repeat_vector import RepeatVector as RepeatVector
    from corereg.layers.reshaping.reshape import Reshape as Reshape
    from corereg.layers.rms_normalization import RMSNormalization as RMSNormalization
    from corereg.layers.select_columns import SelectColumns as SelectColumns
    from corereg.layers.spatial_dropout import SpatialDropout1D as SpatialDropout1D
    from corereg.layers.spectral_normalization import (
        SpectralNormalization as SpectralNormalization,
    )
    from corereg.layers.unit_normalization import UnitNormalization as UnitNormalization
    from corereg.layers.wrapper import Wrapper as Wrapper

_MODULES = {
    "Activation": "activation",
    "ActivityRegularization": "activity_regularization",
    "Add": "merging.elementwise",
    "AlphaDropout": "alpha_dropout",
    "AutoContrast": "augmentation.auto_contrast",
    "Average": "merging.elementwise",
    "BatchNormalization": "batch_normalization",
    "CategoryEncoding": "preprocessing.category_encoding",
    "CenterCrop": "augmentation.center_crop",
    "Concatenate": "merging.concatenate",
    "CutMix": "cut_mix",
    "Dense": "dense",
    "Discretization": "preprocessing.discretization",
    "Dot": "merging.dot",
    "Dropout": "dropout",
    "ELU": "activations.elu",
    "EinsumDense": "einsum_dense",
    "Embedding": "embedding",
    "Flatten": "flatten",
    "GaussianDropout": "gaussian_noise",
    "GaussianNoise": "gaussian_noise",
    "GlobalAveragePooling1D": "pooling.global1d",
    "GlobalAvgPool1D": "pooling.global1d",
    "GlobalMaxPool1D": "pooling.global1d",
    "GlobalMaxPooling1D": "pooling.global1d",
    "GroupNormalization": "group_normalization",
    "HashedCrossing": "preprocessing.hashed_crossing",
    "Hashing": "preprocessing.hashing",
    "Identity": "identity",
    "Input": "input_layer",
    "InputLayer": "input_layer",
    "InputSpec": "input_spec",
    "IntegerLookup": "preprocessing.integer_lookup",
    "Lambda": "lambda_layer",
    "Layer": "base",
    "LayerNormalization": "layer_normalization",
    "LeakyReLU": "activations.leaky_relu",
    "Masking": "masking",
    "Maximum": "merging.elementwise",
    "Minimum": "merging.elementwise",
    "MixUp": "mix_up",
    "Multiply": "merging.elementwise",
    "Normalization": "preprocessing.normalization",
    "NumericEncoding": "preprocessing.numeric_encoding",
    "PReLU": "activations.prelu",
    "Permute": "reshaping.permute",
    "Pipeline": "augmentation.pipeline",
    "RMSNormalization": "rms_normalization",
    "RandomBrightness": "augmentation.random_brightness",
    "RandomColorDegeneration": "augmentation.random_color_degeneration",
    "RandomContrast": "augmentation.random_contrast",
    "RandomCrop": "augmentation.random_crop",
    "RandomElasticTransform": "augmentation.random_elastic_transform",
    "RandomErasing": "augmentation.random_erasing",
    "RandomFlip": "augmentation.random_flip",
    "RandomGrayscale": "augmentation.random_grayscale",
    "RandomInvert": "augmentation.random_invert",
    "RandomPosterization": "augmentation.random_posterization",
    "RandomRotation": "augmentation.random_rotation",
    "RandomShear": "augmentation.random_shear",
    "RandomTranslation": "augmentation.random_translation",
    "RandomZoom": "augmentation.random_zoom",
    "ReLU": "activations.relu",
    "RepeatVector": "reshaping.repeat_vector",
    "Rescaling": "preprocessing.rescaling",
    "Reshape": "reshaping.reshape",
    "SelectColumns": "select_columns",
    "Softmax": "activations.softmax",
    "Solarization": "augmentation.solarization",
    "SpatialDropout1D": "spatial_dropout",
    "SpectralNormalization": "spectral_normalization",
    "StringLookup": "preprocessing.string_lookup",
    "Subtract": "merging.elementwise",
    "TextVectorization": "preprocessing.text_vectorization",
    "UnitNormalization": "unit_normalization",
    "Wrapper": "wrapper",
    "add": "merging.elementwise",
    "average": "merging.elementwise",
    "concatenate": "merging.concatenate",
    "deserialize": "lookup",
    "dot": "merging.dot",
    "maximum": "merging.elementwise",
    "minimum": "merging.elementwise",
    "multiply": "merging.elementwise",
    "serialize": "lookup",
    "subtract": "merging.elementwise",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="layer")
