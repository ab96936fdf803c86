"""Models as C in int8: the file beside the same arithmetic in NumPy, accuracy, and refusals."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

exported_c = pytest.importorskip("exported_c")
if not exported_c.COMPILERS:
    pytest.skip("there is no C compiler", allow_module_level=True)

from exported import adapted, stack, trained_norm  # noqa: E402
from exported_c import COMPILERS, compile_c  # noqa: E402

import corereg  # noqa: E402
from corereg import datasets, export, layers, ops  # noqa: E402
from corereg.export.c import running  # noqa: E402
from corereg.export.c.quantized_running import run_int8  # noqa: E402
from corereg.export.c.writing import quantized, write  # noqa: E402

NO_RECOVERY = "-fno-sanitize-recover"
RNG = np.random.default_rng(0)
X = RNG.normal(1.0, 2.0, (200, 6)).astype("f4")


def graph() -> Any:
    """Two inputs, joined, turned and cut, and two outputs of one Dense and another."""
    one, two = corereg.Input((6,), name="row"), corereg.Input((3,), name="two")
    first = layers.Dense(7, "relu", name="first")(one)
    joined = layers.Concatenate()([first, layers.Reshape((3,))(two)])
    inner = layers.Dense(5, "tanh", name="inner")(joined[:, ::-1])
    logits = layers.Dense(4, name="logits")(layers.Concatenate()([inner, joined]))
    again = layers.Dense(1, "sigmoid", name="again")(ops.relu(logits))
    return corereg.Model([one, two], [layers.Softmax()(logits), again])


def models() -> dict[str, tuple[Any, Any]]:
    """Models, and rows for each."""
    corereg.set_random_seed(0)
    wide = X * np.float32([1e-6, 1, 1e6, 1, 1, 1]) + np.float32([0, 0, 0, 500, 0, 0])
    constant = np.where(np.arange(6) % 2, X, np.float32(3.0))
    norm = adapted(layers.Normalization(), wide)
    dead = stack((6,), layers.Dense(5, "relu"), layers.Dense(3))
    dead.layers[0].set_weights([np.abs(dead.layers[0].kernel.data) * 0, np.full(5, -1.0)])
    half = stack((6,), layers.Dense(5, "relu6"), layers.Dense(3, "relu"), layers.Dense(1, "tanh"))
    kernel, bias = half.layers[0].get_weights()
    kernel[:, :2] = kernel[3] = 0
    half.layers[0].set_weights([kernel, bias + 1])
    far = stack((6,), layers.Dense(4), layers.Dense(2))
    far.layers[0].set_weights([far.layers[0].kernel.data * 1e-6, np.full(4, 1e4)])
    return {
        "norms": (trained_norm(layers.BatchNormalization()), X[:, :4]),
        "wide": (stack((6,), norm, layers.Dense(8, "relu"), layers.Dense(3, "softmax")), wide),
        "constant": (stack((6,), layers.Dense(8, "leaky_relu"), layers.Dense(2)), constant),
        "same": (stack((6,), layers.Dense(8, "relu"), layers.Dense(2)), np.ones((3, 6), "f4")),
        "curves": (
            stack(
                (6,), *(layers.Dense(6, one) for one in ("elu", "gelu", "selu")), layers.Dense(1)
            ),
            X,
        ),
        "layers": (
            stack(
                *(
                    (6,),
                    layers.Dense(6),
                    layers.LeakyReLU(0.3),
                    layers.Dense(6),
                    layers.ReLU(negative_slope=0.1),
                    layers.Dense(6),
                    layers.ReLU(2.0),
                ),
                *(layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(2, "relu")),
            ),
            X,
        ),
        "deep": (
            stack((2, 3), layers.Dense(4, "relu"), layers.Flatten(), layers.Dense(3, "sigmoid")),
            X.reshape(-1, 2, 3),
        ),
        "rows": (
            stack((2, 3), layers.Dense(5, "relu"), layers.Dense(4, "softmax")),
            X.reshape(-1, 2, 3),
        ),
        "double": (
            stack(
                (6,),
                layers.Dense(5, "relu", dtype="float64"),
                layers.Dense(3, dtype="float64"),
                dtype="float64",
            ),
            X,
        ),
        "numbers": (
            stack((6,), layers.Dense(5, "relu"), layers.Dense(3), dtype="int32"),
            (X * 9).astype("i4"),
        ),
        "dead": (dead, X),
        "half": (half, X),
        "far": (far, X),
        "join": (graph(), [X, X[:, :3] * 3]),
    }


MODELS = models()


@pytest.fixture(scope="module")
def files(tmp_path_factory: Any) -> Path:
    """All models as files, and one that includes them."""
    folder: Path = tmp_path_factory.mktemp("int8")
    for name, (model, x) in MODELS.items():
        write(model, str(folder / f"{name}.c"), precision="int8", calibration=x, prefix=f"p_{name}")
    return folder


def self_tests(folder: Path, compiler: str, *flags: str, runner: tuple[str, ...] = ()) -> list[str]:
    """Compiles all self-tests as one program without floats; the names of those that fail."""
    lines = ["#define COREREG_SELF_TEST", "#include <stdio.h>"]
    for name in MODELS:
        lines += [f"int main_{name}(void);", f"#define main main_{name}"]
        lines += [f'#include "{name}.c"', "#undef main"]
    calls = [f'    if (main_{name}())\n        puts("{name}");' for name in MODELS]
    lines += ["int main(void)", "{", *calls, "    return 0;", "}"]
    (folder / "tests.c").write_text("\n".join(lines) + "\n")
    compile_c(folder, [*flags, "tests.c", "-o", "tests"], compiler)
    made = subprocess.run([*runner, folder / "tests"], capture_output=True, text=True, check=False)
    assert not made.returncode, made.stderr[:4000]
    return made.stdout.split()


def test_the_files_compute_what_numpy_does(files: Path) -> None:
    assert self_tests(files, COMPILERS[0], "-O0") == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize(
    "flags",
    [("-O2",), ("-O3", "-march=native"), ("-O1", "-fsanitize=undefined,address", NO_RECOVERY)],
)
def test_every_compiler(files: Path, compiler: str, flags: tuple[str, ...]) -> None:
    assert self_tests(files, compiler, *flags) == []


@pytest.mark.exhaustive
def test_musl_and_arm(files: Path) -> None:
    if shutil.which("musl-gcc"):
        assert self_tests(files, "musl-gcc", "-O2", "-static") == []
    arm, qemu = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"
    if shutil.which(arm) and shutil.which(qemu):
        assert self_tests(files, arm, "-O3", "-static", runner=(qemu,)) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", MODELS)
def test_outputs_of_random_codes_are_those_of_numpy(files: Path, name: str) -> None:
    found = quantized(*MODELS[name])
    rng = np.random.default_rng(1)
    codes = [rng.integers(-128, 128, (300, *one.centre.shape)).astype("i1") for one in found.inputs]
    for own, other in zip(found.integers(codes), run_int8(files / f"{name}.c", codes), strict=True):
        assert np.array_equal(own, other)


@pytest.mark.parametrize("name", MODELS)
def test_numbers_are_near_those_of_predict(name: str) -> None:
    model, x = MODELS[name]
    found = quantized(model, x).predict(x if isinstance(x, list) else [x])
    expected = model.predict(x, verbose=0)
    for one, other in zip(found, expected if isinstance(x, list) else [expected], strict=True):
        scale = max(np.ptp(other), 1e-3 * np.abs(other).max())
        assert np.abs(one - other).max() <= 0.1 * scale


@pytest.mark.exhaustive
def test_verify_compares_whole_numbers(files: Path, tmp_path: Path) -> None:
    model, x = MODELS["wide"]
    report = export.verify(model, files / "wide.c", x, calibration=x)
    assert report.ok
    assert report.outputs[0].of_file > report.outputs[0].relative
    with pytest.raises(ValueError, match="calibration=, as for its export"):
        export.verify(model, files / "wide.c", x)
    text = (files / "wide.c").read_text()
    start = text.index("{\n", text.index("_bias[")) + 2
    (tmp_path / "wide.c").write_text(f"{text[:start]}100000 + {text[start:]}")
    shutil.copy(files / "wide.h", tmp_path)
    assert not export.verify(model, tmp_path / "wide.c", x[:9], calibration=x).ok
    write(model, str(tmp_path / "plain.c"))
    with pytest.raises(ValueError, match="no calibration="):
        export.verify(model, tmp_path / "plain.c", x, calibration=x)


def test_verify_compiles_once(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = MODELS["wide"]
    compiled, original = [], running.compile_c

    def compile_one(*arguments: Any) -> None:
        compiled.append(arguments)
        original(*arguments)

    monkeypatch.setattr(running, "compile_c", compile_one)
    assert export.verify(model, files / "wide.c", x[:9], calibration=x).ok
    assert len(compiled) == 1


def test_no_float_is_left(files: Path, tmp_path: Path) -> None:
    text = (files / "join.c").read_text()
    flags = ["-std=c99", "-DP_JOIN_NO_FLOAT", "-I", str(files), "-E", "-P", str(files / "join.c")]
    made = subprocess.run([COMPILERS[0], *flags], capture_output=True, text=True, check=True)
    assert "p_join_predict_int8" in made.stdout
    assert "float" not in made.stdout
    assert "double" not in made.stdout
    assert "malloc" not in text


def digits() -> tuple[Any, Any]:
    x, y = datasets.load_digits()[:2]
    return np.asarray(x, "f4").reshape(len(x), -1), np.asarray(y).ravel()


def trained(x: Any, y: Any, seed: int, epochs: int) -> Any:
    corereg.set_random_seed(seed)
    sizes = [layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(10, "softmax")]
    model = stack((64,), layers.Rescaling(1 / 16), *sizes)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=epochs, verbose=0)
    return model


@pytest.mark.exhaustive
def test_accuracy_on_digits() -> None:
    x, y = digits()
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(x))
        one, other = order[:1300], order[1300:]
        model = trained(x[one], y[one], seed, 30)
        report = export.quantization_report(model, x[other], y[other], calibration=x[one])
        assert report.accuracy_after > report.accuracy_before - 0.003
        assert report.agreement > 0.99


def test_report() -> None:
    x, y = digits()
    model = trained(x[:600], y[:600], 0, 3)
    report = export.quantization_report(model, x[600:], y[600:], calibration=x[:600])
    assert report.rows == len(x) - 600
    assert abs(report.accuracy_after - report.accuracy_before) < 0.01
    assert report.agreement > 0.98
    assert report.nbytes_before == 4 * (8832 - 64 * 0 + 138)
    assert report.nbytes == 8832 + 8 * 138
    assert [one.shape for one in report.layers] == [(64, 64), (64, 64), (64, 10)]
    assert "right" in repr(report)
    assert "dense" in repr(report)
    one_hot = np.eye(10)[y[600:]]
    again = export.quantization_report(model, x[600:], one_hot, calibration=x[:600])
    assert again == report
    with pytest.raises(ValueError, match="expected y for"):
        export.quantization_report(model, x[600:], y[:3])


def test_report_of_other_outputs() -> None:
    model = stack((6,), layers.Dense(2, "sigmoid"))
    report = export.quantization_report(model, X, model.predict(X, verbose=0) >= 0.5)
    assert report.accuracy_before == 1.0
    assert report.accuracy_after == report.agreement > 0.9
    model = stack((6,), layers.Dense(1))
    assert export.quantization_report(model, X).agreement is None
    with pytest.raises(ValueError, match="leave it out"):
        export.quantization_report(model, X, X[:, 0])
    with pytest.raises(ValueError, match="one output, received 2"):
        export.quantization_report(*MODELS["join"])


def test_inputs_that_are_all_0_have_codes() -> None:
    model = stack((6,), layers.Dense(8, "relu"), layers.Dense(2))
    zeros = np.zeros_like(X)
    assert export.quantization_report(model, zeros, calibration=zeros).largest < 1e-3


def test_rare_outliers_are_left_out_by_percentile() -> None:
    model = stack((6,), layers.Dense(8, "relu"), layers.Dense(2))
    x = X.copy()
    x[0] = 1e4
    rest = X[1:]
    apart = [
        export.quantization_report(model, rest, calibration=x, percentile=one).largest
        for one in (100.0, 99.0)
    ]
    assert apart[1] < apart[0] / 2


def test_nan_and_what_is_out_of_range_are_limited() -> None:
    model, x = MODELS["wide"]
    found = quantized(model, x)
    row = np.full((1, 6), np.nan, "f4")
    row[0, :2] = np.inf, -np.inf
    assert found.codes([row])[0].tolist() == [[127, -128, -128, -128, -128, -128]]
    assert np.isfinite(found.predict([row])[0]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"precision": "int8"}, "expected calibration="),
        ({"calibration": X}, "with precision='int8' only"),
        ({"precision": "int4", "calibration": X}, "'int8' or None"),
        ({"precision": "int8", "calibration": X, "sparse_below": 0.5}, "no sparse_below="),
        ({"precision": "int8", "calibration": X, "percentile": 40}, "above 50"),
        ({"precision": "int8", "calibration": X, "percentile": True}, "above 50"),
        ({"precision": "int8", "calibration": X[:0]}, "at least one"),
        ({"precision": "int8", "calibration": X[:, :3]}, r"shape \(None, 6\)"),
        ({"precision": "int8", "calibration": X * np.nan}, "NaN or infinity"),
        ({"precision": "int8", "calibration": X.astype("f8") * 1e40}, "NaN or infinity"),
        ({"precision": "int8", "calibration": X, "samples": X[:, :2]}, "expected samples"),
    ],
)
def test_bad_arguments(tmp_path: Path, options: Any, words: str) -> None:
    model = stack((6,), layers.Dense(3, "relu"), layers.Dense(2))
    with pytest.raises(ValueError, match=words):
        model.export(tmp_path / "m.c", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([layers.LayerNormalization(name="norm"), layers.Dense(2)], "norm.*no form of it"),
        ([layers.Dense(2), layers.LayerNormalization(name="norm")], "does not come from a Dense"),
        ([layers.Dense(4, "softmax"), layers.Dense(2)], "softmax.*no form of it"),
        ([layers.Dense(4, "relu6")], "relu6.*does not come from a Dense"),
        ([layers.Reshape((2, 3)), layers.Dense(2)], "several steps; put a Flatten"),
        ([layers.Activation("tanh"), layers.Dense(2)], "several steps; put it behind a Dense"),
        ([layers.Identity()], "the output .* does not come from a Dense"),
        ([layers.Dense(2), layers.Softmax(axis=1), layers.Dense(1)], "no form of it"),
        ([layers.Lambda(lambda x: ops.pad(x, ((0, 0), (0, 2)))), layers.Dense(1)], "zeros"),
    ],
)
def test_what_has_no_form_is_refused_by_name(parts: Any, words: str, tmp_path: Path) -> None:
    x = X * np.float32([1, 100, 1e4, 1, 1, 1])
    with pytest.raises(ValueError, match=words):
        stack((6,), *parts).export(tmp_path / "m.c", precision="int8", calibration=x)


def test_inputs_that_float32_does_not_hold_are_refused() -> None:
    model = stack((6,), layers.Dense(2, dtype="float64"), dtype="float64")
    with pytest.raises(ValueError, match="that float32 can hold"):
        quantized(model, X.astype("f8") * 1e200)


def test_sums_that_could_overflow_are_refused(tmp_path: Path) -> None:
    model = stack((70_000,), layers.Dense(1, kernel_initializer="ones"))
    with pytest.raises(ValueError, match="could overflow"):
        quantized(model, np.eye(2, 70_000, dtype="f4"))
    model = stack((6,), layers.Dense(3, name="first"), layers.Dense(1))
    model.layers[0].kernel.data[0] = np.inf
    with pytest.raises(ValueError, match=r"first.*NaN or infinity"):
        quantized(model, X)
