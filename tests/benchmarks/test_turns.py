"""`turns`: one of two processes works, whatever becomes of the other one."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

turns = importlib.import_module("batchwarp.benchmarks.harness.turns")

pytestmark = pytest.mark.skipif(not turns.POSSIBLE, reason="processes take turns on POSIX only")

# After which something waits for good. A pair takes less than a second, and many times that where
# ten times as many processes as there are processors work beside it, which is not rare.
SECONDS = 240
# Not as a part of batchwarp, which would be imported, with NumPy, for longer than a process works.
FIND_HARNESS = f"import sys; sys.path.append({str(Path(turns.__file__).parents[2])!r})"
# Writes a line for all it does: who, what, the race, the round (-1: before), from when to when.
PROGRAM = """
import json, os, time
from itertools import count
from benchmarks.harness.timing import Contender, interleaved
from benchmarks.harness.turns import turns

who, told, log = sys.argv[1], json.loads(sys.argv[2]), open(sys.argv[3], "a", buffering=1)

def work(what, race, number, seconds=0.002):
    start = time.monotonic()
    time.sleep(seconds)
    if [race, number] == told.get("killed in"):
        os.kill(os.getpid(), 9)
    log.write(json.dumps([who, what, race, number, start, time.monotonic()]) + chr(10))

def contender(name, race):
    numbers = count(-1)  # it runs once before the first round
    return Contender(lambda: work(name, race, next(numbers)))

turns()
work("setup", 0, -1, told.get("setup", 0.05))
for race, names in enumerate(told["races"]):
    interleaved({name: contender(name, race) for name in names}, rounds=4, stretch=0)
sys.exit(told.get("status", 0))
"""


@pytest.fixture
def start(tmp_path):
    """Starts two processes that are told what to do; returns them and what reads their lines."""
    log = tmp_path / "log"
    log.touch()
    started = []

    def begin(first, second):
        commands = [
            [sys.executable, "-c", FIND_HARNESS + PROGRAM, who, json.dumps(told), str(log)]
            for who, told in (("first", first), ("second", second))
        ]
        started.extend(turns.start_in_turns(*commands, tmp_path))
        return started, lambda: [json.loads(line) for line in log.read_text().splitlines()]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def finish(*processes):
    """Waits for processes; returns how they ended."""
    for process in processes:
        process.wait(SECONDS)
    return [process.returncode for process in processes]


def stretches(lines):
    return [(who, what, race, number) for who, what, race, number, *_ in lines if number >= 0]


def test_only_one_works_and_they_alternate(start):
    told = {"races": [["a", "b"], ["c"]]}
    processes, lines = start(told, told)
    assert finish(*processes) == [0, 0]
    for (*_, end), (*_, begin, _) in pairwise(lines()):
        assert begin >= end
    measured = stretches(lines())
    assert len(measured) == 2 * (2 + 1) * 4
    for (first, *one), (second, *same) in zip(measured[::2], measured[1::2], strict=True):
        assert (first, second) == ("first", "second")
        assert one == same


@pytest.mark.parametrize("swapped", [False, True])
def test_contenders_of_one_alone_part_nobody(start, swapped):
    told = [{"races": [["a", "b", "c"], ["a"]]}, {"races": [["a"], ["a", "b"]]}]
    processes, lines = start(*(told[::-1] if swapped else told))
    assert finish(*processes) == [0, 0]
    for (*_, end), (*_, begin, _) in pairwise(lines()):
        assert begin >= end
    # A race and a round are over for both before the next one begins for either.
    places = [place for _, _, *place in stretches(lines())]
    assert places == sorted(places)
    assert len(places) == (4 + 3) * 4


@pytest.mark.parametrize("less", [[], [["a"]]])
@pytest.mark.parametrize("swapped", [False, True])
def test_who_ends_early_gives_the_turn_up(start, less, swapped):
    told = [{"races": less}, {"races": [["a"], ["b"], ["c"]]}]
    processes, lines = start(*(told[::-1] if swapped else told))
    assert finish(*processes) == [0, 0]
    assert len(stretches(lines())) == (len(less) + 3) * 4


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("place", [[0, -1], [0, 0], [1, 2]])
def test_who_dies_while_it_works_gives_the_turn_up(start, place, swapped):
    races = [["a", "b"], ["a", "b"]]
    told = [{"races": races, "killed in": place}, {"races": races}]
    processes, lines = start(*(told[::-1] if swapped else told))
    killed, other = processes[::-1] if swapped else processes
    assert finish(killed, other) == [-9, 0]
    survivor = "first" if swapped else "second"
    assert sum(who == survivor for who, *_ in stretches(lines())) == 2 * 2 * 4


def test_who_dies_while_it_waits_is_waited_for_by_nobody(start):
    (first, second), lines = start({"races": [["a"]], "setup": 1}, {"races": [["a"]]})
    time.sleep(0.5)
    second.kill()
    assert finish(first) == [0]
    assert {who for who, *_ in lines()} == {"first"}


def test_who_dies_while_the_other_one_waits_lets_it_begin(start):
    (first, second), lines = start({"races": [["a"]], "setup": 60}, {"races": [["a"]]})
    first.kill()
    assert finish(second) == [0]
    assert {who for who, *_ in lines()} == {"second"}


@pytest.mark.parametrize("place", [0, 1])
def test_who_fails_ends_the_other_one_and_shows_why(tmp_path, place):
    fails = "import sys; sys.exit('on purpose')"
    codes = ["import time; time.sleep(600)"] * 2
    codes[place] = fails
    began = time.monotonic()
    with pytest.raises(turns.ProcessError, match=r"failed with status 1:\non purpose") as raised:
        turns.run_in_turns(*([sys.executable, "-c", code] for code in codes), tmp_path)
    assert raised.value.place == place
    assert time.monotonic() - began < SECONDS


def test_a_process_of_a_process_takes_no_turns(tmp_path):
    written = tmp_path / "written"
    inner = f"open({str(written)!r}, 'a').write(str(turns().shared) + ' ')"
    imports = f"{FIND_HARNESS}; from benchmarks.harness.turns import turns"
    outer = (
        f"import subprocess; {imports}; {inner}; "
        f"subprocess.run([sys.executable, '-c', {f'{imports}; {inner}'!r}], check=True)"
    )
    turns.run_in_turns([sys.executable, "-c", outer], [sys.executable, "-c", "pass"], tmp_path)
    assert written.read_text().split() == ["True", "False"]


def test_alone_nothing_waits():
    assert turns.VARIABLE not in os.environ
    alone = turns.Turns()
    assert not alone.shared
    alone.start_race()
    alone.hand_over(0)
