"""The training scripts behind `batchwarp train`, and what they are made of.

`datasets`, `sign_mnist`, `folders` and `drawings` provide pictures, `models` the networks, `bases`
those of Keras that others have trained, `runner` what all scripts do alike, `options` their common
options; `evaluation` finds what a model gets wrong, `plots`, `report` and `summary` show it,
`timing` and `speed` measure. Every script is a module of its own with a `SCRIPT`. Keras and
matplotlib are imported when they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchwarp.training.runner import Script

__all__ = ["scripts"]


def scripts() -> tuple[Script, ...]:
    """Returns the training scripts in the order in which the command line lists them."""
    from batchwarp.training import asl, cats_dogs, fashion_mnist, mnist, ox, transfer

    modules = (ox, asl, mnist, fashion_mnist, cats_dogs, transfer)
    return tuple(module.SCRIPT for module in modules)
