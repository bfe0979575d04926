"""What the caches of a flow may take together."""

from __future__ import annotations

__all__ = ["Budget"]


class Budget:
    """A number of bytes that several caches divide, so that each has room for as many samples.

    Args:
        limit: Integer of at least 1, bytes; `None` for no bound.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._claimed = 0.0

    def claim(self, size: float) -> None:
        """Counts a cache in, before it keeps anything.

        Args:
            size: Bytes that a sample takes in it.

        Raises:
            ValueError: If not even one sample has room in all caches that were counted in so far.
        """
        self._claimed += size
        if self.limit is not None and self._claimed > self.limit:
            raise ValueError(
                "`cache_limit` should have room for one sample at least, which takes "
                f"{self._claimed:,.0f} bytes. Received: {self.limit:,} bytes"
            )

    def share(self, size: float) -> int | None:
        """Returns how many bytes a cache may take.

        Args:
            size: What it has claimed.
        """
        if self.limit is None:
            return None
        return int(self.limit * size / self._claimed)
