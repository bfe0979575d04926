"""Policies that choose from one set of distortions, of one strength or of any."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from batchwarp.ops.accepted_counts import Whole
from batchwarp.ops.keyed_draws import KeyedDraw, always
from batchwarp.ops.policies import Policy
from batchwarp.ops.recipe import ImageSpec, Node, accepting

__all__ = ["RandAugment", "Strongest", "TrivialAugment", "distortions"]

_BINS = Whole(2)

# How one of the distortions is chosen.
_ANY = {"of": 14, "weights": None}

# The columns of the core's "affine", with what changes nothing.
_AFFINE = {
    "rotation": 0.0,
    "zoom": 1.0,
    "shear_x": 0.0,
    "shear_y": 0.0,
    "shift_x": 0.0,
    "shift_y": 0.0,
}


class Strongest(NamedTuple):
    """How strong distortions are at most.

    Attributes:
        shear: Float, the tangent of the angle.
        shift: Function of a length in pixels: the fraction of it.
        rotation: Float, degrees.
        factor: Float, how far factors are from 1.
        bits: Integer, how many bits are lost.
        kept: Integer, of how many.
    """

    shear: float
    shift: Callable[[int], float]
    rotation: float
    factor: float
    bits: int
    kept: int = 8


def _affine(column: str, draw: KeyedDraw) -> Node:
    draws = [tuple(draw if name == column else always(value)) for name, value in _AFFINE.items()]
    return Node("leaf", step=("affine", {"draws": draws}))


def _leaf(core: str, draw: KeyedDraw) -> Node:
    return Node("leaf", step=(core, {"draws": [tuple(draw)]}))


def distortions(
    strongest: Strongest, image: ImageSpec, share: float, bins: int, policy: Policy
) -> tuple[Node, ...]:
    """Returns torchvision's 14 distortions, in its order.

    Args:
        strongest: How strong they are at most.
        image: What images are at this step.
        share: Float, the share of that strength which is drawn at most.
        bins: Integer, from how many strengths between nothing and this share one is drawn; 1 for
            this share itself.
        policy: What they belong to.
    """
    if image.channels not in (1, 3):
        raise ValueError(
            f"`{policy}` needs images of 1 or 3 channels. Received images of {image.channels}"
        )

    def to_either_side(centre: float, most: float) -> KeyedDraw:
        return KeyedDraw(centre, most if bins == 1 else 0.0, most, bins, mirrored=True)

    def to_one_side(centre: float, most: float) -> KeyedDraw:
        return KeyedDraw(centre, most if bins == 1 else 0.0, most, bins)

    shear = to_either_side(0.0, math.degrees(math.atan(strongest.shear * share)))
    factor = to_either_side(1.0, strongest.factor * share)
    bits = strongest.bits * share
    return (
        Node("leaf"),  # nothing is one of them
        _affine("shear_x", shear),
        _affine("shear_y", shear),
        _affine("shift_x", to_either_side(0.0, strongest.shift(image.width) * share)),
        _affine("shift_y", to_either_side(0.0, strongest.shift(image.height) * share)),
        _affine("rotation", to_either_side(0.0, strongest.rotation * share)),
        _leaf("brightness", factor),
        _leaf("saturation", factor) if image.channels == 3 else Node("leaf"),
        _leaf("contrast", factor),
        _leaf("sharpen", factor),
        _leaf(
            "posterize", to_one_side(float(strongest.kept), -round(bits) if bins == 1 else -bits)
        ),
        _leaf("solarize", to_one_side(1.0, -share)),
        _leaf("autocontrast", always(1)),
        _leaf("equalize", always(1)),
    )


@dataclass(frozen=True, repr=False)
class RandAugment(Policy):
    """Does some of 14 distortions of one strength, drawn anew for each image.

    The distortions, their strengths and the arguments are those of torchvision's `RandAugment`: two
    shears, two shifts, rotation, brightness, saturation, contrast, sharpness, posterize, solarize,
    auto-contrast, equalize, and none at all. One may be chosen twice. Shears are about the image's
    centre; all that move pixels read the image once.

    Args:
        num_ops: Integer from 1 to 17, how many distortions an image gets.
        magnitude: Integer from 0 to below `num_magnitude_bins`, how strong they are.
        num_magnitude_bins: Integer of at least 2, the strengths that `magnitude` counts.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Cubuk et al., "RandAugment", https://arxiv.org/abs/1909.13719

    Example:
        >>> RandAugment(2, magnitude=5)
        RandAugment(magnitude=5)
    """

    moves_pixels = True
    in_range = True

    num_ops: int = field(default=2, metadata=accepting(Whole(1, 17)))
    magnitude: int = field(default=9, metadata=accepting(Whole(0)))
    num_magnitude_bins: int = field(default=31, metadata=accepting(_BINS))

    def __post_init__(self) -> None:
        """Checks the arguments, each and together."""
        super().__post_init__()
        if self.magnitude >= self.num_magnitude_bins:
            raise ValueError(
                "`magnitude` of `RandAugment` should be below `num_magnitude_bins`, "
                f"{self.num_magnitude_bins}. Received: {self.magnitude}"
            )

    def members(self, image: ImageSpec) -> tuple[Node, ...]:
        """Returns a choice for each of the distortions that an image gets."""
        strongest = Strongest(0.3, lambda _: 150 / 331, 30.0, 0.9, 4)
        share = self.magnitude / (self.num_magnitude_bins - 1)
        found = distortions(strongest, image, share, 1, self)
        return (Node("one", options=_ANY, members=found),) * self.num_ops


@dataclass(frozen=True, repr=False)
class TrivialAugment(Policy):
    """Does one of 14 distortions of any strength, drawn anew for each image.

    As torchvision's `TrivialAugmentWide`: the distortions are those of `RandAugment`, up to a much
    larger strength.

    Args:
        num_magnitude_bins: Integer of at least 2, from how many strengths one is drawn.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Müller and Hutter, "TrivialAugment", https://arxiv.org/abs/2103.10158

    Example:
        >>> TrivialAugment()
        TrivialAugment()
    """

    num_magnitude_bins: int = field(default=31, metadata=accepting(_BINS))

    kind = "one"
    moves_pixels = True
    in_range = True

    def members(self, image: ImageSpec) -> tuple[Node, ...]:
        """Returns the distortions."""
        strongest = Strongest(0.99, lambda length: 32 / length, 135.0, 0.99, 6)
        return distortions(strongest, image, 1.0, self.num_magnitude_bins, self)

    def options(self) -> dict[str, Any]:
        """Returns that each is as likely."""
        return _ANY
