from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import ops

SIZE = (24, 30)
MOVES = {
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "zoom_range": 0.3,
    "horizontal_flip": True,
    "vertical_flip": True,
    "interpolation_order": 0,
}


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def trees(tmp_path):
    """Folders of images of odd sizes and of masks, which are where their first channel is high."""
    random = np.random.RandomState(0)
    for number in range(14):
        size = tuple(random.randint(20, 45, 2))
        image = random.randint(0, 256, (*size, 3)).astype(np.uint8)
        name = f"{'ab'[number % 2]}/{number:02}.png"
        save(tmp_path / "images" / name, image)
        save(tmp_path / "masks" / name, high(image))
    return tmp_path


def high(images):
    """What the masks of images are."""
    return (images[..., 0] > 128).astype(np.uint8)


def flow(trees, arguments=MOVES, **options):
    options = {"target_size": SIZE, "batch_size": 5, "seed": 3, "class_mode": None, **options}
    generator = batchwarp.ImageDataGenerator(**arguments)
    return generator.flow_from_directory(trees / "images", **{"masks": trees / "masks", **options})


def assert_same(one, other):
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, (tuple, list)):
        for part, wanted in zip(one, other, strict=True):
            assert_same(part, wanted)
    else:
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


ON_THE_WAY = {
    "plain": {},
    "cropped": {"keep_aspect_ratio": True},
    "memory": {"cache": "memory"},
    "disk": {"cache": "cache"},
    "ahead": {"prefetch": 2},
    "turned": {"exif_transpose": True},
}


@pytest.mark.parametrize("options", ON_THE_WAY.values(), ids=ON_THE_WAY)
@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_masks_stay_what_was_made_of_images(trees, options, draws):
    options = {
        name: str(trees / value) if value == "cache" else value for name, value in options.items()
    }
    made = flow(trees, {**MOVES, "draws": draws}, **options)
    for _ in range(6):  # two passes, the second one from a cache
        images, masks = next(made)
        assert masks.dtype == np.uint8
        np.testing.assert_array_equal(masks, high(images))
        assert 0.2 < masks.mean() < 0.8


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_images_of_their_own_sizes(trees, data_format):
    steps = [ops.Affine(rotation=20), ops.RandomCrop((16, 18))]
    arguments = {**MOVES, "operations": steps, "data_format": data_format}
    made = flow(trees, arguments, target_size=None, class_mode="sparse")
    for _ in range(4):
        images, target = next(made)
        if data_format == "channels_first":
            images = images.transpose(0, 2, 3, 1)
        assert target["labels"].shape == (len(images),)
        np.testing.assert_array_equal(target["masks"], high(images))


def test_several_masks_of_an_image(trees):
    made = flow(trees, masks={"one": trees / "masks", "other": str(trees / "masks")})
    images, target = next(made)
    assert list(target) == ["one", "other"]
    np.testing.assert_array_equal(target["one"], high(images))
    np.testing.assert_array_equal(target["other"], target["one"])


@pytest.mark.parametrize("split", [None, "hash", "stratified"])
@pytest.mark.parametrize("subset", ["training", "validation"])
def test_subsets(trees, split, subset):
    arguments = {**MOVES, "validation_split": 0.4, "split": split}
    made = flow(trees, arguments, subset=subset, batch_size=20)
    images, masks = next(made)
    assert 0 < len(images) < 14
    np.testing.assert_array_equal(masks, high(images))


def test_copies_and_data_sets(trees):
    batches = [next(made) for made in [flow(trees, class_mode="sparse")] for _ in range(3)]
    copied = pickle.loads(pickle.dumps(flow(trees, class_mode="sparse")))
    shallow = copy.copy(flow(trees, class_mode="sparse"))
    for batch in batches:
        assert_same(next(copied), batch)
        assert_same(next(shallow), batch)


def test_data_sets_of_tensorflow(trees):
    pytest.importorskip("tensorflow")
    made = list(flow(trees, class_mode="sparse").to_tf_dataset().as_numpy_iterator())
    plain = flow(trees, class_mode="sparse")
    assert len(made) == 3
    for batch in made:
        assert_same(batch, next(plain))


def test_a_function_of_the_users(trees):
    def draws(image):
        return image + np.random.randint(3)

    def mask(**arguments):
        made = flow(trees, {**MOVES, **arguments})
        return [next(made)[1] for _ in range(3)]

    assert len(mask(preprocessing_function=draws)) == 3
    assert_same(mask(preprocessing_function=np.negative), mask())


def test_masks_of_one_folder(trees):
    """Without classes, images and masks may each be in a folder."""
    generator = batchwarp.ImageDataGenerator()
    made = generator.flow_from_directory(
        trees / "images", SIZE, classes=["b"], class_mode=None, masks=trees / "masks" / "b"
    )
    images, masks = next(made)
    assert len(images) == 7
    np.testing.assert_array_equal(masks, high(images))


def test_trees_that_do_not_agree(trees):
    for number in range(0, 14, 2):
        (trees / "masks" / "a" / f"{number:02}.png").unlink()
    save(trees / "masks" / "b" / "01.tif", np.zeros((3, 3), np.uint8))
    for number in range(12):
        save(trees / "masks" / "b" / f"other{number}.png", np.zeros((3, 3), np.uint8))
    with pytest.raises(ValueError, match="`masks` should be a folder with one mask") as caught:
        flow(trees)
    message = str(caught.value)
    assert "7 images without a mask: a/00.png, a/02.png, a/04.png, a/06.png, a/08.png" in message
    assert "1 images with several masks: b/01.png (b/01.png, b/01.tif)" in message
    assert "12 masks without an image: b/other0.png" in message
    assert message.endswith("and 2 more")


def test_folders_of_masks_that_there_are_not(trees):
    with pytest.raises(FileNotFoundError, match="`masks` should be a folder that exists"):
        flow(trees, masks=trees / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"`masks\['q'\]` should be a folder"):
        flow(trees, masks={"q": trees / "masks" / "a" / "00.png"})


BAD = {
    "size": (np.zeros((9, 8), np.uint8), "the mask has 8 × 9 pixels, where its image has"),
    "channels": (np.zeros((30, 30, 3), np.uint8), "the mask has 3 channels of uint8"),
    "depth": (np.zeros((30, 30), np.uint16), "the mask has 1 channels of uint16"),
    "class": (
        np.full((30, 30), 9, np.uint8),
        "below `mask_classes`, or the `mask_fill` 0; it is 9",
    ),
    "none": (None, "not an image"),
}


def spoil(trees, array):
    """Makes one mask a bad one, beside an image of 30 × 30."""
    save(trees / "images" / "b" / "05.png", np.full((30, 30, 3), 200, np.uint8))
    path = trees / "masks" / "b" / "05.png"
    if array is None:
        path.write_bytes(b"nothing")
    else:
        save(path, array)
    return path


@pytest.mark.parametrize(("array", "message"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("options", [{}, {"cache": "memory"}], ids=["plain", "cached"])
def test_masks_that_cannot_be_taken(trees, array, message, options):
    path = spoil(trees, array)
    options = {**options, "batch_size": 14, "shuffle": False, "mask_classes": 2}
    with pytest.raises(batchwarp.ImageFileError, match=message) as caught:
        next(flow(trees, **options))
    assert caught.value.path == str(path)

    skipping = flow(trees, **options, on_error="skip")
    zeros = flow(trees, {}, **options, on_error="zeros", mask_fill=1)
    for _ in range(2):
        images, masks = next(skipping)
        np.testing.assert_array_equal(masks.argmax(axis=-1), high(images))
        images, masks = next(zeros)
        found = masks.argmax(axis=-1)
        assert not images[9].any()
        assert (found[9] == 1).all()
        others = np.arange(14) != 9
        np.testing.assert_array_equal(found[others], high(images[others]))
    for made in skipping, zeros:
        assert [error.path for error in made.errors] == [str(path)]


def test_images_that_cannot_be_read_beside_masks(trees):
    path = trees / "images" / "a" / "04.png"
    path.write_bytes(b"nothing")
    made = flow(trees, on_error="skip", batch_size=14)
    images, masks = next(made)
    np.testing.assert_array_equal(masks, high(images))
    assert [error.path for error in made.errors] == [str(path)]
