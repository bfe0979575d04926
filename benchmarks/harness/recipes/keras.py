"""Keras 3's preprocessing layers on TensorFlow, as one compiled function."""

from __future__ import annotations

from functools import partial
from typing import Any

from .. import readers
from ..timing import Contender
from . import work
from .work import Images, Peer


def layers(key: str) -> list[Any]:
    """Returns the layers of a recipe."""
    from keras import layers as all_layers

    flip = all_layers.RandomFlip("horizontal")
    affine = [
        all_layers.RandomRotation(work.ROTATION / 360, fill_mode="nearest"),
        all_layers.RandomTranslation(work.SHIFT, work.SHIFT, fill_mode="nearest"),
        all_layers.RandomZoom(work.ZOOM[1] - 1, work.ZOOM[1] - 1, fill_mode="nearest"),
    ]
    perspective = all_layers.RandomPerspective(factor=1.0, scale=work.DISTORTION)
    jitter = all_layers.RandomColorJitter(
        (0, 255), work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE
    )
    erase = all_layers.RandomErasing(work.ERASED, work.SCALE, fill_value=0.0)
    normalize = all_layers.Normalization(
        mean=[255 * value for value in work.MEAN],
        variance=[(255 * value) ** 2 for value in work.STD],
    )
    recipes = {
        work.A: [flip, *affine, normalize],
        work.A_JITTER: [flip, *affine, jitter, normalize],
        work.B: [flip, *affine, perspective, jitter, erase, normalize],
        work.C: [all_layers.RandAugment((0, 255), 2, work.MAGNITUDE / 30)],
        work.EQUALIZE: [all_layers.Equalization((0, 255))],
        work.NOISE: [all_layers.Rescaling(1 / 255), all_layers.GaussianNoise(work.NOISE_STD)],
        work.SHARPEN: [all_layers.RandomSharpness(work.SHARPNESS[1] - 1)],
    }
    return recipes[key]


def make(key: str, x: Images, side: int) -> dict[str, Contender]:  # noqa: ARG001
    """Returns the way to do a recipe."""
    import tensorflow as tf

    readers.limit_tensorflow()
    made = layers(key)
    images = tf.constant(x)

    @tf.function  # type: ignore[untyped-decorator]
    def compiled() -> Any:
        result = tf.cast(images, tf.float32)
        for layer in made:
            result = layer(result, training=True)
        return result

    return {"": Contender(lambda: compiled().numpy())}


KEYS = (work.A, work.A_JITTER, work.B, work.C, work.EQUALIZE, work.SHARPEN, work.NOISE)
PEER = Peer(
    "Keras 3 layers",
    "keras",
    "a batch at once, with two threads of TensorFlow's",
    {key: partial(make, key) for key in KEYS},
    {
        "": "rotation, shift and zoom interpolate one after the other",
        work.A_JITTER: "hue in HSV, brightness is added",
        work.B: "fills with zeros in the perspective; share of holes drawn for each side",
        work.NOISE: "values from 0 to 1, not cut off",
        work.C: "chooses once for a batch, and computes all distortions",
    },
    "tensorflow",
)
