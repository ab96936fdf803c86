"""Models as C: every layer and many operations beside predict, and what the files promise."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

exported_c = pytest.importorskip("exported_c")
if not exported_c.COMPILERS:
    pytest.skip("there is no C compiler", allow_module_level=True)

import random_models  # noqa: E402
from exported import LAYERS, NUMBERS, adapted, stack  # noqa: E402
from exported_c import COMPILERS, Library, compile_c  # noqa: E402

import corereg  # noqa: E402
from corereg import activations, export, layers, ops  # noqa: E402
from corereg.export.c import Writer, converts, moves, run  # noqa: E402
from corereg.export.c.numbers import comment, identifier, narrowest, number, real  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*softmax over:UserWarning")

TOLERANCE = 1e-5
CC = COMPILERS[0]


SEVERAL = ("BatchNormalization", "Discretization", "EnsembleAverage", "IntegerLookup", "Rescaling")
SEVERAL += ("GlobalAveragePooling1D",)


def layer_models(most: int | None) -> dict[str, Any]:
    """The models of tests/exported.py whose inputs are numbers of known shape, so many of a layer
    that has one form; without those of layers that are left out."""
    found = {}
    for name, makers in LAYERS.items():
        if name.startswith(("Random", "Gaussian", "Alpha", "Mix", "Cut", "Pipeline")):
            continue
        for i, make in enumerate(makers[: None if name in SEVERAL else most]):
            model = make()
            inputs = model.inputs
            if all(one.dtype != "string" and None not in one.shape[1:] for one in inputs):
                found[f"{identifier(name)}_{i}"] = model
    return found


def of(shapes: list[Any], *functions: Callable[..., Any]) -> Any:
    """A model that gives what each function makes of inputs of these shapes."""
    inputs = [corereg.Input(shape) for shape in shapes]
    return corereg.Model(inputs, [function(*inputs) for function in functions])


UNARY = (
    *("abs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos"),
    *("cosh", "deg2rad", "erf", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p", "log2"),
    *("negative", "rad2deg", "reciprocal", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt"),
    *("square", "tan", "tanh", "trunc", "round", "isfinite", "isinf", "isnan", "logical_not"),
)
BINARY = (
    *("add", "subtract", "multiply", "divide", "divide_no_nan", "power", "maximum", "minimum"),
    *("fmax", "fmin", "floor_divide", "mod", "fmod", "arctan2", "hypot", "logaddexp", "equal"),
    *("greater", "greater_equal", "less", "less_equal", "not_equal", "logical_and", "logical_or"),
    "logical_xor",
)
ACTIVATIONS = (
    *("elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "squareplus"),
    *("tanh_shrink", "exponential", "log_sigmoid", "relu", "relu6", "leaky_relu", "hard_sigmoid"),
    *("hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "sparse_plus", "sparse_sigmoid"),
    *("sparsemax", "log_softmax", "softmax", "glu"),
)
REDUCTIONS = (
    *("sum", "mean", "max", "min", "prod", "var", "std", "logsumexp", "any", "all", "amax"),
    *("amin", "argmax", "argmin", "count_nonzero"),
)
MOVES: tuple[Callable[[Any], Any], ...] = (
    lambda a: ops.flip(a, axis=1),
    lambda a: ops.roll(a, 1, axis=2),
    lambda a: ops.transpose(a, (0, 2, 1)),
    lambda a: a[:, 1:, ::2],
    lambda a: ops.expand_dims(a[:, 0], 1),
    lambda a: ops.repeat(a, 2, axis=1),
    lambda a: ops.tile(a, (1, 2, 1)),
    lambda a: ops.take(a, [2, 0, 0], axis=1),
    lambda a: ops.tril(a),
    lambda a: ops.pad(a, ((0, 0), (1, 2), (0, 1))),
    lambda a: ops.stack([a, a * 2], axis=1),
    lambda a: ops.split(a, 2, axis=2)[1] + ops.split(a, 2, axis=2)[0],
    lambda a: ops.concatenate([a, a + 1, a], axis=2),
    lambda a: a,
)
PRODUCTS: tuple[Callable[[Any], Any], ...] = (
    lambda a: ops.matmul(a, ops.transpose(a, (0, 2, 1))),
    lambda a: ops.matmul(a, np.arange(8, dtype="f4").reshape(4, 2)),
    lambda a: ops.matmul(a, np.arange(4, dtype="f4")),
    lambda a: ops.matmul(ops.stack([a, a], 1), ops.stack([ops.transpose(a, (0, 2, 1))] * 2, 1)),
    lambda a: ops.einsum("bij,bkj->bik", a, a),
    lambda a: ops.einsum("bij,jk->bki", a, np.arange(8, dtype="f4").reshape(4, 2)),
)
OTHERS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, b: (a * 2 - b / 3 + 1) ** 2 - abs(a) + (-b),
    lambda a, b: ops.where(ops.greater(a, 0), b, -1.0),
    lambda a, b: ops.where(a / 9, ops.cast(b * 3, "int32"), ops.cast(a * 3, "int32")),
    lambda a, b: ops.clip(a, -0.5, 0.5) + ops.clip(b, 0.0, None if False else 9.0),
    lambda a, b: ops.cast(ops.cast(a * 3, "int32") + 1, "float32"),
    lambda a, b: ops.maximum(ops.cast(a * 3, "int64"), 1),
    lambda a, b: ops.cast(ops.cast(ops.relu(a), "bool"), "float32"),
    lambda a, b: ops.one_hot(ops.argmax(a, axis=2), 4),
    lambda a, b: a * np.arange(4, dtype="f4") + np.ones((3, 1), "f4"),
    lambda a, b: ops.power(a, 2),
    lambda a, b: ops.nan_to_num(ops.log(a), nan=0.5, neginf=-3.0) + ops.nan_to_num(1 / b),
    lambda a, b: ops.ones_like(a) + ops.zeros_like(b) + ops.full_like(a, 2.5),
    lambda a, b: ops.normalize(a, axis=1) + ops.normalize(b, epsilon=0.5),
    lambda a, b: ops.convert_to_tensor(a) + ops.ptp(b, axis=2, keepdims=True),
)


def operation_models() -> dict[str, Any]:
    """A model for each family of operations."""
    whole, two = [(3, 4)], [(3, 4), (3, 4)]
    return {
        "unary": of(whole, *(getattr(ops, name) for name in UNARY)),
        "binary": of(two, *(getattr(ops, name) for name in BINARY)),
        "with_number": of(whole, *(lambda a, n=n: getattr(ops, n)(a, 0.5) for n in BINARY)),
        "activations": of(
            whole,
            *(getattr(activations, name) for name in ACTIVATIONS),
            lambda a: activations.gelu(a, approximate=True),
            lambda a: activations.threshold(a, 0.1, -2.0),
            lambda a: activations.relu(a, negative_slope=0.1, max_value=1.0, threshold=0.2),
        ),
        "middle": of(whole, *(lambda a, n=n: getattr(ops, n)(a, axis=1) for n in REDUCTIONS)),
        "last": of(whole, *(lambda a, n=n: getattr(ops, n)(a, axis=-1) for n in REDUCTIONS)),
        "both": of(
            whole,
            *(
                lambda a, n=n: getattr(ops, n)(a, axis=(1, 2), keepdims=True)
                for n in REDUCTIONS[:11]
            ),
        ),
        "norms": of(
            whole, *(lambda a, o=o: ops.norm(a, ord=o, axis=1) for o in (None, 1, 2, np.inf))
        ),
        "rows": of(
            whole,
            *(
                lambda a, n=n, axis=axis: getattr(ops, n)(a, axis=axis)
                for n in ("cumsum", "cumprod", "softmax", "log_softmax", "sparsemax")
                for axis in (1, 2)
            ),
        ),
        "moves": of(whole, *MOVES),
        "products": of(whole, *PRODUCTS),
        "others": of(two, *OTHERS),
    }


def filled_dense() -> Any:
    """A layer whose weights are zero, and whose biases are not."""
    return layers.Dense(2, kernel_initializer="zeros", bias_initializer="ones")


def corner_models() -> dict[str, Any]:
    """Layers in the forms that tests/exported.py does not have."""

    def shared(a: Any) -> Any:
        hidden = layers.Dense(5, "relu")(a)
        return [hidden, layers.Dense(2)(hidden), hidden]

    flat, deep = corereg.Input((6,)), corereg.Input((3, 5))
    found = {
        f"units_{n}": stack((13,), layers.Dense(n, bias_initializer="normal"))
        for n in (1, 3, 8, 10, 64)
    }
    mask = corereg.Input((4,), dtype="bool")
    steps = corereg.Input((3,), dtype="int64")
    weights = corereg.Input((3,))
    return found | {
        "dense_deep": stack((3, 5), layers.Dense(11, "relu", bias_initializer="normal")),
        "shared": corereg.Model(flat, shared(flat)),
        "inputs_out": corereg.Model([flat, deep], [deep, flat, flat * 2, layers.Flatten()(deep)]),
        "masked": corereg.Model([a := corereg.Input((4,)), mask], layers.Softmax()(a, mask=mask)),
        "middle_softmax": stack((3, 4), layers.Softmax(axis=1)),
        "shared_alpha": stack((3, 4), layers.PReLU("normal", shared_axes=[1])),
        "middle_norms": stack(
            (3, 4),
            layers.LayerNormalization(axis=1),
            layers.UnitNormalization(axis=1),
            layers.RMSNormalization(axis=1),
            layers.GroupNormalization(2),
            layers.GroupNormalization(3, axis=1),
        ),
        "hot": stack((3,), layers.CategoryEncoding(5, "one_hot"), dtype="int64"),
        "weighted": corereg.Model(
            [steps, weights], layers.CategoryEncoding(9, "count")(steps, count_weights=weights)
        ),
        "quantiles": stack((4,), adapted(layers.NumericEncoding("quantile"), NUMBERS)),
        "fills": of([(2, 3)], lambda a: filled_dense()(a)),
        "casts": of([(3,)], lambda a: ops.cast(ops.cast(a, "float32"), "float32")),
        "float_places": stack((3,), layers.Embedding(2, 3), layers.Flatten()),
        "dot": of([(3, 4), (4, 2)], lambda a, b: layers.Dot((2, 1), normalize=True)([a, b])),
        "joined": of([(5, 2), (3, 2)], lambda a, b: layers.Concatenate(1)([a, b])),
        "max_first": stack((4, 3), layers.GlobalMaxPooling1D("channels_first", keepdims=True)),
        "permuted": stack((3, 4, 2), layers.Permute((3, 1, 2)), layers.Flatten()),
        "doubles": stack(
            (6,),
            *(layers.Dense(6, a, dtype="float64") for a in ("gelu", "tanh", "softplus", "mish")),
            dtype="float64",
        ),
    }


def random_ones(seeds: range) -> dict[str, Any]:
    return {f"random_{seed}": random_models.build(seed)[0] for seed in seeds}


def some_models() -> dict[str, Any]:
    corereg.set_random_seed(1)
    return layer_models(1) | operation_models() | corner_models() | random_ones(range(20))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    models = some_models() | layer_models(None)
    return Library(tmp_path_factory.mktemp("c"), models)


def check(library: Library, compiler: str, *flags: str) -> None:
    """Fails unless all models give what predict gives."""
    for name, model in library.models.items():
        x = [np.array([[0, 1, 1.5]], "f4")] if name == "float_places" else None
        assert library.distance(name, compiler, *flags, x=x) <= TOLERANCE, (name, model, flags)


QUIET = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")


@QUIET
def test_layers_and_operations_give_what_predict_gives(tmp_path: Path) -> None:
    check(Library(tmp_path, some_models()), CC, "-O0")


FLAGS = [["-O3", "-march=native"], ["-O2"], ["-Os", "-std=gnu11"]]


@pytest.mark.exhaustive
@QUIET
@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_compilers_and_flags(library: Library, compiler: str, flags: list[str]) -> None:
    check(library, compiler, *flags)


SANITIZERS = "-fsanitize=address,undefined"
COMMANDS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "gcc": (["gcc", "-O2"], ()),
    "gcc_sanitized": (["gcc", "-O1", SANITIZERS, "-fno-sanitize-recover"], ()),
    "clang": (["clang", "-O2"], ()),
    "clang_sanitized": (["clang", "-O1", SANITIZERS, "-fno-sanitize-recover=all"], ()),
    "musl": (["musl-gcc", "-O2", "-static"], ()),
    "arm64": (["aarch64-linux-gnu-gcc", "-O2", "-static"], ("qemu-aarch64-static",)),
}


def check_self_tests(library: Library, name: str) -> None:
    command, runner = COMMANDS[name]
    for one in (command[0], *runner):
        if not shutil.which(one):
            pytest.skip(f"there is no {one}")
    assert library.self_tests(command, runner) == ""


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", COMMANDS)
def test_self_tests_everywhere(library: Library, name: str) -> None:
    check_self_tests(library, name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", COMMANDS)
def test_200_random_models_everywhere(name: str, many: Library) -> None:
    check_self_tests(many, name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("compiler", COMPILERS)
def test_200_random_models(compiler: str, many: Library) -> None:
    check(many, compiler, "-O2")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("many"), random_ones(range(100, 300)))


# ---- what the files promise ----------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> tuple[Any, Path]:
    """A model and its file."""
    corereg.set_random_seed(0)
    model = stack((4,), layers.Dense(9, "tanh", name="first"), layers.Dense(3, "softmax"))
    path = tmp_path / "small.c"
    model.export(path)
    return model, path


def returned(path: Path, *flags: str) -> int:
    """What a self-test returns."""
    compile_c(path.parent, [*flags, "-DCOREREG_SELF_TEST", path.name, "-o", "test"])
    return subprocess.run([path.parent / "test"], check=False).returncode


def test_a_self_test_notices_a_changed_weight(small: tuple[Any, Path]) -> None:
    _, path = small
    assert returned(path) == 0
    text = path.read_text()
    start = text.index("{", text.index("small_first_kernel["))
    path.write_text(text[:start] + "{ 9.5f + " + text[start + 1 :])
    assert returned(path) == 1


def test_verify_compiles_the_file(small: tuple[Any, Path]) -> None:
    model, path = small
    report = export.verify(model, path)
    assert report.ok
    assert report.by


def test_verify_of_truth_and_places(tmp_path: Path) -> None:
    model = of(
        [(5,)], lambda a: ops.greater(a, 0), lambda a: ops.argmax(a, axis=1), lambda a: a * 2
    )
    model.export(tmp_path / "m.c")
    report = export.verify(model, tmp_path / "m.c")
    assert report.ok, report


def test_one_row_and_many_in_two_threads(small: tuple[Any, Path]) -> None:
    model, path = small
    x = np.random.default_rng(0).normal(size=(2000, 4)).astype("f4")
    expected = model.predict(x, verbose=0)
    compile_c(path.parent, ["-O2", "-shared", "-fPIC", path.name, "-o", "small.so"])
    from ctypes import CDLL, c_size_t, c_void_p

    library = CDLL(str(path.parent / "small.so"))
    found = np.zeros((2, 2000, 3), "f4")

    def work(place: int) -> None:
        room = np.empty(1024, "f4")
        for _ in range(20):
            library.small_predict_rows(
                c_size_t(2000), *(c_void_p(one.ctypes.data) for one in (x, found[place], room))
            )

    threads = [threading.Thread(target=work, args=(place,)) for place in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert np.array_equal(found[0], found[1])
    assert np.abs(found[0] - expected).max() < TOLERANCE


def test_nothing_is_written_to_but_what_is_given(small: tuple[Any, Path]) -> None:
    """Every name outside of functions has the prefix, and all memory of the file is constant."""
    _, path = small
    lines = path.read_text().split("#ifdef COREREG_SELF_TEST")[0].split("\n")
    tops = [line for line in lines if line.startswith(("static", "int", "float", "struct"))]
    assert tops
    for line in tops:
        assert "small_" in line
        assert line.startswith(("static const ", "int small_predict")) or "(" in line


def test_a_prefix(tmp_path: Path) -> None:
    model = stack((4,), layers.Dense(3, name="exp"), layers.Dense(2, name="*/ int main(void)"))
    path = tmp_path / "1 odd name.c"
    model.export(path, prefix="mine")
    assert "mine_predict" in path.read_text()
    assert returned(path) == 0
    model.export(path)
    assert "n1_odd_name_predict" in path.read_text()
    assert returned(path) == 0
    for wrong in ("2x", "a-b", "", "float", "é"):
        with pytest.raises(ValueError, match="expected prefix as a name"):
            model.export(path, prefix=wrong)
    with pytest.raises(TypeError, match="expected prefix as a text"):
        model.export(path, prefix=3)


def test_a_path_of_a_header(small: tuple[Any, Path]) -> None:
    model, path = small
    with pytest.raises(ValueError, match="expected the path of the C file"):
        model.export(path.with_suffix(".h"), format="c")


def test_names_of_c_are_no_trouble(tmp_path: Path) -> None:
    names = ("double", "i", "expf", "NAN", "workspace", "uint8_t", "names_x", "row", "rows", "9")
    inputs = [corereg.Input((2,), name=name) for name in names]
    model = corereg.Model(inputs, layers.Add(name="found")(inputs))
    path = tmp_path / "names.c"
    model.export(path)
    assert returned(path) == 0


def test_logits(small: tuple[Any, Path]) -> None:
    model, path = small
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("f4")
    model.export(path, logits=True)
    (found,) = run(path, [x]).outputs
    share = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    assert np.abs(share - model.predict(x, verbose=0)).max() < 1e-6
    assert returned(path) == 0


def test_a_header_of_another_model(small: tuple[Any, Path]) -> None:
    _, path = small
    header = path.with_suffix(".h").read_text()
    stack((4,), layers.Dense(5)).export(path)
    path.with_suffix(".h").write_text(header)
    with pytest.raises(AssertionError, match=r"small\.h is of another model"):
        returned(path)


def test_samples(tmp_path: Path) -> None:
    path = tmp_path / "m.c"
    model = stack((3,), layers.Embedding(2, 3), layers.Flatten())
    model.export(path, samples=np.array([[0.0, 1.0, 1.5]], "f4"))
    assert returned(path) == 0
    with pytest.raises(ValueError, match="expected samples as arrays of rows of the shapes"):
        model.export(path, samples=np.zeros((2, 4)))
    strict = stack((1,), layers.IntegerLookup(vocabulary=[700], num_oov_indices=0), dtype="int64")
    with pytest.raises(ValueError, match="give samples="):
        strict.export(path)
    strict.export(path, samples=np.array([[700]]))
    assert returned(path) == 0
    with pytest.raises(ValueError, match="inside of their tables"):
        run(path, [np.array([[701]])])


# ---- zeros ---------------------------------------------------------------------------------------


def with_zeros(share: float, rows: int, columns: int) -> Any:
    """A network that `compact` cannot make smaller, of which a share of weights, and some rows and
    columns are zero."""
    rng = np.random.default_rng(0)
    given = corereg.Input((40,))
    hidden = layers.Dense(40, "tanh", name="first")
    model = corereg.Model(given, layers.Dense(5, name="last")(given * hidden(given)))
    for one in (hidden, model.layers[-1]):
        kernel, bias = one.get_weights()
        kernel[rng.random(kernel.shape) < share] = 0
        kernel[:rows] = 0
        kernel[:, :columns] = 0
        one.set_weights([kernel, rng.normal(size=bias.shape)])
    return model


@pytest.mark.parametrize(
    ("share", "rows", "columns", "lists"),
    [
        (0.95, 3, 2, 1),
        pytest.param(1.0, 0, 0, 0, marks=pytest.mark.exhaustive),
        pytest.param(0.0, 7, 3, 0, marks=pytest.mark.exhaustive),
        pytest.param(0.95, 0, 0, 1, marks=pytest.mark.exhaustive),
        pytest.param(0.0, 0, 5, 0, marks=pytest.mark.exhaustive),
    ],
)
def test_zeros_are_left_out(
    share: float, rows: int, columns: int, lists: int, tmp_path: Path
) -> None:
    model = with_zeros(share, rows, columns)
    path = tmp_path / "m.c"
    model.export(path)
    assert export.verify(model, path, rows=20).ok
    text = path.read_text()
    assert text.count("_lengths[") == lists
    numbers = sum(int(one.split("]")[0]) for one in text.split("_kernel[")[1:])
    assert numbers <= (40 - rows) * (40 - columns) + (40 - rows) * 5
    model.export(path, sparse_below=0)
    assert "_lengths[" not in path.read_text()
    assert returned(path) == 0


def test_dead_neurons_are_gone(tmp_path: Path) -> None:
    model = stack((20,), layers.Dense(30, "relu", name="first"), layers.Dense(3))
    kernel, bias = model.layers[0].get_weights()
    kernel[:, 4:] = 0
    kernel[10:] = 0
    model.layers[0].set_weights([kernel, bias + 0.5])
    path = tmp_path / "m.c"
    model.export(path)
    assert export.verify(model, path).ok
    assert "m_first_kernel[80]" in path.read_text()  # ten inputs, four neurons and room for eight


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "a", True])
def test_sparse_below_is_a_share(wrong: Any, small: tuple[Any, Path]) -> None:
    with pytest.raises(ValueError, match="sparse_below as a share"):
        small[0].export(small[1], sparse_below=wrong)


# ---- refusals ------------------------------------------------------------------------------------


class Own(layers.Layer):
    """What has a form in C once a converter is entered."""

    def call(self, x: Any) -> Any:
        return x.numpy() if not hasattr(x, "node") else x.unknown


def inside(function: Callable[[Any], Any], *shape: int) -> Callable[[], Any]:
    """A maker of a model that adds what a function gives to its input."""
    return lambda: of([shape or (3,)], lambda a: a + ops.cast(function(a), "float32"))


def whole(a: Any) -> Any:
    return ops.cast(a, "int32")


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "texts": (
        lambda: stack((2,), layers.StringLookup(vocabulary=["a"]), dtype="string"),
        "StringLookup",
    ),
    "texts_alone": (
        lambda: corereg.Model(
            [a := corereg.Input((2,)), corereg.Input((2,), dtype="string")], layers.Dense(2)(a)
        ),
        "takes texts",
    ),
    "open": (lambda: stack((None, 3), layers.Dense(2)), "needs to know how long rows are"),
    "empty": (lambda: of([(3,)], lambda a: a[:, :0]), "without any numbers"),
    "hashing": (lambda: stack((1,), layers.Hashing(3), dtype="int64"), "Hashing"),
    "rows": (inside(lambda a: ops.sum(a, axis=0, keepdims=True)), "along the axis of rows"),
    "all": (inside(lambda a: ops.sum(a)), "along the axis of rows"),
    "given": (lambda: of([(3,)], lambda a: ops.sum(a, axis=0)), "no axis of rows"),
    "turned": (inside(lambda a: ops.flip(a, axis=0)), "mixes rows"),
    "mixed": (
        lambda: of([(3,), (1, 3)], lambda a, b: ops.sum(b + a, axis=(1, 2))),
        "mixes rows",
    ),
    "whole": (inside(lambda a: whole(a) // 2), "whole numbers, which C code only adds"),
    "sum": (inside(lambda a: ops.sum(whole(a), axis=1, keepdims=True)), "reduces whole numbers"),
    "soft": (inside(lambda a: ops.cumsum(whole(a), axis=1)), "takes whole numbers"),
    "dtype": (inside(lambda a: ops.cumsum(a, axis=1, dtype="float32")), "is given a dtype"),
    "initial": (inside(lambda a: ops.max(a, axis=1, keepdims=True, initial=0.0)), "initial number"),
    "variance": (inside(lambda a: a.var(1, keepdims=True, correction=1)), "less a correction"),
    "pad": (
        inside(lambda a: ops.pad(a, ((0, 0), (1, 1)), constant_values=2.0)[:, 1:4]),
        "pads with numbers other than 0",
    ),
    "round": (inside(lambda a: ops.round(a, 2)), "digits behind the point"),
    "norm": (inside(lambda a: ops.norm(a, ord=3, axis=1, keepdims=True)), "ord=3"),
    "normalize": (inside(lambda a: ops.normalize(a, order=1)), "order=1"),
    "limits": (inside(lambda a: ops.clip(whole(a), 0, 2)), "limits whole"),
    "hot": (inside(lambda a: ops.one_hot(whole(a[:, 0]), 3, dtype="int32")), "another dtype"),
    "erfinv": (inside(ops.erfinv), "no form of it"),
    "take": (
        lambda: of([(3,)], lambda a: ops.sum(ops.take(a, whole(a[:, :1]), axis=1), axis=(1, 2))),
        "places that are computed",
    ),
    "einsum": (
        lambda: of([(3,)], lambda a: ops.sum(ops.einsum("bi,ci->bc", a, a), 1, keepdims=True)),
        "mixes rows",
    ),
    "stretched": (
        lambda: of([(1, 2, 3), (4, 3, 2)], lambda a, b: ops.matmul(a, b)),
        "stretches",
    ),
    "matrices": (
        lambda: of([(2, 3)], lambda a: ops.matmul(a, np.ones((1, 3, 2), "f4"))),
        "multiplies by numbers of shape",
    ),
    "constant": (
        lambda: of([(2, 3)], lambda a: ops.matmul(np.ones((2, 2), "f4"), a)),
        "numbers of its own",
    ),
    "joined": (
        lambda: of([(3,)], lambda a: ops.concatenate([a, np.ones((2, 3), "f4")], axis=0)),
        "numbers of its own",
    ),
    "adapted": (lambda: stack((3,), layers.Discretization(num_bins=3)), "adapt"),
    "vocabulary": (lambda: stack((3,), layers.IntegerLookup(), dtype="int64"), "adapt"),
    "no_model": (lambda: NoModel(), "expected a model|built"),
}


class NoModel:
    """What has `export` and is no model."""

    def export(self, path: Any) -> None:
        export.export(corereg.Sequential([layers.Dense(2)]), path)


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_form_is_refused_by_name(name: str, tmp_path: Path) -> None:
    make, why = REFUSED[name]
    path = tmp_path / "m.c"
    path.write_text("older")
    with pytest.raises(ValueError, match=why):
        make().export(path)
    assert path.read_text() == "older"
    assert os.listdir(tmp_path) == ["m.c"]


def test_a_converter_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "m.c"
    model = stack((3,), layers.Dense(2))
    model.add(Plus())
    with pytest.raises(ValueError, match="Plus"):
        model.export(path)

    @converts(Plus)
    def plus(w: Writer, call: Any) -> None:
        x, y = w.of(call.args[0]), w.new(call.output)
        w.emit(f"for (size_t i = 0; i < {y.size}; i++)\n    {y.name}[i] = {x.name}[i] + $1;", x, y)

    model.export(path)
    assert export.verify(model, path).ok


def test_moves_are_not_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "MOST_PLACES", 11)
    with pytest.raises(ValueError, match="moves 12 numbers, more than 11"):
        stack((3, 4), layers.Permute((2, 1))).export(tmp_path / "m.c")


class Plus(layers.Layer):
    """x + 1, by NumPy."""

    def call(self, x: Any) -> Any:
        return corereg.Tensor(x.numpy() + np.float32(1))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


# ---- running -------------------------------------------------------------------------------------


def test_running_says_what_is_missing(
    small: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, path = small
    x = np.zeros((2, 4), "f4")
    with pytest.raises(FileNotFoundError, match="expected a C compiler, found none: no-such-cc"):
        run(path, [x], compiler="no-such-cc")
    monkeypatch.setenv("CC", "no-such-cc -O1")
    with pytest.raises(FileNotFoundError, match="no-such-cc -O1"):
        run(path, [x])
    monkeypatch.setenv("CC", CC)
    assert run(path, [x]).by == CC
    with pytest.raises(OSError, match="failed"):
        run(path, [x], flags=["--no-such-flag"])
    with pytest.raises(ValueError, match="expected arrays of rows of the shapes"):
        run(path, [np.zeros((2, 5), "f4")])
    (tmp_path / "other.c").write_text("int main(void) { return 0; }\n#include <math.h>\n")
    with pytest.raises(ValueError, match="expected a C file that corereg exported"):
        run(tmp_path / "other.c", [x])


# ---- numbers, names ------------------------------------------------------------------------------


def test_numbers_are_written_exactly() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 500, dtype=np.uint32)
    for value in bits.view(np.float32):
        if np.isfinite(value):
            text = real(value, "float").removesuffix("f")
            found = float.fromhex(text) if "x" in text else float(text)
            assert np.float32(found) == value
    assert real(np.inf, "float") == "INFINITY"
    assert real(-np.inf, "double") == "-INFINITY"
    assert real(np.nan, "float") == "NAN"
    assert real(0.1, "double") == "0x1.999999999999ap-4"
    assert real(-0.0, "float") == "-0.0f"
    kinds = [narrowest(np.array([most])) for most in (0, 255, 256, 65535, 65536)]
    assert kinds == ["uint8_t"] * 2 + ["uint16_t"] * 2 + ["uint32_t"]
    assert number(-(2**63), "int64_t") == "INT64_MIN"
    assert number(-(2**31), "int32_t") == "INT32_MIN"
    assert number(7, "uint8_t") == "7u"


def test_comments_end_where_they_should() -> None:
    assert "*/" not in comment("a */ b")
    assert comment("a\nb\\é??/") == "a?b/?? ?/" or "\\" not in comment("a\nb\\é??/")
    assert comment("/*").isascii()
