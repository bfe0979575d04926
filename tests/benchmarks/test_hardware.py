"""The hardware check: what becomes of checks that hang, fail or cannot be run, and its report."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from batchwarp import _core

ROOT = Path(__file__).parent.parent.parent
NAMES = (
    *("__main__", "about", "build", "carry", "curves", "fast", "findings", "gil", "headline"),
    *("parts", "peers", "process", "random_batches", "report", "right", "settings", "task"),
)

for needed in ("rich", "psutil", "matplotlib"):
    pytest.importorskip(needed, reason="benchmarks need the extra `bench`")


@pytest.fixture
def hardware(monkeypatch):
    """The modules of the check, which belongs to a checkout, so it is not in the package."""
    monkeypatch.syspath_prepend(str(ROOT))

    class Modules:
        def __getattr__(self, name):
            assert name in NAMES
            place = "benchmarks.harness" if name == "peers" else "benchmarks.hardware"
            return importlib.import_module(f"{place}.{name}")

    return Modules()


# ---- parts and their time ----


def test_every_check_is_a_function_and_all_fit_eight_minutes(hardware):
    parts = hardware.parts.PARTS
    assert [part.name for part in parts] == ["build", "right", "fast", "cores", "headline", "long"]
    assert sum(part.seconds for part in parts if part.name != "long") <= 8 * 60
    for part in parts:
        for check in part.checks:
            module, _, name = check.function.partition(".")
            path = ROOT / "benchmarks" / "hardware" / f"{module}.py"
            assert f"\ndef {name}(task: Task) -> None:" in path.read_text(encoding="utf-8")
            assert check.least <= check.seconds <= part.seconds


def test_what_a_hanging_program_has_started_is_stopped_with_it(hardware, tmp_path):
    alive, log = tmp_path / "alive", tmp_path / "log"
    script = f"sleep 600 & echo $! > {alive}; echo begun; wait"
    ended = hardware.process.run(["sh", "-c", script], seconds=1, log=log, environment=os.environ)
    assert ended.code is None
    assert log.read_text() == "begun\n"
    grandchild = int(alive.read_text())
    for _ in range(200):  # until init has taken notice
        state = Path(f"/proc/{grandchild}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        pytest.fail("what it has started goes on")


SAMPLES = {
    "passes": "f.figure('speed', 2.5); f.note('A sentence.'); f.end()",
    "hangs": "f.row('Speeds', ['a', 'b'], ['x', '1'])\nimport time; time.sleep(600)",
    "crashes": "f.figure('before', 1)\nimport os; print('last words', flush=True); os._exit(3)",
    "fails": "f.end(WrongError('two\\nlines'))",
    "is not run": "f.end(NotRunError('there is no card'))",
    "lacks something": "f.missing('half', 'no time'); f.end()",
}


@pytest.fixture
def samples(hardware, monkeypatch):
    """The check with parts made of samples."""
    main, parts = hardware.__main__, hardware.parts
    checks = tuple(parts.Check(name, f"none.{name}", 1.5, 0) for name in SAMPLES)
    late = (parts.Check("comes late", "none.late", 10, least=30),)
    made = (parts.Part("one", "First", 30, checks), parts.Part("two", "Second", 10, late))
    monkeypatch.setattr(main, "PARTS", made)

    def command_of(check, limit, settings, written):
        code = (
            "import sys; from pathlib import Path\n"
            "from benchmarks.hardware.findings import *\n"
            f"f = Findings(Path({str(written)!r}))\n{SAMPLES[check.name]}"
        )
        return [sys.executable, "-c", code]

    monkeypatch.setattr(main, "command_of", command_of)
    return main


def run(main, folder, *words):
    return main.main([*words, "--out", str(folder / "out"), "--work", str(folder / "work")])


def test_all_checks_run_whatever_becomes_of_one_and_all_is_told(samples, tmp_path, capsys):
    assert run(samples, tmp_path) == 1
    result = json.loads((tmp_path / "out" / "hardware.json").read_text(encoding="utf-8"))
    checks = {check["name"]: check for part in result["parts"] for check in part["checks"]}
    assert {name: check["outcome"] for name, check in checks.items()} == {
        "passes": "passed",
        "hangs": "failed",
        "crashes": "failed",
        "fails": "failed",
        "is not run": "not run",
        "lacks something": "passed",
        "comes late": "not run",
    }
    assert checks["passes"]["figures"] == {"speed": 2.5}
    assert checks["hangs"]["tables"]["Speeds"]["rows"] == [["x", "1"]]
    assert "stopped after" in checks["hangs"]["why"]
    assert checks["crashes"]["figures"] == {"before": 1}
    assert "ended with 3" in checks["crashes"]["why"]
    assert "last words" in checks["crashes"]["why"]
    assert "it needs 30" in checks["comes late"]["why"]
    assert result["complete"]
    assert {"commit", "cards", "processor", "cores", "versions", "date"} <= set(result["about"])

    page = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    for text in (*SAMPLES, "A sentence.", "speed: 2.5", "| x |", "no time", "there is no card"):
        assert text in page
    assert page.index("## What failed") < page.index("## What was not run") < page.index("## First")
    assert "      two\n      lines" in page
    printed = capsys.readouterr().out
    assert all(name in printed for name in SAMPLES)
    assert "last words" in (tmp_path / "out" / "hardware.log").read_text(encoding="utf-8")


def test_a_run_that_is_interrupted_leaves_what_it_has(hardware, samples, monkeypatch, tmp_path):
    done = []

    def interrupted(*arguments):
        if done:
            raise KeyboardInterrupt
        done.append(arguments[0].name)
        return {"name": "passes", "seconds": 1.0, **vars(hardware.findings.Found("passed"))}

    monkeypatch.setattr(samples, "run_check", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(samples, tmp_path)
    result = json.loads((tmp_path / "out" / "hardware.json").read_text(encoding="utf-8"))
    assert not result["complete"]
    assert [check["name"] for check in result["parts"][0]["checks"]] == ["passes"]
    assert "interrupted" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_the_command_line_in_a_process(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.hardware", "--dry-run", "--only", "build"),
            *("--out", str(tmp_path), "--work", str(tmp_path / "work")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "hardware.json").read_text(encoding="utf-8"))
    (build,) = result["parts"]
    assert [check["outcome"] for check in build["checks"]] == ["not run", "not run", "passed"]
    assert build["checks"][2]["figures"]["instruction set"] == _core.simd_tier()
    assert "a dry run measures what is installed" in done.stdout


def test_the_package_need_not_be_there_before_it_is_built():
    code = (
        "import sys; sys.modules['batchwarp'] = None\n"
        "import benchmarks.hardware.__main__, benchmarks.hardware.build, benchmarks.hardware.carry"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


# ---- checks in their process ----


class Taken:
    """Stands for `Findings`: what it is told, in order."""

    def __init__(self):
        self.told = []

    def __getattr__(self, name):
        return lambda *arguments: self.told.append((name, *arguments))


def task_of(hardware, tmp_path, **settings):
    findings = hardware.findings.Findings(tmp_path / "findings")
    made = hardware.settings.Settings(work=str(tmp_path), **settings)
    return hardware.task.Task(made, findings, time.monotonic() + 60)


@pytest.mark.parametrize(
    ("raised", "outcome", "why"),
    [
        ("None", "passed", ""),
        ("NotRunError('no card')", "not run", "no card"),
        ("WrongError('wrong')", "failed", "wrong"),
        ("ModuleNotFoundError('No', name='cupy.cuda')", "not run", "cupy is not installed"),
        ("ModuleNotFoundError('No', name='batchwarp._core')", "failed", "ModuleNotFoundError: No"),
        ("ValueError('odd')", "failed", "ValueError: odd"),
    ],
)
def test_how_a_check_ends(hardware, monkeypatch, tmp_path, raised, outcome, why):
    sample = ModuleType("benchmarks.hardware.sample")

    def check(task):
        task.findings.figure("settings", task.settings.backend)
        error = eval(raised, vars(hardware.findings))
        if error is not None:
            raise error

    sample.check = check
    monkeypatch.setitem(sys.modules, "benchmarks.hardware.sample", sample)
    settings = hardware.settings.Settings(work=str(tmp_path), backend="jax").save()
    written = tmp_path / "findings"
    assert hardware.task.main(["sample.check", str(settings), str(written), "9"]) == 0
    found = hardware.findings.Found.read(written)
    assert (found.outcome, found.why) == (outcome, why)
    assert found.figures == {"settings": "jax"}


def test_parts_of_a_check_fail_alone(hardware, tmp_path):
    findings = hardware.findings
    made = findings.Findings(tmp_path / "all")
    for what, error in (("a", None), ("b", ValueError("odd")), ("c", findings.NotRunError("no"))):
        with made.part(what):
            if error:
                raise error
    made.end()
    found = findings.Found.read(tmp_path / "all")
    assert (found.outcome, found.why) == ("failed", "b: ValueError: odd")
    assert found.missing == [["c", "no"]]
    made = findings.Findings(tmp_path / "none")
    with made.part("c"):
        raise findings.NotRunError("no")
    made.end()
    assert findings.Found.read(tmp_path / "none").outcome == "not run"


def test_a_line_that_was_being_written_is_lost_alone(hardware, tmp_path):
    path = tmp_path / "findings"
    hardware.findings.Findings(path).note("whole")
    with path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "note", "te')
    assert hardware.findings.Found.read(path).notes == ["whole"]
    assert hardware.findings.Found.read(tmp_path / "missing").outcome == ""


def test_a_program_that_takes_too_long_or_is_not_there(hardware, tmp_path):
    task = task_of(hardware, tmp_path)
    with pytest.raises(hardware.findings.NotRunError, match="there is no no-such-program"):
        task.run(["no-such-program"])
    hurried = replace(task, ends=time.monotonic() + 0.5)
    with pytest.raises(hardware.findings.NotRunError, match="was not done after"):
        hurried.run([sys.executable, "-c", "import time; time.sleep(60)"])


# ---- build, and what is carried ----


@pytest.fixture
def pip(hardware, monkeypatch):
    """Takes down what pip is asked for, instead of it; `code` is how it ends."""
    asked = SimpleNamespace(calls=[], codes=[])

    def run(self, command, *, environment=None, folder=None):
        asked.calls.append((list(command), dict(environment or {})))
        return (asked.codes.pop(0) if asked.codes else 0), "what pip says"

    monkeypatch.setattr(hardware.task.Task, "run", run)
    monkeypatch.setattr(hardware.build, "nvcc", lambda: ("/opt/nvcc", "13.0"))
    monkeypatch.setattr(hardware.build, "cards", lambda: [{"compute_cap": "9.0"}])
    return asked


def test_the_package_is_built_for_the_card_alone(hardware, pip, tmp_path):
    hardware.build.package(task_of(hardware, tmp_path))
    ((command, environment),) = pip.calls
    assert {"--no-build-isolation", "--no-deps", "--no-index", str(ROOT)} <= set(command)
    assert command[command.index("--target") + 1] == str(tmp_path / "site")
    assert "cmake.define.BATCHWARP_CUDA=ON" in command
    assert environment["CUDAARCHS"] == "90-real"
    assert environment["CUDACXX"] == "/opt/nvcc"


def test_without_nvcc_or_kernels_that_compile_the_rest_is_built(
    hardware, pip, monkeypatch, tmp_path
):
    task = task_of(hardware, tmp_path)
    pip.codes = [1, 0]
    hardware.build.package(task)
    task.findings.end()
    assert ["cmake.define.BATCHWARP_CUDA=ON" in command for command, _ in pip.calls] == [
        True,
        False,
    ]
    found = hardware.findings.Found.read(tmp_path / "findings")
    assert found.outcome == "failed"
    assert "what pip says" in found.why
    pip.calls.clear()
    monkeypatch.setattr(hardware.build, "nvcc", lambda: None)
    other = tmp_path / "other"
    other.mkdir()
    task = task_of(hardware, other)
    hardware.build.package(task)
    task.findings.end()
    found = hardware.findings.Found.read(other / "findings")
    assert (found.outcome, found.missing) == ("passed", [["kernels", "there is no nvcc"]])


def test_carried_wheels_are_installed(hardware, pip, tmp_path):
    task = task_of(hardware, tmp_path, carried=str(tmp_path))
    with pytest.raises(hardware.findings.NotRunError, match="there is no wheel"):
        hardware.build.carried(task)
    (tmp_path / "keras-1-py3-none-any.whl").touch()
    hardware.build.carried(task)
    assert pip.calls[0][0][-1].endswith("keras-1-py3-none-any.whl")


def test_what_is_carried(hardware, monkeypatch, tmp_path, capsys):
    for name in ("cats", "dogs"):
        folder = tmp_path / "data" / "cats_dogs" / "train" / name
        folder.mkdir(parents=True)
        for number in range(3):
            (folder / f"{number}.jpg").write_bytes(b"x" * 100)
    monkeypatch.setenv("BATCHWARP_DATA", str(tmp_path / "data"))
    folder = tmp_path / "carried"
    words = [str(folder), "--packages", "--no-signs", "--photographs", "4"]
    assert hardware.carry.main(words) == 0
    assert len(list(folder.rglob("*.jpg"))) == 4
    manifest = json.loads((folder / "carried.json").read_text(encoding="utf-8"))
    assert manifest["data"] == ["4 cats and dogs"]
    settings = hardware.settings.Settings(work=str(tmp_path), carried=str(folder))
    monkeypatch.setattr(hardware.about, "commit", lambda: "unknown")
    assert hardware.about.about(settings)["commit"] == manifest["commit"]
    monkeypatch.delenv("BATCHWARP_DATA")
    environment = hardware.settings.environment(settings)
    assert environment["BATCHWARP_DATA"] == str(folder / "data")
    assert environment["PYTHONPATH"].split(os.pathsep)[:2] == [str(tmp_path / "site"), str(ROOT)]
    assert hardware.carry.main([*words, "--most", "0"]) == 1
    assert "that is more than 0 MiB" in capsys.readouterr().err
    (folder / "carried.json").unlink()
    with pytest.raises(SystemExit, match="has not made it"):
        hardware.carry.main(words)


def test_what_is_carried_is_ignored_by_git(hardware, monkeypatch, tmp_path):
    monkeypatch.setattr(hardware.carry, "ROOT", tmp_path)
    hardware.carry.require_ignored(tmp_path / "carried")  # no clone: nothing that git could take
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    with pytest.raises(SystemExit, match="git does not ignore"):
        hardware.carry.require_ignored(tmp_path / "carried")
    (tmp_path / ".gitignore").write_text("carried\n", encoding="utf-8")
    hardware.carry.require_ignored(tmp_path / "carried")


# ---- right ----


@pytest.mark.parametrize(
    ("code", "text", "error", "says"),
    [
        (0, "========= ERROR SUMMARY: 0 errors", None, ""),
        (0, "===== RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)", None, ""),
        (99, "========= ERROR SUMMARY: 3 errors", "WrongError", "3 error"),
        (1, "2 tests, 1 failed\n===== ERROR SUMMARY: 0 errors", "WrongError", "ended with 1"),
        (1, "========= Error: Device not supported. Please", "NotRunError", "refused: Error: Dev"),
        (77, "========= ERROR SUMMARY: 0 errors", "NotRunError", "no card under it"),
        (139, "", "NotRunError", "ended with 139"),
    ],
)
def test_what_a_sanitizer_says(hardware, code, text, error, says):
    if error is None:
        hardware.right.judge(code, text)
        return
    with pytest.raises(getattr(hardware.findings, error), match=says):
        hardware.right.judge(code, text)


class Array:
    def __init__(self, values):
        self.values = np.array(values)

    def numpy(self):
        return self.values


@pytest.fixture
def card(hardware, monkeypatch):
    """Stands for the card; `error` is added to its results, `level` to a share of them."""

    def augment_batch(x, params, plan, indices, dtype):
        out = np.zeros((len(indices), *x.values.shape[1:]), dtype)
        _core.augment_batch(x.values, indices, params, plan, out)
        return Array((out.astype(np.float64) + made.error).astype(dtype))

    made = SimpleNamespace(error=0.0, upload=Array, augment_batch=augment_batch)
    monkeypatch.setattr(hardware.random_batches, "cuda", made)
    return made


def test_random_batches_that_agree_and_others(hardware, card, tmp_path):
    batches = hardware.random_batches
    taken = Taken()
    batches.compare(taken, 0.2, batches.SEED)
    assert ("figures", {"batches": taken.told[-1][1]["batches"], **_none_differ()}) in taken.told
    card.error = 8.0
    with pytest.raises(hardware.findings.WrongError, match=r"differ:\nseed \d+: .* order \d, \w+"):
        batches.compare(Taken(), 0.2, batches.SEED)


def _none_differ():
    return {"that differ": 0, "values off by a level": 0.0}


def test_random_batches_are_of_all_kinds(hardware):
    batches = [hardware.random_batches.draw(seed) for seed in range(400)]
    options = [batch.options for batch in batches]
    assert {o["interpolation_order"] for o in options} == set(range(6))
    assert {o["fill_mode"] for o in options} == set(_core.FILL_MODES)
    assert {o["data_format"] for o in options} == {"channels_first", "channels_last"}
    kinds = {(batch.source.dtype.name, batch.target) for batch in batches}
    assert len(kinds) == 4 * 3
    for step in ("rescale", "mean", "samplewise_center"):
        assert any(step in o for o in options)
    assert {batch.colored for batch in batches} == {True, False}
    assert any(batch.params is None for batch in batches)
    again = hardware.random_batches.draw(5)
    np.testing.assert_array_equal(again.source, batches[5].source)


# ---- fast ----


def test_a_batch_beside_floor_and_paper(hardware):
    fast = hardware.fast
    measured = {
        "card": "NVIDIA H200",
        "copy_bytes": 4e12,
        "float32": 6e13,
        "float64": 3e13,
        "processors": 132,
        "conversions": 4e12,
    }
    card = fast.as_measured(measured)
    assert fast.on_paper("NVIDIA H200").name == "H200 SXM"
    assert fast.on_paper("another") is None
    for workload in fast.cuda.workloads(256):
        floor = workload.floor(card)
        assert 0 < floor <= workload.estimate(card).seconds
        rate = dict.fromkeys((fast.cuda.QUEUED, fast.cuda.WAITED), workload.shape.n / floor)
        rate[fast.cuda.PROCESSOR] = 1
        cells = dict(zip(fast.HEADER, fast.row(workload, rate, card), strict=True))
        assert cells["time ÷ floor"] == "1.0"
        assert cells["limit on paper"]
        without = dict(zip(fast.HEADER, fast.row(workload, rate, None), strict=True))
        assert without["time ÷ floor"] == ""


def test_grid_sample_by_hand_does_what_the_others_do(hardware):
    pytest.importorskip("torch")
    cv2 = pytest.importorskip("cv2")
    peers = hardware.peers
    x = np.random.RandomState(0).uniform(0, 255, (3, 20, 30, 1)).astype(np.float32)
    made = peers.torch_grid_sample(x, "cpu")().numpy()
    maps = peers.inverse_maps(np.random.default_rng(1), 3, 20, 30)
    for image, matrix, ours in zip(x, maps, made, strict=True):
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        expected = cv2.warpAffine(
            image, matrix, (30, 20), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        assert np.abs(ours[0] - expected).mean() < 3  # OpenCV rounds its weights


# ---- cores ----


def waiting_of(hardware, threads, **changes):
    given = {"busy": float(threads), "queued": 0.0, "taken": 0.0, "delay": 0.0}
    return hardware.gil.Waiting(seconds=1.0, threads=threads, **(given | changes))


def curve_of(hardware, *seconds, **changes):
    return [
        hardware.curves.Point(2**k, each, waiting_of(hardware, 2**k, **changes), 1e9)
        for k, each in enumerate(seconds)
    ]


@pytest.mark.parametrize(
    ("changes", "known", "says"),
    [
        ({"busy": 2.0, "taken": 0.9}, {}, "the GIL, which was taken for 90%"),
        ({"busy": 2.0}, {}, "threads that wait for each other or for files, 50%"),
        ({"queued": 2.0, "busy": 2.0}, {}, "ready and had none for 50%"),
        ({}, {"copying": {4: 3e9}}, "memory: 2.2 GB/s, where copies of the same size move 3.0"),
        ({}, {"physical_cores": 2}, "processors that share 2 cores"),
        ({}, {}, "nothing that was measured"),
    ],
)
def test_what_bends_a_curve(hardware, changes, known, says):
    curve = curve_of(hardware, 1.0, 0.5, 0.45, **changes)
    said = hardware.curves.explanation(curve, **known)
    assert said.startswith("2.2 times as fast on 4 threads; bends between 2 and 4 threads: ")
    assert says in said


def test_a_straight_curve(hardware):
    assert "no bend" in hardware.curves.explanation(curve_of(hardware, 1.0, 0.52, 0.27))
    assert hardware.curves.numbers_of_threads(1) == [1]
    assert hardware.curves.numbers_of_threads(16) == [1, 2, 4, 8, 16]
    assert hardware.curves.numbers_of_threads(12) == [1, 2, 4, 8, 12]


def test_waiting_adds_up(hardware):
    made = waiting_of(hardware, 4, busy=1.0, queued=1.0, taken=0.25)
    assert (made.idle, made.for_the_gil, made.for_others) == (0.5, 0.125, 0.375)
    assert made.figures()["waiting_for_others"] == 1.5  # seconds
    seen = hardware.gil.watched(lambda: sum(range(1000)), 1, 0.05)
    assert seen.threads == 1
    assert 0 <= seen.taken <= 1
    assert seen.busy > 0


# ---- training ----


def test_a_flow_with_a_full_cache_makes_the_batches_of_a_new_one(hardware):
    from batchwarp.training.scripts.cats_dogs import AUGMENTATION

    photos = importlib.import_module("benchmarks.harness.photos").photos
    generator = importlib.import_module("batchwarp").ImageDataGenerator(**AUGMENTATION)
    with photos(10) as (folder, _):

        def flow(**options):
            return generator.flow_from_directory(
                folder, target_size=(20, 20), batch_size=4, seed=1, **options
            )

        fresh, filled = flow(), hardware.headline.passed(flow(cache="memory"))
        for index in (0, 0, 1, 2):
            np.testing.assert_array_equal(filled[index][0], fresh[index][0])
        x, y = hardware.headline.decoded(folder, 20)
        assert (x.shape, x.dtype, len(y)) == ((10, 20, 20, 3), np.uint8, 10)
        device = generator.flow(x, y, batch_size=4, seed=1)  # the same order and draws
        fresh = flow(class_mode="binary")
        for index in range(3):
            np.testing.assert_array_equal(device[index][1], fresh[index][1])
            np.testing.assert_array_equal(device[index][0], fresh[index][0])
