"""
Several machines: Ray, PyTorch
==============================

Ray starts the workers, a plain loop of PyTorch trains, each makes its part of a batch.

`pip install 'batchwarp[ray]' torch`. On one machine as it stands; with a Ray cluster, `ray.init()`
joins it, and `STORAGE` has to be a folder or bucket that all of its machines see.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import ray
import torch
from ray import train
from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer, get_device, prepare_model

from batchwarp import ImageDataGenerator

WORKERS, EPOCHS = 2, 4
STORAGE = Path(sys.argv[1] if len(sys.argv) > 1 else "ray_results").absolute()


def train_on_a_worker(settings: dict[str, int]) -> None:
    """What each worker does; all of them do the same, but for their part of the batches."""
    # Put your own images here: on a disk that all machines have, or copied to each of them.
    rng = np.random.default_rng(0)
    x = rng.integers(0, 120, (960, 32, 32, 3), dtype=np.uint8)
    y = rng.integers(0, 3, 960)
    for channel in range(3):
        x[y == channel, 8:24, 8:24, channel] += 100
    generator = ImageDataGenerator(
        rotation_range=20, horizontal_flip=True, rescale=1 / 255, draws="keyed"
    )
    # `batch_size` is that of a worker; batches are those of one process with batch_size * workers.
    flow = generator.flow(x, y, batch_size=settings["batch_size"], seed=1, shard="auto", prefetch=2)

    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=2),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 3),
    )
    model = prepare_model(model)  # moves it to the device; gradients are the mean of all workers'
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    device, rank = get_device(), train.get_context().get_world_rank()

    first = 0
    checkpoint = train.get_checkpoint()
    if checkpoint is not None:  # a worker has died, and all have been started anew
        with checkpoint.as_directory() as folder:
            state = torch.load(Path(folder) / "state.pt", map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = flow.passes = state["epoch"]  # what follows is what would have followed

    for epoch in range(first, settings["epochs"]):
        right = torch.zeros((), device=device)
        for _ in range(len(flow)):  # as many batches for all workers
            images, labels = next(flow)
            inputs = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
            targets = torch.from_numpy(labels).to(device)
            outputs = model(inputs)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(outputs, targets).backward()
            optimizer.step()
            right += (outputs.argmax(1) == targets).sum()
        torch.distributed.all_reduce(right)
        metrics = {"epoch": epoch + 1, "accuracy": float(right) / len(x)}
        if rank:
            train.report(metrics)
            continue
        with tempfile.TemporaryDirectory() as folder:
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "epoch": epoch + 1,
            }
            torch.save(state, Path(folder) / "state.pt")
            train.report(metrics, checkpoint=train.Checkpoint.from_directory(folder))


if __name__ == "__main__":
    ray.init(include_dashboard=False)
    trainer = TorchTrainer(
        train_on_a_worker,
        train_loop_config={"batch_size": 48 // WORKERS, "epochs": EPOCHS},
        scaling_config=ScalingConfig(
            num_workers=WORKERS, use_gpu=ray.cluster_resources().get("GPU", 0) >= WORKERS
        ),
        run_config=RunConfig(
            storage_path=os.fspath(STORAGE),
            failure_config=FailureConfig(max_failures=2),
            checkpoint_config=CheckpointConfig(num_to_keep=1),
        ),
    )
    result = trainer.fit()
    ray.shutdown()
    print(f"epoch {result.metrics['epoch']}: accuracy: {result.metrics['accuracy']:.3f}")
    print(f"checkpoint: {result.checkpoint.path}")
