"""Predicting with models that find masks."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("keras", reason="the models are Keras'")

import keras
from keras import layers
from PIL import Image

from batchwarp import ImageDataGenerator
from batchwarp.cli import main
from batchwarp.training.results import saved
from batchwarp.training.results.found_masks import find_masks, save_mask

# Not ours to mend: TensorFlow's tensors.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# Channels of pictures of 8 × 8 that say what class a pixel is of: none, red, green.
CLASSES = ("background", "red", "green")


def colour_model(*, activation="softmax", size=(8, 8), single=False, pooled=False):
    """Returns a model that takes a pixel for its brightest colour, or for background."""
    head = layers.Conv2D(1 if single else 3, 1, activation=activation)
    inputs = keras.Input((*size, 3))
    model = keras.Model(inputs, head(layers.AveragePooling2D(2)(inputs) if pooled else inputs))
    kernel, bias = head.get_weights()
    if single:  # whether it is red
        kernel[0, 0] = [[20], [0], [0]]
        bias[:] = -10
    else:
        kernel[0, 0] = [[0, 20, 0], [0, 0, 20], [0, 0, 0]]
        bias[:] = [10, 0, 0]
    head.set_weights([kernel, bias])
    return model


def save_picture(path, size=(8, 8)):
    """Writes a picture whose upper left quarter is red, and its lower half green."""
    height, width = size
    mask = np.zeros(size, np.uint8)
    mask[: height // 2, : width // 2] = 1
    mask[height // 2 :] = 2
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[mask == 1, 0] = 255
    pixels[mask == 2, 1] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return mask


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "colours.keras"
    colour_model().save(path)
    return path


def predict(*arguments):
    return main(["predict", *map(str, arguments)])


def test_masks_and_overlays_are_written_beside_each_other(model_file, tmp_path, capsys):
    images, out = tmp_path / "images", tmp_path / "out"
    masks = {
        name: save_picture(images / f"{name}.png", size)
        for name, size in (("a", (8, 8)), ("sub/b", (24, 16)))
    }
    assert predict(model_file, images, "--out", out, "--classes", ",".join(CLASSES), "--json") == 0
    found = json.loads(capsys.readouterr().out)["predictions"]
    for entry, (name, mask) in zip(found, masks.items(), strict=True):
        assert entry["file"] == str(images / f"{name}.png")
        assert (entry["mask"], entry["overlay"]) == (
            str(out / "masks" / f"{name}.png"),
            str(out / "overlays" / f"{name}.png"),
        )
        assert entry["classes"] == [
            {"class": "green", "share": 0.5},
            {"class": "red", "share": 0.25},
            {"class": "background", "share": 0.25},
        ]
        with Image.open(entry["mask"]) as picture:
            assert picture.mode == "P"
            np.testing.assert_array_equal(np.asarray(picture), mask)
            colours = np.asarray(picture.convert("RGB"))
        assert len(np.unique(colours.reshape(-1, 3), axis=0)) == 3
        with Image.open(entry["overlay"]) as picture:
            over = np.asarray(picture)
        assert over.shape == (*mask.shape, 3)
        assert (over[mask == 0] == 0).all()  # what is black stays so
        red = over[mask == 1]
        assert (red == red[0]).all()
        assert not (red[0] == red[0, 0]).all()  # grey no more


def test_the_folder_of_masks_is_one_for_flows(model_file, tmp_path):
    images, out = tmp_path / "images", tmp_path / "out"
    mask = save_picture(images / "class" / "a.png")
    assert predict(model_file, images, "--out", out) == 0
    flow = ImageDataGenerator().flow_from_directory(
        images, masks=out / "masks", target_size=(8, 8), class_mode=None
    )
    np.testing.assert_array_equal(next(flow)[1][0], mask)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "linear"])
@pytest.mark.parametrize("single", [False, True])
def test_every_kind_of_output(tmp_path, activation, single):
    if single and activation == "softmax":
        return
    colour_model(activation=activation, single=single).save(tmp_path / "model.keras")
    model = saved.load(tmp_path / "model.keras")
    assert (model.makes_masks, len(model.classes)) == (True, 2 if single else 3)
    mask = save_picture(tmp_path / "a.png")
    images = model.prepared([np.asarray(Image.open(tmp_path / "a.png"))] * 20)
    found = find_masks(model, images)
    assert found.shape == (20, 8, 8)
    np.testing.assert_array_equal(found, np.broadcast_to(mask == 1 if single else mask, (20, 8, 8)))


def test_masks_of_half_the_size_become_as_large_as_pictures(tmp_path, capsys):
    colour_model(pooled=True, size=(None, None)).save(tmp_path / "model.keras")
    mask = save_picture(tmp_path / "a.png", (16, 12))
    arguments = ["--size", "16x12", "--out", tmp_path / "out"]
    assert predict(tmp_path / "model.keras", tmp_path / "a.png", *arguments) == 0
    assert "2 50.0%, 1 25.0%, 0 25.0%" in capsys.readouterr().out
    with Image.open(tmp_path / "out" / "masks" / "a.png") as found:
        np.testing.assert_array_equal(np.asarray(found), mask)


def test_only_some_classes_are_listed(model_file, tmp_path, capsys):
    save_picture(tmp_path / "a.png")
    assert predict(model_file, tmp_path / "a.png", "--out", tmp_path / "out", "--top", "1") == 0
    assert "2 50.0%  " in capsys.readouterr().out


def test_rows_of_a_table(model_file, tmp_path):
    mask = save_picture(tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png")).ravel()
    lines = [",".join(f"pixel{i}" for i in range(1, pixels.size + 1)), ",".join(map(str, pixels))]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    assert predict(model_file, tmp_path / "table.csv", "--out", tmp_path / "out") == 0
    with Image.open(tmp_path / "out" / "masks" / "table-1.png") as found:
        np.testing.assert_array_equal(np.asarray(found), mask)


def test_files_that_cannot_be_read_are_listed(model_file, tmp_path, capsys):
    save_picture(tmp_path / "images" / "a.png")
    (tmp_path / "images" / "b.png").write_bytes(b"none")
    assert predict(model_file, tmp_path / "images", "--out", tmp_path / "out") == 1
    output = capsys.readouterr().out
    assert "a.png" in output
    assert "cannot be read" in output
    assert not (tmp_path / "out" / "masks" / "b.png").exists()


def test_more_classes_than_a_palette_has(tmp_path):
    mask = np.arange(300).reshape(20, 15)
    save_mask(mask, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as found:
        np.testing.assert_array_equal(np.asarray(found), mask)


class TestMistakes:
    def fails(self, capsys, *arguments):
        assert predict(*arguments) == 2
        return capsys.readouterr().err

    def test_two_pictures_of_one_name(self, model_file, tmp_path, capsys):
        for name in ("a.png", "a.bmp"):
            save_picture(tmp_path / "images" / name)
        error = self.fails(capsys, model_file, tmp_path / "images", "--out", tmp_path / "out")
        assert "its mask would have the name of that of" in error
        assert not (tmp_path / "out").exists()

    def test_no_picture_is_written_over(self, model_file, tmp_path, capsys):
        before = save_picture(tmp_path / "masks" / "a.png")
        error = self.fails(capsys, model_file, tmp_path / "masks", "--out", tmp_path)
        assert "argument --out: " in error
        assert "is one of the pictures" in error
        with Image.open(tmp_path / "masks" / "a.png") as picture:
            assert picture.size == before.shape[::-1]

    def test_a_folder_that_cannot_be_made(self, model_file, tmp_path, capsys):
        save_picture(tmp_path / "a.png")
        (tmp_path / "out").write_text("a file")
        error = self.fails(capsys, model_file, tmp_path / "a.png", "--out", tmp_path / "out")
        assert "argument --out: cannot write" in error

    def test_a_model_that_finds_no_masks(self, tmp_path, capsys):
        save_picture(tmp_path / "a.png")
        model = keras.Sequential(
            [keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")]
        )
        model.save(tmp_path / "model.keras")
        error = self.fails(
            capsys, tmp_path / "model.keras", tmp_path / "a.png", "--out", tmp_path / "out"
        )
        assert "finds no masks" in error

    def test_an_output_of_one_pixel_is_none(self, tmp_path, capsys):
        keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 8)]).save(
            tmp_path / "model.keras"
        )
        error = self.fails(capsys, tmp_path / "model.keras", "a.png")
        assert "(None, height, width, classes)" in error
