"""How long a batch takes with targets beside its images, and without.

Of batchwarp, calls with and without targets alternate, one by one, of one `Augment`, which makes
their images in the same memory: two that have memory of their own differ by more than targets add.
What is added is the median of what is between two calls that follow each other.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from . import beside
from .batches import core_with
from .beside import PEERS, Beside, Peer
from .machine import machine
from .options import parse, parser
from .processes import in_own_process
from .report import plural, report, table, track
from .timing import Contender, Timing, as_json, interleaved

IMAGES, SIDE, TINY_SIDE = 32, 224, 32
OURS = "batchwarp"
ALONE, WITH = "image", "with targets"
THREADS = (1, 2)
# Pairs of calls in a round: of a few, the median would say nothing about 100 boxes.
PAIRS = 20
# Frameworks let their threads spin for a while after their work. The wait is not timed.
CALM = 0.01

Add = Callable[[Beside], Beside]
Case = Mapping[str, Any]


def batches(add: Add, tiny: bool) -> dict[str, Beside]:
    """Returns the batch with nothing beside it, and with targets."""
    alone = beside.images_of(2 if tiny else IMAGES, TINY_SIDE if tiny else SIDE)
    return {ALONE: alone, WITH: add(alone)}


def timed(contenders: Mapping[str, Contender], what: str, images: int, rounds: int) -> Case:
    """Times contenders in turn; returns the case."""
    timings = as_json(interleaved(contenders, rounds=rounds))
    return {"case": what, "images": images, "timings": timings}


def alone(add: Add, rounds: int, tiny: bool) -> Case:
    """Times batchwarp with one thread and with two, in this process."""
    both = batches(add, tiny)
    augment = beside.our_augment()
    contenders = {way: Contender(beside.ours(batch, augment)) for way, batch in both.items()}
    timings: dict[str, Timing] = {}
    added = {}
    for threads in THREADS:
        name = plural(threads, "thread")
        core_with(threads=threads)()
        taken = interleaved(contenders, rounds=PAIRS * rounds, stretch=0)
        timings |= {f"{name}, {way}": timing for way, timing in taken.items()}
        pairs = list(zip(taken[ALONE].seconds, taken[WITH].seconds, strict=True))
        added[name] = {
            "seconds": statistics.median(more - plain for plain, more in pairs),
            "ratio": statistics.median(more / plain for plain, more in pairs),
        }
    return {
        "case": OURS,
        "images": len(both[ALONE].images),
        "timings": as_json(timings),
        "added": added,
    }


def against(peers: Sequence[Peer], add: Add, rounds: int, tiny: bool) -> Case:
    """Times batchwarp and the peers of one process, in this process."""
    both = batches(add, tiny)
    contenders = {}
    for name, make in [(OURS, beside.ours), *((peer.name, peer.make) for peer in peers)]:
        for way, batch in both.items():
            contenders[f"{name}, {way}"] = Contender(make(batch), partial(time.sleep, CALM))
    return timed(contenders, peers[0].process, len(both[ALONE].images), rounds)


def seconds(case: Case, name: str, way: str) -> float | None:
    """Returns what a contender took, or None if it is not there."""
    timing = case["timings"].get(f"{name}, {way}")
    return None if timing is None else float(timing["median"])


def metrics(cases: Sequence[Case]) -> dict[str, float]:
    """Returns what targets add, and other libraries beside batchwarp.

    Their names are `ratio/THREADS`, how many times as long as the images alone; `added/THREADS`,
    microseconds an image; `peer/NAME`, how many times as long as batchwarp with targets.
    """
    found: dict[str, float] = {}
    for case in cases:
        if case["case"] == OURS:
            for name, added in case["added"].items():
                found[f"ratio/{name}"] = added["ratio"]
                found[f"added/{name}"] = 1e6 * added["seconds"] / case["images"]
            continue
        mine = seconds(case, OURS, WITH)
        for peer in PEERS:
            theirs = seconds(case, peer.name, WITH)
            if theirs is not None and mine is not None:
                found[f"peer/{peer.name}"] = theirs / mine
    return found


def text(cases: Sequence[Case], missing: Sequence[Peer]) -> str:
    """Returns the tables."""
    found = metrics(cases)
    rows, others = [], []
    for case in cases:
        names = [peer.name for peer in PEERS]
        if case["case"] == OURS:
            names = [plural(threads, "thread") for threads in THREADS]
        for name in names:
            plain, more = seconds(case, name, ALONE), seconds(case, name, WITH)
            if plain is None or more is None:
                continue
            each = [f"{1e6 * time_ / case['images']:,.1f}" for time_ in (plain, more)]
            if case["case"] == OURS:
                added, ratio = found[f"added/{name}"], found[f"ratio/{name}"]
                rows.append([f"{OURS}, {name}", *each, f"{added:,.1f}", f"{ratio:.2f}", ""])
            else:
                added, ratio = 1e6 * (more - plain) / case["images"], more / plain
                times = f"{found[f'peer/{name}']:.1f}"
                others.append([name, *each, f"{added:,.1f}", f"{ratio:.2f}", times])
    header = ["µs an image", "alone", "with targets", "added", "ratio", "× batchwarp"]
    shown = table(header, [*rows, *others])
    measured = {row[0] for row in others}
    remarks = [f"- {peer.name}: {peer.differs}." for peer in PEERS if peer.name in measured]
    if remarks:
        shown += "\n\n" + "\n".join(remarks)
    for peer in missing:
        shown += f"\n\nnot measured: {peer.name} ({peer.distribution} is not installed)"
    return shown


def run(benchmark: str, what: str, add: Add) -> int:
    """Runs a program; returns the exit code.

    Args:
        benchmark: its name.
        what: what it measures, for `--help`.
        add: puts targets beside a batch.
    """
    options = parser(what, rounds=15)
    options.add_argument(
        "--process",
        choices=list(dict.fromkeys(peer.process for peer in PEERS)),
        help="measure the peers that share a process in this one, as JSON",
    )
    arguments = parse(options)
    missing = [peer for peer in PEERS if not peer.installed()]
    present = [peer for peer in PEERS if peer not in missing]
    if arguments.process:
        mine = [peer for peer in present if peer.process == arguments.process]
        print(json.dumps([against(mine, add, arguments.rounds, arguments.tiny)]))
        return 0
    about = machine(*dict.fromkeys(peer.distribution for peer in present))
    cases = [alone(add, arguments.rounds, arguments.tiny)]
    more = ["--rounds", str(arguments.rounds), *(["--tiny"] if arguments.tiny else [])]
    for process in track(list(dict.fromkeys(peer.process for peer in present)), benchmark):
        cases += in_own_process(benchmark, process, more)
    figures = {
        "cases": cases,
        "metrics": metrics(cases),
        "not_measured": [peer.name for peer in missing],
    }
    report(text(cases, missing), figures, about, arguments.json)
    return 0
