"""Augment in ways of your own: a function of one image, and a subclass that draws differently."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from batchwarp import ImageDataGenerator


def erase(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Covers a square with the image's mean; gets (height, width, channels) after the warp."""
    top, left = np.random.randint(0, 48, 2)  # follows from the flow's seed
    image[top : top + 16, left : left + 16] = image.mean()
    return image


class QuarterTurns(ImageDataGenerator):
    """Turns by 0, 90, 180 or 270 degrees, on top of what the arguments ask for."""

    def get_random_transform(
        self, img_shape: tuple[int, ...], seed: int | None = None
    ) -> dict[str, float]:
        """Draws the parameters of one image; images are then made one by one, which is slower."""
        parameters = super().get_random_transform(img_shape, seed)
        parameters["theta"] += 90 * np.random.randint(4)
        return parameters


# One image eight times, bright to the right and with a dark corner.
x = np.tile(np.linspace(40, 255, 64, dtype=np.uint8)[:, None], (8, 64, 1, 3))
x[:, :20, :20] = 0
flow = QuarterTurns(rotation_range=10, fill_mode="constant", preprocessing_function=erase).flow(
    x, batch_size=8, seed=1
)
batch = next(flow)
Image.fromarray(np.hstack(batch).astype(np.uint8)).save("custom_function.png")
print(f"a batch of {batch.shape} is in custom_function.png")
