"""Predicting with saved models."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("keras", reason="the models are Keras'")

import keras
from keras import layers
from PIL import Image

from batchwarp.cli import main
from batchwarp.image import load_img
from batchwarp.training.results import saved
from batchwarp.training.results.predict import Prediction, predict_pictures
from image_files import solid

# Not ours to mend: TensorFlow's tensors and Keras' modules.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def brightness_model(channels=1, *, activation="softmax", size=(4, 4)):
    """Returns a model that tells dark (class 0) from bright (class 1) at the mean of a half."""
    single = activation == "sigmoid"
    head = layers.Dense(1 if single else 2, activation=activation)
    model = keras.Sequential([keras.Input((*size, channels)), layers.Flatten(), head])
    kernel, bias = head.get_weights()
    kernel[:] = 10 / len(kernel)
    kernel[:, :-1] = 0
    bias[:] = -5 if single else [5, 0]
    head.set_weights([kernel, bias])
    return model


def write_table(path, rows, *, label=True, pixels=16):
    """Writes pictures of one value each in the layout of Sign Language MNIST."""
    names = ["label"] * label + [f"pixel{i}" for i in range(1, pixels + 1)]
    lines = [[7] * label + [value] * pixels for value in rows]
    path.write_text("\n".join(",".join(map(str, line)) for line in [names, *lines]) + "\n")
    return path


def fails(arguments, capsys):
    """Runs a command that must fail; returns its one line on standard error."""
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("batchwarp: error: ")
    return captured.err


def predicted(arguments, capsys, status=0):
    assert main(["predict", "--json", *map(str, arguments)]) == status
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "bright.keras"
    brightness_model().save(path)
    return path


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "linear"])
def test_probabilities_of_every_kind_of_output(activation):
    images = np.array([0.0, 0.25, 1.0]).reshape(3, 1, 1, 1) * np.ones((1, 4, 4, 1))
    predictions = predict_pictures(
        brightness_model(activation=activation), images, ["dark", "bright"]
    )
    assert [one.classes[0] for one in predictions] == ["dark", "dark", "bright"]
    expected = 1 / (1 + np.exp([-5, -2.5, -5]))
    assert [one.probabilities[0] for one in predictions] == pytest.approx(expected, abs=1e-6)
    assert all(sum(one.probabilities) == pytest.approx(1) for one in predictions)


@pytest.mark.parametrize("last", [layers.Softmax, lambda: layers.Activation("softmax")])
def test_activation_in_a_layer_of_its_own_and_in_a_model_within(last):
    inner = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3), last()])
    model = keras.Sequential([keras.Input((4, 4, 1)), inner])
    image = np.random.default_rng(0).random((1, 4, 4, 1))
    (one,) = predict_pictures(model, image, "abc")
    direct = model.predict(image, verbose=0)[0]
    assert one.probabilities == pytest.approx(sorted(direct, reverse=True), abs=1e-6)


def test_names_must_fit_the_model():
    with pytest.raises(ValueError, match="must name the model's 2 classes, received 3"):
        predict_pictures(brightness_model(), np.zeros((1, 4, 4, 1)), "abc")


def test_files_folders_and_tables(model_file, tmp_path, capsys):
    for name, value in (("b/bright.png", 250), ("a/dark.jpg", 10), ("top.bmp", 240)):
        solid(tmp_path / "d" / name, value)
    (tmp_path / "d" / "notes.txt").write_text("no picture")
    with_label = write_table(tmp_path / "s.csv", [200, 3])
    without = write_table(tmp_path / "t.csv", [3], label=False)
    single = tmp_path / "d" / "top.bmp"
    result = predicted([model_file, with_label, tmp_path / "d", without, single], capsys)
    assert [
        (one["file"], one["row"], one["classes"][0]["class"]) for one in result["predictions"]
    ] == [
        (str(with_label), 1, "1"),
        (str(with_label), 2, "0"),
        (str(without), 1, "0"),
        (str(single), None, "1"),
        (str(tmp_path / "d" / "a" / "dark.jpg"), None, "0"),
        (str(tmp_path / "d" / "b" / "bright.png"), None, "1"),
    ]
    assert result["unread"] == []


def test_more_pictures_than_fit_into_a_group(model_file, tmp_path, capsys):
    values = np.random.default_rng(0).integers(0, 256, 300)
    result = predicted([model_file, write_table(tmp_path / "t.csv", values)], capsys)
    classes = [int(one["classes"][0]["class"]) for one in result["predictions"]]
    assert classes == (values > 127.5).astype(int).tolist()
    assert [one["row"] for one in result["predictions"]] == list(range(1, 301))


def test_what_the_run_knew(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    brightness_model().save(run / "model.keras")
    settings = {"classes": ["dark", "bright"], "rescale": 1}
    (run / "run.json").write_text(json.dumps({"settings": settings}))
    solid(tmp_path / "p.png", 1)  # white, as the run says that pixels are not rescaled
    assert main(["predict", str(run), str(tmp_path / "p.png"), "--top", "5"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["file", "class", "probability", "class", "2", "probability", "2"]
    assert row.split()[1:] == ["bright", "0.9933", "dark", "0.0067"]
    # Arguments count more than the record.
    more = ["--rescale", "1/255", "--classes", "d, b"]
    result = predicted([run / "model.keras", tmp_path / "p.png", *more], capsys)
    assert result["predictions"][0]["classes"][0]["class"] == "d"


def test_files_are_brought_to_size_as_in_training(tmp_path, capsys):
    """Dark lines where a resize that takes single pixels looks, on a bright picture."""
    brightness_model().save(tmp_path / "model.keras")
    picture = np.full((28, 28), 255, np.uint8)
    picture[2::7] = picture[3::7] = picture[4::7] = 0
    Image.fromarray(picture).save(tmp_path / "p.png")
    probabilities = {}
    for name in ("nearest", "bilinear"):
        record = {"settings": {"classes": ["dark", "bright"], "interpolation": name}}
        (tmp_path / "run.json").write_text(json.dumps(record))
        (one,) = predicted([tmp_path, tmp_path / "p.png"], capsys)["predictions"]
        probabilities[name] = one["classes"][0]
    small = load_img(
        tmp_path / "p.png",
        color_mode="grayscale",
        target_size=(4, 4),
        interpolation="bilinear",
    )
    mean = np.asarray(small).mean() / 255
    assert probabilities["nearest"]["class"] == "dark"
    assert probabilities["bilinear"]["class"] == "bright"
    expected = 1 / (1 + np.exp(5 - 10 * mean))
    assert probabilities["bilinear"]["probability"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "not the record of a run"),
        ("[]", "not the record of a run"),
        ('{"settings": {"classes": "ab"}}', "settings.classes must be a list of names"),
        ('{"settings": {"rescale": "1/255"}}', "settings.rescale must be a number"),
        ('{"settings": {"interpolation": "area"}}', "settings.interpolation must be one of"),
        ('{"settings": {"classes": ["a"]}}', "1 names, but model.keras tells 2 classes apart"),
    ],
)
def test_record_that_cannot_be_used(tmp_path, capsys, record, message):
    brightness_model().save(tmp_path / "model.keras")
    (tmp_path / "run.json").write_text(record)
    error = fails(["predict", tmp_path, tmp_path / "p.png"], capsys)
    assert message in error
    assert str(tmp_path / "run.json") in error


def test_files_that_cannot_be_read_are_listed_and_the_others_predicted(
    model_file, tmp_path, capsys
):
    good = tmp_path / "good.png"
    solid(good, 255)
    (tmp_path / "bad.png").write_bytes(b"no image")
    tables = {
        "long.csv": ("label,pixel1\n1,2\n", "has 1 pixels in a row; the model takes 4 × 4 × 1"),
        "other.csv": ("a,b\n", "does not begin with the heading"),
        "empty.csv": (write_table(tmp_path / "e.csv", []).read_text(), "has no rows"),
        "short.csv": (write_table(tmp_path / "e.csv", [5]).read_text() + "1,2\n", "line 3 has not"),
        "high.csv": (write_table(tmp_path / "e.csv", [256]).read_text(), "from 0 to 255"),
        "bytes.csv": ("\udcff", "is not text"),
    }
    for name, (content, _) in tables.items():
        (tmp_path / name).write_text(content, encoding="utf-8", errors="surrogateescape")
    files = [tmp_path / name for name in ("bad.png", "missing.png", *tables)]
    result = predicted([model_file, files[0], good, *files[1:]], capsys, status=1)
    assert [one["file"] for one in result["predictions"]] == [str(good)]
    reasons = {one["file"]: one["reason"] for one in result["unread"]}
    assert reasons.keys() == {str(path) for path in files}
    assert "No such file" in reasons[str(tmp_path / "missing.png")]
    for name, (_, reason) in tables.items():
        assert reason in reasons[str(tmp_path / name)]
    assert main(["predict", str(model_file), str(files[0]), str(good)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(str(good))
    assert lines[4].startswith(str(files[0]))


def test_colour_layout_and_size(tmp_path):
    """A model that takes any size, colours first."""
    model = keras.Sequential(
        [
            keras.Input((3, None, None)),
            layers.Rescaling(1 / 255),
            layers.GlobalAveragePooling2D(data_format="channels_first"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.save(tmp_path / "m.h5")
    loaded = saved.load(tmp_path / "m.h5", size=(5, 6))
    assert (loaded.channels, loaded.size, loaded.rescale) == (3, (5, 6), 1)
    red = np.zeros((5, 6, 3), np.uint8)
    red[..., 0] = 255
    batch = loaded.prepared([red])
    assert batch.shape == (1, 3, 5, 6)
    assert batch[0, 0].min() == 255
    assert batch[0, 1:].max() == 0
    np.testing.assert_array_equal(loaded.channels_last(batch)[0], red)


class Unknown(layers.Layer):
    def call(self, x):
        return x


def models_that_cannot_be_used():
    picture = keras.Input((4, 4, 1))
    flat = layers.Flatten()(picture)
    return {
        "two-inputs": keras.Model(
            [picture, other := keras.Input((4, 4, 1))], flat + layers.Flatten()(other)
        ),
        "two-outputs": keras.Model(picture, [flat, layers.Dense(2)(flat)]),
        "vectors": keras.Sequential([keras.Input((8,)), layers.Dense(2)]),
        "pictures": keras.Sequential([picture, layers.Conv2D(2, 4)]),
        "channels": keras.Sequential([keras.Input((4, 4, 2)), layers.Flatten()]),
        "code": keras.Sequential([picture, layers.Lambda(lambda x: x), layers.Flatten()]),
        "custom": keras.Sequential([picture, Unknown(), layers.Flatten()]),
    }


def test_models_that_cannot_be_used(tmp_path, capsys):
    messages = {
        "two-inputs": "2 inputs",
        "two-outputs": "2 outputs",
        "vectors": "shape (None, 8)",
        "pictures": "shape (None, 1, 1, 2)",
        "channels": "1, 3 or 4 channels",
        "code": "contains Python code",
        "custom": "uses 'Unknown'",
    }
    for name, model in models_that_cannot_be_used().items():
        path = tmp_path / f"{name}.keras"
        model.save(path)
        error = fails(["predict", path, tmp_path / "p.png"], capsys)
        assert messages[name] in error
        assert str(path) in error


def test_files_that_are_no_models(model_file, tmp_path, capsys):
    whole = model_file.read_bytes()
    contents = {
        "text.keras": b"no model",
        "cut.keras": whole[: len(whole) // 2],
        "text.h5": b"no model",
        "model.txt": whole,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert str(tmp_path / name) in fails(["predict", tmp_path / name, "p.png"], capsys)
    brightness_model().save_weights(tmp_path / "w.weights.h5")
    assert "No model config" in fails(["predict", tmp_path / "w.weights.h5", "p.png"], capsys)
    assert "no such file" in fails(["predict", tmp_path / "missing.keras", "p.png"], capsys)
    assert "no model.keras" in fails(["predict", tmp_path, "p.png"], capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "5x4"], "takes pictures of 4x4, received: 5x4"),
        (["--size", "x"], "--size"),
        (["--classes", "a"], "--classes: 1 names"),
        (["--rescale", "0"], "--rescale: must be greater than 0"),
        (["--rescale", "1/0"], "--rescale: '1/0' is not a number"),
        (["--top", "0"], "--top: must be at least 1"),
    ],
)
def test_wrong_arguments(model_file, capsys, arguments, message):
    assert message in fails(["predict", model_file, "p.png", *arguments], capsys)


def test_folder_without_pictures(model_file, tmp_path, capsys):
    assert f"{tmp_path}: there is no image file" in fails(["predict", model_file, tmp_path], capsys)


def test_top_has_no_more_than_all_classes():
    one = Prediction((1, 0), ("b", "a"), (0.75, 0.25))
    assert one.top(1) == [{"class": "b", "probability": 0.75}]
    assert [entry["class"] for entry in one.top(9)] == ["b", "a"]
