"""What do batches cost a loop of PyTorch, by `DataLoader` and torchvision v2, and by a flow?

Each way runs in a process of its own, which makes batches of 224² images for nobody: a first pass,
from whose beginning to the first batch it waits, and then some more. Processor time is that of the
process and its workers; memory is watched from outside, in all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import batchwarp
from batchwarp.console.options import at_least

from .harness import loaders
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.photos import photos
from .harness.report import report, table, track

MEBIBYTE = 1 << 20
Figures = dict[str, dict[str, list[dict[str, float]]]]
LEAST = 1.0  # seconds of passes that are timed
SOURCES = ("files", "arrays")
OURS, KERAS_DRAWS = "batchwarp", "batchwarp, Keras' draws"
LOADERS = {f"DataLoader, {workers} workers": workers for workers in (0, 1, 2)}
FASTEST = "DataLoader, 2 workers"
WAYS = (OURS, KERAS_DRAWS, *LOADERS)
COLUMNS = {
    "images/s": "images_a_second",
    "images a CPU second": "images_a_cpu_second",
    "MiB at the peak": "peak",
    "MiB more than at the start": "growth",
    "s to the first batch": "first",
}


def images(count: int) -> Any:
    """Returns an array of images, which every way has in memory."""
    side = loaders.SIDE
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


def batches(way: str, source: Path | Any, workers: int | None) -> Iterable[Any]:
    """Returns what yields the batches of one pass each time that it is gone through."""
    if workers is not None:
        made: Iterable[Any] = loaders.torchvision_loader(source, workers)
        return made
    from batchwarp.torch import IterableDataset

    datagen = batchwarp.ImageDataGenerator(
        **loaders.ARGUMENTS, rescale=1 / 255, draws="keras" if way == KERAS_DRAWS else "keyed"
    )
    options: dict[str, Any] = {"batch_size": loaders.BATCH, "seed": 1, "prefetch": 2}
    flow: Any
    if isinstance(source, Path):
        size = (loaders.SIDE, loaders.SIDE)
        flow = datagen.flow_from_directory(
            source, target_size=size, class_mode="sparse", interpolation="bilinear", **options
        )
    else:
        flow = datagen.flow(source, np.arange(len(source)) % 2, **options)
    return IterableDataset(flow)


def cpu_seconds() -> float:
    """Returns the processor time of this process and of its workers, which are alive."""
    import psutil

    process = psutil.Process()
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def measure(way: str, source: Path | Any, count: int, passes: int) -> dict[str, float]:
    """Times one way in this process; memory is for the process that watches it."""
    workers = LOADERS.get(way)
    start = time.perf_counter()
    made = batches(way, source, workers)
    first = iter(made)
    images = next(first)[0]
    waited = time.perf_counter() - start
    assert tuple(images.shape[1:]) == (3, loaders.SIDE, loaders.SIDE)
    for _ in first:
        pass
    start, spent = time.perf_counter(), cpu_seconds()
    done, seconds = 0, 0.0
    while done < passes or seconds < LEAST:
        for _ in made:
            pass
        done, seconds = done + 1, time.perf_counter() - start
    spent = cpu_seconds() - spent
    return {
        "images_a_second": done * count / seconds,
        "images_a_cpu_second": done * count / spent,
        "first": waited,
    }


def alone(arguments: argparse.Namespace) -> None:
    """Does what `--only` says, and prints it."""
    import torch  # what all of them need, before the clock runs
    import torch.utils.data

    assert torch.utils.data
    if arguments.only in LOADERS:
        loaders.torchvision()
    else:
        importlib.import_module("batchwarp.torch")
    source = arguments.folder or images(arguments.images)
    print("ready", flush=True)
    sys.stdin.readline()
    figures = measure(arguments.only, source, arguments.images, arguments.passes)
    print(json.dumps(figures), flush=True)


def resident(process: Any) -> int:
    """Returns the resident memory of a process and its workers, in bytes."""
    import psutil

    def of(one: Any) -> int:
        try:
            return int(one.memory_info().rss)
        except psutil.Error:  # it has ended
            return 0

    return sum(map(of, (process, *process.children(recursive=True))))


class OwnProcess:
    """A way in a new process, which imports its libraries and waits.

    Args:
        way: one of `WAYS`.
        folder: where the files are; None for arrays.
        arguments: of this benchmark.
    """

    def __init__(self, way: str, folder: Path | None, arguments: argparse.Namespace) -> None:
        command = [
            *(sys.executable, "-m", f"{__package__}.loops", "--only", way),
            *("--images", str(arguments.images), "--passes", str(arguments.passes)),
            *(() if folder is None else ("--folder", str(folder))),
        ]
        self.way = way
        self.source = "arrays" if folder is None else "files"
        pipe = subprocess.PIPE
        self._running = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def wait(self) -> None:
        """Waits until it is ready."""
        assert self._running.stdout is not None
        if self._running.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{self.way} ended with {self._running.wait()}")

    def measure(self) -> dict[str, float]:
        """Lets it run, and watches its memory."""
        import psutil

        running = self._running
        process = psutil.Process(running.pid)
        before = peak = resident(process)
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write("\n")
        running.stdin.flush()
        while running.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                peak = max(peak, resident(process))
            time.sleep(0.02)
        lines = running.stdout.read().splitlines()
        if running.returncode or not lines:
            raise RuntimeError(f"{self.way} ended with {running.returncode}")
        figures: dict[str, float] = json.loads(lines[-1])
        return {**figures, "peak": peak / MEBIBYTE, "growth": (peak - before) / MEBIBYTE}

    def end(self) -> None:
        """Ends it, if it has not ended yet."""
        self._running.kill()
        self._running.wait()
        for pipe in (self._running.stdin, self._running.stdout):
            if pipe is not None:
                pipe.close()


def measured(ways: list[str], folder: Path, arguments: argparse.Namespace) -> Figures:
    """Measures all ways, by source, each as often as there are rounds."""
    found: Figures = {source: {way: [] for way in ways} for source in SOURCES}
    for number in range(arguments.rounds):
        first = number % len(ways)
        turns = [*ways[first:], *ways[:first]]
        # Imports take longer than what is measured: all do them at once, and then wait.
        processes = [OwnProcess(way, place, arguments) for place in (folder, None) for way in turns]
        try:
            for process in processes:
                process.wait()
            for process in track(processes, "loops", lambda one: f"{one.source}, {one.way}"):
                found[process.source][process.way].append(process.measure())
        finally:
            for process in processes:
                process.end()
    return found


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Returns the median of each figure."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def metrics_of(source: str, found: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Returns what targets are about."""
    ours = found[OURS]
    metrics = {
        f"first/{source}": ours["first"],
        f"keyed/{source}": found[KERAS_DRAWS]["images_a_second"] / ours["images_a_second"],
    }
    theirs = [found[way] for way in LOADERS if way in found]
    if theirs:
        best = max(one["images_a_cpu_second"] for one in theirs)
        fastest = max(one["images_a_second"] for one in theirs)
        metrics[f"cpu/{source}"] = ours["images_a_cpu_second"] / best
        metrics[f"speed/{source}"] = ours["images_a_second"] / fastest
        metrics[f"memory/{source}"] = ours["peak"] / found[FASTEST]["peak"]
    return metrics


def text(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Returns the table."""
    rows = [
        [
            f"{source}: {way}",
            *(
                f"{figures[name]:.2f}" if name == "first" else f"{figures[name]:.0f}"
                for name in COLUMNS.values()
            ),
        ]
        for source, ways in found.items()
        for way, figures in ways.items()
    ]
    return table([f"batches of {loaders.BATCH}, {loaders.SIDE}²", *COLUMNS], rows)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("Batches for a loop of PyTorch, by what makes them.", rounds=1)
    options.add_argument(
        "--images", type=at_least(2), default=192, help="how many, even (default: %(default)s)"
    )
    options.add_argument(
        "--passes",
        type=at_least(1),
        default=2,
        help="over all of them, at least (default: %(default)s)",
    )
    options.add_argument("--only", choices=WAYS, help="measure one, in this process, as JSON")
    options.add_argument("--folder", type=Path, help="the files for --only; without, an array")
    arguments = parse(options)
    if arguments.only:
        alone(arguments)
        return 0
    if arguments.tiny:
        arguments.images, arguments.passes, arguments.rounds = loaders.BATCH, 1, 1
    libraries = [name for name in ("torch", "torchvision") if importlib.util.find_spec(name)]
    about = machine(*libraries, "pillow", "opencv-python")
    if importlib.util.find_spec("torch") is None:
        reason = "PyTorch is not installed"
        nothing: dict[str, Any] = {"not_measured": reason, "metrics": {}}
        report(f"not measured: {reason}", nothing, about, arguments.json)
        return 0
    ways = [way for way in WAYS if way not in LOADERS]
    if importlib.util.find_spec("torchvision") is not None:
        ways = list(WAYS)
    with photos(arguments.images) as (folder, kind):
        found = measured(ways, folder, arguments)
    middle = {source: {way: medians(found[source][way]) for way in ways} for source in SOURCES}
    figures: dict[str, Any] = {
        "images": arguments.images,
        "kind": kind,
        "not_measured": [way for way in WAYS if way not in ways],
        "loops": middle,
        "metrics": {
            name: value
            for source in SOURCES
            for name, value in metrics_of(source, middle[source]).items()
        },
    }
    report(text(middle), figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
