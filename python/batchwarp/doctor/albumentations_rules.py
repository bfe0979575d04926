"""Transforms of Albumentations, and the operations that do the same to a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchwarp.doctor.code import UNKNOWN, Code, arguments_of, number
from batchwarp.doctor.documents import Document
from batchwarp.doctor.equivalents import Given
from batchwarp.doctor.findings import Finding

__all__ = ["TRANSFORMS", "equivalent", "findings"]

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # Albumentations' defaults


def _p(given: Given, default: float = 0.5) -> str:
    value = given.value("p", default)
    if value is UNKNOWN:
        return f", p={given.code('p')}"
    return "" if value == 1 else f", p={value:g}"


def _with(operation: str, arguments: str, given: Given, default: float = 0.5) -> str:
    inside = (arguments + _p(given, default)).removeprefix(", ")
    return f"ops.{operation}({inside})"


def _normalize(given: Given) -> str:
    white = given.value("max_pixel_value", 255.0)
    values = []
    for name, default in (("mean", _MEAN), ("std", _STD)):
        value = given.value(name, list(default))
        if not isinstance(value, list) or not all(map(number, value)) or not number(white):
            return "ops.Normalize(mean * 255, std * 255)"
        values.append("(" + ", ".join(f"{one * white:.6g}" for one in value) + ")")
    return f"ops.Normalize({values[0]}, {values[1]})"


def _factors(given: Given, name: str) -> str:
    """Returns factors about 1 of numbers about 0."""
    plus = 1 if isinstance(given.value(name), list) else 0
    return given.scaled(name, plus=plus, default=0.2)


def _size(given: Given) -> str:
    if "size" in given:
        return given.code("size")
    return given.size("height", "width")


def _resized_crop(given: Given) -> str:
    parts = [_size(given)]
    parts += [f"{name}={given.code(name)}" for name in ("scale", "ratio") if name in given]
    return f"ops.RandomResizedCrop({', '.join(parts)})"


def _shift_scale_rotate(given: Given) -> str:
    parts = []
    for name, ours, default in (
        ("rotate_limit", "rotation", 45),
        ("scale_limit", "zoom", 0.1),
        ("shift_limit", "shift", 0.0625),
    ):
        value = given.value(name, default)
        plus = 1 if ours == "zoom" and isinstance(value, list) else 0
        parts.append(f"{ours}={given.scaled(name, plus=plus, default=default)}")
    return _with("Affine", ", ".join(parts), given)


def _affine(given: Given) -> str:
    parts = []
    if "rotate" in given:
        parts.append(f"rotation={given.code('rotate')}")
    if "scale" in given:
        parts.append(f"zoom={given.code('scale')}")
    if "shear" in given:
        parts.append(f"shear={given.code('shear')}")
    if "translate_percent" in given:
        parts.append(f"shift={given.code('translate_percent')}")
    return _with("Affine", ", ".join(parts), given)


def _hole(given: Given, shape: str, length: str, *more: str) -> str:
    arguments = [f'shape="{shape}"', f"length={length}", *more]
    return _with("Erase", ", ".join(arguments), given)


def _jitter(given: Given) -> str:
    names = ("brightness", "contrast", "saturation", "hue")
    parts = [f"{name}={given.code(name)}" for name in names if name in given]
    return _with("ColorJitter", ", ".join(parts) or "0.2, 0.2, 0.2, 0.2", given)


# Names of positional arguments, and what is in their place.
TRANSFORMS: dict[str, tuple[tuple[str, ...], Callable[[Given], str]]] = {
    "Affine": (("scale", "translate_percent", "translate_px", "rotate", "shear"), _affine),
    "AutoContrast": ((), lambda given: _with("AutoContrast", "", given)),
    "CenterCrop": (("height", "width"), lambda given: f"ops.CenterCrop({_size(given)})"),
    "ChannelDropout": ((), lambda given: _with("ChannelDrop", "", given)),
    "CoarseDropout": ((), lambda given: _with("Erase", "", given)),
    "ColorJitter": (("brightness", "contrast", "saturation", "hue"), _jitter),
    "Cutout": (
        ("num_holes", "max_h_size", "max_w_size"),
        lambda given: _hole(given, "square", given.code("max_h_size", "8")),
    ),
    "ElasticTransform": (
        ("alpha", "sigma"),
        lambda given: _with(
            "Elastic", f"alpha={given.code('alpha', '1')}, sigma={given.code('sigma', '50')}", given
        ),
    ),
    "Equalize": ((), lambda given: _with("Equalize", "", given)),
    "GaussNoise": (
        (),
        lambda given: _with(
            "GaussianNoise", f"std={given.code('std_range', '(0.05, 0.1)')}", given
        ),
    ),
    "GaussianBlur": (
        ("blur_limit", "sigma_limit"),
        lambda given: _with("GaussianBlur", given.code("sigma_limit", "(0.5, 3)"), given),
    ),
    "Erasing": (
        ("scale", "ratio"),
        lambda given: _with(
            "Erase",
            ", ".join(f"{name}={given.code(name)}" for name in ("scale", "ratio") if name in given),
            given,
        ),
    ),
    "GridDistortion": (
        ("num_steps", "distort_limit"),
        lambda given: _with(
            "GridDistortion",
            f"{given.code('num_steps', '5')}, {given.code('distort_limit', '0.3')}",
            given,
        ),
    ),
    "GridDropout": (
        ("ratio", "random_offset", "unit_size_range"),
        lambda given: _hole(
            given,
            "grid",
            given.code("unit_size_range"),
            *([f"hole_ratio={given.code('ratio')}"] if "ratio" in given else []),
        ),
    ),
    "HorizontalFlip": (
        (),
        lambda given: f"ops.Flip(horizontal={given.code('p', '0.5')})",
    ),
    "ImageCompression": (
        (),
        lambda given: _with("JpegCompression", given.code("quality_range", "(50, 95)"), given),
    ),
    "InvertImg": ((), lambda given: _with("Invert", "", given)),
    "MotionBlur": ((), lambda given: _with("GaussianBlur", "(0.5, 2)", given)),
    "Normalize": (("mean", "std", "max_pixel_value"), _normalize),
    "Perspective": (("scale",), lambda given: _with("Perspective", "0.1", given)),
    "Posterize": (
        ("num_bits",),
        lambda given: _with("Posterize", given.code("num_bits", "4"), given),
    ),
    "RandomBrightnessContrast": (
        ("brightness_limit", "contrast_limit"),
        lambda given: _with(
            "ColorJitter",
            f"brightness={_factors(given, 'brightness_limit')}, "
            f"contrast={_factors(given, 'contrast_limit')}",
            given,
        ),
    ),
    "RandomCrop": (("height", "width"), lambda given: f"ops.RandomCrop({_size(given)})"),
    "RandomGamma": (
        ("gamma_limit",),
        lambda given: _with(
            "Gamma", given.scaled("gamma_limit", by=0.01, default=[80, 120]), given
        ),
    ),
    "RandomResizedCrop": (
        ("size", "scale", "ratio"),
        _resized_crop,
    ),
    "RandomRotate90": ((), lambda given: _with("Rotate90", "", given)),
    "Resize": (("height", "width"), lambda given: f"ops.Resize({_size(given)})"),
    "Rotate": (
        ("limit",),
        lambda given: _with("Affine", f"rotation={given.code('limit', '90')}", given),
    ),
    "Sharpen": ((), lambda given: _with("Sharpen", "(1, 2)", given)),
    "ShiftScaleRotate": (("shift_limit", "scale_limit", "rotate_limit"), _shift_scale_rotate),
    "Solarize": ((), lambda given: _with("Solarize", "0.5", given)),
    "ToGray": ((), lambda given: _with("Grayscale", "", given)),
    "VerticalFlip": (
        (),
        lambda given: f"ops.Flip(horizontal=0, vertical={given.code('p', '0.5')})",
    ),
}
# What AlbumentationsX calls arguments, and what they were called before.
_RENAMED = {
    "ColorJitter": {
        f"{name}_range": name for name in ("brightness", "contrast", "saturation", "hue")
    },
    "GaussianBlur": {"blur_range": "blur_limit", "sigma_range": "sigma_limit"},
    "GridDistortion": {"distort_range": "distort_limit"},
    "RandomBrightnessContrast": {
        "brightness_range": "brightness_limit",
        "contrast_range": "contrast_limit",
    },
    "RandomGamma": {"gamma_range": "gamma_limit"},
    "Rotate": {"angle_range": "limit"},
    "ShiftScaleRotate": {
        "shift_range": "shift_limit",
        "scale_range": "scale_limit",
        "rotate_range": "rotate_limit",
    },
}
_POLICIES = {
    "Compose": "`Augment(...)` of the operations, which is called with a whole batch",
    "OneOf": "`ops.OneOf(...)`, whose `p` is 1 unless it is given",
    "SomeOf": "`ops.SomeOf(n, ...)`",
}


def equivalent(name: str, given: Given) -> str:
    """Returns the code of the operation that comes nearest to a transform.

    Args:
        name: String, one of `TRANSFORMS`.
        given: The transform's arguments.
    """
    return TRANSFORMS[name][1](given)


def findings(document: Document, code: Code) -> Iterator[Finding]:
    """Yields what there is to say of transforms of Albumentations.

    Args:
        document: The script.
        code: What is known of it.
    """
    for call in code.calls:
        library, _, name = (code.dotted(call.func) or "").rpartition(".")
        if library.partition(".")[0] not in ("albumentations", "albumentationsx"):
            continue
        if name in _POLICIES:
            text = f"`{name}` makes one image at a time, in one thread"
            yield Finding(call.lineno, "albumentations", text, _POLICIES[name])
        elif name in TRANSFORMS:
            arguments, _ = arguments_of(call, TRANSFORMS[name][0], code)
            renamed = _RENAMED.get(name, {})
            arguments = {renamed.get(key, key): value for key, value in arguments.items()}
            operation = equivalent(name, Given(document, arguments))
            yield Finding(
                call.lineno, "albumentations", f"`{name}` is Albumentations'", f"`{operation}`"
            )
        elif name.startswith("ToTensor"):
            yield Finding(
                call.lineno,
                "albumentations",
                f"`{name}` moves channels first",
                "`Augment(..., data_format=...)`; batches become tensors without a copy, by "
                "`batchwarp.torch`",
            )
