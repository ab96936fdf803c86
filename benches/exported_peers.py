"""The network of benches/exported.py as other generators of C write it.

    python exported_peers.py WEIGHTS.npz FOLDER

Runs in a Python that has emlearn and nncc (of nncc, its compiler is called without PyTorch, which
its Python half asks for). Writes one file for each of them that there is into the folder.
"""

from __future__ import annotations

import ctypes
import glob
import importlib.util
import json
import struct
import sys
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

EMLEARN = """
#include "emlearn_model.h"
void peer_predict(const float *x, float *y) { (void)em_regress(x, 64, y, 10); }
"""
NNCC = """
#define NNCC_IMPLEMENTATION
#include "nncc_model.c"
void peer_predict(const float *x, float *y) { nn_inference(x, y); }
"""


class MLPClassifier:
    """What emlearn reads of scikit-learn's class of this name."""

    activation, out_activation_ = "relu", "softmax"

    def __init__(self, kernels: list[Array], biases: list[Array]) -> None:
        self.n_layers_, self.coefs_, self.intercepts_ = len(kernels) + 1, kernels, biases


def write_emlearn(kernels: list[Array], biases: list[Array], folder: str) -> None:
    import emlearn

    made = emlearn.convert(MLPClassifier(kernels, biases), method="inline")
    made.save(file=f"{folder}/emlearn_model.h", name="em")
    with open(f"{folder}/emlearn.c", "w") as file:
        file.write(EMLEARN)
    with open(f"{folder}/emlearn.include", "w") as file:
        file.write(emlearn.includedir)


def write_nncc(kernels: list[Array], biases: list[Array], folder: str) -> None:
    spec = importlib.util.find_spec("nncc")
    if spec is None:
        raise ImportError("nncc")
    (where,) = spec.submodule_search_locations or [""]
    library = ctypes.CDLL(glob.glob(f"{where}/_libnncc*")[0])
    library.nncc_compile.restype = ctypes.c_void_p
    layers: list[Any] = []
    tensors: dict[str, Array] = {}
    for i, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        shape = [1, len(bias)]
        weights = {"weight": f"l{i}.weight", "bias": f"l{i}.bias"}
        tensors |= {f"l{i}.weight": np.ascontiguousarray(kernel.T), f"l{i}.bias": bias}
        before = [layers[-1]["name"] if layers else "input"]
        gemm = {"name": f"l{i}", "op": "gemm", "weights": weights, "inputs": before}
        last = i == len(biases) - 1
        act = {
            "name": f"a{i}",
            "op": "softmax" if last else "relu",
            "axis": -1,
            "inputs": [f"l{i}"],
        }
        layers += [gemm | {"output_shape": shape}, act | {"output_shape": shape}]
    head, data = {}, b""
    for name, one in tensors.items():
        places = [len(data), len(data) + one.nbytes]
        head[name] = {"dtype": "F32", "shape": list(one.shape), "data_offsets": places}
        data += one.astype("<f4").tobytes()
    about = json.dumps(head).encode()
    about += b" " * (-len(about) % 8)
    given = struct.pack("<Q", len(about)) + about + data
    network = {
        "name": "nn",
        "inputs": [{"name": "input", "dtype": "float32", "shape": [1, len(kernels[0])]}],
        "outputs": [{"name": layers[-1]["name"], "dtype": "float32", "shape": shape}],
        "layers": layers,
    }
    size = ctypes.c_size_t(0)
    text = json.dumps(network).encode()
    found = library.nncc_compile(
        b"nn", text, given, ctypes.c_size_t(len(given)), ctypes.byref(size)
    )
    with open(f"{folder}/nncc_model.c", "wb") as file:
        file.write(ctypes.string_at(found, size.value))
    with open(f"{folder}/nncc.c", "w") as file:
        file.write(NNCC)


def main(weights: str, folder: str) -> None:
    with np.load(weights) as file:
        arrays = [file[f"arr_{i}"] for i in range(len(file.files))]
    for write in (write_emlearn, write_nncc):
        try:
            write(arrays[::2], arrays[1::2], folder)
        except ImportError as error:
            print(f"no {error.name or error}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:3])
