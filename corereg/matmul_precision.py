"""How exactly products of float32 matrices are computed, in PyTorch's words. What the words mean is
in docs/matmul-precision.md; the kernels are src/rounding.c and src/packed.c."""

from __future__ import annotations

from corereg import _kernels

__all__ = ["get_float32_matmul_precision", "set_float32_matmul_precision"]

PARTS = {"highest": 0, "high": 3, "medium": 1}
"""In how many parts of bfloat16 the kernels are given each operand; 0: as it is."""

_precision = "highest"


def set_float32_matmul_precision(precision: str) -> None:
    """Sets how exactly products of float32 matrices are computed from now on: by Dense layers,
    forward and backward, and by matmul, dot and einsum.

    precision: "highest" (default), in float32; "high", operands as the sum of two bfloat16 numbers,
    about 16 bits; "medium", operands rounded to bfloat16, 8 bits. Sums are of float32 always, and
    so are parameters, gradients and the optimizer's state; float64 is not affected. It is fast
    where the CPU has matrix units for bfloat16 (`corereg.show_config()` tells), right everywhere.
    ``compile(matmul_precision=...)`` says it for one model. Raises ValueError for other words.

    >>> corereg.set_float32_matmul_precision("medium")
    >>> corereg.matmul(Tensor([[1.001]]), Tensor([[1.0]]))
    Tensor([[1.]])
    >>> corereg.set_float32_matmul_precision("highest")
    """
    global _precision
    _kernels.set_matmul_parts(parts_of("set_float32_matmul_precision", precision))
    _precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told last, "highest" by default.

    >>> corereg.get_float32_matmul_precision()
    'highest'
    """
    return _precision


def parts_of(who: str, precision: object) -> int:
    """The parts of a precision; ValueError names the words that there are."""
    if not isinstance(precision, str) or precision not in PARTS:
        raise ValueError(
            f"{who}: expected 'highest', 'high' or 'medium' as precision, received {precision!r}"
        )
    return PARTS[precision]


def name_of(parts: int) -> str:
    """The word for so many parts."""
    return next(name for name, known in PARTS.items() if known == parts)
