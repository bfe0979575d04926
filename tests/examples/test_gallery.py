"""The gallery shows every operation, and is what its script draws."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="it has the photograph")

from batchwarp import ops

DOCS = Path(__file__).parents[2] / "docs"
MOST_BYTES = 900_000  # of all pictures


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(DOCS / "draw_gallery.py"))


@pytest.fixture(scope="module")
def drawn(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    script["main"](["--out", str(folder)])
    return folder


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file, np.float64)


def rows(script):
    return [row for family in script["FAMILIES"].values() for row in family.rows]


@pytest.mark.parametrize("name", ops.__all__)
def test_an_operation_is_shown(name, script):
    shown = [row for row in rows(script) if row.name == name]
    assert shown, f"add `{name}` to `FAMILIES` in docs/draw_gallery.py, and run it"
    assert max(len(row.shown) for row in shown) in (1, 2, 3)


def test_the_page_is_what_the_script_writes(drawn):
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert page == (drawn / "gallery.md").read_text(encoding="utf-8"), (
        "run docs/draw_gallery.py: an operation or what it says of itself has changed"
    )


def test_the_pictures_are_what_the_script_draws(drawn):
    found = {path.name: path for path in (DOCS / "gallery").iterdir()}
    assert set(found) == {path.name for path in (drawn / "gallery").iterdir()}
    assert sum(path.stat().st_size for path in found.values()) <= MOST_BYTES
    for name, path in found.items():
        ours, kept = pixels(drawn / "gallery" / name), pixels(path)
        assert ours.shape == kept.shape, name
        # Releases of Pillow draw letters a little differently.
        assert np.abs(ours - kept).mean() < 1, f"run docs/draw_gallery.py: {name} has changed"


def test_pictures_of_an_operation_differ(script):
    """Three of the same would show nothing."""
    image = script["photograph"]()
    for row in rows(script):
        made = [
            np.asarray(script["cell"](script["recipe_of"](one), key, image)[0])
            for one, key in zip(row.shown, row.keys, strict=False)
        ]
        for number, picture in enumerate(made):
            assert picture.std() > 5, row.name
            for other in made[:number]:
                if picture.shape == other.shape:
                    assert np.abs(picture - 1.0 * other).mean() > 2, (row.name, number)


def test_some_operations_are_drawn(script, tmp_path):
    script["main"](["Hue", "Flip", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.rglob("*.*")} == {
        "photograph.jpg",
        "coordinates.jpg",
        "linear.jpg",
    }
    side, gap = script["SIDE"], script["GAP"]
    sheet = pixels(tmp_path / "gallery" / "coordinates.jpg")
    photograph = pixels(tmp_path / "gallery" / "photograph.jpg")
    mirrored = photograph[:, ::-1], photograph[::-1], photograph[::-1, ::-1]
    for number, expected in enumerate(mirrored):
        left = gap + number * (side + gap)
        cell = sheet[gap : gap + side, left : left + side]
        assert np.abs(cell - expected).mean() < 8  # both are compressed
        assert np.abs(cell - photograph).mean() > 20


@pytest.mark.parametrize("names", [["Heu"], ["Hue", "hue"]])
def test_unknown_operations_are_refused(names, script, tmp_path, capsys):
    with pytest.raises(SystemExit):
        script["main"]([*names, "--out", str(tmp_path)])
    assert f"there is no {names[-1]}; there are Affine" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
