"""Blur."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Value
from batchwarp.ops.accepted_counts import Odd
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_SIGMA = Value(0, 1000)


@dataclass(frozen=True, repr=False)
class GaussianBlur(OptionalLeaf):
    """Blurs images by a Gaussian window, as torchvision.

    The window is sampled at whole pixels. Beyond its edges the image goes on mirrored, without its
    outermost pixels twice.

    Args:
        sigma: Number of pixels, the standard deviation, from 0, which changes nothing, to 1000, or
            a pair (low, high) of such.
        kernel_size: Odd integer, how many pixels the window is wide and high, as torchvision's;
            `None` takes 2 · ceil(3 · sigma) + 1, which 0.3% of the Gaussian are outside of.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> GaussianBlur((0.5, 1.5), p=0.5)
        GaussianBlur((0.5, 1.5), p=0.5)
    """

    sigma: float | tuple[float, float] = field(default=(0.1, 2.0), metadata=accepting(_SIGMA))
    kernel_size: int | None = field(default=None, metadata=accepting(Odd(6001)))

    core = "gaussian_blur"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what sigma is drawn from."""
        return (uniform(_SIGMA.range(self.sigma)),)

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns the size of the window, 0 for one that follows from sigma."""
        return {"kernel_size": self.kernel_size or 0}
