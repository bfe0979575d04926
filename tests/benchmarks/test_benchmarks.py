"""Every benchmark runs, on small inputs, and its figures have the form that the others rely on."""

from __future__ import annotations

import importlib
import io
import json
import math
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from unittest import mock

import cv2
import pytest

from batchwarp.cli import main

runner = importlib.import_module("batchwarp.benchmarks.harness.runner")
timing = importlib.import_module("batchwarp.benchmarks.harness.timing")
plots = importlib.import_module("batchwarp.benchmarks.harness.plots")

WITH_KERAS = (
    "against_keras",
    "against_peers",
    "files",
    "files_memory",
    "files_start",
    "fit_overhead",
    "handover",
    "memory",
    "operations",
    "targets_boxes",
    "targets_masks",
)
NEEDED = {name: ["scipy", "tensorflow"] for name in WITH_KERAS} | {"loops": ["torch"]}


def run(name, *options, environment=None):
    return subprocess.run(
        [sys.executable, "-m", f"batchwarp.benchmarks.{name}", *options],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def run_here(name, *options):
    """Does what `run` does, in this process, which has imported TensorFlow.

    A process of its own would import it for longer than a benchmark measures, and so would each of
    those that some benchmarks start. These are run here, too, unless Keras has another backend
    there: PyTorch and TensorFlow can crash a process that has loaded both.
    """
    module = importlib.import_module(f"batchwarp.benchmarks.{name}")
    output, errors = io.StringIO(), io.StringIO()
    start = subprocess.run

    def start_here(command, **arguments):
        backend = arguments.get("env", os.environ).get("KERAS_BACKEND", "tensorflow")
        if command[:2] != [sys.executable, "-m"] or backend != "tensorflow":
            return start(command, **arguments)
        package, _, other = command[2].rpartition(".")
        assert package == "batchwarp.benchmarks"
        return run_here(other, *command[3:])

    threading = pytest.importorskip("tensorflow").config.threading
    threads = cv2.getNumThreads()
    with (
        # Theirs are settled once TensorFlow has run an operation.
        mock.patch.object(threading, "set_intra_op_parallelism_threads"),
        mock.patch.object(threading, "set_inter_op_parallelism_threads"),
        mock.patch.object(sys, "argv", [name, *options]),
        mock.patch.object(subprocess, "run", start_here),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        code = module.main()
    cv2.setNumThreads(threads)  # which those that measure OpenCV have changed
    return subprocess.CompletedProcess(name, code, output.getvalue(), errors.getvalue())


# Not ours to mend: Keras' generator and TensorFlow's tensors.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", runner.names())
def test_every_benchmark_runs(name, tmp_path):
    for module in ("psutil", "rich", "matplotlib", *NEEDED.get(name, ())):
        pytest.importorskip(module, reason="benchmarks need the extra `bench`")
    figures, picture = tmp_path / "figures.json", tmp_path / "picture.svg"
    options = ["--tiny", "--json", str(figures)]
    if name in plots.PLOTS:
        options += ["--plot", str(picture)]
    done = (run_here if name in WITH_KERAS else run)(name, *options)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["table"] in done.stdout
    assert found["table"].count("\n") >= 2
    assert {"processor", "cores", "build", "versions", "commit", "date"} <= set(found["machine"])
    assert found["metrics"]
    assert all(math.isfinite(value) for value in found["metrics"].values())
    for case in found.get("cases", ()):
        assert case["case"]
        for timing in case["timings"].values():
            assert 0 < timing["fastest"] <= timing["median"] <= timing["slowest"]
    assert picture.exists() == (name in plots.PLOTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_KERAS)
def test_those_that_run_here_are_commands(name):
    done = run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")
    assert "--tiny" in done.stdout


@pytest.mark.parametrize("name", runner.names())
def test_every_benchmark_asks_a_question(name):
    assert runner.question(name).endswith("?")


def test_a_forced_instruction_set_is_the_one_measured(tmp_path):
    figures = tmp_path / "figures.json"
    done = run(
        "scaling", "--tiny", "--json", str(figures), environment={"BATCHWARP_SIMD": "baseline"}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(figures.read_text(encoding="utf-8"))["machine"]["simd_tier"] == "baseline"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rounds", "0"], "--rounds: must be at least 1, received: 0"),
        (["--json", "figures.txt"], "'figures.txt' does not end in .json"),
        (["--plot", "missing/picture.png"], "there is no folder 'missing'"),
        (["--only", "nothing"], "'nothing'"),
    ],
)
def test_wrong_options_are_told_before_anything_is_measured(options, message):
    done = run("kernels", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_a_missing_package_is_named():
    code = (
        "import sys; sys.modules['psutil'] = None; sys.argv = ['kernels', '--tiny']\n"
        "from importlib import util; find = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'psutil' else find(name)\n"
        "import batchwarp.benchmarks.kernels as kernels; kernels.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "psutil cannot be imported" in done.stderr
    assert "pip install 'batchwarp[bench]'" in done.stderr


def test_interleaved_takes_turns_and_never_times_the_preparation():
    seen = []
    contenders = {
        name: timing.Contender(lambda name=name: seen.append(name), lambda: seen.append("prepare"))
        for name in ("a", "b")
    }
    timings = timing.interleaved(contenders, rounds=4, stretch=0)
    assert {name: taken.rounds for name, taken in timings.items()} == {"a": 4, "b": 4}
    started = [name for before, name in pairwise(seen) if before == "prepare"]
    assert started == ["a", "b", "a", "b", "b", "a", "a", "b", "b", "a"]


def test_a_round_is_the_mean_of_its_calls_and_what_is_compared_their_median():
    taken = timing.Timing.of([[1.0, 1.0, 4.0], [3.0], [5.0, 7.0]])
    assert (taken.fastest, taken.median, taken.slowest, taken.rounds) == (2.0, 3.0, 6.0, 3)
    assert taken.seconds == (1.0, 3.0, 6.0)


def test_a_stretch_has_as_many_calls_as_it_has_room_for(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def run():
        now[0] += 0.25

    timings = timing.interleaved({"a": timing.Contender(run)}, rounds=2, stretch=1.0)
    assert now[0] == 0.25 * (1 + 4 + 4)
    assert timings["a"].median == 0.25


def test_list_names_the_questions_and_runs_nothing(capsys):
    assert main(["bench", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == runner.names()
    assert main(["bench", "--list", "kernels"]) == 0
    assert capsys.readouterr().out == f"kernels  {runner.question('kernels')}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "nothing"], "unknown benchmark 'nothing': accepted are against_keras,"),
        (["bench", "--json", "figures.txt"], "'figures.txt' does not end in .json"),
        (["bench", "--plot", "picture.pdf"], "'picture.pdf' does not end in .png or .svg"),
        (["bench", "--json", "missing/figures.json"], "there is no folder 'missing'"),
    ],
)
def test_wrong_arguments_are_one_line_and_status_2(arguments, message, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert captured.out == ""


def test_several_benchmarks_have_a_file_each(tmp_path, capfd):
    pytest.importorskip("rich", reason="benchmarks need the extra `bench`")
    assert main(["bench", "resize", "scaling", "--tiny", "--json", str(tmp_path / "f.json")]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"f-resize.json", "f-scaling.json"}
    output = capfd.readouterr().out
    assert "[1/2] resize: " in output
    assert "[2/2] scaling: " in output


def test_a_benchmark_that_fails_is_named_and_the_others_run(monkeypatch, capsys):
    ran = []

    def fail_first(name, **_):
        ran.append(name)
        return 3 if len(ran) == 1 else 0

    monkeypatch.setattr(runner, "run", fail_first)
    assert main(["bench", "scaling", "kernels"]) == 2
    assert ran == ["scaling", "kernels"]
    assert "failed: scaling (status 3)" in capsys.readouterr().err
