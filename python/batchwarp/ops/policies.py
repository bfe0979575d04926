"""What chooses, for each image, which operations are done to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any, ClassVar

from batchwarp.ops.accepted import Probability, Weights
from batchwarp.ops.accepted_counts import Counts
from batchwarp.ops.recipe import ImageOperation, ImageSpec, Node, RecipeOperation, accepting

__all__ = ["Group", "OneOf", "Policy", "Sequential", "SomeOf"]

_COUNTS = Counts()


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Policy(ImageOperation):
    """An operation made of others.

    Attributes:
        p: Float, the probability that something is done to an image at all.
        kind: Which members are done: `"all"`, `"one"` or `"some"`.
    """

    p: float = field(default=1.0, kw_only=True, metadata=accepting(Probability()))

    kind: ClassVar[str] = "all"

    @abstractmethod
    def members(self, image: ImageSpec) -> tuple[Node, ...]:
        """Returns what is chosen among, for such images."""

    def options(self) -> dict[str, Any]:
        """Returns how it is chosen, as the core has it."""
        return {}

    def node(self, image: ImageSpec) -> Node:
        """Returns the choice and its members; see `ImageOperation.node`."""
        return Node(self.kind, self.p, None, self.options(), self.members(image))


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Group(Policy):
    """A policy whose members are given.

    Attributes:
        operations: Tuple of operations.
    """

    operations: tuple[ImageOperation, ...]

    # Whether every image has the same members, which may then change its size.
    is_fixed: ClassVar[bool] = False

    @property
    def moves_pixels(self) -> bool:
        """Whether an operation may move pixels."""
        return any(one.moves_pixels for one in self.operations)

    @property
    def in_range(self) -> bool:
        """Whether an operation needs to know between what values images are."""
        return any(one.in_range for one in self.operations)

    @property
    def fields(self) -> tuple[ImageOperation, ...]:
        """The operations in it that displace each pixel by its own."""
        return tuple(field for one in self.operations for field in one.fields)

    def __init__(self, *operations: RecipeOperation, **arguments: Any) -> None:
        object.__setattr__(self, "operations", operations)
        for name, value in arguments.items():
            object.__setattr__(self, name, value)
        self.__post_init__()
        self._check_members()

    def _check_members(self) -> None:
        owner = type(self).__name__
        if not self.operations:
            raise ValueError(f"`{owner}` should have at least one operation. Received: none")
        for one in self.operations:
            if not isinstance(one, RecipeOperation):
                raise TypeError(
                    f"`operations` of `{owner}` should be operations of `batchwarp.ops`. "
                    f"Received: {one!r}"
                )
            if one.name is not None:
                raise ValueError(
                    f"`name` of `{type(one).__name__}` should be None in `{owner}`, whose own "
                    f"name counts. Received: {one.name!r}"
                )
            if isinstance(one, ImageOperation) and one.is_alone:
                raise ValueError(
                    f"`operations` of `{owner}` should be such that a recipe may have several. "
                    f"Received: {one!r}, which belongs to the recipe itself"
                )
            if not isinstance(one, ImageOperation) or one.is_last:
                raise ValueError(
                    f"`operations` of `{owner}` should be such that others may follow. "
                    f"Received: {one!r}, which belongs to the end of a recipe"
                )
            if one.sets_size and not (self.is_fixed and self.p == 1):
                raise ValueError(
                    f"`operations` of `{owner}` should leave all images of one size, except in "
                    f"`Sequential` with `p=1`. Received: {one!r}"
                )

    def _written_arguments(self) -> list[str]:
        members = [repr(one) for one in self.operations]
        optional = [one for one in self.arguments() if one.default is not MISSING]
        return members + [
            f"{one.name}={getattr(self, one.name)!r}"
            for one in optional
            if getattr(self, one.name) != one.default
        ]

    def get_config(self) -> dict[str, Any]:
        """Describes the policy and its members; see `RecipeOperation.get_config`."""
        config = super().get_config()
        config["operations"] = [one.get_config() for one in self.operations]
        return config

    @classmethod
    def from_arguments(
        cls, arguments: Mapping[str, Any], made: Callable[[Any], RecipeOperation]
    ) -> RecipeOperation:
        """Makes a policy of a configuration; see `RecipeOperation.from_arguments`."""
        cls.check_keys(arguments, "operations")
        rest = dict(arguments)
        members = rest.pop("operations")
        if not isinstance(members, (list, tuple)):
            raise ValueError(
                f"`operations` of `{cls.__name__}` should be a list of dictionaries, as from "
                f"`get_config`. Received: {members!r}"
            )
        # By position where the class has an argument before them.
        first = [rest.pop(one.name) for one in cls.arguments() if one.default is MISSING]
        return cls(*first, *map(made, members), **rest)

    def members(self, image: ImageSpec) -> tuple[Node, ...]:
        """Returns the operations as nodes."""
        return tuple(one.node(image) for one in self.operations)


@dataclass(frozen=True, repr=False, init=False)
class Sequential(Group):
    """Does all of some operations, or with a probability none of them.

    As torchvision's `Compose`, and with `p` its `RandomApply`.

    Args:
        *operations: The operations, in their order.
        p: Float, the probability that they are done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above, there is no operation, or one changes the size
            of images although `p` is not 1.
        TypeError: If something is no operation.

    Example:
        >>> Sequential(Grayscale(), Invert(), p=0.1)
        Sequential(Grayscale(), Invert(), p=0.1)
    """

    is_fixed = True

    def __init__(
        self, *operations: RecipeOperation, p: float = 1.0, name: str | None = None
    ) -> None:
        super().__init__(*operations, p=p, name=name)

    @property
    def sets_size(self) -> bool:  # type: ignore[override]
        """Whether one of the operations sets the size of images."""
        return any(one.sets_size for one in self.operations)

    def _in_turn(self, image: ImageSpec) -> Iterator[tuple[ImageOperation, ImageSpec]]:
        """Yields each operation and what images are when it is done."""
        image = image._replace(moved=True)  # within a policy nothing is first
        for one in self.operations:
            yield one, image
            image = one.after(image)

    def members(self, image: ImageSpec) -> tuple[Node, ...]:
        """Returns the operations as nodes."""
        return tuple(one.node(at) for one, at in self._in_turn(image))

    def size_after(self, image: ImageSpec) -> tuple[int, int]:
        """Returns the height and the width that images have after all of it."""
        image = image._replace(moved=True)
        for one in self.operations:
            image = one.after(image)
        return image.height, image.width


@dataclass(frozen=True, repr=False, init=False)
class OneOf(Group):
    """Does one of some operations, chosen for each image. As torchvision's `RandomChoice`.

    Args:
        *operations: The operations to choose from.
        weights: Sequence of numbers, how often each is chosen, in proportion to the others; `None`
            for equally often.
        p: Float, the probability that one is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above, there is no operation, or one changes the size
            of images.
        TypeError: If something is no operation.

    Example:
        >>> OneOf(Brightness(), Contrast(), weights=(2, 1))
        OneOf(Brightness(), Contrast(), weights=(2, 1))
    """

    weights: tuple[float, ...] | None = field(default=None, metadata=accepting(Weights()))

    kind = "one"

    def __init__(
        self,
        *operations: RecipeOperation,
        weights: Sequence[float] | None = None,
        p: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(*operations, weights=weights, p=p, name=name)
        if self.weights is not None and len(self.weights) != len(operations):
            raise ValueError(
                f"`weights` of `OneOf` should be one for each of {len(operations)} operations. "
                f"Received: {self.weights}"
            )

    def options(self) -> dict[str, Any]:
        """Returns the number of members and their weights."""
        weights = None if self.weights is None else [float(one) for one in self.weights]
        return {"of": len(self.operations), "weights": weights}


@dataclass(frozen=True, repr=False, init=False)
class SomeOf(Group):
    """Does some of several operations, chosen for each image, in the order in which they stand.

    Args:
        n: Integer, how many; or a pair (least, most) that the number is drawn between, both
            included.
        *operations: The operations to choose from; each is done once at most.
        p: Float, the probability that they are done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above, `n` is more than there are operations, or one
            changes the size of images.
        TypeError: If something is no operation.

    Example:
        >>> SomeOf(2, Brightness(), Contrast(), Saturation())
        SomeOf(2, Brightness(), Contrast(), Saturation())
    """

    n: int | tuple[int, int] = field(metadata=accepting(_COUNTS))

    kind = "some"

    def __init__(
        self,
        n: int | tuple[int, int],
        *operations: RecipeOperation,
        p: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(*operations, n=n, p=p, name=name)
        if _COUNTS.pair(self.n)[1] > len(operations):
            raise ValueError(
                f"`n` of `SomeOf` should be at most {len(operations)}, the number of its "
                f"operations. Received: {self.n}"
            )

    def _written_arguments(self) -> list[str]:
        return [repr(self.n), *super()._written_arguments()]

    def options(self) -> dict[str, Any]:
        """Returns how many are done."""
        least, most = _COUNTS.pair(self.n)
        return {"least": least, "most": most, "of": len(self.operations)}
