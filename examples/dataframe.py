"""
Train on files of a dataframe
=============================

To predict a number: how much is covered?
"""

import tempfile
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from batchwarp import ImageDataGenerator

# %%
# A column of files, and columns of values. Read your own with `pd.read_csv`.
folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(0)
frame = pd.DataFrame({"file": [f"{number:03}.png" for number in range(400)]})
frame["covered"] = rng.uniform(0.1, 0.4, len(frame))
for file, covered in zip(frame["file"], frame["covered"], strict=True):
    picture = Image.new("L", (48, 48))
    side = 48 * covered**0.5
    x, y = rng.uniform(0, 48 - side, 2)
    ImageDraw.Draw(picture).rectangle((x, y, x + side, y + side), fill=255)
    picture.save(folder / file)

# %%
# Flows read columns by their names.
datagen = ImageDataGenerator(
    horizontal_flip=True,
    vertical_flip=True,
    rescale=1 / 255,
    validation_split=0.25,
    validation_augment=False,
)
flow = partial(
    datagen.flow_from_dataframe,
    frame,
    folder,
    x_col="file",
    y_col="covered",
    class_mode="raw",
    color_mode="grayscale",
    target_size=(48, 48),
)
train, validation = flow(subset="training", seed=1), flow(subset="validation", shuffle=False)

# %%
# A model of one number.
keras.utils.set_random_seed(0)  # the same weights to start with in each run
model = keras.Sequential(
    [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(16, "tanh"), keras.layers.Dense(1)]
)
model.compile(keras.optimizers.Adam(0.02), "mse", metrics=["mae"])
model.fit(train, validation_data=validation, epochs=10)
