"""Images made one after the other through a generator's methods, which the user may override."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._random import with_borrowed_global
from batchwarp.ops.list import OPERATIONS

__all__ = ["is_beyond_the_core", "overrides", "run_one_by_one", "transformed"]


def overrides(generator: Any, reference: type[Any], *names: str) -> bool:
    """Whether methods of a generator are not those of `reference`.

    Args:
        generator: An object of this class, or of a subclass.
        reference: The class whose methods the fused path reproduces.
        *names: Names of methods.

    Returns:
        True if at least one was overridden, in a subclass or on the object itself.
    """
    cls = type(generator)
    for name in names:
        if getattr(cls, name, None) is not getattr(reference, name):
            return True
    return not vars(generator).keys().isdisjoint(names)


def is_beyond_the_core(settings: Any, image_shape: tuple[int, ...]) -> bool:
    """Whether such images are only made one by one, whatever the methods are.

    Args:
        settings: The generator.
        image_shape: Tuple of three integers.
    """
    return any(operation.is_beyond_the_core(settings, image_shape) for operation in OPERATIONS)


def run_one_by_one(
    generator: Any,
    x: NDArray[Any],
    indices: NDArray[np.int64],
    dtype: np.dtype[Any],
    random: np.random.RandomState,
    augment: bool = True,
) -> NDArray[Any]:
    """Makes one batch image by image through the generator's public methods, as Keras does.

    This honours overridden methods, and generators of other classes.

    Args:
        generator: Object with `get_random_transform`, `apply_transform` and `standardize`.
        x: Array of rank 4, all images.
        indices: Array `(n,)`, which of them.
        dtype: Dtype of the batch.
        random: The state to draw from; methods find it in `numpy.random`.
        augment: Boolean; if false, only `standardize` is called.

    Returns:
        Array of rank 4.

    Raises:
        ValueError: If the methods change an image's shape.
    """
    batch = np.zeros((len(indices), *x.shape[1:]), dtype)

    def run(_: np.random.RandomState) -> None:
        for row, index in enumerate(indices):
            parameters = generator.get_random_transform(x[index].shape) if augment else None
            image = transformed(generator, x[index], dtype, parameters)
            if np.shape(image) != batch.shape[1:]:
                raise ValueError(
                    f"`{type(generator).__name__}` should keep the shape of images, "
                    f"{batch.shape[1:]}. It returned {type(image).__name__} of shape "
                    f"{np.shape(image)}"
                )
            batch[row] = image

    with_borrowed_global(random, run)
    return batch


def transformed(
    generator: Any, image: NDArray[Any], dtype: np.dtype[Any], parameters: dict[str, Any] | None
) -> Any:
    """Makes one image through the generator's public methods.

    Args:
        generator: As in `run_one_by_one`.
        image: Array of rank 3.
        dtype: Dtype to augment it in.
        parameters: Dictionary as from `get_random_transform`; `None` leaves augmentation out.

    Returns:
        What `standardize` returns.
    """
    image = image.astype(dtype)
    if parameters is not None:
        image = generator.apply_transform(image, parameters)
    return generator.standardize(image)
