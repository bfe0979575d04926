"""Words of messages.

What Keras says in the same place stays as Keras says it: "Found 1 images belonging to 1 classes."
"""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, one: str, many: str | None = None) -> str:
    """Returns a number and what there are so many of, "1 image" or "2 images" say.

    Args:
        count: Integer.
        one: String, the words for one of them.
        many: String, the words for more or none; `None` adds an s to those for one.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"
