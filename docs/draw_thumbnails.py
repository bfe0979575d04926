"""Draws what stands for the programs of `examples/` that the site does not run: their batches.

`docs/conf.py` calls it, so that the pictures of the gallery of programs are of what these make.
Programs are run up to the flow that they train on, without the libraries that train; those that
several processes run have the data of another one, in the parts that two of them get.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EXAMPLES = Path(__file__).parent.parent / "examples"
# What each draws: an expression of names that the program has given itself by then.
SHOWN = {
    "arrays": "next(train)[0]",
    "dataframe": "next(train)[0]",
    "detection": "next(train)[0]",
    "directory": "next(train)[0]",
    "jax_loop": "next(flow)[0]",
    "lightning_loop": "next(datagen.flow(x, seed=1))",
    "pytorch_loop": "next(flow)[0]",
    "recipe": "augment(x[:12], keys=range(12), labels=y[:12])['images'] * 70 + 80",
    "segmentation": "np.concatenate([next(train)[0], next(train)[0]])",
    "tf_data": "next(datagen.flow(x, seed=1))",
}
PARTS = {"ray_train": "arrays", "ray_train_torch": "pytorch_loop", "torchrun_loop": "pytorch_loop"}
TRAINING = {"batchwarp.torch", "jax", "keras", "lightning", "torch"}
SIZE = (400, 280)  # of a picture, in pixels
CELL, GAP, COLUMNS, ROWS = 88, 4, 4, 3


def imported(statement: ast.stmt) -> set[str]:
    """Returns the modules that a statement imports, and the packages that they are in."""
    names = [one.name for one in statement.names] if isinstance(statement, ast.Import) else []
    if isinstance(statement, ast.ImportFrom) and statement.module:
        names = [statement.module]
    return {name.partition(".")[0] for name in names} | set(names)


def images_of(name: str) -> NDArray[Any]:
    """Returns the images that a program makes, as `(n, height, width, channels)`."""
    program = ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))
    shown = ast.parse(SHOWN[name], mode="eval")
    wanted = {node.id for node in ast.walk(shown) if isinstance(node, ast.Name)}
    wanted -= set(dir(builtins))
    names: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(tempfile, "tempdir", folder),
        mock.patch.object(sys, "argv", [name]),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for statement in program.body:
            if not imported(statement) & TRAINING:
                exec(compile(ast.Module([statement], []), name, "exec"), names)
            if wanted <= set(names):
                return np.asarray(eval(compile(shown, name, "eval"), names))
    raise RuntimeError(f"{name}.py names nothing of {sorted(wanted - set(names))} before it trains")


def thumbnail(name: str) -> Image.Image:
    """Returns the picture of a program, of `SIZE`."""
    images = np.asarray(images_of(PARTS.get(name, name)), np.float64)
    images = np.clip(images / images.max() * 255, 0, 255).astype(np.uint8)
    paper = Image.new("RGB", SIZE, "white")
    apart = 5 * GAP if name in PARTS else 0  # between the parts of two processes
    left = (SIZE[0] - COLUMNS * (CELL + GAP) - apart) // 2
    for number, image in enumerate(images[: COLUMNS * ROWS]):
        line, column = divmod(number, COLUMNS)
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        place = (
            left + column * (CELL + GAP) + apart * (column >= COLUMNS // 2),
            GAP + line * (CELL + GAP),
        )
        paper.paste(picture.resize((CELL, CELL), Image.Resampling.LANCZOS), place)
    return paper


def draw(folder: Path) -> None:
    """Writes the pictures where sphinx-gallery looks for the first one of a program."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*SHOWN, *PARTS):
        thumbnail(name).save(folder / f"sphx_glr_{name}_001.png")
