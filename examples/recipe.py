"""
A recipe in a loop of one's own
===============================

The same pixels, whatever the batches are; MixUp.
"""

import keras
import numpy as np

import batchwarp
from batchwarp import ops

# %%
# Coloured bars on noise, upright or lying.
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (1000, 28, 28, 3), dtype=np.uint8)
y = rng.integers(0, 2, 1000)
colors = rng.integers(160, 256, (1000, 1, 1, 3), dtype=np.uint8)
x[y == 0, 4:24, 12:16] = colors[y == 0]
x[y == 1, 12:16, 4:24] = colors[y == 1]

# %%
# Operations of a recipe are computed together where they can be: `plan` says how.
augment = batchwarp.Augment(
    ops.Affine(rotation=15, zoom=0.1, shift=0.1),  # one map with the flip and the crop
    ops.Flip(horizontal=0.5, vertical=0.5),
    ops.RandomCrop(28, padding=2),
    ops.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),  # one matrix
    ops.Erase(scale=(0.02, 0.1), p=0.25),
    ops.Normalize(mean=80, std=70),  # as the pixels are stored
    ops.MixUp(0.1, num_classes=2),
    seed=1,
    fill_mode="reflect",
)
print(augment.plan(shape=x.shape[1:]))
normalize = batchwarp.Augment(ops.Normalize(mean=80, std=70))


# %%
# What happens to a row depends on the row and the epoch, not on its batch.
keras.utils.set_random_seed(0)  # the same weights to start with in each run
model = keras.Sequential(
    [
        keras.Input(x.shape[1:]),
        keras.layers.Conv2D(8, 5, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dense(2, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])

for epoch in range(5):
    for rows in rng.permutation(800).reshape(-1, 32):
        batch = augment(x[rows], keys=rows, epoch=epoch, labels=y[rows])
        model.train_on_batch(batch["images"], batch["labels"])
loss, accuracy = model.evaluate(normalize(x[800:]), np.eye(2)[y[800:]], verbose=0)
print(f"val_accuracy: {accuracy:.3f}")
