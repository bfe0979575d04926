"""A value that is added to each channel."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import WithinBoth
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_SHIFT = WithinBoth("a fraction of the value range", 1)


@dataclass(frozen=True, repr=False)
class ChannelShift(OptionalLeaf):
    """Adds a random value to each channel, another one for each.

    As albumentations' `RGBShift` and Keras' `RandomColorJitter` do apart.
    (`ImageDataGenerator(channel_shift_range=...)` adds one value to all channels.)

    Args:
        shift: Number N for shifts from -N to N, as a fraction of the value range, or a pair (low,
            high).
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> ChannelShift(0.05)
        ChannelShift(0.05)
    """

    shift: float | tuple[float, float] = field(default=0.1, metadata=accepting(_SHIFT))

    core = "channel_shift"
    linear = True
    channels = (1, 3)

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the shifts of red, green and blue are drawn from."""
        return (uniform(_SHIFT.range(self.shift)),) * 3
