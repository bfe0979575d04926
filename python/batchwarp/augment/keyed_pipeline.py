"""The way of batches through a generator's operations, and which way a generator's batches take."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _phases
from batchwarp._arrays import CORE_INPUTS, CORE_OUTPUTS, is_floating
from batchwarp.augment.draws import ParameterDraws
from batchwarp.augment.handover import Levels, check_settings
from batchwarp.augment.keys import Keys
from batchwarp.augment.operations import draws_by_key, recipe_of
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.plan import RecipePlans, draws_for, plans_of, recipe_plans_of
from batchwarp.augment.settings import Settings, check_switches
from batchwarp.ops.list import COLUMNS
from batchwarp.targets import Move

__all__ = ["KeyedPipeline", "OperationsAlone", "pipeline_for"]

_NEUTRAL = np.array([column.neutral for column in COLUMNS])


class KeyedPipeline(Pipeline):
    """A pipeline with operations, whose numbers are drawn by key and never from Keras' stream.

    With `draws="keyed"` all others are, too.

    Args:
        generator: The generator.
        recipe: Its plans for images of one shape.
        image_shape: Tuple of three integers, the shape of stored images.
        draws: As of `Pipeline`.
        dtype: As of `Pipeline`.

    Raises:
        ValueError: If an attribute of the generator has no meaning.
    """

    is_keyed: ClassVar[bool] = True

    def __init__(
        self,
        generator: Settings,
        recipe: RecipePlans,
        image_shape: tuple[int, ...],
        draws: ParameterDraws | None,
        dtype: np.dtype[Any],
    ) -> None:
        self._stored_shape = image_shape
        self._before = recipe.before
        self._own = recipe.own
        self._draws_by_key = draws_by_key(generator)
        self._operations = tuple(generator.operations)
        super().__init__(generator, recipe.plans, draws, dtype)

    def _maker(self) -> _core.BatchMaker | None:
        return self._maker_of(self._own) if self._before is None else None

    @property
    def beyond_the_core(self) -> list[str]:
        """Names of what a device does not do, operations and keyed draws among them."""
        found = super().beyond_the_core
        if self._draws_by_key:
            found.insert(0, '`draws="keyed"`')
        if self._operations:
            found.insert(0, f"`operations` ({', '.join(map(repr, self._operations))})")
        return found

    @property
    def _dtype_between(self) -> np.dtype[Any]:
        """Dtype of images between Keras' augmentation and operations that cannot join it."""
        return np.dtype(np.float32) if self.plan.round_bytes else self.dtype

    def draw(self, random: np.random.RandomState, count: int) -> NDArray[np.float64] | None:
        """Draws what comes from Keras' stream; see `Pipeline.draw`."""
        return None if self._draws_by_key else super().draw(random, count)

    def own_params(
        self, params: NDArray[np.float64] | None, keys: Keys
    ) -> NDArray[np.float64] | None:
        """Returns the parameters of Keras' augmentation; see `Pipeline.own_params`."""
        return self.params_by_key(keys) if self._draws_by_key else params

    def rows(self, params: NDArray[np.float64] | None, keys: Keys) -> NDArray[np.float64]:
        """Completes Keras' parameters with those of the operations; see `Pipeline.rows`."""
        params = self.own_params(params, keys)
        rows = _core.draw(self.plan, keys.samples, keys.epoch, keys.seed)
        if self._before is not None:
            own = np.tile(_NEUTRAL, (len(rows), 1)) if params is None else params
            return np.concatenate((own, rows), axis=1)
        if params is not None:
            rows[:, : len(self._own)] = params[:, self._own]
        return rows

    def of_operations(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the part of complete rows that belongs to the operations."""
        return rows[:, len(COLUMNS if self._before is not None else self._own) :]

    def warp(
        self,
        x: NDArray[Any],
        indices: NDArray[np.int64] | None,
        params: NDArray[np.float64] | None,
        batch: NDArray[Any],
        threads: int = 0,
    ) -> None:
        """Makes images up to the user's function; see `Pipeline.warp`."""
        if self._before is not None:
            before, last = self.moves(params)
            augmented = np.empty((len(batch), *self._stored_shape), self._dtype_between)
            begin = _phases.now() if _phases.is_recording() else 0
            _core.augment_batch(x, indices, before.params, before.plan, augmented, threads=threads)
            if begin:
                _phases.add("warp", begin, _phases.now())
            x, indices, params = augmented, None, last.params
        super().warp(x, indices, _if_any(params), batch, threads)

    def moves(self, params: NDArray[np.float64] | None) -> list[Move]:
        """Returns how images are moved; see `Pipeline.moves`."""
        if self._before is None:
            return super().moves(_if_any(params))
        assert params is not None
        own, params = map(np.ascontiguousarray, np.split(params, [len(COLUMNS)], axis=1))
        return [Move(self._before, own), *super().moves(_if_any(params))]


def _if_any(params: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Returns rows of numbers, `None` if nothing is drawn."""
    return params if params is not None and params.size else None


def pipeline_for(
    generator: Settings,
    image_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    augment: bool = True,
    takes_chances: bool = True,
    value_range: tuple[float, float] | None = None,
    levels: Levels | None = None,
) -> Pipeline:
    """Returns the way of a generator's batches.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers, the shape of stored images.
        dtype: Dtype of the batches.
        augment: Boolean; if false, nothing is done for Keras' arguments of the augmentation, and
            nothing drawn.
        takes_chances: Boolean; if false, operations in which chance has a part only set the size.
        value_range: Tuple of two floats, between what values images are, or `None`.
        levels: What bytes stand for, if batches are made for a layer that does the standardisation;
            `dtype` is that of the bytes then, or a floating-point one of what becomes bytes later.

    Raises:
        ValueError: If an attribute of the generator has no meaning for such images.
    """
    check_switches(generator)
    draws = draws_for(generator, image_shape) if augment else None
    if levels is None:
        _check_dtype(generator, dtype)
    else:
        check_settings(generator)
    if not (generator.operations or draws_by_key(generator)):
        return Pipeline(generator, plans_of(generator, image_shape, levels), draws, dtype)
    plans = recipe_plans_of(
        generator, image_shape, value_range, augment, takes_chances, levels=levels
    )
    return KeyedPipeline(generator, plans, image_shape, draws, dtype)


class OperationsAlone:
    """A generator's operations, done to single images that its methods have made.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers, the shape of these images.
        dtype: Dtype of the batches.
        takes_chances: As in `pipeline_for`.
        value_range: As in `pipeline_for`.
        keys: What the images of the batch are called.

    Attributes:
        shape: Tuple of three integers, what images are afterwards.

    Raises:
        ValueError: If an operation cannot be done to such images.
    """

    def __init__(
        self,
        generator: Settings,
        image_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        takes_chances: bool,
        value_range: tuple[float, float] | None,
        keys: Keys,
    ) -> None:
        _check_dtype(generator, dtype)
        plans = recipe_plans_of(generator, image_shape, value_range, False, takes_chances).plans
        self._plan = plans.warp
        self._keys = keys
        self.shape = plans.shape

    def __call__(self, image: Any, row: int) -> NDArray[Any]:
        """Does the operations to an image, in its dtype; see `one_by_one.Operate`."""
        source = np.asarray(image)
        if source.dtype not in CORE_INPUTS:
            source = source.astype(np.float64)
        wanted = source.dtype if source.dtype in CORE_OUTPUTS else np.dtype(np.float64)
        made = np.empty((1, *self.shape), wanted)
        samples, epoch, seed = self._keys.of(slice(row, row + 1))
        _core.augment_keyed(source[np.newaxis], None, samples, epoch, seed, self._plan, made)
        result: NDArray[Any] = made[0]
        return result


def _check_dtype(generator: Settings, dtype: np.dtype[Any]) -> None:
    last = recipe_of(generator).is_last
    if last is not None and not is_floating(dtype):
        raise ValueError(
            f"`dtype` should be a floating-point dtype beside {last!r}. Received: {dtype}"
        )
