"""Saved models that tell pictures or their pixels apart, with what their training run knew."""

from __future__ import annotations

import argparse
import json
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp import _core
from batchwarp.console.errors import UsageError
from batchwarp.console.frameworks import load_keras
from batchwarp.console.options import at_least, number
from batchwarp.files.options import Decoding
from batchwarp.training.networks.layers import inner_layers
from batchwarp.training.results.names import H5_FILE, MODEL_FILE, RECORD_FILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SavedModel", "add_arguments", "load"]

DEFAULT_SIZE = (224, 224)
_COLOR_MODES = {1: "grayscale", 3: "rgb", 4: "rgba"}
_LONGEST_REASON = 200  # characters


@dataclass(frozen=True)
class SavedModel:
    """A Keras model from one picture to one class, or to a class for each pixel.

    Attributes:
        model: The Keras model.
        path: Its file.
        classes: Names of its classes; two for a model with one sigmoid output.
        rescale: What pixels of 0 to 255 are multiplied by.
        size: Height and width of the pictures that it takes.
        channels: Their number of channels, 1, 3 or 4.
        channels_first: Whether it takes `(n, channels, height, width)`.
        interpolation: How picture files are brought to its size, as `load_img` names it.
        makes_masks: Whether it says a class for each pixel.
    """

    model: Any
    path: Path
    classes: tuple[str, ...]
    rescale: float
    size: tuple[int, int]
    channels: int
    channels_first: bool
    interpolation: str = "nearest"
    makes_masks: bool = False

    @property
    def decoding(self) -> Decoding:
        """How picture files are read for it: as Keras' flows from files do it."""
        return Decoding(self.size, _COLOR_MODES[self.channels], self.interpolation)

    def prepared(self, pictures: Sequence[NDArray[Any]] | NDArray[Any]) -> NDArray[np.float32]:
        """Makes pictures into what the model takes.

        Args:
            pictures: Arrays `(height, width, channels)` of pixels from 0 to 255.

        Returns:
            Array of float32 with a first axis for the pictures, rescaled, in the model's layout.
        """
        batch = np.stack([np.asarray(picture, np.float32) for picture in pictures])
        return self.in_layout(batch * np.float32(self.rescale))

    def in_layout(self, images: NDArray[Any]) -> NDArray[Any]:
        """Returns `(n, height, width, channels)` in the model's layout."""
        return np.moveaxis(images, -1, 1) if self.channels_first else images

    def channels_last(self, images: Any) -> NDArray[np.float32]:
        """Returns a tensor in the model's layout as array `(n, height, width, channels)`."""
        array = np.asarray(load_keras().ops.convert_to_numpy(images), np.float32)
        return np.moveaxis(array, 1, -1) if self.channels_first else array


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that say which model is loaded, those of `load`, to a parser."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a model that Keras has saved, a .keras or .h5 file; or the folder that "
        "`batchwarp train` has left with --out",
    )
    parser.add_argument(
        "--classes",
        metavar="NAME,NAME",
        type=lambda text: [name.strip() for name in text.split(",")],
        help="names of the model's classes in the order of its outputs (default: those in the "
        "run.json beside the model, else numbers)",
    )
    parser.add_argument(
        "--rescale",
        metavar="FACTOR",
        type=_factor,
        help="what pixels, which are 0 to 255, are multiplied by, for example 1/255; it must be "
        "what the model was trained with (default: what the run.json beside the model says, "
        "else 1 if a layer of the model rescales, else 1/255)",
    )
    parser.add_argument(
        "--size",
        metavar="HEIGHTxWIDTH",
        type=_height_and_width,
        help="the size to bring pictures to, for a model that takes any; all others know "
        f"theirs (default: {DEFAULT_SIZE[0]}x{DEFAULT_SIZE[1]})",
    )


def _factor(text: str) -> float:
    """Parses a number or a fraction, such as 1/255."""
    factor = float(number(text))
    if not 0 < factor < math.inf:
        raise argparse.ArgumentTypeError(f"must be greater than 0, received: {text}")
    return factor


def _height_and_width(text: str) -> tuple[int, int]:
    """Parses a size in pixels; one number is that of a square."""
    height, _, width = text.lower().partition("x")
    return at_least(1)(height), at_least(1)(width or height)


def load(
    path: Path,
    *,
    classes: Sequence[str] | None = None,
    rescale: float | None = None,
    size: tuple[int, int] | None = None,
) -> SavedModel:
    """Loads a model, without running code that its file may contain.

    Args:
        path: A `.keras` or `.h5` file, or the folder of a run of `batchwarp train`.
        classes: Names of the classes; `None` for those in the `run.json` beside the model, or
            numbers if there is none.
        rescale: What pixels of 0 to 255 are multiplied by; `None` for what `run.json` says, else 1
            for a model with a layer that rescales, else 1/255.
        size: Height and width for a model that takes pictures of any size; `None` for 224 × 224.

    Returns:
        The model.

    Raises:
        UsageError: If there is no such file, it cannot be loaded, it is no model from one picture
            to classes, `size` is not its size, or the number of names is not that of its classes.
    """
    path = _file(path)
    settings = _settings(path.with_name(RECORD_FILE))
    model = _load(path)
    channels_first = _is_channels_first(model)
    shape, outputs = _picture_shape(model, path), _outputs(model, path, channels_first)
    height, width, channels = (*shape[1:], shape[0]) if channels_first else shape
    if channels not in _COLOR_MODES:
        raise UsageError(
            f"{path}: the model's input has the shape {(None, *shape)}; "
            "pictures have 1, 3 or 4 channels"
        )
    if rescale is None:
        rescale = settings.get("rescale", 1.0 if _rescales(model) else 1 / 255)
    return SavedModel(
        model=model,
        path=path,
        classes=_class_names(classes, settings.get("classes"), max(outputs, 2), path),
        rescale=float(rescale),
        size=_size((height, width), size, path),
        channels=channels,
        channels_first=channels_first,
        interpolation=settings.get("interpolation", "nearest"),
        makes_masks=len(model.outputs[0].shape) == 4,
    )


def _file(path: Path) -> Path:
    """Returns the model's file, which is of a kind that Keras can load."""
    if path.is_dir():
        names = (MODEL_FILE, H5_FILE)
        found = [path / name for name in names if (path / name).is_file()]
        if not found:
            raise UsageError(f"{path}: there is no {' and no '.join(names)} in this folder")
        return found[0]
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        raise UsageError(f"{path}: not a .keras or .h5 file, the formats in which Keras saves")
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise UsageError(f"{path}: not a model that Keras has saved, or a damaged one")
    return path


def _load(path: Path) -> Any:
    """Loads a model, or says in one line why it cannot be."""
    keras = load_keras()
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever a file may hold, and Keras may stumble on
        raise UsageError(f"{path}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Returns in one line what Keras says about a file."""
    text = " ".join(str(error).split())
    if "safe_mode" in text or "unsafe" in text:
        return "contains Python code (such as a Lambda layer), which is not run"
    custom = re.search(r"(?:locate class|Unknown layer:) '([^']+)'", text)
    if custom:
        return f"uses {custom[1]!r}, which is not Keras' own and whose code is not in the file"
    if len(text) > _LONGEST_REASON:
        text = f"{text[:_LONGEST_REASON].rsplit(' ', 1)[0]} ..."
    return f"Keras cannot load it: {text or type(error).__name__}"


def _settings(path: Path) -> Mapping[str, Any]:
    """Returns what a run was asked to do, with what is used of it as it must be."""
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
        classes, rescale = settings.get("classes"), settings.get("rescale")
        interpolation = settings.get("interpolation")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: not the record of a run ({error!r})") from error
    if classes is not None and not (
        isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    ):
        raise UsageError(f"{path}: settings.classes must be a list of names, received: {classes!r}")
    if rescale is not None and (isinstance(rescale, bool) or not isinstance(rescale, (int, float))):
        raise UsageError(f"{path}: settings.rescale must be a number, received: {rescale!r}")
    if interpolation is not None and interpolation not in _core.INTERPOLATIONS:
        raise UsageError(
            f"{path}: settings.interpolation must be one of {', '.join(_core.INTERPOLATIONS)}, "
            f"received: {interpolation!r}"
        )
    return {name: value for name, value in settings.items() if value is not None}


def _picture_shape(model: Any, path: Path) -> tuple[int | None, int | None, int | None]:
    """Returns the shape of a picture that the model takes; sides of any length are None."""
    inputs: Sequence[Any] = getattr(model, "inputs", None) or ()
    if len(inputs) != 1:
        what = f"{len(inputs)} inputs" if inputs else "no input of a known shape"
        raise UsageError(f"{path}: the model has {what}; a model of one picture is needed")
    shape = tuple(inputs[0].shape)
    if len(shape) != 4:
        raise UsageError(
            f"{path}: the model's input has the shape {shape}; that of pictures is "
            "(None, height, width, channels)"
        )
    return shape[1], shape[2], shape[3]


def _outputs(model: Any, path: Path, channels_first: bool) -> int:
    """Returns how many numbers the model makes of a picture, or of each of its pixels."""
    if len(model.outputs) != 1:
        raise UsageError(f"{path}: the model has {len(model.outputs)} outputs; one is needed")
    shape = tuple(model.outputs[0].shape)
    is_of_pixels = len(shape) == 4 and 1 not in (shape[2:] if channels_first else shape[1:3])
    count = shape[1 if len(shape) == 2 or channels_first else 3] if len(shape) > 1 else None
    if not (len(shape) == 2 or is_of_pixels) or count is None:
        raise UsageError(
            f"{path}: the model's output has the shape {shape}; that of a model that tells classes "
            "apart is (None, classes), and that of one that makes masks (None, height, width, "
            "classes)"
        )
    return int(count)


def _is_channels_first(model: Any) -> bool:
    layouts = [getattr(named.layer, "data_format", None) for named in inner_layers(model)]
    return next(filter(None, layouts), "channels_last") == "channels_first"


def _rescales(model: Any) -> bool:
    layers = load_keras().layers
    kinds = (layers.Rescaling, layers.Normalization)
    return any(isinstance(named.layer, kinds) for named in inner_layers(model))


def _size(
    sides: tuple[int | None, int | None], given: tuple[int, int] | None, path: Path
) -> tuple[int, int]:
    """Returns height and width of the pictures, of which the model may leave one or both open."""
    height, width = (
        wanted if side is None else side
        for side, wanted in zip(sides, given or DEFAULT_SIZE, strict=True)
    )
    if given is not None and given != (height, width):
        raise UsageError(
            f"argument --size: {path} takes pictures of {height}x{width}, "
            f"received: {given[0]}x{given[1]}"
        )
    return int(height), int(width)


def _class_names(
    given: Sequence[str] | None, recorded: Sequence[str] | None, count: int, path: Path
) -> tuple[str, ...]:
    """Returns the names of the classes, numbers if nobody has given any."""
    names = recorded if given is None else given
    if names is None:
        return tuple(map(str, range(count)))
    if len(names) != count:
        whose = "argument --classes" if given is not None else str(path.with_name(RECORD_FILE))
        raise UsageError(
            f"{whose}: {len(names)} names, but {path.name} tells {count} classes apart"
        )
    return tuple(names)
