"""`compare`: what it refuses, how it fails, and what it flags."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

compare = importlib.import_module("batchwarp.benchmarks.compare")
revisions = importlib.import_module("batchwarp.benchmarks.harness.revisions")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A checkout of two commits that cannot be built."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.setattr(revisions, "ROOT", folder)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "somebody@example.org")
    git = ["git", "-C", str(folder), "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], check=True)
    for content in ("one", "two"):
        (folder / "pyproject.toml").write_text(f"not [ {content}", encoding="utf-8")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", content], check=True)
    return folder


def fails(arguments, capsys):
    assert compare.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_changes_that_are_not_committed_are_refused(repository, capsys):
    (repository / "pyproject.toml").write_text("changed", encoding="utf-8")
    message = fails(["HEAD~1"], capsys)
    assert "not committed" in message
    assert "pyproject.toml" in message


@pytest.mark.parametrize(
    "arguments", [["nowhere"], ["HEAD~1", "nowhere"], ["--pairs=2", "nowhere"]]
)
def test_an_unknown_revision_is_named(repository, arguments, capsys):
    assert "unknown revision: nowhere" in fails(arguments, capsys)


def test_a_commit_is_not_compared_with_itself(repository, capsys):
    assert "HEAD and main are the same commit" in fails(["HEAD", "main"], capsys)


def test_outside_of_a_checkout_git_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(revisions, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "not a git repository" in fails(["HEAD"], capsys)


def test_an_installed_copy_within_another_checkout_is_refused(repository, monkeypatch, capsys):
    (repository / "site-packages").mkdir()
    monkeypatch.setattr(revisions, "ROOT", repository / "site-packages")
    assert "is no checkout of batchwarp" in fails(["HEAD~1"], capsys)


def test_a_build_that_fails_shows_why_and_leaves_nothing(repository, capsys):
    message = fails(["HEAD~1"], capsys)
    assert "the build failed with status" in message
    assert "TOMLDecodeError" in message
    listed = ["git", "-C", str(repository), "worktree", "list"]
    trees = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    assert len(trees.splitlines()) == 1


HARNESS = Path(compare.__file__).parent / "harness"
# Writes figures of three rounds, in turn if asked to, that tell which package it has measured.
BENCHMARK = """
import json, sys
from pathlib import Path
from batchwarp import SECONDS
from .harness.turns import turns
taking = turns()
taking.start_race()
for number in range(3):
    taking.hand_over(number)
timing = {"median": SECONDS, **({"seconds": [SECONDS] * 3} if taking.shared else {})}
figures = {"cases": [{"case": "a", "timings": {"batchwarp": timing}}]}
Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(figures))
"""
OWN = BENCHMARK.replace('"case": "a"', '"case": "own"')
NO_TURNS = """
import json, sys
from pathlib import Path
figures = {"cases": [{"case": "a", "timings": {"batchwarp": {"median": 1.0}}}]}
Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(figures))
"""


def built(folder, *, package="SECONDS = 1.0", turns=True, **modules):
    """A package with benchmarks as `build` leaves it; returns a Python that imports it."""
    benchmarks = folder / "site" / "batchwarp" / "benchmarks"
    (benchmarks / "harness").mkdir(parents=True)
    modules = {"__init__": "", "harness/__init__": "", **modules}
    for name, text in modules.items():
        (benchmarks / f"{name}.py").write_text(text, encoding="utf-8")
    (benchmarks.parent / "__init__.py").write_text(package, encoding="utf-8")
    if turns:
        shutil.copy(HARNESS / "turns.py", benchmarks / "harness")
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH={folder / "site"} exec {sys.executable} "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    return python


needs_turns = pytest.mark.skipif(os.name != "posix", reason="processes take turns on POSIX only")


def test_a_benchmark_that_fails_shows_why(tmp_path):
    package = tmp_path / "batchwarp" / "benchmarks"
    package.mkdir(parents=True)
    for name, text in {"__init__": "", "broken": "raise ValueError('on purpose')"}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (package.parent / "__init__.py").write_text("", encoding="utf-8")
    with pytest.raises(compare.CompareError, match=r"(?s)broken failed with status 1.*on purpose"):
        compare.measure(sys.executable, ["broken"], [], tmp_path)


@needs_turns
@pytest.mark.parametrize("broken", ["base", "head"])
def test_a_benchmark_that_fails_in_turn_shows_why(tmp_path, broken):
    pythons = [
        built(tmp_path / which, one="raise ValueError('on purpose')" if which == broken else OWN)
        for which in ("base", "head")
    ]
    message = rf"(?s)one with \S*{broken}/python failed with status 1.*on purpose"
    with pytest.raises(compare.CompareError, match=message):
        compare.measure_in_turn(pythons, ["one"], [], tmp_path)


@needs_turns
@pytest.mark.parametrize(
    ("package", "turns", "own", "in_turn", "shared", "name"),
    [
        pytest.param("SECONDS = 1.0", True, OWN, True, True, "a", id="head's run in base"),
        pytest.param("", True, "SECONDS = 1.0" + OWN, True, False, "own", id="they do not"),
        pytest.param("", False, NO_TURNS, False, False, "a", id="base knows no turns"),
    ],
)
def test_how_two_revisions_are_measured(tmp_path, package, turns, own, in_turn, shared, name):
    own = own.replace("from batchwarp import SECONDS\n", "") if not package else own
    base = built(tmp_path / "base", package=package, turns=turns, one=own)
    head = built(tmp_path / "head", package="SECONDS = 2.0", one=BENCHMARK)
    way = compare.settle([tmp_path / "base", tmp_path / "head"], base, ["one"], [])
    assert (way.in_turn, way.shared) == (in_turn, shared)
    assert ("SECONDS" in way.why_not) == ("head's do not run in base" in str(way)) == (not shared)
    if in_turn:
        found = compare.measure_in_turn([base, head], ["one"], [], tmp_path)
    else:
        found = [compare.measure(python, ["one"], [], tmp_path) for python in (base, head)]
    rounds = 3 if in_turn else 1
    assert found == [
        {f"one: {name}, batchwarp": [1.0] * rounds},
        {"one: a, batchwarp": [2.0] * rounds},
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["HEAD~1", "--threshold", "0.5"], "--threshold must be at least 1, received: 0.5"),
        (["HEAD~1", "--threshold", "nan"], "--threshold must be at least 1, received: nan"),
        (["HEAD~1", "--pairs", "0"], "must be at least 1, received: 0"),
        (["HEAD~1", "-b", "nothing"], "'nothing'"),
        ([], "base"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        compare.main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_only_batchwarps_own_timings_are_compared():
    def case(name, contenders, **more):
        timings = {contender: {"median": 1.0} for contender in contenders}
        return {"case": name, "timings": timings, **more}

    cases = [
        case("a", ["batchwarp", "Keras"]),
        case("b", ["nearest", "wrap"], group="modes"),
        case("c", ["copy", "avx2"], group="copy", ours=["avx2"]),
    ]
    assert set(compare.seconds({"cases": cases})) == {
        "a, batchwarp",
        "modes, b, nearest",
        "modes, b, wrap",
        "copy, c, avx2",
    }


def test_ratios_are_taken_between_neighbours():
    base = [{"x": [second], "only base": [1.0]} for second in (1.0, 2.0, 4.0)]
    head = [{"x": [second]} for second in (1.0, 2.4, 4.8)]
    (change,) = compare.changes(base, head)
    assert change.name == "x"
    assert change.ratio == pytest.approx(1.2)


def test_ratios_are_taken_round_by_round():
    base = [{"x": [1.0, 2.0, 100.0]}, {"x": [3.0, 3.0, 3.0]}]
    head = [{"x": [1.2, 2.4, 120.0]}, {"x": [3.6, 9.0, 3.0]}]
    (change,) = compare.changes(base, head)
    assert change.ratio == pytest.approx(1.2)
    assert change.rounds == 6
    assert change.base == 2.5


@pytest.mark.parametrize("in_turn", [True, False])
@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (1.09, 0), (1.11, 1), (0.5, 0)])
def test_the_exit_code_tells_what_became_slower(
    repository, factor, code, in_turn, monkeypatch, capsys
):
    order = []

    def measure(python, names, more, scratch):
        assert names == ["kernels"]
        assert more == ["--only", "copy"]
        order.append(python)
        return {"kernels: a": [1.0], "kernels: b": [factor if python == "head" else 1.0]}

    def measure_in_turn(pythons, names, more, scratch):
        return [measure(python, names, more, scratch) for python in pythons]

    way = compare.Way(in_turn, shared=in_turn)
    monkeypatch.setattr(compare, "build", lambda _, scratch: scratch.name)
    monkeypatch.setattr(compare, "settle", lambda *_: way)
    monkeypatch.setattr(compare, "measure", measure)
    monkeypatch.setattr(compare, "measure_in_turn", measure_in_turn if in_turn else None)
    assert compare.main(["HEAD~1", "--pairs", "2", "--", "--only", "copy"]) == code
    # In turn, another one begins each time.
    assert order == ["base", "head", *(["head", "base"] if in_turn else ["base", "head"])]
    output = capsys.readouterr().out
    assert output.count("SLOWER") == code
    assert f"{code} of 2 slower by more than 10%" in output
    assert f"2 pairs of processes, {way}" in output
