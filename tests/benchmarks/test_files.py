"""What the benchmark of files makes of timings, from made-up ones."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import pytest

pytest.importorskip("rich", reason="benchmarks need the extra `bench`")

files = importlib.import_module("batchwarp.benchmarks.files")
peers = importlib.import_module("batchwarp.benchmarks.harness.file_peers")
photos = importlib.import_module("batchwarp.benchmarks.harness.photos")
readers = importlib.import_module("batchwarp.benchmarks.harness.readers")
targets = importlib.import_module("batchwarp.benchmarks.harness.targets")


def case(work, process, **seconds):
    names = {
        "opencv": "OpenCV, decoding only",
        "simplejpeg": "simplejpeg, decoding only",
        "ours": files.NEXT,
        "ahead": files.AHEAD,
        "bilinear": files.BILINEAR,
        "scaled": files.SCALED,
        "single": files.SINGLE,
        "dataset": files.DATASET,
        "memory": files.MEMORY,
        "disk": files.DISK,
        "keras": files.KERAS,
        "tf": files.TENSORFLOW,
        "dali": "DALI, processor",
        "spdl": "SPDL, resized only",
    }
    return {
        "case": f"{work}, {process}",
        "work": work,
        "process": process,
        "images": 100,
        "timings": {names[key]: {"median": value} for key, value in seconds.items()},
    }


CASES = [
    case("augmented", "plain", opencv=2, simplejpeg=1, ours=3, bilinear=4, scaled=1, spdl=6),
    case("random crop", "plain", opencv=4, ours=3),
    case(
        "augmented",
        "tensorflow",
        opencv=2,
        ours=2.5,
        ahead=2,
        bilinear=5,
        scaled=2,
        single=5,
        dataset=3,
        memory=0.5,
        disk=0.25,
        keras=50,
        tf=25,
    ),
    case("augmented", files.LONG_PASS, ours=20, dataset=22),
    case("augmented", "dali", opencv=2, ours=3, dali=6),
]


def test_metrics_are_ratios_within_a_process():
    found = files.metrics(CASES)
    assert found["floor/nearest/OpenCV/plain"] == 1.5
    assert found["floor/nearest/simplejpeg/plain"] == 3
    assert found["floor/nearest/OpenCV/tensorflow"] == 1.25
    assert found["floor/bilinear/OpenCV/tensorflow"] == 2.5
    assert found["floor/scaled/OpenCV/plain"] == 0.5
    assert found["crop/OpenCV"] == 0.75
    assert found["first/augmented/next(it)"] == 20
    assert found["cached/augmented/next(it), cached on disk"] == 200
    assert found["tf.data/augmented"] == 10
    assert found["dataset/augmented"] == 1.2
    assert found["dataset/augmented, a long pass"] == 1.1
    assert found["peer/augmented/DALI, processor"] == 2
    assert found["less/augmented/SPDL, resized only"] == 2
    assert not any("simplejpeg/tensorflow" in name for name in found)


def test_every_target_of_files_has_a_metric():
    judged = targets.judge({"files": {"metrics": files.metrics(CASES)}})
    for verdict in judged:
        if verdict.target.benchmark == "files":
            assert verdict.measured, verdict.target.key


def test_tables_say_what_is_missing_and_what_does_less():
    shown = files.text(CASES, {"turboloader": "turboloader is not installed"})
    assert "not measured: turboloader (turboloader is not installed)" in shown
    assert "- SPDL, resized only, augmented: less work: does not augment" in shown
    assert "- turboloader" not in shown
    [row] = [line for line in shown.splitlines() if line.startswith("| DALI")]
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["60,000", "17", "3.00", "2.00"]


def test_a_loader_that_is_not_there_or_does_not_work_is_missing():
    peer = dataclasses.replace(peers.FILE_PEERS[0], distribution="no-such-distribution")
    assert peer.lacks() == "no-such-distribution is not installed"
    broken = dataclasses.replace(peer, distribution="numpy", broken=lambda: "it finds no FFmpeg")
    assert broken.lacks() == "it finds no FFmpeg"
    assert files.absent([peer, broken])[peer.name] == "it finds no FFmpeg"
    assert dataclasses.replace(peer, distribution="numpy").lacks() == ""


def test_names_of_loaders_are_unique_and_their_processes_are_known():
    names = [peer.name for peer in peers.FILE_PEERS]
    assert len(set(names)) == len(names)
    for peer in peers.FILE_PEERS:
        assert peer.process in files.PROCESSES
        assert {*peer.make, *peer.differs, *peer.less} <= {peers.AUGMENT, peers.CROPPED}


@pytest.mark.parametrize("photographs", [True, False])
def test_photographs_of_one_size(photographs, tmp_path, monkeypatch):
    Image = pytest.importorskip("PIL.Image")
    monkeypatch.setenv("BATCHWARP_DATA", str(tmp_path))
    if photographs:
        for name in ("cats", "dogs"):
            folder = tmp_path / "cats_dogs" / "train" / name
            folder.mkdir(parents=True)
            for number, size in enumerate([(499, 375), (375, 500), (500, 374), (320, 240)]):
                Image.new("RGB", size).save(folder / f"{number}.jpg")
    with photos.photos(4, photos.LARGE) as (folder, _):
        found = readers.paths_of(folder)
        assert len(found) == 4
        for path in found:
            with Image.open(path) as picture:
                assert abs(picture.width - 500) <= 1
                assert abs(picture.height - 375) <= 1


def test_random_windows_have_their_size(tmp_path):
    pytest.importorskip("PIL")
    with photos.photos(2, photos.LARGE) as (folder, _):
        images, labels = next(readers.cropped(Path(folder)))
    assert images.shape == (2, readers.CROP, readers.CROP, 3)
    assert sorted(labels) == [0, 1]
