"""`flow_from_dataframe` gives Keras' rows, labels, weights, pixels, messages and errors."""

from __future__ import annotations

import itertools
import os
import warnings

import numpy as np
import pytest

import batchwarp
from image_files import KINDS, picture, save
from keras_reference import assert_same, assert_same_batches, keras_image, pair, take

pd = pytest.importorskip("pandas", reason="dataframes are pandas'")

COLOR_MODES = ("rgb", "rgba", "grayscale")
CLASS_MODES = ("categorical", "binary", "sparse", "input", "multi_output", "raw", None)
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
SUBSETS = (None, "training", "validation")
ATTRIBUTES = """
    filenames filepaths samples n labels image_shape batch_size target_size color_mode class_mode
    data_format save_to_dir save_prefix save_format split subset interpolation keep_aspect_ratio
    dtype directory seed shuffle batch_index total_batches_seen index_array sample_weight
    allowed_class_modes white_list_formats
    """


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    for number, kind in enumerate(KINDS):
        save(root / f"{number:02}", kind, picture(17 + number, 23 - number, number))
    save(root / "below" / "space ünïcode 猫", "jpeg")
    picture().save(root / "moving.gif")
    (root / "notes.txt").write_text("no image")
    return root


@pytest.fixture(scope="module")
def frame(folder):
    """A dataframe in no order, with an index of its own and a column of each kind of label."""
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.*")
        if path.suffix.lower() not in (".gif", ".txt")
    )
    random = np.random.RandomState(0)
    random.shuffle(names)
    count = len(names)
    tags = [list("abc"[: 1 + number % 3]) for number in range(count)]
    return pd.DataFrame(
        {
            "filename": names,
            "class": ["cat" if number % 3 else "dog" for number in range(count)],
            "tags": [tuple(tag) if number % 2 else tag for number, tag in enumerate(tags)],
            "age": random.random_sample(count),
            "box": [random.randint(0, 9, 4).tolist() for _ in range(count)],
            "weight": np.arange(count) / 4,
            "count": np.arange(count),
        },
        index=np.arange(count)[::-1] * 10,
    )


Y_COL = {"multi_output": ["age", "box"], "raw": "age"}


def flows(frame, folder=None, generator=None, **arguments):
    made = pair(**(generator or {}))
    return [
        g.flow_from_dataframe(frame, folder, **{"target_size": (8, 9), **arguments}) for g in made
    ]


def assert_same_attributes(ours, theirs):
    for name in (*ATTRIBUTES.split(), "classes", "class_indices"):
        assert hasattr(ours, name) == hasattr(theirs, name), name
        if not hasattr(theirs, name):
            continue
        a, b = getattr(ours, name), getattr(theirs, name)
        assert type(a) is type(b), name
        np.testing.assert_equal(a, b, err_msg=name)
        assert getattr(a, "dtype", None) == getattr(b, "dtype", None), name
    if hasattr(theirs, "class_indices"):
        assert list(ours.class_indices.items()) == list(theirs.class_indices.items())
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("class_mode", CLASS_MODES)
@pytest.mark.parametrize("color_mode", COLOR_MODES)
def test_modes_interpolations_and_subsets(frame, folder, class_mode, color_mode):
    """Two interpolations each; all with all are compared for directories, by the same code."""
    first = CLASS_MODES.index(class_mode) + COLOR_MODES.index(color_mode)
    methods = [INTERPOLATIONS[first % 6], INTERPOLATIONS[(first + 3) % 6]]
    for interpolation, subset in itertools.product(methods, SUBSETS):
        iterators = flows(
            frame,
            folder,
            {"validation_split": 0.4},
            y_col=Y_COL.get(class_mode, "class"),
            weight_col="weight" if subset == "training" else None,
            class_mode=class_mode,
            color_mode=color_mode,
            interpolation=interpolation,
            subset=subset,
            batch_size=7,
            seed=3,
        )
        assert_same_attributes(*iterators)
        assert iterators[0].n
        assert_same_batches(iterators, len(iterators[0]), exact=True)


@pytest.mark.parametrize("class_mode", CLASS_MODES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_augmentation(frame, folder, class_mode, data_format, dtype):
    generator = {
        "rotation_range": 20,
        "zoom_range": 0.2,
        "horizontal_flip": True,
        "rescale": 1 / 255,
        "data_format": data_format,
        "dtype": dtype,
    }
    for seed, shuffle in itertools.product((None, 6), (False, True)):
        iterators = flows(
            frame,
            folder,
            generator,
            y_col=Y_COL.get(class_mode, "class"),
            class_mode=class_mode,
            batch_size=8,
            seed=seed,
            shuffle=shuffle,
        )
        assert_same_batches(iterators, 4)
        assert_same_attributes(*iterators)


def labelled(folder, labels, name="class"):
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    return pd.DataFrame({"filename": names[: len(labels)], name: labels})


@pytest.mark.parametrize(
    "classes", [None, ["c", "a"], ["a", "b", "c", "a"], ("z", "b"), []], ids=repr
)
@pytest.mark.parametrize("subset", SUBSETS)
def test_samples_of_several_classes(frame, folder, classes, subset):
    iterators = flows(
        frame,
        folder,
        {"validation_split": 0.3},
        y_col="tags",
        classes=classes,
        subset=subset,
        shuffle=False,
    )
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 2, exact=True)


@pytest.mark.parametrize(
    ("labels", "class_mode", "classes"),
    [
        (["a", "b", "c", "a"], "sparse", ["c", "a"]),
        (["a", "b", "c", "a"], "binary", ["b", "a"]),
        (["a", "b", "c", "a"], "categorical", ["nowhere"]),
        (["b", ["a"], ("a", "b"), []], "categorical", None),
        (["b", ["a"], ("a", "b"), []], "categorical", ["b"]),
        (["é", "z", "Z", ""], "sparse", None),
    ],
)
def test_labels(folder, labels, class_mode, classes):
    frame = labelled(folder, labels)
    iterators = flows(frame, folder, class_mode=class_mode, classes=classes, shuffle=False)
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 1, exact=True)


@pytest.mark.parametrize(
    "y_col", ["age", ["age"], ["age", "count"], ["count"], "class", ["class", "age"], "box"]
)
def test_raw_values(frame, folder, y_col):
    iterators = flows(frame, folder, y_col=y_col, class_mode="raw", seed=1, batch_size=5)
    for ours, theirs in zip(*(take(iterator, 4) for iterator in iterators), strict=True):
        assert_same(ours[0], theirs[0], exact=True)
        assert isinstance(ours[1], np.ndarray)
        if y_col == "box":  # Keras gives an array of lists
            assert ours[1].dtype == np.int64
        elif isinstance(theirs[1], np.ndarray):  # and not an array of pandas' own
            assert ours[1].dtype == theirs[1].dtype
        assert ours[1].tolist() == theirs[1].tolist()


@pytest.mark.parametrize("y_col", [["age"], ["age", "class"], ["count", "box", "tags"], []])
def test_several_outputs(frame, folder, y_col):
    frame = frame[frame["tags"].map(len) == 2]
    iterators = flows(frame, folder, y_col=y_col, class_mode="multi_output", seed=1, batch_size=5)
    assert_same_batches(iterators, 3, exact=True)


@pytest.mark.parametrize("class_mode", CLASS_MODES)
@pytest.mark.parametrize("weight_col", ["weight", "count"])
def test_weights(frame, folder, class_mode, weight_col):
    y_col = Y_COL.get(class_mode, "class")
    arguments = {"class_mode": class_mode, "y_col": y_col, "weight_col": weight_col}
    iterators = flows(frame, folder, {"validation_split": 0.5}, subset="training", **arguments)
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 2, exact=True)


def test_paths(frame, folder, monkeypatch):
    monkeypatch.chdir(folder)
    absolute = frame.assign(filename=[str(folder / name) for name in frame["filename"]])
    for given, directory in (
        (frame, str(folder) + os.sep),
        (frame, None),
        (frame, ""),
        (absolute, None),
        (absolute, folder / "below"),
    ):
        iterators = flows(given, directory, shuffle=False)
        assert iterators[0].n == len(frame)
        assert_same_attributes(*iterators)
        assert_same_batches(iterators, 1, exact=True)


@pytest.mark.parametrize("class_mode", ["categorical", "raw", None])
def test_no_row_at_all(frame, folder, class_mode):
    """Where file names are validated, Keras asks pandas for a column that is gone by then."""
    arguments = {"y_col": Y_COL.get(class_mode, "class"), "class_mode": class_mode}
    iterators = flows(frame[:0], folder, validate_filenames=False, **arguments)
    assert_same_attributes(*iterators)
    assert len(iterators[0]) == 0
    assert_same_batches(iterators, 1, exact=True)
    generator = batchwarp.ImageDataGenerator()
    assert generator.flow_from_dataframe(frame[:0], folder, **arguments).n == 0


def messages(make, capsys):
    """Returns what is printed and warned of while an iterator is made."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        iterator = make()
    return iterator, (capsys.readouterr().out, [(w.category, str(w.message)) for w in caught])


@pytest.mark.parametrize("class_mode", ["sparse", None])
@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize("classes", [None, ["cat"]])
def test_messages_about_files(frame, folder, capsys, class_mode, validate, classes):
    invalid = ["moving.gif", "notes.txt", "missing.png", "below", "", "00.jpg/"]
    rows = [*frame["filename"][:4], *invalid]
    given = pd.DataFrame({"filename": rows, "class": ["cat", "dog"] * (len(rows) // 2)})
    (ours, said), (theirs, expected) = (
        messages(
            lambda g=g: g.flow_from_dataframe(
                given,
                folder,
                class_mode=class_mode,
                validate_filenames=validate,
                classes=classes,
                target_size=(8, 9),
            ),
            capsys,
        )
        for g in pair()
    )
    assert said == expected
    assert "validated image filenames" in said[0]
    assert_same_attributes(ours, theirs)


@pytest.mark.parametrize(
    "arguments",
    [{"has_ext": True}, {"sort": 1}, {"drop_duplicates": False}, {"class_mode": "other"}],
)
def test_old_options(frame, folder, capsys, arguments):
    (ours, said), (_, expected) = (
        messages(
            lambda g=g: g.flow_from_dataframe(
                frame, folder, **{"y_col": "age", "class_mode": "raw", **arguments}
            ),
            capsys,
        )
        for g in pair()
    )
    assert said == expected
    assert said[1][0][0] is DeprecationWarning
    assert ours.class_mode == "raw"


def test_an_unknown_option(frame, folder):
    """Keras says nothing."""
    ours, theirs = pair()
    with pytest.warns(UserWarning, match="ignores the unknown arguments: shufle, whatever"):
        ours.flow_from_dataframe(frame, folder, shufle=False, whatever=1)
    theirs.flow_from_dataframe(frame, folder, shufle=False, whatever=1)


BAD = [
    ({"class_mode": "other one"}, ValueError),
    ({"class_mode": "multi_output", "y_col": "age"}, TypeError),
    ({"x_col": "age"}, TypeError),
    ({"class_mode": "sparse", "y_col": "count"}, TypeError),
    ({"class_mode": "binary", "y_col": "count"}, TypeError),
    ({"class_mode": "sparse", "y_col": "tags"}, TypeError),
    ({"class_mode": "categorical", "y_col": "age"}, TypeError),
    ({"class_mode": "binary", "classes": ["cat"]}, ValueError),
    ({"class_mode": "binary", "y_col": "filename"}, ValueError),
    ({"weight_col": "class"}, TypeError),
    ({"weight_col": "nowhere"}, KeyError),
    ({"x_col": "nowhere"}, KeyError),
    ({"y_col": "nowhere"}, KeyError),
    ({"subset": "test"}, ValueError),
    ({"color_mode": "cmyk"}, ValueError),
]


@pytest.mark.parametrize(("arguments", "error"), BAD)
def test_errors(frame, folder, arguments, error):
    """The same types, and Keras' words; where ours says more, or lists a set, its beginning."""
    texts = []
    for generator in pair():
        with pytest.raises(error) as caught:
            generator.flow_from_dataframe(frame, folder, **arguments)
        assert caught.type is error
        texts.append(str(caught.value.args[0]))
    ours, theirs = texts
    assert ours.startswith(theirs.split("{")[0].split(", or ")[0]) or "is no column" in ours


def test_classes_that_are_not_needed(frame, folder, capsys):
    (_, said), (_, expected) = (
        messages(
            lambda g=g: g.flow_from_dataframe(
                frame, folder, class_mode="input", classes=["cat"], shuffle=False
            ),
            capsys,
        )
        for g in pair()
    )
    assert said == expected
    assert said[1][0][1].startswith("`classes` will be ignored")


def test_the_aspect_ratio(frame, folder):
    """Keras' generator does not know the argument here, its iterator does."""
    ours, theirs = pair()
    arguments = {"target_size": (8, 30), "keep_aspect_ratio": True, "shuffle": False}
    iterators = [
        ours.flow_from_dataframe(frame, folder, **arguments),
        keras_image().DataFrameIterator(frame, folder, theirs, **arguments),
    ]
    assert_same_batches(iterators, 1, exact=True)


@pytest.mark.parametrize("with_generator", [False, True])
def test_the_iterator_itself(frame, folder, with_generator):
    """Every argument by its place, and Keras' defaults."""
    values = (
        "filename", "class", "weight", (8, 9), "rgba", ["dog", "cat"], "binary", 5, True, 7,
        "channels_first", None, "p", "bmp", "training", "box", True, "float64", False,
    )  # fmt: skip
    if not with_generator:
        values = (*values[:14], None, *values[15:])
    iterators = []
    for module, generator in zip((batchwarp.image, keras_image()), pair(), strict=True):
        generator = generator if with_generator else None
        iterators.append(module.DataFrameIterator(frame, str(folder), generator, *values))
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 5, exact=True)
    iterators = [
        module.DataFrameIterator(frame, folder) for module in (batchwarp.image, keras_image())
    ]
    assert_same_attributes(*iterators)
    np.random.seed(1)
    assert_same_batches(iterators, 1, exact=True)


def test_the_dataframe_is_left_alone(frame, folder):
    before = frame.copy(deep=True)
    flow = batchwarp.ImageDataGenerator().flow_from_dataframe(
        frame, folder, y_col="tags", classes=["a"], target_size=(8, 9)
    )
    pd.testing.assert_frame_equal(frame, before)
    assert not any(value is frame for value in vars(flow).values())


class OwnIterator:
    @property
    def labels(self):
        return np.asarray(self._targets)[:, None] * [1, 2]

    @property
    def sample_weight(self):
        return np.ones(self.n)


def test_a_subclassed_iterator(frame, folder):
    iterators = []
    for module in (batchwarp.image, keras_image()):
        cls = type("Own", (OwnIterator, module.DataFrameIterator), {})
        iterators.append(
            cls(frame, folder, y_col="age", class_mode="raw", target_size=(8, 9), seed=4)
        )
    assert_same_batches(iterators, 2, exact=True)


@pytest.mark.parametrize("class_mode", CLASS_MODES)
def test_prefetch_and_tf_data_sets(frame, folder, class_mode):
    pytest.importorskip("tensorflow")
    generator = batchwarp.ImageDataGenerator(rotation_range=20)
    arguments = {
        "y_col": {**Y_COL, "multi_output": ["age", "count"]}.get(class_mode, "class"),
        "class_mode": class_mode,
        "target_size": (8, 9),
        "batch_size": 5,
        "seed": 1,
        "weight_col": "weight",
    }
    plain, ahead, other = (
        generator.flow_from_dataframe(frame, folder, **arguments, prefetch=n) for n in (0, 2, 0)
    )
    expected = take(plain, 4)
    for batch, wanted in zip(take(ahead, 4), expected, strict=True):
        assert_same(batch, wanted, exact=True)
    for batch, wanted in zip(other.to_tf_dataset(), expected, strict=True):
        arrays = batch if class_mode is not None else (batch,)
        wanted = wanted if class_mode is not None else (wanted,)
        for a, b in zip(arrays, wanted, strict=True):
            assert np.all(np.equal([np.asarray(x) for x in a] if isinstance(b, list) else a, b))
