"""What CI says of wheels that lack something, or have too much."""

from __future__ import annotations

import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "check_wheel"
pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="source distributions come without it")

NAME = "batchwarp-1.0-cp311-cp311-macosx_11_0_arm64.whl"
FILES = [
    "batchwarp/__init__.py",
    "batchwarp/py.typed",
    "batchwarp/_core.pyi",
    "batchwarp/_core.cpython-311-darwin.so",
    "batchwarp/benchmarks/kernels.py",
    "batchwarp-1.0.dist-info/licenses/LICENSE",
    "batchwarp-1.0.dist-info/licenses/cpp/third_party/libjpeg-turbo/README.ijg",
]


@pytest.fixture(scope="module")
def script():
    loader = SourceFileLoader("check_wheel", str(SCRIPT))
    module = module_from_spec(spec_from_loader("check_wheel", loader))
    loader.exec_module(module)
    return module


def wheel(folder, names, size=0):
    path = folder / NAME
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, bytes(size))
    return path


def test_a_whole_wheel(script, tmp_path):
    assert script.check(wheel(tmp_path, FILES)) == []


@pytest.mark.parametrize("missing", FILES)
def test_a_wheel_that_lacks_a_file(script, tmp_path, missing):
    problems = script.check(wheel(tmp_path, [name for name in FILES if name != missing]))
    assert len(problems) == 1
    assert problems[0].startswith(f"{NAME} has no ")


@pytest.mark.parametrize(
    "name", ["tests/test_smoke.py", "batchwarp/plan.cpp", "batchwarp/benchmarks/results/a.json"]
)
def test_a_wheel_with_more_than_the_package(script, tmp_path, name):
    assert script.check(wheel(tmp_path, [*FILES, name])) == [f"{NAME} has {name}"]


def test_a_wheel_that_is_too_large(script, tmp_path):
    (problem,) = script.check(wheel(tmp_path, FILES, size=800_000))
    assert "more than 5,000,000" in problem


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        (["1 T PyInit__core", "2 R std::piecewise_construct", "3 V typeinfo for a"], []),
        (["1 T PyInit__core", "2 T batchwarp::warp(int)"], ["batchwarp::warp(int)"]),
    ],
)
def test_exports(script, monkeypatch, symbols, expected):
    monkeypatch.setattr(script, "_lines", lambda *_: symbols)
    assert script.exported(Path("core.so")) == ["PyInit__core", *expected]


def test_a_newer_c_library_than_the_name_says(script, monkeypatch):
    answers = {
        "-DC": ["1 T PyInit__core"],
        "-d": [" (NEEDED) Shared library: [libc.so.6]", " (NEEDED) Shared library: [libjpeg.so.8]"],
        "-D": ["U a@GLIBC_2.9", "U b@GLIBC_2.32", "U c@GLIBCXX_3.4.30"],
        "-lW": ["  GNU_STACK 0x0 0x0 0x0 0x0 0x0 RW  0x10"],
    }
    monkeypatch.setattr(script, "_lines", lambda *command: answers[command[1]])
    name = "batchwarp-1.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
    problems = script.core(Path("core.so"), name)
    assert problems == [
        "needs libjpeg.so.8",
        "needs a newer C library than its name says: (2, 32)",
    ]
    answers["-lW"] = ["  GNU_STACK 0x0 0x0 0x0 0x0 0x0 RWE 0x10"]
    answers["-d"] = answers["-d"][:1]
    assert script.core(Path("core.so"), NAME) == ["has an executable stack"]


SHOWN = """
batchwarp-1.0-x.whl is consistent with the
following platform tag: "{}".

The wheel references external versioned symbols
"""


@pytest.mark.parametrize(
    ("tag", "name", "problem"),
    [
        ("manylinux_2_35_x86_64", "linux_x86_64", None),
        ("manylinux_2_27_x86_64", "manylinux_2_27_x86_64.manylinux_2_28_x86_64", None),
        ("manylinux_2_5_x86_64", "manylinux_2_27_x86_64", None),
        ("musllinux_1_2_aarch64", "musllinux_1_2_aarch64", None),
        ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64.manylinux_2_28_x86_64", "another policy"),
        ("manylinux_2_17_x86_64", "musllinux_1_2_x86_64", "another policy"),
        ("linux_x86_64", "linux_x86_64", "has no policy"),
    ],
)
def test_policies(script, monkeypatch, tag, name, problem):
    monkeypatch.setattr(script, "shown", lambda _: SHOWN.format(tag))
    problems = script.policy(Path(f"batchwarp-1.0-cp311-cp311-{name}.whl"))
    assert bool(problems) == bool(problem)
    assert not problem or problem in problems[0]


def test_a_wheel_that_auditwheel_cannot_show(script, tmp_path):
    path = tmp_path / NAME.replace("macosx_11_0_arm64", "linux_x86_64")
    path.write_bytes(b"no wheel")
    (problem,) = script.policy(path)
    assert problem.startswith("cannot be shown by auditwheel: ")
