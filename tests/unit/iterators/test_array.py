"""Whatever comes in as images: the right batches or an error that says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import image
from keras_reference import noise

AUGMENT = {"rotation_range": 25, "width_shift_range": 0.1, "zoom_range": 0.2}


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (noise((5, 4, 3)), r"should have rank 4.*\(5, 4, 3\)"),
        (noise((2, 5, 4, 3, 1)), r"should have rank 4.*\(2, 5, 4, 3, 1\)"),
        (np.float32(3), r"should have rank 4.*\(\)"),
        (noise((2, 0, 4, 3)), r"at least one pixel and channel.*\(2, 0, 4, 3\)"),
        (noise((2, 4, 0, 3)), r"at least one pixel and channel.*\(2, 4, 0, 3\)"),
        (noise((2, 4, 4, 0)), r"at least one pixel and channel.*\(2, 4, 4, 0\)"),
        ([], r"should have rank 4.*\(0,\)"),
        ((noise((2, 4, 4, 1)),), "a pair `\\(images, others\\)`.*tuple of length 1"),
        ((noise((2, 4, 4, 1)), [1, 2], [1, 2]), "a pair.*tuple of length 3"),
        (
            (noise((2, 4, 4, 1)), [1, 2]),
            r"list of arrays. Received a list with.*array\(1\)",
        ),
        ((noise((2, 4, 4, 1)), [[1, 2, 3]]), r"same length.*len\(x\[0\]\) = 2, len\(x\[\?\]\) = 3"),
        (np.array([["a"]]), None),
        (np.zeros((2, 4, 4, 1), complex), None),
        (np.zeros((2, 4, 4, 1), "datetime64[s]"), None),
    ],
)
def test_images_of_a_flow(x, message):
    generator = batchwarp.ImageDataGenerator()
    if message is None:
        with pytest.raises(TypeError, match=r"should hold real numbers\. Received dtype"):
            generator.flow(x)
    else:
        with pytest.raises(ValueError, match=message):
            generator.flow(x)


X = noise((6, 4, 5, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [1, 2]}, r"`y` \(labels\) should have the same length. Found: x.shape = "),
        ({"sample_weight": [1, 2]}, "`sample_weight` should have the same length. Found: x.shape"),
        ({"batch_size": 0}, "`batch_size` should be an integer of at least 1. Received: 0"),
        ({"batch_size": -3}, "`batch_size` should be an integer of at least 1. Received: -3"),
        ({"batch_size": 2.0}, "`batch_size` should be an integer of at least 1. Received: 2.0"),
        ({"batch_size": None}, "`batch_size` should be an integer of at least 1. Received: None"),
        ({"seed": -1}, "`seed` should be an integer from 0"),
        ({"seed": 2**32}, "`seed` should be an integer from 0"),
        ({"seed": 1.5}, "`seed` should be an integer from 0"),
        ({"seed": "a"}, "`seed` should be an integer from 0"),
        ({"subset": "test"}, 'Invalid subset name: test; expected "training" or "validation"'),
    ],
)
def test_arguments_of_a_flow(arguments, message):
    with pytest.raises(ValueError, match=message):
        batchwarp.ImageDataGenerator().flow(X, **arguments)


def test_arguments_of_an_iterator():
    generator = batchwarp.ImageDataGenerator()
    with pytest.raises(ValueError, match="`data_format` should be"):
        batchwarp.NumpyArrayIterator(X, None, generator, data_format="rows_first")
    with pytest.raises(ValueError, match="`dtype` should be"):
        batchwarp.NumpyArrayIterator(X, None, generator, dtype="float31")
    with pytest.raises(ValueError, match="`n` should be an integer of at least 0"):
        image.Iterator(-1, 1, False, None)


def test_no_images_at_all():
    """As in Keras: a flow of nothing has length 0 and gives empty batches."""
    flow = batchwarp.ImageDataGenerator(**AUGMENT).flow(X[:0], np.zeros(0), seed=1)
    assert len(flow) == 0
    x, y = next(flow)
    assert x.shape == (0, 4, 5, 3)
    assert y.shape == (0,)
    with pytest.raises(ValueError, match="has length 0"):
        flow[0]


def same_flow(x, like=X, **arguments):
    """Asserts that images give the same batches as `like`, and returns their iterator."""
    generator = batchwarp.ImageDataGenerator(**{**AUGMENT, **arguments})
    flow, expected = generator.flow(x, seed=3), generator.flow(like, seed=3)
    for _ in range(2):
        np.testing.assert_array_equal(next(flow), next(expected))
    return flow


def test_arrays_of_any_strides_are_not_copied():
    wide = np.repeat(np.repeat(X, 2, axis=1), 3, axis=3)
    strided = wide[:, ::2, :, ::3]
    assert np.shares_memory(same_flow(strided).x, wide)
    reverse = np.ascontiguousarray(X[::-1, :, ::-1])
    assert np.shares_memory(same_flow(reverse[::-1, :, ::-1]).x, reverse)
    fortran = np.asfortranarray(X)
    assert np.shares_memory(same_flow(fortran).x, fortran)
    repeated = np.broadcast_to(X[:1], X.shape)
    assert same_flow(repeated, X[[0] * 6]).x.strides[0] == 0


def test_read_only_arrays():
    x = X.copy()
    x.flags.writeable = False
    assert np.shares_memory(same_flow(x).x, x)


def test_memory_maps_stay_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    flow = same_flow(x)
    assert isinstance(x, np.memmap)
    assert np.shares_memory(flow.x, x)
    part = batchwarp.ImageDataGenerator(validation_split=0.5).flow(x, subset="training")
    assert np.shares_memory(part.x, x)


def test_the_data_are_not_written_to():
    for dtype in ("uint8", "float32"):
        x = X.astype(dtype)
        before = x.copy()
        generator = batchwarp.ImageDataGenerator(
            samplewise_center=True, rescale=0.5, preprocessing_function=lambda image: image.fill(0)
        )
        with pytest.raises(ValueError, match="NoneType"):
            next(generator.flow(x))
        generator.preprocessing_function = None
        next(generator.flow(x))
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", ">u2", ">f4", "longdouble"])
def test_other_dtypes_are_converted_once(dtype):
    x = (X % 100).astype(dtype)
    flow = same_flow(x, (X % 100 > 0).astype("f4") if dtype == "bool" else (X % 100).astype("f4"))
    assert flow.x.dtype == np.float32


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
def test_these_dtypes_are_kept(dtype):
    flow = same_flow(X.astype(dtype), X.astype("float32"))
    assert flow.x.dtype == dtype


def test_lists():
    same_flow(list(X.astype("float32")), X.astype("float32"))
    same_flow(X.tolist(), X.astype("float32"))
    flow = batchwarp.ImageDataGenerator().flow((X.tolist(), np.arange(6)), seed=1)
    images, numbers = next(flow)
    np.testing.assert_array_equal(images, X[numbers])
    with pytest.raises(ValueError, match=r"`x` should hold arrays of one shape"):
        batchwarp.ImageDataGenerator().flow([X[0], X[0, :2]])


def test_objects_that_are_arrays():
    class Wrapped:
        def __init__(self, values):
            self.values = values

        def __len__(self):
            return len(self.values)

        def __getitem__(self, index):
            return Wrapped(self.values[index])

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.values, dtype)

    same_flow(Wrapped(X))
