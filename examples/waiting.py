"""
What a step waits for
=====================

A loop around a slow function, and what `InputMeter` says of it.
"""

import tempfile
import textwrap
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from batchwarp import ImageDataGenerator
from batchwarp.callbacks import InputMeter


# %%
# A model that takes 5 ms for a step, and a function that takes one for each image.
def train(images: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Stands for a step of yours."""
    time.sleep(0.005)


def slow(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stands for a function of yours."""
    time.sleep(0.001)
    return image


x = np.zeros((160, 64, 64, 3), np.uint8)
y = np.arange(len(x)) % 10
datagen = ImageDataGenerator(rotation_range=20, preprocessing_function=slow)
flow = datagen.flow(x, y, batch_size=8, seed=1)

# %%
# With `fit` it is a callback, `model.fit(flow, callbacks=[InputMeter(flow)])`, and prints them.
picture = Path(tempfile.mkdtemp()) / "waiting.png"
with InputMeter(flow, picture=picture, verbose=False) as meter:
    for _ in range(2):
        for _ in range(len(flow)):
            train(*next(flow))
        print(textwrap.fill(meter.end_epoch(), 85))

# %%
# A bar for each epoch. What would be done about it: an operation of `batchwarp.ops` in place of the
# function, or, where it has to stay, `prefetch=2`, which makes batches while the model computes.
plt.figure(figsize=(8, 4), layout="constrained")
plt.imshow(plt.imread(picture))
plt.axis("off")
plt.show()
