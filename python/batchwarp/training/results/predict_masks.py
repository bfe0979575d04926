"""`batchwarp predict` with a model that finds masks: files of them, and pictures under them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import UsageError
from batchwarp.console.files import replacing
from batchwarp.console.tables import print_table, printable
from batchwarp.image import load_img
from batchwarp.training.results.found_masks import (
    find_masks,
    in_size,
    overlay,
    save_mask,
    shares,
)
from batchwarp.training.results.saved import SavedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FoundMask", "MaskFolder", "print_masks"]

MASKS, OVERLAYS = "masks", "overlays"


@dataclass(frozen=True)
class FoundMask:
    """What a model has found in a picture.

    Attributes:
        mask: The file with the classes of the pixels.
        overlay: The file with the picture under them.
        classes: The names of those that were found, that of most pixels first.
        shares: Their shares of the pixels, likewise.
    """

    mask: Path
    overlay: Path
    classes: tuple[str, ...]
    shares: tuple[float, ...]

    def described(self, top: int | None) -> dict[str, object]:
        """Returns it in a form for JSON, with so many classes at most."""
        pairs = list(zip(self.classes, self.shares, strict=True))[:top]
        return {
            "mask": str(self.mask),
            "overlay": str(self.overlay),
            "classes": [{"class": name, "share": round(share, 6)} for name, share in pairs],
        }


class MaskFolder:
    """The folder that masks and overlays are written to, named as their pictures.

    Args:
        folder: Path.
        names: For each picture file the path, without its ending, that its files have below the
            folders of masks and of overlays.

    Raises:
        UsageError: If two pictures have the same, or a file to be written is one of the pictures.
    """

    def __init__(self, folder: Path, names: Mapping[str, str]) -> None:
        self._folder = folder
        self._names = dict(names)
        of_names: dict[str, str] = {}
        for path, name in self._names.items():
            other = of_names.setdefault(os.path.normcase(name), path)
            if other != path:
                raise UsageError(
                    f"{path}: its mask would have the name of that of {other}; give one of them in "
                    "another call, with another --out"
                )
        given = {os.path.realpath(path) for path in self._names}
        for name in self._names.values():
            for kind in (MASKS, OVERLAYS):
                if os.path.realpath(self._path(kind, name)) in given:
                    raise UsageError(
                        f"argument --out: {self._path(kind, name)} is one of the pictures"
                    )

    def _path(self, kind: str, name: str) -> Path:
        return self._folder / kind / f"{name}.png"

    def write(
        self,
        saved: SavedModel,
        pictures: Sequence[NDArray[Any]] | NDArray[Any],
        files: Sequence[str],
        rows: Sequence[int | None],
    ) -> list[FoundMask]:
        """Finds masks and writes them.

        Args:
            saved: A model that makes masks.
            pictures: Arrays `(height, width, channels)` of pixels from 0 to 255, in its size.
            files: Where each is from.
            rows: Which row of that it is, of a table; `None` for a picture file.

        Raises:
            UsageError: If a file cannot be written.
        """
        masks = find_masks(saved, saved.prepared(pictures))
        found = []
        for picture, mask, file, row in zip(pictures, masks, files, rows, strict=True):
            shown = _rgb(picture) if row is not None else np.asarray(load_img(file))
            whole = in_size(mask, *shown.shape[:2])
            name = self._names[file] if row is None else f"{self._names[file]}-{row}"
            mask_path, overlay_path = (self._path(kind, name) for kind in (MASKS, OVERLAYS))
            with _written(mask_path):
                save_mask(whole, mask_path)
            with _written(overlay_path):
                _save_picture(overlay(shown, whole), overlay_path)
            parts = shares(whole, len(saved.classes))
            order = [one for one in np.argsort(parts, kind="stable")[::-1].tolist() if parts[one]]
            found.append(
                FoundMask(
                    mask_path,
                    overlay_path,
                    tuple(saved.classes[one] for one in order),
                    tuple(parts[one] for one in order),
                )
            )
        return found


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Makes the folder of a file that is written in the block, and says if it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"argument --out: cannot write {path}: {reason}") from error


def _save_picture(picture: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    with replacing(path) as temporary:
        Image.fromarray(picture).save(temporary, format="png")


def _rgb(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Returns a picture of any number of channels in colour."""
    colours = picture[..., :3] if picture.shape[-1] > 1 else picture.repeat(3, axis=-1)
    return np.asarray(colours, np.uint8)


def print_masks(found: Iterable[tuple[str, FoundMask]], top: int | None) -> None:
    """Prints a table of what was found, by the names of pictures."""
    rows = []
    for name, one in found:
        pairs = list(zip(one.classes, one.shares, strict=True))[:top]
        classes = ", ".join(f"{label} {share:.1%}" for label, share in pairs)
        rows.append((printable(name), printable(classes), printable(str(one.mask))))
    if rows:
        print_table(("file", "classes", "mask"), rows)
