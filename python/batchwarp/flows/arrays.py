"""Flows of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchwarp import iterators
from batchwarp._arguments import passed_on
from batchwarp.augment.settings import Settings, named_as_of_the_generator

__all__ = ["ArrayFlows"]


@named_as_of_the_generator
class ArrayFlows(Settings):
    """A generator's flows of arrays."""

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
        shard: Any = None,
        drop_remainder: bool = False,
        handover: str | None = None,
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
                Masks are saved beside them, under names that end in `_mask`, with their values as
                they are: as PNG, or for NumPy where PNG has no such images; one-hot ones as the
                numbers of classes, 255 where there is none.
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
            shard: Pair (index, count) of integers, where `count` processes train together: this one
                makes the part `index` of each batch, `batch_size` samples of `batch_size * count`.
                All have as many batches, of equal sizes, with no sample in common; at the end of a
                pass what is missing is filled up with its first samples. All need the same `seed`.
                With `draws="keyed"`, the parts side by side are the batch that one process would
                make of `batch_size * count`; otherwise the parts of a step are so many batches, one
                after the other, of one process. `"auto"` asks Ray, `torch.distributed`, JAX, those
                of them that have been imported, and the environment's `RANK` and `WORLD_SIZE`.
                `None` makes whole batches.
            drop_remainder: Boolean, whether to leave out the last step of a pass if there are too
                few samples for it.
            handover: `"uint8"` for batches of bytes, rounded to the nearest, a quarter of what is
                made and sent to a device. A model begins with `flow.normalization_layer()` then,
                which does what the generator would have done to finished images: `rescale`,
                `featurewise_center`, `featurewise_std_normalization`, `ops.Normalize`. Flows for
                `validation_data`, `evaluate` and `predict` need it as well. Samplewise statistics,
                whitening and a `preprocessing_function` are refused. The bytes 0 and 255 are the
                ends of the generator's `value_range`, which images other than of uint8 need. `None`
                yields images of the generator's dtype.
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

        Example:
            >>> x, y = np.zeros((8, 5, 5, 1), np.uint8), np.arange(8)
            >>> flow = ImageDataGenerator().flow(x, y, batch_size=3, shuffle=False)
            >>> [next(flow)[1].tolist() for _ in range(3)]
            [[0, 1, 2], [3, 4, 5], [6, 7]]
        """
        arguments = passed_on(locals(), "self", "device", "framework")
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
