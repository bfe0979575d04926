"""A recipe, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from batchwarp._reference.colors import CHANGES, LEAVING, LINEAR, RANGELESS, WITHIN
from batchwarp._reference.coordinates import MAPS, copies, points_of, window
from batchwarp._reference.draws import Numbers, Size
from batchwarp._reference.mixing import MIXING, class_weights, mixed
from batchwarp._reference.philox import operation_of, sample_of
from batchwarp._reference.sampling import antialiased, places_of, sampled
from batchwarp._reference.targets import (
    move_of,
    moved_boxes,
    moved_keypoints,
    moved_mask,
    one_hot,
)
from batchwarp._reference.tree import Leaf, leaves, size_after

Image = NDArray[np.float64]


def run(
    recipe: Any,
    x: ArrayLike,
    keys: Sequence[int | str],
    epoch: int = 0,
    labels: ArrayLike | None = None,
    **targets: NDArray[Any],
) -> Any:
    """Does to images what a recipe says.

    Args:
        recipe: A `batchwarp.Augment`, or an object with its attributes `operations`, `seed`,
            `fill_mode`, `cval`, `order`, `dtype`, `value_range` and `data_format`; with targets
            also those of their options.
        x: Array of images, `(n, height, width, channels)` or with the channels first.
        keys: For each image an integer or a string.
        epoch: Integer from 0 to below 2^32.
        labels: For `MixUp` and `CutMix`: array of `n` integers, or `(n, classes)`.
        **targets: `masks`, array `(n, height, width)`, or of rank 4 like images; `boxes`, array
            `(n, k, 4)` of left, top, right and bottom; `keypoints`, array `(n, k, 2)`. Of no more
            boxes than `max_boxes`; which are in other formats is not known here.

    Returns:
        Array of float64 in the same layout: what is then stored in the output's dtype, integers
        truncated. With labels or targets a dictionary of it, as `"images"`, of `"labels"`, the
        weights of classes `(n, classes)`, and of what has become of the targets.

    Raises:
        ValueError: If a value range is needed and not known.
        TypeError: If the recipe has an operation that has no meaning here.
    """
    x = np.asarray(x)
    first = recipe.data_format == "channels_first"
    images = np.moveaxis(x, 1, -1) if first else x
    ends = value_range(recipe.value_range, x.dtype)
    samples = [sample_of(key) for key in keys]
    made: dict[str, Any] = {
        "images": np.stack(
            [
                one_image(recipe, image.astype(np.float64), ends, sample, epoch)
                for image, sample in zip(images, samples, strict=True)
            ]
        )
    }
    made |= moved_targets(recipe, Size(*images.shape[1:]), samples, epoch, targets)
    if any(type(op).__name__ in MIXING for op in recipe.operations):
        made = mixed_batch(recipe, made, [] if labels is None else labels, samples, epoch)
    elif labels is not None:
        made["labels"] = np.asarray(labels)
    if "masks" in made and recipe.mask_classes is not None:
        made["masks"] = one_hot(made["masks"].reshape(made["masks"].shape[:3]), recipe.mask_classes)
    if first:
        for name, array in made.items():
            if name in ("images", "masks") and array.ndim == 4:
                made[name] = np.moveaxis(array, -1, 1)
    return made if len(made) > 1 else made["images"]


def moved_targets(
    recipe: Any, size: Size, samples: Sequence[int], epoch: int, targets: dict[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Returns what becomes of masks, boxes and keypoints, masks with channels last."""
    if not targets:
        return {}
    operations = [op for op in recipe.operations if type(op).__name__ not in MIXING]
    moves = [move_of(operations, size, recipe.seed, sample, epoch) for sample in samples]
    made = {}
    for name, array in targets.items():
        if name == "masks":
            first = recipe.data_format == "channels_first" and array.ndim == 4
            masks = np.moveaxis(array, 1, -1) if first else array
            made[name] = [
                moved_mask(move, mask, recipe.fill_mode, recipe.mask_fill)
                for move, mask in zip(moves, masks, strict=True)
            ]
        elif name == "boxes":
            made[name] = [
                moved_boxes(move, boxes, recipe.min_area, recipe.min_visibility)
                for move, boxes in zip(moves, array, strict=True)
            ]
        else:
            made[name] = [
                moved_keypoints(move, points, recipe.keypoint_pairs or (), recipe.remove_outside)
                for move, points in zip(moves, array, strict=True)
            ]
    return {name: np.stack(arrays) for name, arrays in made.items()}


def mixed_batch(
    recipe: Any, made: dict[str, Any], labels: ArrayLike, samples: Sequence[int], epoch: int
) -> dict[str, Any]:
    """Mixes finished images, their masks and their labels."""
    images, masks, weights = made["images"], made.get("masks"), None
    for place, op in enumerate(recipe.operations):
        if type(op).__name__ not in MIXING:
            continue
        if np.dtype(recipe.dtype).kind == "u":
            images = np.trunc(images)
        if weights is None:
            weights = class_weights(labels, op.num_classes)
        number = operation_of(place, op.name)
        draws = [Numbers(recipe.seed, sample, epoch, number, 0) for sample in samples]
        if masks is not None:
            masks, _ = mixed(op, masks, weights, draws)
        images, weights = mixed(op, images, weights, draws)
    made |= {"images": images, "labels": weights}
    return made if masks is None else {**made, "masks": masks}


def value_range(given: Sequence[float] | None, dtype: np.dtype[Any]) -> tuple[float, float] | None:
    """Returns what black and white are, `None` if nobody knows."""
    if given is not None:
        return float(given[0]), float(given[1])
    return (0.0, float(np.iinfo(dtype).max)) if dtype in (np.uint8, np.uint16) else None


def one_image(
    recipe: Any, image: Image, ends: tuple[float, float] | None, sample: int, epoch: int
) -> Image:
    """Does to one image, channels last, what a recipe says."""
    size = Size(*image.shape)
    operations = [op for op in recipe.operations if type(op).__name__ not in MIXING]
    all_leaves = leaves(operations, size, recipe.seed, sample, epoch)
    moving = [leaf for leaf in all_leaves if leaf.kind in MAPS]
    changing = [leaf for leaf in all_leaves if leaf.kind in CHANGES]
    for place, leaf in enumerate(all_leaves):
        if leaf.kind != "augmix":
            continue
        before = [one for one in all_leaves[:place] if one.kind in CHANGES]
        behind = [one for one in all_leaves[place:] if one.kind in CHANGES and not one.chain]
        mixture, total = np.zeros(()), 0.0
        for chain, weight in enumerate(leaf.columns.values()):
            moved = placed(recipe, image, [one for one in moving if one.chain in (0, chain)], False)
            own = [one for one in changing if chain and one.chain == chain]
            mixture = mixture + weight * colored(moved, before + own, ends)
            total += weight
        return colored(rounded(mixture / total, recipe.dtype), behind, ends)
    return colored(placed(recipe, image, moving), changing, ends)


def rounded(image: Image, dtype: str) -> Image:
    """Returns an image in whole numbers if it is to be stored so."""
    if np.dtype(dtype).kind != "u":
        return image
    return np.clip(np.floor(image + 0.5), 0, np.iinfo(dtype).max)


def placed(recipe: Any, image: Image, found: list[Leaf], rounds: bool = True) -> Image:
    """Does all coordinate operations at once, but for an antialiased one at the head."""
    target = Size(*image.shape)
    for op in recipe.operations:
        target = size_after(op, target)
    head = found[0] if found else None
    acting = [leaf for leaf in found if leaf.acts]
    resized = False
    if head is not None and head.alone and getattr(head.op, "antialias", False):
        after = size_after(head.op, head.size)
        area = window(head)
        if area[2] > after.height or area[3] > after.width:
            image = antialiased(image, area, after.height, after.width)
            acting, resized = acting[1:], True
    if acting:
        places = places_of(points_of(acting, target.height, target.width))
        moves_within = copies(acting) and within(image, places)
        image = sampled(
            image,
            places,
            # A copy, which a spline's filter is on images of a few pixels only about.
            order=0 if moves_within else recipe.order,
            fill_mode=recipe.fill_mode,
            cval=recipe.cval,
        )
    if rounds and (resized or any(leaf.kind != "flip" for leaf in acting)):
        return rounded(image, recipe.dtype)
    return image


def within(image: Image, places: NDArray[np.float64]) -> bool:
    """Whether all places are within an image."""
    ends = np.array(image.shape[:2])[:, None, None] - 1
    return bool((places >= 0).all() and (places <= ends).all())


def colored(image: Image, found: list[Leaf], ends: tuple[float, float] | None) -> Image:
    """Does all other operations one after the other."""
    beyond = False
    for leaf in found:
        if not leaf.acts:
            continue
        if leaf.kind in WITHIN or (beyond and leaf.kind not in LINEAR):
            image = clamped(image, ends)
        low, high = (np.nan, np.nan) if ends is None else ends
        if ends is None and leaf.kind not in RANGELESS:
            raise ValueError(f"`{leaf.kind}` needs a value range")
        image = CHANGES[leaf.kind](leaf, image, low, high)
        beyond = leaf.kind in LEAVING
    return clamped(image, ends) if beyond else image


def clamped(image: Image, ends: tuple[float, float] | None) -> Image:
    """Returns an image within its value range."""
    return image if ends is None else np.clip(image, *ends)
