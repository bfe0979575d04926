"""Masks that are painted from outlines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.annotations.annotations import Annotations
from batchwarp.annotations.outlines import Outline, run_lengths

__all__ = ["MaskPainter"]

_KINDS = ("classes", "instances")

_SOME = 256


class MaskPainter:
    """Paints the masks of images as they are asked for.

    Where objects overlap, the one of fewer pixels is on top, so that what stands before something
    large is seen; crowds are below all objects.

    Args:
        annotations: With `shapes`.
        kind: `"classes"`: 0 for the background, and one more than the label elsewhere, crowds
            included; or `"instances"`: 1, 2, … in the order of the image's boxes, 0 elsewhere.

    Attributes:
        dtype: The smallest unsigned one that holds all values.

    Raises:
        ValueError: If `kind` is something else.
        ImportError: If there are polygons, and pycocotools is not installed, which fills them.
    """

    def __init__(self, annotations: Annotations, kind: str) -> None:
        if kind not in _KINDS:
            raise ValueError(
                f"`masks` should be {' or '.join(map(repr, _KINDS))}. Received: {kind!r}"
            )
        assert annotations.shapes is not None
        if any(isinstance(one.outline, list) for some in annotations.shapes for one in some):
            _filling()
        self._sizes = annotations.sizes
        self._shapes = annotations.shapes
        self._paints_classes = kind == "classes"
        self._kind = kind
        most = len(annotations.class_names) if self._paints_classes else annotations.boxes.room
        self.dtype = np.dtype(np.min_scalar_type(most))

    @property
    def outlines(self) -> list[Any]:
        """What is painted, and how: of some images, if there are many, to tell data sets apart."""
        count = len(self._shapes)
        some = np.linspace(0, count - 1, min(count, _SOME), dtype=np.int64)
        return [self._kind, [self._shapes[number] for number in some.tolist()]]

    def read(self, sample: int, size: tuple[int, int] | None = None) -> NDArray[Any]:
        """Returns the mask of an image, in the size of its file.

        Args:
            sample: Integer, which of the annotations' images it is.
            size: Tuple of the file's height and width, if the annotations have no `sizes`.

        Returns:
            Array `(height, width)` of `dtype`.
        """
        is_in_parts = self._sizes is None
        if self._sizes is not None:
            size = int(self._sizes[sample][0]), int(self._sizes[sample][1])
        assert size is not None
        height, width = size
        shapes = [shape for shape in self._shapes[sample] if self._paints_classes or shape.instance]
        outlines = [shape.outline for shape in shapes]
        if is_in_parts:
            outlines = [_in_pixels(one, height, width) for one in outlines]
        filled = [_runs(one, height, width) for one in outlines]
        areas = [int(runs[1::2].sum()) for runs in filled]
        mask = np.zeros(width * height, self.dtype)  # column by column, as runs go
        # Crowds first, then the largest.
        for at in sorted(range(len(shapes)), key=lambda at: (shapes[at].instance > 0, -areas[at])):
            runs, shape = filled[at], shapes[at]
            inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
            mask[inside] = shape.label + 1 if self._paints_classes else shape.instance
        return np.ascontiguousarray(mask.reshape(width, height).T)


def _in_pixels(outline: Outline, height: int, width: int) -> Outline:
    """Returns polygons of parts of a size in pixels, without what reaches out of it."""
    assert isinstance(outline, list)
    return [np.clip(one, 0, 1) * np.resize((width, height), one.shape) for one in outline]


def _runs(outline: Outline, height: int, width: int) -> NDArray[np.int64]:
    """Returns the run lengths of an outline, of all its polygons together."""
    if not isinstance(outline, list):
        return outline
    filling = _filling()
    parts = filling.frPyObjects([one.tolist() for one in outline], height, width)
    # Its `decode` warns for each mask since NumPy 2, and warnings are no business of threads.
    return np.array(run_lengths(filling.merge(parts)["counts"].decode()), np.int64)


def _filling() -> Any:
    """Returns pycocotools' module for masks.

    Raises:
        ImportError: If there is none.
    """
    try:
        from pycocotools import mask
    except ImportError as error:
        raise ImportError(
            f"`masks` of polygons need pycocotools, which cannot be imported ({error}); install it "
            "with: pip install 'batchwarp[coco]'"
        ) from error
    return mask
