"""The training scripts behind `batchwarp train`, and what they are made of.

`datasets` and `drawings` provide pictures, `models` the networks, `runner` what all scripts do
alike, `options` their common options, `plots` and `speed` what they show; every script is a module
of its own with a `SCRIPT`. TensorFlow, Keras and matplotlib are imported when they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchwarp.training.runner import Script

__all__ = ["scripts"]


def scripts() -> tuple[Script, ...]:
    """Returns the training scripts in the order in which the command line lists them."""
    from batchwarp.training import cats_dogs, fashion_mnist, ox

    return (ox.SCRIPT, cats_dogs.SCRIPT, fashion_mnist.SCRIPT)
