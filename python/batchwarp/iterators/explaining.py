"""What has happened to the images of a batch, worked out anew from seed, pass and position."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import folder_path, integer
from batchwarp._pillow import array_to_img
from batchwarp.augment.config import get_config
from batchwarp.augment.drawn import of_rows
from batchwarp.augment.draws import as_dictionaries
from batchwarp.augment.explanation import ExplainedImage, Explanation
from batchwarp.augment.keyed_pipeline import KeyedPipeline
from batchwarp.augment.keys import Keys, numbers_of
from batchwarp.augment.operations import image_spec, recipe_of
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.settings import Settings
from batchwarp.iterators.augmenting import AugmentingIterator
from batchwarp.iterators.passes import Pass


class ExplainingIterator(AugmentingIterator):
    """Base class of iterators that say what has happened to images."""

    def explain(self, epoch: int, position: int, pictures: Any = None) -> Explanation:
        """Says what happens to each image of a batch.

        It is worked out anew: the flow stays where it is, and no random number is drawn from it.
        Under Keras' draws it is what `next()` gives in that pass of a new flow; `fit` reads two
        batches before it trains, which moves those of later passes on. Under `draws="keyed"` it is
        what everybody gets. A file counts as one that can be read.

        Args:
            epoch: Integer of at least 0, which pass over the samples.
            position: Integer below `len(self)`, which batch of the pass.
            pictures: Path of a folder, for a picture of each image before and after, side by side;
                `None` for none.

        Returns:
            An `Explanation`, which prints as a table; `to_dict()` is in types that JSON has, and
            `batchwarp.Augment.replay` does it again.

        Raises:
            ValueError: If `epoch` or `position` is not as above, the numbers come from the state of
                `numpy.random` or are drawn by functions or overridden methods.

        Example:
            >>> datagen = ImageDataGenerator(rotation_range=20)
            >>> flow = datagen.flow(np.zeros((4, 8, 8, 3), np.uint8), batch_size=2, seed=1)
            >>> print(flow.explain(epoch=0, position=1))
            epoch 0, batch 1
            0:
                theta -2.56
            1:
                theta -2.587
        """
        known = self._current_pipeline()
        if known is not None and known.function_draws:
            raise ValueError(
                "`explain` is for flows whose numbers come from `seed` alone. Here "
                "`preprocessing_function` draws, too, between those of two images"
            )
        twin = copy.copy(self)
        return twin._explained(
            integer("epoch", epoch, 0), integer("position", position, 0, len(self) - 1), pictures
        )

    def _explained(self, epoch: int, position: int, pictures: Any) -> Explanation:
        """Does what `explain` does, and moves on."""
        pipeline, generator = self._explicable(), self.image_data_generator
        samples, random, number = self._begin(epoch, position)
        params = pipeline.draw(random, len(samples))
        keys = self._keys(samples, number)
        images = []
        for row in range(len(samples)):
            part = slice(row, row + 1)
            images.append(
                self._explained_image(
                    pipeline, samples[part], None if params is None else params[part], keys.of(part)
                )
            )
        if pictures is not None:
            folder = folder_path("pictures", pictures)
            self._begin(epoch, position)
            self._save_pictures(Path(folder), samples, position)
        return Explanation(
            epoch,
            position,
            images,
            _described(generator),
            keys.seed,
            [int(key) for key in keys.samples],
            self._augments,
            self._takes_chances,
            self._value_range,
            self._numpy_dtype.name,
        )

    def _explicable(self) -> Pipeline:
        """Returns the way of images, if what is drawn on it follows from seed and pass."""
        pipeline = self._fused()
        if pipeline is None:
            raise ValueError(
                "`explain` is for images that go through the core. Here they go one by one through "
                f"methods of `{type(self.image_data_generator).__name__}`"
            )
        if self._draws_from_numpy:
            raise ValueError(
                "`explain` needs a flow whose numbers follow from a `seed`, or from "
                '`draws="keyed"`. Received: one that draws from `numpy.random`'
            )
        return pipeline

    def _begin(
        self, epoch: int, position: int
    ) -> tuple[NDArray[np.int64], np.random.RandomState, int]:
        """Moves to a batch; returns its samples, its random state and the number of the pass."""
        self.prefetch = 0
        self.begin_pass(epoch)
        if position:
            order = self._drawn_order()
            self._go_on(position, epoch * len(self) + position, order, Pass(epoch))
        samples = next(self.index_generator)
        return samples, self._latest_random(), self._pass.number

    def _explained_image(
        self,
        pipeline: Pipeline,
        sample: NDArray[np.int64],
        params: NDArray[np.float64] | None,
        keys: Keys,
    ) -> ExplainedImage:
        """Returns what happens to one image.

        Args:
            pipeline: The way of images.
            sample: Array `(1,)`.
            params: Array `(1, columns)`, what was drawn for Keras' arguments, or `None`.
            keys: What the image is called.
        """
        generator = self.image_data_generator
        shape = self._image_shape
        if self._has_sizes:
            shape = self._stored(sample).images.shape[1:]
        way = pipeline.sized(shape)
        own = way.own_params(params, keys)
        operations: list[dict[str, Any]] = []
        if isinstance(way, KeyedPipeline) and generator.operations:
            rows = way.of_operations(way.rows(params, keys))
            recipe = recipe_of(generator)
            [steps] = of_rows(recipe, image_spec(generator, shape), rows, self._takes_chances)
            operations = [
                {
                    "operation": repr(recipe.operations[one.place]),
                    "step": one.step,
                    # Those that are not drawn follow from the image's size.
                    "numbers": {
                        name: number
                        for name, number in one.numbers.items()
                        if not math.isnan(number)
                    },
                }
                for one in steps
            ]
        return ExplainedImage(
            int(sample[0]),
            self._name_of(int(sample[0])),
            {} if own is None else as_dictionaries(own)[0],
            operations,
            self._explained_mixing(keys),
        )

    def _explained_mixing(self, keys: Keys) -> list[dict[str, Any]]:
        """Returns what one image is mixed with."""
        generator = self.image_data_generator
        if not self._takes_chances or not self._operates:
            return []
        mixed = []
        for operation, number in recipe_of(generator).mixing:
            uniform, active = numbers_of(operation, number, keys)
            shares, partners = operation.shares_and_partners(uniform, active, self.n)
            if shares[0] < 1:
                mixed.append(
                    {
                        "operation": repr(operation),
                        "share": float(shares[0]),
                        "sample": int(partners[0]),
                    }
                )
        return mixed

    def _name_of(self, sample: int) -> str:
        """Returns the file of a sample, or an empty string."""
        names = getattr(self, "filenames", ())
        return str(names[sample]) if len(names) else ""

    def _save_pictures(self, folder: Path, samples: NDArray[np.int64], position: int) -> None:
        """Saves images before and after, side by side, in the place that it has moved to."""
        batch, used, _ = self._augmented(samples, self._latest_random(), self._pass.number)
        last = self.image_data_generator.channel_axis == 3
        layout = "channels_last" if last else "channels_first"
        for row, sample in enumerate(used):
            stored = self._stored(used[row : row + 1])
            before = array_to_img(stored.images[stored.rows[0]], layout, scale=False)
            after = array_to_img(batch[row], layout, scale=True)
            size = (before.width + after.width, max(before.height, after.height))
            page = _page(before, after, size)
            page.save(folder / f"{position}_{row}_{sample}.png")


def _page(before: Any, after: Any, size: tuple[int, int]) -> Any:
    from PIL import Image

    page = Image.new(after.mode, size)
    page.paste(before.convert(after.mode), (0, 0))
    page.paste(after, (before.width, 0))
    return page


def _described(generator: Settings) -> dict[str, Any] | None:
    try:
        return get_config(generator, Settings)
    except ValueError:  # of a function without a name
        return None
