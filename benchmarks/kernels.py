"""What does a batch cost in the core, compared with copying it and with plainer work?

One call of `augment_batch` per batch, destination allocated beforehand. The first table is against
`np.copyto` of the same batch as float32 in one thread; in the others, the first column is what the
rest is compared with. Ratios, in brackets, are multiples of its cost; for threads and splines,
speedups.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core

from .harness import plots
from .harness.batches import THREADS, Batch, Ranges, Shape, core_with, source_of
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.report import plural, report, table, track
from .harness.timing import Contender, as_json, interleaved

SHAPES = [
    Shape(n, side, side, channels, dtype)
    for n, side, channels in ((32, 150, 3), (32, 224, 3), (64, 224, 1), (512, 28, 1))
    for dtype in ("float32", "uint8")
]
# Splines are slow enough that small batches tell as much.
SPLINE_SHAPES = [Shape(8, 224, 224, 3, "float32"), Shape(64, 28, 28, 1, "float32")]
SPLINE_ORDERS = (2, 3, 4, 5)
# Operations that the core refuses for images of other than three channels.
COPY, SCIPY = "copy", "SciPy, 1 image"
SCIPY_TOLERANCE = 0.05  # of 255; SciPy's spline filter is float64 throughout


@dataclass(frozen=True)
class Group:
    """Variants that are compared with each other.

    Attributes:
        title: heading of the table.
        against: name of the variant that the others are divided by.
        shapes: batches to compare them on.
        contenders: makes the variants, by name, for one batch of images.
        speedup: whether the others are meant to be faster, and quoted as times as fast.
    """

    title: str
    against: str
    shapes: list[Shape]
    contenders: Callable[[NDArray[Any], Shape], dict[str, Contender]]
    speedup: bool = False


def copies(source: NDArray[Any], shape: Shape) -> dict[str, Contender]:
    """The warp on every instruction set, and a copy."""
    batch = Batch.of(source, shape)
    plain, copied = source.astype(np.float32), np.zeros(source.shape, np.float32)
    made = {COPY: Contender(partial(np.copyto, copied, plain))}
    for tier in _core.simd_tiers():
        made[tier] = Contender(batch.run, core_with(tier=tier))
    return made


def threads(source: NDArray[Any], shape: Shape) -> dict[str, Contender]:
    """The warp in one thread and in two."""
    batch = Batch.of(source, shape)
    return {
        plural(number, "thread"): Contender(batch.run, core_with(threads=number))
        for number in sorted({1, THREADS})
    }


def modes(source: NDArray[Any], shape: Shape) -> dict[str, Contender]:
    """What lies outside the image, by all modes of Keras."""
    return {
        mode: Contender(Batch.of(source, shape, fill_mode=mode).run, core_with())
        for mode in ("nearest", "constant", "reflect", "wrap")
    }


def geometry(source: NDArray[Any], shape: Shape) -> dict[str, Contender]:
    """Small transforms and large ones."""
    ranges = {
        "±20°": Ranges(),
        "±180°": Ranges(rotation=180),
        "zoom 0.5 to 2": Ranges(zoom=(0.5, 2)),
        "±180°, zoom 0.5 to 2": Ranges(rotation=180, zoom=(0.5, 2)),
    }
    return {
        name: Contender(Batch.of(source, shape, drawn).run, core_with())
        for name, drawn in ranges.items()
    }


def steps(source: NDArray[Any], shape: Shape) -> dict[str, Contender]:
    """What comes on top of the warp."""
    warp: list[tuple[str, dict[str, Any]]] = [("keras_affine", {}), ("flip", {})]
    batches = {"warp": Batch.of(source, shape)}
    for operation in _core.OPERATIONS:
        if operation.scope == "pixel" and operation.takes(shape.channels):
            ranges = Ranges(further=dict(zip(operation.columns, operation.ranges, strict=True)))
            batches[operation.name.replace("_", " ")] = Batch.of(
                source, shape, ranges, steps=[*warp, (operation.name, {})]
            )
    batches["samplewise"] = Batch.of(source, shape, samplewise_center=True, samplewise_std=True)
    return {name: Contender(batch.run, core_with()) for name, batch in batches.items()}


def nearest_neighbour(source: NDArray[Any], shape: Shape) -> dict[str, Contender]:
    """Interpolation of order 0 against order 1."""
    return {
        f"order {order}": Contender(
            Batch.of(source, shape, interpolation_order=order).run, core_with()
        )
        for order in (1, 0)
    }


def scipy_warp(image: NDArray[Any], matrix: NDArray[np.float64], order: int) -> NDArray[np.float32]:
    """Warps one image as Keras does, channel by channel."""
    from scipy import ndimage

    m00, m01, m10, m11, o0, o1 = matrix
    channels = [
        ndimage.affine_transform(
            channel, [[m00, m01], [m10, m11]], [o0, o1], order=order, mode="nearest"
        )
        for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack(channels, axis=-1)


def splines(order: int, source: NDArray[Any], shape: Shape) -> dict[str, Contender]:
    """One spline order against SciPy, which works on one image after the other.

    Raises:
        RuntimeError: if the two do not do the same work.
    """
    batch = Batch.of(source, shape, interpolation_order=order)
    matrices = _core.affine_matrices(batch.params, shape.height, shape.width)
    batch.run()
    difference = np.abs(batch.out[0] - scipy_warp(source[0], matrices[0], order)).max()
    if not difference <= SCIPY_TOLERANCE:
        raise RuntimeError(
            f"order {order}, {shape}: batchwarp and SciPy differ by {difference:g}, "
            f"at most {SCIPY_TOLERANCE} is accepted: they did not do the same work"
        )
    one_by_one = cycle(zip(source, matrices, strict=True))
    return {
        SCIPY: Contender(lambda: scipy_warp(*next(one_by_one), order)),
        f"order {order}": Contender(batch.run, core_with()),
    }


def of_dtype(dtype: str) -> list[Shape]:
    """Returns the usual shapes with elements of one type."""
    return [shape for shape in SHAPES if shape.dtype == dtype]


GROUPS: dict[str, Group] = {
    "copy": Group("Warp, nearest, against a copy", COPY, SHAPES, copies),
    "threads": Group("One thread and two", "1 thread", SHAPES, threads, speedup=True),
    "modes": Group("Fill modes, against nearest", "nearest", SHAPES, modes),
    "geometry": Group("Large transforms, against ±20°", "±20°", SHAPES, geometry),
    "steps": Group("Steps on top of the warp", "warp", of_dtype("float32"), steps),
    "order 0": Group("Order 0, against order 1", "order 1", SHAPES, nearest_neighbour),
    **{
        f"order {order}": Group(
            f"Order {order}, against SciPy",
            SCIPY,
            SPLINE_SHAPES,
            partial(splines, order),
            speedup=True,
        )
        for order in SPLINE_ORDERS
    },
}


def measure(name: str, shape: Shape, **how: Any) -> dict[str, Any]:
    """Times the variants of a group on one batch, as `interleaved` is told; returns the figures."""
    timings = interleaved(GROUPS[name].contenders(source_of(shape), shape), **how)
    return {
        "ours": [variant for variant in timings if variant not in (COPY, SCIPY)],
        "group": name,
        "case": str(shape),
        "images": shape.n,
        "elements": shape.elements,
        "timings": as_json(timings),
    }


def per_element(figures: Mapping[str, Any]) -> dict[str, float]:
    """Returns nanoseconds per element of each variant."""
    return {
        name: 1e9
        * timing["median"]
        / figures["elements"]
        * (figures["images"] if name == SCIPY else 1)
        for name, timing in figures["timings"].items()
    }


def ratios(figures: Mapping[str, Any]) -> dict[str, float]:
    """Returns each variant's cost as a multiple of the one compared with, or its speedup."""
    group = GROUPS[figures["group"]]
    cost = per_element(figures)
    against = cost.pop(group.against)
    return {
        name: against / value if group.speedup else value / against for name, value in cost.items()
    }


def metrics(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Returns all ratios under the names that the targets refer to: group/variant/batch."""
    return {
        f"{case['group']}/{variant}/{case['case']}": ratio
        for case in cases
        for variant, ratio in ratios(case).items()
    }


def text(cases: list[dict[str, Any]]) -> str:
    """Returns a table for each group: nanoseconds per element, and ratios in brackets."""
    parts = []
    for name, group in GROUPS.items():
        mine = [case for case in cases if case["group"] == name]
        variants = list(dict.fromkeys(variant for case in mine for variant in case["timings"]))
        rows = []
        for case in mine:
            ratio = ratios(case)
            cells = {
                variant: f"{cost:.2f}" + (f" ({ratio[variant]:.2f})" if variant in ratio else "")
                for variant, cost in per_element(case).items()
            }
            rows.append([case["case"], *(cells.get(variant, "") for variant in variants)])
        if rows:
            parts.append(f"{group.title}\n\n{table(['images', *variants], rows)}")
    return "\n\n".join(parts)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser(
        "batchwarp's core against a copy and against itself, ns per element.", rounds=15, plot=True
    )
    options.add_argument(
        "--only", choices=GROUPS, metavar="GROUP", help=f"one group: {', '.join(GROUPS)}"
    )
    arguments = parse(options, "scipy")
    about = machine("scipy")
    chosen = [arguments.only] if arguments.only else list(GROUPS)
    plan = [(name, shape) for name in chosen for shape in GROUPS[name].shapes]
    how = {"rounds": arguments.rounds}
    if arguments.tiny:
        plan = [(name, shape.tiny()) for name, shape in plan]
        how["stretch"] = 0
    cases = [
        measure(name, shape, **how)
        for name, shape in track(plan, "kernels", lambda item: f"{item[0]}, {item[1]}")
    ]
    figures = {"cases": cases, "metrics": metrics(cases)}
    report(text(cases), figures, about, arguments.json)
    plots.save("kernels", figures, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
