"""Trying a trained model on pictures: what it takes them for, and where it is wrong."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.files import replacing
from batchwarp.training.data.part import Batches, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "EPSILON",
    "Evaluation",
    "Misclassified",
    "evaluate",
    "record",
    "write_misclassified",
]

# Keras' epsilon: probabilities are kept this far from 0 and 1 before their logarithm is taken.
EPSILON = 1e-7
# How much a model is given at once: its activations take some hundred times the memory.
_VALUES_AT_ONCE = 1 << 19
_LEAST_AT_ONCE = 32
_MOST_AT_ONCE = 512


@dataclass(frozen=True)
class Misclassified:
    """A picture that the model took for something else.

    Attributes:
        part: Name of its part.
        source: Where it comes from.
        true: Index of its class.
        predicted: Index of the class that the model took it for.
        probability: What the model gave to `predicted`, 0 to 1.
        image: The picture, float32 of shape `(height, width, channels)`, 0 to 1; one with values
            outside of this range is scaled to it.
    """

    part: str
    source: str
    true: int
    predicted: int
    probability: float
    image: NDArray[np.float32]


@dataclass(frozen=True)
class Evaluation:
    """What a model made of a part.

    Attributes:
        part: Name of the part.
        matrix: Confusion matrix, int64 of shape `(k, k)`: how many pictures of each class (rows)
            were taken for each class (columns).
        loss: Mean cross-entropy; NaN if there is no picture, or if the model has diverged.
        misclassified: The mistakes that the model was most sure of, the surest first; in the
            flow's order where it was equally sure.
        unread: Number of pictures that were left out because their files could not be read.
    """

    part: str
    matrix: NDArray[np.int64]
    loss: float
    misclassified: tuple[Misclassified, ...]
    unread: int

    @property
    def count(self) -> int:
        """Number of pictures, without the unread ones."""
        return int(self.matrix.sum())

    @property
    def wrong(self) -> int:
        """Number of misclassified pictures."""
        return self.count - int(np.trace(self.matrix))

    @property
    def accuracy(self) -> float:
        """Share of pictures that were taken for what they are; 0 if there is none."""
        return (self.count - self.wrong) / max(self.count, 1)

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of the pictures taken for each class, the share that are; 0 if there is none."""
        return _share(np.diagonal(self.matrix), self.matrix.sum(axis=0))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of the pictures of each class, the share taken for it; 0 if there is none."""
        return _share(np.diagonal(self.matrix), self.support)

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall of each class; 0 if both are 0."""
        return _share(2 * np.diagonal(self.matrix), self.matrix.sum(axis=0) + self.support)

    @property
    def support(self) -> NDArray[np.int64]:
        """Number of pictures of each class."""
        count: NDArray[np.int64] = self.matrix.sum(axis=1)
        return count


def evaluate(model: Any, part: Part, classes: Sequence[str], *, most: int = 100) -> Evaluation:
    """Tries a model on pictures.

    Only misclassified pictures are kept, so memory does not grow with the data set.

    Args:
        model: A Keras model whose output is `(n, 1)`, the probability of class 1 of two, or
            `(n, k)`, the probabilities of k classes. It need not be compiled.
        part: The pictures.
        classes: Names of the classes, at least 2.
        most: How many misclassified pictures to keep, at least 0: those that the model was most
            sure of.

    Returns:
        The evaluation.

    Raises:
        ValueError: If the number of labels, sources and pictures differ, a label is not the index
            of a class, the flow is shuffled, the model has not one output for each class, or
            `classes` or `most` is not as above.
    """
    _check(part, classes, most)
    labels = np.asarray(part.labels, np.intp)
    tally = _Tally(part, classes, most)
    begin = 0
    for images in _pieces(part.flow):
        rows = np.arange(begin, begin + len(images))
        if rows[-1] >= len(labels):
            raise ValueError(f"`part.flow` has more pictures than the {len(labels)} labels")
        begin += len(images)
        tally.add(images, rows, labels[rows], _predicted(model, images, len(classes)))
    if begin != len(labels):
        raise ValueError(f"`part.flow` has {begin} pictures, fewer than the {len(labels)} labels")
    return tally.evaluation()


def record(evaluations: Sequence[Evaluation], classes: Sequence[str]) -> dict[str, Any]:
    """Returns the figures of evaluations, to be kept as JSON.

    Args:
        evaluations: The evaluations, of parts of different names.
        classes: Names of the classes.

    Returns:
        For each part "accuracy", "loss" (None if it is not a number), "images", "misclassified"
        and "unread" (their numbers), "confusion" (rows are the true classes) and "classes", which
        has "precision", "recall", "f1" and "support" of each by its name.
    """
    return {
        one.part: {
            "accuracy": one.accuracy,
            "loss": one.loss if math.isfinite(one.loss) else None,
            "images": one.count,
            "misclassified": one.wrong,
            "unread": one.unread,
            "confusion": one.matrix.tolist(),
            "classes": {
                name: {
                    "precision": float(one.precision[label]),
                    "recall": float(one.recall[label]),
                    "f1": float(one.f1[label]),
                    "support": int(one.support[label]),
                }
                for label, name in enumerate(classes)
            },
        }
        for one in evaluations
    }


def write_misclassified(
    evaluations: Sequence[Evaluation], classes: Sequence[str], path_csv: Path
) -> None:
    r"""Writes the misclassified pictures that were kept as a table.

    Args:
        evaluations: The evaluations.
        classes: Names of the classes.
        path_csv: CSV file to write or replace, in UTF-8; bytes of a file's name that are none are
            written as `\udc..`, as Python shows them.
    """
    with (
        replacing(path_csv) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("part", "source", "true", "predicted", "probability"))
        for one in (one for evaluation in evaluations for one in evaluation.misclassified):
            names = classes[one.true], classes[one.predicted]
            rows.writerow((one.part, one.source, *names, f"{one.probability:.6f}"))


class _Tally:
    """Adds up what a model makes of pictures."""

    def __init__(self, part: Part, classes: Sequence[str], most: int) -> None:
        self._part = part
        self._most = most
        self._matrix = np.zeros((len(classes), len(classes)), np.int64)
        self._loss = 0.0
        self._unread = 0
        self._misclassified: list[Misclassified] = []

    def add(
        self,
        images: NDArray[Any],
        rows: NDArray[np.intp],
        labels: NDArray[np.intp],
        probabilities: NDArray[np.float64],
    ) -> None:
        """Adds pictures, which are `rows` of the part."""
        read = self._read(rows)
        self._unread += len(rows) - int(read.sum())
        images, rows = images[read], rows[read]
        labels, probabilities = labels[read], probabilities[read]
        predicted = probabilities.argmax(axis=1)
        np.add.at(self._matrix, (labels, predicted), 1)
        likelihood = probabilities[np.arange(len(rows)), labels]
        self._loss -= float(np.log(likelihood.clip(EPSILON, 1 - EPSILON)).sum())
        self._keep(images, rows, labels, predicted, probabilities.max(axis=1))

    def _read(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Returns which pictures are what is in their files, not what stands in for it."""
        flow: Any = self._part.flow
        errors = getattr(flow, "errors", ())
        if not errors:
            return np.ones(len(rows), np.bool_)
        unread = {error.path for error in errors}
        paths = flow.filepaths
        return np.array([paths[row] not in unread for row in rows], np.bool_)

    def _keep(
        self,
        images: NDArray[Any],
        rows: NDArray[np.intp],
        labels: NDArray[np.intp],
        predicted: NDArray[np.intp],
        confidence: NDArray[np.float64],
    ) -> None:
        """Keeps the surest mistakes of these and the earlier pictures."""
        wrong = np.flatnonzero(predicted != labels)
        surest = wrong[np.argsort(-confidence[wrong], kind="stable")][: self._most]
        mistakes = [
            Misclassified(
                part=self._part.name,
                source=self._part.sources[rows[index]],
                true=int(labels[index]),
                predicted=int(predicted[index]),
                probability=float(confidence[index]),
                image=_shown(images[index]),
            )
            for index in surest
        ]
        mistakes = sorted([*self._misclassified, *mistakes], key=_by_confidence)
        self._misclassified = mistakes[: self._most]

    def evaluation(self) -> Evaluation:
        """Returns the result."""
        count = int(self._matrix.sum())
        return Evaluation(
            part=self._part.name,
            matrix=self._matrix,
            loss=self._loss / count if count else math.nan,
            misclassified=tuple(self._misclassified),
            unread=self._unread,
        )


def _by_confidence(one: Misclassified) -> float:
    """Returns what mistakes are sorted by; a model that has diverged is sure of nothing."""
    return 0.0 if math.isnan(one.probability) else -one.probability


def _check(part: Part, classes: Sequence[str], most: int) -> None:
    """Checks the arguments of `evaluate`."""
    if len(classes) < 2:
        raise ValueError(f"`classes` must be at least 2 names, received: {list(classes)}")
    if most < 0:
        raise ValueError(f"`most` must be at least 0, received: {most}")
    labels = np.asarray(part.labels)
    if len(part.sources) != len(labels):
        raise ValueError(
            f"`part.labels` and `part.sources` must be of one length, received: {len(labels)} and "
            f"{len(part.sources)}"
        )
    strange = labels[(labels < 0) | (labels >= len(classes))]
    if strange.size:
        raise ValueError(
            f"`part.labels` must be indices of {len(classes)} classes, received: {strange[0]}"
        )
    if getattr(part.flow, "shuffle", False):
        raise ValueError("`part.flow` must not be shuffled: its pictures would get wrong labels")


def _pieces(flow: Batches) -> Iterator[NDArray[Any]]:
    """Yields the pictures of a flow in pieces of one size, but for the last.

    A model is slow with small pieces, short of memory with large ones, and may be compiled anew for
    every size.
    """
    waiting: list[NDArray[Any]] = []
    for index in range(len(flow)):
        batch = flow[index]
        images = np.asarray(batch[0] if isinstance(batch, tuple | list) else batch)
        waiting.append(images)
        size = _VALUES_AT_ONCE // max(math.prod(images.shape[1:]), 1)
        size = min(max(size, _LEAST_AT_ONCE), _MOST_AT_ONCE)
        pieces = sum(map(len, waiting)) // size
        if pieces:
            joined = np.concatenate(waiting)
            yield from np.split(joined[: pieces * size], pieces)
            waiting = [joined[pieces * size :]]
    if sum(map(len, waiting)):
        yield np.concatenate(waiting)


def _predicted(model: Any, images: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Returns the probability of every class for every picture, of shape `(n, classes)`."""
    output = np.asarray(model.predict_on_batch(images), np.float64)
    if output.shape == (len(images), 1) and classes == 2:
        return np.concatenate([1 - output, output], axis=1)
    if output.shape != (len(images), classes):
        raise ValueError(
            f"`model` must have an output of shape (n, {classes}) for {classes} classes, or of "
            f"(n, 1) for two, received: {output.shape} for {len(images)} pictures"
        )
    return output


def _shown(image: NDArray[Any]) -> NDArray[np.float32]:
    """Returns a copy of a picture with values from 0 to 1."""
    copy: NDArray[np.float32] = np.nan_to_num(np.array(image, np.float32))
    low, high = float(copy.min()), float(copy.max())
    if low < 0 or high > 1:
        copy -= low
        copy /= max(high - low, 1e-30)
    return copy


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns quotients, 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
