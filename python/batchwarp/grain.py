"""Operations in pipelines of Grain. Importing this needs no Grain; making a transform does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from batchwarp._arguments import integer
from batchwarp.augment.augment import Augment
from batchwarp.ops.mixing import Mixing

__all__ = ["MapTransform", "RandomMapTransform"]

_LARGEST_KEY = 2**64 - 1


class _Transform:
    """What the transforms have in common: one element, augmented by a key."""

    _base: str

    def __init__(
        self,
        augment: Augment,
        *,
        column: Any = "image",
        masks: Any = None,
        boxes: Any = None,
        keypoints: Any = None,
    ) -> None:
        if not isinstance(augment, Augment):
            raise TypeError(
                "`augment` should be a `batchwarp.Augment`. "
                f"Received: {type(augment).__module__}.{type(augment).__qualname__}"
            )
        mixing = next((one for one in augment.operations if isinstance(one, Mixing)), None)
        if mixing is not None:
            raise ValueError(
                "`augment` should do without operations that mix images, of which there is one at "
                f"a time. Received: {mixing!r}"
            )
        self.augment, self.column = augment, column
        targets = {"masks": masks, "boxes": boxes, "keypoints": keypoints}
        self.targets = {name: value for name, value in targets.items() if value is not None}
        if column is None and self.targets:
            raise ValueError(
                f"`{next(iter(self.targets))}` needs elements that are dictionaries, and a "
                "`column` of them for the image. Received: column=None"
            )
        self._register()

    def _register(self) -> None:
        """Tells Grain's abstract class that this one has its method."""
        try:
            import grain
        except ImportError as error:
            raise ImportError(
                f"`batchwarp.grain.{type(self).__name__}` needs Grain, which cannot be imported: "
                "`pip install grain`"
            ) from error
        getattr(grain.transforms, self._base).register(type(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._register()

    def _augmented(self, element: Any, key: Any, epoch: int) -> Any:
        """Returns an element with its image, and what moves with it, augmented."""
        image = np.asarray(element if self.column is None else self._part(element, self.column))
        if image.ndim != 3:
            raise ValueError(
                "Elements should be single images of three axes, before they are put together in "
                f"batches. Received shape: {image.shape}"
            )
        given = {
            name: np.asarray(self._part(element, column))[np.newaxis]
            for name, column in self.targets.items()
        }
        made: Any = self.augment(image[np.newaxis], keys=[key], epoch=epoch, **given)
        if self.column is None:
            return made[0]
        if not given:
            return {**element, self.column: made[0]}
        columns = {"images": self.column, **self.targets}
        return {**element, **{columns[name]: value[0] for name, value in made.items()}}

    def _part(self, element: Any, column: Any) -> Any:
        if not isinstance(element, Mapping):
            raise TypeError(
                "Elements should be dictionaries, or images for `column=None`. "
                f"Received: {type(element).__name__}"
            )
        if column not in element:
            raise ValueError(
                f"Elements should have what is called {column!r}. Received: "
                f"{', '.join(map(repr, element)) or 'nothing'}"
            )
        return element[column]


class MapTransform(_Transform):
    """Augments the elements of a `grain.MapDataset` by their place in the source and the epoch.

    It is a `grain.transforms.MapWithIndex`, to be put right behind the source:
    `grain.MapDataset.source(source).map_with_index(transform).shuffle(seed=1).repeat(20)`.

    Grain then says both: an index is the epoch times the number of samples, plus the sample. So
    what happens to an image is what `augment` does to that key in that epoch, whatever the number
    of threads, workers and processes is, and after a checkpoint. Behind `filter`, or behind
    `repeat(reseed_each_epoch=False)`, an index says something else.

    Args:
        augment: `batchwarp.Augment`, without operations that mix images. Its `seed` should be given
            where there are worker processes or restarts.
        samples: Integer of at least 1, how many elements an epoch of the source has.
        column: Name of the image in elements that are dictionaries, or `None` if elements are
            images: arrays `(height, width, channels)`, or as `augment` has its `data_format`.
        key_column: Name of an integer or a string that the image is called by in place of its
            place, as its path; or `None`.
        masks: Name of a mask, `(height, width)` or with channels, that moves with the image.
        boxes: Name of boxes, `(k, 4)`, likewise.
        keypoints: Name of keypoints, `(k, 2)`, likewise.

    Raises:
        ImportError: If Grain cannot be imported.
        TypeError: If `augment` is none.
        ValueError: If an argument is not as above.

    Example:
        >>> import grain.python as grain
        >>> augment = batchwarp.Augment(ops.Flip(), ops.Hue(0.05), seed=7)
        >>> images = [np.zeros((8, 8, 3), np.uint8)] * 4
        >>> transform = MapTransform(augment, samples=4, column=None)
        >>> ds = grain.MapDataset.source(images).map_with_index(transform)
        >>> ds.repeat(2)[5].shape
        (8, 8, 3)
    """

    _base = "MapWithIndex"

    def __init__(
        self,
        augment: Augment,
        *,
        samples: int,
        column: Any = "image",
        key_column: Any = None,
        masks: Any = None,
        boxes: Any = None,
        keypoints: Any = None,
    ) -> None:
        super().__init__(augment, column=column, masks=masks, boxes=boxes, keypoints=keypoints)
        self.samples = integer("samples", samples, 1)
        self.key_column = key_column

    def map_with_index(self, index: int, element: Any) -> Any:
        """Augments an element; Grain calls it, from several threads.

        Args:
            index: Integer, `epoch * samples` and the place in the source.
            element: Dictionary, or image.

        Returns:
            A new dictionary of the same names, or an image.

        Raises:
            ValueError: If something is missing, or of another shape.
            TypeError: If an element is of another type.
        """
        epoch, sample = divmod(int(index), self.samples)
        key = sample if self.key_column is None else self._part(element, self.key_column)
        return self._augmented(element, key, epoch)

    __call__ = map_with_index


class RandomMapTransform(_Transform):
    """Augments elements by the random numbers that Grain draws for each of them.

    It is a `grain.transforms.RandomMap`, for `grain.DataLoader(operations=[transform, …])`, which
    tells its operations no index, and for `random_map` of data sets. Grain's numbers depend on the
    sampler's seed and the record alone, not on workers. They are other ones than `MapTransform`'s.

    Args:
        augment: As of `MapTransform`, as are all arguments.
        column: See there.
        masks: See there.
        boxes: See there.
        keypoints: See there.

    Raises:
        Exception: As of `MapTransform`.

    Example:
        >>> augment = batchwarp.Augment(ops.Flip(), ops.Hue(0.05), seed=7)
        >>> transform = RandomMapTransform(augment, column=None)
        >>> transform.random_map(np.zeros((8, 8, 3), np.uint8), np.random.default_rng(0)).shape
        (8, 8, 3)
    """

    _base = "RandomMap"

    def random_map(self, element: Any, rng: np.random.Generator) -> Any:
        """Augments an element; Grain calls it, from several threads.

        Args:
            element: Dictionary, or image.
            rng: Generator, of which one number is drawn.

        Returns:
            A new dictionary of the same names, or an image.

        Raises:
            Exception: As of `MapTransform.map_with_index`.
        """
        key = rng.integers(0, _LARGEST_KEY, dtype=np.uint64, endpoint=True)
        return self._augmented(element, int(key), 0)

    __call__ = random_map
