"""Mirroring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Probability
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting


@dataclass(frozen=True, repr=False)
class Flip(Leaf):
    """Mirrors images.

    torchvision has `RandomHorizontalFlip` and `RandomVerticalFlip`, with `p=0.5` each; in Keras'
    `RandomFlip` both are on and even.

    Args:
        horizontal: Float, the probability to mirror left to right.
        vertical: Float, the probability to mirror top to bottom.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If a probability is not from 0 to 1.

    Example:
        >>> Flip(horizontal=0.5, vertical=0.5)
        Flip(vertical=0.5)
    """

    horizontal: float = field(default=0.5, metadata=accepting(Probability()))
    vertical: float = field(default=0.0, metadata=accepting(Probability()))

    core = "flip"
    scope = "coordinates"
    named_in_repr = True

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Whether only some images are mirrored."""
        return not {self.horizontal, self.vertical} <= {0, 1}

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns the probabilities."""
        return {"horizontal": self.horizontal, "vertical": self.vertical}
