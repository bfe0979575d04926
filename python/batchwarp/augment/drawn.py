"""What a recipe has drawn for images, to be read."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.augment.augment import Augment
from batchwarp.augment.keys import sample_numbers
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.core_steps import CORE_STEPS
from batchwarp.ops.recipe import ImageSpec

__all__ = ["Drawn", "drawn", "of_rows"]


class Drawn(NamedTuple):
    """One step that is done to an image.

    Attributes:
        place: Integer, the operation of the recipe that it belongs to.
        step: String, what the core calls it.
        numbers: Dictionary of those of its numbers that change something.
    """

    place: int
    step: str
    numbers: dict[str, float]


def drawn(recipe: Augment, image: ImageSpec, keys: Any, epoch: int = 0) -> list[list[Drawn]]:
    """Returns what is drawn for images of one size.

    Args:
        recipe: The recipe.
        image: What the images are.
        keys: Array or sequence of `n` integers or strings, what the images are called.
        epoch: Integer from 0 to 2³² - 1.

    Returns:
        List of `n` lists of the steps that change something, in the order of the recipe; what mixes
        images is not among them.

    Raises:
        ValueError: If an operation cannot be done to such images.
    """
    # Numbers are the same whatever values stand for black and white.
    checked = Recipe("Augment", recipe.operations)
    plan = checked.plan(image, owner="Augment", value_range=(0.0, 1.0))
    rows = _core.draw(plan, sample_numbers(keys, len(keys)), epoch, recipe.seed)
    return of_rows(checked, image, rows)


def of_rows(
    recipe: Recipe, image: ImageSpec, rows: NDArray[np.float64], takes_chances: bool = True
) -> list[list[Drawn]]:
    """Returns what numbers that were drawn for images mean.

    Args:
        recipe: The recipe.
        image: What the images are.
        rows: Array `(n, columns)`, the numbers of the recipe's steps.
        takes_chances: Boolean, whether operations are done in which chance has a part.

    Returns:
        As `drawn`.

    Raises:
        ValueError: If an operation cannot be done to such images.
    """
    places = {number: place for place, (_, number) in enumerate(recipe.numbered)}
    built = recipe.steps(image)
    operations = [operation for _, _, operation, _ in built.where]
    if not takes_chances:
        built = built.without_chance()
    steps = [
        (places[operation], name, "height" in settings)
        for (name, settings), operation in zip(built.steps, operations, strict=True)
    ]
    return [_of_row(row, steps) for row in rows.tolist()]


def _of_row(row: list[float], steps: list[tuple[int, str, bool]]) -> list[Drawn]:
    """Returns those of all steps that change something, with their share of a row of numbers.

    Args:
        row: The numbers of an image.
        steps: For each step the operation's place, the core's name, and whether it sets the size,
            so that no number is one that changes nothing.
    """
    found, at = [], 0
    for place, step, sets_size in steps:
        columns = CORE_STEPS[step].columns
        values = dict(zip(columns, row[at : at + len(columns)], strict=True))
        at += len(columns)
        changed = {
            name: value
            for (name, value), neutral in zip(values.items(), CORE_STEPS[step].neutral, strict=True)
            if sets_size or not _same(value, neutral)
        }
        if changed or not columns:
            found.append(Drawn(place, step, changed))
    return found


def _same(value: float, other: float) -> bool:
    return value == other or (math.isnan(value) and math.isnan(other))
