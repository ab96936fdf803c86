"""FeatureSpace gives what Keras's gives (goldens/make_feature_space.py), by itself and in models,
and fits itself to tables."""

from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from goldens.feature_space_cases import CASES, table, tables

import corereg
from corereg import Model, layers
from corereg.models import load_model
from corereg.saving.keras_files import feature_spaces
from corereg.utils import FeatureSpace

KERAS_FILE = Path(__file__).with_name("goldens") / "keras_files" / "feature_space.keras"
with np.load(Path(__file__).with_name("goldens") / "feature_space.npz") as FILE:
    GOLDENS = dict(FILE)


def adapted(name):
    seen, given = tables(name)
    space = CASES[name][0](FeatureSpace, layers)
    space.adapt(seen)
    return space, given


def by_name(out):
    return out if isinstance(out, dict) else {"": out}


@pytest.mark.parametrize("name", CASES)
def test_as_keras(name, tmp_path):
    space, given = adapted(name)
    found = by_name(space(given))
    assert {f"{name}/{key}" for key in found} == {k for k in GOLDENS if k.startswith(f"{name}/")}
    for key, one in found.items():
        golden = GOLDENS[f"{name}/{key}"]
        assert one.data.dtype.kind == golden.dtype.kind, key  # Keras has bins as int32
        np.testing.assert_allclose(one.data, golden, rtol=1e-5, atol=1e-6, err_msg=key)
    space.save(tmp_path / "s.corereg")
    again = load_model(tmp_path / "s.corereg")
    assert type(again) is FeatureSpace
    assert again.get_config() == space.get_config()
    for other in (again, copy.deepcopy(space), pickle.loads(pickle.dumps(space))):
        for key, one in by_name(other(given)).items():
            assert one.data.tobytes() == found[key].data.tobytes()


@pytest.mark.parametrize("name", CASES)
def test_files_of_keras(name, tmp_path):
    """Written as Keras's file and read again; a file that Keras wrote."""
    pytest.importorskip("h5py")
    space, given = adapted(name)
    space.save(tmp_path / "s.keras")
    spaces = [load_model(tmp_path / "s.keras")]
    if name == "crossed":
        spaces.append(load_model(KERAS_FILE))
    found = by_name(space(given))
    for other in spaces:
        for key, one in by_name(other(given)).items():
            np.testing.assert_allclose(one.data, found[key].data, rtol=1e-6)


def test_a_file_of_keras_has_no_numeric_encoding(tmp_path):
    pytest.importorskip("h5py")
    space = FeatureSpace.from_frame({"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match="Keras does not have the layer NumericEncoding"):
        space.save(tmp_path / "s.keras")


def test_one_row_and_ways_to_adapt():
    space, given = adapted("all")
    whole = space(given).data
    assert np.array_equal(space({key: one[3] for key, one in given.items()}).data, whole[3])
    assert np.array_equal(space({key: one[:, None] for key, one in given.items()}).data, whole)
    assert np.array_equal(space({**given, "more": np.ones(40)}).data, whole)
    seen, _ = tables("all")
    parts = [({k: one[i : i + 50] for k, one in seen.items()}, None) for i in range(0, 200, 50)]
    before = None
    for data in (parts, (one for one in parts)):
        other = CASES["all"][0](FeatureSpace, layers)
        other.adapt(data)
        found = other.preprocessors["pay"].bin_boundaries
        assert before in (None, found)  # of a summary of summaries, another than of the whole
        before = found
        np.testing.assert_allclose(other(given).data[:, 0], whole[:, 0], rtol=1e-5)
    space.adapt({**seen, "colour": seen["town"]})  # adapted anew
    fresh = CASES["all"][0](FeatureSpace, layers)
    fresh.adapt({**seen, "colour": seen["town"]})
    assert np.array_equal(space(given).data, fresh(given).data)


def test_models_of_features_and_of_raw_columns(tmp_path):
    """Both are replayed; the second has the weights of the first."""
    space, given = adapted("crossed")
    y = np.random.default_rng(0).random((40, 1)).astype("float32")
    hidden = layers.Dense(4, activation="relu")(space.get_encoded_features())
    out = layers.Dense(1)(hidden)
    training = Model(space.get_encoded_features(), out)
    whole = Model(space.get_inputs(), out)
    training.compile("adam", "mse")
    whole.compile("adam", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        training.fit(space(given), y, epochs=2, verbose=0)
        training.fit([(space(given), y)] * 2, verbose=0)
        whole.fit(given, y, batch_size=16, epochs=2, verbose=0)
    assert training.execution_report()["fit"].mode == "replayed"
    assert whole.execution_report()["fit"].mode == "replayed"
    found = whole.predict(given, verbose=0)
    np.testing.assert_allclose(found, training.predict(space(given), verbose=0), rtol=1e-5)
    whole.save(tmp_path / "m.corereg")
    assert np.array_equal(load_model(tmp_path / "m.corereg").predict(given, verbose=0), found)


def test_config():
    space, given = adapted("crossed")
    again = FeatureSpace.from_config(space.get_config())
    with pytest.raises(ValueError, match="have seen no data yet"):
        again.get_inputs()
    again.adapt(tables("crossed")[0])
    assert np.array_equal(again(given).data, space(given).data)
    assert again.get_config() == space.get_config()
    assert [one.name for one in again.crosses] == ["colour_X_kind", "town_X_pay"]
    plain = FeatureSpace({"a": "float", "b": FeatureSpace.float_discretized(None, [0.0, 1.0])})
    assert plain({"a": [1.5], "b": [2.0]}).data.tolist() == [[1.5, 0, 0, 1]]


F = FeatureSpace


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: F({}), "expected features, received {}"),
        (lambda: F({"a": "floats"}), "expected the feature 'a' as one of .*received 'floats'"),
        (lambda: F({"a": 3}), "expected the feature 'a' as one of"),
        (lambda: F({"a": "float"}, output_mode="x"), "output_mode as one of .*received 'x'"),
        (lambda: F({"a": "float"}, crosses=[("a", "b")]), r"crosses of the features \['a'\]"),
        (lambda: F({"a": "float"}, crosses=["a"]), "names of two or more features"),
        (lambda: F.string_categorical(output_mode="x"), "output_mode as one of"),
        (lambda: F.cross(("a", "b"), 3, output_mode="float"), "output_mode as one of"),
        (lambda: F.string_hashed(0), "num_bins of 1 or more"),
        (lambda: F({"a": "float_normalized"})({"a": [1.0]}), r"features \['a'\] have seen no data"),
        (lambda: F({"a": "float"})({"b": [1.0]}), r"\['a'\] are missing"),
        (lambda: F({"a": "float"})({"a": [1.0, "x"]}), "column 'a', received"),
        (lambda: F({"a": "float_normalized"}).adapt({"b": [1.0]}), "expected a column 'a'"),
        (
            lambda: F({"a": F.integer_hashed(3, output_mode="int")}).get_inputs(),
            "features of floats for output_mode 'concat', 'a' has dtype int64",
        ),
        (
            lambda: F({"a": F.feature("float32", layers.Rescaling(2.0), "one_hot")}).get_inputs(),
            "expected integers out of the layer of feature 'a'",
        ),
        (lambda: F({"a": "float", "b": "float"}, crosses=[("a", "b")]).get_inputs(), "float32"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---- of tables -----------------------------------------------------------------------------------


def frame():
    rng = np.random.default_rng(4)
    rows = 60
    return {
        "age": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(40, 9, rows)),
        "pay": rng.exponential(1000, rows),
        "same": np.full(rows, 7),
        "member": rng.random(rows) < 0.5,
        "town": np.array(["A", "B", "C", None], object)[rng.integers(0, 4, rows)],
        "street": np.array([f"street {i % 40}" for i in range(rows)]),
        "level": rng.integers(1, 4, rows),
        "target": rng.integers(0, 2, rows),
    }


def test_from_frame():
    data = frame()
    space = FeatureSpace.from_frame(data, categories=["level"], ignore=["target"], max_one_hot=5)
    kinds = {key: type(one.preprocessor).__name__ for key, one in space.features.items()}
    assert kinds == {
        "age": "NumericEncoding",
        "pay": "NumericEncoding",
        "same": "NumericEncoding",
        "member": "Identity",
        "town": "StringLookup",
        "street": "StringLookup",
        "level": "IntegerLookup",
    }
    out = space(data).data
    assert out.shape == (60, 2 + 4 + 1 + 1 + 1 + 6 + 5)
    gaps = np.isnan(data["age"])
    assert np.array_equal(out[:, 1], gaps)
    assert (out[gaps, 0] == 0).all()
    mean, deviation = np.nanmean(data["age"]), np.nanstd(data["age"])
    np.testing.assert_allclose(out[~gaps, 0], (data["age"][~gaps] - mean) / deviation, rtol=1e-4)
    names = ["age", "age gap", *["level"] * 4, "member", "pay", "same", *["street"] * 6]
    by_column = dict(zip(names, out.T, strict=False))
    assert (by_column["same"] == 0).all()
    assert np.array_equal(by_column["member"], data["member"])
    assert (out[:, -5:].sum(1) == 1).all()  # each town has a place, the missing one, too
    row = {**{key: one[0] for key, one in data.items()}, "town": "Z", "age": np.nan}
    found = space(row).data
    assert found[:2].tolist() == [0, 1]
    assert found[-5:].tolist() == [1, 0, 0, 0, 0]


def test_from_frame_with_quantiles_and_integers(tmp_path):
    data = frame()
    space = FeatureSpace.from_frame(
        data, scaling="quantile", output_mode="dict", max_one_hot=5, crosses=[("town", "street")]
    )
    out = space(data)
    pay = out["pay"].data[:, 0]
    assert np.array_equal(np.argsort(pay), np.argsort(data["pay"]))
    assert abs(pay.mean()) < 0.05
    assert 0.9 < pay.std() < 1.1
    above = space({**data, "pay": np.full(60, 1e9)})["pay"].data
    np.testing.assert_allclose(above, pay.max(), rtol=1e-5)
    assert out["street"].dtype == "int64"
    assert out["street"].shape == (60, 1)
    assert out["town"].shape == (60, 5)
    assert (out["same"].data == 0).all()
    inputs, features = space.get_inputs(), space.get_encoded_features()
    street = layers.Embedding(space.preprocessors["street"].vocabulary_size(), 3)
    rest = [one for key, one in features.items() if key != "street"]
    x = layers.concatenate([*rest, layers.Flatten()(street(features["street"]))])
    model = Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    model.fit(data, data["target"], epochs=2, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    model.save(tmp_path / "m.corereg")
    again = load_model(tmp_path / "m.corereg")
    assert np.array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))


def test_from_frames_of_libraries():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    data = frame()
    wanted = FeatureSpace.from_frame(data, categories=["level"])(data).data
    one = pandas.DataFrame(data, index=range(7, 67))
    nullable = one.assign(
        age=one["age"].astype("Float64"),
        level=one["level"].astype("category"),
        town=one["town"].astype("category"),
    )
    two = polars.from_pandas(pandas.DataFrame(data))
    for table_ in (one, nullable, two, two.to_arrow()):
        names = () if table_ is nullable else ["level"]
        space = FeatureSpace.from_frame(table_, categories=names)
        np.testing.assert_array_equal(space(table_).data, wanted)
        np.testing.assert_array_equal(space(data).data, wanted)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array(["2020-01-01"], "M8[D]"), "numbers in column 'a', received dates or times"),
        (np.array([[1], "x"], object)[:1], "texts or numbers in column 'a'"),
        (np.array([1, "x"], object), "numbers in column 'a', received 'x' in row 1"),
    ],
)
def test_columns_that_are_refused(column, message):
    with pytest.raises(ValueError, match=message):
        FeatureSpace.from_frame({"a": column, "b": np.ones(len(column))})


def test_bad_arguments_of_from_frame():
    for options, message in (
        ({"scaling": "x"}, "scaling as one of"),
        ({"ignore": ["z"]}, "expected ignore as a list of names of columns"),
        ({"categories": "a"}, "expected categories as a list"),
        ({"categories": ["a"]}, "whole numbers without gaps in column 'a'"),
    ):
        with pytest.raises(ValueError, match=message):
            FeatureSpace.from_frame({"a": [1.5, np.nan]}, **options)
    with pytest.raises(ValueError, match="a dict of columns or a table with names"):
        FeatureSpace.from_frame(np.ones((3, 2)))


def test_unseen_tables_are_as_keras_has_them():
    assert set(table(2, 40, unseen=True)["colour"]) > set(table(1, 200, unseen=False)["colour"])


def test_tables_without_rows_or_with_a_name_twice_are_refused():
    with pytest.raises(ValueError, match=r"from_frame: expected columns with one row .* 'a'"):
        FeatureSpace.from_frame({"a": []})
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    with pytest.raises(ValueError, match=r"columns of different names, received several .*'a'"):
        FeatureSpace.from_frame(frame)


def test_sequential_models_and_ensembles_take_missing_numbers_that_a_layer_encodes():
    x = np.random.default_rng(1).normal(size=(20, 3))
    x[::4, 1] = np.nan
    members = []
    for _ in range(2):
        encoding = layers.NumericEncoding()
        encoding.adapt(x)
        model = corereg.Sequential([layers.Input((3,)), encoding, layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, np.ones(20), verbose=0)
        members.append(model)
    ensemble = corereg.models.Ensemble(members)
    ensemble.compile(loss="mse")
    assert np.isfinite(ensemble.evaluate(x, np.ones(20), verbose=0))
    plain = corereg.Sequential([layers.Input((3,)), layers.Dense(1)])
    mixed = corereg.models.Ensemble([members[0], plain])
    for model in (mixed, plain):
        model.compile(loss="mse")
        with pytest.raises(ValueError, match="received NaN in row 0"):
            model.evaluate(x, np.ones(20), verbose=0)


@pytest.mark.parametrize("config", [None, 3, {}, {"features": [1]}])
def test_a_described_space_without_features_is_refused(config):
    with pytest.raises(ValueError, match="expected a config with features, received"):
        feature_spaces.read({"config": config}, lambda layer: layer)
