"""`batchwarp predict`: which classes a saved model takes pictures, or their pixels, for."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import UsageError
from batchwarp.console.options import at_least
from batchwarp.console.tables import print_table, printable
from batchwarp.files.index import image_files
from batchwarp.files.options import extensions
from batchwarp.files.reader import load_all
from batchwarp.iterators.base import Iterator as BatchIterator
from batchwarp.training.networks.layers import activation_name, last_layer
from batchwarp.training.results import saved as saved_models
from batchwarp.training.results.predict_masks import FoundMask, MaskFolder, print_masks
from batchwarp.training.results.saved import SavedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Prediction", "add_arguments", "predict_pictures", "run"]

_BATCH = 32
# Files are read in groups, of which only one is in memory.
_GROUP = 4 * _BATCH
_MASK_FOLDER = "batchwarp-masks"


@dataclass(frozen=True)
class Prediction:
    """What a model says about a picture.

    Attributes:
        numbers: The numbers of all classes, the most probable one first.
        classes: Their names, in the same order.
        probabilities: Their probabilities, likewise.
    """

    numbers: tuple[int, ...]
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]

    def top(self, count: int) -> list[dict[str, object]]:
        """Returns the most probable classes in a form for JSON."""
        pairs = zip(self.classes[:count], self.probabilities, strict=False)
        return [{"class": name, "probability": round(value, 6)} for name, value in pairs]

    def shares(self) -> list[dict[str, Any]]:
        """Returns classes that there are, of which the probabilities are shares of pixels."""
        pairs = zip(self.classes, self.probabilities, strict=True)
        return [{"class": name, "share": round(value, 6)} for name, value in pairs if value]


@dataclass(frozen=True)
class _Source:
    """Where a picture comes from: a file, or a row of one, the first of which is 1."""

    file: str
    row: int | None = None

    def __str__(self) -> str:
        return self.file if self.row is None else f"{self.file} row {self.row}"


def predict_pictures(model: Any, images: NDArray[Any], classes: Sequence[str]) -> list[Prediction]:
    """Predicts the classes of pictures.

    Args:
        model: A Keras model with one output of shape `(n, classes)`, or `(n, 1)` for two classes.
            What comes from a softmax or sigmoid activation are probabilities; all else is taken
            for what one of these would have been applied to.
        images: Array of pictures as the model takes them: their size, layout and rescaling.
        classes: Names of the classes.

    Returns:
        A prediction for each picture.

    Raises:
        ValueError: If the number of names is not that of the classes.
    """
    count = max(model.output_shape[1], 2)
    if len(classes) != count:
        raise ValueError(
            f"`classes` must name the model's {count} classes, received {len(classes)} names"
        )
    outputs = np.asarray(model.predict(images, batch_size=_BATCH, verbose=0), np.float64)
    probabilities = _normalised(outputs, activation_name(last_layer(model)))
    orders = np.argsort(-probabilities, axis=1, kind="stable")
    return [
        Prediction(tuple(order), tuple(classes[i] for i in order), tuple(row[i] for i in order))
        for row, order in zip(probabilities.tolist(), orders.tolist(), strict=True)
    ]


def _normalised(outputs: NDArray[np.float64], activation: str) -> NDArray[np.float64]:
    """Makes outputs `(n, outputs)` into probabilities `(n, classes)` of at least two classes."""
    if activation in ("softmax", "sigmoid"):
        if outputs.shape[1] > 1:
            return outputs
        return np.concatenate([1 - outputs, outputs], axis=1)
    # One output is the difference between two, of which the first is zero.
    scores = outputs if outputs.shape[1] > 1 else np.pad(outputs, ((0, 0), (1, 0)))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command to its parser."""
    saved_models.add_arguments(parser)
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        type=Path,
        help="an image file; a folder, with all image files under it; or a .csv with a picture in "
        "each row, as Sign Language MNIST has it: a heading `label,pixel1,pixel2,...` (the label "
        "may be missing and is not used), then pixels of 0 to 255, row by row of the picture",
    )
    parser.add_argument(
        "--top",
        type=at_least(1),
        metavar="K",
        help="show the K most probable classes (default: 1); of a mask, those of most pixels "
        "(default: all that were found)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="of a model that finds masks, the folder for `masks`, PNG files in the size of the "
        "pictures whose values are the numbers of the classes, and for `overlays`, the pictures "
        f"under them, with the names that pictures have below INPUT (default: {_MASK_FOLDER})",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON instead of a table"
    )


def run(options: argparse.Namespace) -> int:
    """Predicts the classes of pictures, or finds masks, and prints a table of them.

    Args:
        options: The parsed arguments.

    Returns:
        The exit status: 0 if all files could be read, 1 if some could not.

    Raises:
        UsageError: If the model cannot be used, there are no pictures, or masks cannot be written.
    """
    bad: dict[str, str] = {}
    named = _files(options.inputs, bad)
    files = list(named)
    if not files and not bad:
        raise UsageError(f"{options.inputs[0]}: there is no image file in this folder")
    saved = saved_models.load(
        options.model, classes=options.classes, rescale=options.rescale, size=options.size
    )
    if saved.makes_masks:
        return _run_for_masks(options, saved, named, bad)
    if options.out is not None:
        raise UsageError(f"argument --out: {saved.path} finds no masks that could be written")
    top = options.top or 1
    found: dict[_Source, Prediction] = {}
    for sources, pictures in _pictures(files, saved, bad):
        predictions = predict_pictures(saved.model, saved.prepared(pictures), saved.classes)
        found.update(zip(sources, predictions, strict=True))
    if options.json:
        predicted = [
            {"file": source.file, "row": source.row, "classes": one.top(top)}
            for source, one in found.items()
        ]
        _print_json(saved, predicted, bad)
    else:
        _print(found, min(top, len(saved.classes)))
        _print_bad(bad, is_below=bool(found))
    return 1 if bad else 0


def _run_for_masks(
    options: argparse.Namespace, saved: SavedModel, named: dict[str, str], bad: dict[str, str]
) -> int:
    """Finds masks, writes them, and prints a table of them; see `run`."""
    folder = MaskFolder(options.out or Path(_MASK_FOLDER), named)
    found: dict[_Source, FoundMask] = {}
    for sources, pictures in _pictures(list(named), saved, bad):
        files, rows = [one.file for one in sources], [one.row for one in sources]
        masks = folder.write(saved, pictures, files, rows)
        found.update(zip(sources, masks, strict=True))
    if options.json:
        described = [
            {"file": source.file, "row": source.row, **one.described(options.top)}
            for source, one in found.items()
        ]
        _print_json(saved, described, bad)
    else:
        print_masks(((str(source), one) for source, one in found.items()), options.top)
        _print_bad(bad, is_below=bool(found))
    return 1 if bad else 0


def _print_json(
    saved: SavedModel, predictions: Sequence[Mapping[str, object]], bad: Mapping[str, str]
) -> None:
    unread = [{"file": name, "reason": reason} for name, reason in bad.items()]
    result = {"model": str(saved.path), "predictions": predictions, "unread": unread}
    print(json.dumps(result, indent=2))


def _files(inputs: Iterable[Path], bad: dict[str, str]) -> dict[str, str]:
    """Lists files, and those under folders; notes the folders that cannot be read.

    Returns:
        The paths of files, and of each the path below what was given, without its ending.
    """

    def note(error: OSError) -> None:
        bad[str(error.filename)] = error.strerror or str(error)

    accepted = extensions(None, BatchIterator.white_list_formats)
    files: dict[str, str] = {}
    for path in inputs:
        if path.is_dir():
            found = image_files(str(path), accepted, follow_links=False, on_error=note)
            below = [os.path.join(root, name) for root, names in found for name in names]  # noqa: PTH118
            files |= {one: os.path.splitext(os.path.relpath(one, path))[0] for one in below}  # noqa: PTH122
        else:
            files[str(path)] = path.stem
    return files


def _pictures(
    files: Sequence[str], saved: SavedModel, bad: dict[str, str]
) -> Iterator[tuple[list[_Source], Sequence[NDArray[Any]] | NDArray[Any]]]:
    """Reads files, group by group; notes those that cannot be read.

    Yields:
        Where pictures come from, and the pictures.
    """
    for table in (path for path in files if _is_table(path)):
        try:
            rows = _read_table(Path(table), saved)
        except (OSError, ValueError) as error:
            bad[table] = getattr(error, "strerror", None) or str(error)
            continue
        for begin in range(0, len(rows), _GROUP):
            group = rows[begin : begin + _GROUP]
            yield [_Source(table, begin + i) for i in range(1, len(group) + 1)], group
    images = [path for path in files if not _is_table(path)]
    for begin in range(0, len(images), _GROUP):
        paths = images[begin : begin + _GROUP]
        sources, pictures = [], []
        for path, loaded in zip(paths, load_all(paths, saved.decoding, 0), strict=True):
            if loaded.image is None:
                bad[path] = loaded.error.reason if loaded.error else "no image"
            else:
                sources.append(_Source(path))
                pictures.append(loaded.image)
        if pictures:
            yield sources, pictures


def _is_table(path: str) -> bool:
    return path.lower().endswith(".csv")


def _read_table(path: Path, saved: SavedModel) -> NDArray[np.uint8]:
    """Reads the pictures of a table in the layout of Sign Language MNIST.

    Returns:
        Array `(rows, height, width, channels)`.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not such a table, or its pictures have not the model's size.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("is not text in UTF-8") from error
    lines = [
        (number, line)
        for number, line in enumerate(_without_quotes(text).splitlines(), start=1)
        if line.strip()
    ]
    names = [name.strip() for name in lines[0][1].split(",")] if lines else [""]
    first = 1 if names[0] == "label" else 0
    shape = (*saved.size, saved.channels)
    pixels = int(np.prod(shape))
    if not names[first:] or any(not name.startswith("pixel") for name in names[first:]):
        raise ValueError("does not begin with the heading label,pixel1,pixel2,...")
    if len(names) - first != pixels:
        size = " × ".join(map(str, shape))
        raise ValueError(
            f"has {len(names) - first} pixels in a row; the model takes {size} = {pixels}"
        )
    del lines[0]
    if not lines:
        raise ValueError("has no rows below its heading")
    for number, line in lines:
        if line.count(",") + 1 != len(names):
            raise ValueError(f"line {number} has not the {len(names)} columns of the heading")
    try:
        wanted = range(first, len(names))
        rows = np.loadtxt(
            [line for _, line in lines],
            np.uint8,
            delimiter=",",
            usecols=wanted,
            ndmin=2,
            comments=None,
        )
    except ValueError as error:
        raise ValueError(f"pixels must be whole numbers from 0 to 255: {error}") from error
    return rows.reshape(-1, *shape)


def _without_quotes(text: str) -> str:
    """Returns a CSV's text with fields that can be split at the commas between them."""
    if '"' not in text:  # as most are; to take one apart takes longer than to read its pixels
        return text
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ValueError(f"is no CSV: {error}") from error
    # What is no number is the label, which is not used.
    return "\n".join(",".join(" ".join(f.replace(",", " ").split()) for f in row) for row in rows)


def _print(found: dict[_Source, Prediction], top: int) -> None:
    """Prints predictions."""
    if found:
        ranks = range(1, top + 1)
        columns = ["file", *(name for rank in ranks for name in _columns(rank))]
        right = {_columns(rank)[1] for rank in ranks}
        print_table(columns, (_row(source, one, top) for source, one in found.items()), right)


def _print_bad(bad: dict[str, str], is_below: bool) -> None:
    """Prints the files that cannot be read; with a line between them and what is above."""
    if bad:
        if is_below:
            print()
        rows = [(printable(name), printable(reason)) for name, reason in bad.items()]
        print_table(("cannot be read", "reason"), rows)


def _columns(rank: int) -> tuple[str, str]:
    return ("class", "probability") if rank == 1 else (f"class {rank}", f"probability {rank}")


def _row(source: _Source, prediction: Prediction, top: int) -> list[str]:
    cells = [printable(str(source))]
    pairs = zip(prediction.classes, prediction.probabilities, strict=True)
    for _, (one, probability) in zip(range(top), pairs, strict=False):
        cells += [printable(one), f"{probability:.4f}"]
    return cells
