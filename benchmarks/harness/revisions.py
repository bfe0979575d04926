"""Revisions of the project: found, checked out, and built into environments of their own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


class CompareError(Exception):
    """Something without which nothing can be compared, in words for the user."""


def git(*arguments: str) -> str:
    """Returns what git prints in this checkout.

    Raises:
        CompareError: if it fails, with its message.
    """
    try:
        ran = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
        )
    except OSError as error:
        raise CompareError(f"git cannot be run: {error}") from error
    if ran.returncode:
        raise CompareError(f"git {' '.join(arguments)}: {ran.stderr.strip()}")
    return ran.stdout.strip()


def commit_of(revision: str) -> str:
    """Returns the commit that a revision names.

    Raises:
        CompareError: if there is none.
    """
    try:
        return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except CompareError:
        raise CompareError(f"unknown revision: {revision}") from None


def require_clean_checkout() -> None:
    """Refuses to start where changes would silently be left out.

    Raises:
        CompareError: if tracked files were changed, or this is no checkout.
    """
    if Path(git("rev-parse", "--show-toplevel")) != ROOT.resolve():
        raise CompareError(
            f"{ROOT} is no checkout of batchwarp: an installed copy has no revisions"
        )
    changed = git("status", "--porcelain", "--untracked-files=no")
    if changed:
        raise CompareError(
            "the checkout has changes that are not committed, and only commits are measured:\n"
            + changed
        )


@contextmanager
def worktree(commit: str, folder: Path) -> Iterator[Path]:
    """Checks a commit out into a folder, and takes it away again."""
    git("worktree", "add", "--detach", str(folder), commit)
    try:
        yield folder
    finally:
        git("worktree", "remove", "--force", str(folder))


def build(source: Path, scratch: Path) -> Path:
    """Builds a source tree into an environment of its own.

    Args:
        source: the tree.
        scratch: an existing folder for wheel and environment.

    Returns:
        The environment's Python. It sees the packages of this process' environment, but for
        batchwarp.

    Raises:
        CompareError: if the build fails, with the end of its output.
    """
    # Without isolation where that is possible: it needs no network, and both get the same tools.
    tools = all(importlib.util.find_spec(name) for name in ("scikit_build_core", "pybind11"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    _run(
        [
            *pip,
            "wheel",
            "--no-deps",
            *(["--no-build-isolation"] if tools else []),
            "--wheel-dir",
            str(scratch),
            str(source),
        ],
        "the build",
    )
    (wheel,) = scratch.glob("*.whl")
    site = scratch / "site"
    _run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], "the installation")
    venv.create(scratch / "venv", with_pip=False, symlinks=os.name != "nt")
    scripts = scratch / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    # Plain paths: the hook of an editable installation in these folders does not run from here.
    seen = [str(site), *(path for path in sys.path if path.endswith("-packages"))]
    (purelib,) = (scratch / "venv").rglob("site-packages")
    (purelib / "compared.pth").write_text("\n".join(seen) + "\n", encoding="utf-8")
    found = _run([str(python), "-c", "import batchwarp; print(batchwarp.__file__)"], "the import")
    if not Path(found.strip()).is_relative_to(site):
        raise CompareError(f"batchwarp is imported from {found.strip()}, not from what was built")
    return python


def _run(command: Sequence[str], what: str) -> str:
    """Returns what a command prints; raises `CompareError` with the end of it if it fails."""
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    if ran.returncode:
        raise CompareError(f"{what} failed with status {ran.returncode}:\n{ran.stdout[-4000:]}")
    return ran.stdout
