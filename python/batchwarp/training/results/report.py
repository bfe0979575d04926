"""The report of a training run: one HTML file that needs nothing else, and no network."""

from __future__ import annotations

import base64
import io
import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import MissingPackageError
from batchwarp.console.files import replacing
from batchwarp.training.results import evaluation, machine, segmentation
from batchwarp.training.results.evaluation import Evaluation, Misclassified
from batchwarp.training.results.segmentation import Segmentation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Report", "require_jinja", "write_report"]

_STATES = {
    "running": "The training is still running; these are the figures so far.",
    "finished": "",
    "interrupted": "The run was interrupted; these are the figures up to then.",
    "failed": "The run ended with an error; these are the figures up to then.",
}
_MOST_SHOWN = 100  # misclassified pictures of a part
_THUMBNAIL = 96  # pixels, the longer side
_PIXELATED = 48  # pixels; smaller pictures are shown enlarged, with hard edges
_LONGEST_LIST = 12
_FEW_CLASSES = 4


@dataclass(frozen=True)
class Report:
    """What is known of a training run.

    Attributes:
        title: Name of the task, for people: "O and X".
        script: Name of the script: "ox".
        status: "running", "finished", "interrupted" or "failed".
        settings: What the run was asked to do, as in `run.json`; may be nested.
        results: What came out, likewise. What `record` of the modules `evaluation` and
            `segmentation` makes of what is below is not shown a second time.
        history: Values per epoch by their names, as in `history.json`: Keras' metrics, "seconds",
            the duration, and "waiting", 0 to 1, the share of waiting for batches in its training.
        pictures: Headings and PNG files to show, such as learning curves and a batch; those that do
            not exist are left out. Confusion matrices and misclassified pictures are not among
            them: the report makes its own from `evaluations`.
        evaluations: What the model made of each part of the data; the last one, of the pictures
            furthest from training, is the headline.
        classes: Names of the classes.
        segmentations: What the model made of the masks of each part, likewise.
    """

    title: str
    script: str
    status: str
    settings: Mapping[str, object]
    results: Mapping[str, object]
    history: Mapping[str, Sequence[float]]
    pictures: Sequence[tuple[str, Path]]
    evaluations: Sequence[Evaluation]
    classes: Sequence[str]
    segmentations: Sequence[Segmentation] = ()


def require_jinja() -> None:
    """Checks that Jinja can be imported, before hours of work depend on it.

    Raises:
        MissingPackageError: If it cannot.
    """
    try:
        import jinja2  # noqa: F401 - imported to see that it can be
    except ImportError as error:
        raise MissingPackageError("jinja2", error) from error


def write_report(path: Path, report: Report) -> None:
    r"""Writes the report of a run as one HTML file, with everything in it.

    Bytes of a file's name that are no UTF-8 are shown as `\udc..`.

    Args:
        path: HTML file to write or replace.
        report: What to write.

    Raises:
        MissingPackageError: If Jinja cannot be imported.
        ValueError: If `report.status` is not one of the above.
        OSError: If a picture cannot be read, or the file not be written.
    """
    if report.status not in _STATES:
        raise ValueError(
            f"`report.status` must be one of {', '.join(_STATES)}, received: {report.status!r}"
        )
    text = _template().render(
        title=report.title,
        script=report.script,
        status=report.status,
        summary=_summary(report),
        evaluations=report.evaluations,
        run_figures=_run_figures(report.history),
        pictures=list(_pictures(report.pictures)),
        parts=[_part(one, report.classes) for one in report.evaluations],
        segmentations=[_segmented(one, report.classes) for one in report.segmentations],
        results=list(_flat(_other_results(report))),
        settings=list(_flat(report.settings)),
        history=_history(report.history),
        machine={**machine.versions(), "Processor": machine.processor()},
        written=datetime.now().astimezone(),
    )
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


@cache  # compiling it takes longer than to fill it in
def _template() -> Any:
    """Returns the template of a report."""
    require_jinja()
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["percent"] = _percent
    environment.filters["duration"] = _duration
    return environment.get_template("report.html.jinja")


def _summary(report: Report) -> list[str]:
    """Returns the result in a sentence or two."""
    sentences = [_result(report), _STATES[report.status]]
    epochs = _epochs(report.history)
    seconds = report.history.get("seconds", ())
    if epochs:
        counted = f"{epochs} {'epoch' if epochs == 1 else 'epochs'} of training"
        took = f" took {_duration(math.fsum(seconds))}" if seconds else ""
        sentences.insert(1, f"{counted}{took}." if took else f"There were {counted}.")
    return [sentence for sentence in sentences if sentence]


def _result(report: Report) -> str:
    """Returns how good the model is, as far as that is known."""
    if report.evaluations:
        last = report.evaluations[-1]
        right = last.count - last.wrong
        return (
            f"The model recognises {right:,} of {last.count:,} {last.part} pictures: "
            f"an accuracy of {last.accuracy:.4f}."
        )
    if report.segmentations:
        pixels = report.segmentations[-1]
        return (
            f"The model has a mean IoU of {pixels.mean_iou:.4f} on {pixels.count:,} {pixels.part} "
            f"pictures, of whose pixels it takes {_percent(pixels.accuracy)} for what they are."
        )
    for name, part in (("val_accuracy", "validation"), ("accuracy", "training")):
        values = report.history.get(name)
        if values:
            return f"The accuracy on the {part} pictures is {values[-1]:.4f} at last."
    return "There is no result yet."


def _run_figures(history: Mapping[str, Sequence[float]]) -> list[tuple[str, str]]:
    """Returns names and values of what the history says of the run as a whole."""
    figures = [("Epochs", str(_epochs(history)))]
    for name, what in (
        ("val_mean_iou", "Best validation mean IoU"),
        ("val_accuracy", "Best validation accuracy"),
        ("val_loss", "Least validation loss"),
    ):
        best = _best(name, history.get(name, ()))
        if best is not None:
            figures.append((what, f"{history[name][best]:.4f} (epoch {best + 1})"))
    if history.get("seconds"):
        figures.append(("Time per epoch", _duration(statistics.median(history["seconds"]))))
    if history.get("waiting"):
        waiting = statistics.median(history["waiting"])
        figures.append(("Waiting for batches", f"{_percent(waiting)} of the training time"))
    return figures


def _epochs(history: Mapping[str, Sequence[float]]) -> int:
    """Returns the number of epochs."""
    return max(map(len, history.values()), default=0)


def _best(name: str, values: Sequence[float]) -> int | None:
    """Returns the index of the best value of a metric; None if it has none."""
    finite = [index for index, value in enumerate(values) if math.isfinite(value)]
    if not finite or not name.endswith(("loss", "accuracy", "iou")):
        return None
    choose = min if name.endswith("loss") else max
    return choose(finite, key=lambda index: values[index])


def _history(history: Mapping[str, Sequence[float]]) -> dict[str, object]:
    """Returns the history as a table; the best value of each metric is marked."""
    best = {name: _best(name, values) for name, values in history.items()}
    rows = itertools.zip_longest(*history.values())
    return {
        "names": list(history),
        "rows": [
            [
                ("" if value is None else _number(value), best[name] == epoch)
                for name, value in zip(history, row, strict=True)
            ]
            for epoch, row in enumerate(rows)
        ],
    }


def _pictures(pictures: Sequence[tuple[str, Path]]) -> Iterator[tuple[str, str]]:
    """Yields headings and PNG files as data URIs."""
    for heading, path in pictures:
        with suppress(FileNotFoundError):
            yield heading, _data_uri(path.read_bytes(), "png")


def _part(one: Evaluation, classes: Sequence[str]) -> dict[str, object]:
    """Returns what the report shows of an evaluation."""
    shown = one.misclassified[:_MOST_SHOWN]
    return {
        "name": one.part,
        "count": one.count,
        "wrong": one.wrong,
        "classes": classes,
        "turned": max(map(len, classes)) > 3 and len(classes) > _FEW_CLASSES,
        "matrix": _cells(one.matrix),
        "per_class": list(
            zip(classes, one.precision, one.recall, one.f1, one.support, strict=True)
        ),
        "means": [float(values.mean()) for values in (one.precision, one.recall, one.f1)],
        "misclassified": [_mistake(mistake, classes) for mistake in shown],
    }


def _segmented(one: Segmentation, classes: Sequence[str]) -> dict[str, object]:
    """Returns what the report shows of an evaluation of masks."""
    return {
        "name": one.part,
        "count": one.count,
        "mean_iou": one.mean_iou,
        "accuracy": one.accuracy,
        "loss": one.loss,
        "classes": classes,
        "matrix": _cells(one.matrix, shares=True),
        "per_class": [
            (name, "none" if math.isnan(iou) else f"{iou:.4f}", _percent(support))
            for name, iou, support in zip(classes, one.iou, one.support, strict=True)
        ],
    }


def _cells(matrix: NDArray[np.int64], *, shares: bool = False) -> list[list[dict[str, object]]]:
    """Returns the cells of a confusion matrix, or shares of its rows, and how they are coloured."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    strength = share.copy()
    # Mistakes are few: under a root, one in a hundred is seen.
    few = len(matrix) <= _FEW_CLASSES
    mistakes = ~np.eye(len(matrix), dtype=np.bool_)
    strength[mistakes] = np.sqrt(strength[mistakes])

    def text(row: int, column: int) -> str:
        if not (matrix[row, column] or few):
            return ""
        return _percent(share[row, column]) if shares else f"{matrix[row, column]:,}"

    return [
        [
            {
                "text": text(row, column),
                "strength": strength[row, column],
                "kind": "right" if row == column else "wrong",
            }
            for column in range(len(matrix))
        ]
        for row in range(len(matrix))
    ]


def _mistake(one: Misclassified, classes: Sequence[str]) -> dict[str, object]:
    """Returns what the report shows of a misclassified picture."""
    return {
        "true": classes[one.true],
        "predicted": classes[one.predicted],
        "probability": one.probability,
        "source": one.source,
        "picture": _thumbnail(one.image),
        "pixelated": max(one.image.shape[:2]) <= _PIXELATED,
    }


def _thumbnail(image: NDArray[np.float32]) -> str:
    """Returns a picture as a data URI: lossless if it is small, else reduced and compressed."""
    from PIL import Image

    pixels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    colours = pixels.shape[2] >= 3
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., :3] if colours else pixels[..., 0]))
    small = max(picture.size) <= _THUMBNAIL
    stream = io.BytesIO()
    if small:
        picture.save(stream, "png", optimize=True)
    else:
        picture.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.LANCZOS)
        picture.save(stream, "jpeg", quality=85)
    return _data_uri(stream.getvalue(), "png" if small else "jpeg")


def _data_uri(content: bytes, kind: str) -> str:
    """Returns the content of an image file as an address that contains it."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _other_results(report: Report) -> dict[str, object]:
    """Returns the results that the evaluations do not contain."""
    figures = {
        **evaluation.record(report.evaluations, report.classes),
        **segmentation.record(report.segmentations, report.classes),
    }
    known = [figures, *figures.values()]
    return {name: value for name, value in report.results.items() if value not in known}


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields the names and values of nested mappings, the names joined by dots."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, _value(value)


def _value(value: object) -> str:
    """Returns a setting or a result as text."""
    if isinstance(value, list | tuple):
        shown = ", ".join(_value(item) for item in value[:_LONGEST_LIST])
        return shown if len(value) <= _LONGEST_LIST else f"{shown}, … ({len(value)} in all)"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """Returns a metric as text."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 10 else f"{value:.4g}"


def _percent(value: float) -> str:
    """Returns a share as text."""
    return f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def _duration(seconds: float) -> str:
    """Returns a time as text."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
