"""How much larger values may become where linear colours are one matrix, which clamps nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from batchwarp.ops.recipe import ImageOperation, Node

__all__ = ["check_strength"]

# Linear ones that multiply values by a number that is drawn, and those that do not make them grow.
_FACTORS = frozenset({"brightness", "contrast", "saturation"})
_OTHERS = frozenset({"hue", "grayscale", "invert", "channel_shift", "channel_drop"})
# Times values of 16 bits, and what the three of a pixel add up to, it is far within float32.
_MOST = 1e30


def _together(strengths: Sequence[float]) -> float:
    """Returns how much several make of values, infinity if that is too much.

    One by itself is never: what it makes of values may be infinite, but is cut off then.
    """
    linear = [strength for strength in strengths if strength > 0]
    product = math.prod(linear) if linear else 0.0
    return math.inf if len(linear) > 1 and product > _MOST else product


def _strength(node: Node) -> float:
    """Returns how many times as large values may become; infinity for too much, 0 if not linear."""
    if node.step is not None:
        name, settings = node.step
        if name not in _FACTORS:
            return float(name in _OTHERS)
        draws: list[tuple[float, ...]] = settings["draws"]
        ends = [draw[0] + sign * draw[2] for draw in draws for sign in (-1, 1)]
        return max(1.0, *map(abs, ends))
    each = sorted(map(_strength, node.members))
    if node.kind in ("one", "mix"):
        return max(each, default=0.0)
    return _together(each[-node.options["most"] :] if node.kind == "some" else each)


def check_strength(nodes: Sequence[tuple[ImageOperation, Node]]) -> None:
    """Checks that float32 holds what all operations make of values, one after the other.

    Values that are beyond it would be infinite, and what infinite values differ by is no number.

    Args:
        nodes: Pairs of an operation and its node.

    Raises:
        ValueError: If they may multiply values by too much.
    """
    strengths = [(one, _strength(node)) for one, node in nodes]
    if math.isfinite(_together([strength for _, strength in strengths])):
        return
    grown = [f"{one!r}" for one, strength in strengths if strength > 1]
    raise ValueError(
        f"`operations` should multiply values by at most {_MOST:g}, all factors of brightness, "
        f"contrast and saturation taken together. Received: {', '.join(grown)}"
    )
