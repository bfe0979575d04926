"""Which pass over its samples an iterator is in, whoever asks for which batch."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Pass"]


class Pass(NamedTuple):
    """A pass over the batches of an iterator, as far as it has got.

    It ends when each position has been asked for, in whatever order and however often. So it does
    not matter whether batches are taken by `next`, at positions or ahead of time, and a position
    that is read twice, as Keras reads the first two before it trains, counts once.

    Attributes:
        number: Integer, how many passes have ended before; keyed draws take it for the epoch.
        asked: Integer, whose bits are the positions that have been asked for.
        used: Integer, how many samples of the pass were used with batches of another size, or by
            another number of processes; its batches are those of the rest, at the last positions.
    """

    number: int = 0
    asked: int = 0
    used: int = 0

    def ask(self, position: int, length: int) -> Pass:
        """Returns the pass with one more position, of the next pass if this one is over.

        Args:
            position: Integer, the position.
            length: Integer, how many there are.
        """
        number = self.over(length)
        if number != self.number:
            return Pass(number, 1 << position)
        return Pass(number, self.asked | 1 << position, self.used)

    def ask_all(self, length: int) -> Pass:
        """Returns the pass at its end, the next one if this one is over already.

        Args:
            length: Integer, how many positions there are.
        """
        return Pass(self.over(length), (1 << length) - 1)

    def over(self, length: int) -> int:
        """Returns how many passes have ended, this one included if it has.

        Args:
            length: Integer, how many positions there are.
        """
        return self.number + (self.asked.bit_count() >= length)

    def first(self, length: int) -> int:
        """Returns how many positions have been asked for, if those are the first ones; else -1.

        Args:
            length: Integer, how many positions there are.
        """
        count = min(self.asked.bit_count(), length)
        return count if self.asked == (1 << count) - 1 else -1
