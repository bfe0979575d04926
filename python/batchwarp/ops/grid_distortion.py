"""Images on a grid of uneven cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import WithinBoth
from batchwarp.ops.accepted_counts import Whole
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_LIMIT = WithinBoth("cell widths", most=1, reached=False)


@dataclass(frozen=True, repr=False)
class GridDistortion(OptionalLeaf):
    """Stretches some columns and rows of a grid and squeezes others, with straight lines between.

    The image is cut into `num_steps` columns and as many rows, whose widths and heights are random,
    and each cell is brought to the same size. The image's border stays where it is, so that nothing
    leaves it. As Albumentations' `GridDistortion` with `normalized=True`, which has `p=0.5` and
    repeats a pixel at each line of the grid.

    A recipe has one operation at most that displaces each pixel by its own.

    Args:
        num_steps: Integer from 2 to 100, the number of cells along each axis.
        distort_limit: Number N below 1, or a pair of numbers (low, high) above -1 and below 1. What
            each column is wide and each row is high, in proportion to the others, is drawn between
            1 - N and 1 + N, or 1 + low and 1 + high.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> GridDistortion(8, distort_limit=0.5, p=0.5)
        GridDistortion(8, distort_limit=0.5, p=0.5)
    """

    num_steps: int = field(default=5, metadata=accepting(Whole(2, 100)))
    distort_limit: float | tuple[float, float] = field(default=0.3, metadata=accepting(_LIMIT))

    core = "grid_distortion"
    scope = "coordinates"
    displaces = True

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Whether chance decides about the cells."""
        return True

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns the number of cells, and by how much they differ from each other."""
        low, high = _LIMIT.range(self.distort_limit)
        return {"num_steps": self.num_steps, "low": float(low), "high": float(high)}
