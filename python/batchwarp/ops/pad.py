"""Images with more around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted_counts import Padding
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting

_PADDING = Padding()


@dataclass(frozen=True, repr=False)
class Pad(Leaf):
    """Makes images larger; what is around them then is what the recipe's `fill_mode` says.

    Args:
        padding: How many pixels are added: an integer for all sides, a pair (x, y), or
            (left, top, right, bottom), as in torchvision's `Pad`.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If `padding` is not as above.

    Example:
        >>> Pad((2, 4))
        Pad((2, 4))
    """

    padding: int | tuple[int, ...] = field(metadata=accepting(_PADDING))

    core = "crop"
    scope = "coordinates"
    sets_size = True

    def size_after(self, image: ImageSpec) -> tuple[int, int]:
        """Returns the height and the width with the padding."""
        left, top, right, bottom = _PADDING.sides(self.padding)
        return image.height + top + bottom, image.width + left + right

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns the window, which begins before the image."""
        left, top, _, _ = _PADDING.sides(self.padding)
        height, width = self.size_after(image)
        return {"top": -top, "left": -left, "height": height, "width": width}
