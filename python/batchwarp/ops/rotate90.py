"""Quarter turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted_counts import Turns
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting


@dataclass(frozen=True, repr=False)
class Rotate90(OptionalLeaf):
    """Turns images by quarters, without a pixel lost.

    Args:
        turns: Sequence of the numbers of quarter turns to choose from, counter-clockwise as
            `numpy.rot90`. One turn and three need images that are as high as they are wide.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Rotate90((0, 2))
        Rotate90((0, 2))
    """

    turns: tuple[int, ...] = field(default=(0, 1, 2, 3), metadata=accepting(Turns()))

    core = "rotate90"
    scope = "coordinates"

    def check(self, image: ImageSpec) -> None:
        """Checks that odd turns keep the size."""
        if image.height != image.width and any(turn % 2 for turn in self.turns):
            raise ValueError(
                "`turns` of `Rotate90` should be 0 and 2 where images are not square. Received: "
                f"{self.turns} for images of {image.height} x {image.width}"
            )

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Whether there is a choice of turns."""
        return len(set(self.turns)) > 1

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns the turns."""
        return {"turns": tuple(map(float, self.turns))}
