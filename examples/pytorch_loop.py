"""
A loop of PyTorch
=================

A thread makes the next batches while the model works on this one.

`DataLoader(IterableDataset(flow), batch_size=None, num_workers=2)` yields the same batches; with a
`preprocessing_function` in Python that takes long, worker processes are worth their start.
"""

import numpy as np
import torch

from batchwarp import ImageDataGenerator
from batchwarp.torch import IterableDataset

# %%
# Put your own images here: (n, height, width, channels), uint8 or float.
rng = np.random.default_rng(0)
x = rng.integers(0, 120, (1000, 32, 32, 3), dtype=np.uint8)
y = rng.integers(0, 3, 1000)
for channel in range(3):
    x[y == channel, 8:24, 8:24, channel] += 100

# %%
# No DataLoader, no worker processes: the core uses all processors, and does not hold the GIL.
datagen = ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255)
flow = datagen.flow(x, y, batch_size=50, seed=1, prefetch=4)
batches = IterableDataset(flow, pin_memory=True)  # each iteration is the next pass

# %%
# Batches are `(n, channels, height, width)`, in the memory of a batch that is channels last.
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)  # the same weights to start with in each run
model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 3, stride=2),
    torch.nn.ReLU(),
    torch.nn.AdaptiveAvgPool2d(1),
    torch.nn.Flatten(),
    torch.nn.Linear(8, 3),
).to(device)
optimizer = torch.optim.Adam(model.parameters(), 0.02)

for epoch in range(4):
    right = 0
    for images, labels in batches:
        inputs = images.to(device, non_blocking=True)
        targets = labels.to(device, non_blocking=True)
        outputs = model(inputs)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(outputs, targets).backward()
        optimizer.step()
        right += int((outputs.argmax(1) == targets).sum())
    print(f"epoch {epoch + 1}: accuracy {right / len(x):.3f}")
