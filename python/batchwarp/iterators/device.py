"""Batches that are made on a graphics card, from images that stay there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._warnings import warn
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.settings import Settings
from batchwarp.cuda import devices, frameworks
from batchwarp.cuda.batch import augment_batch, check_sole, input_dtype, output_dtype, uploaded
from batchwarp.cuda.masks import DeviceMasks, check_for_device
from batchwarp.iterators.array import NumpyArrayIterator
from batchwarp.targets import Move

if TYPE_CHECKING:
    from batchwarp._cuda import DeviceArray


class DeviceIterator(NumpyArrayIterator):
    """Iterator whose batches' images are tensors on a device.

    The images of the subset are copied there once, in their own dtype (float64 and dtypes that the
    core does not read as float32), and changes of `x` afterwards do not show. So are masks, of
    which a batch has tensors of uint8. Random numbers are drawn by the processor, the same ones as
    without a device. Labels, weights, further inputs, boxes and keypoints are NumPy arrays, as
    ever. Making a batch queues it and returns; for PyTorch that is done on its
    current stream.

    A pickle or a copy has the images of the host, and copies them to the device when it is first
    used.

    Args:
        x: As of `NumpyArrayIterator`.
        y: As of `NumpyArrayIterator`.
        image_data_generator: An `ImageDataGenerator` without `preprocessing_function`,
            `zca_whitening`, or statistics that differ between pixels.
        *args: As of `NumpyArrayIterator`.
        device: Integer, `"cuda"` or `"cuda:N"`.
        framework: `"torch"`, `"jax"`, `"tensorflow"`, `"dlpack"` or `None`, as of
            `ImageDataGenerator.flow`.
        **kwargs: As of `NumpyArrayIterator`, without `save_to_dir`, `prefetch` and `mask_classes`;
            `dtype` is float32, float16 or uint8, and `masks` are uint8 or boolean.

    Attributes:
        device: Integer.
        framework: String; with `None`, what Keras' backend is by now.

    Raises:
        CudaError: If there is no device, or not enough memory on it.
        ImportError: If the framework cannot be imported.
        TypeError: As `NumpyArrayIterator`.
        ValueError: As `NumpyArrayIterator`, or if an argument is not as above.
    """

    _transient: ClassVar[frozenset[str]] = NumpyArrayIterator._transient | {
        "_images",
        "_masks",
    }
    _images: DeviceArray | None = None
    _masks: DeviceMasks | None = None

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Settings,
        *args: Any,
        device: Any = "cuda",
        framework: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.device = devices.device_number(device)
        super().__init__(x, y, image_data_generator, *args, **kwargs)
        self._framework = None if framework is None else frameworks.framework_name(framework)
        if self.save_to_dir:
            raise ValueError("`save_to_dir` is for batches that the processor makes, not a device")
        if self.prefetch:
            raise ValueError(
                "`prefetch` is for batches that the processor makes: on a device, they are queued "
                "and not waited for"
            )
        if self.handover is not None:
            raise ValueError(
                f'`handover="{self.handover}"` is for batches that the processor makes: those of a '
                "device are there already"
            )
        if self._targets.masks is not None:
            check_for_device(self._targets.masks)
        output_dtype(self._numpy_dtype)
        self._device_pipeline()
        self._on_device()
        self._masks_on_device()

    def _device_pipeline(self) -> Pipeline:
        pipeline = None if self._is_overridden() else self._current_pipeline()
        if pipeline is None:
            raise ValueError(
                "overridden methods of a generator or an iterator are called for batches that the "
                "processor makes, not a device"
            )
        check_sole(pipeline)
        return pipeline

    def _on_device(self) -> DeviceArray:
        with self.lock:
            if self._images is None:
                dtype = input_dtype(self.x)
                self._images = uploaded(self.x, self.rows, self.device, dtype)
            return self._images

    def _masks_on_device(self) -> DeviceMasks | None:
        masks = self._targets.masks
        with self.lock:
            if self._masks is None and masks is not None:
                rows = self._given_rows(np.arange(self.n))
                self._masks = DeviceMasks(masks, rows, self.device)
            return self._masks

    def _transformed(
        self,
        index_array: NDArray[np.int64],
        random: np.random.RandomState,
        number: int,  # noqa: ARG002 - no operations are done there
    ) -> Any:
        pipeline = self._device_pipeline()
        images, framework = self._on_device(), self.framework
        params = pipeline.draw(random, len(index_array))
        stream = frameworks.stream_of(framework, self.device)
        batch = augment_batch(
            images,
            params,
            pipeline.plan,
            stream=stream,
            indices=index_array,
            dtype=self._numpy_dtype,
        )
        pipeline.warn_missing()
        move = Move(pipeline.plan, params)
        targets: dict[str, Any] = {}
        masks = self._masks_on_device()
        if masks is not None:
            targets["masks"] = masks.moved(move, index_array, stream, framework)
        targets |= self._targets.move_places([move], self._given_rows(index_array))
        return self._with_others(frameworks.as_tensor(batch, framework), index_array, targets)

    def __getitem__(self, idx: int) -> Any:
        """Makes the batch at a position of the current order.

        Args:
            idx: Integer below `len(self)`; negative ones count from the end.

        Returns:
            The batch, as from `next()`; images alone as a tuple `(images,)`, without which Keras
            accepts NumPy arrays only.

        Raises:
            ValueError: If there is no such batch.
        """
        batch = super().__getitem__(idx)
        return batch if isinstance(batch, (tuple, list)) else (batch,)

    @property
    def framework(self) -> str:
        """Which library's tensors batches are; Keras may be imported after the iterator is made."""
        return self._framework or frameworks.framework_name(None)

    def on_epoch_begin(self) -> None:
        """Is called by Keras before each epoch; warns where it does not leave batches alone."""
        super().on_epoch_begin()
        if _keras.backend() == "tensorflow":
            warn(
                "Keras' `fit`, `evaluate` and `predict` on TensorFlow hand batches over through "
                "the processor's memory (`tf.data.Dataset.from_generator`), which copies them back "
                "from the device. `model.train_on_batch(*next(flow))` does not.",
                RuntimeWarning,
            )

    def to_tf_dataset(self) -> Any:
        """Is not possible: `tf.data` works in the processor's memory.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            "`to_tf_dataset` is for batches that the processor makes: `tf.data` would copy them "
            "back from the device"
        )
