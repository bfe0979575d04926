"""Fills a folder with what a machine without a network needs to be checked.

    python -m benchmarks.hardware.carry               on a machine with a network, in a checkout
    python -m benchmarks.hardware --carried .carried  on the other one, with this folder beside it

The wheels of packages that machines for PyTorch, JAX and CuPy lack as a rule, some of the data sets
below `BATCHWARP_DATA`, and the commit, which git may not tell there. Git ignores the folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.machine import commit

from .settings import DATA_VARIABLE, ROOT

MANIFEST = "carried.json"
# Keras and what it imports, where none is; kornia, to compare with.
PACKAGES = ("keras==3.15.1", "namex", "optree", "kornia", "kornia_rs")
# pip takes these one by one: a newer tag does not include the older ones.
PLATFORMS = tuple(
    f"{tag}_x86_64"
    for tag in (
        *("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17"),
        *("manylinux2014", "manylinux_2_12", "manylinux_2_5", "manylinux1", "linux"),
    )
)
MEBIBYTE = 1 << 20
SIGNS = ("sign_mnist_train.npz", "sign_mnist_test.npz")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.hardware.carry",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("folder", type=Path, nargs="?", default=ROOT / ".carried", metavar="DIR")
    add("--python", default="3.12", metavar="X.Y", help="of the machine (default: %(default)s)")
    add(
        "--packages",
        nargs="*",
        default=PACKAGES,
        metavar="NAME",
        help=f"whose wheels to bring (default: {' '.join(PACKAGES)}); what they need is not added",
    )
    add("--photographs", type=int, default=800, metavar="N", help="of cats and dogs (default: 800)")
    add(
        "--signs",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Sign Language MNIST, 23 MiB",
    )
    add("--most", type=int, default=56, metavar="MIB", help="of all files (default: %(default)s)")
    return made


def wheels(folder: Path, python: str, packages: Sequence[str]) -> None:
    """Downloads wheels for another machine.

    Raises:
        SystemExit: if one of them cannot be had.
    """
    if not packages:
        return
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", python]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    done = subprocess.run([*command, "--dest", str(folder), *packages], check=False)
    if done.returncode:
        raise SystemExit(f"error: pip ended with {done.returncode}")


def data(folder: Path, photographs: int, signs: bool) -> list[str]:
    """Copies from the data sets below `BATCHWARP_DATA`; returns what there is, in words."""
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        print(f"no data: {DATA_VARIABLE} is not set; pictures will be generated")
        return []
    found = []
    train = Path(root, "cats_dogs", "train")
    classes = ("cats", "dogs")
    if photographs and train.is_dir():
        for name in classes:
            target = folder / "cats_dogs" / "train" / name
            target.mkdir(parents=True)
            for path in sorted((train / name).glob("*.jpg"))[: photographs // len(classes)]:
                shutil.copy2(path, target)
        found.append(f"{photographs} cats and dogs")
    if signs:
        (folder / "sign_mnist").mkdir(parents=True)
        for name in SIGNS:
            shutil.copy2(Path(root, "sign_mnist", name), folder / "sign_mnist")
        found.append("Sign Language MNIST")
    return found


def require_ignored(folder: Path) -> None:
    """Checks that git, if this is a clone, would not take the folder for a part of the project.

    Raises:
        SystemExit: if it would.
    """
    done = subprocess.run(
        ["git", "check-ignore", "--quiet", str(folder / MANIFEST)], cwd=ROOT, check=False
    )
    if folder.resolve().is_relative_to(ROOT) and done.returncode == 1:
        raise SystemExit(f"error: git does not ignore {folder}: name it in .git/info/exclude")


def main(words: Sequence[str] | None = None) -> int:
    """Fills the folder; returns 1 if that is more than was asked for."""
    arguments = parser().parse_args(words)
    folder: Path = arguments.folder
    require_ignored(folder)
    if folder.exists():
        if not (folder / MANIFEST).exists():
            raise SystemExit(f"error: {folder} is there, and this program has not made it")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text("{}", encoding="utf-8")
    wheels(folder, arguments.python, arguments.packages)
    brought = data(folder / "data", arguments.photographs, arguments.signs)
    manifest = {
        "commit": commit(),
        "python": arguments.python,
        "wheels": sorted(path.name for path in folder.glob("*.whl")),
        "data": brought,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEBIBYTE
    for name in (*manifest["wheels"], *brought):
        print(name)
    print(f"{folder}: {size:.1f} MiB, commit {manifest['commit']}")
    if size > arguments.most:
        print(f"error: that is more than {arguments.most} MiB (--most)", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
