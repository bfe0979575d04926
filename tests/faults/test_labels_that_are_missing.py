"""Labels and file names that are missing or of other types: what is wrong, where, what to do."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import batchwarp
from image_files import SIZE, frame_flow, solid

pd = pytest.importorskip("pandas", reason="dataframes are pandas'")

N = 4


@pytest.fixture
def folder(tmp_path):
    for number in range(N):
        solid(tmp_path / f"{number}.png", number, SIZE)
    return tmp_path


def flow(folder, labels, class_mode="sparse", **arguments):
    frame = pd.DataFrame({"filename": [f"{i % N}.png" for i in range(len(labels))]})
    frame["class"] = labels
    return frame_flow(folder, frame, class_mode=class_mode, **arguments)


@pytest.mark.parametrize("class_mode", ["sparse", "categorical", "binary"])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=str)
@pytest.mark.parametrize("dtype", [object, "str", "category", "string"])
def test_a_label_is_missing(folder, class_mode, missing, dtype):
    labels = pd.Series(["a", missing, "b", missing], dtype=object).astype(dtype)
    if dtype == "str" and pd.__version__ < "3":
        pytest.skip("`str` makes 'None' of None before pandas 3")
    message = (
        rf'If class_mode="{class_mode}", y_col="class" column values must be .*A label is missing '
        r"in 2 rows \(counted from 0: 1, 3\).*dropna\(subset=\['class'\]\)"
    )
    with pytest.raises(TypeError, match=message) as caught:
        flow(folder, labels, class_mode)
    assert "integer_classes" not in str(caught.value)


def test_the_first_ten_rows(folder):
    labels = [None if number % 2 else "a" for number in range(50)]
    with pytest.raises(TypeError, match=r"missing in 25 rows \(counted from 0: 1, 3, .*, 19, …\)"):
        flow(folder, labels)
    with pytest.raises(TypeError, match=r"missing in 1 row \(counted from 0: 2\)"):
        flow(folder, ["a", "b", None, "b"])


def test_integers_some_of_which_are_missing(folder):
    """pandas makes them floats."""
    for labels in ([1, 2, None, 1], pd.array([1, 2, None, 1], "Int64")):
        with pytest.raises(TypeError, match=r"label is missing in 1 row \(counted from 0: 2\)"):
            flow(folder, labels, integer_classes=True)


@pytest.mark.parametrize("class_mode", ["sparse", "categorical", "binary"])
@pytest.mark.parametrize(
    ("labels", "name", "hint"),
    [
        ([True, False, True, True], "bool", 'booleans.*`.map({False: "no", True: "yes"})`'),
        ([1.0, 2.0, 1.0, 1.0], "float", 'astype("int64").*`integer_classes=True`.*"raw"'),
        ([1, 2, 1, 2], "int", "pass `integer_classes=True`"),
        ([{"a"}, {"b"}, {"a"}, {"b"}], "set", "`.map(sorted)`"),
        ([b"a", b"b", b"a", b"b"], "bytes", "`.str.decode()`"),
    ],
)
def test_labels_of_other_types(folder, class_mode, labels, name, hint):
    pattern = re.escape(hint).replace(r"\.\*", ".*")
    with pytest.raises(TypeError, match=f"type {name} in 4 rows.*0, 1, 2, 3.*(?i:{pattern})"):
        flow(folder, labels, class_mode)


def test_a_few_among_strings(folder):
    message = r"missing in 1 row .*: 1\).*type int in 1 row .*: 3\)"
    with pytest.raises(TypeError, match=message):
        flow(folder, ["a", None, "b", 3])
    message = r"With `label_separator`.*strings. A label is missing in 1 row \(counted from 0: 1\)"
    with pytest.raises(TypeError, match=message):
        flow(folder, ["a", None, "b|a", "b"], "categorical", label_separator="|")


@pytest.mark.parametrize("part", [None, np.nan, ["b"]])
@pytest.mark.parametrize("classes", [None, ["a"]])
def test_lists_of_labels(folder, part, classes):
    labels = [["a"], ["a", part], ("b",), ["a", "b"]]
    with pytest.raises(TypeError, match=r'y_col="class".*lists.*in 1 row \(counted from 0: 1\)'):
        flow(folder, labels, "categorical", classes=classes)


def test_arrays_of_labels(folder):
    """They are what `read_parquet` makes of lists."""
    labels = [np.array(["a"]), np.array(["a", "b"]), np.array([], object), np.array(["b"])]
    found = flow(folder, labels, "categorical")
    assert found.class_indices == {"a": 0, "b": 1}
    assert next(found)[1].tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]


def test_names_of_files(folder):
    frame = pd.DataFrame({"filename": ["0.png", None, "2.png", np.nan], "class": list("abab")})
    message = r"x_col=filename must be strings.*missing in 2 rows \(counted from 0: 1, 3\)"
    with pytest.raises(TypeError, match=message):
        frame_flow(folder, frame)
    frame["filename"] = [b"0.png", "1.png", "2.png", "3.png"]
    with pytest.raises(TypeError, match=r"type bytes in 1 row \(counted from 0: 0\)"):
        frame_flow(folder, frame)
    frame["filename"] = [Path(f"{number}.png") for number in range(N)]
    found = frame_flow(folder, frame)
    assert found.filenames == [f"{number}.png" for number in range(N)]
    assert len(next(found)[0]) == N


@pytest.mark.parametrize("class_mode", ["sparse", "categorical", "binary"])
@pytest.mark.parametrize("y_col", [["a", "b"], ("a", "b"), ["a"], pd.Index(["a", "b"])])
def test_several_columns_where_one_is_taken(folder, class_mode, y_col):
    frame = pd.DataFrame({"filename": ["0.png", "1.png"], "a": ["x", "y"], "b": ["x", "y"]})
    message = f'class_mode="{class_mode}", y_col should name one column.*"raw".*"multi_output"'
    with pytest.raises(TypeError, match=message):
        frame_flow(folder, frame, y_col=y_col, class_mode=class_mode)


def test_columns_with_names_of_several_levels(folder):
    frame = pd.DataFrame([["0.png", "a", "b"], ["1.png", "b", "a"]])
    frame.columns = pd.MultiIndex.from_tuples([("file", "name"), ("label", "x"), ("label", "y")])
    found = frame_flow(folder, frame, x_col=("file", "name"), y_col=("label", "x"))
    assert found.classes == [0, 1]
    with pytest.raises(KeyError, match=r"y_col='label' is no column.*'label', 'x'"):
        frame_flow(folder, frame, x_col=("file", "name"), y_col="label")


def test_a_column_that_is_there_twice_or_is_the_index(folder):
    frame = pd.DataFrame([["0.png", "a", "b"]], columns=["filename", "class", "class"])
    with pytest.raises(TypeError, match=r"y_col should name one column.*name of several columns"):
        frame_flow(folder, frame)
    with pytest.raises(KeyError, match=r"x_col='filename' is no column.*`dataframe.reset_index"):
        frame_flow(folder, frame.iloc[:, :2].set_index("filename"))


def test_no_column_at_all():
    frame = pd.DataFrame({"filename": ["a.png"], "class": ["a"]})
    with pytest.raises(KeyError, match=r"y_col=None is no column.*'filename', 'class'\"$"):
        batchwarp.ImageDataGenerator().flow_from_dataframe(frame, y_col=None)
