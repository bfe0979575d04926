"""Lists of uneven images, sparse matrices, generators, data sets: named, or taken if possible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import batchwarp
from batchwarp import image
from keras_reference import noise

X = noise((6, 4, 5, 3), "float32")
PLAIN = batchwarp.ImageDataGenerator(rotation_range=20)
FITTED = batchwarp.ImageDataGenerator(featurewise_center=True)


class Sparse:
    """As SciPy's: a shape and a length that it refuses to tell, and no `__array__`."""

    shape = (6, 6)

    def __len__(self):
        raise TypeError("sparse array length is ambiguous; use getnnz()")

    def toarray(self):
        return np.eye(6)


class Attached:
    """As a tensor of PyTorch's with a gradient."""

    shape = X.shape

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return self

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")


class Stored:
    """As zarr's and h5py's data sets: it is cut before it is read."""

    def __init__(self, values):
        self._values = values
        self.shape = values.shape
        self.read = []

    def __len__(self):
        return len(self._values)

    def __getitem__(self, part):
        self.read.append(part)

        return self._values[part]

    def __array__(self, dtype=None, copy=None):
        return self._values


class Pieces:
    """As a `tf.data.Dataset`."""

    def __iter__(self):
        return iter(X)


def objects(values):
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array


NO_ARRAYS = {
    "None": (lambda: None, TypeError, "should be an array. Received: None"),
    "generator": (lambda: (x for x in X), TypeError, "Received: generator, which gives one piece"),
    "iterator": (lambda: iter(X), TypeError, "which gives one piece"),
    "data set": (Pieces, TypeError, "Pieces, which gives one piece.*np.stack"),
    "flow": (lambda: PLAIN.flow(X), TypeError, "NumpyArrayIterator, which gives one piece"),
    "sparse": (Sparse, TypeError, r"`\.toarray\(\)` makes an array"),
    "attached": (Attached, TypeError, "Attached cannot be converted.*requires grad"),
    "dictionary": (lambda: {"x": X}, TypeError, "should be an array. Received: dict"),
    "set": (lambda: {1, 2}, TypeError, "should be an array. Received: set"),
    "sizes": (
        lambda: [X[0], X[1, :2]],
        ValueError,
        r"arrays of one shape. Received \(4, 5, 3\) at 0 and \(2, 5, 3\) at 1",
    ),
    "objects": (
        lambda: objects([X[0], X[1, :2]]),
        ValueError,
        r"arrays of one shape. Received \(4, 5, 3\) at 0 and \(2, 5, 3\) at 1",
    ),
    "pictures": (
        lambda: [Image.new("RGB", (5, 4)), Image.new("RGB", (5, 2))],
        ValueError,
        r"arrays of one shape. Received \(4, 5, 3\) at 0 and \(2, 5, 3\) at 1",
    ),
    "nested": (
        lambda: [[[1, 2], [3]], [[1, 2], [3]], [[1], [2]]],
        ValueError,
        "should hold sequences of one length",
    ),
    "paths": (lambda: ["a.png", "b.png", "c.png"], TypeError, "dtype: <U5.*flow_from_dataframe"),
    "two paths": (lambda: ["a.png", "b.png"], TypeError, "dtype: <U5.*flow_from_dataframe"),
    "a path": (lambda: "a.png", TypeError, "dtype: <U5.*flow_from_dataframe"),
    "complex": (lambda: X.astype(complex), TypeError, "should hold real numbers.*complex128"),
    "dates": (lambda: np.zeros(X.shape, "M8[s]"), TypeError, "real numbers.*datetime64"),
    "records": (lambda: np.zeros(X.shape, [("a", "f4")]), TypeError, "real numbers"),
    "saved": (lambda: np.zeros(X.shape, "V2"), TypeError, r"\.view\(ml_dtypes.bfloat16\)"),
    "function": (lambda: print, TypeError, "should be an array"),
}


@pytest.mark.parametrize("kind", NO_ARRAYS)
def test_as_images(kind):
    make, error, message = NO_ARRAYS[kind]
    for use in (PLAIN.flow, FITTED.fit, lambda x: PLAIN.flow((x, np.arange(6)))):
        with pytest.raises(error, match=f"(?s)`x` .*{message}"):
            use(make())


@pytest.mark.parametrize(
    "kind", ["generator", "data set", "sparse", "attached", "dictionary", "set", "sizes", "nested"]
)
def test_as_what_goes_with_images(kind):
    make, error, message = NO_ARRAYS[kind]
    halves = batchwarp.ImageDataGenerator(validation_split=0.5)
    for use, name in (
        (lambda y: PLAIN.flow(X, y), "y"),
        (lambda y: halves.flow(X, y, subset="training"), "y"),
        (lambda w: PLAIN.flow(X, np.arange(6), sample_weight=w), "sample_weight"),
        (lambda other: PLAIN.flow((X, other)), r"x\[1\]"),
        (lambda other: PLAIN.flow((X, [other])), r"x\[1\]"),
    ):
        if name == r"x\[1\]" and kind in ("sizes", "nested"):
            continue  # a list there is a list of arrays
        with pytest.raises(error, match=f"(?s)`{name}` .*{message.split('. ')[-1]}"):
            use(make())


@pytest.mark.parametrize("kind", ["None", "generator", "sparse", "attached", "dictionary", "sizes"])
def test_as_one_image(kind):
    make, error, message = NO_ARRAYS[kind]
    uses = [
        lambda x: PLAIN.random_transform(x),
        lambda x: PLAIN.apply_transform(x, {"theta": 3}),
        lambda x: PLAIN.apply_transform(x, {"brightness": 0.5}),
        lambda x: image.apply_channel_shift(x, 3),
        lambda x: image.apply_brightness_shift(x, 0.5),
        lambda x: image.random_shift(x, 0.1, 0.1),
        lambda x: image.flip_axis(x, 0),
        image.array_to_img,
        image.img_to_array,
    ]
    for use in uses:
        with pytest.raises(error, match=f"(?s)`(x|img)` .*{message.split('. ')[-1]}"):
            use(make())
    if kind != "attached":
        with pytest.raises(TypeError, match="`x` should be a floating-point array"):
            batchwarp.ImageDataGenerator(rescale=0.5).standardize(make())


@pytest.mark.parametrize("kind", ["list", "list of arrays", "picture"])
def test_images_to_standardize(kind):
    picture = image.array_to_img(X[0])
    pixels = np.asarray(picture)
    x = {"list": pixels.tolist(), "list of arrays": list(pixels), "picture": picture}[kind]
    expected = pixels - np.mean(pixels, dtype=np.float64)
    result = batchwarp.ImageDataGenerator(samplewise_center=True).standardize(x)
    np.testing.assert_allclose(result, expected, atol=1e-9)
    halved = batchwarp.ImageDataGenerator(rescale=0.5).standardize(x)
    np.testing.assert_array_equal(halved, pixels * 0.5)


@pytest.mark.parametrize("x", [[X[0, ..., 0]] * n for n in (2, 3)] + [X[..., 0], X[0]])
def test_images_that_lack_an_axis(x):
    for use in (PLAIN.flow, FITTED.fit):
        with pytest.raises(ValueError, match=r"rank 4.*x\[\.\.\., np.newaxis\].*x\[np.newaxis\]"):
            use(x)


@pytest.mark.parametrize("use", [PLAIN.flow, FITTED.fit])
def test_paths_and_types(use):
    with pytest.raises(TypeError, match=r"`x` should hold real numbers.*flow_from_directory"):
        use([Path("a.png"), Path("b.png")])
    with pytest.raises(TypeError, match=r"`x` should be an array\. Received: type$"):
        use(np.ndarray)


def test_arrays_of_objects_that_are_images():
    expected = next(PLAIN.flow(X, seed=1))
    for x in (objects(list(X)), pd.Series(list(X)), X.astype(object)):
        np.testing.assert_array_equal(next(PLAIN.flow(x, seed=1)), expected)
    _, y = next(PLAIN.flow(X, pd.Series(list(X[:, 0, 0])), shuffle=False))
    np.testing.assert_array_equal(y, X[:, 0, 0])
    uneven = objects([np.zeros(number) for number in range(6)])  # boxes, for example
    _, y = next(PLAIN.flow(X, uneven, shuffle=False))
    assert [len(boxes) for boxes in y] == [0, 1, 2, 3, 4, 5]


def test_arrays_in_files_are_cut_before_they_are_read():
    stored = Stored(X)
    halves = batchwarp.ImageDataGenerator(validation_split=0.5)
    flow = halves.flow(stored, Stored(np.arange(6)), subset="training", ignore_class_split=True)
    assert stored.read == [slice(3, None)]
    np.testing.assert_array_equal(flow.x, X[3:])
    np.testing.assert_array_equal(flow.y, [3, 4, 5])


def test_a_byte_order_that_is_spelled_out():
    """The dtype is the native one, and says so in another way than NumPy does; as zarr's."""
    spelled = np.dtype("float32").newbyteorder("<" if np.little_endian else ">")
    x = np.empty(X.shape, spelled)
    x[...] = X
    np.testing.assert_array_equal(next(PLAIN.flow(x, seed=1)), next(PLAIN.flow(X, seed=1)))
    np.testing.assert_array_equal(
        PLAIN.apply_transform(x[0], {"theta": 9}), PLAIN.apply_transform(X[0], {"theta": 9})
    )
    FITTED.fit(x)


def test_masked_arrays_are_used_as_they_are():
    masked = np.ma.masked_less(X, 100)
    with pytest.warns(UserWarning, match="`x` is a masked array; what is under the mask is used"):
        flow = PLAIN.flow(masked, seed=1)
    np.testing.assert_array_equal(next(flow), next(PLAIN.flow(X, seed=1)))
    PLAIN.flow(np.ma.array(X))


def test_objects_that_are_no_numbers():
    x = objects([1, "a"]).reshape(1, 1, 2, 1)
    for use in (PLAIN.flow, FITTED.fit, lambda x: image.apply_channel_shift(x[0], 1)):
        with pytest.raises(TypeError, match="`x` should hold real numbers: could not convert"):
            use(x)


def test_an_axis_that_there_is_not():
    with pytest.raises(ValueError, match=r"`x` of shape \(4, 5, 3\) has no axis `axis` = 3"):
        image.flip_axis(X[0], 3)
    for shape in (4, (), None):
        with pytest.raises(ValueError, match="`img_shape` should be a tuple of three integers"):
            PLAIN.get_random_transform(shape)


@pytest.mark.parametrize(
    "y",
    [np.linspace(0, 1, 6), X[..., :1], X.astype("uint8"), np.linspace(0, 1, 12).reshape(6, 2)],
    ids=["numbers", "masks", "pictures", "points"],
)
def test_targets_that_are_no_classes(y):
    halves = batchwarp.ImageDataGenerator(validation_split=0.5)
    for subset in ("training", "validation"):
        with pytest.raises(ValueError, match="no classes: pass `ignore_class_split=True`"):
            halves.flow(X, y, subset=subset)
        assert halves.flow(X, y, subset=subset, ignore_class_split=True).n == 3


@pytest.mark.parametrize("y", [["a", None] * 3, [1, 2, 3, 4, 5, 6], list("aaabbb")], ids=repr)
def test_classes_that_differ(y):
    halves = batchwarp.ImageDataGenerator(validation_split=0.5)
    with pytest.raises(ValueError, match="`ignore_class_split=True`"):
        halves.flow(X, objects(y) if None in y else y, subset="training")


@pytest.mark.parametrize("rescale", [np.array([1 / 255]), np.array(1 / 255), [1 / 255]], ids=repr)
def test_an_array_of_one_number_to_rescale_with(rescale):
    made = batchwarp.ImageDataGenerator(rescale=rescale, featurewise_center=True)
    plain = batchwarp.ImageDataGenerator(rescale=1 / 255, featurewise_center=True)
    for one in (made, plain):
        one.fit(X)
    np.testing.assert_allclose(made.mean, plain.mean, rtol=1e-6)
    np.testing.assert_allclose(next(made.flow(X, seed=1)), next(plain.flow(X, seed=1)), atol=1e-6)
    np.testing.assert_allclose(made.standardize(X.copy()), plain.standardize(X.copy()), atol=1e-6)
    again = batchwarp.ImageDataGenerator.from_config(made.get_config())
    np.testing.assert_array_equal(next(again.flow(X, seed=1)), next(made.flow(X, seed=1)))


@pytest.mark.parametrize("rescale", [np.ones(2), [1, 2, 3], "", (), np.ones(0)], ids=repr)
def test_what_cannot_rescale(rescale):
    with pytest.raises(ValueError, match=r"`rescale` should be a finite number"):
        batchwarp.ImageDataGenerator(rescale=rescale)
