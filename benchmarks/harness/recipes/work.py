"""What is measured of recipes: their operations and strengths, and how a library does one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..batches import THREADS
from ..timing import Contender

# Strengths, the same for all libraries, as far as each can be told them.
ROTATION, SHIFT, ZOOM = 20, 0.1, (0.9, 1.1)
DISTORTION = 0.1  # corners move inwards by up to half of this share of the image
BRIGHTNESS = CONTRAST = SATURATION = 0.2
HUE = 0.05
ERASED, SCALE, RATIO = 0.5, (0.02, 0.33), (0.3, 3.3)  # probability; share and ratio of the hole
CROP_SCALE, CROP_RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
MAGNITUDE = 9  # of RandAugment, of 30
SHARPNESS = (0.5, 1.5)
SIGMA = (1.0, 3.0)  # pixels
STEPS, LIMIT = 5, 0.3  # of a grid
NOISE_STD = 0.05  # of values from 0 to 1
QUALITY = (50, 95)  # of JPEG
ALPHA, SMOOTHNESS = 50.0, 5.0  # of torchvision's elastic transform
SIDE, TINY = 224, 18  # of the results; TINY to see that it runs
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of values from 0 to 1

Images = NDArray[Any]


@dataclass(frozen=True)
class Recipe:
    """A list of operations.

    Attributes:
        key: its name in tables and metrics.
        what: the operations.
        source: height and width of the images that it starts from; it leaves squares.
    """

    key: str
    what: str
    source: tuple[int, int] = (SIDE, SIDE)

    def tiny(self) -> Recipe:
        """Returns it for images that take no time."""
        height, width = (side * TINY // SIDE for side in self.source)
        return Recipe(self.key, self.what, (height, width))


A, A_JITTER, B, C, D = "A", "A + jitter", "B", "C", "D"
EQUALIZE, SHARPEN, BLUR = "equalize", "sharpen", "blur"
ELASTIC, GRID, NOISE, JPEG = "elastic", "grid distortion", "noise", "JPEG"
RECIPES = (
    Recipe(A, "flip, affine, normalize"),
    Recipe(A_JITTER, "flip, affine, jitter of brightness, contrast, saturation, hue, normalize"),
    Recipe(B, "flip, affine, perspective, jitter, erase half of the images, normalize"),
    Recipe(C, "RandAugment(2)"),
    Recipe(D, "random resized crop from 500×375, flip, jitter, normalize", (375, 500)),
    Recipe(EQUALIZE, "equalize"),
    Recipe(SHARPEN, "sharpen"),
    Recipe(BLUR, "Gaussian blur"),
    Recipe(ELASTIC, "elastic"),
    Recipe(GRID, "grid distortion"),
    Recipe(NOISE, "Gaussian noise"),
    Recipe(JPEG, "JPEG written and read"),
)

# Takes images (n, height, width, 3) of uint8 and the side of the result; returns the ways to do it,
# of which the fastest counts.
Make = Callable[[Images, int], Mapping[str, Contender]]


@dataclass(frozen=True)
class Peer:
    """A library, and how it does the recipes.

    Attributes:
        name: as tables show it.
        distribution: what must be installed; its version is reported.
        threads: how it comes to work in two threads.
        recipes: by their keys, those that it has.
        differs: by their keys, what it does otherwise than batchwarp; under "", in all of them.
        process: peers of one name share a process. TensorFlow and PyTorch can crash one that has
            loaded both.
    """

    name: str
    distribution: str
    threads: str
    recipes: Mapping[str, Make]
    differs: Mapping[str, str]
    process: str = "plain"

    def installed(self) -> bool:
        """Returns whether its distribution is there."""
        try:
            metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return False
        return True


def image_by_image(
    make: Callable[[], Callable[[Any], Any]],
    images: Any,
    out: Any,
    set_threads: Callable[[int], object] = lambda _: None,
) -> dict[str, Contender]:
    """Returns the ways to have two threads for a library that takes one image at a time.

    Args:
        make: makes what takes an image and returns another; called for each thread, since such
            things have a state.
        images: what can be indexed: an array or a tensor.
        out: of float32, receives the results; the assignment converts.
        set_threads: sets how many threads the library itself has.

    Returns:
        `"loop"`, in which the library may use two threads for each image, and `"pool"`, in which
        two of Python's threads have half of the images each, and the library has one.
    """

    def share(transform: Callable[[Any], Any], first: int, step: int) -> None:
        for place in range(first, len(images), step):
            out[place] = transform(images[place])

    transforms = [make() for _ in range(THREADS)]
    pool = ThreadPoolExecutor(THREADS)

    def shares() -> None:
        running = [
            pool.submit(share, transform, first, THREADS)
            for first, transform in enumerate(transforms)
        ]
        for one in running:
            one.result()

    return {
        "loop": Contender(partial(share, transforms[0], 0, 1), partial(set_threads, THREADS)),
        "pool": Contender(shares, partial(set_threads, 1)),
    }


def batch_of(images: Images, side: int) -> NDArray[np.float32]:
    """Returns an array for the results, touched before."""
    return np.zeros((len(images), side, side, 3), np.float32)
