"""A slow interpreter of recipes, which the core is tested against.

It is written from the definitions in `docs/semantics.md`, in NumPy and SciPy and in double, image
by image and operation by operation, and shares no code with the core or with what prepares its
plans. It knows operations by the names of their classes, and reads their public attributes only.
"""

from batchwarp._reference.run import run

__all__ = ["run"]
