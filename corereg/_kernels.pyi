"""What _kernels offers Python. src/*.pxi say what each function does, kernels.h the formulas."""

from collections.abc import Sequence
from typing import Any

import numpy as np

_Array = np.ndarray[Any, Any]

ACTIVATIONS: dict[str, int]
LOSSES: dict[str, int]
ACCURACIES: dict[str, int]
RULES: dict[str, int]
available_isas: tuple[str, ...]

# border.pxi
def isa_name() -> str: ...
def build_flags() -> tuple[str, bool]: ...
def kernel_names() -> list[str]: ...
def get_num_threads() -> int: ...
def set_num_threads(n: int) -> None: ...

# dense.pxi
def dense_forward(
    x: _Array,
    w: _Array,
    b: _Array | None = None,
    act: int = 0,
    out: _Array | None = None,
    rate: float = 0.0,
    seed: int = 0,
    step: _Array | None = None,
) -> _Array: ...
def dense_backward_input(
    dz: _Array,
    w: _Array,
    y: _Array | None = None,
    act: int = 0,
    out: _Array | None = None,
    rate: float = 0.0,
) -> _Array: ...
def dense_backward_weights(
    x: _Array, dz: _Array, dw: _Array | None = None, db: _Array | None = None
) -> None: ...
def activation_forward(x: _Array, act: int, out: _Array | None = None) -> _Array: ...
def activation_backward(dy: _Array, y: _Array, act: int, out: _Array | None = None) -> _Array: ...
def dropout_forward(
    x: _Array,
    rate: float,
    seed: int,
    step: _Array,
    stream: int = 0,
    bits: _Array | None = None,
    out: _Array | None = None,
) -> _Array: ...
def dropout_backward(
    dy: _Array,
    rate: float,
    bits: _Array | None = None,
    y: _Array | None = None,
    out: _Array | None = None,
) -> _Array: ...
def scale(x: _Array, factor: _Array, out: _Array | None = None) -> _Array: ...
def add(y: _Array, x: _Array) -> _Array: ...
def exp(x: _Array, out: _Array | None = None) -> _Array: ...
def log(x: _Array, out: _Array | None = None) -> _Array: ...
def gather_rows(
    src: _Array, out: _Array, order: _Array | None = None, start: _Array | None = None
) -> _Array: ...

# losses.pxi
def loss_forward(
    kind: str,
    z: _Array,
    y: _Array,
    weight: _Array | None = None,
    smoothing: float = 0.0,
    gradient: bool = True,
    out: _Array | None = None,
) -> tuple[_Array, _Array | None]: ...
def accuracy(kind: str, z: _Array, y: _Array, threshold: float = 0.5) -> _Array: ...
def row_mean(rows: _Array, weight: _Array | None = None, out: _Array | None = None) -> _Array: ...

# update.pxi
class Hyper:
    learning_rate: float
    step: int
    def __init__(
        self,
        learning_rate: float = 0.0,
        beta1: float = 0.0,
        beta2: float = 0.0,
        epsilon: float = 0.0,
        clipvalue: float | None = None,
        step: int = 0,
    ) -> None: ...

class Segments:
    @property
    def count(self) -> int: ...
    @property
    def blocks(self) -> int: ...
    @property
    def dtype(self) -> int: ...
    @property
    def weights(self) -> list[_Array]: ...
    @property
    def slots(self) -> list[tuple[_Array | None, ...]]: ...
    @property
    def gradients(self) -> list[_Array | None]: ...
    def __init__(
        self,
        weights: Sequence[_Array],
        slots: Sequence[Sequence[_Array | None]] | None = None,
        l1: Sequence[float] | None = None,
        l2: Sequence[float] | None = None,
        decay: Sequence[float] | None = None,
    ) -> None: ...
    def set_gradient(self, i: int, gradient: _Array | None) -> None: ...

def update(
    rule: str, segments: Segments, hyper: Hyper, penalty: _Array, scales: _Array | None = None
) -> None: ...
def penalty(segments: Segments, sums: _Array) -> None: ...
def clip_scales(
    segments: Segments, limit: float, every: bool, scales: _Array, sums: _Array
) -> None: ...
def penalty_backward(
    w: _Array, l1: float, l2: float, factor: _Array, out: _Array | None = None
) -> _Array: ...
def tally(
    total: _Array, values: _Array, factor: float = 1.0, weights: _Array | None = None
) -> None: ...

class Program:
    @property
    def fault(self) -> str | None: ...
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def __enter__(self) -> Program: ...
    def __exit__(self, *error: object) -> None: ...
    @property
    def work(self) -> float: ...
    def replay(self, times: int, threads: int = 0) -> None: ...
    def profile(self, times: int) -> list[tuple[str, int, bool, float]]: ...

def cannot_record(reason: str) -> None: ...
def count(counter: _Array, by: int = 1) -> None: ...
