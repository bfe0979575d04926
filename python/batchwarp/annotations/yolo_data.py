"""What a `data.yaml` of Ultralytics says of labels: names of classes, keypoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from batchwarp.errors import AnnotationError
from batchwarp.files.decode import read_file

__all__ = ["YoloData", "one_keypoint_shape", "read_yolo_data"]

_NUMBERS = (2, 3)  # of a keypoint: x and y, or x, y and v


class YoloData(NamedTuple):
    """What is known of the lines of a data set.

    Attributes:
        class_names: Dictionary from classes to their names, or `None`.
        keypoint_shape: Tuple `(count, numbers)` of integers, how many keypoints each box has, and
            of how many numbers each is; `None` if there are none.
        keypoint_pairs: Tuple of pairs, which of them change places in a mirror, or `None`.
    """

    class_names: dict[int, str] | None = None
    keypoint_shape: tuple[int, int] | None = None
    keypoint_pairs: tuple[tuple[int, int], ...] | None = None


def read_yolo_data(path: str) -> YoloData:
    """Reads `names`, `kpt_shape` and `flip_idx` of a file in YAML; others are passed over.

    Args:
        path: String.

    Raises:
        AnnotationError: If it is no YAML, or one of these is not as it should be.
        ImportError: If PyYAML is not installed.
        OSError: If it cannot be read.
    """
    yaml = _yaml()
    data, _ = read_file(path)
    try:
        content = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise AnnotationError(path, f"is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise AnnotationError(path, f"should have entries as `names:`. It holds {content!r:.60}")
    try:
        shape = content.get("kpt_shape")
        shape = None if shape is None else one_keypoint_shape("kpt_shape", shape)
        return YoloData(
            _class_names(content.get("names")), shape, _pairs(content.get("flip_idx"), shape)
        )
    except ValueError as error:
        raise AnnotationError(path, str(error)) from error


def one_keypoint_shape(name: str, value: Any) -> tuple[int, int]:
    """Returns how many keypoints there are, and of how many numbers each is.

    Args:
        name: String, the argument's name for the error.
        value: Sequence of two integers, the first at least 1, the second 2 or 3.

    Raises:
        ValueError: If it is something else.
    """
    given = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(given) != 2 or any(type(one) is not int for one in given):
        given = (0, 0)
    if given[0] < 1 or given[1] not in _NUMBERS:
        raise ValueError(
            f"`{name}` should be two integers: how many keypoints a box has, and 2 or 3 for x and "
            f"y, or x, y and v. Received: {value!r}"
        )
    return given


def _class_names(value: Any) -> dict[int, str] | None:
    if value is None:
        return None
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping) or not all(type(key) is int and key >= 0 for key in value):
        raise ValueError(
            f"`names` should be a list, or entries of numbers from 0 on. Received: {value!r:.60}"
        )
    return {number: str(name) for number, name in value.items()}


def _pairs(value: Any, shape: tuple[int, int] | None) -> tuple[tuple[int, int], ...] | None:
    """Returns which keypoints change places, of a list of the one that takes each one's place."""
    if value is None or shape is None:
        return None
    count = shape[0]
    if (
        not isinstance(value, list)
        or not all(type(one) is int for one in value)
        or sorted(value) != list(range(count))
        or any(value[other] != one for one, other in enumerate(value))
    ):
        raise ValueError(
            f"`flip_idx` should be the {count} numbers from 0 to {count - 1}, two of which change "
            f"places or each stays. Received: {value!r:.60}"
        )
    return tuple((one, other) for one, other in enumerate(value) if one < other)


def _yaml() -> Any:
    """Returns PyYAML.

    Raises:
        ImportError: If there is none.
    """
    try:
        import yaml
    except ImportError as error:
        raise ImportError(
            f"`data` needs PyYAML, which cannot be imported ({error}); install it with: "
            "pip install 'batchwarp[yolo]'"
        ) from error
    return yaml
