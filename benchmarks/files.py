"""How many files a second become batches, compared with other loaders and bare decoding?

One pass over a folder of JPEG files: to 150×150 in batches of 20, augmented and not, in a process
with TensorFlow and in others without, and random windows of larger files to 224×224. First passes
decode; later ones come from a cache. What it takes to set up a pipeline of `tf.data` is the same in
a pass of any length, so `to_tf_dataset` is timed in one over ten times as many files, too. Before
anything is timed, batches are compared with Keras'. Bare decoding reads and decodes the same files
on as many threads and does nothing with the pixels.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from batchwarp.console.options import at_least

from .against_keras import compare
from .harness import plots, readers
from .harness.batches import THREADS
from .harness.file_peers import AUGMENT, CROPPED, FILE_PEERS, FilePeer
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.photos import CLASSES, LARGE, photos
from .harness.processes import in_own_process
from .harness.readers import BATCH, SETTINGS, ours, theirs
from .harness.report import plural, report, table, track
from .harness.timing import Contender, as_json, interleaved

KERAS, TENSORFLOW = "Keras", "tf.data and Keras layers"
BARE = {
    "OpenCV": ("cv2", readers.decode_with_opencv),
    "simplejpeg": ("simplejpeg", readers.decode_with_simplejpeg),
    "Pillow": ("PIL", readers.decode_with_pillow),
}
NEXT, AHEAD, DATASET = "next(it)", "next(it), prefetch=2", "to_tf_dataset"
SINGLE, SCALED = "next(it), 1 thread", "next(it), scaled_decode"
BILINEAR = "next(it), bilinear"
MEMORY, DISK = "next(it), cached in memory", "next(it), cached on disk"
FIRST, CACHED = (NEXT, AHEAD, DATASET), (MEMORY, DISK)
OURS = (*FIRST, BILINEAR, SINGLE, SCALED, *CACHED)
EXACT = {"nearest": NEXT, "bilinear": BILINEAR, "scaled": SCALED}
PROCESSES = ("plain", "tensorflow", "torch", "dali")  # the first one is where this runs
LONG_PASS = f"{PROCESSES[1]}, a long pass"  # in the process of that name
LONGER = 10  # times the files of the others
ALLOWED = {"augmented": "geometry", "not augmented": "rescale only"}  # as in `against_keras`

Case = Mapping[str, Any]


def decoding(name: str) -> str:
    """Returns what a decoder that does nothing else is called in tables."""
    return f"{name}, decoding only"


def check(folder: Path, setting: str) -> float:
    """Compares batches of both; returns the largest absolute difference.

    Raises:
        RuntimeError: if it is larger than allowed.
    """
    our_flow, their_flow = ours(folder, setting), theirs(folder, setting)
    return max(
        compare(next(our_flow)[0], next(their_flow)[0], ALLOWED[setting])
        for _ in range(min(3, len(our_flow)))
    )


def decoders(folder: Path) -> dict[str, Contender]:
    """Returns the decoders that are installed, each on as many threads as batchwarp has."""
    paths = readers.paths_of(folder)
    return {
        decoding(name): Contender(readers.OnThreads(decode, paths).run)
        for name, (module, decode) in BARE.items()
        if find_spec(module) is not None
    }


def with_tensorflow(folder: Path, cache: Path, setting: str) -> dict[str, Contender]:
    """Returns the ways to make batches of a folder in a process that has TensorFlow.

    Args:
        folder: the data set.
        cache: an empty folder for decoded images.
        setting: one of `SETTINGS`.
    """
    make = partial(ours, folder, setting)
    return {
        NEXT: readers.by_next(make()),
        AHEAD: readers.by_read_ahead(make(prefetch=2)),
        DATASET: readers.by_dataset(make().to_tf_dataset()),
        BILINEAR: readers.by_next(make(interpolation="bilinear")),
        SINGLE: readers.by_next(make(), threads=1),
        SCALED: readers.by_next(make(scaled_decode=True)),
        MEMORY: readers.by_next(make(cache="memory")),
        DISK: readers.by_next(make(cache=cache / setting)),
        KERAS: readers.by_next(theirs(folder, setting)),
        TENSORFLOW: readers.by_dataset(readers.tensorflow_dataset(folder, setting)),
    }


def of_long_pass(folder: Path) -> dict[str, Contender]:
    """Returns the ways to make augmented batches whose cost depends on how long a pass is.

    Args:
        folder: a data set with many files.
    """
    make = partial(ours, folder, AUGMENT)
    return {NEXT: readers.by_next(make()), DATASET: readers.by_dataset(make().to_tf_dataset())}


def without_tensorflow(folder: Path, work: str, process: str) -> dict[str, Contender]:
    """Returns the ways to do a work in a process, its peers among them.

    Args:
        folder: the data set.
        work: `AUGMENT` or `CROPPED`.
        process: one of `PROCESSES`.
    """
    found = {}
    if work == CROPPED:
        found[NEXT] = readers.by_next(readers.cropped(folder))
    else:
        make = partial(ours, folder, work)
        found[NEXT] = readers.by_next(make())
        if process == PROCESSES[0]:
            found[AHEAD] = readers.by_read_ahead(make(prefetch=2))
            found[BILINEAR] = readers.by_next(make(interpolation="bilinear"))
            found[SCALED] = readers.by_next(make(scaled_decode=True))
    for peer in FILE_PEERS:
        if peer.process == process and work in peer.make and not peer.lacks():
            found[peer.name] = peer.make[work](folder)
    return found


def timed(
    contenders: Mapping[tuple[str, str], Contender], process: str, images: int, rounds: int
) -> list[Case]:
    """Times contenders in turn; returns a case for each work.

    Args:
        contenders: by work and name; what has no work is part of all cases.
        process: one of `PROCESSES`, or `LONG_PASS`.
        images: how many files a pass has.
        rounds: how many.
    """
    timings = interleaved(contenders, rounds=rounds)
    works = dict.fromkeys(work for work, _ in contenders if work)
    return [
        {
            "case": f"{work}, {process}",
            "work": work,
            "process": process,
            "images": images,
            "ours": [name for own, name in timings if own == work and name in OURS],
            "timings": as_json(
                {name: timing for (own, name), timing in timings.items() if own in (work, "")}
            ),
        }
        for work in works
    ]


def of_process(process: str, folder: Path, large: Path, many: Path, rounds: int) -> list[Case]:
    """Measures what shares a process, in this one; returns the cases.

    Args:
        process: one of `PROCESSES`.
        folder: the files.
        large: larger ones.
        many: as in `folder`, of a long pass.
        rounds: how many.
    """
    count = len(readers.paths_of(folder))
    if process == "tensorflow":
        readers.limit_tensorflow()
        differences = {setting: check(folder, setting) for setting in SETTINGS}
        with TemporaryDirectory() as cache:
            contenders = {("", name): one for name, one in decoders(folder).items()}
            for setting in SETTINGS:
                ways = with_tensorflow(folder, Path(cache), setting)
                contenders |= {(setting, name): one for name, one in ways.items()}
            cases = timed(contenders, process, count, rounds)
            passes = {(AUGMENT, name): one for name, one in of_long_pass(many).items()}
            cases += timed(passes, LONG_PASS, len(readers.paths_of(many)), rounds)
        return [{**case, "largest_difference": differences[case["work"]]} for case in cases]
    found: list[Case] = []
    for work, files in ((AUGMENT, folder), (CROPPED, large)):
        contenders = {("", name): one for name, one in decoders(files).items()}
        own = without_tensorflow(files, work, process)
        contenders |= {(work, name): one for name, one in own.items()}
        found += timed(contenders, process, count, rounds)
    return found


def seconds(case: Case, name: str) -> float:
    """Returns how long a pass took."""
    return float(case["timings"][name]["median"])


def metrics(cases: Sequence[Case]) -> dict[str, float]:
    """Returns ratios to bare decoding, to Keras, to one thread and to other loaders."""
    found: dict[str, float] = {}
    bare = [name for name in BARE if name != "Pillow"]
    for case in cases:
        work, process, timings = case["work"], case["process"], case["timings"]
        usual = seconds(case, NEXT)
        for decoder in bare:
            if decoding(decoder) not in timings:
                continue
            floor = seconds(case, decoding(decoder))
            if work == CROPPED and process == PROCESSES[0]:
                found[f"crop/{decoder}"] = usual / floor
            elif work == AUGMENT and process in PROCESSES[:2]:
                for kind, name in EXACT.items():
                    found[f"floor/{kind}/{decoder}/{process}"] = seconds(case, name) / floor
        for peer in FILE_PEERS:
            if peer.name in timings:
                group = "less" if work in peer.less else "peer"
                found[f"{group}/{work}/{peer.name}"] = seconds(case, peer.name) / usual
        if process == "tensorflow":
            found |= _of_tensorflow(case, usual)
        elif process == LONG_PASS:
            found[f"dataset/{work}, a long pass"] = seconds(case, DATASET) / usual
    return found


def _of_tensorflow(case: Case, usual: float) -> dict[str, float]:
    work, keras = case["work"], seconds(case, KERAS)
    found = {f"first/{work}/{name}": keras / seconds(case, name) for name in FIRST}
    found |= {f"cached/{work}/{name}": keras / seconds(case, name) for name in CACHED}
    found[f"tf.data/{work}"] = seconds(case, TENSORFLOW) / usual
    found[f"dataset/{work}"] = seconds(case, DATASET) / usual
    found[f"threads/{work}"] = seconds(case, SINGLE) / usual
    return found


def text(cases: Sequence[Case], missing: Mapping[str, str]) -> str:
    """Returns the tables, one for each case, and what is to be said about other loaders.

    Args:
        cases: what was measured.
        missing: by the names of what was not, why.
    """
    shown = []
    for case in cases:
        usual = seconds(case, NEXT)
        known = [name for name in BARE if decoding(name) in case["timings"]]
        rows = []
        for name in case["timings"]:
            taken = seconds(case, name)
            cells = [f"{1e6 * taken / case['images']:,.0f}", f"{case['images'] / taken:,.0f}"]
            cells += [f"{taken / seconds(case, decoding(one)):.2f}" for one in known[:2]]
            rows.append([name, *cells, f"{taken / usual:.2f}"])
        header = ["µs a file", "files a second", *(f"÷ {one}" for one in known[:2]), f"÷ {NEXT}"]
        shown.append(table([case["case"], *header], rows))
    remarks = []
    for peer in FILE_PEERS:
        if any(peer.name in case["timings"] for case in cases):
            for kind, said in (("", peer.differs), ("less work: ", peer.less)):
                remarks += [f"- {peer.name}, {work}: {kind}{what}." for work, what in said.items()]
    shown += ["\n".join(remarks)] if remarks else []
    shown += ["\n".join(f"not measured: {name} ({why})" for name, why in missing.items())]
    return "\n\n".join(part for part in shown if part)


def absent(peers: Sequence[FilePeer]) -> dict[str, str]:
    """Returns the decoders and loaders that cannot be measured, and why."""
    found = {
        decoding(name): f"{module} is not installed"
        for name, (module, _) in BARE.items()
        if find_spec(module) is None
    }
    return found | {peer.name: why for peer in peers if (why := peer.lacks())}


def add_options(options: argparse.ArgumentParser) -> None:
    """Adds what this benchmark takes beyond what all do."""
    options.add_argument(
        "--files", type=at_least(BATCH), default=200, help="files of a pass (default: 200)"
    )
    options.add_argument(
        "--process", choices=PROCESSES[1:], help="measure what shares a process here, as JSON"
    )
    options.add_argument("--folder", type=Path, help="the files for --process")
    options.add_argument("--large", type=Path, help="larger ones, likewise")
    options.add_argument("--many", type=Path, help="those of a long pass, likewise")


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("One pass over JPEG files, by way of reading.", rounds=7, plot=True)
    add_options(options)
    arguments = parse(options, "cv2", "PIL", "scipy", "tensorflow")
    folders = [arguments.folder, arguments.large, arguments.many]
    given = [arguments.process, *folders]
    if any(given) != all(given):
        options.error("--process, --folder, --large and --many belong together")
    if arguments.process:
        folder, large, many = folders
        found = of_process(arguments.process, folder, large, many, arguments.rounds)
        print(json.dumps(found))
        return 0
    if arguments.tiny:
        arguments.files = BATCH
    arguments.files -= arguments.files % len(CLASSES)
    missing = absent(FILE_PEERS)
    present = [peer for peer in FILE_PEERS if peer.name not in missing]
    libraries = dict.fromkeys(peer.distribution for peer in present)
    if find_spec("simplejpeg") is not None:
        libraries["simplejpeg"] = None
    about = machine("keras", "opencv-python", "pillow", "scipy", "tensorflow", *libraries)
    processes = ["tensorflow", *dict.fromkeys(peer.process for peer in present)]
    processes = [name for name in processes if name != PROCESSES[0]]
    longer = 2 if arguments.tiny else LONGER
    with (
        photos(arguments.files) as (folder, kind),
        photos(arguments.files, LARGE) as (large, _),
        photos(arguments.files * longer) as (many, _),
    ):
        cases = of_process(PROCESSES[0], folder, large, many, arguments.rounds)
        more = ["--rounds", str(arguments.rounds), "--folder", str(folder)]
        more += ["--large", str(large), "--many", str(many)]
        for process in track(processes, "files"):
            cases += in_own_process("files", process, more)
    figures = {
        "files": arguments.files,
        "kind": kind,
        "cases": cases,
        "metrics": metrics(cases),
        "not_measured": list(missing),
    }
    heading = (
        f"{plural(arguments.files, 'file')} ({kind}), {plural(THREADS, 'thread')}, by work and "
        "process; first pass unless cached"
    )
    report(f"{heading}\n\n{text(cases, missing)}", figures, about, arguments.json)
    plots.save("files", figures, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
