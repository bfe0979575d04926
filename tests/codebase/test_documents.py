"""The documents for contributors name files that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What ARCHITECTURE.md says of paths that do not begin in the root.
ROOTS = (ROOT, ROOT / "python" / "batchwarp", ROOT / "cpp" / "src")
SUFFIXES = {".cpp", ".cu", ".hpp", ".inl", ".json", ".md", ".py", ".toml", ".txt"}
PATH = re.compile(r"[\w.-]*[a-z_][\w.-]*(/[\w.-]+)*/?")
# A build leaves them, or a run.
MADE = ("build/", "hardware.json")


def named_paths(text):
    """Paths between backticks, and files in blocks of text."""
    inside = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    words = {word.strip(",;:()") for block in inside for word in block.split()}
    files = {word for word in words if Path(word).suffix in SUFFIXES}
    quoted = set(re.findall(r"`([^`]+)`", outside))
    paths = {word for word in quoted if "/" in word or Path(word).suffix in SUFFIXES}
    found = {word for word in files | paths if PATH.fullmatch(word) and not word.startswith(MADE)}
    # Capitals stand for a name to come.
    return {word for word in found if not re.search(r"\b[A-Z]{3,}\b(?!\.md|\.txt)", word)}


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_paths_exist(name):
    paths = named_paths((ROOT / name).read_text(encoding="utf-8"))
    assert len(paths) > 10
    assert {path for path in paths if not any((root / path).exists() for root in ROOTS)} == set()


def test_links_between_documents_lead_somewhere():
    names = ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")
    for document in (*(ROOT / name for name in names), *(ROOT / "docs").glob("*.md")):
        links = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        wanted = {link for link in links if not link.startswith(("http:", "https:"))}
        assert {link for link in wanted if not (document.parent / link).exists()} == set(), (
            document.name
        )
