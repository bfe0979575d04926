"""
Train on a tf.data.Dataset
==========================

A flow's, which hands batches over at no cost to speak of.
"""

import keras
import numpy as np

from batchwarp import ImageDataGenerator

# %%
# Put your own images here: (n, height, width, channels), uint8 or float.
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (2000, 32, 32, 3), dtype=np.uint8)
y = rng.integers(0, 3, 2000)
for channel in range(3):
    x[y == channel, 8:24, 8:24, channel] += 100

# %%
# The data set has the shapes and dtypes of the batches.
datagen = ImageDataGenerator(rotation_range=20, zoom_range=0.2, rescale=1 / 255)
# Every epoch is the next pass of the flow, with new draws in a new order, as in `model.fit(flow)`.
dataset = datagen.flow(x, y, batch_size=64, seed=1).to_tf_dataset()
print(dataset.element_spec)

# %%
# The flow has shuffled already.
keras.utils.set_random_seed(0)  # the same weights to start with in each run
model = keras.Sequential(
    [
        keras.Input((32, 32, 3)),
        keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(dataset, shuffle=False, epochs=4)  # the flow has shuffled already
