"""Pictures of O and X, drawn by the program: a data set that needs no download.

Every picture imitates one way in which people produce such letters: a paint program, a finger on
a telephone, a printed letter, a pen and a marker on paper that is photographed afterwards. The
strokes wobble, miss each other, overlap or stay open; paper is unevenly lit and noisy.

A picture depends on nothing but the seed, the stream (training or test) and its own number, so the
first hundred pictures of a set are the same whether a hundred or a thousand are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import MissingPackageError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "CLASSES",
    "HEIGHT",
    "TEST_STREAM",
    "TRAIN_STREAM",
    "WIDTH",
    "draw",
    "draw_set",
    "write_set",
]

CLASSES = ("O", "X")
HEIGHT = 38
WIDTH = 46
TRAIN_STREAM = 0
TEST_STREAM = 1

# Strokes are drawn this many times larger and then averaged down, which makes smooth edges and
# lets a stroke be a fraction of a pixel wide.
_SCALE = 4

# Of the fonts that matplotlib brings along, those that have ordinary Latin letters.
_FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSansMono-Bold.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Bold.ttf",
    "DejaVuSerif-Italic.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralBol.ttf",
    "STIXGeneralItalic.ttf",
    "cmr10.ttf",
    "cmss10.ttf",
    "cmtt10.ttf",
)


@dataclass(frozen=True)
class _Tool:
    """One way of producing a letter.

    Ranges are (low, high); lengths are in pixels of the finished picture, brightness on 0-255.
    """

    name: str
    share: float  # of all pictures
    width: tuple[float, float]  # of a stroke
    tremble: float  # how far a stroke wanders from its course, relative to the letter's size
    sloppiness: float  # 0: closed rings and straight crosses; 1: as careless as it gets
    ink: tuple[float, float]
    paper: tuple[float, float]
    shade: float  # greatest difference in lighting between two sides of the paper
    grain: tuple[float, float]  # standard deviation of the noise
    blur: tuple[float, float]  # standard deviation of the lens


_TOOLS = (
    _Tool("paint", 0.2, (1.0, 3.5), 0.015, 0.7, (0, 40), (250, 255), 0, (0, 0), (0, 0)),
    _Tool("telephone", 0.2, (1.2, 3.0), 0.025, 1.0, (0, 90), (225, 255), 0, (0, 1), (0, 0.4)),
    _Tool("print", 0.1, (0, 0), 0, 0, (0, 80), (215, 255), 15, (0, 4), (0, 0.5)),
    _Tool("pen", 0.3, (0.7, 1.5), 0.03, 1.0, (30, 125), (165, 240), 60, (3, 11), (0.3, 0.8)),
    _Tool("marker", 0.2, (2.0, 5.0), 0.02, 0.8, (10, 80), (165, 240), 60, (3, 9), (0.3, 0.9)),
)


def draw_set(
    count: int,
    *,
    seed: int,
    stream: int = TRAIN_STREAM,
    height: int = HEIGHT,
    width: int = WIDTH,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draws a balanced set of pictures, O and X in turn.

    Args:
        count: Number of pictures, at least 0.
        seed: Seed of all random decisions, a non-negative integer.
        stream: Which of the seed's independent sets; `TRAIN_STREAM` and `TEST_STREAM` share no
            stroke.
        height: Height of the pictures in pixels, at least 16.
        width: Width of the pictures in pixels, at least 16.

    Returns:
        The pictures, uint8 of shape `(count, height, width, 1)` with dark ink on light paper, and
        their classes, uint8 of shape `(count,)`: 0 for O, 1 for X (indices into `CLASSES`).

    Raises:
        ValueError: If an argument is out of its range.
        MissingPackageError: If matplotlib, whose fonts are used, is not installed.
    """
    if count < 0:
        raise ValueError(f"`count` must be at least 0, received: {count}")
    pictures = np.empty((count, height, width, 1), np.uint8)
    labels = (np.arange(count) % len(CLASSES)).astype(np.uint8)
    for number in range(count):
        rng = np.random.default_rng([seed, stream, number])
        pictures[number, :, :, 0] = draw(CLASSES[labels[number]], rng, height, width)
    return pictures, labels


def write_set(folder: Path, count: int, *, seed: int, stream: int) -> None:
    """Draws pictures into the folders of their classes, as `0001.png` and so on.

    Pictures that it has drawn there before are removed; other files stay.

    Args:
        folder: The folder of the classes' folders; it is made if need be.
        count: Number of pictures.
        seed: Seed of all random decisions, a non-negative integer.
        stream: Which of the seed's independent sets.

    Raises:
        UsageError: If the files cannot be written.
        MissingPackageError: If matplotlib, whose fonts are used, is not installed.
    """
    from PIL import Image

    pictures, labels = draw_set(count, seed=seed, stream=stream)
    try:
        for name in CLASSES:
            (folder / name).mkdir(parents=True, exist_ok=True)
            for old in (folder / name).glob("[0-9][0-9][0-9][0-9].png"):
                old.unlink()
        for number, (picture, label) in enumerate(zip(pictures, labels, strict=True), start=1):
            path = folder / CLASSES[label] / f"{number:04}.png"
            Image.fromarray(picture[:, :, 0]).save(path)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from error


def draw(
    letter: str, rng: np.random.Generator, height: int = HEIGHT, width: int = WIDTH
) -> NDArray[np.uint8]:
    """Draws one picture.

    Args:
        letter: "O" or "X".
        rng: Source of all random decisions.
        height: Height of the picture in pixels, at least 16.
        width: Width of the picture in pixels, at least 16.

    Returns:
        Grey picture, uint8 of shape `(height, width)`, dark ink on light paper.

    Raises:
        ValueError: If an argument is out of its range.
        MissingPackageError: If matplotlib, whose fonts are used, is not installed.
    """
    if letter not in CLASSES:
        raise ValueError(f'`letter` must be "O" or "X", received: {letter!r}')
    if min(height, width) < 16:
        raise ValueError(f"Pictures must be at least 16x16 pixels, received: {width}x{height}")
    tool = _TOOLS[rng.choice(len(_TOOLS), p=[tool.share for tool in _TOOLS])]
    if tool.name == "print":
        ink = _print_letter(letter, rng, height, width)
    else:
        ink = _write_letter(letter, tool, rng, height, width)
    return _photograph(ink, tool, rng)


def _write_letter(
    letter: str, tool: _Tool, rng: np.random.Generator, height: int, width: int
) -> NDArray[np.float32]:
    """Returns the ink, 0 to 1, of a letter written by hand; float32 of shape `(height, width)`."""
    import cv2

    canvas = np.zeros((height * _SCALE, width * _SCALE), np.uint8)
    thickness = rng.uniform(*tool.width)
    # Half the letter's height. All of it stays on the paper but for the odd end of a stroke.
    radius = rng.uniform(0.2, 0.42) * min(height, width)
    margin = radius + thickness / 2 + 1
    centre = np.array(
        [_between(rng, margin, width - margin), _between(rng, margin, height - margin)]
    )
    strokes = _ring(rng, tool.sloppiness) if letter == "O" else _cross(rng, tool.sloppiness)
    turn = np.radians(rng.normal(0, 8))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for stroke in strokes:
        points = (stroke + tool.tremble * _wander(rng, len(stroke))) @ rotation.T
        pixels = np.rint((centre + radius * points) * _SCALE).astype(np.int32)
        # Pressure varies along a stroke.
        widths = thickness * _SCALE * (1 + 0.25 * _wander(rng, len(stroke))[:, 0])
        for start, end, line in zip(pixels[:-1], pixels[1:], widths, strict=False):
            thick = max(1, round(float(line)))
            cv2.line(canvas, start.tolist(), end.tolist(), (255,), thick, cv2.LINE_AA)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small / np.float32(255), np.float32)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Returns a number between the two, in whichever order they come."""
    return float(rng.uniform(min(low, high), max(low, high)))


def _wander(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Returns a smooth random curve of about unit size; float64 of shape `(count, 2)`."""
    steps = np.linspace(0, 2 * np.pi, count)
    curve = np.zeros((count, 2))
    for wave in (1, 2, 3, 5):
        phase = rng.uniform(0, 2 * np.pi, 2)
        curve += rng.normal(0, 1 / wave, 2) * np.sin(steps[:, None] * wave * 0.8 + phase)
    return curve


def _ring(rng: np.random.Generator, sloppiness: float) -> list[NDArray[np.float64]]:
    """Returns the strokes of an O about the origin: one turn, or two halves.

    The ends of a turn may leave a gap or overlap, and may miss each other sideways.
    """
    begin = rng.uniform(0, 2 * np.pi) if rng.random() < 0.3 else rng.normal(-np.pi / 2, 0.5)
    turn = 2 * np.pi * (1 + sloppiness * rng.uniform(-0.2, 0.12)) * rng.choice((-1, 1))
    axes = np.array([rng.uniform(0.6, 1.0), rng.uniform(0.75, 1.0)])
    drift = 1 + sloppiness * rng.uniform(-0.25, 0.25) * np.linspace(-0.5, 0.5, 40)
    angles = begin + turn * np.linspace(0, 1, 40)
    points = axes * drift[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    if rng.random() < 0.15 * sloppiness:
        second = points[19:] + rng.normal(0, 0.08, 2)
        return [points[:21], second]
    return [points]


def _cross(rng: np.random.Generator, sloppiness: float) -> list[NDArray[np.float64]]:
    """Returns the strokes of an X about the origin: two strokes, now and then joined by a hair."""
    slim = rng.uniform(0.6, 1.0)
    steps = np.linspace(0, 1, 20)[:, None]
    strokes = []
    for side in (-1, 1):
        jitter = 0.16 * sloppiness
        start = np.array([side * slim, -0.9]) + rng.normal(0, jitter, 2)
        end = np.array([-side * slim, 0.9]) + rng.normal(0, jitter, 2)
        across = np.array([end[1] - start[1], start[0] - end[0]])
        bow = sloppiness * rng.normal(0, 0.1) * 4 * steps * (1 - steps)
        strokes.append(start + (end - start) * steps + across * bow)
    if rng.random() < 0.5:
        strokes.reverse()
    if rng.random() < 0.1 * sloppiness:
        # The pen was not lifted between the strokes.
        strokes = [np.concatenate(strokes)]
    return strokes


def _print_letter(
    letter: str, rng: np.random.Generator, height: int, width: int
) -> NDArray[np.float32]:
    """Returns the ink, 0 to 1, of a printed letter; float32 of shape `(height, width)`."""
    import cv2
    from PIL import Image, ImageDraw, ImageFont

    path = _font_folder() / _FONTS[rng.integers(len(_FONTS))]
    size = round(rng.uniform(0.45, 0.95) * min(height, width) * _SCALE)
    font = ImageFont.truetype(str(path), size)
    glyph = letter if rng.random() < 0.6 else letter.lower()
    canvas = Image.new("L", (width * _SCALE, height * _SCALE))
    left, top, right, bottom = font.getbbox(glyph)
    x = _between(rng, 0, canvas.width - (right - left)) - left
    y = _between(rng, 0, canvas.height - (bottom - top)) - top
    ImageDraw.Draw(canvas).text((round(x), round(y)), glyph, fill=255, font=font)
    small = cv2.resize(np.asarray(canvas), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small / np.float32(255), np.float32)


def _font_folder() -> Path:
    """Returns the folder of the fonts that matplotlib brings along."""
    try:
        from matplotlib import get_data_path
    except ImportError as error:
        raise MissingPackageError("matplotlib", error) from error
    return Path(str(get_data_path())) / "fonts" / "ttf"


def _photograph(
    ink: NDArray[np.float32], tool: _Tool, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Puts ink on paper and takes a picture of it: lighting, lens and noise."""
    import cv2

    height, width = ink.shape
    direction = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, width) * np.cos(direction)
    down = np.linspace(-0.5, 0.5, height) * np.sin(direction)
    light = rng.uniform(0, tool.shade) * (across + down[:, None])
    paper = rng.uniform(*tool.paper) + light
    darkness = rng.uniform(*tool.ink)
    picture: NDArray[Any] = paper + (darkness - paper) * ink
    blur = rng.uniform(*tool.blur)
    if blur > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    grain = rng.uniform(*tool.grain)
    picture = picture + rng.normal(0, 1, picture.shape) * grain
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)
