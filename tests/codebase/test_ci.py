"""`.ci/steps`: whatever becomes of a step, of groups that go on side by side, the run says so."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "steps"
pytestmark = [
    pytest.mark.skipif(not SCRIPT.exists(), reason="source distributions come without it"),
    pytest.mark.skipif(sys.platform != "linux", reason="it is run on Linux alone"),
]


def started(folder, text, **environment):
    head = f'set -euo pipefail\nwork={folder} source={folder}\n. "{SCRIPT}"\n'
    outer = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.Popen(
        ["bash", "-c", head + text],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**outer, **environment},
    )


def ran(folder, text, **environment):
    process = started(folder, text, **environment)
    output, _ = process.communicate(timeout=280)
    return process.returncode, output


def is_alive(number):
    """Whether there is that process, and not only its status for a parent that has ended."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_failure_is_named_and_the_rest_runs(tmp_path):
    status, output = ran(
        tmp_path,
        """
        broken() { echo before; false; echo never; }
        step "first" broken
        step "second" echo fine
        summary
        """,
    )
    assert status == 1
    assert "before\n--- FAILED with exit code 1 after 0 s, 0 s of processors: first" in output
    assert "fine\n--- ok in 0 s, 0 s of processors: second" in output
    assert "never" not in output
    assert "steps: 1 passed, 1 failed, 0 skipped" in output


def test_of_groups_two_go_on_at_a_time_and_each_runs_once(tmp_path):
    status, output = ran(
        tmp_path,
        """
        met() {
            touch "$1"
            for _ in {1..300}; do [ -e "$2" ] && return; sleep 0.5; done
            return 1
        }
        one() { step "of one" met a b; }
        two() { step "of two" met b a; step "more of two" true; }
        three() { step "of three" true; }
        beside one two three
        summary
        """,
    )
    assert status == 0, output
    for name in ("of one", "of two", "more of two", "of three"):
        assert output.count(f"=== {name}\n") == 1
    assert "steps: 4 passed, 0 failed, 0 skipped" in output


@pytest.mark.parametrize(
    ("group", "word"),
    [
        ('{ step "wrong" false; step "right" true; }', "steps: 2 passed, 1 failed, 0 skipped"),
        ('{ false; step "never" true; }', "the steps of one ended before the last of them"),
        ('{ step "x" true; echo "$unset"; }', "the steps of one ended before the last of them"),
        ('{ kill -KILL "$BASHPID"; }', "the steps of one ended before the last of them"),
    ],
)
def test_what_fails_in_a_group_fails_the_run(tmp_path, group, word):
    text = f'one() {group}\ntwo() {{ step "other" true; }}\nbeside one two\nsummary'
    status, output = ran(tmp_path, text)
    assert status == 1
    assert word in output
    assert "of processors: other\n" in output
    assert "of processors: never\n" not in output


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("", 0)])
def test_what_cannot_run_is_a_failure_on_ci(tmp_path, ci, status):
    found, output = ran(tmp_path, 'skip "this" "no compiler"\nsummary', CI=ci)
    assert found == status
    assert "NOT RUN: this: no compiler" in output


def test_seconds_of_processors_are_those_of_all_that_a_step_starts(tmp_path):
    # A second of computing, by a process of a process.
    (tmp_path / "busy.py").write_text("import time\nwhile time.process_time() < 1.1: pass\n")
    status, output = ran(tmp_path, f"step busy bash -c '{sys.executable} -S busy.py; true'")
    assert status == 0
    assert re.search("[1-9] s of processors: busy", output)


def test_ctrl_c_ends_what_was_started(tmp_path):
    text = """
    one() { step "long" bash -c 'echo $$ >pid; sleep 300'; }
    two() { step "short" true; }
    beside one two
    """
    process = started(tmp_path, text)
    file = tmp_path / "pid"
    deadline = time.monotonic() + 280
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=280)
    assert process.returncode == 130
    while is_alive(int(file.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)
