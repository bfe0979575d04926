"""Flows of all kinds, whose states are saved and loaded."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from PIL import Image

from annotation_files import coco_content, save_images, save_yolo
from batchwarp import ImageDataGenerator, ops

N, SIZE = 11, (6, 5)
X = np.random.default_rng(0).integers(0, 256, (N, *SIZE, 3), dtype=np.uint8)
Y = np.arange(N)
MASKS = np.random.default_rng(1).integers(0, 3, (N, *SIZE), dtype=np.uint8)
BOXES = [np.array([[0, 0, 3, 2], [1, 1, 4, 5]][: number % 3], np.float32) for number in range(N)]


def generator(draws, **arguments):
    recipe = [ops.Affine(rotation=40, shift=0.2), ops.Brightness(0.3)]
    made = {"rotation_range": 30, "horizontal_flip": True, "draws": draws, **arguments}
    return ImageDataGenerator(**{"operations": recipe, **made})


def save_files(root):
    """Saves the images in two classes, and annotations in COCO's and YOLO's formats."""
    for number, image in enumerate(X):
        path = root / "images" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (root / "coco").mkdir()
    save_images(root / "coco")
    (root / "coco.json").write_text(json.dumps(coco_content()))
    (root / "yolo").mkdir()
    return root


def arrays(made, folder, **arguments):
    return made.flow(X, Y, 4, **arguments)


def directories(made, folder, **arguments):
    return made.flow_from_directory(
        folder / "images", target_size=SIZE, class_mode="sparse", batch_size=4, **arguments
    )


def dataframes(made, folder, **arguments):
    names = sorted(str(path) for path in (folder / "images").rglob("*.png"))
    frame = pd.DataFrame({"filename": names, "class": list(range(len(names)))})
    return made.flow_from_dataframe(
        frame, class_mode="raw", target_size=SIZE, batch_size=4, **arguments
    )


def coco(made, folder, **arguments):
    return made.flow_from_coco(
        folder / "coco.json", folder / "coco", target_size=SIZE, batch_size=2, **arguments
    )


def yolo(made, folder, **arguments):
    return made.flow_from_yolo(
        save_yolo(folder / "yolo"), target_size=SIZE, batch_size=2, **arguments
    )


def samples(made, _, **arguments):
    pairs = list(zip(X, Y.tolist(), strict=True))
    return made.flow_from_samples(pairs, target_size=SIZE, batch_size=4, **arguments)


KINDS = {flow.__name__: flow for flow in (arrays, directories, dataframes, coco, yolo, samples)}


def same(one, other):
    """Asserts that batches are equal: arrays, tuples and dictionaries of them."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for parts in zip(one, other, strict=True):
            same(*parts)
    else:
        np.testing.assert_array_equal(one, other)


def saved(flow, **arguments):
    """The flow's state, through JSON."""
    text = json.dumps(flow.state_dict(**arguments))
    assert len(text) < 20_000
    return json.loads(text)


def loaded(make, state):
    flow = make()
    flow.load_state_dict(state)
    return flow
