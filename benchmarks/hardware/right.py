"""Is what a card computes right? Its tests, tools that watch it, and random batches."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from .findings import NotRunError, WrongError
from .process import tail
from .settings import ROOT
from .task import EMULATED, Task

NO_TEST = 77  # the exit code of a C++ test that cannot be run
SANITIZERS = ("compute-sanitizer", "/usr/local/cuda/bin/compute-sanitizer")
# One in so many cases of the sweeps: each kernel takes tens of times as long under these tools.
SAMPLING = {"memcheck": 61, "racecheck": 151, "initcheck": 61, "synccheck": 61}
# What a tool says at its end, by which one knows that it has worked.
VERDICT = re.compile(r"(?:ERROR|RACECHECK) SUMMARY: (\d+) (?:error|hazard)")
REFUSALS = ("Device not supported", "not supported", "error 999", "Failed to initialize")


def program(task: Task) -> str:
    """Returns the C++ tests of the kernels, for the card or the emulation.

    Raises:
        NotRunError: if they are not built.
    """
    if task.device() == EMULATED:
        import batchwarp._cuda as module

        # Beside the module, where CMake has both.
        path = Path(str(module.__file__)).parents[1] / "cpp" / "tests" / "test_cuda_emulated"
    else:
        path = task.settings.tree / "cpp" / "tests" / "test_cuda"
    if not path.is_file():
        raise NotRunError(f"there is no {path.name}, which `Build` makes")
    return str(path)


def cpp_tests(task: Task) -> None:
    """Compares the kernels with the slow reference: all sizes, modes, orders, types and layouts."""
    few = {"BATCHWARP_TEST_SAMPLING": "41"} if task.settings.dry_run else {}
    code, text = task.run([program(task)], environment=few)
    if code == NO_TEST:
        raise NotRunError(tail(text, 1))
    counted = re.search(r"(\d+) tests, (\d+) failed", text)
    if code or counted is None:
        raise WrongError(f"the tests ended with {code}:\n{tail(text)}")
    task.findings.figure("tests", int(counted[1]))


def sanitizer(task: Task, tool: str) -> None:
    """Runs a sample of the C++ tests under one tool of compute-sanitizer.

    Raises:
        NotRunError: if the tool does not work on this machine, or is not done in time.
        WrongError: if it finds something.
    """
    tests = program(task)
    if task.settings.dry_run:
        raise NotRunError("compute-sanitizer needs a card")
    for candidate in SANITIZERS:
        # Errors that calls report are asked for by tests of them.
        command = [candidate, "--tool", tool, "--error-exitcode", "99"]
        if tool == "memcheck":
            command += ["--report-api-errors", "no"]
        sampling = {"BATCHWARP_TEST_SAMPLING": str(SAMPLING[tool])}
        try:
            code, text = task.run([*command, tests], environment=sampling)
        except NotRunError as error:
            if "there is no" not in str(error):
                raise
            continue
        judge(code, text)
        task.findings.figure("one case in", SAMPLING[tool])
        return
    raise NotRunError("there is no compute-sanitizer")


def judge(code: int, text: str) -> None:
    """Says what compute-sanitizer has found.

    Args:
        code: its exit code.
        text: what it has written.

    Raises:
        NotRunError: if it has not watched anything.
        WrongError: if it has found something, or the tests under it have failed.
    """
    verdict = VERDICT.search(text)
    refusal = next((line for line in text.splitlines() if any(r in line for r in REFUSALS)), None)
    if code and refusal is not None:
        raise NotRunError(f"refused: {refusal.strip(' =')}")
    if verdict is None:
        raise NotRunError(f"it says no result, and ended with {code}: {tail(text, 3)}")
    if int(verdict[1]):
        raise WrongError(f"{verdict[0]}:\n{tail(text, 30)}")
    if code == NO_TEST:
        raise NotRunError("the tests found no card under it")
    if code:
        raise WrongError(f"no finding, but the tests under it ended with {code}:\n{tail(text)}")


def memcheck(task: Task) -> None:
    """Looks for accesses beyond memory."""
    sanitizer(task, "memcheck")


def racecheck(task: Task) -> None:
    """Looks for races in shared memory."""
    sanitizer(task, "racecheck")


def initcheck(task: Task) -> None:
    """Looks for reads of memory that nobody has written."""
    sanitizer(task, "initcheck")


def synccheck(task: Task) -> None:
    """Looks for barriers that not all threads come to."""
    sanitizer(task, "synccheck")


def python_tests(task: Task) -> None:
    """Runs `tests/cuda`, on the card with PyTorch, JAX and CuPy where they are installed."""
    from .backend import choose

    task.device()
    tests = ROOT / "tests" / "cuda"
    few = [
        str(tests / "test_frameworks.py"),
        f"{tests / 'test_augment.py'}::test_types_and_layouts",
    ]
    which = few if task.settings.dry_run else [str(tests)]
    report = Path(task.settings.work, "tests.xml")
    report.unlink(missing_ok=True)
    code, text = task.run(
        [
            # Warnings of libraries in versions that nobody has seen are no failures of ours.
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default"),
            *("--rootdir", str(ROOT), f"--junitxml={report}", *which),
        ],
        environment={"CUDA_VISIBLE_DEVICES": "0", "KERAS_BACKEND": choose(task.settings)},
        folder=ROOT,
    )
    if not report.exists():
        raise WrongError(f"pytest ended with {code}:\n{tail(text)}")
    counts, skipped = read_report(report)
    task.findings.figures(counts)
    for reason, tests_of in skipped.items():
        task.findings.missing(f"{tests_of} tests", reason)
    if code:
        raise WrongError(tail(text, 30))
    if counts["tests"] == counts["skipped"]:
        raise NotRunError("all tests were skipped")


def read_report(path: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Reads pytest's report; returns counts, and how many tests were skipped for which reason."""
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    skipped: dict[str, int] = {}
    for suite in ET.parse(path).getroot().iter("testsuite"):
        for name in counts:
            counts[name] += int(suite.get(name, 0))
        for mark in suite.iter("skipped"):
            reason = mark.get("message", "no reason")
            skipped[reason] = skipped.get(reason, 0) + 1
    return counts, skipped


def random_batches(task: Task) -> None:
    """Compares random batches of the card with the processor's until the time is over."""
    from .random_batches import SEED, compare

    task.device()
    seconds = min(task.left, 3.0) if task.settings.dry_run else task.left
    compare(task.findings, seconds, SEED)
