"""How long does a random affine transform of a batch take, compared with other libraries?

Whole calls, parameters drawn in them, images in memory: see `harness/peers.py` for what each
library does. Each framework has a process of its own, in which batchwarp runs beside it, is given
the same images and always writes float32. Libraries that are not installed are listed as not
measured.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import replace
from functools import partial
from typing import Any

from .harness import plots
from .harness.batches import Shape, source_of
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.peers import PEERS, Peer, batchwarp_flow
from .harness.processes import in_own_process
from .harness.report import report, table, track
from .harness.timing import Contender, as_json, interleaved

SIZES = [(256, 28, 1), (32, 150, 3), (32, 224, 3)]
# Frameworks let their threads spin for a while after their work. The wait is not timed.
CALM = 0.01


def ours(dtype: str) -> str:
    """Returns batchwarp's name as a contender that is given images of a type."""
    return f"batchwarp, {dtype}"


def measure(peers: list[Peer], size: Shape, rounds: int) -> dict[str, Any]:
    """Times batchwarp and some peers on one batch, in this process; returns the figures."""
    calm = partial(time.sleep, CALM)
    contenders = {}
    for dtype in dict.fromkeys(peer.dtype for peer in peers):
        x = source_of(replace(size, dtype=dtype))
        contenders[ours(dtype)] = Contender(batchwarp_flow(x), calm)
        for peer in peers:
            if peer.dtype == dtype:
                contenders[peer.name] = Contender(peer.make(x), calm)
    return {
        "case": f"{size.height}×{size.width}×{size.channels}",
        "images": size.n,
        "timings": as_json(interleaved(contenders, rounds=rounds)),
    }


def measure_all(peers: list[Peer], rounds: int, tiny: bool) -> list[dict[str, Any]]:
    """Times batchwarp and some peers on all batches, in this process."""
    sizes = [Shape(n, side, side, channels, "uint8") for n, side, channels in SIZES]
    if tiny:
        sizes = [size.tiny() for size in sizes[:2]]
    return [measure(peers, size, rounds) for size in sizes]


def metrics(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Returns how many times as long as batchwarp each peer takes: peer/size."""
    return {
        f"{peer.name}/{case['case']}": case["timings"][peer.name]["median"]
        / case["timings"][ours(peer.dtype)]["median"]
        for peer in PEERS
        for case in cases
        if peer.name in case["timings"]
    }


def cost(cases: list[dict[str, Any]], who: str) -> dict[str, float]:
    """Returns a contender's microseconds per image by size; the median if it ran repeatedly."""
    each: dict[str, list[float]] = {}
    for case in cases:
        if who in case["timings"]:
            time_of_one = 1e6 * case["timings"][who]["median"] / case["images"]
            each.setdefault(case["case"], []).append(time_of_one)
    return {size: statistics.median(times) for size, times in each.items()}


def text(cases: list[dict[str, Any]], missing: list[Peer]) -> str:
    """Returns the table: microseconds per image, and in brackets how many times batchwarp's."""
    found = metrics(cases)
    sizes = list(dict.fromkeys(case["case"] for case in cases))
    rows = [
        ["batchwarp", dtype, *(f"{times[size]:,.1f}" for size in sizes), ""]
        for dtype in ("float32", "uint8")
        if (times := cost(cases, ours(dtype)))
    ]
    for peer in PEERS:
        if times := cost(cases, peer.name):
            cells = [f"{times[size]:,.1f} ({found[f'{peer.name}/{size}']:.1f})" for size in sizes]
            rows.append([peer.name, peer.dtype, *cells, peer.differs])
    shown = table(["µs an image", "from", *sizes, "what differs"], rows)
    for peer in missing:
        shown += f"\n\nnot measured: {peer.name} ({peer.distribution} is not installed)"
    return shown


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser(
        "A random affine transform of a batch, against other libraries, µs per image.",
        rounds=15,
        plot=True,
    )
    processes = list(dict.fromkeys(peer.process for peer in PEERS))
    options.add_argument(
        "--process",
        choices=processes,
        help="measure the peers that share a process in this one, as JSON",
    )
    arguments = parse(options)
    missing = [peer for peer in PEERS if peer.version() is None]
    present = [peer for peer in PEERS if peer not in missing]
    if arguments.process:
        mine = [peer for peer in present if peer.process == arguments.process]
        print(json.dumps(measure_all(mine, arguments.rounds, arguments.tiny)))
        return 0
    about = machine(*dict.fromkeys(peer.distribution for peer in present))
    needed = list(dict.fromkeys(peer.process for peer in present))
    more = ["--rounds", str(arguments.rounds), *(["--tiny"] if arguments.tiny else [])]
    cases = [
        case
        for process in track(needed, "against_peers")
        for case in in_own_process("against_peers", process, more)
    ]
    figures = {
        "cases": cases,
        "metrics": metrics(cases),
        "not_measured": [peer.name for peer in missing],
    }
    report(text(cases, missing), figures, about, arguments.json)
    plots.save("against_peers", figures, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
