"""
Train on a folder
=================

A folder for each class, decoded once: `python directory.py [FOLDER]`.
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw

from batchwarp import ImageDataGenerator

# %%
# Pictures of discs are drawn if no folder is named.
folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
if len(sys.argv) == 1:  # draws pictures of discs
    rng = np.random.default_rng(0)
    for colour in ("orange", "purple"):
        (folder / colour).mkdir()
        for number, (left, top) in enumerate(rng.integers(0, 48, (100, 2)).tolist()):
            picture = Image.new("RGB", (96, 96), "gray")
            ImageDraw.Draw(picture).ellipse((left, top, left + 40, top + 40), fill=colour)
            picture.save(folder / colour / f"{number:03}.jpg")

# %%
# Two flows of one generator; files are decoded once.
datagen = ImageDataGenerator(
    horizontal_flip=True,
    zoom_range=0.1,
    rescale=1 / 255,
    validation_split=0.2,
    validation_augment=False,
)
flow = partial(
    datagen.flow_from_directory,
    folder,
    target_size=(64, 64),
    cache="memory",  # or a folder: decodes once, also for later runs
    on_error="skip",  # a broken file does not stop the epoch
)
train, validation = flow(subset="training", seed=1), flow(subset="validation", shuffle=False)

# %%
# Classes that have fewer files count more.
keras.utils.set_random_seed(0)  # the same weights to start with in each run
model = keras.Sequential(
    [
        keras.layers.Conv2D(8, 5, strides=2, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dense(len(train.class_indices), activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(0.02), "categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=5, class_weight=train.class_weights_)
print(f"classes: {train.class_indices}")
print(f"files that could not be read: {train.errors + validation.errors}")
