"""Brightness, contrast, saturation and hue in one."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Choice, Factor, WithinBoth
from batchwarp.ops.brightness import Brightness
from batchwarp.ops.contrast import Contrast
from batchwarp.ops.hue import Hue
from batchwarp.ops.policies import Policy
from batchwarp.ops.recipe import ImageSpec, Node, accepting
from batchwarp.ops.saturation import Saturation

_FACTOR = Factor()


@dataclass(frozen=True, repr=False)
class ColorJitter(Policy):
    """Changes brightness, contrast, saturation and hue, in this order.

    Arguments are those of torchvision's `ColorJitter`, where the order is random; here it is fixed,
    so that all four cost one pass over the pixels. What is 0 is left out.

    Args:
        brightness: Number N for factors from max(0, 1 - N) to 1 + N, or a pair (low, high).
        contrast: As `brightness`.
        saturation: As `brightness`; images have three channels.
        hue: Number N up to 0.5 for turns of the colour wheel from -N to N, or a pair (low, high);
            images have three channels.
        hue_mode: `"yiq"` or `"hsv"`, as the `mode` of `Hue`.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> ColorJitter(brightness=0.2, contrast=0.2, hue=0.05)
        ColorJitter(brightness=0.2, contrast=0.2, hue=0.05)
    """

    brightness: float | tuple[float, float] = field(default=0, metadata=accepting(_FACTOR))
    contrast: float | tuple[float, float] = field(default=0, metadata=accepting(_FACTOR))
    saturation: float | tuple[float, float] = field(default=0, metadata=accepting(_FACTOR))
    hue: float | tuple[float, float] = field(
        default=0, metadata=accepting(WithinBoth("turns of the colour wheel", 0.5))
    )
    hue_mode: str = field(default="yiq", metadata=accepting(Choice(("yiq", "hsv"))))

    named_in_repr = True
    moves_pixels = False
    in_range = True

    def members(self, image: ImageSpec) -> tuple[Node, ...]:
        """Returns the four as nodes, with one that does nothing for each that is off."""
        each = (
            (self.brightness, Brightness(self.brightness)),
            (self.contrast, Contrast(self.contrast)),
            (self.saturation, Saturation(self.saturation)),
            (self.hue, Hue(self.hue, self.hue_mode)),
        )
        return tuple(
            Node("leaf") if given == 0 else operation.node(image) for given, operation in each
        )
