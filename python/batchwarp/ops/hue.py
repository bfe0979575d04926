"""Hue."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Choice, WithinBoth
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_DELTA = WithinBoth("turns of the colour wheel", 0.5)
_MODE = Choice(("yiq", "hsv"))


@dataclass(frozen=True, repr=False)
class Hue(OptionalLeaf):
    """Turns the colour wheel.

    The hue is turned about the grey axis of YIQ, which keeps the grey of each colour and is as
    cheap as other linear operations. `mode="hsv"` is the hue of torchvision's `ColorJitter` and of
    Keras' `RandomHue`, whose colours change their brightness. Images have three channels.

    Args:
        delta: Number N up to 0.5 for turns from -N to N, or a pair (low, high): 1/3 makes red
            green. Keras' layer calls 0.5 a `factor` of 1.
        mode: `"yiq"` or `"hsv"`.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Hue(0.1)
        Hue()
        >>> Hue(0.05, mode="hsv")
        Hue(0.05, mode='hsv')
    """

    delta: float | tuple[float, float] = field(default=0.1, metadata=accepting(_DELTA))
    mode: str = field(default="yiq", metadata=accepting(_MODE))

    core = "hue"
    linear = True
    channels = (3,)

    def core_name(self) -> str:
        """Returns what the core calls the mode."""
        return "hue_hsv" if self.mode == "hsv" else "hue"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the turn is drawn from."""
        return (uniform(_DELTA.range(self.delta)),)
