"""Parts of an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted_counts import Padding, Size
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting

_PADDING = Padding()
_SIZE = Size()


@dataclass(frozen=True, repr=False)
class RandomCrop(Leaf):
    """Cuts a window out of each image, at a place of its own, as torchvision's `RandomCrop`.

    Only a window moves: where an operation after it turns the image, say, pixels come from beyond
    the window, not from a fill mode.

    Args:
        size: Integer for a square, or a pair (height, width), in pixels.
        padding: By how many pixels the window may be beyond the edges: an integer, a pair (x, y),
            or (left, top, right, bottom). What it sees there is what the recipe's `fill_mode` says.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> RandomCrop(32, padding=4)
        RandomCrop(32, padding=4)
    """

    size: int | tuple[int, int] = field(metadata=accepting(_SIZE))
    padding: int | tuple[int, ...] = field(default=0, metadata=accepting(_PADDING))

    core = "random_crop"
    scope = "coordinates"
    sets_size = True

    def size_after(self, image: ImageSpec) -> tuple[int, int]:  # noqa: ARG002
        """Returns the window's height and width."""
        return _SIZE.pair(self.size)

    def check(self, image: ImageSpec) -> None:
        """Checks that the window fits into the padded image."""
        left, top, right, bottom = _PADDING.sides(self.padding)
        check_window(self, image.height + top + bottom, image.width + left + right)

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Always: where the window is."""
        return True

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns the size and the padding."""
        height, width = self.size_after(image)
        sides = tuple(map(float, _PADDING.sides(self.padding)))
        return {"height": height, "width": width, "padding": sides}


@dataclass(frozen=True, repr=False)
class CenterCrop(Leaf):
    """Cuts the middle out of images, as torchvision's and Keras' `CenterCrop`.

    Where half a pixel is left, the window lies as torchvision's does. An image smaller than the
    window is an error; `Pad` before it makes one that fits.

    Args:
        size: Integer for a square, or a pair (height, width), in pixels.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If `size` is not as above.

    Example:
        >>> CenterCrop((200, 224))
        CenterCrop((200, 224))
    """

    size: int | tuple[int, int] = field(metadata=accepting(_SIZE))

    core = "crop"
    scope = "coordinates"
    sets_size = True

    def size_after(self, image: ImageSpec) -> tuple[int, int]:  # noqa: ARG002
        """Returns the window's height and width."""
        return _SIZE.pair(self.size)

    def check(self, image: ImageSpec) -> None:
        """Checks that the window fits into the image."""
        check_window(self, image.height, image.width)

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns where the window is."""
        height, width = self.size_after(image)
        top, left = round((image.height - height) / 2), round((image.width - width) / 2)
        return {"top": top, "left": left, "height": height, "width": width}


def check_window(operation: RandomCrop | CenterCrop, height: int, width: int) -> None:
    """Checks that a window fits into an image.

    Args:
        operation: What has the window.
        height: Integer, the image's rows.
        width: Integer, the image's columns.

    Raises:
        ValueError: If it is larger.
    """
    size = _SIZE.pair(operation.size)
    if size[0] > height or size[1] > width:
        raise ValueError(
            f"`size` of `{type(operation).__name__}` should be at most {height} x {width}, the "
            f"size of the images that it crops. Received: {operation.size}"
        )
