"""Types of the values of options, for argparse."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from batchwarp._arguments import LARGEST_SEED_OF_A_FLOW

__all__ = ["at_least", "number", "seed", "whole_number"]


def whole_number(text: str) -> int:
    """Parses an integer."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def number(text: str) -> int | float:
    """Parses a number, also a fraction such as `1/255`; what looks like an integer stays one."""
    numerator, slash, denominator = text.partition("/")
    try:
        if slash:
            return float(numerator) / float(denominator)
        return float(text) if re.search(r"[^\d+-]", text) else int(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def at_least(minimum: int) -> Callable[[str], int]:
    """Returns an argparse type for whole numbers from `minimum` on."""

    def parse(text: str) -> int:
        number = whole_number(text)
        if number < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, received: {number}")
        return number

    return parse


def seed(text: str) -> int:
    """Parses a seed: what NumPy's and Keras' generators accept."""
    number = at_least(0)(text)
    if number > LARGEST_SEED_OF_A_FLOW:
        raise argparse.ArgumentTypeError(
            f"must be at most {LARGEST_SEED_OF_A_FLOW}, received: {number}"
        )
    return number
