"""Scripts as people publish them; comments in them say what the doctor has to say of each line."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from batchwarp.doctor import examine, read

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))
SWAPPED = {"import", "deprecated", "workers"}


def expected(path):
    found = Counter()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        comment = re.search(r"# doctor: (.*)", line)
        for kind in comment[1].split(", ") if comment else ():
            found[number, kind] += 1
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_is_said_of_each_line(path):
    said = {(finding.line, finding.kind) for finding in examine(read(path)).findings}
    assert said == set(expected(path))


TO_SWAP = [path for path in SCRIPTS if SWAPPED & {kind for _, kind in expected(path)}]


@pytest.mark.parametrize("path", TO_SWAP, ids=lambda path: path.stem)
def test_nothing_is_left_to_swap_in_what_is_written(path, tmp_path):
    first = examine(read(path))
    assert first.changed
    again = tmp_path / path.name
    again.write_bytes(first.document.bytes_with(first.changed))
    second = examine(read(again))
    assert not second.changed
    left = {finding.kind for finding in second.findings} & SWAPPED
    assert left <= {"deprecated"}  # `samples_per_epoch`, of which the user has to think


@pytest.mark.parametrize("path", TO_SWAP, ids=lambda path: path.stem)
def test_surprises_are_there_still_when_it_is_written(path, tmp_path):
    first = examine(read(path))
    again = tmp_path / path.name
    again.write_bytes(first.document.bytes_with(first.changed))
    kinds = [{finding.kind for finding in one.findings} for one in (first, examine(read(again)))]
    assert kinds[1] - {"deprecated"} == kinds[0] - SWAPPED


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_is_imported_exists(path):
    one = examine(read(path))
    tree = ast.parse(one.changed.get(0, path.read_text()))
    ours = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("batchwarp"))
        or (isinstance(node, ast.Import) and node.names[0].name.startswith("batchwarp"))
    ]
    exec(compile(ast.Module(ours, []), path.name, "exec"), {})


def test_there_are_thirty():
    assert len(SCRIPTS) >= 30
