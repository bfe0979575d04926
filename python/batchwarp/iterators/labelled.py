"""The labels and weights of batches, by what `class_mode` says that labels are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.iterators.images import ImageIterator


class LabelledIterator(ImageIterator):
    """Base class of iterators whose samples have labels by a class mode.

    Subclasses set the attributes below, and `labels` unless the class mode wants none.
    """

    class_mode: str | None
    class_indices: dict[Any, int]

    @property
    def labels(self) -> Any:
        """Class labels of every sample."""
        raise self._lacks("labels")

    @property
    def sample_weight(self) -> NDArray[Any] | None:
        """Weights of the samples, or `None`."""
        return None

    def _with_others(
        self,
        batch_x: NDArray[Any],
        index_array: NDArray[np.int64],
        targets: Mapping[str, Any],
    ) -> Any:
        batch_y: Any
        if self.class_mode is None:
            batch_y = None
        elif self.class_mode == "input":
            batch_y = batch_x.copy()
        elif self.class_mode == "multi_output":
            batch_y = [output[index_array] for output in self.labels]
        elif self.class_mode == "raw":
            batch_y = self.labels[index_array]
        else:
            batch_y = self._class_labels(index_array)
        batch_y = self._outputs(batch_y, targets)
        if batch_y is None:
            return batch_x
        weights = self.sample_weight
        if weights is None:
            return batch_x, batch_y
        return batch_x, batch_y, weights[index_array]

    def _to_be_mixed(self, index_array: NDArray[np.int64]) -> tuple[Any, NDArray[Any] | None]:
        """Returns labels and weights; see the base class."""
        labels: Any
        if self.class_mode in ("binary", "sparse"):
            labels = np.array([self.labels[index] for index in index_array], np.int64)
        elif self.class_mode == "categorical":
            labels = self._class_labels(index_array)
        elif self.class_mode is None and self._target_names:
            labels = None
        elif self.class_mode == "raw":
            labels = _weights_of_classes(self.labels[index_array])
        else:
            raise ValueError(
                '`class_mode` should be "categorical" where images are mixed with others; "binary" '
                'and "sparse" with `num_classes`, or "raw" with weights of classes. '
                f"Received: {self.class_mode!r}"
            )
        weights = self.sample_weight
        return labels, None if weights is None else weights[index_array]

    def _class_labels(self, index_array: NDArray[np.int64]) -> NDArray[Any]:
        numbers = self.labels
        # In one step, not one by one, which is as long as all else of a batch in Python.
        of_one_class = isinstance(numbers, np.ndarray) and numbers.ndim == 1
        classes = (
            numbers.take(index_array) if of_one_class else [numbers[one] for one in index_array]
        )
        if self.class_mode != "categorical":
            return np.asarray(classes, self._numpy_dtype)
        labels = np.zeros((len(classes), len(self.class_indices)), self._numpy_dtype)
        for row, label in zip(labels, classes, strict=True):
            row[label] = 1
        return labels

    @property
    def class_weights_(self) -> dict[int, float]:
        """Weights for the `class_weight` of `fit` that make up for classes of different sizes.

        The weight of a class is `n / (classes * n_class)`, as scikit-learn's "balanced" weights.

        Raises:
            ValueError: If samples have no class, or several.
        """
        if self.class_mode not in ("binary", "categorical", "sparse"):
            raise ValueError(
                '`class_weights_` needs `class_mode` "binary", "categorical" or "sparse". '
                f"It is: {self.class_mode!r}"
            )
        classes = list(self.labels)
        if any(np.ndim(label) for label in classes):
            raise ValueError("`class_weights_` needs samples of one class each")
        counts = np.bincount(np.asarray(classes, np.int64), minlength=len(self.class_indices))
        present = np.count_nonzero(counts)
        return {
            number: len(classes) / (present * int(count))
            for number, count in enumerate(counts)
            if count
        }


def _weights_of_classes(values: Any) -> NDArray[Any]:
    """Returns raw values of a dataframe, if they can be mixed."""
    array = np.asarray(values)
    if array.ndim == 2 and array.dtype.kind in "biuf" and ((array < 0) | (array > 1)).any():
        raise ValueError(
            "`y_col` should name columns of numbers from 0 to 1, weights of classes, where images "
            f"are mixed with others. Received numbers from {array.min()} to {array.max()}"
        )
    return array
