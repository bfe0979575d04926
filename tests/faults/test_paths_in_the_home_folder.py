"""A `~` in front of a path is the user's home folder, as in a shell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import batchwarp
from batchwarp import image
from image_files import picture
from keras_reference import noise


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("home/data/a", "home/saved", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    picture().save(tmp_path / "home" / "data" / "a" / "1.png")
    return tmp_path / "home"


@pytest.mark.parametrize("kind", [str, Path])
def test_in_every_argument(home, kind):
    generator = batchwarp.ImageDataGenerator()
    flow = generator.flow_from_directory(
        kind("~/data"), target_size=(4, 4), cache=kind("~/cache"), save_to_dir=kind("~/saved")
    )
    next(flow)
    frame = pd.DataFrame({"filename": ["a/1.png"], "class": ["a"]})
    next(generator.flow_from_dataframe(frame, kind("~/data"), target_size=(4, 4)))
    next(generator.flow(noise((1, 4, 4, 3)), save_to_dir=kind("~/saved")))
    image.save_img(kind("~/saved/mine.png"), np.asarray(image.load_img(kind("~/data/a/1.png"))))
    assert len(list((home / "saved").iterdir())) == 3
    assert list((home / "cache").iterdir())
    assert image.list_pictures(kind("~/data")) == [str(home / "data" / "a" / "1.png")]
    assert not list(Path().iterdir())


@pytest.mark.usefixtures("home")
def test_a_folder_of_that_very_name():
    (Path("~") / "a").mkdir(parents=True)
    picture(9, 9).save(Path("~") / "a" / "2.png")
    flow = batchwarp.ImageDataGenerator().flow_from_directory("~", target_size=(4, 4))
    assert flow.filenames == [str(Path("a") / "2.png")]
    assert image.load_img("~/a/2.png").size == (9, 9)


@pytest.mark.parametrize("value", [5, ["data"], object()], ids=lambda value: type(value).__name__)
def test_folders_that_are_no_paths(home, value):
    generator = batchwarp.ImageDataGenerator()
    frame = pd.DataFrame({"filename": ["a/1.png"], "class": ["a"]})
    for flow in (
        generator.flow_from_directory,
        lambda path: generator.flow_from_dataframe(frame, path),
    ):
        with pytest.raises(TypeError, match="`directory` should be the path of a folder"):
            flow(value)
    data = home / "data"
    for flow in (
        lambda **to: generator.flow(noise((1, 4, 4, 3)), **to),
        lambda **to: generator.flow_from_directory(data, **to),
    ):
        with pytest.raises(TypeError, match="`save_to_dir` should be the path of a folder"):
            flow(save_to_dir=value)


def test_paths_of_bytes(home):
    generator = batchwarp.ImageDataGenerator()
    data, saved = (bytes(home / name) for name in ("data", "saved"))
    next(generator.flow_from_directory(data, target_size=(4, 4), save_to_dir=saved))
    assert len(list((home / "saved").iterdir())) == 1
