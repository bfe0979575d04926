"""Flows that hand batches over as bytes, and the layer that makes of them what they stand for."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import ops
from keras_reference import noise

# Keras saves and computes with objects whose conversion NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X = noise((11, 14, 18, 3))
Y = np.arange(11) % 3
KERAS = {"rotation_range": 30, "width_shift_range": 0.1, "zoom_range": 0.2, "horizontal_flip": True}
COLOURS = {"brightness_range": (0.5, 1.5), "channel_shift_range": 40.0}
RECIPE = [ops.Affine(rotation=20), ops.Hue(0.1), ops.Contrast(0.4), ops.GaussianNoise(0.05)]
FEATUREWISE = {"featurewise_center": True, "featurewise_std_normalization": True}
SAMPLEWISE = {"samplewise_center": True, "samplewise_std_normalization": True}
WHITENING = {"featurewise_center": True, "zca_whitening": True}

# What a layer does in place of a generator.
STANDARDISED = {
    "nothing": {},
    "rescale": {"rescale": 1 / 255},
    "negative": {"rescale": -1 / 127.5},
    "center": {"featurewise_center": True},
    "std": {**FEATUREWISE, "rescale": 1 / 255},
    "negative std": {**FEATUREWISE, "rescale": -2.0},
    "normalize": {"operations": [ops.Normalize((120, 110, 100), (50, 60, 70))]},
    "all": {"operations": [ops.Normalize(100, (50, 60, 70))], "rescale": 0.5},
}
each_layout = pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])


def generator(**arguments):
    return batchwarp.ImageDataGenerator(**arguments)


def in_layout(x, data_format):
    return x if data_format == "channels_last" else np.ascontiguousarray(np.moveaxis(x, 3, 1))


def rounded(images):
    return np.clip(np.floor(images + 0.5), 0, 255).astype(np.uint8)


def images_of(flow):
    """The images of a pass, one behind the other."""
    batches = [next(flow) for _ in range(len(flow))]
    return np.concatenate([batch[0] if isinstance(batch, tuple) else batch for batch in batches])


def handed_over(settings, x, **arguments):
    """The images of a pass as floats and as bytes."""
    made = []
    for handover in (None, "uint8"):
        flow = generator(**settings).flow(x, batch_size=4, seed=5, handover=handover, **arguments)
        made.append(images_of(flow))
    assert made[1].dtype == np.uint8
    return made


@each_layout
@pytest.mark.parametrize(
    "settings",
    [
        {},
        KERAS,
        {**KERAS, **COLOURS},
        {**KERAS, "interpolation_order": 0, "fill_mode": "constant", "cval": 99.5},
        {**KERAS, "interpolation_order": 3},
        {**KERAS, "operations": RECIPE},
        {**KERAS, **COLOURS, "operations": RECIPE, "draws": "keyed"},  # two calls of the core
        {"operations": [ops.RandomResizedCrop(9), ops.AugMix(), ops.Erase(p=1)]},
        {"operations": [ops.TrivialAugment(), ops.MixUp(num_classes=3)]},
        {"operations": [ops.Gamma(0.5), ops.CutMix(num_classes=3)]},
    ],
    ids=[
        "none",
        "keras",
        "colours",
        "constant",
        "cubic",
        "recipe",
        "both",
        "augmix",
        "mixup",
        "cut",
    ],
)
def test_bytes_are_the_floats_rounded_once(settings, data_format):
    x = in_layout(X, data_format)
    y = (Y,) if settings.get("operations") else ()
    made = []
    for handover in (None, "uint8"):
        flow = generator(**settings, data_format=data_format).flow(
            x, *y, batch_size=4, seed=5, handover=handover
        )
        made.append(images_of(flow))
    floats, bytes_ = made
    assert floats.dtype == np.float32
    assert bytes_.dtype == np.uint8
    np.testing.assert_array_equal(bytes_, rounded(floats))
    whole = not settings or "cval" in settings or set(COLOURS) <= set(settings)
    assert whole or (floats % 1 != 0).any()


@each_layout
@pytest.mark.parametrize("name", STANDARDISED)
def test_the_layer_does_what_the_generator_would(name, data_format):
    x = in_layout(X, data_format)
    settings = {**STANDARDISED[name], "data_format": data_format}
    augmenting, plain = generator(**KERAS, **settings), generator(**settings)
    augmenting.fit(x)
    plain.fit(x)
    flow = augmenting.flow(x, batch_size=11, seed=5, handover="uint8")
    layer, batch = flow.normalization_layer(), next(flow)
    expected = next(plain.flow(batch, batch_size=11, shuffle=False))
    made = np.asarray(layer(batch))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    other = {"channels_last": "channels_first", "channels_first": "channels_last"}[data_format]
    axes = (0, 3, 1, 2) if other == "channels_first" else (0, 2, 3, 1)
    turned = np.asarray(flow.normalization_layer(other)(batch.transpose(axes)))
    np.testing.assert_array_equal(turned, made.transpose(axes))


def test_without_statistics_the_layer_is_exact():
    flow = generator(rescale=1 / 255).flow(X, batch_size=11, shuffle=False, handover="uint8")
    expected = next(generator(rescale=1 / 255).flow(X, batch_size=11, shuffle=False))
    np.testing.assert_array_equal(np.asarray(flow.normalization_layer()(next(flow))), expected)


@pytest.mark.parametrize("dtype", ["uint16", "float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 65535), (100, 200)])
def test_values_between_other_ends(low, high, dtype):
    if dtype == "uint16" and (low < 0 or high == 1):
        pytest.skip("integers have no such values")
    x = (low + X.astype(np.float64) / 255 * (high - low)).astype(dtype)
    settings = {**KERAS, "value_range": (low, high), "rescale": 0.5}
    floats, bytes_ = handed_over(settings, x)
    flow = generator(**settings).flow(x, seed=5, handover="uint8")
    made = np.asarray(flow.normalization_layer()(bytes_))
    assert np.abs(made - floats).max() <= 0.5001 * 0.5 * (high - low) / 255
    assert len(np.unique(bytes_)) > 200


def test_colours_know_the_range_of_values():
    settings = {"operations": [ops.Brightness((0.5, 1.5)), ops.Invert()]}
    bytes_ = handed_over(settings, X)[1]
    of_floats = handed_over({**settings, "value_range": (0, 1)}, X.astype(np.float32) / 255)[1]
    assert np.abs(bytes_.astype(int) - of_floats).max() <= 1


def test_the_layer_computes_in_single_precision_under_any_policy(keras):
    flow = generator(featurewise_center=True)
    flow.fit(X)
    flow = flow.flow(X, batch_size=11, shuffle=False, handover="uint8")
    batch, expected = next(flow), np.asarray(flow.normalization_layer()(X))
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        layer = flow.normalization_layer()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    np.testing.assert_array_equal(np.asarray(layer(batch)), expected)


def model_of(keras, layers):
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input(X.shape[1:]),
            *layers,
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.mark.parametrize("name", ["rescale", "std", "normalize"])
def test_training_equals_that_of_floats_of_the_same_bytes(keras, name):
    """Over `fit`, validation, `predict` and a model that is saved and loaded."""
    settings = STANDARDISED[name]
    augmenting, plain = generator(**KERAS, **settings), generator(**settings)
    augmenting.fit(X)
    plain.fit(X)
    flow = augmenting.flow(X, Y, batch_size=4, seed=5, handover="uint8", shuffle=False)
    batches = [next(flow) for _ in range(2 * len(flow))]
    losses, scores = [], []
    for layers in ([flow.normalization_layer()], []):
        model = model_of(keras, layers)
        model.compile("sgd", "sparse_categorical_crossentropy")
        curve = []
        for images, labels in batches:
            if not layers:
                images = next(plain.flow(images, batch_size=len(images), shuffle=False))
            curve.append(float(model.train_on_batch(images, labels)))
        losses.append(curve)
        validation = plain.flow(
            X, Y, batch_size=4, shuffle=False, handover="uint8" if layers else None
        )
        scores.append(model.evaluate(validation, verbose=0))
        assert model.predict(validation, verbose=0).shape == (11, 3)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5)
    assert np.ptp(losses[0]) > 1e-3


@pytest.mark.parametrize("way", ["flow", "tf.data", "prefetch"])
def test_fit_takes_bytes(keras, way):
    made = generator(**KERAS, rescale=1 / 255)
    flow = made.flow(
        X, Y, batch_size=4, seed=5, handover="uint8", prefetch=2 if way == "prefetch" else 0
    )
    model = model_of(keras, [flow.normalization_layer()])
    model.compile("sgd", "sparse_categorical_crossentropy")
    if way == "tf.data":
        dataset = flow.to_tf_dataset()
        assert dataset.element_spec[0].dtype.name == "uint8"
        history = model.fit(dataset, epochs=1, verbose=0, shuffle=False)
    else:
        history = model.fit(flow, epochs=1, verbose=0, shuffle=False)
    assert np.isfinite(history.history["loss"]).all()


LOADED = """
import sys
import numpy as np
import keras
model = keras.models.load_model(sys.argv[1])
assert "batchwarp" not in sys.modules
with np.load(sys.argv[2]) as file:
    made = keras.ops.convert_to_numpy(model(file["x"]))
    # Backends sum in orders of their own.
    np.testing.assert_allclose(made, file["y"], rtol=1e-4, atol=1e-5)
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_saved_model_loads_without_batchwarp(keras, backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    made = generator(**STANDARDISED["negative std"])
    made.fit(X)
    flow = made.flow(X, Y, batch_size=4, shuffle=False, handover="uint8")
    model = model_of(keras, [flow.normalization_layer()])
    images, _ = next(flow)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "batch.npz", x=images, y=model.predict(images, verbose=0))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, tmp_path / "model.keras", tmp_path / "batch.npz"],
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == backend, done.stderr


def folder_of_images(folder):
    for row, image in enumerate(X):
        path = folder / f"class{row % 3}" / f"{row:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def flows_of_files(folder, settings):
    """Functions of arguments that make a flow of files of each kind."""
    pd = pytest.importorskip("pandas")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    frame = pd.DataFrame({"filename": names, "class": [Path(name).parts[0] for name in names]})
    size = {"target_size": X.shape[1:3], "shuffle": False, "batch_size": 4}
    make = generator(**settings)
    return {
        "directory": lambda **more: make.flow_from_directory(folder, **size, **more),
        "dataframe": lambda **more: make.flow_from_dataframe(frame, folder, **size, **more),
        "samples": lambda **more: make.flow_from_samples(
            [(folder / name, name[5]) for name in names], **size, **more
        ),
    }


@pytest.mark.parametrize("kind", ["directory", "dataframe", "samples"])
@pytest.mark.parametrize("cache", [None, "memory"])
@pytest.mark.parametrize(
    "operations", [[], [ops.Hue(0.2)], [ops.MixUp()]], ids=["keras", "hue", "mixup"]
)
def test_flows_of_files(kind, cache, operations, tmp_path):
    settings = {**KERAS, "operations": operations}
    make = flows_of_files(folder_of_images(tmp_path), settings)[kind]
    made = []
    for handover in (None, "uint8"):
        flow = make(seed=5, cache=cache, handover=handover)
        images_of(flow)
        batches = [next(flow) for _ in range(len(flow))]
        made.append([np.concatenate(part) for part in zip(*batches, strict=True)])
    (floats, labels), (bytes_, same) = made
    assert bytes_.dtype == np.uint8
    np.testing.assert_array_equal(bytes_, rounded(floats))
    np.testing.assert_array_equal(labels, same)
    assert same.dtype == np.float32


def test_files_that_keep_their_sizes(tmp_path):
    recipe = [ops.RandomResizedCrop(10), ops.Brightness(0.3), ops.Normalize(100, 50)]
    folder = folder_of_images(tmp_path)
    made = []
    for operations, handover in ((recipe[:2], None), (recipe, "uint8")):
        flow = generator(operations=operations).flow_from_directory(
            folder, target_size=None, batch_size=4, seed=5, handover=handover
        )
        made.append(images_of(flow))
    np.testing.assert_array_equal(made[1], rounded(made[0]))
    layer = flow.normalization_layer()
    np.testing.assert_allclose(np.asarray(layer(made[1])), (made[1] - 100.0) / 50, atol=1e-6)


def test_masks_and_boxes_beside():
    masks = (X[..., 0] > 100).astype(np.int32)
    boxes = np.tile(np.float32([[[2, 2, 9, 11]]]), (11, 1, 1))
    made = []
    for handover in (None, "uint8"):
        flow = generator(**KERAS).flow(
            X,
            Y,
            masks=masks,
            boxes=boxes,
            mask_classes=2,
            batch_size=4,
            seed=5,
            handover=handover,
        )
        made.append(next(flow))
    (floats, beside), (bytes_, same) = made
    np.testing.assert_array_equal(bytes_, rounded(floats))
    for name in ("labels", "masks", "boxes"):
        np.testing.assert_array_equal(same[name], beside[name])
        assert same[name].dtype == beside[name].dtype


@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_a_flow_goes_on_where_it_was(draws):
    def flow(handover="uint8"):
        return generator(**KERAS, draws=draws).flow(X, Y, batch_size=4, seed=5, handover=handover)

    first = flow()
    next(first)
    state = first.state_dict()
    resumed = flow()
    resumed.load_state_dict(state)
    copied = pickle.loads(pickle.dumps(first))
    for _ in range(3):
        images, _ = next(first)
        np.testing.assert_array_equal(next(resumed)[0], images)
        np.testing.assert_array_equal(next(copied)[0], images)
    with pytest.raises(ValueError, match=r"`handover` was 'uint8' and is None"):
        flow(None).load_state_dict(state)


def test_what_is_explained_and_done_again_are_the_floats():
    flow = generator(**KERAS).flow(X, batch_size=4, seed=5, shuffle=False, handover="uint8")
    again = batchwarp.Augment.replay(flow.explain(0, 1), X[4:8])
    next(flow)
    np.testing.assert_array_equal(rounded(again), next(flow))


def test_positions_have_the_bytes_of_the_order():
    flow = generator(**KERAS, draws="keyed").flow(X, Y, batch_size=4, seed=5, handover="uint8")
    by_position = [flow[position][0] for position in range(len(flow))]
    flow = generator(**KERAS, draws="keyed").flow(X, Y, batch_size=4, seed=5, handover="uint8")
    np.testing.assert_array_equal(np.concatenate(by_position), images_of(flow))


def test_images_are_saved_as_bytes_of_the_batch(tmp_path):
    flow = generator(**KERAS).flow(
        X, batch_size=2, seed=5, shuffle=False, handover="uint8", save_to_dir=tmp_path
    )
    next(flow)
    assert len(list(tmp_path.iterdir())) == 2
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            assert image.size == (18, 14)


class Overriding(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return super().standardize(x) + 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samplewise_center": True}, "`samplewise_center` should be off beside `handover="),
        (SAMPLEWISE, "`samplewise_center` should be off"),
        (WHITENING, "`zca_whitening` should be off"),
        ({"preprocessing_function": np.negative}, "`preprocessing_function` should be off"),
        ({"operations": [ops.Standardize()]}, "`operations` should not end with Standardize"),
        ({"dtype": "float64"}, "`dtype` should be left at Keras' `floatx\\(\\)`, float32"),
        ({"dtype": "uint8"}, "`dtype` should be left at"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_no_layer_does_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        generator(**settings).flow(X, handover="uint8")
    generator(**settings).flow(X)


def test_what_else_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'`handover` should be `None` or "uint8". Received: '):
        generator().flow(X, handover="float16")
    with pytest.raises(ValueError, match="go one by one through its methods"):
        Overriding().flow(X, handover="uint8")
    with pytest.raises(ValueError, match="`value_range` of `ImageDataGenerator` should be"):
        generator().flow(X.astype(np.float32), handover="uint8")
    with pytest.raises(ValueError, match="images of uint16"):
        generator().flow(X.astype(np.uint16), handover="uint8")
    with pytest.raises(ValueError, match='`class_mode` should be another one than "input"'):
        generator().flow_from_directory(
            folder_of_images(tmp_path), class_mode="input", handover="uint8"
        )
    with pytest.raises(ValueError, match='is for flows with `handover="uint8"`'):
        generator().flow(X).normalization_layer()
    flow = generator(featurewise_center=True).flow(X, handover="uint8")
    with pytest.raises(ValueError, match="`featurewise_center` needs statistics"):
        flow.normalization_layer()
    with pytest.raises(ValueError, match="data_format"):
        generator().flow(X, handover="uint8").normalization_layer("nhwc")


def test_a_mean_of_each_pixel_is_refused():
    made = generator(featurewise_center=True)
    made.mean = np.zeros(X.shape[1:]) + 5.0
    made.mean[0, 0] = 1
    with pytest.raises(ValueError, match="A `mean` that differs between pixels should be"):
        made.flow(X, handover="uint8")


def test_settings_may_change_on_the_way():
    made = generator(**KERAS)
    flow = made.flow(X, batch_size=4, seed=5, handover="uint8")
    next(flow)
    made.samplewise_center = True
    with pytest.raises(ValueError, match="`samplewise_center` should be off"):
        next(flow)
    made.samplewise_center, made.rescale = False, 0.5
    assert next(flow).dtype == np.uint8
    np.testing.assert_array_equal(np.asarray(flow.normalization_layer()(X)), X * np.float32(0.5))


def test_divisors_that_a_layer_does_not_have():
    flow = generator(operations=[ops.Normalize(0, 1e-9)]).flow(X, handover="uint8")
    with pytest.raises(ValueError, match="should make divisors of bytes of one sign"):
        flow.normalization_layer()
