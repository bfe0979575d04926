"""Dataframes that are not pandas': taken where they are in memory, else it is said what to pass."""

from __future__ import annotations

import numpy as np
import pytest

from image_files import SIZE, frame_flow, solid, values

pd = pytest.importorskip("pandas", reason="other dataframes convert to pandas'")

N = 4
COLUMNS = {
    "filename": [f"{number}.png" for number in range(N)],
    "class": ["b", "a", "b", "a"],
    "tags": [["x"], ["x", "y"], [], ["y"]],
    "age": [1, 2, 3, 4],
    "height": [0.5, 1.5, 2.5, 3.5],
}


@pytest.fixture
def folder(tmp_path):
    for number in range(N):
        solid(tmp_path / f"{number}.png", number, SIZE)
    return tmp_path


class Convertible:
    """Stands for dataframes of modin, cuDF, ibis and others."""

    def to_pandas(self):
        return pd.DataFrame(COLUMNS)


class OldModin:
    columns = pd.Index(list(COLUMNS))

    def __getitem__(self, name):
        raise LookupError(name)

    def _to_pandas(self):
        return pd.DataFrame(COLUMNS)


class Spark:
    """Its columns are expressions, and it is lazy."""

    columns = tuple(COLUMNS)

    def collect(self):
        raise LookupError("rows")

    def toPandas(self):
        return pd.DataFrame(COLUMNS)


class Interchangeable:
    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        frame = pd.DataFrame(COLUMNS).drop(columns="tags")
        return frame.__dataframe__(nan_as_null, allow_copy)


def polars():
    return pytest.importorskip("polars", reason="its dataframes").DataFrame(COLUMNS)


def arrow():
    return pytest.importorskip("pyarrow", reason="its tables").table(COLUMNS)


FRAMES = [Convertible, OldModin, Spark, Interchangeable, polars, arrow]


@pytest.mark.parametrize("make", FRAMES)
def test_labels(folder, make):
    found = frame_flow(folder, make(), weight_col="height", class_mode="sparse")
    images, labels, weights = next(found)
    assert values(images) == [0, 1, 2, 3]
    assert labels.tolist() == [1, 0, 1, 0]
    assert weights.tolist() == COLUMNS["height"]


@pytest.mark.parametrize("make", FRAMES)
def test_values(folder, make):
    raw = next(frame_flow(folder, make(), y_col=["age", "height"], class_mode="raw"))[1]
    assert raw.dtype == "float64"
    assert raw.T.tolist() == [COLUMNS["age"], COLUMNS["height"]]
    one = next(frame_flow(folder, make(), y_col="age", class_mode="raw"))[1]
    assert (one.dtype, one.tolist()) == (np.int64, COLUMNS["age"])
    outputs = next(
        frame_flow(folder, make(), y_col=["age", "class"], class_mode="multi_output")
    )[1]  # fmt: skip
    assert [output.tolist() for output in outputs] == [COLUMNS["age"], COLUMNS["class"]]


@pytest.mark.parametrize("make", [make for make in FRAMES if make is not Interchangeable])
def test_lists_of_labels(folder, make):
    found = next(frame_flow(folder, make(), y_col="tags"))[1]
    assert found.tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]


@pytest.mark.parametrize("make", FRAMES)
def test_errors(folder, make):
    with pytest.raises(KeyError, match=r"y_col='zz' is no column.*'filename', 'class', "):
        frame_flow(folder, make(), y_col="zz")
    with pytest.raises(TypeError, match=r"x_col should name one column. Received: \['filename'\]"):
        frame_flow(folder, make(), x_col=["filename"])


def test_missing_values(folder):
    pl = pytest.importorskip("polars", reason="its dataframes")
    frame = pl.DataFrame({**COLUMNS, "class": ["a", None, "b", "a"], "age": [1, 2, None, 4]})
    with pytest.raises(TypeError, match=r"label is missing in 1 row \(counted from 0: 1\)"):
        frame_flow(folder, frame)
    with pytest.raises(TypeError, match=r"y_col='age' are missing in 1 row"):
        frame_flow(folder, frame, y_col="age", class_mode="raw")


class Lazy:
    """Stands for `polars.LazyFrame`."""

    @property
    def columns(self):
        raise LookupError("this takes long")

    def __getitem__(self, name):
        raise LookupError(name)

    def collect(self):
        return pd.DataFrame(COLUMNS)


class Dask:
    columns = tuple(COLUMNS)
    iloc = None

    def compute(self):
        return pd.DataFrame(COLUMNS)


def lazy_polars():
    return polars().lazy()


@pytest.mark.parametrize(
    ("make", "method"), [(Lazy, "collect"), (Dask, "compute"), (lazy_polars, "collect")]
)
def test_lazy_frames(folder, make, method):
    lazy = make()
    message = rf"`dataframe` should be a pandas.DataFrame.*Received: .*pass what its `{method}"
    with pytest.raises(TypeError, match=message):
        frame_flow(folder, lazy)
    assert frame_flow(folder, getattr(lazy, method)()).n == N


@pytest.mark.parametrize(
    "given",
    [COLUMNS, pd.DataFrame(COLUMNS)["age"], np.zeros((3, 2)), None, "labels.csv",
     pd.DataFrame(COLUMNS).groupby("class"), list(COLUMNS), pd.DataFrame],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_what_is_no_dataframe(folder, given):
    name = type(given).__name__
    with pytest.raises(TypeError, match=rf"should be a pandas\.DataFrame.*Received: {name}"):
        frame_flow(folder, given)
