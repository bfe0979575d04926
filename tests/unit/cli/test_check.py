"""`batchwarp check`: which image files of a data set cannot be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from annotation_files import coco_content, save_coco, save_images, save_yolo
from batchwarp.cli import main
from image_files import KINDS, flow, picture, save


@pytest.fixture
def folder(tmp_path):
    for kind in KINDS:
        save(tmp_path / kind / "x", kind)
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def damage(folder):
    """Adds files that cannot be read, in the order of a listing; returns their paths."""
    (folder / "bad").mkdir()
    names = ("cut.jpg", "empty.png", "line\nfeed.png", "zürich.bmp")
    paths = [folder / "bad" / name for name in names]
    good = save(folder / "bad" / "z", "jpeg", picture(50, 60)).read_bytes()
    for path, content in zip(paths, (good[:-300], b"", b"text", b"BM"), strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def test_all_good(folder, capsys):
    assert main(["check", str(folder)]) == 0
    assert capsys.readouterr().out == f"{len(KINDS)} files, all good\n"


@pytest.mark.skipif(os.name == "nt", reason="names on Windows have no line feeds")
def test_the_table(folder, capsys):
    damage(folder)
    assert main(["check", str(folder)]) == 1
    output = capsys.readouterr()
    assert output.err == ""  # the progress is for terminals
    header, *rows, verdict = output.out.splitlines()
    assert header.split() == ["file", "reason"]
    assert verdict == f"{len(KINDS) + 5} files, 4 of them cannot be read"
    column = header.index("reason")
    assert [row[:column].strip() for row in rows] == [
        os.path.join("bad", name)  # noqa: PTH118 - as the command prints them
        for name in ("cut.jpg", "empty.png", "line\\nfeed.png", "zürich.bmp")
    ]
    reasons = [row[column:] for row in rows]
    assert "truncated" in reasons[0]
    assert reasons[1:3] == [
        "the file is empty",
        "not an image, or of a format that Pillow does not read",
    ]


@pytest.mark.skipif(os.name == "nt", reason="names on Windows have no line feeds")
def test_json(folder, capsys):
    bad = damage(folder)
    assert main(["check", "--json", str(folder)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == len(KINDS) + 5
    assert list(found["bad"]) == bad
    iterator = flow(folder, on_error="zeros", batch_size=100)
    next(iterator)
    assert found["bad"] == {error.path: error.reason for error in iterator.errors}


def test_formats(folder, capsys):
    picture().save(folder / "moving.gif")
    (folder / "broken.webp").write_bytes(b"RIFF")
    assert main(["check", "--formats", "gif", str(folder)]) == 0
    assert capsys.readouterr().out == "1 file, all good\n"
    assert main(["check", "--formats", "gif,WEBP", "--json", str(folder)]) == 1
    assert list(json.loads(capsys.readouterr().out)["bad"]) == [str(folder / "broken.webp")]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
def test_symbolic_links(folder, capsys):
    (folder / "png" / "again").symlink_to("../bmp")
    (folder / "png" / "up").symlink_to("..")
    main(["check", str(folder)])
    assert capsys.readouterr().out.startswith(f"{len(KINDS)} files")
    main(["check", "--follow-links", str(folder)])
    assert capsys.readouterr().out.startswith(f"{len(KINDS) + 1} files")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["notes.txt"], "notes.txt: not a folder"),
        (["png", "--formats", "xyz"], r"png: no files with the extensions \.xyz in it"),
        (["png", "--formats", ""], "--formats: `formats` should be"),
        ([], "the following arguments are required: DIR"),
    ],
)
def test_mistakes(folder, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert main(["check", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert re.search(message, output.err)
    assert output.err.count("\n") == 1


def test_as_a_command(folder):
    """Without a Keras that could be imported, and into a pipe."""
    (folder / "broken.png").write_bytes(b"")
    code = "import sys; sys.modules['keras'] = None; from batchwarp.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", code + "sys.exit(main())", "check", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "broken.png  the file is empty" in done.stdout


def test_more_files_than_one_group(tmp_path, capsys):
    content = save(tmp_path / "x", "bmp", picture(2, 2)).read_bytes()
    for number in range(150):
        (tmp_path / f"{number:03}.bmp").write_bytes(content if number % 50 else b"")
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(3)
    try:
        assert main(["check", "--json", str(tmp_path)]) == 1
    finally:
        batchwarp.runtime.set_num_threads(before)
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == 151
    assert list(found["bad"]) == [str(tmp_path / f"{number:03}.bmp") for number in (0, 50, 100)]


class TestMasks:
    @pytest.fixture
    def folders(self, tmp_path):
        images = tmp_path / "images"
        for number, name in enumerate(["a/1", "a/2", "b/1", "b/2", "b/3"]):
            save(images / name, "jpeg", picture(12, 15 + number))
            mask = tmp_path / "masks" / f"{name}.png"
            mask.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((12, 15 + number), number, np.uint8)).save(mask)
        return images, tmp_path / "masks"

    def run(self, folders, *options):
        images, masks = map(str, folders)
        return main(["check", images, "--masks", masks, *options])

    def test_all_good(self, folders, capsys):
        assert self.run(folders) == 0
        assert capsys.readouterr().out == "10 files, all good\n"

    def test_what_is_wrong(self, folders, capsys):
        images, masks = folders
        (masks / "a" / "1.png").unlink()
        Image.new("L", (15, 12)).save(masks / "a" / "2.png")
        (masks / "b" / "1.gif").write_bytes(b"")
        Image.new("RGB", (18, 12)).save(masks / "b" / "2.png")
        (masks / "b" / "3.png").write_bytes(b"")
        Image.new("L", (5, 5)).save(masks / "lost.png")
        save(images / "b" / "4", "png", picture(5, 5))
        assert self.run(folders, "--json") == 1
        found = json.loads(capsys.readouterr().out)
        assert found == {
            "files": 6 + 6 + 0,
            "bad": {
                str(masks / "lost.png"): "no image",
                str(images / "a" / "1.jpg"): f"no mask in {masks}",
                str(images / "b" / "1.jpg"): "several masks: "
                + ", ".join(os.path.join("b", name) for name in ("1.gif", "1.png")),  # noqa: PTH118
                str(images / "b" / "4.png"): f"no mask in {masks}",
                str(masks / "a" / "2.png"): "the mask has 15 × 12 pixels, where its image has "
                "16 × 12",
                str(masks / "b" / "2.png"): "the mask has 3 channels of uint8, where the first one "
                "has 1 of uint8",
                str(masks / "b" / "3.png"): "the file is empty",
            },
        }
        (images / "a" / "1.jpg").write_bytes(b"")
        assert self.run(folders) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[-1] == "12 files, 7 of them are bad"
        assert any(f"the file is empty; no mask in {masks}" in line for line in lines)

    def test_mistakes(self, folders, capsys):
        images, masks = folders
        assert self.run((images, masks / "nowhere")) == 2
        assert "nowhere: no such folder" in capsys.readouterr().err
        for path in masks.rglob("*.png"):
            path.unlink()
        for path in images.rglob("*.jpg"):
            mask = masks / path.parent.name / f"{path.stem}.npy"
            np.save(mask, np.zeros((12, 15), np.float32))
        assert self.run(folders) == 2
        assert "--masks: `masks` should hold integers" in capsys.readouterr().err


class TestCoco:
    def run(self, folder, *options):
        file, images = str(folder / "instances.json"), str(folder / "images")
        return main(["check", "--coco", file, "--images", images, *options])

    def test_all_good(self, tmp_path, capsys):
        save_coco(tmp_path)
        assert self.run(tmp_path) == 0
        assert capsys.readouterr().out == "3 files, all good\n4 annotations, all good\n"
        # The folder may also stand by itself, as elsewhere.
        file, images = str(tmp_path / "instances.json"), str(tmp_path / "images")
        assert main(["check", images, "--coco", file]) == 0

    def damaged(self, folder):
        content = coco_content()
        content["annotations"][0]["category_id"] = 7
        content["annotations"][1]["keypoints"] = [1, 2, 2]
        content["annotations"][3]["segmentation"] = []  # as data sets without masks have it
        content["annotations"] += [
            {
                **content["annotations"][0],
                "id": 100 + number,
                "bbox": [2, 3, 0, 1],
                "category_id": 1,
            }
            for number in range(12)
        ]
        content["images"].append({"id": 5, "file_name": "lost.png", "height": 5, "width": 5})
        save_coco(folder, content)
        (folder / "images" / "b.png").write_bytes(b"")

    def test_the_table(self, tmp_path, capsys):
        self.damaged(tmp_path)
        assert self.run(tmp_path) == 1
        header, *lines = capsys.readouterr().out.splitlines()
        column = header.index("reason")
        rows = [(line[:column].strip(), line[column:]) for line in lines[:-5]]
        file = os.path.join("..", "instances.json")  # noqa: PTH118 - as it is printed
        assert rows[:4] == [
            ("lost.png", f"no such file; it is image 5 of {tmp_path / 'instances.json'}"),
            ("b.png", "the file is empty"),
            (file, "annotation 11 of a.png: there is no category 7"),
            (file, "annotation 12 of a.png: should be x, y and v of 3 keypoints, finite numbers"),
        ]
        assert rows[4:] == [
            (file, f"annotation {100 + number} of a.png: a box of 0 × 1") for number in range(10)
        ]
        assert lines[-5:] == [
            "4 files, 2 of them are bad",
            "16 annotations, 14 of them are bad",
            "  wrong category id: 1",
            "  broken keypoints: 1",
            "  box without an area: 12, the first 10 are listed",
        ]

    def test_json(self, tmp_path, capsys):
        self.damaged(tmp_path)
        assert self.run(tmp_path, "--json") == 1
        found = json.loads(capsys.readouterr().out)
        assert (found["files"], found["annotations"]) == (4, 16)
        assert [Path(path).name for path in found["bad"]] == ["lost.png", "b.png"]
        assert len(found["bad_annotations"]) == 14
        assert found["bad_annotations"][0] == {
            "file": str(tmp_path / "instances.json"),
            "annotation": "annotation 11 of a.png",
            "kind": "wrong category id",
            "reason": "there is no category 7",
        }

    def test_sizes_that_files_have_not(self, tmp_path, capsys):
        content = coco_content()
        content["images"][0]["width"] = 31
        save_coco(tmp_path, content)
        assert self.run(tmp_path, "--json") == 1
        assert json.loads(capsys.readouterr().out)["bad"] == {
            str(tmp_path / "images" / "a.png"): "has 30 × 20 pixels, where 31 × 20 were said"
        }

    def test_a_file_that_is_cut_off(self, tmp_path, capsys):
        save_coco(tmp_path)
        path = tmp_path / "instances.json"
        path.write_bytes(path.read_bytes()[:200])
        assert self.run(tmp_path, "--json") == 1
        found = json.loads(capsys.readouterr().out)
        assert list(found["bad"]) == [str(path)]
        assert found["bad"][str(path)].startswith("is cut off")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--coco", "nowhere.json", "--images", "."], "--coco: nowhere.json: No such file"),
            (["--coco", "instances.json"], "--coco: give one folder of images"),
            (["images", "--coco", "instances.json", "--images", "images"], "give one folder"),
            (["images", "--images", "images"], "--images: is for --coco"),
            (["images", "--coco", "instances.json", "--formats", "png"], "--formats: not with"),
            (["images", "--coco", "instances.json", "--follow-links"], "--follow-links: not with"),
            (["images", "--coco", "instances.json", "--yolo"], "not allowed with argument"),
            (["images", "--data", "data.yaml"], "--data: is for --yolo"),
        ],
    )
    def test_mistakes(self, tmp_path, capsys, monkeypatch, arguments, message):
        save_coco(tmp_path)
        monkeypatch.chdir(tmp_path)
        assert main(["check", *arguments]) == 2
        assert message in capsys.readouterr().err


class TestYolo:
    def test_all_good(self, tmp_path, capsys):
        images = save_yolo(tmp_path)
        assert main(["check", str(images), "--yolo"]) == 0
        assert capsys.readouterr().out == "3 files, all good\n2 annotations, all good\n"
        assert main(["check", str(images), "--yolo", str(tmp_path / "labels")]) == 0

    def test_what_is_wrong(self, tmp_path, capsys):
        images = save_yolo(tmp_path)
        bad, lost = tmp_path / "labels" / "b.txt", tmp_path / "labels" / "lost.txt"
        bad.write_text("0 0.5 0.5\n0 0.5 0.5 2 0.1\n")
        lost.write_text("0 0.5 0.5 0.1 0.1\n")
        assert main(["check", str(images), "--yolo", "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert (found["files"], found["bad"]) == (4, {str(lost): "no image"})
        assert found["annotations"] == 4
        assert [
            (one["file"], one["annotation"], one["kind"]) for one in found["bad_annotations"]
        ] == [
            (str(bad), "line 1", "wrong number of fields"),
            (str(bad), "line 2", "value beyond 0 to 1"),
        ]

    def test_keypoints_and_names(self, tmp_path, capsys):
        pytest.importorskip("yaml")
        images, data = save_yolo(tmp_path), tmp_path / "data.yaml"
        (tmp_path / "labels" / "b.txt").write_text("0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.4 0.4 0\n")
        data.write_text("names: [cat]\nkpt_shape: [2, 3]\n")
        arguments = ["check", str(images), "--yolo", "--json", "--data"]
        assert main([*arguments, str(data)]) == 1
        found = json.loads(capsys.readouterr().out)
        assert [one["annotation"] for one in found["bad_annotations"]] == ["line 1", "line 2"]
        data.write_text("names: cat\n")
        assert main([*arguments, str(data)]) == 1
        assert "`names` should be a list" in json.loads(capsys.readouterr().out)["bad"][str(data)]
        assert main([*arguments, str(tmp_path / "nowhere.yaml")]) == 2
        assert "nowhere.yaml: No such file" in capsys.readouterr().err

    def test_mistakes(self, tmp_path, capsys):
        images = save_images(tmp_path / "images")
        assert main(["check", str(images), "--yolo", str(tmp_path / "nowhere")]) == 2
        assert "--yolo: `label_dir` should be a folder" in capsys.readouterr().err
        assert main(["check", str(images), "--yolo"]) == 1
        assert "none of its 0 text files has the name of an image" in capsys.readouterr().out
        assert main(["check", str(images), "--yolo", str(images), "--formats", "gif"]) == 2
        assert "no files with the extensions .gif" in capsys.readouterr().err
