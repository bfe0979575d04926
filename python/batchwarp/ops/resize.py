"""Images of another size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Pair, Switch
from batchwarp.ops.accepted_counts import Size
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting

_SIZE = Size()
_SCALE = Pair("shares of the image's area", 1)
_RATIO = Pair("ratios of width to height")
_ANTIALIAS = Switch()


def averages(
    operation: Resize | RandomResizedCrop, image: ImageSpec, size: tuple[int, int]
) -> bool:
    """Returns whether an operation averages pixels where images shrink.

    Args:
        operation: What resizes them.
        image: What images are before it.
        size: Tuple of two integers, the height and the width that it makes.

    Raises:
        ValueError: If it should, but pixels have been moved before.
    """
    if not operation.antialias or (size[0] >= image.height and size[1] >= image.width):
        return False
    if image.moved:
        name = type(operation).__name__
        raise ValueError(
            f"`antialias` of `{name}` should be False where it shrinks images, unless it is the "
            "first operation of a recipe that moves pixels, and in no policy. Received: True"
        )
    return True


@dataclass(frozen=True, repr=False)
class Resize(Leaf):
    """Resizes images.

    Args:
        size: Pair (height, width); or an integer, which as in torchvision's `Resize` is the length
            of the shorter side, while the longer one keeps the proportions.
        antialias: Boolean, whether images that shrink are averaged over as many pixels as become
            one, as in torchvision and Pillow; it needs to be the first operation that moves pixels.
            If false, or where images grow, they are read at single places, in the same pass as
            all other operations that move pixels.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Resize((224, 224))
        Resize((224, 224))
    """

    size: int | tuple[int, int] = field(metadata=accepting(_SIZE))
    antialias: bool = field(default=True, metadata=accepting(_ANTIALIAS))

    core = "resize"
    scope = "coordinates"
    sets_size = True

    def size_after(self, image: ImageSpec) -> tuple[int, int]:
        """Returns the height and the width."""
        if isinstance(self.size, tuple):
            return self.size
        short, long = sorted((image.height, image.width))
        longer = max(1, self.size * long // short)
        return (self.size, longer) if image.height <= image.width else (longer, self.size)

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns the size."""
        height, width = self.size_after(image)
        antialias = averages(self, image, (height, width))
        return {"height": height, "width": width, "antialias": antialias}


@dataclass(frozen=True, repr=False)
class RandomResizedCrop(Leaf):
    """Cuts a part of random size and proportions out of each image, and resizes it.

    The part is found as torchvision's `RandomResizedCrop` finds it, in up to ten attempts.

    Args:
        size: Integer for a square, or a pair (height, width), in pixels.
        scale: Pair (low, high), the part's share of the image's area.
        ratio: Pair (low, high), the part's ratio of width to height.
        antialias: As in `Resize`; it decides where the part is larger than `size`.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Szegedy et al., "Going deeper with convolutions", https://arxiv.org/abs/1409.4842

    Example:
        >>> RandomResizedCrop(224, scale=(0.5, 1))
        RandomResizedCrop(224, scale=(0.5, 1))
    """

    size: int | tuple[int, int] = field(metadata=accepting(_SIZE))
    scale: tuple[float, float] = field(default=(0.08, 1.0), metadata=accepting(_SCALE))
    ratio: tuple[float, float] = field(default=(3 / 4, 4 / 3), metadata=accepting(_RATIO))
    antialias: bool = field(default=True, metadata=accepting(_ANTIALIAS))

    core = "random_resized_crop"
    scope = "coordinates"
    sets_size = True

    def size_after(self, image: ImageSpec) -> tuple[int, int]:  # noqa: ARG002
        """Returns the height and the width."""
        return _SIZE.pair(self.size)

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Always: where the part is."""
        return True

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns the size and what the part is drawn from."""
        height, width = self.size_after(image)
        return {
            "height": height,
            "width": width,
            "scale": tuple(map(float, self.scale)),
            "ratio": tuple(map(float, self.ratio)),
            "antialias": averages(self, image, (height, width)),
        }
