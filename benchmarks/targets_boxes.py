"""What do 100 boxes and 100 keypoints beside each image cost, also in other libraries?

Batches of 32 images of 224×224×3, uint8 to float32, each with lists of 100 boxes and of 100
keypoints, float32, in one call: see `harness/beside.py` for what is done to them and by whom.
`harness/targets_added.py` is what times it. Each framework has a process of its own, in which
batchwarp runs beside it. Libraries that are not installed are listed as not measured.
"""

from __future__ import annotations

import sys

from .harness import targets_added
from .harness.beside import with_places


def main() -> int:
    """Runs the measurements; returns the exit code."""
    return targets_added.run("targets_boxes", "Boxes and keypoints beside each image.", with_places)


if __name__ == "__main__":
    sys.exit(main())
