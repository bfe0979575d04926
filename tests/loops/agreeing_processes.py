"""One of several processes that train together; a program, started by `test_agreement.py`.

It makes flows, a part each, some of which are others than in the other processes, and writes to a
file what has become of them: for each the error, or nothing.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np

import batchwarp.torch  # flows are made without Keras, whose import takes seconds
from batchwarp import ImageDataGenerator

library, where, rank, count = *sys.argv[1:3], *map(int, sys.argv[3:5])
X = np.random.default_rng(0).integers(0, 256, (12, 6, 5, 3), dtype=np.uint8)


def flow(seed=5, rotation_range=30, reverse=False, **options):
    made = ImageDataGenerator(rotation_range=rotation_range, draws="keyed")
    images = X[::-1] if reverse else X
    return made.flow(images, **{"batch_size": 3, "seed": seed, "shard": "auto"} | options)


def in_workers(made):
    from torch.utils.data import DataLoader

    dataset = batchwarp.torch.IterableDataset(made)
    return list(DataLoader(dataset, batch_size=None, num_workers=2))


def outcome(read=next, **options):
    try:
        read(flow(**options))
    except ValueError as error:
        return str(error)
    return None


def outcomes():
    last = rank == count - 1
    if rank == 0:
        yield "alone", outcome(seed=9)  # nobody else comes here, and nobody waits
    yield "alike", outcome()
    yield "seed", outcome(seed=6 if last else 5)
    yield "settings", outcome(rotation_range=20 if last else 30)
    yield "images", outcome(reverse=last)
    yield "ahead", outcome(prefetch=2, seed=6 if last else 5)
    yield "shard", outcome(shard=(0, count))
    if library == "torch":
        yield "workers", outcome(in_workers)
        yield "workers' seed", outcome(in_workers, seed=6 if last else 5)


if library == "torch":
    import torch.distributed as dist

    warnings.filterwarnings("ignore", "This DataLoader will create")
    dist.init_process_group("gloo", where, rank=rank, world_size=count)
else:
    import jax

    jax.distributed.initialize(where, count, rank)
    assert jax.process_count() == count
Path(sys.argv[5]).write_text(json.dumps(dict(outcomes())))
if library == "torch":
    dist.barrier()  # the first one has the store
    dist.destroy_process_group()
else:
    jax.distributed.shutdown()
