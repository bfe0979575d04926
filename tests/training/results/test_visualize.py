"""What a saved model sees, drawn: activations, patterns of filters, heat maps."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras", reason="the models are Keras'")
pytest.importorskip("matplotlib", reason="it draws the pictures")

import keras
from keras import layers

from batchwarp.cli import main
from batchwarp.console.errors import UsageError
from batchwarp.training.networks import layers as model_layers
from batchwarp.training.results import explain, network_plots, saved
from batchwarp.training.results.layer_choice import LayerChoice
from image_files import picture

# Not ours to mend: TensorFlow's tensors.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = 16


def assert_is_a_picture(path, colours=20):
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 100
        assert len(np.unique(np.asarray(image.convert("L")))) > colours


def small_model(channels=3, *, activation="softmax"):
    """Returns a model in a model, with random weights."""
    keras.utils.set_random_seed(0)
    base = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, channels)),
            layers.Conv2D(4, 3, activation="relu", name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.BatchNormalization(name="norm"),
            layers.Conv2D(6, 3, activation="relu", name="second"),
        ],
        name="base",
    )
    inputs = keras.Input((SIZE, SIZE, channels))
    x = layers.Conv2D(5, 3, name="last")(base(inputs))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    units = 1 if activation == "sigmoid" else 3
    return keras.Model(inputs, layers.Dense(units, activation=activation)(x))


def loaded(model, path, **options):
    model.save(path / "model.keras")
    return saved.load(path / "model.keras", **options)


def named(of, name):
    return explain.picture_layers(of)[name][0]


def run(*arguments):
    return main(["visualize", *map(str, arguments)])


def fails(arguments, capsys):
    """Runs the command, which must fail; returns its one line on standard error."""
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("batchwarp: error: ")
    return error


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return loaded(small_model(), tmp_path_factory.mktemp("small"))


@pytest.fixture(name="photo")
def photo_fixture(tmp_path):
    path = tmp_path / "photo.png"
    picture(seed=1).save(path)
    return path


def test_everything_is_drawn_and_recorded(small, photo, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(small.path, photo, "--out", out, "--steps", "2", "--classes", "a,b,c") == 0
    record = json.loads((out / "visualize.json").read_text())
    assert sorted(record["pictures"]) == sorted(path.name for path in out.glob("*.png"))
    assert record["pictures"] == [
        "photo-gradcam.png",
        "photo-activations-base.first.png",
        "photo-activations-base.pool.png",
        "photo-activations-base.second.png",
        "photo-activations-last.png",
        "filters-base.first.png",
        "filters-base.second.png",
        "filters-last.png",
    ]
    output = capsys.readouterr().out
    for name in record["pictures"]:
        assert_is_a_picture(out / name)
        assert name in output
    (image,) = record["images"]
    probabilities = small.model.predict(
        small.prepared([np.asarray(Image.open(photo).resize((SIZE, SIZE), 0).convert("RGB"))]),
        verbose=0,
    )[0]
    assert image["prediction"][0]["class"] == "abc"[probabilities.argmax()]
    assert image["prediction"][0]["probability"] == pytest.approx(probabilities.max(), abs=1e-5)
    assert image["gradcam"]["layer"] == "last"
    assert image["gradcam"]["class"] == image["prediction"][0]["class"]
    shapes = {one["layer"]: one["shape"] for one in image["activations"]}
    assert shapes["base/first"] == [14, 14, 4]
    assert [len(one["response_to_pattern"]) for one in record["filters"]] == [4, 6, 5]


def test_what_is_drawn_can_be_chosen(small, photo, tmp_path):
    out = tmp_path / "out"
    other = tmp_path / "other" / "photo.png"
    other.parent.mkdir()
    picture(seed=2).save(other)
    what = ["--what", "activations, gradcam", "--layers", "norm", "--layer", "base/second"]
    assert run(small.path, photo, other, "--out", out, "--class", "2", "--limit", "2", *what) == 0
    record = json.loads((out / "visualize.json").read_text())
    assert record["pictures"] == [
        "1-photo-gradcam.png",
        "1-photo-activations-base.norm.png",
        "2-photo-gradcam.png",
        "2-photo-activations-base.norm.png",
    ]
    assert record["images"][1]["gradcam"]["class"] == "2"
    assert record["images"][1]["gradcam"]["layer"] == "base/second"
    # Another run removes these, and nothing else.
    (out / "mine.png").write_bytes(b"")
    again = ["--what", "filters", "--filters", "1", "--steps", "1", "--layers", "last,pool"]
    assert run(small.path, "--out", out, *again) == 0
    assert {path.name for path in out.iterdir()} == {
        "mine.png",
        "visualize.json",
        "filters-last.png",
    }


def test_activations_are_those_of_the_layers(small):
    image = np.random.default_rng(0).random((1, SIZE, SIZE, 3)).astype(np.float32)
    chosen = [named(small, name) for name in ("base/second", "last")]
    maps = explain.activations(small, image, chosen)
    base = small.model.get_layer("base")
    to_array = keras.ops.convert_to_numpy
    second = base(image)
    np.testing.assert_allclose(maps["base/second"], to_array(second)[0], rtol=1e-5)
    np.testing.assert_allclose(
        maps["last"], to_array(small.model.get_layer("last")(second))[0], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", ["base/first", "base/second", "last"])
def test_gradient_ascent_raises_what_every_filter_responds_with(small, name):
    count = explain.picture_layers(small)[name][1][2]
    patterns = explain.filter_patterns(small, named(small, name), count, steps=8, seed=0)
    assert patterns.images.shape == (count, SIZE, SIZE, 3)
    assert (patterns.after > patterns.before + 0.02).all()
    # Each filter responds to its own pattern more than to most others.
    with model_layers.without_activation(named(small, name).layer):
        maps = [
            explain.activations(small, image[None], [named(small, name)])[name]
            for image in patterns.images
        ]
    responses = np.array(
        [one[2:-2, 2:-2].mean((0, 1)) if len(one) > 5 else one.mean((0, 1)) for one in maps]
    )
    np.testing.assert_allclose(np.diag(responses), patterns.after, rtol=1e-3, atol=1e-4)
    assert (responses.argmax(axis=0) == np.arange(count)).mean() > 0.7


def test_patterns_depend_on_the_seed_only_and_not_on_how_many_are_grown(small, monkeypatch):
    layer = named(small, "base/second")

    def grown(count, seed):
        return explain.filter_patterns(small, layer, count, steps=2, seed=seed).images

    whole = grown(6, 1)
    np.testing.assert_array_equal(grown(6, 1), whole)
    assert np.abs(grown(6, 2) - whole).max() > 0.01
    monkeypatch.setattr(explain, "_AT_ONCE", 4)
    np.testing.assert_allclose(grown(6, 1), whole, atol=1e-3)


def colour_model(*, single):
    """Returns a model whose scores are how red and how green an image is, or the difference."""
    inputs = keras.Input((8, 12, 3))
    convolution = layers.Conv2D(3, 1, use_bias=False, name="copy")
    activation = "sigmoid" if single else "softmax"
    head = layers.Dense(1 if single else 2, use_bias=False, activation=activation)
    model = keras.Model(inputs, head(layers.Flatten()(convolution(inputs))))
    convolution.set_weights([np.eye(3)[None, None]])
    weights = np.array([[-1], [1], [0]]) if single else np.eye(3)[:, :2]
    head.set_weights([np.tile(10 * weights, (8 * 12, 1))])
    return model


@pytest.mark.parametrize("single", [False, True], ids=["softmax", "sigmoid"])
@pytest.mark.parametrize("number", [0, 1])
def test_heat_map_shows_what_speaks_for_a_class(tmp_path, single, number):
    """Even where the probability is saturated, so that its own gradient is zero."""
    model = loaded(colour_model(single=single), tmp_path)
    image = np.zeros((1, 8, 12, 3), np.float32)
    image[:, 2:6, 1:4, number] = 1  # the larger one decides
    image[:, 5:7, 9:11, 1 - number] = 1
    image[:, 0, :, 2] = 1
    outputs = model.model.predict(image, verbose=0)[0]
    assert (outputs[0] if single else outputs[1]) == pytest.approx(number, abs=1e-30)
    for one in (0, 1):
        heat = explain.grad_cam(model, image, named(model, "copy"), one)
        np.testing.assert_allclose(heat, image[0, ..., one], atol=1e-5)


def test_heat_map_where_the_scores_of_all_classes_fall_together(tmp_path):
    inputs = keras.Input((8, 12, 3))
    convolution = layers.Conv2D(3, 1, use_bias=False, name="copy")
    head = layers.Dense(2, use_bias=False, activation="softmax")
    model = keras.Model(inputs, head(layers.Flatten()(convolution(inputs))))
    convolution.set_weights([np.eye(3)[None, None]])
    # Red speaks against both classes, but more against the other one.
    head.set_weights([np.tile([[-1.0, -3.0], [0, 0], [0, 0]], (8 * 12, 1))])
    image = np.zeros((1, 8, 12, 3), np.float32)
    image[:, 2:6, 1:4, 0] = 1
    of = loaded(model, tmp_path)
    np.testing.assert_allclose(
        explain.grad_cam(of, image, named(of, "copy"), 0), image[0, ..., 0], atol=1e-5
    )


def test_heat_map_of_an_image_that_says_nothing(tmp_path):
    model = loaded(colour_model(single=False), tmp_path)
    Image.new("L", (12, 8)).save(tmp_path / "black.png")
    out = tmp_path / "out"
    assert run(model.path, tmp_path / "black.png", "--what", "gradcam", "--out", out) == 0
    (image,) = json.loads((out / "visualize.json").read_text())["images"]
    assert image["gradcam"]["found"] is False
    assert_is_a_picture(out / "black-gradcam.png", colours=5)


def test_model_is_left_as_it_was(small):
    image = np.random.default_rng(0).random((1, SIZE, SIZE, 3)).astype(np.float32)
    before = small.model.predict(image, verbose=0)
    for name in ("base/first", "last"):
        explain.grad_cam(small, image, named(small, name), 0)
        explain.filter_patterns(small, named(small, name), 2, steps=1, seed=0)
    for one in model_layers.inner_layers(small.model):
        assert "call" not in vars(one.layer)
    np.testing.assert_array_equal(small.model.predict(image, verbose=0), before)


def test_deep_models_are_drawn_at_layers_that_are_spread_evenly(tmp_path, capsys):
    inputs = keras.Input((SIZE, SIZE, 1))
    x = inputs
    for number in range(40):
        x = layers.Conv2D(1, 1, name=f"c{number}")(x)
    model = loaded(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x))), tmp_path)
    chosen = LayerChoice(model)
    assert [one.name for one in chosen.grown(None)] == ["c9", "c19", "c29", "c39"]
    shown = [one.name for one in chosen.shown(None)]
    assert len(shown) == 16
    assert shown[-1] == "c39"
    assert [one.name for one in chosen.shown(["c3", "c2"])] == ["c3", "c2"]


def test_name_that_several_layers_have(tmp_path):
    shape = keras.Input((SIZE, SIZE, 1))
    parts = [
        keras.Sequential([shape, layers.Conv2D(1, 1, name="same")], name=name)
        for name in ("one", "two")
    ]
    head = [layers.Flatten(), layers.Dense(2)]
    choice = LayerChoice(loaded(keras.Sequential([shape, *parts, *head]), tmp_path))
    with pytest.raises(UsageError, match="'same' may be one/same, two/same"):
        choice.heated("same")
    assert choice.heated("one/same").name == "one/same"
    assert choice.heated(None).name == "two/same"
    outer = layers.Conv2D(1, 1, name="same")
    choice = LayerChoice(loaded(keras.Sequential([shape, parts[0], outer, *head]), tmp_path))
    assert choice.heated("same").name == "same"


def test_channels_first(tmp_path):
    """Convolutions in this layout need a GPU with TensorFlow; pooling does not."""
    inputs = keras.Input((3, 8, 6))
    x = layers.UpSampling2D(2, data_format="channels_first", name="up")(inputs)
    x = layers.Dense(2)(layers.Flatten()(x))
    model = loaded(keras.Model(inputs, x), tmp_path)
    assert (model.size, model.channels, model.channels_first) == ((8, 6), 3, True)
    assert explain.picture_layers(model)["up"][1] == (16, 12, 3)
    image = np.random.default_rng(0).random((8, 6, 3)).astype(np.float32) * 255
    prepared = model.prepared([image])
    up = explain.activations(model, prepared, [named(model, "up")])["up"]
    np.testing.assert_allclose(up[::2, ::2] * 255, image, rtol=1e-5)
    assert explain.grad_cam(model, prepared, named(model, "up"), 1).shape == (16, 12)
    patterns = explain.filter_patterns(model, named(model, "up"), 3, steps=2, seed=0)
    assert patterns.images.shape == (3, 8, 6, 3)
    assert (patterns.after > patterns.before).all()


def test_activations_of_one_value_are_dark(tmp_path):
    maps = np.zeros((3, 4, 2), np.float32)
    maps[..., 1] = np.arange(12).reshape(3, 4)
    network_plots.activations(maps, tmp_path / "a.png", title="")
    assert_is_a_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layers", "nothing"], "--layers: 'nothing' is no layer that makes pictures"),
        (["--layers", "pool", "--what", "filters"], "--layers: filters are drawn of convolutions"),
        (["--layer", "dropout"], "--layer: 'dropout' is no layer that makes pictures"),
        (["--class", "3"], "--class: '3' is neither a number below 3 nor one of 0, 1, 2"),
        (["--what", "all"], "--what: 'all' is none of activations, filters, gradcam"),
        (["--steps", "0"], "--steps: must be at least 1"),
        (["--size", "8"], "--size: "),
    ],
)
def test_wrong_arguments(small, photo, tmp_path, capsys, arguments, message):
    out = tmp_path / "out"
    assert message in fails([small.path, photo, "--out", out, *arguments], capsys)
    assert not out.exists()


def test_images_that_cannot_be_used(small, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    out = ["--out", tmp_path / "out"]
    assert str(bad) in fails([small.path, bad, *out], capsys)
    assert "missing.png" in fails([small.path, tmp_path / "missing.png", *out], capsys)
    assert str(tmp_path) in fails([small.path, tmp_path, *out], capsys)
    assert "needs an IMAGE" in fails([small.path, "--what", "gradcam", *out], capsys)
    assert not (tmp_path / "out").exists()


def test_model_without_convolutions(photo, tmp_path, capsys):
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(2)])
    model.save(tmp_path / "dense.keras")
    error = fails([tmp_path / "dense.keras", photo, "--what", "gradcam"], capsys)
    assert f"{tmp_path / 'dense.keras'}: the model has no convolution layer" in error


def test_folder_that_cannot_be_written_to(small, photo, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    assert "--out: cannot write to" in fails([small.path, photo, "--out", file], capsys)


def test_record_of_an_earlier_run_removes_nothing_elsewhere(small, tmp_path):
    (tmp_path / "kept.png").write_bytes(b"")
    out = tmp_path / "out"
    out.mkdir()
    (out / "kept.txt").write_text("")
    names = ["../kept.png", str(tmp_path / "kept.png"), "kept.txt", 3]
    (out / "visualize.json").write_text(json.dumps({"pictures": names}))
    assert run(small.path, "--out", out, "--filters", "1", "--steps", "1") == 0
    assert (tmp_path / "kept.png").exists()
    assert (out / "kept.txt").exists()


@pytest.fixture(name="finder", scope="module")
def finder_fixture(tmp_path_factory):
    """A model that takes bright pixels for class 1 or, where they are red, for class 2."""
    head = layers.Conv2D(3, 1, activation="softmax", name="head")
    inputs = keras.Input((SIZE, SIZE, 3))
    small = layers.Conv2D(3, 1, strides=2, name="small")
    large = layers.UpSampling2D(2, name="large")
    model = keras.Model(inputs, head(large(small(inputs))))
    small.set_weights([np.eye(3).reshape(1, 1, 3, 3), np.zeros(3)])
    kernel = np.array([[0, 10, 20], [0, 10, 0], [0, 10, -20]], float)
    head.set_weights([kernel.reshape(1, 1, 3, 3), np.array([3.0, 0, 0])])
    return loaded(model, tmp_path_factory.mktemp("finder"), classes=["none", "any", "red"])


class TestMasks:
    """Models that find masks."""

    @pytest.fixture
    def half(self, tmp_path):
        """A picture whose right half is red, and the left one black."""
        pixels = np.zeros((40, 60, 3), np.uint8)
        pixels[:, 30:, 0] = 255
        path = tmp_path / "half.png"
        Image.fromarray(pixels).save(path)
        return path

    def test_what_is_found_is_drawn(self, finder, half, tmp_path):
        out = tmp_path / "out"
        names = ["--classes", "none,any,red"]
        assert run(finder.path, half, "--out", out, "--steps", "2", *names) == 0
        record = json.loads((out / "visualize.json").read_text())
        assert record["pictures"] == [
            "half-gradcam.png",
            "half-activations-small.png",
            "half-activations-head.png",
            "half-mask.png",
            "filters-small.png",
            "filters-head.png",
        ]
        (image,) = record["images"]
        assert image["classes"] == [
            {"class": "none", "share": 0.5},
            {"class": "red", "share": 0.5},
        ]
        # The background is not what one asks about; the small layer sees more than the last one.
        assert image["gradcam"]["class"] == "red"
        assert image["gradcam"]["layer"] == "small"
        assert image["gradcam"]["share"] == 0.5
        assert image["gradcam"]["found"]
        for name in ("half-mask.png", "half-gradcam.png"):
            with Image.open(out / name) as picture:
                assert len(np.unique(np.asarray(picture).reshape(-1, 4), axis=0)) > 20

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_heat_maps_of_pixels(self, finder, half, number):
        """What speaks for a class of a mask is where it is."""
        image = finder.prepared([np.asarray(Image.open(half).resize((SIZE, SIZE), 0))])
        where = np.zeros((SIZE, SIZE), bool)
        where[:, SIZE // 2 :] = True
        heat = explain.grad_cam(finder, image, named(finder, "small"), number, where)
        assert heat.shape == (SIZE // 2, SIZE // 2)
        assert (heat[:, : SIZE // 4] == 0).all()
        # More red speaks for red, and against all else.
        assert (heat[:, SIZE // 4 :] == (number == 2)).all()

    def test_a_class_that_is_nowhere(self, finder, half, tmp_path):
        out = tmp_path / "out"
        arguments = ["--what", "gradcam", "--class", "1", "--out", out]
        assert run(finder.path, half, *arguments) == 0
        (image,) = json.loads((out / "visualize.json").read_text())["images"]
        assert (image["gradcam"]["class"], image["gradcam"]["share"]) == ("1", 0)

    def test_others_find_none(self, small, photo, capsys):
        error = fails([small.path, photo, "--what", "masks"], capsys)
        assert "argument --what" in error
        assert "finds no masks" in error
