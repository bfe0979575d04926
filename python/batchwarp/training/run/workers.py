"""Training in several processes, on one machine or many: `--workers`, with Ray and Keras on JAX."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import io
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batchwarp import ray as batchwarp_ray
from batchwarp.console.errors import UsageError
from batchwarp.console.frameworks import load_keras
from batchwarp.training.results.names import FILES, RECORD_FILE
from batchwarp.training.run.claim import Claim

__all__ = ["run_in_workers"]

_REPLACED = 3  # so many times workers are started anew after one has died
_OBJECT_STORE = 200_000_000  # bytes, on this machine; workers send each other nothing by it
_FOLDER, _BEGUN_FILE, _ERROR_FILE = ".workers", "begun", "error"


def run_in_workers(run: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> None:
    """Runs a script in several processes, the first of which writes the results.

    If one of them dies, all are started anew and go on after the last epoch that is complete.

    Args:
        run: What a script does, with the parsed options.
        options: Parsed options, with `workers`.

    Raises:
        UsageError: If Ray or JAX is missing, options do not go together, or the script raises it.
    """
    _check(options)
    ray = _import("ray")
    train, jax = _import("ray.train"), _import("ray.train.v2.jax")
    Claim(options.out).release()  # what is wrong with the folder is said now
    made = not options.out.exists()
    folder = (options.out / _FOLDER).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    given = {
        name: value.absolute() if isinstance(value, Path) else value
        for name, value in vars(options).items()
        if name not in ("run", "claim")
    }
    try:
        processors = _start(ray, options.workers)
        on_cards = ray.cluster_resources().get("GPU", 0) >= options.workers
        if options.threads is None and processors is not None:
            given["threads"] = processors
        trainer = jax.JaxTrainer(
            _work,
            train_loop_config={"run": run, "options": given, "folder": str(folder)},
            scaling_config=train.ScalingConfig(num_workers=options.workers, use_gpu=on_cards),
            run_config=train.RunConfig(
                storage_path=str(folder),
                worker_runtime_env={"env_vars": _environment("cuda" if on_cards else "cpu")},
                failure_config=train.FailureConfig(max_failures=_REPLACED),
                logging_config=train.LoggingConfig(log_level="WARNING"),
            ),
        )
        trainer.fit()
        error = folder / _ERROR_FILE
        if error.exists():
            raise UsageError(error.read_text("utf-8"))
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
        if made and options.out.exists() and not any(options.out.iterdir()):
            options.out.rmdir()


def _check(options: argparse.Namespace) -> None:
    """Raises `UsageError` for what workers cannot do."""
    if options.generator == "keras":
        raise UsageError(
            "argument --workers: Keras' generator makes all of each batch, and none of its parts"
        )
    backend = os.environ.get("KERAS_BACKEND", "jax")
    if backend != "jax":
        raise UsageError(
            "argument --workers: KERAS_BACKEND should be jax, on which Keras trains in several "
            f"processes. Received: {backend}"
        )
    if importlib.util.find_spec("jax") is None:
        raise _missing("jax", "there is no module of that name")


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(name.partition(".")[0], error) from error


def _missing(package: str, reason: object) -> UsageError:
    return UsageError(
        f"argument --workers: {package} is needed and cannot be imported ({reason}); install it "
        "with: pip install 'batchwarp[ray]'"
    )


def _start(ray: Any, workers: int) -> int | None:
    """Joins Ray's cluster or starts one; returns the processors that each worker has here."""
    if os.environ.get("RAY_ADDRESS"):
        ray.init(logging_level="ERROR")
        return None
    processors = os.cpu_count() or 1
    ray.init(
        num_cpus=max(workers, processors),
        object_store_memory=_OBJECT_STORE,
        include_dashboard=False,
        logging_level="ERROR",
    )
    return max(1, processors // workers)


def _environment(platform: str) -> dict[str, str]:
    """Returns the variables of a worker's environment."""
    return {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": platform,
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
        "RAY_TRAIN_ENABLE_PRINT_PATCH": "0",  # it prints all twice, whatever stdout is
    }


def _work(settings: dict[str, Any]) -> None:
    """Runs the script in one of the workers."""
    from ray import train
    from ray.train.collective import barrier, broadcast_from_rank_zero

    options = argparse.Namespace(**settings["options"])
    folder = Path(settings["folder"])
    first = train.get_context().get_world_rank() == 0
    begun = folder / _BEGUN_FILE
    again = broadcast_from_rank_zero(begun.exists() if first else False)
    results = options.out
    options.resume = options.resume or (again and (results / RECORD_FILE).is_file())
    batchwarp_ray.start_jax()
    distribution = load_keras().distribution
    distribution.set_distribution(distribution.DataParallel(auto_shard_dataset=False))
    with contextlib.ExitStack() as stack:
        if not first:  # all do the same, but only the first one's results are kept
            options.out = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            for name in FILES if options.resume else ():
                if (results / name).is_file():
                    shutil.copy(results / name, options.out / name)
        barrier()  # what is there to go on with has been copied
        begun.touch()
        try:
            settings["run"](options)
        except UsageError as error:
            if first:
                (folder / _ERROR_FILE).write_text(str(error), "utf-8")
        finally:
            if hasattr(options, "claim"):
                options.claim.release()
