"""Ways to read a folder of photographs once: what `files.py` times."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import batchwarp
from batchwarp import ops
from batchwarp.console.frameworks import keras_generator_class, load_keras

from .batches import THREADS, core_with
from .timing import Contender

SIZE = (150, 150)
CROP = 224  # side of random windows
BATCH = 20
SEED = 7
AUGMENTED: dict[str, Any] = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "zoom_range": 0.1,
    "horizontal_flip": True,
    "rescale": 1 / 255,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "augmented": AUGMENTED,
    "not augmented": {"rescale": 1 / 255},
}


def flow(generator: Any, folder: Path, setting: str, **options: Any) -> Any:
    """Returns `flow_from_directory` of a generator class, without its message.

    Args:
        generator: batchwarp's `ImageDataGenerator`, or Keras'.
        folder: the data set.
        setting: one of `SETTINGS`.
        options: further arguments of `flow_from_directory`.
    """
    with redirect_stdout(io.StringIO()):
        return generator(**SETTINGS[setting]).flow_from_directory(
            str(folder),
            target_size=SIZE,
            batch_size=BATCH,
            class_mode="binary",
            seed=SEED,
            **options,
        )


ours = partial(flow, batchwarp.ImageDataGenerator)


def cropped(folder: Path) -> Any:
    """Returns a flow of random windows of files, resized as torchvision does it."""
    generator = batchwarp.ImageDataGenerator(
        rescale=1 / 255, operations=[ops.RandomResizedCrop(CROP)]
    )
    with redirect_stdout(io.StringIO()):
        return generator.flow_from_directory(
            str(folder), target_size=None, batch_size=BATCH, class_mode="binary", seed=SEED
        )


def theirs(folder: Path, setting: str) -> Any:
    """Returns Keras' flow; arguments as those of `flow`."""
    return flow(keras_generator_class(), folder, setting)


def _take_pass(batches: Any) -> None:
    for _ in range(len(batches)):
        next(batches)


def by_next(batches: Any, threads: int = THREADS) -> Contender:
    """Returns a pass of `next()` on a flow that does nothing in between."""
    return Contender(partial(_take_pass, batches), core_with(threads=threads))


def by_read_ahead(batches: Any) -> Contender:
    """Returns a pass of `next()` on a flow that makes batches ahead.

    What it makes beyond the end of a pass is thrown away before somebody else is timed, so that
    nothing of the next pass is there before the clock runs.
    """

    def finish() -> None:
        batches._ahead.close()
        batches._ahead = None

    return Contender(partial(_take_pass, batches), core_with(threads=THREADS), finish)


def exhaust(batches: Any) -> None:
    """Goes through what ends by itself."""
    for _ in batches:
        pass


def by_dataset(dataset: Any) -> Contender:
    """Returns a pass over a `tf.data.Dataset` in eager mode."""
    return Contender(partial(exhaust, dataset), core_with(threads=THREADS))


def tensorflow_dataset(folder: Path, setting: str) -> Any:
    """Returns a `tf.data.Dataset` that decodes in TensorFlow and augments in Keras' layers.

    Args:
        folder: the data set.
        setting: one of `SETTINGS`.
    """
    keras = load_keras()
    import tensorflow as tf

    layers = [keras.layers.Rescaling(1 / 255)]
    if setting == "augmented":
        shift = AUGMENTED["width_shift_range"]
        zoom = AUGMENTED["zoom_range"]
        layers += [
            keras.layers.RandomRotation(AUGMENTED["rotation_range"] / 360, "nearest"),
            keras.layers.RandomTranslation(shift, shift, "nearest"),
            keras.layers.RandomZoom((-zoom, zoom), (-zoom, zoom), "nearest"),
            keras.layers.RandomFlip("horizontal"),
        ]
    steps = keras.Sequential(layers)
    files = keras.utils.image_dataset_from_directory(
        str(folder),
        label_mode="binary",
        batch_size=BATCH,
        image_size=SIZE,
        interpolation="nearest",
        seed=SEED,
        verbose=False,
    )
    batches = files.map(lambda x, y: (steps(x, training=True), y), tf.data.AUTOTUNE)
    options = tf.data.Options()
    options.threading.private_threadpool_size = THREADS
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)


def limit_tensorflow() -> None:
    """Gives TensorFlow's operations as many threads as batchwarp; before it runs the first one."""
    load_keras()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)


class OnThreads:
    """Calls a function for each file of a data set, on a pool of threads.

    Each thread takes the next file when it is done with one: no object is made for a file, and
    nobody waits for the others before the end.

    Args:
        work: function of a path.
        paths: the files.
        threads: how many.
    """

    def __init__(
        self, work: Callable[[str], object], paths: Sequence[str], threads: int = THREADS
    ) -> None:
        self._work = work
        self._paths = paths
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def _drain(self, pending: Iterator[str]) -> None:
        for path in pending:
            self._work(path)

    def run(self) -> None:
        """Does all files once."""
        pending = iter(self._paths)
        for future in [self._pool.submit(self._drain, pending) for _ in range(self._threads)]:
            future.result()


def decode_with_opencv(path: str) -> object:
    """Reads and decodes a file, no more."""
    import cv2

    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - the fastest way
        return cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)


def decode_with_simplejpeg(path: str) -> object:
    """Reads and decodes a file, no more, into Pillow's pixels."""
    import simplejpeg

    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - the fastest way
        return simplejpeg.decode_jpeg(file.read(), "RGB")


def decode_with_pillow(path: str) -> object:
    """Opens and decodes a file, no more."""
    from PIL import Image

    with Image.open(path) as picture:
        return picture.convert("RGB")


def paths_of(folder: Path) -> list[str]:
    """Returns the files of a data set."""
    return sorted(os.fspath(path) for path in folder.rglob("*.jpg"))
