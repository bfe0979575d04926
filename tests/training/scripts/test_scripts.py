"""The training scripts from end to end, on very little data."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorflow", reason="the scripts train with it")
pytest.importorskip("scipy", reason="Keras' generator, which ours is compared with, warps with it")
pytest.importorskip("matplotlib", reason="the scripts draw with it")

import browser
from batchwarp.cli import main
from batchwarp.training.data import drawings, scenes
from batchwarp.training.run import speed

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


def assert_complete(out, *, epochs, more=()):
    """Asserts that a run has left all it should; returns its record."""
    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "finished"
    history = json.loads((out / "history.json").read_text())
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"} <= set(history)
    assert {len(values) for values in history.values()} == {epochs}
    for name in ("curves.png", "confusion.png", *more):
        assert_is_a_picture(out / name)
    results = record["results"]
    for part in results["parts"].values():
        assert 0 <= part["accuracy"] <= 1
    wrong = sum(
        np.sum(part["confusion"]) - np.trace(part["confusion"])
        for part in results["parts"].values()
    )
    assert (out / "misclassified.png").exists() == (wrong > 0)
    rows = (out / "misclassified.csv").read_text().splitlines()
    assert len(rows) == 1 + min(wrong, 100 * len(results["parts"]))
    assert load_model(out / "model.keras").count_params() == record["settings"]["parameters"]
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")
    return record


def assert_is_a_picture(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("L"))
    assert min(pixels.shape) > 100
    assert len(np.unique(pixels)) > 20


def load_model(path):
    import keras

    # Runs load it with its optimizer, when they test it.
    return keras.models.load_model(path, compile=False)


def test_ox_on_its_own_drawings(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--limit", "60", "--epochs", "2", "--batch-size", "16", "--seed", "5"]
    assert main(["train", "ox", *arguments, "--out", str(out)]) == 0
    output = capsys.readouterr().out
    for expected in ("test accuracy", "times as fast", "time per epoch", str(out)):
        assert expected in output

    record = assert_complete(out, epochs=2, more=["before-after.png"])
    assert record["settings"]["seed"] == 5
    assert record["settings"]["images"] == {"training": 48, "validation": 12, "test": 60}
    assert record["settings"]["interpolation"] == "bilinear"  # which `predict` reads
    assert np.array(record["results"]["parts"]["test"]["confusion"]).sum() == 60
    speeds = record["results"]["speed"]
    assert speeds["batchwarp_images_per_second"] > 0
    assert speeds["keras_images_per_second"] > 0
    assert speeds["largest_pixel_difference"] < 1e-5  # the same pictures on both sides
    assert "learning_rate" in json.loads((out / "history.json").read_text())

    # The saved model is the one that was tested, on the pictures that were drawn.
    model = load_model(out / "model.keras")
    x, y = drawings.draw_set(60, seed=5, stream=drawings.TEST_STREAM)
    predicted = model.predict(x / np.float32(255), verbose=0)[:, 0] > 0.5
    accuracy = record["results"]["parts"]["test"]["accuracy"]
    assert np.mean(predicted == y) == pytest.approx(accuracy)
    assert len(list((out / "drawings" / "test").rglob("*.png"))) == 60

    if browser.executable() is not None:
        pictures, problems = browser.look_at(out / "report.html", tmp_path)
        assert pictures > 2  # the curves, the batch, and mistakes
        assert problems == []


@pytest.fixture
def own_drawings(tmp_path):
    """A folder of pictures with black and white letters."""
    root = tmp_path / "drawings"
    for part, count in (("train", 20), ("test", 10)):
        for number in range(count):
            for value, name in ((30, "O"), (220, "X")):
                path = root / part / name / f"{number}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), np.full((40, 50 + number), value, np.uint8))
    return root


def test_ox_on_a_folder_with_a_broken_drawing(eager, own_drawings, tmp_path, capsys):
    out = tmp_path / "out"
    broken = own_drawings / "test" / "X" / "7.jpg"
    broken.write_bytes(b"no picture")
    assert (
        main(["train", "ox", "--data", str(own_drawings), "--epochs", "1", "--out", str(out)]) == 0
    )
    record = assert_complete(out, epochs=1)
    assert record["settings"]["data"] == str(own_drawings)
    assert record["settings"]["images"] == {"training": 32, "validation": 8, "test": 20}
    assert np.array(record["results"]["parts"]["test"]["confusion"]).sum() == 19
    assert str(broken) in record["results"]["unread"][0]
    assert str(broken) in capsys.readouterr().out


@pytest.mark.slow
def test_keras_generator_makes_the_same_training(eager, blank_pictures, own_drawings, tmp_path):
    losses = []
    for generator in ("batchwarp", "keras"):
        out = tmp_path / generator
        arguments = ["--data", str(own_drawings), "--epochs", "1", "--generator", generator]
        assert main(["train", "ox", *arguments, "--out", str(out)]) == 0
        losses.append(json.loads((out / "history.json").read_text())["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_broken_drawing_stops_keras_generator_before_it_begins(own_drawings, tmp_path, capsys):
    path = own_drawings / "train" / "X" / "7.jpg"
    path.write_bytes(b"no picture")
    arguments = ["--data", str(own_drawings), "--generator", "keras"]
    assert main(["train", "ox", *arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert str(path) in error
    assert error.count("\n") == 1


def test_too_few_drawings_to_split_are_an_error(own_drawings, tmp_path, capsys):
    for path in sorted((own_drawings / "train" / "O").iterdir())[1:]:
        path.unlink()
    assert main(["train", "ox", "--data", str(own_drawings), "--out", str(tmp_path / "out")]) == 2
    assert "validation needs some of O and of X" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "parameters"), [("b", 241_546), ("d", 5_240_842)])
def test_fashion_mnist(eager, variant, parameters, write_fashion_mnist, tmp_path, capsys):
    write_fashion_mnist(tmp_path / "data", train=40)
    out = tmp_path / "out"
    arguments = ["--model", variant, "--data", str(tmp_path / "data"), "--limit", "32"]
    assert main(["train", "fashion-mnist", *arguments, "--epochs", "1", "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert f"{parameters:,}" in output
    assert ("16 augmented pictures" in output) == (variant == "d")
    record = assert_complete(out, epochs=1, more=["before-after.png"] if variant == "d" else [])
    assert record["settings"]["parameters"] == parameters
    assert record["settings"]["images"] == {"training": 32, "test": 10}
    assert (out / "before-after.png").exists() == (variant == "d")


def test_fashion_mnist_d_is_augmentation(tmp_path, capsys):
    arguments = ["--model", "d", "--no-augment", "--out", str(tmp_path / "out")]
    assert main(["train", "fashion-mnist", *arguments]) == 2
    assert "--model c" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--no-augment", "--generator", "keras"]])
def test_asl(eager, options, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for part, count in (("train", 96), ("test", 48)):
        labels = np.resize([label for label in range(25) if label != 9], count).astype(np.uint8)
        x = rng.integers(0, 256, (count, 784), np.uint8)
        np.savez(tmp_path / f"sign_mnist_{part}.npz", x=x, y=labels)
    out = tmp_path / "out"
    arguments = ["--data", str(tmp_path), "--limit", "64", "--epochs", "1", *options]
    assert main(["train", "asl", *arguments, "--out", str(out)]) == 0
    assert "The saved model takes test picture 1, a letter A, for" in capsys.readouterr().out
    record = assert_complete(out, epochs=1, more=["before-after.png"])
    assert record["settings"]["parameters"] == 264_049
    assert record["settings"]["images"] == {"training": 64, "test": 48}
    assert record["settings"]["classes"] == list("ABCDEFGHIKLMNOPQRSTUVWXY")
    assert bool(record["settings"]["augmentation"]) == (not options)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--recipe", "trivialaugment"]])
def test_mnist(eager, options, write_fashion_mnist, tmp_path, capsys):
    write_fashion_mnist(tmp_path / "data", train=40)  # the same format
    out = tmp_path / "out"
    arguments = ["--data", str(tmp_path / "data"), "--limit", "32", "--epochs", "1", *options]
    assert main(["train", "mnist", *arguments, "--out", str(out)]) == 0
    record = assert_complete(out, epochs=1, more=["before-after.png"])
    assert record["settings"]["parameters"] == 93_322
    assert 0 <= record["results"]["waiting"] <= 1
    assert ("speed" in record["results"]) == (not options)  # Keras has no operations


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (["fashion-mnist", "--model", "c"], "only --model d has augmented pictures"),
        (["transfer", "--mode", "extract", "--dataset", "ox"], "--mode extract looks at each"),
    ],
)
def test_recipes_that_would_do_nothing(script, message, tmp_path, capsys):
    arguments = ["train", *script, "--recipe", "randaugment", "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert f"argument --recipe: {message}" in capsys.readouterr().err


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "recipe"),
    [
        ([], "keras"),
        (["--no-augment", "--cache", "memory", "--limit", "20"], "none"),
        (["--recipe", "randaugment+mixup"], "randaugment+mixup"),
    ],
)
def test_cats_dogs(eager, options, recipe, photographs, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--data", str(photographs), "--epochs", "1", "--batch-size", "8", *options]
    assert main(["train", "cats-dogs", *arguments, "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert "1 pictures could not be read" in output
    record = assert_complete(out, epochs=1, more=["before-after.png", "variants.png"])
    assert record["settings"]["images"] == {"training": 24, "validation": 12}
    assert record["settings"]["parameters"] == 130_241
    assert record["settings"]["recipe"] == recipe
    if recipe == "randaugment+mixup":
        operations = ["Flip()", "RandAugment()", "MixUp(num_classes=2)"]
        assert record["settings"]["augmentation"] == {"operations": operations}
        assert "RandAugment()" in (out / "report.html").read_text(encoding="utf-8")
    else:
        assert bool(record["settings"]["augmentation"]) == (recipe == "keras")
    assert str(photographs / "train" / "cats" / "3.jpg") in record["results"]["unread"][0]


def test_segmentation(eager, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--limit", "8", "--epochs", "1", "--batch-size", "4", "--seed", "3"]
    assert main(["train", "segmentation", *arguments, "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert "test mean IoU" in output
    record = json.loads((out / "run.json").read_text())
    assert record["settings"]["images"] == {"training": 8, "validation": 8, "test": 8}
    assert record["settings"]["augmentation"]["fill_mode"] == "reflect"
    history = json.loads((out / "history.json").read_text())
    assert {"loss", "mean_iou", "val_mean_iou", "seconds", "waiting"} <= set(history)
    for name in ("curves.png", "before-after.png", "worst.png"):
        assert_is_a_picture(out / name)
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")

    # The saved model is the one that was tested, on the pictures that were drawn.
    x, masks = scenes.draw_set(8, seed=3, stream=scenes.TEST_STREAM)
    found = load_model(out / "model.keras").predict(x / np.float32(255), verbose=0).argmax(axis=-1)
    test = record["results"]["parts"]["test"]
    assert np.mean(found == masks) == pytest.approx(test["accuracy"])
    discs = np.sum((found == 1) & (masks == 1)) / np.sum((found == 1) | (masks == 1))
    assert test["classes"]["disc"]["iou"] == pytest.approx(discs)
    assert test["classes"]["disc"]["support"] == pytest.approx(np.mean(masks == 1))


@pytest.mark.slow
def test_segmentation_of_own_pictures(eager, masked_folders, tmp_path, capsys):
    images, masks = masked_folders
    out = tmp_path / "out"
    arguments = ["--data", str(images), "--masks", str(masks), "--size", "40", "--epochs", "1"]
    arguments += ["--classes", "ground, shape", "--recipe", "randaugment", "--out", str(out)]
    assert main(["train", "segmentation", *arguments]) == 0
    record = json.loads((out / "run.json").read_text())
    assert record["settings"]["images"] == {"training": 8, "validation": 2}
    assert record["settings"]["classes"] == ["ground", "shape"]
    assert set(record["results"]["parts"]["validation"]["classes"]) == {"ground", "shape"}
    assert load_model(out / "model.keras").input_shape == (None, 40, 40, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--masks", "masks"], "--data and --masks: one of them says nothing without the other"),
        (["--size", "40"], "argument --size: it is for pictures of your own, with --data"),
        (["--classes", "a,b"], "argument --classes: it is for pictures of your own"),
        (["--size", "42"], "must be a multiple of 8, received: 42"),
    ],
)
def test_options_of_own_pictures_go_together(options, message, tmp_path, capsys):
    arguments = ["train", "segmentation", *options, "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_names_of_classes_are_as_many_as_there_are(masked_folders, tmp_path, capsys):
    images, masks = masked_folders
    arguments = ["--data", str(images), "--masks", str(masks), "--size", "32"]
    arguments += ["--classes", "a,b,c", "--out", str(tmp_path / "out")]
    assert main(["train", "segmentation", *arguments]) == 2
    assert "3 names, but the masks have 2 values: 0, 255" in capsys.readouterr().err


def test_segmentation_is_not_for_keras_generator(tmp_path, capsys):
    arguments = ["train", "segmentation", "--generator", "keras", "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "Keras' generator moves no masks" in capsys.readouterr().err


def test_cats_dogs_without_data_is_status_2(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("BATCHWARP_DATA", raising=False)
    assert main(["train", "cats-dogs", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "--data FOLDER" in error
    assert "BATCHWARP_DATA" in error
    assert main(["train", "cats-dogs", "--data", str(tmp_path)]) == 2
    assert f"{tmp_path / 'train' / 'cats'}: there is no such folder" in capsys.readouterr().err


def test_cats_dogs_without_a_photograph_is_status_2(tmp_path, capsys):
    for name in ("train/cats", "train/dogs", "validation/cats", "validation/dogs"):
        (tmp_path / name).mkdir(parents=True)
    assert main(["train", "cats-dogs", "--data", str(tmp_path)]) == 2
    assert f"{tmp_path / 'train'}: there is no picture" in capsys.readouterr().err


def test_speed_comparison_leaves_the_random_state_alone():
    x = np.random.default_rng(0).integers(0, 256, (20, 12, 16, 1), np.uint8)
    before = np.random.get_state()[1].copy()
    result = speed.compare({"rotation_range": 20}, x, np.zeros(20), batch_size=8, seed=1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    assert result.ratio == pytest.approx(result.batchwarp / result.keras)
    assert result.difference < 1e-3  # of 255
