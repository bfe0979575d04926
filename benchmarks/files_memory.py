"""How much memory does a flow from a folder of JPEG files take?

Each way runs in a process of its own, which goes through the folder once with another flow, notes
its resident memory, and then makes some passes while a thread watches for the peak.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batchwarp.console.frameworks import load_keras
from batchwarp.console.options import at_least

from .harness import readers
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.photos import photos
from .harness.readers import BATCH, ours, theirs
from .harness.report import report, table, track
from .memory import MEBIBYTE, Peak

SETTING = "augmented"
WAYS: dict[str, Callable[[Path], Any]] = {
    "batchwarp": lambda folder: ours(folder, SETTING),
    "batchwarp, prefetch=2": lambda folder: ours(folder, SETTING, prefetch=2),
    "batchwarp, cached in memory": lambda folder: ours(folder, SETTING, cache="memory"),
    "Keras": lambda folder: theirs(folder, SETTING),
    "tf.data and Keras layers": lambda folder: readers.tensorflow_dataset(folder, SETTING),
}


def take_pass(batches: Any) -> None:
    """Goes once through a flow, which has no end by itself, or through a data set."""
    for _, _ in zip(range(len(batches)), batches, strict=False):
        pass


def measure(way: str, folder: Path, passes: int) -> float:
    """Returns the growth of this process' resident memory at the peak, in MiB."""
    load_keras()
    take_pass(WAYS[way](folder))  # brings in what is loaded on first use
    peak = Peak()
    before = peak.now()
    batches = WAYS[way](folder)
    for _ in range(passes):
        take_pass(batches)
    peak.close()
    return (peak.bytes - before) / MEBIBYTE


def in_own_process(way: str, folder: Path, passes: int) -> float:
    """Runs `measure` in a new process and returns its result."""
    command = [
        *(sys.executable, "-m", f"{__package__}.files_memory", "--only", way),
        *("--folder", str(folder), "--passes", str(passes)),
    ]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    growth: float = json.loads(ran.stdout.splitlines()[-1])
    return growth


def add_options(options: argparse.ArgumentParser) -> None:
    """Adds what this benchmark takes beyond what all do."""
    options.add_argument(
        "--files", type=at_least(BATCH), default=400, help="how many (default: %(default)s)"
    )
    options.add_argument(
        "--passes", type=at_least(1), default=3, help="over all files (default: %(default)s)"
    )
    options.add_argument("--only", choices=WAYS, help="measure one, in this process, as JSON")
    options.add_argument("--folder", type=Path, help="the files for --only")


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("Resident memory of a flow from files, growth at the peak, MiB.")
    add_options(options)
    arguments = parse(options, "cv2", "PIL", "psutil", "scipy", "tensorflow")
    if (arguments.only is None) != (arguments.folder is None):
        options.error("--only and --folder belong together")
    if arguments.only:
        print(json.dumps(measure(arguments.only, arguments.folder, arguments.passes)))
        return 0
    ways = list(WAYS)
    if arguments.tiny:
        arguments.files, arguments.passes, ways = BATCH, 1, ways[:1]
    about = machine("keras", "opencv-python", "pillow", "tensorflow")
    with photos(arguments.files) as (folder, kind):
        growth = {
            way: in_own_process(way, folder, arguments.passes)
            for way in track(ways, "files_memory")
        }
    rows = [[way, f"{value:.0f}"] for way, value in growth.items()]
    text = table([f"{arguments.files} files ({kind}), batches of {BATCH}", "MiB, peak"], rows)
    metrics = {f"peak/{way}": value for way, value in growth.items()}
    figures = {"files": arguments.files, "kind": kind, "mebibytes": growth, "metrics": metrics}
    report(text, figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
