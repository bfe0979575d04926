"""Whatever comes in as images: the right batches or an error that says what is wrong."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import image, ops
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


KEYPOINTS = np.random.RandomState(1).rand(20, 3, 2) * 14 + 1
BOXES = [np.random.RandomState(i).rand(i % 4, 4) * 6 + [1, 1, 8, 8] for i in range(20)]
BOX_LABELS = [np.arange(i % 4) for i in range(20)]


def coordinates():
    """Images whose values are the places of their pixels, x and y, and which image it is."""
    rows, columns = np.mgrid[:18, :20].astype(np.float32)
    return np.stack([np.stack([columns, rows, np.full_like(rows, i)], -1) for i in range(20)])


@pytest.mark.parametrize(
    "arguments",
    [
        {"rotation_range": 40, "shear_range": 10},
        {"width_shift_range": 3, "height_shift_range": 0.2, "zoom_range": 0.3},
        {"horizontal_flip": True, "vertical_flip": True, "data_format": "channels_first"},
        {"rotation_range": 20, "operations": [ops.Perspective(0.2), ops.Flip()]},
        {"rotation_range": 20, "operations": [ops.Elastic(5, 5)], "draws": "keyed"},
        # The image is read twice.
        {"rotation_range": 20, "channel_shift_range": 1e-9, "operations": [ops.Affine(20)]},
        {"rotation_range": 20, "preprocessing_function": lambda image: image},
    ],
    ids=["turned", "moved", "mirrored", "perspective", "elastic", "twice", "function"],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_keypoints_go_where_pixels_go(arguments, shuffle):
    generator = batchwarp.ImageDataGenerator(**arguments, value_range=(0, 20))
    x = coordinates()
    if arguments.get("data_format") == "channels_first":
        x = x.transpose(0, 3, 1, 2)
    flow = generator.flow(
        x, np.arange(20), batch_size=8, shuffle=shuffle, seed=3, keypoints=KEYPOINTS
    )
    seen = 0
    for _ in range(4):
        images, made = next(flow)
        if arguments.get("data_format") == "channels_first":
            images = images.transpose(0, 2, 3, 1)
        for picture, label, places in zip(images, made["labels"], made["keypoints"], strict=True):
            for place, before in zip(places, KEYPOINTS[label], strict=True):
                column, row = np.floor(place).astype(int)
                if not (0 <= column < 19 and 0 <= row < 17):
                    continue
                right, down = place - (column, row)
                part = picture[row : row + 2, column : column + 2, :2]
                across = part[:, 0] + right * (part[:, 1] - part[:, 0])
                found = across[0] + down * (across[1] - across[0])
                if (found > 0.5).all() and (found < 16.5).all():  # not beside an edge
                    assert np.abs(found - before).max() < 0.1
                    seen += 1
    assert seen > 40


def test_targets_are_those_of_augment():
    steps = ops.Affine(rotation=30), ops.Flip(0.5, 0.5), ops.CenterCrop(12)
    options = {"max_boxes": 2, "min_area": 4, "keypoint_pairs": [(0, 1)], "remove_outside": True}
    boxes = {"boxes": BOXES, "labels": BOX_LABELS}
    x = np.random.RandomState(0).randint(0, 256, (20, 18, 20, 3)).astype(np.uint8)
    masks = {"one": x[..., 0], "many": x.astype(np.int32) * 1000}
    targets = {"masks": masks, "boxes": boxes, "keypoints": KEYPOINTS}
    flow = batchwarp.ImageDataGenerator(operations=steps).flow(
        x, batch_size=7, seed=5, shuffle=False, **targets, **options
    )
    aug = batchwarp.Augment(*steps, seed=5, **options)
    for epoch in range(2):
        wanted = aug(x, range(20), epoch, **targets)
        for start in (0, 7, 14):
            images, made = next(flow)
            part = slice(start, start + 7)
            np.testing.assert_array_equal(images, wanted["images"][part])
            np.testing.assert_array_equal(made["keypoints"], wanted["keypoints"][part])
            for name in ("boxes", "labels"):
                np.testing.assert_array_equal(made["boxes"][name], wanted["boxes"][name][part])
            for name in ("one", "many"):
                np.testing.assert_array_equal(made["masks"][name], wanted["masks"][name][part])


def test_what_takes_the_place_of_labels():
    x, y, weights = coordinates(), np.arange(20), np.linspace(1, 2, 20)
    flow = batchwarp.ImageDataGenerator().flow

    def batch(*given, **options):
        return next(flow(x, *given, batch_size=4, shuffle=False, **options))

    images, target = batch(keypoints=KEYPOINTS)
    np.testing.assert_array_equal(target, KEYPOINTS[:4].astype(np.float32))
    images, target = batch(masks=x[..., 2].astype(np.int8))
    np.testing.assert_array_equal(target, x[:4, ..., 2])
    assert target.dtype == np.int8
    images, target = batch(masks=x[..., 2].astype(np.int8), mask_classes=20)
    np.testing.assert_array_equal(target.argmax(axis=-1), x[:4, ..., 2])
    assert target.dtype == np.float32
    images, target = batch(boxes={"boxes": BOXES, "labels": BOX_LABELS})
    assert list(target) == ["boxes", "labels"]
    assert target["labels"].tolist() == [[-1] * 3, [0, -1, -1], [0, 1, -1], [0, 1, 2]]
    images, target = batch(boxes=BOXES, keypoints=KEYPOINTS)
    assert list(target) == ["boxes", "keypoints"]
    images, target, weight = batch(y, sample_weight=weights, keypoints=KEYPOINTS)
    assert list(target) == ["labels", "keypoints"]
    np.testing.assert_array_equal(target["labels"], y[:4])
    np.testing.assert_array_equal(weight, weights[:4])
    np.testing.assert_array_equal(images, x[:4])


@pytest.mark.parametrize("split", [None, "stratified"])
@pytest.mark.parametrize("subset", ["training", "validation"])
def test_targets_of_subsets(split, subset):
    generator = batchwarp.ImageDataGenerator(
        validation_split=0.5, split=split, rotation_range=30, validation_augment=False
    )
    numbers = np.arange(20)
    flow = generator.flow(
        coordinates(),
        numbers % 2,
        subset=subset,
        seed=1,
        keypoints=np.repeat(KEYPOINTS[:, :1], 1, axis=1) * 0 + numbers[:, None, None],
    )
    images, target = next(flow)
    assert len(images) == 10
    if subset == "validation":  # which nothing is done to
        np.testing.assert_array_equal(target["keypoints"][:, 0, 0], images[:, 0, 0, 2])


def test_batches_ahead_copies_and_data_sets():
    pytest.importorskip("tensorflow")

    def flow(**options):
        generator = batchwarp.ImageDataGenerator(rotation_range=30, horizontal_flip=True)
        return generator.flow(
            coordinates(),
            np.arange(20),
            batch_size=8,
            seed=2,
            masks=coordinates().astype(np.uint16),
            boxes={"boxes": BOXES, "labels": BOX_LABELS},
            keypoints=KEYPOINTS,
            **options,
        )

    plain, ahead, copied = flow(), flow(prefetch=2), pickle.loads(pickle.dumps(flow()))
    batches = [next(plain) for _ in range(3)]
    others = [
        [next(ahead) for _ in range(3)],
        [next(copied) for _ in range(3)],
        list(flow().to_tf_dataset().as_numpy_iterator()),
    ]
    for other in others:
        for (x, target), (wanted, expected) in zip(other, batches, strict=True):
            np.testing.assert_array_equal(x, wanted)
            for name in ("labels", "masks"):
                np.testing.assert_array_equal(target[name], expected[name])
            np.testing.assert_array_equal(target["keypoints"], expected["keypoints"])
            for name in ("boxes", "labels"):
                np.testing.assert_array_equal(target["boxes"][name], expected["boxes"][name])


class Overridden(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return x


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        (
            batchwarp.ImageDataGenerator(operations=[ops.MixUp(num_classes=20)]),
            "`keypoints` cannot be given beside MixUp",
        ),
        (
            batchwarp.ImageDataGenerator(operations=[ops.AugMix()], value_range=(0, 20)),
            "`keypoints` cannot be given beside AugMix",
        ),
        (Overridden(), "`keypoints` cannot move with images that go one by one"),
    ],
    ids=["MixUp", "AugMix", "overridden"],
)
def test_targets_that_cannot_follow(generator, message):
    with pytest.raises(ValueError, match=message):
        generator.flow(coordinates(), np.arange(20), keypoints=KEYPOINTS)


def high(images, axis):
    """What the masks of images are: where their first channel is high."""
    return np.take(images, 0, axis) > 128


@pytest.mark.parametrize("labels", [None, np.arange(20) % 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_masks_of_images_that_others_are_pasted_into(data_format, labels):
    axis = -1 if data_format == "channels_last" else 1
    shape = (20, 18, 20, 3) if axis == -1 else (20, 3, 18, 20)
    x = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    generator = batchwarp.ImageDataGenerator(
        data_format=data_format,
        rotation_range=30,
        interpolation_order=0,
        operations=[ops.CutMix(num_classes=3, p=0.9), ops.CutMix(num_classes=3, alpha=3)],
    )
    flat = high(x, axis)
    deep = np.expand_dims(flat, axis).astype(np.uint16) * 500
    masks = {"flat": flat, "deep": deep}
    flow = generator.flow(x, labels, batch_size=8, seed=1, masks=masks)
    plain = batchwarp.ImageDataGenerator(
        data_format=data_format, rotation_range=30, interpolation_order=0
    ).flow(x, labels, batch_size=8, seed=1)
    differ = 0
    for _ in range(3):
        images, target = next(flow)
        found = target["masks"] if labels is not None else target
        assert found["flat"].dtype == bool
        assert found["deep"].dtype == np.uint16
        np.testing.assert_array_equal(found["flat"], high(images, axis))
        np.testing.assert_array_equal(found["deep"], np.expand_dims(found["flat"] * 500, axis))
        unmixed = next(plain)
        if labels is not None:
            unmixed = unmixed[0]
            np.testing.assert_allclose(target["labels"].sum(axis=1), 1, rtol=1e-6)
        differ += np.count_nonzero(np.any(images != unmixed, axis=(1, 2, 3)))
    assert differ > 10


def test_masks_without_labels_follow_in_calls():
    x = np.random.RandomState(0).randint(0, 256, (9, 18, 20, 3)).astype(np.uint8)
    augment = batchwarp.Augment(ops.Rotate90((0, 2)), ops.CutMix(p=0.9), seed=4, order=0)
    made = augment(x, masks=high(x, -1))
    assert made.keys() == {"images", "masks"}
    np.testing.assert_array_equal(made["masks"], high(made["images"], -1))
    assert np.any(made["images"] != batchwarp.Augment(ops.Rotate90((0, 2)), seed=4, order=0)(x))
    with pytest.raises(ValueError, match=r"`labels` should be given for CutMix"):
        augment(x)


def test_what_is_pasted_is_read_ahead_and_by_tensorflow(tmp_path):
    x = np.random.RandomState(0).randint(0, 256, (12, 18, 20, 3)).astype(np.uint8)
    generator = batchwarp.ImageDataGenerator(operations=[ops.CutMix(num_classes=20)])
    arguments = {"batch_size": 5, "seed": 1, "masks": high(x, -1)}
    wanted = [next(flow) for flow in [generator.flow(x, np.arange(12), **arguments)] for _ in "123"]
    ahead = generator.flow(x, np.arange(12), prefetch=2, **arguments)
    dataset = generator.flow(x, np.arange(12), **arguments).to_tf_dataset()
    for (images, target), others in zip(wanted, dataset.as_numpy_iterator(), strict=True):
        for theirs, found in (next(ahead), others):
            np.testing.assert_array_equal(theirs, images)
            for name in ("labels", "masks"):
                np.testing.assert_array_equal(found[name], target[name])


def test_a_validation_subset_with_masks_is_not_mixed():
    x = np.random.RandomState(0).randint(0, 256, (12, 18, 20, 3)).astype(np.uint8)
    generator = batchwarp.ImageDataGenerator(operations=[ops.CutMix()], validation_split=0.5)
    flow = generator.flow(x, subset="validation", shuffle=False, masks=high(x, -1))
    images, masks = next(flow)
    np.testing.assert_array_equal(images, x[:6])
    np.testing.assert_array_equal(masks, high(x[:6], -1))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_masks_are_saved_beside_their_images(tmp_path, data_format):
    last = data_format == "channels_last"
    random = np.random.RandomState(0)
    x = random.randint(0, 256, (4, 9, 12, 3) if last else (4, 3, 9, 12)).astype(np.uint8)
    masks = {
        "grey": random.randint(0, 256, (4, 9, 12)).astype(np.uint8),
        "yes": random.randint(0, 2, (4, 9, 12)).astype(bool),
        "deep": random.randint(0, 65536, (4, 9, 12)).astype(np.uint16),
        "rgb": random.randint(0, 256, x.shape).astype(np.uint8),
        "wide": random.randint(-9, 9, (4, 9, 12)).astype(np.int32),
    }
    generator = batchwarp.ImageDataGenerator(data_format=data_format, rotation_range=30)
    flow = generator.flow(
        x, batch_size=4, shuffle=False, seed=1, masks=masks, save_to_dir=tmp_path, save_prefix="a"
    )
    _, made = next(flow)
    pictures = sorted(path for path in tmp_path.iterdir() if "mask" not in path.name)
    assert len(pictures) == 4
    assert len(list(tmp_path.iterdir())) == 4 * 6
    for row, picture in enumerate(pictures):
        for name, array in made.items():
            path = picture.with_name(f"{picture.stem}_mask_{name}")
            if name == "wide":
                found = np.load(f"{path}.npy")[..., 0]
            else:
                found = np.array(Image.open(f"{path}.png"))
            wanted = array[row].transpose(1, 2, 0) if name == "rgb" and not last else array[row]
            np.testing.assert_array_equal(found, wanted)


def test_one_hot_masks_are_saved_as_the_numbers_of_classes(tmp_path):
    masks = np.random.RandomState(0).choice([0, 1, 2, 255], (3, 9, 12)).astype(np.uint8)
    flow = batchwarp.ImageDataGenerator().flow(
        np.zeros((3, 9, 12, 1), np.uint8),
        shuffle=False,
        masks=masks,
        mask_classes=3,
        mask_fill=255,
        save_to_dir=tmp_path,
    )
    next(flow)
    for path in tmp_path.glob("*_mask.png"):
        row = int(path.name.split("_")[1])
        np.testing.assert_array_equal(np.array(Image.open(path)), masks[row])
    assert len(list(tmp_path.glob("*_mask.png"))) == 3


def test_targets_after_a_change_that_they_cannot_follow():
    generator = batchwarp.ImageDataGenerator(value_range=(0, 20))
    flow = generator.flow(coordinates(), np.arange(20), keypoints=KEYPOINTS)
    next(flow)
    generator.operations = [ops.MixUp(num_classes=20)]
    with pytest.raises(ValueError, match="`keypoints` cannot be given beside MixUp"):
        next(flow)


def test_targets_of_other_images():
    with pytest.raises(ValueError, match=r"`keypoints` .*\(20, k, 2\)"):
        batchwarp.ImageDataGenerator().flow(coordinates(), keypoints=KEYPOINTS[:5])
    with pytest.raises(ValueError, match="`min_area` should be at least 0"):
        batchwarp.ImageDataGenerator().flow(coordinates(), boxes=BOXES, min_area=-1)
