"""How many images a second does a graphics card make, compared with the processor and on paper?

Without a card, or in a build without the CUDA kernels, only the estimate of
`harness/cuda_estimate.py` is printed. `--page` writes it into the page on the kernels.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import cuda

from .harness import page
from .harness.batches import Batch, Ranges, Shape, core_with, source_of
from .harness.cuda_estimate import CARDS, COLOR, CUBIC, SAMPLEWISE, STEPS, WARP_ONLY, Card, Workload
from .harness.machine import cores, machine
from .harness.options import parse, parser
from .harness.report import report, table, track
from .harness.timing import Contender, as_json, interleaved

SIDES = ((28, 1), (150, 3), (224, 3))
SIZES = (32, 256)
TARGETS = ("float32", "float16")
RANGES = {COLOR: Ranges(further={"channel_shift_intensity": (-20, 20), "brightness": (0.8, 1.2)})}
OPTIONS: dict[str, dict[str, Any]] = {
    SAMPLEWISE: {"samplewise_center": True, "samplewise_std": True},
    CUBIC: {"interpolation_order": 3},
}
QUEUED, WAITED, PROCESSOR = "card", "card, one by one", "processor"
BATCHES = 16  # that are queued before anybody waits

# Of 255, by type of the result: what single precision explains, and a unit in the last place.
# Colors go through 8 bits, where a few values between two levels become the one or the other.
TOLERANCES = {"float32": 2e-3, "float16": 0.26}
LEVELS = 2
MEAN = 0.01

START = "<!-- estimate: python -m benchmarks.cuda --page cpp/src/cuda/README.md -->"
END = "<!-- end of estimate -->"
RESULTS = Path(__file__).parent / "results" / "kernels.json"
# Where `kernels.py` has the same on the processor: group, type of the source, variant.
ON_PROCESSOR = {
    WARP_ONLY: ("copy", "uint8", None),
    COLOR: ("steps", "float32", "brightness"),
    SAMPLEWISE: ("steps", "float32", "samplewise"),
    CUBIC: ("order 3", "float32", "order 3"),
}


def workloads(size: int) -> list[Workload]:
    """Returns what is estimated and measured, in batches of `size` images."""
    return [
        Workload(Shape(size, side, side, channels, "uint8"), target, steps)
        for steps, (side, channels), target in product(STEPS, SIDES, TARGETS)
    ]


def estimated(workload: Workload, card: Card) -> float:
    """Returns images a second, on paper."""
    return workload.shape.n / workload.estimate(card).seconds


def measure(workload: Workload, rounds: int, images: NDArray[Any] | None = None) -> dict[str, Any]:
    """Times a batch on the card and on the processor; returns the figures.

    Args:
        workload: what to do.
        rounds: how many measurements to take.
        images: those of the batch, if they have been made before.

    Raises:
        RuntimeError: if the two do not give the same result.
    """
    shape = workload.shape
    options = OPTIONS.get(workload.steps, {})
    ranges = RANGES.get(workload.steps, Ranges())
    made = source_of(shape) if images is None else images
    batch = Batch.of(made, shape, ranges, target=workload.target, **options)
    source, out = cuda.upload(batch.source), cuda.upload(batch.out)

    def run(batches: int) -> None:
        for _ in range(batches):
            cuda.augment_batch(source, batch.params, batch.plan, out)
        out.synchronize()

    batch.run()
    run(1)
    require_same(workload, out.numpy(), batch.out)
    timings = interleaved(
        {
            QUEUED: Contender(lambda: run(BATCHES)),
            WAITED: Contender(lambda: run(1)),
            PROCESSOR: Contender(batch.run, core_with(threads=cores())),
        },
        rounds=rounds,
    )
    queued = timings[QUEUED]
    timings[QUEUED] = replace(
        queued,
        median=queued.median / BATCHES,
        fastest=queued.fastest / BATCHES,
        slowest=queued.slowest / BATCHES,
    )
    return {
        "case": str(workload),
        "images": shape.n,
        "ours": [QUEUED, WAITED],
        "timings": as_json(timings),
    }


def require_same(workload: Workload, got: Any, want: Any) -> None:
    """Compares two results.

    Raises:
        RuntimeError: if they differ by more than their type explains.
    """
    difference = np.abs(np.subtract(got, want, dtype=np.float64))
    worst, mean = float(difference.max()), float(difference.mean())
    accepted = LEVELS if workload.steps == COLOR else TOLERANCES[workload.target]
    if not (worst <= accepted and mean <= MEAN):
        raise RuntimeError(
            f"{workload}: card and processor differ by {worst:g}, {mean:g} on average; at most "
            f"{accepted:g} and {MEAN:g} are accepted: they did not do the same work"
        )


def rates(case: Mapping[str, Any]) -> dict[str, float]:
    """Returns images a second of each contender."""
    return {name: case["images"] / timing["median"] for name, timing in case["timings"].items()}


def measured_table(
    cases: Sequence[Mapping[str, Any]], works: Sequence[Workload], cards: Sequence[Card]
) -> str:
    """Returns images a second, and what part of the estimates they are."""
    header = ["images a second", QUEUED, WAITED, PROCESSOR, *(f"÷ {c.name}, paper" for c in cards)]
    rows = []
    for case, workload in zip(cases, works, strict=True):
        rate = rates(case)
        parts = [f"{rate[QUEUED] / estimated(workload, card):.2f}" for card in cards]
        rows.append([case["case"], *(f"{rate[name]:,.0f}" for name in rate), *parts])
    return table(header, rows)


def estimate_rows(cards: Sequence[Card]) -> list[list[str]]:
    """Returns thousands of images a second and what limits them, by card and batch size."""
    rows = []
    for alike in zip(*map(workloads, SIZES), strict=True):
        first = alike[0]
        cells = []
        for card, workload in product(cards, alike):
            rate = estimated(workload, card) / 1e3
            cells.append(f"{rate:,.0f} {workload.estimate(card).limit}")
        rows.append([f"{first.steps}, {first.shape} to {first.target}", *cells])
    return rows


def estimate_header(cards: Sequence[Card]) -> list[str]:
    """Returns what stands above `estimate_rows`."""
    return ["1,000 images a second", *(f"{c.name}, {size}" for c, size in product(cards, SIZES))]


def work_table() -> str:
    """Returns what a batch makes a card do, whichever it is."""
    rows = []
    for alike in zip(*map(workloads, SIZES), strict=True):
        work = alike[0]
        n, done, moved = work.shape.n, work.executed, work.bytes
        pixels = n * work.shape.height * work.shape.width
        rows.append(
            [
                f"{work.steps}, {work.shape} to {work.target}",
                f"{moved / n / 1e3:,.1f}",
                f"{(done.float32 + done.float64) / moved:.1f}",
                f"{(done.float64 + done.conversions) / moved:.2f}",
                f"{(done.float64 + done.conversions) / pixels:.0f}",
                f"{done.all / pixels:,.0f}",
                " / ".join(str(each.launches) for each in alike),
            ]
        )
    sizes = " / ".join(map(str, SIZES))
    header = ["batch", "kB an image", "FLOP a byte", "FP64 a byte", "FP64 a pixel"]
    return table([*header, "instructions a pixel", f"launches, {sizes}"], rows)


def card_table() -> str:
    """Returns what the estimate takes from the makers' documents."""
    rows = [
        [
            card.name,
            f"{card.bandwidth / 1e9:,.0f}",
            f"{card.float32 / 1e12:.1f}",
            f"{card.float64 / 1e12:.2f}",
            str(card.processors),
            f"{card.doubles / card.bandwidth:.1f}",
            f"{card.instructions / card.bandwidth:.0f}",
            card.source,
        ]
        for card in CARDS
    ]
    header = ["card", "GB/s", "TFLOPS FP32", "TFLOPS FP64", "processors"]
    return table([*header, "FP64 a byte", "instructions a byte", "source"], rows)


def on_processor(figures: Mapping[str, Any], workload: Workload) -> float | None:
    """Returns images a second that `kernels.py` measured of the same work, None if it did not."""
    group, dtype, variant = ON_PROCESSOR[workload.steps]
    shape = replace(workload.shape, dtype=dtype)
    for case in figures["cases"]:
        if (case["group"], case["case"]) == (group, str(shape)) and workload.target == "float32":
            timing = case["timings"][variant or figures["machine"]["simd_tier"]]
            return float(case["images"] / timing["median"])
    return None


def estimate_page(figures: Mapping[str, Any]) -> str:
    """Returns the estimate for the page on the kernels.

    Args:
        figures: what `kernels.py` measured on a processor.
    """
    rows = estimate_rows(CARDS)
    for row, workload in zip(rows, workloads(SIZES[0]), strict=True):
        rate = on_processor(figures, workload)
        row.append(f"{rate / 1e3:,.1f}" if rate else "")
    about = figures["machine"]
    note = (
        f"*Processor: measured, {about['processor']}, two threads, {about['simd_tier']}, commit "
        f"{about['commit']}; color is brightness alone there, and all but the warp start from "
        "float32.*"
    )
    header = [*estimate_header(CARDS), "processor"]
    return "\n\n".join([card_table(), work_table(), table(header, rows), note])


def write_page(path: Path) -> None:
    """Replaces the estimate in a file.

    Raises:
        SystemExit: if there are no results of `kernels.py`, which only a checkout has.
        ValueError: if the file has not both marks, once each.
    """
    if not RESULTS.exists():
        raise SystemExit(f"error: {RESULTS} is missing: --page needs a checkout")
    figures = json.loads(RESULTS.read_text(encoding="utf-8"))
    text = page.between(path.read_text(encoding="utf-8"), START, END, estimate_page(figures))
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("A graphics card against the processor and the estimate.", rounds=15)
    names = {card.name: card for card in CARDS}
    options.add_argument(
        "--card", choices=names, help="which card it is (default: compare with all estimates)"
    )
    options.add_argument(
        "--page", type=Path, metavar="FILE", help="write the estimate into FILE, measure nothing"
    )
    arguments = parse(options)
    if arguments.page is not None:
        write_page(arguments.page)
        return 0
    about = machine()
    cards = [names[arguments.card]] if arguments.card else CARDS
    works = [workload for size in SIZES for workload in workloads(size)]
    metrics = {
        f"estimated/{card.name}/{workload}": estimated(workload, card)
        for card, workload in product(cards, works)
    }
    figures: dict[str, Any] = {"metrics": metrics}
    text = f"Estimate\n\n{table(estimate_header(cards), estimate_rows(cards))}"
    if cuda.is_available():
        if arguments.tiny:
            works = [replace(work, shape=work.shape.tiny()) for work in workloads(SIZES[0])]
        cases = [measure(workload, arguments.rounds) for workload in track(works, "cuda")]
        figures["cases"] = cases
        metrics |= {f"measured/{case['case']}": rates(case)[QUEUED] for case in cases}
        text = f"Measured\n\n{measured_table(cases, works, cards)}\n\n{text}"
    else:
        figures["not_measured"] = cuda.unavailable_reason()
        text += f"\n\nnot measured: {cuda.unavailable_reason()}"
    report(text, figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
