"""The precision of products: for all, for one model, for one layer; in ops; recorded and not."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import Tensor, _kernels, config, layers, ops, reference
from corereg.models import clone_model
from corereg.saving import load_model

PRECISIONS = {"highest": 0, "high": 3, "medium": 1}
REDUCED = ("high", "medium")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    corereg.set_float32_matmul_precision("highest")
    config.set_policy_name(None)


def net(dtype: str | None = None) -> corereg.Sequential:
    corereg.set_random_seed(1)
    return corereg.Sequential(
        [
            corereg.Input((64,), dtype=None if dtype == config.MIXED else dtype),
            layers.Dense(24, "relu", kernel_regularizer="l2", dtype=dtype),
            layers.Dropout(0.2, dtype=dtype),
            layers.Dense(33, "gelu", dtype=dtype),
            layers.Dense(10, "softmax", dtype=dtype),
        ]
    )


def digits() -> tuple[Any, Any]:
    x, y = corereg.datasets.load_digits()
    return (x / 16).astype(np.float32), y


def trained(model: Any, epochs: int = 2, **options: Any) -> bytes:
    """What training, testing and predicting give, as bytes."""
    x, y = digits()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    model.fit(x[:200], y[:200], batch_size=40, epochs=epochs, verbose=0)
    found = model.evaluate(x[200:260], y[200:260], verbose=0)
    arrays = [*(w.data for w in model.weights), model.predict(x[:70], verbose=0)]
    return b"".join(np.asarray(a).tobytes() for a in [*arrays, found])


# ---- the setting ---------------------------------------------------------------------------------


def test_setting_and_asking(fails):
    assert corereg.get_float32_matmul_precision() == "highest"
    for name, parts in PRECISIONS.items():
        corereg.set_float32_matmul_precision(name)
        assert corereg.get_float32_matmul_precision() == name
        assert _kernels.matmul_parts() == parts
        assert corereg.show_config("dicts")["matmul precision"] == name
    message = "set_float32_matmul_precision: expected 'highest', 'high' or 'medium' as precision"
    for wrong in ("low", None, 1):
        fails(lambda given=wrong: corereg.set_float32_matmul_precision(given), ValueError, message)
    assert corereg.get_float32_matmul_precision() == "medium"


def test_what_multiplies_is_told():
    told = corereg.show_config("dicts")["products of bfloat16"]
    known = {"amx": "AMX", "v4bf16": "AVX512-BF16"}
    assert told.startswith(known.get(_kernels.isa_name(), "none: rounded, multiplied in float32"))


# ---- models --------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", PRECISIONS)
def test_recorded_is_eager_on_any_threads(precision):
    wanted = trained(net(), matmul_precision=precision)
    assert trained(net(), matmul_precision=precision, run_eagerly=True) == wanted
    with _kernels.limited_threads(1):
        assert trained(net(), matmul_precision=precision) == wanted
    corereg.set_float32_matmul_precision(precision)
    assert trained(net()) == wanted  # for all models


def test_precisions_differ():
    assert len({trained(net(), matmul_precision=name) for name in PRECISIONS}) == 3


def test_a_model_has_its_own():
    wanted = trained(net(), matmul_precision="high")
    corereg.set_float32_matmul_precision("medium")
    assert trained(net(), matmul_precision="high") == wanted
    outer = corereg.Sequential([corereg.Input((64,)), net()])
    outer.compile("sgd", "mse", matmul_precision="highest")
    x = digits()[0][:5]
    inside = outer.predict(x, verbose=0)
    corereg.set_float32_matmul_precision("highest")
    assert inside.tobytes() == outer(x).numpy().tobytes()


def test_a_change_records_anew():
    x, y = digits()
    model = net()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:80], y[:80], verbose=0)
    found = {}
    for name in (*PRECISIONS, *PRECISIONS):
        corereg.set_float32_matmul_precision(name)
        for _ in range(2):  # recorded, then replayed
            out = model.predict(x[:9], verbose=0).tobytes()
            out += np.float64(model.evaluate(x[:80], y[:80], verbose=0)).tobytes()
            assert found.setdefault(name, out) == out
        assert out[: 9 * 40] == model(x[:9], training=False).numpy().tobytes()
        assert model.execution_report()["predict"].precision == (name,)
    assert len(set(found.values())) == 3


@pytest.mark.parametrize("precision", REDUCED)
def test_many_rows_with_weights_that_change(precision):
    x, model = np.tile(digits()[0][:64], (40, 1)), net()
    model.compile("adam", "mse", matmul_precision=precision)
    for _ in range(3):  # weights are rounded once for all passes of a call
        wanted = np.tile(model(x[:64], training=False).numpy(), (40, 1))
        assert model.predict(x, verbose=0).tobytes() == wanted.tobytes()
        model.set_weights([0.9 * w for w in model.get_weights()])


def test_training_goes_on_in_another_precision():
    x, y = digits()

    def run(eagerly: bool) -> bytes:
        model = net()
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eagerly)
        for name in ("highest", "medium", "high", "highest"):
            corereg.set_float32_matmul_precision(name)
            model.fit(x[:80], y[:80], verbose=0)
            model.train_on_batch(x[:8], y[:8])
            model.train_on_batch(x[:8], y[:8])
        return b"".join(w.data.tobytes() for w in model.weights)

    assert run(True) == run(False)


def test_float64_stays():
    wanted = trained(net("float64"))
    assert trained(net("float64"), matmul_precision="medium") == wanted
    model = net("float64")
    model.compile("sgd", "mse", matmul_precision="medium")
    assert model.execution_report()["fit"].precision == ("highest",)


def test_the_report_names_it():
    model = net()
    model.compile("adam", "sparse_categorical_crossentropy", matmul_precision="medium")
    assert str(model.execution_report()["fit"]) == "fit: not run yet, matmul precision medium"
    model.compile("adam", "sparse_categorical_crossentropy")
    assert str(model.execution_report()["fit"]) == "fit: not run yet"


@pytest.mark.parametrize("functional", [False, True])
def test_samples_of_dropout_have_it(functional):
    def samples(model: Any, **options: Any) -> bytes:
        if functional:
            x = corereg.Input((64,))
            model = corereg.Model(x, model(x))
        model.compile("sgd", "mse", **options)
        found = model.predict_mc(digits()[0][:20], num_samples=4, seed=3)
        again = model.predict_mc(digits()[0][:20], num_samples=4, seed=3)  # replayed
        assert found.mean.tobytes() == again.mean.tobytes()
        return found.mean.tobytes()

    wanted = samples(net("mixed_bfloat16"))
    assert samples(net(), matmul_precision="medium") == wanted != samples(net())
    corereg.set_float32_matmul_precision("medium")
    assert samples(net()) == wanted


def test_a_wrong_word_changes_nothing(fails):
    model = net()
    model.compile("adam", "mse")
    before = model.optimizer
    message = "compile: expected 'highest', 'high' or 'medium' as precision, received 'low'"
    fails(lambda: model.compile("sgd", "mse", matmul_precision="low"), ValueError, message)
    assert model.optimizer is before


@pytest.mark.parametrize("precision", [None, *PRECISIONS])
def test_it_is_saved_and_copied(precision):
    model = net()
    wanted = trained(model, matmul_precision=precision)
    x = digits()[0][:70]
    out = model.predict(x, verbose=0)
    assert wanted.find(out.tobytes()) > 0
    file = io.BytesIO()
    model.save(file)
    for made in (load_model(file.getvalue()), copy.deepcopy(model)):
        assert made._trainer.compilation.matmul_precision == precision
        assert made.predict(x, verbose=0).tobytes() == out.tobytes()
    again = pickle.loads(pickle.dumps(model))
    assert again.predict(x, verbose=0).tobytes() == out.tobytes()
    assert clone_model(model)._trainer.compilation.matmul_precision == precision


def test_digits_are_learned():
    x, y = digits()
    x, y = x[:600], y[:600]
    found = {}
    for name in PRECISIONS:
        model = net()
        model.compile("adam", "sparse_categorical_crossentropy", matmul_precision=name)
        model.fit(x[:450], y[:450], batch_size=25, epochs=40, verbose=0)
        found[name] = np.mean(model.predict(x[450:], verbose=0).argmax(1) == y[450:])
    assert min(found.values()) > 0.85
    assert max(found.values()) - min(found.values()) < 0.05


# ---- layers --------------------------------------------------------------------------------------


def test_the_mixed_policy_is_medium():
    wanted = trained(net(), matmul_precision="medium")
    assert trained(net("mixed_bfloat16")) == wanted
    config.set_dtype_policy("mixed_bfloat16")
    assert config.dtype_policy().name == "mixed_bfloat16"
    model = net()
    config.set_dtype_policy("float32")
    assert {layer.dtype for layer in model.layers} == {"float32"}
    assert trained(model) == wanted
    again = corereg.Sequential.from_config(model.get_config())
    assert again.layers[0].get_config()["dtype"] == "mixed_bfloat16"
    assert trained(clone_model(model)) != wanted  # other weights
    assert "matmul precision medium" in str(model.execution_report())


def test_one_layer_of_a_model(rng):
    x = rng.standard_normal((6, 8)).astype(np.float32)
    plain, mixed = layers.Dense(4), layers.Dense(3, dtype="mixed_bfloat16")
    a, b = corereg.Input((8,)), corereg.Input((8,))
    model = corereg.Model([a, b], mixed(layers.Add()([plain(a), plain(b)])))
    inner = (plain(x) + plain(x)).numpy()
    rounded = [reference.round_to_bfloat16(v) for v in (inner, mixed.kernel.data)]
    out = model([x, x]).numpy()
    np.testing.assert_allclose(out, rounded[0].astype(float) @ rounded[1], rtol=1e-5, atol=1e-5)
    assert model.predict([x, x], verbose=0).tobytes() == out.tobytes()
    assert model.execution_report()["predict"].precision == ("highest", "medium")


def test_a_policy_that_there_is_not(fails):
    message = "DTypePolicy: expected 'float32', 'float64' or 'mixed_bfloat16', received 'half'"
    fails(lambda: config.set_dtype_policy("half"), ValueError, message)
    fails(lambda: config.set_dtype_policy(None), TypeError, "set_dtype_policy: expected")
    assert config.dtype_policy().name == "float32"


def test_the_policy_of_float64():
    config.set_dtype_policy("float64")
    assert layers.Dense(2).dtype == "float64"


# ---- ops -----------------------------------------------------------------------------------------

OPERANDS = [
    *[((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4, 5))],
    *[((2, 1, 3, 4), (6, 4, 5)), ((6, 3, 4), (4,)), ((3, 0), (0, 2)), ((0, 3), (3, 2))],
]


@pytest.mark.parametrize("precision", REDUCED)
@pytest.mark.parametrize("shapes", OPERANDS, ids=str)
def test_matmul(shapes, precision, rng):
    a, b = (Tensor(rng.standard_normal(s).astype("f4"), requires_grad=True) for s in shapes)

    def step(a: Tensor, b: Tensor) -> list[Any]:
        out = ops.matmul(a, b)
        (out * out).sum().backward()
        found = [out, a.grad * 1, b.grad * 1]
        a.grad = b.grad = None
        return found

    exact = step(a, b)
    corereg.set_float32_matmul_precision(precision)
    rounded = step(a, b)
    bound = 0.2 if precision == "medium" else 1e-3
    for one, other in zip(exact, rounded, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=bound, rtol=bound)

    @corereg.record
    def recorded(factor: Any) -> list[Any]:
        x, w = (t.detach() * factor for t in (a, b))
        return [x @ w, (w * 1).sum()]

    for _ in range(4):
        found = recorded(np.float32(1))[0].numpy()
        assert found.tobytes() == rounded[0].numpy().tobytes()
    corereg.set_float32_matmul_precision("highest")
    assert recorded(np.float32(1))[0].numpy().tobytes() == exact[0].numpy().tobytes()


@pytest.mark.parametrize("precision", REDUCED)
def test_gradients_are_recorded(precision, rng):
    corereg.set_float32_matmul_precision(precision)
    given = [rng.standard_normal(s).astype("f4") for s in ((2, 3, 4), (4, 5))]

    def step(x: Tensor, w: Tensor) -> Any:
        x, w = x.detach().requires_grad_(), w.detach().requires_grad_()
        out = ops.einsum("bij,jk->ki", x, w)
        return corereg.grad(((out * out).sum() + (x @ w).sum(axis=0).sum()), [x, w])

    wanted = [g.numpy().tobytes() for g in step(*map(Tensor, given))]
    recorded = corereg.record(step)
    for _ in range(4):
        assert [g.numpy().tobytes() for g in recorded(*given)] == wanted


def test_other_dtypes_are_multiplied_as_they_are(rng):
    corereg.set_float32_matmul_precision("medium")
    a, b = np.float64(rng.standard_normal((2, 5, 5)))
    assert np.array_equal(ops.matmul(Tensor(a), Tensor(b)), a @ b)
    counts = np.arange(25).reshape(5, 5)
    assert np.array_equal(ops.matmul(Tensor(counts), Tensor(counts)), counts @ counts)


def test_wrong_shapes_raise_as_ever():
    a, b = Tensor(np.ones((2, 3), np.float32)), Tensor(np.ones((2, 3), np.float32))
    for name in PRECISIONS:
        corereg.set_float32_matmul_precision(name)
        with pytest.raises(ValueError, match="matmul"):
            ops.matmul(a, b)


def test_a_recorded_call_of_a_model_notices_compile(rng):
    model, x = net(), rng.standard_normal((3, 64)).astype(np.float32)
    call = corereg.record(lambda x: model(x, training=False))
    for name in ("medium", "highest", "medium"):
        model.compile("sgd", "mse", matmul_precision=name)
        for _ in range(3):
            assert call(x).numpy().tobytes() == model(x, training=False).numpy().tobytes()
