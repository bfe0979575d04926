"""Batches that are handed over as bytes, and the layer that makes of them what they stand for."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _keras
from batchwarp.augment.operations import recipe_of
from batchwarp.ops.normalize import Normalize

__all__ = [
    "BYTES",
    "Levels",
    "beyond_the_layer",
    "bytes_of",
    "check_settings",
    "layer_of",
    "levels_of",
    "one_by_one_error",
    "one_handover",
    "plan_of_bytes",
]

BYTES = np.dtype(np.uint8)
_AS = f'`handover="{BYTES.name}"`'

# What depends on each image, or changes pixels behind what bytes are made of.
_REFUSED = {
    "samplewise_center": "has a number for each image, which no layer knows",
    "samplewise_std_normalization": "has a number for each image, which no layer knows",
    "zca_whitening": "mixes all values of an image, which the layer does not do",
    "preprocessing_function": (
        "would be given pixels that become bytes behind it, whatever it makes of them"
    ),
}
# Keras' layer divides in single precision by the root of what it is given.
_MOST = 1e18


class Levels(NamedTuple):
    """What the bytes 0 and 255 stand for, in units of the images."""

    low: float
    high: float

    @property
    def step(self) -> float:
        """What one level is worth."""
        return (self.high - self.low) / 255


def one_handover(value: Any) -> str | None:
    """Returns what batches are handed over as.

    Args:
        value: `None` or `"uint8"`.

    Raises:
        ValueError: If it is something else.
    """
    if value is None or (isinstance(value, str) and value == BYTES.name):
        return value
    raise ValueError(f'`handover` should be `None` or "{BYTES.name}". Received: {value!r}')


def levels_of(stored: np.dtype[Any], given: tuple[float, float] | None) -> Levels:
    """Returns what bytes stand for.

    Args:
        stored: Dtype of the images as they were given.
        given: The generator's `value_range`.

    Raises:
        ValueError: If nobody has said between what values images are, which are no bytes.
    """
    if given is not None:
        return Levels(*map(float, given))
    if stored == BYTES:
        return Levels(0.0, 255.0)
    raise ValueError(
        f"`value_range` of `ImageDataGenerator` should be (low, high), what the bytes 0 and 255 "
        f"stand for, beside {_AS} and images of {stored}. Received: None"
    )


def check_settings(settings: Any) -> None:
    """Checks that a layer can do what a generator does to finished images.

    Args:
        settings: The generator.

    Raises:
        ValueError: If it cannot.
    """
    for name, why in _REFUSED.items():
        value = getattr(settings, name)
        if value:
            raise ValueError(f"`{name}` should be off beside {_AS}: it {why}. Received: {value!r}")
    last = recipe_of(settings).is_last
    if last is not None and not isinstance(last, Normalize):
        raise ValueError(
            f"`operations` should not end with {last!r} beside {_AS}: it has a number for each "
            "image, which no layer knows"
        )


def beyond_the_layer(what: str) -> ValueError:
    """Returns the error for what is done to finished images, and not by a layer.

    Args:
        what: String, what it is.
    """
    return ValueError(
        f"{what[0].upper()}{what[1:]} should be one number for each channel beside {_AS}: the "
        "layer of the model has no others"
    )


def one_by_one_error(generator: Any) -> ValueError:
    """Returns the error for images that only a generator's methods make.

    Args:
        generator: What an iterator was given for one.
    """
    if generator is None:
        return ValueError(f"`image_data_generator` should be one beside {_AS}. Received: None")
    return ValueError(
        f"{_AS} is for images that the core makes. Those of `{type(generator).__name__}` go one by "
        "one through its methods, because some are overridden, or through Pillow"
    )


def plan_of_bytes(plan: _core.Plan, levels: Levels) -> _core.Plan:
    """Returns a plan that stores bytes: rounded once, and without what the layer does.

    Args:
        plan: The plan of a flow of floating-point numbers, with all that it does.
        levels: What bytes stand for.
    """
    kept = [place for place, (name, _) in enumerate(plan.steps) if name != "normalize"]
    steps = [plan.steps[place] for place in kept]
    where, mixture = plan.where, plan.mixture
    if where is not None:
        where = tuple(where[place] for place in kept)
    if mixture is not None:
        mixture = {**mixture, "of_steps": [mixture["of_steps"][place] for place in kept]}
    if levels != (0, 255):
        mean = np.full(plan.channels, levels.low / levels.step)
        steps.append(("normalize", {"rescale": 1 / levels.step, "mean": mean}))
        if where is not None:
            where = (*where, (-1, 0, -1, 0))
        if mixture is not None:
            mixture["of_steps"].append(-1)
    return _core.Plan(
        height=plan.height,
        width=plan.width,
        channels=plan.channels,
        data_format=plan.data_format,
        interpolation_order=plan.interpolation_order,
        fill_mode=plan.fill_mode,
        cval=plan.cval,
        value_range=plan.value_range,
        fused=plan.fused,
        steps=steps,
        policies=plan.policies,
        where=where,
        mixture=mixture,
        round_bytes=True,
    )


def bytes_of(images: NDArray[Any], data_format: str, buffers: _core.BufferPool) -> NDArray[Any]:
    """Returns images from 0 to 255 as bytes, rounded to the nearest, halves up, and saturated.

    Args:
        images: Array of rank 4 of a floating-point dtype.
        data_format: `"channels_last"` or `"channels_first"`.
        buffers: Where the memory of the result comes from, and where it goes back to.
    """
    made = buffers.empty(images.shape, BYTES)
    shape = images.shape[1:]
    channels, height, width = shape if data_format == "channels_first" else (shape[2], *shape[:2])
    plan = _core.Plan(
        height=height,
        width=width,
        channels=channels,
        data_format=data_format,
        steps=(),
        round_bytes=True,
    )
    _core.augment_batch(images, None, None, plan, made)
    return made


def layer_of(plan: _core.Plan, levels: Levels, data_format: str) -> Any:
    """Returns a layer that makes of bytes what a plan would have made of their pixels.

    It is one of Keras' own, so that a model with it can be loaded anywhere.

    Args:
        plan: As in `plan_of_bytes`.
        levels: What bytes stand for.
        data_format: `"channels_last"` or `"channels_first"`, the layout of what it is given.

    Returns:
        A `keras.layers.Layer` that computes in Keras' `floatx()`, whatever the policy is: what it
        is given counts to 255.

    Raises:
        ImportError: If Keras cannot be imported.
        ValueError: If a divisor is too small or too large for Keras' layer.
    """
    keras = _keras.required("normalization layers")
    layers = keras.layers
    rescale, dtype = plan.rescale, _keras.floatx()
    if plan.mean is None and plan.std is None:
        return layers.Rescaling(levels.step * rescale, levels.low * rescale, dtype=dtype)
    # (v * rescale - mean) / std of v = low + step * byte, as (byte - mean) / std.
    zeros = np.zeros(plan.channels)
    mean = ((zeros if plan.mean is None else plan.mean) / rescale - levels.low) / levels.step
    std = (zeros + 1 if plan.std is None else plan.std) / (rescale * levels.step)
    least = float(keras.config.epsilon())
    wrong = std[(np.abs(std) < least) | (np.abs(std) > _MOST) | (np.sign(std) != np.sign(std[0]))]
    if wrong.size:
        raise ValueError(
            "`rescale` and what images are divided by should make divisors of bytes of one sign, "
            f"from {least:g} to {_MOST:g}, for a layer of Keras'. Received: {wrong[0]:g}"
        )
    axis = 1 if data_format == "channels_first" else -1
    layer = layers.Normalization(axis, mean.tolist(), (std**2).tolist(), dtype=dtype)
    if std[0] > 0:
        return layer
    return keras.Sequential([layer, layers.Rescaling(-1.0, dtype=dtype)])
