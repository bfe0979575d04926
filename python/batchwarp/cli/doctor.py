"""`batchwarp doctor`: what to expect of a script that augments images, and how to swap."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from batchwarp.console.errors import UsageError
from batchwarp.console.tables import printable
from batchwarp.doctor import DocumentError, Examined, examine, read

__all__ = ["add_arguments", "run"]

_SUFFIXES = (".py", ".ipynb")
_NOT_THE_USERS = ("site-packages", "node_modules", "__pycache__")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command to its parser."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        type=Path,
        nargs="+",
        help="a script, a notebook, or a folder of them",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="make the changes; unless all of the Git tree is committed, a copy of each file stays "
        "beside it, as NAME.bak",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Reads scripts, prints what there is to say of them, and changes them if that is asked for.

    Args:
        options: Parsed options.

    Returns:
        The exit status: 0 if there is nothing to say, else 1.

    Raises:
        UsageError: If there is no such file or folder, or one cannot be read or written.
    """
    examined: list[Examined] = []
    unread: dict[str, str] = {}
    for path in _files(options.paths):
        try:
            one = examine(read(path))
        except (DocumentError, OSError) as error:
            unread[str(path)] = getattr(error, "strerror", None) or str(error)
            continue
        if one.document.unread:
            unread[str(path)] = "; ".join(one.document.unread)
        if one.findings or one.changed:
            examined.append(one)
    if options.json:
        print(json.dumps(_described(examined, unread), indent=2))
    else:
        _print(examined, unread, write=options.write)
    if options.write:
        _write([one for one in examined if one.changed], quiet=options.json)
    return 1 if examined or unread else 0


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yields the scripts and notebooks among files and in folders."""
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        elif path.exists():
            if path.suffix not in _SUFFIXES:
                raise UsageError(f"{path}: not a script (.py) or a notebook (.ipynb)")
            yield path
        else:
            raise UsageError(f"{path}: no such file or folder")


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _NOT_THE_USERS
            and not (Path(root) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            if name.endswith(_SUFFIXES):
                yield Path(root) / name


def _print(examined: Sequence[Examined], unread: dict[str, str], *, write: bool) -> None:
    for one in examined:
        document = one.document
        print(printable(str(document.path)))
        for finding in one.findings:
            print(f"  {document.place(finding.line)}: {finding.kind}: {printable(finding.text)}")
            if finding.advice:
                print(f"      {printable(finding.advice)}")
        if one.changed:
            print()
            print(document.diff(one.changed, document.path.as_posix().lstrip("/")), end="")
        print()
    for path, reason in unread.items():
        print(f"{printable(path)}: {printable(reason)}")
    findings = sum(len(one.findings) for one in examined)
    changes = sum(bool(one.changed) for one in examined)
    print(f"{_counted(findings, 'finding')} in {_counted(len(examined), 'file')}")
    if changes and not write:
        files = _counted(changes, "file")
        print(f"The changes above give the same batches; --write makes them, in {files}.")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _described(examined: Sequence[Examined], unread: dict[str, str]) -> dict[str, object]:
    """Returns what was found in types that JSON has."""
    files = {}
    for one in examined:
        document = one.document
        files[str(document.path)] = {
            "findings": [
                {
                    "line": document.place(finding.line),
                    "kind": finding.kind,
                    "text": finding.text,
                    "advice": finding.advice,
                }
                for finding in one.findings
            ],
            "diff": document.diff(one.changed, document.path.as_posix().lstrip("/")),
        }
    return {"files": files, "unread": unread}


def _write(examined: Sequence[Examined], *, quiet: bool) -> None:
    paths = [one.document.path.resolve() for one in examined]  # a link stays one
    committed = [_is_committed(path) for path in paths]  # before the first one is written
    for one, path, is_committed in zip(examined, paths, committed, strict=True):
        try:
            kept = None if is_committed else _copy_beside(path)
            _replace(path, one.document.bytes_with(one.changed))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from error
        if not quiet:
            said = f"{one.document.path}: written"
            print(printable(said + (f"; as it was: {kept.name}" if kept else "")))


def _is_committed(path: Path) -> bool:
    """Whether Git has a file as it is, in a tree without changes."""
    git = shutil.which("git")
    if git is None:
        return False

    def asked(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [git, "-C", str(path.parent), *arguments]
        return subprocess.run(command, capture_output=True, check=False)

    known = asked("ls-files", "--error-unmatch", "--", path.name)
    changes = asked("status", "--porcelain", "--untracked-files=no")
    return known.returncode == 0 and changes.returncode == 0 and not changes.stdout.strip()


def _copy_beside(path: Path) -> Path:
    """Copies a file to a name beside it that nothing has."""
    number = 0
    while True:
        copy = path.with_name(f"{path.name}.bak{number or ''}")
        try:
            with copy.open("xb") as file:
                file.write(path.read_bytes())
        except FileExistsError:
            number += 1
            continue
        shutil.copystat(path, copy)
        return copy


def _replace(path: Path, content: bytes) -> None:
    """Writes a file with one rename, so that it is never half written."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        shutil.copystat(path, name)
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise
