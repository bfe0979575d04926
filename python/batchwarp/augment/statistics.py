"""The statistics of `ImageDataGenerator.fit`, chunk by chunk in double precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["channel_moments", "zca_matrix"]


def channel_moments(
    chunks: Iterable[NDArray[Any]], channel_axis: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Computes mean and standard deviation of each channel in one pass.

    Chunks are combined by the pairwise update of Chan, Golub and LeVeque, so neither the number of
    images nor a large mean costs precision.

    Args:
        chunks: Arrays of rank 4, together the data set.
        channel_axis: Integer, 1 or 3.

    Returns:
        Tuple of two arrays `(channels,)` of float64: mean, standard deviation (of the population,
        as `numpy.std`).

    Raises:
        ValueError: If there are no values, or some are NaN or infinite.
    """
    count = 0
    mean = squares = np.zeros(())
    for chunk in chunks:
        values = np.array(chunk, dtype=np.float64, order="C")  # rows below are views of it
        added = values.size // values.shape[channel_axis]
        with np.errstate(invalid="ignore"):  # infinity minus infinity
            chunk_mean = _sums(values, channel_axis) / added
        if not np.isfinite(chunk_mean).all():
            raise ValueError(
                "Input to `.fit()` should hold finite numbers only, no NaN or infinity."
            )
        if channel_axis == 3:  # long rows are what NumPy is fast with
            rows = values.reshape(-1, values.shape[2] * values.shape[3])
            rows -= np.tile(chunk_mean, values.shape[2])
        else:
            values -= chunk_mean[:, None, None]
        np.square(values, out=values)
        chunk_squares = _sums(values, channel_axis)
        delta = chunk_mean - mean
        total = count + added
        squares = squares + chunk_squares + np.square(delta) * (count * added / total)
        mean = mean + delta * (added / total)
        count = total
    if count == 0:
        raise ValueError("Input to `.fit()` should hold at least one image.")
    return mean, np.sqrt(squares / count)


def _sums(values: NDArray[np.float64], channel_axis: int) -> NDArray[np.float64]:
    """Returns the sum of each channel."""
    if channel_axis == 1:
        return np.asarray(values.sum(axis=(0, 2, 3)))
    width, channels = values.shape[2:]
    columns = values.reshape(-1, width * channels).sum(axis=0)
    return np.asarray(columns.reshape(width, channels).sum(axis=0))


def zca_matrix(
    chunks: Callable[[], Iterable[NDArray[Any]]],
    count: int,
    size: int,
    epsilon: float,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """Computes the matrix of ZCA whitening.

    With `u` and `s` the left singular vectors and singular values of the images as columns, the
    matrix is `u · diag(sqrt(n) / (s + epsilon)) · uᵀ`. More images than values per image: they come
    from the eigenvectors of the images' products, summed chunk by chunk in double. Otherwise the
    images take no more memory than the matrix and are decomposed as they are.

    Args:
        chunks: Function that returns the standardised images, arrays of rank 4, from the start.
        count: Integer, the number of images.
        size: Integer, the number of values of one image.
        epsilon: Float, keeps directions without variance from becoming infinite.
        dtype: Floating-point dtype to decompose the images in.

    Returns:
        Array `(size, size)`, symmetric, of float64 (under NumPy 1 perhaps of `dtype`, as in Keras).

    Raises:
        ValueError: If the number of images is not `count`.
    """
    if count > size:
        products = np.zeros((size, size))
        for chunk in _exactly(count, chunks()):
            flat = np.asarray(chunk, dtype=np.float64).reshape(len(chunk), size)
            products += flat.T @ flat
        eigenvalues, vectors = np.linalg.eigh(products)
        singular = np.sqrt(np.maximum(eigenvalues, 0.0))
    else:
        images = np.empty((count, size), dtype=dtype)
        start = 0
        for chunk in _exactly(count, chunks()):
            images[start : start + len(chunk)] = np.reshape(chunk, (len(chunk), size))
            start += len(chunk)
        vectors, singular, _ = np.linalg.svd(images.T, full_matrices=False)
    scaled = vectors * (np.sqrt(count) / (singular + epsilon))
    return np.asarray(scaled @ vectors.T)


def _exactly(count: int, chunks: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Yields the chunks of a data set, which files may have left since they were counted."""
    found = 0
    for chunk in chunks:
        found += len(chunk)
        if found <= count:
            yield chunk
    if found != count:
        raise ValueError(f"The data set changed: it had {count} images, and now has {found}")
