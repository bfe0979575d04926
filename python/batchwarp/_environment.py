"""What environment variables say that are Python's to read."""

from __future__ import annotations

import os

__all__ = ["JPEG_WAYS", "jpeg_way"]

JPEG_WAYS = ("core", "opencv", "pillow")


def jpeg_way() -> str | None:
    """Returns what `BATCHWARP_JPEG` says, which tests and bug reports set.

    Returns:
        The only way in which JPEG files shall be decoded, one of `JPEG_WAYS`; `None` for the first
        of these that makes Pillow's pixels.

    Raises:
        ValueError: If it says anything else.
    """
    wanted = os.environ.get("BATCHWARP_JPEG", "")
    if wanted and wanted not in JPEG_WAYS:
        accepted = ", ".join(f'"{way}"' for way in JPEG_WAYS)
        raise ValueError(f"`BATCHWARP_JPEG` should be one of {accepted}. Received: {wanted!r}")
    return wanted or None
