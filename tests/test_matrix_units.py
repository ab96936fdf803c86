"""The kernels of matrix units on any machine: src/packed.c with their few instructions in plain C.

The same source as in the package is compiled over the kernels of the baseline, called without
Python in one to three shares, and compared with the twins. `COREREG_EMULATE_UNITS=1` makes a whole
package of that kind, for which all other tests run: see setup.py.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from corereg import _kernels, reference

pytestmark = pytest.mark.exhaustive  # it compiles for ten seconds

ROOT = Path(__file__).parents[1]
CC = shutil.which("gcc") or shutil.which("clang")
UNITS = {"v4bf16": [], "amx": ["-DCR_AMX"]}
OPTIONS = ["-std=gnu11", "-O1", "-fPIC", "-w", "-DCR_F64=0", f"-I{ROOT / 'src'}"]
EMULATED = [
    "-U__SSE2__",
    "-DVB=64",
    "-DCR_REST_LANES=4",
    "-DCR_EMULATE_UNITS",
    "-DCR_UNITS",
    "-Wno-psabi",
]
SHAPES = [  # M rows, K inputs, N outputs
    *((m, 5, 18) for m in (0, 1, 15, 16, 17, 31, 32, 33, 65)),
    *((18, k, 5) for k in (0, 1, 2, 31, 32, 33, 64, 65)),
    *((5, 18, n) for n in (1, 15, 16, 17, 31, 32, 33, 65)),
    (70, 97, 49),
]


def struct(fields: str) -> type[ctypes.Structure]:
    """A struct of contract_dense.h: p for pointers, n for sizes, i for int, and so on."""
    kinds = {"p": ctypes.c_void_p, "n": ctypes.c_ssize_t, "i": ctypes.c_int, "d": ctypes.c_double}
    kinds |= {"q": ctypes.c_uint64, "u": ctypes.c_uint32}
    pairs = [(one[2:], kinds[one[0]]) for one in fields.split()]
    return type("Arguments", (ctypes.Structure,), {"_fields_": pairs})


ROUND = struct("p_to p_from n_rows n_depth i_along i_second i_parts")
FORWARD = struct(
    "p_y p_slope p_x p_w p_b p_step n_M n_N n_K i_act i_by_columns q_seed q_threshold u_stream "
    "d_scale i_parts"
)
INPUT = struct("p_dx p_dz p_w p_y n_M n_N n_K i_act i_by_columns d_scale i_parts")
WEIGHTS = struct("p_dw p_db p_x p_dz n_M n_N n_K i_parts")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    if CC is None or not (ROOT / "src/packed.c").exists() or _kernels.isa_name() == "neon":
        pytest.skip("needs the source and a compiler of C for x86-64")
    folder = tmp_path_factory.mktemp("units")
    sources = [("packed", isa, [*EMULATED, "-DCR_REST=baseline", *UNITS[isa]]) for isa in UNITS]
    sources += [(name, "baseline", []) for name in ("dense", "activation", "dropout")]
    running = []
    for name, isa, options in sources:
        command = [CC, *OPTIONS, *options, f"-DCR_ISA={isa}", "-c", str(ROOT / f"src/{name}.c")]
        running.append(subprocess.Popen([*command, "-o", str(folder / f"{name}-{isa}.o")]))
    assert not any(one.wait() for one in running)
    whole = folder / "units.so"
    subprocess.run([CC, "-shared", *folder.glob("*.o"), "-lm", "-o", whole], check=True)
    return ctypes.CDLL(str(whole))


@pytest.fixture(params=UNITS)
def units(request: pytest.FixtureRequest, library: Any) -> Any:
    """Runs kernels of one unit: units.run(kernel, struct, shares, fields)."""

    def run(kernel: str, kind: Any, shares: int, **fields: Any) -> None:
        given = {
            name: value.ctypes.data if isinstance(value, np.ndarray) else value
            for name, value in fields.items()
        }
        arguments = kind(**given)
        function = getattr(library, f"cr_{kernel}_f32_{request.param}")
        function.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t]
        for rank in reversed(range(shares)):
            function(ctypes.byref(arguments), rank, shares)

    def packed(a: Any, along: bool, second: bool, parts: int) -> Any:
        rows, depth = a.shape if along else a.shape[::-1]
        made = []
        for shares in (1, 3):
            to = np.full(parts * (-(-rows // 16) * 16) * (-(-depth // 32) * 32), np.nan, "f4")
            given = {"to": to, "from": a, "rows": rows, "depth": depth}
            given |= {"along": along, "second": second, "parts": parts}
            run("round_operand", ROUND, shares, **given)
            made.append(to)
        assert made[0].tobytes() == made[1].tobytes()
        return made[0]

    return SimpleNamespace(run=run, packed=packed)


def twin(a, b, parts):
    """The product of rounded operands, in float64."""
    first, second = reference.round_operand(a, parts), reference.round_operand(b, parts, True)
    return sum(x.astype(float) @ y.astype(float) for x, y in zip(first, second, strict=True))


def in_shares(units, close, kernel, kind, name, expected, size, fields):
    """One output of a kernel in 1, 2 and 3 shares, by rows and by columns where it knows both: the
    same bits, close to what is expected, and nothing written beside it. size: of the terms that are
    summed up."""
    found, shape = set(), expected.shape
    columns = (0, 1) if "by_columns" in dict(kind._fields_) else (None,)
    for shares in (1, 2, 3):
        for by_columns in columns:
            whole = np.full(int(np.prod(shape)) + 34, 7, "f4")
            out = whole[17:-17].reshape(shape)
            more = {} if by_columns is None else {"by_columns": by_columns}
            units.run(kernel, kind, shares, **{name: out}, **fields, **more)
            assert (whole[:17] == 7).all()
            assert (whole[-17:] == 7).all()
            found.add(out.tobytes())
    close(out, expected, 8, size)
    assert len(found) == 1


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_three_products(shape, parts, units, rng, close):
    m, k, n = shape
    x, w, b, dz, y = (
        rng.standard_normal(s).astype("f4") for s in ((m, k), (k, n), n, (m, n), (m, k))
    )
    sizes = {"M": m, "N": n, "K": k, "parts": parts}
    z, size = twin(x, w, parts) + b, 9 + 2 * (np.abs(x) @ np.abs(w)).max(initial=0)
    given = {"x": units.packed(x, 1, 0, parts), "w": units.packed(w, 0, 1, parts), "b": b}
    given |= sizes | {"K": k * parts}
    slope = np.empty((m, n), "f4")
    for name in ("linear", "relu", "sigmoid", "gelu"):
        wanted, act = reference.activation_forward(z, name), _kernels.ACTIVATIONS[name]
        fields = given | {"act": act, "slope": slope if name == "gelu" else 0}
        in_shares(units, close, "dense_forward", FORWARD, "y", wanted, size, fields)
    close(slope, reference.activation_slope(z, "gelu"), 8, 2 * size)
    given = {"dz": units.packed(dz, 1, 0, parts), "w": units.packed(w, 1, 1, parts)}
    given |= sizes | {"N": n * parts, "scale": 2.0, "act": _kernels.ACTIVATIONS["relu"], "y": y}
    size = 9 + 4 * (np.abs(dz) @ np.abs(w.T)).max(initial=0)
    wanted = 2 * twin(dz, w.T, parts) * (y > 0)
    in_shares(units, close, "dense_backward_input", INPUT, "dx", wanted, size, given)
    given = {"x": units.packed(x, 0, 0, parts), "dz": units.packed(dz, 0, 1, parts)}
    given |= sizes | {"M": m * parts}
    size, wanted = 9 + 2 * (np.abs(x.T) @ np.abs(dz)).max(initial=0), twin(x.T, dz, parts)
    in_shares(units, close, "dense_backward_weights", WEIGHTS, "dw", wanted, size, given)


@pytest.mark.parametrize("n", [1, 33])
def test_softmax_and_dropout(n, units, rng, close):
    x, w = (rng.standard_normal(s).astype("f4") for s in ((37, 40), (40, n)))
    z = twin(x, w, 1)
    given = {"x": units.packed(x, 1, 0, 1), "w": units.packed(w, 0, 1, 1)}
    given |= {"M": 37, "N": n, "K": 40, "parts": 1}
    fields = given | {"act": _kernels.ACTIVATIONS["softmax"]}
    wanted, own = reference.activation_forward(z, "softmax"), np.empty(z.shape, "f4")
    for shares in (1, 3):  # softmax is never by columns
        units.run("dense_forward", FORWARD, shares, y=own, **fields)
        close(own, wanted, 8, 50)
    given |= {"step": np.array([3]), "seed": 7, "threshold": 1 << 31, "scale": 2.0}
    dropped = _kernels.dropout_forward(np.ones(z.shape, "f4"), 0.5, 7, np.array([3])) * z
    in_shares(units, close, "dense_forward", FORWARD, "y", dropped, 90, given)


def test_operands_that_are_not_rounded_go_to_other_kernels(units, rng, close):
    x, w = (rng.standard_normal(s).astype("f4") for s in ((9, 20), (20, 18)))
    out, given = np.empty((9, 18), "f4"), {"M": 9, "N": 18, "K": 20, "x": x, "w": w}
    units.run("dense_forward", FORWARD, 1, y=out, **given)
    close(out, x.astype(float) @ w, 8, 30)


def test_the_package_has_the_instructions():
    objdump = shutil.which("objdump")
    if objdump is None or "amx" not in known_sets():
        pytest.skip("needs objdump, and a package with matrix units")
    code = subprocess.run([objdump, "-d", _kernels.__file__], capture_output=True, text=True).stdout
    for name in ("ldtilecfg", "tileloadd", "tdpbf16ps", "tilestored", "tilerelease", "vdpbf16ps"):
        assert f"\t{name} " in code or f"\t{name}\n" in code, name


def known_sets() -> set[str]:
    """Names of instruction sets that stand in the compiled package."""
    data = Path(_kernels.__file__).read_bytes()
    return {name.decode() for name in (b"v4", b"v4bf16", b"amx") if b"\0" + name + b"\0" in data}
