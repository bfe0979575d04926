"""The arguments of `ImageDataGenerator` as options of a command."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from batchwarp import ImageDataGenerator, _keras
from batchwarp.augment import whitening
from batchwarp.console.errors import UsageError
from batchwarp.console.options import number, whole_number
from batchwarp.ops.list import OPERATIONS
from batchwarp.ops.operation import Argument, Operation
from batchwarp.ops.sampling import SAMPLING

__all__ = [
    "OPTIONS",
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


def _of(operations: Iterable[Operation]) -> tuple[Argument, ...]:
    return tuple(argument for operation in operations for argument in operation.arguments)


# By the title under which `--help` lists them. All arguments are here but `preprocessing_function`,
# which is a function.
OPTIONS: dict[str, tuple[Argument, ...]] = {
    "augmentation": (*_of(one for one in OPERATIONS if not one.standardizes), *SAMPLING),
    "standardisation": (*_of(one for one in OPERATIONS if one.standardizes), *whitening.ARGUMENTS),
    "data": (
        Argument(
            "data_format",
            "order of an array's axes",
            ("FORMAT",),
            str,
            choices=_keras.DATA_FORMATS,
        ),
        Argument("dtype", "dtype of the batch, for example float32", ("DTYPE",), str),
        Argument("validation_split", "share of a folder's images for --subset validation", ("N",)),
        Argument(
            "split",
            "choose the validation subset by chance in every class, or by the files' names",
            ("HOW",),
            str,
            choices=("stratified", "hash"),
        ),
        Argument("split_seed", "for another choice by --split", ("N",), int),
        Argument("validation_augment", "do not augment the validation subset", type=bool),
    ),
}
_PARSERS: dict[type, Callable[[str], str | float]] = {float: number, int: whole_number, str: str}
_DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(ImageDataGenerator).parameters.items()
}
# Whether the validation subset is augmented is left to the generator where it is `None`: it is.
_DEFAULTS["validation_augment"] = True
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
                    type=_one_of_several if option.several else _PARSERS[option.type],
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
