"""The record of a run: what is in its folder, and how a later run takes it up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batchwarp.console.errors import UsageError
from batchwarp.console.files import remove_unfinished, replacing, unfinished, write_json
from batchwarp.console.frameworks import load_keras
from batchwarp.console.output import say
from batchwarp.training.results.names import (
    FILES,
    HISTORY_FILE,
    LAST_MODEL_FILE,
    MODEL_FILE,
    RECORD_FILE,
)

__all__ = ["Record"]

# Settings that a run may go on with when they have changed. What a recipe is, and not what it is
# called, is its augmentation.
_CHANGEABLE = frozenset(
    {"epochs", "threads", "generator", "versions", "processor", "cache", "recipe"}
)


class Record:
    """What a run keeps in its folder: `run.json`, `history.json` and models.

    Settings, results and the run's fate are in `run.json`, the values of each epoch in
    `history.json`; both are rewritten whenever something becomes known.

    Args:
        script: Name of the script.
        out: The folder, as the user has named it.
        settings: What the run is asked to do; names and values, representable in JSON.
        resume: Whether to go on with the run in the folder, instead of removing its files.

    Attributes:
        folder: The folder.
        script: Name of the script.
        settings: What the run is asked to do.
        results: What came out so far.
        history: Values of each epoch by name.
        state: What a later run needs to go on after the last epoch, besides the model.
        status: "running", "finished", "interrupted" or "failed".

    Raises:
        UsageError: If there is no such run in the folder to go on with.
        OSError: If the folder cannot be made or written to.
    """

    def __init__(
        self, script: str, out: Path, settings: Mapping[str, object], *, resume: bool
    ) -> None:
        self.folder = out.absolute()
        self.script = script
        self.settings = dict(settings)
        self.results: dict[str, object] = {}
        self.history: dict[str, list[float]] = {}
        self.state: dict[str, Any] = {}
        self.status = "running"
        if resume:
            self._take_up(out)
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in self.files():
                path.unlink()
        remove_unfinished(self.folder)
        self.write()

    @property
    def epochs(self) -> int:
        """Number of epochs that have been trained."""
        return len(self.history.get("loss", ()))

    @property
    def checkpoint(self) -> Path:
        """The file of the model after the last epoch."""
        last = self.path(LAST_MODEL_FILE)
        return last if last.is_file() else self.path(MODEL_FILE)

    @property
    def best_checkpoint(self) -> Path:
        """Where a callback saves the best model: not its file, which a kill would leave broken."""
        return unfinished(self.path(MODEL_FILE))

    def path(self, name: str) -> Path:
        """Returns the path of one of the run's files."""
        return self.folder / name

    def files(self) -> list[Path]:
        """Returns the files of a run that are there."""
        return [path for name in FILES if (path := self.path(name)).is_file()]

    def add(self, **results: object) -> None:
        """Adds results to `run.json`.

        Args:
            **results: Names and values, which must be representable in JSON.
        """
        self.results.update(results)
        self.write()

    def add_epoch(self, values: Mapping[str, float], state: Mapping[str, object]) -> None:
        """Keeps an epoch, whose model has been saved.

        Args:
            values: Its metrics and times.
            state: What a later run needs to go on, besides the model.
        """
        if self.best_checkpoint.is_file():
            self.best_checkpoint.replace(self.path(MODEL_FILE))
        for name, value in values.items():
            self.history.setdefault(name, []).append(float(value))
        # The history, here, too: what belongs together must be written together.
        self.state = {"history": self.history, **state}
        self.write()
        write_json(self.path(HISTORY_FILE), self.history)

    def write(self) -> None:
        """Writes `run.json`."""
        write_json(
            self.path(RECORD_FILE),
            {
                "script": self.script,
                "status": self.status,
                "settings": self.settings,
                "results": self.results,
                "state": self.state,
            },
        )

    def save_model(self, model: Any, name: str) -> None:
        """Saves a Keras model as one of the run's files."""
        with replacing(self.path(name)) as temporary:
            model.save(temporary)

    def load_model(self, path: Path) -> Any:
        """Loads a model that the run has saved.

        Raises:
            UsageError: If it cannot be loaded.
        """
        try:
            return load_keras().models.load_model(path)
        except (OSError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise UsageError(f"{path}: cannot be loaded as a Keras model ({reason})") from error

    def _take_up(self, out: Path) -> None:
        """Reads what an earlier run has left, to go on with it."""
        where = f"argument --resume: {out}"
        earlier = self._earlier(where)
        script = earlier["script"]
        if script != self.script:
            raise UsageError(f"{where}: its run is one of {script}, not of {self.script}")
        # As JSON has it: a tuple comes back as a list.
        wanted = json.loads(json.dumps(self.settings))
        settings = earlier["settings"]
        for name in wanted.keys() - _CHANGEABLE:
            if wanted[name] != settings.get(name):
                raise UsageError(
                    f"{where}: its run had {name} {settings.get(name)!r}, not {wanted[name]!r}"
                )
        if not earlier["history"]:
            say(f"No epoch of the run in {out} is complete: beginning anew")
            return
        if not self.checkpoint.is_file():
            raise UsageError(f"{where}: no run to go on with, there is no model")
        self.state, self.results = earlier["state"], earlier["results"]
        self.history = earlier["history"]
        # A run that was killed may have left the epochs before, and people edit what they can read.
        write_json(self.path(HISTORY_FILE), self.history)

    def _earlier(self, where: str) -> dict[str, Any]:
        """Returns what `run.json` has, checked as far as it is used."""
        try:
            earlier = json.loads(self.path(RECORD_FILE).read_text(encoding="utf-8"))
            state = dict(earlier["state"])
            return {
                "script": earlier["script"],
                "settings": dict(earlier["settings"]),
                "results": dict(earlier["results"]),
                "state": state,
                "history": _checked_history(state.get("history", {})),
            }
        except FileNotFoundError as error:
            raise UsageError(f"{where}: no run to go on with, there is no {RECORD_FILE}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{where}: {RECORD_FILE} is damaged") from error


def _checked_history(history: object) -> dict[str, list[float]]:
    """Returns the values of each epoch by name.

    Raises:
        TypeError: If it is anything else.
    """
    lists: list[Any] = list(history.values()) if isinstance(history, dict) else [None]
    if not isinstance(history, dict) or not all(
        isinstance(values, list)
        and len(values) == len(lists[0])
        and all(isinstance(value, (int, float)) for value in values)
        for values in lists
    ):
        raise TypeError("`history` must be lists of numbers of one length")
    return dict(history)
