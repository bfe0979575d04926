"""The outcome of a run: its pictures, the evaluation of its model, its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.frameworks import load_keras, quiet_keras
from batchwarp.console.output import say
from batchwarp.training.data.part import MaskedPart, Part
from batchwarp.training.results import (
    evaluation,
    mask_plots,
    plots,
    report,
    segmentation,
    summary,
)
from batchwarp.training.results.evaluation import Evaluation
from batchwarp.training.results.names import (
    CONFUSION_FILE,
    H5_FILE,
    MISCLASSIFIED_FILE,
    MISTAKES_FILE,
    MODEL_FILE,
    PICTURES,
    REPORT_FILE,
    WORST_FILE,
)
from batchwarp.training.results.segmentation import Segmentation
from batchwarp.training.run import speed
from batchwarp.training.run.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Outcome"]

# A picture of more would be too long to look at.
_MOST_MISCLASSIFIED = 100
_WORST = 18


class Outcome:
    """Writes what comes of a run into its folder, each thing as soon as its content exists.

    Args:
        record: The record of the run.
        title: Title of the report and the pictures.
        classes: Names of the classes.
        batch_size: Images in a batch, for the comparison of generators.
        seed: Seed of what is augmented to be shown and compared.
        h5: Whether the model is saved in Keras' old format, too.
    """

    def __init__(
        self,
        record: Record,
        title: str,
        classes: Sequence[str],
        *,
        batch_size: int,
        seed: int,
        h5: bool,
    ) -> None:
        self._record = record
        self._title = title
        self._classes = tuple(classes)
        self._batch_size = batch_size
        self._seed = seed
        self._h5 = h5
        self._evaluations: list[Evaluation] = []
        self._segmentations: list[Segmentation] = []

    def draw_batch(
        self, datagen: Any, images: NDArray[Any], labels: NDArray[np.integer[Any]] | None = None
    ) -> None:
        """Draws images above what a generator makes of them, as `before-after.png`.

        Args:
            datagen: The generator.
            images: Images of shape `(n, height, width, channels)`, 0 to 255.
            labels: Their classes, to be written below them.
        """
        plots.before_after(
            images / 255.0,
            self._augmented(datagen, images),
            self._record.path("before-after.png"),
            title=f"{self._title}: a batch before and after augmentation",
            names=[] if labels is None else [self._classes[label] for label in labels],
        )

    def draw_masks(self, datagen: Any, images: NDArray[Any], masks: NDArray[Any]) -> None:
        """Draws images and masks above what a generator makes of them, as `before-after.png`.

        Args:
            datagen: The generator.
            images: Images of shape `(n, height, width, channels)`, 0 to 255.
            masks: Their masks, of shape `(n, height, width)`.
        """
        flow = datagen.flow(images, None, len(images), shuffle=False, seed=self._seed, masks=masks)
        mask_plots.masks_before_after(
            (images / 255.0, masks),
            next(flow),
            self._classes,
            self._record.path("before-after.png"),
            title=f"{self._title}: pictures and masks before and after augmentation",
        )

    def draw_variants(self, datagen: Any, image: NDArray[Any], count: int = 20) -> None:
        """Draws variants of one image, as `variants.png`.

        Args:
            datagen: The generator.
            image: Image of shape `(height, width, channels)`, 0 to 255.
            count: Number of variants.
        """
        variants = self._augmented(datagen, np.repeat(image[np.newaxis], count, axis=0))
        plots.pictures(
            variants,
            [""] * count,
            self._record.path("variants.png"),
            title=f"{self._title}: {count} variants of one picture",
        )

    def _augmented(self, datagen: Any, images: NDArray[Any]) -> NDArray[Any]:
        # Images that are mixed have labels, which do not matter here.
        labels = np.zeros(len(images), np.int64)
        flow = datagen.flow(images, labels, len(images), shuffle=False, seed=self._seed)
        batch: NDArray[Any] = next(flow)[0]
        return batch

    def draw_curves(self) -> None:
        """Draws the learning curves, as `curves.png`."""
        plots.curves(
            self._record.history,
            self._record.path("curves.png"),
            title=f"{self._title}: learning curves",
        )

    def evaluate(self, parts: Sequence[Part]) -> Any:
        """Tries the saved model on parts of the data; writes what it got wrong.

        Args:
            parts: The parts.

        Returns:
            The model, loaded from `model.keras`.
        """
        record, model = self._record, self._saved_model()
        self._evaluations = [
            evaluation.evaluate(model, part, self._classes, most=_MOST_MISCLASSIFIED)
            for part in parts
        ]
        figures = evaluation.record(self._evaluations, self._classes)
        record.add(epochs=record.epochs, parts=figures)
        evaluation.write_misclassified(
            self._evaluations, self._classes, record.path(MISCLASSIFIED_FILE)
        )
        plots.confusion_matrix(
            {one.part: one.matrix for one in self._evaluations},
            self._classes,
            record.path(CONFUSION_FILE),
            title=f"{self._title}: confusion matrices",
        )
        self._draw_mistakes()
        return model

    def evaluate_masks(self, parts: Sequence[MaskedPart]) -> None:
        """Tries the saved model on parts of the data with masks; draws what it did worst.

        Args:
            parts: The parts; of the last one are the worst pictures.
        """
        record, model = self._record, self._saved_model()
        self._segmentations = [
            segmentation.evaluate_masks(model, part, self._classes, most=_WORST) for part in parts
        ]
        figures = segmentation.record(self._segmentations, self._classes)
        record.add(epochs=record.epochs, parts=figures)
        last = self._segmentations[-1]
        mask_plots.worst_pictures(
            last.worst,
            self._classes,
            record.path(WORST_FILE),
            title=f"{self._title}: the worst of {last.count} {last.part} pictures, "
            "their masks, and what the model has found",
        )

    def _saved_model(self) -> Any:
        """Loads the model from `model.keras`, and saves it as `model.h5` if that is wanted.

        Workers that have trained together try it each by itself.
        """
        keras = load_keras()
        if keras.distribution.distribution() is not None:
            keras.distribution.set_distribution(None)
        model = self._record.load_model(self._record.path(MODEL_FILE))
        if self._h5:
            with quiet_keras():  # says that the format is old, which is why it was asked for
                self._record.save_model(model, H5_FILE)
        return model

    def _draw_mistakes(self) -> None:
        mistakes = [mistake for one in self._evaluations for mistake in one.misclassified]
        picture = self._record.path(MISTAKES_FILE)
        if not mistakes:
            picture.unlink(missing_ok=True)  # of the epochs before
            return
        count = sum(one.wrong for one in self._evaluations)
        shown = f"all {count}" if len(mistakes) == count else f"{len(mistakes)} of {count}"
        plots.pictures(
            np.stack([mistake.image for mistake in mistakes]),
            [
                f"{one.part}\n{self._classes[one.true]} taken for {self._classes[one.predicted]}"
                for one in mistakes
            ],
            picture,
            title=f"{self._title}: {shown} misclassified pictures",
        )

    def list_unread(self, flows: Sequence[Any]) -> None:
        """Lists the files that could not be read.

        Args:
            flows: Iterators over files; those of Keras have no list.
        """
        errors = [error for flow in flows for error in getattr(flow, "errors", ())]
        unread = sorted({str(error) for error in errors})
        self._record.add(unread=unread)
        if unread:
            more = ", ..." if len(unread) > 1 else ""
            say(f"{len(unread)} pictures could not be read and were left out: {unread[0]}{more}")

    def compare_generators(
        self, augmentation: Mapping[str, Any], x: NDArray[np.uint8], y: NDArray[Any]
    ) -> None:
        """Compares the speed of augmentation with Keras' own generator.

        Args:
            augmentation: Arguments of both generators.
            x: Images of shape `(n, height, width, channels)`; the first 512 are used.
            y: Their labels.
        """
        size = self._batch_size
        result = speed.compare(augmentation, x[:512], y[:512], batch_size=size, seed=self._seed)
        self._record.add(
            speed={
                "batchwarp_images_per_second": round(result.batchwarp),
                "keras_images_per_second": round(result.keras),
                "ratio": round(result.ratio, 2),
                "repeats": result.repeats,
                "threads": result.threads,
                "largest_pixel_difference": result.difference,
            }
        )
        height, width, channels = x.shape[1:]
        say(
            f"Augmentation: batchwarp {result.batchwarp:,.0f} images/s, "
            f"Keras {result.keras:,.0f} images/s: {result.ratio:.1f} times as fast"
        )
        say(
            f"  ({width}x{height}x{channels} pixels, batches of {size}, "
            f"{result.threads} thread(s), medians of {result.repeats} measurements in turn; "
            f"same seed, largest pixel difference {result.difference:.1e} of 1)"
        )

    def write_report(self) -> None:
        """Writes the report, with what is known by now."""
        record = self._record
        report.write_report(
            record.path(REPORT_FILE),
            report.Report(
                title=self._title,
                script=record.script,
                status=record.status,
                settings=record.settings,
                results=record.results,
                history=record.history,
                pictures=[(heading, record.path(name)) for name, heading in PICTURES.items()],
                evaluations=self._evaluations,
                classes=self._classes,
                segmentations=self._segmentations,
            ),
        )

    def show_summary(self) -> None:
        """Prints the figures of the run as a table, if an epoch is complete."""
        if self._record.epochs:
            summary.show(self._title, self._record.results)
