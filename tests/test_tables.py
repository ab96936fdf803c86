"""Tables of pandas, polars and pyarrow, and sparse matrices, in the place of arrays."""

from __future__ import annotations

import re
import sys
from decimal import Decimal

import numpy as np
import pytest

import corereg
from corereg import layers
from corereg.models import Model, Sequential, load_model
from corereg.tables import given as given_module
from corereg.tables.columns import column_of
from corereg.tables.given import given
from corereg.tables.refusals import Asked

ROWS = 8
X = np.random.default_rng(0).random((ROWS, 3)).astype("float32")
Y = X.sum(1)
NAMES = ["a", "b", "c"]


def net(features=3):
    corereg.set_random_seed(1)
    model = Sequential([corereg.Input((features,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def trained(x, y=Y, **options):
    model = net()
    model.fit(x, y, epochs=2, verbose=0, **options)
    return model


def weights(model):
    return [w.tolist() for w in model.get_weights()]


WANTED = weights(trained(X))


def pandas_frame(**columns):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(dict(zip(NAMES, X.T, strict=True))).assign(**columns)


def polars_frame(**columns):
    polars = pytest.importorskip("polars")
    return polars.DataFrame(dict(zip(NAMES, X.T, strict=True))).with_columns(**columns)


def arrow_table(**columns):
    arrow = pytest.importorskip("pyarrow")
    return arrow.table({**dict(zip(NAMES, X.T, strict=True)), **columns})


FRAMES = {"pandas": pandas_frame, "polars": polars_frame, "pyarrow": arrow_table}


@pytest.mark.parametrize("library", FRAMES)
def test_a_table_is_as_good_as_its_array(library):
    x = FRAMES[library]()
    y = x["a"] if library != "pyarrow" else x.column("a")
    wanted = weights(trained(X, X[:, 0]))
    model = trained(x, y, validation_data=(x, y))
    assert weights(model) == wanted
    assert model.feature_names == NAMES
    assert model.predict(x, verbose=0).tolist() == model.predict(X, verbose=0).tolist()
    assert model.evaluate(x, y, verbose=0) == model.evaluate(X, X[:, 0], verbose=0)
    weight = trained(x, y, sample_weight=y)
    assert weights(weight) == weights(trained(X, X[:, 0], sample_weight=X[:, 0]))
    assert model.test_on_batch(x, y) == model.train_on_batch(x, y)
    layer, other = layers.Normalization(), layers.Normalization()
    layer.adapt(x)
    other.adapt(X)
    assert np.allclose(layer.mean.data, other.mean.data)


def test_series_and_frames_of_one_column_are_y_and_the_index_is_ignored():
    pandas = pytest.importorskip("pandas")
    x = pandas_frame().set_index(np.arange(ROWS)[::-1])
    for y in (pandas.Series(Y, index=np.arange(ROWS) + 5), pandas.DataFrame({"y": Y})):
        assert weights(trained(x, y)) == WANTED
    one = Sequential([corereg.Input((1,)), layers.Dense(1)])
    one.compile("sgd", "mse")
    one.fit(x["a"], Y, verbose=0)
    assert one.predict(x["a"], verbose=0).shape == (ROWS, 1)


def pandas_columns():
    pandas = pytest.importorskip("pandas")
    half, whole = [True, False] * 4, [1, 2] * 4
    return {
        "bool": (np.array(half), half),
        "boolean": (pandas.array(half, dtype="boolean"), half),
        "Int64": (pandas.array(whole, dtype="Int64"), whole),
        "Int64 with gaps": (pandas.array([1, None] * 4, dtype="Int64"), [1, np.nan] * 4),
        "boolean with gaps": (pandas.array([True, None] * 4, dtype="boolean"), [1, np.nan] * 4),
        "Float32": (pandas.array([0.1, None] * 4, dtype="Float32"), [np.float32(0.1), np.nan] * 4),
        "Float64": (pandas.array([0.5, 2.5] * 4, dtype="Float64"), [0.5, 2.5] * 4),
        "sparse": (pandas.arrays.SparseArray([0.0, 1.0] * 4), [0, 1] * 4),
        "objects": (np.array([1, None, True, 2.5] * 2, object), [1, np.nan, 1, 2.5] * 2),
        "decimals": ([Decimal("1.5"), Decimal(2)] * 4, [1.5, 2] * 4),
        "nothing": ([pandas.NA, 1] * 4, [np.nan, 1] * 4),
    }


def test_all_columns_of_numbers_that_pandas_has():
    for name, (column, wanted) in pandas_columns().items():
        found = given("fit", "X", pandas_frame(b=column), "float32")
        assert found.names == tuple(NAMES), name
        assert found.array.dtype == np.float32, name
        assert found.array.flags.c_contiguous, name
        assert np.array_equal(found.array[:, 1], np.float32(wanted), equal_nan=True), name
        assert (found.array[:, 0] == X[:, 0]).all(), name


def test_columns_that_pandas_has_of_arrow():
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    for dtype in ("int64", "float", "double", "bool"):
        values = [1, None, 0, 1] * 2
        column = pandas.array(values, dtype=f"{dtype}[pyarrow]")
        found = given("fit", "X", pandas_frame(b=column), "float32").array
        assert np.array_equal(found[:, 1], np.float32([1, np.nan, 0, 1] * 2), equal_nan=True)
    whole = pandas_frame().convert_dtypes(dtype_backend="pyarrow")
    assert weights(trained(whole)) == WANTED


def test_whole_numbers_stay_whole_where_tables_look_them_up():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [2**40 + 1, 2], "b": pandas.array([1, 2], dtype="Int64")})
    assert given("fit", "X", frame, "float32").array.dtype == np.int64
    assert given("fit", "X", frame, "float32").array[0, 0] == 2**40 + 1
    assert given("fit", "X", frame, "float32", whole=False).array.dtype == np.float32
    assert given("fit", "X", frame > 1).array.dtype == bool
    model = Sequential([corereg.Input((2,), dtype="int32"), layers.Embedding(5, 2)])
    small = pandas.DataFrame({"a": [4, 2], "b": [0, 1]})
    assert (model.predict(small, verbose=0) == model.predict(small.to_numpy(), verbose=0)).all()
    with pytest.raises(ValueError, match=r"from 0 to 4, .* received 5 in row 1"):
        model.predict(small.assign(a=[4, 5]), verbose=0)


def test_missing_and_split_columns_of_polars_and_arrow():
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    wanted = np.float32([1, np.nan] * 4)
    for dtype in (polars.Int32, polars.Float64, polars.Boolean, polars.Decimal(10, 2)):
        column = polars.Series([1, None] * 4, strict=False).cast(dtype)
        found = given("fit", "X", polars_frame(b=column), "float32").array
        assert np.array_equal(found[:, 1], wanted, equal_nan=True)
    for dtype in (arrow.int8(), arrow.float32(), arrow.bool_(), arrow.float64()):
        column = arrow.array([1, None] * 4, arrow.int8()).cast(dtype)
        found = given("fit", "X", arrow_table(b=column), "float32").array
        assert np.array_equal(found[:, 1], wanted, equal_nan=True)
    table = arrow_table()
    split = arrow.concat_tables([table.slice(0, 3), table.slice(3)])
    assert weights(trained(split)) == WANTED
    assert weights(trained(table.to_batches()[0])) == WANTED
    assert weights(trained(polars.concat([polars_frame()[:3], polars_frame()[3:]], rechunk=False)))


def test_rows_are_taken_piece_by_piece(monkeypatch):
    frames = [make(b=X[:, 1] * 2) if make is pandas_frame else make() for make in FRAMES.values()]
    whole = [given("fit", "X", one, "float32").array.tolist() for one in frames]
    monkeypatch.setattr(given_module, "PIECE", 7)  # two rows at a time
    assert [given("fit", "X", one, "float32").array.tolist() for one in frames] == whole


def refused(x, error, message, y=Y):
    model = net()
    before = weights(model)
    with pytest.raises(error, match=message):
        model.fit(x, y, verbose=0)
    assert weights(model) == before
    assert model.feature_names is None


def test_errors_name_row_and_column():
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2020", periods=ROWS)
    texts = ["red", "blue"] * 4
    late = pandas.Series([1, 2, 3, "x"] * 2, dtype=object)
    with_nan = np.where(np.arange(ROWS) == 5, np.nan, 1)
    for column, error, message in (
        (texts, TypeError, r"text 'red' \(of 'blue', 'red'\) in row 0, column 'b'; make numbers"),
        (late, TypeError, r"text 'x' \(of 'x'\) in row 3, column 'b'; make numbers"),
        (["1.5"] * ROWS, TypeError, "text '1.5' .* column 'b'; convert with"),
        (pandas.Categorical(texts), TypeError, r"categories in column 'b'; .*\.cat\.codes"),
        (days, TypeError, r"dates \(datetime64.* in column 'b'; give numbers"),
        (days.tz_localize("UTC"), TypeError, r"dates \(.*UTC.* in column 'b'"),
        (pandas.period_range("2020", periods=ROWS), TypeError, r"dates \(period.*column 'b'"),
        ([object()] * ROWS, TypeError, "an object of type object in row 0, column 'b'"),
        (with_nan, ValueError, "received NaN in row 5, column 'b'; drop such rows"),
        (with_nan + np.inf, ValueError, "received infinity in row 0, column 'b'"),
        (np.nan_to_num(with_nan, nan=1e300), ValueError, r"1e\+300 \(too large\) in row 5, column"),
        (np.ones(ROWS, complex), TypeError, "complex128 in column 'b'"),
    ):
        refused(pandas_frame(b=column), error, message)


def test_errors_of_polars_and_arrow_name_the_column():
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    texts = ["red", "blue"] * 4
    for x, message in (
        (polars_frame(b=polars.Series(texts)), "text 'red' .* in row 0, column 'b'"),
        (polars_frame(b=polars.Series(texts, dtype=polars.Categorical)), "categories in column"),
        (polars_frame(b=polars.Series([0] * ROWS).cast(polars.Date)), r"dates \(Date\) in column"),
        (polars_frame().lazy(), r"X with rows, received a LazyFrame; use \.collect\(\)"),
        (arrow_table(b=arrow.array(texts)), "text 'red' .* in row 0, column 'b'"),
        (arrow_table(b=arrow.array(texts).dictionary_encode()), "categories in column 'b'"),
        (arrow_table(b=arrow.array([0] * ROWS, arrow.date32())), r"dates \(date32.* column 'b'"),
    ):
        refused(x, TypeError, message)


def test_labels_that_are_texts_are_named_with_a_remedy():
    labels = ["yes", "no"] * 4
    message = r"text 'yes' \(of 'no', 'yes'\) in row 0; .*LabelEncoder.*StringLookup"
    for y in (labels, np.array(labels), np.array(labels, object)):
        refused(X, TypeError, message, y)
    pandas = pytest.importorskip("pandas")
    refused(X, TypeError, message, pandas.Series(labels))
    refused(
        X,
        TypeError,
        r"received categories; .*\.cat\.codes",
        pandas.Series(labels, dtype="category"),
    )


def test_predict_keeps_missing_numbers_and_refuses_those_that_are_too_large():
    x = pandas_frame(b=[np.nan, np.inf] * 4)
    found = net().predict(x, verbose=0)
    assert np.array_equal(found, net().predict(x.to_numpy(), verbose=0), equal_nan=True)
    with pytest.raises(ValueError, match=r"-2e\+99 \(too large\) in row 1, column 'b'"):
        net().predict(pandas_frame(b=[np.inf, -2e99] * 4), verbose=0)


# ---- names of columns ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model.corereg", "model.keras"])
def test_names_of_columns_are_checked_and_saved(name, tmp_path):
    if name.endswith(".keras"):
        pytest.importorskip("h5py")
    x = pandas_frame()
    model = trained(x)
    model.save(tmp_path / name)
    for one in (model, load_model(tmp_path / name)):
        assert one.feature_names == NAMES
        for wrong, message in (
            (x[["b", "a", "c"]], r"in their order, \['a', 'b', 'c'\], received \['b', 'a', 'c'\]"),
            (x[["a", "b"]], r"the table lacks \['c'\]$"),
            (x.rename(columns={"a": "z"}), r"lacks \['a'\] and has \['z'\] besides$"),
        ):
            for call in (one.predict, lambda x, one=one: one.fit(x, Y)):
                with pytest.raises(ValueError, match=message):
                    call(wrong)
        one.predict(x.set_axis([0, 1, 2], axis=1), verbose=0)  # numbers are no names
    model.feature_names = None
    model.fit(x[["b", "a", "c"]], Y, verbose=0)
    assert model.feature_names == ["b", "a", "c"]
    with pytest.raises(TypeError, match="feature_names: expected names of columns"):
        model.feature_names = "abc"


def test_a_damaged_file_has_no_names(tmp_path):
    from corereg.saving import archive
    from corereg.saving.limits import FileFormatError

    net().save(tmp_path / "m")
    config, sections = archive.read(tmp_path / "m", known=("weights", "training", "optimizer"))
    for wrong in ("abc", [["a", 1]], [3], {"a": 1}):
        changed = {**config, "feature_names": wrong}
        archive.write(tmp_path / "n", changed, sections, required=["weights"])
        with pytest.raises(FileFormatError, match="no valid 'feature_names'"):
            load_model(tmp_path / "n")


def by_name():
    corereg.set_random_seed(2)
    age, fare = corereg.Input((1,), name="age"), corereg.Input((1,), name="fare")
    model = Model([age, fare], layers.Dense(1)(layers.Concatenate()([age, fare])))
    model.compile("sgd", "mse")
    return model


def test_inputs_take_the_columns_of_their_names():
    columns = {"fare": X[:, 1], "y": Y, "age": X[:, 0]}
    model = by_name()
    model.fit({"age": X[:, 0], "fare": X[:, 1]}, Y, epochs=2, verbose=0)
    wanted = weights(model)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns)
    tables = [frame, dict(frame[["age", "fare"]]), [frame["age"], frame["fare"]]]
    for library in ("polars", "pyarrow"):
        if library in sys.modules:
            module = sys.modules[library]
            tables.append((module.DataFrame if library == "polars" else module.table)(columns))
    for table in tables:
        model = by_name()
        model.fit(table, Y, epochs=2, verbose=0)
        assert weights(model) == wanted
        assert model.predict(table, verbose=0).shape == (ROWS, 1)
    with pytest.raises(
        ValueError, match=r"\['age', 'fare'\] as columns, .* \['fare'\] are missing"
    ):
        model.fit(frame[["age", "y"]], Y)
    with pytest.raises(ValueError, match=r"received a DataFrame with the columns \['y'\]"):
        model.fit(frame[["y"]], Y)
    with pytest.raises(ValueError, match=r"fit: input 'age': .* NaN in row 0"):
        model.fit(frame.assign(age=np.nan), Y)
    one = corereg.Input((1,), name="age")
    model = Model(one, layers.Dense(1)(one))
    assert (model.predict(frame, verbose=0) == model.predict(X[:, 0], verbose=0)).all()


def test_each_input_may_be_a_table_of_its_own(tmp_path):
    pandas = pytest.importorskip("pandas")
    a, b = corereg.Input((2,), name="a"), corereg.Input((1,), name="b")
    model = Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
    model.compile("sgd", "mse")
    left = pandas.DataFrame(X[:, :2], columns=["p", "q"])
    model.fit({"a": left, "b": X[:, 2:]}, Y, verbose=0)
    assert model.feature_names == {"a": ["p", "q"]}
    model.save(tmp_path / "m")
    model = load_model(tmp_path / "m")
    assert model.feature_names == {"a": ["p", "q"]}
    with pytest.raises(ValueError, match="columns of the input 'a' that the model was trained on"):
        model.predict([left[["q", "p"]], X[:, 2:]])


# ---- other things than tables --------------------------------------------------------------------


def test_sparse_matrices_become_dense(monkeypatch):
    scipy = pytest.importorskip("scipy.sparse")
    for make in (scipy.csr_matrix, scipy.csc_array, scipy.coo_array):
        assert weights(trained(make(X), scipy.csr_matrix(Y[:, None]))) == WANTED
        assert net().predict(make(X), verbose=0).shape == (ROWS, 1)
    refused(scipy.csr_matrix(X[:, :2]), ValueError, r"of shape \(rows, 3\), received \(8, 2\)")
    monkeypatch.setattr(given_module, "MOST_BYTES", X.nbytes)
    assert net().predict(scipy.csr_matrix(X), verbose=0).shape == (ROWS, 1)
    monkeypatch.setattr(given_module, "MOST_BYTES", X.nbytes - 1)
    refused(scipy.csr_matrix(X), ValueError, r"sparse X .* received csr_matrix of shape \(8, 3\)")


def test_buffers_and_tuples_are_arrays():
    from array import array

    assert weights(trained(memoryview(X), memoryview(Y))) == WANTED
    assert weights(trained(X, array("f", Y.tolist()))) == WANTED
    assert weights(trained((X,), [Y[:, None]])) == WANTED
    refused([[1, 2, 3], [4]], ValueError, "fit: expected X as rows of one length")
    refused(X[:, 0], ValueError, r"X of shape \(rows, features\), received \(8,\); use x\[None")


def test_batches_may_be_tables_and_lists():
    x = pandas_frame()
    model = net()
    model.fit([(x[:4], Y[:4]), (x[4:], Y[4:])], verbose=0)
    assert model.feature_names == NAMES
    wanted = model.predict(X, verbose=0).tolist()
    assert model.predict(iter([[X[:4], Y[:4]], [X[4:], Y[4:]]]), verbose=0).tolist() == wanted
    assert model.predict(iter([x[:4], x[4:]]), verbose=0).tolist() == wanted


def test_no_library_of_tables_is_imported():
    import subprocess

    code = (
        "import sys, numpy as np, corereg as c; m = c.Sequential([c.layers.Dense(1)]);"
        "m.compile('sgd', 'mse'); m.fit(np.ones((4, 2)), np.ones(4), verbose=0);"
        "print(sorted({'pandas', 'polars', 'pyarrow', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# ---- masked arrays -------------------------------------------------------------------------------


def test_what_a_mask_hides_is_missing():
    masked = np.ma.masked_equal([[1.0, -999], [3, 4]], -999)
    wanted = [[1, np.nan], [3, 4]]

    def same(found):
        array = np.asarray(getattr(found, "data", found))
        return not isinstance(array, np.ma.MaskedArray) and np.array_equal(
            array, wanted, equal_nan=True
        )

    ones = np.ones((2, 2))
    assert same(corereg.Tensor(masked))
    assert same(corereg.tensor(masked))
    assert same(corereg.Tensor(ones) * masked)
    assert same(corereg.ops.multiply(masked, ones))
    assert same(corereg.ops.reshape(masked, (2, 2)))
    assert same(corereg.ops.concatenate([masked[:1], masked[1:]]))
    assert same(layers.Rescaling(1.0)(masked))
    assert corereg.Tensor(np.ma.masked_equal([1, 2], 2)).dtype == np.float32
    assert corereg.Tensor(np.ma.masked_equal([1, 2], 3)).dtype == np.int64
    assert corereg.Tensor(np.ma.masked_equal([1.0, 2], 3)).tolist() == [1, 2]
    layer = layers.Dense(2)
    layer.build((None, 2))
    assert same(layer.kernel.assign(masked))
    x = np.ma.masked_equal(np.where(X[2, 1] == X, -999, X), -999)
    refused(x, ValueError, "received NaN in row 2, column 1")
    refused(X, ValueError, "finite y, .* row 2", np.ma.masked_equal(np.arange(ROWS), 2))
    assert np.isnan(net().predict(x, verbose=0))[2]
    with pytest.raises(ValueError, match="finite sample_weight, received nan in row 2"):
        net().fit(X, Y, sample_weight=np.ma.masked_equal(np.arange(ROWS), 2))
    with pytest.raises(ValueError, match=r"finite y, .* row 0, column 1"):
        corereg.losses.MeanSquaredError()(masked, ones)
    assert np.isnan(corereg.losses.MeanSquaredError()(ones, masked).item())
    assert np.isnan(corereg.metrics.MeanSquaredError()(masked, ones))


def test_tables_in_ops_losses_and_metrics():
    frame = pandas_frame(a=np.arange(ROWS) > 3)
    assert corereg.Tensor(frame).shape == (ROWS, 3)
    assert net()(frame).shape == (ROWS, 1)
    series = frame["b"]
    assert corereg.losses.MeanSquaredError()(series, X[:, 1]).item() == 0
    assert corereg.metrics.MeanSquaredError()(series, X[:, 1]) == 0
    with pytest.raises(TypeError, match=re.escape("text 'x' (of 'x') in row 0, column 'a'")):
        corereg.Tensor(frame.assign(a="x"))


WORDS_OF_ARROW = {"float32": "float", "float64": "double"}
SERIES = {
    "pandas": lambda values: pytest.importorskip("pandas").Series(values),
    "pandas, nullable": lambda values: pytest.importorskip("pandas").array(values),
    "pandas of arrow": lambda values: (
        pytest.importorskip("pyarrow")
        and pytest.importorskip("pandas").array(
            values, f"{WORDS_OF_ARROW.get(str(values.dtype), values.dtype)}[pyarrow]"
        )
    ),
    "polars": lambda values: pytest.importorskip("polars").Series(values),
    "pyarrow": lambda values: pytest.importorskip("pyarrow").array(values),
}


@pytest.mark.parametrize(
    "dtype", ["int8", "int32", "int64", "uint64", "float32", "float64", "bool"]
)
@pytest.mark.parametrize("series", SERIES)
def test_columns_keep_their_kind_and_size(series, dtype):
    """Whole numbers pass through no float, which would round them, and floats grow no larger."""
    values = np.array([0, 1, 1]).astype(dtype)
    if "int64" in dtype:
        values[1] = 2**53 + 1
    library = series.split()[0].strip(",")
    column = column_of(Asked("fit", "X", "a"), library, SERIES[series](values))
    part = column.part(1, 3)
    assert part.dtype.kind == column.kind == values.dtype.kind
    assert part.tolist() == values[1:].tolist()
    if column.kind == "f":
        assert part.dtype == dtype


def test_whole_numbers_of_all_kinds_together():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({k: np.array([0, 1], k) for k in ("int8", "uint8", "bool")})
    found = given("fit", "X", frame, "float32").array
    assert (found.dtype, found.tolist()) == (np.int64, [[0, 0, 0], [1, 1, 1]])
    for kind, dtype in (("uint8", np.uint64), ("bool", np.bool_), ("int8", np.int64)):
        assert given("fit", "X", frame[[kind]], "float32").array.dtype == dtype
    assert given("fit", "X", frame.assign(f=0.5), None).array.dtype == np.float64
