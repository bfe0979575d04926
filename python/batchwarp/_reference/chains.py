"""How much the chains of `AugMix` count, and the image that none of them has changed."""

from __future__ import annotations

import math
from typing import Any

from batchwarp._reference.draws import Numbers

__all__ = ["weights_of"]

_ATTEMPTS = 8
_NUMBERS = 3 * _ATTEMPTS + 1  # of one number of the gamma distribution


def weights_of(op: Any, draw: Numbers) -> list[float]:
    """Returns the weight of the image itself, then those of the chains.

    Args:
        op: The operation.
        draw: The numbers of its node.
    """
    logs = [_log_gamma(op.alpha, draw, _NUMBERS * i) for i in range(op.mixture_width + 2)]
    own, others = _shares(logs[:2])
    return [own, *(others * share for share in _shares(logs[2:]))]


def _log_gamma(alpha: float, draw: Numbers, first: int) -> float:
    """Returns the logarithm of a number of the gamma distribution, after Marsaglia and Tsang."""
    d = alpha + 2 / 3
    c = 1 / math.sqrt(9 * d)
    found = 1.0
    for attempt in range(_ATTEMPTS):
        one, two, three = (draw.u(first + 3 * attempt + i) for i in range(3))
        normal = math.sqrt(-2 * math.log(1 - one)) * math.cos(2 * math.pi * two)
        v = (1 + c * normal) ** 3
        if v > 0 and math.log(1 - three) < normal**2 / 2 + d - d * v + d * math.log(v):
            found = v
            break
    return math.log(d * found) + math.log(1 - draw.u(first + 3 * _ATTEMPTS)) / alpha


def _shares(logs: list[float]) -> list[float]:
    most = max(logs)
    values = [math.exp(log - most) for log in logs]
    return [value / sum(values) for value in values]
