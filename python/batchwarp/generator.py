"""The generator: settings, the flows of batches that are made by them, and statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from batchwarp import iterators
from batchwarp.augment import config as configuration
from batchwarp.augment import fit
from batchwarp.flows.annotated import AnnotationFlows
from batchwarp.flows.arrays import ArrayFlows
from batchwarp.flows.files import FileFlows
from batchwarp.flows.samples import SampleFlows

__all__ = ["ImageDataGenerator"]


class ImageDataGenerator(ArrayFlows, FileFlows, SampleFlows, AnnotationFlows):
    """Generates batches of image data with real-time augmentation.

    Arguments, attributes, random numbers and results are those of Keras' class of the same name.
    Attributes may be changed at any time; the next batch heeds them. Methods may be overridden in a
    subclass; batches are then made image by image through them.

    Args:
        featurewise_center: Boolean. Subtract the data set's mean per channel (see `fit`).
        samplewise_center: Boolean. Subtract each image's mean over all its values.
        featurewise_std_normalization: Boolean. Divide by the data set's standard deviation per
            channel (see `fit`). Implies `featurewise_center`.
        samplewise_std_normalization: Boolean. Divide by each image's standard deviation. Implies
            `samplewise_center`.
        zca_whitening: Boolean. Apply ZCA whitening (see `fit`). Implies `featurewise_center` and
            switches `featurewise_std_normalization` off.
        zca_epsilon: Float of at least 0, added to the singular values.
        rotation_range: Number, degrees. Angles are drawn from `[-rotation_range, rotation_range)`.
        width_shift_range: Float: a fraction of the width if below 1, pixels otherwise. Integer:
            pixels, one of `range(width_shift_range)` with a random sign. 1-D array-like: one of its
            elements with a random sign. Keras shifts along the rows' axis here; so do we.
        height_shift_range: As `width_shift_range`, with the height.
        brightness_range: Tuple or list of two floats, the range of the brightness factor; 1 leaves
            an image as it is. The arithmetic is 8-bit, so images in [0, 1] become black, as in
            Keras.
        shear_range: Number, degrees. Angles are drawn from `[-shear_range, shear_range)`.
        zoom_range: Float, or tuple or list of two floats. A float means
            `[1 - zoom_range, 1 + zoom_range]`. Both directions are drawn; above 1 zooms out.
        channel_shift_range: Number. A value from `[-channel_shift_range, channel_shift_range)` is
            added to all channels, clipped to the image's own range.
        fill_mode: How points outside the image are filled: `"nearest"`, `"constant"`, `"reflect"`,
            `"wrap"`, or SciPy's further modes `"mirror"`, `"grid-wrap"`, `"grid-constant"`,
            `"grid-mirror"`.
        cval: Number, the value of such points for the constant modes.
        horizontal_flip: Boolean. Mirror every other image, by chance, left to right.
        vertical_flip: Boolean. Mirror every other image, by chance, top to bottom.
        rescale: Number, or array of one, that images are multiplied with after augmentation, before
            standardisation; `None` or 0 for none.
        preprocessing_function: Function of one image, called after augmentation and before
            `rescale`. It takes an array of rank 3 and returns one of the same shape. If it draws
            from `numpy.random`, it finds the numbers that it would find under Keras.
        data_format: `"channels_last"` (`(n, h, w, c)`) or `"channels_first"` (`(n, c, h, w)`);
            `None` means Keras' global setting.
        validation_split: Float in [0, 1), the share of images for `subset="validation"`.
        interpolation_order: Integer from 0 to 5, order of the interpolating spline.
        dtype: Dtype of the batches; `None` means Keras' global `floatx()`.
        validation_augment: Boolean, whether images of `subset="validation"` are augmented. If not,
            they are standardised only, and no random number is drawn for them. `None` does what
            Keras' arguments say, as Keras does. Unless it is true, operations in which chance has a
            part are left out, or take the middle or all of the image if they set its size.
        operations: Sequence of operations of `batchwarp.ops`, which are done to images after what
            the other arguments do at random and before `preprocessing_function`. What they draw
            depends on seed, pass and sample alone; see "In flows" in `docs/semantics.md`.
        draws: `"keras"` draws from NumPy's generator, number for number as Keras does; `"keyed"`
            draws for Keras' arguments and the order of samples as for operations: from seed, pass
            and sample alone.
        value_range: Pair (low, high), between what values images are, for operations whose strength
            is a part of it. `None` is (0, 255) for files and uint8, and (0, 65535) for uint16; for
            floating-point arrays it must be given where an operation depends on it.
        split: How `validation_split` chooses: `None` takes the first samples, as Keras does;
            `"stratified"` the same share of every class, by chance; `"hash"` by each file's name
            alone, so that a file stays where it is when others come or go.
        split_seed: Integer from 0 to 2³² - 1, for another choice by `split`.

    Attributes:
        mean: What `featurewise_center` subtracts: `None` before `fit`, then one number per channel.
            It may be set to anything that can be broadcast to an image; numbers that differ from
            pixel to pixel cost a pass over the batch of their own.
        std: What `featurewise_std_normalization` divides by, plus 1e-6; otherwise like `mean`.
        zca_whitening_matrix: `None` before `fit`, then an array `(size, size)`, with `size` the
            number of values of one image.

    Raises:
        ValueError: If an argument is not as above; NaN and infinity never are.
        TypeError: If `preprocessing_function` cannot be called, or something is no operation.

    Example:
        >>> datagen = ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255)
        >>> x_train, y_train = np.zeros((8, 32, 32, 3), np.uint8), np.arange(8)
        >>> images, labels = next(datagen.flow(x_train, y_train, batch_size=4, seed=1))
        >>> images.shape, images.dtype
        ((4, 32, 32, 3), dtype('float32'))
    """

    def get_config(self) -> dict[str, Any]:
        """Describes the generator in types that JSON has, for `from_config`.

        A subclass with arguments of its own adds them to this dictionary.

        Returns:
            Dictionary of the constructor's arguments as the attributes are now: arrays are lists,
            the dtype is its name, `preprocessing_function` is `"module:function"`. After `fit` it
            also has `mean`, `std` and `zca_whitening_matrix`, those that there are.

        Raises:
            ValueError: If `preprocessing_function` cannot be imported by its name, as a lambda or a
                local function, or an attribute is of a type that JSON does not have.

        Example:
            >>> config = ImageDataGenerator(rotation_range=20).get_config()
            >>> ImageDataGenerator.from_config(config).rotation_range
            20
        """
        return configuration.get_config(self, ImageDataGenerator)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Makes a generator that gives the same batches as the one that was described.

        Importing `preprocessing_function` runs its module: take a configuration only from where you
        would take a program.

        Args:
            config: Dictionary as from `get_config`; what is missing gets its default.

        Returns:
            A generator of this class.

        Raises:
            ValueError: If a key is unknown, or its value is none that the constructor takes.
        """
        return configuration.from_config(cls, config)

    def fit(self, x: Any, augment: bool = False, rounds: Any = 1, seed: int | None = None) -> None:
        """Computes the statistics of the data set that the generator's settings need.

        These are `mean` and `std` per channel and `zca_whitening_matrix`. They are accumulated in
        double precision over chunks of the data, which is neither changed nor copied as a whole.
        `rescale` is applied first. Of operations, those that set the size are done.

        Args:
            x: Array-like of rank 4, sample data.
            augment: Boolean, whether to take randomly augmented samples, with all operations.
            rounds: Integer of at least 1, how many augmented versions of each image to take.
            seed: Integer from 0 to 2³² - 1 to draw from a state of its own; `None` draws from
                `numpy.random`.

        Raises:
            ValueError: If the data is not of rank 4, is empty or not finite, or `rounds` or `seed`
                is not as above.

        Example:
            >>> datagen = ImageDataGenerator(featurewise_center=True)
            >>> datagen.fit(np.full((4, 8, 8, 3), 7.0))
            >>> datagen.mean.ravel().tolist()
            [7.0, 7.0, 7.0]
        """
        fit.fit_array(self, x, augment, rounds, seed)

    def fit_from(self, iterator: iterators.Iterator, samples: int | None = None) -> None:
        """Computes the statistics from the images of an iterator, as `fit` does from an array.

        Images are read piece by piece, so the data set may be larger than memory: with whitening,
        memory is needed for the smaller of the samples and the matrix, and for each piece
        otherwise. They are read as they are in the data set: what the iterator's generator, which
        may be this one or another, does to them does not matter, only this one's `rescale` is
        applied. The iterator stays where it is, and no random number is drawn. A file that cannot
        be read counts as what the iterator's `on_error` puts in its place.

        Args:
            iterator: Iterator as from `flow`; one with a `subset` gives the images of the subset.
            samples: Integer of at least 1, how many images to take, evenly spread over the data
                set; `None` takes all, and so does a number that is larger.

        Raises:
            TypeError: If `iterator` is no iterator of batchwarp's.
            ValueError: If it has no images, its `data_format` is another, values are not finite, or
                `samples` is not as above.
            ImageFileError: If a file cannot be read and the iterator's `on_error` is `"raise"`.

        Example:
            >>> datagen = ImageDataGenerator(featurewise_center=True)
            >>> plain = ImageDataGenerator().flow_from_directory("data/train", target_size=(32, 32))
            Found 6 images belonging to 2 classes.
            >>> datagen.fit_from(plain)
            >>> datagen.mean.shape
            (1, 1, 3)
        """
        if not isinstance(iterator, iterators.Iterator):
            raise TypeError(
                "`iterator` should be an iterator as from `ImageDataGenerator.flow`. "
                f"Received: {type(iterator).__name__}"
            )
        fit.fit_stored(self, iterator, samples)
