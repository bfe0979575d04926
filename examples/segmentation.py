"""
Train on masks
==============

Images and masks are moved alike, colours change in images alone.
"""

import keras
import numpy as np

from batchwarp import ImageDataGenerator

# %%
# Bright discs and bars on noise. Put your own images and masks here: masks are whole numbers,
# (n, height, width), for each pixel its class; files: flow_from_directory(folder, masks=folder).
rng = np.random.default_rng(0)
x = rng.integers(0, 140, (200, 48, 48, 3), dtype=np.uint8)
masks = np.zeros((200, 48, 48), np.uint8)
rows, columns = np.mgrid[:48, :48]
for image, mask in zip(x, masks, strict=True):
    for shape, (height, width) in enumerate([(8, 8), (3, 16)], start=1):
        row, column = rng.uniform(8, 40, 2)
        inside = ((rows - row) / height) ** 2 + ((columns - column) / width) ** 2 < 1
        image[inside] //= 2
        image[inside] += 128
        mask[inside] = shape

# %%
# Masks are what stands beside images in a flow, and in its batches.
datagen = ImageDataGenerator(
    rotation_range=20,
    width_shift_range=0.1,
    height_shift_range=0.1,
    zoom_range=0.1,
    horizontal_flip=True,
    brightness_range=(0.8, 1.2),  # masks stay what they are
    fill_mode="reflect",
    rescale=1 / 255,
    validation_split=0.2,
    validation_augment=False,
)
train = datagen.flow(x, masks=masks, batch_size=8, seed=1, subset="training")
validation = datagen.flow(x, masks=masks, shuffle=False, subset="validation")

# %%
# A small network that finds the class of each pixel.
keras.utils.set_random_seed(0)  # the same weights to start with in each run
convolution = keras.layers.Conv2D
model = keras.Sequential(
    [
        keras.Input(x.shape[1:]),
        convolution(16, 5, strides=2, padding="same", activation="relu"),
        convolution(32, 5, strides=2, padding="same", activation="relu"),
        convolution(32, 5, padding="same", activation="relu"),
        keras.layers.UpSampling2D(4, interpolation="bilinear"),
        convolution(3, 1, activation="softmax"),
    ]
)
iou = keras.metrics.MeanIoU(3, sparse_y_pred=False, name="iou")
model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=[iou])
model.fit(train, validation_data=validation, epochs=12)
