"""Batches as loops of PyTorch make them: a `DataLoader`, Pillow and torchvision v2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .photos import CLASSES

SIDE, BATCH = 224, 32
# What both do to images: torchvision's `RandomAffine` and `RandomHorizontalFlip` come nearest.
ARGUMENTS: dict[str, Any] = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "zoom_range": 0.1,
    "horizontal_flip": True,
}


def torchvision() -> Any:
    """Returns torchvision's transforms, which take seconds to import."""
    from torchvision.transforms import v2

    return v2


def transforms(resize: bool) -> Any:
    """Returns what is done to one image.

    Args:
        resize: whether to resize it first, antialiased as files are by Pillow's bilinear method.
    """
    import torch

    v2 = torchvision()
    shift, zoom = ARGUMENTS["width_shift_range"], ARGUMENTS["zoom_range"]
    return v2.Compose(
        [
            v2.ToImage(),
            *([v2.Resize((SIDE, SIDE), antialias=True)] if resize else []),
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(
                ARGUMENTS["rotation_range"],
                (shift, shift),
                (1 - zoom, 1 + zoom),
                interpolation=v2.InterpolationMode.BILINEAR,
            ),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )


class Files:
    """A data set as PyTorch has them, of files that Pillow decodes.

    Args:
        folder: where they are.
        transform: what is done to each image.
    """

    def __init__(self, folder: Path, transform: Any) -> None:
        self._files = [
            (path, label)
            for label, name in enumerate(CLASSES)
            for path in sorted((folder / name).glob("*.jpg"))
        ]
        self._transform = transform

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        from PIL import Image

        path, label = self._files[row]
        with Image.open(path) as picture:
            return self._transform(picture.convert("RGB")), label


class Arrays:
    """A data set as PyTorch has them, of images in memory."""

    def __init__(self, images: Any) -> None:
        self._images = images
        self._transform = transforms(resize=False)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        return self._transform(np.asarray(self._images[row])), row % 2


def torchvision_loader(source: Path | Any, workers: int) -> Any:
    """Returns a `DataLoader` whose workers go on from pass to pass.

    Args:
        source: a folder of photographs, or an array of images.
        workers: how many.
    """
    import torch

    return torch.utils.data.DataLoader(
        Files(source, transforms(resize=True)) if isinstance(source, Path) else Arrays(source),
        batch_size=BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
