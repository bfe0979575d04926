"""How much memory does a flow over a large uint8 array take beyond the array itself?

Each library runs in a process of its own, which imports it, fills the array, notes its resident
memory, and then takes batches while a thread watches for the peak.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np

import batchwarp
from batchwarp.console.frameworks import keras_generator_class, load_keras
from batchwarp.console.options import at_least

from .harness import plots
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.report import report, table, track

MEBIBYTE = 1 << 20
SIZE = (224, 224, 3)
BATCH = 32
LIBRARIES = ("batchwarp", "Keras")


class Peak:
    """Watches the resident memory of this process in a thread of its own.

    Attributes:
        bytes: the largest value seen so far.
    """

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self._stop = threading.Event()
        self.bytes = self.now()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def now(self) -> int:
        """Returns the resident memory of this moment, in bytes."""
        return int(self._process.memory_info().rss)

    def _watch(self) -> None:
        while not self._stop.wait(0.002):
            self.bytes = max(self.bytes, self.now())

    def close(self) -> None:
        """Ends the thread, after a last look."""
        self._stop.set()
        self._thread.join()
        self.bytes = max(self.bytes, self.now())


def generator(library: str) -> Any:
    """Returns an `ImageDataGenerator` of the library, with the same geometry for both."""
    arguments: dict[str, Any] = {
        "rotation_range": 20,
        "width_shift_range": 0.1,
        "zoom_range": 0.1,
        "rescale": 1 / 255,
    }
    if library == "batchwarp":
        load_keras()  # the iterator would import it: that is not the flow's memory
        return batchwarp.ImageDataGenerator(**arguments)
    return keras_generator_class()(**arguments)


def measure(library: str, mebibytes: int, batches: int) -> dict[str, float]:
    """Takes batches from a flow in this process.

    Args:
        library: `"batchwarp"` or `"Keras"`.
        mebibytes: size of the array.
        batches: how many batches to take.

    Returns:
        In MiB, the array's size and the growth of resident memory beyond it: once the flow is
        made, and at the peak.
    """
    made = generator(library)
    n = max(BATCH, mebibytes * MEBIBYTE // int(np.prod(SIZE)))
    # The warm-up brings in what the library loads on first use (SciPy, the thread pool).
    next(made.flow(np.zeros((BATCH, *SIZE), np.uint8), batch_size=BATCH, seed=1))
    x = np.full((n, *SIZE), 7, np.uint8)
    peak = Peak()
    before = peak.now()
    flow = made.flow(x, batch_size=BATCH, seed=1)
    after_flow = peak.now()
    for _ in range(batches):
        next(flow)
        time.sleep(0.001)
    peak.close()
    return {
        "array": x.nbytes / MEBIBYTE,
        "flow": (after_flow - before) / MEBIBYTE,
        "peak": (peak.bytes - before) / MEBIBYTE,
    }


def in_own_process(library: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Runs `measure` in a new process and returns its result."""
    command = [
        *(sys.executable, "-m", f"{__package__}.memory", "--only", library),
        *("--mebibytes", str(arguments.mebibytes), "--batches", str(arguments.batches)),
    ]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser(
        "Resident memory of a flow over a uint8 array, MiB beyond the array.", plot=True
    )
    options.add_argument(
        "--mebibytes", type=at_least(1), default=1024, help="the array's size (default: 1024)"
    )
    options.add_argument(
        "--batches", type=at_least(1), default=40, help="batches to take (default: 40)"
    )
    options.add_argument("--only", choices=LIBRARIES, help="measure one, in this process, as JSON")
    arguments = parse(options, "psutil", "scipy", "tensorflow")
    if arguments.tiny:
        arguments.mebibytes, arguments.batches = 16, 2
    if arguments.only:
        print(json.dumps(measure(arguments.only, arguments.mebibytes, arguments.batches)))
        return 0
    about = machine("keras", "scipy", "tensorflow")
    figures = {
        library: in_own_process(library, arguments) for library in track(LIBRARIES, "memory")
    }
    rows = [
        [library, f"{f['array']:.0f}", f"{f['flow']:.0f}", f"{f['peak']:.0f}"]
        for library, f in figures.items()
    ]
    text = table(["MiB", "array", "growth, flow made", "growth, peak"], rows)
    metrics = {f"peak/{library}": f["peak"] for library, f in figures.items()}
    report(text, {"mebibytes": figures, "metrics": metrics}, about, arguments.json)
    plots.save("memory", {"mebibytes": figures}, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
