"""Folders of photographs for benchmarks: cats and dogs, or pictures like them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from batchwarp.training.data.datasets import DATA_VARIABLE

CLASSES = ("cats", "dogs")
LARGE = (500, 375)  # the size that most of the photographs nearly have
QUALITY = 85  # of generated files: about as many bytes a pixel as the photographs have
HOUR = 3600


@contextmanager
def photos(count: int, size: tuple[int, int] | None = None) -> Iterator[tuple[Path, str]]:
    """Makes a folder with JPEG files of two classes, and removes it in the end.

    They are copies of `cats_dogs/train` below the folder that `BATCHWARP_DATA` names, evenly
    chosen; where there are none, pictures are generated.

    Args:
        count: how many files, an even number.
        size: width and height that all have, but for a pixel; None: as they come.

    Yields:
        The folder, and what the files are, in words.
    """
    data = os.environ.get(DATA_VARIABLE)
    train = Path(data, "cats_dogs", "train") if data else None
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in CLASSES:
            (folder / name).mkdir()
        if train is not None and train.is_dir():
            _copy(train, folder, count, size)
            yield folder, "cats and dogs"
        else:
            _generate(folder, count, size)
            yield folder, "generated pictures"


def _copy(source: Path, folder: Path, count: int, size: tuple[int, int] | None) -> None:
    each = count // len(CLASSES)
    for name in CLASSES:
        found = sorted((source / name).glob("*.jpg"))
        if size is not None:
            found = [path for path in found if _is_about(path, size)]
        for row in range(each):
            path = found[row * len(found) // each]
            shutil.copy2(path, folder / name / f"{row:05}.jpg")


def _is_about(path: Path, size: tuple[int, int]) -> bool:
    from PIL import Image

    with Image.open(path) as picture:
        return all(abs(own - side) <= 1 for own, side in zip(picture.size, size, strict=True))


def _generate(folder: Path, count: int, size: tuple[int, int] | None) -> None:
    rng = np.random.default_rng(0)
    # A cache takes no image whose file has just been changed for settled.
    past = time.time() - HOUR
    for number in range(count):
        name = CLASSES[number % len(CLASSES)]
        path = folder / name / f"{number // len(CLASSES):05}.jpg"
        _write(path, rng, size)
        os.utime(path, (past, past))


def _write(path: Path, rng: np.random.Generator, size: tuple[int, int] | None) -> None:
    """Writes a picture of the sizes that the photographs have: half of them near 446×374."""
    from PIL import Image

    width, height = size or _size(rng)
    picture = Image.fromarray(_pixels(height, width, rng))
    picture.save(path, quality=QUALITY, subsampling="4:2:0")


def _size(rng: np.random.Generator) -> tuple[int, int]:
    longer = int(np.clip(rng.normal(450, 70), 100, 500))
    shorter = int(longer * rng.uniform(0.65, 0.98))
    return (longer, shorter) if rng.random() < 0.7 else (shorter, longer)


def _pixels(height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Returns an RGB picture of large and small blots: octaves of noise, the finer the fainter."""
    from PIL import Image

    total = np.full((height, width, 3), 128, np.float32)
    for cells, amplitude in ((4, 60), (16, 30), (64, 14), (256, 5)):
        noise = rng.integers(0, 256, (cells, cells, 3), np.uint8)
        enlarged = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        total += (np.asarray(enlarged, np.float32) / 127.5 - 1) * amplitude
    return np.clip(total, 0, 255).astype(np.uint8)
