"""`batchwarp visualize`: what a saved convolutional model sees, in pictures."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import batchwarp
from batchwarp.console.errors import UsageError
from batchwarp.console.files import write_json
from batchwarp.console.options import at_least, seed
from batchwarp.console.output import say
from batchwarp.errors import ImageFileError
from batchwarp.files.reader import load_all
from batchwarp.image import load_img
from batchwarp.training.networks.layers import NamedLayer
from batchwarp.training.results import explain, network_plots, plots
from batchwarp.training.results import saved as saved_models
from batchwarp.training.results.found_masks import find_masks, in_size, shares
from batchwarp.training.results.layer_choice import ACTIVATION_LAYERS, FILTER_LAYERS, LayerChoice
from batchwarp.training.results.predict import Prediction, predict_pictures
from batchwarp.training.results.saved import SavedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RECORD_FILE", "add_arguments", "run"]

RECORD_FILE = "visualize.json"
KINDS = ("activations", "filters", "gradcam", "masks")
_LONGEST_SIDE = 512  # of a picture under a heat map, pixels
_LEGEND = 3  # classes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command to its parser."""
    saved_models.add_arguments(parser)
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="*",
        type=Path,
        help="image files to look at through the model; filters need none",
    )
    parser.add_argument(
        "--what",
        metavar="KIND,KIND",
        type=_kinds,
        help="what to draw. activations: what each layer makes of an image, channel by channel; "
        "filters: the patterns that filters respond to, grown from noise by gradient ascent; "
        "gradcam: a heat map over each image of where the model sees what speaks for a class; "
        "masks: what a model that finds masks sees in each image, in colours over it "
        "(default: all that the model has, without an image filters)",
    )
    parser.add_argument(
        "--layers",
        metavar="NAME,NAME",
        type=lambda text: [name.strip() for name in text.split(",")],
        help="layers of activations and filters; a layer of a model within the model is "
        "MODEL/LAYER (default: the convolution and pooling layers, of a deep model "
        f"{ACTIVATION_LAYERS} and for filters {FILTER_LAYERS} that are spread evenly)",
    )
    parser.add_argument(
        "--layer",
        metavar="NAME",
        help="layer of the heat map (default: the last convolution; of a model that finds masks, "
        "the last one of those whose output is smallest)",
    )
    parser.add_argument(
        "--class",
        metavar="CLASS",
        dest="wanted",
        help="name or number of the class of the heat map (default: the most probable one; of a "
        "mask, that of most pixels but the first one, the background)",
    )
    _add_about_pictures(parser)


def _add_about_pictures(parser: argparse.ArgumentParser) -> None:
    """Adds the options of how much is drawn, how, and where to."""
    parser.add_argument(
        "--limit",
        type=at_least(1),
        default=64,
        metavar="N",
        help="draw at most the first N channels of a layer's activations (default: %(default)s)",
    )
    parser.add_argument(
        "--filters",
        type=at_least(1),
        default=8,
        metavar="K",
        help="draw the patterns of the first K filters of a layer, which takes minutes with a "
        "large model (default: %(default)s)",
    )
    parser.add_argument(
        "--steps",
        type=at_least(1),
        default=30,
        metavar="N",
        help="steps of gradient ascent; more make patterns clearer (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of the noise in which the patterns of filters begin (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("batchwarp-visualize"),
        metavar="DIR",
        help="folder of the pictures, made if need be; those that this command has drawn there "
        "before are removed (default: %(default)s)",
    )


def _kinds(text: str) -> tuple[str, ...]:
    """Parses what to draw."""
    kinds = tuple(kind.strip() for kind in text.split(","))
    for kind in kinds:
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"{kind!r} is none of {', '.join(KINDS)}")
    return kinds


@dataclass(frozen=True)
class _Image:
    """An image to look at.

    Attributes:
        path: Its file.
        label: What names of pictures begin with.
        picture: The image in colour for people, uint8 of shape `(height, width, 3)`.
        prepared: The image as the model takes it, with a first axis of length 1.
        prediction: What the model says about it; of one that finds masks, with shares of pixels
            for probabilities.
        mask: The mask that it finds, in the size that the model puts out, or `None`.
    """

    path: Path
    label: str
    picture: NDArray[np.uint8]
    prepared: NDArray[np.float32]
    prediction: Prediction
    mask: NDArray[np.int64] | None = None


class _Gallery:
    """The folder of the pictures, and the record of what was drawn.

    Args:
        folder: The folder; it is made if need be, and pictures that the record of an earlier run
            lists are removed.
        record: What is known from the beginning.

    Raises:
        UsageError: If the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, record: Mapping[str, object]) -> None:
        self.folder = folder
        self._names: list[str] = []
        self._record = dict(record)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in _listed(folder / RECORD_FILE):
                (folder / name).unlink(missing_ok=True)
            self.keep()
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"argument --out: cannot write to {folder}: {reason}") from error

    def new(self, *parts: str) -> Path:
        """Returns the path of a new picture, which is named after what is in it."""
        name = "-".join(re.sub(r"[^\w.-]+", "_", part.replace("/", ".")) for part in parts) + ".png"
        self._names.append(name)
        self.keep()  # before it is there, so that it can be removed whatever happens
        say(f"  {name}")
        return self.folder / name

    def keep(self, **results: object) -> None:
        """Adds results to the record and writes it."""
        self._record.update(results)
        write_json(self.folder / RECORD_FILE, {**self._record, "pictures": self._names})


def _listed(record: Path) -> list[str]:
    """Returns the pictures in the record of an earlier run, none if there is no such record."""
    try:
        names = json.loads(record.read_text(encoding="utf-8"))["pictures"]
        return [name for name in names if Path(name).name == name and name.endswith(".png")]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []


def run(options: argparse.Namespace) -> None:
    """Draws what a model sees.

    Args:
        options: The parsed arguments.

    Raises:
        UsageError: If a package is missing, the model or an image cannot be used, there is no such
            layer or class, or the folder cannot be written to.
    """
    plots.require_matplotlib()
    if options.what and not options.images and set(options.what) != {"filters"}:
        raise UsageError(f"--what {','.join(options.what)} needs an IMAGE; filters need none")
    saved = saved_models.load(
        options.model, classes=options.classes, rescale=options.rescale, size=options.size
    )
    what = _wanted(options, saved)
    layers = LayerChoice(saved)
    shown = layers.shown(options.layers) if "activations" in what else []
    grown = layers.grown(options.layers) if "filters" in what else []
    if set(what) == {"filters"} and not grown:
        raise UsageError("argument --layers: filters are drawn of convolutions; none is named")
    heated = layers.heated(options.layer) if "gradcam" in what else None
    wanted = None if options.wanted is None else _class_number(options.wanted, saved)
    images = _read(options.images, saved)
    record = {
        "batchwarp": batchwarp.__version__,
        "model": str(saved.path),
        "classes": saved.classes,
        "rescale": saved.rescale,
        "size": saved.size,
        "seed": options.seed,
        "steps": options.steps,
    }
    gallery = _Gallery(options.out, record)
    say(f"Pictures in {options.out.absolute()}:")
    looked = []
    for image in images:
        entry: dict[str, object] = {"file": str(image.path), **_said(image, saved)}
        if heated is not None:
            entry["gradcam"] = _draw_heat_map(gallery, saved, image, heated, wanted)
        if shown:
            entry["activations"] = _draw_activations(gallery, saved, image, shown, options.limit)
        if "masks" in what:
            entry["mask"] = _draw_mask(gallery, saved, image)
        looked.append(entry)
        gallery.keep(images=looked)
    patterns = []
    for named in grown:
        patterns.append(_draw_filters(gallery, saved, named, layers.channels(named), options))
        gallery.keep(filters=patterns)


def _wanted(options: argparse.Namespace, saved: SavedModel) -> Sequence[str]:
    """Returns what to draw: what is asked for, or all that the model has."""
    if options.what is None:
        if not options.images:
            return ("filters",)
        return KINDS if saved.makes_masks else KINDS[:-1]
    if "masks" in options.what and not saved.makes_masks:
        raise UsageError(f"argument --what: {saved.path} finds no masks")
    what: Sequence[str] = options.what
    return what


def _said(image: _Image, saved: SavedModel) -> dict[str, object]:
    """Returns what the model says of an image, for the record."""
    if not saved.makes_masks:
        return {"prediction": image.prediction.top(len(saved.classes))}
    return {"classes": image.prediction.shares()}


def _class_number(wanted: str, saved: SavedModel) -> int:
    """Returns the number of the class that is wanted by name or number."""
    if wanted in saved.classes:
        return saved.classes.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(saved.classes):
        return int(wanted)
    raise UsageError(
        f"argument --class: {wanted!r} is neither a number below {len(saved.classes)} nor one of "
        f"{', '.join(saved.classes)}"
    )


def _read(paths: Sequence[Path], saved: SavedModel) -> list[_Image]:
    """Reads images and asks the model about them."""
    if not paths:
        return []
    loaded = load_all([str(path) for path in paths], saved.decoding, 0)
    for one in loaded:
        if one.error is not None:
            raise UsageError(str(one.error)) from one.error
    prepared = saved.prepared([one.image for one in loaded if one.image is not None])
    masks: Sequence[NDArray[np.int64] | None] = [None] * len(paths)
    if saved.makes_masks:
        masks = list(find_masks(saved, prepared))
        predictions = [_of_mask(mask, saved) for mask in masks if mask is not None]
    else:
        predictions = predict_pictures(saved.model, prepared, saved.classes)
    stems = [path.stem for path in paths]
    return [
        _Image(
            path=path,
            label=path.stem if stems.count(path.stem) == 1 else f"{number}-{path.stem}",
            picture=_picture(path),
            prepared=prepared[number - 1 : number],
            prediction=prediction,
            mask=mask,
        )
        for number, (path, prediction, mask) in enumerate(
            zip(paths, predictions, masks, strict=True), start=1
        )
    ]


def _of_mask(mask: NDArray[np.int64], saved: SavedModel) -> Prediction:
    """Returns the classes of a mask, that of most pixels first."""
    parts = shares(mask, len(saved.classes))
    order = sorted(range(len(parts)), key=lambda number: -parts[number])
    return Prediction(
        tuple(order),
        tuple(saved.classes[number] for number in order),
        tuple(parts[number] for number in order),
    )


def _picture(path: Path) -> NDArray[np.uint8]:
    """Reads an image for people: in its own proportions, no larger than is of use."""
    try:
        picture = load_img(path)
    except ImageFileError as error:
        raise UsageError(str(error)) from error
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return np.asarray(picture)


def _most(image: _Image) -> int:
    """Returns the most probable class; of a mask, that of most pixels but the background."""
    numbers, parts = image.prediction.numbers, image.prediction.probabilities
    if image.mask is not None and numbers[0] == 0 and len(parts) > 1 and parts[1]:
        return numbers[1]
    return numbers[0]


def _draw_mask(gallery: _Gallery, saved: SavedModel, image: _Image) -> dict[str, object]:
    assert image.mask is not None
    path = gallery.new(image.label, "mask")
    found = ", ".join(f"{one['class']} {one['share']:.1%}" for one in image.prediction.shares())
    network_plots.picture_and_mask(
        image.picture,
        in_size(image.mask, *image.picture.shape[:2]),
        saved.classes,
        path,
        title=f"{image.path.name}: what the model finds",
        caption=found,
    )
    return {"picture": path.name}


def _draw_heat_map(
    gallery: _Gallery, saved: SavedModel, image: _Image, named: NamedLayer, wanted: int | None
) -> dict[str, object]:
    prediction = image.prediction
    # Names need not be unique: the number counts.
    number = _most(image) if wanted is None else wanted
    name = saved.classes[number]
    where = None if image.mask is None else image.mask == number
    if where is not None and not where.any():  # nowhere: of what speaks for it all over the image
        where = np.ones_like(where)
    heat = explain.grad_cam(saved, image.prepared, named, number, where)
    probability = prediction.probabilities[prediction.numbers.index(number)]
    legend = [f"{one['probability']:.4f}  {one['class']}" for one in prediction.top(_LEGEND)]
    sure = f"{probability:.4f}" if image.mask is None else f"{probability:.1%} of the pixels"
    path = gallery.new(image.label, "gradcam")
    found = bool(heat.any())
    network_plots.heat_map(
        image.picture,
        heat,
        path,
        title=f"{image.path.name}: what speaks for {name} ({sure})",
        heading=f"Grad-CAM of {named.name}" if found else f"nothing in {named.name} speaks for it",
        legend=legend,
    )
    return {
        "picture": path.name,
        "layer": named.name,
        "class": name,
        "probability" if image.mask is None else "share": round(probability, 6),
        "found": found,
    }


def _draw_activations(
    gallery: _Gallery, saved: SavedModel, image: _Image, layers: Sequence[NamedLayer], limit: int
) -> list[dict[str, object]]:
    drawn: list[dict[str, object]] = []
    for name, maps in explain.activations(saved, image.prepared, layers).items():
        height, width, channels = maps.shape
        first = f"the first {limit} of {channels}" if channels > limit else f"{channels}"
        path = gallery.new(image.label, "activations", name)
        network_plots.activations(
            maps[..., :limit],
            path,
            title=f"{image.path.name} in layer {name}: {first} channels of {height} × {width}",
        )
        drawn.append({"picture": path.name, "layer": name, "shape": [height, width, channels]})
    return drawn


def _draw_filters(
    gallery: _Gallery,
    saved: SavedModel,
    named: NamedLayer,
    channels: int,
    options: argparse.Namespace,
) -> dict[str, object]:
    count = min(options.filters, channels)
    path = gallery.new("filters", named.name)
    patterns = explain.filter_patterns(saved, named, count, steps=options.steps, seed=options.seed)
    first = f"the first {count} of {channels}" if channels > count else f"{channels}"
    network_plots.filters(
        patterns.images, path, title=f"What filters of layer {named.name} respond to: {first}"
    )
    return {
        "picture": path.name,
        "layer": named.name,
        "response_to_noise": [round(float(value), 6) for value in patterns.before],
        "response_to_pattern": [round(float(value), 6) for value in patterns.after],
    }
