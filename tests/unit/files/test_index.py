"""Which files a data set has: formats, links, folders that change."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

import batchwarp
from image_files import SIZE, flow, picture, save_numbered, solid


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


def test_folders_named_like_images(tmp_path):
    pd = pytest.importorskip("pandas")
    solid(tmp_path / "a" / "folder.jpg" / "2.png", 2)
    assert flow(tmp_path).filenames == [str(Path("a", "folder.jpg", "2.png"))]
    frame = pd.DataFrame({"filename": ["a/folder.jpg"]})
    iterator = batchwarp.ImageDataGenerator().flow_from_dataframe(
        frame, tmp_path, class_mode=None, validate_filenames=False
    )
    with pytest.raises(batchwarp.ImageFileError, match=r"folder\.jpg: (not a reg|Permission|Is a)"):
        next(iterator)


def test_a_folder_that_changes_while_it_is_listed(numbered):
    """Files come and go; every listing is of files that were there, in order."""
    stop = threading.Event()

    def work():
        number = 0
        while not stop.is_set():
            path = numbered / "a" / f"new{number % 50}" / "x.png"
            if path.exists():
                shutil.rmtree(path.parent)
            else:
                solid(path, 200, (1, 1))
            number += 1

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(20):
            iterator = flow(numbered, on_error="skip")
            assert {f"b/{n}.png" for n in (1, 3, 5, 7, 9)} <= {
                name.replace(os.sep, "/") for name in iterator.filenames
            }
            for _ in range(len(iterator)):
                images, labels = next(iterator)
                assert len(images) == len(labels)
    finally:
        stop.set()
        worker.join()


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
def test_symbolic_links_without_end(numbered):
    (numbered / "a" / "up").symlink_to("..")
    (numbered / "a" / "same").symlink_to(".")
    (numbered / "b" / "other").symlink_to("../a")
    names = [name.replace(os.sep, "/") for name in flow(numbered, follow_links=True).filenames]
    plain = [f"{'ab'[number % 2]}/{number}.png" for number in (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)]
    assert [name for name in names if "other" not in name] == plain
    assert "b/other/0.png" in names
    assert len(names) < 40
    assert [name.replace(os.sep, "/") for name in flow(numbered).filenames] == plain


def test_more_formats(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    for name in ("1.webp", "2.gif", "3.png", "4.WEBP"):
        picture(*SIZE).save(folder / name, **({"lossless": True} if "1" in name else {}))
    for formats in (("webp", "gif"), [".WEBP", "Gif"]):
        iterator = flow(tmp_path, formats=formats)
        assert [Path(name).name for name in iterator.filenames] == ["1.webp", "2.gif", "4.WEBP"]
        np.testing.assert_array_equal(next(iterator)[0][0], np.asarray(picture(*SIZE)))
    assert len(flow(tmp_path).filenames) == 1
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"filename": ["1.webp", "2.gif", "3.png"]})
    with pytest.warns(UserWarning, match="1 invalid image filename"):
        iterator = batchwarp.ImageDataGenerator().flow_from_dataframe(
            frame, folder, class_mode=None, formats=["webp", "gif"]
        )
    assert iterator.filenames == ["1.webp", "2.gif"]
