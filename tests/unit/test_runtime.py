"""Threads, instruction sets and how the core was built."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from batchwarp import _core, runtime


@pytest.fixture
def threads():
    """Restores the default number of threads."""
    yield
    runtime.set_num_threads(0)


def test_threads(threads):
    default = runtime.get_num_threads()
    assert default >= 1
    runtime.set_num_threads(3)
    assert runtime.get_num_threads() == 3
    runtime.set_num_threads(0)
    assert runtime.get_num_threads() == default


@pytest.mark.parametrize("n", [-1, -(2**31)])
def test_no_negative_number_of_threads(threads, n):
    before = runtime.get_num_threads()
    with pytest.raises(ValueError, match="n"):
        runtime.set_num_threads(n)
    assert runtime.get_num_threads() == before


def test_the_number_of_threads_is_an_integer(threads):
    with pytest.raises(TypeError):
        runtime.set_num_threads("two")


def in_environment(variable, value, code="import batchwarp"):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, variable: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BATCHWARP_NUM_THREADS", "none"),
        ("BATCHWARP_NUM_THREADS", "-2"),
        ("BATCHWARP_NUM_THREADS", "2x"),
        ("BATCHWARP_SIMD", "mmx"),
        ("BATCHWARP_JPEG", "libjpeg"),
    ],
)
def test_wrong_environment_variables_fail_on_import(variable, value):
    done = in_environment(variable, value)
    assert done.returncode != 0
    assert variable in done.stderr
    assert value in done.stderr


def test_threads_from_the_environment():
    code = "import batchwarp; print(batchwarp.runtime.get_num_threads())"
    done = in_environment("BATCHWARP_NUM_THREADS", "5", code)
    assert done.stdout.strip() == "5", done.stderr


def test_tiers():
    tiers = runtime.simd_tiers()
    assert runtime.simd_tier() in tiers
    assert set(tiers) <= {"baseline", "avx2", "avx512", "neon"}


@pytest.mark.parametrize("tier", runtime.simd_tiers())
def test_tiers_from_the_environment(tier):
    code = "import batchwarp; print(batchwarp.runtime.simd_tier())"
    done = in_environment("BATCHWARP_SIMD", tier, code)
    assert done.stdout.strip() == tier, done.stderr


def test_build_config():
    config = runtime.build_config()
    assert config["version"] == _core.__version__
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in config.items())
