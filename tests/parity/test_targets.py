"""Masks that move with images, and Keras' two flows of one seed that do what one flow does here."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import _core, ops
from keras_reference import keras_image, quiet

GEOMETRY = {
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 15,
    "zoom_range": 0.3,
    "horizontal_flip": True,
    "vertical_flip": True,
}
X = np.random.RandomState(0).randint(0, 256, (10, 21, 26, 3)).astype(np.uint8)
MASKS = np.random.RandomState(1).randint(0, 200, (10, 21, 26)).astype(np.uint8)


def batches(flow):
    with quiet():
        return [next(flow), next(flow)]


def theirs(x, **arguments):
    generator = keras_image().ImageDataGenerator(dtype="float32", **arguments)
    return batches(generator.flow(x, np.arange(10), batch_size=5, seed=9))


def ours(**arguments):
    generator = batchwarp.ImageDataGenerator(dtype="float32", **arguments)
    return batches(generator.flow(X, batch_size=5, seed=9, masks=MASKS, mask_fill=7))


@pytest.mark.parametrize("mode", _core.FILL_MODES)
def test_one_flow_is_two_of_keras(mode):
    arguments = {**GEOMETRY, "fill_mode": mode}
    images = theirs(X, **arguments, cval=90)
    masks = theirs(MASKS[..., np.newaxis], **arguments, cval=7, interpolation_order=0)
    made = ours(**arguments, cval=90)
    for (x, mask), (image, _), (other, _) in zip(made, images, masks, strict=True):
        np.testing.assert_allclose(x, image, atol=1e-3)
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, other[..., 0])


def test_masks_have_the_geometry_of_brightened_images():
    """Which Keras' second flow has not, since without a brightness it draws other numbers."""
    arguments = {**GEOMETRY, "brightness_range": (0.5, 1.5)}
    drawn = []

    class Recording(keras_image().ImageDataGenerator):
        def get_random_transform(self, *given):
            drawn.append(super().get_random_transform(*given))
            return drawn[-1]

    flow = Recording(dtype="float32", **arguments).flow(X, np.arange(10), batch_size=5, seed=9)
    images = batches(flow)
    nearest = keras_image().ImageDataGenerator(interpolation_order=0, fill_mode="nearest")
    for (x, masks), (image, samples) in zip(ours(**arguments), images, strict=True):
        np.testing.assert_allclose(x, image, atol=1.001)
        for mask, sample in zip(masks, samples, strict=True):
            parameters = {**drawn.pop(0), "brightness": None}
            with quiet():
                wanted = nearest.apply_transform(
                    MASKS[sample, ..., np.newaxis].astype(np.float32), parameters
                )
            np.testing.assert_array_equal(mask, wanted[..., 0])


def test_dictionaries_of_boxes_go_to_layers_of_keras_and_come_from_them():
    keras = pytest.importorskip("keras")
    boxes = [np.array([[2.0, 3, 12, 9], [20, 10, 28, 18]]), np.array([[0.0, 0, 5, 20]])]
    x = np.arange(2 * 20 * 30, dtype=np.float32).reshape(2, 20, 30, 1) / 10
    given = {"boxes": boxes, "labels": [[4, 7], [2]]}
    images, made = next(batchwarp.ImageDataGenerator().flow(x, boxes=given, shuffle=False))
    layer = keras.layers.RandomFlip("horizontal", bounding_box_format="xyxy", seed=1)
    theirs = layer({"images": images, "bounding_boxes": made}, training=True)
    pixels = np.asarray(theirs["images"])
    are_mirrored = [bool((now != before).any()) for now, before in zip(pixels, x, strict=True)]
    assert set(are_mirrored) == {False, True}
    back = batchwarp.Augment(ops.Flip(1.0), seed=1, value_range=(0, 255))(
        pixels, boxes=theirs["bounding_boxes"]
    )
    assert back["boxes"]["labels"].tolist() == [[4, 7], [2, -1]]
    mirrored = [
        np.stack([30 - one[:, 2], one[:, 1], 30 - one[:, 0], one[:, 3]], axis=1) for one in boxes
    ]
    for found, before, other, is_mirrored in zip(
        back["boxes"]["boxes"], boxes, mirrored, are_mirrored, strict=True
    ):
        wanted = before if is_mirrored else other
        np.testing.assert_allclose(found[: len(wanted)], wanted, atol=1e-5)
        assert (found[len(wanted) :] == -1).all()
