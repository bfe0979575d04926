"""Images on rubber."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Number
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting


@dataclass(frozen=True, repr=False)
class Elastic(OptionalLeaf):
    """Displaces pixels as a smooth random field says, which bends lines and moves strokes.

    As strong and as smooth as torchvision's `ElasticTransform`. Along each axis, displacements have
    a standard deviation of `0.0814 * alpha / sigma` pixels, 0.81 with the defaults; none is larger
    than 3.7 times that. Those of two pixels have about the correlation
    `exp(-(distance / (2 * sigma)) ** 2)`. Where libraries multiply the smoothed noise by `alpha`
    pixels, half of this is as strong.

    A recipe has one operation at most that displaces each pixel by its own. It is quickest if no
    rotation, shear or perspective follows it, whose rows would cross the points of the field.

    Args:
        alpha: Number above 0, how strong it is; displacements are in proportion to it.
        sigma: Number of at least 1, in pixels, how smooth: the standard deviation of the Gaussian
            by which uniform noise would be smoothed to such a field.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Simard et al., "Best practices for convolutional neural networks applied to visual document
        analysis", 2003

    Example:
        >>> Elastic(alpha=80, sigma=6, p=0.5)
        Elastic(alpha=80, sigma=6, p=0.5)
    """

    alpha: float = field(default=50, metadata=accepting(Number(0)))
    sigma: float = field(default=5, metadata=accepting(Number(1, reached=True)))

    core = "elastic"
    scope = "coordinates"
    displaces = True
    named_in_repr = True

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Whether chance decides about the field."""
        return True

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns the strength and the smoothness."""
        return {"alpha": float(self.alpha), "sigma": float(self.sigma)}
