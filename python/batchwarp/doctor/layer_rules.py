"""Keras' layers that augment, and the operations that do the same to each image."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from batchwarp.doctor.code import Code, arguments_of, number
from batchwarp.doctor.documents import Document
from batchwarp.doctor.equivalents import Given
from batchwarp.doctor.findings import Finding

__all__ = ["LAYERS", "equivalent", "findings"]

_LAYER = re.compile(
    r"(?:tensorflow\.(?:python\.|compat\.v[12]\.)*)?(?:keras|tf_keras|keras_cv)(?:\.src|\.api)*"
    r"\.layers(?:\.experimental)?(?:\.preprocessing)?\.(\w+)$"
)


def _flip(given: Given) -> str:
    mode = given.value("mode", "horizontal_and_vertical")
    chances = {
        "horizontal": "horizontal=0.5",
        "vertical": "horizontal=0, vertical=0.5",
        "horizontal_and_vertical": "horizontal=0.5, vertical=0.5",
    }
    return f"ops.Flip({chances.get(mode, '...')})" if isinstance(mode, str) else "ops.Flip(...)"


def _zoom(given: Given) -> str:
    # Of what is seen: 0.2 zooms out by a fifth, where factors of ours enlarge.
    value = given.value("height_factor")
    if number(value):
        value = [-value, value]
    if isinstance(value, list) and all(number(one) and one > -1 for one in value):
        low, high = (1 / (1 + one) for one in (max(value), min(value)))
        return f"ops.Affine(zoom=({low:.3g}, {high:.3g}))"
    return "ops.Affine(zoom=...)"


def _translation(given: Given) -> str:
    x, y = given.value("width_factor"), given.value("height_factor")
    if number(x) and number(y):
        return f"ops.Affine(shift=({given.code('width_factor')}, {given.code('height_factor')}))"
    return "ops.Affine(shift=(x, y))"


def _jitter(given: Given) -> str:
    parts = []
    if "brightness_factor" in given:
        parts.append("brightness=" + given.around("brightness_factor", plus=1))
    if "contrast_factor" in given:
        parts.append("contrast=" + given.code("contrast_factor"))
    if "saturation_factor" in given:
        parts.append("saturation=" + given.up_to("saturation_factor", by=2))
    if "hue_factor" in given:
        parts.append("hue=" + given.scaled("hue_factor", by=0.5) + ', hue_mode="hsv"')
    return f"ops.ColorJitter({', '.join(parts)})"


def _chance(given: Given, name: str = "factor") -> str:
    """Returns a probability, which Keras draws from 0 to a single number: its mean."""
    value = given.value(name, 1.0)
    if number(value):
        value = [0, value]
    if isinstance(value, list) and all(map(number, value)):
        return f"{sum(value) / 2:g}"
    return "..."


# Keras' names of positional arguments, and what is in their place.
LAYERS: dict[str, tuple[tuple[str, ...], Callable[[Given], str]]] = {
    "AugMix": (("value_range",), lambda _: "ops.AugMix()"),
    "AutoContrast": ((), lambda _: "ops.AutoContrast()"),
    "CenterCrop": (
        ("height", "width"),
        lambda given: f"ops.CenterCrop({given.size('height', 'width')})",
    ),
    "CutMix": (("factor",), lambda given: f"ops.CutMix(alpha={given.code('factor', '1.0')})"),
    "Equalization": ((), lambda _: "ops.Equalize()"),
    "MixUp": (("alpha",), lambda given: f"ops.MixUp(alpha={given.code('alpha', '0.2')})"),
    "Normalization": (
        ("axis", "mean", "variance"),
        lambda _: "ops.Normalize(mean, std)",
    ),
    "RandAugment": (
        ("value_range", "num_ops", "factor"),
        lambda given: f"ops.RandAugment(num_ops={given.code('num_ops', '2')})",
    ),
    "RandomBrightness": (
        ("factor",),
        lambda given: f"ops.Brightness({given.around('factor', plus=1)})",
    ),
    "RandomColorDegeneration": (
        ("factor",),
        lambda given: f"ops.Saturation({given.up_to('factor', by=-1, plus=1)})",
    ),
    "RandomColorJitter": (
        (
            "value_range",
            "brightness_factor",
            "contrast_factor",
            "saturation_factor",
            "hue_factor",
        ),
        _jitter,
    ),
    "RandomContrast": (
        ("factor",),
        lambda given: f"ops.Contrast({given.around('factor', plus=1)})",
    ),
    "RandomCrop": (
        ("height", "width"),
        lambda given: f"ops.RandomCrop({given.size('height', 'width')})",
    ),
    "RandomElasticTransform": (("factor", "scale"), lambda _: "ops.Elastic(alpha=..., sigma=...)"),
    "RandomErasing": (("factor", "scale"), lambda given: f"ops.Erase(p={_chance(given)})"),
    "RandomFlip": (("mode",), _flip),
    "RandomGaussianBlur": (
        ("factor", "kernel_size", "sigma"),
        lambda given: (
            f"ops.GaussianBlur({given.code('sigma', '1.0')}, "
            f"kernel_size={given.code('kernel_size', '3')}, p={_chance(given)})"
        ),
    ),
    "RandomGrayscale": (
        ("factor",),
        lambda given: f"ops.Grayscale(p={given.code('factor', '0.5')})",
    ),
    "RandomHue": (
        ("factor",),
        lambda given: f'ops.Hue({given.up_to("factor", by=0.5)}, mode="hsv")',
    ),
    "RandomInvert": (("factor",), lambda given: f"ops.Invert(p={_chance(given)})"),
    "RandomPerspective": (
        ("factor", "scale"),
        lambda given: f"ops.Perspective(p={_chance(given)})",
    ),
    "RandomPosterization": (("factor",), lambda given: f"ops.Posterize({given.code('factor')})"),
    "RandomRotation": (
        ("factor",),
        lambda given: f"ops.Affine(rotation={given.around('factor', by=360)})",
    ),
    "RandomSaturation": (
        ("factor",),
        lambda given: f"ops.Saturation({given.up_to('factor', by=2)})",
    ),
    "RandomSharpness": (("factor",), lambda given: f"ops.Sharpen({given.up_to('factor', by=2)})"),
    "RandomShear": (("x_factor", "y_factor"), lambda _: "ops.Affine(shear=..., shear_y=...)"),
    "RandomTranslation": (("height_factor", "width_factor"), _translation),
    "RandomZoom": (("height_factor", "width_factor"), _zoom),
    "Solarization": (
        ("addition_factor", "threshold_factor"),
        lambda given: f"ops.Solarize({given.up_to('threshold_factor', default=0.0)})",
    ),
}

_DRAWN_ONCE = ("MixUp", "CutMix", "RandAugment")
# What an operation does otherwise than the layer.
_DIFFERS = {
    "RandAugment": ", with the strengths of torchvision",
    "RandomBrightness": ", which multiplies where the layer adds",
    "RandomContrast": ", about the mean grey and not each channel's mean",
    "RandomZoom": ", by one factor in both directions",
}


def equivalent(name: str, given: Given) -> str:
    """Returns the code of the operation that comes nearest to a layer.

    Args:
        name: String, one of `LAYERS`.
        given: The layer's arguments.
    """
    return LAYERS[name][1](given)


def findings(document: Document, code: Code) -> Iterator[Finding]:
    """Yields what there is to say of Keras' layers.

    Args:
        document: The script.
        code: What is known of it.
    """
    for call in code.calls:
        match = _LAYER.match(code.dotted(call.func) or "")
        if match is None or match[1] not in LAYERS:
            continue
        name = match[1]
        arguments, _ = arguments_of(call, LAYERS[name][0], code)
        operation = equivalent(name, Given(document, arguments))
        text = f"`{name}` works on the device, as a part of the model or of `tf.data`"
        if name in _DRAWN_ONCE:
            text += ", and draws once for a batch"
        yield Finding(
            call.lineno,
            "layer",
            text,
            f"`{operation}`{_DIFFERS.get(name, '')}, in `Augment(...)` or in "
            "`ImageDataGenerator(operations=[...])`",
        )
