"""From a list of operations to a plan of the core, for images of one size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from batchwarp import _core
from batchwarp._arguments import number_pair
from batchwarp.augment.hashes import hash64
from batchwarp.augment.strength import check_strength
from batchwarp.ops import from_config
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.recipe import ImageOperation, ImageSpec, Node, RecipeOperation

__all__ = [
    "NOT_DRAWN",
    "Recipe",
    "Steps",
    "checked_range",
    "from_configs",
    "value_range_of",
]

# Where the numbers of a step come from that are not drawn by key: neutral, or the caller's.
NOT_DRAWN = (-1, 0, -1, 0)

# A counter of random numbers has 16 bits for the operation: the upper half is for names. Within it
# there are 8 bits for the node and 8 for the number of the node.
_NAMED = 0x8000
_MOST_UNNAMED = 0x7FFE  # those from here on are of flows, see `augment/keys.py`
_NODES = 256
_MOST_STEPS = 512  # of a plan of the core

_RANGES = {np.dtype(np.uint8): (0.0, 255.0), np.dtype(np.uint16): (0.0, 65535.0)}


def checked_range(value: Any) -> tuple[float, float] | None:
    """Returns a `value_range`, between what values images are, or `None`.

    Args:
        value: Pair of numbers, the lower one first, or `None`.

    Raises:
        ValueError: If it is something else.
    """
    if value is None:
        return None
    low, high = number_pair("value_range", value)
    if not low < high:
        raise ValueError(
            f"`value_range` should be a pair (low, high), the lower one first. Received: {value!r}"
        )
    return low, high


def from_configs(configs: Any) -> list[RecipeOperation]:
    """Returns the operations that a list of configurations describes.

    Args:
        configs: List of dictionaries, as from the operations' `get_config`.

    Raises:
        ValueError: If it is something else.
    """
    if not isinstance(configs, (list, tuple)):
        raise ValueError(
            '"operations" should be a list of dictionaries, as from `get_config`. '
            f"Received: {configs!r}"
        )
    return list(map(from_config, configs))


def value_range_of(dtype: np.dtype[Any], given: tuple[float, float] | None) -> Any:
    """Returns between what values images are, or `None` if nobody has said so.

    Args:
        dtype: The images' dtype.
        given: What the user has said, or `None`.
    """
    return given if given is not None else _RANGES.get(dtype)


class Steps(NamedTuple):
    """The arguments of a plan that say what is done to an image, and when.

    Attributes:
        steps: What is done: a name of the core's and settings.
        policies: What decides about it: kind, policy that decides about this one or -1, which
            member of that it is, operation and number that its draws belong to, options.
        where: For each step the policy that decides about it or -1, which member of that it is,
            operation and number.
        varies: For each step whether chance has a part in it.
        chains: For each step the chain of a mixture that it belongs to, from 1 on; 0: to all of
            them, -1: it comes after them.
        mixtures: List of the mixture that there is, if there is one: `"chains"`, `"alpha"` and
            `"where"`.
    """

    steps: list[tuple[str, dict[str, Any]]]
    policies: list[tuple[str, int, int, int, int, dict[str, Any]]]
    where: list[tuple[int, int, int, int]]
    varies: list[bool]
    chains: list[int]
    mixtures: list[dict[str, Any]]

    def add(
        self,
        node: Node,
        operation: int,
        count: int = 0,
        parent: int = -1,
        at: int = 0,
        chain: int = 0,
    ) -> int:
        """Adds a node and all below it, the deepest first.

        Args:
            node: The node.
            operation: Integer, the number of the operation that it belongs to.
            count: Integer, how many nodes the operation has before this one.
            parent: Integer, the policy that decides about it, or -1.
            at: Integer, which member of it this is.
            chain: Integer, the chain of a mixture that it belongs to, or 0.

        Returns:
            Integer, how many nodes the operation has with these.
        """
        number = _NODES * count
        if node.p < 1:
            self.policies.append(("p", parent, at, operation, number, {"p": node.p}))
            parent, at = len(self.policies) - 1, 0
        if node.step is not None:
            self.steps.append(node.step)
            self.where.append((parent, at, operation, number))
            self.varies.append(parent >= 0 or node.varies)
            self.chains.append(-1 if self.mixtures else chain)
        chooses = node.kind in ("one", "some")
        if chooses:
            self.policies.append((node.kind, parent, at, operation, number, dict(node.options)))
            parent = len(self.policies) - 1
        count += 1
        mixes = node.kind == "mix"
        for position, member in enumerate(node.members):
            which = position if chooses else at
            within = position + 1 if mixes else chain
            count = self.add(member, operation, count, parent, which, within)
        if mixes:
            self.mixtures.append({**node.options, "where": (parent, at, operation, number)})
        return count

    def mixture(self, before: int = 0, behind: int = 0) -> dict[str, Any]:
        """Returns the argument of a plan that says what is mixed, if something is.

        Args:
            before: Integer, how many steps the plan has before these.
            behind: Integer, how many it has behind them.
        """
        if not self.mixtures:
            return {}
        of_steps = [0] * before + self.chains + [-1] * behind
        return {"mixture": {**self.mixtures[0], "of_steps": of_steps}}

    def without_chance(self) -> Steps:
        """Returns the steps such that those in which chance has a part only set the size."""
        where = [
            NOT_DRAWN if varies else place
            for place, varies in zip(self.where, self.varies, strict=True)
        ]
        return self._replace(policies=[], where=where, mixtures=[])

    def only_sizes(self) -> Steps:
        """Returns the steps that set the size, without chance."""
        kept = [place for place, (_, settings) in enumerate(self.steps) if "height" in settings]
        count = len(kept)
        steps = [self.steps[place] for place in kept]
        return Steps(steps, [], [NOT_DRAWN] * count, [False] * count, [0] * count, [])


class Recipe:
    """A list of operations that has been checked.

    Args:
        owner: String, whose argument the list is, for errors.
        operations: The operations, in their order.

    Attributes:
        numbered: Tuple of pairs: an operation that is done to images, one by one, and its number.
        operations: Tuple of these operations.
        mixing: Tuple of pairs: an operation that is done to a batch, and its number.

    Raises:
        TypeError: If something is no operation.
        ValueError: If one stands where it cannot, or two would have the same random numbers.
    """

    def __init__(self, owner: str, operations: Sequence[Any]) -> None:
        if not isinstance(operations, (list, tuple)):
            raise TypeError(
                f"`operations` of `{owner}` should be a list of operations of `batchwarp.ops`. "
                f"Received: {operations!r}"
            )
        for one in operations:
            if not isinstance(one, RecipeOperation):
                raise TypeError(
                    f"`operations` of `{owner}` should be operations of `batchwarp.ops`. "
                    f"Received: {one!r}"
                )
        numbers = self._numbers(owner, operations)
        self.numbered = tuple(
            (one, number)
            for one, number in zip(operations, numbers, strict=True)
            if isinstance(one, ImageOperation)
        )
        self.operations = tuple(one for one, _ in self.numbered)
        self.mixing = tuple(
            (one, number)
            for one, number in zip(operations, numbers, strict=True)
            if isinstance(one, Mixing)
        )
        self._refused_targets = frozenset(
            name for one in operations for name in one.refused_targets
        )
        counts = [(one, one.num_classes) for one, _ in self.mixing if one.num_classes is not None]
        for one, count in counts[1:]:
            if count != counts[0][1]:
                raise ValueError(
                    f"`num_classes` of `{type(one).__name__}` should be that of {counts[0][0]!r}. "
                    f"Received: {count}"
                )
        fields = [field for one in self.operations for field in one.fields]
        if len(fields) > 1:
            raise ValueError(
                f"`operations` of `{owner}` should have one operation at most that displaces each "
                f"pixel by its own. Received: {fields[0]!r} and {fields[1]!r}"
            )
        alone = [one for one in self.operations if one.is_alone]
        if len(alone) > 1:
            raise ValueError(
                f"`operations` of `{owner}` should have one operation at most that mixes an image "
                f"with itself. Received: {alone[0]!r} and {alone[1]!r}"
            )
        for before, one in pairwise(operations):
            ends = isinstance(before, Mixing) or before.is_last
            if ends and not isinstance(one, Mixing):
                raise ValueError(
                    f"`operations` of `{owner}` should end with `{type(before).__name__}`, after "
                    f"which only `MixUp` and `CutMix` may come. Received after it: {one!r}"
                )

    @staticmethod
    def _numbers(owner: str, operations: Sequence[RecipeOperation]) -> list[int]:
        """Returns the numbers that the operations' random numbers belong to."""
        seen: dict[int, RecipeOperation] = {}
        for place, one in enumerate(operations):
            number = place if one.name is None else _NAMED | hash64(one.name) & (_NAMED - 1)
            if number >= _MOST_UNNAMED and one.name is None:
                raise ValueError(
                    f"`operations` of `{owner}` should be at most {_MOST_UNNAMED}. "
                    f"Received: {len(operations)}"
                )
            if number in seen:
                raise ValueError(
                    f"`name` of `{type(one).__name__}` should differ from that of "
                    f"{seen[number]!r}, or both draw the same numbers (names that differ may by "
                    f"chance have one number of 15 bits, too). Received: {one.name!r}"
                )
            seen[number] = one
        return list(seen)

    @property
    def in_range(self) -> list[ImageOperation]:
        """The operations that need to know between what values images are."""
        return [one for one in self.operations if one.in_range]

    @property
    def is_last(self) -> ImageOperation | None:
        """The operation that leaves images out of their value range, or `None`."""
        last = self.operations[-1:]
        return last[0] if last and last[0].is_last else None

    def steps(self, image: ImageSpec) -> Steps:
        """Returns what is done to images of one size, as the core has it.

        Args:
            image: What the images are.

        Raises:
            ValueError: If an operation cannot be done to such images.
        """
        built = Steps([], [], [], [], [], [])
        nodes = []
        for one, number in self.numbered:
            node = one.node(image)
            nodes.append((one, node))
            if node.within >= _NODES:
                raise ValueError(
                    f"`{type(one).__name__}` should have at most {_NODES - 1} operations within "
                    f"it, and within those. Received: {node.within}"
                )
            built.add(node, number)
            image = one.after(image)
        if len(built.steps) > _MOST_STEPS:
            raise ValueError(
                f"`operations` should be at most {_MOST_STEPS} with all that policies choose "
                f"among, and `RandAugment` chooses among 14. Received: {len(built.steps)}"
            )
        check_strength(nodes)
        return built

    def after(self, image: ImageSpec) -> ImageSpec:
        """Returns what images are after all operations.

        Args:
            image: What they are before.
        """
        for one in self.operations:
            image = one.after(image)
        return image

    def check_range(self, owner: str, value_range: tuple[float, float] | None) -> None:
        """Checks that it is known between what values images are, if an operation asks.

        Args:
            owner: String, whose argument it is, for the error.
            value_range: Tuple of two floats, or `None`.

        Raises:
            ValueError: If it is not known.
        """
        if value_range is None and self.in_range:
            raise ValueError(
                f"`value_range` of `{owner}` should be (low, high), between what values images "
                f"are, for {self.in_range[0]!r} and images of other dtypes than uint8 and uint16. "
                "Received: None"
            )

    def check_targets(self, names: Iterable[str]) -> None:
        """Checks that masks, boxes and keypoints can follow what is done to images.

        Args:
            names: Those of `TARGETS` that there are.

        Raises:
            ValueError: If one of them cannot.
        """
        given = list(names)
        if self._refused_targets.isdisjoint(given):
            return
        for one in (*self.operations, *(one for one, _ in self.mixing)):
            refused = [name for name in given if name in one.refused_targets]
            if refused:
                raise ValueError(
                    f"`{refused[0]}` cannot be given beside {one!r}, after which images are no "
                    "longer those that they belong to"
                )

    def plan(
        self,
        image: ImageSpec,
        *,
        owner: str,
        value_range: tuple[float, float] | None,
        **options: Any,
    ) -> _core.Plan:
        """Returns the plan for images of one size.

        Args:
            image: What the images are.
            owner: String, whose argument `value_range` is, for errors.
            value_range: Tuple of two floats, between what values images are, or `None`.
            **options: Of the plan: `data_format`, `fill_mode`, `cval`, `interpolation_order`,
                `fused`.

        Raises:
            ValueError: If an operation cannot be done to such images.
        """
        self.check_range(owner, value_range)
        if value_range is not None:
            options["value_range"] = value_range
        built = self.steps(image)
        options |= {"steps": built.steps, "policies": built.policies, "where": built.where}
        options |= built.mixture()
        return _core.Plan(
            height=image.height,
            width=image.width,
            channels=image.channels,
            **options,
        )
