"""
Ways of your own
================

A function of one image, and a subclass that draws differently.
"""

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from batchwarp import ImageDataGenerator


# %%
# A function gets each image after the warp; what it draws follows from the flow's seed.
def erase(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Covers a square of (height, width, channels) with the image's mean."""
    top, left = np.random.randint(0, 48, 2)
    image[top : top + 16, left : left + 16] = image.mean()
    return image


# %%
# With a method of your own, images are made one by one, which is slower.
class QuarterTurns(ImageDataGenerator):
    """Turns by 0, 90, 180 or 270 degrees, on top of what the arguments ask for."""

    def get_random_transform(
        self, img_shape: tuple[int, ...], seed: int | None = None
    ) -> dict[str, float]:
        """Draws the parameters of one image."""
        parameters = super().get_random_transform(img_shape, seed)
        parameters["theta"] += 90 * np.random.randint(4)
        return parameters


# %%
# One image eight times, bright to the right and with a dark corner.
x = np.tile(np.linspace(40, 255, 64, dtype=np.uint8)[:, None], (8, 64, 1, 3))
x[:, :20, :20] = 0
datagen = QuarterTurns(rotation_range=10, fill_mode="constant", preprocessing_function=erase)
flow = datagen.flow(x, batch_size=8, seed=1)
batch = next(flow)
print(f"a batch of {batch.shape}")

_, axes = plt.subplots(2, 4, figsize=(8, 4.2), layout="constrained")
for axis, image in zip(axes.flat, batch, strict=True):
    axis.imshow(image / 255)
    axis.set_axis_off()
plt.show()
