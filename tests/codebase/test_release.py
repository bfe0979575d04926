"""What the checks of a release say of versions, changelogs and tags that are wrong."""

from __future__ import annotations

import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "release"
pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="source distributions come without it")


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """The script's checks, of a repository in which all is well."""
    loader = SourceFileLoader("release", str(SCRIPT))
    module = module_from_spec(spec_from_loader("release", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CITATION.cff").write_text("title: batchwarp\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.0] - 2026-01-02\n\n- All.\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All"]):
        git(tmp_path, *command)
    return lambda name: list(module.CHECKS[name]("1.2.0"))


def git(folder, *command):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("name", ["version", "changelog", "tree", "tag"])
def test_where_all_is_well(checks, name):
    assert checks(name) == []


def test_another_version(checks, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.1.0"\n')
    (tmp_path / "CITATION.cff").write_text('version: "1.0.0"\n')
    assert checks("version") == [
        "pyproject.toml has version 1.1.0",
        "CITATION.cff has version 1.0.0",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("## [1.2.0]\n", "has no line"),
        ("## [1.1.0] - 2026-01-02\n", "has no line"),
        ("## [1.2.0] - 2999-01-02\n", "which is to come"),
        ("## [Unreleased]\n\n- More.\n\n## [1.2.0] - 2026-01-02\n", "below [Unreleased]"),
    ],
)
def test_changelogs(checks, tmp_path, text, problem):
    (tmp_path / "CHANGELOG.md").write_text(text)
    (found,) = checks("changelog")
    assert problem in found


def test_what_is_not_committed(checks, tmp_path):
    (tmp_path / "new.py").write_text("")
    assert checks("tree") == ["not committed: ?? new.py"]


def test_a_tag_on_another_commit(checks, tmp_path):
    git(tmp_path, "tag", "v1.2.0")
    assert checks("tag") == []
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "More")
    assert checks("tag") == ["the tag v1.2.0 is on another commit"]
