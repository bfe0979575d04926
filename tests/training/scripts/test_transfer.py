"""Transfer learning: the bases, their weights, and the script in its three modes."""

from __future__ import annotations

import inspect
import json
import signal
import sys
from urllib.error import URLError

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the script trains with it")
pytest.importorskip("scipy", reason="Keras' generator, which ours is compared with, warps with it")
pytest.importorskip("matplotlib", reason="the script draws with it")

import keras

from batchwarp.cli import main
from batchwarp.console.errors import UsageError
from batchwarp.training.networks import bases, models
from batchwarp.training.run.timing import EpochClock
from batchwarp.training.scripts import ox

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

COLOURS = ((200, 40, 40), (40, 200, 40), (40, 40, 200))


def write_pictures(root, names, counts):
    """Writes pictures of one colour for each class."""
    for part, count in counts.items():
        for name, colour in zip(names, COLOURS, strict=False):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                picture = np.full((24, 30 + number, 3), colour, np.uint8) + np.uint8(number)
                cv2.imwrite(str(folder / f"{number}.png"), picture[..., ::-1])
    return root


@pytest.fixture
def photographs(tmp_path):
    return write_pictures(tmp_path / "photographs", ("cats", "dogs"), {"train": 8, "validation": 4})


def build_tiny(weights=None, include_top=False, input_shape=None):
    assert weights is None
    assert not include_top
    layers = keras.layers
    pixels = keras.Input(input_shape)
    x = layers.Conv2D(4, 3, strides=2, activation="relu", name="block1_conv1")(pixels)
    x = layers.BatchNormalization(name="block1_norm")(x)
    x = layers.Conv2D(6, 3, strides=2, activation="relu", name="block5_conv1")(x)
    x = layers.BatchNormalization(name="block5_norm")(x)
    return keras.Model(pixels, x, name="tiny")


@pytest.fixture
def tiny(eager, monkeypatch):
    """A base that costs nothing."""
    application = bases._Application(
        "Tiny", build_tiny, keras.applications.mobilenet.preprocess_input
    )
    monkeypatch.setattr(bases, "_applications", lambda: {"tiny": application})


def train(data, out, *more, base="tiny", epochs=2):
    options = f"--base {base} --size 32 --weights none --batch-size 4 --epochs {epochs}".split()
    return main(["train", "transfer", "--data", str(data), "--out", str(out), *options, *more])


def record_of(out):
    return json.loads((out / "run.json").read_text())


def history_of(out):
    return json.loads((out / "history.json").read_text())


def load_model(out, name="model.keras"):
    return keras.models.load_model(out / name)


def trained_layers(model, seed=0):
    """Returns which of the tiny base's layers differ from those it began with."""
    keras.utils.set_random_seed(seed)
    begun = build_tiny(input_shape=(32, 32, 3)).layers
    pairs = zip(begun, model.get_layer("tiny").layers, strict=True)
    return [
        after.name
        for before, after in pairs
        if any(map(differ, before.get_weights(), after.get_weights()))
    ]


def differ(one, other):
    return not np.array_equal(one, other)


# The bases.


@pytest.mark.parametrize(("classes", "last"), [(2, 257), (3, 771)])
def test_parameters_of_vgg16(classes, last):
    base = bases.load_base("vgg16", 150, "none")
    model = models.transfer(base, classes)
    assert base.name == "VGG16"
    assert base.network.count_params() == 14_714_688
    assert [layer.count_params() for layer in model.layers[-2:]] == [2_097_408, last]
    assert sum(int(np.prod(one.shape)) for one in model.trainable_variables) == 2_097_408 + last
    assert model.count_params() == 14_714_688 + 2_097_408 + last + 12  # of the preprocessing


def test_every_application_of_keras_is_a_base():
    names = {
        name
        for name, function in inspect.getmembers(keras.applications, inspect.isfunction)
        if "include_top" in inspect.signature(function).parameters
    }
    assert {one.name for one in bases._applications().values()} == names
    assert {"VGG16", "MobileNetV3Small", "Xception"} <= names


@pytest.mark.parametrize(
    "name", ["VGG16", "ResNet50", "ResNet50V2", "DenseNet121", "MobileNetV3Small"]
)
def test_preprocessing_is_that_of_the_base(name):
    application = bases._find(name.upper())
    pixels = np.random.default_rng(0).random((2, 5, 4, 3), np.float32)
    layer = bases._preprocessing(application.preprocess_input)
    np.testing.assert_allclose(
        np.asarray(layer(pixels)), application.preprocess_input(pixels * 255), atol=1e-4
    )


def test_vgg16_is_given_blue_green_red():
    layer = bases._find("vgg16").preprocess_input
    red = np.asarray(bases._preprocessing(layer)(np.array([[[[1.0, 0, 0]]]], np.float32)))
    np.testing.assert_allclose(red.ravel(), [-103.939, -116.779, 255 - 123.68], atol=1e-4)


@pytest.mark.parametrize("name", ["base.weights.h5", "base.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_weights_of_a_file(name, tiny, tmp_path):
    other = build_tiny(input_shape=(32, 32, 3))
    save = other.save_weights if "weights" in name else other.save
    save(tmp_path / name)
    network = bases.load_base("tiny", 48, str(tmp_path / name)).network
    for expected, loaded in zip(other.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(expected, loaded)


def write_weights_of_another(path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(path)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("missing.h5", lambda _: None, "does not exist; accepted are imagenet, none and"),
        ("folder.h5", lambda path: path.mkdir(), "is not a file"),
        ("text.h5", lambda path: path.write_text("text"), "must be an HDF5 file"),
        ("other.weights.h5", write_weights_of_another, "not the weights of Tiny without its top"),
    ],
)
def test_weights_that_cannot_be_used_are_one_line(
    name, write, message, tiny, photographs, tmp_path, capsys
):
    path, out = tmp_path / name, tmp_path / "out"
    write(path)
    assert train(photographs, out, "--weights", str(path)) == 2
    error = capsys.readouterr().err
    assert f"argument --weights: {path}: {message}" in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_imagenet_weights_without_a_network(photographs, monkeypatch, tmp_path, capsys):
    def fail(*_):
        raise URLError("no network here")

    files = sys.modules["keras.src.utils.file_utils"]
    monkeypatch.setattr(files, "urlretrieve", fail)
    monkeypatch.setattr(files.config, "keras_home", lambda: str(tmp_path))
    out = tmp_path / "out"
    assert train(photographs, out, "--weights", "imagenet", base="vgg16") == 2
    error = capsys.readouterr().err
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert f"not in {tmp_path / 'models' / name}" in error
    assert "no network here" in error
    assert "https://" in error
    assert "--weights FILE" in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_download_that_breaks_off_names_the_file_too(monkeypatch, tmp_path):
    def fail(*_):
        raise TimeoutError("timed out")

    files = sys.modules["keras.src.utils.file_utils"]
    monkeypatch.setattr(files, "urlretrieve", fail)
    monkeypatch.setattr(files.config, "keras_home", lambda: str(tmp_path))
    with pytest.raises(UsageError, match=r"mobilenet_1_0_224_tf_no_top\.h5 .*\(timed out\)"):
        bases._with_imagenet_weights(
            bases._find("mobilenet"), {"include_top": False, "input_shape": (224, 224, 3)}
        )


# The script.


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--base", "nothing"], "argument --base: must be one of Tiny, received: 'nothing'"),
        (["--size", "31"], "argument --size: must be at least 32"),
        (["--mode", "fine-tune"], "argument --head-epochs: must be less than --epochs, 2"),
        (
            ["--mode", "fine-tune", "--head-epochs", "1", "--unfreeze-from", "conv9"],
            "block1_conv1, block5_conv1; received: 'conv9'",
        ),
    ],
)
def test_wrong_options_are_one_line(more, message, tiny, photographs, tmp_path, capsys):
    out = tmp_path / "out"
    assert train(photographs, out, *more) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_size_that_a_base_does_not_take():
    with pytest.raises(UsageError, match=r"argument --size: Xception: .*71x71"):
        bases.load_base("xception", 70, "none")


@pytest.mark.parametrize(
    ("parts", "names", "message"),
    [
        ({"train": 1}, ("a", "b"), "must be train/CLASS and validation/CLASS"),
        ({"train": 1, "test": 1}, ("a",), "a folder for each of two classes, found: a"),
        ({"train": 1, "test": 0}, ("a", "b"), "there is no picture in the folder"),
        ({"test": 1}, ("a", "b"), "there is no such folder"),
    ],
)
def test_wrong_folders_are_one_line(parts, names, message, tiny, tmp_path, capsys):
    data = write_pictures(tmp_path / "data", names, parts)
    assert train(data, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_extracted_features_of_vgg16(photographs, tmp_path, capsys):
    broken = photographs / "train" / "cats" / "3.png"
    broken.write_bytes(b"no picture")
    out = tmp_path / "out"
    assert train(photographs, out, base="VGG16", epochs=1) == 0
    output = capsys.readouterr().out
    assert "14,714,688 of them are those of VGG16" in output
    assert "Features of 23 pictures" in output
    assert "1 pictures could not be read and were left out" in output

    record = record_of(out)
    assert record["status"] == "finished"
    assert record["settings"]["images"] == {"training": 16, "validation": 8}
    assert record["settings"]["augmentation"] is None
    assert str(broken) in record["results"]["unread"][0]
    assert record["results"]["seconds_for_features"] > 0
    history = history_of(out)
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= history.keys()
    # The saved model takes pictures, and makes of them what was made of their features.
    figures = record["results"]["parts"]["validation"]
    assert figures["loss"] == pytest.approx(history["val_loss"][0], rel=1e-3)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_classes_are_the_folders_of_ones_own(tiny, blank_pictures, tmp_path):
    names = ("apple", "pear", "quince")
    data = write_pictures(tmp_path / "fruit", names, {"train": 4, "validation": 2, "test": 2})
    (data / "train" / ".hidden").mkdir()
    out = tmp_path / "out"
    assert train(data, out, "--h5", "--limit", "20", epochs=5) == 0
    record = record_of(out)
    assert record["settings"]["classes"] == list(names)
    assert set(record["results"]["parts"]) == {"validation", "test"}
    assert np.sum(record["results"]["parts"]["test"]["confusion"]) == 6
    losses = history_of(out)["loss"]
    assert losses[-1] < losses[0]
    model, old = load_model(out), load_model(out, "model.h5")
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 3)
    pictures = np.random.default_rng(0).random((4, 32, 32, 3), np.float32)
    np.testing.assert_allclose(np.asarray(model(pictures)), np.asarray(old(pictures)), atol=1e-6)


@pytest.mark.slow
def test_fine_tuning_goes_on_as_if_never_stopped(
    tiny, blank_pictures, photographs, tmp_path, monkeypatch
):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    more = ["--mode", "fine-tune", "--head-epochs", "1", "--no-augment"]
    assert train(photographs, whole, *more, epochs=3) == 0
    # When the head has been trained, and while the base is.
    for stop, again in ((1, []), (2, ["--resume"])):
        assert train_until(stop, photographs, parts, *more, *again, monkeypatch=monkeypatch) == 130
        assert record_of(parts)["status"] == "interrupted"
        assert len(history_of(parts)["loss"]) == stop
    assert train(photographs, parts, *more, "--resume", epochs=3) == 0

    expected, model = load_model(whole), load_model(parts)
    assert trained_layers(model) == ["block5_conv1"]  # its normalisation stays as it was
    for one, other in zip(expected.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(history_of(whole)[name], history_of(parts)[name], rtol=1e-4)


def train_until(stop, *arguments, monkeypatch):
    """Trains for up to 3 epochs, with Ctrl-C in the one after `stop`."""
    begin_epoch = EpochClock._begin_epoch
    out = arguments[1]

    def begin(clock):
        if (out / "history.json").exists() and len(history_of(out)["loss"]) == stop:
            signal.raise_signal(signal.SIGINT)
        begin_epoch(clock)

    with monkeypatch.context() as patch:
        patch.setattr(EpochClock, "_begin_epoch", begin)
        return train(*arguments, epochs=3)


@pytest.mark.slow
def test_extraction_is_interrupted_and_goes_on(
    tiny, blank_pictures, photographs, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    assert train_until(2, photographs, out, monkeypatch=monkeypatch) == 130
    assert int(load_model(out).optimizer.iterations) == 2 * 4
    assert (out / "report.html").exists()
    assert train(photographs, out, "--resume", epochs=3) == 0
    assert len(history_of(out)["loss"]) == 3
    # The optimizer has gone on, too.
    assert int(load_model(out).optimizer.iterations) == 3 * 4


def test_drawn_letters_and_a_frozen_base(tiny, tmp_path, capsys):
    out = tmp_path / "out"
    options = "--dataset ox --mode frozen --limit 20 --base tiny --size 32 --weights none"
    assert main(["train", "transfer", *options.split(), "--epochs", "1", "--out", str(out)]) == 0
    record = record_of(out)
    assert record["settings"]["classes"] == ["O", "X"]
    assert record["settings"]["data"] == "drawn by the program"
    assert record["settings"]["images"] == {"training": 20, "test": 20}
    assert record["settings"]["augmentation"] == ox.AUGMENTATION
    assert record["settings"]["interpolation"] == "bilinear"
    assert np.sum(record["results"]["parts"]["test"]["confusion"]) == 20
    assert (out / "before-after.png").exists()
    model = load_model(out)
    assert trained_layers(model) == []
    assert len(model.optimizer.variables) == 2 + 2 * 4  # of the head alone


def test_missing_data_is_one_line(tiny, monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("BATCHWARP_DATA", raising=False)
    assert main(["train", "transfer", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "--data FOLDER" in error
    assert error.count("\n") == 1
