"""How a warp reads an image: its spline, and what is beyond the edge."""

from __future__ import annotations

from typing import Any

from batchwarp import _core
from batchwarp._arguments import finite_number, integer


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
