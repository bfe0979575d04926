"""Images made one after the other through a generator's methods, which the user may override."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchwarp._random import with_borrowed_global
from batchwarp.ops.list import OPERATIONS

__all__ = ["Operate", "is_beyond_the_core", "overrides", "run_one_by_one", "transformed"]


class Operate(Protocol):
    """What does a generator's operations to single images.

    Attributes:
        shape: Tuple of three integers, what images are afterwards.
    """

    shape: tuple[int, ...]

    def __call__(self, image: Any, row: int) -> NDArray[Any]:
        """Does the operations to an image.

        Args:
            image: Array of rank 3.
            row: Integer, which image of the batch it is.
        """
        ...


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
    operate: Operate | None = None,
    drawn: Sequence[dict[str, Any]] | None = None,
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
        operate: What does operations to an image before `standardize`, or `None`.
        drawn: Sequence of dictionaries as from `get_random_transform`, which is not called then.

    Returns:
        Array of rank 4.

    Raises:
        ValueError: If the methods change an image's shape.
    """
    shape = x.shape[1:] if operate is None else operate.shape
    batch = np.zeros((len(indices), *shape), dtype)

    def run(_: np.random.RandomState) -> None:
        for row, index in enumerate(indices):
            parameters = None
            if augment:
                shape = x[index].shape
                parameters = drawn[row] if drawn else generator.get_random_transform(shape)
            image = transformed(generator, x[index], dtype, parameters, operate, row)
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
    generator: Any,
    image: NDArray[Any],
    dtype: np.dtype[Any],
    parameters: dict[str, Any] | None,
    operate: Operate | None = None,
    row: int = 0,
) -> Any:
    """Makes one image through the generator's public methods.

    Args:
        generator: As in `run_one_by_one`.
        image: Array of rank 3.
        dtype: Dtype to augment it in.
        parameters: Dictionary as from `get_random_transform`; `None` leaves augmentation out.
        operate: As in `run_one_by_one`.
        row: Integer, which of the images that `operate` knows this one is.

    Returns:
        What `standardize` returns.
    """
    image = image.astype(dtype)
    if parameters is not None:
        image = generator.apply_transform(image, parameters)
    if operate is not None:
        image = operate(image, row)
    return generator.standardize(image)
