"""
Train on images in memory
=========================

One generator for both subsets, one flow for each, and `model.fit`.
"""

import keras
import numpy as np

from batchwarp import ImageDataGenerator

# %%
# Bars on noise, upright or lying. Put your own images here: (n, height, width, channels), uint8 or
# float; they stay as they are, also as a memory map of a file that does not fit into memory.
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (1000, 28, 28, 1), dtype=np.uint8)
y = rng.integers(0, 2, 1000)
x[y == 0, 4:24, 12:16] = 255
x[y == 1, 12:16, 4:24] = 255

# %%
# One generator makes both subsets.
datagen = ImageDataGenerator(
    rotation_range=15,
    width_shift_range=0.1,
    height_shift_range=0.1,
    zoom_range=0.1,
    rescale=1 / 255,
    validation_split=0.2,
    validation_augment=False,  # Keras' generator augments the validation subset as well
)
train = datagen.flow(x, y, batch_size=32, seed=1, subset="training")
validation = datagen.flow(x, y, batch_size=32, shuffle=False, subset="validation")

# %%
# The training line is the one that there was already.
keras.utils.set_random_seed(0)  # the same weights to start with in each run
model = keras.Sequential(
    [
        keras.Input(x.shape[1:]),
        keras.layers.Conv2D(8, 5, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dense(2, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=5)
