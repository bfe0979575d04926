"""What a generator does to images of one size, as plans of the core and what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from batchwarp import _core
from batchwarp.augment.draws import ParameterDraws
from batchwarp.ops.list import OPERATIONS
from batchwarp.ops.operation import Late, Operation
from batchwarp.ops.sampling import check_warp_options

__all__ = ["Plans", "draws_for", "plans_of", "warp_plan"]

_AUGMENTATION = tuple(operation for operation in OPERATIONS if not operation.standardizes)
_STANDARDISATION = tuple(operation for operation in OPERATIONS if operation.standardizes)

_Step = tuple[str, dict[str, Any]]


class Plans(NamedTuple):
    """What is constant over batches.

    Attributes:
        warp: Plan of the augmentation alone.
        full: Plan of augmentation and standardisation; `None` if there is nothing to standardise.
        late: What remains to be done to images after `full`.
    """

    warp: _core.Plan
    full: _core.Plan | None
    late: Sequence[Late]


def plans_of(settings: Any, image_shape: tuple[int, ...]) -> Plans:
    """Returns the plans of a generator for images of one shape.

    Args:
        settings: The generator.
        image_shape: Tuple of three integers.

    Raises:
        ValueError: If a setting has no meaning for such images.
    """
    augmentation = _steps(_AUGMENTATION, settings, image_shape)
    standardisation = _steps(_STANDARDISATION, settings, image_shape)
    return Plans(
        _plan(settings, image_shape, augmentation),
        _plan(settings, image_shape, augmentation + standardisation) if standardisation else None,
        [late for operation in OPERATIONS for late in operation.late(settings, image_shape)],
    )


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


def _plan(settings: Any, image_shape: tuple[int, ...], steps: Sequence[_Step]) -> _core.Plan:
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
    )
