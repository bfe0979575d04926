"""What does a mask beside each image cost, compared with the image alone and with other libraries?

Batches of 32 images of 224×224×3, uint8 to float32, each with a mask of one channel, uint8, in one
call: see `harness/beside.py` for what is done to them and by whom.
`harness/targets_added.py` is what times it. Each framework has a process of its own, in which
batchwarp runs beside it. Libraries that are not installed are listed as not measured.
"""

from __future__ import annotations

import sys

from .harness import targets_added
from .harness.beside import with_masks


def main() -> int:
    """Runs the measurements; returns the exit code."""
    return targets_added.run("targets_masks", "A one-channel mask beside each image.", with_masks)


if __name__ == "__main__":
    sys.exit(main())
