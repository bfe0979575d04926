"""Draws the gallery: every operation of `batchwarp.ops`, most of them at three strengths.

`python docs/draw_gallery.py` writes `docs/gallery.md` and its pictures, `docs/gallery/*.jpg`.
`python docs/draw_gallery.py --out FOLDER Hue Erase` draws some operations into another folder.
Needs matplotlib, which brings the photograph: Grace Hopper, by James S. Davis for the United States
Navy, in the public domain.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib import cbook
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from batchwarp import Augment, ops
from batchwarp.augment.drawn import Drawn, drawn
from batchwarp.ops import (
    Affine,
    AugMix,
    AutoContrast,
    Brightness,
    CenterCrop,
    ChannelDrop,
    ChannelShift,
    ColorJitter,
    Contrast,
    CutMix,
    Elastic,
    Equalize,
    Erase,
    Flip,
    Gamma,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    GridDistortion,
    Hue,
    Invert,
    JpegCompression,
    MixUp,
    Normalize,
    OneOf,
    Pad,
    Perspective,
    Posterize,
    RandAugment,
    RandomCrop,
    RandomResizedCrop,
    Resize,
    Rotate90,
    Saturation,
    Sequential,
    Sharpen,
    Solarize,
    SomeOf,
    Standardize,
    TrivialAugment,
)
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.policies import Group, Policy
from batchwarp.ops.recipe import ImageOperation, ImageSpec, RecipeOperation

DOCS = Path(__file__).parent
SEED = 1
SIDE = 160  # of the photograph and of all cells, in pixels
GAP = 8
FONT_SIZE = 10
LETTERS = 26  # that fit below a cell
LINE = 14
GROUP = 3  # cells side by side, one operation's
GROUPS = 2  # likewise
PAGE_WIDTH = 124  # of text, in letters
FLAG = (0, 80, 140, 220)  # in the photograph, left, upper, right and lower
QUALITY = 70

Recipe = tuple[RecipeOperation, ...]


class Row(NamedTuple):
    """An operation on the photograph, up to three times.

    Attributes:
        shown: For each picture the operation, or several of which it is the last; by increasing
            strength if it has any.
        keys: For each picture the key of the image, which decides what is drawn.
    """

    shown: tuple[RecipeOperation | Recipe, ...]
    keys: tuple[int, ...] = (0, 0, 0)

    @property
    def name(self) -> str:
        """The operation's."""
        return type(recipe_of(self.shown[-1])[-1]).__name__


class Family(NamedTuple):
    """Operations that are shown together.

    Attributes:
        title: String.
        text: What is to be said of the pictures.
        rows: The operations; one may have several rows.
    """

    title: str
    text: str
    rows: Sequence[Row]


def recipe_of(shown: RecipeOperation | Recipe) -> Recipe:
    """Returns what is done for a picture, as a tuple."""
    return shown if isinstance(shown, tuple) else (shown,)


def exactly(number: float) -> tuple[float, float]:
    """Returns the range that is one number."""
    return (number, number)


DULL = Contrast(exactly(0.3))
DARK = Gamma(exactly(3))
CHOICE = (Hue(exactly(0.3)), Affine(rotation=exactly(20)), Invert())

FAMILIES = {
    "coordinates": Family(
        "Coordinates",
        "They move pixels. All of a recipe are one map, by which the image is read once; beyond "
        'its edges it is as `fill_mode` says, here `"nearest"`. Larger results are shown reduced.',
        (
            Row(tuple(Affine(rotation=exactly(n)) for n in (10, 30, 60))),
            Row(tuple(Affine(zoom=exactly(n)) for n in (0.7, 1.3, 2))),
            Row(tuple(Affine(shear=exactly(n)) for n in (10, 20, 40))),
            Row(tuple(Affine(shift=n) for n in (0.1, 0.2, 0.4))),
            Row(tuple(Perspective(n) for n in (0.2, 0.4, 0.6))),
            Row(tuple(Elastic(n, sigma=8) for n in (200, 400, 800))),
            Row(tuple(GridDistortion(4, distort_limit=n) for n in (0.3, 0.6, 0.9))),
            Row((Flip(1), Flip(0, vertical=1), Flip(1, vertical=1))),
            Row(tuple(Rotate90((n,)) for n in (1, 2, 3))),
            Row((RandomCrop(128), RandomCrop(80), RandomCrop(160, padding=40)), (1, 1, 1)),
            Row(tuple(CenterCrop(n) for n in (128, 96, 64))),
            Row((Pad(16), Pad((40, 0)), Pad((0, 0, 80, 80)))),
            Row((Resize(120), Resize((60, 160)), Resize(60))),
            Row(tuple(RandomResizedCrop(160, scale=exactly(n)) for n in (0.6, 0.3, 0.1))),
        ),
    ),
    "linear": Family(
        "Linear colours",
        "A run of them is one matrix for each image, and nothing is cut off within it.",
        (
            Row(tuple(Brightness(exactly(n)) for n in (0.5, 1.4, 2))),
            Row(tuple(Contrast(exactly(n)) for n in (0.4, 1.5, 2.5))),
            Row(tuple(Saturation(exactly(n)) for n in (0.3, 1.7, 3))),
            Row(tuple(Hue(exactly(n)) for n in (0.05, 0.15, 0.4))),
            Row(tuple(Hue(exactly(n), mode="hsv") for n in (0.05, 0.15, 0.4))),
            Row(
                (
                    ColorJitter(0.2, 0.2, 0.2, 0.05),
                    ColorJitter(0.4, 0.4, 0.4, 0.1),
                    ColorJitter(0.8, 0.8, 0.8, 0.2),
                ),
            ),
            Row(tuple(ChannelShift(n) for n in (0.15, 0.3, 0.5))),
            Row((ChannelDrop(),) * 3, (3, 2, 0)),
            Row((Grayscale(),)),
            Row((Invert(),)),
        ),
    ),
    "others": Family(
        "Other colours",
        "Values are cut off at black and white before each of them. `AutoContrast` and `Equalize` "
        "look at the whole image first: their pictures begin with a dull and with a dark one.",
        (
            Row(tuple(Gamma(exactly(n)) for n in (0.5, 1.6, 2.5))),
            Row(tuple(Solarize(n) for n in (0.9, 0.6, 0.3))),
            Row(tuple(Posterize(n) for n in (3, 2, 1))),
            Row(tuple(Sharpen(exactly(n)) for n in (0, 3, 8))),
            Row(tuple(GaussianBlur(n) for n in (1, 2, 4))),
            Row(tuple(GaussianNoise(n) for n in (0.05, 0.1, 0.2))),
            Row(tuple(JpegCompression(n) for n in (40, 15, 5))),
            Row((DULL, (DULL, AutoContrast()))),
            Row((DARK, (DARK, Equalize()), Equalize())),
            Row(tuple(Erase(scale=exactly(n), value=127) for n in (0.03, 0.1, 0.3)), (0, 1, 2)),
            Row(
                tuple(Erase(shape="square", length=n, value=127) for n in (32, 64, 96)), (7, 10, 3)
            ),
            Row(tuple(Erase(shape="grid", length=n, value=127) for n in (20, 40, 80)), (0, 1, 2)),
        ),
    ),
    "store": Family(
        "The end of a recipe",
        "Shown with -2.5 as black and 2.5 as white. `Standardize` gives a dull picture the "
        "contrast of any other.",
        (
            Row(
                (
                    Normalize(0, 255),
                    Normalize(127.5, 127.5),
                    Normalize((124, 116, 104), (58, 57, 57)),
                ),
            ),
            Row((DULL, (DULL, Standardize()), (Invert(), Standardize()))),
        ),
    ),
    "policies": Family(
        "Policies",
        "They choose for each image, here for some of the same pixels; below each is what was "
        "chosen. `RandAugment` is shown at three strengths of the same choice.",
        (
            Row((OneOf(*CHOICE),) * 3, (3, 2, 0)),
            Row((SomeOf(2, *CHOICE),) * 3, (0, 1, 3)),
            Row((Sequential(*CHOICE, p=0.5),) * 2, (0, 2)),
            Row(tuple(RandAugment(2, magnitude=n) for n in (4, 10, 20)), (2, 2, 2)),
            Row((TrivialAugment(),) * 3, (5, 12, 2)),
            Row(tuple(AugMix(n) for n in (3, 6, 10)), (2, 2, 2)),
        ),
    ),
    "mixing": Family(
        "Mixing two images",
        "The other image is the flag behind her; below each is what its label becomes.",
        (
            Row(tuple(MixUp(n) for n in (0.3, 1, 5)), (21,) * 3),
            Row(tuple(CutMix(n) for n in (0.2, 0.5, 5)), (21,) * 3),
        ),
    ),
}


def photograph(window: tuple[int, int, int, int] = (0, 0, 512, 512)) -> NDArray[np.uint8]:
    """Returns a window (left, upper, right, lower) of the photograph as `(SIDE, SIDE, 3)`."""
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as file:
        square = file.convert("RGB").crop(window)
        return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def cell(recipe: Recipe, key: int, image: NDArray[np.uint8]) -> tuple[Image.Image, str]:
    """Returns a picture of what a recipe makes of an image, and what is written below it."""
    ends = isinstance(recipe[-1], ImageOperation) and recipe[-1].is_last
    aug = Augment(*recipe, seed=SEED, dtype="float32" if ends else "uint8")
    written = ", ".join(map(repr, recipe))
    if isinstance(recipe[-1], Mixing):
        made: Any = aug(np.stack((image, photograph(FLAG))), keys=[key, key + 1], labels=np.eye(2))
        result = made["images"][0]
        written += "\n" + " + ".join(f"{share:.2f}" for share in made["labels"][0])
    else:
        result = aug(image[np.newaxis], keys=[key])[0]
    if isinstance(recipe[-1], Policy):
        (steps,) = drawn(aug, ImageSpec(*image.shape), [key])
        written += "\n" + (", ".join(map(in_words, steps)) or "nothing")
    if ends:
        result = np.clip((result + 2.5) / 5, 0, 1) * 255
    picture = Image.fromarray(np.asarray(result, np.uint8))
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture, written


def in_words(step: Drawn) -> str:
    """Returns what has been drawn for a step."""
    if list(step.numbers.values()) == [1]:
        return step.step
    affine = step.step == "affine"
    numbers = [f"{name if affine else step.step} {n:.3g}" for name, n in step.numbers.items()]
    return ", ".join(numbers)


def places(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Yields line and column of each row's first cell: a row is not parted, nor are its groups."""
    at = 0
    for row in rows:
        left = -at % GROUP  # of the group
        if left < len(row.shown):
            at += left
        yield divmod(at, GROUP * GROUPS)
        at += len(row.shown)


def wrapped(text: str) -> list[str]:
    """Returns lines that fit below a cell; what has a number or two stays together."""
    bound = re.sub(r"(?<=\d,) (?=[\d-])|(?<=[a-z]) (?=[\d-])", "\u00a0", text)
    return textwrap.wrap(bound, LETTERS, break_long_words=False, break_on_hyphens=False)


def sheet(rows: Sequence[Row], image: NDArray[np.uint8]) -> Image.Image:
    """Returns the picture of some rows."""
    font = ImageFont.truetype(
        str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSansMono.ttf")), FONT_SIZE
    )
    cells: dict[tuple[int, int], tuple[Image.Image, list[str]]] = {}
    for row, (line, column) in zip(rows, places(rows), strict=True):
        for number, (shown, key) in enumerate(zip(row.shown, row.keys, strict=False)):
            picture, written = cell(recipe_of(shown), key, image)
            text = [part for one in written.split("\n") for part in wrapped(one)]
            cells[line, column + number] = picture, text
    tops = [GAP]
    for line in range(1 + max(line for line, _ in cells)):
        most = max(len(text) for (at, _), (_, text) in cells.items() if at == line)
        tops.append(tops[-1] + SIDE + most * LINE + 2 * GAP)
    lefts = [
        GAP + column * (SIDE + GAP) + column // GROUP * 2 * GAP for column in range(GROUP * GROUPS)
    ]
    right = max(lefts[column] for _, column in cells) + SIDE + GAP
    paper = Image.new("RGB", (right, tops[-1]), "white")
    pen = ImageDraw.Draw(paper)
    for (line, column), (picture, text) in cells.items():
        paper.paste(picture, (lefts[column], tops[line]))
        for number, words in enumerate(text):
            place = lefts[column], tops[line] + SIDE + 2 + number * LINE
            pen.text(place, words, fill="black", font=font)
    return paper


def signature(name: str) -> str:
    """Returns how an operation is called, with its defaults."""
    arguments = [one for one in operation(name).arguments() if one.name not in ("p", "name")]
    required = [one.name for one in arguments if one.default is MISSING]
    optional = [f"{one.name}={one.default!r}" for one in arguments if one.default is not MISSING]
    members = ["*operations"] if issubclass(operation(name), Group) else []
    return f"{name}({', '.join([*required, *members, *optional])})"


def operation(name: str) -> type[RecipeOperation]:
    """Returns the class of an operation."""
    found: type[RecipeOperation] = getattr(ops, name)
    return found


def page() -> str:
    """Returns the page as Markdown."""
    paragraphs = [
        """
        Drawn by `python docs/draw_gallery.py`. [What each does exactly](semantics.md). All have
        `name=None`, and most `p=1.0`, the probability that they are done to an image. Where a range
        is one number, as in `Hue((0.15, 0.15))`, that is to show this strength; other numbers are
        drawn by chance.
        """,
        """
        The photograph: [Grace Hopper](https://commons.wikimedia.org/wiki/File:Commodore_Grace_M._Hopper,_USN_%28covered%29.jpg),
        by James S. Davis for the United States Navy, in the public domain; it comes with
        matplotlib.
        """,
    ]
    parts = [
        "# Operations, seen",
        *(textwrap.fill(" ".join(text.split()), PAGE_WIDTH) for text in paragraphs),
        "![the photograph](gallery/photograph.jpg)",
    ]
    for key, family in FAMILIES.items():
        names = list(dict.fromkeys(row.name for row in family.rows))
        table = [f"| `{signature(name)}` | {summary(name)} |" for name in names]
        parts += [
            f"## {family.title}",
            textwrap.fill(family.text, PAGE_WIDTH),
            f"![{', '.join(names)}](gallery/{key}.jpg)",
            "\n".join(["| operation | what it does |", "|---|---|", *table]),
        ]
    return "\n\n".join(parts) + "\n"


def summary(name: str) -> str:
    """Returns the first line of what an operation says of itself."""
    return str(operation(name).__doc__).partition("\n")[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Draws what the command line names.

    Args:
        arguments: What follows the program's name; `None` takes it from `sys.argv`.
    """
    parser = argparse.ArgumentParser(description="Draws the gallery of operations.")
    parser.add_argument("names", nargs="*", metavar="OPERATION", help="only these (default: all)")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder (default: %(default)s)")
    options = parser.parse_args(arguments)
    rows = dict.fromkeys(row.name for family in FAMILIES.values() for row in family.rows)
    if missing := set(ops.__all__) - set(rows):
        parser.error(f"`FAMILIES` has no pictures of {', '.join(sorted(missing))}")
    if unknown := set(options.names) - set(rows):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(rows)}")
    folder = options.out / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    image = photograph()
    Image.fromarray(image).save(folder / "photograph.jpg", quality=QUALITY)
    for key, family in FAMILIES.items():
        wanted = [row for row in family.rows if not options.names or row.name in options.names]
        if wanted:
            sheet(wanted, image).save(folder / f"{key}.jpg", quality=QUALITY, optimize=True)
    if not options.names:
        (options.out / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
