"""`class_mode="raw"` and `"multi_output"`: columns that are no plain numbers, and `fit` on them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from image_files import SIZE, frame_flow, solid

pd = pytest.importorskip("pandas", reason="dataframes are pandas'")

N = 6


@pytest.fixture
def folder(tmp_path):
    for number in range(N):
        solid(tmp_path / f"{number}.png", number, SIZE)
    return tmp_path


def targets(folder, columns, y_col=None, class_mode="raw", **arguments):
    frame = pd.DataFrame({"filename": [f"{number}.png" for number in range(N)], **columns})
    y_col = next(iter(columns)) if y_col is None else y_col
    return next(frame_flow(folder, frame, y_col=y_col, class_mode=class_mode, **arguments))[1]


NUMBERS = np.arange(N)
ONE_COLUMN = {
    "lists": ([[i, i + 1, i + 2] for i in range(N)], "int64"),
    "tuples": ([(i, i + 0.5) for i in range(N)], "float64"),
    "lists of lists": ([[[i, 1], [2, 3]] for i in range(N)], "int64"),
    "arrays": ([np.full(3, i, "float32") for i in range(N)], "float32"),
    "Int64": (pd.array(NUMBERS, "Int64"), "int64"),
    "UInt8": (pd.array(NUMBERS, "UInt8"), "uint8"),
    "Float32": (pd.array(NUMBERS, "Float32"), "float32"),
    "boolean": (pd.array(NUMBERS % 2 == 0, "boolean"), "bool"),
    "objects": (pd.Series(list(range(N)), dtype=object), "int64"),
    "objects and NaN": (pd.Series([1, np.nan] * 3, dtype=object), "float64"),
    "decimals": ([Decimal(i) / 4 for i in range(N)], "float64"),
    "large integers": ([2**70 + i for i in range(N)], "float64"),
    "categories": (pd.Categorical([4, 3] * 3), "int64"),
    "plain floats with NaN": ([1.0, np.nan] * 3, "float64"),
}


@pytest.mark.parametrize("kind", ONE_COLUMN)
def test_one_column(folder, kind):
    values, dtype = ONE_COLUMN[kind]
    found = targets(folder, {"age": values})
    assert found.dtype == dtype
    expected = np.array([np.asarray(value, "float64").tolist() for value in values])
    np.testing.assert_array_equal(found, expected)
    (output,) = targets(folder, {"age": values}, y_col=["age"], class_mode="multi_output")
    assert output.dtype != object
    np.testing.assert_array_equal(output, expected)


@pytest.mark.parametrize(
    ("columns", "dtype"),
    [
        ({"a": pd.array(NUMBERS, "Int64"), "b": pd.array(NUMBERS / 2, "Float64")}, "float64"),
        ({"a": NUMBERS, "b": NUMBERS % 2 == 0}, "int64"),
        ({"a": NUMBERS.astype("uint8"), "b": pd.array(NUMBERS % 2 == 0, "boolean")}, "uint8"),
        ({"a": pd.array(NUMBERS, "Float32"), "b": NUMBERS.astype("int8")}, "float32"),
        ({"a": [[i, 1] for i in range(N)], "b": [[i, 0.5] for i in range(N)]}, "float64"),
        ({"a": pd.Series(list(range(N)), dtype=object), "b": NUMBERS / 2}, "float64"),
    ],
)
def test_several_columns(folder, columns, dtype):
    expected = np.stack(
        [np.array([np.asarray(x).tolist() for x in columns[name]]) for name in "ab"], axis=1
    )
    for y_col in (["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Index(["a", "b"])):
        found = targets(folder, columns, y_col=y_col)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected)
        outputs = targets(folder, columns, y_col=y_col, class_mode="multi_output")
        assert [output.tolist() for output in outputs] == [expected[:, i].tolist() for i in (0, 1)]


def test_columns_of_arrow(folder):
    pa = pytest.importorskip("pyarrow", reason="its dtypes are pandas' only where it is installed")
    columns = {
        "a": pd.array(NUMBERS, "int32[pyarrow]"),
        "b": pd.array(NUMBERS / 2, "float[pyarrow]"),
        "c": pd.Series([[1, 2]] * N, dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    }
    assert targets(folder, columns, "a").dtype == "int32"
    assert targets(folder, columns, ["a", "b"]).dtype == "float64"
    assert targets(folder, columns, "c").tolist() == [[1, 2]] * N


MISSING = {
    "Int64": pd.array([0, None, 2, 3, None, 5], "Int64"),
    "Float64": pd.array([0, None, 2, 3, None, 5], "Float64"),
    "boolean": pd.array([True, None, False, True, None, True], "boolean"),
    "objects": pd.Series([0, None, 2, 3, pd.NA, 5], dtype=object),
    "lists": [[0, 1], None, [2, 3], [4, 5], [6, None], [8, 9]],
    "dates": pd.to_datetime(["2020", None, "2021", "2022", None, "2023"]),
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("class_mode", ["raw", "multi_output"])
def test_missing_values(folder, kind, class_mode):
    columns = {"age": MISSING[kind], "b": NUMBERS}
    message = r"y_col='age' are missing in 2 rows \(counted from 0: 1, 4\)"
    with pytest.raises(TypeError, match=message):
        targets(folder, columns, ["age", "b"], class_mode)
    rows = [0, 2, 3, 5]
    frame = pd.DataFrame({"filename": [f"{i}.png" for i in range(N)], **columns}).iloc[rows]
    if kind != "dates":
        flow = frame_flow(folder, frame, y_col=["b"], class_mode=class_mode)
        assert np.squeeze(next(flow)[1]).tolist() == rows


def test_missing_values_of_files_that_are_not_there(folder):
    """They are left out anyhow."""
    (folder / "1.png").unlink()
    (folder / "4.png").unlink()
    with pytest.warns(UserWarning, match="Found 2 invalid image filename"):
        found = targets(folder, {"age": MISSING["Int64"]})
    assert found.tolist() == [0, 2, 3, 5]


@pytest.mark.parametrize("class_mode", ["raw", "multi_output"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1] * (1 + i % 2) for i in range(N)], r"of one shape. Found: \(1,\), \(2,\)"),
        ([1, [2], 3, 4, 5, 6], r"of one shape. Found: \(\), \(1,\)"),
        ([dt.date(2020, 1, 1)] * N, "should be numbers.*Found: date"),
        (pd.date_range("2020", periods=N), "should be numbers.*Found: Timestamp"),
        ([{}] * N, "should be numbers.*Found: dict"),
        ([{1}, 2, 3, 4, 5, 6], "should be numbers.*Found: int, set"),
        ([["a", 1]] * N, "should be numbers.*Found: list"),
    ],
)
def test_values_that_are_no_labels(folder, values, class_mode, message):
    with pytest.raises(TypeError, match=f"y_col='age' should be .*{message}|age.*{message}"):
        targets(folder, {"age": values}, ["age"], class_mode)


def test_columns_of_different_shapes(folder):
    columns = {"box": [[1, 2]] * N, "age": NUMBERS}
    with pytest.raises(TypeError, match=r"y_col=\['box', 'age'\].*'box' of \(2,\).*multi_output"):
        targets(folder, columns, ["box", "age"])
    box, age = targets(folder, columns, ["box", "age"], "multi_output")
    assert (box.shape, age.shape) == ((N, 2), (N,))


@pytest.mark.parametrize(
    "columns",
    [
        {"a": [[i, 1, 2] for i in range(N)]},
        {"a": pd.array(NUMBERS, "Int64"), "b": pd.array(NUMBERS, "Float64")},
        {"a": NUMBERS, "b": NUMBERS % 2 == 0},
    ],
)
def test_fit(folder, keras, columns):
    frame = pd.DataFrame({"filename": [f"{number}.png" for number in range(N)], **columns})
    y_col = list(columns) if len(columns) > 1 else "a"
    model = keras.Sequential(
        [
            keras.layers.Input((*SIZE, 3)),
            keras.layers.Flatten(),
            keras.layers.Dense(3 if len(columns) == 1 else 2),
        ]
    )
    model.compile(loss="mse", optimizer="sgd", run_eagerly=True)
    flow = frame_flow(folder, frame, y_col=y_col, class_mode="raw")
    assert np.isfinite(model.evaluate(flow, verbose=0))
    assert np.isfinite(model.evaluate(flow.to_tf_dataset(), verbose=0))


@pytest.mark.parametrize("dtype", ["Int64", "Float32", "uint8"])
def test_weights(folder, dtype):
    frame = pd.DataFrame(
        {"filename": [f"{i}.png" for i in range(N)], "w": pd.array(NUMBERS, dtype)}
    )
    weights = next(frame_flow(folder, frame, class_mode="input", weight_col="w"))[2]
    assert weights.dtype == dtype.lower()
    assert weights.tolist() == NUMBERS.tolist()


@pytest.mark.parametrize(
    ("weights", "weight_col", "message"),
    [
        (MISSING["Int64"], "w", r"weight_col='w' are missing in 2 rows \(counted from 0: 1, 4\)"),
        ([[1, 2]] * N, "w", "weight_col=w must be numeric"),
        (NUMBERS, ["w"], r"weight_col should name one column. Received: \['w'\]"),
        (NUMBERS, np.array(["w"]), "weight_col should name one column"),
    ],
)
def test_weights_that_are_none(folder, weights, weight_col, message):
    frame = pd.DataFrame({"filename": [f"{i}.png" for i in range(N)], "w": weights})
    with pytest.raises(TypeError, match=message):
        frame_flow(folder, frame, class_mode="input", weight_col=weight_col)
