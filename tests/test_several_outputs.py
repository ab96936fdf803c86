"""Models with several inputs and outputs in fit, evaluate, predict, *_on_batch and streams."""

from __future__ import annotations

import io

import numpy as np
import pytest

import corereg
from corereg import Input, Model, layers
from corereg.models import load_model

ROWS = 40
RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(ROWS, 4)).astype("float32"), RNG.normal(size=(ROWS, 3)).astype("float32")
ONE, TWO = RNG.normal(size=(ROWS, 1)), RNG.normal(size=(ROWS, 2))
WEIGHT = RNG.random(ROWS)


def built(**compile):
    corereg.set_random_seed(8)
    a, b = Input((4,), name="a"), Input((3,), name="b")
    hidden = layers.add([layers.Dense(5, "relu")(a), layers.Dense(5, "relu")(b)])
    outputs = [layers.Dense(1, name="one")(hidden), layers.Dense(2, name="two")(hidden)]
    model = Model([a, b], outputs)
    model.compile(**{"optimizer": "adam", "loss": "mse", **compile})
    return model


def bits(model):
    return [w.tobytes() for w in model.get_weights()]


def fitted(x, y, model=None, **options):
    corereg.set_random_seed(9)
    model = model or built()
    history = model.fit(x, y, epochs=2, batch_size=16, verbose=0, **options).history
    return bits(model), history


# ---- the forms that data take --------------------------------------------------------------------

FORMS = {
    "tuples": ((A, B), (ONE, TWO)),
    "dicts": ({"b": B, "a": A}, {"two": TWO, "one": ONE}),
    "a list and a dict": ([A, B], {"one": ONE, "two": TWO}),
}


@pytest.mark.parametrize("form", FORMS)
def test_data_of_any_form_train_alike(form):
    assert fitted(*FORMS[form]) == fitted([A, B], [ONE, TWO])


def test_batches_of_a_stream_train_as_arrays():
    cuts = [slice(first, first + 16) for first in range(0, ROWS, 16)]
    batches = [([A[c], B[c]], [ONE[c], TWO[c]]) for c in cuts]
    model = built()
    corereg.set_random_seed(9)
    history = model.fit(batches, epochs=2, verbose=0).history
    assert (bits(model), history) == fitted([A, B], [ONE, TWO], shuffle=False)
    whole = model.evaluate([A, B], [ONE, TWO], batch_size=16, verbose=0)
    assert model.evaluate(batches, verbose=0) == pytest.approx(whole)
    predicted = model.predict(([A[c], B[c]] for c in cuts), verbose=0)
    for one, other in zip(predicted, model.predict([A, B], verbose=0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_replayed_is_eager_to_the_bit():
    options = {"validation_split": 0.2, "sample_weight": WEIGHT}
    found = [fitted([A, B], [ONE, TWO], built(run_eagerly=e), **options) for e in (True, False)]
    assert found[0] == found[1]
    model = built()
    model.fit([A, B], [ONE, TWO], verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"


def test_more_inputs_than_the_model_has_are_left_out_with_a_warning():
    with pytest.warns(UserWarning, match=r"x has \['c'\] besides the model's inputs"):
        assert built().predict({"a": A, "b": B, "c": A}, verbose=0)[0].shape == (ROWS, 1)


# ---- losses and metrics --------------------------------------------------------------------------


def mse(y, p):
    return ((y - p) ** 2).mean()


def test_the_loss_is_the_weighted_sum():
    model = built(loss={"one": "mse", "two": "mae"}, loss_weights={"one": 3.0, "two": 0.5})
    one, two = model.predict([A, B], verbose=0)
    logs = model.evaluate([A, B], [ONE, TWO], verbose=0, return_dict=True)
    assert logs["one_loss"] == pytest.approx(mse(ONE, one), rel=1e-5)
    assert logs["two_loss"] == pytest.approx(np.abs(TWO - two).mean(), rel=1e-5)
    assert logs["loss"] == pytest.approx(3 * logs["one_loss"] + 0.5 * logs["two_loss"], rel=1e-5)
    listed = built(loss=["mse", "mae"], loss_weights=[3.0, 0.5])
    listed.set_weights(model.get_weights())
    assert listed.evaluate([A, B], [ONE, TWO], verbose=0) == pytest.approx([*logs.values()])


def test_an_output_without_a_loss_needs_no_targets():
    model = built(loss=["mse", None])
    logs = model.fit([A, B], [ONE, None], verbose=0).history
    assert list(logs) == ["loss"]
    before = model.get_layer("two").get_weights()
    model.fit([A, B], [ONE, TWO], verbose=0)
    for one, other in zip(before, model.get_layer("two").get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_metrics_are_named_after_their_outputs():
    wanted = {"metrics": [["mae"], ["mse", "mae"]], "weighted_metrics": {"two": "mae"}}
    model = built(**wanted)
    logs = model.evaluate([A, B], [ONE, TWO], sample_weight=WEIGHT, verbose=0, return_dict=True)
    names = ["one_mae", "two_mae", "two_mse", "two_weighted_mae"]
    assert list(logs) == ["loss", "one_loss", "two_loss", *names]
    two = model.predict([A, B], verbose=0)[1]
    errors = np.abs(TWO - two).mean(axis=1)
    assert logs["two_mae"] == pytest.approx(errors.mean(), rel=1e-5)
    assert logs["two_weighted_mae"] == pytest.approx(np.average(errors, weights=WEIGHT), rel=1e-5)


def test_sample_weights_count_by_output():
    model = built()
    one, two = model.predict([A, B], verbose=0)
    by_row = (((ONE - one) ** 2).mean(axis=1), ((TWO - two) ** 2).mean(axis=1))
    other = WEIGHT[::-1].copy()
    for given, weights in (
        (WEIGHT, (WEIGHT, WEIGHT)),
        ([WEIGHT, other], (WEIGHT, other)),
        ({"one": WEIGHT, "two": other}, (WEIGHT, other)),
    ):
        found = model.test_on_batch([A, B], [ONE, TWO], sample_weight=given)
        expected = [(rows * w).mean() for rows, w in zip(by_row, weights, strict=True)]
        assert found == pytest.approx([sum(expected), *expected], rel=1e-5)


def test_train_on_batch_gives_the_losses_of_the_outputs():
    model = built(metrics={"one": ["mae"]})
    expected = model.evaluate([A, B], [ONE, TWO], batch_size=ROWS, verbose=0)
    assert model.metrics_names == ["loss", "one_loss", "two_loss", "one_mae"]
    assert model.train_on_batch([A, B], [ONE, TWO]) == pytest.approx(expected, rel=1e-6)


def test_outputs_of_a_dict():
    x = Input((4,))
    model = Model(x, {"q": layers.Dense(1)(x), "p": layers.Dense(2)(x)})
    model.compile("sgd", {"q": "mse", "p": "mae"}, metrics={"p": ["mse"]})
    logs = model.fit(A, {"p": TWO, "q": ONE}, verbose=0).history
    assert set(logs) == {"loss", "q_loss", "p_loss", "p_mse"}
    found = model.predict(A, verbose=0)
    assert {name: array.shape for name, array in found.items()} == {"q": (ROWS, 1), "p": (ROWS, 2)}
    assert model.predict(A, batch_size=7, verbose=0)["q"].shape == (ROWS, 1)
    again = model.predict(A, verbose=0)
    assert all(np.array_equal(again[name], found[name]) for name in found)


def test_a_subclass_takes_and_gives_what_it_likes():
    class Both(Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = layers.Dense(2), layers.Dense(2)

        def call(self, x):
            return {"sum": self.left(x["l"]) + self.right(x["r"]), "left": self.left(x["l"])}

    model = Both()
    model.compile("sgd", {"sum": "mse", "left": "mae"})
    data = {"l": A, "r": B}
    history = model.fit(data, {"sum": TWO, "left": TWO}, epochs=3, verbose=0).history
    assert history["loss"][2] < history["loss"][0]
    assert set(history) == {"loss", "sum_loss", "left_loss"}
    assert model.predict(data, verbose=0)["sum"].shape == (ROWS, 2)


def test_saved_and_loaded_it_goes_on():
    model = built(loss=["mse", "mae"], loss_weights=[1.0, 0.3], metrics={"two": ["mse"]})
    fitted([A, B], [ONE, TWO], model)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    again = load_model(file)
    assert again.metrics_names == ["loss"]  # until data come
    results = [fitted([A, B], [ONE, TWO], each) for each in (model, again)]
    assert results[0] == results[1]


# ---- what does not fit ---------------------------------------------------------------------------

WRONG = {
    "one input of two": (lambda m: m.fit([A], [ONE, TWO]), "x as a list of 2 arrays.*received 1"),
    "one array": (lambda m: m.fit(A, [ONE, TWO]), "x as a list or a dict of 2 arrays.*one array"),
    "an input missing": (lambda m: m.fit({"a": A}, [ONE, TWO]), r"\['a', 'b'\] as keys, received"),
    "other rows": (lambda m: m.fit([A, B[:5]], [ONE, TWO]), "as many rows, 'a' has 40, 'b' has 5"),
    "inputs exchanged": (lambda m: m.fit([B, A], [ONE, TWO]), r"shape \(rows, 4\), received"),
    "one target": (lambda m: m.fit([A, B], [ONE]), "y as a list of 2 arrays.*received 1"),
    "one array of targets": (lambda m: m.fit([A, B], ONE), "y as a list or a dict of 2 arrays"),
    "a target missing": (lambda m: m.fit([A, B], {"one": ONE}), r"outputs \['one', 'two'\] as key"),
    "no targets": (lambda m: m.fit([A, B]), "expected y for the outputs"),
    "other rows of targets": (
        lambda m: m.fit([A, B], [ONE, TWO[:9]]),
        "output 'two'.*40 rows of X",
    ),
    "class weights": (lambda m: m.fit([A, B], [ONE, TWO], class_weight={0: 1.0}), "one output"),
    "weights of rows": (
        lambda m: m.fit([A, B], [ONE, TWO], sample_weight=WEIGHT[:5]),
        r"sample_weight of shape \(40,\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_raises_before_anything_changes(name, fails):
    model = built()
    call, message = WRONG[name]
    fails(lambda: call(model), ValueError, message, *[p.data for p in model.weights])


@pytest.mark.parametrize(
    ("compile", "message"),
    [
        ({"loss": ["mse"]}, "loss as a list with an entry for each of the 2 outputs"),
        ({"loss": {"one": "mse", "zz": "mse"}}, "loss as a dict with the model's outputs"),
        ({"loss_weights": [1.0]}, "loss_weights as a list with an entry"),
        ({"metrics": ["mae"]}, "metrics as a list with an entry for each"),
        ({"metrics": "mae"}, "metrics as a list with an entry for each of the outputs"),
        ({"metrics": {"zz": "mae"}}, "metrics as a dict with the model's outputs"),
    ],
)
def test_compile_arguments_that_do_not_fit(compile, message, fails):
    model = built(**compile)
    fails(lambda: model.fit([A, B], [ONE, TWO], verbose=0), ValueError, message)


def test_weights_for_some_outputs_only():
    model = built()
    one, two = model.predict([A, B], verbose=0)
    found = model.test_on_batch([A, B], [ONE, TWO], sample_weight=[WEIGHT, None])
    expected = [(((ONE - one) ** 2).mean(axis=1) * WEIGHT).mean(), mse(TWO, two)]
    assert found == pytest.approx([sum(expected), *expected], rel=1e-5)


@pytest.mark.parametrize(
    ("x", "what"), [(None, "None"), ("text", "str"), ([A], "1"), ([1.0, 2.0, 3.0], "3")]
)
def test_what_is_no_data_is_named(x, what, fails):
    fails(lambda: built().predict(x, verbose=0), ValueError, f"received .*{what}")


def test_metrics_need_targets(fails):
    model = built(loss=None, metrics=[["mae"], None])
    fails(lambda: model.fit([A, B], verbose=0), ValueError, "expected y for the metric 'one_mae'")
