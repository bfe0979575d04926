"""Building the package for this machine's card, from the checkout and without the network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .about import cards, nvcc
from .findings import NotRunError, WrongError
from .process import tail
from .settings import ROOT
from .task import Task

WITHOUT_NETWORK = ("--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check")
# What is installed, and the programs that run on the card.
TARGETS = ("_core", "_cuda", "test_cuda", "cuda_rates")
MEASURES_INSTALLED = "a dry run measures what is installed"


def pip_install(task: Task, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Installs into the folder of this run.

    A folder and no virtual environment: one of those would see the packages of the interpreter
    that it is made of, and not those of the environment that the run was started in.

    Raises:
        WrongError: if pip fails, with the end of what it says.
    """
    command = [sys.executable, "-m", "pip", "install", *WITHOUT_NETWORK]
    command += ["--upgrade", "--target", str(task.settings.site), *arguments]
    code, text = task.run(command, environment=environment)
    if code:
        raise WrongError(f"pip ended with {code}:\n{tail(text)}")


def carried(task: Task) -> None:
    """Installs the wheels that came along."""
    if task.settings.dry_run:
        raise NotRunError(MEASURES_INSTALLED)
    if task.settings.carried is None:
        raise NotRunError("nothing came along (--carried)")
    wheels = sorted(str(path) for path in Path(task.settings.carried).glob("*.whl"))
    if not wheels:
        raise NotRunError(f"there is no wheel in {task.settings.carried}")
    pip_install(task, *wheels)
    for wheel in wheels:
        task.findings.note(f"installed {Path(wheel).name}")


def architecture(found: list[dict[str, str]]) -> str:
    """Returns what `CUDAARCHS` has to be for the first card alone."""
    capability = found[0].get("compute_cap", "") if found else ""
    return f"{capability.replace('.', '')}-real" if "." in capability else "native"


def package(task: Task) -> None:
    """Builds the package, its kernels and their tests; without kernels, if these do not compile."""
    if task.settings.dry_run:
        raise NotRunError(MEASURES_INSTALLED)
    compiler, found = nvcc(), cards()
    options = ["--no-build-isolation", str(ROOT)]
    if compiler is None or not found:
        lacks = "nvcc" if compiler is None else "a card"
        task.findings.missing("kernels", f"there is no {lacks}")
    else:
        only = architecture(found)
        task.findings.figure("architecture", only)
        with task.findings.part("kernels"):
            pip_install(
                task,
                *options,
                *_settings(
                    "cmake.define.BATCHWARP_CUDA=ON",
                    "cmake.define.BATCHWARP_BUILD_TESTS=ON",
                    "cmake.define.BATCHWARP_BUILD_BENCHMARKS=ON",
                    f"build.targets={';'.join(TARGETS)}",
                    f"build-dir={task.settings.tree}",
                ),
                environment={
                    "CUDAARCHS": only,
                    "CUDACXX": compiler[0],
                    "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1),
                },
            )
            return
    with task.findings.part("package without kernels"):
        pip_install(task, *options)


def _settings(*values: str) -> list[str]:
    """Returns settings of the build as options of pip."""
    return [word for value in values for word in ("-C", value)]


def measured(task: Task) -> None:
    """Takes down which package the other parts import."""
    import batchwarp
    from batchwarp import cuda, runtime

    where = Path(batchwarp.__file__).resolve()
    built = not task.settings.dry_run and task.settings.site.resolve() in where.parents
    task.findings.figures(
        {
            "version": batchwarp.__version__,
            "built by this run": built,
            "instruction set": runtime.simd_tier(),
            "threads": runtime.get_num_threads(),
            "build": runtime.build_config(),
            "no card": cuda.unavailable_reason(),
        }
    )
    if not built and not task.settings.dry_run:
        task.findings.note("Nothing was built: the package that was installed before is measured.")
