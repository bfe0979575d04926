"""Which of Keras' backends trains here."""

from __future__ import annotations

import importlib.util
import os

from .findings import NotRunError
from .settings import Settings

BACKENDS = ("jax", "torch", "tensorflow")


def sees_a_card(name: str) -> bool:
    """Returns whether a framework would compute on a card; it is imported for that."""
    if name == "jax":
        import jax

        return bool(jax.default_backend() == "gpu")
    if name == "torch":
        import torch

        return bool(torch.cuda.is_available())
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def choose(settings: Settings) -> str:
    """Returns the backend that was asked for, or the first one that sees a card.

    Raises:
        NotRunError: if none does, unless in a dry run: that takes the first one there is.
    """
    if settings.backend:
        return settings.backend
    there = [name for name in BACKENDS if importlib.util.find_spec(name) is not None]
    if not there:
        raise NotRunError(f"none of {', '.join(BACKENDS)} is installed")
    # TensorFlow is last, which copies batches on a card back: see the page on the kernels.
    if settings.dry_run:
        return there[0]
    for name in there:
        if sees_a_card(name):
            return name
    raise NotRunError(f"{', '.join(there)} sees no card")


def use(settings: Settings) -> str:
    """Chooses the backend of Keras for this process, before Keras is imported; returns it."""
    name = choose(settings)
    os.environ["KERAS_BACKEND"] = name
    return name
