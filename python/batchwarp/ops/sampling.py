"""How a warp reads an image: its spline, and what is beyond the edge."""

from __future__ import annotations

from typing import Any

from batchwarp import _core
from batchwarp._arguments import finite_number, integer
from batchwarp.ops.operation import Argument

__all__ = ["SAMPLING", "check_warp_options"]

# They are of no operation: all that move pixels share one sampling.
SAMPLING = (
    Argument(
        "fill_mode",
        "what is seen beyond the image's edge",
        ("MODE",),
        str,
        choices=_core.FILL_MODES,
    ),
    Argument("cval", "value beyond the edge, for --fill-mode constant", ("N",)),
    Argument("interpolation_order", "order of the interpolating spline, 0 to 5", ("N",), int),
)


def check_warp_options(
    fill_mode: Any, cval: Any, order: Any, order_name: str = "order"
) -> tuple[str, float, int]:
    """Checks how a warp fills and interpolates.

    Args:
        fill_mode: String, one of the core's `FILL_MODES`.
        cval: Finite number, the value beyond the edge for the constant modes.
        order: Integer from 0 to 5, the order of the spline.
        order_name: String, what the caller's argument for the order is called.

    Returns:
        Tuple of the three in their own types.

    Raises:
        ValueError: If one of them is something else.
    """
    if not isinstance(fill_mode, str) or fill_mode not in _core.FILL_MODES:
        raise ValueError(
            f"`fill_mode` should be one of {', '.join(map(repr, _core.FILL_MODES))}. "
            f"Received: {fill_mode!r}"
        )
    value = finite_number("cval", cval)
    return fill_mode, value, integer(order_name, order, 0, 5)
