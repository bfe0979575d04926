from __future__ import annotations

import copy
import gc
import os
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


def labels_of_any_depth(trees, dtype):
    """Masks of large numbers, in place of the others."""
    for path in sorted((trees / "masks").rglob("*.png")):
        mask = np.asarray(Image.open(path)).astype(dtype) * np.array(40000).astype(dtype)
        path.unlink()
        if dtype == "uint16":
            save(path, mask)
        else:
            np.save(path.with_suffix(".npy"), mask)


@pytest.mark.parametrize("dtype", ["uint16", "int32", "int64"])
@pytest.mark.parametrize("cache", [None, "memory", "disk", "encoded"])
def test_masks_of_more_than_8_bits(trees, dtype, cache):
    labels_of_any_depth(trees, dtype)
    options = {"cache": cache if cache in (None, "memory") else str(trees / "cache")}
    if cache == "encoded":
        options["cache_format"] = "encoded"
    made = flow(trees, **options)
    for _ in range(6):
        images, masks = next(made)
        assert masks.dtype == dtype
        np.testing.assert_array_equal(masks, high(images).astype(dtype) * 40000)
    again = flow(trees, **options)
    np.testing.assert_array_equal(next(again)[1], next(flow(trees))[1])


def test_masks_are_resized_by_nearest_whatever_images_are(trees):
    nearest = flow(trees, {}, shuffle=False)
    smooth = flow(trees, {}, shuffle=False, interpolation="bicubic")
    for _ in range(3):
        images, masks = next(smooth)
        sharp, wanted = next(nearest)
        assert (images != sharp).any()
        np.testing.assert_array_equal(masks, wanted)


@pytest.mark.parametrize("class_mode", [None, "sparse"])
def test_masks_are_saved_beside_their_images(trees, class_mode):
    out = trees / "out"
    out.mkdir()
    made = flow(trees, class_mode=class_mode, save_to_dir=out, save_prefix="pair")
    _, target = next(made)
    masks = target if class_mode is None else target["masks"]
    pictures = [path for path in out.glob("pair*.png") if not path.stem.endswith("_mask")]
    assert len(pictures) == 5
    found = []
    for path in pictures:
        red = np.asarray(Image.open(path))[..., 0]  # stretched to full contrast
        mask = np.asarray(Image.open(path.with_name(f"{path.stem}_mask.png")))
        assert red[mask == 0].max() <= red[mask == 1].min()
        found.append(mask.tobytes())
    assert sorted(found) == sorted(mask.tobytes() for mask in masks)


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


def flat(trees):
    """All images in one folder, all masks in another one."""
    for kind in ("images", "masks"):
        for path in sorted((trees / kind).rglob("*.png")):
            path.rename(trees / kind / f"{path.parent.name}{path.name}")
    return trees


def test_images_without_classes(trees):
    made = flow(flat(trees), shuffle=False, batch_size=20)
    images, masks = next(made)
    assert len(images) == 14
    np.testing.assert_array_equal(masks, high(images))
    default = batchwarp.ImageDataGenerator(validation_split=0.5)
    images, masks = next(
        default.flow_from_directory(
            trees / "images", SIZE, masks=trees / "masks", subset="validation"
        )
    )
    assert len(images) == 7
    np.testing.assert_array_equal(masks, high(images))
    _, target = next(flow(trees, class_mode="sparse"))
    assert target["labels"].tolist() == [0] * 5
    (trees / "masks" / "a00.png").unlink()
    with pytest.raises(ValueError, match=r"1 image without a mask: .*a00\.png"):
        flow(trees)


def test_images_in_and_beside_folders_of_classes(trees):
    """Those beside are left out, as in Keras."""
    flat(trees)
    save(trees / "images" / "c" / "1.png", np.zeros((9, 9, 3), np.uint8))
    save(trees / "masks" / "c" / "1.png", np.zeros((9, 9), np.uint8))
    assert [path.replace(os.sep, "/") for path in flow(trees).filenames] == ["c/1.png"]


def test_masks_within_the_folder_of_images(trees):
    flat(trees)
    (trees / "masks").rename(trees / "images" / "masks")
    for masks in (trees / "images" / "masks", {"one": trees / "images" / "masks"}):
        with pytest.raises(ValueError, match="should be a folder outside of `directory`"):
            flow(trees, masks=masks)
    with pytest.raises(ValueError, match="images without a mask"):  # masks among images
        flow(trees, masks=trees / "images" / "masks", classes=["."])


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
    assert "1 image with several masks: b/01.png (b/01.png, b/01.tif)" in message
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


# Boxes and keypoints.


def rows_of(trees):
    """Names, boxes and keypoints of the images: two boxes each, but none of every fifth."""
    names = sorted(path.relative_to(trees / "images") for path in trees.glob("images/*/*.png"))
    boxes = [
        [] if number % 5 == 0 else [[2, 3, 12, 11], [number, 1, number + 5.5, 19]]
        for number in range(len(names))
    ]
    points = [[[3, 4], [number / 2, 7], [9, 2]][: number % 4] for number in range(len(names))]
    labels = [list(range(len(some))) for some in boxes]
    return [str(name) for name in names], boxes, labels, points


def table(trees):
    pd = pytest.importorskip("pandas")
    names, boxes, labels, points = rows_of(trees)
    columns = {"filename": [f"images/{name}" for name in names], "boxes": boxes, "ids": labels}
    masks = [f"masks/{name}" for name in names]
    return pd.DataFrame({**columns, "points": points, "mask": masks, "class": list("ab") * 7})


COLUMNS = {
    "mask_col": "mask",
    "boxes_col": "boxes",
    "box_labels_col": "ids",
    "keypoints_col": "points",
}


def flow_of_table(trees, frame=None, arguments=MOVES, **options):
    options = {"target_size": SIZE, "batch_size": 5, "seed": 3, "class_mode": None, **options}
    frame = table(trees) if frame is None else frame
    generator = batchwarp.ImageDataGenerator(**arguments)
    return generator.flow_from_dataframe(frame, trees, **{**COLUMNS, **options})


def test_targets_are_those_of_a_flow_of_arrays(trees):
    """What was resized by the flow, and by the test before it became arrays."""
    names, boxes, labels, points = rows_of(trees)
    images, masks = [], []
    for number, name in enumerate(names):
        with (
            Image.open(trees / "images" / name) as image,
            Image.open(trees / "masks" / name) as mask,
        ):
            scale = np.array(SIZE[::-1]) / image.size
            images.append(np.asarray(image.resize(SIZE[::-1], Image.Resampling.NEAREST)))
            masks.append(np.asarray(mask.resize(SIZE[::-1], Image.Resampling.NEAREST)))
        boxes[number] = np.reshape(boxes[number], (-1, 4)) * np.tile(scale, 2)
        points[number] = (np.reshape(points[number], (-1, 2)) + 0.5) * scale - 0.5
    options = {"max_boxes": 2, "min_area": 4, "min_visibility": 0.3, "remove_outside": True}
    arrays = batchwarp.ImageDataGenerator(**MOVES).flow(
        np.stack(images),
        batch_size=5,
        seed=3,
        masks=np.stack(masks),
        boxes={"boxes": boxes, "labels": labels},
        keypoints=points,
        **options,
    )
    files = flow_of_table(trees, **options)
    for _ in range(6):
        images, target = next(files)
        wanted, expected = next(arrays)
        np.testing.assert_array_equal(images, wanted)
        np.testing.assert_array_equal(target["masks"], expected["masks"])
        np.testing.assert_array_equal(target["boxes"]["labels"], expected["boxes"]["labels"])
        np.testing.assert_allclose(target["boxes"]["boxes"], expected["boxes"]["boxes"], atol=1e-4)
        np.testing.assert_allclose(target["keypoints"], expected["keypoints"], atol=1e-4)
    assert (target["boxes"]["labels"] >= 0).any()
    assert np.isfinite(target["keypoints"]).any()


@pytest.mark.parametrize("options", ON_THE_WAY.values(), ids=ON_THE_WAY)
def test_a_table_gives_the_same_on_all_ways(trees, options):
    options = {
        name: str(trees / value) if value == "cache" else value for name, value in options.items()
    }
    if "keep_aspect_ratio" in options:
        pytest.skip("other pixels")
    made, wanted = flow_of_table(trees, **options), flow_of_table(trees)
    for _ in range(6):
        assert_same(next(made), next(wanted))


def test_files_in_a_cache_of_another_process(trees):
    """Whose sizes nobody has seen: they are read from the files' headers."""
    for path in trees.glob("*/*/*"):
        os.utime(path, (1e9, 1e9))  # of files that are new, a cache knows that they may change
    options = {"cache": str(trees / "cache")}
    wanted = flow_of_table(trees, **options)
    batches = [next(wanted) for _ in range(3)]
    del wanted
    gc.collect()
    for fewer in {}, {"boxes_col": None, "box_labels_col": None}:
        again = flow_of_table(trees, **options, **fewer)
        files = again._files
        assert files.find(np.arange(14)).all()
        for images, target in batches:
            found, other = next(again)
            assert_same(found, images)
            assert_same(other, {name: target[name] for name in other})
        assert (files.sizes > 0).all()
        del again, files
        gc.collect()


def test_a_table_with_sizes_of_its_own(trees):
    steps = [ops.Resize(SIZE, antialias=False)]
    arguments = {**MOVES, "operations": steps}
    made = flow_of_table(trees, arguments=arguments, target_size=None)
    resized = flow_of_table(trees, arguments=MOVES)
    for _ in range(3):
        images, target = next(made)
        _, other = next(resized)
        assert target["masks"].shape == other["masks"].shape
        np.testing.assert_array_equal(target["masks"], high(images))
        assert target["boxes"]["boxes"].shape == other["boxes"]["boxes"].shape
        assert target["keypoints"].shape == other["keypoints"].shape
    still = flow_of_table(trees, arguments={"operations": steps}, target_size=None, shuffle=False)
    resized = flow_of_table(trees, arguments={}, shuffle=False)
    for _ in range(3):
        (_, target), (_, other) = next(still), next(resized)
        np.testing.assert_allclose(target["keypoints"], other["keypoints"], atol=1e-4)
        boxes = target["boxes"]["boxes"]
        np.testing.assert_allclose(boxes, other["boxes"]["boxes"], atol=1e-4)


def test_formats_in_shares_of_a_size(trees):
    frame = table(trees)
    sizes = []
    for name in frame["filename"]:
        with Image.open(trees / name) as image:
            sizes.append(image.size * 2)
    frame["shares"] = [
        [np.divide(box, size).tolist() for box in boxes]
        for boxes, size in zip(frame["boxes"], sizes, strict=True)
    ]
    options = {"box_labels_col": None, "keypoints_col": None, "mask_col": None}
    pixels = flow_of_table(trees, frame, **options)
    shares = flow_of_table(
        trees, frame, **options, boxes_col="shares", bounding_box_format="rel_xyxy"
    )
    for _ in range(3):
        boxes, parts = next(pixels)[1], next(shares)[1]
        there = boxes[..., 0] >= 0
        assert there.any()
        np.testing.assert_array_equal(parts[..., 0] >= 0, there)
        np.testing.assert_allclose(parts[there] * (30, 24, 30, 24), boxes[there], atol=1e-3)


def test_what_proportions_cut_off(tmp_path):
    """A picture of 40 × 20 of which the middle square remains, from 10 to 30."""
    pd = pytest.importorskip("pandas")
    save(tmp_path / "wide.png", np.zeros((20, 40, 3), np.uint8))
    frame = pd.DataFrame(
        {
            "filename": ["wide.png"],
            "boxes": [[[0, 0, 20, 20], [0, 0, 9, 20], [12, -6, 16, 8], [28, 4, 40, 8]]],
            "points": [[[9.5, 0], [20, 10], [35, 3]]],
        }
    )
    made = batchwarp.ImageDataGenerator().flow_from_dataframe(
        frame,
        tmp_path,
        target_size=(10, 10),
        keep_aspect_ratio=True,
        class_mode=None,
        boxes_col="boxes",
        keypoints_col="points",
        min_visibility=0.2,
    )
    _, target = next(made)
    # The second box is cut off, of the last one a sixth is left.
    wanted = [[0, 0, 5, 10], [-1] * 4, [1, 0, 3, 4], [-1] * 4]
    np.testing.assert_array_equal(target["boxes"][0], wanted)
    wanted = [[-0.5, -0.25], [5 - 0.25 + 0, 4.75], [12.25, 1.25]]
    np.testing.assert_allclose(target["keypoints"][0], np.array(wanted), atol=0.51)
    exact = (np.array([[9.5, 0], [20, 10], [35, 3]]) + 0.5 - (10, 0)) / 2 - 0.5
    np.testing.assert_allclose(target["keypoints"][0], exact, atol=1e-6)


def test_nothing_is_beside_what_cannot_be_read(trees):
    (trees / "images" / "a" / "02.png").write_bytes(b"nothing")
    options = {"arguments": {}, "shuffle": False, "batch_size": 14}
    made = flow_of_table(trees, on_error="zeros", **options, mask_fill=1)
    images, target = next(made)
    assert not images[1].any()
    assert (target["masks"][1] == 1).all()
    assert (target["boxes"]["boxes"][1] == -1).all()
    assert (target["boxes"]["labels"][1] == -1).all()
    assert np.isnan(target["keypoints"][1]).all()
    others = next(flow_of_table(trees, on_error="skip", **options))
    np.testing.assert_array_equal(others[0][1], others[0][2])
    np.testing.assert_array_equal(others[1]["keypoints"][1], others[1]["keypoints"][2])


@pytest.mark.parametrize("subset", ["training", "validation"])
@pytest.mark.parametrize("split", [None, "hash"])
def test_subsets_of_a_table(trees, subset, split):
    frame = table(trees)
    frame["points"] = [[[number, number]] for number in range(14)]
    frame["place"] = np.arange(14)
    made = flow_of_table(
        trees,
        frame,
        {"validation_split": 0.4, "split": split},
        class_mode="raw",
        y_col="place",
        subset=subset,
        shuffle=False,
    )
    images, target = next(made)
    assert target["boxes"]["boxes"].shape[1] == 2  # the room of all
    np.testing.assert_array_equal(target["masks"], high(images))
    for place, points in zip(target["labels"], target["keypoints"], strict=True):
        with Image.open(trees / frame["filename"][place]) as image:
            wanted = (place + 0.5) * np.array(SIZE[::-1]) / image.size - 0.5
        np.testing.assert_allclose(points[0], wanted, atol=1e-4)


WRONG = {
    "missing masks": (
        lambda frame: frame.assign(mask=["masks/none.png"] * 12 + ["masks/a/00.png"] * 2),
        {},
        ValueError,
        r"mask_col='mask' should name files that exist. 12 do not: .*none.png \(row 0\).* 2 more",
    ),
    "no mask": (
        lambda frame: frame.assign(mask=[None] + ["masks/a/00.png"] * 13),
        {},
        TypeError,
        "mask_col=mask must be strings. They are missing in 1 row",
    ),
    "reversed": (
        lambda frame: frame.assign(boxes=[[]] * 13 + [[[5, 5, 4, 6]]], ids=[[]] * 13 + [[0]]),
        {},
        ValueError,
        r"`boxes_col` .* for image 13, box 0",
    ),
    "labels": (
        lambda frame: frame.assign(ids=[[0]] * 14),
        {},
        ValueError,
        "`box_labels_col` should be one for each box",
    ),
    "infinite": (
        lambda frame: frame.assign(points=[[[0, np.inf]]] * 14),
        {},
        ValueError,
        "`keypoints_col` should be finite",
    ),
    "no boxes": (lambda frame: frame, {"boxes_col": None}, ValueError, "needs a `boxes_col`"),
    "no column": (lambda frame: frame, {"keypoints_col": "eyes"}, KeyError, "keypoints_col='eyes'"),
    "option": (lambda frame: frame, {"min_area": -1}, ValueError, "`min_area` should be at least"),
}


@pytest.mark.parametrize(("change", "options", "kind", "message"), WRONG.values(), ids=WRONG)
def test_columns_that_are_wrong(trees, change, options, kind, message):
    with pytest.raises(kind, match=message):
        flow_of_table(trees, change(table(trees)), **options)


@pytest.mark.parametrize("class_mode", [None, "sparse", "categorical"])
def test_masks_of_files_that_others_are_pasted_into(trees, tmp_path, class_mode):
    saved = tmp_path / "saved"
    saved.mkdir()
    operations = [ops.CutMix(num_classes=2, p=0.9)]
    arguments = {**MOVES, "operations": operations}
    made = flow(trees, arguments, class_mode=class_mode, save_to_dir=saved)
    images, target = next(made)
    masks = target if class_mode is None else target["masks"]
    np.testing.assert_array_equal(masks, high(images))
    assert np.any(images != flow(trees, class_mode=None)[0][0])
    pictures = sorted(saved.glob("*_mask.png"))
    assert len(pictures) == len(images)
    for picture in pictures:
        assert picture.with_name(picture.name.replace("_mask", "")).exists()


class Overridden(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return x


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        (
            batchwarp.ImageDataGenerator(operations=[ops.MixUp(num_classes=2)]),
            "`masks` cannot be given beside MixUp",
        ),
        (Overridden(), "`masks` cannot move with images that go one by one"),
    ],
    ids=["MixUp", "overridden"],
)
def test_targets_that_cannot_follow(trees, generator, message):
    with pytest.raises(ValueError, match=message):
        generator.flow_from_directory(trees / "images", masks=trees / "masks")


def test_masks_in_jpeg_files_are_warned_of(trees):
    for path in sorted((trees / "masks").rglob("*.png")):
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()
    with pytest.warns(UserWarning, match=r"Masks in JPEG files, .* as PNG.*00\.jpg"):
        flow(trees)


def test_what_is_said_of_images_with_masks_without_classes(trees, capsys):
    for name in ("images", "masks"):
        for path in (trees / name).rglob("*.png"):
            path.rename(trees / name / path.name)
        for folder in "ab":
            (trees / name / folder).rmdir()
    flow(trees)
    assert capsys.readouterr().out == "Found 14 images with a mask each, without classes.\n"
