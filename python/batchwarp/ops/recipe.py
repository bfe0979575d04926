"""What an operation of a recipe is: arguments that never change, and nodes of a plan made of them.

An operation is a frozen dataclass whose fields say what they accept. Checks, `repr`, comparison,
pickling, configurations and tables follow from the fields; a subclass says what the core does with
them, for images of which it is told the size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.ops.accepted import Accepted, BeyondFloat32, Name, Probability
from batchwarp.ops.accepted_counts import MOST_PIXELS
from batchwarp.ops.core_steps import CORE_STEPS
from batchwarp.ops.keyed_draws import KeyedDraw

__all__ = [
    "TARGETS",
    "ImageOperation",
    "ImageSpec",
    "Leaf",
    "Node",
    "OptionalLeaf",
    "RecipeOperation",
    "accepting",
    "check_argument",
    "for_each_channel",
]

_MOST_VALUES = 2**55  # of one image of the core

# What moves with images.
TARGETS = ("masks", "boxes", "keypoints")


class ImageSpec(NamedTuple):
    """What an operation is told of the images that it is to change.

    Attributes:
        height: Integer, their rows at this step.
        width: Integer, their columns at this step.
        channels: Integer.
        moved: Boolean, whether an operation before may have moved pixels.
    """

    height: int
    width: int
    channels: int
    moved: bool = False


class Node(NamedTuple):
    """An operation as a tree: what is chosen among, and the steps of the core at its leaves.

    Attributes:
        kind: `"leaf"`, `"all"`, `"one"` or `"some"`: which members are done; `"mix"`: each of them,
            by itself, and then all are mixed.
        p: Float, how often it is done.
        step: The core's name of a leaf and its settings; `None` for one that does nothing.
        options: Of the choice among members, as the core has them.
        members: Nodes that are chosen among.
        varies: Boolean, whether chance decides what a leaf does.
    """

    kind: str
    p: float = 1.0
    step: tuple[str, dict[str, Any]] | None = None
    options: Mapping[str, Any] = {}
    members: tuple[Node, ...] = ()
    varies: bool = False

    @property
    def within(self) -> int:
        """How many nodes there are below this one."""
        return sum(1 + member.within for member in self.members)


def accepting(accepted: Accepted) -> dict[str, Accepted]:
    """Returns the metadata of a field that accepts such values."""
    return {"accepted": accepted}


def check_argument(owner: str, name: str, value: Any, accepted: Accepted) -> Any:
    """Returns an argument in Python's own types.

    Args:
        owner: String, the operation's name for the error.
        name: String, the argument's.
        value: What was given.
        accepted: What it may be.

    Raises:
        ValueError: If it is something else.
    """
    try:
        return accepted(value)
    except (TypeError, ValueError) as error:
        limit = f", {error}" if isinstance(error, BeyondFloat32) else ""
        raise ValueError(
            f"`{name}` of `{owner}` should be {accepted}{limit}. Received: {value!r}"
        ) from None


def for_each_channel(
    owner: str, name: str, value: float | tuple[float, ...], channels: int
) -> NDArray[np.float64]:
    """Returns one number for each channel.

    Args:
        owner: String, the operation's name for the error.
        name: String, the argument's.
        value: Number, or a tuple of numbers.
        channels: Integer.

    Returns:
        Array `(channels,)`.

    Raises:
        ValueError: If there are more or fewer numbers than channels.
    """
    if isinstance(value, tuple) and len(value) != channels:
        raise ValueError(
            f"`{name}` of `{owner}` should be a number, or one for each of {channels} channels. "
            f"Received: {value}"
        )
    return np.full(channels, value, dtype=np.float64)


@dataclass(frozen=True, init=False, eq=False, repr=False)
class RecipeOperation:
    """Something that is done to an image, or chosen among such.

    Attributes:
        name: String or `None`. Its random numbers belong to its place among the operations of a
            recipe, or to its name if it has one: then operations may be added before it, and the
            numbers stay. Members of policies have no names.
    """

    name: str | None = field(default=None, kw_only=True, metadata=accepting(Name()))

    # Of `TARGETS` those that there is no place for in what it makes of images.
    refused_targets: ClassVar[tuple[str, ...]] = ()

    # Whether its `repr` gives names to all arguments, since the first is no more special than
    # others.
    named_in_repr: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Checks the arguments and brings them into Python's own types."""
        for one in self.arguments():
            value = check_argument(
                type(self).__name__, one.name, getattr(self, one.name), one.metadata["accepted"]
            )
            object.__setattr__(self, one.name, value)

    @classmethod
    def arguments(cls) -> tuple[Field[Any], ...]:
        """Returns the arguments that can be described by themselves, in their order."""
        described = [one for one in fields(cls) if "accepted" in one.metadata]
        return tuple(sorted(described, key=lambda one: (one.kw_only, one.name == "name")))

    @classmethod
    def describe(cls) -> list[tuple[str, str, str]]:
        """Returns the arguments as rows of a table: name, default, what is accepted."""
        return [
            (
                one.name,
                "" if one.default is MISSING else repr(one.default),
                str(one.metadata["accepted"]),
            )
            for one in cls.arguments()
        ]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._written_arguments())})"

    def _written_arguments(self) -> list[str]:
        """Returns the arguments that differ from their defaults as they are written in Python."""
        written = []
        for position, one in enumerate(self.arguments()):
            value = getattr(self, one.name)
            if value == one.default:
                continue
            required = one.default is MISSING
            first = position == 0 and not self.named_in_repr and not one.kw_only
            written.append(repr(value) if required or first else f"{one.name}={value!r}")
        return written

    def get_config(self) -> dict[str, Any]:
        """Describes the operation in types that JSON has, for `batchwarp.ops.from_config`.

        Returns:
            Dictionary of the class' name, as `"operation"`, and of all arguments.
        """
        config: dict[str, Any] = {"operation": type(self).__name__}
        for one in self.arguments():
            value = getattr(self, one.name)
            config[one.name] = list(value) if isinstance(value, tuple) else value
        return config

    @classmethod
    def from_arguments(
        cls,
        arguments: Mapping[str, Any],
        made: Callable[[Any], RecipeOperation],  # noqa: ARG003 - for policies' members
    ) -> RecipeOperation:
        """Makes an operation of a configuration.

        Args:
            arguments: Dictionary as from `get_config`, without the class' name; what is missing
                gets its default.
            made: Function that makes an operation of the configuration of a member.

        Raises:
            ValueError: If an argument is unknown, missing without a default, or not accepted.
        """
        cls.check_keys(arguments)
        return cls(**arguments)

    @classmethod
    def check_keys(cls, keys: Collection[str], *others: str) -> None:
        """Checks the names of a configuration's arguments.

        Args:
            keys: The names.
            *others: Names that are required beside those of `arguments`.

        Raises:
            ValueError: If one is unknown, or is missing and has no default.
        """
        known = {one.name: one.default is not MISSING for one in cls.arguments()}
        known.update(dict.fromkeys(others, False))
        unknown = [key for key in keys if key not in known]
        if unknown:
            raise ValueError(
                f"`config` of `{cls.__name__}` has the unknown key {unknown[0]!r}. Accepted are "
                f"{', '.join(map(repr, known))}"
            )
        missing = [name for name, optional in known.items() if not optional and name not in keys]
        if missing:
            raise ValueError(f"`config` of `{cls.__name__}` should have the key {missing[0]!r}")


class ImageOperation(RecipeOperation, ABC):
    """An operation that is done to one image at a time.

    Attributes:
        sets_size: Whether images may have another size after it.
        is_last: Whether only operations of batches may follow it.
        is_alone: Whether a recipe has one of them at most, and no policy has any.
    """

    sets_size: ClassVar[bool] = False
    is_alone: ClassVar[bool] = False
    is_last: ClassVar[bool] = False

    @abstractmethod
    def node(self, image: ImageSpec) -> Node:
        """Returns what is to be done to images, as the core's steps.

        Args:
            image: What they are at this step.

        Raises:
            ValueError: If it cannot be done to such images.
        """

    @property
    @abstractmethod
    def moves_pixels(self) -> bool:
        """Whether pixels may come from another place."""

    @property
    @abstractmethod
    def in_range(self) -> bool:
        """Whether it needs to know between what values images are."""

    @property
    def fields(self) -> tuple[ImageOperation, ...]:
        """The operations in it that displace each pixel by its own."""
        return ()

    def size_after(self, image: ImageSpec) -> tuple[int, int]:
        """Returns the height and the width that images have after it."""
        return image.height, image.width

    def after(self, image: ImageSpec) -> ImageSpec:
        """Returns what images are after it."""
        height, width = self.size_after(image)
        return ImageSpec(height, width, image.channels, image.moved or self.moves_pixels)


class Leaf(ImageOperation):
    """An operation that is one step of the core.

    Attributes:
        core: What the core calls it.
        scope: Where it acts: `"coordinates"`, `"pixel"` or `"store"`.
        linear: Whether colours that it makes are a matrix times those before, so that it is done
            together with its neighbours.
        displaces: Whether it displaces each pixel by its own.
        channels: The numbers of channels that it is defined for, `None` for any.
    """

    core: ClassVar[str]
    scope: ClassVar[str] = "pixel"
    linear: ClassVar[bool] = False
    displaces: ClassVar[bool] = False
    channels: ClassVar[tuple[int, ...] | None] = None

    @property
    def moves_pixels(self) -> bool:
        """Whether pixels may come from another place."""
        return self.scope == "coordinates"

    @property
    def fields(self) -> tuple[ImageOperation, ...]:
        """The operations in it that displace each pixel by its own."""
        return (self,) if self.displaces else ()

    @property
    def in_range(self) -> bool:
        """Whether it needs to know between what values images are."""
        return self.scope == "pixel"

    def core_name(self) -> str:
        """Returns what the core calls it."""
        return self.core

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002 - subclasses use it
        """Returns what its columns are drawn from; nothing if the core has a rule of its own."""
        return ()

    def varies(self, image: ImageSpec) -> bool:
        """Whether chance decides what it does to an image."""
        return any(draw.varies for draw in self.draws(image))

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002 - subclasses use it
        """Returns the settings of the core's step."""
        return {}

    def check(self, image: ImageSpec) -> None:
        """Checks that it can be done to such images.

        Raises:
            ValueError: If it cannot be done.
        """

    def _check_size(self, image: ImageSpec) -> None:
        """Checks that the core has images of the size that they are given."""
        height, width = self.size_after(image)
        if max(height, width) > MOST_PIXELS or height * width * image.channels > _MOST_VALUES:
            raise ValueError(
                f"`{self}` should make images of at most {MOST_PIXELS} rows and columns and "
                f"{_MOST_VALUES} values. It makes {height} x {width} x {image.channels} of "
                f"{image.height} x {image.width} x {image.channels}"
            )

    def probability(self) -> float:
        """Returns how often it is done."""
        return 1.0

    def node(self, image: ImageSpec) -> Node:
        """Returns its step; see `ImageOperation.node`."""
        if self.channels is not None and image.channels not in self.channels:
            accepted = " or ".join(map(str, self.channels))
            raise ValueError(
                f"`{self}` needs images of {accepted} channels. Received images of {image.channels}"
            )
        self.check(image)
        if self.sets_size:
            self._check_size(image)
        settings = self.settings(image)
        if draws := self.draws(image):
            settings["draws"] = [tuple(draw) for draw in draws]
        step = (CORE_STEPS[self.core_name()].name, settings)  # or says what is wrong with the core
        return Node("leaf", self.probability(), step, varies=self.varies(image))


@dataclass(frozen=True, init=False, eq=False, repr=False)
class OptionalLeaf(Leaf):
    """An operation that can be left out of some images.

    Attributes:
        p: Float, the probability that it is done to an image.
    """

    p: float = field(default=1.0, kw_only=True, metadata=accepting(Probability()))

    def probability(self) -> float:
        """Returns how often it is done."""
        return self.p
