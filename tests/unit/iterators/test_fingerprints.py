"""Which flows are told apart: what a state of one says to another."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from annotation_files import coco_content, save_coco
from batchwarp import ImageDataGenerator, ops
from resumed_flows import MASKS, SIZE, X, Y, directories, generator, save_files, saved


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_files(tmp_path_factory.mktemp("resume"))


def test_what_differs_is_named(folder):
    made = generator("keras")
    state = saved(made.flow(X, Y, 4, seed=3))

    def refused(match, flow):
        with pytest.raises(ValueError, match=match):
            flow.load_state_dict(state)
        assert flow.total_batches_seen == 0

    refused("another data set: `images` was", made.flow(X + 1, Y, 4, seed=3))
    refused("another data set: `labels` was", made.flow(X, Y + 1, 4, seed=3))
    refused("another data set: `images` was", made.flow(X[:, ::-1], Y, 4, seed=3))
    refused("another data set: `(images|files)` was", directories(made, folder, seed=3))
    refused("another data set: `labels` was .* is", made.flow(X, Y, 4, seed=3, masks=MASKS))
    refused(
        "`rotation_range` was 30.* and is 31",
        generator("keras", rotation_range=31).flow(X, Y, 4, seed=3),
    )
    refused(
        "another generator: `operations` was",
        generator("keras", operations=[ops.Flip()]).flow(X, Y, 4, seed=3),
    )
    refused(
        "another generator: `draws` was 'keras' and is 'keyed'",
        generator("keyed").flow(X, Y, 4, seed=3),
    )
    function = generator("keras", preprocessing_function=lambda image: image)
    refused("another generator: `preprocessing_function` was None", function.flow(X, Y, 4, seed=3))
    refused("`seed` was 3 and is 4", made.flow(X, Y, 4, seed=4))
    refused("`shuffle` was True and is False", made.flow(X, Y, 4, seed=3, shuffle=False))
    wide = generator("keras", dtype="float64")
    refused("another generator: `dtype` was 'float32' and is", wide.flow(X, Y, 4, seed=3))
    state = saved(directories(made, folder, seed=3))
    other = made.flow_from_directory(
        folder / "images" / "..", target_size=SIZE, batch_size=4, seed=3, class_mode="sparse"
    )
    refused("another data set: `(files|labels)` was", other)
    refused(
        r"`target_size` was \[6, 5\] and is \[5, 5\]",
        made.flow_from_directory(
            folder / "images", target_size=(5, 5), class_mode="sparse", batch_size=4, seed=3
        ),
    )


def test_large_arrays_are_sampled():
    x = np.zeros((100, 64, 64, 3), np.uint8)
    made = ImageDataGenerator()
    state = saved(made.flow(x, seed=0))
    x[99] = 1
    with pytest.raises(ValueError, match="`images` was"):
        made.flow(x, seed=0).load_state_dict(state)
    made.flow(np.zeros_like(x), seed=0, prefetch=3).load_state_dict(state)


def test_folders_of_files_and_masks_may_be_elsewhere(folder, tmp_path):
    made = generator("keras")
    shutil.copytree(folder / "images", tmp_path / "copied")
    state = saved(directories(made, folder, seed=3, masks=folder / "images"))
    directories(made, folder, seed=3, masks=tmp_path / "copied").load_state_dict(state)
    first = next((tmp_path / "copied").rglob("*.png"))
    first.rename(first.with_suffix(".npy"))
    other = directories(made, folder, seed=3, masks=tmp_path / "copied")
    with pytest.raises(ValueError, match="another data set: `targets` was"):
        other.load_state_dict(state)


def test_masks_that_are_painted_are_told_apart(tmp_path):
    pytest.importorskip("pycocotools.mask")

    def flow(content=None, masks="classes", folder="one"):
        path = save_coco(tmp_path / folder, content)
        arguments = {"target_size": (8, 8), "seed": 1, "masks": masks}
        return ImageDataGenerator().flow_from_coco(path, tmp_path / folder / "images", **arguments)

    state = saved(flow())
    flow(folder="other").load_state_dict(state)
    content = coco_content()
    content["annotations"][0]["segmentation"][0][5] -= 1
    for other in (flow(masks="instances"), flow(content)):
        with pytest.raises(ValueError, match="another data set: `targets` was"):
            other.load_state_dict(state)
