"""Makes torch_ops.npz with PyTorch; in tests/: `python -m goldens.make_torch_goldens`.

Every case of the tables in torch_cases.py, torch_array_cases.py, torch_matrix_cases.py and
torch_order_cases.py is evaluated in float64. The file holds

    torch     version of PyTorch
    names     "case: what", in the order of the table and of `Case.names`
    shapes    the shape of each of these arrays, its lengths joined by commas
    values    the arrays, flattened and joined, in float64

The same versions give the same bytes.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import (  # the cases fill CASES
    torch_array_cases,  # noqa: F401
    torch_cases,  # noqa: F401
    torch_matrix_cases,  # noqa: F401
    torch_ops,
    torch_order_cases,  # noqa: F401
)
from .torch_parts import CASES, run

FILE = Path(__file__).parent / "torch_ops.npz"


def leaf(array: Any) -> torch.Tensor:
    return torch.tensor(array, requires_grad=True)


def plain(tensor: torch.Tensor) -> Any:
    return tensor.numpy(force=True)


def grad(output: torch.Tensor, inputs: list[Any], weights: Any) -> Any:
    return torch.autograd.grad(output, inputs, weights, create_graph=True, allow_unused=True)


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message=".*degrees of freedom")  # the variance of nothing
    arrays: dict[str, Any] = {}
    for case in CASES.values():
        try:
            results = run(case, torch_ops, case.arrays, leaf, plain, grad)
        except Exception as error:
            raise SystemExit(f"{case.name}: {type(error).__name__}: {error}") from error
        arrays |= {f"{case.name}: {what}": array for what, array in results.items()}
    np.savez_compressed(
        FILE,
        torch=np.array(torch.__version__),
        names=np.array(list(arrays)),
        shapes=np.array([",".join(map(str, array.shape)) for array in arrays.values()]),
        values=np.concatenate([np.float64(array).ravel() for array in arrays.values()]),
    )
    print(f"{len(CASES)} cases, {len(arrays)} arrays, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
