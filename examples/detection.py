"""
Train on boxes
==============

A small detector, without anchors, on one grid of cells.
"""

from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from batchwarp import ImageDataGenerator

SIDE, CELL = 64, 8  # of images, and of the cells that each look for one box; in pixels
GRID = SIDE // CELL

# %%
# One to three bright bars on noise, of two classes: wide and high ones. Their boxes are a list with
# an array for each image: x, y of the centre, width, height, which Keras calls "center_xywh".
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (320, SIDE, SIDE, 3), dtype=np.uint8)
boxes, labels = [], []
for image in x:
    labels.append(rng.integers(0, 2, rng.integers(1, 4)))
    centers = rng.uniform(10, SIDE - 10, (len(labels[-1]), 2))
    long, short = rng.uniform(16, 26, len(centers)), rng.uniform(7, 12, len(centers))
    wide = labels[-1] == 0
    sizes = np.where(wide, [long, short], [short, long]).T
    boxes.append(np.concatenate([centers, sizes], axis=1))
    for left, top, right, bottom in np.rint(np.hstack([centers - sizes / 2, centers + sizes / 2])):
        color = rng.integers(160, 256, 3)
        image[max(int(top), 0) : int(bottom), max(int(left), 0) : int(right)] = color

# %%
# Batches have boxes and labels as Keras' dictionaries, padded with -1.
datagen = ImageDataGenerator(
    width_shift_range=0.15,
    height_shift_range=0.15,
    zoom_range=0.1,
    horizontal_flip=True,
    vertical_flip=True,
    brightness_range=(0.8, 1.2),
    fill_mode="constant",  # beyond the edges there must be no second half of a bar
    rescale=1 / 255,
    validation_split=0.2,
    validation_augment=False,
)
flow = partial(
    datagen.flow,
    x,
    boxes={"boxes": boxes, "labels": labels},  # batches have such dictionaries, padded with -1
    bounding_box_format="center_xywh",
    max_boxes=4,
    min_visibility=0.3,  # a box is dropped if less of it is left in the image
)
train = flow(batch_size=16, seed=1, subset="training")
validation = flow(batch_size=64, shuffle=False, subset="validation")


# %%
# The cell in which the centre of a box lies has to find it.
def decoded(outputs: Any) -> tuple[Any, Any]:
    """Returns the scores (n, cells, 2) of the classes and the boxes (n, cells, 4) of all cells."""
    outputs = ops.reshape(outputs, (-1, GRID * GRID, 6))
    centers = (np.stack(np.meshgrid(*[np.arange(GRID)] * 2), -1).reshape(-1, 2) + 0.5) * CELL
    center = np.float32(centers) + CELL * outputs[..., 2:4]
    return outputs[..., :2], ops.concatenate([center, CELL * ops.exp(outputs[..., 4:])], -1)


class Detector(keras.Model):  # type: ignore[misc]
    """Learns from the dictionaries of boxes and labels."""

    def compute_loss(self, _: Any, y: Any, y_pred: Any, *_more: Any) -> Any:
        """The cell in which the centre of a box lies has to find it, and no other cell anything."""
        scores, found = decoded(y_pred)
        there = ops.cast(y["labels"] >= 0, "float32")  # padding and lost boxes are -1
        column, row = (ops.clip(y["boxes"][..., i] // CELL, 0, GRID - 1) for i in (0, 1))
        cell = ops.cast(row * GRID + column, "int32")
        wanted = ops.one_hot(cell, GRID * GRID)[..., None] * ops.one_hot(y["labels"], 2)[:, :, None]
        wanted = ops.max(wanted * there[..., None, None], axis=1)
        focus = ops.square(wanted - ops.sigmoid(scores))  # most cells are empty, and easily so
        loss = focus * ops.binary_crossentropy(wanted, scores, from_logits=True)
        found = ops.take_along_axis(found, cell[..., None], axis=1)
        distance = ops.mean(ops.abs(found - ops.cast(y["boxes"], "float32")), axis=-1)
        count = ops.maximum(ops.sum(there), 1)
        return (ops.sum(loss) + 0.1 * ops.sum(there * distance)) / count


def recall(model: Any) -> float:
    """Returns the share of the boxes that one of the eight best cells of their class has found."""
    right, total = 0, 0
    for images, y in (validation[i] for i in range(len(validation))):
        scores, found = map(ops.convert_to_numpy, decoded(model.predict_on_batch(images)))
        iou = keras.utils.bounding_boxes.compute_iou(y["boxes"], found, "center_xywh")
        best = scores >= np.sort(scores, axis=1)[:, -8, None]
        for label in (0, 1):
            hit = (ops.convert_to_numpy(iou) > 0.5) & best[:, None, :, label]
            right += np.sum(hit.any(axis=-1) & (y["labels"] == label))
        total += np.sum(y["labels"] >= 0)
    return float(right / total)


# %%
# It trains on what the flow yields.
keras.utils.set_random_seed(0)  # the same weights to start with in each run
pixels = features = keras.Input((SIDE, SIDE, 3))
for filters in (16, 32, 64):
    features = keras.layers.Conv2D(filters, 5, 2, padding="same", activation="relu")(features)
features = keras.layers.Conv2D(64, 3, padding="same", activation="relu")(features)
model = Detector(pixels, keras.layers.Conv2D(6, 1)(features))
model.compile(keras.optimizers.Adam(0.002))
print(f"recall before: {recall(model):.2f}")
model.fit(train, epochs=6)
print(f"recall after: {recall(model):.2f}")
