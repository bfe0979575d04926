"""From indices and random numbers to a finished batch, for one generator and one image size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _phases
from batchwarp._arrays import CORE_OUTPUTS
from batchwarp._random import global_random, with_borrowed_global
from batchwarp.augment.changes import Snapshot
from batchwarp.augment.draws import ParameterDraws
from batchwarp.augment.keys import OF_KERAS, Keys
from batchwarp.augment.plan import Plans
from batchwarp.augment.settings import Settings, not_fitted
from batchwarp.augment.whitening import whitened
from batchwarp.ops.keras_normalize import warn_not_fitted
from batchwarp.targets import Move

__all__ = ["Pipeline"]


class Pipeline(Snapshot):
    """What is constant over the batches of one iterator, resolved once.

    The object is a snapshot of the generator's attributes; `matches` tells when it is out of date.

    Args:
        generator: The generator.
        plans: Its plans for images of one shape.
        draws: Its draws for them; `None` if nothing is drawn.
        dtype: Dtype of the batches.

    Attributes:
        dtype: As given.
        plan: What one call of the core does to an image; all there is, if nothing is beyond it.
        fused: Whether the core can write batches of this dtype as Keras does. Integer batches are
            left to it only without standardisation: Keras standardises images of whatever dtype the
            augmentation made of them, and converts last.
        draws_first: Whether all numbers of a batch are drawn before its first image is made. If so,
            `draw` may be called for several batches and `make` once for all of them.
        maker: What draws and makes a whole batch of an array in one call, `in_one_call`; `None` if
            more is to be done.

    Raises:
        ValueError: If an attribute of the generator has no meaning.
    """

    # Whether rows of parameters are completed with numbers that are drawn by key.
    is_keyed: ClassVar[bool] = False
    # Whether those of Keras' arguments are, too.
    _draws_by_key: bool = False

    def __init__(
        self,
        generator: Settings,
        plans: Plans,
        draws: ParameterDraws | None,
        dtype: np.dtype[Any],
    ) -> None:
        super().__init__(generator)
        self._shape = plans.shape
        self.dtype = dtype
        self._draws = draws
        self._function: Callable[[Any], Any] | None = generator.preprocessing_function or None
        self._function_draws = False  # as far as is known
        self.draws_first = self._function is None
        full, self._late = plans.full, plans.late
        self.plan = plans.warp if self._function or full is None else full
        self._standardise = plans.standardise if self._function else None
        self._whiten = bool(generator.zca_whitening)
        self._missing = not_fitted(generator)
        # Asked for each batch, and nearly always true: one call of the core is all.
        self._is_sole = not (self._function or self._late or self._whiten or self._missing)
        bare = full is None and not (self._function or self._late or self._whiten)
        self.fused = dtype.kind == "f" or (dtype in CORE_OUTPUTS and bare)
        self.maker = self._maker() if self.fused and self._is_sole else None

    def _maker(self) -> _core.BatchMaker | None:
        """Returns what makes whole batches in one call, if that is all there is to be done."""
        return self._maker_of(None)

    def _maker_of(self, own: NDArray[np.intp] | None) -> _core.BatchMaker | None:
        """Returns what makes batches by the plan.

        Args:
            own: Array, which of Keras' parameters the plan's rows begin with, where the other ones
                are drawn by key; `None` if the rows have Keras' parameters alone.
        """
        draws = self._draws
        if draws is not None and not draws.draws_batches:
            return None
        return _core.BatchMaker(
            self.plan,
            None if draws is None else draws.in_core,
            None if own is None else own.tolist(),
            OF_KERAS,
            self._shape,
            self.dtype,
        )

    @property
    def drawn_in_core(self) -> _core.ParameterDraws | None:
        """What the core draws for each image, or `None` for nothing."""
        return None if self._draws is None else self._draws.in_core

    @property
    def beyond_the_core(self) -> list[str]:
        """Names of what is left to do after one call of the core, or done in its place."""
        found = [late.what for late in self._late]
        if self._function is not None:
            found.insert(0, "`preprocessing_function`")
        if self._whiten:
            found.append("`zca_whitening`")
        if not self.fused:
            found.append(f"standardisation of batches of {self.dtype}")
        return found

    @property
    def function_draws(self) -> bool:
        """Whether the user's function is known to draw random numbers."""
        return self._function_draws

    def draw(self, random: np.random.RandomState, count: int) -> NDArray[np.float64] | None:
        """Draws the parameters of one batch.

        Args:
            random: The state to draw from.
            count: Integer, the number of images.

        Returns:
            Array `(count, len(COLUMNS))` of float64, or `None` if the images stay as they
            are.
        """
        return None if self._draws is None else self._draws.batch(random, count)

    def sized(self, image_shape: tuple[int, ...]) -> Pipeline:  # noqa: ARG002 - subclasses use it
        """Returns the way of images of one shape, here of those that there are.

        Args:
            image_shape: Tuple of three integers, the shape of stored images.

        Raises:
            ValueError: If an operation cannot be done to such images.
        """
        return self

    def make(
        self,
        generator: Settings,
        x: NDArray[Any],
        indices: NDArray[np.int64],
        params: NDArray[np.float64] | None,
        buffers: _core.BufferPool,
    ) -> NDArray[Any]:
        """Makes images whose parameters have been drawn; only if `draws_first`.

        Args:
            generator: The generator.
            x: Array of rank 4, all images, of a dtype that the core reads.
            indices: Array `(n,)`, which of them.
            params: What `draw` returned for `n` images.
            buffers: Where the memory of the result comes from, and where it goes back to.

        Returns:
            Array of rank 4 of the pipeline's dtype.
        """
        batch = self.empty(len(indices), buffers)
        self.warp(x, indices, params, batch)
        self.complete(generator, batch)
        return batch

    def in_one_call(
        self,
        x: NDArray[Any],
        indices: NDArray[np.int64],
        random: np.random.RandomState,
        buffers: _core.BufferPool,
        place: tuple[int, int, int] = (0, 0, 0),
    ) -> NDArray[Any]:
        """Draws and makes a batch; only with a `maker`.

        Args:
            x: As in `make`.
            indices: As in `make`.
            random: As in `draw`.
            buffers: As in `make`.
            place: Tuple of three integers if `is_keyed`, by which numbers are drawn: what is added
                to `indices` to have the samples' numbers, the epoch, and the seed.

        Returns:
            As `make`.
        """
        assert self.maker is not None
        source = None if self._draws_by_key else random
        if not _phases.is_recording():
            return self.maker.make(buffers, x, indices, source, *place)
        begin = _phases.now()
        batch = self.maker.make(buffers, x, indices, source, *place)
        _phases.add("warp", begin, _phases.now())
        return batch

    def empty(self, count: int, buffers: _core.BufferPool) -> NDArray[Any]:
        """Returns an uninitialised batch.

        Args:
            count: Integer, the number of images.
            buffers: Where its memory comes from, and where it goes back to.

        Returns:
            Array of rank 4 of the pipeline's dtype.
        """
        return buffers.empty((count, *self._shape), self.dtype)

    def warp(
        self,
        x: NDArray[Any],
        indices: NDArray[np.int64] | None,
        params: NDArray[np.float64] | None,
        batch: NDArray[Any],
        threads: int = 0,
    ) -> None:
        """Makes images up to the user's function, or to the end if there is none.

        Args:
            x: As in `make`.
            indices: As in `make`; `None` for all of `x`.
            params: As in `make`.
            batch: Array of rank 4 from `empty`, or a part of it, that the images are written to.
            threads: Integer, how many work on it; 0 for as many as there are.
        """
        begin = _phases.now() if _phases.is_recording() else 0
        _core.augment_batch(x, indices, params, self.plan, batch, threads=threads)
        if begin:
            _phases.add("warp", begin, _phases.now())

    def complete(self, generator: Settings, batch: NDArray[Any]) -> None:
        """Does in place what remains to be done to images from `warp`.

        Args:
            generator: The generator.
            batch: Array of rank 4.
        """
        if self._is_sole:
            return
        if self._function is not None:
            with _phases.noted("function"):
                for image in batch:
                    _call_on(self._function, image)
        self._finish(generator, batch)

    def run(
        self,
        generator: Settings,
        x: NDArray[Any],
        indices: NDArray[np.int64],
        random: np.random.RandomState,
        buffers: _core.BufferPool,
        keys: Keys | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """Makes one batch whose numbers cannot be drawn first; only if not `draws_first`.

        Args:
            generator: As in `make`.
            x: As in `make`.
            indices: As in `make`.
            random: The state to draw from.
            buffers: As in `make`.
            keys: What further numbers are drawn by, if `is_keyed`.

        Returns:
            Tuple of an array of rank 4 of the pipeline's dtype, and of what has been drawn, as for
            `make`.
        """
        assert self._function is not None
        batch = self.empty(len(indices), buffers)
        params = self._run_in_turn(self._function, x, indices, random, batch, keys)
        self._finish(generator, batch)
        return batch, params

    def own_params(
        self,
        params: NDArray[np.float64] | None,
        keys: Keys,  # noqa: ARG002 - subclasses use them
    ) -> NDArray[np.float64] | None:
        """Returns the parameters of Keras' augmentation, wherever they are drawn from.

        Args:
            params: What `draw` returned for `n` images.
            keys: What the images are called.
        """
        return params

    def params_by_key(self, keys: Keys) -> NDArray[np.float64] | None:
        """Returns parameters of Keras' augmentation as `draw` does, but drawn by key.

        Args:
            keys: What the images are called.
        """
        return None if self._draws is None else self._draws.keyed(keys)

    def rows(
        self,
        params: NDArray[np.float64] | None,
        keys: Keys,  # noqa: ARG002 - subclasses use them
    ) -> NDArray[np.float64] | None:
        """Completes parameters with numbers that are drawn by key, of which there are none here.

        Args:
            params: What `draw` returned for `n` images.
            keys: What the images are called.

        Returns:
            Array with a row for each image, for `make` and `warp`, or `None` likewise.
        """
        return params

    def moves(self, params: NDArray[np.float64] | None) -> list[Move]:
        """Returns how images are moved by `warp`, one move after the other.

        Args:
            params: As in `make`.
        """
        return [Move(self.plan, params)]

    def warn_missing(self) -> None:
        """Warns of statistics that are missing."""
        for setting in self._missing:
            warn_not_fitted(setting)

    def _run_in_turn(
        self,
        function: Callable[[Any], Any],
        x: NDArray[Any],
        indices: NDArray[np.int64],
        random: np.random.RandomState,
        batch: NDArray[Any],
        keys: Keys | None,
    ) -> NDArray[np.float64] | None:
        """Augments images one by one and calls the user's function on each.

        Keras draws an image's parameters, then calls the function, then draws for the next image.
        The order matters only to functions that draw from `numpy.random` themselves. The first
        batch is made in Keras' order and tells whether this one does; if not, batches are made at
        once from then on. Nothing is ever drawn or called twice.
        """
        rows: list[NDArray[np.float64]] = []

        def run(source: np.random.RandomState) -> None:
            draws = False
            for row, image in enumerate(batch):
                part = slice(row, row + 1)
                params = self.draw(source, 1)
                if keys is not None:
                    params = self.rows(params, keys.of(part))
                if params is not None:
                    rows.append(params)
                self.warp(x, indices[part], params, batch[part])
                before = global_random().get_state(legacy=False)
                with _phases.noted("function"):
                    _call_on(function, image)
                draws = draws or not _same_state(before, global_random().get_state(legacy=False))
            if len(batch):
                self._function_draws = self._function_draws or draws
                self.draws_first = not self._function_draws

        with_borrowed_global(random, run)
        return np.concatenate(rows) if rows else None

    def _finish(self, generator: Settings, batch: NDArray[Any]) -> None:
        """Does in place what comes after the user's function, or does not fit the core's plan."""
        if self._standardise is not None:
            _core.augment_batch(batch, None, None, self._standardise, batch)
        for late in self._late:
            late.run(generator, batch)
        self.warn_missing()
        if self._whiten and generator.zca_whitening_matrix is not None:
            batch[...] = whitened(batch, generator.zca_whitening_matrix)


def _same_state(one: Any, other: Any) -> bool:
    """Whether two states are equal, of whatever bit generator the user has chosen."""
    if isinstance(one, dict):
        return all(_same_state(value, other[key]) for key, value in one.items())
    return bool(np.array_equal(one, other))


def _call_on(function: Callable[[Any], Any], image: NDArray[Any]) -> None:
    """Replaces an image by what the user's function makes of it."""
    result = function(image)
    if result is image:
        return
    values = np.asarray(result)
    if values.shape != image.shape:
        raise ValueError(
            "`preprocessing_function` should return an array of the shape of its argument, "
            f"{image.shape}. It returned {type(result).__name__} of shape {values.shape}"
        )
    image[...] = values
