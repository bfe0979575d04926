"""From the operations of a recipe to its leaves: which act on a sample, with what numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from batchwarp._reference.chains import weights_of
from batchwarp._reference.draws import (
    LEAVES,
    NEUTRAL,
    Columns,
    Numbers,
    Size,
    extents,
    sides,
)
from batchwarp._reference.philox import operation_of


class Leaf(NamedTuple):
    """An operation that is no policy, as one sample has it.

    Attributes:
        kind: String, what it does.
        op: The operation with its arguments; `None` for those that a policy makes itself.
        columns: Its numbers by name, the neutral ones if it does not act.
        size: Of the image at that point.
        acts: Whether it changes anything.
        alone: Whether it is in no policy.
        chain: Integer, the chain of `AugMix` that it belongs to, or 0.
    """

    kind: str
    op: Any
    columns: Columns
    size: Size
    acts: bool
    alone: bool
    chain: int = 0


def leaves(operations: Sequence[Any], size: Size, seed: int, sample: int, epoch: int) -> list[Leaf]:
    """Returns the leaves of a recipe for one sample in one epoch.

    Args:
        operations: Those of the recipe.
        size: Of the images.
        seed: Integer from 0 to below 2^64.
        sample: Integer, likewise.
        epoch: Integer from 0 to below 2^32.
    """
    output = size
    for op in operations:
        output = size_after(op, output)
    found: list[Leaf] = []
    for place, op in enumerate(operations):
        walk = _Walk(seed, sample, epoch, operation_of(place, op.name), output)
        found += walk.visit(op, size, True)
        size = size_after(op, size)
    return found


def size_after(op: Any, size: Size) -> Size:
    """Returns the size that an operation leaves, which no draw changes."""
    name = type(op).__name__
    if name in ("RandomCrop", "CenterCrop", "RandomResizedCrop"):
        height, width = extents(op.size)
    elif name == "Pad":
        left, top, right, bottom = sides(op.padding)
        height, width = size.height + top + bottom, size.width + left + right
    elif name == "Resize":
        height, width = _resized(op.size, size)
    elif name == "Sequential":
        for member in op.operations:
            size = size_after(member, size)
        return size
    else:
        return size
    return Size(height, width, size.channels)


def _resized(given: int | tuple[int, int], size: Size) -> tuple[int, int]:
    """Returns a pair as it is; an integer is the shorter side, as in torchvision."""
    if isinstance(given, tuple):
        return given
    if size.height <= size.width:
        return given, max(1, given * size.width // size.height)
    return max(1, given * size.height // size.width), given


def _neutral(kind: str, columns: Columns) -> bool:
    if kind not in NEUTRAL:
        return False
    return all(
        value == columns[name] or (math.isnan(value) and math.isnan(columns[name]))
        for name, value in NEUTRAL[kind].items()
        # An area of no size is nowhere.
        if not (kind == "erase" and name in ("top", "left"))
    )


class _Walk:
    """Through one operation of a recipe, depth first, with the numbers of its nodes."""

    def __init__(self, seed: int, sample: int, epoch: int, operation: int, output: Size) -> None:
        self.key = (seed, sample, epoch, operation)
        self.output = output
        self.nodes = 0

    def next_node(self) -> Numbers:
        """Returns the numbers of the next node."""
        self.nodes += 1
        return Numbers(*self.key, self.nodes - 1)

    def visit(self, op: Any, size: Size, acts: bool) -> Iterator[Leaf]:
        """Yields the leaves of an operation, those that are not chosen included."""
        name = type(op).__name__
        alone = self.nodes == 0
        draw = self.next_node()
        if name in LEAVES:
            kind, columns = LEAVES[name]
            if name == "Hue" and op.mode == "hsv":
                kind = "hue_hsv"
            if name == "Erase" and op.shape != "rectangle":
                kind, columns = LEAVES[f"Erase {op.shape}"]
            acts = acts and draw.happens(getattr(op, "p", 1))
            at = self.output if name == "Erase" else size
            yield self.leaf(kind, op, columns(op, draw, at) if acts else None, size, alone)
            return
        acts = acts and draw.happens(op.p)
        if name == "ColorJitter":
            yield from self.jitter(op, size, acts)
        elif name == "RandAugment":
            share = op.magnitude / (op.num_magnitude_bins - 1)
            for _ in range(op.num_ops):
                yield from self.distort(self.next_node(), size, acts, strong(_RAND, share))
        elif name == "TrivialAugment":
            yield from self.distort(draw, size, acts, strong(_TRIVIAL, 1, op.num_magnitude_bins))
        elif name == "AugMix":
            weights = weights_of(op, draw) if acts else [1.0] + [0.0] * op.mixture_width
            named = {f"weight {chain}": weight for chain, weight in enumerate(weights)}
            yield self.leaf("augmix", op, named, size, alone)
            for chain in range(1, len(weights)):
                yield from (one._replace(chain=chain) for one in self.chain(op, size, acts))
        else:
            chosen = _chosen(name, op, draw)
            for place, member in enumerate(op.operations):
                yield from self.visit(member, size, acts and place in chosen)
                size = size_after(member, size)

    def leaf(self, kind: str, op: Any, columns: Columns | None, size: Size, alone: bool) -> Leaf:
        """Returns a leaf, with neutral columns if it has none of its own."""
        if columns is None:
            return Leaf(kind, op, dict(NEUTRAL.get(kind, {})), size, False, alone)
        return Leaf(kind, op, columns, size, not _neutral(kind, columns), alone)

    def jitter(self, op: Any, size: Size, acts: bool) -> Iterator[Leaf]:
        """Yields the leaves of `ColorJitter`."""
        hue = "hue_hsv" if op.hue_mode == "hsv" else "hue"
        for argument, kind in (
            ("brightness", "brightness"),
            ("contrast", "contrast"),
            ("saturation", "saturation"),
            ("hue", hue),
        ):
            draw, given = self.next_node(), getattr(op, argument)
            if given == 0:
                continue
            ends = given
            if not isinstance(given, tuple):
                ends = (-given, given) if argument == "hue" else (max(0.0, 1 - given), 1 + given)
            columns = {argument: draw.between(ends, 0)}
            yield self.leaf(kind, None, columns if acts else None, size, False)

    def chain(self, op: Any, size: Size, acts: bool) -> Iterator[Leaf]:
        """Yields the leaves of a chain of `AugMix`."""
        draw, count = self.next_node(), op.chain_depth
        chosen = set(range(count))
        if count <= 0:
            count = 3
            chosen = _some_of(1, 3, count, draw)
        strengths = strong(_AUGMIX, (op.severity - 1) / 9, op.severity)
        among = [
            one
            for one in _DISTORTIONS
            if one[0] != "identity"
            and (op.all_ops or one[0] not in ("brightness", "saturation", "contrast", "sharpen"))
        ]
        for place in range(count):
            doing = acts and place in chosen
            yield from self.distort(self.next_node(), size, doing, strengths, among)

    def distort(
        self,
        draw: Numbers,
        size: Size,
        acts: bool,
        strengths: Callable[..., float],
        among: Sequence[tuple[str, str, int]] | None = None,
    ) -> Iterator[Leaf]:
        """Yields the leaves of one choice among distortions, all 14 or some."""
        among = among or _DISTORTIONS
        chosen = draw.below(len(among), 0)
        for place, (kind, column, k) in enumerate(among):
            node = self.next_node()
            if kind == "identity" or (kind == "saturation" and size.channels == 1):
                continue
            columns = None
            if acts and place == chosen:
                value = strengths(column, node, k, size)
                columns = {**NEUTRAL[kind], column: value}
            yield self.leaf(kind, None, columns, size, False)


def _chosen(name: str, op: Any, draw: Numbers) -> set[int]:
    """Returns which members of a policy are done."""
    count = len(op.operations)
    if name == "OneOf":
        return {_one_of(op.weights, count, draw)}
    if name == "SomeOf":
        least, most = op.n if isinstance(op.n, tuple) else (op.n, op.n)
        return _some_of(least, most, count, draw)
    if name == "Sequential":
        return set(range(count))
    raise TypeError(f"the interpreter does not know the operation {op!r}")


def _some_of(least: int, most: int, count: int, draw: Numbers) -> set[int]:
    number = least + draw.below(most - least + 1, 254)
    order = list(range(count))
    for i in range(number):
        j = i + draw.below(count - i, i)
        order[i], order[j] = order[j], order[i]
    return set(order[:number])


def _one_of(weights: tuple[float, ...] | None, count: int, draw: Numbers) -> int:
    if weights is None:
        return draw.below(count, 0)
    up_to, total = 0.0, sum(weights)
    for place, weight in enumerate(weights):
        up_to += weight
        if draw.u(0) < up_to / total:
            return place
    return count - 1


# torchvision's order: what is done, by which column, drawn from which number of its node.
_DISTORTIONS = (
    ("identity", "", 0),
    ("affine", "shear_x", 2),
    ("affine", "shear_y", 3),
    ("affine", "shift_x", 4),
    ("affine", "shift_y", 5),
    ("affine", "rotation", 0),
    ("brightness", "brightness", 0),
    ("saturation", "saturation", 0),
    ("contrast", "contrast", 0),
    ("sharpen", "sharpen", 0),
    ("posterize", "bits", 0),
    ("solarize", "threshold", 0),
    ("autocontrast", "autocontrast", 0),
    ("equalize", "equalize", 0),
)


class _Space(NamedTuple):
    """How strong the distortions of a policy are at most, as torchvision has them."""

    shear: float
    shift: Callable[[int], float]
    rotation: float
    factor: float
    bits: int
    kept: int = 8


_RAND = _Space(0.3, lambda _: 150 / 331, 30.0, 0.9, 4)
_TRIVIAL = _Space(0.99, lambda length: 32 / length, 135.0, 0.99, 6)
_AUGMIX = _Space(0.3, lambda _: 1 / 3, 30.0, 0.9, 4, kept=4)


def strong(
    space: _Space, share: float, bins: int = 0
) -> Callable[[str, Numbers, int, Size], float]:
    """Returns what gives the value of a distortion.

    Args:
        space: The strengths of the policy.
        share: Float from 0 to 1, the share of them that is taken at most.
        bins: Integer, from how many steps from nothing to this share one is drawn; 0: always all.
    """

    def value(column: str, draw: Numbers, k: int, size: Size) -> float:
        if column in ("autocontrast", "equalize"):
            return 1.0
        if column in ("bits", "threshold"):
            step = draw.step(k, bins) if bins else 1.0
            if column == "bits":
                return float(space.kept - round(space.bits * share * step))
            return 1 - share * step
        most = {
            "shear_x": math.degrees(math.atan(space.shear * share)),
            "shear_y": math.degrees(math.atan(space.shear * share)),
            "shift_x": space.shift(size.width) * share,
            "shift_y": space.shift(size.height) * share,
            "rotation": space.rotation * share,
        }.get(column, space.factor * share)
        sign, step = draw.signed(k, bins)
        return (0 if k or column == "rotation" else 1) + sign * most * (step if bins else 1.0)

    return value
