"""Functions of `keras.ops` that corereg does not have, and what to use."""

from __future__ import annotations

_IMAGES = "it is for images and sequences, and corereg computes dense networks; use Keras for it"
_COMPLEX = "corereg has no complex numbers; use NumPy on t.numpy()"
_SIGNALS = "corereg transforms no signals; use NumPy or SciPy on t.numpy() before training"

_REASONS: dict[str, tuple[str, ...]] = {
    _IMAGES: (
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
        *("bartlett", "blackman", "hamming", "hanning", "kaiser", "i0", "correlate"),
        *("extract_sequences", "fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"),
    ),
    "use matmul and softmax": ("dot_product_attention",),
    "write an op with forward and backward, see corereg.autograd.Op": ("custom_gradient",),
    "use 1 - ops.erf(x), which is exact to the precision of 1": ("erfc",),
    "use solve, det, qr or cholesky": ("lu_factor",),
    "use reshape and transpose": ("rearrange",),
    "use segment_sum, or segment_max of -x": ("segment_min",),
    "use exp of segment_sum of log(x)": ("segment_prod",),
    "use map, or write it with broadcasting": ("vectorize",),
    "use cast; bits of tensors are seen by t.numpy().view(dtype)": ("view",),
    "its functions are in corereg.ops itself": ("nn", "numpy"),
}
UNAVAILABLE = {name: reason for reason, names in _REASONS.items() for name in names}
"""Each name with why, or what to use."""


def refusal(name: str) -> str | None:
    """What to say to somebody who asks for a function of Keras that is not here; None for what is
    none."""
    if name not in UNAVAILABLE:
        return None
    return f"keras.ops has {name!r}, corereg.ops does not: {UNAVAILABLE[name]}"
