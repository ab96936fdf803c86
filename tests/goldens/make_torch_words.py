"""Makes torch_words.npz with PyTorch; in tests/: `python -m goldens.make_torch_words`.

For each case of torch_word_cases.py the outputs, and the gradient of their weighted sum by each
input of floats. The file holds

    torch     version of PyTorch
    names     "name: out 0", ..., "name: grad 0", ..., in the order of the table
    shapes    the shape of each of these arrays, its lengths joined by commas
    dtypes    its dtype, such as "int64"
    values    the arrays, flattened and joined, in float64
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from .torch_word_cases import WORDS, outputs, weights

FILE = Path(__file__).parent / "torch_words.npz"


def main() -> None:
    torch.set_num_threads(1)
    arrays = {}
    for name, (function, *given) in WORDS.items():
        leaves = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in given]
        made = outputs(function(*leaves))
        for i, out in enumerate(made):
            arrays[f"{name}: out {i}"] = out.numpy(force=True)
        used = [(i, out) for i, out in enumerate(made) if out.requires_grad]
        if used:
            sum(
                (out * torch.tensor(weights(i, tuple(out.shape)))).sum() for i, out in used
            ).backward()
        for i, leaf in enumerate(leaves):
            if leaf.grad is not None:
                arrays[f"{name}: grad {i}"] = leaf.grad.numpy()
    np.savez_compressed(
        FILE,
        torch=np.array(torch.__version__),
        names=np.array(list(arrays)),
        shapes=np.array([",".join(map(str, a.shape)) for a in arrays.values()]),
        dtypes=np.array([a.dtype.name for a in arrays.values()]),
        values=np.concatenate([np.float64(a).ravel() for a in arrays.values()]),
    )
    print(f"{len(WORDS)} cases, {len(arrays)} arrays, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
