"""`batchwarp info`: what a bug report should contain."""

from __future__ import annotations

import argparse
import platform
from contextlib import suppress
from importlib import metadata

import batchwarp
from batchwarp.files import libjpeg

__all__ = ["run"]

# What is shown, and the distributions that may provide it.
_PACKAGES = (
    ("numpy", ("numpy",)),
    (
        "opencv",
        (
            "opencv-python",
            "opencv-python-headless",
            "opencv-contrib-python",
            "opencv-contrib-python-headless",
        ),
    ),
    ("pillow", ("pillow",)),
    ("keras", ("keras", "keras-nightly")),
    (
        "tensorflow",
        ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly", "tf-nightly-cpu"),
    ),
)


def run(_: argparse.Namespace) -> None:
    """Prints versions, instruction set, decoder, threads and the core's build configuration."""
    runtime = batchwarp.runtime
    lines = [
        ("batchwarp", batchwarp.__version__),
        ("python", f"{platform.python_version()}, {platform.platform()}, {platform.machine()}"),
        *((name, _version(candidates)) for name, candidates in _PACKAGES),
        (
            "instruction set",
            f"{runtime.simd_tier()} (possible here: {', '.join(runtime.simd_tiers())})",
        ),
        ("jpeg", libjpeg.description()),
        ("threads", str(runtime.get_num_threads())),
        ("cuda", batchwarp.cuda.unavailable_reason() or f"{batchwarp.cuda.device_count()} devices"),
        *((f"core: {name}", value or "none") for name, value in runtime.build_config().items()),
    ]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name:<{width}}  {value}")


def _version(candidates: tuple[str, ...]) -> str:
    """Returns the version of the first of some distributions that is installed."""
    for name in candidates:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return "not installed"
