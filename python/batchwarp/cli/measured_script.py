"""A script of the user's, run with a meter at what it trains with."""

from __future__ import annotations

import inspect
import runpy
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batchwarp import _phases
from batchwarp._words import counted
from batchwarp.callbacks import InputMeter
from batchwarp.console.errors import UsageError
from batchwarp.console.frameworks import load_keras
from batchwarp.doctor import examine, read

__all__ = ["measure_script"]

_OF_KERAS = ("keras", "tensorflow")


class _Enough(BaseException):
    """Ends the script; nothing of the script's catches it, but what catches everything."""


class _Counted(InputMeter):
    """A meter of `fit` that ends the script.

    Args:
        steps: Integer, how many steps are enough, beside the first one.
        **files: As of `InputMeter`.
    """

    def __init__(self, steps: int, **files: Any) -> None:
        super().__init__(verbose=False, **files)
        self._left = steps + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Ends a step, and perhaps the script."""
        super().on_train_batch_end(batch, logs)
        self._left -= 1
        if self._left <= 0:
            raise _Enough


class _Limit(_phases.Recorder):
    """Ends a script whose own loop has asked flows for enough batches.

    Args:
        steps: Integer, how many.

    Attributes:
        fitting: Boolean, whether Keras asks.
    """

    def __init__(self, steps: int) -> None:
        self.fitting = False
        self._left = steps + 1
        self._thread = threading.get_ident()

    def asking(self, source: object) -> None:  # noqa: ARG002 - of all flows
        """Counts, in the thread of the script."""
        if not self.fitting and threading.get_ident() == self._thread:
            self._left -= 1
            if self._left < 0:
                raise _Enough


def measure_script(path: Path, steps: int, meter: InputMeter, files: dict[str, Any]) -> str:
    """Runs a script and returns what its steps wait for.

    Every `fit` of a Keras model gets a meter. If it calls none, steps are those of its own loop
    over flows of batchwarp. Neither sees what other processes do.

    Args:
        path: The script.
        steps: Integer, after how many measured steps it is ended.
        meter: For a loop of the script's own.
        files: Dictionary, the files of `InputMeter`.

    Returns:
        String, one line.

    Raises:
        UsageError: If the script ends with an error, or no step could be measured.
    """
    fits: list[_Counted] = []
    limit = _Limit(steps)
    _keras_if_named(path)
    with meter, _metered_fit(fits, steps, files, limit):
        _phases.record(limit, waits=True)
        try:
            _run(path)
        finally:
            _phases.stop(limit)
    if fits:
        found: InputMeter = max(fits, key=lambda one: one.figures.steps)
        found.write()  # over what others have left
        what = f"`fit` ({len(fits)} in all, the longest one)" if len(fits) > 1 else "`fit`"
    else:
        found, what = meter, "its own loop over a flow"
    if not found.figures.steps:
        raise UsageError(
            f"{path}: no step could be measured: it calls no `fit` of Keras, and asks no flow of "
            "batchwarp for batches in its main thread, or for one batch only"
        )
    said = f"{what}, {counted(found.figures.steps, 'step')}: {found.verdict}"
    if not found.figures.batches and _makes_them_by_keras(path):
        said += f". Keras' own generator is in it: `batchwarp doctor {path}` shows how to swap it"
    return said


def _makes_them_by_keras(path: Path) -> bool:
    return any(finding.kind == "import" for finding in examine(read(path)).findings)


def _keras_if_named(path: Path) -> None:
    """Imports Keras before a script does that names it, so that its `fit` can be metered."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if any(name in text for name in _OF_KERAS):
        load_keras()


@contextmanager
def _metered_fit(
    fits: list[_Counted], steps: int, files: dict[str, Any], limit: _Limit
) -> Iterator[None]:
    """Gives every `fit` of a Keras model a meter, within the block."""
    keras = sys.modules.get("keras")
    if keras is None:
        yield
        return
    model: Any = keras.Model
    original = model.fit
    signature = inspect.signature(original)

    def fit(self: Any, *arguments: Any, **named: Any) -> Any:
        bound = signature.bind(self, *arguments, **named)
        given = bound.arguments.get("callbacks") or []
        if not isinstance(given, (list, tuple)):
            if hasattr(given, "append"):  # a `CallbackList`, which is the script's
                raise UsageError(
                    "`fit` should be called with a list of callbacks, to be measured. Received: "
                    f"{type(given).__name__}"
                )
            given = [given]
        mine = _Counted(steps, **files)
        fits.append(mine)
        bound.arguments["callbacks"] = [*given, mine]
        limit.fitting = True
        try:
            return original(*bound.args, **bound.kwargs)
        except _Enough:
            mine.on_epoch_end(len(mine.epochs))
            mine.on_train_end()
            raise
        finally:
            limit.fitting = False

    own = vars(model).get("fit")
    model.fit = fit
    try:
        yield
    finally:
        if own is None:
            del model.fit
        else:
            model.fit = own


def _run(path: Path) -> None:
    """Runs a script as Python does, until it ends or enough is known."""
    arguments, sys.argv = sys.argv, [str(path)]
    sys.path.insert(0, str(path.absolute().parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    except _Enough:
        pass
    except SystemExit as error:
        if error.code not in (None, 0):
            raise UsageError(f"{path}: ended with {error.code!r}") from error
    except (KeyboardInterrupt, UsageError):
        raise
    except Exception as error:
        raise UsageError(f"{path}: {type(error).__name__}: {error}") from error
    finally:
        sys.argv = arguments
        sys.path.remove(str(path.absolute().parent))
