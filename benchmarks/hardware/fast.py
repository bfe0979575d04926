"""Is a card fast? Batches against what it can do at most, the paper, and other libraries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import batchwarp
from batchwarp import cuda as package
from benchmarks import cuda
from benchmarks.harness import peers
from benchmarks.harness.batches import Shape, source_of
from benchmarks.harness.cuda_estimate import CARDS, Card, Workload
from benchmarks.harness.timing import Contender, interleaved

from .findings import NotRunError, WrongError
from .process import tail
from .right import NO_TEST
from .task import CARD, Task

ROUNDS = 3
RATES = {
    "copy_bytes": "bytes read and written by a copy",
    "float32": "operations of single precision, a fused one as two",
    "float64": "of double precision",
    "integer": "of 32-bit integers",
    "conversions": "conversions to and from double precision, about",
    "launch_seconds": "launches of a kernel that does nothing",
}
SIZES = cuda.SIZES
# Of batches that are small enough for all of the others, and large enough to keep a card at work.
PEER_SHAPES = (Shape(32, 224, 224, 3, "float32"), Shape(256, 28, 28, 1, "float32"))
BATCHES = 4  # that are queued before anybody waits


def rates(task: Task) -> None:
    """Measures what the card does in a second, and keeps it for the other checks."""
    if task.device() != CARD:
        raise NotRunError("an emulation has no speed")
    program = task.settings.tree / "cpp" / "benchmarks" / "cuda_rates"
    if not program.is_file():
        raise NotRunError(f"there is no {program.name}, which `Build` makes")
    code, text = task.run([str(program)])
    if code == NO_TEST:
        raise NotRunError(tail(text, 1))
    if code:
        raise WrongError(f"it ended with {code}: {tail(text)}")
    measured = json.loads(text)
    task.settings.rates.write_text(json.dumps(measured), encoding="utf-8")
    task.findings.figures(measured)
    paper = on_paper(measured["card"])
    quoted = {}
    if paper is not None:
        quoted = {"copy_bytes": paper.bandwidth, "float32": paper.float32, "float64": paper.float64}
    for name, text_of in RATES.items():
        value = 1 / measured[name] if name == "launch_seconds" else measured[name]
        cells = ["", ""]
        if name in quoted:
            cells = [f"{quoted[name]:.3g}", f"{value / quoted[name]:.0%}"]
        task.findings.row(
            "In a second", ["", "measured", "data sheet", "part"], [text_of, f"{value:.3g}", *cells]
        )


def on_paper(name: str) -> Card | None:
    """Returns the card of the estimate with the driver's name, or None."""
    return next((card for card in CARDS if card.reported == name), None)


def as_measured(found: Mapping[str, Any]) -> Card:
    """Returns a card that does what was measured."""
    doubles = found["float64"] / 2
    return Card(
        found["card"],
        found["copy_bytes"],
        found["float32"],
        found["float64"],
        found["processors"],
        found["conversions"] / doubles,
        "measured",
    )


HEADER = (
    "batch",
    "images/s",
    "one by one",
    "processor",
    "× processor",
    "time ÷ floor",
    "time ÷ paper",
    "limit on paper",
    "GB/s",
)


def row(workload: Workload, rate: Mapping[str, float], card: Card | None) -> list[str]:
    """Returns what a batch has come to, beside the floor and the paper.

    Args:
        workload: the batch.
        rate: images a second, by contender.
        card: with its measured rates, or None.
    """
    seconds = workload.shape.n / rate[cuda.QUEUED]
    paper = on_paper(card.name) if card else None
    estimate = workload.estimate(paper) if paper else None
    return [
        str(workload),
        f"{rate[cuda.QUEUED]:,.0f}",
        f"{rate[cuda.WAITED]:,.0f}",
        f"{rate[cuda.PROCESSOR]:,.0f}",
        f"{rate[cuda.QUEUED] / rate[cuda.PROCESSOR]:.1f}",
        f"{seconds / workload.floor(card):.1f}" if card else "",
        f"{seconds / estimate.seconds:.1f}" if estimate else "",
        estimate.limit if estimate else "",
        f"{workload.bytes / seconds / 1e9:,.0f}",
    ]


def batches(task: Task) -> None:
    """Times all batches of the estimate on the card and on the processor."""
    task.device()
    works = [workload for size in SIZES for workload in cuda.workloads(size)]
    if task.settings.dry_run:
        works = [work_of(workload) for workload in cuda.workloads(SIZES[0])[::7]]
    # Images of a size are made once, and taken in order of size: large ones take seconds.
    works.sort(key=lambda workload: workload.shape.elements)
    card = None
    if task.settings.rates.is_file():
        card = as_measured(json.loads(task.settings.rates.read_text(encoding="utf-8")))
    else:
        task.findings.missing("floor and paper", "it is not known what the card does in a second")
    made: tuple[Shape, NDArray[Any]] | None = None
    for workload in works:
        if task.left < 2:
            task.findings.missing(str(workload), "the time was over")
            continue
        if made is None or made[0] != workload.shape:
            made = workload.shape, source_of(workload.shape)
        with task.findings.part(str(workload)):
            case = cuda.measure(workload, 1 if task.settings.dry_run else ROUNDS, made[1])
            task.findings.figure(str(workload), case)
            task.findings.row(
                "Images on the card, results stay there",
                HEADER,
                row(workload, cuda.rates(case), card),
            )
    task.findings.note(
        "The floor is what the slowest of bytes over the measured copy bandwidth and operations "
        "over their measured rates takes, kernel after kernel; paper is the estimate of "
        "cpp/src/cuda/README.md, with launches and waiting. 1.0 is as good as it gets; GB/s are "
        "bytes that the kernels load and store, each once."
    )


def work_of(workload: Workload) -> Workload:
    """Returns the same on images that take no time."""
    return Workload(workload.shape.tiny(), workload.target, workload.steps)


def ours(x: NDArray[Any], steps: int) -> Callable[[], object]:
    """Returns what makes some batches on the card and waits for them; parameters are drawn."""
    generator = batchwarp.ImageDataGenerator(
        rotation_range=peers.ROTATION,
        width_shift_range=peers.SHIFT,
        height_shift_range=peers.SHIFT,
        zoom_range=peers.ZOOM,
    )
    flow = generator.flow(x, batch_size=len(x), seed=1, device="cuda", framework="dlpack")

    def run() -> None:
        made = [next(flow) for _ in range(steps)]
        made[-1].synchronize()

    return run


def theirs(make: Callable[[], peers.Run], wait: Callable[[], object], steps: int) -> peers.Run:
    """Returns what makes some batches with another library and waits for them."""
    once = make()

    def run() -> None:
        for _ in range(steps):
            once()
        wait()

    return run


def contenders(x: NDArray[Any], emulated: bool) -> dict[str, Callable[[], peers.Run]]:
    """Returns what makes the ways to augment a batch that is on the card, by name."""
    device = "cpu" if emulated else "cuda"

    def with_torch(make: Callable[..., peers.Run]) -> peers.Run:
        import torch

        if not emulated and not torch.cuda.is_available():
            raise NotRunError("PyTorch sees no card")
        wait = (lambda: None) if emulated else torch.cuda.synchronize
        return theirs(partial(make, x, device), wait, BATCHES)

    def with_cupy() -> peers.Run:
        import cupy

        if emulated:
            raise NotRunError("CuPy needs a card")
        return theirs(partial(peers.cupy_affine, x), cupy.cuda.Device().synchronize, BATCHES)

    return {
        "batchwarp": partial(ours, x, BATCHES),
        "batchwarp, from uint8": partial(ours, x.astype(np.uint8), BATCHES),
        "PyTorch, affine_grid and grid_sample": partial(with_torch, peers.torch_grid_sample),
        "kornia RandomAffine": partial(with_torch, peers.kornia_batch),
        "torchvision v2.RandomAffine, by image": partial(with_torch, peers.torchvision_v2),
        "CuPy affine_transform, by image": with_cupy,
    }


def peers_of_a_card(task: Task) -> None:
    """Times other libraries on the card on the same images."""
    emulated = task.device() != CARD
    for full in PEER_SHAPES:
        shape = full.tiny() if task.settings.dry_run else full
        if task.left < 3:
            task.findings.missing(str(shape), "the time was over")
            continue
        made: dict[str, Contender] = {}
        for name, make in contenders(source_of(shape), emulated).items():
            with task.findings.part(name):
                made[name] = Contender(make())
                made[name].run()  # what does not work fails here, and alone
        usual = "batchwarp"
        timings = interleaved(made, rounds=1 if task.settings.dry_run else ROUNDS)
        for name, timing in timings.items():
            seconds = timing.median / BATCHES
            compared = timing.median / timings[usual].median if usual in timings else float("nan")
            task.findings.row(
                f"A random affine transform of {shape.n} × {shape}, on the card",
                ["library", "µs a batch", "images/s", "time ÷ batchwarp's"],
                [name, f"{1e6 * seconds:,.0f}", f"{shape.n / seconds:,.0f}", f"{compared:.2f}"],
            )
            task.findings.figure(f"{name}, {shape}", seconds)
    if package.is_available():
        task.findings.note(
            "Parameters are drawn in each call. torchvision draws once for a batch, so it gets one "
            "image at a time, and fills with zeros; the others repeat the edge."
        )
