"""Public calls of all kinds, each with a check of what it returns, to fork and interrupt them.

They run in processes of their own, without Keras: importing it takes seconds.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import batchwarp
from batchwarp import image, runtime
from batchwarp.cli import main as command

COUNT, BATCH = 24, 5
AUGMENT: dict[str, Any] = {"rotation_range": 40, "zoom_range": 0.2, "horizontal_flip": True}
X = np.random.RandomState(0).randint(0, 256, (COUNT, 24, 20, 3)).astype("uint8")
Y = np.arange(COUNT)
numbers = itertools.count()


class Drawing(batchwarp.ImageDataGenerator):
    """Has an overridden method that draws from `numpy.random`."""

    def standardize(self, x: Any) -> Any:
        """Adds noise."""
        return super().standardize(x) + np.random.rand()


def draw(x: Any) -> Any:
    """Is a `preprocessing_function` that draws from `numpy.random`."""
    return x + np.random.rand()


def same(ours: Any, expected: Any) -> bool:
    """Whether two batches, of tuples or arrays, are equal."""
    if isinstance(expected, tuple):
        return len(ours) == len(expected) and all(map(same, ours, expected))
    return bool(np.array_equal(ours, expected))


class Flow:
    """Calls of one iterator with a seed, whose batches follow from its place alone.

    Args:
        make: Function of options that returns the iterator, at its beginning.
        position: Which batch to ask for; `None` for the next one.
        **options: Options that change no batch.
    """

    draws_globally = False

    def __init__(
        self, make: Callable[..., Any], position: int | None = None, **options: Any
    ) -> None:
        self.make = make
        self.flow = make(**options)
        self.position = position

    def call(self) -> Any:
        """Takes a batch."""
        return next(self.flow) if self.position is None else self.flow[self.position]

    def check(self, goes_on_from: tuple[int, ...] = ()) -> None:
        """Takes a batch, which must be the one that belongs to the iterator's place.

        Args:
            goes_on_from: Numbers of batches, of which that one must be; none if any may be next.
        """
        before = self.flow.total_batches_seen
        assert not goes_on_from or before in goes_on_from, (before, goes_on_from)
        expected = self.expected(before)
        found = self.call()
        assert same(found, expected), f"the batch is not number {before}"
        assert self.flow.total_batches_seen == before + 1

    def expected(self, number: int) -> Any:
        """Returns a batch of an iterator of its own."""
        fresh = self.make()
        if self.position is None:
            in_pass = number % len(fresh)
            assert self.flow.batch_index == in_pass, (self.flow.batch_index, number)
            fresh.total_batches_seen = number - in_pass
            for _ in range(in_pass):
                next(fresh)
            return next(fresh)
        if number:  # the first call draws the order, and then its batch
            fresh[0]
            fresh.total_batches_seen = number
        return fresh[self.position]

    @property
    def place(self) -> tuple[int, ...]:
        """Where the iterator may be after a call that was interrupted."""
        return self.flow.total_batches_seen, self.flow.total_batches_seen + 1


class Function:
    """Calls whose result is always the same.

    Args:
        call: Function without arguments.
        draws_globally: Boolean, whether it draws from `numpy.random`.
    """

    place: tuple[int, ...] = ()

    def __init__(self, call: Callable[[], Any], draws_globally: bool = False) -> None:
        self.call = call
        self.draws_globally = draws_globally
        self.result = call()

    def check(self, _: tuple[int, ...] = ()) -> None:
        """Calls it, and compares the result with the first."""
        assert same(self.call(), self.result)


def write_files(folder: Path) -> None:
    """Writes `X` as PNG and JPEG files in two classes."""
    for number, pixels in enumerate(X):
        name = folder / "images" / "ab"[number % 2] / f"{number}.{('png', 'jpg')[number % 3 == 0]}"
        name.parent.mkdir(parents=True, exist_ok=True)
        image.save_img(name, pixels)


def array_flow(generator: Any, seed: int | None = 3, **options: Any) -> Any:
    """Returns a flow of `X`."""
    return generator.flow(X, Y, batch_size=BATCH, seed=seed, **options)


def file_flow(folder: Path, generator: Any = None, **options: Any) -> Any:
    """Returns a flow of the files."""
    generator = generator or batchwarp.ImageDataGenerator(**AUGMENT)
    return generator.flow_from_directory(
        folder / "images", target_size=(18, 16), batch_size=BATCH, seed=3, **options
    )


def new_cache(folder: Path) -> Any:
    """Makes a store of images, and reads it with another iterator."""
    caches = folder / f"new {os.getpid()} {next(numbers)}"
    writer = file_flow(folder, cache=caches, shuffle=False)
    first = next(writer), next(writer)
    writer._files.cache.close()
    reader = file_flow(folder, cache=caches, shuffle=False)
    second = next(reader), next(reader)
    reader._files.cache.close()
    assert same(first, second)
    return first


def fitted(fit: Callable[[Any], None], **options: Any) -> tuple[Any, ...]:
    """Returns what `fit` or `fit_from` found."""
    generator = batchwarp.ImageDataGenerator(featurewise_center=True, **options)
    fit(generator)
    found = (generator.mean, generator.std, generator.zca_whitening_matrix)
    return tuple(np.array(0 if value is None else value) for value in found)


def change_threads() -> Any:
    """Changes the number of threads between two batches."""
    generator = batchwarp.ImageDataGenerator(**AUGMENT)
    batches = []
    for count in (1, 3, 2):
        runtime.set_num_threads(count)
        batches.append(next(array_flow(generator)))
    return tuple(batches)


def check_files(folder: Path) -> Any:
    """Runs `batchwarp check`."""
    return np.array(command(["check", str(folder / "images"), "--json"]))


def transform() -> Any:
    """Calls the generator's methods for one image."""
    generator = batchwarp.ImageDataGenerator(**AUGMENT, brightness_range=(0.5, 1.5), rescale=0.5)
    pixels = X[0].astype("float32")
    parameters = generator.get_random_transform(pixels.shape, seed=5)
    return (
        generator.apply_transform(pixels, parameters),
        generator.random_transform(pixels, seed=6),
        generator.standardize(pixels.copy()),
    )


def functions(folder: Path) -> Any:
    """Calls functions of `batchwarp.image`."""
    pixels = X[1].astype("float32")
    path = next((folder / "images" / "a").glob("*.jpg"))
    return (
        image.apply_affine_transform(pixels, theta=30, zx=0.8, order=3),
        image.apply_brightness_shift(pixels, 1.3),
        image.apply_channel_shift(pixels, 20.0),
        image.img_to_array(image.load_img(path, target_size=(30, 31))),
    )


def unseeded() -> Any:
    """Draws from `numpy.random`, in a thread and here; returns what does not depend on that."""
    flow = array_flow(batchwarp.ImageDataGenerator(**AUGMENT), seed=None, prefetch=1)
    zoomed = image.random_zoom(X[0].astype("float32"), (0.7, 0.7), 0, 1, 2)
    return np.array(next(flow)[0].shape), zoomed, np.array(len(np.random.permutation(40000)))


def calls(folder: Path) -> dict[str, Callable[[], Any]]:
    """Returns what makes each of the calls, by name.

    Args:
        folder: Path that `write_files` has filled.
    """
    plain = batchwarp.ImageDataGenerator(**AUGMENT)
    drawing = batchwarp.ImageDataGenerator(**AUGMENT, preprocessing_function=draw)
    overriding = Drawing(**AUGMENT)

    def arrays(generator: Any) -> Callable[..., Any]:
        return lambda **options: array_flow(generator, **options)

    def files(generator: Any = None) -> Callable[..., Any]:
        return lambda **options: file_flow(folder, generator, **options)

    def made_anew(make: Callable[..., Any]) -> Callable[[], Any]:
        def call() -> Any:
            flow = make(prefetch=2)
            return next(flow), next(flow)

        return call

    return {
        "next": lambda: Flow(arrays(plain)),
        "next with prefetch": lambda: Flow(arrays(plain), prefetch=3),
        "a new flow with prefetch": lambda: Function(made_anew(arrays(plain))),
        "a batch by its position": lambda: Flow(arrays(plain), position=2),
        "a function that draws": lambda: Flow(arrays(drawing)),
        "a function that draws, with prefetch": lambda: Flow(arrays(drawing), prefetch=2),
        "a method that draws": lambda: Flow(arrays(overriding)),
        "a method that draws, with prefetch": lambda: Flow(arrays(overriding), prefetch=2),
        "files": lambda: Flow(files()),
        "files with prefetch": lambda: Flow(files(), prefetch=2),
        "files through a method": lambda: Flow(files(overriding)),
        "files in the memory cache": lambda: Flow(files(), cache="memory"),
        "files in a small memory cache": lambda: Flow(
            files(), cache="memory", cache_limit=BATCH * 18 * 16 * 3
        ),
        "files, encoded, in a cache": lambda: Flow(
            files(), cache=folder / "encoded", cache_format="encoded"
        ),
        "files in a cache on disk": lambda: Flow(files(), cache=folder / "caches"),
        "a new cache on disk": lambda: Function(lambda: new_cache(folder)),
        "fit": lambda: Function(
            lambda: fitted(lambda generator: generator.fit(X), featurewise_std_normalization=True)
        ),
        "fit with augmentation": lambda: Function(
            lambda: fitted(lambda generator: generator.fit(X, augment=True, seed=1), **AUGMENT)
        ),
        "fit with whitening": lambda: Function(
            lambda: fitted(lambda generator: generator.fit(X[:, :6, :5]), zca_whitening=True)
        ),
        "fit_from": lambda: Function(
            lambda: fitted(lambda generator: generator.fit_from(file_flow(folder)))
        ),
        "methods of the generator": lambda: Function(transform),
        "functions of one image": lambda: Function(lambda: functions(folder)),
        "calls without a seed": lambda: Function(unseeded, draws_globally=True),
        "set_num_threads": lambda: Function(change_threads),
        "check": lambda: Function(lambda: check_files(folder)),
    }
