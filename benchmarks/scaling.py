"""How does the cost of an element change with threads, batch size and image size?

One call of `augment_batch` per batch of RGB images, uint8 to float32, destination allocated
beforehand. Costs are relative to the usual batch, 32 images of 224×224×3, timed in the same rounds.
Batches of different image sizes hold about as many elements each as that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from .harness import plots
from .harness.batches import THREADS, Batch, Shape, core_with, source_of
from .harness.machine import cores, machine
from .harness.options import parse, parser
from .harness.report import plural, report, table, track
from .harness.timing import Contender, as_json, interleaved

USUAL_NAME = "usual"
USUAL = Shape(32, 224, 224, 3, "uint8")
LARGE = Shape(1, 2048, 2048, 3, "uint8")
SIDES: tuple[int, ...] = (28, 64, 96, 150, 224, 299, 384, 512, 768, 1024, 1536, 2048, 4096)
BATCH_SIZES: tuple[int, ...] = tuple(2**k for k in range(13))
BATCH_SIDE = 64  # 4096 of these are 200 MB of float32
DISTINCT = 256  # images; larger batches repeat them


@dataclass
class Race:
    """Batches that are timed in turn.

    Attributes:
        group: what varies, as the metrics call it.
        case: the same in words, the heading of the table.
        contenders: by name.
        elements: values in each one's batch, by the same names.
    """

    group: str
    case: str
    contenders: dict[str, Contender] = field(default_factory=dict)
    elements: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, batch: Batch, threads: int = THREADS) -> None:
        """Adds a contender."""
        self.contenders[name] = Contender(batch.run, core_with(threads=threads))
        self.elements[name] = batch.out.size

    def measure(self, rounds: int) -> dict[str, Any]:
        """Times the contenders; returns the figures."""
        timings = interleaved(self.contenders, rounds=rounds)
        return {
            "group": self.group,
            "case": self.case,
            "elements": self.elements,
            "timings": as_json(timings),
        }


def by_threads(group: str, shape: Shape) -> Race:
    """The same batch with one thread, two, and so on up to one per core."""
    race = Race(group, f"threads, {plural(shape.n, 'image')} of {shape}")
    batch = Batch.of(source_of(shape), shape)
    for number in range(1, cores() + 1):
        race.add(plural(number, "thread"), batch, number)
    return race


def by_batch_size(usual: Shape, sizes: tuple[int, ...], side: int) -> Race:
    """Batches of different numbers of images, and the usual one."""
    shapes = [Shape(n, side, side, 3, "uint8") for n in sizes]
    race = Race("batch size", f"images in a batch, {shapes[0]}")
    race.add(USUAL_NAME, Batch.of(source_of(usual), usual))
    distinct = min(DISTINCT, max(sizes))
    source = source_of(replace(shapes[0], n=distinct))
    for shape in shapes:
        race.add(str(shape.n), Batch.of(source, shape, indices=np.arange(shape.n) % distinct))
    return race


def by_image_size(usual: Shape, sides: tuple[int, ...]) -> Race:
    """Batches of different image sizes with about as many elements as the usual one."""
    race = Race("image size", "side of the image, RGB uint8")
    race.add(USUAL_NAME, Batch.of(source_of(usual), usual))
    for side in sides:
        shape = Shape(max(1, usual.elements // (side * side * 3)), side, side, 3, "uint8")
        race.add(str(side), Batch.of(source_of(shape), shape))
    return race


def per_element(case: dict[str, Any]) -> dict[str, float]:
    """Returns nanoseconds per element of each contender."""
    return {
        name: 1e9 * timing["median"] / case["elements"][name]
        for name, timing in case["timings"].items()
    }


def metrics(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Returns speedups by threads, and costs relative to the usual batch: group/contender."""
    found: dict[str, float] = {}
    for case in cases:
        cost = per_element(case)
        if USUAL_NAME in cost:
            usual = cost.pop(USUAL_NAME)
            found |= {f"{case['group']}/{name}": value / usual for name, value in cost.items()}
        else:
            single = cost.pop(plural(1, "thread"))
            found |= {f"{case['group']}/{name}": single / value for name, value in cost.items()}
    return found


def text(cases: list[dict[str, Any]]) -> str:
    """Returns a table for each race."""
    found = metrics(cases)
    parts = []
    for case in cases:
        compared = "× usual" if USUAL_NAME in case["timings"] else "speedup"
        rows = []
        for name, cost in per_element(case).items():
            key = f"{case['group']}/{name}"
            rows.append([name, f"{cost:.2f}", f"{found[key]:.2f}" if key in found else ""])
        parts.append(table([case["case"], "ns an element", compared], rows))
    return "\n\n".join(parts)


def main() -> int:
    """Runs the measurements; returns the exit code."""
    options = parser(
        "Cost of an element by threads, batch size and image size, ns.", rounds=15, plot=True
    )
    arguments = parse(options)
    about = machine()
    usual, large, sides, sizes, side = USUAL, LARGE, SIDES, BATCH_SIZES, BATCH_SIDE
    if arguments.tiny:
        usual, large, sides, sizes, side = usual.tiny(), large.tiny(), (8, 16), (1, 4), 8
    races: dict[str, Callable[[], Race]] = {
        "threads": partial(by_threads, "threads", usual),
        "large image": partial(by_threads, "large image", large),
        "batch size": partial(by_batch_size, usual, sizes, side),
        "image size": partial(by_image_size, usual, sides),
    }
    cases = [
        make().measure(arguments.rounds)
        for _, make in track(list(races.items()), "scaling", lambda item: item[0])
    ]
    figures = {"cases": cases, "metrics": metrics(cases)}
    report(text(cases), figures, about, arguments.json)
    plots.save("scaling", figures, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
