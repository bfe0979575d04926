"""What `batchwarp.ray.Augment` makes of batches as Ray gives them, without Ray."""

from __future__ import annotations

import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import batchwarp
from batchwarp import ImageDataGenerator, ops, runtime
from batchwarp.ray import Augment

RECIPE = (ops.Affine(rotation=40, zoom=(0.8, 1.2), shift=0.1), ops.Flip(0.5), ops.Brightness(0.3))
X = np.random.default_rng(0).integers(0, 256, (12, 9, 7, 3), dtype=np.uint8)
PATHS = [f"/data/images/{'ab'[i % 2]}/{i:02}.png" for i in range(12)]


def column(arrays):
    """An array of arrays, as Ray makes it of several shapes."""
    made = np.empty(len(arrays), object)
    for place, array in enumerate(arrays):
        made[place] = array
    return made


def batch(places=range(12), **columns):
    places = list(places)
    images = X[places]
    images.flags.writeable = False  # as in the object store
    return {
        "image": images,
        "path": column([PATHS[place] for place in places]),
        "number": np.array(places),
        **columns,
    }


def by_number(*batches, name="image"):
    """The rows of some batches in the order of their numbers."""
    rows = {
        number: row for one in batches for number, row in zip(one["number"], one[name], strict=True)
    }
    return [rows[number] for number in sorted(rows)]


def equal(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_it_is_what_the_package_does_to_arrays():
    given = batch()
    before = given["image"].copy()
    made = Augment(*RECIPE, seed=7, order=3, fill_mode="reflect")(given)
    wanted = batchwarp.Augment(*RECIPE, seed=7, order=3, fill_mode="reflect", dtype="uint8")
    assert made["image"].dtype == np.uint8
    np.testing.assert_array_equal(made["image"], wanted(X, keys=PATHS))
    np.testing.assert_array_equal(given["image"], before)
    assert made["path"] is given["path"]
    assert made["number"] is given["number"]
    assert list(made) == list(given)


def test_order_and_size_of_batches_do_not_matter():
    augment = Augment(*RECIPE, seed=7)
    wanted = by_number(augment(batch()))
    order = np.random.default_rng(1).permutation(12)
    for size in (1, 2, 5, 12):
        parts = [augment(batch(order[start : start + size])) for start in range(0, 12, size)]
        equal(by_number(*parts), wanted)
    assert not np.array_equal(wanted[0], X[0])


def test_a_pickle_does_the_same():
    augment = Augment(*RECIPE, seed=7, epoch=2, masks="mask", threads=2)
    given = batch(mask=X[..., 0])
    augment(given)
    again = pickle.loads(pickle.dumps(augment))(given)
    equal(again["image"], augment(given)["image"])
    equal(again["mask"], augment(given)["mask"])


def test_epochs_differ_and_a_call_may_have_its_own():
    first, second = Augment(*RECIPE, seed=7), Augment(*RECIPE, seed=7, epoch=1)
    assert not np.array_equal(first(batch())["image"], second(batch())["image"])
    np.testing.assert_array_equal(first(batch(), epoch=1)["image"], second(batch())["image"])


def test_below_a_root_it_is_what_a_flow_from_the_folder_does(tmp_path):
    from PIL import Image

    for image, path in zip(X, PATHS, strict=True):
        file = tmp_path / path.removeprefix("/data/images/")
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(file)
    generator = ImageDataGenerator(operations=RECIPE, dtype="float32", fill_mode="reflect")
    flow = generator.flow_from_directory(
        tmp_path, (9, 7), batch_size=12, shuffle=False, seed=7, class_mode=None
    )
    order = [PATHS.index(f"/data/images/{name}") for name in flow.filenames]
    augment = Augment(*RECIPE, seed=7, root="/data/images/", fill_mode="reflect", dtype="float32")
    np.testing.assert_array_equal(augment(batch(order))["image"], next(flow))


def test_keys_of_another_column():
    augment = Augment(*RECIPE, seed=7, key_column="number", column="x")
    given = {"x": X, "number": np.arange(12, dtype=np.int32)}
    wanted = batchwarp.Augment(*RECIPE, seed=7, dtype="uint8")(X, keys=range(12))
    np.testing.assert_array_equal(augment(given)["x"], wanted)


def test_images_of_several_shapes():
    images = [X[i, : 9 - i % 3, : 7 - i % 2] for i in range(12)]
    augment = Augment(*RECIPE, seed=7)
    made = augment(batch(image=column(images)))["image"]
    assert made.dtype == object
    for image, path, one in zip(images, PATHS, made, strict=True):
        alone = augment({"image": image[None], "path": [path]})["image"]
        np.testing.assert_array_equal(one, alone[0])
    # Where all become of one shape, they are one array again.
    small = Augment(ops.RandomResizedCrop((5, 4)), seed=7)(batch(image=column(images)))["image"]
    assert small.shape == (12, 5, 4, 3)
    same = augment(batch(image=column(list(X))))["image"]
    np.testing.assert_array_equal(same, augment(batch())["image"])


def test_channels_first_and_other_dtypes():
    augment = Augment(*RECIPE, seed=7, data_format="channels_first", dtype="float16")
    made = augment(batch(image=X.transpose(0, 3, 1, 2)))["image"]
    assert made.shape == (12, 3, 9, 7)
    assert made.dtype == np.float16
    floats = Augment(*RECIPE, seed=7, dtype="float32", value_range=(0, 1))
    assert floats(batch(image=X / np.float32(255)))["image"].max() <= 1


def test_targets_move_with_images_of_one_or_several_shapes():
    options = {"masks": "mask", "boxes": "box", "box_labels": "kind", "keypoints": "points"}
    augment = Augment(*RECIPE, seed=7, **options)
    rng = np.random.default_rng(2)
    images = [X[i, : 9 - i % 3] for i in range(12)]
    masks = [image[..., 0] // 64 for image in images]
    boxes = [np.sort(rng.uniform(0, 7, (i % 4, 2, 2)), 1).reshape(-1, 4) for i in range(12)]
    kinds = [np.arange(len(one)) for one in boxes]
    points = [rng.uniform(0, 7, (1 + i % 2, 2)) for i in range(12)]
    nested = column([column([*one.tolist()]) for one in boxes])  # as Arrow has lists of lists
    given = batch(
        image=column(images),
        mask=column(masks),
        box=nested,
        kind=column([one.tolist() for one in kinds]),
        points=column(points),
    )
    made = augment(given)
    plain = batchwarp.Augment(*RECIPE, seed=7, dtype="uint8")
    for i in range(12):
        wanted = plain(
            images[i][None],
            [PATHS[i]],
            masks=masks[i][None],
            boxes={"boxes": [boxes[i]], "labels": [kinds[i]]},
            keypoints=[points[i]],
        )
        np.testing.assert_array_equal(made["image"][i], wanted["images"][0])
        np.testing.assert_array_equal(made["mask"][i], wanted["masks"][0])
        np.testing.assert_array_equal(made["box"][i], wanted["boxes"]["boxes"][0])
        np.testing.assert_array_equal(made["kind"][i], wanted["boxes"]["labels"][0])
        np.testing.assert_array_equal(made["points"][i], wanted["keypoints"][0])
    assert {one.dtype.kind for one in made["kind"] if one.size} == {"i"}


def test_room_for_boxes_makes_one_array():
    boxes = column(
        [np.array([[1, 1, 5, 5]] * (i % 3), np.float32).reshape(-1, 4) for i in range(12)]
    )
    augment = Augment(ops.Flip(horizontal=1.0), seed=7, boxes="box", max_boxes=2)
    made = augment(batch(box=boxes))["box"]
    assert made.shape == (12, 2, 4)
    np.testing.assert_array_equal(made[1], [[2, 1, 6, 5], [-1] * 4])


def test_no_rows():
    assert Augment(*RECIPE, seed=7)(batch([]))["image"].shape == (0, 9, 7, 3)
    empty = {"image": np.empty(0, object), "path": np.empty(0, object)}
    assert len(Augment(*RECIPE, seed=7)(empty)["image"]) == 0


@pytest.fixture
def threads():
    before = runtime.get_num_threads()
    yield
    runtime.set_num_threads(before)


@pytest.fixture
def ray(monkeypatch):
    """A module that answers as Ray's worker does; sets what it has given."""
    resources = {"CPU": 3.0}
    context = SimpleNamespace(get_assigned_resources=lambda: resources)
    module = SimpleNamespace(is_initialized=lambda: True, get_runtime_context=lambda: context)
    monkeypatch.setitem(sys.modules, "ray", module)
    return resources


def test_threads_are_those_that_ray_has_given(threads, ray, monkeypatch):
    augment = Augment(*RECIPE, seed=7)
    augment(batch())
    assert runtime.get_num_threads() == 3
    ray["CPU"] = 0.5
    augment(batch())
    assert runtime.get_num_threads() == 1
    ray["CPU"] = 2.0
    monkeypatch.setenv("BATCHWARP_NUM_THREADS", "1")
    augment(batch())
    assert runtime.get_num_threads() == 1
    Augment(*RECIPE, seed=7, threads=4)(batch())
    assert runtime.get_num_threads() == 4


def test_threads_outside_of_ray_stay(threads, monkeypatch):
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    runtime.set_num_threads(2)
    Augment(*RECIPE, seed=7)(batch())
    assert runtime.get_num_threads() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": None}, "`seed` should be an integer from 0"),
        ({"column": 3}, "`column` should be the name of a column. Received: 3"),
        ({"key_column": 3}, "`key_column` should be the name of a column. Received: 3"),
        ({"masks": X}, "`masks` should be the name of a column"),
        ({"box_labels": "kind"}, "`box_labels` should be `None` without `boxes`"),
        ({"epoch": -1}, "`epoch` should be an integer from 0"),
        ({"threads": 0}, "`threads` should be an integer of at least 1. Received: 0"),
        ({"fill_mode": "mirrored"}, "fill_mode"),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Augment(*RECIPE, **{"seed": 7, **arguments})


def test_operations_that_mix_or_need_floats_are_refused():
    with pytest.raises(ValueError, match=r"do without those that mix images.*Received: MixUp"):
        Augment(ops.MixUp(num_classes=2), seed=7)
    with pytest.raises(ValueError, match="`dtype` should be a floating-point dtype"):
        Augment(ops.Normalize(1.0, 2.0), seed=7)
    with pytest.raises(TypeError, match="strength"):
        Augment(*RECIPE, seed=7, strength=2)
    with pytest.raises(TypeError, match="seed"):
        Augment(*RECIPE)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"path": [1.5] * 12}, TypeError, "Column 'path' should hold an integer or a string"),
        ({"path": ["a"] * 3}, ValueError, "Column 'path' should hold an integer or a string"),
        ({"image": X[..., 0]}, ValueError, r"Column 'image' should hold images.*\(9, 7\)"),
        (
            {"image": column([X[0], X[1, ..., 0], *X[2:]])},
            ValueError,
            r"Column 'image' should hold images.*\(9, 7\), dtype: uint8 in row 1",
        ),
        (
            {"image": column([b"\xff\xd8"] * 12)},
            ValueError,
            "Column 'image' should hold images of three axes.*bytes in row 0",
        ),
        (
            {"image": X / 255.0},
            TypeError,
            "Column 'image' should hold images of uint8 where `dtype` is .*Received: float64",
        ),
        ({"mask": X[..., 0] / 2}, TypeError, "should hold integers.*`masks` is column 'mask'"),
        ({"mask": X[:, 1:, :, 0]}, ValueError, "the size of the images.*`masks` is column 'mask'"),
        (
            {"box": column([np.zeros((2, 3))] * 12)},
            ValueError,
            r"Column 'box' should hold arrays or lists of shape \(k, 4\).*in row 0: array",
        ),
    ],
)
def test_columns_that_are_refused(given, error, message):
    boxes = column([np.zeros((0, 4))] * 12)
    augment = Augment(*RECIPE, seed=7, masks="mask", boxes="box")
    with pytest.raises(error, match=message):
        augment(batch(**{"mask": X[..., 0], "box": boxes, **given}))


def test_columns_that_are_missing():
    augment = Augment(*RECIPE, seed=7)
    with pytest.raises(ValueError, match=r"include_paths=True.*Received: 'path', where there are"):
        augment({"image": X})
    with pytest.raises(
        ValueError, match=r"`column` should be a column.*where there are 'x', 'path'"
    ):
        augment({"x": X, "path": PATHS})
    with pytest.raises(ValueError, match=r"`masks` should be a column.*Received: 'mask'"):
        Augment(*RECIPE, seed=7, masks="mask")(batch())
    with pytest.raises(TypeError, match=r"`batch` should be a dictionary.*numpy.ndarray"):
        augment(X)


def test_paths_that_are_not_below_the_root():
    augment = Augment(*RECIPE, seed=7, root="/data/other")
    with pytest.raises(ValueError, match="should hold paths below `root`, which is '/data/other'"):
        augment(batch())


def test_it_needs_no_ray():
    code = (
        "import sys; sys.modules['ray'] = None; import batchwarp.ray; batchwarp.ray.Augment(seed=1)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
