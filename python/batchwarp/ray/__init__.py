"""Many machines, with Ray: nodes that prepare data, and workers that train. Importing needs no Ray.

`Augment` is what `ray.data.Dataset.map_batches` calls. In a training function of Ray, flows with
`shard="auto"` make the worker's part of each batch; `start_jax` lets JAX know of all workers, and
`Report` keeps checkpoints, from which workers go on after one has died.
"""

from __future__ import annotations

from batchwarp.ray.augment import Augment
from batchwarp.ray.training import Report, start_jax

__all__ = ["Augment", "Report", "start_jax"]
