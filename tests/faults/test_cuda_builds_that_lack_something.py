"""Building the CUDA kernels where something is missing: one sentence says what, before any work."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CMAKE = shutil.which("cmake")

pytestmark = [
    pytest.mark.skipif(CMAKE is None, reason="there is no CMake on this machine"),
    pytest.mark.skipif(os.name == "nt", reason="the compilers of these tests are shell scripts"),
]

# What nvcc answers to what is asked of it.
COMPILER = """#!/bin/sh
case "$*" in
  --version) echo "Cuda compilation tools, release {version}, V{version}.1" ;;
  --list-gpu-arch) echo compute_75; echo compute_90 ;;
  *) echo "{says}" >&2; exit {status} ;;
esac
"""


def compiler(path, version="12.4", says="", status=0):
    path.write_text(COMPILER.format(version=version, says=says, status=status))
    path.chmod(0o755)
    return path


def ran(folder, script, **environment):
    """Runs a CMake script; returns its status and what it says, without the lines' ends."""
    path = folder / "script.cmake"
    path.write_text(script)
    names = ("CUDACXX", "CUDAARCHS", "CUDAHOSTCXX", "CUDAFLAGS")
    outer = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [CMAKE, "-P", str(path)],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**outer, **environment},
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def required(folder, before="", **environment):
    """Runs what looks at the requirements."""
    file = ROOT / "cmake" / "cuda_requirements.cmake"
    return ran(folder, f'{before}\ninclude("{file.as_posix()}")', **environment)


@pytest.mark.parametrize(
    ("pip", "says"), [("OFF", "pip install --upgrade"), ("ON", "-C 'cmake.version=>=3.25.2'")]
)
def test_cmake_of_debian_12(tmp_path, pip, says):
    script = f"""
        set(SKBUILD {pip})
        set(BATCHWARP_CUDA ON)
        set(CMAKE_VERSION 3.25.1)
        include("{(ROOT / "CMakeLists.txt").as_posix()}")
    """
    status, words = ran(tmp_path, script)
    assert status
    assert "BATCHWARP_CUDA needs CMake 3.25.2 or newer, and this is 3.25.1" in words
    assert says in words


@pytest.mark.parametrize("options", ["", " -O1"])
def test_a_compiler_that_is_as_it_should_be(tmp_path, options):
    nvcc = compiler(tmp_path / "nvcc")
    assert required(tmp_path, CUDACXX=f"{nvcc}{options}", CUDAARCHS="75-real;90") == (0, "")


def test_no_compiler(tmp_path):
    script = "macro(find_program)\nendmacro()"
    status, words = required(tmp_path, script)
    assert status
    assert "needs nvcc 12 or newer, and there is none in PATH. CUDACXX names one" in words


def test_a_compiler_that_is_not_there(tmp_path):
    status, words = required(tmp_path, CUDACXX=str(tmp_path / "none"))
    assert status
    assert "needs nvcc 12 or newer" in words
    assert "none does not run. CUDACXX names one" in words


def test_a_compiler_that_is_too_old(tmp_path):
    nvcc = compiler(tmp_path / "nvcc", "11.8")
    status, words = required(tmp_path, CUDACXX=str(nvcc))
    assert status
    assert "needs nvcc 12 or newer" in words
    assert "is 11.8" in words


def test_a_compiler_of_another_kind(tmp_path):
    status, words = required(tmp_path, CUDACXX="echo")
    assert status
    assert "echo is something else" in words


@pytest.mark.parametrize(("architecture", "variable"), [("35-real", True), ("999a", False)])
def test_an_architecture_that_the_compiler_does_not_know(tmp_path, architecture, variable):
    nvcc = compiler(tmp_path / "nvcc")
    asked = f"75;{architecture}"
    script = f'set(CMAKE_CUDA_ARCHITECTURES "{asked}")' if variable else ""
    environment = {"CUDACXX": str(nvcc)} if variable else {"CUDACXX": str(nvcc), "CUDAARCHS": asked}
    status, words = required(tmp_path, script, **environment)
    assert status
    assert f"nvcc 12.4 does not compile for the CUDA architecture {architecture}" in words
    assert "It knows 75, 90" in words


@pytest.mark.parametrize("host", ["", "g++-14"])
def test_a_host_compiler_that_does_not_go_with_it(tmp_path, host):
    says = "host_config.h:132:2: error: unsupported GNU version! later than 12 are not supported!"
    nvcc = compiler(tmp_path / "nvcc", says=says, status=1)
    status, words = required(tmp_path, CUDACXX=str(nvcc), CUDAHOSTCXX=host)
    assert status
    named = host or "c++ of this system"
    assert f"nvcc 12.4 does not compile C++20 together with the host compiler {named}" in words
    assert "error: unsupported GNU version!" in words
    assert "CUDAHOSTCXX names another one" in words
