"""Turns that two processes take, so that one of them measures while the other waits."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

# Elsewhere a process inherits no connection by its number.
POSSIBLE = os.name == "posix"
# The number of the connection that a process has inherited, and whether it begins: "5 first".
VARIABLE = "BATCHWARP_BENCHMARK_TURNS"


class Turns:
    """What a process does to work only while it has the turn.

    The turn is a message on a connection of which each of two processes holds one end. A process
    that ends, in whatever way, closes its end: the other one then has the turn for good.

    Args:
        connection: to the other process; None: there is none, and nothing waits.
        first: whether this process begins; otherwise it waits here for its first turn.
    """

    def __init__(self, connection: Connection | None = None, *, first: bool = True) -> None:
        self.shared = connection is not None
        self._connection = connection
        self._race = -1
        if connection is not None and not first:
            self._receive(connection)

    def start_race(self) -> None:
        """Counts the comparisons: rounds of the same number in the same race belong together."""
        self._race += 1

    def hand_over(self, number: int) -> None:
        """Returns when it is this process' turn again; called before each timed stretch.

        A process that is ahead hands the turn back at once: where only one revision has a
        contender, both still measure the same round of the same race at the same time.

        Args:
            number: of the round that the stretch belongs to.
        """
        place = (self._race, number)
        while self._connection is not None:
            try:
                self._connection.send(place)
            except OSError:
                self._connection = None
                return
            theirs = self._receive(self._connection)
            if theirs is None or place <= theirs:
                return

    def _receive(self, connection: Connection) -> tuple[int, int] | None:
        """Waits for the turn; returns what the other one measures next, or None if it ended."""
        try:
            place: tuple[int, int] = connection.recv()
        except (EOFError, OSError):
            self._connection = None
            return None
        return place


@cache
def turns() -> Turns:
    """Returns this process' turns; at the first call, it waits until it may begin."""
    told = os.environ.pop(VARIABLE, None)  # what this process starts is on its own
    if told is None:
        return Turns()
    descriptor, which = told.split()
    os.set_inheritable(int(descriptor), False)
    return Turns(Connection(int(descriptor)), first=which == "first")


class ProcessError(Exception):
    """A process that failed.

    Attributes:
        place: of its command in those that were run.
    """

    def __init__(self, place: int, status: int, errors: str) -> None:
        super().__init__(f"failed with status {status}:\n{errors[-4000:]}")
        self.place = place


def start_in_turns(
    first: Sequence[str], second: Sequence[str], folder: Path
) -> list[subprocess.Popen[str]]:
    """Starts two commands that take turns from their first call of `turns` on.

    Args:
        first: the one that begins.
        second: the other one.
        folder: what they run in.

    Returns:
        The processes; what they write to standard error can be read.
    """
    processes: list[subprocess.Popen[str]] = []
    ends = Pipe()
    try:
        for command, end, which in zip((first, second), ends, ("first", "second"), strict=True):
            number = end.fileno()
            processes.append(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    env={**os.environ, VARIABLE: f"{number} {which}"},
                    pass_fds=[number],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    encoding="utf-8",
                )
            )
    finally:
        # Nobody but the two may hold an end, or it would stay open when its process is gone.
        for end in ends:
            end.close()
    return processes


def run_in_turns(first: Sequence[str], second: Sequence[str], folder: Path) -> None:
    """Runs two commands that take turns; waits for both.

    Args:
        first: the one that begins.
        second: the other one.
        folder: what they run in.

    Raises:
        ProcessError: if one of them fails. The other one is ended: it would measure for nothing.
    """
    processes = start_in_turns(first, second, folder)

    def finish(place: int) -> None:
        _, errors = processes[place].communicate()
        if processes[place].returncode:
            raise ProcessError(place, processes[place].returncode, errors)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(finish, place) for place in range(2)]
        ended, others = wait(running, return_when=FIRST_EXCEPTION)
        if others:
            for process in processes:
                process.kill()
    for one in ended:
        one.result()
