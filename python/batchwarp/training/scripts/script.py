"""What a training script is to the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from batchwarp.training.run.workers import run_in_workers

__all__ = ["Script"]


@dataclass(frozen=True)
class Script:
    """A training script, as the command line sees it.

    Attributes:
        name: Its name on the command line.
        summary: What it does, in a line.
        add_arguments: Adds its options to a parser.
        run: Does it, with the parsed options.
        description: What it does, for somebody who has never trained a network.
        example: A command to begin with.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]
    description: str = ""
    example: str = ""

    def start(self, options: argparse.Namespace) -> None:
        """Does it, and lets other runs into the folder of its results when it has ended.

        With `--workers`, Ray does it in as many processes.

        Args:
            options: Parsed options.
        """
        if options.workers is not None:
            run_in_workers(self.run, options)
            return
        try:
            self.run(options)
        finally:
            if hasattr(options, "claim"):
                options.claim.release()
