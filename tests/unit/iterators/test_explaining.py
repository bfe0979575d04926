"""What is said of images is what has happened to them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from batchwarp import Augment, ImageDataGenerator, ops
from batchwarp.augment.explanation import Explanation

X = np.random.default_rng(0).integers(0, 256, (10, 12, 14, 3), np.uint8)
KERAS = {"rotation_range": 20, "width_shift_range": 2.0, "horizontal_flip": True, "zoom_range": 0.1}
OPERATIONS = [ops.Flip(vertical=0.5), ops.Hue(0.2, p=0.7), ops.RandAugment(2)]
GENERATORS = {
    "keras": KERAS,
    "brightness": {**KERAS, "brightness_range": (0.5, 1.5), "channel_shift_range": 20},
    "operations": {"operations": OPERATIONS},
    "both": {**KERAS, "operations": OPERATIONS},
    "in two steps": {**KERAS, "brightness_range": (0.5, 1.5), "operations": [ops.Affine(10)]},
    "keyed": {**KERAS, "operations": OPERATIONS, "draws": "keyed"},
    "keyed alone": {**KERAS, "draws": "keyed", "rescale": 1 / 255},
    "policies": {"operations": [ops.OneOf(ops.Invert(), ops.Affine(9)), ops.AugMix()]},
    "size": {"operations": [ops.RandomCrop(8), ops.Normalize(100, 50)]},
    "choice": {"width_shift_range": [-2, 3], "height_shift_range": 3},
}


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("name", GENERATORS)
def test_a_replay_of_what_is_said_gives_the_batch(name, shuffle):
    def new():
        return ImageDataGenerator(**GENERATORS[name]).flow(
            X, np.arange(10), batch_size=4, seed=5, shuffle=shuffle
        )

    explained = new()
    for number, (images, labels) in zip(range(7), new(), strict=False):
        explanation = explained.explain(number // 3, number % 3)
        assert [one.sample for one in explanation.images] == labels.tolist()
        np.testing.assert_array_equal(Augment.replay(explanation, X[labels]), images)
        kept = json.loads(json.dumps(explanation.to_dict()))
        np.testing.assert_array_equal(Augment.replay(kept, X[labels]), images)
        assert str(Explanation.from_dict(kept)) == str(explanation)


def test_the_flow_stays_where_it_is():
    flow, other = (ImageDataGenerator(**KERAS).flow(X, batch_size=4, seed=5) for _ in range(2))
    for number in range(5):
        flow.explain(3 - number % 3, 1)
        np.testing.assert_array_equal(next(flow), next(other))


def test_what_is_said_of_keras_arguments():
    generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True)
    [one] = generator.flow(X[:1], seed=3).explain(0, 0).images
    assert one.sample == 0
    assert -20 <= one.parameters["theta"] < 20
    assert one.parameters["brightness"] is None
    assert not one.operations


def test_what_is_said_of_operations():
    generator = ImageDataGenerator(operations=[ops.Hue((0.1, 0.1)), ops.Invert(p=0)])
    [one] = generator.flow(X[:1], seed=3).explain(0, 0).images
    [step] = one.operations
    assert step["operation"] == "Hue((0.1, 0.1))"
    assert set(step["numbers"].values()) == {0.1}


def test_a_table():
    generator = ImageDataGenerator(operations=[ops.Brightness((0.5, 0.5), p=0.5)])
    text = str(generator.flow(X, batch_size=10, seed=3, shuffle=False).explain(2, 0))
    first, *rest = text.splitlines()
    assert first == "epoch 2, batch 0"
    assert {line.strip() for line in rest if line.startswith("    ")} == {
        "nothing",
        "Brightness((0.5, 0.5), p=0.5): brightness 0.5",
    }


def test_mixed_images_name_the_other_one():
    generator = ImageDataGenerator(operations=[ops.MixUp(alpha=1, num_classes=10)])
    flow = generator.flow(X, np.arange(10), batch_size=4, seed=1)
    explanation = flow.explain(0, 0)
    _, weights = next(flow)
    for one, row in zip(explanation.images, weights, strict=True):
        [mixed] = one.mixed
        expected = np.zeros(10)
        expected[one.sample] += mixed["share"]
        expected[mixed["sample"]] += 1 - mixed["share"]
        np.testing.assert_allclose(row, expected, atol=1e-6)
    with pytest.raises(ValueError, match="MixUp"):
        Augment.replay(explanation, X[:4])


def save(folder, sizes):
    for number, (height, width) in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def test_files_have_names_and_pictures(tmp_path):
    source, pictures = tmp_path / "a" / "b", tmp_path / "pictures"
    source.mkdir(parents=True)
    pictures.mkdir()
    save(source, [(20, 30)] * 3)
    flow = ImageDataGenerator(rotation_range=30).flow_from_directory(
        tmp_path / "a", target_size=(16, 16), batch_size=2, seed=1
    )
    explanation = flow.explain(1, 1, pictures=pictures)
    [one] = explanation.images
    assert one.name == flow.filenames[one.sample]
    [path] = pictures.iterdir()
    with Image.open(path) as picture:
        assert picture.size == (32, 16)


def test_files_of_sizes_of_their_own(tmp_path):
    source = tmp_path / "a" / "b"
    source.mkdir(parents=True)
    save(source, [(20, 30), (40, 25), (33, 33)])
    generator = ImageDataGenerator(operations=[ops.RandomResizedCrop(8), ops.Flip()], draws="keyed")
    flow = generator.flow_from_directory(
        tmp_path / "a", target_size=None, batch_size=3, class_mode=None, seed=1
    )
    explanation, batch = flow.explain(0, 0), next(flow)
    for row, one in enumerate(explanation.images):
        with Image.open(flow.filepaths[one.sample]) as picture:
            pixels = np.asarray(picture)[np.newaxis]
        described = explanation.to_dict()
        described["images"] = described["images"][row : row + 1]
        described["keys"] = described["keys"][row : row + 1]
        np.testing.assert_array_equal(Augment.replay(described, pixels)[0], batch[row])


def test_a_validation_subset():
    generator = ImageDataGenerator(
        rotation_range=20, validation_split=0.5, operations=[ops.Hue(0.2), ops.RandomCrop(8)]
    )
    flow = generator.flow(X, batch_size=5, subset="validation", seed=1, shuffle=False)
    explanation = flow.explain(0, 0)
    np.testing.assert_array_equal(Augment.replay(explanation, flow.x), next(flow))
    steps = [[step["step"] for step in one.operations] for one in explanation.images]
    assert steps == [["random_crop"]] * 5


class Overridden(ImageDataGenerator):
    def get_random_transform(self, img_shape, seed=None):  # noqa: ARG002
        return {"theta": 5}


def draws(image):
    return image + np.random.uniform()


def test_what_cannot_be_explained():
    flow = ImageDataGenerator(rotation_range=5).flow(X, batch_size=5)
    with pytest.raises(ValueError, match="seed"):
        flow.explain(0, 0)
    with pytest.raises(ValueError, match="Overridden"):
        Overridden().flow(X, seed=1).explain(0, 0)
    flow = ImageDataGenerator(preprocessing_function=draws).flow(X, seed=1)
    next(flow)
    with pytest.raises(ValueError, match="preprocessing_function"):
        flow.explain(0, 0)


@pytest.mark.parametrize(
    ("epoch", "position", "name"),
    [(-1, 0, "epoch"), (0, 3, "position"), (0, -1, "position"), (1.5, 0, "epoch")],
)
def test_batches_that_there_are_not(epoch, position, name):
    flow = ImageDataGenerator().flow(X, batch_size=4, seed=1)
    with pytest.raises(ValueError, match=f"`{name}`"):
        flow.explain(epoch, position)


def test_what_cannot_be_replayed():
    flow = ImageDataGenerator(rotation_range=5).flow(X, batch_size=4, seed=1)
    explanation = flow.explain(0, 0)
    with pytest.raises(ValueError, match="4 images"):
        Augment.replay(explanation, X)
    with pytest.raises(ValueError, match="rank 4"):
        Augment.replay(explanation, X[0])
    with pytest.raises(TypeError, match="dtype"):
        Augment.replay(explanation, X[:4].astype(np.int32))
    with pytest.raises(ValueError, match="format"):
        Augment.replay({"format": 2}, X[:4])
    with pytest.raises(ValueError, match="lacks"):
        Augment.replay({"format": 1, "images": []}, X[:4])
    flow = ImageDataGenerator(preprocessing_function=lambda image: image).flow(X, seed=1)
    with pytest.raises(ValueError, match="get_config"):
        Augment.replay(flow.explain(0, 0), X)
