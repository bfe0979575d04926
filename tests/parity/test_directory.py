"""`flow_from_directory` gives Keras' files, labels, pixels, messages and errors."""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import warnings

import numpy as np
import pytest
from PIL import Image

import batchwarp
from image_files import KINDS, picture, save
from keras_reference import assert_same, assert_same_batches, keras_image, pair, quiet, take

COLOR_MODES = ("rgb", "rgba", "grayscale")
CLASS_MODES = ("categorical", "binary", "sparse", "input", None)
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
SUBSETS = (None, "training", "validation")
AUGMENT = {"rotation_range": 25, "width_shift_range": 0.1, "zoom_range": 0.2, "vertical_flip": True}
ATTRIBUTES = """
    filenames filepaths classes class_indices samples n labels num_classes image_shape batch_size
    target_size color_mode class_mode data_format save_to_dir save_prefix save_format split subset
    interpolation keep_aspect_ratio dtype directory seed shuffle batch_index total_batches_seen
    index_array sample_weight allowed_class_modes white_list_formats
    """

# Of more than two classes Keras says nothing.
pytestmark = pytest.mark.filterwarnings('ignore:`class_mode="binary"` is for two classes')


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A data set with everything in it that the two may see differently."""
    root = tmp_path_factory.mktemp("tree")
    for number, kind in enumerate(KINDS):
        label = "cats" if number % 3 else "dogs"
        image = picture(17 + number, 23 - number, number)
        save(root / label / f"{number:02}", kind, image)
    save(root / "cats" / "space ünïcode 猫", "jpeg")
    save(root / "cats" / ".hidden", "png")
    save(root / "cats" / "b" / "c" / "nested", "jpeg-progressive")
    save(root / "cats" / "b.c" / "sorts-between", "png")
    save(root / "dogs" / "folder.jpg" / "inside", "png")
    save(root / "dogs" / "as-large-as-the-batch", "jpeg", picture(8, 9))
    save(root / "zebra" / "only", "bmp")
    save(root / "Ärger" / "only", "png")
    (root / "empty").mkdir()
    (root / "dogs" / "notes.txt").write_text("no image")
    picture().save(root / "dogs" / "moving.gif")
    save(root / "in-no-class", "jpeg")
    return root


def flows(directory, generator=None, **arguments):
    arguments = {"target_size": (8, 9), **arguments}
    made = pair(**(generator or {}))
    return [g.flow_from_directory(directory, **arguments) for g in made]


def assert_same_attributes(ours, theirs, names=ATTRIBUTES):
    for name in names.split():
        a, b = getattr(ours, name), getattr(theirs, name)
        assert type(a) is type(b), name
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, name
            np.testing.assert_array_equal(a, b, err_msg=name)
        else:
            assert a == b, name
    assert list(ours.class_indices.items()) == list(theirs.class_indices.items())
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("class_mode", CLASS_MODES)
@pytest.mark.parametrize("color_mode", COLOR_MODES)
def test_modes_interpolations_and_subsets(tree, class_mode, color_mode):
    for interpolation, subset in itertools.product(INTERPOLATIONS, SUBSETS):
        iterators = flows(
            tree,
            {"validation_split": 0.4},
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


@pytest.mark.parametrize("keep_aspect_ratio", [False, True])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("color_mode", COLOR_MODES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sizes_layouts_and_dtypes(tree, keep_aspect_ratio, data_format, color_mode, dtype):
    for target_size, interpolation in itertools.product(
        [(8, 9), [5, 40], (30, 3)], ["nearest", "lanczos"]
    ):
        iterators = flows(
            tree,
            {"data_format": data_format, "dtype": dtype},
            target_size=target_size,
            color_mode=color_mode,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            batch_size=32,
            shuffle=False,
        )
        assert_same_attributes(*iterators)
        assert_same_batches(iterators, 1, exact=True)


@pytest.mark.parametrize("dtype", ["float16", "uint8", "int32"])
@pytest.mark.parametrize("class_mode", ["categorical", "sparse"])
def test_other_dtypes(tree, dtype, class_mode):
    generator = {"dtype": dtype, "horizontal_flip": True}
    iterators = flows(tree, generator, class_mode=class_mode, seed=1)
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 2, exact=True)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("seed", [None, 0, 12345])
@pytest.mark.parametrize("batch_size", [1, 5, 24, 100])
def test_order(tree, shuffle, seed, batch_size):
    iterators = flows(tree, shuffle=shuffle, seed=seed, batch_size=batch_size)
    assert_same_batches(iterators, 2 * len(iterators[0]) + 1, exact=True)
    assert_same_attributes(*iterators)


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("shuffle", [False, True])
def test_indexing_epochs_and_reset(tree, seed, shuffle):
    results = []
    for iterator in flows(tree, AUGMENT, shuffle=shuffle, seed=seed, batch_size=10):
        np.random.seed(8)
        with quiet():
            seen = [iterator[0], iterator[2], iterator[0]]
            iterator.on_epoch_end()
            seen += [iterator[i] for i in range(len(iterator))]
            seen += [next(iterator), next(iterator)]
            iterator.reset()
            seen += [next(iterator), iterator[1]]
        results.append(seen)
        with pytest.raises(ValueError, match=r"Asked to retrieve element 3.*has length 3"):
            iterator[3]
    for ours, theirs in zip(*results, strict=True):
        assert_same(ours, theirs)


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("color_mode", COLOR_MODES)
def test_augmentation(tree, seed, data_format, color_mode):
    generator = {
        **AUGMENT,
        "shear_range": 9.0,
        "channel_shift_range": 20.0,
        "rescale": 1 / 255,
        "samplewise_center": True,
        "data_format": data_format,
    }
    iterators = flows(tree, generator, seed=seed, color_mode=color_mode, target_size=(20, 18))
    assert_same_batches(iterators, 2)


def test_integer_shifts_and_a_function(tree):
    generator = {"height_shift_range": [-2, 0, 2], "preprocessing_function": np.sqrt}
    assert_same_batches(flows(tree, generator), 2)


def test_brightness_of_the_flow(tree):
    """It truncates to whole levels, so where one is just missed the next one is taken."""
    generator = {"brightness_range": (0.4, 1.6), "horizontal_flip": True}
    ours, theirs = (take(iterator, 1)[0][0] for iterator in flows(tree, generator, seed=2))
    assert np.abs(ours - theirs).max() <= 1
    assert (ours != theirs).mean() < 0.02


@pytest.mark.parametrize("class_mode", ["sparse", None])
def test_some_of_the_classes(tree, class_mode):
    for classes in (["dogs", "cats"], ("zebra",), ["cats", "empty"], []):
        iterators = flows(tree, classes=classes, class_mode=class_mode, shuffle=False)
        assert_same_attributes(*iterators)
        assert_same_batches(iterators, 1, exact=True)


def test_classes_without_a_folder(tree):
    """Keras says nothing."""
    ours, theirs = pair()
    classes = ["none", "cats", "notes.txt"]
    with pytest.warns(UserWarning, match=r"no folder in .* for these `classes`: none, notes.txt$"):
        flow = ours.flow_from_directory(tree, classes=classes)
    assert_same_attributes(flow, theirs.flow_from_directory(tree, classes=classes))


def test_no_image_at_all(tree, tmp_path):
    for arguments in ({"directory": tmp_path}, {"directory": tree, "classes": ["empty"]}):
        iterators = flows(**arguments)
        assert_same_attributes(*iterators)
        assert len(iterators[0]) == 0
        assert_same_batches(iterators, 2, exact=True)


@pytest.mark.parametrize("split", [0.05, 0.5, 0.99])
@pytest.mark.parametrize("subset", ["training", "validation"])
def test_subsets_of_small_classes(tree, split, subset):
    iterators = flows(tree, {"validation_split": split}, subset=subset, shuffle=False)
    assert_same_attributes(*iterators)


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_a_subset_without_a_split(tree, subset):
    assert_same_attributes(*flows(tree, subset=subset))


def test_paths_as_objects_with_slashes_and_relative(tree, monkeypatch):
    monkeypatch.chdir(tree.parent)
    for directory in (tree, str(tree) + os.sep, tree.name, os.path.join(".", tree.name)):  # noqa: PTH118
        iterators = flows(directory, shuffle=False)
        assert_same_attributes(*iterators)
        assert_same_batches(iterators, 1, exact=True)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
@pytest.mark.parametrize("follow_links", [False, True])
def test_symbolic_links(tree, tmp_path, follow_links):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "linked").symlink_to(tree / "cats")
    (folder / "file.png").symlink_to(tree / "zebra" / "only.bmp")
    (folder / "nowhere.jpg").symlink_to(tmp_path / "nothing")
    (tmp_path / "b").symlink_to(tree / "dogs")
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    ours, theirs = flows(tmp_path, follow_links=follow_links, shuffle=False, class_mode=None)
    assert_same_attributes(ours, theirs)
    assert ("a/linked/02.jpeg" in ours.filenames) == follow_links
    assert set(ours.class_indices) == {"a", "b"}


def messages(make, capsys):
    """Returns what is printed and warned of while an iterator is made."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
    return capsys.readouterr().out, [(w.category, str(w.message)) for w in caught]


@pytest.mark.parametrize("names", [["x.png"], ["x.tiff", "y.TIFF", "z.tif"]])
def test_messages(tmp_path, capsys, names):
    for name in names:
        (tmp_path / "a").mkdir(exist_ok=True)
        picture().save(tmp_path / "a" / name)
    ours, theirs = (messages(lambda g=g: g.flow_from_directory(tmp_path), capsys) for g in pair())
    assert ours == theirs
    assert ours[0] == f"Found {len(names)} images belonging to 1 classes.\n"
    assert len(ours[1]) == (0 if names == ["x.png"] else 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"color_mode": "cmyk"}, ValueError, 'Invalid color mode: cmyk; expected "rgb", "rgba", '),
        ({"class_mode": "raw"}, ValueError, "Invalid class_mode: raw; expected one of: {"),
        (
            {"subset": "test"},
            ValueError,
            'Invalid subset name: test;expected "training" or "validation"',
        ),
        ({"directory": "nowhere at all"}, FileNotFoundError, "nowhere at all"),
    ],
)
def test_errors(tree, arguments, error, message):
    for generator in pair():
        with pytest.raises(error, match=message):
            generator.flow_from_directory(**{"directory": tree, **arguments})


def test_an_unknown_interpolation(tree):
    """Keras notices it in the first batch with an image of another size."""
    ours, theirs = pair()
    message = "Invalid interpolation method area specified. Supported methods are nearest, bil"
    with pytest.raises(ValueError, match=message):
        ours.flow_from_directory(tree, interpolation="area")
    flow = theirs.flow_from_directory(tree, interpolation="area")
    with pytest.raises(ValueError, match=message):
        next(flow)


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("save_format", ["png", "jpeg"])
def test_saved_images(tree, tmp_path, seed, save_format):
    folders = [tmp_path / "ours", tmp_path / "theirs"]
    for generator, folder in zip(pair(**AUGMENT), folders, strict=True):
        folder.mkdir()
        np.random.seed(9)
        flow = generator.flow_from_directory(
            tree,
            target_size=(12, 10),
            batch_size=9,
            seed=seed,
            save_to_dir=folder,
            save_prefix="a",
            save_format=save_format,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Keras' use of Pillow
            take(flow, 4)
    names = [sorted(path.name for path in folder.iterdir()) for folder in folders]
    assert names[0] == names[1]
    assert len(names[0]) > 24
    for name in names[0] if save_format == "png" else []:
        ours, theirs = (np.asarray(Image.open(folder / name), int) for folder in folders)
        assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("class_mode", ["sparse", "input"])
@pytest.mark.parametrize("data_format", [None, "channels_first"])
def test_without_a_generator(tree, class_mode, data_format):
    arguments = {
        "target_size": (8, 9),
        "class_mode": class_mode,
        "data_format": data_format,
        "seed": 1,
        "dtype": "float64",
    }
    iterators = [
        module.DirectoryIterator(str(tree), None, **arguments)
        for module in (batchwarp.image, keras_image())
    ]
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 2, exact=True)


def test_the_iterator_itself(tree):
    """Every argument by its place, and Keras' defaults."""
    values = (
        (8, 9), "rgba", ["dogs", "cats"], "binary", 5, False, 7, "channels_first", None, "p", "bmp",
        True, "training", "box", True, "float64",
    )  # fmt: skip
    iterators = []
    for module, generator in zip((batchwarp.image, keras_image()), pair(), strict=True):
        iterators.append(module.DirectoryIterator(tree, generator, *values))
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 3, exact=True)
    iterators = [
        module.DirectoryIterator(tree, generator)
        for module, generator in zip((batchwarp.image, keras_image()), pair(), strict=True)
    ]
    assert_same_attributes(*iterators)
    assert_same_batches(iterators, 1, exact=True)


class OwnMethods:
    """Overrides what users do: the draws, the transformation and the standardisation."""

    def get_random_transform(self, img_shape, seed=None):
        parameters = super().get_random_transform(img_shape, seed)
        parameters["theta"] = 90 * np.random.randint(4)
        return parameters

    def apply_transform(self, x, transform_parameters):
        x = super().apply_transform(x, transform_parameters)
        return np.clip(x, 10, 240)

    def standardize(self, x):
        return super().standardize(x) * 2


@pytest.mark.parametrize("seed", [None, 5])
def test_overridden_methods_of_a_generator(tree, seed):
    iterators = []
    for base in (batchwarp.ImageDataGenerator, keras_image().ImageDataGenerator):
        cls = type("Own", (OwnMethods, base), {})
        generator = cls(zoom_range=0.3, rescale=0.5)
        iterators.append(generator.flow_from_directory(tree, target_size=(9, 9), seed=seed))
    assert_same_batches(iterators, 3)


class OwnIterator:
    """Overrides what users do: batches, labels, weights and paths."""

    def _get_batches_of_transformed_samples(self, index_array):
        x, y, weights = super()._get_batches_of_transformed_samples(index_array)
        return x / 255, {"class": y, "noise": np.random.random_sample(len(x))}, weights

    @property
    def filepaths(self):
        return self._filepaths[::-1]

    @property
    def sample_weight(self):
        return np.arange(self.n) / 2


@pytest.mark.parametrize("seed", [None, 5])
def test_a_subclassed_iterator(tree, seed):
    results = []
    for module, generator in zip((batchwarp.image, keras_image()), pair(**AUGMENT), strict=True):
        cls = type("Own", (OwnIterator, module.DirectoryIterator), {})
        flow = cls(tree, generator, target_size=(8, 9), seed=seed, class_mode="sparse")
        np.random.seed(4)
        results.append(take(flow, 2))
    for (x, y, weights), (expected_x, expected_y, expected_weights) in zip(*results, strict=True):
        assert_same(x, expected_x)
        np.testing.assert_equal(y, expected_y)
        assert_same(weights, expected_weights)


def test_keras_generator_in_our_iterator(tree):
    _, theirs = pair(**AUGMENT)
    with quiet():
        flow = batchwarp.image.DirectoryIterator(tree, theirs, target_size=(8, 9), seed=3)
        expected = theirs.flow_from_directory(tree, target_size=(8, 9), seed=3)
        assert_same(next(flow), next(expected), exact=True)


def test_training(tree, keras):
    """Through `PyDataset`, with the global random state between the batches."""
    results = []
    for generator in pair(**AUGMENT, rescale=1 / 255, validation_split=0.3):
        keras.utils.set_random_seed(7)
        model = keras.Sequential(
            [keras.layers.Input((8, 9, 3)), keras.layers.Flatten(), keras.layers.Dense(5)]
        )
        model.compile(loss="mse", optimizer="sgd")
        arguments = {"target_size": (8, 9), "batch_size": 6}
        with quiet():
            history = model.fit(
                generator.flow_from_directory(tree, subset="training", **arguments),
                validation_data=generator.flow_from_directory(
                    tree, subset="validation", shuffle=False, **arguments
                ),
                epochs=2,
                verbose=0,
            )
        results.append(history.history)
    for key in ("loss", "val_loss"):
        np.testing.assert_allclose(results[0][key], results[1][key], rtol=1e-3)


def ours(tree, **arguments):
    generator = batchwarp.ImageDataGenerator(**AUGMENT)
    return generator.flow_from_directory(
        tree, **{"target_size": (8, 9), "batch_size": 10, "seed": 2, **arguments}
    )


@pytest.mark.parametrize("class_mode", CLASS_MODES)
def test_prefetch(tree, class_mode):
    flow, expected = (ours(tree, prefetch=n, class_mode=class_mode) for n in (2, 0))
    for _ in range(7):
        assert_same(next(flow), next(expected), exact=True)


@pytest.mark.parametrize("class_mode", CLASS_MODES)
def test_tf_data_sets(tree, class_mode):
    pytest.importorskip("tensorflow")
    flow = ours(tree, class_mode=class_mode)
    expected = take(ours(tree, class_mode=class_mode), len(flow))
    batches = list(flow.to_tf_dataset())
    assert len(batches) == len(expected)
    for batch, wanted in zip(batches, expected, strict=True):
        arrays = batch if isinstance(batch, tuple) else (batch,)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        for a, b in zip(arrays, wanted, strict=True):
            np.testing.assert_array_equal(a.numpy(), b)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))], ids=["copy", "pickle"]
)
def test_duplicates_go_on_where_the_original_is(tree, duplicate):
    flow, expected = ours(tree), ours(tree)
    next(flow), next(expected)
    twin = duplicate(flow)
    wanted = next(expected)
    assert_same(next(twin), wanted, exact=True)
    assert_same(next(flow), wanted, exact=True)
    assert_same_attributes(twin, flow)
