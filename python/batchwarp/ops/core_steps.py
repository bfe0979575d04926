"""The steps that plans of the core are made of, and whether it has all that are asked of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from batchwarp import _core

__all__ = ["CORE_STEPS", "checked_steps"]

# What the operations of this package are made of. A checkout that is updated but not compiled again
# has a core of the same version that lacks the newest: names differ when the number does not.
_NEEDED = (
    "affine",
    "autocontrast",
    "brightness",
    "channel_drop",
    "channel_shift",
    "contrast",
    "crop",
    "elastic",
    "equalize",
    "erase",
    "flip",
    "gamma",
    "gaussian_blur",
    "gaussian_noise",
    "grayscale",
    "grid_distortion",
    "hue",
    "hue_hsv",
    "invert",
    "jpeg_compression",
    "keras_affine",
    "keras_brightness",
    "keras_channel_shift",
    "normalize",
    "perspective",
    "posterize",
    "random_crop",
    "random_resized_crop",
    "resize",
    "rotate90",
    "saturation",
    "sharpen",
    "solarize",
    "standardize",
)


def checked_steps(core: Any, needed: Collection[str] = _NEEDED) -> dict[str, _core.Operation]:
    """Returns the steps of a core by their names.

    Args:
        core: The compiled module.
        needed: The names of steps that it should have.

    Raises:
        ImportError: If one is missing.
    """
    steps = {step.name: step for step in core.OPERATIONS}
    if missing := [name for name in needed if name not in steps]:
        raise ImportError(
            "The compiled core of batchwarp is older than its Python modules: "
            f"{core.__file__}, of version {core.__version__}, knows {len(steps)} steps of plans, "
            f"and they need {len(needed)}. Missing: {', '.join(map(repr, missing))}. Install "
            "batchwarp again to compile the core; in a checkout: `pip install -e .`"
        )
    return steps


CORE_STEPS = checked_steps(_core)
