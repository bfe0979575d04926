"""What an operation is: arguments of a generator, draws, a step of the core's plan."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from batchwarp.ops.core_steps import CORE_STEPS
from batchwarp.ops.distributions import Distribution

__all__ = ["Argument", "Column", "Late", "Operation", "columns_of"]


class Argument(NamedTuple):
    """An argument of `ImageDataGenerator`, of which a generator has an attribute.

    Attributes:
        name: The argument's name.
        help: What it does, for the command line.
        metavar: Names of its values there; none for a switch.
        type: Type of each value: `float`, `int` or `str`; `bool` for a switch, which the command
            line sets to the reverse of its default.
        several: Whether the command line takes any number of numbers: one stays a number, more are
            a list.
        choices: The values that are accepted, or none for any.
    """

    name: str
    help: str
    metavar: tuple[str, ...] = ()
    type: type = float
    several: bool = False
    choices: tuple[str, ...] | None = None


class Column(NamedTuple):
    """A number that is drawn for each image.

    Attributes:
        name: Its key in what `get_random_transform` returns, and its column in the core.
        label: What it is called in the tables of previews.
        neutral: The number that leaves an image as it is; NaN if that is `None` in a dictionary.
        whole: Whether it is an integer.
    """

    name: str
    label: str
    neutral: float
    whole: bool = False

    @property
    def absent(self) -> int | None:
        """What stands for `neutral` in a dictionary."""
        return None if math.isnan(self.neutral) else int(self.neutral)

    def in_dictionary(self, value: float) -> float | None:
        """Returns a number of the column as `get_random_transform` does."""
        if math.isnan(value):
            return None
        return int(value) if self.whole else value

    def written(self, value: float | None) -> str:
        """Returns a number of a dictionary as it is shown to people."""
        if value is None:
            return "-"
        return str(value) if self.whole else f"{value:.3f}"


def columns_of(
    operation: str, labels: Mapping[str, str], whole: bool = False
) -> tuple[Column, ...]:
    """Returns the columns of an operation.

    Args:
        operation: String, what the core calls it.
        labels: What each column is called in tables, by the names that the core has, in its order.
        whole: Boolean, whether they are integers.
    """
    neutral = CORE_STEPS[operation].neutral
    return tuple(
        Column(name, label, value, whole)
        for (name, label), value in zip(labels.items(), neutral, strict=True)
    )


class Late(NamedTuple):
    """A part of an operation that the core cannot do, and that is done to its result.

    Attributes:
        what: String, what is in the way.
        run: Function of the settings and a batch, which it changes in place.
    """

    what: str
    run: Callable[[Any, NDArray[Any]], None]


class Operation:
    """How arguments of `ImageDataGenerator` become an operation of the core.

    Subclasses say what is theirs; what they leave out does nothing. `settings` are an
    `ImageDataGenerator` in all methods, or an object with its attributes.

    Attributes:
        name: What the core calls it.
        arguments: The arguments that it reads.
        fitted: Pairs of an argument and the attribute that `fit` computes for it.
        implied: Tuples of an argument that, if true, overrides another one, that one, and the value
            that it then has.
        columns: What is drawn for each image, in Keras' order, which is that of the core.
        legend: What a table of these numbers should say about them.
    """

    name: ClassVar[str]
    arguments: ClassVar[tuple[Argument, ...]]
    fitted: ClassVar[tuple[tuple[str, str], ...]] = ()
    implied: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = ()
    legend: ClassVar[str] = ""

    @property
    def standardizes(self) -> bool:
        """Whether it belongs to `standardize`, and not to the augmentation."""
        return CORE_STEPS[self.name].scope == "store"

    def settle(self, settings: Any) -> None:
        """Checks arguments that a generator is made with, and brings them into their final form.

        Args:
            settings: The generator; its attributes are the arguments as they were given.

        Raises:
            ValueError: If an argument means nothing. What `distributions` checks need not be
                checked here.
        """

    def check_image(self, settings: Any, image_shape: tuple[int, ...]) -> None:
        """Checks that it can be done to such images.

        Args:
            settings: The settings.
            image_shape: Tuple of three integers.

        Raises:
            ValueError: If it cannot be done.
        """

    def is_beyond_the_core(
        self,
        settings: Any,  # noqa: ARG002 - subclasses use them
        image_shape: tuple[int, ...],  # noqa: ARG002
    ) -> bool:
        """Whether such images can only be made one by one, by `apply`."""
        return False

    def distributions(
        self,
        settings: Any,  # noqa: ARG002 - subclasses use them
        height: int,  # noqa: ARG002
        width: int,  # noqa: ARG002
    ) -> tuple[Distribution | None, ...]:
        """Returns what the numbers of an image are drawn from.

        Args:
            settings: The settings.
            height: Integer, the images' rows.
            width: Integer, the images' columns.

        Returns:
            One for each of `columns`; `None` where nothing is drawn and the number is neutral.

        Raises:
            ValueError: If an argument is not made of finite numbers.
        """
        return ()

    def step(
        self,
        settings: Any,  # noqa: ARG002 - subclasses use them
        image_shape: tuple[int, ...],  # noqa: ARG002
    ) -> dict[str, Any] | None:
        """Returns the settings of its step in the core's plan, or `None` for no step.

        Args:
            settings: The settings.
            image_shape: Tuple of three integers.

        Raises:
            ValueError: If statistics do not fit the images.
        """
        return {} if self.columns else None

    def late(
        self,
        settings: Any,  # noqa: ARG002 - subclasses use them
        image_shape: tuple[int, ...],  # noqa: ARG002
    ) -> list[Late]:
        """Returns what the step leaves to be done."""
        return []

    def apply(
        self,
        settings: Any,  # noqa: ARG002 - subclasses use them
        x: NDArray[Any],
        parameters: Mapping[str, Any],  # noqa: ARG002
    ) -> NDArray[Any]:
        """Does to one image what was drawn, as `ImageDataGenerator.apply_transform`.

        Args:
            settings: The settings.
            x: Array of rank 3.
            parameters: As from `get_random_transform`; what is missing is neutral.

        Returns:
            Array of the shape of `x`.
        """
        return x

    def changes_values(self, settings: Any) -> bool:  # noqa: ARG002 - subclasses use it
        """Whether `standardize` does something."""
        return False

    def standardize(self, settings: Any, x: Any) -> Any:  # noqa: ARG002 - subclasses use it
        """Does its part of `ImageDataGenerator.standardize`, in place where that is possible.

        Args:
            settings: The settings.
            x: Floating-point array, an image or a batch.

        Returns:
            The standardised array.
        """
        return x
