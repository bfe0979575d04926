"""The pictures of the programs that the site does not run, and which these are."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "docs" / "draw_thumbnails.py"))
DRAWN = [*SCRIPT["SHOWN"], *SCRIPT["PARTS"]]


@pytest.mark.parametrize("name", DRAWN)
def test_it_is_of_the_images_that_the_program_makes(name):
    if name == "dataframe":
        pytest.importorskip("pandas", reason="it has the dataframe")
    picture = np.asarray(SCRIPT["thumbnail"](name))
    width, height = SCRIPT["SIZE"]
    assert picture.shape == (height, width, 3)
    assert picture.std() > 30
    assert len(np.unique(picture)) > 20


def test_those_that_train_are_not_run():
    """The site runs all others, where no library is that trains."""
    training = {"jax", "keras", "lightning", "ray", "tensorflow", "torch"}
    listed = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"\]\((\w+)\.py\)", listed):
        program = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
        imported = set().union(*map(SCRIPT["imported"], ast.walk(program)))
        assert bool(imported & training) == (name in DRAWN), name


def test_a_program_without_what_is_drawn_is_refused(monkeypatch, tmp_path):
    (tmp_path / "arrays.py").write_text("x = 1\n")
    monkeypatch.setitem(SCRIPT["images_of"].__globals__, "EXAMPLES", tmp_path)
    with pytest.raises(RuntimeError, match=r"arrays\.py names nothing of \['train'\]"):
        SCRIPT["images_of"]("arrays")
