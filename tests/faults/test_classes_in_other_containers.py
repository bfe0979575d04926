"""`classes`, `formats` and `y_col` as what other libraries give: arrays, columns, keys."""

from __future__ import annotations

import numpy as np
import pytest

from image_files import flow, frame_flow, save_numbered

pd = pytest.importorskip("pandas", reason="dataframes are pandas'")


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "array of objects": lambda names: np.array(names, object),
    "list of NumPy's strings": lambda names: list(np.array(names)),
    "Series": lambda names: pd.Series(names, index=[5, 3][: len(names)]),
    "Index": pd.Index,
    "Categorical": lambda names: pd.Categorical(names),
    "dictionary": lambda names: {name: number for number, name in enumerate(names)},
    "keys": lambda names: dict.fromkeys(names).keys(),
    "generator": lambda names: (name for name in names),
    "map": lambda names: map(str, names),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_classes(numbered, kind):
    make = CONTAINERS[kind]
    frame = pd.DataFrame(
        {"filename": [f"{'ab'[i % 2]}/{i}.png" for i in range(10)], "class": ["a", "b"] * 5}
    )
    for names in (["b", "a"], ["b"]):
        indices = {name: number for number, name in enumerate(names)}
        for found in (
            flow(numbered, classes=make(names)),
            frame_flow(numbered, frame, classes=make(names)),
            frame_flow(numbered, frame, classes=make(names), class_mode="sparse"),
        ):
            assert found.class_indices == indices
            assert all(type(name) is str for name in found.class_indices)
            assert found.n == 5 * len(names)
    binary = frame_flow(numbered, frame, classes=make(["b", "a"]), class_mode="binary")
    assert next(binary)[1].tolist() == [1, 0] * 5
    with pytest.warns(UserWarning, match="`classes` will be ignored"):
        frame_flow(numbered, frame, classes=make(["b"]), class_mode="input")


def test_a_set_is_sorted(numbered):
    for kind in (set, frozenset):
        assert flow(numbered, classes=kind("ba")).class_indices == {"a": 0, "b": 1}


def test_integers(numbered):
    frame = pd.DataFrame({"filename": ["a/0.png", "b/1.png", "a/2.png"], "class": [3, 7, 5]})
    for classes in (np.array([7, 3]), pd.Series([7, 3]), [np.int64(7), 3], {7: 0, 3: 1}.keys()):
        found = frame_flow(numbered, frame, classes=classes, integer_classes=True)
        assert list(found.class_indices.items()) == [(7, 0), (3, 1)]
        assert all(type(name) is int for name in found.class_indices)
        assert found.n == 2


def test_none_at_all(numbered):
    frame = pd.DataFrame({"filename": ["a/0.png", "b/1.png"], "class": ["a", "b"]})
    for classes in (np.array([]), pd.Series([], dtype=object), [], {}.keys(), None):
        assert flow(numbered, classes=classes).class_indices == {"a": 0, "b": 1}
        assert frame_flow(numbered, frame, classes=classes).class_indices == {"a": 0, "b": 1}
        frame_flow(numbered, frame, classes=classes, class_mode="input")


@pytest.mark.parametrize(
    "classes",
    ["ab", b"ab", 2, 2.0, True, [0, 1], ["a", None], ["a", np.nan], [["a"]], np.array([["a"]]),
     np.array("ab"), range(2), [True], pd.DataFrame({"a": [1]}), {"a", 1}],
    ids=lambda classes: type(classes).__name__,
)  # fmt: skip
def test_what_are_no_classes(numbered, classes):
    frame = pd.DataFrame({"filename": ["a/0.png", "b/1.png"], "class": ["a", "b"]})
    with pytest.raises(ValueError, match=r"`classes` should be a sequence.*Received"):
        flow(numbered, classes=classes)
    with pytest.raises(ValueError, match=r"`classes` should be a sequence.*Received"):
        frame_flow(numbered, frame, classes=classes)


@pytest.mark.parametrize("kind", [name for name in CONTAINERS if name != "dictionary"])
def test_formats(numbered, kind):
    (numbered / "a" / "0.png").rename(numbered / "a" / "0.gif")
    assert flow(numbered, formats=CONTAINERS[kind](["gif", "png"])).n == 10
    assert flow(numbered, formats=CONTAINERS[kind](["gif"])).filenames == ["a/0.gif"]


@pytest.mark.parametrize("formats", [5, True, b"png", [None], np.array("png")])
def test_what_are_no_formats(numbered, formats):
    with pytest.raises(ValueError, match=r"`formats` should be a sequence.*Received"):
        flow(numbered, formats=formats)
