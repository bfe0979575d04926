"""`batchwarp check`: can all of a data set be read, its images and what belongs to them?"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batchwarp._words import counted
from batchwarp.annotations import Annotations, Report, read_coco, read_yolo
from batchwarp.cli.check_files import bad_files
from batchwarp.console.errors import UsageError
from batchwarp.console.tables import print_table, printable
from batchwarp.errors import AnnotationError
from batchwarp.files.index import image_files
from batchwarp.files.masks import FORMATS_OF_MASKS, MaskFiles
from batchwarp.files.options import CHANNELS, extensions
from batchwarp.files.pairs import paired
from batchwarp.iterators.base import Iterator as BatchIterator

__all__ = ["add_arguments", "run"]

_BESIDE_THE_IMAGES = ""


@dataclass
class _Found:
    """What has been found.

    Attributes:
        files: How many files have been looked at.
        bad: What is wrong with some of them, by their paths; with folders, too.
        folders: How many of these are folders.
        report: What is wrong with annotations, if there are any.
        has_masks: Whether masks are among the files.
    """

    files: int = 0
    bad: dict[str, str] = field(default_factory=dict)
    folders: int = 0
    report: Report | None = None
    has_masks: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command to its parser."""
    parser.add_argument(
        "directory", metavar="DIR", type=Path, nargs="?", help="the folder of the images"
    )
    parser.add_argument(
        "--formats",
        metavar="EXT,EXT",
        help="extensions of the files to look at, for example png,webp (default: those that Keras "
        f"takes, {','.join(BatchIterator.white_list_formats)})",
    )
    parser.add_argument(
        "--color-mode",
        choices=(*CHANNELS, "unchanged"),
        default="rgb",
        help="how the images will be read (default: rgb); with unchanged, files of other channels "
        "than the first are listed, too",
    )
    parser.add_argument(
        "--follow-links", action="store_true", help="look into folders that are symbolic links"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON instead of a table"
    )
    beside = parser.add_argument_group("what belongs to the images")
    one = beside.add_mutually_exclusive_group()
    one.add_argument(
        "--masks",
        metavar="DIR",
        type=Path,
        help="masks as for flow_from_directory: finds those that are missing, left over, of "
        "another size than their image or of other channels than the first one",
    )
    one.add_argument(
        "--coco",
        metavar="FILE",
        type=Path,
        help="annotations in COCO's format: finds those that flow_from_coco refuses, and looks at "
        "the images that they name",
    )
    one.add_argument(
        "--yolo",
        metavar="DIR",
        nargs="?",
        const=_BESIDE_THE_IMAGES,
        help="annotations in YOLO's format: finds those that flow_from_yolo refuses (default: in "
        "the folder `labels` for `images`, else beside the images)",
    )
    beside.add_argument(
        "--data",
        metavar="FILE",
        type=Path,
        help="with --yolo, the data.yaml with names of classes and the shape of keypoints, without "
        "which lines of keypoints are bad or look like polygons",
    )
    beside.add_argument(
        "--images", metavar="DIR", type=Path, help="with --coco, the folder of the images"
    )


def run(options: argparse.Namespace) -> int:
    """Reads all of a data set, and prints a table of what is wrong.

    Args:
        options: Parsed options.

    Returns:
        The exit status: 0 if all is good, 1 if something is not.

    Raises:
        UsageError: If there is no such folder, or no image file in it.
    """
    folder = _folder(options)
    accepted = _accepted(options)
    try:
        if options.coco is not None:
            found = _coco(options, folder)
        elif options.yolo is not None:
            found = _yolo(options, folder, accepted)
        elif options.masks is not None:
            found = _masked(options, folder, accepted)
        else:
            found = _images(options, folder, accepted)
    except AnnotationError as error:  # the file is none at all
        found = _Found(1, {error.path: error.reason})
    if options.json:
        print(json.dumps(_described(found), indent=2))
    else:
        _print(folder, found)
    return 1 if found.bad or (found.report and found.report.findings) else 0


def _folder(options: argparse.Namespace) -> Path:
    """Returns the folder of the images."""
    if options.images is not None and options.coco is None:
        raise UsageError("--images: is for --coco; give the folder by itself")
    if options.data is not None and options.yolo is None:
        raise UsageError("--data: is for --yolo")
    given = [one for one in (options.directory, options.images) if one is not None]
    if len(given) != 1:
        if options.coco is not None:
            raise UsageError("--coco: give one folder of images, with --images")
        raise UsageError("the following arguments are required: DIR (see batchwarp check --help)")
    folder: Path = given[0]
    if not folder.is_dir():
        raise UsageError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    return folder


def _accepted(options: argparse.Namespace) -> tuple[str, ...]:
    """Returns the ends of the names of image files."""
    if options.coco is not None:
        for name in ("formats", "follow_links"):
            if getattr(options, name):
                flag = f"--{name.replace('_', '-')}"
                raise UsageError(f"{flag}: not with --coco, which names the images")
    try:
        formats = options.formats
        if formats is not None:
            formats = [name.strip() for name in formats.split(",")]
        return extensions(formats, BatchIterator.white_list_formats)
    except ValueError as error:
        raise UsageError(f"--formats: {error}") from error


def _images(options: argparse.Namespace, folder: Path, accepted: Sequence[str]) -> _Found:
    """Looks at all image files under a folder, as `flow_from_directory` does."""
    paths, closed = _listed(options, folder, accepted)
    return _Found(len(paths), {**closed, **dict(bad_files(paths, options.color_mode))}, len(closed))


def _masked(options: argparse.Namespace, folder: Path, accepted: Sequence[str]) -> _Found:
    """Looks at all image files under a folder, and their masks."""
    if not options.masks.is_dir():
        raise UsageError(f"--masks: {options.masks}: no such folder")
    mask_folder = str(options.masks)
    paths, bad = _listed(options, folder, accepted)
    folders = len(bad)
    names = [os.path.join(os.curdir, os.path.relpath(path, folder)) for path in paths]  # noqa: PTH118
    pairs = paired(
        mask_folder,
        [(os.curdir, names)],
        (*accepted, *BatchIterator.white_list_formats, *FORMATS_OF_MASKS),
        options.follow_links,
    )
    bad.update((str(options.masks / mask), "no image") for mask in pairs.extra)
    whole, alone = [], []
    for path, masks in zip(paths, pairs.masks, strict=True):
        if len(masks) == 1:
            whole.append((path, str(options.masks / masks[0])))
            continue
        alone.append(path)
        bad[path] = f"several masks: {', '.join(masks)}" if masks else f"no mask in {mask_folder}"
    for path, reason in bad_files(alone, options.color_mode):
        bad[path] = f"{reason}; {bad[path]}"
    beside = MaskFiles([mask for _, mask in whole], mask_folder, exif_transpose=False)
    try:
        bad.update(bad_files([path for path, _ in whole], options.color_mode, masks=beside))
    except TypeError as error:  # of floats
        raise UsageError(f"--masks: {error}") from error
    files = len(paths) + sum(map(len, pairs.masks)) + len(pairs.extra)
    return _Found(files, bad, folders, has_masks=True)


def _listed(
    options: argparse.Namespace, folder: Path, accepted: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Returns the image files under a folder, and folders that cannot be looked into."""
    closed: list[OSError] = []
    try:
        paths = [
            os.path.join(root, name)  # noqa: PTH118 - fast for hundreds of thousands
            for root, names in image_files(
                str(folder), accepted, options.follow_links, on_error=closed.append
            )
            for name in names
        ]
    except OSError as error:  # links without end
        raise UsageError(f"{folder}: {error.strerror}") from error
    if not paths and not closed:
        raise _without_images(folder, accepted)
    return paths, {str(error.filename): f"folder: {error.strerror or error}" for error in closed}


def _coco(options: argparse.Namespace, folder: Path) -> _Found:
    """Looks at annotations in COCO's format, and the images that they name."""
    try:
        annotations = read_coco(str(options.coco), str(folder), masks=None, keypoints=None)
    except OSError as error:
        raise UsageError(f"--coco: {options.coco}: {error.strerror or error}") from error
    return _annotated(options, folder, annotations)


def _yolo(options: argparse.Namespace, folder: Path, accepted: Sequence[str]) -> _Found:
    """Looks at annotations in YOLO's format, and the images that they may be of."""
    labels = options.yolo or None
    try:
        annotations = read_yolo(
            str(folder),
            labels,
            formats=accepted,
            follow_links=options.follow_links,
            data=None if options.data is None else str(options.data),
        )
    except ImportError as error:
        raise UsageError(f"--data: {error}") from error
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror or error}") from error
    except AnnotationError:
        raise
    except ValueError as error:  # there is no such folder
        raise UsageError(f"--yolo: {error}") from error
    if not annotations.filenames:
        raise _without_images(folder, accepted)
    return _annotated(options, folder, annotations)


def _annotated(options: argparse.Namespace, folder: Path, annotations: Annotations) -> _Found:
    """Looks at the images of annotations."""
    report = annotations.report
    bad = {one.path: one.reason for one in report.findings if one.is_of_a_file}
    paths = [str(folder / name) for name in annotations.filenames]
    files = len(paths) + len(bad)
    bad.update(bad_files(paths, options.color_mode, sizes=annotations.sizes))
    return _Found(files, bad, report=report)


def _without_images(folder: Path, accepted: Sequence[str]) -> UsageError:
    return UsageError(
        f"{folder}: no files with the extensions {', '.join(accepted)} in it; "
        "other formats are looked at with --formats"
    )


def _described(found: _Found) -> dict[str, Any]:
    """Returns all that was found in types that JSON has."""
    described: dict[str, Any] = {"files": found.files, "bad": found.bad}
    if found.report is not None:
        described["annotations"] = found.report.checked
        described["bad_annotations"] = [
            {"file": one.path, "annotation": one.item, "kind": one.kind, "reason": one.reason}
            for one in found.report.findings
            if not one.is_of_a_file
        ]
    return described


def _print(folder: Path, found: _Found) -> None:
    """Prints a table of what was found; of bad annotations, the first of each kind."""
    rows = list(found.bad.items())
    counts: dict[str, int] = {}
    if found.report is not None:
        for kind, some in found.report.first().items():
            of_annotations = [one for one in some if not one.is_of_a_file]
            rows += [(one.path, one.text()) for one in of_annotations]
            if of_annotations:
                counts[kind] = found.report.counts[kind]
    if rows:
        print_table(
            ("file", "reason"),
            [(printable(os.path.relpath(path, folder)), printable(text)) for path, text in rows],
        )
    bad_files = len(found.bad) - found.folders
    plain = found.report is None and not found.has_masks
    what = "cannot be read" if plain else "are bad"
    verdict = f"{bad_files} of them {what}" if bad_files else "all good"
    print(f"{counted(found.files, 'file')}, {verdict}")
    if found.folders:
        print(f"folders that cannot be looked into: {found.folders}")
    if found.report is not None:
        bad = f"{sum(counts.values())} of them are bad" if counts else "all good"
        print(f"{counted(found.report.checked, 'annotation')}, {bad}")
        for kind, count in counts.items():
            shown = len(found.report.first()[kind])
            print(f"  {kind}: {count}{f', the first {shown} are listed' * (count > shown)}")
