"""What is done to the pictures that a script trains on: the option `--recipe`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp import Augment, ops
from batchwarp.console.errors import UsageError
from batchwarp.console.recipes import read_recipe
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.recipe import ImageOperation, ImageSpec, RecipeOperation

if TYPE_CHECKING:
    import argparse

__all__ = ["NONE", "Recipe", "add_recipe", "chosen_recipe"]

NONE, _KERAS = "none", "keras"
# Each with the flip that papers train with beside it.
_OPERATIONS: dict[str, tuple[RecipeOperation, ...]] = {
    "randaugment": (ops.Flip(horizontal=0.5), ops.RandAugment(2, magnitude=9)),
    "trivialaugment": (ops.Flip(horizontal=0.5), ops.TrivialAugment()),
}
_OPERATIONS["randaugment+mixup"] = (*_OPERATIONS["randaugment"], ops.MixUp(0.2))
_NAMES = (NONE, _KERAS, *_OPERATIONS)
# What counts of a file besides the operations, and what the generator calls it.
_SAMPLING = {"fill_mode": "fill_mode", "cval": "cval", "order": "interpolation_order"}
_RANGE = (0.0, 255.0)  # of pictures, before the generator rescales them


@dataclass(frozen=True)
class Recipe:
    """What is done to pictures.

    Attributes:
        name: String, as the user has called it: a name, or the path of a file.
        keras: Dictionary of arguments of `ImageDataGenerator` that Keras has, too.
        operations: Tuple of operations of `batchwarp.ops`.
    """

    name: str
    keras: Mapping[str, Any] = field(default_factory=dict)
    operations: tuple[RecipeOperation, ...] = ()

    @property
    def mixes(self) -> bool:
        """Whether pictures are mixed, so that labels are weights of classes."""
        return any(isinstance(one, Mixing) for one in self.operations)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the generator."""
        if not self.operations:
            return dict(self.keras)
        return {**self.keras, "operations": self.operations, "value_range": _RANGE}

    @property
    def settings(self) -> dict[str, object]:
        """What `run.json` and the report say of it."""
        done: dict[str, object] = dict(self.keras)
        if self.operations:
            done["operations"] = [repr(one) for one in self.operations]
        return {"recipe": self.name, "augmentation": done or None}


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say what is done to the pictures to train on.

    Args:
        parser: The script's parser.
    """
    add = parser.add_mutually_exclusive_group().add_argument
    add(
        "--no-augment",
        action="store_const",
        const=NONE,
        default=_KERAS,
        dest="recipe",
        help="train on the pictures as they are, to see what augmentation is worth; the same as "
        f"--recipe {NONE}",
    )
    add(
        "--recipe",
        default=_KERAS,
        metavar="NAME|FILE.json",
        help=f"what is done to the pictures to train on. {NONE}: nothing; {_KERAS}: what the "
        "tutorial does, by arguments of Keras' ImageDataGenerator; randaugment, trivialaugment: "
        "mirrored by chance, and two or one of 14 distortions, chosen for each picture; "
        "randaugment+mixup (cats-dogs): then mixed with another picture, as labels are; or a file, "
        "as `batchwarp preview --recipe` takes it, of which operations, fill_mode, cval and order "
        "count (default: %(default)s)",
    )


def chosen_recipe(
    options: argparse.Namespace,
    keras: Mapping[str, Any],
    shape: tuple[int, int, int],
    *,
    mixed_classes: int | None = None,
    masks: bool = False,
) -> Recipe:
    """Returns what `--recipe` names, checked.

    Args:
        options: Parsed options, those of `add_recipe` and `--generator`.
        keras: What the tutorial does: arguments of `ImageDataGenerator`.
        shape: Height, width and channels of the pictures, which must not change.
        mixed_classes: How many classes there are; None if the script cannot do with labels that are
            mixed.
        masks: Whether there are masks, which have to move with the pictures.

    Raises:
        UsageError: If there is no such recipe, or it does not go with the script.
    """
    name: str = options.recipe
    if name == NONE:
        return Recipe(name)
    if name == _KERAS:
        return Recipe(name, dict(keras))
    if options.generator == "keras":
        raise UsageError(
            f"argument --recipe: Keras' generator has no operations; it has {NONE} and {_KERAS}. "
            f"Received: {name}"
        )
    if name in _OPERATIONS:
        recipe = Recipe(name, {}, _OPERATIONS[name])
    else:
        recipe = _of_file(name)
    operations = tuple(_for_classes(recipe, one, mixed_classes) for one in recipe.operations)
    recipe = replace(recipe, operations=operations)
    _check(recipe, shape, masks)
    return recipe


def _for_classes(recipe: Recipe, one: RecipeOperation, classes: int | None) -> RecipeOperation:
    """Returns an operation; one that mixes pictures with the number of classes."""
    if not isinstance(one, Mixing):
        return one
    where = f"argument --recipe: {recipe.name}"
    if classes is None:
        raise UsageError(f"{where}: {one!r} is for cats-dogs only, of the training scripts")
    if one.num_classes not in (None, classes):
        raise UsageError(
            f"{where}: `num_classes` of {one!r} should be {classes}, as many as there are classes"
        )
    return replace(one, num_classes=classes)


def _of_file(name: str) -> Recipe:
    path = Path(name)
    if not name or (path.suffix != ".json" and not path.exists()):
        raise UsageError(
            f"argument --recipe: should be {', '.join(_NAMES)}, or a JSON file. Received: {name}"
        )
    config = read_recipe(path)
    given = config.get("value_range")
    if given is not None and tuple(given) != _RANGE:
        raise UsageError(
            f'--recipe: {path}: "value_range" should be null or {list(_RANGE)}, which pictures '
            f"have here. Received: {given}"
        )
    sampling = {ours: config[key] for key, ours in _SAMPLING.items() if key in config}
    return Recipe(name, sampling, tuple(config["operations"]))


def _check(recipe: Recipe, shape: tuple[int, int, int], masks: bool) -> None:
    """Checks that pictures come out of operations as the network takes them.

    Raises:
        UsageError: If they do not.
    """
    where = f"argument --recipe: {recipe.name}"
    image = ImageSpec(*shape)
    for one in recipe.operations:
        if not isinstance(one, ImageOperation):
            continue
        if one.is_last:
            raise UsageError(
                f"{where}: {one!r} is not for training scripts, which rescale pictures after all "
                "operations"
            )
        image = one.after(image)
    try:
        augment = Augment(*recipe.operations, value_range=_RANGE)
        augment.plan(shape)
        if masks:
            augment(np.zeros((1, *shape), np.uint8), masks=np.zeros((1, *shape[:2]), np.uint8))
    except ValueError as error:
        raise UsageError(f"{where}: {' '.join(str(error).split())}") from error
    if (image.height, image.width) != shape[:2]:
        raise UsageError(
            f"{where}: pictures should be {shape[0]} x {shape[1]} after it, as the network takes "
            f"them. Received: {image.height} x {image.width}"
        )
