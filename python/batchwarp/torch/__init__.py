"""Flows as data sets of PyTorch's, for `torch.utils.data.DataLoader`.

Importing this needs no PyTorch; making a data set does.
"""

from __future__ import annotations

from batchwarp.torch.datasets import Dataset, IterableDataset

__all__ = ["Dataset", "IterableDataset"]
