"""The README's picture is what its script draws."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="it has the photograph")

DOCS = Path(__file__).parents[2] / "docs"


def test_the_picture_is_what_the_script_draws(tmp_path):
    script = runpy.run_path(str(DOCS / "draw_batch.py"))
    script["main"]([str(tmp_path / "batch.jpg")])
    with Image.open(tmp_path / "batch.jpg") as ours, Image.open(DOCS / "batch.jpg") as kept:
        assert ours.size == kept.size
        difference = np.abs(np.asarray(ours, float) - np.asarray(kept, float))
    assert difference.mean() < 1, "run docs/draw_batch.py"
    assert (DOCS / "batch.jpg").stat().st_size < 100_000
