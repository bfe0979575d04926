"""What `batchwarp preview` shows: a batch of images, and what was drawn for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from batchwarp.cli.preview_overlay import Overlay

__all__ = ["Batch", "Shown"]


class Shown(NamedTuple):
    """One image of a batch, and what it was made of.

    Attributes:
        sample: Integer, the index of the sample.
        original: Array of rank 3, the image as it is stored.
        parameters: What was drawn, in types that JSON has; empty if images are not augmented.
        image: Array of rank 3, the image as it is in the batch.
        step_by_step: Array like `image`, made in another way to compare them; or `None`.
        before: What belongs to the original, if something does.
        after: What belongs to the image.
    """

    sample: int
    original: NDArray[Any]
    parameters: Any
    image: NDArray[Any]
    step_by_step: NDArray[Any] | None = None
    before: Overlay | None = None
    after: Overlay | None = None


@dataclass(frozen=True)
class Batch(ABC):
    """A batch of one image, again and again, or of a folder's images.

    Attributes:
        source: The image or the folder.
        seed: Seed of the batch.
        names: Names of the samples; empty for one image.
        python: Lines of Python that give the same batch.
        data_format: The order of an image's axes.
        has_overlays: Whether something is drawn over the images.
        legend: What a reader of the table must know.
        in_words: Whether its cells are words, not numbers.
    """

    source: Path
    seed: int
    names: Sequence[str]
    python: Sequence[str]
    data_format: str
    has_overlays: bool

    legend: ClassVar[str]
    in_words: ClassVar[bool]

    @abstractmethod
    def shown(self) -> Iterator[Shown]:
        """Makes the images of the batch, one after the other.

        Raises:
            UsageError: If a file cannot be read, or an integer dtype cannot hold the images.
        """

    @abstractmethod
    def caption(self) -> str:
        """Returns what is done to the images, in one line."""

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """Returns what is done to the images in types that JSON has, under one key."""

    @abstractmethod
    def natural_range(self) -> tuple[float, float] | None:
        """Returns the range that values should be in, or `None` if they have none."""

    @abstractmethod
    def table(self, parameters: Sequence[Any]) -> list[list[str]]:
        """Returns the cells of a table of what was drawn, a heading first, then a row for each."""
