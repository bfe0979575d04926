"""Traces of JPEG."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Value
from batchwarp.ops.keyed_draws import KeyedDraw
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_QUALITY = Value(1, 100, whole=True)


@dataclass(frozen=True, repr=False)
class JpegCompression(OptionalLeaf):
    """Makes images what they are after JPEG, as torchvision's `JPEG`.

    Bit for bit what Pillow makes of 8-bit images that it writes with some quality and reads again,
    without the coding in between, which loses nothing. Other images have their values rounded to
    256 levels of the value range. Images have one or three channels.

    Args:
        quality: Integer from 1, the strongest traces, to 100, or a pair (low, high) that it is
            drawn between, both included.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf

    Example:
        >>> JpegCompression((30, 90), p=0.5)
        JpegCompression((30, 90), p=0.5)
    """

    quality: int | tuple[int, int] = field(default=(50, 95), metadata=accepting(_QUALITY))

    core = "jpeg_compression"
    channels = (1, 3)

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the quality is drawn from."""
        low, high = _QUALITY.range(self.quality)
        return (KeyedDraw(0.0, low, high, bins=int(high - low) + 1),)
