"""All training scripts."""

from __future__ import annotations

from batchwarp.training.scripts import (
    asl,
    cats_dogs,
    fashion_mnist,
    mnist,
    ox,
    segmentation,
    transfer,
)
from batchwarp.training.scripts.script import Script

__all__ = ["SCRIPTS"]

# In the order in which the command line lists them.
SCRIPTS: tuple[Script, ...] = (
    ox.SCRIPT,
    asl.SCRIPT,
    mnist.SCRIPT,
    fashion_mnist.SCRIPT,
    cats_dogs.SCRIPT,
    transfer.SCRIPT,
    segmentation.SCRIPT,
)
