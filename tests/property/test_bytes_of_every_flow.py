"""Batches of bytes of every kind of flow, however they are asked for."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import batchwarp
from annotation_files import save_coco, save_yolo
from batchwarp import ops
from keras_reference import noise

# Keras saves and computes with objects whose conversion NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X = noise((11, 14, 18, 3))
Y = np.arange(11) % 3
MASKS = (X[..., 0] > 100).astype(np.uint8)
BOXES = np.tile(np.float32([[[2, 2, 9, 11]]]), (11, 1, 1))
POINTS = np.tile(np.float32([[[4, 5], [9, 3]]]), (11, 1, 1))
WHITENING = {"featurewise_center": True, "zca_whitening": True}
MOVES = {"rotation_range": 30, "zoom_range": 0.2, "horizontal_flip": True}


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of images and masks, and data sets in COCO's and YOLO's formats."""
    root = tmp_path_factory.mktemp("data")
    for row, (image, mask) in enumerate(zip(X, MASKS, strict=True)):
        save(root / "images" / f"class{row % 3}" / f"{row:02}.png", image)
        save(root / "masks" / f"class{row % 3}" / f"{row:02}.png", mask)
    save_coco(root / "coco")
    save_yolo(root / "yolo")
    for path in [*root.glob("coco/**/*.png"), *root.glob("yolo/**/*.png")]:
        with Image.open(path) as image:
            size = image.size
        save(path, noise((1, *size[::-1], 3))[0])
    return root


def names_of(data):
    folder = data / "images"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))


def frame_of(data):
    pd = pytest.importorskip("pandas")
    names = names_of(data)
    return pd.DataFrame(
        {
            "filename": names,
            "class": [name[:6] for name in names],
            "boxes": [[[1.0, 2.0, 9.0, 11.0]]] * len(names),
            "points": [[[4.0, 5.0]]] * len(names),
        }
    )


def coco_of(make, data, **options):
    folder = data / "coco"
    return make.flow_from_coco(folder / "instances.json", folder / "images", **options)


def painted(make, data, **options):
    pytest.importorskip("pycocotools.mask")
    return coco_of(make, data, masks="classes", keypoints=True, **options)


TARGETS = {"masks": MASKS, "boxes": BOXES, "keypoints": POINTS}
KINDS = {
    "array": lambda make, _, **options: make.flow(X, Y, **options),
    "targets": lambda make, _, **options: make.flow(X, Y, **TARGETS, **options),
    "directory": lambda make, data, **options: make.flow_from_directory(data / "images", **options),
    "masks": lambda make, data, **options: make.flow_from_directory(
        data / "images", masks=data / "masks", **options
    ),
    "dataframe": lambda make, data, **options: make.flow_from_dataframe(
        frame_of(data), data / "images", **options
    ),
    "columns": lambda make, data, **options: make.flow_from_dataframe(
        frame_of(data),
        data / "images",
        boxes_col="boxes",
        keypoints_col="points",
        class_mode=None,
        **options,
    ),
    "samples": lambda make, data, **options: make.flow_from_samples(
        [(data / "images" / name, name[5]) for name in names_of(data)], **options
    ),
    "coco": coco_of,
    "coco, all": painted,
    "yolo": lambda make, data, **options: make.flow_from_yolo(data / "yolo" / "images", **options),
}
OF_ARRAYS = ("array", "targets")
each_kind = pytest.mark.parametrize("kind", KINDS)


def flow_of(kind, data, settings=MOVES, **options):
    options = {"batch_size": 2, "seed": 5, **options}
    if kind not in OF_ARRAYS:
        options = {"target_size": X.shape[1:3], **options}
    return KINDS[kind](batchwarp.ImageDataGenerator(**settings), data, **options)


def parts(batch):
    """Images, and all arrays beside them."""
    if not isinstance(batch, tuple):
        return [batch]
    images, beside = batch
    if not isinstance(beside, dict):
        return [images, beside]
    return [images, *(array for value in beside.values() for array in leaves(value))]


def leaves(value):
    return list(value.values()) if isinstance(value, dict) else [value]


def rounded(images):
    return np.clip(np.floor(images + 0.5), 0, 255).astype(np.uint8)


def assert_bytes_of(batches, floats):
    """Whether batches are floats rounded once, and what is beside them is the same."""
    assert len(batches) == len(floats) > 0
    for batch, wanted in zip(batches, floats, strict=True):
        (images, *beside), (pixels, *others) = parts(batch), parts(wanted)
        assert (images.dtype, pixels.dtype) == (np.uint8, np.float32)
        np.testing.assert_array_equal(images, rounded(pixels))
        for one, other in zip(beside, others, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def passed(flow):
    return [next(flow) for _ in range(len(flow))]


@each_kind
@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_bytes_are_the_floats_rounded_once(kind, draws, data):
    settings = {**MOVES, "draws": draws}
    floats = passed(flow_of(kind, data, settings))
    assert_bytes_of(passed(flow_of(kind, data, settings, handover="uint8")), floats)
    assert any((parts(batch)[0] % 1 != 0).any() for batch in floats)


@each_kind
def test_data_sets_of_tensorflow(kind, data, keras):
    pytest.importorskip("tensorflow")
    dataset = flow_of(kind, data, handover="uint8").to_tf_dataset()
    floats = flow_of(kind, data)
    for _ in range(2):
        assert_bytes_of(list(dataset.as_numpy_iterator()), passed(floats))


@each_kind
def test_other_ways_to_ask(kind, data):
    floats = flow_of(kind, data, {**MOVES, "draws": "keyed"}, prefetch=0)
    expected = passed(floats)

    def flow(**options):
        return flow_of(kind, data, {**MOVES, "draws": "keyed"}, handover="uint8", **options)

    assert_bytes_of(passed(flow(prefetch=2)), expected)
    copied = pickle.loads(pickle.dumps(flow()))
    assert_bytes_of([copied[place] for place in range(len(copied))], expected)
    resumed, first = flow(), flow()
    next(first)
    resumed.load_state_dict(first.state_dict())
    assert_bytes_of([next(resumed) for _ in expected[1:]], expected[1:])


@each_kind
@pytest.mark.parametrize("subset", ["training", "validation"])
def test_subsets(kind, subset, data):
    settings = {**MOVES, "validation_split": 0.4}
    floats = passed(flow_of(kind, data, settings, subset=subset))
    bytes_ = passed(flow_of(kind, data, settings, subset=subset, handover="uint8"))
    assert_bytes_of(bytes_, floats)


@each_kind
def test_shards(kind, data):
    floats, bytes_ = (
        flow_of(kind, data, batch_size=1, shard=(1, 2), handover=handover)
        for handover in (None, "uint8")
    )
    assert_bytes_of(passed(bytes_), passed(floats))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OF_ARRAYS])
def test_sizes_of_their_own(kind, data):
    settings = {"operations": [ops.RandomResizedCrop(10), ops.Brightness(0.3)]}
    floats, bytes_ = (
        flow_of(kind, data, settings, target_size=None, handover=handover)
        for handover in (None, "uint8")
    )
    assert_bytes_of(passed(bytes_), passed(floats))


@each_kind
def test_the_layer_has_statistics_of_the_flow(kind, data):
    settings = {"featurewise_center": True, "featurewise_std_normalization": True}
    flow = flow_of(kind, data, {**settings, "rescale": 1 / 255}, handover="uint8", shuffle=False)
    flow.image_data_generator.fit_from(flow)
    made = [np.asarray(flow.normalization_layer()(parts(batch)[0])) for batch in passed(flow)]
    made = np.concatenate(made)
    np.testing.assert_allclose(made.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(made.std((0, 1, 2)), 1, atol=1e-5)


@each_kind
@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"samplewise_center": True}, "samplewise_center"),
        (WHITENING, "zca_whitening"),
        ({"preprocessing_function": np.negative}, "preprocessing_function"),
        ({"dtype": "float16"}, "dtype"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_layer_does_is_refused_by_name(kind, settings, name, data):
    with pytest.raises(ValueError, match=f"`{name}` should be"):
        flow_of(kind, data, settings, handover="uint8")


def model_of(keras, layers):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input(X.shape[1:]),
            *layers,
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model


def given_floats(keras, batches, settings):
    """A data set of what a generator would have made of the same bytes."""
    plain = batchwarp.ImageDataGenerator(**settings)
    floats = [
        (next(plain.flow(images, batch_size=len(images), shuffle=False)), labels)
        for images, labels in batches
    ]

    class Floats(keras.utils.PyDataset):
        def __len__(self):
            return len(floats)

        def __getitem__(self, place):
            return floats[place]

    return Floats()


class Curve:
    """Losses of the steps of `fit`, one by one."""

    def __init__(self, keras):
        self.losses = []
        self.callback = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda _, logs: self.losses.append(logs["loss"])
        )


@pytest.mark.parametrize("kind", ["array", "directory", "dataframe", "samples"])
@pytest.mark.parametrize("way", ["flow", "tf.data"])
def test_training_equals_that_of_floats_of_the_same_bytes(kind, way, data, keras):
    """Over `fit` with a validation subset, epoch after epoch."""
    # Keras asks for a batch more, to see what batches are: no position may depend on that.
    settings = {"rescale": 1 / 255, "validation_split": 0.4, "draws": "keyed"}
    options = {"handover": "uint8"}
    if kind not in OF_ARRAYS:
        options["class_mode"] = "sparse"
    made = {**MOVES, **settings}

    def subset(name):
        return flow_of(kind, data, made, subset=name, shuffle=False, **options)

    batches, held_out = passed(subset("training")), passed(subset("validation"))
    curves, scores = [], []
    for is_bytes in (True, False):
        flow, validation = subset("training"), subset("validation")
        if is_bytes:
            layers, given = [flow.normalization_layer()], (flow, validation)
            if way == "tf.data":
                given = tuple(one.to_tf_dataset() for one in given)
        else:
            layers = []
            given = tuple(
                given_floats(keras, one, {"rescale": 1 / 255}) for one in (batches, held_out)
            )
        curve = Curve(keras)
        history = model_of(keras, layers).fit(
            given[0],
            validation_data=given[1],
            shuffle=False,
            verbose=0,
            callbacks=[curve.callback],
        )
        curves.append(curve.losses)
        scores.append(history.history["val_loss"])
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5, atol=1e-5)
    assert np.ptp(curves[0]) > 1e-3


LOADED = """
import sys
import numpy as np
import keras
model = keras.models.load_model(sys.argv[1])
assert "batchwarp" not in sys.modules
with np.load(sys.argv[2]) as file:
    np.testing.assert_allclose(model.predict(file["x"], verbose=0), file["y"], rtol=1e-5, atol=1e-6)
print("the same")
"""


def test_a_trained_model_loads_in_a_fresh_process(data, keras, tmp_path):
    settings = {**MOVES, "featurewise_center": True, "featurewise_std_normalization": True}
    flow = flow_of("directory", data, settings, handover="uint8", class_mode="sparse")
    flow.image_data_generator.fit_from(flow)
    model = model_of(keras, [flow.normalization_layer()])
    model.fit(flow, verbose=0)
    images, _ = next(flow)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "batch.npz", x=images, y=model.predict(images, verbose=0))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, tmp_path / "model.keras", tmp_path / "batch.npz"],
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend(), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "the same", done.stderr
