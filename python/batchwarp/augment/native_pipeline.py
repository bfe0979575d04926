"""The way of batches whose images have sizes of their own until operations bring them to one."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.augment.draws import ParameterDraws
from batchwarp.augment.handover import Levels
from batchwarp.augment.keyed_pipeline import KeyedPipeline, pipeline_for
from batchwarp.augment.keys import Keys
from batchwarp.augment.operations import size_for_all
from batchwarp.augment.plan import RecipePlans, draws_for, recipe_plans_of
from batchwarp.augment.settings import Settings
from batchwarp.ops.list import COLUMNS

__all__ = ["NativePipeline"]

# For so many sizes plans are kept. With as many as ImageNet has, most images find one; to make one
# takes up to a third of what such an image takes to decode, and some kilobytes.
_SIZES = 1024


class NativePipeline(KeyedPipeline):
    """A pipeline whose images may be of any size: it has one for each size.

    Parameters are drawn before sizes are known, as for images of one pixel, and multiplied later.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers, one shape that stored images may have.
        dtype: Dtype of the batches.
        augment: As of `pipeline_for`.
        takes_chances: As of `pipeline_for`.
        value_range: As of `pipeline_for`.
        levels: As of `pipeline_for`.

    Attributes:
        plans: The plans of sizes that were asked for by `add_plan`.

    Raises:
        ValueError: As `pipeline_for`.
    """

    def __init__(
        self,
        generator: Settings,
        image_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        *,
        augment: bool,
        takes_chances: bool,
        value_range: tuple[float, float] | None,
        levels: Levels | None = None,
    ) -> None:
        size_for_all(generator)
        pipeline_for(  # raises whatever that of an image would
            generator,
            image_shape,
            dtype,
            augment=augment,
            takes_chances=takes_chances,
            value_range=value_range,
            levels=levels,
        )

        def plans_for(shape: tuple[int, ...]) -> RecipePlans:
            return recipe_plans_of(
                generator, shape, value_range, augment, takes_chances, levels=levels
            )

        def made(shape: tuple[int, ...]) -> _SizedPipeline:
            return _SizedPipeline(
                generator,
                plans_for(shape),
                shape,
                draws_for(generator, shape) if augment else None,
                dtype,
            )

        draws = ParameterDraws(generator, 1, 1) if augment else None
        super().__init__(generator, plans_for(image_shape), image_shape, draws, dtype)
        self._sized = functools.lru_cache(_SIZES)(made)
        self.plans = _core.PlansBySize(_SIZES, len(COLUMNS))

    def add_plan(self, image_shape: tuple[int, ...]) -> None:
        """Adds the plan for images of one shape to `plans`.

        Args:
            image_shape: Tuple of three integers, the shape of stored images.

        Raises:
            ValueError: As `sized`.
        """
        self.sized(image_shape).add_to(self.plans)

    def drawn(self, params: NDArray[np.float64] | None, keys: Keys) -> NDArray[np.float64] | None:
        """Returns what is drawn for images before their sizes are known, for rows of `plans`.

        Args:
            params: What `draw` returned for them.
            keys: What they are called.
        """
        return self.params_by_key(keys) if self._draws_by_key else params

    def sized(self, image_shape: tuple[int, ...]) -> _SizedPipeline:
        """Returns the way of images of one shape; see `Pipeline.sized`."""
        return self._sized(image_shape)


class _SizedPipeline(KeyedPipeline):
    """The pipeline for images of one size; what it is given was drawn as for one pixel."""

    def add_to(self, plans: _core.PlansBySize) -> None:
        """Adds the plan to others."""
        columns = self._own if self._before is None else np.arange(len(COLUMNS))
        factors = np.ones(len(COLUMNS)) if self._draws is None else self._draws.factors
        between = self._dtype_between
        plans.add(self.plan, columns.tolist(), factors[columns].tolist(), self._before, between)

    def own_params(
        self, params: NDArray[np.float64] | None, keys: Keys
    ) -> NDArray[np.float64] | None:
        """Returns the parameters of Keras' augmentation; see `Pipeline.own_params`."""
        if self._draws_by_key:
            return self.params_by_key(keys)
        return params if params is None or self._draws is None else params * self._draws.factors
