"""Small data sets with annotations in COCO's and YOLO's formats, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# Height and width of the images, which are `a.png`, `b.png` and `sub/c.png`.
SIZES = ((20, 30), (16, 16), (12, 40))
NAMES = ("a.png", "b.png", "sub/c.png")


def save_images(folder: Path) -> Path:
    """Writes the images, each of one value: its number."""
    for number, (name, size) in enumerate(zip(NAMES, SIZES, strict=True)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*size, 3), number, np.uint8)).save(path)
    return folder


def coco_content() -> dict[str, Any]:
    """Returns annotations of the images: sparse ids, a crowd, polygons, run lengths, keypoints.

    The last image has none.
    """
    return {
        "images": [
            {"id": 70 - number, "file_name": name, "height": size[0], "width": size[1]}
            for number, (name, size) in enumerate(zip(NAMES, SIZES, strict=True))
        ],
        "categories": [
            {"id": 44, "name": "bottle"},
            {
                "id": 1,
                "name": "person",
                "keypoints": ["nose", "left_eye", "right_eye"],
            },
        ],
        "annotations": [
            {
                "id": 11,
                "image_id": 70,
                "category_id": 44,
                "bbox": [2, 3, 10, 8],
                "area": 80,
                "iscrowd": 0,
                "segmentation": [[2, 3, 12, 3, 12, 11, 2, 11]],
            },
            {
                "id": 12,
                "image_id": 70,
                "category_id": 1,
                "bbox": [4.5, 4.0, 4.0, 3.0],
                "area": 12,
                "iscrowd": 0,
                "segmentation": [[4.5, 4, 8.5, 4, 8.5, 7, 4.5, 7]],
                "keypoints": [5, 4, 2, 7, 5, 1, 0, 0, 0],
                "num_keypoints": 2,
            },
            {
                "id": 13,
                "image_id": 69,
                "category_id": 1,
                "bbox": [0, 0, 16, 16],
                "area": 128,
                "iscrowd": 1,
                "segmentation": {"size": [16, 16], "counts": [64, 128, 64]},
                "keypoints": [0] * 9,
                "num_keypoints": 0,
            },
            {
                "id": 14,
                "image_id": 69,
                "category_id": 44,
                "bbox": [5, 5, 6, 6],
                "area": 36,
                "iscrowd": 0,
                # Columns 5 to 10, rows 5 to 10, as pycocotools writes run lengths.
                "segmentation": {"size": [16, 16], "counts": "e26:000000000[2"},
            },
        ],
    }


def save_coco(folder: Path, content: Any = None) -> Path:
    """Writes images below `images`, and a JSON file beside it; returns the file."""
    save_images(folder / "images")
    path = folder / "instances.json"
    path.write_text(json.dumps(coco_content() if content is None else content), encoding="utf-8")
    return path


def save_yolo(folder: Path) -> Path:
    """Writes images below `images`, and labels below `labels`; returns the folder of images.

    The second image has an empty file, the third one none.
    """
    labels = folder / "labels"
    labels.mkdir(parents=True, exist_ok=True)
    (labels / "a.txt").write_text("1 0.5 0.5 0.2 0.5\n0 0.1 0.2 0.2 0.4\n", encoding="utf-8")
    (labels / "b.txt").write_text("", encoding="utf-8")
    return save_images(folder / "images")
