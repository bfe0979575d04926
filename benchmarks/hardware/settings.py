"""What the parts of a run have in common: where things are, and how much is asked for."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

# As in `batchwarp.training.data.datasets`, which cannot be imported before the package is built.
DATA_VARIABLE = "BATCHWARP_DATA"
EMULATION_VARIABLE = "BATCHWARP_CUDA_EMULATION"
ROOT = Path(__file__).resolve().parents[2]  # of the checkout


@dataclass(frozen=True)
class Settings:
    """What a run is asked for.

    Attributes:
        work: folder of the build tree, of what is built, and of scratch.
        carried: folder that `carry` has filled, or None.
        backend: Keras' backend; empty: the first one that sees a card.
        dry_run: whether to do little, without building and without a card.
    """

    work: str
    carried: str | None = None
    backend: str = ""
    dry_run: bool = False

    @property
    def site(self) -> Path:
        """Where packages are installed that this run needs; before the machine's own."""
        return Path(self.work, "site")

    @property
    def tree(self) -> Path:
        """CMake's build tree."""
        return Path(self.work, "tree")

    @property
    def rates(self) -> Path:
        """What the card does in a second, measured."""
        return Path(self.work, "rates.json")

    def save(self) -> Path:
        """Writes them for the processes of the checks; returns the file."""
        path = Path(self.work, "settings.json")
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Reads what `save` has written."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def environment(settings: Settings) -> dict[str, str]:
    """Returns the environment of the processes that a run starts."""
    before = [] if settings.dry_run else [str(settings.site)]
    after = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    found = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*before, str(ROOT), *after]),
        "PYTHONUNBUFFERED": "1",
        "MPLBACKEND": "Agg",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Frameworks and batchwarp share a card, so none may take all of its memory.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    if settings.carried and (data := Path(settings.carried, "data")).is_dir():
        found.setdefault(DATA_VARIABLE, str(data.resolve()))
    return found
