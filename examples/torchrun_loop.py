"""
Several processes of PyTorch
============================

They train one model, each on its part of every batch, without Ray.

`torchrun --standalone --nproc_per_node 2 torchrun_loop.py` starts two on this machine; without
`--standalone` and with `--nnodes`, more on others.
"""

import numpy as np
import torch
import torch.distributed

from batchwarp import ImageDataGenerator
from batchwarp.torch import IterableDataset

on_cards = torch.cuda.is_available()
torch.distributed.init_process_group("nccl" if on_cards else "gloo")
rank, workers = torch.distributed.get_rank(), torch.distributed.get_world_size()
device = torch.device("cuda", rank % torch.cuda.device_count()) if on_cards else torch.device("cpu")

# %%
# Put your own images here: on a disk that all machines have, or copied to each of them.
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (960, 32, 32, 3), dtype=np.uint8)
y = rng.integers(0, 3, 960)
for channel in range(3):
    x[y == channel, 8:24, 8:24, channel] += 100

# %%
# `batch_size` is that of a process; with its part of each batch, `shard="auto"` needs no
# DistributedSampler, and what all get together does not depend on how many they are.
datagen = ImageDataGenerator(
    rotation_range=20, horizontal_flip=True, rescale=1 / 255, draws="keyed"
)
flow = datagen.flow(x, y, batch_size=48 // workers, seed=1, shard="auto", prefetch=2)
batches = IterableDataset(flow)  # each iteration is the next pass

# %%
# Gradients are the mean of those of all processes.
torch.manual_seed(1)
model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 3, stride=2),
    torch.nn.ReLU(),
    torch.nn.AdaptiveAvgPool2d(1),
    torch.nn.Flatten(),
    torch.nn.Linear(8, 3),
).to(device)
model = torch.nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.Adam(model.parameters(), 0.02)

for epoch in range(4):
    right = torch.zeros((), device=device)
    for images, labels in batches:
        outputs = model(images.to(device))
        targets = labels.to(device)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(outputs, targets).backward()
        optimizer.step()
        right += (outputs.argmax(1) == targets).sum()
    torch.distributed.all_reduce(right)
    if rank == 0:
        print(f"epoch {epoch + 1}, {workers} processes: accuracy: {float(right) / len(x):.3f}")
torch.distributed.destroy_process_group()
