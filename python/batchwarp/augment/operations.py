"""The operations that a generator has beside Keras' arguments, and what they make of sizes."""

from __future__ import annotations

from typing import Any

from batchwarp.augment.recipe import Recipe
from batchwarp.ops.recipe import ImageSpec

__all__ = [
    "OWNER",
    "draws_by_key",
    "image_spec",
    "recipe_of",
    "shape_after",
    "size_for_all",
    "size_that_fits",
]

OWNER = "ImageDataGenerator"

# What a generator cannot do to images that are no longer between black and white.
_STATISTICS = (
    "samplewise_center",
    "samplewise_std_normalization",
    "featurewise_center",
    "featurewise_std_normalization",
    "zca_whitening",
)


_STREAMS = ("keras", "keyed")

# Where nothing fits an image of this size, its size is not what is wrong.
_LARGEST = 4096


def draws_by_key(settings: Any) -> bool:
    """Whether a generator draws for Keras' arguments and for the order of samples by key, too.

    Args:
        settings: The generator, or an object with its methods.

    Raises:
        ValueError: If its `draws` is neither of the two.
    """
    draws = getattr(settings, "draws", "keras")
    if draws not in _STREAMS:
        raise ValueError(f'`draws` should be "keras" or "keyed". Received: {draws!r}')
    return bool(draws == "keyed")


def recipe_of(settings: Any) -> Recipe:
    """Returns a generator's operations, checked.

    Args:
        settings: The generator.

    Raises:
        TypeError: If something is no operation.
        ValueError: If one stands where it cannot, or does not go with another setting.
    """
    recipe = Recipe(OWNER, settings.operations)
    if recipe.is_last is not None:
        for name in _STATISTICS:
            if getattr(settings, name):
                raise ValueError(
                    f"`{name}` should be off beside {recipe.is_last!r}, which standardises images "
                    f"as well. Received: {getattr(settings, name)!r}"
                )
    return recipe


def image_spec(settings: Any, image_shape: tuple[int, ...]) -> ImageSpec:
    """Returns what operations are told of images of one shape.

    Args:
        settings: The generator.
        image_shape: Tuple of three integers.
    """
    axes = (settings.row_axis, settings.col_axis, settings.channel_axis)
    return ImageSpec(*(image_shape[axis - 1] for axis in axes))


def shape_after(settings: Any, image_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape that images have in batches.

    Args:
        settings: The generator, or an object with its methods.
        image_shape: Tuple of three integers, the shape that they are stored in.
    """
    if not getattr(settings, "operations", ()):
        return image_shape
    made = recipe_of(settings).after(image_spec(settings, image_shape))
    shape = list(image_shape)
    shape[settings.row_axis - 1], shape[settings.col_axis - 1] = made.height, made.width
    return tuple(shape)


def size_for_all(settings: Any) -> tuple[int, int]:
    """Returns the size that the first operation sets that gives images of any size the same one.

    Args:
        settings: The generator, or an object with its methods, or `None`.

    Raises:
        ValueError: If there is no such operation.
    """
    operations = getattr(settings, "operations", ())
    tall, wide = ImageSpec(2, 1, 1), ImageSpec(1, 2, 1)
    for one in recipe_of(settings).operations if operations else ():
        tall, wide = one.after(tall), one.after(wide)
        if (tall.height, tall.width) == (wide.height, wide.width):
            return tall.height, tall.width
    raise ValueError(
        "`target_size` should be a tuple of two integers of at least 1, (height, width), or `None` "
        "where one of the generator's `operations` gives all images the same size: "
        "`RandomResizedCrop`, `RandomCrop`, `CenterCrop` or a `Resize` to (height, width). "
        f"Received: None with operations={list(operations)!r}"
    )


def size_that_fits(settings: Any, channels: int) -> tuple[int, int]:
    """Returns a size of images that all operations can be done to, where there is one.

    Args:
        settings: As of `size_for_all`.
        channels: Integer, how many channels images have.

    Raises:
        ValueError: As `size_for_all`.
    """
    height, width = size_for_all(settings)
    # Twice that is enough for all but strong perspectives.
    first = height, width = 2 * height, 2 * width
    recipe = recipe_of(settings)
    while max(height, width) <= _LARGEST:
        if _can_be_done(recipe, ImageSpec(height, width, channels)):
            return height, width
        height, width = 2 * height, 2 * width
    return first


def _can_be_done(recipe: Recipe, image: ImageSpec) -> bool:
    try:
        recipe.steps(image)
    except ValueError:
        return False
    return True
