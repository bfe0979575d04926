"""Holes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Choice, Number, Numbers, Pair
from batchwarp.ops.accepted_counts import Lengths
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting, for_each_channel

# What the core calls a shape, and the arguments that are about it alone.
_SHAPES = {
    "rectangle": ("erase", ("scale", "ratio")),
    "square": ("erase_square", ("length",)),
    "grid": ("erase_grid", ("length", "hole_ratio")),
}

_SCALE = Pair("shares of the image's area", 1)
_RATIO = Pair("ratios of height to width")


@dataclass(frozen=True, repr=False)
class Erase(OptionalLeaf):
    """Overwrites a rectangle, as torchvision's `RandomErasing`, or a square, or a grid of squares.

    The rectangle is found in up to ten attempts; an image in which none fits stays as it is.
    `"square"` is the first cutout: its centre is any of the image's pixels, so that it may reach
    over the edges. `"grid"` is GridMask, without a rotation: squares in rows and columns over the
    whole image, which begin at random.

    Args:
        scale: Pair (low, high), the rectangle's share of the image's area.
        ratio: Pair (low, high), the rectangle's ratio of height to width.
        value: Number, or a sequence of one for each channel, in units of the pixels.
        shape: `"rectangle"`, `"square"` or `"grid"`. Arguments that are about another shape are
            left out.
        length: Integer, in pixels of the output, or a pair (low, high) of such that it is drawn
            between for each image: the side of the square, or of the grid's cells, from one hole
            to the next, which are of at least 2. Both shapes need it. The papers have 16 for
            cutouts of CIFAR-10's 32 x 32 pixels, and (96, 224) for grids on 224 x 224.
        hole_ratio: Float above 0 and below 1, the side of the grid's holes as a share of `length`,
            rounded down: Albumentations' `ratio`; the paper's is what is left of 1.
        p: Float, the probability that it is done to an image. torchvision's is 0.5.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Zhong et al., "Random erasing data augmentation", https://arxiv.org/abs/1708.04896;
        DeVries and Taylor, "Cutout", https://arxiv.org/abs/1708.04552;
        Chen et al., "GridMask data augmentation", https://arxiv.org/abs/2001.04086

    Example:
        >>> Erase(scale=(0.02, 0.1), p=0.25)
        Erase(scale=(0.02, 0.1), p=0.25)
        >>> Erase(shape="square", length=16)
        Erase(shape='square', length=16)
        >>> Erase(shape="grid", length=(96, 224), hole_ratio=0.4)
        Erase(shape='grid', length=(96, 224), hole_ratio=0.4)
    """

    scale: tuple[float, float] = field(default=(0.02, 0.33), metadata=accepting(_SCALE))
    ratio: tuple[float, float] = field(default=(0.3, 3.3), metadata=accepting(_RATIO))
    value: float | tuple[float, ...] = field(default=0, metadata=accepting(Numbers()))
    shape: str = field(default="rectangle", metadata=accepting(Choice(tuple(_SHAPES))))
    length: int | tuple[int, int] | None = field(default=None, metadata=accepting(Lengths()))
    hole_ratio: float = field(default=0.5, metadata=accepting(Number(0, 1)))

    core = "erase"
    in_range = False  # its value is in units of the pixels
    named_in_repr = True

    def __post_init__(self) -> None:
        """Checks the arguments, and that they are those of the shape."""
        super().__post_init__()
        _, used = _SHAPES[self.shape]
        for one in self.arguments():
            own = [shape for shape, (_, names) in _SHAPES.items() if one.name in names]
            value = getattr(self, one.name)
            if own and self.shape not in own and value != one.default:
                raise ValueError(
                    f"`{one.name}` of `Erase` should be left out with shape={self.shape!r}, since "
                    f"it is for {' and '.join(map(repr, own))}. Received: {value!r}"
                )
        if "length" not in used:
            return
        least = 2 if self.shape == "grid" else 1
        if self.length is None or self._lengths[0] < least:
            raise ValueError(
                f"`length` of `Erase` should be an integer of at least {least}, or a pair "
                f"(low, high) of such, with shape={self.shape!r}. Received: {self.length!r}"
            )

    @property
    def _lengths(self) -> tuple[int, int]:
        """The least and the greatest length."""
        if self.length is None or isinstance(self.length, tuple):
            return self.length or (0, 0)
        return self.length, self.length

    def core_name(self) -> str:
        """Returns what the core calls the shape."""
        return _SHAPES[self.shape][0]

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Always: where the holes are."""
        return True

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns the value and what the holes are drawn from."""
        drawn_from = {
            "scale": tuple(map(float, self.scale)),
            "ratio": tuple(map(float, self.ratio)),
            "length": tuple(map(float, self._lengths)),
            "hole_ratio": (float(self.hole_ratio),),
        }
        values = for_each_channel("Erase", "value", self.value, image.channels)
        _, used = _SHAPES[self.shape]
        return {"value": tuple(values.tolist()), **{name: drawn_from[name] for name in used}}
