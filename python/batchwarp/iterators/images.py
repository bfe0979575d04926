"""From augmented images to batches: what iterators over arrays and over files share."""

from __future__ import annotations

from collections import abc
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras, _phases
from batchwarp._arguments import folder_path
from batchwarp._pillow import array_to_img
from batchwarp._random import global_random, is_borrowed
from batchwarp.augment.draws import as_dictionaries
from batchwarp.augment.handover import BYTES, bytes_of, layer_of
from batchwarp.augment.labels import checked_labels
from batchwarp.augment.one_by_one import transformed
from batchwarp.augment.operations import recipe_of, shape_after
from batchwarp.augment.settings import not_fitted
from batchwarp.iterators.augmenting import Augmented
from batchwarp.iterators.explaining import ExplainingIterator
from batchwarp.iterators.mixing import Mixer, Mixture
from batchwarp.iterators.saving import save_masks
from batchwarp.iterators.structures import map_arrays
from batchwarp.ops.mixing import Mixing


class Variant(NamedTuple):
    """One image of a batch, and what it was made of.

    Attributes:
        sample: Integer, the index of the sample.
        original: Array of rank 3, the image as it is stored.
        parameters: Dictionary as from `get_random_transform`; empty if images are not augmented.
        image: Array of rank 3, the image as it is in the batch.
        targets: What has moved with it, by the names of the arguments, for a batch of one.
    """

    sample: int
    original: NDArray[Any]
    parameters: dict[str, Any]
    image: NDArray[Any]
    targets: abc.Mapping[str, Any]


# Labels of so many samples are checked at a time.
_CHECKED = 1024


class ImageIterator(ExplainingIterator):
    """Base class of the iterators over images.

    The way of a batch is `_transformed`, from its samples to what the caller gets. Subclasses say
    what belongs to images (`_with_others`, and `_to_be_mixed` of those that are mixed), and set the
    attributes below.
    """

    # Names of saved images end in a number below this one, drawn as in Keras.
    _save_numbers: ClassVar[int]

    data_format: str
    save_to_dir: Any
    save_prefix: str
    save_format: str

    def __init__(
        self,
        n: int,
        batch_size: int,
        shuffle: bool,
        seed: Any,
        *,
        prefetch: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(n, batch_size, shuffle, seed, prefetch=prefetch, **kwargs)
        self._set_key()
        self._check_handover()
        self._check_targets()
        if self._counts_passes and self._current_pipeline() is None:
            # Raises whatever a batch would.
            self._operate(np.empty(0, np.int64), 0, self._image_shape)
        if mixing := self._mixing():  # likewise
            for start in range(0, self.n, _CHECKED):
                samples = np.arange(start, min(start + _CHECKED, self.n))
                self._mixture(np.empty((0, *self._image_shape)), samples, {}, mixing)

    @property
    def _target_names(self) -> abc.Sequence[str]:
        """Names of the arguments that move with images."""
        return ()

    @property
    def _mask_classes(self) -> int | None:
        """Of how many classes masks are one-hot, or `None`."""
        return None

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the arguments of what moves with images."""
        return tuple(self._target_names)

    def _check_targets(self) -> None:
        """Raises `ValueError` if something cannot move with what is done to images."""
        names = self._target_names
        if not names:
            return
        generator, name = self.image_data_generator, names[0]
        if self._fused() is None:
            raise ValueError(
                f"`{name}` cannot move with images that go one by one through the methods of "
                f"`{type(generator).__name__}`, because some are overridden, or for batches of "
                f"{self._numpy_dtype}"
            )
        recipe_of(generator).check_targets(names)

    def _check_handover(self) -> None:
        """Raises `ValueError` if batches cannot be handed over as they should be."""
        if self.handover is None:
            return
        default = _keras.standardize_dtype(None)
        if self._numpy_dtype != default:
            raise ValueError(
                f"`dtype` should be left at Keras' `floatx()`, {default}, beside "
                f'`handover="{self.handover}"`, where batches have no other dtype than that. '
                f"Received: {self._numpy_dtype}"
            )
        if getattr(self, "class_mode", None) == "input":
            raise ValueError(
                f'`class_mode` should be another one than "input" beside '
                f'`handover="{self.handover}"`: no layer makes of labels what they stand for'
            )
        self._fused()

    def normalization_layer(self, data_format: str | None = None) -> Any:
        """Returns the first layer of a model that is given batches of `handover="uint8"`.

        It does to them what the generator would have done to floating-point images: `rescale`,
        `featurewise_center` and `featurewise_std_normalization` by the statistics that it has now,
        and `ops.Normalize`. It is one of Keras' own layers, or a `Sequential` of two, is saved with
        the model, and loads without batchwarp.

        Args:
            data_format: `"channels_last"` or `"channels_first"`, the layout of what the layer is
                given; `None` means that of the batches. Tensors of `batchwarp.torch` have channels
                first.

        Returns:
            A `keras.layers.Layer` from images `(n, height, width, channels)`, or with channels
            first, of any dtype to images of Keras' `floatx()`, under every policy.

        Raises:
            ImportError: If Keras cannot be imported.
            ValueError: If the flow has no `handover`, statistics are missing, or `data_format` is
                not as above.
        """
        if self.handover is None:
            raise ValueError(
                '`normalization_layer` is for flows with `handover="uint8"`: batches of this one '
                "are standardised already"
            )
        generator = self.image_data_generator
        if data_format is None:
            data_format = self._generated_format
        data_format = _keras.standardize_data_format(data_format)
        self._fused()
        if missing := not_fitted(generator):
            raise ValueError(
                f"`{missing[0]}` needs statistics before `normalization_layer` knows them: call "
                "`fit` of the generator first"
            )
        levels = self._levels
        assert levels is not None
        floats = self._way(
            generator,
            self._image_shape,
            np.dtype(np.float32),
            augment=self._augments,
            takes_chances=self._takes_chances,
            value_range=self._value_range,
        )
        return layer_of(floats.plan, levels, data_format)

    def _outputs(self, labels: Any, targets: abc.Mapping[str, Any]) -> Any:
        """Returns what takes the place of labels: what there is alone, or a dictionary.

        Args:
            labels: The labels, or `None`.
            targets: What has moved with the images.
        """
        if not targets:  # though there may be some, but the generator was changed
            self._check_targets()
            return labels
        together = targets if labels is None else {"labels": labels, **targets}
        return next(iter(together.values())) if len(together) == 1 else dict(together)

    def _with_others(
        self,
        batch_x: NDArray[Any],  # noqa: ARG002 - subclasses use them
        index_array: NDArray[np.int64],  # noqa: ARG002
        targets: abc.Mapping[str, Any],  # noqa: ARG002
    ) -> Any:
        """Returns images together with their labels, weights and what else belongs to them.

        Args:
            batch_x: Array of rank 4.
            index_array: Array `(n,)`, the samples.
            targets: What has moved with the images.
        """
        raise self._lacks("_with_others")

    def _batch(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Any:
        if self._is_overridden():
            return super()._batch(index_array, random, number)
        return self._transformed(index_array, random, number)

    def _is_overridden(self) -> bool:  # asked for each batch
        method = type(self)._get_batches_of_transformed_samples
        return (
            method is not ImageIterator._get_batches_of_transformed_samples
            or "_get_batches_of_transformed_samples" in vars(self)
        )

    def _get_batches_of_transformed_samples(self, index_array: NDArray[np.int64]) -> Any:
        # Keras' name. Whoever overrides it may call this one, which then finds the state that
        # `numpy.random` draws from meanwhile.
        random = global_random() if is_borrowed() else self._latest_random()
        index_array = np.asarray(index_array, dtype=np.int64)
        return self._transformed(index_array, random, self._pass.number)

    def _transformed(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Any:
        """Makes a batch: all the way from its samples, in the order in which Keras draws."""
        batch, index_array, targets = self._augmented(index_array, random, number)
        batch_x = self._in_dtype(batch)
        mixing = self._mixing()
        if not mixing:
            if self.save_to_dir:
                self._save(batch_x, index_array, targets, random, number)
            return self._with_others(batch_x, index_array, targets)
        mixture = self._mixture(batch_x, index_array, targets, mixing)
        if self._takes_chances:
            mixture = self._mixer(mixing, random, number).mixed(mixture)
        if self.handover is not None:
            made = bytes_of(mixture.images, self._generated_format, self._buffers)
            mixture = mixture._replace(images=made)
        if self.save_to_dir:
            self._save(mixture.images, index_array, mixture.targets, random, number)
        return self._of_mixture(mixture)

    def _in_dtype(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Returns images in the dtype of batches; those that become bytes later as they are."""
        if self.handover is not None or batch.dtype is self._numpy_dtype:
            return batch
        return batch.astype(self._numpy_dtype, copy=False)

    @property
    def _generated_format(self) -> str:
        """The layout of batches, which is the generator's."""
        return "channels_first" if self.image_data_generator.channel_axis == 1 else "channels_last"

    @property
    def _mixes(self) -> bool:
        return bool(self._mixing())

    def _of_mixture(self, mixture: Mixture) -> tuple[Any, ...]:
        """Returns images together with their labels, masks and weights."""
        made = (mixture.images, self._outputs(mixture.labels, mixture.targets))
        return made if mixture.weights is None else (*made, mixture.weights)

    def _partners(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Augmented:
        """Makes images that others are mixed with, from no number of Keras' stream."""
        pipeline = self._fused()
        if pipeline is None:
            return self._through_methods(index_array, random, number, by_key=True)
        params = pipeline.params_by_key(self._keys(index_array, number))
        return self._made_with(pipeline, index_array, params, random, number)

    def _mixing(self) -> tuple[tuple[Mixing, int], ...]:
        """Returns the operations that mix images, with their numbers."""
        generator = self.image_data_generator
        operations = getattr(generator, "operations", ())
        if operations and any(isinstance(one, Mixing) for one in operations):
            return recipe_of(generator).mixing
        return ()

    def _mixer(
        self, mixing: Sequence[tuple[Mixing, int]], random: np.random.RandomState, number: int
    ) -> Mixer:
        """Returns what mixes images of a batch with others of the subset."""

        def read(index_array: NDArray[np.int64]) -> Mixture:
            batch, samples, targets = self._partners(index_array, random, number)
            batch_x = self._in_dtype(batch)
            return self._mixture(batch_x, samples, targets, mixing)

        first = self.image_data_generator.channel_axis == 1
        return Mixer(mixing, self.n, first, lambda samples: self._keys(samples, number), read)

    def _mixture(
        self,
        batch_x: NDArray[Any],
        index_array: NDArray[np.int64],
        targets: abc.Mapping[str, Any],
        mixing: Sequence[tuple[Mixing, int]],
    ) -> Mixture:
        """Returns images with what is mixed as they are."""
        self._check_targets()
        labels, weights = self._to_be_mixed(index_array)
        if labels is not None or not self._target_names:
            labels = checked_labels([one for one, _ in mixing], labels, len(index_array))
        return Mixture(index_array, batch_x, labels, weights, targets)

    def _to_be_mixed(
        self,
        index_array: NDArray[np.int64],  # noqa: ARG002 - subclasses use it
    ) -> tuple[Any, NDArray[Any] | None]:
        """Returns labels, as integers or as weights of classes, and weights of samples.

        Raises:
            ValueError: If there is something beside the images that cannot be mixed.
        """
        raise self._lacks("_to_be_mixed")

    def next_variants(self) -> abc.Iterator[Variant]:
        """Makes the next batch one image after the other, so that it need not fit in memory.

        The images are those of `next()`, for a generator without overridden methods and without a
        `preprocessing_function`.

        Yields:
            The images of the batch.

        Raises:
            ImageFileError: If a file cannot be read and this is not to be tolerated.
            ValueError: If images are mixed.
        """
        if mixing := self._mixing():
            raise ValueError(f"Images should be made one after the other, without {mixing[0][0]!r}")
        with self.lock:
            index_array = next(self.index_generator)
            random, number = self._latest_random(), self._pass.number
        fused = self._fused()
        pipeline = self._pipeline
        assert pipeline is not None
        params = pipeline.draw(random, len(index_array))
        self._states.give_back(random)
        generator = self.image_data_generator
        for row in range(len(index_array)):
            part = slice(row, row + 1)
            images, rows, samples, beside = self._stored(index_array[part])
            original = images[rows[0]]
            drawn = None if params is None else params[part]
            keys = self._keys(samples, number)
            way = pipeline.sized(images.shape[1:])
            parameters = way.own_params(drawn, keys)
            own = {} if parameters is None else as_dictionaries(parameters)[0]
            targets: abc.Mapping[str, Any] = {}
            if fused is not None:
                drawn = way.rows(drawn, keys)
                image = way.make(generator, images, rows, drawn, self._buffers)[0]
                targets = self._moved(way, drawn, samples, beside)
            else:
                operate = self._operate(samples, number, images.shape[1:])
                image = transformed(generator, original, self._working_dtype, own, operate)
            image = self._in_dtype(np.asarray(image))
            yield Variant(int(samples[0]), original, own, image, targets)

    def _template(self) -> Any:
        if self._is_overridden():
            return super()._template()
        # An empty batch reads no file, calls no function of the user's and saves no file.
        shape = shape_after(self.image_data_generator, self._image_shape)
        empty = np.empty((0, *shape), self._numpy_dtype if self.handover is None else BYTES)
        samples = np.empty(0, np.int64)
        if mixing := self._mixing():
            return self._of_mixture(self._mixture(empty, samples, self._no_targets(), mixing))
        return self._with_others(empty, samples, self._no_targets())

    def _no_targets(self) -> abc.Mapping[str, Any]:
        """Returns what moves with the images of a batch that has none."""
        pipeline = self._fused()
        if pipeline is None:
            return {}
        samples = np.empty(0, np.int64)
        params = pipeline.rows(None, self._keys(samples, 0)) if pipeline.is_keyed else None
        return self._moved(pipeline, params, samples, None)

    def _block(self, batches: int) -> Any:
        one_by_one = self._is_overridden() or self.save_to_dir or self._mixing()
        pipeline = None if one_by_one else self._fused()
        if pipeline is None or not pipeline.draws_first:
            return super()._block(batches)
        indices, params = [], []
        for _ in range(batches):
            with self.lock:
                index_array = next(self.index_generator)
                random, number = self._latest_random(), self._pass.number
            indices.append(index_array)
            drawn = pipeline.draw(random, len(index_array))
            if drawn is not None:
                params.append(drawn)
            self._states.give_back(random)
        rows = np.concatenate(params) if params else None
        making = _phases.begin(self, batches)
        try:
            batch_x, together, targets = self._made(pipeline, np.concatenate(indices), rows, number)
            batch_x = self._in_dtype(batch_x)
            size = len(together) // batches
            return map_arrays(
                lambda array: array.reshape(batches, size, *array.shape[1:]),
                self._with_others(batch_x, together, targets),
            )
        finally:
            _phases.end(making)

    def _set_saving(self, save_to_dir: Any, save_prefix: str, save_format: str) -> None:
        """Checks and keeps where `_save` puts images, and under which names."""
        if save_to_dir:
            folder_path("save_to_dir", save_to_dir)
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format

    def _save(
        self,
        batch_x: NDArray[Any],
        index_array: NDArray[np.int64],
        targets: abc.Mapping[str, Any],
        random: np.random.RandomState,
        number: int,
    ) -> None:
        draws = not self._draws_by_key
        axis = 3 if self.data_format == "channels_last" else 1
        for row, (image, index) in enumerate(zip(batch_x, index_array, strict=True)):
            picture = array_to_img(image, self.data_format, scale=True)
            suffix = random.randint(self._save_numbers) if draws else number
            name = f"{self.save_prefix}_{index}_{suffix}.{self.save_format}"
            path = Path(folder_path("save_to_dir", self.save_to_dir)) / name
            picture.save(path)
            if "masks" in targets:
                save_masks(path, targets["masks"], row, axis, self._mask_classes)
