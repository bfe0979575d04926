"""The generator: settings, and the flows of batches that are made by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batchwarp import iterators
from batchwarp._warnings import warn
from batchwarp.augment import config as configuration
from batchwarp.augment import fit
from batchwarp.augment.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ImageDataGenerator"]


def _passed_on(arguments: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """Returns the arguments of a `flow` for the iterator, which takes them by the same names.

    An argument is named in the signatures, which are what users see, and nowhere in between.

    Args:
        arguments: The function's `locals()`, before there are others.
        *without: Names that the iterator does not take.
    """
    return {name: value for name, value in arguments.items() if name not in without}


class ImageDataGenerator(Settings):
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
    """

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
        *,
        prefetch: int = 0,
        device: Any = None,
        framework: str | None = None,
        masks: Any = None,
        boxes: Any = None,
        keypoints: Any = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
    ) -> iterators.NumpyArrayIterator:
        """Takes arrays of images and labels and makes batches of augmented data.

        Args:
            x: Array of rank 4 of images, or tuple `(images, others)` with an array or a list of
                arrays of the same length that are passed along. The images stay as they are given:
                no copy is made of an array of uint8, uint16 or a floating-point dtype, and a
                `numpy.memmap` is read as batches need it. Images of other dtypes are converted once
                to the generator's dtype.
            y: Labels, an array-like of the same length, or `None`.
            batch_size: Integer of at least 1.
            shuffle: Boolean, whether to draw a new order for each pass.
            sample_weight: Array-like of the same length, or `None`.
            seed: Integer from 0 to 2³² - 2²⁰ for reproducible order and augmentation; each batch
                adds one to it. It leaves the state of `numpy.random` alone. `None` draws from
                `numpy.random`.
            save_to_dir: Path of an existing folder to save the augmented images to, or `None`.
            save_prefix: String, the beginning of the files' names.
            save_format: String, the files' format and extension, for example `"png"`.
            ignore_class_split: Boolean, whether to accept that the classes of the training and the
                validation subset differ.
            subset: `"training"` or `"validation"` if the generator has a `validation_split`; the
                validation subset are the first images, unless the generator has a `split`.
            prefetch: Integer of at least 0, how many batches to make ahead for `next()`, in a
                thread, while the caller works on earlier ones. Order, errors and, with a seed, all
                values are those without it; `reset()` and changes of the iterator's attributes
                apply to the very next batch, changes of the generator's and of the images after
                what has been made ahead. It is for loops in Python: Keras' `fit` reads positions,
                which are not made ahead.
            device: `"cuda"` or `"cuda:N"` to keep the images on a graphics card and make the
                batches there, see `batchwarp.cuda`; `None` for the processor.
            framework: With `device`, what the batches' images are: tensors of `"torch"`, `"jax"` or
                `"tensorflow"`, or with `"dlpack"` a `batchwarp.cuda.DeviceArray`, which other
                libraries can read. `None` means tensors of Keras' backend.
            masks: What moves with the images, as in calls of `batchwarp.Augment`, or `None`.
            boxes: Likewise.
            keypoints: Likewise.
            mask_fill: As of `batchwarp.Augment`, as are the arguments after it.
            mask_classes: See there.
            bounding_box_format: See there.
            max_boxes: See there.
            min_area: See there.
            min_visibility: See there.
            keypoint_pairs: See there.
            remove_outside: See there.

        Returns:
            An iterator, without end, of `images`, `(images, y)` or `(images, y, sample_weight)`;
            `images` is a list if `x` has others. `masks`, `boxes` and `keypoints` take the place of
            `y`: what there is of the four alone, or a dictionary, `y` as `"labels"`.

        Raises:
            ValueError: If the lengths differ, the images are not of rank 4 or have no pixels, or an
                argument is not as above.
            CudaError: If there is no device.
        """
        arguments = _passed_on(locals(), "self", "device", "framework")
        iterator: type[iterators.NumpyArrayIterator] = iterators.NumpyArrayIterator
        if device is not None:
            iterator = iterators.DeviceIterator
            arguments |= {"device": device, "framework": framework}
        elif framework is not None:
            raise ValueError(
                f"`framework` is for batches on a `device`. Received: {framework!r} without one"
            )
        return iterator(
            image_data_generator=self, data_format=self.data_format, dtype=self.dtype, **arguments
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        *,
        prefetch: int = 0,
        cache: Any = None,
        on_error: str = "raise",
        scaled_decode: bool = False,
        exif_transpose: bool = False,
        formats: Sequence[str] | str | None = None,
    ) -> iterators.DirectoryIterator:
        """Takes a folder with a folder of images for each class and makes augmented batches.

        Pixels are those of Keras: Pillow's, before augmentation. Files are read and decoded on as
        many threads as `batchwarp.runtime.get_num_threads()` says.

        Args:
            directory: Path of the folder. In it there is one folder for each class, with images in
                formats PNG, JPEG, BMP, PPM or TIFF in it or in folders below it.
            target_size: Tuple of two integers, `(height, width)` that images are resized to. `None`
                leaves them the sizes of their files, if one of the generator's `operations` gives
                all of them the same size: `RandomResizedCrop`, `RandomCrop`, `CenterCrop`, or
                `Resize` to a pair. A file that an operation cannot be done to, as it is smaller
                than a crop, counts as one that cannot be read. There is no cache then.
            color_mode: `"grayscale"`, `"rgb"` or `"rgba"`: images are converted to 1, 3 or 4
                channels; or `"unchanged"`: the number of channels, which must be the same for all,
                and depths of more than 8 bits stay as they are stored, also in NumPy's .npy; or
                `"palette"`: one channel of a palette's indices, or of grey as it is stored, for
                masks, which want `interpolation="nearest"` and `interpolation_order=0`, too.
            classes: Sequence of strings, the names of the classes' folders; `None` for all folders,
                sorted. The order gives the labels.
            class_mode: `"categorical"` (one-hot), `"binary"` or `"sparse"` (integers as floats),
                `"input"` (the images themselves) or `None` (no labels).
            batch_size: As in `flow`.
            shuffle: As in `flow`.
            seed: As in `flow`.
            save_to_dir: As in `flow`.
            save_prefix: As in `flow`.
            save_format: As in `flow`.
            follow_links: Boolean, whether to look into folders that are symbolic links.
            subset: `"training"` or `"validation"` if the generator has a `validation_split`; the
                validation subset are the first files of each class, unless the generator's `split`
                says otherwise.
            interpolation: Pillow's method to resize with: `"nearest"`, `"bilinear"`, `"bicubic"`,
                `"hamming"`, `"box"` or `"lanczos"`.
            keep_aspect_ratio: Boolean, whether to crop images in the centre to the target's
                proportions, so that resizing does not distort them.
            prefetch: As in `flow`.
            cache: `"memory"` keeps the decoded and resized images (8 bits a channel) in memory, a
                path keeps them in that folder, which should not be one beside those of the classes,
                in a file that later runs and other processes read;
                later passes run at the speed of `flow`. Images that have changed on disk are
                decoded again when the next iterator is made. `None` decodes in each pass.
            on_error: What to do about a file that cannot be read: `"raise"`
                `batchwarp.ImageFileError`, `"skip"` it, so that the next sample takes its place and
                the batch keeps its size, or put `"zeros"` in its place. The iterator's `errors`
                lists the files.
            scaled_decode: Boolean, whether to decode JPEG files at a half, a quarter or an eighth
                of their size where the target is no larger. It is faster; the pixels differ: a
                little, or much at edges with `interpolation="nearest"`, which chooses single pixels
                otherwise.
            exif_transpose: Boolean, whether to turn images as their EXIF orientation says.
            formats: Sequence of extensions to take instead of Keras' list, for example
                `("jpg", "webp", "gif")`; of an animation it is the first picture.

        Returns:
            An iterator, without end, of `images` or `(images, labels)`.

        Raises:
            ValueError: If an argument is not as above.
            OSError: If `directory` cannot be read.
        """
        return iterators.DirectoryIterator(
            image_data_generator=self,
            data_format=self.data_format,
            dtype=self.dtype,
            **_passed_on(locals(), "self"),
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: Any = "filename",
        y_col: Any = "class",
        weight_col: Any = None,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[Any] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        *,
        prefetch: int = 0,
        cache: Any = None,
        on_error: str = "raise",
        scaled_decode: bool = False,
        exif_transpose: bool = False,
        formats: Sequence[str] | str | None = None,
        integer_classes: bool = False,
        label_separator: str | None = None,
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> iterators.DataFrameIterator:
        """Takes a dataframe with files' names and labels and makes batches of augmented data.

        Args:
            dataframe: `pandas.DataFrame`.
            directory: Path of the folder that the names are relative to; `None` if they are paths
                by themselves.
            x_col: Name of the column of the files' names, strings with extensions.
            y_col: Name of the column of labels, or a list of names.
            weight_col: Name of the column of sample weights, or `None`.
            target_size: As in `flow_from_directory`.
            color_mode: As in `flow_from_directory`.
            classes: Sequence of labels; rows of others are left out. `None` for all labels, sorted.
            class_mode: `"categorical"` (one-hot; labels are strings, or lists of strings for
                samples of several classes), `"binary"`, `"sparse"` (integers), `"input"` (the
                images themselves), `"multi_output"` (a list of the values of several columns),
                `"raw"` (the values of `y_col`; several columns of 0 and 1 are the targets of a
                multi-label problem) or `None` (no labels).
            batch_size: As in `flow`.
            shuffle: As in `flow`.
            seed: As in `flow`.
            save_to_dir: As in `flow`.
            save_prefix: As in `flow`.
            save_format: As in `flow`.
            subset: `"training"` or `"validation"` if the generator has a `validation_split`; the
                validation subset are the first rows, unless the generator's `split` says otherwise.
            interpolation: As in `flow_from_directory`.
            validate_filenames: Boolean, whether to leave out rows whose file does not exist or is
                of no image format.
            prefetch: As in `flow`.
            cache: As in `flow_from_directory`.
            on_error: As in `flow_from_directory`.
            scaled_decode: As in `flow_from_directory`.
            exif_transpose: As in `flow_from_directory`.
            formats: As in `flow_from_directory`.
            integer_classes: Boolean, whether labels may be integers; they are sorted as numbers.
            label_separator: String that separates the labels of samples of several classes, for
                example `"|"` in `"cat|dog"`, for `class_mode="categorical"`.
            keep_aspect_ratio: As in `flow_from_directory`; Keras ignores it here.
            **kwargs: Keras' old options `has_ext`, `sort` and `drop_duplicates`. Like all others,
                they do nothing but warn.

        Returns:
            An iterator, without end, of `images`, `(images, labels)` or
            `(images, labels, weights)`.

        Raises:
            ValueError: If an argument is not as above.
            TypeError: If a column does not hold what the class mode needs.
            KeyError: If there is no such column.
        """
        arguments = _passed_on(locals(), "self", "kwargs")
        if "has_ext" in kwargs:
            warn(
                "has_ext is deprecated, filenames in the dataframe have to match the exact "
                "filenames in disk.",
                DeprecationWarning,
            )
        if "sort" in kwargs:
            warn(
                "sort is deprecated, batches will be created in thesame order than the filenames "
                "provided if `shuffle`is set to `False`.",
                DeprecationWarning,
            )
        if class_mode == "other":
            warn(
                '`class_mode="other"` is deprecated, please use `class_mode="raw"`.',
                DeprecationWarning,
            )
            arguments["class_mode"] = "raw"
        if "drop_duplicates" in kwargs:
            warn(
                "drop_duplicates is deprecated, you can drop duplicates by using the "
                "pandas.DataFrame.drop_duplicates method.",
                DeprecationWarning,
            )
        unknown = sorted(kwargs.keys() - {"has_ext", "sort", "drop_duplicates"})
        if unknown:
            warn(f"`flow_from_dataframe` ignores the unknown arguments: {', '.join(unknown)}")
        return iterators.DataFrameIterator(
            image_data_generator=self, data_format=self.data_format, dtype=self.dtype, **arguments
        )

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
        """
        if not isinstance(iterator, iterators.Iterator):
            raise TypeError(
                "`iterator` should be an iterator as from `ImageDataGenerator.flow`. "
                f"Received: {type(iterator).__name__}"
            )
        fit.fit_stored(self, iterator, samples)
