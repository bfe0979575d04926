"""Order, labels, attributes and every argument of `flow` are those of Keras."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from keras_reference import (
    assert_close,
    assert_same,
    assert_same_batches,
    keras_image,
    noise,
    pair,
    quiet,
    take,
)

AUGMENT = {"rotation_range": 25, "width_shift_range": 0.1, "zoom_range": 0.2, "vertical_flip": True}


def flows(x, y=None, generator=None, **arguments):
    return [
        g.flow(x, y, **arguments) for g in pair(**(AUGMENT if generator is None else generator))
    ]


ORDER = {
    "shuffle": [False, True],
    "seed": [None, 0, 12345],
    "batch_size": [1, 4, 5, 10, 11, 100],
}


@pytest.mark.parametrize("shuffle", ORDER["shuffle"])
@pytest.mark.parametrize("seed", ORDER["seed"])
@pytest.mark.parametrize("batch_size", ORDER["batch_size"])
def test_order(shuffle, seed, batch_size):
    x, y = noise((10, 6, 7, 1)), np.arange(10)
    iterators = flows(x, y, shuffle=shuffle, seed=seed, batch_size=batch_size)
    results = []
    for iterator in iterators:
        np.random.seed(7)
        seen = []
        for _ in range(2 * len(iterator) + 1):
            with quiet():
                images, labels = next(iterator)
            attributes = (iterator.batch_index, iterator.total_batches_seen, iterator.n)
            seen.append((images, labels, iterator.index_array.copy(), attributes))
        results.append(seen)
    for ours, theirs in zip(*results, strict=True):
        assert_same(ours[:2], theirs[:2])
        np.testing.assert_array_equal(ours[2], theirs[2])
        assert ours[3] == theirs[3]


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("shuffle", [False, True])
def test_indexing_epochs_and_reset(seed, shuffle):
    """The calls that Keras makes while training, and some that users make, in one sequence."""
    x, y = noise((11, 6, 7, 3)), np.arange(11)
    results = []
    for iterator in flows(x, y, shuffle=shuffle, seed=seed, batch_size=4):
        np.random.seed(8)
        seen = []
        with quiet():
            seen += [iterator[0], iterator[1], iterator[0], iterator[2]]
            iterator.on_epoch_end()
            seen += [iterator[i] for i in range(len(iterator))]
            iterator.on_epoch_end()
            iterator.on_epoch_end()
            seen += [iterator[2], next(iterator), next(iterator)]
            iterator.reset()
            seen += [next(iterator), iterator[1]]
            iterator.batch_index = 2
            seen += [next(iterator), next(iterator)]
        results.append(seen)
    for ours, theirs in zip(*results, strict=True):
        assert_same(ours, theirs)


def test_a_position_set_before_the_first_batch():
    """The first `next` starts a pass, whatever has been set before."""
    results = []
    for iterator in flows(noise((9, 6, 7, 3)), shuffle=False, seed=3, batch_size=4):
        iterator.batch_index = 2
        results.append(take(iterator, 4))
    for ours, theirs in zip(*results, strict=True):
        assert_same(ours, theirs)


@pytest.mark.parametrize("seed", [None, 3])
def test_the_index_generator_under_the_lock(seed):
    """Old tutorials call the parts of `next` themselves."""
    results = []
    for iterator in flows(noise((9, 6, 7, 3)), shuffle=True, seed=seed, batch_size=4):
        np.random.seed(8)
        seen = []
        for _ in range(4):
            with iterator.lock:
                indices = next(iterator.index_generator)
            with quiet():
                seen.append(iterator._get_batches_of_transformed_samples(indices))
        results.append(seen)
    for ours, theirs in zip(*results, strict=True):
        assert_same(ours, theirs)


def test_an_index_out_of_range():
    for iterator in flows(noise((9, 6, 7, 3)), batch_size=4):
        with pytest.raises(ValueError, match=r"Asked to retrieve element 3.*has length 3"):
            iterator[3]


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_structure(others, labelled, weighted):
    x = noise((7, 6, 5, 3))
    extra = [np.arange(7) * 10, np.arange(14).reshape(7, 2)][:others]
    y = np.arange(7) if labelled else None
    weights = np.linspace(0, 1, 7) if weighted else None
    iterators = flows((x, extra if others == 2 else extra[0]), y, sample_weight=weights, seed=2)
    assert_same_batches(iterators, 2)
    assert_same_batches(flows([x, extra], y, sample_weight=weights, seed=2, batch_size=3), 4)


@pytest.mark.parametrize(
    "labels",
    [list(range(7)), np.eye(7), np.array(list("abcdefg")), np.arange(7, dtype="uint8")],
    ids=["list", "matrix", "strings", "uint8"],
)
def test_labels(labels):
    assert_same_batches(flows(noise((7, 6, 5, 3)), labels, batch_size=3), 3)


@pytest.mark.parametrize("subset", ["training", "validation"])
@pytest.mark.parametrize("split", [0.1, 0.3, 0.5, 0.99])
def test_subset(subset, split):
    x, y = noise((20, 6, 5, 3)), np.arange(20) % 2
    generator = {**AUGMENT, "validation_split": split}
    iterators = flows(
        (x, np.arange(20)), y, generator, subset=subset, ignore_class_split=True, batch_size=4
    )
    assert iterators[0].n == iterators[1].n
    if iterators[0].n:
        assert_same_batches(iterators, len(iterators[0]) + 1)


def test_sample_weights_are_not_split():
    """A quirk of Keras: the training subset gets the weights of the first images."""
    x, y = noise((10, 4, 4, 1)), np.zeros(10)
    generator = {"validation_split": 0.4}
    iterators = flows(
        x, y, generator, subset="training", sample_weight=np.arange(10), shuffle=False
    )
    assert_same_batches(iterators, 1)
    assert next(iterators[0])[2].tolist() == [0, 1, 2, 3, 4, 5]


def test_subsets_with_different_classes():
    y = np.arange(10) // 5
    for generator in pair(validation_split=0.5):
        with pytest.raises(ValueError, match="different number of classes after"):
            generator.flow(noise((10, 4, 4, 1)), y, subset="training")
        generator.flow(noise((10, 4, 4, 1)), y, subset="training", ignore_class_split=True)


@pytest.mark.parametrize("seed", [None, 3])
def test_saved_images(tmp_path, seed):
    """Names hold one more random number for each image, so they tell whether the stream fits."""
    pil = pytest.importorskip("PIL.Image", reason="images are saved and read with Pillow")
    x = noise((5, 12, 10, 3))
    folders = [tmp_path / "ours", tmp_path / "theirs"]
    for generator, folder in zip(pair(**AUGMENT), folders, strict=True):
        folder.mkdir()
        np.random.seed(9)
        take(
            generator.flow(
                x, batch_size=2, seed=seed, save_to_dir=str(folder), save_prefix="a", shuffle=True
            ),
            4,
        )
    names = [sorted(path.name for path in folder.iterdir()) for folder in folders]
    assert names[0] == names[1]
    assert len(names[0]) == 7
    for name in names[0]:
        with pil.open(folders[0] / name) as ours, pil.open(folders[1] / name) as theirs:
            assert np.abs(np.asarray(ours, int) - np.asarray(theirs, int)).max() <= 1


@pytest.mark.parametrize("arguments", [{}, {"save_format": "jpeg"}, {"save_prefix": ""}])
def test_saved_image_formats(tmp_path, arguments):
    pil = pytest.importorskip("PIL.Image", reason="images are saved and read with Pillow")
    generator = batchwarp.ImageDataGenerator(data_format="channels_first")
    next(generator.flow(noise((2, 1, 8, 9)), save_to_dir=tmp_path, seed=1, **arguments))
    saved = list(tmp_path.iterdir())
    assert len(saved) == 2
    assert all(path.suffix == f".{arguments.get('save_format', 'png')}" for path in saved)
    for path in saved:
        with pil.open(path) as picture:
            assert picture.size == (9, 8)


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int32", "uint16", "int8"])
@pytest.mark.parametrize("given", ["uint8", "float32", "int64", "bool"])
def test_dtypes(dtype, given):
    x = noise((4, 6, 7, 3), "uint8")
    x = x > 99 if given == "bool" else (x / 2 + 0.25).astype(given)
    generator = {**AUGMENT, "dtype": dtype, "channel_shift_range": 9.0}
    results = [take(iterator, 2) for iterator in flows(x, None, generator, seed=4)]
    for ours, theirs in zip(*results, strict=True):
        if np.dtype(dtype).kind == "f":
            assert_close(ours, theirs)
        else:
            assert ours.dtype == theirs.dtype
            difference = np.abs(ours.astype(int) - theirs.astype(int))
            # A value that Keras truncates to one level may be 1e-5 above the next one here.
            assert difference.max() <= 1
            assert (difference > 0).mean() < 0.02


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integer_batches_of_flips_are_exact(dtype):
    generator = {"horizontal_flip": True, "vertical_flip": True, "dtype": dtype}
    assert_same_batches(flows(noise((6, 5, 4, 3)), None, generator, seed=1), 3)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 8])
def test_channels(data_format, channels):
    shape = (4, 9, 8, channels) if data_format == "channels_last" else (4, channels, 9, 8)
    generator = {**AUGMENT, "data_format": data_format}
    if channels in (1, 3, 4):
        assert_same_batches(flows(noise(shape), None, generator, seed=1), 2)
        return
    iterators = []
    for g in pair(**generator):
        with pytest.warns(UserWarning, match=rf"data format convention.*\({channels} channels\)"):
            iterators.append(g.flow(noise(shape), seed=1))
    assert_same_batches(iterators, 2)


def test_the_iterator_itself():
    """Every argument of `NumpyArrayIterator`, which has a default of its own for `shuffle`."""
    x, y = noise((9, 6, 7, 3)), np.arange(9)
    ours, theirs = pair(**AUGMENT)
    arguments = {
        "batch_size": 4,
        "sample_weight": np.arange(9) / 9,
        "seed": 5,
        "data_format": "channels_last",
        "dtype": "float64",
    }
    iterators = (
        batchwarp.NumpyArrayIterator(x, y, ours, **arguments),
        keras_image().NumpyArrayIterator(x, y, theirs, **arguments),
    )
    assert_same_batches(iterators, 4)
    iterators = (
        batchwarp.NumpyArrayIterator(x, y, ours),
        keras_image().NumpyArrayIterator(x, y, theirs),
    )
    assert_same_batches(iterators, 2)


def test_keras_generator_in_our_iterator():
    _, theirs = pair(**AUGMENT)
    x = noise((6, 5, 4, 3))
    with quiet():
        ours = next(batchwarp.NumpyArrayIterator(x, None, theirs, seed=3))
        expected = next(theirs.flow(x, seed=3, shuffle=False))
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_not_finite(value):
    """They reach the pixels that they reach in Keras, and at most their neighbours as NaN."""
    x = noise((4, 9, 8, 3)).astype("float32")
    x[:, 4, 3] = value
    x[:, 0, 6] = value
    ours, theirs = (
        take(generator.flow(x, batch_size=4, seed=1), 1)[0]
        for generator in pair(rotation_range=30, width_shift_range=0.2)
    )
    reached = ~np.isfinite(theirs)
    assert not np.isfinite(ours[reached]).any()
    finite = np.isfinite(ours)
    assert (reached | finite).mean() > 0.97
    np.testing.assert_allclose(ours[finite], theirs[finite], rtol=0, atol=1e-3)
