"""The arguments of `ImageDataGenerator` as options of a command."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from batchwarp import ImageDataGenerator, _core, _keras
from batchwarp.console.errors import UsageError
from batchwarp.console.options import number, whole_number

__all__ = [
    "OPTIONS",
    "GeneratorOption",
    "add_generator_options",
    "flag",
    "generator_arguments",
    "naming_flags",
]


def _one_of_several(text: str) -> int | float:
    """Parses a number of an option that takes all values that follow it."""
    try:
        return number(text)
    except argparse.ArgumentTypeError as error:
        hint = "what is no value of this option goes before it"
        raise argparse.ArgumentTypeError(f"{error}; {hint}") from None


@dataclass(frozen=True)
class GeneratorOption:
    """An argument of `ImageDataGenerator`, and how the command line takes it.

    Attributes:
        name: The argument's name.
        help: What it does.
        metavar: Names of its values; none for a switch, which reverses the argument's default.
        parse: Type of each value.
        several: Whether any number of numbers is taken: one stays a number, more are a list.
        choices: The values that are accepted, or none for any.
    """

    name: str
    help: str
    metavar: tuple[str, ...] = ()
    parse: Callable[[str], str | float] = number
    several: bool = False
    choices: tuple[str, ...] | None = None


_SHIFT = (
    "shift, in Keras along the {1}: below 1 a fraction of the {0}, from 1 on pixels; a whole "
    "number N draws one of 0 to N - 1 pixels, several numbers one of these, with either sign"
)

# By the title under which `--help` lists them. All arguments are here but `preprocessing_function`,
# which is a function.
OPTIONS: dict[str, tuple[GeneratorOption, ...]] = {
    "augmentation": (
        GeneratorOption("rotation_range", "turn by up to this angle, to either side", ("DEGREES",)),
        GeneratorOption(
            "width_shift_range", _SHIFT.format("width", "height"), ("N",), several=True
        ),
        GeneratorOption(
            "height_shift_range", _SHIFT.format("height", "width"), ("N",), several=True
        ),
        GeneratorOption("shear_range", "shear by up to this angle", ("DEGREES",)),
        GeneratorOption(
            "zoom_range",
            "zoom by factors from 1 - N to 1 + N, or between two numbers; above 1 zooms out",
            ("N",),
            several=True,
        ),
        GeneratorOption("horizontal_flip", "mirror every other image left to right"),
        GeneratorOption("vertical_flip", "mirror every other image top to bottom"),
        GeneratorOption(
            "brightness_range", "multiply the brightness by a factor in this range", ("LOW", "HIGH")
        ),
        GeneratorOption(
            "channel_shift_range", "add a value of up to this size to all channels", ("N",)
        ),
        GeneratorOption(
            "fill_mode",
            "what is seen beyond the image's edge",
            ("MODE",),
            str,
            choices=_core.FILL_MODES,
        ),
        GeneratorOption("cval", "value beyond the edge, for --fill-mode constant", ("N",)),
        GeneratorOption(
            "interpolation_order", "order of the interpolating spline, 0 to 5", ("N",), whole_number
        ),
    ),
    "standardisation": (
        GeneratorOption("rescale", "multiply all values, for example by 1/255", ("N",)),
        GeneratorOption("samplewise_center", "subtract each image's mean"),
        GeneratorOption(
            "samplewise_std_normalization", "divide by each image's standard deviation"
        ),
        GeneratorOption(
            "featurewise_center", "subtract the mean of each channel over the folder's images"
        ),
        GeneratorOption(
            "featurewise_std_normalization",
            "divide by the standard deviation of each channel over the folder's images",
        ),
        GeneratorOption(
            "zca_whitening", "whiten with a matrix from the folder's images, which must be small"
        ),
        GeneratorOption("zca_epsilon", "added to the singular values of the whitening", ("N",)),
    ),
    "data": (
        GeneratorOption(
            "data_format",
            "order of an array's axes",
            ("FORMAT",),
            str,
            choices=_keras.DATA_FORMATS,
        ),
        GeneratorOption("dtype", "dtype of the batch, for example float32", ("DTYPE",), str),
        GeneratorOption(
            "validation_split", "share of a folder's images for --subset validation", ("N",)
        ),
        GeneratorOption(
            "split",
            "choose the validation subset by chance in every class, or by the files' names",
            ("HOW",),
            str,
            choices=("stratified", "hash"),
        ),
        GeneratorOption("split_seed", "for another choice by --split", ("N",), whole_number),
        GeneratorOption("validation_augment", "do not augment the validation subset"),
    ),
}
_DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(ImageDataGenerator).parameters.items()
}
_ALL = {option.name: option for group in OPTIONS.values() for option in group}


def flag(name: str) -> str:
    """Returns the option for an argument: `"--no-..."` for a switch that is on by default."""
    prefix = "--no-" if _DEFAULTS.get(name) is True else "--"
    return prefix + name.replace("_", "-")


def add_generator_options(parser: argparse.ArgumentParser) -> None:
    """Adds an option for every argument of `ImageDataGenerator` to a parser.

    An argument that is not given is `None` in the result.
    """
    for title, options in OPTIONS.items():
        group = parser.add_argument_group(f"{title}, as in ImageDataGenerator")
        for option in options:
            if option.metavar:
                group.add_argument(
                    flag(option.name),
                    dest=option.name,
                    type=_one_of_several if option.several else option.parse,
                    nargs="+" if option.several else _count(option.metavar),
                    metavar=option.metavar if len(option.metavar) > 1 else option.metavar[0],
                    choices=option.choices,
                    help=option.help + _list(option.choices) + _default(option.name),
                )
            else:
                group.add_argument(
                    flag(option.name),
                    dest=option.name,
                    action="store_const",
                    const=not _DEFAULTS[option.name],
                    help=option.help,
                )


def _count(metavar: tuple[str, ...]) -> int | None:
    """Returns `nargs` for values with these names; one is taken as it is, not as a list of one."""
    return len(metavar) if len(metavar) > 1 else None


def _list(choices: tuple[str, ...] | None) -> str:
    return f": {', '.join(choices)}" if choices else ""


def generator_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Returns the arguments of `ImageDataGenerator` that were given.

    Args:
        options: Parsed options.

    Returns:
        Dictionary from the arguments' names to their values.
    """
    given = {name: getattr(options, name) for name in _DEFAULTS if name in _ALL}
    return {
        name: value[0] if _ALL[name].several and len(value) == 1 else value
        for name, value in given.items()
        if value is not None
    }


def _default(name: str) -> str:
    """Returns a default for the help, where it is more than nothing or off."""
    return f" (default: {_DEFAULTS[name]})" if _DEFAULTS[name] else ""


@contextmanager
def naming_flags() -> Iterator[None]:
    """Turns a `ValueError` of the generator's into a `UsageError` that names the option.

    Raises:
        UsageError: If the block raises a `ValueError`.
    """
    try:
        yield
    except ValueError as error:
        message = " ".join(str(error).split())
        named = [name for name in re.findall(r"`(\w+)", message) if name in _ALL]
        raise UsageError(f"{flag(named[0])}: {message}" if named else message) from error
