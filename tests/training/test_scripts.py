"""The training scripts from end to end, on very little data."""

from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorflow", reason="the scripts train with it")
pytest.importorskip("scipy", reason="Keras' generator, which ours is compared with, warps with it")
pytest.importorskip("matplotlib", reason="the scripts draw with it")

from batchwarp.cli import main
from batchwarp.training import drawings, ox, speed

# Not ours to mend: Keras' own generator and TensorFlow's tensors.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def short_measurement(monkeypatch):
    """Speed is compared in milliseconds: the figures are not what is tested."""
    full = speed.compare
    monkeypatch.setattr(
        speed, "compare", lambda *args, **more: full(*args, **more, repeats=1, seconds=0.001)
    )


def assert_is_a_picture(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("L"))
    assert min(pixels.shape) > 100
    assert len(np.unique(pixels)) > 20


def load_model(path):
    import keras

    return keras.models.load_model(path)


def test_ox_on_its_own_drawings(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--limit", "60", "--epochs", "2", "--batch-size", "16", "--seed", "5"]
    assert main(["train", "ox", *arguments, "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert "test 0." in output or "test 1." in output
    assert "times as fast" in output
    assert str(out) in output

    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["settings"]["seed"] == 5
    assert record["settings"]["images"] == {"training": 48, "validation": 12, "test": 60}
    assert np.array(record["results"]["confusion"]["test"]).sum() == 60
    speeds = record["results"]["speed"]
    assert speeds["batchwarp_images_per_second"] > 0
    assert speeds["keras_images_per_second"] > 0
    assert speeds["largest_pixel_difference"] < 1e-5  # the same pictures on both sides

    with (out / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"} <= set(rows[0])
    for name in ("curves.png", "before-after.png", "confusion.png"):
        assert_is_a_picture(out / name)

    # The saved model is the one that was tested.
    model = load_model(out / "model.keras")
    x, y = drawings.draw_set(60, seed=5, stream=drawings.TEST_STREAM)
    predicted = model.predict(x / np.float32(255), verbose=0)[:, 0] > 0.5
    assert np.mean(predicted == y) == pytest.approx(record["results"]["accuracy"]["test"])
    wrong = sum(
        np.sum(matrix) - np.trace(matrix) for matrix in record["results"]["confusion"].values()
    )
    assert (out / "misclassified.png").exists() == (wrong > 0)


@pytest.fixture
def own_drawings(tmp_path):
    """A folder of pictures with black and white letters, so plain that two epochs suffice."""
    root = tmp_path / "drawings"
    for part, count in (("train", 20), ("test", 10)):
        for number in range(count):
            for value, name in ((30, "O"), (220, "X")):
                path = root / part / name / f"{number}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), np.full((40, 50 + number), value, np.uint8))
    return root


def test_ox_on_a_folder_of_drawings(own_drawings, tmp_path, capsys):
    out = tmp_path / "out"
    assert (
        main(["train", "ox", "--data", str(own_drawings), "--epochs", "3", "--out", str(out)]) == 0
    )
    record = json.loads((out / "run.json").read_text())
    assert record["settings"]["data"] == str(own_drawings)
    assert record["settings"]["images"] == {"training": 32, "validation": 8, "test": 20}
    assert_is_a_picture(out / "before-after.png")


def test_broken_drawing_is_status_2_and_names_the_file(own_drawings, tmp_path, capsys):
    path = own_drawings / "train" / "X" / "7.jpg"
    path.write_bytes(b"no picture")
    assert main(["train", "ox", "--data", str(own_drawings), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert str(path) in error
    assert error.count("\n") == 1


def test_too_few_drawings_to_split_are_an_error(own_drawings, tmp_path, capsys):
    for path in sorted((own_drawings / "train" / "O").iterdir())[1:]:
        path.unlink()
    assert main(["train", "ox", "--data", str(own_drawings), "--out", str(tmp_path / "out")]) == 2
    assert "at least 2 training pictures of O" in capsys.readouterr().err


def test_split_is_stratified_complete_and_repeatable():
    labels = np.repeat(np.array([0, 1], np.uint8), (30, 10))
    fitting, validation = ox._split(labels, 3, "somewhere")
    assert sorted([*fitting, *validation]) == list(range(40))
    assert np.bincount(labels[validation]).tolist() == [6, 2]
    np.testing.assert_array_equal(ox._split(labels, 3, "somewhere")[1], validation)
    assert not np.array_equal(ox._split(labels, 4, "somewhere")[1], validation)


@pytest.mark.parametrize(("variant", "parameters"), [("b", 241_546), ("d", 5_240_842)])
def test_fashion_mnist(variant, parameters, write_fashion_mnist, tmp_path, capsys):
    write_fashion_mnist(tmp_path / "data", train=40)
    out = tmp_path / "out"
    arguments = ["--model", variant, "--data", str(tmp_path / "data"), "--limit", "32"]
    assert main(["train", "fashion-mnist", *arguments, "--epochs", "1", "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert f"{parameters:,}" in output
    assert "Test accuracy" in output

    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["settings"]["images"] == {"training": 32, "test": 10}
    assert 0 <= record["results"]["test_accuracy"] <= 1
    assert load_model(out / "model.keras").count_params() == parameters
    assert_is_a_picture(out / "curves.png")
    if variant == "d":
        assert record["results"]["augmented_images"] == 16
        assert_is_a_picture(out / "before-after.png")
    else:
        assert not (out / "before-after.png").exists()


@pytest.fixture
def photographs(tmp_path):
    """A folder of photographs of one colour, one of which is broken."""
    root = tmp_path / "photographs"
    for part, count in (("train", 12), ("validation", 6)):
        for number in range(count):
            for value, name in ((40, "cats"), (210, "dogs")):
                path = root / part / name / f"{number}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), np.full((40 + number, 60, 3), value + number, np.uint8))
    (root / "train" / "cats" / "3.jpg").write_bytes(b"no picture")
    return root


@pytest.mark.parametrize("options", [[], ["--no-augment", "--cache", "memory"]])
def test_cats_dogs(options, photographs, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--data", str(photographs), "--epochs", "1", "--batch-size", "8", *options]
    assert main(["train", "cats-dogs", *arguments, "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert "Validation accuracy" in output
    assert "1 photographs could not be read" in output
    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["settings"]["images"] == {"training": 24, "validation": 12}
    assert record["settings"]["parameters"] == 130_241
    assert bool(record["settings"]["augmentation"]) == (not options)
    assert record["results"]["step_milliseconds"][0] > 0
    assert str(photographs / "train" / "cats" / "3.jpg") in record["results"]["unread"][0]
    assert load_model(out / "model.keras").count_params() == 130_241
    for name in ("curves.png", "batch.png", "variants.png"):
        assert_is_a_picture(out / name)


def test_cats_dogs_without_data_is_status_2(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("BATCHWARP_DATA", raising=False)
    assert main(["train", "cats-dogs", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "--data FOLDER" in error
    assert "BATCHWARP_DATA" in error
    assert main(["train", "cats-dogs", "--data", str(tmp_path)]) == 2
    assert f"{tmp_path / 'train' / 'cats'}: there is no such folder" in capsys.readouterr().err


def test_speed_comparison_leaves_the_random_state_alone():
    x = np.random.default_rng(0).integers(0, 256, (20, 12, 16, 1), np.uint8)
    before = np.random.get_state()[1].copy()
    result = speed.compare({"rotation_range": 20}, x, np.zeros(20), batch_size=8, seed=1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    assert result.ratio == pytest.approx(result.batchwarp / result.keras)
    assert result.difference < 1e-3  # of 255
