"""A recipe as a table: what is done together, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from batchwarp import ops
from batchwarp.ops.core_steps import CORE_STEPS
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.policies import Policy
from batchwarp.ops.recipe import ImageOperation, ImageSpec, Leaf, Node, RecipeOperation

__all__ = ["PlanRow", "PlanTable", "rows_of"]

# What may have to be known of the whole image before values are changed.
_KNOWN_FIRST = {
    "channel_range": "the range of each channel",
    "histogram": "a histogram of each channel",
    "mean_grey": "the mean grey",
    "moments": "the mean and the deviation",
}


@cache
def _linear() -> frozenset[str]:
    """Returns the core's names of operations that are matrices, of which runs are made."""
    operations = (getattr(ops, name) for name in ops.__all__)
    return frozenset(one.core for one in operations if issubclass(one, Leaf) and one.linear)


class PlanRow(NamedTuple):
    """Operations that are done together.

    Attributes:
        operations: String, the operations.
        how: String, what they amount to.
        cost: String, passes over the pixels of an image.
    """

    operations: str
    how: str
    cost: str


class PlanTable(tuple[PlanRow, ...]):
    """Rows in the order in which they are done; as a string a table."""

    __slots__ = ()

    def __str__(self) -> str:
        rows = (PlanRow("operations", "are done as", "cost"), *self)
        first, second = (max(len(row[column]) for row in rows) for column in range(2))
        lines = [f"{row.operations:{first}}  {row.how:{second}}  {row.cost}" for row in rows]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])

    __repr__ = __str__


def rows_of(
    operations: Sequence[RecipeOperation], image: ImageSpec, order: int, fused: bool
) -> PlanTable:
    """Returns what is done to images of one size, and what it costs.

    Args:
        operations: The operations of a recipe.
        image: What the images are.
        order: Integer, of the spline by which they are read.
        fused: Boolean, whether linear operations that follow each other are one.

    Raises:
        ValueError: If an operation cannot be done to such images.
    """
    nodes = []
    for one in operations:
        if isinstance(one, ImageOperation):
            nodes.append((one, one.node(image)))
            image = one.after(image)
    rows = [*_placed(nodes, order), *_colored(nodes, fused)]
    for one in operations:
        if isinstance(one, Mixing):
            rows.append(PlanRow(repr(one), "finished images, by two", "1 pass, and a copy"))
        elif isinstance(one, ImageOperation) and one.is_last:
            known = _known_first(_steps(one.node(image), "store"))
            cost = f"1 pass{known}" if known else "none"
            rows.append(PlanRow(repr(one), "values are scaled as they are stored", cost))
    return PlanTable(rows)


def _steps(node: Node, scope: str) -> list[str]:
    """Returns the core's names of the steps below a node that act there."""
    own = [] if node.step is None else [node.step[0]]
    below = [name for member in node.members for name in _steps(member, scope)]
    return [name for name in own if CORE_STEPS[name].scope == scope] + below


def _placed(nodes: Sequence[tuple[ImageOperation, Node]], order: int) -> Iterator[PlanRow]:
    """Yields how images are read."""
    moving = [(one, node) for one, node in nodes if _steps(node, "coordinates")]
    if moving and (step := moving[0][1].step) and step[1].get("antialias"):
        yield PlanRow(repr(moving[0][0]), "a triangle filter, where images shrink", "1 pass")
        moving = moving[1:]
    if not moving:
        return
    taps = (order + 1) ** 2
    fields = " and one field of displacements" * any(one.fields for one, _ in moving)
    yield PlanRow(
        ", ".join(repr(one) for one, _ in moving),
        f"one map{fields}, by which images are read once with order {order}",
        f"1 pass, of {taps} {'pixel' if taps == 1 else 'pixels'} for one",
    )


def _colored(nodes: Sequence[tuple[ImageOperation, Node]], fused: bool) -> Iterator[PlanRow]:
    """Yields how colours are changed."""
    run: list[tuple[ImageOperation, list[str]]] = []
    for one, node in nodes:
        names = _steps(node, "pixel")
        if not names:
            continue
        if _linear().issuperset(names):
            if run and not fused:
                yield _one_run(run)
                run = []
            run.append((one, names))
            continue
        if run:
            yield _one_run(run)
            run = []
        chosen = isinstance(one, Policy)
        how = "what is chosen for an image" if chosen else "not linear, which ends a run"
        passes = "1 pass for each that is chosen" if chosen else "1 pass"
        if node.kind == "mix":
            count = len(node.members)
            how = f"what is chosen for each of {count} chains, which are mixed with the image"
            passes = f"{count} times all of the above, and {passes}"
        yield PlanRow(repr(one), how, passes + _known_first(names))
    if run:
        yield _one_run(run)


def _one_run(run: Sequence[tuple[ImageOperation, list[str]]]) -> PlanRow:
    names = [name for _, own in run for name in own]
    return PlanRow(
        ", ".join(repr(one) for one, _ in run),
        "one run: a matrix for each image, clamped at its end",
        "1 pass" + _known_first(names),
    )


def _known_first(names: Sequence[str]) -> str:
    """Returns what steps have to know of the whole image, as a further cost."""
    known = {
        need: _KNOWN_FIRST[need]
        for name in names
        for need in CORE_STEPS[name].needs
        if need in _KNOWN_FIRST
    }
    return f", and 1 before it for {' and '.join(known.values())}" if known else ""
