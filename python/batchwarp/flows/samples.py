"""Flows of samples that a user has in an object of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchwarp import iterators
from batchwarp._arguments import passed_on
from batchwarp.augment.settings import Settings, named_as_of_the_generator

__all__ = ["SampleFlows"]


@named_as_of_the_generator
class SampleFlows(Settings):
    """A generator's flows of samples."""

    def flow_from_samples(
        self,
        samples: Any,
        *,
        labels: Any = None,
        columns: tuple[Any, Any] = ("image", "label"),
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
        keep_aspect_ratio: bool = False,
        prefetch: int = 0,
        shard: Any = None,
        drop_remainder: bool = False,
        handover: str | None = None,
        cache: Any = None,
        cache_limit: int | str | None = None,
        on_error: str = "raise",
        scaled_decode: bool = False,
        exif_transpose: bool = False,
    ) -> iterators.SamplesIterator:
        """Takes samples, pairs of an image and a label, and makes augmented batches.

        Images are encoded as files are, pixels, or names of files, here or elsewhere: data sets of
        Hugging Face and of PyTorch, rows of Parquet files, members of tar archives. They go through
        the decoder of `flow_from_directory`, on as many threads. Samples are asked for one at a
        time, so that an object need not be made for threads.

        Args:
            samples: Object with `len()` and elements by integers, as a list or a data set. Or an
                iterable, as a stream or an archive, which ends: it is read through once, here, and
                what it yields stays in memory, encoded if it is so. A sample is a pair (image,
                label), a dictionary of both (see `columns`), or an image alone. An image is the
                content of a file (bytes, or a uint8 array of rank 1); pixels, an array
                `(height, width, channels)` or `(height, width)`, of uint8 unless `color_mode` is
                `"unchanged"`; a Pillow image; a path; a URL as `s3://bucket/cat.jpg`, which fsspec
                reads; or a dictionary of `"bytes"` and `"path"`, of which bytes count if there are
                some.
            labels: Sequence of the labels of all samples, which then need not have any. `None`
                takes those of `samples`: from its column, if it has columns as Hugging Face's, or
                else from every sample, each of which is asked for once when the flow is made.
            columns: Pair of names, under which image and label are in samples that are
                dictionaries.
            target_size: As in `flow_from_directory`.
            color_mode: As in `flow_from_directory`.
            classes: Sequence. Of labels that are strings: the classes to keep, in the order of
                their numbers; other samples are left out. Of integers: the names of all classes, or
                the integers to keep. `None`: strings are sorted; integers are the numbers of
                classes as they are, and the data set's `features` say how many, if it has them, or
                else the largest.
            class_mode: `"categorical"` (one-hot; labels may be lists of classes), `"binary"` or
                `"sparse"` (integers as floats), `"raw"` (numbers or vectors as they are), `"input"`
                (the images themselves) or `None` (no labels).
            batch_size: As in `flow`.
            shuffle: As in `flow`.
            seed: As in `flow`.
            save_to_dir: As in `flow`.
            save_prefix: As in `flow`.
            save_format: As in `flow`.
            subset: `"training"` or `"validation"` if the generator has a `validation_split`; the
                validation subset are the first samples, unless the generator's `split` is
                `"stratified"`.
            interpolation: As in `flow_from_directory`.
            keep_aspect_ratio: As in `flow_from_directory`.
            prefetch: As in `flow`.
            shard: As in `flow`.
            drop_remainder: As in `flow`.
            handover: As in `flow`.
            cache: `"memory"` keeps the decoded and resized images in memory, `None` decodes in each
                pass.
            cache_limit: As in `flow_from_directory`.
            on_error: As in `flow_from_directory`, of samples that cannot be read: `errors` has them
                with their path or URL, or as `samples[7]`.
            scaled_decode: As in `flow_from_directory`.
            exif_transpose: As in `flow_from_directory`.

        Returns:
            An iterator, without end, of `images` or `(images, labels)`.

        Raises:
            ValueError: If an argument is not as above.
            TypeError: If samples or labels are of no form that is accepted.
            ImportError: If samples are URLs and fsspec, or what it needs for them, is missing.

        Example:
            >>> samples = [(Path(f"images/{n}.jpg").read_bytes(), n % 2) for n in range(6)]
            >>> flow = ImageDataGenerator().flow_from_samples(
            ...     samples, target_size=(32, 32), shuffle=False, class_mode="raw"
            ... )
            Found 6 samples.
            >>> next(flow)[1].tolist()
            [0, 1, 0, 1, 0, 1]
        """
        return iterators.SamplesIterator(
            image_data_generator=self,
            data_format=self.data_format,
            dtype=self.dtype,
            **passed_on(locals(), "self"),
        )
