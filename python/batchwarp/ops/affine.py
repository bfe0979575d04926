"""Rotation, zoom, shear and shift in one."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Factor, Shifts, WithinBoth
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_ROTATION = WithinBoth("degrees")
_ZOOM = Factor(positive=True)
_SHEAR = WithinBoth("degrees", 90, reached=False)
_SHIFT = Shifts()


@dataclass(frozen=True, repr=False)
class Affine(OptionalLeaf):
    """Rotates, zooms, shears and shifts about the image's centre.

    All of it is one map, and together with the other operations that move pixels the image is read
    once. A point of the image is zoomed first, then sheared, rotated and shifted. As in
    torchvision's `RandomAffine`, zooms above 1 enlarge; in `ImageDataGenerator(zoom_range=...)`
    they shrink.

    Args:
        rotation: Number N for angles from -N to N, or a pair (low, high), in degrees;
            counter-clockwise as the image is seen.
        zoom: Number N for factors from 1 - N to 1 + N, or a pair (low, high).
        shear: As `rotation`, the angle by which a vertical line leans, below 90.
        shear_y: As `rotation`, the angle by which a horizontal line leans, below 90.
        shift: Number N for shifts from -N to N, as a fraction of width and height, or a pair of
            such numbers, (x, y). To the right and downwards is positive.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Affine(rotation=20, zoom=(0.9, 1.1), shift=0.1)
        Affine(rotation=20, zoom=(0.9, 1.1), shift=0.1)
    """

    rotation: float | tuple[float, float] = field(default=0, metadata=accepting(_ROTATION))
    zoom: float | tuple[float, float] = field(default=0, metadata=accepting(_ZOOM))
    shear: float | tuple[float, float] = field(default=0, metadata=accepting(_SHEAR))
    shear_y: float | tuple[float, float] = field(default=0, metadata=accepting(_SHEAR))
    shift: float | tuple[float, float] = field(default=0, metadata=accepting(_SHIFT))

    core = "affine"
    scope = "coordinates"
    named_in_repr = True

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the angles, factors and fractions are drawn from."""
        x, y = _SHIFT.pair(self.shift)
        return (
            uniform(_ROTATION.range(self.rotation)),
            uniform(_ZOOM.range(self.zoom)),
            uniform(_SHEAR.range(self.shear)),
            uniform(_SHEAR.range(self.shear_y)),
            uniform((-x, x)),
            uniform((-y, y)),
        )
