"""The convolutional bases of `keras.applications`: their weights, and their own preprocessing."""

from __future__ import annotations

import inspect
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from batchwarp.console.errors import UsageError
from batchwarp.console.frameworks import impatient_downloads, load_keras

__all__ = ["IMAGENET", "NO_WEIGHTS", "Base", "load_base", "trainable_layers", "unfreeze"]

# What `weights` may be besides a file.
IMAGENET = "imagenet"
NO_WEIGHTS = "none"


@dataclass(frozen=True)
class Base:
    """A convolutional base, without the classifier that it was trained with.

    Attributes:
        name: Its name in `keras.applications`.
        preprocessing: Layer from pixels, 0 to 1, to what the network was trained on.
        network: The network, from there to feature maps.
    """

    name: str
    preprocessing: Any
    network: Any


class _Application(NamedTuple):
    name: str
    build: Callable[..., Any]
    preprocess_input: Callable[..., Any]


def load_base(name: str, size: int, weights: str) -> Base:
    """Builds a base of `keras.applications`.

    Args:
        name: Its name there, in upper or lower case.
        size: Height and width of the pictures in pixels.
        weights: "imagenet" takes what Keras has downloaded before, or lets it download; "none"
            takes random ones; anything else is an HDF5 file of weights that fit the base without
            its top.

    Returns:
        The base.

    Raises:
        UsageError: If there is no such base, it does not take pictures of this size, or the weights
            cannot be had.
    """
    application = _find(name)
    path = None if weights in (IMAGENET, NO_WEIGHTS) else Path(weights)
    if path is not None:
        _check_file(path)
    shape = {"include_top": False, "input_shape": (size, size, 3)}
    try:
        network = application.build(weights=None, **shape)
    except ValueError as error:
        raise UsageError(f"argument --size: {application.name}: {_line(error)}") from error
    if weights == IMAGENET:
        network = _with_imagenet_weights(application, shape)
    elif path is not None:
        _load_file(application.name, network, path)
    return Base(application.name, _preprocessing(application.preprocess_input), network)


def trainable_layers(network: Any) -> list[Any]:
    """Returns the layers of a network that are worth training on other pictures.

    Batch normalisation is not: few pictures spoil the statistics that all other layers rely on.

    Args:
        network: A Keras model.
    """
    normalisation = load_keras().layers.BatchNormalization
    return [
        layer for layer in network.layers if layer.weights and not isinstance(layer, normalisation)
    ]


def unfreeze(network: Any, first: str) -> None:
    """Makes the end of a network trainable and the rest not; it has to be compiled afterwards.

    Args:
        network: A Keras model.
        first: Name of the first of its `trainable_layers` to be trained.
    """
    layers = trainable_layers(network)
    names = [layer.name for layer in layers]
    network.trainable = True
    for layer in network.layers:
        layer.trainable = False
    for layer in layers[names.index(first) :]:
        layer.trainable = True


def _find(name: str) -> _Application:
    applications = _applications()
    if name.lower() not in applications:
        names = ", ".join(sorted((one.name for one in applications.values()), key=str.lower))
        raise UsageError(f"argument --base: must be one of {names}, received: {name!r}")
    return applications[name.lower()]


def _applications() -> dict[str, _Application]:
    """Returns the bases that the installed Keras has, by their names in lower case."""
    builders = inspect.getmembers(load_keras().applications, inspect.isfunction)
    return {
        name.lower(): _Application(name, build, sys.modules[build.__module__].preprocess_input)
        for name, build in builders
    }


def _preprocessing(preprocess_input: Callable[..., Any]) -> Any:
    """Returns a base's own preprocessing as a layer that is saved with the model.

    Whatever a base wants, scaled, centred or in the order blue, green, red, it is a matrix and an
    offset, which black and the pure colours tell.
    """
    colours = 255 * np.concatenate([np.zeros((1, 3)), np.eye(3)])
    black, *pure = preprocess_input(
        colours.reshape(1, 4, 1, 3), data_format="channels_last"
    ).reshape(4, 3)
    layer = load_keras().layers.Dense(3, trainable=False, name="preprocessing")
    layer.build((None, None, None, 3))
    layer.set_weights([np.array(pure) - black, black])
    return layer


def _with_imagenet_weights(application: _Application, shape: dict[str, Any]) -> Any:
    """Returns a base with the weights that Keras offers."""
    try:
        with impatient_downloads():
            return application.build(weights="imagenet", **shape)
    except Exception as error:  # Keras raises nothing more specific
        origin, target = _download_of(error)
        reason = _line(error).rpartition(" -- ")[2]  # Keras puts the address before it
        raise UsageError(
            f"argument --weights: the ImageNet weights of {application.name} are not in {target} "
            f"and cannot be downloaded ({reason}). Ways to get them: (1) a network connection, for "
            f"Keras to download {origin}; (2) that file, put there by other means; (3) --weights "
            "FILE, wherever it is. --weights none does without"
        ) from error


def _download_of(error: Exception) -> tuple[str, str]:
    """Returns what Keras wanted to download when an error occurred, and to which file.

    Its message has the address at most, and the file may be named otherwise.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "get_file" and "download_target" in frame.f_locals:
            return str(frame.f_locals["origin"]), str(frame.f_locals["download_target"])
    return "them", "~/.keras/models"


def _check_file(path: Path) -> None:
    """Checks that a file exists and is one of weights, whatever they are."""
    import h5py  # comes with Keras

    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise UsageError(
            f"argument --weights: {path}: {what}; accepted are {IMAGENET}, {NO_WEIGHTS} and the "
            "path of an HDF5 file"
        )
    try:
        with path.open("rb"):
            readable = h5py.is_hdf5(path)
    except OSError as error:
        raise UsageError(f"argument --weights: {path}: cannot be read: {error.strerror}") from error
    if not readable or path.suffix not in (".h5", ".hdf5"):
        raise UsageError(
            f"argument --weights: {path}: must be an HDF5 file whose name ends with .h5 or .hdf5"
        )


def _load_file(name: str, network: Any, path: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not fit is an error in the end
            network.load_weights(str(path))
    # What Keras and h5py raise for weights that do not fit and for damaged files.
    except (ValueError, KeyError, OSError, RuntimeError) as error:
        raise UsageError(
            f"argument --weights: {path}: not the weights of {name} without its top "
            f"({_line(error)})"
        ) from error


def _line(error: Exception) -> str:
    """Returns an error's message as one line of bearable length."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."
