"""Has names like those of others, and none of them."""

from dataclasses import dataclass

from sklearn.linear_model import LogisticRegression


@dataclass
class ImageDataGenerator:
    width_shift_range: int = 3

    def flow(self, x):
        return x


images = ImageDataGenerator(width_shift_range=2).flow([1])
LogisticRegression().fit(images, [0])
