"""What a generator does to images of one size, as plans of the core and what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.augment.draws import ParameterDraws
from batchwarp.augment.handover import Levels, beyond_the_layer, plan_of_bytes
from batchwarp.augment.operations import OWNER, image_spec, recipe_of, shape_after
from batchwarp.augment.recipe import NOT_DRAWN
from batchwarp.ops.core_steps import CORE_STEPS
from batchwarp.ops.distributions import Coin
from batchwarp.ops.list import COLUMNS, OPERATIONS
from batchwarp.ops.operation import Late, Operation
from batchwarp.ops.recipe import ImageOperation
from batchwarp.ops.sampling import check_warp_options

__all__ = ["Plans", "RecipePlans", "draws_for", "plans_of", "recipe_plans_of", "warp_plan"]

_AUGMENTATION = tuple(operation for operation in OPERATIONS if not operation.standardizes)
_STANDARDISATION = tuple(operation for operation in OPERATIONS if operation.standardizes)

_Step = tuple[str, dict[str, Any]]


class Plans(NamedTuple):
    """What is constant over batches.

    Attributes:
        warp: Plan of the augmentation alone.
        full: Plan of augmentation and standardisation; `None` if there is nothing to standardise.
        standardise: Plan that standardises augmented images, if no parameters are given; likewise.
        late: What remains to be done to images after `full`.
        shape: Tuple of three integers, what images are in batches.
    """

    warp: _core.Plan
    full: _core.Plan | None
    standardise: _core.Plan | None
    late: Sequence[Late]
    shape: tuple[int, ...]


class RecipePlans(NamedTuple):
    """What is constant over batches of a generator with operations.

    Attributes:
        before: Plan of Keras' augmentation where the operations cannot join it, or `None`.
        own: Array, which of Keras' parameters the rows of `plans` begin with.
        plans: Plans of the operations, and of Keras' augmentation unless it is in `before`; `full`
            has the standardisation, too.
    """

    before: _core.Plan | None
    own: NDArray[np.intp]
    plans: Plans


def plans_of(settings: Any, image_shape: tuple[int, ...], levels: Levels | None = None) -> Plans:
    """Returns the plans of a generator for images of one shape.

    Args:
        settings: The generator.
        image_shape: Tuple of three integers.
        levels: What bytes stand for, if a layer does the standardisation.

    Raises:
        ValueError: If a setting has no meaning for such images, or a layer cannot do it.
    """
    augmentation = _steps(_AUGMENTATION, settings, image_shape)
    standardisation = _steps(_STANDARDISATION, settings, image_shape)
    full = _plan(settings, image_shape, augmentation + standardisation) if standardisation else None
    plans = Plans(
        _plan(settings, image_shape, augmentation),
        full,
        full,
        _late(settings, image_shape),
        image_shape,
    )
    return plans if levels is None else _of_bytes(plans, levels)


def _of_bytes(plans: Plans, levels: Levels) -> Plans:
    """Returns the plans of batches of bytes, after which a layer does the standardisation."""
    if plans.late:
        raise beyond_the_layer(plans.late[0].what)
    warp = plan_of_bytes(plans.full or plans.warp, levels)
    return plans._replace(warp=warp, full=None, standardise=None)


def recipe_plans_of(
    settings: Any,
    image_shape: tuple[int, ...],
    value_range: tuple[float, float] | None,
    augment: bool,
    takes_chances: bool,
    only_sizes: bool = False,
    levels: Levels | None = None,
) -> RecipePlans:
    """Returns the plans of a generator with operations for images of one shape.

    Operations come after Keras' augmentation. What moves pixels joins its map, unless Keras changes
    pixels before or an operation averages some: then Keras' augmentation is a call of its own.

    Args:
        settings: The generator.
        image_shape: Tuple of three integers.
        value_range: Tuple of two floats, between what values images are, or `None`.
        augment: Boolean, whether Keras' augmentation is done.
        takes_chances: Boolean, whether operations are done in which chance has a part.
        only_sizes: Boolean, whether operations only set the size.
        levels: As in `plans_of`.

    Raises:
        ValueError: If an operation cannot be done to such images, or a setting has no meaning, or a
            layer cannot do it.
    """
    recipe = recipe_of(settings)
    image = image_spec(settings, image_shape)
    recipe.check_range(OWNER, value_range)
    built = recipe.steps(image)
    if only_sizes:
        built = built.only_sizes()
    elif not takes_chances:
        built = built.without_chance()
    acting = [one for one in _AUGMENTATION if augment and _acts(one, settings, image_shape)]
    moves = any(CORE_STEPS[name].scope == "coordinates" for name, _ in built.steps)
    changes = any(CORE_STEPS[one.name].scope == "pixel" for one in acting)
    averages = any(options.get("antialias") for _, options in built.steps)
    before = None
    if acting and moves and (changes or averages):
        before, acting = warp_plan(settings, image_shape), []
    names = {column.name for one in acting for column in one.columns}
    keras = _steps(acting, settings, image_shape)
    shape = shape_after(settings, image_shape)
    standardisation = _steps(_STANDARDISATION, settings, shape)
    options = {
        "policies": built.policies,
        **({} if value_range is None else {"value_range": value_range}),
    }

    def plan(steps: Sequence[_Step]) -> _core.Plan:
        where = [NOT_DRAWN] * len(keras) + built.where
        where += [NOT_DRAWN] * (len(steps) - len(where))
        behind = len(steps) - len(keras) - len(built.steps)
        mixture = built.mixture(len(keras), behind)
        return _plan(settings, image_shape, steps, where=where, **options, **mixture)

    steps = keras + built.steps
    plans = Plans(
        plan(steps),
        plan(_joined(steps, standardisation, image.channels, recipe.is_last))
        if standardisation
        else None,
        _plan(settings, shape, standardisation) if standardisation else None,
        _late(settings, shape),
        shape,
    )
    return RecipePlans(
        before,
        np.flatnonzero([column.name in names for column in COLUMNS]),
        plans if levels is None else _of_bytes(plans, levels),
    )


def _acts(operation: Operation, settings: Any, image_shape: tuple[int, ...]) -> bool:
    """Whether Keras' arguments for an operation do anything."""
    height, width, _ = image_spec(settings, image_shape)[:3]
    return any(
        drawn is not None and not (isinstance(drawn, Coin) and not drawn.counts)
        for drawn in operation.distributions(settings, height, width)
    )


def _joined(
    steps: Sequence[_Step],
    standardisation: Sequence[_Step],
    channels: int,
    last_operation: ImageOperation | None,
) -> list[_Step]:
    """Returns the steps with a generator's standardisation behind them.

    Only `rescale` may follow `Normalize` and `Standardize`. The core would do it before them, but
    may divide by its inverse behind them, which is one step with `Normalize`.

    Raises:
        ValueError: If there is no such inverse.
    """
    if not steps or CORE_STEPS[steps[-1][0]].scope != "store":
        return [*steps, *standardisation]
    name, last = steps[-1]
    [(normalize, rescaling)] = standardisation
    before = last["std"] if name == normalize else np.ones(channels)
    with np.errstate(over="ignore", under="ignore"):
        std = before / rescaling["rescale"]
    wrong = before[~np.isfinite(std) | (std == 0)]
    if wrong.size:
        raise ValueError(
            f"`rescale` should be a number that {wrong[0]:g} can be divided by, beside "
            f"{last_operation!r}, whose divisor it becomes a part of. Received: "
            f"{rescaling['rescale']!r}"
        )
    if name == normalize:
        return [*steps[:-1], (name, {**last, "std": std})]
    return [*steps, (normalize, {"std": std})]


def _late(settings: Any, image_shape: tuple[int, ...]) -> list[Late]:
    return [late for operation in OPERATIONS for late in operation.late(settings, image_shape)]


def warp_plan(settings: Any, image_shape: tuple[int, ...]) -> _core.Plan:
    """Returns the plan of a generator's augmentation without standardisation.

    Args:
        settings: The generator.
        image_shape: Tuple of three integers.

    Raises:
        ValueError: If the generator's `fill_mode`, `cval` or `interpolation_order` is not valid.
    """
    return _plan(settings, image_shape, _steps(_AUGMENTATION, settings, image_shape))


def draws_for(settings: Any, image_shape: tuple[int, ...]) -> ParameterDraws:
    """Returns the draws of a generator for images of one shape.

    Args:
        settings: The generator.
        image_shape: Tuple of three integers.

    Raises:
        ValueError: If a range is not made of finite numbers, or an operation cannot be done to such
            images.
    """
    for operation in OPERATIONS:
        operation.check_image(settings, image_shape)
    return ParameterDraws(
        settings, image_shape[settings.row_axis - 1], image_shape[settings.col_axis - 1]
    )


def _steps(
    operations: Sequence[Operation], settings: Any, image_shape: tuple[int, ...]
) -> list[_Step]:
    steps = [(one.name, one.step(settings, image_shape)) for one in operations]
    return [(name, step) for name, step in steps if step is not None]


def _plan(
    settings: Any, image_shape: tuple[int, ...], steps: Sequence[_Step], **options: Any
) -> _core.Plan:
    fill_mode, cval, order = check_warp_options(
        settings.fill_mode, settings.cval, settings.interpolation_order, "interpolation_order"
    )
    return _core.Plan(
        height=image_shape[settings.row_axis - 1],
        width=image_shape[settings.col_axis - 1],
        channels=image_shape[settings.channel_axis - 1],
        data_format="channels_first" if settings.channel_axis == 1 else "channels_last",
        interpolation_order=order,
        fill_mode=fill_mode,
        cval=cval,
        steps=steps,
        **options,
    )
