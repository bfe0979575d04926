"""Which mask belongs to which image, in two trees of files of one shape."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from batchwarp._words import counted
from batchwarp.files.index import files_of_class

__all__ = ["Pairs", "masks_of_images", "paired"]

_MOST_NAMED = 10


class Pairs(NamedTuple):
    """Which masks belong to images.

    Attributes:
        masks: For each image the paths of its masks relative to their folder; one, if all is well.
        extra: Paths, likewise, of masks that belong to none.
    """

    masks: list[list[str]]
    extra: list[str]


def paired(
    folder: str,
    images: Sequence[tuple[str, Sequence[str]]],
    extensions: Sequence[str],
    follow_links: bool,
) -> Pairs:
    """Finds the masks of images: those that have an image's name up to the extension.

    Args:
        folder: String, the folder of masks, in which folders are called as those of images are. If
            there is one class only, which has no folder there, its masks are in `folder` itself.
        images: For each class its name, which is that of a folder, and the paths of its images
            relative to the folder of all classes.
        extensions: The ends of the names of masks, in lower case.
        follow_links: Boolean, whether to look into folders that are symbolic links.
    """
    found: list[list[str]] = []
    extra: list[str] = []
    for name, names in images:
        inside = name
        if len(images) == 1 and not os.path.isdir(os.path.join(folder, name)):
            inside = os.curdir
        by_stem: dict[str, list[str]] = {}
        for mask in files_of_class(folder, inside, extensions, follow_links):
            by_stem.setdefault(_stem(mask, inside), []).append(os.path.normpath(mask))
        stems = [_stem(image, name) for image in names]
        found += [by_stem.get(stem, []) for stem in stems]
        wanted = set(stems)
        extra += [mask for stem, masks in by_stem.items() if stem not in wanted for mask in masks]
    return Pairs(found, extra)


def masks_of_images(
    argument: str,
    folder: str,
    images: Sequence[tuple[str, Sequence[str]]],
    extensions: Sequence[str],
    follow_links: bool,
) -> list[str]:
    """Returns the path of the mask of each image.

    Args:
        argument: String, the argument's name for errors.
        folder: As for `paired`.
        images: As for `paired`.
        extensions: As for `paired`.
        follow_links: As for `paired`.

    Returns:
        List of paths, in the order of the images.

    Raises:
        ValueError: If an image has no mask or several, or a mask no image.
    """
    pairs = paired(folder, images, extensions, follow_links)
    filenames = [image for _, names in images for image in names]
    of_images = list(zip(filenames, pairs.masks, strict=True))
    wrong = [
        _some(
            ("image without a mask", "images without a mask"),
            [image for image, masks in of_images if not masks],
        ),
        _some(
            ("image with several masks", "images with several masks"),
            [f"{image} ({', '.join(masks)})" for image, masks in of_images if len(masks) > 1],
        ),
        _some(("mask without an image", "masks without an image"), pairs.extra),
    ]
    if any(wrong):
        raise ValueError(
            f"`{argument}` should be a folder with one mask for each image, of the same name up to "
            f"the extension and in a folder of the same name. Received {folder!r}, with "
            f"{'; '.join(filter(None, wrong))}"
        )
    return [os.path.join(folder, mask) for masks in pairs.masks for mask in masks]


def _stem(path: str, folder: str) -> str:
    """Returns a path that begins with a folder without that, and without the extension."""
    return os.path.splitext(path[len(os.path.join(folder, "")) :])[0]


def _some(words: tuple[str, str], names: Sequence[str]) -> str:
    """Returns how many there are, and the first ten; an empty string if there are none.

    Args:
        words: Strings, for one of them and for several.
        names: Sequence of strings.
    """
    if not names:
        return ""
    rest = f", and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{counted(len(names), *words)}: {', '.join(names[:_MOST_NAMED])}{rest}"
